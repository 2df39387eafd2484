"""The parts of image scorers: one file each, told by its name and its header.

    pickscore    clip             CLIP ViT-H/14, fine-tuned                       (Hugging Face's names)
    aesthetic    clip, head       CLIP ViT-L/14 (its image half will do), and the head on top of it
    clip-score   clip             CLIP ViT-L/14
    hps-v2.1     clip             CLIP ViT-H/14, fine-tuned                       (open_clip's names)
    imagereward  model, vocab     BLIP with a reward head; the vocabulary of its BERT

The weights of a scorer cannot be told from those of another with the same architecture by their header, so a file
of the user's is taken only where both its name and its header are those of the part.
"""

from dataclasses import dataclass
from pathlib import Path

from safetensors import safe_open

from ..checkpoints.catalog import Checkpoint
from ..checkpoints.transfer import sha256
from .scorer_catalog import SCORER_CATALOG

Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Part:
    """One file of a scorer.

    checkpoint  what to download for it, the first file of which is the part
    known_as    other names that people give the file, without suffix; a file called model.safetensors has that of
                its folder
    shapes      what its header must hold, in one of these ways; none for a file that is no safetensors
    """

    checkpoint: Checkpoint
    known_as: tuple[str, ...]
    shapes: tuple[Shapes, ...] = ()


# Names and shapes that show an architecture, as Hugging Face and as open_clip call them.
VIT_L_IMAGE = (
    {
        "vision_model.embeddings.patch_embedding.weight": (1024, 3, 14, 14),
        "vision_model.encoder.layers.23.mlp.fc1.weight": (4096, 1024),
        "visual_projection.weight": (768, 1024),
    },
    {
        "visual.conv1.weight": (1024, 3, 14, 14),
        "visual.transformer.resblocks.23.mlp.c_fc.weight": (4096, 1024),
        "visual.proj": (1024, 768),
    },
)
VIT_L_TEXT = (
    {
        "text_model.encoder.layers.11.mlp.fc1.weight": (3072, 768),
        "text_model.embeddings.position_embedding.weight": (77, 768),
        "text_projection.weight": (768, 768),
        "logit_scale": (),
    },
    {
        "transformer.resblocks.11.mlp.c_fc.weight": (3072, 768),
        "positional_embedding": (77, 768),
        "text_projection": (768, 768),
        "logit_scale": (),
    },
)
VIT_H = (
    {
        "vision_model.embeddings.patch_embedding.weight": (1280, 3, 14, 14),
        "vision_model.encoder.layers.31.mlp.fc1.weight": (5120, 1280),
        "visual_projection.weight": (1024, 1280),
        "text_model.encoder.layers.23.mlp.fc1.weight": (4096, 1024),
        "text_projection.weight": (1024, 1024),
        "logit_scale": (),
    },
    {
        "visual.conv1.weight": (1280, 3, 14, 14),
        "visual.transformer.resblocks.31.mlp.c_fc.weight": (5120, 1280),
        "visual.proj": (1280, 1024),
        "transformer.resblocks.23.mlp.c_fc.weight": (4096, 1024),
        "text_projection": (1024, 1024),
        "logit_scale": (),
    },
)
AESTHETIC_HEAD = ({"layers.0.weight": (1024, 768), "layers.2.weight": (128, 1024), "layers.7.weight": (1, 16)},)
IMAGE_REWARD = (
    {
        "blip.visual_encoder.blocks.23.attn.qkv.weight": (3072, 1024),
        "blip.text_encoder.encoder.layer.11.crossattention.self.key.weight": (768, 1024),
        "mlp.layers.0.weight": (1024, 768),
        "mlp.layers.7.weight": (1, 16),
    },
)

OPENAI_CLIP = ("clip-vit-large-patch14", "clip_vit_large_patch14")

SCORER_PARTS: dict[str, dict[str, Part]] = {
    "pickscore": {
        "clip": Part(SCORER_CATALOG["pickscore"], ("PickScore_v1", "PickScore", "Pick-A-Pic", "pickscore-v1"), VIT_H)
    },
    "aesthetic": {
        "clip": Part(SCORER_CATALOG["clip-vit-l-14"], OPENAI_CLIP, VIT_L_IMAGE),
        "head": Part(SCORER_CATALOG["aesthetic-head"], ("sac+logos+ava1-l14-linearMSE",), AESTHETIC_HEAD),
    },
    "clip-score": {
        "clip": Part(
            SCORER_CATALOG["clip-vit-l-14"],
            OPENAI_CLIP,
            tuple(image | text for image, text in zip(VIT_L_IMAGE, VIT_L_TEXT, strict=True)),
        )
    },
    "hps-v2.1": {"clip": Part(SCORER_CATALOG["hps-v2.1"], ("HPS_v2.1_compressed", "HPS_v2.1", "hpsv21"), VIT_H)},
    "imagereward": {
        "model": Part(SCORER_CATALOG["imagereward"], ("ImageReward", "ImageReward-v1.0"), IMAGE_REWARD),
        "vocab": Part(SCORER_CATALOG["bert-vocabulary"], ("bert-base-uncased",)),
    },
}

KINDS = tuple(SCORER_PARTS)


# Names that say nothing: what such a file is, the name of its folder says.
NAMELESS = ("model", "vocab")


def is_named_as(path: Path, kind: str, part: str) -> bool:
    """Whether a file has one of the names of a part: PickScore_v1.safetensors, PickScore_v1/model.safetensors, or
    pickscore/clip.safetensors."""
    piece = SCORER_PARTS[kind][part]
    published = Path(piece.checkpoint.files[0].name)
    if path.suffix.lower() != published.suffix:
        return False
    if (path.parent.name.casefold(), path.stem.casefold()) == (kind, part):
        return True
    name = path.parent.name if path.stem.casefold() in NAMELESS else path.stem
    return name.casefold() in {known.casefold() for known in (published.stem, *piece.known_as)}


def is_part(path: Path, piece: Part) -> bool:
    """Whether the header of a file is that of a part; for a file without header, whether it is the published one."""
    if piece.shapes:
        return any(has_shapes(path, shapes) for shapes in piece.shapes)
    published = piece.checkpoint.files[0]
    try:
        return path.stat().st_size == published.size and sha256(path) == published.sha256
    except OSError:
        return False


def has_shapes(path: Path, shapes: Shapes) -> bool:
    """Whether a safetensors file holds tensors of these names and shapes, as numbers that need no scales."""
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            if not shapes.keys() <= set(file.keys()):
                return False
            slices = {name: file.get_slice(name) for name in shapes}
            return all(
                tuple(found.get_shape()) == shapes[name] and found.get_dtype() in ("F64", "F32", "F16", "BF16")
                for name, found in slices.items()
            )
    except Exception:  # safetensors raises its own class, OSError, or others, by what is wrong
        return False
