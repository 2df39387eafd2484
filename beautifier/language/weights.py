"""From a checkpoint folder to a network: which tensors, under which names.

Weights are read straight from safetensors, memory-mapped: a tensor that already has the wanted dtype and device is
not copied. Where there are none, they are made of pickled weights once (see converted.py).
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ..weight_file import StoredTensor, WeightFile
from .architectures.architecture import Architecture, rows_of
from .architectures.table import ARCHITECTURES, read_config
from .config import NetworkConfig
from .converted import safe_weight_files
from .network import DecoderOnly


@dataclass(frozen=True)
class Stored:
    """Where a parameter of a network lies: the tensors that it is made of, put below each other."""

    parts: tuple[StoredTensor, ...]
    flipped: bool

    def read(self) -> Tensor:
        """The parameter in the network's orientation, in the dtype it is stored in; a view where it is one tensor."""
        tensors = [part.file.tensor(part.name) for part in self.parts]
        tensors = [tensor.t() for tensor in tensors] if self.flipped else tensors
        return tensors[0] if len(tensors) == 1 else torch.cat(tensors)


def load_network(folder: Path, dtype: torch.dtype = torch.float32, device: str | torch.device = "cpu") -> DecoderOnly:
    """Read a checkpoint folder (config.json and weights), ready for inference.

    Every shape is checked against config.json from the file headers before a tensor is read. Raises ValueError or
    FileNotFoundError that name the file and what is wrong with it.
    """
    network = empty_network(read_config(folder))
    weights = {
        name: stored.read().to(device=device, dtype=dtype) for name, stored in stored_weights(folder, network).items()
    }
    network.load_state_dict(weights, assign=True)
    return network.train(False).requires_grad_(False)


def empty_network(config: NetworkConfig) -> DecoderOnly:
    """A network without weights: all its parameters are on the meta device."""
    with torch.device("meta"):
        return DecoderOnly(config)


def stored_weights(folder: Path, network: DecoderOnly) -> dict[str, Stored]:
    """Where each parameter of a network lies in a checkpoint folder, by the parameter's name.

    Only headers are read. Raises ValueError or FileNotFoundError, as load_network does.
    """
    config = network.config
    architecture = ARCHITECTURES[config.architecture]
    shapes = {name: tuple(parameter.shape) for name, parameter in network.named_parameters()}
    needed = {name: architecture.stored_names(name) for name in shapes}
    found = _found(folder, architecture, {stored for parts in needed.values() for stored in parts})
    missing = [stored for parts in needed.values() for stored in parts if stored not in found]
    if missing:
        raise ValueError(f"{folder}: {len(missing)} tensors are missing from the weights, first {missing[0]!r}")
    places = {}
    for name, parts in needed.items():
        flipped = architecture.is_flipped(name)
        for stored, shape in zip(parts, part_shapes(name, shapes[name], len(parts), config), strict=True):
            found[stored].check(shape[::-1] if flipped else shape)
        places[name] = Stored(tuple(found[stored] for stored in parts), flipped)
    return places


def part_shapes(name: str, shape: tuple[int, ...], parts: int, config: NetworkConfig) -> list[tuple[int, ...]]:
    """The shapes of the tensors that make up a parameter of this shape, put below each other."""
    if parts == 1:
        return [shape]
    return [(rows, *shape[1:]) for rows in rows_of(name, config)]


def _found(folder: Path, architecture: Architecture, needed: set[str]) -> dict[str, StoredTensor]:
    """The tensors of a checkpoint folder that are needed, by their names without a prefix."""
    found: dict[str, StoredTensor] = {}
    for path in safe_weight_files(folder, lambda name: name.removeprefix(architecture.prefix) in needed):
        file = WeightFile(path)
        for name, (shape, dtype) in file.headers().items():
            plain = name.removeprefix(architecture.prefix)
            if plain in found:
                both = " and ".join({found[plain].file.path.name: 0, path.name: 0})
                raise ValueError(f"{folder}: {plain} is there twice, in {both}: keep one of them")
            if plain in needed:
                found[plain] = StoredTensor(file, name, shape, dtype)
    return found


def tensor_names(config: NetworkConfig) -> set[str]:
    """The names of the tensors that a network of this shape is read from, with and without their prefix."""
    architecture = ARCHITECTURES[config.architecture]
    parameters = [name for name, _ in empty_network(config).named_parameters()]
    plain = {stored for name in parameters for stored in architecture.stored_names(name)}
    return plain | {architecture.with_prefix(stored) for stored in plain}


def as_stored(network: DecoderOnly) -> dict[str, Tensor]:
    """A network's weights by transformers' names and in transformers' layout, as load_network reads them."""
    config, weights = network.config, {}
    architecture = ARCHITECTURES[config.architecture]
    for name, parameter in network.named_parameters():
        names = architecture.stored_names(name)
        parts = [parameter] if len(names) == 1 else parameter.split(rows_of(name, config))
        for stored, part in zip(names, parts, strict=True):
            weights[architecture.with_prefix(stored)] = part.t() if architecture.is_flipped(name) else part
    return weights
