"""How well a reward model tells the labels of held-out examples."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..data.mismatches import MATCH, Example
from ..evaluation.statistics import checked

if TYPE_CHECKING:  # it brings torch, which figures of labels alone do without
    from ...beautifier.rewards.model import RewardModel


def mean_squared_error(predicted: Sequence[float], true: Sequence[float]) -> float:
    return float(np.mean((checked(predicted) - checked(true)) ** 2))


def pearson(one: Sequence[float], other: Sequence[float]) -> float:
    """Linear correlation, -1 to 1; nan where one of the lists is constant."""
    one, other = checked(one), checked(other)
    one, other = one - one.mean(), other - other.mean()
    scale = np.sqrt((one**2).sum() * (other**2).sum())
    return float((one * other).sum() / scale) if scale > 0 else float("nan")


def spearman(one: Sequence[float], other: Sequence[float]) -> float:
    """Correlation of the ranks, -1 to 1; nan where one of the lists is constant."""
    return pearson(ranks(one), ranks(other))


def ranks(values: Sequence[float]) -> np.ndarray:
    """1 for the smallest; equal numbers share the mean of their ranks."""
    values = checked(values)
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[which]


def figures_of(model: RewardModel, examples: list[Example], mean: float) -> tuple[dict, dict]:
    """How well a model with one term tells the labels of held-out examples: figures by name, and those of guessing
    the mean of the training labels each time."""
    labels = [example.label for example in examples]
    raws, prompts = ([getattr(example, side) for example in examples] for side in ("raw_prompt", "prompt"))
    scores = model.score(raws, prompts).tolist()
    told = {
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
        for kind, right in told_apart(examples, scores).items():
            told[f"above its mismatch: {kind}"], guessed[f"above its mismatch: {kind}"] = right, 0.5
    return told, guessed


def told_apart(examples: list[Example], scores: list[float]) -> dict[str, float]:
    """The share of rows that score higher than the mismatch made of them, by the kind of mismatch."""
    won: dict[str, list[bool]] = {}
    for i in range(0, len(examples) - 1, 2):
        won.setdefault(examples[i + 1].kind, []).append(scores[i] > scores[i + 1])
    return {kind: sum(each) / len(each) for kind, each in sorted(won.items())}


def table(told: dict[str, float], guessed: dict[str, float]) -> str:
    """Figures beside those of the mean predictor, as a table in Markdown."""
    shown = {name: "–" if math.isnan(value) else f"{value:.4g}" for name, value in guessed.items()}
    rows = [f"| {name} | {value:.4g} | {shown[name]} |" for name, value in told.items()]
    return "\n".join(["| held-out figure | this model | always the mean |", "|---|---|---|", *rows])
