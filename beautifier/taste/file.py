"""The SQLite file of what a person chose and had beautified: its tables, and how it is opened."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

NAME = "prompt_beautifier.sqlite"  # in ComfyUI's user folder, of which no route serves anything
PATIENCE = 5.0  # seconds to wait for another process that writes

TABLES = """
CREATE TABLE IF NOT EXISTS picks (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    raw_prompt TEXT NOT NULL,
    target TEXT NOT NULL,      -- the image model, or ''
    how TEXT NOT NULL,         -- click, edit, review, star, picture
    shown TEXT NOT NULL,       -- JSON: all prompts, sorted; one pick each, but of stars
    chosen TEXT NOT NULL,
    others TEXT NOT NULL,      -- JSON: those not chosen
    worth TEXT                 -- JSON: what the reward model says of chosen and others; NULL until it was asked
);
CREATE TABLE IF NOT EXISTS history (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    raw_prompt TEXT NOT NULL,
    target TEXT NOT NULL,
    model TEXT NOT NULL,
    prompts TEXT NOT NULL,     -- JSON: the candidates
    stars TEXT NOT NULL        -- JSON: the indices of those with a star
);
CREATE INDEX IF NOT EXISTS history_at ON history (at);
"""


@contextmanager
def opened(path: Path) -> Generator[sqlite3.Connection]:
    """A connection to the file, which is made where it is not there; what is done commits together.

    Raises OSError that names the file where it cannot be read or written, or is none of SQLite's.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, timeout=PATIENCE)) as connection, connection:
            connection.executescript(TABLES)
            yield connection
    except sqlite3.Error as error:
        raise OSError(f"{path} cannot be used ({error}): move it away, and a new one is made") from error
