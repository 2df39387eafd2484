"""Rollouts: one sampled answer to each of many different prompts at once, and the text a user would see of it.

Prompts of different lengths are padded on the left, so that all rows write their next token in the same step. Padding
is masked out and positions are counted from a row's own beginning: a row's answer is what it would be alone.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from ...beautifier.language.network import DecoderOnly
from ...beautifier.language.steps import Answer

# Rows that have ended are taken out once this share of the rows is left; copying the cache costs about a step.
COMPACT = 0.75
# Words of the vocabulary in one block of the two-stage draw.
BLOCK = 512


@torch.inference_mode()
def sample(
    network: DecoderOnly,
    prompts: Sequence[Sequence[int]],
    max_new_tokens: int,
    chances: Tensor,
    rows_at_once: int = 64,
    head: Tensor | None = None,
) -> list[Answer]:
    """Sample an answer to each prompt from the network's own distribution: no top-k, no top-p, temperature 1.

    prompts       token ids, each at least one
    chances       float32 [rows, max_new_tokens] in [0, 1): the random number of every token. Row k's answer depends
                  on prompts[k] and chances[k] alone, up to floating-point error.
    rows_at_once  how many rows share a KV cache
    head          the output layer [vocab, hidden] in another dtype than the network's own
    """
    head = network.output_weight if head is None else head
    answers: list[Answer] = []
    for first in range(0, len(prompts), rows_at_once):
        part = slice(first, first + rows_at_once)
        answers += _sample_rows(network, head, prompts[part], max_new_tokens, chances[part])
    return answers


def _sample_rows(
    network: DecoderOnly, head: Tensor, prompts: Sequence[Sequence[int]], max_new_tokens: int, chances: Tensor
) -> list[Answer]:
    device, config = network.device, network.config
    longest = max(map(len, prompts))
    steps = max_new_tokens
    if config.max_positions is not None:
        steps = min(steps, config.max_positions - longest)
    if steps < 1:
        raise ValueError(
            f"a prompt of {longest} tokens leaves no room for an answer in {config.max_positions} positions"
        )
    tokens = torch.full((len(prompts), longest), config.pad_token_id)
    for row, prompt in enumerate(prompts):
        tokens[row, longest - len(prompt) :] = torch.tensor(prompt)
    tokens = tokens.to(device)
    padding = torch.tensor([longest - len(prompt) for prompt in prompts], device=device)
    chances = chances.to(device)

    cache = network.new_cache(len(prompts), longest + steps)
    rows = list(range(len(prompts)))  # which answer each row of the cache belongs to
    written: list[list[int]] = [[] for _ in prompts]
    finished = [False] * len(prompts)
    going = [True] * len(prompts)  # by row of the cache
    for step in range(steps):
        hidden = network(tokens, cache, padding)[:, -1]
        chosen = draw((hidden.to(head.dtype) @ head.t()).float(), chances[:, step])
        for place, token in enumerate(chosen.tolist()):
            if not going[place]:
                continue
            if token in config.ends:
                finished[rows[place]], going[place] = True, False
            else:
                written[rows[place]].append(token)
        if not any(going) or step + 1 == steps:
            break
        tokens = chosen[:, None]
        if sum(going) <= COMPACT * len(rows):
            left = [place for place, more in enumerate(going) if more]
            index = torch.tensor(left, device=device)
            cache, tokens, padding, chances = (cache.reorder(index), tokens[index], padding[index], chances[index])
            rows, going = [rows[place] for place in left], [True] * len(left)
    return [Answer(tuple(answer), ended) for answer, ended in zip(written, finished, strict=True)]


def answer_in(tokens: Sequence[int], ends: Sequence[int]) -> Answer:
    """What another sampler wrote before the first token that ends an answer, and whether there is one."""
    end = next((place for place, token in enumerate(tokens) if token in ends), None)
    return Answer(tuple(tokens[:end]), end is not None)


def draw(logits: Tensor, chances: Tensor) -> Tensor:
    """A token for each row of logits float32 [rows, vocabulary]: their distribution's cumulative sum inverted at
    `chances` (float32 [rows], in [0, 1)). int64 [rows].

    First a block of the vocabulary is drawn, then a word in it: a sum over 250,000 words in one go would cost time
    and lose the small ones in float32's rounding.
    """
    weights = (logits - logits.amax(-1, keepdim=True)).exp_()
    weights = F.pad(weights, (0, -weights.shape[1] % BLOCK)).view(len(weights), -1, BLOCK)
    block, rest = _invert(weights.sum(-1), chances)
    inside, _ = _invert(weights[torch.arange(len(weights), device=weights.device), block], rest)
    return block * BLOCK + inside


def _invert(weights: Tensor, chances: Tensor) -> tuple[Tensor, Tensor]:
    """The index that each chance falls on among weights [rows, n], and where in its part of the sum, in [0, 1)."""
    cumulative = weights.cumsum(-1)
    point = chances * cumulative[:, -1]  # below the total, however it is rounded: chances are at most 1 - 2**-24
    index = (cumulative <= point[:, None]).sum(-1)
    width = weights.gather(1, index[:, None])[:, 0]
    before = cumulative.gather(1, index[:, None])[:, 0] - width
    return index, ((point - before) / width).clamp(0, 1 - 2**-24)
