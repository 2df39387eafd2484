"""What the tensors of a CLIP are called in published files, and in the network.

Files have transformers' names or open_clip's (which are OpenAI's own), and may have something before each of them.
"""

import re
from collections.abc import Iterable

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


# What the names of a whole CLIP, or of its image half, begin with in a file: what stands before one of these.
MARKS = ("vision_model.embeddings.class_embedding", "visual.class_embedding", "visual.conv1.weight")
MARKS += ("text_model.embeddings.token_embedding.weight", "token_embedding.weight")


def prefix_in(names: Iterable[str], marks: Iterable[str]) -> str:
    """What stands before the first of some marks that is among the names of a file; "" where none is."""
    names = sorted(names, key=len)
    found = (name.removesuffix(mark) for mark in marks for name in names if f".{name}".endswith(f".{mark}"))
    return next(found, "")


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
