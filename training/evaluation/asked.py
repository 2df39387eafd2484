"""The raw prompts that an evaluation asks."""

import csv
import zlib
from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..data.pairs import words
from ..run.rows import read_jsonl

# What every model card shows the first candidates of.
SAMPLES = (
    "1 girl",
    "a cat",
    "castle",
    "a knight in a forest",
    "cyberpunk city at night",
    "an old man reading a book",
    "a dragon over the mountains",
    "portrait of a woman",
    "robot",
    "a bowl of ramen",
    "spaceship",
    "a fox in the snow",
    "samurai",
    "sunset over the sea",
    "a cozy cabin",
    "steampunk owl",
    "a wizard's tower",
    "flowers in a vase",
    "astronaut riding a horse",
    "underwater temple",
)


@dataclass(frozen=True)
class Asked:
    """A raw prompt, what kind it is of, and the data set's own prompt for it, if there is one."""

    raw_prompt: str
    kind: str = ""
    reference: str | None = None


def trained_on(path: Path) -> set[str]:
    """The words of all raw prompts and prompts of a file of pairs, a text each."""
    rows = read_jsonl(path, "raw_prompt", "prompt")
    return {" ".join(words(row[name])) for row in rows for name in ("raw_prompt", "prompt")}


def read_asked(
    path: Path, limit: int | None = None, kinds: Sequence[str] = (), seen: Container[str] = ()
) -> list[Asked]:
    """The different raw prompts of a file: JSONL of raw_prompt (and prompt, and type or source), or TSV with a header
    line, Prompt (and Category).

    limit  so many of them, chosen by a hash of the raw prompt, in their order
    kinds  of these kinds only
    seen   without those whose words, or whose prompt's, are one of these texts

    Raises ValueError for a file with none.
    """
    if path.suffix == ".tsv":
        with open(path, encoding="utf-8-sig", newline="") as lines:
            found = [
                Asked(row["Prompt"], row.get("Category") or "")
                for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
            ]
    else:
        found = [
            Asked(row["raw_prompt"], row.get("type") or row.get("source") or "", row.get("prompt"))
            for row in read_jsonl(path, "raw_prompt")
        ]
    chosen: dict[str, Asked] = {}
    for asked in found:
        if not kinds or asked.kind in kinds:
            chosen.setdefault(asked.raw_prompt, asked)
    if chosen and seen:
        chosen = {
            raw: asked
            for raw, asked in chosen.items()
            if not any(" ".join(words(text)) in seen for text in (raw, asked.reference or raw))
        }
        if not chosen:
            raise ValueError(f"{path} has no prompt that the training data lacks")
    if not chosen:
        known = ", ".join(sorted({asked.kind for asked in found}))
        raise ValueError(f"{path} has no prompts of kind {', '.join(kinds)}: its kinds are {known}")
    if limit is None or limit >= len(chosen):
        return list(chosen.values())
    # Files are often sorted by kind: the first ones would be of one kind.
    picked = set(sorted(chosen, key=lambda raw: zlib.crc32(raw.encode()))[:limit])
    return [asked for raw, asked in chosen.items() if raw in picked]
