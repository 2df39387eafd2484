"""Correlations and errors against numbers worked out by hand."""

import math

import pytest

from prompt_beautifier.training.regression.figures import mean_squared_error, pearson, ranks, spearman


def test_correlations_by_hand():
    assert pearson([1, 2, 3], [2, 4, 6]) == pytest.approx(1.0)
    assert pearson([1, 2, 3, 4], [1, 3, 2, 4]) == pytest.approx(0.8)
    assert pearson([0, 1], [5, 3]) == pytest.approx(-1.0)
    assert math.isnan(pearson([1, 1], [1, 2]))
    assert list(ranks([30, 10, 20, 20])) == [4, 1, 2.5, 2.5]
    assert spearman([1, 2, 3, 4], [1, 8, 27, 64]) == pytest.approx(1.0)
    assert spearman([1, 2, 3, 4, 5], [5, 6, 7, 8, 7]) == pytest.approx(0.8207826817)  # textbook value with a tie
    assert mean_squared_error([1, 2], [1, 4]) == 2.0
