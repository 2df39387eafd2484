"""The parts of a run on disk: each is written whole or not at all, so that a run can be killed and go on.

OUT/parts/manifest.json     what the run was asked for
OUT/parts/<stage>-00007...  what a stage made of part 7; <stage>-00007.json comes last and says that it is done
"""

import io
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

FORMAT = 2  # of the files here; to be raised when their meaning changes


@contextmanager
def atomic_write(path: Path):
    """A path to write to, beside `path`, which takes the place of `path` when the block ends without an error."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=f".part{path.suffix}")
    os.close(handle)
    try:
        yield Path(name)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_json(path: Path, value: object, indent: int | None = None) -> None:
    with atomic_write(path) as unfinished:
        unfinished.write_text(json.dumps(value, ensure_ascii=False, indent=indent) + "\n", encoding="utf-8")


def read_json(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def write_rows(path: Path, rows: Iterable[dict]) -> None:
    """A JSONL file."""
    with atomic_write(path) as unfinished, open(unfinished, "w", encoding="utf-8") as file:
        file.writelines(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)


def as_jsonl(rows: Iterable[dict]) -> bytes:
    """What a JSONL file of rows has in it."""
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows).encode()


def as_json(value: object) -> bytes:
    """What a JSON file has in it."""
    return f"{json.dumps(value, ensure_ascii=False)}\n".encode()


def as_npy(array: np.ndarray) -> bytes:
    """What a file of an array has in it."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def write_files(folder: Path, files: dict[str, bytes]) -> None:
    """Files by name, each whole or not at all, in their order."""
    for name, content in files.items():
        with atomic_write(folder / name) as unfinished:
            unfinished.write_bytes(content)


def read_rows(path: Path) -> list[dict]:
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


class Manifest:
    """What a run was asked for, kept beside its parts: parts of another request are not taken for its own.

    settings   everything that decides what the rows are, as JSON knows it
    Raises ValueError where the folder holds unfinished parts of other settings.
    """

    def __init__(self, folder: Path, settings: dict, restart: bool = False):
        self.folder, self.path = folder, folder / "manifest.json"
        if restart:
            shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        settings = json.loads(json.dumps({"format": FORMAT, **settings}))
        found = read_json(self.path) if self.path.exists() else None
        if found and found["settings"] != settings:
            if not found.get("done"):
                names = found["settings"].keys() | settings.keys()
                other = sorted(n for n in names if found["settings"].get(n) != settings.get(n))
                raise ValueError(
                    f"{folder} holds unfinished parts of a run with another {', '.join(other)}: give the same "
                    "options to go on with it, --restart to begin anew, or another --out"
                )
            found = None
        self.content = found or {"settings": settings}
        if not found:
            self._forget_parts()
            write_json(self.path, self.content)

    @property
    def done(self) -> dict | None:
        """The report of the finished run, None while it is not finished."""
        return self.content.get("done")

    def finish(self, report: dict, keep_parts: bool = False) -> None:
        self.content["done"] = report
        write_json(self.path, self.content)
        if not keep_parts:
            self._forget_parts()

    def _forget_parts(self) -> None:
        for path in self.folder.iterdir():
            if path != self.path:
                path.unlink()


def file_identity(path: Path) -> list:
    """What tells a version of an input file from another: name, size and time of the last change."""
    stat = path.stat()
    return [str(path.resolve()), stat.st_size, stat.st_mtime_ns]


@dataclass(frozen=True)
class Made:
    """What a stage made of a part: what its done-file holds, and other files by name."""

    done: dict
    files: dict[str, bytes] = field(default_factory=dict)


def run_stage(
    folder: Path,
    stage: str,
    count: int,
    work: Callable[[int, bytes | None], Made],
    each: Callable[[Callable[[int, bytes | None], dict[str, bytes]], list[int]], None],
) -> list[Path]:
    """Have `work` done on the parts 0 to count - 1 that are not done yet; the done-files of all, in order.

    work(part, content) says what it makes of the part; each(work, parts) calls it on all of them, wherever, and writes
    the files.
    """
    done = [folder / f"{stage}-{part:05d}.json" for part in range(count)]
    todo = [part for part in range(count) if not done[part].exists()]
    if todo:
        each(Finished(stage, work), todo)
    return done


@dataclass(frozen=True)
class Finished:
    """The files of work(part, content), the done-file behind the others. A class, because it travels to other
    processes."""

    stage: str
    work: Callable[[int, bytes | None], Made]

    def __call__(self, part: int, content: bytes | None) -> dict[str, bytes]:
        made = self.work(part, content)
        return {**made.files, f"{self.stage}-{part:05d}.json": as_json(made.done)}
