"""Preferences: of two prompts for a raw prompt, which was chosen. One row format, whoever chose.

    {"raw_prompt": "a cat", "chosen": "a cat by the sea, mist", "rejected": "a cat, 8k, 8k", "source": "votes"}

Rows come from people's votes on pictures (training.prefer), from choices in other files (training.importer) and from
scores of the pictures of several candidates (training.label --candidates). training.dpo and training.reward
--term preference learn from them.
"""

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from ..run.parts import write_rows
from ..run.rows import read_jsonl
from .pairs import STOP_WORDS, words

SIDES = ("chosen", "rejected")


def read_preferences(path: Path) -> list[dict]:
    """The rows of a file of preferences. Raises what read_jsonl does, and ValueError for a row whose two prompts are
    the same."""
    rows = read_jsonl(path, "raw_prompt", *SIDES)
    for number, row in enumerate(rows, 1):
        if row["chosen"] == row["rejected"]:
            raise ValueError(f"{path}, row {number}: chosen and rejected are the same prompt, {row['chosen'][:60]!r}")
    return rows


def preference(raw_prompt: str, one: str, other: str, first: float, source: str) -> dict | None:
    """A row of a choice between two prompts: `first` is 1 where the first one was chosen, 0 for the other. None for a
    tie and for two prompts that are the same."""
    if one == other or first == 0.5:
        return None
    chosen, rejected = (one, other) if first > 0.5 else (other, one)
    return {"raw_prompt": raw_prompt, "chosen": chosen, "rejected": rejected, "source": source}


def of_votes(votes: Iterable, prompts: Mapping[tuple[str, str], str]) -> Iterator[dict]:
    """A row for every vote that is no tie.

    votes    as training/voting/votes.py has them: raw_prompt, left and right method, choice
    prompts  what a method wrote for a raw prompt, by (raw prompt, method)

    Raises ValueError for a vote on a method whose prompt is not known.
    """
    for vote in votes:
        missing = [name for name in (vote.left, vote.right) if (vote.raw_prompt, name) not in prompts]
        if missing:
            raise ValueError(
                f"there is no prompt by {missing[0]!r} for {vote.raw_prompt!r}: give the folder it was drawn in"
            )
        left, right = (prompts[vote.raw_prompt, name] for name in (vote.left, vote.right))
        row = preference(vote.raw_prompt, left, right, {"left": 1, "tie": 0.5, "right": 0}[vote.choice], "votes")
        if row:
            yield row


def best_and_worst(
    raw_prompt: str, candidates: Sequence[str], scores: Sequence[float], least: float = 0.0
) -> dict | None:
    """The candidate with the best score against that with the worst, and how far they are apart (`margin`); None where
    that is `least` or less.

    candidates  at least one, each different
    scores      one number each, more is better
    """
    best, worst = (pick(range(len(scores)), key=scores.__getitem__) for pick in (max, min))
    if scores[best] - scores[worst] <= least:
        return None
    row = preference(raw_prompt, candidates[best], candidates[worst], 1, "scores")
    return row and {**row, "margin": scores[best] - scores[worst]}


def is_held_out(raw_prompt: str, share: float) -> bool:
    """Whether a raw prompt is among the share that is held out, by a hash of its words: all its rows are on one
    side."""
    found = sorted(word for word in set(words(raw_prompt)) if word not in STOP_WORDS)
    return zlib.crc32(f"preference {' '.join(found) or raw_prompt}".encode()) % 1000 < 1000 * share


def write_sides(out: Path, rows: Iterable[dict], share: float) -> dict[str, int]:
    """Write OUT/train.jsonl and OUT/heldout.jsonl; how many rows each has. Raises ValueError where there is none."""
    sides: dict[str, list[dict]] = {"train": [], "heldout": []}
    for row in rows:
        sides["heldout" if is_held_out(row["raw_prompt"], share) else "train"].append(row)
    if not sides["train"] and not sides["heldout"]:
        raise ValueError("there is no row to write: every choice was a tie, or between two prompts that are the same")
    out.mkdir(parents=True, exist_ok=True)
    for side, found in sides.items():
        write_rows(out / f"{side}.jsonl", found)
    return {side: len(found) for side, found in sides.items()}
