"""Tell what blind readers said of pairs of prompts: how often each source was preferred, and whether both orders agree.

    python -m prompt_beautifier.training.readings training/data/readings/pairs.jsonl

A row: {"style", "source_a", "source_b", "votes": [first order, second order]}; a vote is 1 for a, 0 for b and 0.5 for
neither. Where a pair was read once, in an order drawn by chance, it has one vote.
A pair is decided where the mean of its votes is not 0.5. Intervals are of Wilson, 95 %.
"""

import argparse
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from scipy.stats import binomtest

from .run.options import as_command, new_parser
from .run.rows import read_jsonl


def main(argv: Sequence[str] | None = None) -> None:
    rows = [row for path in option_parser().parse_args(argv).files for row in read_pairs(path)]
    twice = [row for row in rows if len(row["votes"]) == 2]
    said = f"both orders agree in {agreement(twice):.1%} of those that both decided" if twice else "each was read once"
    print(f"{len(rows)} pairs; {said}")
    print("| style | a | against | pairs | decided | a preferred, of decided | 95 % | a preferred or tied |")
    print("|---|---|---|---|---|---|---|---|")
    for (style, a, b), means in sorted(preferences(rows).items()):
        decided = [mean for mean in means if mean != 0.5]
        won = sum(mean > 0.5 for mean in decided)
        share = interval = "-"
        if decided:
            low, high = binomtest(won, len(decided)).proportion_ci(0.95, method="wilson")
            share, interval = f"{won / len(decided):.0%}", f"{low:.0%} to {high:.0%}"
        not_lost = sum(mean >= 0.5 for mean in means) / len(means)
        print(f"| {style} | {a} | {b} | {len(means)} | {len(decided)} | {share} | {interval} | {not_lost:.0%} |")


def option_parser() -> argparse.ArgumentParser:
    parser = new_parser(__doc__)
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="JSONL files of pairs that were read")
    return parser


def read_pairs(path: Path) -> list[dict]:
    """The rows of a file of pairs. Raises what read_jsonl does, and ValueError for a row without votes."""
    rows = read_jsonl(path, "style", "source_a", "source_b")
    for number, row in enumerate(rows, 1):
        votes = row.get("votes")
        if not isinstance(votes, list) or len(votes) not in (1, 2) or any(vote not in (0, 0.5, 1) for vote in votes):
            raise ValueError(f"{path}, row {number} needs 'votes', one or two of 1, 0 and 0.5, and has {votes!r}")
    return rows


def agreement(rows: Sequence[dict]) -> float:
    """The share of pairs, of those that both readings decided, in which both prefer the same prompt."""
    both = [row["votes"] for row in rows if 0.5 not in row["votes"]]
    return sum(first == second for first, second in both) / max(len(both), 1)


def preferences(rows: Sequence[dict]) -> dict[tuple[str, str, str], list[float]]:
    """The mean vote of each pair by (style, source of a, source of b)."""
    found = defaultdict(list)
    for row in rows:
        found[row["style"], row["source_a"], row["source_b"]].append(sum(row["votes"]) / len(row["votes"]))
    return dict(found)


if __name__ == "__main__":
    as_command("readings", main)
