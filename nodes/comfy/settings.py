"""What the user has set on ComfyUI's settings page for every run."""

from __future__ import annotations

from pathlib import Path

import folder_paths

from ...beautifier.files import read_json

KEEP, AVOID = "PromptBeautifier.Keep", "PromptBeautifier.Avoid"  # ids, as in nodes/web/settings.js
FILE = "comfy.settings.json"
USER = "default"  # where ComfyUI runs for one user


def standing_words() -> tuple[str, str]:
    """The words that every prompt keeps, and those that none may get, as the user wrote them: with commas or line ends.

    ComfyUI with several users has settings for each, and a run does not say whose it is: then there are none.
    """
    users = Path(folder_paths.get_user_directory())
    if (users / "users.json").is_file():
        return "", ""
    try:
        values = read_json(users / USER / FILE)
    except (FileNotFoundError, ValueError):
        return "", ""
    found = (values.get(name) for name in (KEEP, AVOID))
    keep, avoid = (value if isinstance(value, str) else "" for value in found)
    return keep, avoid
