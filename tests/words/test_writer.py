"""The composer: three styles, seeds, phrases."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt_beautifier.beautifier.composing.writer import STYLES, Composer

from .few import few

COMPOSER = Composer(few())


@pytest.mark.parametrize("style", STYLES)
def test_candidate_k_does_not_depend_on_the_number(style):
    assert COMPOSER.write("a cat", style, 5, 3)[:2] == COMPOSER.write("a cat", style, 2, 3)


@pytest.mark.parametrize("style", STYLES)
def test_another_seed_another_answer(style):
    assert len({COMPOSER.write("a cat", style, 1, seed)[0] for seed in range(6)}) > 1


def test_an_unknown_style_is_named():
    with pytest.raises(ValueError, match="haiku"):
        COMPOSER.write("a cat", "haiku")


@pytest.mark.parametrize(
    ("typed", "start"),
    [
        ("a cat", "a cat, "),
        ("a cat.", "a cat, "),
        ("A Cat, 8k, Masterpiece,", "A Cat, 8k, Masterpiece, "),
        ('sign "OPEN 24/7" with a cat', 'sign "OPEN 24/7" with a cat, '),
    ],
)
def test_phrases_begin_with_the_words_as_typed(typed, start):
    assert COMPOSER.write(typed)[0].startswith(start)


def test_details_of_two_things_say_whose_they_are():
    text = next(
        t
        for seed in range(9)
        for t in COMPOSER.write("a cat and a dog", seed=seed)
        if "dog with" in t and "cat with" in t
    )
    assert text.startswith("a cat and a dog, ")


def test_details_of_one_thing_need_not():
    assert all("cat with" not in text for text in COMPOSER.write("a cat", num_candidates=5))


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60), st.sampled_from(STYLES), st.integers(0, 3))
def test_any_text_gets_an_answer(words, style, seed):
    assert isinstance(COMPOSER.write(words, style, 1, seed)[0], str)


def test_a_score_may_decide():
    composer = Composer(few(), lambda wish, option, chosen: float(option.phrase == "slit pupils in glassy eyes"))
    assert all("slit pupils" in composer.write("a cat", seed=seed)[0] for seed in range(5))


def test_neither_torch_nor_tokenizers_is_imported():
    code = (
        "import sys; import prompt_beautifier.beautifier.composing.writer, prompt_beautifier.beautifier.faithful;"
        "print([name for name in ('torch', 'tokenizers', 'numpy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
