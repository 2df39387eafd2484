"""Write what each phrase of the subject entries is worth: what readers gave it, less how often it was refused.

    python -m prompt_beautifier.training.entry_worth

Readers who knew the entry and no prompt gave each phrase 0 (often wrong) to 3 (telling, and hardly ever wrong); other
readers took or refused it beside real raw prompts. The worth is a digit, 0 to 9, in entries.jsonl. A row of ratings:
{"entry", "ratings": [a string a reader: a digit a phrase, role by role, "-" where it was not read]}.
"""

import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from ..beautifier.subjects.entries import FOLDER
from ..beautifier.subjects.entry import ROLES, USUAL_WORTH
from .data.picks import read_picks
from .run.options import as_command, new_parser
from .run.rows import read_jsonl, text_lines

READINGS = Path(__file__).parent / "data" / "readings"
PICKS = ("picks.jsonl", "picks-odd.jsonl", "picks-offered.jsonl")
# How many readings a phrase's entry and role count for beside its own, and all entries beside those of one.
BEHIND_PHRASE, BEHIND_ENTRY = 3, 4
# How much a refusal takes away, and which sums are the digits 0 and 9.
REFUSED = 2.5
LOWEST, HIGHEST = -1.6, 2.7


class Refusals:
    """How often readers refused phrases beside real raw prompts."""

    def __init__(self, picks: Iterable[dict]):
        self.offered: Counter[tuple] = Counter()
        self.refused: Counter[tuple] = Counter()
        for row in picks:
            for number, option in enumerate(row["options"]):
                entry, role = option.get("entry", ""), option["role"]
                keys = ((entry, option["phrase"]), (entry, role, ""), (role,))
                self.offered.update(keys)
                if number in row["bad"]:
                    self.refused.update(keys)

    def share(self, entry: str, role: str, phrase: str) -> float:
        """The share of readings in which a phrase was refused, drawn towards that of its entry and its role."""
        usual = self._share((role,), 0.0, 0)
        of_entry = self._share((entry, role, ""), usual, BEHIND_ENTRY)
        return self._share((entry, phrase), of_entry, BEHIND_PHRASE)

    def _share(self, key: tuple, usual: float, weight: int) -> float:
        offered = self.offered[key] + weight
        return (self.refused[key] + weight * usual) / offered if offered else 0.0


def main(argv: Sequence[str] | None = None) -> None:
    new_parser(__doc__).parse_args(argv)
    path = FOLDER / "entries.jsonl"
    rows = [json.loads(line) for line in text_lines(path) if line.strip()]
    text = "".join(
        json.dumps(row, ensure_ascii=False) + "\n" for row in with_worth(rows, shipped_ratings(), refusals())
    )
    path.write_text(text, encoding="utf-8", newline="\n")


def refusals() -> Refusals:
    """Those of the project's own readings."""
    return Refusals(row for name in PICKS for row in read_picks(READINGS / name))


def shipped_ratings() -> dict[str, list[str]]:
    """The readers' digits of each entry, from the project's own file."""
    return {row["entry"]: row["ratings"] for row in read_jsonl(READINGS / "ratings.jsonl", "entry")}


def with_worth(rows: Iterable[dict], ratings: dict[str, list[str]], refused: Refusals) -> list[dict]:
    """Rows of entries with their worth. Raises ValueError for ratings of another number of phrases."""
    return [{**row, "worth": worth_of(row, ratings.get(row["subject"], []), refused)} for row in rows]


def worth_of(row: dict, ratings: Sequence[str], refused: Refusals) -> str:
    """A digit a phrase of an entry, role by role."""
    phrases = [(role, phrase) for role in ROLES for phrase in row[role]]
    for digits in ratings:
        if len(digits) != len(phrases):
            raise ValueError(f"ratings of {row['subject']!r}: {len(digits)} digits for {len(phrases)} phrases")
    found = []
    for number, (role, phrase) in enumerate(phrases):
        given = [int(digits[number]) for digits in ratings if digits[number] != "-"]
        if not given:
            found.append(USUAL_WORTH)
            continue
        total = sum(given) / len(given) - REFUSED * refused.share(row["subject"], role, phrase)
        found.append(min(9, max(0, math.floor((total - LOWEST) / (HIGHEST - LOWEST) * 9 + 0.5))))
    return "".join(map(str, found))


if __name__ == "__main__":
    as_command("entry_worth", main)
