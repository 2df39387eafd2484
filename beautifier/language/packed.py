"""A checkpoint read into linear layers in the memory layout that a CPU multiplies fastest.

One token of an answer reads every weight once, so speed is bytes a second. oneDNN rearranges a plain matrix at every
call, which costs more than the reading; rearranged once, a bfloat16 matrix is multiplied twice as fast. For int8 and
int4 the rearranging itself is slow: its result is kept in a file beside the checkpoint. A small network whose weights
are stored in float16 is multiplied by FBGEMM as it is stored: no bit of them is lost, and a call costs less. FBGEMM
multiplies int8, too, where a network is not large (see fbgemm.py).
"""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import Tensor, nn

from .architectures.table import read_config
from .fbgemm import fbgemm_is_exact, fbgemm_layers
from .int4_file import int4_layers
from .int8_file import int8_layers
from .layers import HalfLinear, Int8Pieces, Matrix, PackedLinear, Pieces, can_multiply_halves, check_int8
from .modules import Rows
from .network import DecoderOnly
from .threads import runs_on_one_thread
from .weight_names import INT4_FILE, INT8_FILE, weight_files
from .weights import empty_network, stored_weights

# Below this width a step is overhead rather than multiplying, and a plain network is as fast.
PACKED_FROM = 128
# From this width on reading the weights is most of a step, and bfloat16 halves it.
BFLOAT16_FROM = 512

INT4 = getattr(torch, "int4", None)  # an older torch has none

# Up to this width what a call costs is much of an int8 step, and FBGEMM packs all weights in about a second.
FBGEMM_TO = 1024

# Weights in a piece of the output layer.
LEAST_PIECE = 2**24

TABLE = "word_embeddings.weight"
HEAD = "head.weight"  # an output layer of its own


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

    dtype  float32, bfloat16, int8 or int4. The last two are for the matrices, and all else is in float32; they keep
           them in model.int8.safetensors or model.int4.safetensors in that folder. The file is written the first time,
           and again after the checkpoint, torch or the kind of processor has changed.

    float32 reads the weights of a small network as float16 where they are stored so: see HalfLinear.

    Never is there a second copy of more than one matrix in memory. Errors as load_network's, and ValueError where
    int8 or int4 cannot be had.
    """
    folder = Path(folder)
    config = read_config(folder)
    network = empty_network(config)
    places = stored_weights(folder, network)

    def read(name: str) -> Tensor:
        return places[name].read()

    plan = matrices(network)
    if dtype == torch.int8:
        check_int8()
        make = fbgemm_layers if config.hidden_size <= FBGEMM_TO and fbgemm_is_exact() else int8_layers
        layers, compute = make(plan, read, folder / INT8_FILE, weight_files(folder)), torch.float32
    elif dtype == INT4:
        layers, compute = int4_layers(plan, read, folder / INT4_FILE, weight_files(folder)), torch.float32
    else:
        halves = dtype == torch.float32 and runs_on_one_thread(config) and can_multiply_halves()
        # One place for what is to be packed: memory taken and given back for each would end in pieces.
        place = torch.empty(max(math.prod(part.shape) for part in plan), dtype=dtype)

        def packed_layer(weight: Tensor) -> nn.Module:
            if halves and weight.dtype == torch.float16:
                return HalfLinear(weight)
            return PackedLinear(place[: weight.numel()].view(weight.shape).copy_(weight))

        layers, compute = [packed_layer(part.of(read)) for part in plan], dtype
        del place
    packed = {TABLE, *(part.weight for part in plan)}
    rest = {name: read(name).to(compute, copy=True) for name in places if name not in packed}
    head = Int8Pieces() if dtype == torch.int8 else Pieces()
    for part, layer in zip(plan, layers, strict=True):
        name = part.weight.removesuffix(".weight")
        if part.weight in (TABLE, HEAD):
            head.append(layer)
            continue
        if f"{name}.bias" in rest:
            layer.bias = rest.pop(f"{name}.bias")
        parent, _, own = name.rpartition(".")
        setattr(network.get_submodule(parent), own, layer)
    network.head, network.word_embeddings = head, Rows(read(TABLE), compute)
    network.cache_dtype = torch.bfloat16 if dtype in (torch.int8, INT4) else None
    network.rows_are_independent = not any(isinstance(layer, PackedLinear) for layer in layers)
    network.load_state_dict(rest | dict(network.named_buffers()), assign=True)
    return network.train(False).requires_grad_(False)


def matrices(network: DecoderOnly) -> list[Matrix]:
    """All that a network multiplies with. A large output layer comes in pieces the shape of an MLP's matrix: few
    shapes are few layouts to find, and a piece is little to have in memory twice."""
    config = network.config
    found = [
        Matrix(f"{name}.weight", 0, module.out_features, module.in_features)
        for name, module in network.named_modules()
        if isinstance(module, nn.Linear) and f"{name}.weight" != HEAD
    ]
    step = max(config.intermediate_size, LEAST_PIECE // config.hidden_size)
    return found + [
        Matrix(TABLE if config.tied else HEAD, start, min(start + step, config.vocab_size), config.hidden_size)
        for start in range(0, config.vocab_size, step)
    ]
