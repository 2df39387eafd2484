"""What a person chose of several prompts, kept in a file: added to, read to learn from, exported and emptied."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .file import opened

WAYS = ("click", "edit", "review", "star", "picture")
STAR = "star"
LONGEST = 20_000  # characters of a prompt
MOST_SHOWN = 65  # prompts: 64 candidates, and one that was edited


@dataclass(frozen=True)
class Pick:
    """One choice.

    raw_prompt  what was typed
    target      the image model that the prompts are for, or ""
    how         one of WAYS
    chosen      the prompt that was taken
    others      the prompts that were shown and not taken, at least one
    worth       what the reward model says of chosen and of others; None before it was asked
    number      its row in the file; 0 before it has one

    Raises ValueError for a pick between prompts that are the same, too many or too long.
    """

    raw_prompt: str
    target: str
    how: str
    chosen: str
    others: tuple[str, ...]
    worth: tuple[float, ...] | None = None
    number: int = 0

    def __post_init__(self):
        texts = (self.raw_prompt, self.target, self.chosen, *self.others)
        if not all(isinstance(text, str) for text in texts):
            raise ValueError("a pick is made of texts: raw_prompt, target, chosen and others")
        if self.how not in WAYS:
            raise ValueError(f"how must be one of {', '.join(map(repr, WAYS))}, not {self.how!r}")
        if max(map(len, texts)) > LONGEST:
            raise ValueError(f"a prompt of a pick has at most {LONGEST} characters")
        others = tuple(dict.fromkeys(other for other in self.others if other.strip() and other != self.chosen))
        if not self.chosen.strip() or not 1 <= len(others) < MOST_SHOWN:
            raise ValueError(f"a pick is one prompt of several, 2 to {MOST_SHOWN} that differ")
        if others != self.others:
            object.__setattr__(self, "others", others)  # frozen for everyone else


def add(path: Path, pick: Pick) -> None:
    """Keep a pick. A later one of the same prompts takes its place, for people change their minds; a star, of which
    there can be several, that of the same star alone."""
    shown = json.dumps(sorted({pick.chosen, *pick.others}), ensure_ascii=False)
    same = (pick.raw_prompt, pick.target, shown)
    others = json.dumps(pick.others, ensure_ascii=False)
    with opened(path) as file:
        where = "raw_prompt = ? AND target = ? AND shown = ?"
        if pick.how == STAR:
            file.execute(f"DELETE FROM picks WHERE {where} AND how = ? AND chosen = ?", (*same, STAR, pick.chosen))
        else:
            file.execute(f"DELETE FROM picks WHERE {where} AND how <> ?", (*same, STAR))
        file.execute(
            "INSERT INTO picks (at, raw_prompt, target, shown, how, chosen, others) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (time.time(), *same, pick.how, pick.chosen, others),
        )


def take_back_star(path: Path, raw_prompt: str, target: str, chosen: str) -> None:
    """Forget the pick of a star that was taken away."""
    with opened(path) as file:
        row = (raw_prompt, target, STAR, chosen)
        file.execute("DELETE FROM picks WHERE raw_prompt = ? AND target = ? AND how = ? AND chosen = ?", row)


def count(path: Path) -> int:
    """How many picks there are; 0 where there is no file."""
    if not path.is_file():
        return 0
    with opened(path) as file:
        return file.execute("SELECT count(*) FROM picks").fetchone()[0]


def latest(path: Path, most: int | None = None) -> list[Pick]:
    """The last picks, at most so many, the oldest of them first; [] where there is no file."""
    if not path.is_file():
        return []
    with opened(path) as file:
        rows = file.execute(
            "SELECT raw_prompt, target, how, chosen, others, worth, id FROM picks ORDER BY at DESC, id DESC LIMIT ?",
            (-1 if most is None else most,),
        ).fetchall()
    return [
        Pick(raw, target, how, chosen, tuple(json.loads(others)), worth and tuple(json.loads(worth)), number)
        for raw, target, how, chosen, others, worth, number in reversed(rows)
    ]


def keep_worth(path: Path, worth: Sequence[tuple[int, Sequence[float]]]) -> None:
    """Note what the reward model says of the prompts of picks: (number, its values) each."""
    with opened(path) as file:
        file.executemany(
            "UPDATE picks SET worth = ? WHERE id = ?", [(json.dumps(list(values)), row) for row, values in worth]
        )


def empty(path: Path) -> None:
    """Forget all picks, and leave nothing of them in the file."""
    if not path.is_file():
        return
    with opened(path) as file:
        file.execute("PRAGMA secure_delete = ON")
        file.execute("DELETE FROM picks")


def rows(path: Path) -> list[dict[str, str]]:
    """Every pick as rows of preferences, one for each prompt that was not chosen.

    {"prompt": ..., "raw_prompt": ..., "chosen": ..., "rejected": ..., "target": ..., "source": ...}: training.dpo
    reads raw_prompt, other trainers read the same as prompt.
    """
    return [
        {"prompt": each.raw_prompt, "raw_prompt": each.raw_prompt, "chosen": each.chosen, "rejected": other}
        | {"target": each.target, "source": each.how}
        for each in latest(path)
        if each.raw_prompt.strip()
        for other in each.others
    ]
