"""Small reward folders with random weights."""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from prompt_beautifier.beautifier.rewards import regressor

from . import tiny

CLASSES = {"bloom": "BloomForSequenceClassification", "gpt2": "GPT2ForSequenceClassification"}


def save_reward(folder: Path, architecture: str = "bloom", seed: int = 0, notes=None, **sizes) -> Path:
    """Write a folder with one term, as transformers would save it; `notes` are added to its reward.json."""
    tiny.save_checkpoint(folder, architecture, family=None, seed=seed, **sizes)
    weights = load_file(folder / "model.safetensors")
    hidden = sizes.get("hidden", 32)
    weights["score.weight"] = torch.randn(1, hidden, generator=torch.Generator().manual_seed(seed))
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    change(folder / "config.json", architectures=[CLASSES[architecture]], id2label={"0": "LABEL_0"})
    change(folder / "config.json", label2id={"LABEL_0": 0}, pad_token_id=3)
    own = {"term": "pick_score", "reads": regressor.PAIR, "mean": 0.0, "std": 1.0}
    (folder / "reward.json").write_text(json.dumps({**own, **(notes or {})}), encoding="utf-8")
    return folder


def save_combination(folder: Path, *terms: dict, weights=(0.7, 0.3)) -> Path:
    """Write a folder of several terms: their notes, with a network of its own seed for each."""
    entries = []
    for seed, (notes, weight) in enumerate(zip(terms, weights, strict=True)):
        save_reward(folder / notes["term"], seed=seed, notes=notes)
        entries.append({"folder": notes["term"]} | ({} if weight is None else {"weight": weight}))
    (folder / "reward.json").write_text(json.dumps({"terms": entries}), encoding="utf-8")
    return folder


def change(path: Path, **values) -> None:
    """Change fields of a JSON file; None takes one out."""
    fields = {**json.loads(path.read_text(encoding="utf-8")), **values}
    path.write_text(json.dumps({name: each for name, each in fields.items() if each is not None}))
