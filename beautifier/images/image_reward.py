"""ImageReward (Xu et al. 2023, arXiv 2304.05977): how well people would like an image for a prompt.

A BLIP: a vision transformer reads the image, a BERT reads the prompt and looks at the image in every layer through
cross attention, and a small head turns what its first token has become into one number.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional as F

from .judge import Judge

# What the published model subtracts from and divides the number of its head by.
MEAN, STD = 0.16717362830052426, 1.0333394966054072

# Tokens that the network reads, with one at the start and one at the end that are not the prompt's.
MAX_TOKENS = 35
START, END, PADDING, UNKNOWN = "[CLS]", "[SEP]", "[PAD]", "[UNK]"
# BERT's other special token, and BLIP's two, which the network has embeddings for.
SPECIAL = (PADDING, UNKNOWN, START, END, "[MASK]", "[DEC]", "[ENC]")


@dataclass(frozen=True)
class ImageRewardConfig:
    """Shape of a network."""

    image_size: int
    patch_size: int
    vision_width: int
    vision_layers: int
    vision_heads: int
    vision_mlp: int
    vocab_size: int
    max_positions: int
    text_width: int
    text_layers: int
    text_heads: int
    text_mlp: int
    head: dict[int, tuple[int, int]]  # the (out, in) of each linear layer of the head, by its number

    def __post_init__(self):
        for part in ("vision", "text"):
            width, heads = getattr(self, f"{part}_width"), getattr(self, f"{part}_heads")
            if isinstance(heads, bool) or not isinstance(heads, int) or heads < 1 or width % heads:
                raise ValueError(f"{part}_heads: a width of {width} cannot be divided among {heads!r} heads")
        layers = [(self.text_width, self.text_width), *self.head.values(), (1, 1)]
        if any(before[0] != after[1] for before, after in pairwise(layers)):
            raise ValueError(f"the layers of the head, {self.head}, do not lead from {self.text_width} to 1")
        if self.max_positions < MAX_TOKENS:
            raise ValueError(f"there are {self.max_positions} positions for {MAX_TOKENS} tokens")


class Attention(nn.Module):
    """Attention of `x` to `source`, which is `x` itself where none is given."""

    def __init__(self, width: int, heads: int, source_width: int):
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(source_width, width)
        self.value = nn.Linear(source_width, width)
        self.dense = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width, eps=1e-12)

    def forward(self, x: Tensor, source: Tensor, mask: Tensor | None) -> Tensor:
        """[rows, positions, width] of x of that shape and source [rows, seen, source width]; mask [rows, 1, 1, seen]
        is True where to look, None everywhere."""
        query, key, value = (
            layer(y).unflatten(2, (self.heads, -1)).transpose(1, 2)
            for layer, y in ((self.query, x), (self.key, source), (self.value, source))
        )
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        return self.norm(x + self.dense(mixed.transpose(1, 2).flatten(2)))


class TextLayer(nn.Module):
    """A layer of BERT: attention to the prompt, to the image, and an MLP; each is normalised after it is added."""

    def __init__(self, config: ImageRewardConfig):
        super().__init__()
        width = config.text_width
        self.attention = Attention(width, config.text_heads, width)
        self.cross_attention = Attention(width, config.text_heads, config.vision_width)
        self.up = nn.Linear(width, config.text_mlp)
        self.down = nn.Linear(config.text_mlp, width)
        self.norm = nn.LayerNorm(width, eps=1e-12)

    def forward(self, x: Tensor, mask: Tensor, image: Tensor) -> Tensor:
        """[rows, length, width] -> the same; mask [rows, 1, 1, length], image [rows, positions, vision width]."""
        x = self.attention(x, x, mask)
        x = self.cross_attention(x, image, None)
        return self.norm(x + self.down(F.gelu(self.up(x))))


class TextEncoder(nn.Module):
    """A BERT that reads a prompt and looks at an image in every layer."""

    def __init__(self, config: ImageRewardConfig):
        super().__init__()
        self.word_embeddings = nn.Embedding(config.vocab_size, config.text_width)
        self.position_embeddings = nn.Embedding(config.max_positions, config.text_width)
        self.norm = nn.LayerNorm(config.text_width, eps=1e-12)
        self.layers = nn.ModuleList(TextLayer(config) for _ in range(config.text_layers))

    def forward(self, tokens: Tensor, mask: Tensor, image: Tensor) -> Tensor:
        """[rows, length, width] of tokens int64 [rows, length], of which mask says which are the prompt's."""
        positions = self.position_embeddings.weight[: tokens.shape[1]]
        x = self.norm(self.word_embeddings(tokens) + positions)
        for layer in self.layers:
            x = layer(x, mask[:, None, None], image)
        return x


class VisionLayer(nn.Module):
    """A layer of the vision transformer: attention and an MLP; each reads what was normalised before."""

    def __init__(self, config: ImageRewardConfig):
        super().__init__()
        width = config.vision_width
        self.heads = config.vision_heads
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.fc1 = nn.Linear(width, config.vision_mlp)
        self.fc2 = nn.Linear(config.vision_mlp, width)

    def forward(self, x: Tensor) -> Tensor:
        """[rows, positions, width] -> the same."""
        query, key, value = self.qkv(self.norm1(x)).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(query, key, value)
        x = x + self.proj(mixed.transpose(1, 2).flatten(2))
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))


