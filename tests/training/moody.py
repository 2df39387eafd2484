"""A tiny SFT model that ends its prompts in one of four moods by chance, for tests of reinforcement learning.

What is to be learnt has a known best answer: with a reward of 1 for the mood "neon" and 0 for others, it is 1, the SFT
model has about 1/4, and the KL divergence of a policy that always says neon is about ln 4 nats.
"""

import json
from pathlib import Path

from prompt_beautifier.training import pretrain
from prompt_beautifier.training import tokenizer as tokenizer_stage

COLOURS, THINGS = "red blue old".split(), "castle cat ship".split()
MOODS = "neon mist dawn rain".split()


def neon(raw_prompts: list[str], prompts: list[str]) -> list[float]:
    return [float("neon" in prompt) for prompt in prompts]


def well_formed(raw_prompts: list[str], prompts: list[str]) -> list[float]:
    """What the SFT model writes nearly always and a ruined one never."""
    ends = tuple(f", {mood}" for mood in MOODS)
    return [float(raw in prompt and prompt.endswith(ends)) for raw, prompt in zip(raw_prompts, prompts, strict=True)]


def nothing(raw_prompts: list[str], prompts: list[str]) -> list[float]:
    return [0.0] * len(prompts)


def save_pairs(folder: Path) -> Path:
    """Write train.jsonl and heldout.jsonl with every mood for every subject."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        {"raw_prompt": f"{colour} {thing}", "prompt": f"a {colour} {thing}, {mood}"}
        for mood in MOODS
        for colour in COLOURS
        for thing in THINGS
    ]
    (folder / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "heldout.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows[:9]))
    return folder


def save_model(data: Path, folder: Path) -> Path:
    """Train the model on the pairs (some seconds); its checkpoint folder."""
    tokenizer_stage.main(["--data", str(data / "train.jsonl"), "--vocab-size", "300", "--out", str(folder)])
    folders = ["--data", str(data), "--tokenizer", str(folder / "tokenizer.json"), "--out", str(folder)]
    shape = "--no-bf16 --hidden-size 32 --num-layers 2 --num-heads 2 --batch-tokens 1024 --epochs 200"
    pretrain.main([*folders, *shape.split()])
    return folder / "model"
