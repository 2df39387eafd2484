"""Linear layers with 4-bit weights, for a CPU and for an NVIDIA GPU: a little over half the memory of int8.

Every 32 weights of a row share a scale and a middle, both in bfloat16: weight = (code - 8) * scale + middle. Torch
multiplies them with activations in bfloat16; each processor wants the codes in an order of its own.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from .architectures.table import read_config
from .network import DecoderOnly
from .weights import empty_network, stored_weights

GROUP = 32
# A product's rows are a multiple of this on every processor; what is added is zeros.
ROWS = 16
# How much narrower than from the least to the largest weight the codes of a group may reach, by what comes nearest.
NARROWER = (1.0, 0.93, 0.86)
SMALLEST_SCALE = 1e-8


def quantised_int4(weight: Tensor) -> tuple[Tensor, Tensor]:
    """A weight [out, in] as codes uint8 [out, in], 0 to 15, and scales with middles, bfloat16 [in / 32, out, 2].

    Of a few scales a group takes the one with the least squared error.
    """
    groups = weight.float().unflatten(1, (-1, GROUP))
    low, high = groups.amin(-1, keepdim=True), groups.amax(-1, keepdim=True)
    codes, numbers, error = torch.zeros(()), torch.zeros(()), torch.full((), torch.inf)
    for share in NARROWER:
        scale = ((high - low) * (share / 15)).clamp_(min=SMALLEST_SCALE).bfloat16().float()
        middle = ((high + low) / 2 + scale / 2).bfloat16().float()  # of codes -8 to 7
        tried = ((groups - middle) / scale).round_().clamp_(-8, 7)
        off = (tried * scale).add_(middle).sub_(groups).square_().sum(-1, keepdim=True)
        better, found = off < error, torch.cat((scale, middle), -1)
        codes, numbers = torch.where(better, tried, codes), torch.where(better, found, numbers)
        error = torch.where(better, off, error)
    return (codes + 8).to(torch.uint8).flatten(1), numbers.bfloat16().transpose(0, 1).contiguous()


def pack_int4(codes: Tensor) -> Tensor:
    """Codes uint8 [out, in] in the order of the processor they lie on; `out` is a multiple of ROWS."""
    if codes.device.type == "cpu":
        return torch.ops.aten._convert_weight_to_int4pack_for_cpu(codes.int(), 1)
    tiles = next(tiles for tiles in (8, 4, 2) if codes.shape[1] % (16 * tiles) == 0)
    return torch.ops.aten._convert_weight_to_int4pack(codes[:, ::2] << 4 | codes[:, 1::2], tiles)


def multiply_int4(x: Tensor, packed: Tensor, numbers: Tensor) -> Tensor:
    """bfloat16 [rows, out] of bfloat16 [rows, in] and what pack_int4 and quantised_int4 made of a weight."""
    on_cpu = x.device.type == "cpu"
    multiply = torch.ops.aten._weight_int4pack_mm_for_cpu if on_cpu else torch.ops.aten._weight_int4pack_mm
    return multiply(x, packed, GROUP, numbers)


class Int4Linear(nn.Module):
    """A linear layer on [..., in], made of a weight [out, in] on the processor that it is to run on.

    Its packed weight is of use there alone; it may wait in any memory.
    """

    packed: Tensor
    numbers: Tensor

    def __init__(self, packed: Tensor, numbers: Tensor, out: int):
        super().__init__()
        self.register_buffer("packed", packed)
        self.register_buffer("numbers", numbers)
        self.out = out
        self.bias: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        """[..., in] -> [..., out]."""
        rows = x.reshape(-1, x.shape[-1]).bfloat16()
        found = multiply_int4(rows, self.packed, self.numbers)[:, : self.out].to(x.dtype)
        found = found.unflatten(0, x.shape[:-1])
        return found if self.bias is None else found + self.bias


def int4_parts(weight: Tensor) -> tuple[Tensor, Tensor]:
    """The packed weight and its numbers, of a weight [out, in] on the processor that it lies on."""
    missing = -len(weight) % ROWS
    weight = nn.functional.pad(weight, (0, 0, 0, missing)) if missing else weight
    codes, numbers = quantised_int4(weight)
    return pack_int4(codes), numbers


def check_width(columns: int) -> None:
    """Raise ValueError where rows of so many weights do not divide into groups."""
    if columns % GROUP:
        raise ValueError(
            f"int4 needs rows of weights that divide into groups of {GROUP}, and here are some of {columns}"
        )


def check_int4(device: torch.device) -> None:
    """Raise ValueError where torch cannot multiply 4-bit weights on a device."""
    weight = torch.arange(-8.0, 8.0, device=device).repeat(ROWS, 4)
    x = torch.arange(64.0, device=device)[None] / 64
    try:
        found = Int4Linear(*int4_parts(weight), ROWS)(x)
        works = bool(torch.isfinite(found).all()) and (found - x @ weight.t()).abs().max() < 0.1
    except (RuntimeError, AttributeError, NotImplementedError):  # an older torch, or an older GPU
        works = False
    if not works:
        raise ValueError(
            f"int4 does not work on {device.type} here: it needs torch 2.6, and on a GPU one by NVIDIA of 2020 or "
            "later; choose another dtype"
        )


@torch.no_grad()
def load_int4(folder: Path, home: torch.device) -> DecoderOnly:
    """Read a checkpoint folder into a network for a GPU: the matrices of its layers in 4 bits, all else in bfloat16.

    home  where the weights go, and may leave from for the GPU later; they are packed on the GPU in any case

    Errors as load_network's, and ValueError where 4-bit weights cannot be had.
    """
    gpu = home if home.type == "cuda" else torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if gpu.type == "cpu":
        raise ValueError("int4 is for a CPU, or for a GPU by NVIDIA, and here is none: choose another dtype")
    check_int4(gpu)
    network = empty_network(read_config(folder))
    places, rest = stored_weights(folder, network), {}
    linear = {f"{name}.weight" for name, module in network.h.named_modules(prefix="h") if isinstance(module, nn.Linear)}
    for name, stored in places.items():
        weight = stored.read()
        if name not in linear:
            rest[name] = weight.to(home, torch.bfloat16)
            continue
        check_width(weight.shape[1])
        packed, numbers = (part.to(home) for part in int4_parts(weight.to(gpu)))
        parent, _, own = name.removesuffix(".weight").rpartition(".")
        layer = Int4Linear(packed, numbers, len(weight))
        rest |= {f"{parent}.{own}.packed": packed, f"{parent}.{own}.numbers": numbers}
        if f"{parent}.{own}.bias" in places:
            layer.bias = nn.Parameter(torch.empty(len(weight), device="meta"), requires_grad=False)
        setattr(network.get_submodule(parent), own, layer)
    network.load_state_dict(rest, assign=True)
    return network.train(False).requires_grad_(False)
