"""What a reward model learns from: texts with a number each, out of a column of the rows or made by rule."""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from ...beautifier.language.config import NetworkConfig
from ...beautifier.rewards.regressor import Reading
from ..data.mismatches import Example, with_mismatches
from ..run.rows import read_jsonl
from ..run.trainer import say

CONSISTENCY = "consistency"


def examples_of_column(rows: list[dict], term: str, path: Path) -> list[Example]:
    """The rows that have a number in the column `term`. Raises ValueError where none has, or one is not finite."""
    found = []
    for row in rows:
        label = row.get(term)
        if label is None:
            continue
        if isinstance(label, bool) or not isinstance(label, (int, float)) or not math.isfinite(label):
            raise ValueError(f"{path}: {term} must be a finite number, not {label!r}: {row['prompt'][:60]!r}")
        found.append(Example(row["raw_prompt"], row["prompt"], float(label)))
    if not found:
        columns = sorted({key for row in rows for key, value in row.items() if isinstance(value, (int, float))})
        raise ValueError(
            f"no row of {path} has {term!r}: give --term one of its columns of numbers "
            f"({', '.join(columns) or 'it has none'}), or label the rows first (training/label.py)"
        )
    return found


def read_examples(path: Path, term: str, seed: int) -> list[Example]:
    """The examples of a file of rows for a term; prints how many there are of which kind."""
    rows = read_jsonl(path, "raw_prompt", "prompt")
    examples = with_mismatches(rows, seed) if term == CONSISTENCY else examples_of_column(rows, term, path)
    kinds = Counter(example.kind for example in examples)
    made = f": {', '.join(f'{count:,} {kind}' for kind, count in kinds.items())}" if len(kinds) > 1 else ""
    say(f"{path.name}: {len(examples):,} examples of {len(rows):,} rows{made}")
    return examples


@dataclass(frozen=True)
class Scale:
    """label = trained output · std + mean."""

    mean: float = 0.0
    std: float = 1.0


def scale_of(examples: list[Example], term: str) -> Scale:
    """Mean and standard deviation of the labels; those of consistency stay 0 and 1."""
    if term == CONSISTENCY:
        return Scale()
    labels = np.array([example.label for example in examples])
    if labels.std() < 1e-9:
        raise ValueError(f"all {len(labels)} rows have the same {term}, {labels[0]:g}: there is nothing to learn")
    return Scale(float(labels.mean()), float(labels.std()))


def tensors(
    examples: list[Example], reading: Reading, tokenizer: Tokenizer, config: NetworkConfig, scale: Scale
) -> list[dict]:
    """What the network is trained on: the tokens that the reward model will read, and the standardised label."""
    texts = [reading.text(example.raw_prompt, example.prompt) for example in examples]
    tokens = reading.tokens(tokenizer, config.eos_token_id, texts)
    return [
        {"input_ids": row, "labels": (example.label - scale.mean) / scale.std}
        for row, example in zip(tokens, examples, strict=True)
    ]


def collator(padding: int) -> Callable[[list[dict]], dict[str, Tensor]]:
    """Pads rows on the right; labels are float32."""

    def collate(rows: list[dict]) -> dict[str, Tensor]:
        longest = max(len(row["input_ids"]) for row in rows)
        tokens = torch.full((len(rows), longest), padding)
        real = torch.zeros_like(tokens)
        for i, row in enumerate(rows):
            tokens[i, : len(row["input_ids"])] = torch.tensor(row["input_ids"])
            real[i, : len(row["input_ids"])] = 1
        labels = torch.tensor([row["labels"] for row in rows], dtype=torch.float32)
        return {"input_ids": tokens, "attention_mask": real, "labels": labels}

    return collate
