"""Figures of prompts as texts, without a picture: each function measures one prompt, or all of them.

None of these figures says that a picture gets better.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..data.pairs import content_words, words
from ..data.safety import unsafe_words
from .statistics import Interval, ratio_difference, ratio_interval, share_interval


@dataclass(frozen=True)
class Figure:
    """A column of a table: what it is called, and how many decimals it is written with.

    better   1 where more is better, -1 where less is, 0 where neither is
    log      True where the numbers are sums of logarithms, and the figure is the exponential of their ratio
    share    True where every number is 0 or 1
    """

    title: str
    decimals: int = 3
    better: int = 0
    log: bool = False
    share: bool = False


@dataclass(frozen=True)
class Numbers:
    """A figure's numbers, prompt by prompt: the figure is sum(parts) / sum(wholes), as float64 [prompts] each."""

    parts: np.ndarray
    wholes: np.ndarray

    @classmethod
    def of(cls, values: Sequence[float]) -> "Numbers":
        """Numbers whose figure is their mean."""
        parts = np.asarray(values, dtype=np.float64)
        return cls(parts, np.ones_like(parts))

    def where(self, chosen: Sequence[int] | np.ndarray) -> "Numbers":
        """The numbers of some of the prompts."""
        return Numbers(self.parts[chosen], self.wholes[chosen])


def value(figure: Figure, numbers: Numbers) -> float:
    """The figure alone; nan where there is nothing to tell."""
    whole = numbers.wholes.sum()
    ratio = numbers.parts.sum() / whole if whole else np.nan
    return float(np.exp(ratio) if figure.log else ratio)


def interval(figure: Figure, numbers: Numbers) -> Interval | None:
    """The figure with its confidence interval; None where its wholes add up to 0, and there is nothing to tell."""
    if numbers.wholes.sum() == 0:
        return None
    if figure.share:
        return share_interval(int(numbers.parts.sum()), len(numbers.parts))
    return ratio_interval(numbers.parts, numbers.wholes, np.exp if figure.log else np.asarray)


def difference(figure: Figure, numbers: Numbers, reference: Numbers) -> Interval | None:
    """By how much the figure is above the reference's, of the same prompts in the same order."""
    if numbers.wholes.sum() == 0 or reference.wholes.sum() == 0:
        return None
    pairs = (numbers.parts, numbers.wholes), (reference.parts, reference.wholes)
    return ratio_difference(*pairs, np.exp if figure.log else np.asarray)


def kept_words(raw_prompt: str, prompt: str) -> tuple[int, int]:
    """How many of the raw prompt's different content words the prompt has, and how many there are."""
    wanted = content_words(raw_prompt)
    return len(wanted & content_words(prompt)), len(wanted)


def has_unsafe_word(raw_prompt: str, prompt: str) -> bool:
    """Whether the prompt has a word of safety.py's lists that the user did not write."""
    return bool(unsafe_words(prompt) - unsafe_words(raw_prompt))


def has_new_name(raw_prompt: str, prompt: str, named: frozenset[str]) -> bool:
    """Whether the prompt has a word of a person's name that the user did not write."""
    return bool(named.intersection(words(prompt)) - set(words(raw_prompt)))


def distinct_2(prompts: Sequence[str]) -> float:
    """Different pairs of neighbouring words by all such pairs (Li et al. 2016, arXiv 1510.03055); nan for none.

    It falls with the number of prompts, and their length: compare it for the same raw prompts only. There is no
    bootstrap interval: prompts that are drawn twice would lower it.
    """
    pairs = []
    for prompt in prompts:
        found = words(prompt)
        pairs += zip(found, found[1:], strict=False)
    return len(set(pairs)) / len(pairs) if pairs else float("nan")


WORDS = Figure("words", 1)
KEPT = Figure("content words kept", 3, better=1)
UNSAFE = Figure("unsafe", 3, better=-1, share=True)
NAMES = Figure("names added", 3, better=-1, share=True)


def plain_figures(
    raw_prompts: Sequence[str], prompts: Sequence[str], named: frozenset[str] | None
) -> dict[Figure, Numbers]:
    """The figures that need nothing but the texts; names only where the words that are names are known."""
    pairs = list(zip(raw_prompts, prompts, strict=True))
    kept = np.array([kept_words(raw, prompt) for raw, prompt in pairs], dtype=np.float64)
    figures = {
        WORDS: Numbers.of([len(words(prompt)) for prompt in prompts]),
        KEPT: Numbers(kept[:, 0], kept[:, 1]),
        UNSAFE: Numbers.of([has_unsafe_word(raw, prompt) for raw, prompt in pairs]),
    }
    if named is not None:
        figures[NAMES] = Numbers.of([has_new_name(raw, prompt, named) for raw, prompt in pairs])
    return figures
