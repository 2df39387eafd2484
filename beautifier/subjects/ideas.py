"""Ideas: whole pictures of a subject, written as one: a moment, a place, a light, said in each of the three styles.

An entry holds phrases that are each true of its subject; what makes a picture of them is missing. An idea is one
picture in which everything agrees. The file has one JSON object a line, several for a subject.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

# Pictures that whoever typed the word had in mind, and bolder ones, for creative candidates.
FILE = Path(__file__).parent / "ideas.jsonl"
CREATIVE = Path(__file__).parent / "creative.jsonl"


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


@lru_cache(maxsize=2)
def load_ideas(path: Path = FILE) -> Mapping[str, tuple[Idea, ...]]:
    """Ideas by subject: those shipped with the pack, read once."""
    found: dict[str, list[Idea]] = {}
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            idea = Idea(
                row["subject"],
                tuple((role, phrase) for role, phrase in row["phrases"]),
                tuple((frozenset(roles.split()), text) for roles, text in row["sentences"]),
                tuple(row["tags"]),
            )
            found.setdefault(idea.subject, []).append(idea)
    return {subject: tuple(ideas) for subject, ideas in found.items()}
