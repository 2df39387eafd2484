"""CLIP: an image tower and a text tower whose features lie in one space, for every CLIP with a vision transformer.

Radford et al. 2021, "Learning Transferable Visual Models From Natural Language Supervision", section 2.
"""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

START, END = 49406, 49407  # of a text, in CLIP's vocabulary
VOCABULARY = 49408
ACTIVATIONS = {
    "gelu": F.gelu,
    "quick_gelu": lambda x: x * torch.sigmoid(1.702 * x),
    "gelu_pytorch_tanh": partial(F.gelu, approximate="tanh"),
}

# Heads are not in the shapes. These widths are published with other than 64 numbers a head (open_clip's
# model_configs: ViT-SO400M-14-SigLIP, ViT-H-14, ViT-g-14, ViT-bigG-14).
HEAD_SIZES = {1152: 72, 1280: 80, 1408: 88, 1664: 104}
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
    """A linear layer that uses oneDNN's product where it is the faster one."""

    def forward(self, input: Tensor) -> Tensor:
        """[..., in] -> [..., out]."""
        fits = input.device.type == "cpu" and input.dtype == self.weight.dtype == torch.float32
        if fits and ONEDNN_LINEAR and not torch.is_grad_enabled():  # it knows no gradient
            return ONEDNN_LINEAR(input, self.weight, self.bias, "none", [], "")
        return super().forward(input)


class Attention(nn.Module):
    """What some positions see of all."""

    def __init__(self, config: TowerConfig):
        super().__init__()
        self.heads = config.heads
        self.query = Linear(config.width, config.width)
        self.key = Linear(config.width, config.width)
        self.value = Linear(config.width, config.width)
        self.out = Linear(config.width, config.width)

    def forward(self, asked: Tensor, x: Tensor, causal: bool = False) -> Tensor:
        """[rows, asked, width] of what asks, of that shape, and what is seen, x [rows, positions, width]."""
        query, key, value = (self._split(y) for y in (self.query(asked), self.key(x), self.value(x)))
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=causal)
        return self.out(mixed.transpose(1, 2).reshape(asked.shape))

    def _split(self, x: Tensor) -> Tensor:
        """[rows, positions, width] -> [rows, heads, positions, head size]"""
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)


class MLP(nn.Module):
    """Two linear layers with an activation between them."""

    def __init__(self, config: TowerConfig):
        super().__init__()
        self.activation = ACTIVATIONS[config.activation]
        self.up = Linear(config.width, config.intermediate)
        self.down = Linear(config.intermediate, config.width)

    def forward(self, x: Tensor) -> Tensor:
        """[..., width] -> [..., width]."""
        return self.down(self.activation(self.up(x)))


class Block(nn.Module):
    """One layer: attention and an MLP; each reads what was normalised before."""

    def __init__(self, config: TowerConfig):
        super().__init__()
        self.norm1 = nn.LayerNorm(config.width, eps=config.epsilon)
        self.attention = Attention(config)
        self.norm2 = nn.LayerNorm(config.width, eps=config.epsilon)
        self.mlp = MLP(config)

    def forward(self, x: Tensor, causal: bool = False, first_only: bool = False) -> Tensor:
        """[rows, positions, width] -> the same, or [rows, 1, width] with first_only: the first position alone."""
        normed = self.norm1(x)
        asked, x = (normed[:, :1], x[:, :1]) if first_only else (normed, x)
        x = x + self.attention(asked, normed, causal)
        return x + self.mlp(self.norm2(x))


class VisionTower(nn.Module):
    """From pixels to features."""

    def __init__(self, config: ClipConfig):
        super().__init__()
        self.config = config
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
    """From tokens to features."""

    def __init__(self, tower: TowerConfig, projection: int):
        super().__init__()
        self.tokens = nn.Parameter(torch.empty(VOCABULARY, tower.width))
        self.positions = nn.Parameter(torch.empty(tower.positions, tower.width))
        self.blocks = nn.ModuleList(Block(tower) for _ in range(tower.layers))
        self.norm_out = nn.LayerNorm(tower.width, eps=tower.epsilon)
        self.projection = nn.Parameter(torch.empty(projection, tower.width))

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
    """Both towers and the temperature `logit_scale` (as stored: its exponential multiplies a cosine)."""

    def __init__(self, config: ClipConfig):
        super().__init__()
        if config.text is None:
            raise ValueError("a CLIP has two towers: this is the shape of its image tower alone")
        self.config = config
        self.vision = VisionTower(config)
        self.text = TextTower(config.text, config.projection)
        self.logit_scale = nn.Parameter(torch.empty(()))
