"""What a person was shown and took: choices of one prompt of several, as numbers in a row, and their probability."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .meanings import Meanings, form_of, words_of


@dataclass(frozen=True)
class Choice:
    """What was taken: prompts, the index of the one, and what the shipped reward model says of each."""

    prompts: tuple[str, ...]
    taken: int
    worth: tuple[float, ...]


@dataclass(frozen=True)
class Shown:
    """All prompts of some choices in a row, each beside the mean of its choice.

    vectors  float32 [words, width], of the words in any of them
    leans    float32 [words, aspects]: how far each word leans to an aspect
    words    float32 [prompts, words]: which has which
    form     float32 [prompts, 3]
    worth    float32 [prompts]
    choice   int64 [prompts]: which choice it is of
    taken    float32 [prompts]: 1 for those that were taken
    """

    vectors: Tensor
    leans: Tensor
    words: Tensor
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
        return cls(vectors, meanings.aspects(vectors), words, form, worth, choice, taken)


def beside_mean(rows: Tensor, choice: Tensor) -> Tensor:
    """Rows less the mean of the rows of their choice: what all of a choice have in common decides nothing."""
    sums = torch.zeros(int(choice.max()) + 1, rows.shape[1]).index_add_(0, choice, rows)
    return rows - (sums / torch.bincount(choice)[:, None])[choice]


HALVINGS = 8  # of a step that would lead down


def climbed(point: Tensor, step: Tensor, height: Callable[[Tensor], float]) -> Tensor:
    """A point one step of Newton's method further, or a part of it where the whole would lead down."""
    start = height(point)
    for _ in range(HALVINGS):
        if height(point + step) >= start:
            return point + step
        step = step / 2
    return point


def chance(values: Tensor, shown: Shown) -> tuple[Tensor, float]:
    """The probability of each prompt within its choice, float32 [prompts], and the log probability of what was
    taken."""
    powers = (values - values.max()).exp()
    sums = torch.zeros(int(shown.choice.max()) + 1).index_add_(0, shown.choice, powers)
    found = (powers / sums[shown.choice]).clamp(min=1e-9)
    return found, found[shown.taken > 0].log().sum().item()
