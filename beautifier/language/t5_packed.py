"""A T5 whose matrices are laid out for a CPU: in float32 as oneDNN reads them, or in int8."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .layers import Int8Linear, PackedLinear, check_int8, pack_int8, quantised_weight
from .t5 import T5


def pack(network: T5, dtype: torch.dtype) -> T5:
    """The network, in float32 on the CPU, with each matrix in its packed layout; it has to stay on the CPU.

    dtype  float32 or int8. An int8 matrix takes a quarter of the memory, and its wording differs a little.

    Raises ValueError where int8 cannot be had.
    """
    if dtype == torch.int8:
        check_int8()
    make = int8_layer if dtype == torch.int8 else PackedLinear
    with torch.inference_mode():
        for name, module in list(network.named_modules()):
            if isinstance(module, nn.Linear):
                parent, _, own = name.rpartition(".")
                setattr(network.get_submodule(parent), own, make(module.weight))
        if network.config.tied:
            network.head = make(network.shared.weight)
    return network


def int8_layer(weight: Tensor) -> Int8Linear:
    """A linear layer in int8, made of a weight [out, in]."""
    whole, scales = quantised_weight(weight)
    return Int8Linear(pack_int8(whole), scales)
