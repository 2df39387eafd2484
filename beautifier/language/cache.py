"""Keys and values of what a network has read, so that each next token is read alone."""

from __future__ import annotations

import torch
from torch import Tensor


class Cache:
    """Keys and values of every layer for a fixed number of rows and positions; `length` positions are filled."""

    def __init__(self, keys: Tensor, values: Tensor, length: int = 0):
        self.keys = keys  # [layers, rows, heads, capacity, head size]
        self.values = values
        self.length = length
        # What attention turns them into: on a CPU it is six times slower in 16 bits, though there is half to read.
        self.seen = torch.float32 if keys.device.type == "cpu" else keys.dtype

    @property
    def capacity(self) -> int:
        """How many positions there is room for."""
        return self.keys.shape[3]

    @property
    def rows(self) -> int:
        """How many sequences it holds."""
        return self.keys.shape[1]

    def append(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Write new positions [rows, heads, new, head size] of one layer; all positions filled so far come back."""
        end = self.length + keys.shape[2]
        self.keys[layer, :, :, self.length : end] = keys
        self.values[layer, :, :, self.length : end] = values
        return self.keys[layer, :, :, :end], self.values[layer, :, :, :end]

    def expand(self, rows: int, capacity: int) -> Cache:
        """A new cache of `rows` copies of this one-row cache, with another capacity."""
        return self._like(rows, capacity, slice(None))

    def reorder(self, rows: Tensor) -> Cache:
        """A new cache whose row i is this cache's row rows[i] (int64 [new rows]), as beam search needs."""
        return self._like(len(rows), self.capacity, rows)

    def _like(self, rows: int, capacity: int, source: Tensor | slice) -> Cache:
        layers, _, heads, _, size = self.keys.shape
        shape = (layers, rows, heads, capacity, size)
        copy = Cache(self.keys.new_empty(shape), self.values.new_empty(shape), self.length)
        copy.keys[:, :, :, : self.length] = self.keys[:, source, :, : self.length]
        copy.values[:, :, :, : self.length] = self.values[:, source, :, : self.length]
        return copy


class PlacedCache:
    """A Cache whose next position is a number on its device: `place`, int64 [1]."""

    def __init__(self, cache: Cache):
        # [layers, rows, heads, capacity, head size]. What is masked is multiplied by zero, which must not meet a NaN.
        self.keys, self.values = cache.keys.zero_(), cache.values.zero_()
        self.seen = cache.seen
        self.place = torch.zeros(1, dtype=torch.int64, device=cache.keys.device)

    @property
    def capacity(self) -> int:
        """How many positions there is room for."""
        return self.keys.shape[3]

    def append(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Write one position [rows, heads, 1, head size] of one layer; the whole layer comes back."""
        self.keys[layer].index_copy_(2, self.place, keys.to(self.keys.dtype))
        self.values[layer].index_copy_(2, self.place, values.to(self.values.dtype))
        return self.keys[layer], self.values[layer]

    def begin(self, prompt: Cache) -> None:
        """Fill every row with what a one-row cache holds."""
        self.keys[:, :, :, : prompt.length] = prompt.keys[:, :, :, : prompt.length]
        self.values[:, :, :, : prompt.length] = prompt.values[:, :, :, : prompt.length]
        self.place.fill_(prompt.length)

    def reorder_(self, rows: Tensor) -> None:
        """Row i becomes what row rows[i] is (int64 [rows])."""
        self.keys.copy_(self.keys[:, rows])
        self.values.copy_(self.values[:, rows])
