"""Words of a prompt: folding, singular, numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_beautifier.beautifier.prompts.vocabulary import content, fold, key, number_of, singular, words_of


@pytest.mark.parametrize(
    ("typed", "folded"),
    [("Long_Hair", "long hair"), ("Café", "cafe"), ("T-Shirt", "t shirt"), ("don’t", "don't"), ("a – b", "a b")],
)
def test_fold(typed, folded):
    assert fold(typed) == folded


@given(st.text(max_size=40))
def test_words_stand_where_they_say(text):
    for word in words_of(text):
        assert text[word.start : word.end] == word.text


@pytest.mark.parametrize(
    ("word", "one"),
    [("cats", "cat"), ("boxes", "box"), ("cities", "city"), ("wolves", "wolf"), ("glass", "glass"), ("bus", "bus"),
     ("people", "person"), ("lens", "lens"), ("cat's", "cat"), ("selfies", "selfie"), ("iris", "iris")],
)  # fmt: skip
def test_singular(word, one):
    assert singular(word) == one


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz", max_size=12))
def test_a_singular_is_never_longer_and_never_empty(word):
    assert bool(singular(word)) == bool(word) and len(singular(word)) <= len(word) + 1


@pytest.mark.parametrize(
    ("word", "number"), [("3", 3), ("three", 3), ("dozen", 12), ("1984", None), ("007", None), ("x", None)]
)
def test_numbers(word, number):
    assert number_of(word) == number


def test_a_name_is_found_however_it_is_written():
    assert key("Living Rooms") == key("living-room") == key("living_room") == "living room"


def test_content_leaves_grammar_words_out():
    assert content("a cat with the boots on its feet") == {"cat", "boot", "foot"}
