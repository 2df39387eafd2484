"""Linear layers for a CPU: packed float32 and bfloat16, float16 weights, and int8.

int8 has a scale for each output (weights) and one for each row (activations), both symmetric. A row's results are
exact integer sums of that row alone: they do not depend on the other rows.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from .modules import Modules

# oneDNN chooses a layout for a number of rows: the one for an answer's few also serves to read a prompt.
TYPICAL_ROWS = 5
# A row of zeros has no scale of its own.
SMALLEST_SCALE = 1e-30
Read = Callable[[str], Tensor]


@dataclass(frozen=True)
class Matrix:
    """Rows start..stop of a parameter: what one packed layer multiplies with."""

    weight: str
    start: int
    stop: int
    columns: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.stop - self.start, self.columns

    def of(self, read: Read) -> Tensor:
        """The rows, [rows, columns], of what `read` gives for the parameter."""
        return read(self.weight)[self.start : self.stop]


class PackedLinear(nn.Module):
    """A linear layer in float32 or bfloat16, made of a weight [out, in]."""

    def __init__(self, weight: Tensor):
        super().__init__()
        self.packed = torch.ops.mkldnn._reorder_linear_weight(weight, TYPICAL_ROWS)
        self.bias: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        """[..., in] -> [..., out]."""
        return torch.ops.mkldnn._linear_pointwise(x, self.packed, self.bias, "none", [], "")


class HalfLinear(nn.Module):
    """A linear layer with float16 weights, multiplied in float32, for a network that runs on one thread.

    No bit is lost where the weights are float16 to begin with, and there is half to read. A row's results are sums of
    that row alone, in one order: they do not depend on the other rows.
    """

    def __init__(self, weight: Tensor):
        super().__init__()
        self.packed = torch.fbgemm_pack_gemm_matrix_fp16(weight.float().contiguous())
        self.bias = torch.zeros(len(weight))

    def forward(self, x: Tensor) -> Tensor:
        """float32 [..., in] -> [..., out]."""
        return torch.fbgemm_linear_fp16_weight_fp32_activation(x, self.packed, self.bias)


class Int8Linear(nn.Module):
    """A linear layer on float32 [..., in], multiplied in int8.

    packed  pack_int8 of the weight int8 [out, in]
    scales  float32 [out]: weight = int8 * scale
    """

    def __init__(self, packed: Tensor, scales: Tensor):
        super().__init__()
        self.packed, self.scales, self.out = packed, scales, len(scales)
        self.zeros = zero_points(len(scales))
        self.bias: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        """float32 [..., in] -> [..., out]."""
        whole, scale = self.prepared(x)
        found = self.multiply(whole)
        return found.mul_(scale) if self.bias is None else torch.addcmul(self.bias, found, scale)

    @staticmethod
    def prepared(x: Tensor) -> tuple[Tensor, Tensor]:
        """What quantised_rows() gives."""
        return quantised_rows(x)

    def multiply(self, whole: Tensor) -> Tensor:
        """The product before the rows are scaled: uint8 [..., in] of quantised_rows() -> float32 [..., out]."""
        return multiply_int8(whole, self.packed, self.scales, self.zeros)


class Pieces(Modules[nn.Module]):
    """The output layer, in pieces of the vocabulary."""

    def forward(self, x: Tensor) -> Tensor:
        """[..., in] -> [..., vocabulary]."""
        return self[0](x) if len(self) == 1 else torch.cat([piece(x) for piece in self], -1)


class Int8Pieces(Modules[Any]):
    """The same in int8, of Int8Linear or FbgemmLinear."""

    def forward(self, x: Tensor) -> Tensor:
        """float32 [..., in] -> [..., vocabulary]."""
        whole, scale = self[0].prepared(x)
        sizes = [piece.out for piece in self]
        found = x.new_empty((*x.shape[:-1], sum(sizes)))
        # Piece by piece: all of them beside what they are put together in would be as much memory again.
        for piece, part in zip(self, found.split(sizes, -1), strict=True):
            torch.mul(piece.multiply(whole), scale, out=part)
        return found


def can_multiply_halves() -> bool:
    """Whether this torch multiplies float16 weights with float32 activations exactly (on x86, with FBGEMM)."""
    if not hasattr(torch, "fbgemm_pack_gemm_matrix_fp16"):
        return False
    weight = torch.arange(-512.0, 512.0).view(16, 64)
    x = torch.arange(-96.0, 96.0).view(3, 64)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a later torch may do without; until then it is the fastest
            found = HalfLinear(weight)(x)
    except (RuntimeError, NotImplementedError):  # built without FBGEMM, or a processor without AVX2
        return False
    return torch.equal(found, x @ weight.t())  # whole numbers below 2**24: exact


def quantised_weight(weight: Tensor) -> tuple[Tensor, Tensor]:
    """A weight [out, in] as int8 [out, in] and float32 scales [out]."""
    weight = weight.float()
    scales = weight.abs().amax(1).div_(127).clamp_(min=SMALLEST_SCALE)
    return (weight / scales[:, None]).round_().to(torch.int8), scales


def quantised_rows(x: Tensor) -> tuple[Tensor, Tensor]:
    """x float32 [..., n] as uint8 [..., n], whose 128 is zero, and float32 scales [..., 1].

    oneDNN is fast for unsigned activations alone.
    """
    scale = x.abs().amax(-1, keepdim=True).mul_(1 / 127).clamp_(min=SMALLEST_SCALE)
    return (x / scale).add_(128.5).to(torch.uint8), scale  # conversion cuts: with the half it rounds


@lru_cache
def zero_points(count: int) -> Tensor:
    """int64 zeros, once for all layers of a width."""
    return torch.zeros(count, dtype=torch.int64)


def pack_int8(weight: Tensor) -> Tensor:
    """An int8 weight [out, in] in oneDNN's layout, an opaque tensor."""
    return torch.ops.onednn.qlinear_prepack(weight.contiguous(), None)


def multiply_int8(whole: Tensor, packed: Tensor, scales: Tensor, zeros: Tensor) -> Tensor:
    """(whole - 128) @ weight.T * scales: uint8 [..., in] with a packed int8 weight, float32 [..., out]."""
    return torch.ops.onednn.qlinear_pointwise(
        whole, 1.0, 128, packed, scales, zeros, None, 1.0, 0, torch.float32, "none", [], ""
    )


def check_int8() -> None:
    """Raise ValueError where this torch cannot multiply int8 exactly: processors without VNNI cut off large sums."""
    needed = ("qlinear_prepack", "qlinear_pointwise"), ("data_ptr", "_nbytes")
    there = torch.backends.mkldnn.is_available() and all(
        hasattr(getattr(torch.ops, library), name)
        for library, names in zip(("onednn", "mkldnn"), needed, strict=True)
        for name in names
    )
    if there:
        whole = torch.tensor([[255, 0] * 32, [255] * 64], dtype=torch.uint8)
        weight = torch.tensor([[127, -127] * 32] * 16 + [[127] * 64] * 16, dtype=torch.int8)
        expected = (whole.float() - 128) @ weight.float().t()  # far below 2**24: exact
        found = multiply_int8(whole, pack_int8(weight), torch.ones(32), torch.zeros(32, dtype=torch.int64))
        there = torch.equal(found, expected)
    if not there:
        raise ValueError(
            "int8 needs a processor with VNNI (AVX-512 VNNI, AVX-VNNI or AMX) and a torch with oneDNN, and here is "
            "none: choose another dtype"
        )
