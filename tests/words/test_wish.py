"""What a raw prompt asks for."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt_beautifier.beautifier.wishes.things import Count
from prompt_beautifier.beautifier.wishes.wish import read


def things(text):
    wish = read(text)
    return [(wish.words_between(s.start, s.end), s.relation) for s in wish.subjects]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a photo of a cat under a red umbrella", [("photo", ""), ("cat", "of"), ("red umbrella", "under")]),
        ("koala with glasses drinking soup", [("koala", ""), ("glasses", "with"), ("soup", "doing")]),
        ("wolf made of smoke", [("wolf", ""), ("smoke", "made of")]),
        ("a sleeping cat, rain", [("sleeping cat", ""), ("rain", "")]),
        ("two dogs and one cat next to a car", [("two dogs", ""), ("one cat", "and"), ("car", "next to")]),
    ],
)
def test_things_and_their_relations(text, found):
    assert things(text) == found


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("two red dogs and 1 cat", {(2, "dog"), (1, "cat")}),
        ("5 people, 2 dogs", {(5, "person"), (2, "dog")}),
        ("2girls, 1boy", {(2, "girl"), (1, "boy")}),
        ("a boy, 8 years old", set()),
        ("8 k, 35 mm, f / 1. 8, 1 9 2 0 s", set()),
        ("fallout 3", set()),
    ],
)
def test_counts(text, counts):
    assert {(c.number, c.noun) for c in read(text).counts} == counts
    assert all(isinstance(c, Count) for c in read(text).counts)


def test_colors_belong_to_nouns():
    assert set(read("a black and white cat on a green sofa").colors) == {
        ("black", "cat"),
        ("white", "cat"),
        ("green", "sofa"),
    }


@pytest.mark.parametrize(
    ("text", "excluded"),
    [
        ("a street without cars", {"cars"}),
        ("abandoned city, nobody", {"people"}),
        ("portrait of a bald man, no beard", {"beard", "hair"}),
        ("without fog and without rocks", {"fog", "rocks"}),
        ("a faceless figure", {"face"}),
        ("no_humans, table", {"people", "humans"}),
        ("a cat", set()),
    ],
)
def test_exclusions(text, excluded):
    assert excluded <= set(read(text).excluded) and bool(excluded) == bool(read(text).excluded)


def test_what_was_ruled_out_is_no_subject():
    assert things("an empty room, no furniture") == [("empty room", "")]


@pytest.mark.parametrize(
    "text",
    [
        'a sign that says "OPEN 24/7"',
        "a sign that says “OPEN 24/7”",
        "a poster titled 'OPEN 24/7'",
        "牌子写着「OPEN 24/7」",
    ],
)
def test_quoted_text_letter_for_letter(text):
    assert read(text).quoted == ("OPEN 24/7",)


def test_an_apostrophe_quotes_nothing():
    assert read("my dog's and my cat's beds").quoted == ()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("1girl, solo, long_hair", "tags"),
        ("no_humans, still_life, fruit", "tags"),
        ("a cat, oil painting, warm light", "list"),
        ("a cat on a sofa", "phrase"),
        ("The cat sits on the sofa and looks out.", "sentence"),
    ],
)
def test_kinds(text, kind):
    assert read(text).kind == kind


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("a cat in a garden", "place"),
        ("a cat at sunset", "light"),
        ("aerial view of a town", "view"),
        ("a red cat", "color"),
        ("a cat sleeping", "doing"),
    ],
)
def test_roles_that_are_settled(text, role):
    assert role in read(text).said
    assert role not in read("a cat").said


def test_a_long_wish_is_detailed():
    assert read("a cat").detailed == 0
    assert read(", ".join(f"thing{i} with part{i}" for i in range(20))).detailed == 2


def test_names_are_capitals_within():
    assert read("a statue of Ada Lovelace in London").names == ("Ada", "Lovelace", "London")
    assert read("A CAT ON A SOFA").names == ()


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80))
def test_any_text_can_be_read(text):
    wish = read(text)
    assert wish.text == text
    assert all(0 <= s.start < s.end <= len(wish.words) for s in wish.subjects)


def test_what_is_worn_is_no_place():
    assert "place" not in read("a girl in a red dress holding an umbrella").said
    assert "place" in read("a girl in a red room").said


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("sketch of spider - man", 1),
        ("close - up of a rose", 1),
        ("red - haired woman", 1),
        ("x - men", 1),
        ("a cat - watercolor", 2),
        ("a man - oil on canvas", 2),
    ],
)
def test_a_hyphen_between_blanks_ties_what_tokens_were_cut_from_and_divides_all_else(text, segments):
    assert len(read(text).segments) == segments
