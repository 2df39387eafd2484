"""The one path: what every writer's answer goes through, shown with a writer that says what it is told to say."""

import pytest

from prompt_beautifier.beautifier.path import SECOND_DRAW, Writer, beautify
from prompt_beautifier.beautifier.request import Answers, Candidate, Request, Sampling


class Says(Writer):
    """Answers with texts by seed; remembers how it was asked."""

    name = "says"

    def __init__(self, texts, again=None, read=None, draws_again=False):
        self.texts, self.again, self.beginning, self.draws_again = texts, again, read, draws_again
        self.asked = []

    def write(self, words, request, on_step=None, should_stop=None):
        self.asked.append((words, request))
        texts = self.texts if len(self.asked) == 1 else self.again
        if on_step:
            on_step(1, 1)
        return Answers(list(texts), words if self.beginning is None else self.beginning)


def texts(writer, raw_prompt, **asked):
    return [each.text for each in beautify(writer, Request(raw_prompt, **asked))]


def test_the_writer_sees_words_and_the_syntax_comes_back():
    writer = Says(["a red cat, soft light"])
    assert texts(writer, "a (red:1.2) cat <lora:x:0.8>") == ["a (red:1.2) cat, soft light <lora:x:0.8>"]
    assert writer.asked[0][0] == "a red cat"


def test_a_prompt_without_words_is_not_asked():
    writer = Says(["x"])
    assert beautify(writer, Request("<lora:x:1>")) == [Candidate("<lora:x:1>")]
    assert not writer.asked


def test_what_lost_the_subject_is_led_by_the_users_words():
    (candidate,) = beautify(Says(["a castle in the mist"]), Request("two dogs"))
    assert candidate.text.lower().startswith("two dogs") and candidate.lost == ()
    assert "dogs" in candidate.kept


def test_what_was_ruled_out_is_taken_out():
    (text,) = texts(Says(["a quiet beach, people walking, soft light"]), "a quiet beach without people")
    assert "walking" not in text and "soft light" in text


def test_a_quoted_text_comes_back_letter_for_letter():
    (text,) = texts(Says(["a neon sign, open 24, glow"]), 'a neon sign that says "OPEN 24/7"')
    assert '"OPEN 24/7"' in text


def test_an_answer_that_lost_something_is_drawn_once_more():
    writer = Says(["a castle", "a red fox, mist"], again=["a red fox, snow", "a red fox, rain"], draws_again=True)
    assert texts(writer, "a red fox", num_candidates=2, seed=3) == ["a red fox, snow", "a red fox, mist"]
    (_, first), (_, second) = writer.asked
    assert (first.seed, second.seed) == (3, 3 ^ SECOND_DRAW) and second.num_candidates == 2


@pytest.mark.parametrize("sampling", [Sampling(greedy=True), Sampling(num_beams=4)])
def test_what_has_no_chance_in_it_is_not_drawn_again(sampling):
    writer = Says(["a castle"], draws_again=True)
    texts(writer, "a red fox", sampling=sampling)
    assert len(writer.asked) == 1


def test_a_stop_is_heeded_before_a_second_draw():
    writer = Says(["a castle"], draws_again=True)
    beautify(writer, Request("a red fox"), should_stop=lambda: True)
    assert len(writer.asked) == 1


def test_an_answer_to_a_beginning_is_appended():
    (text,) = texts(Says(["a cat, soft light"], read="a cat"), "a cat and a very long story of a dog")
    assert text == "a cat and a very long story of a dog, soft light"


def test_unsafe_words_nobody_wrote_are_taken_out():
    (text,) = texts(Says(["a boy reading, no clothes, window light"]), "a boy, 8 years old, reading")
    assert "no clothes" not in text and "window light" in text


@pytest.mark.parametrize(
    ("raw_prompt", "ratio"),
    [
        ("a cat --ar 16:9", 16 / 9),
        ("a cat --aspect 2:3 --v 6", 2 / 3),
        ("a cat\nNegative prompt: blurry\nSteps: 20, Size: 832x1216, Seed: 3", 832 / 1216),
        ("a cat", None),
        ("a cat --ar 16:0", None),
        ("a clock at --art 16:9, ratio 16:9", None),
    ],
)
def test_the_shape_that_a_raw_prompt_names_goes_with_every_candidate(raw_prompt, ratio):
    assert [each.ratio for each in beautify(Says(["a cat, oil"]), Request(raw_prompt, 1))] == [ratio]
