"""What PPO learns from: the answers of a step with their log-probabilities, values and advantages."""

import math
from dataclasses import dataclass

import torch
from accelerate import Accelerator
from torch import Tensor

from ...beautifier.language.steps import Answer
from .asked import Question
from .network import Policy


@dataclass
class Experience:
    """Answers of this process and all that the update needs to know of them."""

    lower: Tensor  # [rows, length, hidden]: what goes into the trained layers
    tokens: Tensor  # int64 [rows, length]: question and answer, padded on the right
    starts: Tensor  # int64 [rows]: where the answer begins
    mask: Tensor  # bool [rows, longest answer]
    log_probs: Tensor  # float32 [rows, longest answer], like the following ones
    values: Tensor
    advantages: Tensor
    returns: Tensor

    def answer(self, rows: Tensor, length: int) -> Tensor:
        """bool [rows, length - 1]: which next tokens belong to the answer."""
        position = torch.arange(1, length, device=self.tokens.device)
        starts = self.starts[rows, None]
        return (position >= starts) & (position < starts + self.mask[rows].sum(1, keepdim=True))

    def length(self, rows: Tensor) -> int:
        """Tokens of the longest of some rows."""
        return int((self.starts[rows] + self.mask[rows].sum(1)).max())


@torch.no_grad()
def look_at(policy: Policy, asked: list[Question], answers: list[Answer], minibatch: int) -> tuple[Experience, Tensor]:
    """The answers with the policy's log-probabilities and values, and the reference model's log-probabilities, float32
    [rows, longest answer], 0 behind an answer's end. Advantages and returns are still 0.

    minibatch  rows that go through the network at once

    The end token, where the policy wrote it, is part of the answer.
    """
    config, device = policy.network.config, policy.network.device
    written = [[*answer.tokens, config.eos_token_id] if answer.finished else list(answer.tokens) for answer in answers]
    starts = torch.tensor([len(one.tokens) for one in asked], device=device)
    sizes = torch.tensor([len(answer) for answer in written], device=device)
    tokens = torch.full((len(asked), int((starts + sizes).max())), config.pad_token_id)
    for row, (one, answer) in enumerate(zip(asked, written, strict=True)):
        tokens[row, : len(one.tokens) + len(answer)] = torch.tensor([*one.tokens, *answer])
    tokens = tokens.to(device)
    mask = torch.arange(int(sizes.max()), device=device) < sizes[:, None]
    empty = torch.zeros(mask.shape, device=device)
    lower = torch.zeros((*tokens.shape, config.hidden_size), device=device)
    seen = Experience(lower, tokens, starts, mask, empty, empty.clone(), empty.clone(), empty.clone())
    reference = empty.clone()
    for rows in (starts + sizes).argsort().split(minibatch):
        length = seen.length(rows)
        x = policy.lower(tokens[rows, :length]).float()
        lower[rows, :length] = x
        answer = seen.answer(rows, length)
        log_probs, _, values = policy(x, tokens[rows, :length], answer)
        for into, flat in (
            (seen.log_probs, log_probs),
            (seen.values, values),
            (reference, policy.reference_scores(x, tokens[rows, :length], answer)),
        ):
            part = into[rows]
            part[mask[rows]] = flat
            into[rows] = part
    return seen, reference


def whiten(seen: Experience, accelerator: Accelerator) -> None:
    """Shift and scale the advantages of all processes to mean 0 and variance 1."""
    values = seen.advantages[seen.mask]
    sums = torch.stack([values.sum(), values.square().sum(), values.new_tensor(len(values))])
    total, squares, count = accelerator.reduce(sums.double(), "sum").tolist()
    mean = total / count
    variance = max(squares / count - mean**2, 0.0)
    seen.advantages = (seen.advantages - mean) / math.sqrt(variance + 1e-8) * seen.mask


def minibatches(seen: Experience, size: int, generator: torch.Generator) -> list[Tensor]:
    """Rows of each minibatch of one PPO epoch, int64 [at most size] each.

    Answers of like length come together, so that little work goes into padding, in an order that chance decides;
    chance blurs the lengths, too.
    """
    lengths = (seen.starts + seen.mask.sum(1)).cpu().float()
    blurred = lengths * (1 + 0.2 * torch.rand(len(lengths), generator=generator))
    batches = blurred.argsort().to(seen.tokens.device).split(size)
    return [batches[k] for k in torch.randperm(len(batches), generator=generator).tolist()]
