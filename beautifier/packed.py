"""Linear layers in the memory layout that a CPU multiplies fastest, in float32, bfloat16, float16 weights or int8.

One token of an answer reads every weight once, so speed is bytes a second. oneDNN rearranges a plain matrix at every
call, which costs more than the reading; rearranged once, a bfloat16 matrix is multiplied twice as fast. For int8 the
rearranging itself is slow: its result is kept in a file beside the checkpoint. A small network whose weights are stored
in float16 is multiplied by FBGEMM as it is stored: no bit of them is lost, and a call costs less.

int8 has a scale for each output (weights) and one for each row (activations), both symmetric. A row's results are
exact integer sums of that row alone: they do not depend on the other rows.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import logging
import math
import os
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor, nn
from torch.nn import functional as F

from .network import DecoderOnly, as_used, empty_network, read_config, stored_weights
from .threads import is_small

# Below this width a step is overhead rather than multiplying, and a plain network is as fast.
SMALLEST_HIDDEN_SIZE = 128
# From this width on reading the weights is most of a step, and bfloat16 halves it.
BFLOAT16_HIDDEN_SIZE = 512
# oneDNN chooses a layout for a number of rows: the one for an answer's few also serves to read a prompt.
TYPICAL_ROWS = 5
# A row of zeros has no scale of its own.
SMALLEST_SCALE = 1e-30

# Weights in a piece of the output layer.
LEAST_PIECE = 2**23

INT8_FILE = "model.int8.safetensors"
FORMAT = "1"  # of that file: another number makes it be written again

TABLE = "word_embeddings.weight"
Read = Callable[[str], Tensor]

log = logging.getLogger(__name__)


def fast_dtype() -> torch.dtype:
    """bfloat16 where this processor multiplies it in hardware, else float32."""
    asked = [getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported")]
    return torch.bfloat16 if any(ask is not None and ask() for ask in asked) else torch.float32


def can_pack(dtype: torch.dtype) -> bool:
    """Whether matrices of a floating-point dtype can be packed here, and are faster then."""
    if not torch.backends.mkldnn.is_available() or not hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        return False  # some builds for ARM
    return dtype in (torch.float32, fast_dtype())


def load_packed(folder: Path, dtype: torch.dtype) -> DecoderOnly:
    """Read a checkpoint folder into a network whose matrices are packed; it has to stay on the CPU.

    dtype  float32, bfloat16, or int8: int8 matrices, all else in float32. int8 keeps its matrices in
           model.int8.safetensors in that folder; the file is written the first time, and again after the checkpoint,
           torch or the kind of processor has changed.

    float32 reads the weights of a small network as float16 where they are stored so: see HalfLinear.

    Never is there a second copy of more than one matrix in memory. Errors as load_network's, and ValueError where
    int8 cannot be had.
    """
    folder = Path(folder)
    config = read_config(folder)
    network = empty_network(config)
    files = stored_weights(folder, network)
    places = {name: (path, stored) for path, tensors in files.items() for name, stored in tensors.items()}

    def read(name: str) -> Tensor:
        path, stored = places[name]
        with safe_open(path, framework="pt", device="cpu") as file:  # its own mapping, gone with the tensor
            return as_used(file.get_tensor(stored), name, config)

    plan = matrices(network)
    if dtype == torch.int8:
        layers, compute = int8_layers(plan, read, folder / INT8_FILE, list(files)), torch.float32
    else:
        halves = dtype == torch.float32 and is_small(config) and can_multiply_halves()
        # One place for what is to be packed: memory taken and given back for each would end in pieces.
        place = torch.empty(max(math.prod(part.shape) for part in plan), dtype=dtype)

        def packed_layer(weight: Tensor) -> nn.Module:
            if halves and weight.dtype == torch.float16:
                return HalfLinear(weight)
            return PackedLinear(place[: weight.numel()].view(weight.shape).copy_(weight))

        layers, compute = [packed_layer(part.of(read)) for part in plan], dtype
        del place
    rest = {name: read(name).to(compute, copy=True) for name in places if name not in {part.weight for part in plan}}
    head = Int8Pieces() if dtype == torch.int8 else Pieces()
    for part, layer in zip(plan, layers, strict=True):
        name = part.weight.removesuffix(".weight")
        if part.weight == TABLE:
            head.append(layer)
        else:
            layer.bias = rest.pop(f"{name}.bias")
            parent, _, own = name.rpartition(".")
            setattr(network.get_submodule(parent), own, layer)
    network.head, network.word_embeddings = head, Rows(read(TABLE), compute)
    network.cache_dtype = torch.bfloat16 if dtype == torch.int8 else None
    network.rows_are_independent = not any(isinstance(layer, PackedLinear) for layer in layers)
    network.load_state_dict(rest, assign=True)
    return network.eval().requires_grad_(False)


@dataclass(frozen=True)
class Matrix:
    """Rows start..stop of a parameter: what one packed layer multiplies with."""

    weight: str
    start: int
    stop: int
    columns: int

    @property
    def shape(self) -> tuple[int, int]:
        return self.stop - self.start, self.columns

    def of(self, read: Read) -> Tensor:
        return read(self.weight)[self.start : self.stop]


def matrices(network: DecoderOnly) -> list[Matrix]:
    """All that a network multiplies with. A large output layer comes in pieces the shape of an MLP's matrix: few
    shapes are few layouts to find, and a piece is little to have in memory twice."""
    found = [
        Matrix(f"{name}.weight", 0, module.out_features, module.in_features)
        for name, module in network.named_modules()
        if isinstance(module, nn.Linear)
    ]
    words = network.config.vocab_size
    step = max(network.config.intermediate_size, LEAST_PIECE // network.config.hidden_size)
    return found + [
        Matrix(TABLE, start, min(start + step, words), network.config.hidden_size) for start in range(0, words, step)
    ]


# -- layers


class PackedLinear(nn.Module):
    """A linear layer in float32 or bfloat16, made of a weight [out, in]."""

    def __init__(self, weight: Tensor):
        super().__init__()
        self.packed = torch.ops.mkldnn._reorder_linear_weight(weight, TYPICAL_ROWS)
        self.bias: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
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
        return torch.fbgemm_linear_fp16_weight_fp32_activation(x, self.packed, self.bias)


class Int8Linear(nn.Module):
    """A linear layer on float32 [..., in], multiplied in int8.

    packed  pack_int8 of the weight int8 [out, in]
    scales  float32 [out]: weight = int8 * scale
    """

    def __init__(self, packed: Tensor, scales: Tensor):
        super().__init__()
        self.packed, self.scales = packed, scales
        self.zeros = zero_points(len(scales))
        self.bias: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        whole, scale = quantised_rows(x)
        return torch.addcmul(self.bias, self.multiply(whole), scale)

    def multiply(self, whole: Tensor) -> Tensor:
        """float32 [..., out], without the scales of the rows, of what quantised_rows made of them."""
        return multiply_int8(whole, self.packed, self.scales, self.zeros)


class Pieces(nn.ModuleList):
    """The output layer, in pieces of the vocabulary."""

    def forward(self, x: Tensor) -> Tensor:
        return self[0](x) if len(self) == 1 else torch.cat([piece(x) for piece in self], -1)


class Int8Pieces(nn.ModuleList):
    """The same in int8."""

    def forward(self, x: Tensor) -> Tensor:
        whole, scale = quantised_rows(x)
        sizes = [len(piece.scales) for piece in self]
        found = x.new_empty((*x.shape[:-1], sum(sizes)))
        # Piece by piece: all of them beside what they are put together in would be as much memory again.
        for piece, part in zip(self, found.split(sizes, -1), strict=True):
            torch.mul(piece.multiply(whole), scale, out=part)
        return found


class Rows(nn.Module):
    """Embeddings looked up in the checkpoint's own file: only the rows that are used come into memory."""

    def __init__(self, weight: Tensor, dtype: torch.dtype):
        super().__init__()
        self.weight, self.dtype = weight, dtype

    def forward(self, tokens: Tensor) -> Tensor:
        return F.embedding(tokens, self.weight).to(self.dtype)


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


# -- int8


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
