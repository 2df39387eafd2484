"""Which phrases may be added to a wish, and which go together."""

import pytest

from prompt_beautifier.beautifier.composing import contradictions
from prompt_beautifier.beautifier.composing.fitting import GENERIC, Option, fits, is_located
from prompt_beautifier.beautifier.composing.options import options
from prompt_beautifier.beautifier.prompts import lexicon
from prompt_beautifier.beautifier.prompts.vocabulary import content
from prompt_beautifier.beautifier.subjects.find import find
from prompt_beautifier.beautifier.wishes.wish import read

from .few import few

ENTRIES = few()


def offered(text):
    wish = read(text)
    return options(wish, find(wish, ENTRIES))


def phrases(text, role=None):
    return {o.phrase for o in offered(text) if role in (None, o.role)}


def option(phrase, role, part="head"):
    return Option(phrase, role, "x", part, "", lexicon.facts_of(phrase), lexicon.topics_of(phrase), content(phrase))


def test_a_bare_subject_is_offered_every_role():
    assert {o.role for o in offered("a cat")} == {"detail", "doing", "place", "light", "view", "color"}


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("a cat in a box", "place"),
        ("a cat at sunset", "light"),
        ("close-up of a cat", "view"),
        ("a red cat", "color"),
        ("a cat jumping", "doing"),
        ("a logo of a cat", "light"),
        ("a logo of a cat", "doing"),
    ],
)
def test_a_role_the_wish_settles_is_closed(text, role):
    assert not phrases(text, role)


def test_nothing_is_said_twice():
    assert not any("whiskers" in phrase for phrase in phrases("a cat with long whiskers"))
    assert not any("tower" in phrase for phrase in phrases("a lighthouse tower, lighthouse"))


def test_no_option_shares_a_telling_word_with_the_wish():
    for text in ("a cat with a tail", "an old woman in a shirt", "lighthouse above the sea"):
        wish = read(text)
        assert not any(o.words & wish.content - GENERIC for o in offered(text))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("a classroom without any students", "students"),
        ("a classroom, no people", "teacher"),
        ("a bald woman", "hair"),
        ("a woman in a red dress", "shirt"),
        ("a barefoot woman", "shoes"),
        ("a cat at night, dark", "sun"),
        ("a woman seen from behind", "eyes"),
        ("an oil painting, watercolor of a woman", "85mm"),
        ("viking woman", "shirt"),
        ("portrait of a woman, close-up", "shoes"),
    ],
)
def test_nothing_goes_against_the_wish(text, word):
    assert not any(word in phrase for phrase in phrases(text))


def test_a_thing_made_another_gets_no_details_of_its_kind():
    assert not any(o.part == "head" and o.role in ("detail", "doing") for o in offered("a cat made of smoke"))


def test_a_material_shows_in_the_thing():
    assert any(o.part == "quality" and o.entry == "glass" for o in offered("a glass cat"))


def test_marks_of_the_medium_are_offered():
    assert {o.phrase for o in offered("watercolor of a cat") if o.part == "medium"} & set(
        ENTRIES.by_subject["watercolor"].detail
    )


def test_place_and_light_follow_the_action():
    assert {o.part for o in offered("a woman reading") if o.role == "place"} == {"action"}


def test_a_number_rules_out_what_is_of_one_or_of_two():
    assert "sitting beside another" not in phrases("a dog")
    assert "sitting beside another" in phrases("two dogs")


def test_an_unknown_subject_gets_what_holds_of_any_picture():
    assert {o.part for o in offered("zorblax")} == {"any"}
    assert {o.role for o in offered("zorblax")} <= {"light", "view", "color"}


def test_what_clashes_does_not_go_together():
    meadow = option("sunlit meadow", "place")
    assert not fits(option("moonlight on the coat", "light"), [meadow])
    assert not fits(option("soft window light", "light"), [option("forest path", "place")])
    assert not fits(option("creased leather shoes", "detail"), [option("tight close-up", "view")])
    assert fits(option("low sun on the coat", "light"), [meadow])


def test_the_same_word_is_not_said_by_two_phrases():
    assert not fits(option("carved stone steps", "detail"), [option("mossy stone wall", "place")])


@pytest.mark.parametrize(
    ("doing", "located"),
    [
        ("leaning against a wall", True),
        ("standing on a coaster", True),
        ("resting on its haunches", False),
        ("hands folded in front", False),
        ("sitting upright with tail wrapped close", False),
        ("looking toward the viewer", False),
    ],
)
def test_where_a_doing_says_where(doing, located):
    assert is_located(doing) is located


def test_children_get_nothing_of_the_stricter_lists():
    from prompt_beautifier.beautifier.prompts.unsafe import unsafe

    assert not any(unsafe(phrase, minor=True) for phrase in phrases("a girl, 8 years old, with a cat"))


@pytest.mark.parametrize(
    ("text", "phrase", "may"),
    [
        ("a cat sleeping on a chair", "ears forward above alert eyes", False),
        ("a cat sleeping on a chair", "fine fur lit along the outline", True),
        ("a cat on a chair", "ears forward above alert eyes", True),
        ("a woman from behind", "loose strands of hair at the temple", True),
        ("a woman from behind", "steady composed expression", False),
        ("a man shouting", "softly closed lips", False),
        ("an angry man", "relaxed smile in warm sun", False),
    ],
)
def test_nothing_is_said_that_cannot_be_while_a_state_holds(text, phrase, may):
    assert contradictions._is_of_another_state(phrase, text) is not may
