"""A CLIP from its file, in both layouts in which such checkpoints are published.

These are transformers' and open_clip's (which is OpenAI's own), read straight from safetensors, memory-mapped: a tensor
that already has the wanted dtype and device is not copied. What the architecture is follows from the shapes in the
file's header.
"""

import math
import re
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open

from ..files import read_json
from .clip_network import ACTIVATIONS, HEAD_SIZES, USUAL_HEAD_SIZE, VOCABULARY, Clip, ClipConfig, TowerConfig


@dataclass(frozen=True)
class Stored:
    """Where a parameter is in a file: the tensor's name there, its own shape, and what part of that tensor it is:
    None all of it, "flipped" all of it transposed, 0, 1 or 2 a third of its rows."""

    name: str
    shape: tuple[int, ...]
    part: str | int | None = None


# Names in transformers' layout and here; the endings of blocks follow.
HUGGING_FACE = {
    "vision_model.embeddings.class_embedding": "vision.class_embedding",
    "vision_model.embeddings.patch_embedding.weight": "vision.patches",
    "vision_model.embeddings.position_embedding.weight": "vision.positions",
    "vision_model.pre_layrnorm": "vision.norm_in",
    "vision_model.encoder.layers": "vision.blocks",
    "vision_model.post_layernorm": "vision.norm_out",
    "visual_projection.weight": "vision.projection",
    "text_model.embeddings.token_embedding.weight": "text.tokens",
    "text_model.embeddings.position_embedding.weight": "text.positions",
    "text_model.encoder.layers": "text.blocks",
    "text_model.final_layer_norm": "text.norm_out",
    "text_projection.weight": "text.projection",
    "logit_scale": "logit_scale",
}
HUGGING_FACE_BLOCK = {
    "layer_norm1": "norm1",
    "self_attn.q_proj": "attention.query",
    "self_attn.k_proj": "attention.key",
    "self_attn.v_proj": "attention.value",
    "self_attn.out_proj": "attention.out",
    "layer_norm2": "norm2",
    "mlp.fc1": "mlp.up",
    "mlp.fc2": "mlp.down",
}
OPEN_CLIP = {
    "visual.class_embedding": "vision.class_embedding",
    "visual.conv1.weight": "vision.patches",
    "visual.positional_embedding": "vision.positions",
    "visual.ln_pre": "vision.norm_in",
    "visual.transformer.resblocks": "vision.blocks",
    "visual.ln_post": "vision.norm_out",
    "visual.proj": "vision.projection",  # stored as [width, projection]
    "token_embedding.weight": "text.tokens",
    "positional_embedding": "text.positions",
    "transformer.resblocks": "text.blocks",
    "ln_final": "text.norm_out",
    "text_projection": "text.projection",  # likewise
    "logit_scale": "logit_scale",
}
OPEN_CLIP_BLOCK = {
    "ln_1": "norm1",
    "attn.out_proj": "attention.out",
    "ln_2": "norm2",
    "mlp.c_fc": "mlp.up",
    "mlp.c_proj": "mlp.down",
}


def canonical_names(name: str) -> list[tuple[str, str | int | None]]:
    """The parameters of Clip that a tensor of a checkpoint holds, each with the part it is (see Stored); none for
    a tensor that is not needed. open_clip's tensors of query, key and value are one."""
    names = HUGGING_FACE if name.startswith(("vision_model.", "text_model.")) else OPEN_CLIP
    if name in ("visual_projection.weight", "text_projection.weight"):
        names = HUGGING_FACE
    if name in names:
        return [(names[name], "flipped" if name in ("visual.proj", "text_projection") else None)]
    if block := re.fullmatch(r"(.*\.(?:layers|resblocks))(\.\d+\.)(.+?)([._](?:weight|bias))", name):
        stem, number, inner, ending = block.groups()
        if stem not in names:
            return []
        stem, ending = names[stem] + number, "." + ending[1:]
        if inner == "attn.in_proj":
            parts = enumerate(("query", "key", "value"))
            return [(f"{stem}attention.{part}{ending}", third) for third, part in parts]
        inner = (HUGGING_FACE_BLOCK | OPEN_CLIP_BLOCK).get(inner)
        return [(stem + inner + ending, None)] if inner else []
    stem, dot, ending = name.rpartition(".")
    return [(names[stem] + dot + ending, None)] if stem in names and ending in ("weight", "bias") else []


