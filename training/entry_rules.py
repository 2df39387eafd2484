"""The rules of a subject entry, as far as a program can tell: how many phrases, how long, and what is in none.

    python -m prompt_beautifier.training.entry_rules [entries.jsonl ...]

prints what goes against them, and exits with 1 where anything does.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..beautifier.prompts.unsafe import unsafe
from ..beautifier.prompts.vocabulary import key
from ..beautifier.subjects.entries import FOLDER, read_entries
from ..beautifier.subjects.entry import Entry
from .run.options import as_command
from .run.rows import text_lines

COUNTS = {"detail": 7, "doing": 3, "place": 4, "light": 3, "view": 3, "color": 2}
FEWEST = {"detail": 5, "doing": 2, "place": 2, "light": 2, "view": 2, "color": 1}  # of what is found in few pictures
# Praise, and what is not seen.
EMPTY = frozenset(
    "beautiful stunning gorgeous amazing perfect masterpiece detailed intricate epic awesome wonderful lovely elegant "
    "breathtaking magnificent incredible exquisite iconic timeless unforgettable quality".split()
)
# What is heard, not seen.
HEARD = frozenset("humming buzzing ticking ringing echoing creaking squeaking rattling clattering soundlessly".split())
ODD = re.compile(r"[^a-z0-9éâèíñ '%/-]")
# Tags of the ears and tail of a person: beside an animal they ask for a girl who has them.
WORN = re.compile(
    r"(animal|bear|cat|cow|deer|dog|fox|goat|horse|lion|mouse|rabbit|raccoon|squirrel|tiger|wolf) (ears|tail)"
)
FREE = frozenset("medium quality action".split())  # sorts whose name may stand in their own phrases


def problems(entry: Entry) -> Iterator[str]:
    """What of an entry goes against the rules, one sentence each."""
    if not entry.zh:
        yield "has no Chinese name"
    if not entry.tags:
        yield "has no tag"
    if "no humans" in entry.tags:
        yield from (f"tag {tag!r} is of people" for tag in entry.tags if WORN.fullmatch(tag))
    for role, count in COUNTS.items():
        phrases = getattr(entry, role)
        if not FEWEST[role] <= len(phrases) <= count:
            yield f"has {len(phrases)} of {role}, not {FEWEST[role]} to {count}"
        if len(set(phrases)) != len(phrases):
            yield f"says something of {role} twice"
        for phrase in phrases:
            yield from (f"{role} {phrase!r} {why}" for why in _wrong(phrase, entry))


def _wrong(phrase: str, entry: Entry) -> Iterator[str]:
    words = phrase.split()
    if not 2 <= len(words) <= 8:
        yield f"has {len(words)} words, not 2 to 8"
    if ODD.search(phrase):
        yield "has a mark or a capital"
    if EMPTY & set(words):
        yield "praises"
    if HEARD & set(words):
        yield "is heard, not seen"
    if "or" in words:
        yield "leaves a choice open"
    if unsafe(phrase):
        yield "is unsafe"
    if entry.kinds.isdisjoint(FREE) and f" {key(entry.subject)} " in f" {key(phrase)} ":
        yield "repeats the subject"


def main(argv: Sequence[str] | None = None) -> int:
    paths = [Path(name) for name in (sys.argv[1:] if argv is None else argv)] or [FOLDER / "entries.jsonl"]
    found = 0
    for path in paths:
        for entry in read_entries(list(text_lines(path))):
            for problem in problems(entry):
                print(f"{entry.subject}: {problem}")
                found += 1
    return int(found > 0)


if __name__ == "__main__":
    as_command("entry_rules", lambda: sys.exit(main()))
