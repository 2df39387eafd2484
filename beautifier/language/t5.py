"""T5: an encoder that reads a text and a decoder that answers it, with relative positions (Raffel et al. 2020).

Both shapes that are published are here: T5 1.0 (a plain MLP, the output layer is the word embeddings) and T5 1.1 and
Flan-T5 (a gated MLP, an output layer of its own). t5_file.py reads checkpoints.

Decoding knows nothing of an encoder: `ReadText` is what the decoder of a network is once a text has been read, and to
`generate` it is a network like any other, whose prompt is the token that every answer starts from.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .cache import Cache
from .modules import Embedding, Linear, Modules, RMSNorm
from .network import ACTIVATIONS
from .t5_config import MLPS, T5Config


def bucket_of(distance: Tensor, config: T5Config, both_ways: bool) -> Tensor:
    """The buckets of distances key - query, int64 of any shape: one for each near distance, wider ones farther away.

    both_ways  half of the buckets are for keys behind the query (the encoder); else those count as distance 0
    """
    buckets = config.buckets // 2 if both_ways else config.buckets
    first = (distance > 0) * buckets if both_ways else torch.zeros_like(distance)
    away = distance.abs() if both_ways else (-distance).clamp(min=0)
    exact = buckets // 2
    growth = torch.log(away.float() / exact) / math.log(config.farthest / exact) * (buckets - exact)
    far = (exact + growth.clamp(min=0).to(torch.int64)).clamp(max=buckets - 1)
    return first + torch.where(away < exact, away, far)


def norm_of(config: T5Config) -> RMSNorm:
    """A norm over the hidden states."""
    return RMSNorm(config.hidden_size, config.norm_epsilon)


class Attention(nn.Module):
    """Attention whose scores are not scaled; the first of a stack has the table of relative positions for all."""

    def __init__(self, config: T5Config, has_positions: bool):
        super().__init__()
        wide = config.num_heads * config.head_size
        self.shape = config.num_heads, config.head_size
        self.q, self.k, self.v = (Linear(config.hidden_size, wide, bias=False) for _ in range(3))
        self.o = Linear(wide, config.hidden_size, bias=False)
        if has_positions:
            self.relative_attention_bias = Embedding(config.buckets, config.num_heads)

    def heads(self, x: Tensor) -> Tensor:
        """[rows, positions, heads * size] -> [rows, heads, positions, size]."""
        return x.unflatten(-1, self.shape).transpose(1, 2)

    def keys_and_values(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Of states [rows, positions, hidden]: both [rows, heads, positions, size]."""
        return self.heads(self.k(x)), self.heads(self.v(x))

    def mix(self, x: Tensor, keys: Tensor, values: Tensor, bias: Tensor | None) -> Tensor:
        """What queries of x [rows, new, hidden] see in keys and values: [rows, new, hidden].

        keys, values  [rows or 1, heads, positions, size]; those of a single row are there for all
        bias          added to the scores, [1, heads, new, positions], or None
        """
        query = self.heads(self.q(x))
        keys, values = keys.expand(len(x), -1, -1, -1), values.expand(len(x), -1, -1, -1)
        mixed = F.scaled_dot_product_attention(query, keys, values, attn_mask=bias, scale=1.0)
        return self.o(mixed.transpose(1, 2).flatten(2))


