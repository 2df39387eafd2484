"""Linear layers with 4-bit weights that bitsandbytes multiplies, on a CPU that multiplies bfloat16: in two thirds of
the time that torch's 4-bit product takes.

Every 32 weights of a row share a scale, and a code stands for one of 16 levels, those of NF4 (Dettmers et al. 2023,
arXiv 2305.14314, appendix E). The package is not imported: that takes seconds, and may look for more on the network.
Its library has one function in C that is called, in the versions of which it is known what the function takes.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import lru_cache
from importlib import metadata, util
from pathlib import Path

import torch
from torch import Tensor, nn

from .threads import one_thread

GROUP = 32
ROWS = 32  # the rows of a layer are a multiple of this; what is added is zeros
LEVELS = (
    *(-1.0, -0.6961928, -0.52507305, -0.39491749, -0.28444138, -0.18477343, -0.09105004, 0.0),
    *(0.0795803, 0.1609302, 0.2461123, 0.33791524, 0.44070983, 0.562617, 0.72295684, 1.0),
)
# Scales that are tried, as shares of a group's largest weight: there are more levels above zero than below.
SHARES = (1.0, -1.0, 0.93, -0.93, 0.86, -0.86)
SMALLEST_SCALE = 1e-8
FINE = 1024  # places between 0 and 1 that levels are looked up at
AT_ONCE = 2**17  # weights: as many as stay in a processor's cache

VERSIONS = ("0.49.", "0.50.")  # of bitsandbytes
LIBRARY, FUNCTION = "libbitsandbytes_cpu.so", "gemv_4bit_inference_cpu_nf4_bf16"
# rows, out, in, then where x, the packed weight, its scales and the result lie; the group, and numbers from row to row
# of x and of the result.
ARGUMENTS = [ctypes.c_int64] * 3 + [ctypes.c_void_p] * 4 + [ctypes.c_int64] * 3


def quantised_normal(weight: Tensor) -> tuple[Tensor, Tensor]:
    """A weight [out, in] as codes uint8 [out, in], 0 to 15, and scales bfloat16 [in / 32, out].

    Of a few scales a group takes the one with the least squared error.
    """
    with one_thread():  # so small, the parts are no work for several
        parts = [quantised_rows(rows) for rows in weight.split(max(1, AT_ONCE // weight.shape[1]))]
    codes, scales = zip(*parts, strict=True)
    return torch.cat(codes), torch.cat(scales).t().contiguous()


def quantised_rows(weight: Tensor) -> tuple[Tensor, Tensor]:
    """The same of some rows; scales [out, in / 32]."""
    groups, (nearest, levels) = weight.float().contiguous().unflatten(1, (-1, GROUP)), fine_levels()
    largest = groups.abs().amax(-1, keepdim=True).clamp_(min=SMALLEST_SCALE)
    places, scales, error = torch.zeros((), dtype=torch.int32), torch.zeros(()), torch.full((), torch.inf)
    for share in SHARES:
        scale = (largest * share).bfloat16().float()
        tried = (groups * (FINE / scale)).add_(FINE + 0.5).clamp_(0, 2 * FINE).to(torch.int32)
        off = levels[tried].mul_(scale).sub_(groups).square_().sum(-1, keepdim=True)
        better = off < error
        places, scales = torch.where(better, tried, places), torch.where(better, scale, scales)
        error = torch.where(better, off, error)
    return nearest[places].flatten(1), scales.squeeze(-1).bfloat16()


@lru_cache
def fine_levels() -> tuple[Tensor, Tensor]:
    """The codes uint8 of the levels nearest to 2 * FINE + 1 numbers from -1 to 1, and these levels float32: a table is
    read many times as fast as levels are compared."""
    levels = torch.tensor(LEVELS)
    codes = torch.bucketize(torch.linspace(-1, 1, 2 * FINE + 1), (levels[1:] + levels[:-1]) / 2)
    return codes.to(torch.uint8), levels[codes]


def pack_normal(codes: Tensor) -> Tensor:
    """Codes uint8 [out, in] in the order of the function, uint8 [out, in / 2]; `out` is a multiple of ROWS.

    Of 32 rows each two columns stand together: the first 16 rows in the low halves of bytes, the others in the high.
    """
    rows, columns = codes.shape
    pairs = codes.view(-1, ROWS, columns // 2, 2).transpose(1, 2).reshape(-1, 2, ROWS)
    return (pairs[:, 1] << 4 | pairs[:, 0]).view(rows, columns // 2)


def normal_parts(weight: Tensor) -> tuple[Tensor, Tensor]:
    """The packed weight and its scales, of a weight [out, in]."""
    missing = -len(weight) % ROWS
    codes, scales = quantised_normal(nn.functional.pad(weight, (0, 0, 0, missing)) if missing else weight)
    return pack_normal(codes), scales


class NormalLinear(nn.Module):
    """A linear layer on [..., in] with normal_parts() of a weight [out, in]."""

    packed: Tensor
    scales: Tensor

    def __init__(self, packed: Tensor, scales: Tensor, out: int):
        super().__init__()
        self.register_buffer("packed", packed)
        self.register_buffer("scales", scales)
        self.out = out
        self.bias: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        """[..., in] -> [..., out]."""
        found = multiply_normal(x.reshape(-1, x.shape[-1]).bfloat16(), self.packed, self.scales)
        if found.shape[1] != self.out:
            found = found[:, : self.out]
        found = found.to(x.dtype).reshape(*x.shape[:-1], self.out)
        return found if self.bias is None else found + self.bias


def multiply_normal(x: Tensor, packed: Tensor, scales: Tensor) -> Tensor:
    """bfloat16 [rows, out] of bfloat16 [rows, in] and normal_parts() of a weight."""
    functions = library()
    if functions is None:
        raise RuntimeError("bitsandbytes, which these weights were packed for, is not here: load the checkpoint anew")
    (multiply, set_threads), (rows, columns), out = functions, x.shape, len(packed)
    found = torch.empty(rows, out, dtype=torch.bfloat16)
    where = (x.data_ptr(), packed.data_ptr(), scales.data_ptr(), found.data_ptr())
    set_threads(torch.get_num_threads())  # it has threads of its own
    multiply(rows, out, columns, *where, GROUP, columns, out)
    return found


@lru_cache
def library() -> tuple[Callable, Callable] | None:
    """The function of bitsandbytes, and the one that sets its number of threads; None where it is not installed, is of
    another version, or does not multiply rightly here."""
    try:
        known = sys.platform == "linux" and metadata.version("bitsandbytes").startswith(VERSIONS)
        package = util.find_spec("bitsandbytes") if known else None
        if package is None or not package.submodule_search_locations:
            return None
        opened = ctypes.CDLL(str(Path(package.submodule_search_locations[0]) / LIBRARY))
        multiply, set_threads = getattr(opened, FUNCTION), opened.omp_set_num_threads
        multiply.argtypes, multiply.restype = ARGUMENTS, None
        if not opened.has_avx512bf16_cpu():
            return None
    except (metadata.PackageNotFoundError, OSError, AttributeError):  # not there, or built without it
        return None
    return (multiply, set_threads) if is_right(multiply) else None


def is_right(multiply: Callable) -> bool:
    """Whether the function gives the product of a weight in which every level stands."""
    codes = torch.arange(16, dtype=torch.uint8).repeat(ROWS, 4).roll(3)
    scales = torch.linspace(-2, 2, 2 * ROWS).view(2, ROWS).bfloat16()
    x, packed = torch.linspace(-1, 1, 5 * 64).view(5, 64).bfloat16(), pack_normal(codes)
    found = torch.zeros(5, ROWS, dtype=torch.bfloat16)
    where = (x.data_ptr(), packed.data_ptr(), scales.data_ptr(), found.data_ptr())
    multiply(5, ROWS, 64, *where, GROUP, 64, ROWS)
    expected = x.float() @ unpacked(codes, scales).t()
    return bool(((found - expected).abs() < 0.02 * expected.abs().max()).all())


def unpacked(codes: Tensor, scales: Tensor) -> Tensor:
    """The weight float32 [out, in] that codes [out, in] and scales [in / 32, out] stand for."""
    levels = torch.tensor(LEVELS)[codes.long()].unflatten(1, (-1, GROUP))
    return (levels * scales.float().t()[..., None]).flatten(1)
