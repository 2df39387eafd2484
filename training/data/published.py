"""Data sets that others published, read as their files are: rows with the names that they have here."""

import csv
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ..run.rows import read_jsonl
from .preferences import preference, read_preferences
from .sources import KEPT

# Besides these a row of BeautifulPrompt may have ids and further prompts, which nothing here reads.
AUTHORS_KEYS = ("raw_prompt", "prompt", *KEPT)


def read_array(path: Path) -> list[dict]:
    """The objects of a JSON array in a file. Raises ValueError where there is none."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is no JSON: {error}") from error
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"{path} is no JSON array of objects: give the file as it was published")
    return rows


def beautifulprompt_rows(path: Path, needed: Sequence[str] = ("raw_prompt", "prompt")) -> Iterator[dict]:
    """The rows of the authors' data.json or test.json, with their scores and types.

    needed  keys without whose text a row is left out
    """
    found = 0
    for row in read_array(path):
        if all(isinstance(row.get(key), str) and row[key].strip() for key in needed):
            found += 1
            yield {key: row[key] for key in AUTHORS_KEYS if row.get(key) is not None}
    if not found:
        raise ValueError(f"no row of {path} has {' and '.join(needed)}: is it the authors' file?")


def aesthetic_rows(path: Path) -> Iterator[dict]:
    """The rows of the authors' rm_aesthetic.json: prompts with an aesthetic score and without a raw prompt, for
    which the prompt itself stands; a reward model of the aesthetic score does not read it."""
    for row in read_array(path):
        if isinstance(row.get("prompt"), str) and row["prompt"].strip() and row.get("aesthetic_score") is not None:
            yield {"raw_prompt": row["prompt"], "prompt": row["prompt"], "aesthetic_score": row["aesthetic_score"]}


def open_parquet(path: Path):
    """A parquet file. Raises FileNotFoundError or ValueError where it is none."""
    import pyarrow
    import pyarrow.parquet as parquet

    try:
        return parquet.ParquetFile(path)
    except pyarrow.ArrowInvalid as error:
        raise ValueError(f"{path} is no parquet file, or not all of it: {error}") from error


def diffusiondb_images(metadata: Path, images: Path) -> Iterator[dict]:
    """A row {"image", "prompt"} for every image of DiffusionDB that is unpacked: images/part-000001/NAME.png."""
    for batch in open_parquet(metadata).iter_batches(columns=["image_name", "prompt", "part_id"]):
        for row in batch.to_pylist():
            name = f"part-{int(row['part_id']):06d}/{row['image_name']}"
            if (images / name).is_file():
                yield {"image": name, "prompt": row["prompt"]}


def pickapic_captions(paths: Iterable[Path]) -> Iterator[dict]:
    """The different captions of Pick-a-Pic as raw prompts: what people typed to see two pictures of it. Both pictures
    are of one wording, so its choices say nothing about wordings."""
    seen = set()
    for path in paths:
        for batch in open_parquet(path).iter_batches(columns=["caption"]):
            for caption in batch.column("caption").to_pylist():
                if caption and caption.strip() and caption not in seen:
                    seen.add(caption)
                    yield {"raw_prompt": caption.strip()}


# Mean rating, 1 to 10, over all pictures of a prompt; images.gid is the generation that an image is of.
SAC_RATINGS = """
    SELECT generations.prompt, avg(ratings.rating), count(*) FROM ratings
    JOIN images ON images.id = ratings.iid JOIN generations ON generations.id = images.gid
    WHERE ratings.rating IS NOT NULL GROUP BY generations.prompt ORDER BY min(generations.id)
"""


def sac_rows(path: Path) -> Iterator[dict]:
    """Prompts of Simulacra Aesthetic Captions with their mean rating, and of how many it is; the prompt stands
    for the raw prompt, too."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    with closing(sqlite3.connect(path)) as database:
        try:
            found = database.execute(SAC_RATINGS).fetchall()
        except sqlite3.DatabaseError as error:
            raise ValueError(f"{path} is not the database of Simulacra Aesthetic Captions: {error}") from error
    for prompt, rating, count in found:
        if prompt and prompt.strip():
            yield {"raw_prompt": prompt, "prompt": prompt, "rating": round(rating, 4), "ratings": count}


@dataclass(frozen=True)
class Columns:
    """Where a table of comparisons says what.

    raw_prompt, first, second  columns of the three texts
    winner                     column that says which was chosen
    first_wins                 what stands there for the first one
    tie                        what stands there for neither; None where there are no ties
    """

    raw_prompt: str
    first: str
    second: str
    winner: str
    first_wins: str
    tie: str | None = None


def table_rows(path: Path) -> list[dict]:
    """The rows of a CSV or TSV file with a header, or of a JSONL file."""
    if path.suffix not in (".csv", ".tsv"):
        return read_jsonl(path)
    with open(path, encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="," if path.suffix == ".csv" else "\t"))


def comparison_rows(path: Path, columns: Columns) -> Iterator[dict]:
    """A preference for every row of a table of choices between two prompts. Raises ValueError for columns that it has
    not."""
    rows = table_rows(path)
    wanted = (columns.raw_prompt, columns.first, columns.second, columns.winner)
    missing = [name for name in wanted if rows and name not in rows[0]]
    if missing:
        raise ValueError(f"{path} has no column {missing[0]!r}: its columns are {', '.join(map(str, rows[0]))}")
    for row in rows:
        raw, first, second, winner = (str(row[name]) for name in wanted)
        value = 0.5 if winner == columns.tie else float(winner == columns.first_wins)
        made = preference(raw, first, second, value, path.stem)
        if made and raw.strip() and first.strip() and second.strip():
            yield made


def choice_rows(path: Path) -> Iterator[dict]:
    """A preference for every row {"raw_prompt", "a", "b", "preferred"}, as readers of prompts gave them: preferred is 1
    for a, 0 for b, 0.5 for neither."""
    for row in read_jsonl(path, "raw_prompt", "a", "b"):
        made = preference(row["raw_prompt"], row["a"], row["b"], float(row["preferred"]), path.stem)
        if made:
            yield made


def pick_rows(path: Path) -> Iterator[dict]:
    """The preferences in a file of picks, which the page of ComfyUI exports; the column prompt says the raw prompt once
    more, for trainers of others."""
    for row in read_preferences(path):
        yield {name: value for name, value in row.items() if name != "prompt"}


def without(rows: Iterable[dict], raw_prompts: set[str], dropped: Callable[[], None]) -> Iterator[dict]:
    """The rows whose raw prompt is none of these; dropped() is called for every other one."""
    for row in rows:
        if row["raw_prompt"].strip().casefold() in raw_prompts:
            dropped()
        else:
            yield row