class VisionEncoder(nn.Module):
    """A vision transformer that gives every position, not one of them."""

    def __init__(self, config: ImageRewardConfig):
        super().__init__()
        width, patch = config.vision_width, config.patch_size
        self.patch_embed = nn.Conv2d(3, width, patch, stride=patch)
        self.cls_token = nn.Parameter(torch.empty(1, 1, width))
        self.pos_embed = nn.Parameter(torch.empty(1, (config.image_size // patch) ** 2 + 1, width))
        self.blocks = nn.ModuleList(VisionLayer(config) for _ in range(config.vision_layers))
        self.norm = nn.LayerNorm(width, eps=1e-6)

    def forward(self, pixels: Tensor) -> Tensor:
        """[rows, patches + 1, width] of pixels [rows, 3, image size, image size]."""
        patches = self.patch_embed(pixels).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls_token.expand(len(pixels), -1, -1), patches], dim=1) + self.pos_embed
        for block in self.blocks:
            x = block(x)
        return self.norm(x)


class ImageReward(Judge):
    """The network and its tokenizer."""

    def __init__(self, config: ImageRewardConfig, tokenizer: Tokenizer):
        super().__init__()
        self.config = config
        self.image_size, self.patch, self.width = config.image_size, config.patch_size, config.vision_width
        self.tokenizer = tokenizer
        self.visual_encoder = VisionEncoder(config)
        self.text_encoder = TextEncoder(config)
        # Between the layers of the head there is dropout in training, and nothing at all here.
        layers = {str(number): nn.Linear(shape[1], shape[0]) for number, shape in config.head.items()}
        self.mlp = nn.ModuleDict(layers)

    def judge(self, pixels: Tensor, read: Tensor | None, prompts: list[str]) -> Tensor:
        """As score(): a prompt is read while an image is looked at, not before."""
        return self.score(pixels, prompts)

    def score(self, pixels: Tensor, prompts: list[str]) -> Tensor:
        """The score of each image for its prompt: float32 [N], on the network's device.

        pixels   float [N, 3, image size, image size], resized, cropped and normalised as CLIP wants them
        prompts  N texts

        Scores are normalised: 0 is the mean of the pictures that ImageReward's authors looked at, 1 their standard
        deviation. Raises ValueError for counts or sizes that do not fit.
        """
        return self.score_features(self.features(pixels), prompts)

    def features(self, pixels: Tensor) -> Tensor:
        """What the prompts look at: [N, patches + 1, vision width] of pixels as for score(), once for an image."""
        size = self.config.image_size
        if pixels.ndim != 4 or pixels.shape[1:] != (3, size, size):
            raise ValueError(f"pixels must have shape [N, 3, {size}, {size}], not {list(pixels.shape)}")
        like = self.visual_encoder.cls_token
        return self.visual_encoder(pixels.to(like))

    def score_features(self, features: Tensor, prompts: list[str]) -> Tensor:
        """The scores, float32 [N], of images that features() has looked at, each for its prompt."""
        if isinstance(prompts, str) or len(features) != len(prompts):
            raise ValueError(f"{len(features)} images need a list of as many prompts, not {prompts!r}")
        tokens, mask = self.tokens(prompts)
        text = self.text_encoder(tokens.to(features.device), mask.to(features.device), features)
        x = text[:, 0].float()
        for layer in self.mlp.values():
            x = layer(x)
        return (x[:, 0] - MEAN) / STD

    def tokens(self, prompts: list[str]) -> tuple[Tensor, Tensor]:
        """Tokens int64 and mask bool, both [N, 35], of prompts: cut at the end, padded to the same length."""
        start, end, padding = (self._mark(token) for token in (START, END, PADDING))
        tokens = torch.full((len(prompts), MAX_TOKENS), padding)
        mask = torch.zeros(tokens.shape, dtype=torch.bool)
        for row, prompt in enumerate(prompts):
            ids = [start, *self._words(prompt)[: MAX_TOKENS - 2], end]
            tokens[row, : len(ids)] = torch.tensor(ids)
            mask[row, : len(ids)] = True
        return tokens, mask

    def tokens_seen(self) -> int:
        """See Judge: all but the marks for start and end."""
        return MAX_TOKENS - 2

    def tokens_cut(self, prompt: str) -> int:
        """How many tokens of a prompt the network does not see; 0 where it sees them all."""
        return max(len(self._words(prompt)) - (MAX_TOKENS - 2), 0)

    def _mark(self, token: str) -> int:
        number = self.tokenizer.token_to_id(token)
        if number is None:
            raise ValueError(f"the vocabulary has no {token}: it is not that of BERT")
        return number

    def _words(self, prompt: str) -> list[int]:
        return self.tokenizer.encode(prompt, add_special_tokens=False).ids
