"""A T5 from a checkpoint folder: config.json and weights, as transformers writes them."""

import re
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from ..weight_file import StoredTensor, WeightFile
from .architectures.architecture import OUTPUT
from .converted import safe_weight_files
from .t5 import T5
from .t5_config import read_t5_config

# The word embeddings, which files also hold under the names of both stacks.
SHARED = {"encoder.embed_tokens.weight": "shared.weight", "decoder.embed_tokens.weight": "shared.weight"}
# Parts of a block in the files: the number of the sublayer in the encoder and in the decoder, and its name.
SUBLAYERS = {"attention": ("0", "0", "SelfAttention"), "across": ("", "1", "EncDecAttention")}
SUBLAYERS |= {"mlp": ("1", "2", "DenseReluDense")}
IN_BLOCK = re.compile(r"(encoder|decoder)\.block\.(\d+)\.(attention|across|mlp)(_norm)?\.(.+)")


def load_t5(folder: Path, dtype: torch.dtype = torch.float32, device: str | torch.device = "cpu") -> T5:
    """Read a T5 checkpoint folder (config.json and weights), ready for inference.

    Every shape is checked against config.json from the file headers before a tensor is read. Raises ValueError or
    FileNotFoundError that name the file and what is wrong with it.
    """
    config = read_t5_config(folder)
    found: dict[str, StoredTensor] = {}
    # A tied output layer, and the embeddings of both stacks, are the word embeddings once more.
    unwanted = {*SHARED, *((OUTPUT,) if config.scaled and config.tied else ())}
    for path in safe_weight_files(folder, lambda name: name not in unwanted):
        file = WeightFile(path)
        for name, (shape, dtype_name) in file.headers().items():
            found[SHARED.get(name, name)] = StoredTensor(file, name, shape, dtype_name)
    if not config.scaled and OUTPUT in found:  # newer transformers writes tie_word_embeddings of all T5s
        config = replace(config, tied=False)
    with torch.device("meta"):
        network = T5(config)
    shapes = {stored_name(name): tuple(parameter.shape) for name, parameter in network.named_parameters()}
    missing = sorted(shapes.keys() - found.keys())
    if missing:
        raise ValueError(f"{folder}: {len(missing)} tensors are missing from the weights, first {missing[0]!r}")
    for name, shape in shapes.items():
        found[name].check(shape)

    def read(name: str) -> Tensor:
        tensor = found[stored_name(name)]
        return tensor.file.tensor(tensor.name).to(device=device, dtype=dtype)

    network.load_state_dict({name: read(name) for name, _ in network.named_parameters()}, assign=True)
    return network.train(False).requires_grad_(False)


def stored_name(name: str) -> str:
    """What a parameter of the network is called in the files.

    "decoder.block.3.across_norm.weight" -> "decoder.block.3.layer.1.layer_norm.weight"
    """
    found = IN_BLOCK.fullmatch(name)
    if not found:
        return name
    stack, number, part, norm, rest = found.groups()
    in_encoder, in_decoder, stored = SUBLAYERS[part]
    place = in_encoder if stack == "encoder" else in_decoder
    return f"{stack}.block.{number}.layer.{place}.{'layer_norm' if norm else stored}.{rest}"
