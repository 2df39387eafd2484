"""Pairs of pictures that people choose between, their votes in a SQLite file, and what the votes say."""

import hashlib
import json
import math
import secrets
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path

from ..evaluation.page import Table, markdown
from ..evaluation.statistics import Interval, ratio_interval, share_interval
from ..run.rows import read_jsonl

CHOICES = ("left", "tie", "right")
KINDS = (".png", ".jpg", ".jpeg", ".webp")


@dataclass(frozen=True)
class Pair:
    """Two methods' pictures of a raw prompt. The key stays the same when rows are added or change places."""

    key: str
    raw_prompt: str
    methods: tuple[str, str]
    pictures: tuple[Path, Path]


def read_pairs(source: Path, against: str | None = None) -> tuple[list[Pair], str, int]:
    """The pairs of every other method with `against`; the name of that method; how many pairs are one picture.

    source   JSONL of {"raw_prompt": str, "images": {method: path beside the file}}, or a folder with pictures.jsonl
    against  the method that the others are compared with; None is the first
    A pair whose two methods share the same picture is left out: there is nothing to choose.
    Raises FileNotFoundError for a file or a picture that is missing; ValueError for rows that are none of these, and
    for pictures outside the file's folder.
    """
    file = source / "pictures.jsonl" if source.is_dir() else source
    pairs, same = {}, 0
    for number, row in enumerate(read_jsonl(file, "raw_prompt"), 1):
        images = row.get("images")
        if not isinstance(images, dict) or not all(isinstance(path, str) for path in images.values()):
            raise ValueError(f'{file}, row {number} needs "images", a mapping of methods to picture files')
        against = against or next(iter(images), None)
        if against not in images or len(images) < 2:
            raise ValueError(f"{file}, row {number} needs pictures of {against!r} and of another method: {[*images]}")
        found = {method: picture_in(file.parent, path) for method, path in images.items()}
        for method in images:
            if method == against:
                continue
            if found[method] == found[against]:
                same += 1
                continue
            identity = [row["raw_prompt"], row.get("seed"), method, images[method], against, images[against]]
            key = hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:16]
            pictures = (found[method], found[against])
            pairs[key] = Pair(key, row["raw_prompt"], (method, against), pictures)
    if not pairs:
        raise ValueError(f"{file} has no two different pictures of one raw prompt")
    return list(pairs.values()), against, same


def picture_in(folder: Path, name: str) -> Path:
    """The picture `name` of a folder. Nothing outside the folder is ever shown, wherever a link leads."""
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()) or path.suffix.lower() not in KINDS:
        raise ValueError(f"{name!r} must be a picture ({', '.join(KINDS)}) in {folder}")
    if not path.is_file():
        raise FileNotFoundError(f"there is no picture {path}")
    return path


class AlreadyVoted(Exception):
    """The person has voted on the pair before."""


@dataclass(frozen=True)
class Vote:
    """One person's choice between two methods' pictures of a raw prompt."""

    person: str
    pair: str
    raw_prompt: str
    left: str
    right: str
    choice: str  # one of CHOICES


class Votes:
    """Votes in a SQLite file. Each is on the disk when `add` returns, and no person has two on a pair."""

    def __init__(self, path: Path):
        self.database = sqlite3.connect(path, timeout=10, isolation_level=None)
        try:
            self.database.execute("PRAGMA journal_mode = WAL")
        except sqlite3.DatabaseError as error:
            raise ValueError(f"{path} is no file of votes: {error}") from error
        self.database.execute("PRAGMA synchronous = FULL")
        self.database.executescript(
            """
            CREATE TABLE IF NOT EXISTS votes (
                number INTEGER PRIMARY KEY, person TEXT NOT NULL, pair TEXT NOT NULL, raw_prompt TEXT NOT NULL,
                left_method TEXT NOT NULL, right_method TEXT NOT NULL,
                choice TEXT NOT NULL CHECK (choice IN ('left', 'tie', 'right')), time TEXT NOT NULL,
                UNIQUE (person, pair)
            );
            CREATE INDEX IF NOT EXISTS votes_by_pair ON votes (pair);
            CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
            """
        )
        new = (secrets.token_hex(16),)
        self.database.execute("INSERT OR IGNORE INTO settings VALUES ('salt', ?)", new)
        ((self.salt,),) = self.database.execute("SELECT value FROM settings WHERE name = 'salt'")

    def secret(self, *parts: str) -> str:
        """A number in hex that depends on `parts` and nobody can guess: for orders, and for addresses of pictures."""
        return hashlib.sha256(json.dumps([self.salt, *parts]).encode()).hexdigest()[:32]

    def add(self, vote: Vote) -> None:
        """Keep a vote. Raises AlreadyVoted for the second of a person on a pair."""
        time = datetime.now(timezone.utc).isoformat(timespec="seconds")
        values = (vote.person, vote.pair, vote.raw_prompt, vote.left, vote.right, vote.choice, time)
        columns = "person, pair, raw_prompt, left_method, right_method, choice, time"
        try:
            self.database.execute(f"INSERT INTO votes ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", values)
        except sqlite3.IntegrityError as error:
            raise AlreadyVoted(vote.pair) from error

    def undo(self, person: str, pairs: Sequence[str]) -> str | None:
        """Take back the person's last vote on one of `pairs`: the pair's key; None where there is none."""
        last = self.last(person, pairs)
        if last:
            self.database.execute("DELETE FROM votes WHERE person = ? AND pair = ?", (person, last))
        return last

    def last(self, person: str, pairs: Sequence[str]) -> str | None:
        """The pair of the person's last vote on one of `pairs`."""
        found = self.database.execute("SELECT pair FROM votes WHERE person = ? ORDER BY number DESC", (person,))
        wanted = frozenset(pairs)
        return next((pair for (pair,) in found if pair in wanted), None)

    def voted(self, person: str) -> set[str]:
        """The pairs a person has voted on."""
        return {pair for (pair,) in self.database.execute("SELECT pair FROM votes WHERE person = ?", (person,))}

    def counts(self) -> Counter[str]:
        """How many votes each pair has."""
        return Counter(dict(self.database.execute("SELECT pair, count(*) FROM votes GROUP BY pair")))

    def __iter__(self) -> Iterator[Vote]:
        columns = "person, pair, raw_prompt, left_method, right_method, choice"
        return (Vote(*row) for row in self.database.execute(f"SELECT {columns} FROM votes ORDER BY number"))

    def close(self) -> None:
        self.database.close()


