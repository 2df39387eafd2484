"""The words by which pictures of a prompt are judged: those that ask for a picture, their syntax set aside."""

from collections.abc import Sequence

from ..prompts.syntax import set_aside
from .taken import wish_in


def judged_words(prompt: str) -> str:
    """The words of a prompt; "" where it has none, because it is empty or all of it is filled in later."""
    return set_aside(wish_in(prompt)).own_words


def check_words(prompts: Sequence[str]) -> None:
    """Raise ValueError for a prompt that is not empty and has no word to judge by all the same."""
    for number, prompt in enumerate(prompts, 1):
        if prompt.strip() and not judged_words(prompt):
            shown = prompt.strip()[:60]
            raise ValueError(
                f"prompt {number} has no words of its own, only {shown!r}, which other nodes fill in: "
                "type what the images show"
            )
