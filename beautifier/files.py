"""Files of a checkpoint folder that need not be what they say: JSON of a bounded size, no links to just anywhere."""

import json
from pathlib import Path

# Bytes; the index of the largest published BLOOM has a few hundred thousand.
LARGEST_JSON = 16_000_000


def check_inside(path: Path) -> None:
    """Raise ValueError for a file that is a link out of its folder: a checkpoint may not reach for other files.

    The links of the Hugging Face cache are followed: there models--OWNER--NAME/snapshots/COMMIT/FILE is a link to
    models--OWNER--NAME/blobs/CHECKSUM.
    """
    try:
        target, folder = path.resolve(), path.parent.resolve()
        commits = next((each for each in folder.parents if each.name == "snapshots"), None)
        blobs = commits.parent / "blobs" if commits and commits.parent.name.startswith("models--") else folder
        inside = target.parent in (folder, blobs)
    except (OSError, RuntimeError):  # a link that goes round
        inside = False
    if not inside:
        raise ValueError(f"{path} is a link out of its folder: put the file itself there")


def read_json(path: Path) -> dict:
    """The JSON object in a file of a checkpoint folder. Raises ValueError where there is none, FileNotFoundError
    where there is no file."""
    check_inside(path)
    try:
        if path.stat().st_size > LARGEST_JSON:
            raise ValueError(f"it has more than {LARGEST_JSON:,} bytes")
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(raw, dict):
        raise ValueError(f"{path} must hold one JSON object, not a {type(raw).__name__}")
    return raw
