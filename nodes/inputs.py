"""What several nodes share: their category, the types of their links, and small helpers."""

from __future__ import annotations

from typing import Any

from comfy_api.latest import io

CATEGORY = "Prompt Beautifier"

# Shown under "Show advanced"; written this way because io's inputs have no argument for it in ComfyUI 0.8.
ADVANCED = {"advanced": True}
BeautifierType = io.Custom("PROMPT_BEAUTIFIER")
RewardModelType = io.Custom("PROMPT_BEAUTIFIER_REWARD_MODEL")

ScorerType = io.Custom("PROMPT_BEAUTIFIER_SCORER")


def only(values: list, name: str) -> Any:
    """The value of an input that a node which takes lists wants one of."""
    if len(values) != 1:
        raise ValueError(f"{name} is a list of {len(values)}: connect a single one")
    return values[0]


def with_score(text: str, score: float, terms: str = "") -> str:
    """A prompt behind its score, and what the score is made of."""
    return f"[{score:.3f}{f': {terms}' if terms else ''}] {text}"
