"""From logits to tokens: the sampling filters, and one random stream a candidate."""

import math

import torch

from ..request import MAX_SEED, Sampling

# Half-precision logits tie often. As transformers does, every token that ties with the k-th best stays in the
# top k; this is the room for them. Were there more, the surplus of equally unlikely tokens would be left out.
TIE_ROOM = 256

# The best words of a vocabulary are found group by group where there are as many words to a group.
LEAST_GROUP = 8

# Dividing by a temperature below this would overflow float32; the distribution is a spike long before.
COLDEST = 1e-6


def penalise_(scores: torch.Tensor, seen: torch.Tensor, penalty: float) -> None:
    """Make the tokens `seen` [rows, any] less likely in `scores` [rows, vocabulary], in place.

    Scores below 0 are multiplied by the penalty, others divided by it (CTRL, arXiv 1909.05858, section 4.1,
    as in transformers' RepetitionPenaltyLogitsProcessor: once for each token, however often it was seen).
    """
    if penalty == 1:
        return
    values = scores.gather(1, seen)
    scores.scatter_(1, seen, torch.where(values < 0, values * penalty, values / penalty))


def shortlist(scores: torch.Tensor, sampling: Sampling) -> tuple[torch.Tensor, torch.Tensor]:
    """The tokens that may come next and how likely each is, after temperature, top_k, top_p and min_p.

    scores: float32 [rows, vocabulary]. Returns probabilities float32 [rows, n] (0 for tokens filtered out,
    not normalised after top_p) and token ids int64 [rows, n]. The distribution is that of transformers'
    Temperature-, TopK-, TopP- and MinPLogitsWarper in this order; because temperature keeps the order of the tokens
    the top k can be taken first, and all that follows works on k numbers instead of the whole vocabulary.
    """
    vocabulary = scores.shape[-1]
    if 0 < sampling.top_k < vocabulary:
        scores, tokens = best_and_ties(scores, sampling.top_k)
    elif sampling.top_p < 1:
        scores, tokens = scores.sort(descending=True)
    else:
        tokens = torch.arange(vocabulary, device=scores.device).expand_as(scores)
    probabilities = (scores / max(sampling.temperature, COLDEST)).softmax(-1)
    if sampling.top_p < 1:
        # A token goes when it and all less likely ones together have at most 1 - top_p; the best one stays.
        at_or_below = probabilities.flip(-1).cumsum(-1).flip(-1)
        out = at_or_below <= 1 - sampling.top_p
        out[:, 0] = False
        probabilities = probabilities.masked_fill(out, 0)
    if sampling.min_p > 0:
        least = sampling.min_p * probabilities.amax(-1, keepdim=True)
        probabilities = probabilities.masked_fill(probabilities < least, 0)
    return probabilities, tokens


def best_and_ties(scores: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The k best of scores [rows, vocabulary] and those that tie with the k-th: values (-inf for what is neither) and
    token ids, both [rows, k or more], best first."""
    vocabulary = scores.shape[-1]
    if scores.device.type == "cpu":  # where looking is cheap, and ties are rare
        values, tokens = highest(scores, min(k + 1, vocabulary))
        if not (values[:, k - 1] == values[:, -1]).any():
            return values[:, :k], tokens[:, :k]
    values, tokens = highest(scores, min(k + TIE_ROOM, vocabulary))
    return values.masked_fill(values < values[:, k - 1, None], -math.inf), tokens


def highest(scores: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """What scores.topk(k) gives, quicker for a large vocabulary, in two stages: the k highest all lie in the k groups
    with the highest maxima."""
    size = 2 ** round(math.log2(scores.shape[-1] / k) / 2)  # as much to look through first as afterwards
    if size < LEAST_GROUP:
        return scores.topk(k)
    groups = scores.shape[-1] // size
    # A group is of words that lie apart: quick to compare.
    together = scores[:, : groups * size].unflatten(1, (size, groups))
    chosen = together.amax(1).topk(k, sorted=False).indices
    inside = torch.arange(0, groups * size, groups, device=scores.device)
    tokens = (chosen[:, None] + inside[:, None]).flatten(1)
    if groups * size < scores.shape[-1]:
        left = torch.arange(groups * size, scores.shape[-1], device=scores.device).expand(len(scores), -1)
        tokens = torch.cat((tokens, left), 1)
    values, places = scores.gather(1, tokens).topk(k)
    return values, tokens.gather(1, places)


def draw(probabilities: torch.Tensor, tokens: torch.Tensor, chances: torch.Tensor) -> torch.Tensor:
    """A token for each row: the cumulative distribution inverted at `chances` (float32 [rows], in [0, 1))."""
    cumulative = probabilities.cumsum(-1)
    # A float32 chance is at most 1 - 2**-24, and times the total it is less than the total however it is
    # rounded: the last token always counts as beyond it, so that the index is one of a token.
    index = (cumulative <= chances[:, None] * cumulative[:, -1:]).sum(-1)
    return tokens.gather(1, index[:, None]).squeeze(1)


def uniforms(seed: int, candidate: int, count: int) -> list[float]:
    """`count` numbers, 0 <= u < 1 with 24 bits each: the random stream of one candidate of one seed.

    SplitMix64 (Steele, Lea and Flood 2014) from a state that mixes seed and candidate: it needs no generator
    whose state others could disturb, and gives the same numbers with every version of every library.
    """
    state = mix64(mix64(int(seed)) + candidate)
    return [(mix64(state + step * GOLDEN_GAMMA) >> 40) * 2.0**-24 for step in range(1, count + 1)]


GOLDEN_GAMMA = 0x9E3779B97F4A7C15


def mix64(number: int) -> int:
    """SplitMix64's finaliser: each bit of the 64-bit input flips each bit of the result half of the time."""
    number &= MAX_SEED
    number = (number ^ (number >> 30)) * 0xBF58476D1CE4E5B9 & MAX_SEED
    number = (number ^ (number >> 27)) * 0x94D049BB133111EB & MAX_SEED
    return number ^ (number >> 31)
