"""Rows that the fit network learns from: phrases that a reader took or refused, and prompts that were compared.

A row of picks: {"raw_prompt", "options": [{"role", "phrase"}], "best": [numbers], "bad": [numbers]}. A row of pairs:
{"raw_prompt", "a", "b", "preferred": 1 for a, 0 for b, 0.5 for neither}.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from ..run.rows import read_jsonl


def of_files(paths: Sequence[Path], read: Callable[[Path], list[dict]]) -> list[dict]:
    """The rows of several files, one behind the other."""
    return [row for path in paths for row in read(path)]


def read_picks(path: Path) -> list[dict]:
    """The rows of a file of picked phrases. Raises what read_jsonl does, and ValueError for a row that is none."""
    rows = read_jsonl(path, "raw_prompt")
    for number, row in enumerate(rows, 1):
        if problem := problem_of_pick(row):
            raise ValueError(f"{path}, row {number}: {problem}")
    return rows


def problem_of_pick(row: dict) -> str:
    """What keeps a row from being one of picks; "" where nothing does."""
    options = row.get("options")
    if not isinstance(options, list) or not options:
        return "it needs 'options', a list of a role and a phrase each"
    if not all(isinstance(one, dict) and {"role", "phrase"} <= one.keys() for one in options):
        return "each of its 'options' needs a role and a phrase"
    for name in ("best", "bad"):
        numbers = row.get(name)
        if not isinstance(numbers, list) or not all(number in range(len(options)) for number in numbers):
            return f"it needs {name!r}, a list of numbers of options, from 0 to {len(options) - 1}"
    return ""


def read_pairs(path: Path) -> list[dict]:
    """The rows of a file of compared prompts. Raises what read_jsonl does, and ValueError for a row that is none."""
    rows = read_jsonl(path, "raw_prompt", "a", "b")
    for number, row in enumerate(rows, 1):
        if not isinstance(row.get("preferred"), int | float) or not 0 <= row["preferred"] <= 1:
            raise ValueError(f"{path}, row {number} needs 'preferred': 1 for a, 0 for b, 0.5 for neither")
    return rows
