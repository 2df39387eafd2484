"""Words as the fit network knows them: how near two of them are, and which aspects of a picture they are about."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional as F

from ..composing.fit import Fit
from ..dressing.taken import wish_in
from ..prompts.syntax import set_aside
from ..prompts.words import content_words
from .aspects import ASPECTS

NEAR = 0.2  # a cosine up to which words have nothing to do with each other
# How much a word is liked or disliked, one standard deviation: any word; one that leans entirely to an aspect that a
# person cares about, because it does; and such a word for itself.
LIKE, CARE, OWN = 0.2, 3.0, 3.0
UNKNOWN = "[UNK]"


def words_of(prompt: str) -> list[str]:
    """The words of a prompt that say something, each once: no syntax, no articles, nothing of a JSON frame."""
    return list(dict.fromkeys(content_words(set_aside(wish_in(prompt)).words)))


def form_of(prompt: str) -> list[float]:
    """How a prompt is written, as three numbers of like size: its length, its phrases, the length of a phrase."""
    text = set_aside(wish_in(prompt)).words
    words, phrases = max(len(text.split()), 1), 1 + sum(text.count(mark) for mark in ",;.")
    return [2 * math.log(words), phrases / 4, math.log(words / phrases)]


@dataclass(eq=False)
class Meanings:
    """The fit network's embeddings of single words."""

    fit: Fit = field(repr=False)
    center: Tensor = field(init=False, repr=False)  # float32 [width]
    poles: list[tuple[Tensor, Tensor | None]] = field(init=False, repr=False)

    def __post_init__(self):
        self.center = self.table.mean(0)
        self.poles = [
            (self.vectors(one.split()), self.vectors(other.split()) if other else None)
            for one, other in ASPECTS.values()
        ]

    @property
    def table(self) -> Tensor:
        """The vector of each token, float32 [tokens, width]."""
        return self.fit.network.encoder.embeddings.word_embeddings.weight.detach().float()

    def vectors(self, words: Sequence[str]) -> Tensor:
        """float32 [words, width], each of length 1: the mean of its tokens, beside the mean of all.

        A word that the network does not know has a direction of its own, near to no other's.
        """
        return F.normalize(torch.stack([self.vector(word) for word in words]), dim=1)

    def vector(self, word: str) -> Tensor:
        """float32 [width] of one word, of any length."""
        tokens = self.fit.reader.tokenizer.encode(word, add_special_tokens=False)
        if not tokens.ids or UNKNOWN in tokens.tokens:
            seed = torch.Generator().manual_seed(zlib.crc32(word.encode()))
            return torch.randn(len(self.center), generator=seed)
        return self.table[tokens.ids].mean(0) - self.center

    def aspects(self, vectors: Tensor) -> Tensor:
        """How far words lean to the first pole of each aspect, from -1 to 1: float32 [words, aspects]."""
        columns = [
            leaning(vectors, one) - (0 if other is None else leaning(vectors, other)) for one, other in self.poles
        ]
        return torch.stack(columns, 1)

    def likeness(self, one: Tensor, other: Tensor, cared: Tensor) -> Tensor:
        """How much a like for each of some words says of each of others, a covariance: float32 [words, other words].

        Words that are near each other are liked together, and more so what leans to an aspect that a person cares
        about: the likes of such words follow how they lean, and differ from it by word.

        cared  float32 [aspects]: how likely it is that the person cares about each
        """
        near = (one @ other.T).clamp(min=0) ** 2
        mine, theirs = self.aspects(one), self.aspects(other)
        leaning = mine * cared @ theirs.T
        concerned = mine.abs().sqrt() * cared @ theirs.abs().sqrt().T
        return LIKE**2 * near + CARE**2 * leaning + OWN**2 * concerned * near**2


def leaning(vectors: Tensor, pole: Tensor) -> Tensor:
    """How near words are to the nearest word of a pole, 0 to 1: float32 [words]."""
    return ((vectors @ pole.T).amax(1) - NEAR).clamp(min=0) / (1 - NEAR)
