"""Tell what a reader said of the phrases of subject entries: how many were true of their subject and well said.

    python -m prompt_beautifier.training.entry_readings

A row: {"reading", "entry", "read": {role: [phrases]}, "mended": {phrase: what it became}}; a phrase that is not mended
was found true of nearly any picture of its subject, and well said. Intervals are of Wilson, 95 %.
"""

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from scipy.stats import binomtest

from .run.options import as_command, new_parser
from .run.rows import read_jsonl

FILE = Path(__file__).parent / "data" / "readings" / "entries.jsonl"


def main(argv: Sequence[str] | None = None) -> None:
    rows = [row for path in option_parser().parse_args(argv).files for row in read_entries(path)]
    print("| reading | entries | phrases | true | share | 95 % |")
    print("|---|---|---|---|---|---|")
    for reading, (entries, phrases, true) in counts(rows).items():
        low, high = binomtest(true, phrases).proportion_ci(0.95, method="wilson")
        print(f"| {reading} | {entries} | {phrases} | {true} | {true / phrases:.1%} | {low:.1%} to {high:.1%} |")


def option_parser() -> argparse.ArgumentParser:
    parser = new_parser(__doc__)
    files = "JSONL files of entries that were read; default: the project's own"
    parser.add_argument("files", type=Path, nargs="*", metavar="FILE", default=[FILE], help=files)
    return parser


def read_entries(path: Path) -> list[dict]:
    """The rows of a file of entries. Raises what read_jsonl does, and ValueError for a row without phrases."""
    rows = read_jsonl(path, "reading", "entry")
    for number, row in enumerate(rows, 1):
        for name in ("read", "mended"):
            if not isinstance(row.get(name), dict):
                raise ValueError(f"{path}, row {number} needs {name!r}, an object, and has {row.get(name)!r}")
    return rows


def counts(rows: Sequence[dict]) -> dict[str, tuple[int, int, int]]:
    """For each reading the entries that were read, their phrases, and how many of these were true."""
    entries: dict[str, set[str]] = {}
    phrases: Counter[str] = Counter()
    mended: Counter[str] = Counter()
    for row in rows:
        entries.setdefault(row["reading"], set()).add(row["entry"])
        phrases[row["reading"]] += sum(map(len, row["read"].values()))
        mended[row["reading"]] += len(row["mended"])
    return {name: (len(each), phrases[name], phrases[name] - mended[name]) for name, each in entries.items()}


if __name__ == "__main__":
    as_command("entry_readings", main)
