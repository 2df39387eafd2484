"""A comparison as a web page to look through: tables, and each raw prompt with the methods' pictures side by side.

The page is one file in a folder with its pictures. It needs no server and nothing from outside, loads pictures when
they are scrolled to, and shows every text as text, whatever is in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from ..run.parts import atomic_write

TEMPLATE = Path(__file__).with_name("page.html")
LONGEST_FIGURE = 40  # characters; a longer cell of a table is a text, and is wrapped


@dataclass(frozen=True)
class Table:
    """A table of texts: the heading, what it says of itself, the columns, and rows with a name and a cell a column.

    best  (row, column) of cells to print bold
    """

    title: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    best: frozenset[tuple[int, int]] = frozenset()


@dataclass(frozen=True)
class Shown:
    """What one method made of a raw prompt: its prompt, its pictures, and what was measured.

    pictures  paths relative to the page, of letters, digits and - . / only, as a URL has them
    """

    method: str
    prompt: str
    pictures: tuple[str, ...] = ()
    measured: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Entry:
    """A raw prompt with everything that was made of it."""

    raw_prompt: str
    kind: str
    shown: tuple[Shown, ...] = field(default=())


def markdown(table: Table) -> str:
    """A table as GitHub's Markdown, its heading and its note above it."""
    lines = [f"### {table.title}", ""] + ([table.note, ""] if table.note else [])
    lines += [_markdown_row(["", *table.columns]), "|---" * (len(table.columns) + 1) + "|"]
    for i, (name, cells) in enumerate(table.rows):
        marked = [f"**{cell}**" if (i, j) in table.best else cell for j, cell in enumerate(cells)]
        lines.append(_markdown_row([name, *marked]))
    return "\n".join(lines)


def _markdown_row(cells: Sequence[str]) -> str:
    safe = [" ".join(cell.split()).replace("\\", "\\\\").replace("|", "\\|") for cell in cells]
    return "| " + " | ".join(safe) + " |"


def write_page(
    folder: Path, title: str, facts: Sequence[tuple[str, str]], tables: Sequence[Table], entries: Sequence[Entry]
) -> Path:
    """Write folder/index.html and return its path. The pictures that `entries` name are the caller's to put there.

    facts  names and values of the run, shown above the tables
    """
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True).from_string(
        TEMPLATE.read_text(encoding="utf-8")
    )
    text = page.render(
        title=title,
        facts=facts,
        tables=tables,
        entries=entries,
        kinds=list(dict.fromkeys(entry.kind for entry in entries)),
        longest_figure=LONGEST_FIGURE,
    )
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_write(folder / "index.html") as unfinished:
        unfinished.write_text(text + "\n", encoding="utf-8")
    return folder / "index.html"
