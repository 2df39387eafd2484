"""Long sentences: what is said more where an image model wants it, and what is not."""

import re

import pytest

from prompt_beautifier.beautifier.composing.around import places_in
from prompt_beautifier.beautifier.composing.writer import load_embedded
from prompt_beautifier.beautifier.dressing.measure import size_of
from prompt_beautifier.beautifier.prompts.prose import sentences_of

COMMON = (
    "a tiger",
    "a castle on a hill",
    "girl with red hair reading a book",
    "an astronaut riding a horse",
    "japanese garden in autumn",
    "viking warrior",
    "a cup of coffee on a wooden table",
    "old library",
)


def written(raw_prompt, **asked):
    """One text for Z-Image, which wants 80 to 200 words."""
    (candidate,) = load_embedded().beautify(raw_prompt, 1, seed=1, target="z-image", **asked)
    return candidate.text


@pytest.mark.slow
@pytest.mark.parametrize("raw_prompt", COMMON)
def test_long_sentences_are_long(raw_prompt):
    assert 72 <= size_of(written(raw_prompt), "sentences") <= 200


@pytest.mark.slow
@pytest.mark.parametrize("raw_prompt", COMMON)
def test_nothing_is_said_twice(raw_prompt):
    words = re.findall(r"[a-z'-]+", written(raw_prompt).lower())
    said = [" ".join(words[at : at + 4]) for at in range(len(words) - 3)]
    assert len(said) == len(set(said))


def test_short_is_shorter_and_strict_adds_nothing():
    assert size_of(written("a tiger", length="short"), "sentences") <= 120
    assert size_of(written("a tiger", strength="strict"), "sentences") < 8


@pytest.mark.slow
def test_what_is_avoided_is_not_around_either():
    avoided = ("saplings", "foliage", "roots", "stems", "grass")
    assert not any(word in written("a tiger", avoid=avoided) for word in avoided)


def test_the_light_and_the_colors_come_last():
    last = sentences_of(written("a tiger"))[-1]
    assert re.search(r"light|sun|orange|amber|view", last)


@pytest.mark.parametrize(
    ("place", "named"),
    [
        ("forest edge with tall grass", {"forest"}),
        ("wooden desk near a window", {"desk"}),
        ("clear sky above open sea", {"sky", "open sea"}),
        ("plain pale background", set()),
        ("deep dark space", set()),
        ("strange rocky plain under two moons", {"moons"}),
    ],
)
def test_places_in_a_place(place, named):
    assert named <= {name for name, _ in places_in(place, load_embedded().entries)}
    assert bool(named) == bool(places_in(place, load_embedded().entries))


def test_the_other_styles_are_as_they_were():
    (candidate,) = load_embedded().beautify("a tiger", 1, seed=1, target="sdxl")
    assert "All around" not in candidate.text and not candidate.text.endswith(".")
