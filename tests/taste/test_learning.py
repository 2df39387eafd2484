"""A taste is found where there is one, ranks what was never seen, and leaves alone whoever has none."""

import random

import pytest
import torch

from prompt_beautifier.beautifier.taste import keeper, picks
from prompt_beautifier.beautifier.taste.aspects import ASPECTS
from prompt_beautifier.beautifier.taste.caring import cares
from prompt_beautifier.beautifier.taste.choices import Choice, Shown, climbed
from prompt_beautifier.beautifier.taste.file import NAME
from prompt_beautifier.beautifier.taste.learning import learn
from prompt_beautifier.beautifier.taste.meanings import form_of, words_of

SUBJECTS = "cat dog castle boat tree bridge train horse tower garden ship lamp".split()
DARK = "deep shadow,moonlit night,dim lantern,black sky,starry night,dusk over the roofs".split(",")
LIGHT = "bright daylight,white morning,sunny noon,clear sunlight,open bright sky,even daylight".split(",")


def lists(count, seed=0):
    """Lists of four prompts, two of the night and two of the day, and what a reward model says of them."""
    draw = random.Random(seed)
    for place in range(count):
        raw = f"a {SUBJECTS[place % len(SUBJECTS)]} {place}"
        ends = [*draw.sample(DARK, 2), *draw.sample(LIGHT, 2)]
        draw.shuffle(ends)
        yield tuple(f"{raw}, {end}" for end in ends), tuple(draw.gauss(0, 0.3) for _ in ends)


def is_dark(prompt):
    return any(end in prompt for end in DARK)


@pytest.fixture(scope="module")
def meanings(embedded):
    return keeper.known_words()


def best(taste, prompts, worth):
    values = taste.values(prompts, worth)
    return prompts[values.index(max(values))]


def test_who_takes_the_night_gets_it_first(meanings):
    told = [
        Choice(prompts, next(i for i, each in enumerate(prompts) if is_dark(each)), worth)
        for prompts, worth in lists(20)
    ]
    taste = learn(told, meanings)
    assert taste.has_one > 0.9 and taste.picks == 20
    assert all(is_dark(best(taste, *each)) for each in lists(30, seed=1))


def test_words_that_were_never_seen_are_liked_by_their_meaning(meanings):
    told = [
        Choice(prompts, next(i for i, each in enumerate(prompts) if is_dark(each)), worth)
        for prompts, worth in lists(20)
    ]
    midnight, afternoon = learn(told, meanings).values(["a fox, midnight", "a fox, sunlit afternoon"], [0, 0])
    assert midnight > afternoon


def test_the_aspect_that_choices_are_about_counts_most(meanings):
    told = [
        Choice(prompts, next(i for i, each in enumerate(prompts) if is_dark(each)), worth)
        for prompts, worth in lists(20)
    ]
    shown = Shown.of(told, meanings)
    found = cares(shown.words @ shown.leans, shown.form, torch.zeros(len(shown.worth)), shown)
    shares = dict(zip(ASPECTS, found.tolist(), strict=True))
    assert max(shares, key=shares.__getitem__) == "dark" and shares["dark"] > 5 * shares["fabric"]
    assert 0.5 < sum(shares.values()) <= 1
    assert shares.keys() == ASPECTS.keys() and learn(told, meanings).cared.argmax() == list(ASPECTS).index("dark")


def test_who_takes_short_prompts_gets_them_first_whatever_they_show(meanings):
    told = []
    for prompts, worth in lists(20):
        long = tuple(each + ", with a little more of this and of that, as far as one can see" for each in prompts[1:])
        told.append(Choice((prompts[0], *long), 0, worth))
    taste = learn(told, meanings)
    assert taste.cared.sum() < 0.2, "of no aspect"
    for prompts, worth in lists(10, seed=4):
        long = tuple(each + ", with a little more of this and of that, as far as one can see" for each in prompts[1:])
        assert best(taste, (*long, prompts[0]), worth) == prompts[0]


