"""How sure a figure is: bootstrap intervals over prompts, and score intervals of shares.

The unit that is drawn again is the prompt, with all its pictures: pictures of one prompt are no independent samples.
All bootstrap intervals are percentile intervals (Efron and Tibshirani, An Introduction to the Bootstrap, section 13.3)
of the same draws for the same number of prompts and seed, so that methods are compared on the same draws.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

RESAMPLES = 2000
LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """A figure and the ends of its confidence interval; both ends are nan where one prompt is all there is."""

    value: float
    low: float
    high: float

    def excludes(self, number: float) -> bool:
        """Whether the number lies outside the interval; False where there is no interval."""
        return self.low > number or self.high < number


def ratio_interval(
    parts: Sequence[float],
    wholes: Sequence[float],
    scale: Callable[[np.ndarray], np.ndarray] = np.asarray,
    seed: int = 0,
) -> Interval:
    """scale(sum(parts) / sum(wholes)), such as words kept of words asked for, or exp(nats / tokens).

    Draws whose wholes add up to 0 are left out. Raises ValueError where the wholes given add up to 0.
    """
    return _interval(lambda *pair, axis=-1: scale(_ratio(*pair, axis)), (parts, wholes), seed)


def ratio_difference(
    one: tuple[Sequence[float], Sequence[float]],
    other: tuple[Sequence[float], Sequence[float]],
    scale: Callable[[np.ndarray], np.ndarray] = np.asarray,
    seed: int = 0,
) -> Interval:
    """The first ratio of (parts, wholes) less the second, of the same prompts in the same order.

    Raises ValueError for different numbers of prompts.
    """

    def difference(parts, wholes, other_parts, other_wholes, axis=-1):
        return scale(_ratio(parts, wholes, axis)) - scale(_ratio(other_parts, other_wholes, axis))

    return _interval(difference, (*one, *other), seed)


def share_interval(yes: int, count: int) -> Interval:
    """A share with its score interval (Wilson 1927, J. Am. Stat. Assoc. 22:209): none of 500 is no proof of never, as
    a bootstrap would have it.

    Raises ValueError for a share of nothing.
    """
    if not 0 <= yes <= count or count == 0:
        raise ValueError(f"a share is of 1 prompt or more, and no more than all: not {yes} of {count}")
    found = stats.binomtest(yes, count).proportion_ci(LEVEL, method="wilson")
    return Interval(yes / count, float(found.low), float(found.high))


def _ratio(parts: np.ndarray, wholes: np.ndarray, axis: int) -> np.ndarray:
    """sum(parts) / sum(wholes) along an axis; nan where there is nothing to divide by."""
    part, whole = parts.sum(axis), wholes.sum(axis)
    return np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=whole != 0)


def _interval(figure: Callable, columns: Sequence[Sequence[float]], seed: int) -> Interval:
    """A figure of several numbers a prompt, with its interval."""
    columns = [checked(column) for column in columns]
    if len({len(column) for column in columns}) > 1:
        raise ValueError(f"every prompt needs all of its numbers, not {' and '.join(str(len(c)) for c in columns)}")
    value = float(figure(*columns))
    if np.isnan(value):
        raise ValueError("a ratio of nothing: the wholes add up to 0")
    if len(columns[0]) == 1:
        return Interval(value, float("nan"), float("nan"))
    how = {"n_resamples": RESAMPLES, "paired": True, "method": "percentile", "rng": np.random.default_rng(seed)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)  # draws that are nan are left out below
        drawn = stats.bootstrap(columns, figure, **how).bootstrap_distribution
    low, high = np.nanquantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(value, float(low), float(high))


def checked(values: Sequence[float]) -> np.ndarray:
    """The numbers as float64 [n]. Raises ValueError for none, and for numbers that are nan or infinite."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or len(array) == 0:
        raise ValueError(f"a figure needs one number a prompt, and at least one, not shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{int((~np.isfinite(array)).sum())} of {len(array)} numbers are nan or infinite")
    return array
