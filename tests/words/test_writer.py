"""The composer: three styles, seeds, phrases."""

import re
import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt_beautifier.beautifier.composing.writer import Composer, is_told, judged, load_embedded
from prompt_beautifier.beautifier.request import STYLES, Request
from prompt_beautifier.beautifier.subjects.entries import load
from prompt_beautifier.beautifier.wishes.wish import read

from .few import few, written

COMPOSER = Composer(entries=few())


@pytest.mark.parametrize("style", STYLES)
def test_candidate_k_does_not_depend_on_the_number(style):
    assert written(COMPOSER, "a cat", style, 5, 3)[:2] == written(COMPOSER, "a cat", style, 2, 3)


@pytest.mark.parametrize("style", STYLES)
def test_another_seed_another_answer(style):
    assert len({written(COMPOSER, "a cat", style, 1, seed)[0] for seed in range(6)}) > 1


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
    assert written(COMPOSER, typed)[0].startswith(start)


def test_details_of_two_things_say_whose_they_are():
    text = next(
        t
        for seed in range(9)
        for t in written(COMPOSER, "a cat and a dog", num_candidates=5, seed=seed)
        if "dog's" in t and "cat's" in t
    )
    assert text.startswith("a cat and a dog, ")


def test_details_of_one_thing_need_not():
    for words in ("a cat", "a woman with a hat"):  # no hat has eyes
        assert all(not re.search(r"cat's|woman's", text) for text in written(COMPOSER, words, num_candidates=5))


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60), st.sampled_from(STYLES), st.integers(0, 3))
def test_any_text_gets_an_answer(words, style, seed):
    assert isinstance(written(COMPOSER, words, style, 1, seed)[0], str)


class Taste:
    """Stands for the fit network: the numbers of one phrase, others for the rest."""

    def __init__(self, phrase: str, own: list[float], others: list[float]):
        self.phrase, self.own, self.others = phrase, own, others

    def read(self, raw_prompt: str, texts: list[str]) -> torch.Tensor:
        return torch.tensor([self.own if text.endswith(f": {self.phrase}") else self.others for text in texts])


SLIT_PUPILS = "slit pupils in glassy eyes"


def test_what_the_network_takes_gladly_is_taken():
    composer = Composer(entries=few(), fit=Taste(SLIT_PUPILS, [9.0, 9.0, 0.0], [9.0, 0.0, 0.0]))
    assert all(SLIT_PUPILS in written(composer, "a cat", seed=seed)[0] for seed in range(5))


def test_what_does_not_fit_by_the_network_is_never_written():
    composer = Composer(entries=few(), fit=Taste(SLIT_PUPILS, [-9.0, 9.0, 0.0], [9.0, 0.0, 0.0]))
    assert any(SLIT_PUPILS in text for seed in range(5) for text in written(COMPOSER, "a cat", "phrases", 5, seed))
    assert not any(SLIT_PUPILS in text for seed in range(5) for text in written(composer, "a cat", "phrases", 5, seed))


@pytest.mark.parametrize(
    ("module", "absent"),
    [("subjects.find", {"torch", "tokenizers", "numpy"}), ("composing.writer", {"torch", "numpy"})],
)
def test_what_is_costly_to_import_is_not_imported(module, absent):
    code = f"import sys; import prompt_beautifier.beautifier.{module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not absent & set(done.stdout.split())


WHOLE = Composer(entries=load())


def every(words, style="phrases"):
    return [text for seed in range(3) for text in written(WHOLE, words, style, 5, seed)]


def test_nothing_is_said_of_all_that_was_ruled_out():
    clothes = re.compile(r"knitwear|scarf|sleeve|shirt|overflow|stack")
    assert not any(clothes.search(text) for text in every("a closet without clothes"))


def test_no_light_or_view_is_of_another_place_than_the_wish():
    for text in every("a yellow dump truck in a coral reef"):
        assert not re.search(r"quarry|dusk|construction|site", text)


def test_what_moves_does_not_sit_where_the_wish_has_it():
    assert not any(re.search(r"trotting|running|walking", text) for text in every("a dog on a sofa"))


def test_a_portrait_of_somebody_unknown_is_lit_like_one():
    texts = every("portrait of zorbla mingeth quorn")
    assert all("," in text for text in texts) and any(re.search(r"face|eyes|background", text) for text in texts)


def test_a_saying_is_about_nothing_that_it_names():
    assert not any(re.search(r"dial|clock|hour", text) for text in every("it's always bean time"))


def test_what_is_asked_politely_is_judged_like_the_thing_itself():
    for asked in ("Please create a picture of a lion", "draw me a lion", "generate an image showing a lion"):
        assert judged(asked).removeprefix("a ") == "lion"
    assert judged("a lion drawing a picture") == "a lion drawing a picture"


def test_candidates_take_other_details_than_those_before():
    texts = written(WHOLE, "a girl in a red dress holding an umbrella", "phrases", 5)
    kinds = [frozenset(text.split(", ")[1:]) for text in texts]
    shared = [len(a & b) / min(len(a), len(b)) for i, a in enumerate(kinds) for b in kinds[i + 1 :]]
    assert sum(shared) / len(shared) < 0.5


def test_no_place_of_one_is_said_of_two_who_meet():
    assert not any(re.search(r"sidewalk|pasture|street|stable", text) for text in every("a man chasing a horse"))


def test_a_quality_dresses_nobody_but_a_person():
    assert not any(re.search(r"lapel|hem|windbreaker", text) for text in every("the 1970s logo of a club"))


def test_a_style_of_somebody_is_told_of_the_picture():
    assert not any(re.search(r"(He|The man) has[^.]*stripes", text) for text in every("a retro man", "sentences"))


def test_a_wish_of_whole_sentences_is_told_of_its_subject_alone():
    text = "A cat sits on a red chair by the window. The room is quiet and the chair is old."
    assert is_told(read(text)) and not is_told(read("a cat on a red chair"))
    said = written(Composer(), text, "phrases", 5)
    about = [entry for entry in load().all if entry.subject in ("chair", "window", "room")]
    beside = [phrase for entry in about for phrase in (*entry.detail, *entry.light, *entry.color)]
    assert not [phrase for phrase in beside for each in said if phrase in each]


def test_a_prompt_that_stays_as_typed_is_told_of():
    answers = load_embedded().write("qorl zzyzx vlim trund skree brongle", Request("qorl", 2, 0, style="phrases"))
    assert set(answers.texts) == {"qorl zzyzx vlim trund skree brongle"}
    assert any("stays as typed" in note for note in answers.notes)


def test_a_candidate_that_would_repeat_another_says_one_phrase_less():
    texts = written(load_embedded(), "a fox in the snow", num_candidates=4, seed=3)
    assert len({frozenset(text.split(", ")) for text in texts}) == 4
