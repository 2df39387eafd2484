"""Count the subject entries: how many, their phrases, what stands twice, and how many raw prompts they cover.

    python -m prompt_beautifier.training.subjects --prompts prompts.tsv --lacking

A file of raw prompts has one a line, alone or behind its count and a tab; a .jsonl file has rows with "raw_prompt".
A raw prompt is covered when an entry describes what it is about, or the medium or style that is all it asks for.
Raw prompts without a subject ("by an artist", "trending", "test", "5") are counted apart, by the rules of
`subjects.manner.why_no_subject`.
"""

import argparse
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..beautifier.subjects.entries import Entries, load
from ..beautifier.subjects.entry import ROLES
from ..beautifier.subjects.find import find
from ..beautifier.subjects.ideas import CREATIVE, FILE, load_ideas
from ..beautifier.subjects.manner import why_no_subject
from ..beautifier.subjects.names import matches_in
from ..beautifier.wishes.wish import read
from .run.options import as_command, new_parser
from .run.rows import read_jsonl, text_lines


def main(argv: Sequence[str] | None = None) -> None:
    args = options().parse_args(argv)
    entries = load()
    for name, number in counts_of(entries).items():
        print(f"{name}: {number}")
    if args.prompts:
        prompts = read_prompts(args.prompts, args.most)
        _print_coverage(coverage(entries, prompts), len(prompts), args.lacking)


def options() -> argparse.ArgumentParser:
    parser = new_parser(__doc__)
    parser.add_argument("--prompts", type=Path, metavar="FILE", help="raw prompts whose coverage is counted")
    parser.add_argument("--most", type=int, default=1000, help="how many of them, the most frequent first")
    parser.add_argument("--lacking", action="store_true", help="also print those that lack an entry or a subject")
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
    """Raw prompts with their counts, the most frequent first. Raises FileNotFoundError or ValueError for a file that
    has none."""
    counts: Counter[str] = Counter()
    if path.suffix == ".jsonl":
        counts.update(row["raw_prompt"] for row in read_jsonl(path, "raw_prompt"))
    else:
        for line in filter(str.strip, text_lines(path)):
            number, _, prompt = line.rstrip("\n").rpartition("\t")
            counts[prompt] += int(number) if number.isdecimal() else 1
    if not counts:
        raise ValueError(f"{path} has no raw prompts: one a line is expected")
    return counts.most_common(most)


@dataclass(frozen=True)
class Coverage:
    """Raw prompts with their counts by what was found: an entry of the thing, one of the medium or style alone, none,
    or no subject, by the rule that says so.
    """

    things: tuple[tuple[str, int], ...]
    manners: tuple[tuple[str, int], ...]
    lacking: tuple[tuple[str, int], ...]
    without: dict[str, tuple[tuple[str, int], ...]]

    @property
    def share(self) -> float:
        """How many of the raw prompts with a subject have an entry for it."""
        found = len(self.things) + len(self.manners)
        return found / max(found + len(self.lacking), 1)

    @property
    def weighted(self) -> float:
        """The same, each raw prompt counted as often as it was typed."""
        found = sum(count for _, count in (*self.things, *self.manners))
        return found / max(found + sum(count for _, count in self.lacking), 1)


def coverage(entries: Entries, prompts: Iterable[tuple[str, int]]) -> Coverage:
    """Which raw prompts have an entry for what they are about, and which have no subject at all."""
    things, manners, lacking = [], [], []
    without: dict[str, list[tuple[str, int]]] = {}
    for prompt, count in prompts:
        wish = read(prompt)
        findings = find(wish, entries)
        if findings.head_entry is not None:
            things.append((prompt, count))
        elif findings.manner is not None:
            manners.append((prompt, count))
        elif why := why_no_subject(wish, matches_in(wish, entries)):
            without.setdefault(why, []).append((prompt, count))
        else:
            lacking.append((prompt, count))
    return Coverage(tuple(things), tuple(manners), tuple(lacking), {why: tuple(each) for why, each in without.items()})


def _print_coverage(found: Coverage, number: int, lacking: bool) -> None:
    apart = sum(map(len, found.without.values()))
    print(f"raw prompts: {number}, of them without a subject {apart}")
    for why, prompts in found.without.items():
        print(f"  {why}: {len(prompts)}", *([[text for text, _ in prompts]] if lacking else []))
    print(f"covered of those with a subject: {found.share:.1%}, by frequency {found.weighted:.1%}")
    print(f"  the thing has an entry: {len(found.things)}; the medium or style that is all: {len(found.manners)}")
    print(f"  no entry: {len(found.lacking)}", *([[text for text, _ in found.lacking]] if lacking else []))


if __name__ == "__main__":
    as_command("subjects", main)
