"""Results that are kept as soon as they are there: a run that was killed goes on behind them."""

import hashlib
import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path


class Kept:
    """Values by key in a SQLite file. What was put in is on the disk when `put` returns, whole or not at all.

    A key is several texts, numbers and lists; a value is anything that JSON has.

    often  for rows that come many a second: SQLite's write-ahead log takes 1 or 2 ms a row, not 10, but needs a
           folder on a disk of this computer. Its rollback journal is safe on folders of a network, too.

    Raises ValueError for a file that is none of this kind.
    """

    def __init__(self, path: Path, often: bool = False):
        path.parent.mkdir(parents=True, exist_ok=True)
        self.database = sqlite3.connect(path, timeout=60, isolation_level=None)
        try:
            if often:
                self.database.execute("PRAGMA journal_mode = WAL")
            self.database.execute("CREATE TABLE IF NOT EXISTS kept (key TEXT PRIMARY KEY, value TEXT NOT NULL)")
        except sqlite3.DatabaseError as error:
            raise ValueError(f"{path} is no file of kept results: {error}") from error

    def get(self, *key: object) -> object | None:
        """The value of a key; None where there is none."""
        found = self.database.execute("SELECT value FROM kept WHERE key = ?", (digest(key),)).fetchone()
        return found and json.loads(found[0])

    def put(self, rows: Iterable[tuple[tuple, object]]) -> None:
        """Keep (key, value) pairs, all of them or none; a key that is there gets the new value."""
        rows = [(digest(key), json.dumps(value, ensure_ascii=False)) for key, value in rows]
        self.database.execute("BEGIN IMMEDIATE")
        self.database.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?)", rows)
        self.database.execute("COMMIT")

    def __len__(self) -> int:
        return self.database.execute("SELECT count(*) FROM kept").fetchone()[0]

    def close(self) -> None:
        self.database.close()

    def __enter__(self) -> "Kept":
        return self

    def __exit__(self, *_) -> None:
        self.close()


def digest(key: tuple) -> str:
    """What stands for a key in the file: keys may be as long as a conversation."""
    return hashlib.sha256(json.dumps(key).encode()).hexdigest()[:32]
