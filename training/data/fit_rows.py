"""Rows that the fit network starts from, made of entries and expert rows: own phrases against those of others.

    python -m prompt_beautifier.training.data.fit_rows --expert training/data/expert/rows.jsonl --out runs/first.jsonl \
        --pairs-out runs/shuffled.jsonl

No reader looked at these. For an expert row its own phrases are taken for the best and as many of other rows for bad;
for an entry its own phrases against those of other entries, half of them of a like kind. The rows have the form that
training/fit.py reads as --picks; held-out raw prompts stay in and are held out there. --pairs-out writes pairs for
--pairs: words in disorder lose to the same words in order, to the raw prompt and to the raw prompt with stock words.
"""

import json
import random
from collections.abc import Sequence
from pathlib import Path

from ...beautifier.subjects.entries import load
from ...beautifier.subjects.entry import ROLES, Entry
from ..run.options import as_command, new_parser
from ..run.rows import read_jsonl

OPTIONS = 5  # own phrases a row, and as many of others
STOCK = "highly detailed, 8k, sharp focus, intricate, cinematic lighting, digital painting, trending on artstation"
LEADS = ("", "", "a ", "a photo of ", "portrait of ")


def main(argv: Sequence[str] | None = None) -> None:
    parser = new_parser(__doc__)
    parser.add_argument("--expert", type=Path, required=True, help="JSONL of expert rows")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pairs-out", type=Path, help="where pairs with words in disorder are written")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args(argv)
    dice = random.Random(args.seed)
    expert = read_jsonl(args.expert, "raw_prompt", "phrases", "sentences")
    rows = [*expert_rows(expert, dice), *entry_rows(load().all, dice)]
    for path in filter(None, (args.out, args.pairs_out)):
        path.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    print(f"{len(rows)} rows")
    if args.pairs_out:
        pairs = shuffled_pairs(expert, dice)
        args.pairs_out.write_text("".join(json.dumps(pair) + "\n" for pair in pairs), encoding="utf-8")
        print(f"{len(pairs)} pairs")


def expert_rows(expert: Sequence[dict], dice: random.Random) -> list[dict]:
    """A row for each expert row: its phrases behind the first, which is the subject, against phrases of others."""
    phrases = [row["phrases"].rstrip(".").split(", ")[1:] for row in expert]
    others = [phrase for own in phrases for phrase in own]
    return [
        row_of(
            row["raw_prompt"],
            [("scene", p) for p in own],
            [("scene", p) for p in dice.sample(others, min(OPTIONS, len(others)))],
            dice,
        )
        for row, own in zip(expert, phrases, strict=True)
        if own
    ]


def shuffled_pairs(expert: Sequence[dict], dice: random.Random) -> list[dict]:
    """A pair for each expert row: a text of its raw prompt against an expert's words in disorder."""
    pairs = []
    for row in expert:
        style = dice.choice(("phrases", "sentences"))
        words = row[style].replace(",", " ").replace(".", " ").split()
        better = dice.choice((row[style], row["raw_prompt"], f"{row['raw_prompt']}, {STOCK}"))
        pairs.append(
            {
                "raw_prompt": row["raw_prompt"],
                "style": style,
                "a": better,
                "b": " ".join(dice.sample(words, len(words))),
                "preferred": 1.0,
            }
        )
    return pairs


def entry_rows(entries: Sequence[Entry], dice: random.Random) -> list[dict]:
    """A row for each entry: phrases of its own against phrases of others."""
    rows = []
    for entry in entries:
        alike = [other for other in entries if other is not entry and not entry.kinds.isdisjoint(other.kinds)]
        own = [(role, phrase) for role in ROLES for phrase in getattr(entry, role)]
        strange = []
        for _ in range(OPTIONS):
            other = dice.choice(alike if alike and dice.random() < 0.5 else entries)
            role = dice.choice(ROLES)
            strange.append((role, dice.choice(getattr(other, role))))
        lead = "" if "medium" in entry.kinds else dice.choice(LEADS)
        rows.append(row_of(lead + dice.choice((entry.subject, *entry.also)), own, strange, dice))
    return rows


def row_of(raw_prompt: str, own: list[tuple[str, str]], strange: list[tuple[str, str]], dice: random.Random) -> dict:
    """One row in the form of picks, its options in an order of chance."""
    own = dice.sample(own, min(OPTIONS, len(own)))
    strange = [each for each in dict.fromkeys(strange) if each not in own]
    options = dice.sample([*own, *strange], len(own) + len(strange))
    return {
        "raw_prompt": raw_prompt,
        "options": [{"role": role, "phrase": phrase} for role, phrase in options],
        "best": [i for i, each in enumerate(options) if each in own],
        "bad": [i for i, each in enumerate(options) if each not in own],
    }


if __name__ == "__main__":
    as_command("fit_rows", main)
