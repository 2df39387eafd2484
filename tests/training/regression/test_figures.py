"""Correlations and errors against numbers worked out by hand."""

import math

import pytest

from prompt_beautifier.training.regression.figures import mean_squared_error, pearson, spearman


def test_correlations_by_hand():
    assert pearson([1, 2, 3], [2, 4, 6]) == pytest.approx(1.0)
    assert pearson([1, 2, 3, 4], [1, 3, 2, 4]) == pytest.approx(0.8)
    assert pearson([0, 1], [5, 3]) == pytest.approx(-1.0)
    assert spearman([1, 2, 3, 4], [1, 8, 27, 64]) == pytest.approx(1.0)
    assert spearman([1, 2, 3, 4, 5], [5, 6, 7, 8, 7]) == pytest.approx(0.8207826817)  # textbook value with a tie
    assert mean_squared_error([1, 2], [1, 4]) == 2.0


@pytest.mark.parametrize("kind", [pearson, spearman])
def test_a_constant_agrees_with_nothing(kind):
    assert math.isnan(kind([1, 1], [1, 2])) and math.isnan(kind([1, 2], [3, 3])) and math.isnan(kind([1], [2]))


@pytest.mark.parametrize("values", [[], [1.0, float("nan")]])
def test_no_figure_is_made_of_no_numbers(values):
    with pytest.raises(ValueError, match="number"):
        pearson(values, values)
