"""All subject entries (entry.py), and the index of the names they are found by. The file has one JSON object a line."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from ..prompts.vocabulary import key
from .entry import ROLES, Entry
from .looks import Artists, artists_in

FOLDER = Path(__file__).parent
LONGEST_NAME = 5


@dataclass(frozen=True, eq=False)
class Entries:
    """All entries, and by which names they are found: keys are folded and singular (`vocabulary.key`).

    proper: the subjects that are names ("paris", "taj mahal"), each with the article it takes ("" or "the").
    titles: names of games, films, brands and sites; they come last among the names.
    """

    all: tuple[Entry, ...]
    by_name: dict[str, tuple[Entry, ...]]
    people: dict[str, Entry]
    artists: Mapping[str, Entry]
    proper: dict[str, str]
    titles: frozenset[str] = frozenset()

    @cached_property
    def by_subject(self) -> dict[str, Entry]:
        """The entry of each subject's own name."""
        return {entry.subject: entry for entry in self.all}

    @cached_property
    def by_zh(self) -> dict[str, Entry]:
        """Entries by Chinese name."""
        names: dict[str, Entry] = {}
        for position in range(max((len(entry.zh) for entry in self.all), default=0)):
            for entry in self.all:
                if position < len(entry.zh):
                    names.setdefault(entry.zh[position].casefold(), entry)
        return names

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """Every word of a name or phrase: what is among them is no misspelling."""
        words: set[str] = set()
        for entry in self.all:
            for text in (entry.subject, *entry.also, *(phrase for role in ROLES for phrase in getattr(entry, role))):
                words.update(text.replace("-", " ").split())
        return frozenset(words)


def read_entries(lines: list[str] | tuple[str, ...]) -> tuple[Entry, ...]:
    """Entries from lines of JSON. Raises `ValueError` naming the line that is none."""
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            lists = {field: tuple(row.get(field, ())) for field in ("also", "zh", *ROLES, "tags")}
            worth = row.get("worth", "")
            if worth and (not worth.isdigit() or len(worth) != sum(len(lists[role]) for role in ROLES)):
                raise ValueError("worth: needs a digit a phrase")
            found.append(Entry(subject=row["subject"], kinds=frozenset(row["kinds"]), worth=worth, **lists))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"line {number} is no subject entry ({error})") from None
    return tuple(found)


def index(
    entries: tuple[Entry, ...],
    people: dict[str, str] | None = None,
    artists: Mapping[str, Entry] | None = None,
    proper: dict[str, str] | None = None,
    titles: dict[str, str] | None = None,
) -> Entries:
    """Entries with their names. A subject's own name comes before another's synonym, and that before a title's."""
    by_name: dict[str, tuple[Entry, ...]] = {}
    for own in (True, False):
        for entry in entries:
            for name in (entry.subject,) if own else entry.also:
                name = key(name)
                known = by_name.get(name, ())
                if entry not in known:
                    by_name[name] = (*known, entry)
    by_subject = {entry.subject: entry for entry in entries}
    persons = _resolved(people or {}, by_subject)
    resolved = _resolved(titles or {}, by_subject)
    for name, entry in resolved.items():
        if name not in persons:
            by_name.setdefault(name, (entry,))
    works = frozenset(name for name, entry in resolved.items() if by_name.get(name) == (entry,))
    return Entries(
        all=entries,
        by_name=by_name,
        people=persons,
        artists=artists if artists is not None else Artists({}),
        proper=proper or {},
        titles=works,
    )


def _resolved(names: dict[str, str], by_subject: dict[str, Entry]) -> dict[str, Entry]:
    return {key(name): by_subject[subject] for name, subject in names.items() if subject in by_subject}


def _table(path: Path) -> dict[str, str]:
    """Rows of a two-column TSV; empty where the file is not there."""
    if not path.exists():
        return {}
    rows = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if "\t" in line)
    return {row[0]: row[1].strip() for row in rows}


def _titles(path: Path) -> dict[str, str]:
    """The subject that each name leads to: a row has a subject, a tab and its names, divided by "|"."""
    return {name: subject for subject, names in _table(path).items() for name in names.split("|")}


@lru_cache(maxsize=2)
def load(folder: Path = FOLDER) -> Entries:
    """The entries of a folder: entries.jsonl, and people.tsv, artists.tsv, proper.tsv and titles.tsv where they are."""
    entries = read_entries((folder / "entries.jsonl").read_text(encoding="utf-8").splitlines())
    artists = artists_in(folder / "artists.tsv", {entry.subject: entry for entry in entries})
    proper = {subject: "" if article == "-" else article for subject, article in _table(folder / "proper.tsv").items()}
    return index(entries, _table(folder / "people.tsv"), artists, proper, _titles(folder / "titles.tsv"))
