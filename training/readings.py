"""Tell what blind readers said of pairs of prompts: how often each source was preferred, and whether both orders agree.

    python -m prompt_beautifier.training.readings training/data/readings/pairs.jsonl

A row: {"style", "source_a", "source_b", "votes": [first order, second order]}; a vote is 1 for a, 0 for b and 0.5 for
neither.
A pair is decided where the mean of its votes is not 0.5. Intervals are of Wilson, 95 %.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from scipy.stats import binomtest


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+", help="JSONL files of pairs")
    args = parser.parse_args(argv)
    rows = [json.loads(line) for path in args.files for line in open(path, encoding="utf-8-sig")]
    print(f"{len(rows)} pairs; both orders agree in {agreement(rows):.1%} of those that both decided")
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
    main()
