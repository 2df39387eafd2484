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
    """The different raw prompts of a file or folder, as all_asked reads it.

    limit  so many of them, chosen by a hash of the raw prompt, in their order
    kinds  of these kinds only
    seen   without those whose words, or whose prompt's, are one of these texts

    Raises ValueError for a file with none.
    """
    found = all_asked(path)
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


def all_asked(path: Path) -> list[Asked]:
    """The raw prompts of a file or folder, as they come:

    .jsonl  raw_prompt (and prompt, and type or source), or as GenEval has them: prompt and tag
    .tsv    a header line, Prompt (and Category), as PartiPrompts has them
    .txt    one a line, as T2I-CompBench has them
    .csv    a column text, a row for each of several questions, as DPG-Bench has them
    folder  a .txt file each, as DPG-Bench has them
    """
    if path.is_dir():
        files = sorted(path.glob("*.txt"))
        if not files:
            raise ValueError(f"{path} has no .txt file: a folder of prompts has one for each")
        return [Asked(" ".join(file.read_text(encoding="utf-8-sig").split())) for file in files]
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}: raw prompts are expected, .jsonl, .tsv, .csv or .txt")
    if path.suffix == ".txt":
        lines = path.read_text(encoding="utf-8-sig").splitlines()
        return [Asked(line.strip(), path.stem) for line in lines if line.strip()]
    if path.suffix in (".tsv", ".csv"):
        return table_asked(path)
    rows = read_jsonl(path)
    if "raw_prompt" not in rows[0] and "tag" in rows[0]:
        return [Asked(row["prompt"], row["tag"]) for row in read_jsonl(path, "prompt", "tag")]
    return [
        Asked(row["raw_prompt"], row.get("type") or row.get("source") or "", row.get("prompt"))
        for row in read_jsonl(path, "raw_prompt")
    ]


def table_asked(path: Path) -> list[Asked]:
    """The raw prompts of a table with a header line: columns Prompt and Category, or text."""
    how = {"delimiter": "\t", "quoting": csv.QUOTE_NONE} if path.suffix == ".tsv" else {}
    with open(path, encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines, **how))
    column = next((name for name in ("Prompt", "text", "prompt") if rows and name in rows[0]), None)
    if column is None:
        raise ValueError(f"{path} has no column Prompt or text")
    return [Asked(row[column], row.get("Category") or "") for row in rows if row[column]]
