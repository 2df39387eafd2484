"""A taste: a Bradley-Terry model of what one person takes, learnt from some dozens of choices.

A choice is one prompt of several. Its probability is exp(v) of the prompt taken, over the sum of exp(v) of all that
were shown: Bradley and Terry's for two, Luce's for more. The value of a prompt y for a raw prompt x is

    v(x, y) = a · r(x, y) + sum of likes of the words in y + b · form(y)

where r is the shipped reward model. Before anything is learnt, likes of words are Gaussian with a covariance that says
which words are alike (meanings.py): who likes "moonlit" probably likes "dusk". Which aspects of a picture, or of how a
prompt is written, a person cares about at all is found first (caring.py). The likeliest values are found by Newton's
method in the space of the prompts seen (Rasmussen and Williams 2006, section 3.4), and the evidence of Laplace's
approximation says how much the choices speak for a taste at all: somebody who takes what the reward model
puts first anyway has none, and then r alone ranks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from .caring import cares
from .choices import Choice, Shown, chance, climbed
from .meanings import CARE, Meanings, form_of, words_of

# How much each number of form_of is liked, one standard deviation: in any case, and where a person cares about it.
FORM, FORM_CARED = 0.2, 2.0
# a: how much the reward model counts, for what it says of the prompts of a choice in standard deviations.
TRUST = 0.2
TRUST_VARIES = 0.25
# a of people without a taste of their own: they take anything, or follow the reward model more or less closely. For the
# first it ranks all the same.
FOLLOWS = (0.0, 0.25, 1.0, 2.0)
MOST_HAVE_ONE = 1.1  # log odds that somebody has a taste, before anything is known: three to one
STEPS, STILL = 20, 1e-3  # of Newton's method: at most so many, and where a step changes less it ends
LEAST_PICKS = 10
MOST_PICKS = 200  # older ones are forgotten: people change, and time is short


@dataclass(eq=False)
class Taste:
    """A fitted taste: what it says of words by those that it has seen.

    picks     how many choices it was learnt from
    trust     a: how much the reward model counts
    vectors   float32 [words seen, width]
    likes     float32 [words seen]; a like for another word follows from them
    form      float32 [3], see form_of
    has_one   0 to 1: how likely it is that there is a taste at all
    cared     float32 [aspects]: how likely it is that the person cares about each
    """

    meanings: Meanings = field(repr=False)
    picks: int
    trust: float
    vectors: Tensor = field(repr=False)
    likes: Tensor = field(repr=False)
    form: Tensor = field(repr=False)
    has_one: float
    cared: Tensor = field(repr=False)

    def values(self, prompts: Sequence[str], worth: Sequence[float]) -> list[float]:
        """v of each prompt; worth: what the reward model says of each."""
        words = [words_of(prompt) for prompt in prompts]
        known = list(dict.fromkeys(word for each in words for word in each))
        liked: dict[str, float] = {}
        if known:
            likeness = self.meanings.likeness(self.meanings.vectors(known), self.vectors, self.cared)
            liked = dict(zip(known, (likeness @ self.likes).tolist(), strict=True))
        form = torch.tensor([form_of(prompt) for prompt in prompts]) @ self.form
        return [
            self.trust * value + sum(liked[word] for word in each) + written
            for each, value, written in zip(words, worth, form.tolist(), strict=True)
        ]


def learn(choices: Sequence[Choice], meanings: Meanings) -> Taste:
    """The taste that choices show; at least one of them. At most the last MOST_PICKS are read."""
    read = choices[-MOST_PICKS:]
    shown = Shown.of(read, meanings)
    unit = shown.worth.square().mean().sqrt().item() or 1.0
    shown = replace(shown, worth=shown.worth / unit)
    offset = TRUST * shown.worth
    others = torch.cat([FORM * shown.form, TRUST_VARIES * shown.worth[:, None]], 1)
    leans = shown.words @ shown.leans
    shares = cares(torch.cat([CARE * leans, FORM_CARED * shown.form], 1), others, offset, shown)
    cared, written = shares.split([leans.shape[1], shown.form.shape[1]])
    others = torch.cat([others, FORM_CARED * written.sqrt() * shown.form], 1)
    likeness = meanings.likeness(shown.vectors, shown.vectors, cared)
    spread = shown.words @ likeness @ shown.words.T + others @ others.T
    found, evidence = likeliest(spread, offset, shown)
    follows = [chance(each * shown.worth, shown)[1] for each in FOLLOWS]
    odds = torch.tensor([evidence + MOST_HAVE_ONE, *follows]).softmax(0)
    own, rest = odds[0].item(), odds[1:].tolist()
    trust = own * (TRUST + TRUST_VARIES**2 * (shown.worth @ found).item())
    trust += sum(share * max(each, TRUST) for share, each in zip(rest, FOLLOWS, strict=True))
    likes = own * shown.words.T @ found
    form = own * (FORM**2 + FORM_CARED**2 * written) * (shown.form.T @ found)
    return Taste(meanings, len(choices), trust / unit, shown.vectors, likes, form, own, cared)


def likeliest(spread: Tensor, offset: Tensor, shown: Shown) -> tuple[Tensor, float]:
    """The weights [prompts] of the likeliest values, which are spread @ weights, and their log evidence.

    spread  float32 [prompts, prompts], the covariance of the values before anything was chosen
    offset  float32 [prompts], what is added to the values
    """
    weights, one = torch.zeros(len(offset)), torch.eye(len(offset))
    together = (shown.choice[:, None] == shown.choice[None]).float()

    def height(weights: Tensor) -> float:
        values = spread @ weights
        return chance(values + offset, shown)[1] - 0.5 * (weights @ values).item()

    for _ in range(STEPS):
        values = spread @ weights
        found, _ = chance(values + offset, shown)
        curve = torch.diag(found) - together * torch.outer(found, found)
        step = torch.linalg.solve(one + curve @ spread, curve @ values + shown.taken - found) - weights
        weights = climbed(weights, step, height)
        if (spread @ step).abs().max() < STILL:
            break
    found, _ = chance(spread @ weights + offset, shown)
    root = torch.diag(found.sqrt()) - together * torch.outer(found, found.sqrt())
    volume = torch.linalg.slogdet(one + root.T @ spread @ root)[1].item()
    return weights, height(weights) - 0.5 * volume
