"""The word lists: every label of the clashes exists, facts and topics of phrases."""

import pytest

from prompt_beautifier.beautifier.prompts import lexicon


def test_clashes_name_facts_and_go_both_ways():
    assert all(a in lexicon.FACTS and b in lexicon.FACTS and (b, a) in lexicon.CLASH for a, b in lexicon.CLASH)
    assert not any(a == b for a, b in lexicon.CLASH)


@pytest.mark.parametrize(
    ("phrase", "facts"),
    [
        ("low sun through the window", {"sun", "window"}),
        ("moonlight on black water", {"night", "water"}),
        ("tight close-up of the face", {"close"}),
        ("seamless studio backdrop", {"studio", "plain", "indoor"}),
        ("85mm lens", {"photo"}),
    ],
)
def test_facts(phrase, facts):
    assert facts <= lexicon.facts_of(phrase)


@pytest.mark.parametrize(
    ("one", "other"),
    [("sunlit meadow", "midnight street"), ("desert dunes", "falling snow"), ("underwater reef", "living room sofa"),
     ("85mm lens", "visible brush marks"), ("side profile", "seen from behind"), ("spaceship", "medieval castle")],
)  # fmt: skip
def test_what_cannot_be_in_one_picture(one, other):
    assert lexicon.clash(lexicon.facts_of(one), lexicon.facts_of(other))


@pytest.mark.parametrize(("one", "other"), [("sunlit meadow", "clear morning light"), ("library", "warm lamp light")])
def test_what_can(one, other):
    assert not lexicon.clash(lexicon.facts_of(one), lexicon.facts_of(other))


def test_says_knows_expressions_of_several_words():
    words = frozenset({"golden-hour"})
    assert lexicon.says(words, "a pier at Golden Hour") and not lexicon.says(words, "a golden hourglass")
