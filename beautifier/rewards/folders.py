r"""Where reward models are on disk: the embedded one, and folders with a reward.json below the model folders.

A folder with one term holds config.json, model.safetensors, tokenizer.json and reward.json:

    {"term": "pick_score", "reads": "Input: {raw_prompt}\nOutput: {prompt}", "mean": 20.9, "std": 1.2}

A folder with several terms holds a folder for each, and a reward.json that weighs them:

    {"terms": [{"folder": "pick_score", "weight": 0.7}, {"folder": "aesthetic_score", "weight": 0.3}]}

No network is imported here: a menu of models wants none, and every start of ComfyUI would wait for it.
"""

from __future__ import annotations

from pathlib import Path

from ..checkpoints.places import DEEPEST
from ..request import is_number

NOTES = "reward.json"  # makes a folder a reward model

ALPHA = 0.7


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


def check_is_reward_folder(folder: Path) -> None:
    """Raise FileNotFoundError or ValueError that says what a folder without reward.json is."""
    if (folder / NOTES).is_file():
        return
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no reward folder {folder}: give 'embedded' or a folder with {NOTES}")
    if (folder / "beautifier.json").is_file():
        raise ValueError(
            f"{folder} is a beautifier, which writes prompts, and not a reward model, which scores them: "
            f"it has no {NOTES}"
        )
    raise FileNotFoundError(f"{folder} has no {NOTES}: it is no reward model, or a copy of one is incomplete")


def combined_folders(path: Path, terms: object) -> tuple[list[Path], list[float]]:
    """The folders and the weights of a combination's terms. Raises ValueError naming the entry that is wrong."""
    if not isinstance(terms, list) or not terms or not all(isinstance(term, dict) for term in terms):
        raise ValueError(f'{path}: "terms" must be a list of {{"folder": ..., "weight": ...}}')
    if len(terms) == 2 and not any("weight" in term for term in terms):
        terms = [{**terms[0], "weight": ALPHA}, {**terms[1], "weight": 1 - ALPHA}]
    folders, weights = [], []
    for term in terms:
        name, weight = term.get("folder"), term.get("weight")
        if not isinstance(name, str) or Path(name).name != name or name.startswith("."):
            raise ValueError(f"{path}: {name!r} is no folder beside {NOTES}")
        if not is_number(weight):
            raise ValueError(f"{path}: the weight of {name!r} must be a finite number, not {weight!r}")
        folders.append(path.parent / name)
        weights.append(float(weight))
    return folders, weights
