"""What a run will need, said before it starts: memory from the network's shape, time from the machine's speed.

Both are estimates of the right size, no promises: activations follow the formula for transformer layers of
Korthikanti et al. 2022 (arXiv 2205.05198, equation 2), time is 6 operations a trained weight and token, 2 more where
only the forward pass runs, at a share of the speed of one measured matrix product.
"""

import time
from dataclasses import dataclass

import torch

from ...beautifier.language.config import NetworkConfig

# The share of a large matrix product's speed that training a small transformer reaches.
EFFICIENCY = 0.4


@dataclass(frozen=True)
class Estimate:
    """Bytes of memory on each device, and seconds of the whole run."""

    memory: float
    seconds: float

    def __str__(self) -> str:
        return f"about {self.memory / 1e9:.1f} GB of memory on each device, about {duration(self.seconds)}"


def duration(seconds: float) -> str:
    """Seconds as people say it: "40 s", "12 min", "3.5 h"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def count_parameters(config: NetworkConfig) -> int:
    """Weights of a network with tied embeddings."""
    return config.num_weights


def training_memory(weights: int, trained: int) -> float:
    """Bytes of float32 weights, and of a gradient and AdamW's two moments for the trained ones."""
    return 4.0 * weights + 12.0 * trained


def activation_memory(
    config: NetworkConfig, layers: int, rows: int, length: int, bits16: bool, checkpointing: bool = False
) -> float:
    """Bytes that the backward pass of `rows` sequences through `layers` layers needs to have kept.

    checkpointing  only each layer's input is kept, and one layer at a time is worked out again
    """
    size = rows * length * config.hidden_size
    layer = size * (34 + 5 * config.num_heads * length / config.hidden_size) * (1 if bits16 else 2)
    if checkpointing:
        return layers * size * (2 if bits16 else 4) + layer
    return layers * layer


def seconds_for(operations: float, device: torch.device, bits16: bool) -> float:
    """Seconds that so many floating-point operations of training take here, by one measured matrix product."""
    size = 768 if device.type == "cpu" else 4096
    dtype = torch.bfloat16 if bits16 else torch.float32
    left, right = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    best = float("inf")
    for _ in range(4):  # the first one warms up
        started = time.perf_counter()
        (left @ right).sum().item()
        best = min(best, time.perf_counter() - started)
    return operations * best / (2 * size**3) / EFFICIENCY


def memory_of(device: torch.device) -> float | None:
    """Bytes of memory of a CUDA device; None for others, whose memory is shared with the rest of the machine."""
    return torch.cuda.get_device_properties(device).total_memory if device.type == "cuda" else None
