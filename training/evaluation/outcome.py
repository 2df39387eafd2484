"""What was found for one set of prompts: tables, numbers, pictures, and what the page shows of each prompt."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..pictures.scores import picture_name, save_for_page
from ..run.parts import write_rows
from .asked import Asked
from .page import Entry, Shown, Table, markdown, write_page
from .tables import Figures
from .texts import value


@dataclass(frozen=True)
class Outcome:
    """What was found for one set of prompts: tables, numbers, and what the page shows of each prompt."""

    tables: list[Table]
    numbers: dict
    entries: list[Entry]
    pictures: list[dict]


def entries_of(
    asked: Sequence[Asked], texts: dict[str, list[str]], figures: Figures, seeds: Sequence[int] = ()
) -> list[Entry]:
    """What the page shows: each prompt with what every method made of it, and the numbers of that one prompt."""
    entries = []
    for i, each in enumerate(asked):
        shown = []
        for method, written in texts.items():
            own = {figure: value(figure, numbers.where([i])) for figure, numbers in figures[method].items()}
            measured = [(figure.title, f"{found:.{figure.decimals}f}") for figure, found in own.items()]
            pictures = tuple(f"pictures/{picture_name(written[i], seed)}.jpg" for seed in seeds)
            shown.append(Shown(method, written[i], pictures, tuple(measured)))
        entries.append(Entry(each.raw_prompt, each.kind, tuple(shown)))
    return entries


def picture_rows(name: str, asked: Sequence[Asked], texts: dict[str, list[str]], seeds: Sequence[int]) -> list[dict]:
    """The rows of pictures.jsonl: a raw prompt and a seed, with every method's picture by a path beside that file."""
    return [
        {
            "raw_prompt": each.raw_prompt,
            "set": name,
            "type": each.kind,
            "seed": seed,
            "images": {method: f"pictures/{picture_name(written[i], seed)}.png" for method, written in texts.items()},
        }
        for i, each in enumerate(asked)
        for seed in seeds
    ]


def write_outcomes(
    out: Path, outcomes: dict[str, Outcome], tables: list[Table], facts: list[tuple[str, str]], pictures: Path | None
) -> None:
    """The report as Markdown, JSON and a page, and the list of pictures.

    outcomes  by the names of the sets of prompts
    tables    of all of them
    facts     what was compared and how, to stand above the tables
    pictures  folder of the pictures; None where none were drawn
    """
    head = "\n".join(f"- {name}: {text}" for name, text in facts)
    body = "\n\n".join(markdown(table) for table in tables)
    (out / "report.md").write_text(f"# Evaluation\n\n{head}\n\n{body}\n", encoding="utf-8")
    numbers = {"run": dict(facts), "sets": {name: outcome.numbers for name, outcome in outcomes.items()}}
    text = json.dumps(numbers, indent=2, ensure_ascii=False, allow_nan=False)
    (out / "results.json").write_text(text + "\n", encoding="utf-8")
    entries = [entry for outcome in outcomes.values() for entry in outcome.entries]
    if pictures is not None:
        write_rows(out / "pictures.jsonl", (row for outcome in outcomes.values() for row in outcome.pictures))
        shown = [path for entry in entries for shown in entry.shown for path in shown.pictures]
        save_for_page(pictures, out / "report", shown)
    write_page(out / "report", "Evaluation", facts, tables, entries)
