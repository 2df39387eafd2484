"""From a checkpoint folder to a network: which files, which tensors, under which names.

Weights are read straight from safetensors, memory-mapped: a tensor that already has the wanted dtype and device is
not copied.
"""

from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor

from ..files import check_inside, read_json
from .network import DecoderOnly, NetworkConfig, read_config

# GPT-2's names for what the network calls by BLOOM's; its Conv1D weights are stored [in, out].
GPT2_NAMES = {
    "wte": "word_embeddings",
    "wpe": "position_embeddings",
    "ln_1": "input_layernorm",
    "attn.c_attn": "self_attention.query_key_value",
    "attn.c_proj": "self_attention.dense",
    "ln_2": "post_attention_layernorm",
    "mlp.c_fc": "mlp.dense_h_to_4h",
    "mlp.c_proj": "mlp.dense_4h_to_h",
}


def canonical_name(name: str, architecture: str) -> str | None:
    """The network's parameter name for a checkpoint's tensor name; None for tensors it does not need
    (the tied output layer, the causal masks that old GPT-2 files carry)."""
    name = name.removeprefix("transformer.")
    if name == "lm_head.weight" or name.endswith((".attn.bias", ".attn.masked_bias")):
        return None
    if architecture == "gpt2":
        head, _, kind = name.rpartition(".")
        stem = head.split(".", 2)
        inner = stem[2] if stem[0] == "h" and len(stem) == 3 else head
        name = f"{head[: len(head) - len(inner)]}{GPT2_NAMES.get(inner, inner)}.{kind}"
    return name


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a checkpoint folder, whole or sharded. Raises FileNotFoundError when one is missing,
    ValueError when one is outside the folder, by the index or by a link."""
    folder = Path(folder)
    index = folder / "model.safetensors.index.json"
    names = _indexed_names(index) if index.exists() else ["model.safetensors"]
    for name in names:
        if not (folder / name).exists():
            raise FileNotFoundError(f"{folder} has no {name}: it is no checkpoint, or a download is incomplete")
        check_inside(folder / name)
    return [folder / name for name in names]


def _indexed_names(index: Path) -> list[str]:
    """The names of the shards that an index speaks of."""
    weight_map = read_json(index).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise ValueError(f"{index} is not a safetensors index: it has no weight_map")
    for name in weight_map.values():
        if not isinstance(name, str) or Path(name).name != name or not name.endswith(".safetensors"):
            raise ValueError(f"{index} names {name!r}: shards must be safetensors files in the same folder")
    return sorted(set(weight_map.values()))


def load_network(folder: Path, dtype: torch.dtype = torch.float32, device: str | torch.device = "cpu") -> DecoderOnly:
    """Read a BLOOM or GPT-2 checkpoint folder (config.json and safetensors), ready for inference.

    Every shape is checked against config.json from the file headers before a tensor is read. Raises ValueError or
    FileNotFoundError that name the file and what is wrong with it.
    """
    config = read_config(folder)
    network = empty_network(config)
    weights = {}
    for path, tensors in stored_weights(folder, network).items():
        with safe_open(path, framework="pt", device="cpu") as file:
            for name, stored in tensors.items():
                weights[name] = as_used(file.get_tensor(stored), name, config).to(device=device, dtype=dtype)
    network.load_state_dict(weights, assign=True)
    return network.eval().requires_grad_(False)


def empty_network(config: NetworkConfig) -> "DecoderOnly":
    """A network without weights: all its parameters are on the meta device."""
    with torch.device("meta"):
        return DecoderOnly(config)


def stored_weights(folder: Path, network: "DecoderOnly") -> dict[Path, dict[str, str]]:
    """The files of a checkpoint folder, and for each the parameters in it by name and what they are called there.

    Only headers are read. Raises ValueError or FileNotFoundError, as load_network does.
    """
    expected = {name: tuple(parameter.shape) for name, parameter in network.named_parameters()}
    files = {path: _tensors_in(path, network.config.architecture, expected) for path in weight_files(folder)}
    missing = sorted(expected.keys() - set().union(*files.values()))
    if missing:
        raise ValueError(f"{folder}: {len(missing)} tensors are missing from the weights, first {missing[0]!r}")
    return files


def as_used(tensor: Tensor, name: str, config: NetworkConfig) -> Tensor:
    """A stored tensor in the orientation of the network's parameter of that name; a view."""
    return tensor.t() if _is_flipped(name, config.architecture) else tensor


def _is_flipped(name: str, architecture: str) -> bool:
    """Whether a weight is stored as [in, out]: those of GPT-2's attention and MLP."""
    linear = name.endswith(".weight") and ("attention." in name or "mlp." in name)
    return architecture == "gpt2" and linear


def _tensors_in(path: Path, architecture: str, expected: dict[str, tuple]) -> dict[str, str]:
    """The parameters that a file holds, by name, and what they are called there. Only its header is read.

    Raises ValueError for a shape that is not the expected one, or numbers that are no floats.
    """
    tensors = {}
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            for stored in file.keys():
                name = canonical_name(stored, architecture)
                if name not in expected:
                    continue
                header = file.get_slice(stored)
                shape, dtype = tuple(header.get_shape()), header.get_dtype()
                if (shape[::-1] if _is_flipped(name, architecture) else shape) != expected[name]:
                    raise ValueError(f"{path}: {stored} has shape {shape}, config.json says {expected[name]}")
                if dtype not in ("F64", "F32", "F16", "BF16"):
                    raise ValueError(f"{path}: {stored} is stored as {dtype}; quantized weights do not work here")
                tensors[name] = stored
    except ValueError:
        raise
    except Exception as error:  # safetensors raises its own class, and OSError, for a damaged file
        raise ValueError(f"{path} cannot be read as safetensors ({error}): download or copy it again") from error
    return tensors
