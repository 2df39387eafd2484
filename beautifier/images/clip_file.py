"""A CLIP from its file, in both layouts in which such checkpoints are published.

A file is memory-mapped: a tensor that already has the wanted dtype and device is not copied. What the architecture is
follows from the shapes in the file's header.
"""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from torch import nn

from ..files import read_json
from ..weight_file import WeightFile, check_floats
from .clip_names import MARKS, canonical_names, prefix_in
from .clip_network import (
    ACTIVATIONS,
    HEAD_SIZES,
    USUAL_HEAD_SIZE,
    VOCABULARY,
    Clip,
    ClipConfig,
    TowerConfig,
    VisionTower,
)


@dataclass(frozen=True)
class Stored:
    """Where a parameter is in a file: the tensor's name there, its own shape, and what part of that tensor it is:
    None all of it, "flipped" all of it transposed, 0, 1 or 2 a third of its rows."""

    name: str
    shape: tuple[int, ...]
    part: str | int | None = None


N = TypeVar("N", bound=nn.Module)
OPENAI_WIDTH = 1024  # of the widest image tower that OpenAI published


def heads_of(width: int) -> int:
    """The heads of a published tower of this width."""
    return max(1, width // HEAD_SIZES.get(width, USUAL_HEAD_SIZE))


def load_clip(
    path: Path,
    dtype: torch.dtype = torch.float32,
    device: str | torch.device = "cpu",
    activation: str | None = None,
) -> Clip:
    """Read a whole CLIP from one file of weights in either layout, ready for inference.

    activation  of the towers, "gelu" (LAION's networks) or "quick_gelu" (OpenAI's): it leaves no trace in the
                weights. None: quick_gelu up to the width of ViT-L. A config.json of a CLIP that lies beside the file
                has precedence, for this and for the number of heads.

    Everything is checked from the header before a tensor is read. Raises ValueError or FileNotFoundError that name
    the file and what it is not.
    """
    file, stored = _parameters_in(Path(path))
    _check_is_clip(file.path, stored)
    if "text.tokens" not in stored:
        raise ValueError(f"{path} holds CLIP's image tower alone: the text tower is needed too")
    with torch.device("meta"):
        network = Clip(_deduce(file.path, stored, activation))
    return filled(network, "CLIP", file, stored, dtype, device)


def load_image_half(
    path: Path,
    dtype: torch.dtype = torch.float32,
    device: str | torch.device = "cpu",
    activation: str | None = None,
) -> VisionTower:
    """Read the image tower of a CLIP alone, whatever else the file holds; else as load_clip."""
    file, stored = _parameters_in(Path(path))
    _check_is_clip(file.path, stored)
    stored = {name.removeprefix("vision."): at for name, at in stored.items() if name.startswith("vision.")}
    with torch.device("meta"):
        network = VisionTower(_deduce(file.path, {f"vision.{name}": at for name, at in stored.items()}, activation))
    return filled(network, "CLIP", file, stored, dtype, device)


def filled(
    network: N,
    what: str,
    file: WeightFile,
    stored: dict[str, Stored],
    dtype: torch.dtype,
    device: str | torch.device,
) -> N:
    """A network with the parameters of a file, ready for inference.

    what    the network is, for errors
    stored  where each parameter is, by its name

    Raises ValueError for one that is missing or has another shape.
    """
    names = [name for name, _ in network.named_parameters()]
    for name, parameter in network.named_parameters():
        if name not in stored:
            raise ValueError(f"{file.path} is no whole {what}: {name} is missing")
        if stored[name].shape != tuple(parameter.shape):
            raise ValueError(
                f"{file.path} is no {what} known here: {stored[name].name} gives {name} the shape "
                f"{stored[name].shape}, {tuple(parameter.shape)} was expected"
            )
    weights = {}
    for name, tensor in zip(names, file.tensors(stored[name].name for name in names), strict=True):
        part = stored[name].part
        if part == "flipped":
            tensor = tensor.t()
        elif isinstance(part, int):
            tensor = tensor.chunk(3)[part]
        kept = torch.float32 if name == "logit_scale" else dtype  # its exponential multiplies every score
        weights[name] = tensor.to(device=device, dtype=kept)
    network.load_state_dict(weights, assign=True)
    return network.train(False).requires_grad_(False)


def _parameters_in(path: Path) -> tuple[WeightFile, dict[str, Stored]]:
    """The parameters of a CLIP that a file holds. Raises ValueError for what cannot be read or holds no floats."""
    file = WeightFile(path)
    headers, found = file.headers(), {}
    prefix = prefix_in(headers, MARKS)
    for name, (shape, dtype) in headers.items():
        for own, part in canonical_names(name.removeprefix(prefix)) if name.startswith(prefix) else []:
            check_floats(path, name, dtype)
            if own in found:
                raise ValueError(f"{path} holds {own} twice: as {found[own].name} and as {name}")
            found[own] = Stored(name, part_of(shape, part), part)
    if "vision.class_embedding" not in found and "text.tokens" not in found:
        raise ValueError(f"{path} is not a CLIP: {_looks_like(list(headers))}")
    return file, found


def part_of(shape: tuple[int, ...], part: str | int | None) -> tuple[int, ...]:
    """The shape of a part of a tensor of some shape, see Stored; () for a third where there are none."""
    if part == "flipped":
        return shape[::-1]
    return shape if part is None else (shape[0] // 3, *shape[1:]) if shape and shape[0] % 3 == 0 else ()


def _looks_like(names: list[str]) -> str:
    """What a file without any part of a CLIP may be, told from the names of its tensors."""
    known = {
        "a diffusion model": r"(model\.)?diffusion_model\.|double_blocks\.|down_blocks\.|transformer_blocks\.|"
        r"input_blocks\.|unet\.",
        "a VAE": r"(first_stage_model\.|vae\.)?(encoder|decoder)\.(down|up|mid|conv)",
        "a language model": r"(transformer\.)?(h|word_embeddings|wte)\.|(model\.)?(layers|embed_tokens)\.|lm_head",
        "a LoRA": r".*lora_",
        "a SigLIP or another vision transformer": r"vision_model\.|(vit|visual_encoder)\.",
    }
    for what, pattern in known.items():
        if any(re.match(pattern, name) for name in names):
            return f"by its tensors' names it is {what}"
    return f"its tensors are called {', '.join(sorted(names)[:3]) or 'nothing'} ..."


def _check_is_clip(path: Path, stored: dict[str, Stored]) -> None:
    if "vision.class_embedding" not in stored:
        raise ValueError(f"{path} is a text encoder without its image tower: the whole CLIP is needed")
    if "vision.projection" not in stored:
        raise ValueError(f"{path} is an image tower without its projection, so it gives no CLIP features")


def _deduce(path: Path, stored: dict[str, Stored], activation: str | None) -> ClipConfig:
    """The network's shape from the shapes in its file, and from a config.json beside it where there is one."""
    shapes = {name: at.shape for name, at in stored.items()}
    raw = _config_beside(path)
    patches, positions = shapes.get("vision.patches", ()), shapes.get("vision.positions", (0,))[0]
    side = math.isqrt(max(0, positions - 1))
    if len(patches) != 4 or patches[1] != 3 or patches[2] != patches[3] or not side or side**2 + 1 != positions:
        raise ValueError(f"{path} is no CLIP known here: square pictures of 3 channels in square patches are expected")
    vision = _tower(path, "vision", shapes, raw.get("vision_config"), activation)
    text = None
    if "text.tokens" in shapes:
        if shapes["text.tokens"][0] != VOCABULARY:
            raise ValueError(f"{path} reads a vocabulary of {shapes['text.tokens'][0]} tokens, CLIP's has {VOCABULARY}")
        text = _tower(path, "text", shapes, raw.get("text_config"), activation)
    return ClipConfig(vision, text, side * patches[2], patches[2], shapes["vision.projection"][0])


def _config_beside(path: Path) -> dict:
    """What a CLIP's config.json beside a file says, {} where there is none or it is of another kind of network."""
    try:
        raw = read_json(path.parent / "config.json")
    except FileNotFoundError:
        return {}
    if raw.get("model_type") == "clip_vision_model":
        return {"vision_config": raw}
    return raw if raw.get("model_type") == "clip" else {}


def _tower(path: Path, tower: str, shapes: dict[str, tuple], raw: dict | None, activation: str | None) -> TowerConfig:
    width = shapes.get("vision.class_embedding" if tower == "vision" else "text.tokens", (0,))[-1]
    numbers = {int(name.split(".")[2]) for name in shapes if name.startswith(f"{tower}.blocks.")}
    if not numbers or numbers != set(range(len(numbers))):
        raise ValueError(f"{path} is no whole CLIP: layers of its {tower} tower are missing")
    vision_width = shapes.get("vision.class_embedding", (0,))[-1]
    raw = raw if isinstance(raw, dict) else {}
    if raw.get("hidden_size", width) != width or raw.get("num_hidden_layers", len(numbers)) != len(numbers):
        raise ValueError(f"{path} and the config.json beside it are of different networks: separate them")
    heads = raw.get("num_attention_heads", heads_of(width))
    if isinstance(heads, bool) or not isinstance(heads, int) or heads < 1 or width % heads:
        raise ValueError(f"{path}: a width of {width} cannot be divided among {heads!r} heads")
    epsilon = raw.get("layer_norm_eps", 1e-5)
    if not isinstance(epsilon, float) or not 0 < epsilon < 1:
        raise ValueError(f"{path}: layer_norm_eps must be a number between 0 and 1, not {epsilon!r}")
    activation = raw.get("hidden_act", activation)
    if activation is None:
        activation = "quick_gelu" if vision_width <= OPENAI_WIDTH else "gelu"
    if activation not in ACTIVATIONS:
        raise ValueError(f"{path}: activation {activation!r} is not supported, only {' and '.join(ACTIVATIONS)}")
    return TowerConfig(
        width=width,
        layers=len(numbers),
        heads=heads,
        intermediate=shapes.get(f"{tower}.blocks.0.mlp.up.bias", (0,))[0],
        positions=shapes.get(f"{tower}.positions", (0,))[0],
        activation=activation,
        epsilon=epsilon,
    )
