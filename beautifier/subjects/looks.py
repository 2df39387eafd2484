"""How pictures by each artist look, whatever they show: what is added then agrees with a name that the user wrote.

`artists.tsv` has a row a name: the name, its medium, and whose look it has, if anybody's. `looks.jsonl` has one JSON
object an artist: marks ("detail"), lights and palettes. Nothing of it names anybody.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..prompts.vocabulary import key
from .entry import Entry

WORTH = "8"  # of what holds of whatever an artist shows
MANNER = "manner"  # a kind of the entries that are an artist's
START = '{"artist":"'  # of every row


@dataclass(eq=False)
class Artists(Mapping[str, Entry]):
    """The medium of each artist's name, with the artist's own marks, lights and palettes in place of the medium's.

    media  the entry of the medium that each name leads to, by the name's key
    whose  the artist whose look a name has, for names that have one
    file   where the looks are; it is read when the first of them is asked for
    """

    media: Mapping[str, Entry]
    whose: Mapping[str, str] = field(default_factory=dict)
    file: Path | None = None
    rows: dict[str, str] | None = field(default=None, repr=False)
    made: dict[str, Entry] = field(default_factory=dict, repr=False)

    def __getitem__(self, name: str) -> Entry:
        medium = self.media[name]
        artist = self.whose.get(name)
        if artist is None or self.file is None:
            return medium
        if artist not in self.made:
            if self.rows is None:
                self.rows = rows_of(self.file)
            self.made[artist] = with_look(medium, json.loads(self.rows[artist])) if artist in self.rows else medium
        return self.made[artist]

    def __contains__(self, name: object) -> bool:
        return name in self.media

    def __iter__(self) -> Iterator[str]:
        return iter(self.media)

    def __len__(self) -> int:
        return len(self.media)


def rows_of(file: Path) -> dict[str, str]:
    """The row of each artist, as text. Raises `ValueError` for a row that does not begin with its artist."""
    rows = {}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if not line.startswith(START):
            raise ValueError(f"line {number} of {file.name} is no look of an artist: it begins with {line[:20]!r}")
        rows[line[len(START) :].partition('"')[0]] = line
    return rows


def with_look(medium: Entry, row: Mapping[str, list[str]]) -> Entry:
    """A medium with the marks, lights and palettes of an artist; its places and views belong to no artist."""
    detail, light, color = tuple(row["detail"]), tuple(row["light"]), tuple(row["color"])
    return replace(
        medium, kinds=medium.kinds | {MANNER}, detail=detail, doing=(), place=(), light=light, view=(), color=color,
        worth=WORTH * len(detail + light + color),
    )  # fmt: skip


def artists_in(table: Path, media: Mapping[str, Entry]) -> Artists:
    """The artists of a folder's artists.tsv; none where the file is not there. media: entries by subject."""
    lines = table.read_text(encoding="utf-8").splitlines() if table.exists() else []
    rows = [line.split("\t") for line in lines if "\t" in line]
    known = {key(row[0]): row for row in rows if row[1] in media}
    whose = {name: row[2] for name, row in known.items() if len(row) > 2}
    return Artists({name: media[row[1]] for name, row in known.items()}, whose, table.with_name("looks.jsonl"))
