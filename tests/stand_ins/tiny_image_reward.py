"""A small ImageReward network with random weights, under the names of the published file, and a vocabulary."""

import json
import math
from pathlib import Path

import torch
from safetensors.torch import save_file

from .tiny import linear_shapes, norm_shapes

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = "a cat castle on the hill red dress at sunset un ##aff ##able ##s ##ing paint deta ##il ##ed".split()
LETTERS = [f"{start}{letter}" for start in ("", "##") for letter in "abcdefghijklmnopqrstuvwxyz0123456789"]
MARKS = list("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~") + ["猫", "日", "本", "é", "ß", "##ß"]
VOCABULARY = [*SPECIAL, *dict.fromkeys(WORDS + LETTERS + MARKS)]


def save_vocabulary(path: Path) -> Path:
    """Write a vocab.txt as BERT's: a word a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(VOCABULARY) + "\n", encoding="utf-8")
    return path


def image_reward_shapes(
    vision_width: int = 32,
    vision_layers: int = 2,
    vision_mlp: int = 64,
    image_size: int = 224,
    patch: int = 56,
    vocab_size: int = len(VOCABULARY) + 2,  # and BLIP's two
    text_width: int = 24,
    text_layers: int = 2,
    text_mlp: int = 48,
    head: tuple[int, ...] = (20, 12, 8, 4),
) -> dict[str, tuple]:
    """Names and shapes of the published file's tensors that have a part in the score."""
    vision, text = "blip.visual_encoder", "blip.text_encoder"
    shapes = {
        f"{vision}.cls_token": (1, 1, vision_width),
        f"{vision}.pos_embed": (1, (image_size // patch) ** 2 + 1, vision_width),
        f"{vision}.patch_embed.proj.weight": (vision_width, 3, patch, patch),
        f"{vision}.patch_embed.proj.bias": (vision_width,),
        **norm_shapes(f"{vision}.norm", vision_width),
    }
    for layer in range(vision_layers):
        block = f"{vision}.blocks.{layer}"
        shapes |= norm_shapes(f"{block}.norm1", vision_width) | norm_shapes(f"{block}.norm2", vision_width)
        shapes |= linear_shapes(f"{block}.attn.qkv", 3 * vision_width, vision_width)
        shapes |= linear_shapes(f"{block}.attn.proj", vision_width, vision_width)
        shapes |= linear_shapes(f"{block}.mlp.fc1", vision_mlp, vision_width)
        shapes |= linear_shapes(f"{block}.mlp.fc2", vision_width, vision_mlp)
    shapes[f"{text}.embeddings.word_embeddings.weight"] = (vocab_size, text_width)
    shapes[f"{text}.embeddings.position_embeddings.weight"] = (512, text_width)
    shapes |= norm_shapes(f"{text}.embeddings.LayerNorm", text_width)
    for layer in range(text_layers):
        block = f"{text}.encoder.layer.{layer}"
        for kind, source in (("attention", text_width), ("crossattention", vision_width)):
            shapes |= linear_shapes(f"{block}.{kind}.self.query", text_width, text_width)
            shapes |= linear_shapes(f"{block}.{kind}.self.key", text_width, source)
            shapes |= linear_shapes(f"{block}.{kind}.self.value", text_width, source)
            shapes |= linear_shapes(f"{block}.{kind}.output.dense", text_width, text_width)
            shapes |= norm_shapes(f"{block}.{kind}.output.LayerNorm", text_width)
        shapes |= linear_shapes(f"{block}.intermediate.dense", text_mlp, text_width)
        shapes |= linear_shapes(f"{block}.output.dense", text_width, text_mlp)
        shapes |= norm_shapes(f"{block}.output.LayerNorm", text_width)
    sizes = (text_width, *head, 1)
    for number, size, next_size in zip((0, 2, 4, 6, 7), sizes, sizes[1:], strict=False):
        shapes |= linear_shapes(f"mlp.layers.{number}", next_size, size)
    return shapes


def random_weights(shapes: dict[str, tuple], seed: int = 0) -> dict[str, torch.Tensor]:
    """Random weights large enough that pictures and texts make a difference."""
    random = torch.Generator().manual_seed(seed)
    weights = {}
    for name, shape in shapes.items():
        inputs = math.prod(shape[1:]) if name.endswith(".weight") and len(shape) > 1 else 1
        scale = 1 if "embed" in name and "proj" not in name else 1.5 / math.sqrt(inputs) if inputs > 1 else 0.1
        weights[name] = torch.randn(shape, generator=random) * scale
        if "norm" in name.lower() and name.endswith(".weight"):
            weights[name] += 1
    return weights


def save_image_reward(folder: Path, seed: int = 0, vision_heads: int = 4, text_heads: int = 3, **sizes) -> Path:
    """Write ImageReward.safetensors, whose path comes back, vocab.txt, and config.json with the numbers of heads.

    Sizes are those of image_reward_shapes. The file holds besides what the published one does and no score needs.
    """
    shapes = image_reward_shapes(**sizes)
    weights = random_weights(shapes, seed)
    weights["blip.text_encoder.embeddings.position_ids"] = torch.arange(512)[None]
    weights["blip.text_proj.bias"] = torch.zeros(256)
    save_vocabulary(folder / "vocab.txt")
    heads = {"vision_heads": vision_heads, "text_heads": text_heads}
    (folder / "config.json").write_text(json.dumps(heads), encoding="utf-8")
    save_file(weights, folder / "ImageReward.safetensors", metadata={"format": "pt"})
    return folder / "ImageReward.safetensors"
