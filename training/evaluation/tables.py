"""Tables of figures: every method with its intervals, its difference to one, and a figure by kind of prompt."""

import math
from collections.abc import Sequence
from dataclasses import asdict

import numpy as np

from .page import Table
from .statistics import Interval
from .texts import Figure, Numbers, difference, distinct_2, interval

DISTINCT_2 = Figure("distinct-2", 3, better=1)

Figures = dict[str, dict[Figure, Numbers]]  # of each method


def cell(figure: Figure, found: Interval | None, signed: bool = False) -> str:
    """A figure with the ends of its interval, as in a table; a dash for none."""
    if found is None:
        return "–"
    numbers = [
        f"{number:{'+' if signed else ''}.{figure.decimals}f}" for number in (found.value, found.low, found.high)
    ]
    return numbers[0] if math.isnan(found.low) else f"{numbers[0]} [{numbers[1]}, {numbers[2]}]"


def best_cells(rows: Sequence[Sequence[Interval | None]], figures: Sequence[Figure]) -> frozenset[tuple[int, int]]:
    """The best row of each column in which more, or less, is better; of equal ones all, and none where all are."""
    best = set()
    for j, figure in enumerate(figures):
        values = {i: row[j].value * figure.better for i, row in enumerate(rows) if row[j] is not None}
        if figure.better and len(set(values.values())) > 1:
            best |= {(i, j) for i, value in values.items() if value == max(values.values())}
    return frozenset(best)


def main_table(title: str, figures: Figures, texts: dict[str, list[str]] | None = None) -> Table:
    """Every figure of every method with its interval; for texts, how varied they are besides."""
    columns = list(next(iter(figures.values())))
    rows = [[interval(figure, own[figure]) for figure in columns] for own in figures.values()]
    cells = [[cell(figure, each) for figure, each in zip(columns, row, strict=True)] for row in rows]
    if texts is not None:
        columns.append(DISTINCT_2)
        for method, row, shown in zip(figures, rows, cells, strict=True):
            row.append(Interval(distinct_2(texts[method]), math.nan, math.nan))
            shown.append(cell(DISTINCT_2, row[-1]))
    return Table(
        title,
        "With 95 % intervals, bootstrapped over prompts; the best of a column is bold.",
        tuple(figure.title for figure in columns),
        tuple((method, tuple(row)) for method, row in zip(figures, cells, strict=True)),
        best_cells(rows, columns),
    )


def difference_table(title: str, figures: Figures, against: str) -> Table:
    """By how much each method is above another, prompt by prompt; bold where the interval excludes 0."""
    columns, reference = list(figures[against]), figures[against]
    rows, sure = [], set()
    for i, (method, own) in enumerate((name, own) for name, own in figures.items() if name != against):
        found = [difference(figure, own[figure], reference[figure]) for figure in columns]
        sure |= {(i, j) for j, each in enumerate(found) if each is not None and each.excludes(0)}
        rows.append((method, tuple(cell(f, each, signed=True) for f, each in zip(columns, found, strict=True))))
    note = f"Paired by prompt, with 95 % intervals; bold where that excludes 0. Positive: above {against}."
    return Table(title, note, tuple(figure.title for figure in columns), tuple(rows), frozenset(sure))


def kind_table(title: str, figure: Figure, figures: Figures, kinds: Sequence[str]) -> Table:
    """One figure of every method for each kind of prompt."""
    names = list(dict.fromkeys(kinds))
    where = {name: np.array([i for i, kind in enumerate(kinds) if kind == name]) for name in names}
    rows = []
    for own in figures.values():
        rows.append([interval(figure, own[figure].where(where[name])) for name in names])
    return Table(
        title,
        "",
        tuple(f"{name or '(none)'} ({len(where[name])})" for name in names),
        tuple((method, tuple(cell(figure, each) for each in row)) for method, row in zip(figures, rows, strict=True)),
        best_cells(rows, [figure] * len(names)),
    )


def as_json(figures: Figures, against: str) -> dict:
    """The numbers of main_table and difference_table."""

    def entry(found: Interval | None) -> dict | None:
        # JSON has no nan: no interval is null.
        return None if found is None else {k: None if math.isnan(v) else v for k, v in asdict(found).items()}

    return {
        method: {
            figure.title: {
                "figure": entry(interval(figure, numbers)),
                f"above {against}": entry(difference(figure, numbers, figures[against][figure])),
            }
            for figure, numbers in own.items()
        }
        for method, own in figures.items()
    }