def heads_of(width: int) -> int:
    """The heads of a published tower of this width."""
    return max(1, width // HEAD_SIZES.get(width, USUAL_HEAD_SIZE))


def load_clip(
    path: Path,
    dtype: torch.dtype = torch.float32,
    device: str | torch.device = "cpu",
    text: bool = True,
    activation: str = "gelu",
) -> Clip:
    """Read a CLIP from one safetensors file in either layout, ready for inference.

    text        False: the image tower alone, whatever else the file holds
    activation  of the towers, "gelu" (LAION's networks) or "quick_gelu" (OpenAI's): it leaves no trace in the
                weights. A config.json of a CLIP that lies beside the file has precedence, for this and for the
                number of heads.

    Everything is checked from the header before a tensor is read. Raises ValueError or FileNotFoundError that name
    the file and what it is not.
    """
    path = Path(path)
    stored = _parameters_in(path)
    _check_is_clip(path, stored, text)
    if not text:
        stored = {name: at for name, at in stored.items() if name.startswith("vision.")}
    config = _deduce(path, stored, activation)
    with torch.device("meta"):
        network = Clip(config)
    for name, parameter in network.named_parameters():
        if name not in stored:
            raise ValueError(f"{path} is no whole CLIP: {name} is missing")
        if stored[name].shape != tuple(parameter.shape):
            raise ValueError(
                f"{path} is no CLIP known here: {stored[name].name} gives {name} the shape {stored[name].shape}, "
                f"{tuple(parameter.shape)} was expected"
            )
    weights = {}
    with safe_open(path, framework="pt", device="cpu") as file:
        for name, _ in network.named_parameters():
            tensor = file.get_tensor(stored[name].name)
            if stored[name].part == "flipped":
                tensor = tensor.t()
            elif stored[name].part is not None:
                tensor = tensor.chunk(3)[stored[name].part]
            kept = torch.float32 if name == "logit_scale" else dtype  # its exponential multiplies every score
            weights[name] = tensor.to(device=device, dtype=kept)
    network.load_state_dict(weights, assign=True)
    return network.eval().requires_grad_(False)


def _parameters_in(path: Path) -> dict[str, Stored]:
    """The parameters of a CLIP that a file holds. Raises ValueError for what cannot be read or holds no floats."""
    found, names = {}, []
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            for name in file.keys():
                names.append(name)
                header = None
                for own, part in canonical_names(name):
                    header = header or file.get_slice(name)
                    shape, dtype = tuple(header.get_shape()), header.get_dtype()
                    if dtype not in ("F64", "F32", "F16", "BF16"):
                        raise ValueError(f"{path}: {name} is stored as {dtype}; quantized weights do not work here")
                    if own in found:
                        raise ValueError(f"{path} holds {own} twice: as {found[own].name} and as {name}")
                    found[own] = Stored(name, _part_of(shape, part), part)
    except (ValueError, FileNotFoundError):
        raise
    except Exception as error:  # safetensors raises its own class, and OSError, for a damaged file
        raise ValueError(f"{path} cannot be read as safetensors ({error}): download or copy it again") from error
    if "vision.class_embedding" not in found and "text.tokens" not in found:
        raise ValueError(f"{path} is not a CLIP: {_looks_like(names)}")
    return found


def _part_of(shape: tuple[int, ...], part: str | int | None) -> tuple[int, ...]:
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


def _check_is_clip(path: Path, stored: dict[str, Stored], text: bool) -> None:
    if "vision.class_embedding" not in stored:
        raise ValueError(f"{path} is a text encoder without its image tower: the whole CLIP is needed")
    if "vision.projection" not in stored:
        raise ValueError(f"{path} is an image tower without its projection, so it gives no CLIP features")
    if text and "text.tokens" not in stored:
        raise ValueError(f"{path} holds CLIP's image tower alone: the text tower is needed too")


def _deduce(path: Path, stored: dict[str, Stored], activation: str) -> ClipConfig:
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


def _tower(path: Path, tower: str, shapes: dict[str, tuple], raw: dict | None, activation: str) -> TowerConfig:
    width = shapes.get("vision.class_embedding" if tower == "vision" else "text.tokens", (0,))[-1]
    numbers = {int(name.split(".")[2]) for name in shapes if name.startswith(f"{tower}.blocks.")}
    if not numbers or numbers != set(range(len(numbers))):
        raise ValueError(f"{path} is no whole CLIP: layers of its {tower} tower are missing")
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
