"""PPO's formulas: rewards of tokens, advantages, losses, and how the KL coefficient follows the KL divergence."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass
class KLController:
    """beta and how it follows the KL divergence (Ziegler et al. 2019, section 2.2): over `horizon` answers beta may
    change by a factor of about 1.2. A target of 0 leaves beta as it is."""

    beta: float
    target: float
    horizon: float

    def update(self, kl: float, answers: int) -> None:
        if self.target:
            error = min(max(kl / self.target - 1, -0.2), 0.2)
            self.beta *= 1 + error * answers / self.horizon


@dataclass
class RunningMoments:
    """Mean and standard deviation of all numbers seen so far (Chan, Golub and LeVeque 1979)."""

    count: float = 0.0
    mean: float = 0.0
    squares: float = 0.0  # sum of squared distances to the mean

    def update(self, values: Tensor) -> None:
        count, mean = values.numel(), values.double().mean().item()
        squares = (values.double() - mean).square().sum().item()
        total, distance = self.count + count, mean - self.mean
        self.squares += squares + distance**2 * self.count * count / total
        self.mean += distance * count / total
        self.count = total

    @property
    def std(self) -> float:
        """Of a sample; 1 while there is no spread to speak of."""
        std = math.sqrt(self.squares / (self.count - 1)) if self.count > 1 else 0.0
        return std if std > 1e-6 * max(1e-3, abs(self.mean)) else 1.0


def scaled_scores(scores: Tensor, everyone: Tensor, moments: RunningMoments, clip: float, scale: bool) -> Tensor:
    """What answers earn for their scores, float32 [rows]: clipped, then divided by the standard deviation of all
    clipped scores so far, as in the reference run.

    everyone  the scores of all processes; they are added to `moments`
    clip      the largest score; 0 is no limit
    """
    if clip:
        scores, everyone = scores.clamp(-clip, clip), everyone.clamp(-clip, clip)
    moments.update(everyone)
    return scores / moments.std if scale else scores


def token_rewards(log_probs: Tensor, reference: Tensor, mask: Tensor, scores: Tensor, beta: float) -> Tensor:
    """What each answer token earns: -beta * log(pi / rho), and the answer's score on its last token.

    log_probs, reference  float32 [rows, length], both zero where mask, bool [rows, length], is False
    scores                float32 [rows]
    """
    rewards = -beta * (log_probs - reference)
    last = mask.sum(1) - 1
    rewards[torch.arange(len(rewards), device=rewards.device), last] += scores
    return rewards


def advantages_and_returns(
    rewards: Tensor, values: Tensor, mask: Tensor, gamma: float, lam: float
) -> tuple[Tensor, Tensor]:
    """Generalised advantage estimation (Schulman et al. 2015, arXiv 1506.02438, equation 16) and advantage + value:
    the target of the value head. All float32 [rows, length]; what follows a row's end is worth nothing."""
    advantages = torch.zeros_like(rewards)
    following, value = torch.zeros_like(rewards[:, 0]), torch.zeros_like(rewards[:, 0])
    for step in reversed(range(rewards.shape[1])):
        here = mask[:, step].float()
        delta = rewards[:, step] + gamma * value - values[:, step]
        following = here * (delta + gamma * lam * following)
        value = here * values[:, step]
        advantages[:, step] = following
    return advantages, (advantages + values) * mask


def policy_losses(log_probs: Tensor, old: Tensor, advantages: Tensor, clip: float) -> tuple[Tensor, Tensor]:
    """PPO's clipped loss of each token (Schulman et al. 2017, equation 7, with its sign turned), and which tokens
    are clipped. Float32 [n] and bool [n]."""
    ratio = (log_probs - old).exp()
    plain, clipped = -advantages * ratio, -advantages * ratio.clamp(1 - clip, 1 + clip)
    return torch.maximum(plain, clipped), clipped > plain


def value_losses(values: Tensor, old: Tensor, returns: Tensor, clip: float) -> Tensor:
    """Half the squared error of each value, float32 [n]; moving further than `clip` from the old one earns nothing."""
    clipped = old + (values - old).clamp(-clip, clip)
    return 0.5 * torch.maximum((values - returns).square(), (clipped - returns).square())
