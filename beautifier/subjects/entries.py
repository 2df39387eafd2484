"""All subject entries (entry.py), and the index of the names they are found by. The file has one JSON object a line."""

import json
from collections.abc import Mapping, Set
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

from ..prompts.vocabulary import key
from .entry import ROLES, Entry
from .lazily import Lazily
from .looks import Artists, artists_in
from .names_file import read_files, read_names, rows_of

FOLDER = Path(__file__).parent
LONGEST_NAME = 5
START = b'{"subject": "'  # of every row


@dataclass(frozen=True, eq=False)
class Entries:
    """All entries, and by which names they are found: keys are folded and singular (`vocabulary.key`).

    by_subject: the entry of each subject's own name. by_zh: those of Chinese names.
    proper: the subjects that are names ("paris", "taj mahal"), each with the article it takes ("" or "the").
    titles: names of games, films, brands and sites; they come last among the names.
    vocabulary: every word of a name or phrase; what is among them is no misspelling.
    """

    by_subject: Mapping[str, Entry]
    by_name: Mapping[str, tuple[Entry, ...]]
    people: Mapping[str, Entry]
    artists: Mapping[str, Entry]
    proper: Mapping[str, str]
    titles: Set[str]
    by_zh: Mapping[str, Entry]
    vocabulary: Set[str]

    @property
    def all(self) -> tuple[Entry, ...]:
        """Every entry, in the order of the file."""
        return tuple(self.by_subject.values())


def read_entries(lines: list[str] | tuple[str, ...]) -> tuple[Entry, ...]:
    """Entries from lines of JSON. Raises `ValueError` naming the line that is none."""
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found.append(read_entry(line))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"line {number} is no subject entry ({error})") from None
    return tuple(found)


def read_entry(line: str | bytes) -> Entry:
    """The entry of a row. Raises `ValueError`, `KeyError` or `TypeError` for one that is none."""
    row = json.loads(line)
    lists = {field: tuple(row.get(field, ())) for field in ("also", "zh", *ROLES, "tags")}
    worth = row.get("worth", "")
    if worth and (not worth.isdigit() or len(worth) != sum(len(lists[role]) for role in ROLES)):
        raise ValueError("worth: needs a digit a phrase")
    return Entry(subject=row["subject"], kinds=frozenset(row["kinds"]), worth=worth, **lists)


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
        by_subject=by_subject,
        by_name=by_name,
        people=persons,
        artists=artists if artists is not None else Artists({}),
        proper=proper or {},
        titles=works,
        by_zh=_by_zh(entries),
        vocabulary=_words(entries),
    )


def _by_zh(entries: tuple[Entry, ...]) -> dict[str, Entry]:
    """Entries by Chinese name: the first name of one comes before the second of another."""
    names: dict[str, Entry] = {}
    for position in range(max((len(entry.zh) for entry in entries), default=0)):
        for entry in entries:
            if position < len(entry.zh):
                names.setdefault(entry.zh[position].casefold(), entry)
    return names


def _words(entries: tuple[Entry, ...]) -> frozenset[str]:
    words: set[str] = set()
    for entry in entries:
        for text in (entry.subject, *entry.also, *(phrase for role in ROLES for phrase in getattr(entry, role))):
            words.update(text.replace("-", " ").split())
    return frozenset(words)


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
    """The entries of a folder: entries.jsonl, and people.tsv, artists.tsv, proper.tsv and titles.tsv where they are.

    Where its names.tsv is of these files, an entry is read when it is asked for; else all of them at once.
    """
    files = read_files(folder)
    names = read_names(folder, files)
    return load_whole(folder) if names is None else _found_by(names, files["entries.jsonl"].split(b"\n"), folder)


def load_whole(folder: Path) -> Entries:
    """The same, without names.tsv."""
    entries = read_entries((folder / "entries.jsonl").read_text(encoding="utf-8").splitlines())
    artists = artists_in(folder / "artists.tsv", {entry.subject: entry for entry in entries})
    people, titles = _table(folder / "people.tsv"), _titles(folder / "titles.tsv")
    return index(entries, people, artists, _proper(folder), titles)


def _proper(folder: Path) -> dict[str, str]:
    return {subject: "" if article == "-" else article for subject, article in _table(folder / "proper.tsv").items()}


def _found_by(names: Mapping[str, str], lines: list[bytes], folder: Path) -> Entries:
    """Entries that are read one by one, found by the names of names.tsv."""
    entries = Lazily(lambda: {subject_of(line): line for line in lines if line}, read_entry)

    def leads(block: str) -> Mapping[str, Entry]:
        return Lazily(partial(rows_of, names[block]), entries.__getitem__)

    return Entries(
        by_subject=entries,
        by_name=Lazily(
            partial(rows_of, names["names"]), lambda row: tuple(entries[subject] for subject in row.split("|"))
        ),
        people=leads("people"),
        artists=Artists(leads("artists"), rows_of(names["looks"]), folder / "looks.jsonl"),
        proper=_proper(folder),
        titles=frozenset(names["titles"].splitlines()),
        by_zh=leads("zh"),
        vocabulary=frozenset(names["words"].split()),
    )


def subject_of(line: bytes) -> str:
    """The subject of a row. It stands at the start of the row, so that the rest need not be read."""
    subject = line[len(START) : line.find(b'"', len(START))]
    return subject.decode() if line.startswith(START) and b"\\" not in subject else json.loads(line)["subject"]
