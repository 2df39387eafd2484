"""Packed 4-bit weights for a CPU, kept in a file beside their checkpoint.

They are read into memory and not mapped: where a file's pages lie is left to the system, and a step that goes through
scattered ones takes up to half as long again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path

import torch
from torch import Tensor, nn

from . import kept_file, normal_floats
from .int4 import GROUP, ROWS, Int4Linear, check_int4, check_width, int4_parts
from .kept_file import Kept
from .layers import Matrix, Read

DTYPES = {"U8": torch.uint8, "BF16": torch.bfloat16}  # by safetensors' names
FORMAT = "1"  # of that file: another number makes it be written again

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Form:
    """How 4-bit weights are stored for one of the products.

    rows   a stored matrix's rows are a multiple of this
    group  the shape of the numbers that a group of GROUP weights has
    parts  makes the packed weight and the numbers of a weight
    layer  makes a layer of these and the number of rows
    """

    rows: int
    group: tuple[int, ...]
    parts: Callable[[Tensor], tuple[Tensor, Tensor]]
    layer: Callable[[Tensor, Tensor, int], nn.Module]


BY_TORCH = Form(ROWS, (2,), int4_parts, Int4Linear)
BY_BITSANDBYTES = Form(normal_floats.ROWS, (), normal_floats.normal_parts, normal_floats.NormalLinear)


def int4_layers(plan: list[Matrix], read: Read, path: Path, sources: list[Path]) -> list[nn.Module]:
    """The layers of a plan, from the file at `path`, which is written first unless it is there and up to date.

    sources  the files of the checkpoint that it is made from

    Raises ValueError for a width that does not divide into groups, and where torch has no 4-bit product.
    """
    for part in plan:
        check_width(part.columns)
    # The order of the codes is that of the widest numbers that the processor multiplies at once.
    made_of = {"format": FORMAT, "torch": torch.__version__, "processor": torch.backends.cpu.get_cpu_capability()}
    if normal_floats.library() is not None:
        form, made_of = BY_BITSANDBYTES, {"format": FORMAT, "by": "bitsandbytes"}
    else:
        check_int4(torch.device("cpu"))
        form = BY_TORCH
    head, size = kept_file.header((each for part in plan for each in kept(part, form)), made_of, sources)
    try:
        if not kept_file.is_current(path, head, size):
            kept_file.write(path, head, contents(plan, read, form))
        return read_int4(path, len(head), plan, form)
    except OSError as error:
        log.warning("%s cannot be kept (%s): 4-bit weights are made anew at every load", path, error)
        return [form.layer(*form.parts(part.of(read)), part.shape[0]) for part in plan]


def kept(part: Matrix, form: Form) -> tuple[Kept, Kept]:
    """What the file holds of a matrix."""
    rows, columns = -(-part.shape[0] // form.rows) * form.rows, part.columns
    numbers, name = (columns // GROUP, rows, *form.group), f"{part.weight}.{part.start}"
    return (
        Kept(f"{name}.packed", "U8", (rows, columns // 2), rows * columns // 2),
        Kept(f"{name}.numbers", "BF16", numbers, 2 * prod(numbers)),
    )


def contents(plan: list[Matrix], read: Read, form: Form) -> Iterator:
    """What the file holds, in its order: for each matrix its packed weight and its numbers."""
    for part in plan:
        packed, numbers = form.parts(part.of(read))
        yield packed.numpy()
        yield numbers.view(torch.int16).numpy()


def read_int4(path: Path, start: int, plan: list[Matrix], form: Form) -> list[nn.Module]:
    """The layers in a file, whose tensors begin at `start`."""
    layers = []
    with path.open("rb", buffering=0) as file:
        file.seek(start)
        for part in plan:
            packed, numbers = (torch.empty(each.shape, dtype=DTYPES[each.dtype]) for each in kept(part, form))
            for tensor in (packed, numbers):
                kept_file.read_whole(file, memoryview(tensor.view(torch.uint8).numpy()).cast("B"), path)
            layers.append(form.layer(packed, numbers, part.shape[0]))
    return layers
