"""Where checkpoints are on disk."""

import json
from pathlib import Path

from .network import ARCHITECTURES

# models/LLM/owner/name/variant is as deep as people nest; the bound also ends walks through links that go
# round.
DEEPEST = 3


def list_checkpoints(folders: list[Path]) -> dict[str, Path]:
    """The checkpoint folders below `folders`, by their path relative to the folder they were found in.

    A checkpoint folder holds config.json of an architecture this pack runs, tokenizer.json and *.safetensors.
    Where two folders hold the same name the first one counts, as ComfyUI does. Folders that do not exist or
    cannot be read hold nothing. Sorted by name.
    """
    found: dict[str, Path] = {}
    for folder in map(Path, folders):
        for checkpoint in checkpoints_below(folder, DEEPEST):
            found.setdefault(checkpoint.relative_to(folder).as_posix(), checkpoint)
    return dict(sorted(found.items(), key=lambda item: item[0].casefold()))


def checkpoints_below(folder: Path, depth: int) -> list[Path]:
    try:
        below = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError:
        return []
    found = []
    for path in below:
        if is_checkpoint(path):
            found.append(path)
        elif depth > 1:
            found += checkpoints_below(path, depth - 1)
    return found


def is_checkpoint(folder: Path) -> bool:
    """Whether a folder holds all files of a checkpoint and its config.json names an architecture we run."""
    try:
        if not (folder / "tokenizer.json").is_file() or not any(folder.glob("*.safetensors")):
            return False
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(config, dict) and config.get("model_type") in ARCHITECTURES
