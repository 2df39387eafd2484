"""A reward model whose score is the weighted sum of others'."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from ...beautifier.rewards.folders import NOTES
from ...beautifier.rewards.model import load_reward_model
from ..run.export import empty, put_in_place, write_json


def combine(folders: Sequence[Path], weights: Sequence[float], out: Path) -> None:
    """Write a reward folder whose score is the weighted sum of others'. It replaces an older one whole.

    Raises ValueError where weights and folders are not as many, or a folder has not exactly one term.
    """
    if len(folders) != len(weights):
        raise ValueError(f"--combine names {len(folders)} folders, --weights {len(weights)} numbers")
    terms = []
    for folder in folders:
        parts = load_reward_model(folder).weighted
        if len(parts) != 1:
            raise ValueError(f"{folder} is a combination itself: name the folders of its terms")
        terms.append(parts[0][1].name)
    if len(set(terms)) < len(terms):
        raise ValueError(f"the terms are called {', '.join(terms)}: two of the same name cannot be told apart")
    fresh = empty(out)
    for term, folder in zip(terms, folders, strict=True):
        shutil.copytree(folder, fresh / term)
    entries = [{"folder": term, "weight": weight} for term, weight in zip(terms, weights, strict=True)]
    write_json(fresh / NOTES, {"terms": entries})
    lines = [f"| [{term}]({term}/README.md) | {weight:g} |" for term, weight in zip(terms, weights, strict=True)]
    card = [f"# {out.name}", "", "A reward model for image prompts: the weighted sum of these terms.", ""]
    text = "\n".join([*card, "| term | weight |", "|---|---|", *lines, ""])
    (fresh / "README.md").write_text(text, encoding="utf-8")
    put_in_place(fresh, out)
    print(f"the reward model is in {out}", flush=True)
