"""Packed weights kept in a file beside their checkpoint: safetensors whose beginning tells whether it is up to date."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Kept:
    """A tensor in the file, as safetensors describes it; size in bytes."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    size: int


def header(tensors: Iterable[Kept], made_of: Mapping[str, str], sources: list[Path]) -> tuple[bytes, int]:
    """The beginning of a file with these tensors, in this order, and how many bytes follow it.

    made_of  what else the contents follow from, such as torch's version
    sources  the files of the checkpoint that it is made from
    """
    stats = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in sources]
    entries: dict[str, dict] = {"__metadata__": {**made_of, "made_from": json.dumps(stats)}}
    end = 0
    for tensor in tensors:
        place = {"dtype": tensor.dtype, "shape": tensor.shape, "data_offsets": [end, end + tensor.size]}
        entries[tensor.name] = place
        end += tensor.size
    text = json.dumps(entries).encode()
    text += b" " * (-len(text) % 64)
    return len(text).to_bytes(8, "little") + text, end


def is_current(path: Path, head: bytes, size: int) -> bool:
    """Whether the file is whole, and of this checkpoint, torch and processor: else it would begin otherwise."""
    try:
        with path.open("rb") as file:
            return file.read(len(head)) == head and path.stat().st_size == len(head) + size
    except FileNotFoundError:
        return False


def write(path: Path, head: bytes, contents: Iterable) -> None:
    """Write a file of its beginning and the bytes of its tensors, each an object with a buffer; whole or not at all."""
    waiting = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with waiting.open("wb") as file:
            file.write(head)
            for content in contents:
                file.write(content)
        waiting.replace(path)
    finally:
        with suppress(OSError):
            waiting.unlink()


def read_whole(file, target: memoryview, path: Path) -> None:
    """Fill a piece of memory from a file. Raises OSError where the file ends early."""
    done = 0
    while done < len(target):
        count = file.readinto(target[done:])
        if not count:
            raise OSError(f"{path} has ended early")
        done += count
