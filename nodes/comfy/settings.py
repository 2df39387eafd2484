"""What the user has set on ComfyUI's settings page for every run."""

from __future__ import annotations

from pathlib import Path

import folder_paths

from ...beautifier.files import read_json

KEEP, AVOID = "PromptBeautifier.Keep", "PromptBeautifier.Avoid"  # ids, as in nodes/web/settings.js
TASTE, HISTORY = "PromptBeautifier.Taste", "PromptBeautifier.History"
FILE = "comfy.settings.json"
USER = "default"  # where ComfyUI runs for one user


def standing_words() -> tuple[str, str]:
    """The words that every prompt keeps, and those that none may get, as the user wrote them: with commas or line ends.

    Where ComfyUI runs for several users there are none: see values.
    """
    found = (values().get(name) for name in (KEEP, AVOID))
    keep, avoid = (value if isinstance(value, str) else "" for value in found)
    return keep, avoid


def is_on(name: str) -> bool:
    """Whether something that is kept of what the user does (TASTE, HISTORY) is kept: it is until it is switched off."""
    return not for_several() and values().get(name) is not False


def values() -> dict:
    """The settings of the page; {} where they cannot be read.

    ComfyUI with several users has settings for each, and a run does not say whose it is: then there are none.
    """
    if for_several():
        return {}
    try:
        return read_json(users() / USER / FILE)
    except (FileNotFoundError, ValueError):
        return {}


def for_several() -> bool:
    """Whether ComfyUI runs for several users."""
    return (users() / "users.json").is_file()


def users() -> Path:
    """ComfyUI's user folder, with a folder for each user in it."""
    return Path(folder_paths.get_user_directory())
