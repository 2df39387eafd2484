"""The embedded reward model: which of two prompts a careful reader prefers, less what was lost of the raw prompt.

    r(x, y) = preference(x, y) - 3 lost(x, y)

preference is the fit network's third number, a Bradley-Terry value learnt from blind comparisons. lost counts what
faithful.check finds against x, and what is missing from y: a count, a color, a quoted text or a name is one each. Other
words may be said in other words, as "plastic bag" for "carrier bag": they count by their share of x.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter

import torch
from torch import Tensor

from ..composing.fit import PREFERENCE, Fit
from ..faithful import check, words_to_keep
from ..prompts.syntax import set_aside
from ..wishes.wish import read

LOST = 3.0  # what one loss costs, in units of preference
MOST_LOST = 4.0  # more than so many losses make a prompt no worse
ALL_WORDS = 1.0  # losses that a prompt has in which no word of the raw prompt is left


@dataclass(eq=False)
class Preference:
    """The fit network as a term of a reward model."""

    fit: Fit = field(repr=False)
    name: str = "preference"

    def score(
        self,
        raw_prompts: Sequence[str],
        prompts: Sequence[str],
        batch_size: int = 32,
        on_step: Callable[[int, int], object] | None = None,
    ) -> Tensor:
        """float32 [N] on the CPU: the Bradley-Terry value of each prompt for its raw prompt."""
        values, done = [], 0
        for raw, pairs in groupby(zip(raw_prompts, prompts, strict=True), key=itemgetter(0)):
            texts = [set_aside(prompt).words for _, prompt in pairs]
            values.append(self.fit.read(set_aside(raw).words, texts)[:, PREFERENCE])
            done += len(texts)
            if on_step:
                on_step(done, len(prompts))
        return torch.cat(values)


@dataclass(eq=False)
class Losses:
    """How much of the raw prompt is missing from a prompt, or goes against it, as a term of a reward model."""

    name: str = "lost"

    def score(
        self,
        raw_prompts: Sequence[str],
        prompts: Sequence[str],
        batch_size: int = 32,
        on_step: Callable[[int, int], object] | None = None,
    ) -> Tensor:
        """float32 [N] on the CPU: the losses, 0 to MOST_LOST."""
        counts = []
        for done, (raw, prompt) in enumerate(zip(raw_prompts, prompts, strict=True), 1):
            counts.append(losses(set_aside(raw).words, set_aside(prompt).words))
            if on_step:
                on_step(done, len(prompts))
        return torch.tensor(counts)


def losses(raw_prompt: str, prompt: str) -> float:
    """How much of a raw prompt a prompt lost or says against it, 0 to MOST_LOST; both without the syntax of tools."""
    wish = read(raw_prompt)
    words, found = words_to_keep(wish), check(wish, prompt)
    missing = [each for each in found.lost if each in words and each not in wish.names]
    whole = len(found.lost) - len(missing) + len(found.against)
    return min(whole + ALL_WORDS * len(missing) / max(1, len(words)), MOST_LOST)
