"""A taste: a Bradley-Terry model of what one person takes, learnt from some dozens of choices.

A choice is one prompt of several. Its probability is exp(v) of the prompt taken, over the sum of exp(v) of all that
were shown: Bradley and Terry's for two, Luce's for more. The value of a prompt y for a raw prompt x is

    v(x, y) = a · r(x, y) + sum of likes of the words in y + b · form(y)

where r is the shipped reward model. Before anything is learnt, likes of words are Gaussian with a covariance that says
which words are alike (meanings.py): who likes "moonlit" probably likes "dusk". The likeliest values are found by
Newton's method in the space of the prompts seen (Rasmussen and Williams 2006, section 3.4), and the evidence of
Laplace's approximation says how much the choices speak for a taste at all: somebody who takes what the reward model
puts first anyway has none, and then r alone ranks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from .meanings import Meanings, form_of, words_of

LIKE = 0.3  # how much a word is liked or disliked, one standard deviation
FORM = 1.0  # the same for each number of form_of
TRUST = 0.5  # a: how much the reward model counts
TRUST_VARIES = 0.3
FOLLOWS = (0.5, 2.0, 4.0)  # a of people without a taste of their own, who follow the reward model more or less closely
MOST_HAVE_ONE = 1.1  # log odds that somebody has a taste, before anything is known: three to one
STEPS, STILL = 20, 1e-3  # of Newton's method: at most so many, and where a step changes less it ends
LEAST_PICKS = 10
MOST_PICKS = 200  # older ones are forgotten: people change, and time is short


@dataclass(frozen=True)
class Choice:
    """What was taken: prompts, the index of the one, and what the shipped reward model says of each."""

    prompts: tuple[str, ...]
    taken: int
    worth: tuple[float, ...]


@dataclass(eq=False)
class Taste:
    """A fitted taste: what it says of words by those that it has seen.

    picks     how many choices it was learnt from
    trust     a: how much the reward model counts
    vectors   float32 [words seen, width]
    likes     float32 [words seen]; a like for another word follows from them
    form      float32 [3], see form_of
    has_one   0 to 1: how likely it is that there is a taste at all
    """

    meanings: Meanings = field(repr=False)
    picks: int
    trust: float
    vectors: Tensor = field(repr=False)
    likes: Tensor = field(repr=False)
    form: Tensor = field(repr=False)
    has_one: float

    def values(self, prompts: Sequence[str], worth: Sequence[float]) -> list[float]:
        """v of each prompt; worth: what the reward model says of each."""
        words = [words_of(prompt) for prompt in prompts]
        known = list(dict.fromkeys(word for each in words for word in each))
        liked: dict[str, float] = {}
        if known:
            likeness = self.meanings.likeness(self.meanings.vectors(known), self.vectors)
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
    spread = LIKE**2 * shown.by_words @ shown.words.T + FORM**2 * shown.form @ shown.form.T
    spread += TRUST_VARIES**2 * torch.outer(shown.worth, shown.worth)
    found, evidence = likeliest(spread, TRUST * shown.worth, shown)
    follows = [chance(each * shown.worth, shown)[1] for each in FOLLOWS]
    odds = torch.tensor([evidence + MOST_HAVE_ONE, *follows]).softmax(0)
    own, others = odds[0].item(), odds[1:].tolist()
    trust = own * (TRUST + TRUST_VARIES**2 * (shown.worth @ found).item())
    trust += sum(share * each for share, each in zip(others, FOLLOWS, strict=True))
    likes = own * LIKE**2 * shown.words.T @ found
    form = own * FORM**2 * shown.form.T @ found
    return Taste(meanings, len(choices), trust, shown.vectors, likes, form, own)


@dataclass(frozen=True)
class Shown:
    """All prompts of some choices in a row, each beside the mean of its choice.

    vectors   float32 [words, width], of the words in any of them
    words     float32 [prompts, words]: which has which
    by_words  float32 [prompts, words]: words · likeness of words
    form      float32 [prompts, 3]
    worth     float32 [prompts]
    choice    int64 [prompts]: which choice it is of
    taken     float32 [prompts]: 1 for those that were taken
    """

    vectors: Tensor
    words: Tensor
    by_words: Tensor
    form: Tensor
    worth: Tensor
    choice: Tensor
    taken: Tensor

    @classmethod
    def of(cls, choices: Sequence[Choice], meanings: Meanings) -> Shown:
        """The prompts of choices."""
        prompts = [prompt for each in choices for prompt in each.prompts]
        said = [words_of(prompt) for prompt in prompts]
        places = {word: place for place, word in enumerate(dict.fromkeys(word for each in said for word in each))}
        words = torch.zeros(len(prompts), max(len(places), 1))
        for row, each in enumerate(said):
            words[row, [places[word] for word in each]] = 1
        vectors = meanings.vectors(list(places) or [""])
        choice = torch.tensor([number for number, each in enumerate(choices) for _ in each.prompts])
        taken = torch.tensor([float(place == each.taken) for each in choices for place in range(len(each.prompts))])
        words = beside_mean(words, choice)
        form = beside_mean(torch.tensor([form_of(prompt) for prompt in prompts]), choice)
        worth = beside_mean(torch.tensor([[value] for each in choices for value in each.worth]), choice)[:, 0]
        return cls(vectors, words, words @ meanings.likeness(vectors, vectors), form, worth, choice, taken)


def beside_mean(rows: Tensor, choice: Tensor) -> Tensor:
    """Rows less the mean of the rows of their choice: what all of a choice have in common decides nothing."""
    sums = torch.zeros(int(choice.max()) + 1, rows.shape[1]).index_add_(0, choice, rows)
    return rows - (sums / torch.bincount(choice)[:, None])[choice]


def chance(values: Tensor, shown: Shown) -> tuple[Tensor, float]:
    """The probability of each prompt within its choice, float32 [prompts], and the log probability of what was
    taken."""
    powers = (values - values.max()).exp()
    sums = torch.zeros(int(shown.choice.max()) + 1).index_add_(0, shown.choice, powers)
    found = (powers / sums[shown.choice]).clamp(min=1e-9)
    return found, found[shown.taken > 0].log().sum().item()


def likeliest(spread: Tensor, offset: Tensor, shown: Shown) -> tuple[Tensor, float]:
    """The weights [prompts] of the likeliest values, which are spread @ weights, and their log evidence.

    spread  float32 [prompts, prompts], the covariance of the values before anything was chosen
    offset  float32 [prompts], what is added to the values
    """
    values, one = torch.zeros(len(offset)), torch.eye(len(offset))
    together = (shown.choice[:, None] == shown.choice[None]).float()
    weights = values
    for _ in range(STEPS):
        found, _ = chance(values + offset, shown)
        curve = torch.diag(found) - together * torch.outer(found, found)
        weights = torch.linalg.solve(one + curve @ spread, curve @ values + shown.taken - found)
        before, values = values, spread @ weights
        if (values - before).abs().max() < STILL:
            break
    found, likelihood = chance(values + offset, shown)
    root = torch.diag(found.sqrt()) - together * torch.outer(found, found.sqrt())
    volume = torch.linalg.slogdet(one + root.T @ spread @ root)[1].item()
    return weights, likelihood - 0.5 * (weights @ values).item() - 0.5 * volume
