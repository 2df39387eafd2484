"""Text reward models: how good a picture a prompt is going to make, told from its words alone.

A reward model is a weighted sum of terms, r(x, y) = sum of weight · term(x, y), for a raw prompt x and a detailed
prompt y. Each term is a regressor: a BLOOM or GPT-2 network with one output on its last token. BeautifulPrompt
(arXiv 2311.06752) has r = α · r_ps(x, y) + (1 - α) · r_aes(y) with α = 0.7; an earlier description of the same
system has a term for the consistency of y with x. training/reward.py makes them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor, nn

from ..dressing.taken import wish_in
from ..files import read_json
from ..request import is_number
from .folders import NOTES, check_is_reward_folder, combined_folders
from .regressor import BATCH, Regressor, check_prompts, load_regressor

if TYPE_CHECKING:
    from ..request import Candidate


@dataclass(frozen=True)
class RankedPrompt:
    """A prompt, its score, and the terms by name that the score is the weighted sum of."""

    prompt: str
    score: float
    terms: dict[str, float]


class Term(Protocol):
    """Anything with a name and a Regressor's `score`."""

    name: str

    def score(
        self,
        raw_prompts: Sequence[str],
        prompts: Sequence[str],
        batch_size: int = BATCH,
        on_step: Callable[[int, int], object] | None = None,
    ) -> Tensor:
        """float32 [N] on the CPU, a number for each pair."""
        ...


@dataclass(eq=False)
class RewardModel:
    """A weighted sum of terms.

    weighted  (weight, term) in order. A term is a Regressor, or a measure of your own, of consistency for example
    """

    name: str
    weighted: tuple[tuple[float, Term], ...]

    def score(
        self,
        raw_prompts: Sequence[str],
        prompts: Sequence[str],
        batch_size: int = BATCH,
        on_step: Callable[[int, int], object] | None = None,
    ) -> Tensor:
        """r(x, y) of each pair: float32 [N] on the CPU, higher is better.

        Only the words are read; a prompt without any is scored as an empty text. Raises ValueError for lists that
        are empty or of different lengths, and where a term is no finite number.
        """
        return self.weigh(self.terms(raw_prompts, prompts, batch_size, on_step))

    def terms(
        self,
        raw_prompts: Sequence[str],
        prompts: Sequence[str],
        batch_size: int = BATCH,
        on_step: Callable[[int, int], object] | None = None,
    ) -> dict[str, Tensor]:
        """Each term by its name, not weighted: float32 [N] on the CPU. Arguments and errors are those of score."""
        check_prompts(raw_prompts, prompts)
        total = len(prompts) * len(self.weighted)
        values = {}
        for before, (_, term) in enumerate(self.weighted):

            def step(done: int, _: int, before: int = before) -> None:
                if on_step:
                    on_step(before * len(prompts) + done, total)

            values[term.name] = term.score(raw_prompts, prompts, batch_size, step)
        return values

    def weigh(self, terms: dict[str, Tensor]) -> Tensor:
        """The weighted sum of the terms, which are what `terms` returns."""
        return torch.stack([weight * terms[term.name] for weight, term in self.weighted]).sum(0)

    def rank(
        self,
        raw_prompt: str,
        candidates: list[Candidate],
        batch_size: int = BATCH,
        on_step: Callable[[int, int], object] | None = None,
    ) -> list[Candidate]:
        """The candidates with their scores, highest first; equal ones stay in the order they came in.

        Of a raw prompt that was pasted with its settings, or is JSON, its words alone count; of a candidate in
        JSON too.
        """
        raw_prompt = wish_in(raw_prompt)
        texts = [wish_in(candidate.text) for candidate in candidates]
        scores = self.score([raw_prompt] * len(texts), texts, batch_size, on_step).tolist()
        order = sorted(range(len(scores)), key=lambda i: -scores[i])
        return [replace(candidates[i], score=scores[i]) for i in order]

    def rank_prompts(
        self,
        raw_prompt: str,
        prompts: Sequence[str],
        batch_size: int = BATCH,
        on_step: Callable[[int, int], object] | None = None,
    ) -> list[RankedPrompt]:
        """Prompts that were written for a raw prompt, ranked as by `rank`, each with its terms."""
        terms = self.terms([raw_prompt] * len(prompts), prompts, batch_size, on_step)
        scores = self.weigh(terms).tolist()
        ranked = [
            RankedPrompt(prompt, scores[i], {name: values[i].item() for name, values in terms.items()})
            for i, prompt in enumerate(prompts)
        ]
        return sorted(ranked, key=lambda each: -each.score)

    @property
    def networks(self) -> nn.ModuleList:
        """The networks of all terms, to be moved between devices as one."""
        return nn.ModuleList(term.network for _, term in self.weighted if isinstance(term, Regressor))


def load_reward_model(
    model: str | Path = "embedded",
    device: str | torch.device = "cpu",
    dtype: torch.dtype | None = None,
    alpha: float | None = None,
) -> RewardModel:
    """Load the embedded reward model, or a reward folder.

    dtype  None is float32 on a CPU, float16 elsewhere
    alpha  0 to 1: the weight of the first term, 1 - alpha that of the second; further terms keep theirs. None takes
           the weights in reward.json, or 0.7 and 0.3 where two terms have none.

    Raises FileNotFoundError for files that are not there, ValueError for files that cannot be understood or hold
    weights that are no finite numbers, and for an alpha that cannot be used.
    """
    check_alpha(alpha)
    if model == "embedded":
        return embedded_reward(alpha)
    folder = Path(model)
    check_is_reward_folder(folder)
    device = torch.device(device)
    if dtype is None:
        dtype = torch.float32 if device.type == "cpu" else torch.float16
    notes = read_json(folder / NOTES)
    if "terms" in notes:
        parts, weights = combined_folders(folder / NOTES, notes["terms"])
    else:
        parts, weights = [folder], [1.0]
    if alpha is not None:
        if len(parts) < 2:
            raise ValueError(f"alpha weighs two terms against each other, and {folder} has one: leave alpha out")
        weights[:2] = alpha, 1 - alpha
    terms = [load_regressor(part, device, dtype) for part in parts]
    names = [term.name for term in terms]
    if len(set(names)) < len(names):
        raise ValueError(f"{folder}: its terms are called {', '.join(names)}: each needs a name of its own")
    return RewardModel(folder.resolve().name, tuple(zip(weights, terms, strict=True)))


def embedded_reward(alpha: float | None = None) -> RewardModel:
    """The embedded reward model: preference less losses, on the CPU. Raises ValueError for an alpha."""
    if alpha is not None:
        raise ValueError("alpha weighs the two terms of a reward folder; the embedded reward model has its own weights")
    from ..composing.writer import embedded_fit
    from .embedded import LOST, Losses, Preference

    return RewardModel("embedded", ((1.0, Preference(embedded_fit())), (-LOST, Losses())))


def check_alpha(alpha: float | None) -> None:
    """Raise ValueError unless alpha is None or a number from 0 to 1."""
    if alpha is not None and not (is_number(alpha) and 0 <= alpha <= 1):
        raise ValueError(f"alpha must be a number from 0 to 1, not {alpha!r}")
