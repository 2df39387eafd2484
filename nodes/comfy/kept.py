"""What is kept of a person on this computer, in a file of ComfyUI's user folder: picks, the taste in them, history.

None of it may end a run: where the file cannot be used, the log says so and the run goes on.
"""

from __future__ import annotations

import logging
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from . import settings

if TYPE_CHECKING:
    from ...beautifier.request import Candidate
    from ...beautifier.taste.keeper import Keeper, Ranked


def file() -> Path:
    """The file, which may not be there yet. No route of ComfyUI's serves what lies in the user folder itself."""
    from ...beautifier.taste.file import NAME

    return settings.users() / NAME


def keeper() -> Keeper:
    """The keeper of the file's picks."""
    return _keeper(file())


@lru_cache(maxsize=1)
def _keeper(path: Path) -> Keeper:
    from ...beautifier.taste.keeper import Keeper

    return Keeper(path)


def in_order_of_taste(raw_prompt: str, found: list[Candidate]) -> tuple[list[Candidate], Ranked | None]:
    """The candidates as this person likes them, the best first; as they are, and None, where no taste is known."""
    if not settings.is_on(settings.TASTE):
        return found, None
    try:
        ranked = keeper().ranked(raw_prompt, [each.text for each in found])
    except Exception as error:
        logging.warning("Prompt Beautifier: the candidates were not ranked by your taste: %s", error)
        return found, None
    return ([found[index] for index in ranked.order] if ranked else found), ranked


def picked(raw_prompt: str, how: str, chosen: str, others: list[str]) -> None:
    """Keep a choice that was made in a run, where there was something to choose from."""
    if not settings.is_on(settings.TASTE) or set(others) <= {chosen}:
        return
    from ...beautifier.taste.picks import Pick

    try:
        keeper().add(Pick(raw_prompt, "", how, chosen, tuple(others)))
    except Exception as error:
        logging.warning("Prompt Beautifier: your choice was not kept: %s", error)


def remember(raw_prompt: str, target: str, model: str, prompts: list[str]) -> int | None:
    """Keep in the history what was made of a raw prompt; the number of the entry, None where none is kept."""
    if not settings.is_on(settings.HISTORY):
        return None
    from ...beautifier.taste import history

    try:
        return history.add(file(), raw_prompt, target, model, prompts)
    except Exception as error:
        logging.warning("Prompt Beautifier: the history was not kept: %s", error)
        return None
