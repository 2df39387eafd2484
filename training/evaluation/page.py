"""A comparison as a web page to look through: tables, and each raw prompt with the methods' pictures side by side.

The page is one file in a folder with its pictures. It needs no server and nothing from outside, loads pictures when
they are scrolled to, and shows every text as text, whatever is in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

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
    folder: Path,
    title: str,
    facts: Sequence[tuple[str, str]],
    tables: Sequence[Table],
    entries: Sequence[Entry],
) -> Path:
    """Write folder/index.html, which comes back. The pictures that `entries` name are the caller's to put there.

    facts  names and values of the run, shown above the tables
    """
    kinds = list(dict.fromkeys(entry.kind for entry in entries))
    options = "".join(f'<option value="{escape(kind)}">{escape(kind or "(none)")}</option>' for kind in kinds)
    page = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{STYLE}</style>
</head>
<body>
<header><h1>{escape(title)}</h1>
<dl class="facts">{"".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts)}</dl>
</header>
<main>
<section class="tables">{"".join(_table(table) for table in tables)}</section>
<nav aria-label="Choose prompts">
<label>Prompts of <select id="kind"><option value="*">every kind</option>{options}</select></label>
<label>with the words <input id="words" type="search"></label>
<output id="count">{len(entries):,} prompts</output>
</nav>
<section id="entries">{"".join(_entry(number, entry) for number, entry in enumerate(entries, 1))}</section>
</main>
<script>{SCRIPT}</script>
</body>
</html>
"""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "index.html"
    part = folder / "index.html.part"
    part.write_text(page, encoding="utf-8")
    part.replace(path)
    return path


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in table.columns)
    body = ""
    for i, (name, cells) in enumerate(table.rows):
        shown = "".join(_cell(cell, (i, j) in table.best) for j, cell in enumerate(cells))
        body += f'<tr><th scope="row">{escape(name)}</th>{shown}</tr>'
    note = f"<p>{escape(table.note)}</p>" if table.note else ""
    return (
        f"<h2>{escape(table.title)}</h2>{note}<div class=wide><table><thead><tr><th></th>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def _cell(text: str, best: bool) -> str:
    kind = "best" if best else "text" if len(text) > LONGEST_FIGURE else ""
    return f"<td class={kind}>{escape(text)}</td>" if kind else f"<td>{escape(text)}</td>"


def _entry(number: int, entry: Entry) -> str:
    kind = f'<span class="kind">{escape(entry.kind)}</span>' if entry.kind else ""
    cards = "".join(_card(shown) for shown in entry.shown)
    return (
        f'<article data-kind="{escape(entry.kind)}"><h3><span class="number">{number}</span> '
        f'{escape(entry.raw_prompt)} {kind}</h3><div class="cards">{cards}</div></article>'
    )


def _card(shown: Shown) -> str:
    pictures = "".join(
        f'<a href="{escape(path)}"><img loading="lazy" decoding="async" src="{escape(path)}" '
        f'alt="{escape(f"{shown.method}, picture {i}")}"></a>'
        for i, path in enumerate(shown.pictures, 1)
    )
    pictures = f'<div class="pictures">{pictures}</div>' if pictures else ""
    measured = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in shown.measured)
    return (
        f'<section class="card"><h4>{escape(shown.method)}</h4>{pictures}'
        f"<p>{escape(shown.prompt)}</p><dl>{measured}</dl></section>"
    )


STYLE = """
:root { color-scheme: light dark; --line: color-mix(in srgb, CanvasText 18%, Canvas);
  --soft: color-mix(in srgb, CanvasText 5%, Canvas); --quiet: color-mix(in srgb, CanvasText 65%, Canvas); }
* { box-sizing: border-box; }
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; }
header, main { max-width: 1500px; margin: 0 auto; padding: 0 1.25rem; }
h1 { margin: 1.5rem 0 .5rem; font-size: 1.6rem; }
h2 { margin: 2rem 0 .25rem; font-size: 1.15rem; }
h3 { margin: 0 0 .75rem; font-size: 1.05rem; overflow-wrap: anywhere; }
h4 { margin: 0; padding: .4rem .7rem; font-size: .9rem; background: var(--soft); border-bottom: 1px solid var(--line); }
p { margin: .25rem 0 .75rem; max-width: 80ch; }
.facts { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; margin: 0; color: var(--quiet); }
.facts div { display: flex; gap: .4rem; } dt { color: var(--quiet); } dd { margin: 0; overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
th, td { padding: .35rem .7rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th[scope=row], thead th:first-child { text-align: left; }
thead th { border-bottom-width: 2px; }
td.best { font-weight: 700; }
td.text { min-width: 34ch; text-align: left; white-space: normal; }
nav { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; align-items: center;
  margin: 2.5rem 0 1rem; padding: .6rem 0; background: Canvas; border-bottom: 1px solid var(--line); }
select, input { font: inherit; padding: .15rem .4rem; }
output { color: var(--quiet); }
article { margin: 0 0 2rem; content-visibility: auto; contain-intrinsic-size: auto 420px; }
article[hidden] { display: none; }
.number { color: var(--quiet); font-weight: 400; margin-right: .3rem; }
.kind { margin-left: .4rem; padding: .05rem .5rem; border: 1px solid var(--line); border-radius: 1rem;
  font-size: .78rem; font-weight: 400; color: var(--quiet); }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(230px, 1fr)); gap: .8rem; }
.card { border: 1px solid var(--line); border-radius: .4rem; overflow: hidden; }
.card p { padding: .5rem .7rem 0; margin: 0; font-size: .88rem; overflow-wrap: anywhere; }
.card dl { display: flex; flex-wrap: wrap; gap: .1rem .9rem; margin: .4rem .7rem .6rem; font-size: .8rem; }
.card dl div { display: flex; gap: .3rem; } .card dd { font-variant-numeric: tabular-nums; }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(110px, 1fr)); gap: 2px; }
.pictures img { display: block; width: 100%; aspect-ratio: 1; object-fit: contain; background: var(--soft); }
"""

SCRIPT = """
const kind = document.getElementById("kind"), words = document.getElementById("words");
const entries = [...document.querySelectorAll("article")];
const texts = entries.map((entry) => entry.textContent.toLowerCase());
function choose() {
  const wanted = words.value.toLowerCase().split(/\\s+/);
  let count = 0;
  entries.forEach((entry, i) => {
    const rightKind = kind.value === "*" || entry.dataset.kind === kind.value;
    const shown = rightKind && wanted.every((word) => texts[i].includes(word));
    entry.hidden = !shown;
    count += shown;
  });
  document.getElementById("count").value = count.toLocaleString() + (count === 1 ? " prompt" : " prompts");
}
kind.addEventListener("change", choose);
words.addEventListener("input", choose);
choose(); // a browser fills in the choice of an earlier visit
"""
