"""Names and shapes of tensors that show what a file of weights is, as Hugging Face and as open_clip call them.

What stands before all names in a file does not count.
"""

from ..weight_file import FLOATS, Headers
from .clip_names import prefix_in
from .heads import is_head

Shapes = dict[str, tuple[int, ...]]

VIT_L_IMAGE: tuple[Shapes, ...] = (
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
VIT_L_TEXT: tuple[Shapes, ...] = (
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
VIT_L: tuple[Shapes, ...] = tuple(image | text for image, text in zip(VIT_L_IMAGE, VIT_L_TEXT, strict=True))
VIT_H: tuple[Shapes, ...] = (
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
AESTHETIC_HEAD: tuple[Shapes, ...] = ({"0.weight": (1024, 768), "2.weight": (128, 1024), "7.weight": (1, 16)},)
AESTHETIC_V2_5_HEAD: tuple[Shapes, ...] = ({"0.weight": (1024, 1152), "2.weight": (128, 1024), "8.weight": (1, 16)},)
SIGLIP_SO400M: tuple[Shapes, ...] = (
    {
        "embeddings.patch_embedding.weight": (1152, 3, 14, 14),
        "embeddings.position_embedding.weight": (729, 1152),
        "encoder.layers.26.mlp.fc1.weight": (4304, 1152),
        "head.probe": (1, 1, 1152),
    },
)
IMAGE_REWARD: tuple[Shapes, ...] = (
    {
        "blip.visual_encoder.blocks.23.attn.qkv.weight": (3072, 1024),
        "blip.text_encoder.encoder.layer.11.crossattention.self.key.weight": (768, 1024),
        "mlp.layers.0.weight": (1024, 768),
        "mlp.layers.7.weight": (1, 16),
    },
)
# What every whole CLIP has, of whatever size.
ANY_CLIP = (
    ("vision_model.embeddings.class_embedding", "visual_projection.weight", "text_projection.weight", "logit_scale"),
    ("visual.class_embedding", "visual.proj", "text_projection", "token_embedding.weight", "logit_scale"),
)


def has_shapes(headers: Headers, shapes: Shapes) -> bool:
    """Whether a file holds tensors of these names and shapes, as numbers that need no scales."""
    prefix = prefix_in(headers, list(shapes)[:1])
    found = {name: headers.get(prefix + name, (None, "")) for name in shapes}
    return all(shape == shapes[name] and dtype in FLOATS for name, (shape, dtype) in found.items())


def is_any_clip(headers: Headers) -> bool:
    """Whether a file holds both towers of a CLIP."""
    for names in ANY_CLIP:
        prefix = prefix_in(headers, names[:1])
        if all(headers.get(prefix + name, ((), ""))[1] in FLOATS for name in names):
            return True
    return False


def is_clip_l_head(headers: Headers) -> bool:
    """Whether a file holds a head for the features of a CLIP ViT-L/14, and nothing else."""
    return is_head(headers, 768)
