"""How sure a figure is: bootstrap intervals over prompts, and how well two lists of numbers agree.

The unit that is drawn again is the prompt, with all its pictures: pictures of one prompt are no independent samples.
All intervals are percentile intervals (Efron and Tibshirani, An Introduction to the Bootstrap, section 13.3) of the
same draws for the same number of prompts and seed, so that methods are compared on the same draws.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

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


def mean_interval(values: Sequence[float], seed: int = 0) -> Interval:
    """The mean of one number a prompt. Raises ValueError for no numbers, and for numbers that are none."""
    values = checked(values)
    return ratio_interval(values, np.ones_like(values), seed=seed)


def difference_interval(values: Sequence[float], reference: Sequence[float], seed: int = 0) -> Interval:
    """The mean of values[i] - reference[i], prompt by prompt: the prompts' own ease or difficulty cancels out.

    Raises ValueError for lists of different lengths.
    """
    ones = np.ones_like(checked(values))
    return ratio_difference((values, ones), (reference, np.ones_like(checked(reference))), seed=seed)


def ratio_interval(
    parts: Sequence[float],
    wholes: Sequence[float],
    scale: Callable[[np.ndarray], np.ndarray] = np.asarray,
    seed: int = 0,
) -> Interval:
    """scale(sum(parts) / sum(wholes)), such as words kept of words asked for, or exp(nats / tokens).

    Draws whose wholes add up to 0 are left out. Raises ValueError where the wholes given add up to 0.
    """
    value, resampled = _ratios(parts, wholes, scale, seed)
    return _interval(value, resampled)


def ratio_difference(
    one: tuple[Sequence[float], Sequence[float]],
    other: tuple[Sequence[float], Sequence[float]],
    scale: Callable[[np.ndarray], np.ndarray] = np.asarray,
    seed: int = 0,
) -> Interval:
    """The first ratio of (parts, wholes) less the second, of the same prompts in the same order.

    Raises ValueError for different numbers of prompts.
    """
    if len(one[0]) != len(other[0]):
        raise ValueError(
            f"a paired difference needs both numbers of each prompt, not {len(one[0])} and {len(other[0])}"
        )
    value, resampled = _ratios(*one, scale, seed)
    reference, resampled_reference = _ratios(*other, scale, seed)
    return _interval(value - reference, resampled - resampled_reference)


def _ratios(parts, wholes, scale, seed: int) -> tuple[float, np.ndarray]:
    """The figure itself, and the figure of each resample: nan where that has nothing to divide by."""
    parts, wholes = checked(parts), checked(wholes)
    if len(parts) != len(wholes):
        raise ValueError(f"a ratio needs as many parts as wholes, not {len(parts)} and {len(wholes)}")
    if wholes.sum() == 0:
        raise ValueError("a ratio of nothing: the wholes add up to 0")
    value = float(scale(parts.sum() / wholes.sum()))
    if len(parts) == 1:
        return value, np.full(1, np.nan)
    counts = draws(len(parts), seed)
    total = counts @ wholes
    ratio = np.divide(counts @ parts, total, out=np.full(len(total), np.nan), where=total != 0)
    return value, scale(ratio)


def _interval(value: float, resampled: np.ndarray) -> Interval:
    resampled = resampled[~np.isnan(resampled)]
    if len(resampled) == 0:
        return Interval(value, float("nan"), float("nan"))
    low, high = np.quantile(resampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(value, float(low), float(high))


def share_interval(yes: int, count: int) -> Interval:
    """A share of prompts with Wilson's score interval: none of 500 is no proof of never, as a bootstrap would have it.

    Raises ValueError for a share of nothing.
    """
    if not 0 <= yes <= count or count == 0:
        raise ValueError(f"a share is of 1 prompt or more, and no more than all: not {yes} of {count}")
    share, z = yes / count, NormalDist().inv_cdf((1 + LEVEL) / 2)
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    reach = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return Interval(share, max(0.0, middle - reach), min(1.0, middle + reach))


def draws(count: int, seed: int) -> np.ndarray:
    """How often each of `count` prompts is drawn in each resample: float64 [RESAMPLES, count], rows add up to count."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(count, np.full(count, 1 / count), size=RESAMPLES).astype(np.float64)


def checked(values: Sequence[float]) -> np.ndarray:
    """The numbers as float64 [n]."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or len(array) == 0:
        raise ValueError(f"a figure needs one number a prompt, and at least one, not shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{int((~np.isfinite(array)).sum())} of {len(array)} numbers are nan or infinite")
    return array


# -- agreement
