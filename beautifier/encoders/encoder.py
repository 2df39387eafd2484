"""A text encoder of ComfyUI's: what it is called, and whether it can write.

What is asked of a CLIP object is looked up on it, in no version's number: `generate` came in ComfyUI 0.15 and grew
since. Nothing of ComfyUI is imported.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from torch import nn

from .turns import Form, form_of

# What people call the parts of text encoders, by the names of their modules.
NAMES = {
    "clip_l": "CLIP-L",
    "clip_g": "CLIP-G",
    "clip_h": "OpenCLIP-H",
    "t5xxl": "T5-XXL",
    "t5xl": "T5-XL",
    "t5base": "T5",
    "pile_t5xl": "Pile-T5-XL",
    "mt5xl": "mT5-XL",
    "umt5xxl": "UMT5-XXL",
    "umt5base": "UMT5",
    "byt5_small": "ByT5",
    "hydit_clip": "CLIP",
    "llama": "Llama 3",
    "mistral3_24b": "Mistral Small 24B",
    "ministral3_3b": "Ministral 3B",
    "qwen25_3b": "Qwen2.5 3B",
    "qwen25_7b": "Qwen2.5-VL 7B",
    "qwen3_06b": "Qwen3 0.6B",
    "qwen3_2b": "Ovis 2.5",
    "qwen3_4b": "Qwen3 4B",
    "qwen3_8b": "Qwen3 8B",
    "qwen3vl_4b": "Qwen3-VL 4B",
    "qwen3vl_8b": "Qwen3-VL 8B",
    "qwen3vl_32b": "Qwen3-VL 32B",
    "gemma2_2b": "Gemma 2 2B",
    "gemma3_4b": "Gemma 3 4B",
    "gemma3_12b": "Gemma 3 12B",
    "gemma4": "Gemma 4",
    "gemma": "Gemma 3 4B",
    "jina": "Jina CLIP",
    "gpt_oss": "GPT-OSS",
}
QWEN35 = "qwen35_"

INSTEAD = (
    "Connect one that is a language model: Qwen3 (the encoder of Z-Image, Flux.2 Klein, Anima), Qwen3-VL (Krea 2, "
    "Qwen-Image-2.1), Qwen3.5, Gemma 2, 3 or 4 (Lumina 2, LTX-2), Ministral 3B (ERNIE-Image), which Load CLIP loads; "
    "or use Load Beautifier, which works with every image model"
)


class CannotWrite(ValueError):
    """Why a text encoder cannot write, and what to connect instead."""

    def __init__(self, name: str, why: str):
        super().__init__(f"the text encoder that is connected, {name}, cannot write: {why}. {INSTEAD}.")


@dataclass(frozen=True, eq=False)
class Encoder:
    """A text encoder that can write.

    clip         ComfyUI's CLIP object
    name         what people call it
    transformer  the network
    form         how a conversation is written down for it; None where that is not known
    pad          the token that fills its texts up; None where none does
    ends         the tokens that end its answers
    sees         whether it takes pictures
    """

    clip: Any
    name: str
    transformer: nn.Module
    form: Form | None
    pad: int | None
    ends: frozenset[int]
    sees: bool


def find_encoder(clip: Any) -> Encoder:
    """The text encoder in a CLIP object, which has to be one that can write; nothing is run.

    Raises CannotWrite, which says what it is and what to connect instead.
    """
    model = clip.cond_stage_model
    parts = parts_of(model)
    name = " + ".join(people_say(part) for part in parts) or type(model).__name__
    writers = {part: network for part, network in parts.items() if callable(getattr(network, "generate", None))}
    if not callable(getattr(clip, "generate", None)):
        kind = "this ComfyUI cannot make it; 0.15 and newer can, of those encoders that are language models"
        raise CannotWrite(name, kind)
    if not writers or not callable(getattr(model, "generate", None)):
        raise CannotWrite(name, "it was made for reading prompts alone")
    part, network = next(iter(writers.items()))
    if (why := what_is_missing(network)) is not None:
        raise CannotWrite(name, why)
    tokenizer = tokenizer_of(clip.tokenizer, part)
    form = form_of(frozenset(getattr(tokenizer, "inv_vocab", {}).values()))
    if form is not None and not getattr(tokenizer, "prime_empty_thought", True):
        form = replace(form, silent="")  # one of Gemma 4's small models, which begin to think where they see it
    sees = callable(getattr(network, "preprocess_embed", None)) and form is not None and bool(form.picture)
    ends = frozenset(getattr(config_of(network), "stop_tokens", None) or ())
    return Encoder(clip, people_say(part), network, form, getattr(tokenizer, "pad_token", None), ends, sees)


def parts_of(model: nn.Module) -> dict[str, nn.Module]:
    """The networks in a text encoder by the names of the modules that hold them, in order."""
    found: dict[str, nn.Module] = {}
    for path, module in model.named_modules():
        network = getattr(module, "transformer", None)
        if isinstance(network, nn.Module):
            found.setdefault(path.rpartition(".")[2], network)
    return found


def people_say(part: str) -> str:
    """The name of a part of a text encoder as people know it."""
    if part.startswith(QWEN35):
        return f"Qwen3.5 {part.removeprefix(QWEN35).upper()}"
    return NAMES.get(part, part or "a text encoder")


def what_is_missing(network: nn.Module) -> str | None:
    """What a language model lacks for writing, as ComfyUI keeps it; None where nothing is."""
    config = config_of(network)
    if config is None:
        return None
    if not getattr(config, "stop_tokens", None):
        return "ComfyUI keeps it without the output layer and the end tokens that writing needs"
    if not getattr(config, "final_norm", True):
        return "its file lacks the last layers, which reading prompts does not need"
    return None


def config_of(network: nn.Module) -> Any:
    """The configuration of a text encoder's network; None where it has none."""
    return getattr(getattr(network, "model", None), "config", None)


def tokenizer_of(tokenizer: Any, part: str) -> Any:
    """The tokenizer of a part of a text encoder: the one under its name, else the first that has a vocabulary."""
    named = getattr(tokenizer, part, None)
    inner = [each for each in vars(tokenizer).values() if hasattr(each, "inv_vocab")]
    return named if hasattr(named, "inv_vocab") else next(iter(inner), tokenizer)


def accepted(function: Callable, **options: Any) -> dict[str, Any]:
    """Those of the options that a function takes."""
    parameters = inspect.signature(function).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return options
    return {name: value for name, value in options.items() if name in parameters}
