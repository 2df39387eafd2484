"""int8 layers that FBGEMM multiplies, for a small network on a CPU: its calls cost less than oneDNN's, and it reads
weights faster. It packs them slowly, at every load: too slowly for a large network.

The same numbers as in layers.py: a scale for each output and one for each row, exact sums in whole numbers.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor, nn

from . import kept_file
from .kept_file import Kept
from .layers import SMALLEST_SCALE, Matrix, Read, quantised_weight

FORMAT = "1"  # of the file: another number makes it be written again
PACKED_AT_ONCE = 2  # matrices

log = logging.getLogger(__name__)


class FbgemmLinear(nn.Module):
    """A linear layer on float32 [..., in], multiplied in int8.

    whole   int8 [out, in], -127 to 127
    scales  float32 [out]: weight = int8 * scale
    """

    def __init__(self, whole: Tensor, scales: Tensor):
        super().__init__()
        self.packed, self.out = packed_by_fbgemm(whole, scales), len(scales)
        self.bias: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        """float32 [..., in] -> [..., out]."""
        level, scale = self.prepared(x)
        found = self.multiply(level)
        return found.mul_(scale) if self.bias is None else torch.addcmul(self.bias, found, scale)

    @staticmethod
    def prepared(x: Tensor) -> tuple[Tensor, Tensor]:
        """x [..., n] as numbers from -1 to 1, and float32 scales [..., 1]."""
        scale = x.abs().amax(-1, keepdim=True).clamp_(min=SMALLEST_SCALE)
        return x / scale, scale

    def multiply(self, level: Tensor) -> Tensor:
        """The product before the rows are scaled: what prepared() gives [..., in] -> float32 [..., out]."""
        # It rounds to 127ths, stored above 128 of 0 to 255.
        return torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32(level, 1 / 127, 128, self.packed)


def packed_by_fbgemm(whole: Tensor, scales: Tensor):
    """An int8 weight [out, in] with its scales in FBGEMM's layout."""
    zeros = torch.zeros(len(scales), dtype=torch.int64)
    weight = torch._make_per_channel_quantized_tensor(whole.contiguous(), scales.double(), zeros, 0)
    return torch.ops.quantized.linear_prepack(weight, None)


@contextmanager
def without_warnings() -> Generator[None]:
    """A context for packed_by_fbgemm(): a later torch may do without these calls; until then they are the fastest."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@lru_cache
def fbgemm_is_exact() -> bool:
    """Whether FBGEMM is here and multiplies int8 exactly: without VNNI it cuts off large sums."""
    signs, ones = torch.tensor([127, -127] * 32), torch.full((64,), 127)
    whole = torch.stack([signs] * 16 + [ones] * 16).to(torch.int8)
    x = torch.stack((signs, ones)).float()
    try:
        with without_warnings():
            found = FbgemmLinear(whole, torch.ones(32))(x)
    except (RuntimeError, AttributeError, NotImplementedError):  # ARM, a build without it, a torch without these
        return False
    # Of sums of up to 64 * 127 * 127 the scale 1 / 127 costs the last digits; a cut sum would be a third off.
    return torch.allclose(found, x @ whole.float().t(), rtol=1e-5, atol=1.0)


def fbgemm_layers(plan: list[Matrix], read: Read, path: Path, sources: list[Path]) -> list[FbgemmLinear]:
    """The layers of a plan, from the file at `path`, which is written first unless it is there and up to date.

    sources  the files of the checkpoint that it is made from
    """
    head, size = kept_file.header((each for part in plan for each in kept(part)), {"fbgemm": FORMAT}, sources)
    try:
        if not kept_file.is_current(path, head, size):
            kept_file.write(path, head, contents(plan, read))
    except OSError as error:
        log.warning("%s cannot be kept (%s): int8 weights are made anew at every load", path, error)
        with without_warnings():
            return [FbgemmLinear(*quantised_weight(part.of(read))) for part in plan]
    opened = safe_open(path, framework="pt", device="cpu")
    with opened as file, without_warnings(), ThreadPoolExecutor(PACKED_AT_ONCE) as pool:

        def layer(part: Matrix) -> FbgemmLinear:
            whole, scales = (file.get_tensor(each.name) for each in kept(part))
            return FbgemmLinear(whole, scales)

        return list(pool.map(layer, plan))


def kept(part: Matrix) -> tuple[Kept, Kept]:
    """What the file holds of a matrix."""
    rows, columns = part.shape
    name = f"{part.weight}.{part.start}"
    return Kept(f"{name}.whole", "I8", part.shape, rows * columns), Kept(f"{name}.scales", "F32", (rows,), 4 * rows)


def contents(plan: list[Matrix], read: Read) -> Iterator:
    """What the file holds, in its order: every matrix of a plan in whole numbers, and its scales."""
    for part in plan:
        whole, scales = quantised_weight(part.of(read))
        yield whole.numpy()
        yield scales.numpy()
