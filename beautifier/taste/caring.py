"""What a person cares about: most people about one thing or two, as their choices show.

That a person cares about an aspect of a picture, or about how a prompt is written, is one hypothesis each, that the
person cares about none is another. Under each the choices have an evidence, and each gets the share of it that it has
(MacKay 1992).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .choices import Shown, chance, climbed

STEPS, STILL = 20, 1e-3  # of Newton's method, as in learning.py


def cares(things: Tensor, others: Tensor, offset: Tensor, shown: Shown) -> Tensor:
    """How likely it is that a person cares about each of some things: float32 [things], together at most 1.

    things  float32 [prompts, things]: how much each prompt has of each, with a weight of variance 1 where one cares
    others  float32 [prompts, features]: what decides in any case, each feature with a weight of variance 1
    offset  float32 [prompts]: what is added to the values
    """
    count = things.shape[1]
    none = evidence(others, offset, shown) + math.log(count)  # as likely as all together, before anything is known
    found = [evidence(torch.cat([things[:, [one]], others], 1), offset, shown) for one in range(count)]
    return torch.tensor([none, *found]).softmax(0)[1:]


def evidence(features: Tensor, offset: Tensor, shown: Shown) -> float:
    """The log evidence of the choices, by Laplace's approximation, where each feature has a weight of variance 1."""
    weights, one = torch.zeros(features.shape[1]), torch.eye(features.shape[1])

    def height(weights: Tensor) -> float:
        return chance(features @ weights + offset, shown)[1] - 0.5 * (weights @ weights).item()

    for _ in range(STEPS):
        found, _ = chance(features @ weights + offset, shown)
        slope = features.T @ (shown.taken - found) - weights
        step = torch.linalg.solve(curve(features, found, shown) + one, slope)
        weights = climbed(weights, step, height)
        if step.abs().max() < STILL:
            break
    found, _ = chance(features @ weights + offset, shown)
    volume = torch.linalg.slogdet(curve(features, found, shown) + one)[1].item()
    return height(weights) - 0.5 * volume


def curve(features: Tensor, found: Tensor, shown: Shown) -> Tensor:
    """How the likelihood bends along the weights of features: float32 [features, features]; found as of chance()."""
    means = torch.zeros(int(shown.choice.max()) + 1, features.shape[1])
    means.index_add_(0, shown.choice, found[:, None] * features)
    return features.T @ (found[:, None] * features) - means.T @ means
