"""Ideas: whole pictures of a subject, written as one: a moment, a place, a light, said in each of the three styles.

An entry holds phrases that are each true of its subject; what makes a picture of them is missing. An idea is one
picture in which everything agrees. The file has one JSON object a line, several for a subject.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from .lazily import Lazily

# Pictures that whoever typed the word had in mind, and bolder ones, for creative candidates.
FILE = Path(__file__).parent / "ideas.jsonl"
CREATIVE = Path(__file__).parent / "creative.jsonl"
START = '{"subject":"'  # of nearly every row


@dataclass(frozen=True, slots=True)
class Idea:
    """One picture of a subject.

    phrases    (role, phrase), in the order in which they are said; each can be understood without the others
    sentences  (roles it speaks of, text); the first begins with "{S}", the others may say "{T}": the subject with its
               article, as the user typed it, and said again
    tags       Danbooru tags, counts of people first
    """

    subject: str
    phrases: tuple[tuple[str, str], ...]
    sentences: tuple[tuple[frozenset[str], str], ...]
    tags: tuple[str, ...]


class Ideas(Lazily[list[str], tuple[Idea, ...]]):
    """Ideas by subject. The rows of a subject are read when it is asked for."""

    def __init__(self, lines: Iterable[str]):
        super().__init__(lambda: _by_subject(lines), lambda rows: tuple(map(read_idea, rows)))


def _by_subject(lines: Iterable[str]) -> dict[str, list[str]]:
    rows: dict[str, list[str]] = {}
    for line in lines:
        rows.setdefault(subject_of(line), []).append(line)
    return rows


def subject_of(line: str) -> str:
    """The subject of a row. It stands at the start of the row, so that the rest need not be read."""
    if line.startswith(START):
        subject, _, _ = line[len(START) :].partition('"')
        if "\\" not in subject:
            return subject
    return json.loads(line)["subject"]


def read_idea(line: str) -> Idea:
    """The idea of a row."""
    row = json.loads(line)
    return Idea(
        row["subject"],
        tuple((role, phrase) for role, phrase in row["phrases"]),
        tuple((frozenset(roles.split()), text) for roles, text in row["sentences"]),
        tuple(row["tags"]),
    )


@lru_cache(maxsize=2)
def load_ideas(path: Path = FILE) -> Ideas:
    """Ideas by subject: those shipped with the pack, opened once."""
    return Ideas(path.read_text(encoding="utf-8").splitlines())
