"""Pickled weights made into safetensors, without running anything that such a file may carry.

A pickled file is a program. torch's `weights_only` runs only the part of it that builds tensors; a file that wants
more is refused with the name of what it wanted.
"""

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

# Before 2.6 a prepared file could get around weights_only (CVE-2025-32434).
OLDEST_TORCH = (2, 6)


# What training programs call the weights that they save beside other things.
UNDER = ("state_dict", "model_state_dict", "model", "module", "weights", "params", "net")


class UnsafeFile(ValueError):
    """A pickled file that wants more than to hold tensors, or is not what torch.save writes."""


def to_safetensors(source: Path, target: Path, is_wanted: Callable[[str], bool] = lambda name: True) -> None:
    """Write the weights of a file made by torch.save as safetensors: those whose names are wanted.

    Names, dtypes and values stay as they are; counters, position numbers and masks, which are no floats, are left
    out. Nothing of the file is run, and no more memory is taken than the file is long. Raises UnsafeFile, and
    writes nothing, where that cannot be.
    """
    weights = read_tensors(source)
    # Tensors that share memory cannot be saved; a tied output layer, which does, is not wanted.
    wanted = {name: value for name, value in weights.items() if is_wanted(name) and value.is_floating_point()}
    if sum(tensor.nbytes for tensor in wanted.values()) > source.stat().st_size:  # views may claim any size
        raise UnsafeFile(f"the tensors of {source.name} are larger than the file itself")
    save_file({name: tensor.contiguous() for name, tensor in wanted.items()}, target, metadata={"format": "pt"})


def read_tensors(source: Path) -> dict[str, Tensor]:
    """The named tensors of a file made by torch.save, memory-mapped.

    A training checkpoint holds them under one of UNDER beside other things, which are left where they are. Nothing of
    the file is run. Raises UnsafeFile where that cannot be.
    """
    if tuple(map(int, re.findall(r"\d+", torch.__version__)[:2])) < OLDEST_TORCH:
        raise UnsafeFile(f"torch {torch.__version__} cannot open pickled weights safely, 2.6 and newer can")
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
    weights = named_tensors(weights)
    if not isinstance(weights, dict) or not weights or not all(map(is_named_tensor, weights.items())):
        raise UnsafeFile(f"{source.name} does not hold named tensors and nothing else")
    return weights


def named_tensors(saved: object) -> object:
    """What of a saved object holds the tensors: all of it, or what a training checkpoint has under one of its names."""
    if not isinstance(saved, dict) or saved and all(map(is_named_tensor, saved.items())):
        return saved
    return next((saved[name] for name in UNDER if isinstance(saved.get(name), dict)), saved)


def is_named_tensor(item: tuple[object, object]) -> bool:
    """Whether an item of what was unpickled is a name and a plain tensor."""
    name, value = item
    return isinstance(name, str) and isinstance(value, Tensor) and value.layout == torch.strided
