"""Which aspects of a picture a person cares about: most people about one or two, as their choices show.

That a person cares about an aspect is one hypothesis, that the person cares about none is another: under each the
choices have an evidence, and the aspects get the share of it that theirs has (MacKay 1992, on two numbers for each
aspect: how much its likes vary where the person cares, and where not).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .choices import Shown, chance

CARE, CARE_MUCH = 0.3, 2.5  # how much a word that leans entirely to an aspect is liked, one standard deviation
STEPS, STILL = 20, 1e-3  # of Newton's method, as in learning.py


def cares(shown: Shown, others: Tensor, offset: Tensor) -> Tensor:
    """The variance of the like for each aspect, for a word that leans to it entirely: float32 [aspects].

    others  float32 [prompts, features]: what else decides, each feature with a weight of variance 1
    offset  float32 [prompts]: what is added to the values
    """
    leans = shown.words @ shown.leans
    count = leans.shape[1]
    found = []
    for aspect in (None, *range(count)):
        weights = torch.full((count,), CARE)
        if aspect is not None:
            weights[aspect] = CARE_MUCH
        found.append(evidence(torch.cat([leans * weights, others], 1), offset, shown))
    found[0] += math.log(count)  # as likely as all others together, before anything is known
    return CARE**2 + torch.tensor(found).softmax(0)[1:] * CARE_MUCH**2


def evidence(features: Tensor, offset: Tensor, shown: Shown) -> float:
    """The log evidence of the choices, by Laplace's approximation, where each feature has a weight of variance 1."""
    weights, one = torch.zeros(features.shape[1]), torch.eye(features.shape[1])
    for _ in range(STEPS):
        found, _ = chance(features @ weights + offset, shown)
        slope = features.T @ (shown.taken - found) - weights
        step = torch.linalg.solve(curve(features, found, shown) + one, slope)
        weights = weights + step
        if step.abs().max() < STILL:
            break
    found, likelihood = chance(features @ weights + offset, shown)
    volume = torch.linalg.slogdet(curve(features, found, shown) + one)[1].item()
    return likelihood - 0.5 * (weights @ weights).item() - 0.5 * volume


def curve(features: Tensor, found: Tensor, shown: Shown) -> Tensor:
    """How the likelihood bends along the weights of features: float32 [features, features]; found as of chance()."""
    means = torch.zeros(int(shown.choice.max()) + 1, features.shape[1])
    means.index_add_(0, shown.choice, found[:, None] * features)
    return features.T @ (found[:, None] * features) - means.T @ means
