"""Pickled weights made into safetensors, without running anything that such a file may carry.

A pickled file is a program. torch's `weights_only` runs only the part of it that builds tensors; a file that wants
more is refused with the name of what it wanted.
"""

import re
import zipfile
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from .network import canonical_name

# Before 2.6 a prepared file could get around weights_only (CVE-2025-32434).
OLDEST_TORCH = (2, 6)


class UnsafeFile(ValueError):
    """A pickled file that wants more than to hold tensors, or is not what torch.save writes."""


def to_safetensors(source: Path, target: Path, architecture: str) -> None:
    """Write the tensors of a file made by torch.save that a network of this architecture needs as safetensors.

    Names, dtypes and values stay as they are. Nothing of the file is run, and no more memory is taken than the
    file is long. Raises UnsafeFile, and writes nothing, where that cannot be.
    """
    if tuple(map(int, re.findall(r"\d+", torch.__version__)[:2])) < OLDEST_TORCH:
        raise UnsafeFile(f"torch {torch.__version__} cannot open pickled weights safely, 2.6 and newer can")
    weights = read_tensors(source)
    # Tensors that share memory cannot be saved; the tied output layer, which does, is one of those left out.
    wanted = {name: tensor for name, tensor in weights.items() if canonical_name(name, architecture)}
    if sum(tensor.nbytes for tensor in wanted.values()) > source.stat().st_size:  # views may claim any size
        raise UnsafeFile(f"the tensors of {source.name} are larger than the file itself")
    save_file(
        {name: tensor.contiguous() for name, tensor in wanted.items()}, target, metadata={"format": "pt"}
    )


def read_tensors(source: Path) -> dict[str, Tensor]:
    """The tensors of a file made by torch.save, memory-mapped."""
    if not zipfile.is_zipfile(source):
        # The format before torch 1.6 says how much memory to take before it shows that it has as many bytes.
        raise UnsafeFile(f"{source.name} is not a file that torch 1.6 or newer wrote")
    try:
        unsafe = torch.serialization.get_unsafe_globals_in_checkpoint(source)
        if not unsafe:
            weights = torch.load(source, map_location="cpu", weights_only=True, mmap=True)
    except Exception as error:  # of many classes, for a damaged file or a hostile one
        names = re.findall(r"GLOBAL ([\w.]+)", str(error))
        if not names:
            reason = str(error).strip().partition("\n")[0]
            raise UnsafeFile(f"{source.name} cannot be read as weights: {reason}") from error
        unsafe = names
    if unsafe:
        raise UnsafeFile(f"{source.name} wants to run {', '.join(sorted(set(unsafe)))}, so it was not opened")
    if not isinstance(weights, dict) or not all(map(is_named_tensor, weights.items())):
        raise UnsafeFile(f"{source.name} does not hold named tensors and nothing else")
    return weights


def is_named_tensor(item: tuple[object, object]) -> bool:
    name, value = item
    return isinstance(name, str) and isinstance(value, Tensor) and value.layout == torch.strided
