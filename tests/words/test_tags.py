"""Tags: counts first, the user's words, then tags that exist."""

import re

import pytest

from prompt_beautifier.beautifier.composing.added_tags import phrase_tags
from prompt_beautifier.beautifier.composing.tag_table import table
from prompt_beautifier.beautifier.composing.writer import Composer
from prompt_beautifier.training.data.tag_table import is_safe

from .few import few, written

COMPOSER = Composer(entries=few())


def tags(words, seed=0):
    return written(COMPOSER, words, "tags", 1, seed)[0].split(", ")


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("a woman", ["1girl", "solo"]),
        ("a cat", ["no humans"]),
        ("two women in a library", ["2girls"]),
        ("1girl, solo, long_hair", ["1girl", "solo", "long hair"]),
        ("a classroom, nobody", ["no humans"]),
    ],
)
def test_counts_come_first(words, first):
    assert tags(words)[: len(first)] == first


@pytest.mark.parametrize("words", ["a couple dancing in the rain", "a family", "a crowd", "a team"])
def test_a_group_is_not_alone(words):
    assert "solo" not in tags(words) and "no humans" not in tags(words)


def test_aliases_become_the_tag():
    assert "grey hair" in tags("1girl, gray_hair, solo")


def test_what_was_typed_stays_in_its_binding():
    assert "red umbrella" in tags("a cat under a red umbrella")
    assert "pink lighthouse" in tags("a pink lighthouse")


def test_quoted_text_and_its_sort():
    found = tags('a logo that says "ACME"')
    assert any('"ACME"' in tag for tag in found) and "english text" in found


@pytest.mark.parametrize(
    "words", ["a cat", "a woman reading", "a lighthouse", "a cat in a library", "watercolor of a cat"]
)
def test_nothing_twice_and_all_that_is_added_exists(words):
    for seed in range(4):
        found = tags(words, seed)
        assert len(found) == len(set(found))
        typed = set(re.findall(r"[a-z]+", words))
        assert all(tag in table().kind or set(tag.split()) <= typed for tag in found)


def test_emoticons_stay():
    assert ":3" in tags("1girl, :3, cat ears, solo") and "^_^" in tags("1girl, ^_^, solo")


@pytest.mark.slow
def test_the_table_is_safe_and_general_enough():
    kinds = table().kind
    assert all(is_safe(tag.replace(" ", "_")) for tag in kinds)
    assert {"1girl", "solo", "no humans", "watercolor (medium)", "from above", "hatsune miku"} <= set(kinds)
    assert "nude" not in kinds and "breasts" not in kinds


@pytest.mark.parametrize(
    ("phrase", "role", "tag"),
    [
        ("low angle from the floor", "view", "from below"),
        ("moonlight on the coat", "light", "moonlight"),
        ("sunlit windowsill with potted herbs", "place", "windowsill"),
        ("stone wall along the path", "detail", "stone wall"),
    ],
)
def test_tags_of_phrases(phrase, role, tag):
    assert tag in phrase_tags(phrase, role)
