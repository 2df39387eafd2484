"""Small image scorers with random weights, under the names and in the layouts of the published files."""

import json
import math
from pathlib import Path

import torch
from safetensors.torch import save_file

from .tiny import linear_shapes, norm_shapes

VOCABULARY = 49408  # CLIP's own: its tokenizer comes with the pack
HEAD_SIZES = (768, 1024, 128, 64, 16, 1)  # of the aesthetic head


def save_scorer(folder: Path, kind: str, seed: int = 0, **sizes) -> dict[str, Path]:
    """Write the files of a scorer of this kind, small; what comes back is what load_scorer takes as `files`.

    sizes: those of save_hugging_face_clip (pickscore, clip-score, aesthetic, hps-v1), save_open_clip (hps-v2.1),
    save_siglip (aesthetic-v2.5) or tiny_image_reward.save_image_reward (imagereward).
    """
    folder = Path(folder)
    if kind == "imagereward":
        from .tiny_image_reward import save_image_reward

        return {"model": save_image_reward(folder / "image_reward", seed=seed, **sizes)}
    if kind == "hps-v2.1":
        return {"clip": save_open_clip(folder / "HPS_v2.1_compressed.safetensors", seed, **sizes)}
    if kind == "aesthetic-v2.5":
        return {"vision": save_siglip(folder, seed, **sizes), "head": save_v2_5_head(folder / "head.pth", 64, seed)}
    if kind == "aesthetic":
        clip = save_hugging_face_clip(folder, seed, **{"projection": HEAD_SIZES[0], **sizes})
        return {"clip": clip, "head": save_head(folder / "head.safetensors", seed)}
    return {"clip": save_hugging_face_clip(folder, seed, **sizes)}


