"""What was beautified, kept in a file: searched, with stars, and forgotten."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .file import opened

MOST_KEPT = 5000  # older ones without a star are forgotten
PAGE = 50


@dataclass(frozen=True)
class Entry:
    """One raw prompt and what was made of it.

    number  its row in the file
    at      when, in seconds since 1970
    stars   the indices of the prompts with a star
    """

    number: int
    at: float
    raw_prompt: str
    target: str
    model: str
    prompts: tuple[str, ...]
    stars: tuple[int, ...] = ()


def add(path: Path, raw_prompt: str, target: str, model: str, prompts: Sequence[str]) -> int:
    """Keep what was made of a raw prompt; its number. The same made again is the same entry, and the newest."""
    made = json.dumps(list(prompts), ensure_ascii=False)
    with opened(path) as file:
        same = file.execute(
            "SELECT id FROM history WHERE raw_prompt = ? AND target = ? AND model = ? AND prompts = ?",
            (raw_prompt, target, model, made),
        ).fetchone()
        if same:
            file.execute("UPDATE history SET at = ? WHERE id = ?", (time.time(), same[0]))
            return same[0]
        number = file.execute(
            "INSERT INTO history (at, raw_prompt, target, model, prompts, stars) VALUES (?, ?, ?, ?, ?, '[]')",
            (time.time(), raw_prompt, target, model, made),
        ).lastrowid
        file.execute(
            "DELETE FROM history WHERE stars = '[]' "
            "AND id <= (SELECT id FROM history ORDER BY id DESC LIMIT 1 OFFSET ?)",
            (MOST_KEPT,),
        )
    return number or 0


def search(path: Path, words: str = "", starred: bool = False, skip: int = 0) -> list[Entry]:
    """The entries that have all of the words, in the raw prompt or in a candidate, the newest first, PAGE at most.

    starred  only those with a star
    skip     so many entries are left out, to go on behind them
    """
    if not path.is_file():
        return []
    asked = words.split()
    where = ["(raw_prompt LIKE ? ESCAPE '\\' OR prompts LIKE ? ESCAPE '\\')" for _ in asked]
    where += ["stars <> '[]'"] if starred else []
    values = [value for word in asked for value in (pattern(word), pattern(json.dumps(word, ensure_ascii=False)[1:-1]))]
    with opened(path) as file:
        found = file.execute(
            "SELECT id, at, raw_prompt, target, model, prompts, stars FROM history "
            f"WHERE {' AND '.join(where) or '1'} ORDER BY at DESC, id DESC LIMIT ? OFFSET ?",
            (*values, PAGE, max(skip, 0)),
        ).fetchall()
    return [Entry(*row[:5], tuple(json.loads(row[5])), tuple(json.loads(row[6]))) for row in found]


def pattern(word: str) -> str:
    """What LIKE compares with to find a word anywhere, its signs taken as they are."""
    for sign in "\\%_":
        word = word.replace(sign, f"\\{sign}")
    return f"%{word}%"


def find(path: Path, number: int) -> Entry:
    """One entry. Raises LookupError where it is not there any more."""
    with opened(path) as file:
        row = file.execute(
            "SELECT id, at, raw_prompt, target, model, prompts, stars FROM history WHERE id = ?", (number,)
        ).fetchone()
    if row is None:
        raise LookupError("this entry of the history is not there any more")
    return Entry(*row[:5], tuple(json.loads(row[5])), tuple(json.loads(row[6])))


def set_star(path: Path, number: int, index: int, starred: bool) -> Entry:
    """Give a prompt of an entry a star, or take it away; the entry before. Raises LookupError where there is none."""
    entry = find(path, number)
    if not 0 <= index < len(entry.prompts):
        raise LookupError(f"this entry of the history has {len(entry.prompts)} prompts, and none with number {index}")
    stars = sorted({*entry.stars, index} if starred else {*entry.stars} - {index})
    with opened(path) as file:
        file.execute("UPDATE history SET stars = ? WHERE id = ?", (json.dumps(stars), number))
    return entry


def forget(path: Path, number: int | None = None) -> None:
    """Forget an entry, or all of them, those with stars too."""
    if not path.is_file():
        return
    with opened(path) as file:
        file.execute("PRAGMA secure_delete = ON")
        if number is None:
            file.execute("DELETE FROM history")
        else:
            file.execute("DELETE FROM history WHERE id = ?", (number,))
