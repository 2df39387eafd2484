"""Packed int8 weights, kept in a file beside their checkpoint."""

from __future__ import annotations

import ctypes
import hashlib
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from . import kept_file
from .kept_file import Kept
from .layers import Int8Linear, Matrix, Read, pack_int8, quantised_weight

FORMAT = "1"  # of that file: another number makes it be written again

log = logging.getLogger(__name__)


def int8_layers(plan: list[Matrix], read: Read, path: Path, sources: list[Path]) -> list[Int8Linear]:
    """The layers of a plan, from the file at `path`, which is written first unless it is there and up to date.

    sources  the files of the checkpoint that it is made from
    """
    patterns = {shape: pack_int8(torch.zeros(shape, dtype=torch.int8)) for shape in {part.shape for part in plan}}
    head, size = header(plan, patterns, sources)
    try:
        if not kept_file.is_current(path, head, size):
            kept_file.write(path, head, contents(plan, read))
        return read_int8(path, len(head), plan, patterns)
    except OSError as error:
        log.warning("%s cannot be kept (%s): int8 weights are made anew at every load", path, error)
        quantised = (quantised_weight(part.of(read)) for part in plan)
        return [Int8Linear(pack_int8(whole), scales) for whole, scales in quantised]


def header(plan: list[Matrix], patterns: dict[tuple, Tensor], sources: list[Path]) -> tuple[bytes, int]:
    """The beginning of the int8 file and how many bytes follow it."""
    layouts = [(shape, torch.ops.mkldnn._get_mkldnn_serialized_md(patterns[shape])) for shape in sorted(patterns)]
    layouts = [(shape, hashlib.sha256(bytes(layout.tolist())).hexdigest()) for shape, layout in layouts]
    tensors = []
    for part in plan:
        size, rows = torch.ops.mkldnn._nbytes(patterns[part.shape]), part.shape[0]
        tensors.append(Kept(f"{part.weight}.{part.start}.packed", "U8", (size,), size))
        tensors.append(Kept(f"{part.weight}.{part.start}.scales", "F32", (rows,), 4 * rows))
    made_of = {"format": FORMAT, "torch": torch.__version__, "layouts": json.dumps(layouts)}
    return kept_file.header(tensors, made_of, sources)


def contents(plan: list[Matrix], read: Read) -> Iterator:
    """The bytes of the int8 file: every matrix of a plan, quantised and packed, and its scales."""
    for part in plan:
        whole, scales = quantised_weight(part.of(read))
        packed = pack_int8(whole)  # held while its memory is read
        yield bytes_of(packed)
        yield scales.numpy()


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
                kept_file.read_whole(file, target, path)
            layers.append(Int8Linear(packed, scales))
    return layers


def bytes_of(packed: Tensor) -> memoryview:
    """The memory of an opaque tensor, valid as long as the tensor is."""
    size = torch.ops.mkldnn._nbytes(packed)
    return memoryview((ctypes.c_char * size).from_address(torch.ops.mkldnn.data_ptr(packed))).cast("B")
