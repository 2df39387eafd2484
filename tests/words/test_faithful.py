"""Is what was asked for in an answer, and nothing against it?"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt_beautifier.beautifier.faithful import check
from prompt_beautifier.beautifier.mending import repair
from prompt_beautifier.beautifier.wishes.wish import read

from .few import few


def judged(words, text, **more):
    return check(read(words), text, **more)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("two dogs and one cat", "2 dogs and a cat, green lawn"),
        ("two dogs", "Two spotted dogs sit on a lawn."),
        ("2girls", "2girls, park"),
        ("a red umbrella", "an old red umbrella"),
        ("a man sitting", "a man sits by the sea"),
        ('sign "OPEN 24/7"', 'a neon sign that says "OPEN 24/7"'),
        ("a clock showing 12:30", "a clock showing 12:30"),
        ("portrait of a bald man, no beard", "portrait of a bald man, no beard, smooth chin"),
        ("a street without cars", "an empty street without any cars"),
        ("gray hair", "grey hair"),
    ],
)
def test_faithful(words, text):
    assert judged(words, text).faithful


@pytest.mark.parametrize(
    ("words", "text", "missing"),
    [
        ("tarot card, the hermit", "tarot card, the doctor", "hermit"),
        ('sign "OPEN 24/7"', 'sign "open 24/7"', '"OPEN 24/7"'),
        ("two dogs", "dogs on a lawn", "2 dog"),
        ("a red umbrella", "an umbrella", "red umbrella"),
        ("富士山", "a mountain", "富士山"),
    ],
)
def test_lost(words, text, missing):
    assert missing in judged(words, text).lost


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("two dogs", "three dogs"),
        ("a red umbrella", "a blue umbrella"),
        ("portrait of a bald man, no beard", "portrait of a bald man, black beard"),
        ("abandoned city, nobody", "abandoned city, crowd in the street"),
        ("a boy, 8 years old, reading", "a boy, 8 years old, reading, no clothes"),
        ("a cat", "a cat, beautiful woman"),
        ("a lake", "a lake, nude figure"),
    ],
)
def test_against(words, text):
    assert judged(words, text).against


def test_what_the_user_wrote_is_not_held_against_the_answer():
    assert judged("a bikini on a beach", "a bikini on a beach, sand").faithful
    assert judged("a woman with a cat", "a woman with a cat, soft light").faithful


def test_children_are_held_to_the_stricter_list():
    assert judged("a girl at the sea", "a girl at the sea, swimsuit").against
    assert not judged("a woman at the sea", "a woman at the sea, leather boots").against


def test_words_to_keep():
    assert judged("a cat", "a cat, soft light", keep=("golden hour",)).lost == ("golden hour",)


def test_another_name_of_the_same_thing_counts():
    assert judged("a kitty", "a cat on a wall", entries=few()).faithful
    assert not judged("a kitty", "a cat on a wall").faithful


@pytest.mark.parametrize(
    ("words", "text", "mended"),
    [
        ("two dogs", "two dogs, green lawn", "two dogs, green lawn"),
        (
            "a street without cars",
            "a street without cars, cars parked, wet stones",
            "a street without cars, wet stones",
        ),
        ("the hermit", "tarot card, the doctor", "the hermit, tarot card, the doctor"),
        ("a bald man", "A bald man looks out. His hair is long.", "A bald man looks out."),
    ],
)
def test_repair(words, text, mended):
    assert repair(read(words), text) == mended


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(["two dogs", "a red cat", '"HELLO"', "no people", "a man", "a tree", "sitting"]),
        min_size=1,
        max_size=4,
    ),
    st.lists(
        st.sampled_from(["three dogs", "a blue cat", "crowd", "old oak", "wet stones", "nude", "a tree"]), max_size=5
    ),
)
def test_what_is_repaired_is_faithful(wanted, answer):
    wish = read(", ".join(wanted))
    assert check(wish, repair(wish, ", ".join(answer))).faithful
