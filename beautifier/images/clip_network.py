"""CLIP: an image tower and a text tower whose features lie in one space, for every CLIP with a vision transformer.

Radford et al. 2021, "Learning Transferable Visual Models From Natural Language Supervision", section 2.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

START, END = 49406, 49407  # of a text, in CLIP's vocabulary
VOCABULARY = 49408
ACTIVATIONS = ("gelu", "quick_gelu")

# Heads are not in the shapes. These widths are published with other than 64 numbers a head (open_clip's
# model_configs: ViT-H-14, ViT-g-14, ViT-bigG-14).
HEAD_SIZES = {1280: 80, 1408: 88, 1664: 104}
USUAL_HEAD_SIZE = 64


@dataclass(frozen=True)
class TowerConfig:
    """Shape of one tower's transformer."""

    width: int
    layers: int
    heads: int
    intermediate: int
    positions: int
    activation: str = "gelu"
    epsilon: float = 1e-5


@dataclass(frozen=True)
class ClipConfig:
    """Shape of a network: images are `image_size` square, in `patch` square patches; `text` None is an image tower
    alone. `projection` is the length of the features."""

    vision: TowerConfig
    text: TowerConfig | None
    image_size: int
    patch: int
    projection: int


# oneDNN's matrix product, where torch would take MKL's for float32: on AMD's processors that one is slower.
ONEDNN_LINEAR = (
    torch.ops.mkldnn._linear_pointwise
    if torch.backends.mkl.is_available()
    and torch.backends.mkldnn.is_available()
    and hasattr(torch.ops.mkldnn, "_linear_pointwise")
    else None
)


class Linear(nn.Linear):
    def forward(self, x: Tensor) -> Tensor:
        fits = x.device.type == "cpu" and x.dtype == self.weight.dtype == torch.float32
        if fits and ONEDNN_LINEAR and not torch.is_grad_enabled():  # it knows no gradient
            return ONEDNN_LINEAR(x, self.weight, self.bias, "none", [], "")
        return super().forward(x)


class Attention(nn.Module):
    def __init__(self, config: TowerConfig):
        super().__init__()
        self.heads = config.heads
        self.query = Linear(config.width, config.width)
        self.key = Linear(config.width, config.width)
        self.value = Linear(config.width, config.width)
        self.out = Linear(config.width, config.width)

    def forward(self, x: Tensor, causal: bool, first_only: bool) -> Tensor:
        asked = x[:, :1] if first_only else x
        query, key, value = (self._split(y) for y in (self.query(asked), self.key(x), self.value(x)))
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=causal)
        return self.out(mixed.transpose(1, 2).reshape(asked.shape))

    def _split(self, x: Tensor) -> Tensor:
        """[rows, positions, width] -> [rows, heads, positions, head size]"""
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)


class MLP(nn.Module):
    def __init__(self, config: TowerConfig):
        super().__init__()
        self.quick = config.activation == "quick_gelu"
        self.up = Linear(config.width, config.intermediate)
        self.down = Linear(config.intermediate, config.width)

    def forward(self, x: Tensor) -> Tensor:
        x = self.up(x)
        return self.down(x * torch.sigmoid(1.702 * x) if self.quick else F.gelu(x))


class Block(nn.Module):
    def __init__(self, config: TowerConfig):
        super().__init__()
        self.norm1 = nn.LayerNorm(config.width, eps=config.epsilon)
        self.attention = Attention(config)
        self.norm2 = nn.LayerNorm(config.width, eps=config.epsilon)
        self.mlp = MLP(config)

    def forward(self, x: Tensor, causal: bool = False, first_only: bool = False) -> Tensor:
        """first_only: what comes out is the first position alone, worked out without the others'."""
        mixed = self.attention(self.norm1(x), causal, first_only)
        x = (x[:, :1] if first_only else x) + mixed
        return x + self.mlp(self.norm2(x))


class VisionTower(nn.Module):
    def __init__(self, config: ClipConfig):
        super().__init__()
        tower = config.vision
        self.patch = config.patch
        self.class_embedding = nn.Parameter(torch.empty(tower.width))
        self.patches = nn.Parameter(torch.empty(tower.width, 3, config.patch, config.patch))
        self.positions = nn.Parameter(torch.empty(tower.positions, tower.width))
        self.norm_in = nn.LayerNorm(tower.width, eps=tower.epsilon)
        self.blocks = nn.ModuleList(Block(tower) for _ in range(tower.layers))
        self.norm_out = nn.LayerNorm(tower.width, eps=tower.epsilon)
        self.projection = nn.Parameter(torch.empty(config.projection, tower.width))

    def forward(self, pixels: Tensor) -> Tensor:
        """Features float32 [rows, projection], not normalised, of normalised pixels [rows, 3, S, S]."""
        x = self.norm_in(self._embed(pixels.to(self.patches.dtype)))
        for block in self.blocks[:-1]:
            x = block(x)
        x = self.blocks[-1](x, first_only=True)  # nothing reads the patches' last values
        return F.linear(self.norm_out(x[:, 0]).float(), self.projection.float())

    def _embed(self, pixels: Tensor) -> Tensor:
        """[rows, 1 + patches, width]; the patches' convolution as one matrix product."""
        side = pixels.shape[2] // self.patch
        pixels = pixels[:, :, : side * self.patch, : side * self.patch]
        cut = pixels.unflatten(3, (side, self.patch)).unflatten(2, (side, self.patch))
        cut = cut.permute(0, 2, 4, 1, 3, 5).flatten(3).flatten(1, 2)  # [rows, patches, 3 · patch · patch]
        patches = F.linear(cut, self.patches.flatten(1))
        first = self.class_embedding.expand(len(pixels), 1, -1)
        return torch.cat([first, patches], dim=1) + self.positions


class TextTower(nn.Module):
    def __init__(self, config: ClipConfig):
        super().__init__()
        tower = config.text
        self.tokens = nn.Parameter(torch.empty(VOCABULARY, tower.width))
        self.positions = nn.Parameter(torch.empty(tower.positions, tower.width))
        self.blocks = nn.ModuleList(Block(tower) for _ in range(tower.layers))
        self.norm_out = nn.LayerNorm(tower.width, eps=tower.epsilon)
        self.projection = nn.Parameter(torch.empty(config.projection, tower.width))

    def forward(self, tokens: Tensor) -> Tensor:
        """Features float32 [rows, projection], not normalised, of tokens int64 [rows, at most `positions`].

        Each row begins with START and has an END, where its features are read: at the first, whatever comes behind
        it, since no position sees a later one.
        """
        x = F.embedding(tokens, self.tokens) + self.positions[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x, causal=True)
        end = (tokens == END).int().argmax(dim=1)
        x = x[torch.arange(len(x), device=x.device), end]
        return F.linear(self.norm_out(x).float(), self.projection.float())


class Clip(nn.Module):
    """Both towers and the temperature `logit_scale` (as stored: its exponential multiplies a cosine); or the image
    tower alone, `text` and `logit_scale` then being None."""

    def __init__(self, config: ClipConfig):
        super().__init__()
        self.config = config
        self.vision = VisionTower(config)
        self.text = TextTower(config) if config.text else None
        self.logit_scale = nn.Parameter(torch.empty(())) if config.text else None
