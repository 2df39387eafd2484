"""The words by which pictures of a prompt are judged: its syntax set aside, and of a JSON prompt its texts."""

import json
from collections.abc import Iterator, Sequence

from .syntax import set_aside

# What a JSON prompt calls what is not to be seen.
NOT_SEEN = ("negative", "avoid", "exclude")


def judged_words(prompt: str) -> str:
    """The words of a prompt; "" where it has none, because it is empty or all of it is filled in later."""
    return ", ".join(words for text in json_texts(prompt) or [prompt] if (words := set_aside(text).own_words))


def check_words(prompts: Sequence[str]) -> None:
    """Raise ValueError for a prompt that is not empty and has no word to judge by all the same."""
    for number, prompt in enumerate(prompts, 1):
        if prompt.strip() and not judged_words(prompt):
            shown = prompt.strip()[:60]
            raise ValueError(
                f"prompt {number} has no words of its own, only {shown!r}, which other nodes fill in: "
                "type what the images show"
            )


def json_texts(prompt: str) -> list[str]:
    """The texts of a JSON prompt in order, but for those under a name such as "negative"; [] where it is none."""
    if not prompt.lstrip().startswith(("{", "[")):
        return []
    try:
        return list(_texts(json.loads(prompt)))
    except (ValueError, RecursionError):
        return []


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, each in value.items():
            if not any(word in name.casefold() for word in NOT_SEEN):
                yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
