"""What several nodes share: their category, the types of their links, and small helpers."""

from __future__ import annotations

from typing import Any

from comfy_api.latest import io

from ..beautifier.chat.own_instructions import NONE
from .comfy import folders

CATEGORY = "Prompt Beautifier"

# Shown under "Show advanced"; written this way because io's inputs have no argument for it in ComfyUI 0.8.
ADVANCED = {"advanced": True}
BeautifierType = io.Custom("PROMPT_BEAUTIFIER")
RewardModelType = io.Custom("PROMPT_BEAUTIFIER_REWARD_MODEL")

ScorerType = io.Custom("PROMPT_BEAUTIFIER_SCORER")


def instruction_input() -> io.Combo.Input:
    """The menu of what a chat model is told, as the last input of a node."""
    return io.Combo.Input(
        "instruction",
        options=folders.instruction_choices(),
        default=NONE,
        optional=True,
        extra_dict=ADVANCED,
        tooltip=(
            "What a chat model is told. for the image model: what the image model of your graph wants. Or a text file "
            "of yours (.md or .txt) from models/LLM/prompts; press R in ComfyUI after you have put one there."
        ),
    )


def edited(instruction: str) -> str:
    """What a node's fingerprint has of an instruction: the text of its file, so that an edit runs the node again."""
    try:
        return folders.instruction_text(instruction)
    except ValueError as error:
        return str(error)  # the node says it when it runs


def only(values: list, name: str) -> Any:
    """The value of an input that a node which takes lists wants one of."""
    if len(values) != 1:
        raise ValueError(f"{name} is a list of {len(values)}: connect a single one")
    return values[0]


def with_score(text: str, score: float, terms: str = "") -> str:
    """A prompt behind its score, and what the score is made of."""
    return f"[{score:.3f}{f': {terms}' if terms else ''}] {text}"