def save_hugging_face_clip(
    folder: Path,
    seed: int = 0,
    width: int = 32,
    heads: int = 4,
    layers: int = 2,
    text_width: int = 24,
    text_heads: int = 3,
    projection: int = 16,
    image_size: int = 56,
    patch: int = 14,
    activation: str = "quick_gelu",
    text: bool = True,
) -> Path:
    """Write model.safetensors, whose path comes back, and config.json as transformers' CLIPModel does.

    text False leaves the text tower out, as ComfyUI's files for clip_vision do.
    """
    shapes = {
        "vision_model.embeddings.class_embedding": (width,),
        "vision_model.embeddings.patch_embedding.weight": (width, 3, patch, patch),
        "vision_model.embeddings.position_embedding.weight": ((image_size // patch) ** 2 + 1, width),
        "visual_projection.weight": (projection, width),
    }
    shapes |= norm_shapes("vision_model.pre_layrnorm", width)
    shapes |= norm_shapes("vision_model.post_layernorm", width)
    shapes |= _hugging_face_blocks("vision_model.encoder.layers", width, layers)
    if text:
        shapes["text_model.embeddings.token_embedding.weight"] = (VOCABULARY, text_width)
        shapes["text_model.embeddings.position_embedding.weight"] = (77, text_width)
        shapes["text_projection.weight"] = (projection, text_width)
        shapes["logit_scale"] = ()
        shapes |= norm_shapes("text_model.final_layer_norm", text_width)
        shapes |= _hugging_face_blocks("text_model.encoder.layers", text_width, layers)
    config = {
        "model_type": "clip",
        "architectures": ["CLIPModel"],
        "projection_dim": projection,
        "vision_config": {
            "hidden_size": width,
            "intermediate_size": 4 * width,
            "num_attention_heads": heads,
            "num_hidden_layers": layers,
            "image_size": image_size,
            "patch_size": patch,
            "hidden_act": activation,
            "projection_dim": projection,
        },
        "text_config": {
            "hidden_size": text_width,
            "intermediate_size": 4 * text_width,
            "num_attention_heads": text_heads,
            "num_hidden_layers": layers,
            "hidden_act": activation,
            "projection_dim": projection,
            "eos_token_id": 49407,
            "bos_token_id": 49406,
        },
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return _save(folder / "model.safetensors", shapes, seed)


def _hugging_face_blocks(stem: str, width: int, layers: int) -> dict[str, tuple]:
    shapes = {}
    for layer in range(layers):
        block = f"{stem}.{layer}"
        shapes |= norm_shapes(f"{block}.layer_norm1", width) | norm_shapes(f"{block}.layer_norm2", width)
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            shapes |= linear_shapes(f"{block}.self_attn.{name}", width, width)
        shapes |= linear_shapes(f"{block}.mlp.fc1", 4 * width, width)
        shapes |= linear_shapes(f"{block}.mlp.fc2", width, 4 * width)
    return shapes


def save_open_clip(
    path: Path,
    seed: int = 0,
    width: int = 128,
    layers: int = 2,
    text_width: int = 64,
    projection: int = 16,
    image_size: int = 56,
    patch: int = 14,
) -> Path:
    """Write one file as open_clip names its tensors; there is no config beside it, so heads are 64 wide."""
    shapes = {
        "logit_scale": (),
        "positional_embedding": (77, text_width),
        "text_projection": (text_width, projection),
        "token_embedding.weight": (VOCABULARY, text_width),
        "visual.class_embedding": (width,),
        "visual.conv1.weight": (width, 3, patch, patch),
        "visual.positional_embedding": ((image_size // patch) ** 2 + 1, width),
        "visual.proj": (width, projection),
    }
    shapes |= norm_shapes("ln_final", text_width)
    shapes |= norm_shapes("visual.ln_pre", width) | norm_shapes("visual.ln_post", width)
    for stem, size in (("transformer", text_width), ("visual.transformer", width)):
        for layer in range(layers):
            block = f"{stem}.resblocks.{layer}"
            shapes |= norm_shapes(f"{block}.ln_1", size) | norm_shapes(f"{block}.ln_2", size)
            shapes[f"{block}.attn.in_proj_weight"] = (3 * size, size)
            shapes[f"{block}.attn.in_proj_bias"] = (3 * size,)
            shapes |= linear_shapes(f"{block}.attn.out_proj", size, size)
            shapes |= linear_shapes(f"{block}.mlp.c_fc", 4 * size, size)
            shapes |= linear_shapes(f"{block}.mlp.c_proj", size, 4 * size)
    return _save(path, shapes, seed)


def save_head(path: Path, seed: int = 0) -> Path:
    """Write an aesthetic head of the published shape: a .pth as published, or the same as .safetensors."""
    names = (0, 2, 4, 6, 7)
    shapes = {}
    for name, size, next_size in zip(names, HEAD_SIZES, HEAD_SIZES[1:], strict=False):
        shapes |= linear_shapes(f"layers.{name}", next_size, size)
    if path.suffix == ".safetensors":
        return _save(path, shapes, seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(_random(shapes, seed), path)
    return path


def save_linear_head(path: Path, seed: int = 0) -> Path:
    """Write LAION's older head, one linear layer, as published."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(_random({"weight": (1, HEAD_SIZES[0]), "bias": (1,)}, seed), path)
    return path


def save_v2_5_head(path: Path, width: int = 1152, seed: int = 0) -> Path:
    """Write the head of Aesthetic Predictor V2.5 as published, for features of another width."""
    names, sizes, shapes = (0, 2, 4, 6, 8), (width, *HEAD_SIZES[1:]), {}
    for name, size, next_size in zip(names, sizes, sizes[1:], strict=False):
        shapes |= linear_shapes(f"scoring_head.{name}", next_size, size)
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(_random(shapes, seed), path)
    return path


def save_siglip(folder: Path, seed: int = 0, width: int = 64, layers: int = 2, image_size: int = 60) -> Path:
    """Write the image half of a SigLIP, heads 64 wide, as transformers' SiglipVisionModel does, without config.json.

    image_size 60 leaves a rest behind 4 x 4 patches of 14, as the published one does; its config.json says so.
    """
    shapes = {
        "vision_model.embeddings.patch_embedding.weight": (width, 3, 14, 14),
        "vision_model.embeddings.patch_embedding.bias": (width,),
        "vision_model.embeddings.position_embedding.weight": ((image_size // 14) ** 2, width),
        "vision_model.head.probe": (1, 1, width),
        "vision_model.head.attention.in_proj_weight": (3 * width, width),
        "vision_model.head.attention.in_proj_bias": (3 * width,),
    }
    shapes |= norm_shapes("vision_model.post_layernorm", width) | norm_shapes("vision_model.head.layernorm", width)
    shapes |= linear_shapes("vision_model.head.attention.out_proj", width, width)
    for name, size, next_size in (("fc1", width, 4 * width), ("fc2", 4 * width, width)):
        shapes |= linear_shapes(f"vision_model.head.mlp.{name}", next_size, size)
    shapes |= _hugging_face_blocks("vision_model.encoder.layers", width, layers)
    config = {
        "model_type": "siglip_vision_model",
        "architectures": ["SiglipVisionModel"],
        "hidden_size": width,
        "intermediate_size": 4 * width,
        "num_attention_heads": width // 64,
        "num_hidden_layers": layers,
        "image_size": image_size,
        "patch_size": 14,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return _save(folder / "model.safetensors", shapes, seed)


def _save(path: Path, shapes: dict[str, tuple], seed: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(_random(shapes, seed), path, metadata={"format": "pt"})
    return path


def _random(shapes: dict[str, tuple], seed: int) -> dict[str, torch.Tensor]:
    """Random weights large enough that pictures and texts get features that differ."""
    random = torch.Generator().manual_seed(seed)
    weights = {}
    for name, shape in shapes.items():
        columns = math.prod(shape[1:]) if len(shape) > 1 else 1
        weights[name] = torch.randn(shape, generator=random) * (1.5 / math.sqrt(columns) if columns > 1 else 0.1)
        if "norm" in name.rpartition(".")[0].rpartition(".")[2] or ".ln_" in name or name.startswith("ln_"):
            weights[name] += 1.0 if name.endswith(".weight") else 0.0
    if "logit_scale" in weights:
        weights["logit_scale"] = torch.tensor(math.log(100))
    return weights
