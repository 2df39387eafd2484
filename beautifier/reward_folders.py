"""Where reward models are on disk: the embedded one, and folders with a reward.json below the model folders.

Apart from rewards.py, because a menu of models wants no network: every start of ComfyUI would wait for its import.
"""

from pathlib import Path

from .store import DEEPEST

EMBEDDED_REWARD = Path(__file__).parent / "embedded_reward"
NOTES = "reward.json"  # makes a folder a reward model


def has_embedded() -> bool:
    """Whether this copy of the pack comes with a reward model."""
    return (EMBEDDED_REWARD / NOTES).is_file()


def list_reward_models(folders: list[Path]) -> dict[str, Path]:
    """The reward folders below `folders`, by their path relative to the folder they were found in.

    The folders of a combination's terms are not listed by themselves. Where two folders hold the same name the first
    counts. Sorted by name.
    """
    found: dict[str, Path] = {}
    for folder in map(Path, folders):
        here: set[Path] = set()
        for depth in range(1, DEEPEST + 1):
            for notes in sorted(folder.glob("*/" * depth + NOTES)):
                path = notes.parent.relative_to(folder)
                if here.isdisjoint(path.parents) and not any(part.startswith(".") for part in path.parts):
                    here.add(path)
                    found.setdefault(path.as_posix(), notes.parent)
    return dict(sorted(found.items(), key=lambda item: item[0].casefold()))
