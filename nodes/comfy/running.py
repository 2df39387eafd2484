"""Beautify, rank and score, with ComfyUI's memory, progress bar and Cancel."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import comfy.model_management
import comfy.utils
import torch

from .memory import (
    REWARD_BATCH,
    LoadedBeautifier,
    LoadedRewardModel,
    LoadedScorer,
    make_room_for_reward,
    working_memory,
)
from .server import running_item, the_server

if TYPE_CHECKING:
    from ...beautifier.path import OnWords
    from ...beautifier.request import Candidate, Request
    from ...beautifier.rewards.model import RankedPrompt


MOMENT = 0.2  # seconds between two looks at what is being written


def cancelled() -> bool:
    """False; where the user has pressed Cancel the run ends here, with ComfyUI's own exception."""
    comfy.model_management.throw_exception_if_processing_interrupted()
    return False


def show_step(bar: comfy.utils.ProgressBar) -> Callable[[int, int], None]:
    """What a long computation calls after each step with (done, total): shows it, and ends where Cancel was pressed."""

    def on_step(done: int, total: int) -> None:
        cancelled()
        bar.update_absolute(done, total)

    return on_step


def show_words() -> OnWords | None:
    """What is told of candidates while they are written: it shows them on the running node, on the page of the run.

    The page gets the event "prompt_beautifier.words" with {node, candidate (from 0), text (so far)}, of each candidate
    at most every MOMENT seconds. None where no page would see it.
    """
    node, server = running_item()[0], the_server()
    page = getattr(server, "client_id", None)
    if node is None or page is None:
        return None
    shown: dict[int, float] = {}

    def on_words(candidate: int, text: Callable[[], str]) -> None:
        now = time.monotonic()
        if now - shown.get(candidate, -MOMENT) >= MOMENT:
            shown[candidate] = now
            told = {"node": node, "candidate": candidate, "text": text()}
            server.send_sync("prompt_beautifier.words", told, page)

    return on_words


@contextmanager
def still_bars() -> Iterator[None]:
    """A context in which ComfyUI's own progress bars do not show, but still end the run where Cancel was pressed.

    A text encoder that writes several candidates would start its bar anew for each of them.
    """
    shown = comfy.utils.PROGRESS_BAR_HOOK
    comfy.utils.set_progress_bar_global_hook(lambda *_, **__: cancelled())
    try:
        yield
    finally:
        comfy.utils.set_progress_bar_global_hook(shown)


def beautify(loaded: LoadedBeautifier, request: Request) -> list[Candidate]:
    """`path.beautify` with ComfyUI's memory, progress bar and Cancel, which acts within one token."""
    from ...beautifier import path  # imports tokenizers, for which a start of ComfyUI would wait

    writer = loaded.beautifier
    if loaded.patcher is not None:
        needed = working_memory(writer, request)
        # Without force_full_load a network that is not made of ComfyUI's own layers may stay where it waits.
        comfy.model_management.load_models_gpu([loaded.patcher], memory_required=needed, force_full_load=True)
    return path.beautify(writer, request, show_step(comfy.utils.ProgressBar(1)), on_words=show_words())


def score(loaded: LoadedScorer, images: list[torch.Tensor], prompts: list[str]) -> torch.Tensor:
    """`Scorer.score` with ComfyUI's memory, progress bar and Cancel, which acts between two batches."""
    needed = loaded.scorer.working_memory(len(images))
    comfy.model_management.load_models_gpu([loaded.patcher], memory_required=needed, force_full_load=True)
    return loaded.scorer.score(images, prompts, on_step=show_step(comfy.utils.ProgressBar(len(images))))


def rank(loaded: LoadedRewardModel, raw_prompt: str, candidates: list[Candidate]) -> list[Candidate]:
    """`RewardModel.rank` with ComfyUI's memory, progress bar and Cancel."""
    make_room_for_reward(loaded, raw_prompt, [each.text for each in candidates])
    on_step = show_step(comfy.utils.ProgressBar(1))
    return loaded.reward_model.rank(raw_prompt, candidates, REWARD_BATCH, on_step)


def rank_prompts(loaded: LoadedRewardModel, raw_prompt: str, prompts: list[str]) -> list[RankedPrompt]:
    """`RewardModel.rank_prompts` with ComfyUI's memory, progress bar and Cancel."""
    make_room_for_reward(loaded, raw_prompt, prompts)
    on_step = show_step(comfy.utils.ProgressBar(1))
    return loaded.reward_model.rank_prompts(raw_prompt, prompts, REWARD_BATCH, on_step)
