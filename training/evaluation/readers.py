"""Which candidate of each method is taken, and the figures of the prompts that were taken."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..pictures.scorers import kind_of
from .asked import Asked
from .language_models import Judge, Sentences
from .methods import Method
from .texts import Figure, Numbers, plain_figures


def take_best(
    methods: Sequence[Method], candidates: dict[str, list[list[str]]], raw_prompts: Sequence[str], reward
) -> dict[str, list[str]]:
    """The prompt of each method for each raw prompt: its only one, or the one that the reward model ranks first."""
    chosen, known = {}, {}
    for method in methods:
        written = candidates[method.name]
        if method.best_of == 1:
            chosen[method.name] = [texts[0] for texts in written]
            continue
        if reward is None:
            raise ValueError(f"{method.name} takes the best of {method.best_of}, and --reward says by which model")
        raws = [raw for raw, texts in zip(raw_prompts, written, strict=True) for _ in texts]
        flat = [text for texts in written for text in texts]
        key = (method.spec, method.best_of)
        if key not in known:
            known[key] = reward.terms(raws, flat)
        scores = with_alpha(reward, method.alpha).weigh(known[key]).tolist()
        chosen[method.name], start = [], 0
        for texts in written:
            own = scores[start : start + len(texts)]
            chosen[method.name].append(texts[own.index(max(own))])
            start += len(texts)
    return chosen


def with_alpha(reward, alpha: float | None):
    """The reward model with alpha as the weight of its first term and 1 - alpha as that of its second."""
    if alpha is None:
        return reward
    if len(reward.weighted) != 2:
        raise ValueError(f"alpha weighs two terms, and the reward model {reward.name} has {len(reward.weighted)}")
    (_, first), (_, second) = reward.weighted
    return replace(reward, weighted=((alpha, first), (1 - alpha, second)))


@dataclass(frozen=True)
class Readers:
    """What looks at texts; each may be None, and its columns are left out then."""

    named: frozenset[str] | None = None
    reward: object | None = None
    judge: Judge | None = None
    sentences: Sentences | None = None

    def figures(self, raw_prompts: Sequence[str], prompts: Sequence[str]) -> dict[Figure, Numbers]:
        """All figures of one method's prompts."""
        found = plain_figures(raw_prompts, prompts, self.named)
        if self.sentences is not None:
            found[Figure("meaning kept", 3, better=1)] = Numbers.of(self.sentences.likeness(raw_prompts, prompts))
        if self.judge is not None:
            figure = Figure(f"perplexity ({self.judge.name})", 2, better=-1, log=True)
            found[figure] = Numbers(*self.judge.nats(raw_prompts, prompts))
        if self.reward is not None:
            terms = self.reward.terms(raw_prompts, prompts)
            found[Figure("reward", 3, better=1)] = Numbers.of(self.reward.weigh(terms).tolist())
            if len(terms) > 1:
                found |= {Figure(name, 3, better=1): Numbers.of(each.tolist()) for name, each in terms.items()}
        return found


def own_perplexity(methods: Sequence[Method], asked: Sequence[Asked], device: str) -> dict[str, dict[Figure, Numbers]]:
    """How well each checkpoint on disk predicts the data set's own prompts, in its own tokens and in bits per byte."""
    known = [each for each in asked if each.reference]
    found = {}
    for spec in dict.fromkeys(method.spec for method in methods):
        if not known or not (Path(spec) / "beautifier.json").is_file():
            continue
        judge = Judge(spec, device)
        if judge.beautifier.family.continues:
            continue
        references = [each.reference for each in known]
        nats, tokens = judge.nats([each.raw_prompt for each in known], references)
        sizes = np.array([len(reference.encode()) for reference in references], np.float64)
        found[spec] = {
            Figure("perplexity per token", 3, better=-1, log=True): Numbers(nats, tokens),
            Figure("bits per byte", 4, better=-1): Numbers(nats / math.log(2), sizes),
        }
    return found


def scorer_figure(spec: str) -> Figure:
    """The column of a scorer of NAME or NAME=FOLDER. Raises ValueError for an unknown name."""
    kind = kind_of(spec)
    return Figure(kind.title, kind.decimals + 1, better=1)
