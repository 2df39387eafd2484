"""Raw prompts as they come: cut into parts of a fixed number of rows, and read from them.

    .parquet            DiffusionDB's metadata: prompt, user_name, timestamp, image_name, image_nsfw, prompt_nsfw, ...
    .jsonl, .jsonl.xz   the same names as keys, or raw_prompt and prompt for pairs that are ready
    .tsv, .tsv.xz       count<TAB>prompt
    .txt, .txt.xz       one prompt a line

A row is a dict with prompt, and where the source has them: raw_prompt, user, time (seconds), image (a path), unsafe
(the larger of image_nsfw and prompt_nsfw) and the columns of KEPT.
"""

import csv
import io
import json
import lzma
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from itertools import islice
from pathlib import Path

from ..run.parts import atomic_write
from .pairs import words

# What goes through to the training rows.
KEPT = ("type", "pick_score", "aesthetic_score", "image_reward")
USER, TIME, IMAGE = ("user", "user_name", "author", "channel"), ("time", "timestamp"), ("image", "image_name")
UNSAFE = ("image_nsfw", "prompt_nsfw")
KINDS = (".parquet", ".jsonl", ".tsv", ".txt")


def kind_of(path: Path) -> str:
    """The suffix that tells how a file is read. Raises ValueError for one that is not known."""
    kind = path.suffixes[-2] if path.suffix == ".xz" and len(path.suffixes) > 1 else path.suffix
    if kind not in KINDS or path.suffix not in (kind, ".xz") or path.name.endswith(".parquet.xz"):
        raise ValueError(f"{path}: its name must end in one of {', '.join(KINDS)} (texts also packed, .xz)")
    return kind


def cut(path: Path, folder: Path, name: str, rows: int, limit: int | None = None) -> list[dict]:
    """Cut a source into files of `rows` rows each; their names in `folder`, and number of the first row and count.

    limit: read only so many rows. The memory needed is that of one part.
    """
    found = []
    slices = _parquet_slices if kind_of(path) == ".parquet" else _line_slices
    first = 0
    for count, write in slices(path, rows, limit):
        part = folder / f"{name}-{len(found):05d}.raw{kind_of(path)}"
        with atomic_write(part) as unfinished:
            write(unfinished)
        found.append({"file": part.name, "first": first, "count": count})
        first += count
    return found


def _line_slices(path: Path, rows: int, limit: int | None) -> Iterator[tuple]:
    opener = lzma.open if path.suffix == ".xz" else open
    with opener(path, "rb") as lines:
        while True:
            wanted = rows if limit is None else min(rows, limit)
            block = list(islice(lines, wanted))
            if not block:
                return
            limit = limit if limit is None else limit - len(block)
            yield len(block), lambda to, block=block: to.write_bytes(b"".join(block))


def _parquet_slices(path: Path, rows: int, limit: int | None) -> Iterator[tuple]:
    import pyarrow as arrow
    import pyarrow.parquet as parquet

    file = parquet.ParquetFile(path)
    wanted = {"raw_prompt", "prompt", *USER, *TIME, *IMAGE, *UNSAFE, *KEPT}
    columns = [name for name in file.schema_arrow.names if name in wanted]
    pending = arrow.Table.from_batches([], file.schema_arrow).select(columns)

    def part(table):
        return table.num_rows, lambda to: parquet.write_table(table, to, compression="zstd")

    for batch in file.iter_batches(batch_size=rows, columns=columns):
        if limit is not None:
            batch = batch.slice(0, limit)
            limit -= batch.num_rows
        pending = arrow.concat_tables([pending, arrow.Table.from_batches([batch])])
        while pending.num_rows >= rows:
            yield part(pending.slice(0, rows))
            pending = pending.slice(rows)
        if limit == 0:
            break
    if pending.num_rows:
        yield part(pending)


def read_part(path: Path, images: Path | None = None, content: bytes | None = None) -> Iterator[dict]:
    """The rows of one part, one for every row it was cut of.

    images   the folder that image names begin in
    content  what the file has in it, where somebody has read it

    Raises ValueError, naming the line, for rows that cannot be read.
    """
    kind = kind_of(path)
    if kind == ".parquet":
        import pyarrow.parquet as parquet

        for row in parquet.read_table(path if content is None else io.BytesIO(content)).to_pylist():
            yield as_row(row, path.name, images)
        return
    file = open(path, "rb") if content is None else io.BytesIO(content)
    with io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="\n") as lines:
        for number, line in enumerate(lines, 1):
            line = line.rstrip("\r\n")
            if kind == ".jsonl" and line.strip():
                yield as_row(_object(line, path, number), f"{path.name}, line {number}", images)
            elif kind != ".jsonl":
                yield {"prompt": line.partition("\t")[2] if kind == ".tsv" else line}


def _object(line: str, path: Path, number: int) -> dict:
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ValueError(f"{path.name}, line {number}: {line[:80]!r} is no JSON object")
    return found


def as_row(record: dict, where: str, images: Path | None = None) -> dict:
    """A record of any source, with the names that rows have here."""
    if not isinstance(record.get("prompt"), str):
        raise ValueError(f"{where}: there is no text under 'prompt', its names are {', '.join(record) or 'none'}")
    row = {"prompt": record["prompt"]}
    if isinstance(record.get("raw_prompt"), str):
        row["raw_prompt"] = record["raw_prompt"]
    for name, choices in (("user", USER), ("time", TIME), ("image", IMAGE)):
        value = next((record[key] for key in choices if record.get(key) is not None), None)
        if value is not None:
            row[name] = value
    if "time" in row:
        row["time"] = seconds(row["time"], where)
    if "image" in row and images is not None:
        row["image"] = str(images / row["image"])
    unsafe = [float(record[key]) for key in UNSAFE if record.get(key) is not None]
    if unsafe:
        row["unsafe"] = max(unsafe)
    return row | {key: record[key] for key in KEPT if record.get(key) is not None}


def seconds(value: object, where: str) -> float:
    """A time as seconds: a number is taken as such, a date without zone as UTC."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.replace("Z", "+00:00"))
        except ValueError:
            raise ValueError(f"{where}: {value!r} is no time (2022-08-09T12:00:00)") from None
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=timezone.utc)).timestamp()
    return float(value)


def read_excluded(paths: Iterable[Path]) -> frozenset[str]:
    """Prompts of evaluation sets as normalised word sequences.

    TSV and CSV files have a header; the column called prompt is read, whatever its case, else the first one.
    JSONL files have prompt or raw_prompt or both, of which both are read; a .txt file has one prompt a line.
    """
    found = set()
    for path in paths:
        with open(path, encoding="utf-8-sig", newline="") as lines:
            if path.suffix in (".tsv", ".csv"):
                quoting = csv.QUOTE_MINIMAL if path.suffix == ".csv" else csv.QUOTE_NONE
                table = csv.reader(lines, delimiter="," if path.suffix == ".csv" else "\t", quoting=quoting)
                header = [name.lower() for name in next(table)]
                column = header.index("prompt") if "prompt" in header else 0
                texts = [row[column] for row in table if len(row) > column]
            elif path.suffix == ".jsonl":
                rows = [json.loads(line) for line in lines]
                texts = [row[key] for row in rows for key in ("prompt", "raw_prompt") if key in row]
            elif path.suffix == ".txt":
                texts = lines.read().splitlines()
            else:
                raise ValueError(f"{path}: its name must end in .tsv, .csv, .jsonl or .txt")
        found |= {" ".join(words(text)) for text in texts}
    return frozenset(found - {""})
