"""Ideas: whole pictures of a subject, said beside what the user asked for."""

import re

import pytest

from prompt_beautifier.beautifier.composing.ideas import as_participle
from prompt_beautifier.beautifier.composing.tag_table import table
from prompt_beautifier.beautifier.composing.writer import Composer
from prompt_beautifier.beautifier.prompts import unsafe
from prompt_beautifier.beautifier.request import STYLES
from prompt_beautifier.beautifier.subjects.entries import load
from prompt_beautifier.beautifier.subjects.entry import ROLES
from prompt_beautifier.beautifier.subjects.ideas import CREATIVE, FILE, Idea, load_ideas

from .few import few
from .few import written as write

CAT = Idea(
    "cat",
    (
        ("doing", "asleep along the back of a velvet sofa"),
        ("detail", "one paw hanging over the cushion"),
        ("detail", "whiskers lit against a dark wall"),
        ("place", "narrow sitting room with drawn curtains"),
        ("light", "one bar of noon sun"),
        ("color", "moss green and cream"),
    ),
    (
        (frozenset(["doing"]), "{S} sleeps along the back of a velvet sofa, one paw hanging over the cushion."),
        (frozenset(["place"]), "The curtains of the narrow sitting room are drawn around {T}."),
        (frozenset(["light", "color"]), "One bar of noon sun falls across the moss green and cream."),
    ),
    ("cat", "no humans", "sleeping", "couch", "indoors", "curtains", "sunlight", "paws"),
)
COMPOSER = Composer(entries=few(), ideas={"cat": (CAT,)})


BOLD = Idea(
    "cat",
    (("doing", "riding a milk float"), ("detail", "one ear torn"), ("place", "steep street"), ("light", "dawn")),
    ((frozenset(["doing"]), "{S} rides a milk float, one ear torn."),),
    ("cat", "riding"),
)


def written(composer, words, style="phrases", num_candidates=1, strength="balanced"):
    return write(composer, words, style, num_candidates, strength=strength)


@pytest.mark.parametrize(("strength", "bold"), [("balanced", False), ("creative", True), ("strict", False)])
def test_bolder_ideas_are_for_creative_candidates(strength, bold):
    composer = Composer(entries=few(), ideas={"cat": (CAT,)}, creative={"cat": (BOLD,)})
    texts = written(composer, "a cat", num_candidates=3, strength=strength)
    assert any("milk float" in text for text in texts) == bold
    assert any("velvet sofa" in text for text in texts) == (strength != "strict")


def test_a_thing_stands_in_the_surroundings_of_another_idea_too():
    composer = Composer(entries=few(), ideas={"cat": (CAT, BOLD)})
    texts = written(composer, "a cat", num_candidates=4)
    first, second = ("velvet sofa", "milk float"), ("narrow sitting room", "steep street")
    crossed = [
        text
        for text in texts
        if any(thing in text and place in text for thing, place in zip(first, second[::-1], strict=True))
    ]
    assert len(crossed) == 1 and len(set(texts)) == 4


def test_a_view_that_hides_what_is_told_is_not_mixed_in():
    faced = CAT.__class__(
        "cat",
        (("doing", "asleep"), ("detail", "wide eyes"), ("place", "sofa"), ("light", "noon sun")),
        ((frozenset(["doing"]), "{S} sleeps."),),
        (),
    )
    behind = CAT.__class__(
        "cat",
        (("doing", "running"), ("detail", "bushy fur"), ("place", "street"), ("view", "seen from behind")),
        ((frozenset(["doing"]), "{S} runs."),),
        (),
    )
    texts = written(Composer(entries=few(), ideas={"cat": (faced, behind)}), "a cat", num_candidates=4)
    assert not any("wide eyes" in text and "from behind" in text for text in texts)


def test_phrases_of_the_idea_follow_the_words_as_typed():
    said = ", ".join(["a fat Cat", *(phrase for _, phrase in CAT.phrases)])
    assert written(COMPOSER, "a fat Cat")[0].startswith(said)


def test_the_users_words_are_the_subject_of_the_first_sentence():
    text = written(COMPOSER, "fat cat", "sentences")[0]
    assert text.startswith("A fat cat sleeps along the back of a velvet sofa, one paw")
    assert "around the cat. One bar" in text


def test_a_medium_shows_it():
    text = written(COMPOSER, "a watercolor of a cat", "sentences")[0]
    assert text.startswith("A watercolor of a cat sleeping along the back")


def test_tags_of_the_idea():
    tags = written(COMPOSER, "a cat", "tags")[0].split(", ")
    assert tags[:2] == ["no humans", "cat"] and {"sleeping", "couch", "curtains"} <= set(tags)


@pytest.mark.parametrize("style", ["phrases", "sentences"])
def test_a_color_that_was_asked_for_leaves_the_ideas_own_out(style):
    text = written(COMPOSER, "a white cat", style)[0]
    assert "asleep" in text or "sleeps" in text
    assert "moss green" not in text


@pytest.mark.parametrize(
    "words", ["two cats", "a cat on the moon", "a cat and a dog", "a cat, no sofa", "a running cat"]
)
def test_what_the_idea_does_not_know_is_left_to_the_entries(words):
    assert all("velvet sofa" not in text for text in written(COMPOSER, words, num_candidates=3))


@pytest.mark.parametrize("style", STYLES)
def test_other_candidates_are_made_of_entries(style):
    texts = written(COMPOSER, "a cat", style, 3)
    assert len(set(texts)) == 3


@pytest.mark.parametrize(
    ("predicate", "participle"),
    [
        ("sits on a wall", "sitting on a wall"),
        ("lies there", "lying there"),
        ("carries it", "carrying it"),
        ("watches it", "watching it"),
        ("dozes off", "dozing off"),
        ("opens it", "opening it"),
        ("stands and waits", ""),
    ],
)
def test_participles(predicate, participle):
    assert as_participle(predicate) == participle


def test_the_ideas_of_the_pack_are_well_formed():
    subjects = {entry.subject for entry in load().all}
    ideas = [idea for path in (FILE, CREATIVE) for found in load_ideas(path).values() for idea in found]
    tags = [tag for idea in ideas for tag in idea.tags]
    for idea in ideas:
        roles = [role for role, _ in idea.phrases]
        said = " ".join([*(phrase for _, phrase in idea.phrases), *(text for _, text in idea.sentences)])
        assert idea.subject in subjects
        assert set(roles) <= set(ROLES) and 4 <= len(roles) <= 8
        assert idea.sentences[0][1].startswith("{S} ")
        assert not re.search(r"\{(?!S\}|T\})", said), said
        assert not unsafe.unsafe(said), said
    assert sum(table().canonical(tag) is not None for tag in tags) >= 0.95 * len(tags)
