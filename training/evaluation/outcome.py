"""What was found for one set of prompts: tables, numbers, pictures, and what the page shows of each prompt."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..pictures.scores import picture_name
from .asked import Asked
from .page import Entry, Shown, Table
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
