"""Tell what a reader said of the phrases of subject entries: how many were true of their subject and well said.

    python -m prompt_beautifier.training.entry_readings

A row: {"reading", "entry", "read": {role: [phrases]}, "mended": {phrase: what it became}}; a phrase that is not mended
was found true of nearly any picture of its subject, and well said. Intervals are of Wilson, 95 %.
"""

import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from scipy.stats import binomtest

FILE = Path(__file__).parent / "data" / "readings" / "entries.jsonl"


def main(argv: Sequence[str] | None = None) -> None:
    paths = [Path(name) for name in (sys.argv[1:] if argv is None else argv)] or [FILE]
    rows = [json.loads(line) for path in paths for line in path.open(encoding="utf-8")]
    print("| reading | entries | phrases | true | share | 95 % |")
    print("|---|---|---|---|---|---|")
    for reading, (entries, phrases, true) in counts(rows).items():
        low, high = binomtest(true, phrases).proportion_ci(0.95, method="wilson")
        print(f"| {reading} | {entries} | {phrases} | {true} | {true / phrases:.1%} | {low:.1%} to {high:.1%} |")


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
    main()
