"""Rotary positions (Su et al. 2021, arXiv 2104.09864): queries and keys are turned by an angle a position."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor


@dataclass(frozen=True)
class Rotary:
    """How fast each pair of numbers of a head turns.

    base        wavelengths go from 2 pi to 2 pi * base positions
    factor      every wavelength is so much longer ("linear" scaling); 1 is none
    long_only   None, or (low, high, positions) of Llama 3's scaling: wavelengths over positions / low are lengthened by
                the factor, those under positions / high are left, and those between go over from one to the other
    """

    base: float = 10_000.0
    factor: float = 1.0
    long_only: tuple[float, float, float] | None = None

    def frequencies(self, size: int) -> Tensor:
        """Radians a position of each pair of a head of `size` numbers: float32 [size / 2]."""
        plain = 1.0 / self.base ** (torch.arange(0, size, 2, dtype=torch.float32) / size)
        if self.long_only is None:
            return plain / self.factor
        low, high, positions = self.long_only
        turns = positions * plain / (2 * math.pi)  # of each pair in the text length of the first training
        kept = ((turns - low) / (high - low)).clamp(0, 1)
        return kept * plain + (1 - kept) * plain / self.factor


@lru_cache
def frequencies_on(rotary: Rotary, size: int, device: torch.device) -> Tensor:
    """The frequencies on a device, made once: the decoding of every token needs them."""
    with torch.inference_mode(False):  # training may use what inference made first
        return rotary.frequencies(size).to(device)


def rotation(rotary: Rotary, size: int, places: Tensor) -> tuple[Tensor, Tensor]:
    """Cosines and sines, float32 [..., size], at places int64 [...]. The first half of the sines is negative: see turn.

    A pair are number i of the first half and number i of the second, as in the checkpoints of transformers.
    """
    angles = places[..., None] * frequencies_on(rotary, size, places.device)
    sines = angles.sin()
    return torch.cat((angles.cos(),) * 2, -1), torch.cat((-sines, sines), -1)


def turn(x: Tensor, turned_by: tuple[Tensor, Tensor]) -> Tensor:
    """Heads [..., size] turned by what rotation() gives for their places."""
    cosines, sines = turned_by
    return torch.addcmul(x * cosines, x.roll(x.shape[-1] // 2, -1), sines).to(x.dtype)
