"""Intervals against numbers worked out by hand."""

import math

import numpy as np
import pytest

from prompt_beautifier.training.evaluation.statistics import Interval, ratio_difference, ratio_interval, share_interval


def mean_interval(values, seed=0):
    return ratio_interval(values, np.ones(len(values)), seed=seed)


def difference_interval(values, reference):
    return ratio_difference((values, np.ones(len(values))), (reference, np.ones(len(reference))))


def test_the_interval_of_a_mean_is_the_normal_one_for_many_prompts():
    values = np.random.default_rng(1).normal(3.0, 2.0, 400)
    interval = mean_interval(values)
    error = values.std() / math.sqrt(400)
    assert interval.value == pytest.approx(values.mean())
    assert interval.low == pytest.approx(values.mean() - 1.96 * error, abs=0.15 * error)
    assert interval.high == pytest.approx(values.mean() + 1.96 * error, abs=0.15 * error)


def test_the_interval_of_two_prompts_is_their_range():
    # Drawn with replacement, two prompts give their two values with probability 1/4 each: beyond 2.5 % both.
    assert mean_interval([1.0, 5.0]) == Interval(3.0, 1.0, 5.0)


@pytest.mark.slow
def test_the_interval_holds_the_truth_as_often_as_it_says():
    rng, held = np.random.default_rng(2), 0
    for trial in range(200):
        interval = mean_interval(rng.exponential(1.0, 60), seed=trial)
        held += interval.low <= 1.0 <= interval.high
    assert 0.88 <= held / 200 <= 0.985  # 95 % less the known shortfall of a skewed sample


def test_a_paired_difference_is_surer_than_two_means():
    rng = np.random.default_rng(3)
    difficulty = rng.normal(0, 5, 100)
    one, other = difficulty + rng.normal(0.5, 0.5, 100), difficulty + rng.normal(0, 0.5, 100)
    paired = difference_interval(one, other)
    assert paired.value == pytest.approx(one.mean() - other.mean())
    assert paired.excludes(0) and paired.high - paired.low < 0.4
    assert mean_interval(one).low < mean_interval(other).high, "unpaired, the two overlap"
    assert difference_interval(one, one) == Interval(0.0, 0.0, 0.0)


def test_a_ratio_weighs_prompts_by_their_size():
    interval = ratio_interval([1, 0, 6], [2, 2, 6])
    assert interval.value == pytest.approx(7 / 10)
    assert interval.low == 0.0 and interval.high == 1.0
    assert ratio_interval([0, 3], [0, 4]).value == pytest.approx(0.75), "a prompt that asks for nothing is no error"


def test_a_perplexity_is_the_exponential_of_a_ratio():
    nats, tokens = [math.log(2) * 3, math.log(2) * 5], [3, 5]
    assert ratio_interval(nats, tokens, np.exp) == Interval(*[pytest.approx(2.0)] * 3)
    worse = [math.log(8) * 3, math.log(8) * 5]
    difference = ratio_difference((worse, tokens), (nats, tokens), np.exp)
    assert difference == Interval(*[pytest.approx(6.0)] * 3)


def test_a_share_has_wilsons_interval():
    half = share_interval(5, 10)
    assert (half.low, half.high) == (pytest.approx(0.2366, abs=1e-4), pytest.approx(0.7634, abs=1e-4))
    none = share_interval(0, 100)
    assert none.value == none.low == 0 and none.high == pytest.approx(1.959964**2 / (100 + 1.959964**2), rel=1e-5)
    with pytest.raises(ValueError, match="0 of 0"):
        share_interval(0, 0)


@pytest.mark.parametrize(("count", "total"), [(0, 10), (3, 10), (10, 10), (57, 120), (1, 1)])
def test_wilson_interval_is_where_the_score_test_rejects(count, total):
    """The ends solve (share - p)^2 = z^2 p (1 - p) / total: found here by bisection of that equation."""
    share, z = count / total, 1.959963984540054

    def rejected(p):
        return (share - p) ** 2 > z**2 * p * (1 - p) / total

    found = share_interval(count, total)
    for end, outside in ((found.low, 0.0), (found.high, 1.0)):
        inside = share
        for _ in range(100):
            middle = (inside + outside) / 2
            inside, outside = (inside, middle) if rejected(middle) else (middle, outside)
        assert end == pytest.approx(inside, abs=1e-9)
    assert found.value == share


def test_wilson_interval_of_the_textbook():
    """Newcombe, Statistics in Medicine 17 (1998), 857-872, table I: 81 of 263."""
    found = share_interval(81, 263)
    assert (round(found.low, 4), round(found.high, 4)) == (0.2553, 0.3662)


def test_one_prompt_has_no_interval():
    interval = mean_interval([2.0])
    assert interval.value == 2.0 and math.isnan(interval.low) and not interval.excludes(0)


def test_the_same_numbers_have_the_same_interval():
    values = np.random.default_rng(4).normal(size=40)
    assert mean_interval(values) == mean_interval(values) != mean_interval(values, seed=1)


@pytest.mark.parametrize("values", [[], [1.0, float("nan")], [float("inf")], [[1.0]]])
def test_no_figure_is_made_of_no_numbers(values):
    with pytest.raises(ValueError, match="number"):
        mean_interval(values)


def test_lists_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="2 and 1"):
        difference_interval([1, 2], [1])
    with pytest.raises(ValueError, match="2 and 1"):
        ratio_interval([1, 2], [1])
    with pytest.raises(ValueError, match="add up to 0"):
        ratio_interval([0, 0], [0, 0])