def test_who_takes_what_the_reward_model_puts_first_keeps_its_order(meanings):
    told = [Choice(prompts, worth.index(max(worth)), worth) for prompts, worth in lists(30)]
    wide = [Choice(each.prompts, each.taken, tuple(6 * value for value in each.worth)) for each in told]
    taste = learn(wide, meanings)
    assert taste.has_one < 0.2
    for prompts, worth in lists(20, seed=2):
        assert best(taste, prompts, [6 * value for value in worth]) == prompts[worth.index(max(worth))]


def test_who_takes_anything_is_not_taken_for_somebody_with_a_taste(meanings):
    draw = random.Random(3)
    told = [Choice(prompts, draw.randrange(4), worth) for prompts, worth in lists(40)]
    taste = learn(told, meanings)
    assert taste.has_one < 0.5 and taste.trust > 0.2, "the reward model ranks"


def test_the_unit_of_the_reward_model_changes_nothing(meanings):
    draw = random.Random(5)
    told = [Choice(prompts, draw.randrange(4), worth) for prompts, worth in lists(20)]
    wide = [Choice(each.prompts, each.taken, tuple(100 * value for value in each.worth)) for each in told]
    one, other = learn(told, meanings), learn(wide, meanings)
    assert other.has_one == pytest.approx(one.has_one, abs=1e-3)
    assert other.trust * 100 == pytest.approx(one.trust, rel=1e-2)


def test_a_step_that_leads_down_is_made_shorter():
    point = climbed(torch.zeros(1), torch.tensor([8.0]), lambda point: -((point.item() - 1) ** 2))
    assert point.tolist() == [2.0]
    nowhere = climbed(torch.zeros(1), torch.tensor([float("nan")]), lambda point: -point.item())
    assert nowhere.tolist() == [0.0]


def test_a_word_that_the_network_does_not_know_is_near_to_none_but_itself(meanings):
    one, other = meanings.vectors(["猫猫", "狗狗"])
    assert (one @ other).abs() < 0.3
    assert meanings.vectors(["猫猫"])[0] @ one == pytest.approx(1, abs=1e-4)


def test_words_of_a_prompt_leave_out_its_syntax():
    assert words_of("a (red:1.3) cat, <lora:x:1>, embedding:bad, a cat") == ["red", "cat"]
    assert form_of("") == [0, 0.25, 0] and form_of("a cat, a dog")[1] == 0.5


# -- the keeper of a file


@pytest.fixture
def kept(tmp_path, monkeypatch, embedded):
    monkeypatch.setattr(keeper, "worth_of", lambda raw, prompts: [0.0] * len(prompts))
    return keeper.Keeper(tmp_path / NAME)


def tell(kept, count):
    for place, (prompts, _) in enumerate(lists(count)):
        chosen = next(each for each in prompts if is_dark(each))
        others = tuple(each for each in prompts if each != chosen)
        thread = kept.add(picks.Pick(f"raw {place}", "", "click", chosen, others))
    thread.join(60)


def test_it_ranks_from_ten_picks_on(kept):
    prompts, _ = next(lists(1, seed=3))
    assert kept.ranked("a cat", prompts) is None and not kept.path.exists()
    tell(kept, 9)
    assert kept.ranked("a cat", prompts) is None
    tell(kept, 12)
    ranked = kept.ranked("a cat", prompts)
    assert ranked.picks == 12 and sorted(ranked.order) == [0, 1, 2, 3]
    assert is_dark(prompts[ranked.order[0]]) and not is_dark(prompts[ranked.order[-1]])
    assert all(each.worth == (0.0,) * 4 for each in picks.latest(kept.path)), "asked once"


def test_the_same_taste_is_there_after_a_restart_and_none_once_it_is_emptied(kept):
    tell(kept, 12)
    prompts, _ = next(lists(1, seed=3))
    again = keeper.Keeper(kept.path)
    assert again.ranked("a cat", prompts) == kept.ranked("a cat", prompts)
    kept.empty()
    assert kept.ranked("a cat", prompts) is None


def test_one_prompt_alone_is_not_ranked(kept):
    tell(kept, 12)
    assert kept.ranked("a cat", ["a cat, night"]) is None
    assert kept.ranked("a cat", ["a cat, night"] * 3) is None
