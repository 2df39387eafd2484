"""Files of a checkpoint folder that need not be what they say: JSON of a bounded size; and what lies below a folder.

A link among them is followed: the user put it there, or the hub's cache made it. What a file of a checkpoint names is
not: that must lie beside it, and whoever reads the file checks the name.
"""

import json
from collections.abc import Iterator
from pathlib import Path

# Bytes; the index of the largest published BLOOM has a few hundred thousand.
LARGEST_JSON = 16_000_000

# What the tokenizer of a checkpoint folder is made of, the first that is there; read by language/tokenizer.py.
TOKENIZER_FILES = ("tokenizer.json",), ("vocab.json", "merges.txt"), ("tokenizer.model",)


def tokenizer_files(folder: Path) -> tuple[Path, ...]:
    """The files that the tokenizer of a checkpoint folder is made of; none where there is no tokenizer."""
    found = (tuple(folder / name for name in names) for names in TOKENIZER_FILES)
    return next((files for files in found if all(path.is_file() for path in files)), ())


def name_of(folder: Path) -> str:
    """What people call the checkpoint in a folder: the folder's name, or owner/name in the Hugging Face cache."""
    folder = folder.resolve()
    repository = folder.parents[1].name if folder.parent.name == "snapshots" else ""
    return repository.removeprefix("models--").replace("--", "/", 1) or folder.name


def read_json(path: Path) -> dict:
    """The JSON object in a file of a checkpoint folder. Raises ValueError where there is none, FileNotFoundError
    where there is no file."""
    try:
        if path.stat().st_size > LARGEST_JSON:
            raise ValueError(f"it has more than {LARGEST_JSON:,} bytes")
        raw = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(raw, dict):
        raise ValueError(f"{path} must hold one JSON object, not a {type(raw).__name__}")
    return raw


def files_below(folder: Path, depth: int) -> Iterator[Path]:
    """The files below a folder, so many levels deep; what is hidden or cannot be read is left out."""
    try:
        entries = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError:
        return
    yield from (path for path in entries if path.is_file())
    if depth:
        for path in entries:
            if path.is_dir():
                yield from files_below(path, depth - 1)