@dataclass(frozen=True)
class Tally:
    """Votes on one method against the reference.

    win, tie, loss  shares of the votes, with 95 % Wilson intervals, for which each vote counts as independent
    lead            share won less share lost, with a 95 % bootstrap interval over raw prompts
    """

    method: str
    votes: int
    prompts: int
    wins: int
    ties: int
    losses: int
    win: Interval
    tie: Interval
    loss: Interval
    lead: Interval


def reference_of(votes: Sequence[Vote]) -> str:
    """The method that is in every vote. Raises ValueError where there is not exactly one."""
    common = set.intersection(*({vote.left, vote.right} for vote in votes))
    if len(common) != 1:
        raise ValueError(f"name the method that the others are compared with (--against): one of {sorted(common)}")
    return common.pop()


def tallies(votes: Sequence[Vote], against: str, seed: int = 0) -> list[Tally]:
    """What the votes say of each method that was compared with `against`, the method with the largest lead first."""
    found = []
    methods = {method for vote in votes if against in (vote.left, vote.right) for method in (vote.left, vote.right)}
    for method in sorted(methods - {against}):
        outcomes: dict[str, Counter[str]] = {}
        for vote in votes:
            if {vote.left, vote.right} == {method, against}:
                outcomes.setdefault(vote.raw_prompt, Counter())[outcome(vote, method)] += 1
        total = sum(outcomes.values(), Counter())
        leads = [each["win"] - each["loss"] for each in outcomes.values()]
        wholes = [each.total() for each in outcomes.values()]
        found.append(
            Tally(
                method,
                total.total(),
                len(outcomes),
                *(total[kind] for kind in ("win", "tie", "loss")),
                *(share_interval(total[kind], total.total()) for kind in ("win", "tie", "loss")),
                ratio_interval(leads, wholes, seed=seed),
            )
        )
    return sorted(found, key=lambda each: -each.lead.value)


def outcome(vote: Vote, method: str) -> str:
    """win, tie or loss, for a method."""
    if vote.choice == "tie":
        return "tie"
    return "win" if (vote.left if vote.choice == "left" else vote.right) == method else "loss"


@dataclass(frozen=True)
class Report:
    """What a file of votes says: who voted, whether they favoured a side, and a tally for each method."""

    against: str
    people: int
    votes: int
    left: Interval | None  # share of the votes that are no ties that went to the left picture
    tallies: list[Tally]


def report(votes: Sequence[Vote], against: str | None = None) -> Report:
    """What votes say. Raises ValueError where there are none, or none on `against`."""
    if not votes:
        raise ValueError("there are no votes yet")
    against = against or reference_of(votes)
    counted = [vote for vote in votes if against in (vote.left, vote.right)]
    if not counted:
        raise ValueError(f"no vote is on {against!r}")
    sides = Counter(vote.choice for vote in counted)
    decided = sides["left"] + sides["right"]
    left = share_interval(sides["left"], decided) if decided else None
    people = len({vote.person for vote in counted})
    return Report(against, people, len(counted), left, tallies(counted, against))


def report_markdown(found: Report) -> str:
    """A report to read."""
    rows = tuple(
        (
            each.method,
            (
                percent(each.win),
                percent(each.tie),
                percent(each.loss),
                percent(each.lead, signed=True),
                f"{each.votes:,}",
                f"{each.prompts:,}",
            ),
        )
        for each in found.tallies
    )
    note = (
        f"{count(found.votes, 'vote')} of {count(found.people, 'person', 'people')}. Win, tie and loss: shares of the "
        "votes with 95 % Wilson intervals, for which each vote counts as independent. Lead: share won less share lost, "
        "with a 95 % bootstrap interval over raw prompts, which takes the votes on one prompt together."
    )
    if found.left:
        note += f" Of the votes that are no ties, {percent(found.left)} went to the left picture."
    columns = ("win", "tie", "loss", "lead", "votes", "prompts")
    return markdown(Table(f"People's choice, against {found.against}", note, columns, rows))


def count(number: int, one: str, more: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else more or one + 's'}"


def percent(interval: Interval, signed: bool = False) -> str:
    sign = "+" if signed else ""
    value, low, high = (f"{100 * each:{sign}.1f}" for each in (interval.value, interval.low, interval.high))
    ends = "one prompt, no interval" if math.isnan(interval.low) else f"{low} to {high}"
    return f"{value} % ({ends})"


def report_json(found: Report) -> str:
    """A report to compute with; an interval that there is none of has ends that are null."""
    numbers = json.loads(json.dumps(asdict(found)), parse_constant=lambda _: None)
    return json.dumps(numbers, indent=2, ensure_ascii=False, allow_nan=False)
