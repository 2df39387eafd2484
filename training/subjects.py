"""Count the subject entries: how many, their phrases, what stands twice, and how many raw prompts they cover.

    python -m prompt_beautifier.training.subjects --prompts prompts.tsv

A file of raw prompts has one a line, alone or behind its count and a tab; a .jsonl file has rows with "raw_prompt".
A raw prompt is covered when an entry describes what it is about.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from ..beautifier.subjects.entries import ROLES, Entries, load
from ..beautifier.subjects.find import find
from ..beautifier.subjects.ideas import CREATIVE, FILE, load_ideas
from ..beautifier.wishes.wish import read


def main(argv: Sequence[str] | None = None) -> None:
    args = options().parse_args(argv)
    entries = load()
    for name, number in counts_of(entries).items():
        print(f"{name}: {number}")
    if args.prompts:
        prompts = read_prompts(args.prompts, args.most)
        share, weighted = coverage(entries, prompts)
        print(f"raw prompts: {len(prompts)}, covered {share:.1%}, by frequency {weighted:.1%}")


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=Path, help="raw prompts whose coverage is counted")
    parser.add_argument("--most", type=int, default=1000, help="how many of them, the most frequent first")
    return parser


def counts_of(entries: Entries) -> dict[str, int | str]:
    """Entries by sort, phrases by role, names, tags, phrases that stand in more than one entry, and ideas."""
    sorts = Counter(entry.sort for entry in entries.all)
    phrases = {role: [phrase for entry in entries.all for phrase in getattr(entry, role)] for role in ROLES}
    owners = Counter(phrase for entry in entries.all for phrase in {p for role in ROLES for p in getattr(entry, role)})
    return {
        "entries": len(entries.all),
        **{f"entries, {sort}": number for sort, number in sorts.most_common()},
        "phrases": sum(map(len, phrases.values())),
        **{f"phrases, {role}": len(found) for role, found in phrases.items()},
        "phrases in more than one entry": sum(number > 1 for number in owners.values()),
        "names in English": sum(1 + len(entry.also) for entry in entries.all),
        "names in Chinese": sum(len(entry.zh) for entry in entries.all),
        "tags": sum(len(entry.tags) for entry in entries.all),
        "entries without tags": sum(not entry.tags for entry in entries.all),
        **{
            f"{path.name}": f"{sum(map(len, ideas.values()))} of {len(ideas)} subjects"
            for path in (FILE, CREATIVE)
            for ideas in (load_ideas(path),)
        },
    }


def read_prompts(path: Path, most: int) -> list[tuple[str, int]]:
    """Raw prompts with their counts, the most frequent first."""
    counts: Counter[str] = Counter()
    for line in path.read_text(encoding="utf-8-sig").splitlines():
        if not line.strip():
            continue
        if path.suffix == ".jsonl":
            counts[json.loads(line)["raw_prompt"]] += 1
        else:
            number, _, prompt = line.rpartition("\t")
            counts[prompt] += int(number) if number.isdecimal() else 1
    return counts.most_common(most)


def coverage(entries: Entries, prompts: Iterable[tuple[str, int]]) -> tuple[float, float]:
    """The share of raw prompts whose subject an entry describes: of them all, and weighted by their counts."""
    rows = [(find(read(prompt), entries).head_entry is not None, count) for prompt, count in prompts]
    total = sum(count for _, count in rows)
    if not rows:
        return 0.0, 0.0
    return sum(hit for hit, _ in rows) / len(rows), sum(count for hit, count in rows if hit) / total


if __name__ == "__main__":
    main()
