"""Packed int8 weights, kept in a file beside their checkpoint."""

from __future__ import annotations

import ctypes
import hashlib
import json
import logging
import os
from contextlib import suppress
from pathlib import Path

import torch
from torch import Tensor

from .layers import Int8Linear, Matrix, Read, check_int8, pack_int8, quantised_weight

FORMAT = "1"  # of that file: another number makes it be written again

log = logging.getLogger(__name__)


def int8_layers(plan: list[Matrix], read: Read, path: Path, sources: list[Path]) -> list[Int8Linear]:
    """The layers of a plan, from the file at `path`, which is written first unless it is there and up to date.

    sources  the files of the checkpoint that it is made from
    """
    check_int8()
    patterns = {shape: pack_int8(torch.zeros(shape, dtype=torch.int8)) for shape in {part.shape for part in plan}}
    head, size = header(plan, patterns, sources)
    try:
        if not is_current(path, head, size):
            write_int8(path, head, plan, read)
        return read_int8(path, len(head), plan, patterns)
    except OSError as error:
        log.warning("%s cannot be kept (%s): int8 weights are made anew at every load", path, error)
        quantised = (quantised_weight(part.of(read)) for part in plan)
        return [Int8Linear(pack_int8(whole), scales) for whole, scales in quantised]


def header(plan: list[Matrix], patterns: dict[tuple, Tensor], sources: list[Path]) -> tuple[bytes, int]:
    """The beginning of the int8 file, in safetensors' format, and how many bytes follow it."""
    stats = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in sources]
    layouts = [(shape, torch.ops.mkldnn._get_mkldnn_serialized_md(patterns[shape])) for shape in sorted(patterns)]
    layouts = [(shape, hashlib.sha256(bytes(layout.tolist())).hexdigest()) for shape, layout in layouts]
    made_of = {"format": FORMAT, "torch": torch.__version__, "made_from": json.dumps(stats)}
    entries: dict[str, dict] = {"__metadata__": made_of | {"layouts": json.dumps(layouts)}}
    end = 0
    for part in plan:
        size = torch.ops.mkldnn._nbytes(patterns[part.shape])
        sizes = {"packed": ("U8", size, size), "scales": ("F32", part.shape[0], 4 * part.shape[0])}
        for kind, (dtype, count, length) in sizes.items():
            name = f"{part.weight}.{part.start}.{kind}"
            entries[name] = {"dtype": dtype, "shape": [count], "data_offsets": [end, end + length]}
            end += length
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


def write_int8(path: Path, head: bytes, plan: list[Matrix], read: Read) -> None:
    """Quantise and pack every matrix of a plan into a file, which is there whole or not at all."""
    waiting = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with waiting.open("wb") as file:
            file.write(head)
            for part in plan:
                whole, scales = quantised_weight(part.of(read))
                packed = pack_int8(whole)
                file.write(bytes_of(packed))
                file.write(scales.numpy())
        waiting.replace(path)
    finally:
        with suppress(OSError):
            waiting.unlink()


def read_int8(path: Path, start: int, plan: list[Matrix], patterns: dict[tuple, Tensor]) -> list[Int8Linear]:
    """The layers in a file: bytes go from it straight to where oneDNN reads them."""
    layers, unused = [], dict(patterns)
    with path.open("rb", buffering=0) as file:
        file.seek(start)
        for part in plan:
            packed = unused.pop(part.shape, None)
            packed = patterns[part.shape].clone() if packed is None else packed
            scales = torch.empty(part.shape[0])
            for target in (bytes_of(packed), memoryview(scales.numpy()).cast("B")):
                read_whole(file, target, path)
            layers.append(Int8Linear(packed, scales))
    return layers


def read_whole(file, target: memoryview, path: Path) -> None:
    done = 0
    while done < len(target):
        count = file.readinto(target[done:])
        if not count:
            raise OSError(f"{path} has ended early")
        done += count


def bytes_of(packed: Tensor) -> memoryview:
    """The memory of an opaque tensor, valid as long as the tensor is."""
    size = torch.ops.mkldnn._nbytes(packed)
    return memoryview((ctypes.c_char * size).from_address(torch.ops.mkldnn.data_ptr(packed))).cast("B")
