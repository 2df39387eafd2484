"""How well predicted scores agree with true ones, and how well a reward model predicts held-out examples."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from ..data.mismatches import MATCH, Example
from ..evaluation.statistics import checked
from ..run.cards import table

if TYPE_CHECKING:  # it brings torch, which figures of labels alone do without
    from ...beautifier.rewards.model import RewardModel


def mean_squared_error(predicted: Sequence[float], true: Sequence[float]) -> float:
    return float(np.mean((checked(predicted) - checked(true)) ** 2))


def pearson(one: Sequence[float], other: Sequence[float]) -> float:
    """Linear correlation, -1 to 1; nan where one of the lists is constant."""
    return _correlation(stats.pearsonr, one, other)


def spearman(one: Sequence[float], other: Sequence[float]) -> float:
    """Correlation of the ranks, -1 to 1; nan where one of the lists is constant."""
    return _correlation(stats.spearmanr, one, other)


def _correlation(kind, one: Sequence[float], other: Sequence[float]) -> float:
    one, other = checked(one), checked(other)
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return math.nan
    return float(kind(one, other).statistic)


def figures_of(model: RewardModel, examples: list[Example], mean: float) -> tuple[dict, dict]:
    """How well a model with one term predicts the labels of held-out examples, and what guessing their mean gives.

    mean  the guess for every example: the mean label of the training examples

    Returns two mappings of the same names to numbers.
    """
    labels = [example.label for example in examples]
    raws, prompts = ([getattr(example, side) for example in examples] for side in ("raw_prompt", "prompt"))
    scores = model.score(raws, prompts).tolist()
    measured = {
        "mean squared error": mean_squared_error(scores, labels),
        "Pearson": pearson(scores, labels),
        "Spearman": spearman(scores, labels),
    }
    guessed = {
        "mean squared error": mean_squared_error([mean] * len(labels), labels),
        "Pearson": math.nan,  # a constant agrees with nothing
        "Spearman": math.nan,
    }
    if examples[0].kind == MATCH:
        for kind, share in shares_above(examples, scores).items():
            measured[f"above its mismatch: {kind}"], guessed[f"above its mismatch: {kind}"] = share, 0.5
    return measured, guessed


def shares_above(examples: list[Example], scores: list[float]) -> dict[str, float]:
    """The share of rows that score higher than the mismatch made of them, by the kind of mismatch and by the order of
    the segments."""
    won: dict[str, list[bool]] = {}
    for i in range(0, len(examples) - 1, 2):
        for group in (examples[i + 1].kind, f"segments {examples[i].order}"):
            won.setdefault(group, []).append(scores[i] > scores[i + 1])
    return {group: sum(wins) / len(wins) for group, wins in sorted(won.items())}


def comparison(measured: dict[str, float], guessed: dict[str, float]) -> str:
    """Figures beside those of guessing the mean, as a table in Markdown."""
    rows = (
        (name, f"{value:.4g}", "–" if math.isnan(guessed[name]) else f"{guessed[name]:.4g}")
        for name, value in measured.items()
    )
    return table(("held-out figure", "this model", "always the mean"), rows)
