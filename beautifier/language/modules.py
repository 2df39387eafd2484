"""Small modules that networks are made of: layers without first values, RMS norms, lists that say what is in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Generic, TypeVar, overload

import torch
from torch import Tensor, nn
from torch.nn import functional as F

M = TypeVar("M", bound=nn.Module)


class Modules(nn.ModuleList, Generic[M]):
    """A ModuleList of one kind of module."""

    if TYPE_CHECKING:

        def __iter__(self) -> Iterator[M]: ...

        @overload
        def __getitem__(self, idx: int) -> M: ...

        @overload
        def __getitem__(self, idx: slice) -> Modules[M]: ...

        def __getitem__(self, idx: int | slice) -> M | Modules[M]: ...


class Linear(nn.Linear):
    """A linear layer whose first values do not matter: to make them without memory, torch would import sympy."""

    def reset_parameters(self) -> None:
        """Leave the memory as it is."""
        pass


class Embedding(nn.Embedding):
    """The same for a table."""

    def reset_parameters(self) -> None:
        """Leave the memory as it is."""
        pass


class Rows(nn.Module):
    """Embeddings looked up in the checkpoint's own file: only the rows that are used come into memory."""

    def __init__(self, weight: Tensor, dtype: torch.dtype):
        super().__init__()
        self.weight, self.dtype = weight, dtype

    def forward(self, tokens: Tensor) -> Tensor:
        """[..., width] of tokens int64 [...]."""
        return F.embedding(tokens, self.weight).to(self.dtype)


class RMSNorm(nn.Module):
    """x / sqrt(mean(x**2) + epsilon) * weight, over the last dimension (Zhang and Sennrich 2019, equation 4)."""

    def __init__(self, size: int, epsilon: float):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(size))
        self.epsilon = epsilon

    def forward(self, x: Tensor) -> Tensor:
        """[..., size] -> the same, in the dtype of the weights."""
        return F.rms_norm(x.to(self.weight.dtype), self.weight.shape, self.weight, self.epsilon)


Norm = nn.LayerNorm | RMSNorm
