"""English grammar of short phrases."""

import pytest

from prompt_beautifier.beautifier.composing import grammar, verbs


@pytest.mark.parametrize(
    ("phrase", "head"),
    [
        ("small triangular nose with damp texture", "nose"),
        ("wooden toys scattered on a rug", "toys"),
        ("kite string wound around a hand", "string"),
        ("ferns filling the understory", "ferns"),
        ("brick chimney passing through", "chimney"),
        ("knuckles pale on a railing", "knuckles"),
        ("patches darker than the rest", "patches"),
        ("polished dining table", "table"),
        ("tattered robe trailing dust", "robe"),
        ("soft pilling on the surface", "pilling"),
    ],
)
def test_head(phrase, head):
    assert phrase.split()[grammar.head_at(phrase)] == head


@pytest.mark.parametrize(
    ("phrase", "named"),
    [
        ("small triangular nose", "a small triangular nose"),
        ("iron gallery", "an iron gallery"),
        ("iridescent overlapping scales", "iridescent overlapping scales"),
        ("fine surface hair", "fine surface hair"),
        ("wind-blown hair and gap-toothed grin", "wind-blown hair and a gap-toothed grin"),
        ("oak and brass handle", "an oak and brass handle"),
        ("its own shadow", "its own shadow"),
        ("two round windows", "two round windows"),
        ("unicorn horn", "a unicorn horn"),
        ("hourglass shape", "an hourglass shape"),
    ],
)
def test_articles(phrase, named):
    assert grammar.with_article(phrase) == named


@pytest.mark.parametrize(
    ("place", "named"),
    [
        ("sunlit windowsill with potted herbs", "on a sunlit windowsill with potted herbs"),
        ("under a stone bridge", "under a stone bridge"),
        ("quiet forest", "in a quiet forest"),
        ("edge of a pond", "at the edge of a pond"),
        ("plain white background", "against a plain white background"),
        ("mossy stone wall", "by a mossy stone wall"),
        ("marble steps", "on marble steps"),
    ],
)
def test_places(place, named):
    assert grammar.place_phrase(place) == named


@pytest.mark.parametrize(
    ("ing", "base"),
    [("sitting", "sit"), ("gliding", "glide"), ("standing", "stand"), ("lying", "lie"), ("falling", "fall"),
     ("carrying", "carry"), ("leaning", "lean"), ("rising", "rise"), ("pausing", "pause"), ("crossing", "cross"),
     ("running", "run"), ("peeling", "peel"), ("watching", "watch"), ("sparkling", "sparkle")],
)  # fmt: skip
def test_bases(ing, base):
    assert verbs.base_of(ing) == base


@pytest.mark.parametrize(
    ("phrase", "plural", "predicate"),
    [
        ("sitting upright", False, "sits upright"),
        ("sitting upright", True, "sit upright"),
        ("perched on a branch", False, "is perched on a branch"),
        ("gently lifted by a breeze", True, "are gently lifted by a breeze"),
        ("carrying a basket", False, "carries a basket"),
        ("reaching out", False, "reaches out"),
    ],
)
def test_predicates(phrase, plural, predicate):
    assert verbs.finite(phrase, plural) == predicate