class MLP(nn.Module):
    """Two linear layers with an activation between them, or three where it is gated."""

    def __init__(self, config: T5Config):
        super().__init__()
        self.gated, activation = MLPS[config.mlp]
        self.activation = ACTIVATIONS[activation]
        if self.gated:
            self.wi_0, self.wi_1 = (Linear(config.hidden_size, config.intermediate_size, bias=False) for _ in range(2))
        else:
            self.wi = Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.wo = Linear(config.intermediate_size, config.hidden_size, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """[..., hidden] -> [..., hidden]."""
        if self.gated:
            return self.wo(self.activation(self.wi_0(x)) * self.wi_1(x))
        return self.wo(self.activation(self.wi(x)))


class Block(nn.Module):
    """One layer: attention, in a decoder also across to what the encoder read, and an MLP."""

    def __init__(self, config: T5Config, decodes: bool, is_first: bool):
        super().__init__()
        self.attention_norm, self.attention = norm_of(config), Attention(config, is_first)
        if decodes:
            self.across_norm, self.across = norm_of(config), Attention(config, False)
        self.mlp_norm, self.mlp = norm_of(config), MLP(config)

    def encode(self, x: Tensor, bias: Tensor) -> Tensor:
        """States [rows, positions, hidden], one layer of the encoder on; bias [1, heads, positions, positions]."""
        seen = self.attention_norm(x)
        x = x + self.attention.mix(seen, *self.attention.keys_and_values(seen), bias)
        return x + self.mlp(self.mlp_norm(x))

    def decode(self, x: Tensor, layer: int, cache: Cache, bias: Tensor, read: tuple[Tensor, Tensor]) -> Tensor:
        """States [rows, new, hidden], one layer of the decoder on.

        bias  [1, heads, new, positions so far]
        read  keys and values of what the encoder read, both [1, heads, positions, size]
        """
        seen = self.attention_norm(x)
        keys, values = cache.append(layer, *self.attention.keys_and_values(seen))
        x = x + self.attention.mix(seen, keys, values, bias)
        x = x + self.across.mix(self.across_norm(x), *read, None)
        return x + self.mlp(self.mlp_norm(x))


class Stack(nn.Module):
    """The layers of the encoder or of the decoder."""

    def __init__(self, config: T5Config, decodes: bool):
        super().__init__()
        self.config, self.decodes = config, decodes
        layers = config.num_layers if decodes else config.encoder_layers
        self.block: Modules[Block] = Modules(Block(config, decodes, layer == 0) for layer in range(layers))
        self.final_layer_norm = norm_of(config)

    def bias(self, start: int, end: int) -> Tensor:
        """What is added to the scores of queries start .. end - 1 and keys 0 .. end - 1: [1, heads, queries, keys]."""
        table = self.block[0].attention.relative_attention_bias.weight
        keys = torch.arange(end, device=table.device)
        distance = keys - keys[start:, None]
        bias = F.embedding(bucket_of(distance, self.config, not self.decodes), table).movedim(-1, 0)
        return (bias.masked_fill(distance > 0, -math.inf) if self.decodes else bias)[None]


class T5(nn.Module):
    """The whole network. It computes in float32, or in bfloat16: in float16 its sums overflow."""

    def __init__(self, config: T5Config):
        super().__init__()
        self.config = config
        self.shared = Embedding(config.vocab_size, config.hidden_size)
        self.encoder, self.decoder = Stack(config, decodes=False), Stack(config, decodes=True)
        self.head: nn.Module | None = None  # the word embeddings as a packed output layer, where t5_packed made it
        if not config.tied:
            self.lm_head = Linear(config.hidden_size, config.vocab_size, bias=False)

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return self.shared.weight.device

    @property
    def dtype(self) -> torch.dtype:
        """What it computes in."""
        return self.shared.weight.dtype

    def encode(self, tokens: Tensor) -> Tensor:
        """What the encoder makes of tokens int64 [rows, positions], all of which count: [rows, positions, hidden]."""
        x, bias = self.shared(tokens), self.encoder.bias(0, tokens.shape[1])
        for block in self.encoder.block:
            x = block.encode(x, bias)
        return self.encoder.final_layer_norm(x)

    @torch.inference_mode()
    def read(self, tokens: list[int]) -> ReadText:
        """The decoder, once the encoder has read a text; its answers start from [config.start]."""
        states = self.encode(torch.tensor([tokens], dtype=torch.int64, device=self.device))
        return ReadText(self, [block.across.keys_and_values(states) for block in self.decoder.block])

    def logits(self, hidden: Tensor) -> Tensor:
        """Scores of every word of the vocabulary: [..., hidden] -> [..., vocab]."""
        if self.config.scaled:
            hidden = hidden * self.config.hidden_size**-0.5
        if self.head is not None:
            return self.head(hidden)
        return F.linear(hidden, self.shared.weight) if self.config.tied else self.lm_head(hidden)


class ReadText(nn.Module):
    """A text that was read, and the decoder that answers it: to `generate`, a network.

    crossed  for each layer of the decoder, keys and values of what was read, [1, heads, positions, size]
    """

    rows_are_independent = False

    def __init__(self, network: T5, crossed: list[tuple[Tensor, Tensor]]):
        super().__init__()
        self.network, self.crossed, self.config = network, crossed, network.config

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return self.network.device

    def new_cache(self, rows: int, length: int) -> Cache:
        """An empty cache for `rows` answers of at most `length` tokens."""
        config, like = self.config, self.network.shared.weight
        shape = (config.num_layers, rows, config.num_heads, length, config.head_size)
        return Cache(like.new_empty(shape), like.new_empty(shape))

    def forward(self, tokens: Tensor, cache: Cache) -> Tensor:
        """Last hidden states [rows, new, hidden] of tokens int64 [rows, new], which continue what the cache holds."""
        decoder, end = self.network.decoder, cache.length + tokens.shape[1]
        x, bias = self.network.shared(tokens), decoder.bias(cache.length, end)
        for layer, block in enumerate(decoder.block):
            x = block.decode(x, layer, cache, bias, self.crossed[layer])
        cache.length = end
        return decoder.final_layer_norm(x)

    def logits(self, hidden: Tensor) -> Tensor:
        """Scores of every word of the vocabulary: [..., hidden] -> [..., vocab]."""
        return self.network.logits(hidden)
