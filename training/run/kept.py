"""Rows that are kept as soon as they are there: a run that was killed goes on behind them."""

import json
from pathlib import Path


def whole_lines(path: Path) -> list[dict]:
    """The rows of a JSONL file that may have been cut off while it was written: its torn end is cut off for good."""
    if not path.exists():
        return []
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) < len(data):
        with open(path, "r+b") as file:
            file.truncate(len(whole))
    return [json.loads(line) for line in whole.splitlines()]
