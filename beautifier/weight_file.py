"""A file of weights, safetensors or pickled: what its tensors are, and the tensors themselves, memory-mapped."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor

from .pickles import read_tensors

FLOATS = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
PICKLED = (".bin", ".ckpt", ".pt", ".pth")
Headers = dict[str, tuple[tuple[int, ...], str]]  # shape and dtype, as safetensors calls it, by name


class WeightFile:
    """A file of weights. Raises FileNotFoundError, or ValueError for one that cannot be read or would run something."""

    def __init__(self, path: Path):
        self.path = path
        if not path.is_file():
            raise FileNotFoundError(f"{path} does not exist")
        self._pickled = read_tensors(path) if path.suffix.lower() in PICKLED else None

    def headers(self) -> Headers:
        """Shape and dtype of each tensor by its name. No tensor is read."""
        if self._pickled is not None:
            names = {dtype: name for name, dtype in FLOATS.items()}
            return {
                name: (tuple(each.shape), names.get(each.dtype, str(each.dtype)))
                for name, each in self._pickled.items()
            }
        try:
            with safe_open(self.path, framework="pt", device="cpu") as file:
                parts = {name: file.get_slice(name) for name in file.keys()}
                return {name: (tuple(part.get_shape()), part.get_dtype()) for name, part in parts.items()}
        except Exception as error:  # safetensors raises its own class, and OSError, for a damaged file
            raise ValueError(
                f"{self.path} cannot be read as safetensors ({error}): download or copy it again"
            ) from error

    def tensor(self, name: str) -> Tensor:
        """A tensor as it is stored; its mapping is gone with it."""
        return next(self.tensors([name]))

    def tensors(self, names: Iterable[str]) -> Iterator[Tensor]:
        """Tensors as they are stored, in the order of their names."""
        if self._pickled is not None:
            yield from (self._pickled[name] for name in names)
            return
        with safe_open(self.path, framework="pt", device="cpu") as file:
            for name in names:
                yield file.get_tensor(name)


@dataclass(frozen=True)
class StoredTensor:
    """A tensor in a file of weights."""

    file: WeightFile
    name: str
    shape: tuple[int, ...]
    dtype: str

    def check(self, expected: tuple[int, ...]) -> None:
        """Raise ValueError for a shape that is not the expected one, or numbers that are no floats."""
        if self.shape != expected:
            raise ValueError(f"{self.file.path}: {self.name} has shape {self.shape}, config.json says {expected}")
        check_floats(self.file.path, self.name, self.dtype)


def check_floats(path: Path, name: str, dtype: str) -> None:
    """Raise ValueError for a tensor whose numbers are no floats."""
    if dtype not in FLOATS:
        raise ValueError(f"{path}: {name} is stored as {dtype}; quantized weights do not work here")
