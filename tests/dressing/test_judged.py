"""The words by which pictures of a prompt are judged."""

import pytest

from prompt_beautifier.beautifier.dressing.judged import check_words, judged_words


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("a (red:1.2) cat <lora:x:1>", "a red cat"),
        ('{"subject": "a cat", "style": {"medium": "oil painting"}, "seed": 5}', "a cat, oil painting"),
        ('{"prompt": "a cat", "negative_prompt": "blurry", "colors": ["red", "gold"]}', "a cat, red, gold"),
        ('{"type": "obj", "desc": "a cat", "color": "#ff8800"}', "a cat"),
        ("a cat\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a", "a cat"),
        ("{red|blue} cat", "cat"),
        ("[cow|horse] in a meadow", "in a meadow"),
        ("__animal__", ""),
        ("", ""),
    ],
)
def test_words_of(prompt, words):
    assert judged_words(prompt) == words


@pytest.mark.parametrize("prompt", ["__animal__", "<lora:x:1>", "{red|blue}", '{"seed": 5}'])
def test_a_prompt_that_is_filled_in_later_is_not_called_empty(prompt):
    with pytest.raises(ValueError, match="prompt 2 has no words of its own, only .*: type what the images show"):
        check_words(["a cat", prompt])


def test_an_empty_prompt_is_left_to_the_scorer():
    check_words(["a cat", "", "  "])
