"""A reward model whose score is the weighted sum of others'."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from ...beautifier.rewards.folders import NOTES
from ...beautifier.rewards.model import load_reward_model
from ..run.cards import combination_card
from ..run.export import new_folder
from ..run.parts import write_json


def combine(folders: Sequence[Path], weights: Sequence[float], out: Path) -> None:
    """Write a reward folder whose score is the weighted sum of others'. It replaces an older one whole.

    Raises ValueError where weights and folders are not as many, or a folder has not exactly one term.
    """
    if len(folders) != len(weights):
        raise ValueError(f"--combine names {len(folders)} folders, --weights {len(weights)} numbers")
    names = [only_term(folder) for folder in folders]
    if len(set(names)) < len(names):
        raise ValueError(f"the terms are called {', '.join(names)}: two of the same name cannot be told apart")
    terms = dict(zip(names, weights, strict=True))
    with new_folder(out) as fresh:
        for name, folder in zip(names, folders, strict=True):
            shutil.copytree(folder, fresh / name)
        write_json(
            fresh / NOTES, {"terms": [{"folder": name, "weight": weight} for name, weight in terms.items()]}, indent=2
        )
        (fresh / "README.md").write_text(combination_card(out, terms), encoding="utf-8")
    print(f"the reward model is in {out}", flush=True)


def only_term(folder: Path) -> str:
    """The name of the one term of a reward folder."""
    parts = load_reward_model(folder).weighted
    if len(parts) != 1:
        raise ValueError(f"{folder} is a combination itself: name the folders of its terms")
    return parts[0][1].name
