"""Choosing among options: seeds, candidates, a score."""

import pytest

from prompt_beautifier.beautifier.composing.chooser import choose
from prompt_beautifier.beautifier.composing.fitting import fits
from prompt_beautifier.beautifier.composing.options import options
from prompt_beautifier.beautifier.subjects.find import find
from prompt_beautifier.beautifier.wishes.wish import read

from .few import few

ENTRIES = few()
WISHES = ["a cat", "a woman reading", "watercolor of a lighthouse", "a cat in a library", "zorblax", "logo of a cat"]


def chosen(text, seed=0, k=0, score=None, ample=False):
    wish = read(text)
    return choose(wish, options(wish, find(wish, ENTRIES)), seed, k, score, ample)


@pytest.mark.parametrize("text", WISHES)
def test_the_same_seed_chooses_the_same(text):
    assert chosen(text, 7, 3) == chosen(text, 7, 3)


@pytest.mark.parametrize("text", WISHES)
@pytest.mark.parametrize("seed", range(5))
def test_what_is_chosen_goes_together(text, seed):
    found = chosen(text, seed)
    assert found and len(found) == len(set(found))
    assert all(fits(option, found[:index]) for index, option in enumerate(found))


def test_candidates_differ():
    assert len({tuple(o.phrase for o in chosen("a cat", 1, k)) for k in range(5)}) == 5


def test_one_place_one_light_one_view():
    for seed in range(20):
        roles = [o.role for o in chosen("a cat", seed)]
        assert all(roles.count(role) <= 1 for role in ("place", "light", "view", "doing", "color"))
        assert 4 <= len(roles) <= 7


def test_a_detailed_wish_gets_little():
    text = "a cat, " + ", ".join(f"thing{i} with part{i}" for i in range(20))
    assert len(chosen(text)) <= 2


def test_the_score_decides():
    wanted = "slit pupils in glassy eyes"
    for seed in range(10):
        found = chosen("a cat", seed, score=lambda wish, option, before: 10.0 * (option.phrase == wanted))
        assert wanted in [o.phrase for o in found]


def test_the_score_sees_what_was_chosen_before():
    seen = []
    chosen("a cat", 0, score=lambda wish, option, before: seen.append(len(before)) or 0.0)
    assert seen == sorted(seen) and seen[-1] > 0


def test_ample_gives_more():
    assert sum(len(chosen("a cat", s, ample=True)) for s in range(20)) > sum(len(chosen("a cat", s)) for s in range(20))
