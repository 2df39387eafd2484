"""The parts of a run one by one: here, or by Ray Data, which reads their files, maps them in batches and writes.

Reading, mapping and writing of a part are one task to Ray Data: what is made of a part goes to its files, and no rows
travel between processes. What goes wrong in a part ends the run with that part's own message; of an error that is
raised Ray Data hands on no more than the text of a whole stack.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tqdm import tqdm

from .cluster import found, outcome
from .parts import read_json, write_files, write_json

FAILED = "failed.json"  # in the folder of the parts: what went wrong in one of them

Work = Callable[[int, bytes | None], dict[str, bytes]]  # part, its file -> files that are made of it, by name
Reads = Callable[[int], Path]  # the file of a part


def each(
    work: Work,
    parts: Sequence[int],
    folder: Path,
    with_ray: bool,
    reads: Reads | None = None,
    name: str = "",
    **resources,
) -> None:
    """Have work(part, content) done for every part, in any order, and what it makes written to the folder.

    reads      which file is a part's content; None where it has none of its own
    resources  further arguments for Ray Data's map_batches, such as num_gpus; with `concurrency` as many actors live
               through all the parts, so that what `work` has loaded stays loaded

    Raises what `work` raises, first come first served.
    """
    if with_ray:
        by_ray_data(work, parts, folder, reads, resources)
        return
    for part in tqdm(parts, desc=name, unit=" parts"):
        write_files(folder, work(part, reads(part).read_bytes() if reads else None))


def by_ray_data(work: Work, parts: Sequence[int], folder: Path, reads: Reads | None, resources: dict) -> None:
    """The same by Ray Data: one block a part."""
    import ray.data

    (folder / FAILED).unlink(missing_ok=True)
    ray.data.DataContext.get_current().enable_progress_bars = sys.stderr.isatty()
    paths = {reads(part).resolve(): part for part in parts} if reads else {}
    if paths:
        names = list(map(str, paths))
        rows = ray.data.read_binary_files(names, include_paths=True, override_num_blocks=len(parts))
    else:
        rows = ray.data.from_items([{"part": int(part)} for part in parts], override_num_blocks=len(parts))
    of_file = {path.name: part for path, part in paths.items()}
    how = {"batch_size": None, "batch_format": "pyarrow", **resources}
    if "concurrency" in resources:
        made = rows.map_batches(Batch, fn_constructor_args=[work, of_file], **how)
    else:
        made = rows.map_batches(Batch(work, of_file), **how)
    try:
        made.write_datasink(sink(folder))
    except Exception:
        if not (folder / FAILED).exists():
            raise
        failed = read_json(folder / FAILED)
        (folder / FAILED).unlink()
        found((None, failed["error"], failed["message"]))


class Batch:
    """What is made of the parts in a batch: a row each, with the names and contents of files or what went wrong."""

    def __init__(self, work: Work, of_file: dict[str, int]):
        self.work, self.of_file = work, of_file

    def __call__(self, batch):
        import pyarrow

        rows = []
        for row in batch.to_pylist():
            part = row["part"] if "part" in row else self.of_file[Path(row["path"]).name]
            files, error, message = outcome(lambda row=row, part=part: self.work(part, row.get("bytes")))
            files = files or {}
            rows.append({"names": [*files], "contents": [*files.values()], "error": error, "message": message})
        kinds = {"names": pyarrow.list_(pyarrow.string()), "contents": pyarrow.list_(pyarrow.binary())}
        kinds |= {"error": pyarrow.string(), "message": pyarrow.string()}
        return pyarrow.Table.from_pylist(rows, pyarrow.schema(kinds))


def sink(folder: Path):
    """Where Ray Data writes what Batch makes: each part's files whole or not at all, the last one at last."""
    from ray.data.block import BlockAccessor
    from ray.data.datasource import Datasink

    class Parts(Datasink):
        def write(self, blocks, ctx) -> int:
            count = 0
            for block in blocks:
                for row in BlockAccessor.for_block(block).to_arrow().to_pylist():
                    if row["error"]:
                        write_json(folder / FAILED, {"error": row["error"], "message": row["message"]})
                        raise RuntimeError(row["message"])
                    write_files(folder, dict(zip(row["names"], row["contents"], strict=True)))
                    count += 1
            return count

    return Parts()
