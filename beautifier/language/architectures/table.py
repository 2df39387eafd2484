"""Every architecture there is, by the model_type of a config.json."""

from pathlib import Path
from typing import TypeGuard

from ...files import read_json
from ..config import NetworkConfig
from .architecture import Architecture
from .bloom import BLOOM
from .gpt2 import GPT2
from .llama import LLAMA

ARCHITECTURES: dict[str, Architecture] = {
    "bloom": BLOOM,
    "gpt2": GPT2,
    "llama": LLAMA,  # Llama 2 and 3, SmolLM2, TIPO
    "mistral": LLAMA,
    "qwen2": LLAMA,  # and Qwen2.5
    "qwen3": LLAMA,
}


def is_known(model_type: object) -> TypeGuard[str]:
    """Whether a config.json's model_type is one that is implemented."""
    return isinstance(model_type, str) and model_type in ARCHITECTURES


def read_config(folder: Path) -> NetworkConfig:
    """The shape of the checkpoint in a folder, from its Hugging Face config.json.

    Tokens that end an answer are those of generation_config.json where there is one, as in transformers' generate.
    Raises ValueError that names the file and the field where the architecture is unknown, a size is absurd, or a
    setting would change what the network writes and is not implemented.
    """
    path = Path(folder) / "config.json"
    raw = read_json(path)
    model_type = raw.get("model_type")
    if not is_known(model_type):
        raise ValueError(f"{path}: model_type {model_type!r} is not supported: one of {', '.join(ARCHITECTURES)}")
    if raw.get("quantization_config"):
        raise ValueError(f"{path}: quantization_config: quantized weights do not work here, take the plain checkpoint")
    generation = path.with_name("generation_config.json")
    if generation.is_file():
        eos = read_json(generation).get("eos_token_id")
        raw |= {} if eos is None else {"eos_token_id": eos}
    try:
        return ARCHITECTURES[model_type].read(raw)
    except ValueError as error:
        raise ValueError(str(error).replace("config.json", str(path), 1)) from error
