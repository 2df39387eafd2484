"""The decoder-only network of every checkpoint: BLOOM (ALiBi) or GPT-2 (learned positions), with a static KV cache.

One small module covers both architectures, so decoding and training are written once.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..files import read_json

ARCHITECTURES = ("bloom", "gpt2")

# Larger than any published BLOOM or GPT-2; a config beyond these is a mistake or an attack, and is refused
# before memory is taken for it.
LIMITS = {
    "vocab_size": 1_000_000,
    "hidden_size": 65_536,
    "num_layers": 1_000,
    "num_heads": 1_024,
    "intermediate_size": 262_144,
    "max_positions": 1_000_000,
}


@dataclass(frozen=True)
class NetworkConfig:
    """Shape of a network. `max_positions` is None where there is no limit built into the weights (ALiBi)."""

    architecture: str
    vocab_size: int
    hidden_size: int
    num_layers: int
    num_heads: int
    intermediate_size: int
    max_positions: int | None = None
    layer_norm_epsilon: float = 1e-5
    eos_token_id: int = 0
    pad_token_id: int = 0

    def __post_init__(self):
        if self.architecture not in ARCHITECTURES:
            raise ValueError(f"architecture {self.architecture!r} is not supported: one of {', '.join(ARCHITECTURES)}")
        for name, most in LIMITS.items():
            value = getattr(self, name)
            if value is None and name == "max_positions" and self.architecture == "bloom":
                continue
            if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= most:
                raise ValueError(f"config.json: {name} must be a whole number from 1 to {most:,}, not {value!r}")
        if self.hidden_size % self.num_heads:
            raise ValueError(
                f"config.json: hidden_size {self.hidden_size} cannot be divided among {self.num_heads} heads"
            )
        epsilon = self.layer_norm_epsilon
        if isinstance(epsilon, bool) or not isinstance(epsilon, (int, float)) or not 0 < epsilon < 1:
            raise ValueError(f"config.json: layer_norm_epsilon must be a number between 0 and 1, not {epsilon!r}")
        for name in ("eos_token_id", "pad_token_id"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < self.vocab_size:
                raise ValueError(f"config.json: {name} {value!r} is not a token of a {self.vocab_size}-word vocabulary")

    @property
    def head_size(self) -> int:
        return self.hidden_size // self.num_heads


def alibi_slopes(num_heads: int) -> Tensor:
    """Slopes of ALiBi for any number of heads: float32 [num_heads] (Press et al. 2022, and its authors' rule for
    head counts that are no power of two: the missing ones are every other slope of the next power)."""
    power = 2 ** math.floor(math.log2(num_heads))
    slopes = [2 ** (-8 * (i + 1) / power) for i in range(power)]
    slopes += [2 ** (-4 * (i + 1) / power) for i in range(0, 2 * (num_heads - power), 2)]
    return torch.tensor(slopes, dtype=torch.float32)


@lru_cache
def _slopes(num_heads: int, device: torch.device) -> Tensor:
    """The slopes on a device, made once: the decoding of every token needs them. 0 heads: a single slope of zero."""
    with torch.inference_mode(False):  # training may use what inference made first
        return (alibi_slopes(num_heads) if num_heads else torch.zeros(1)).to(device)


class Cache:
    """Keys and values of every layer for a fixed number of rows and positions; `length` positions are filled."""

    def __init__(self, keys: Tensor, values: Tensor, length: int = 0):
        self.keys = keys  # [layers, rows, heads, capacity, head size]
        self.values = values
        self.length = length
        # What attention turns them into: on a CPU it is six times slower in 16 bits, though there is half to read.
        self.seen = torch.float32 if keys.device.type == "cpu" else keys.dtype

    @property
    def capacity(self) -> int:
        return self.keys.shape[3]

    @property
    def rows(self) -> int:
        return self.keys.shape[1]

    def append(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Write new positions [rows, heads, new, head size] of one layer; all positions filled so far come back."""
        end = self.length + keys.shape[2]
        self.keys[layer, :, :, self.length : end] = keys
        self.values[layer, :, :, self.length : end] = values
        return self.keys[layer, :, :, :end], self.values[layer, :, :, :end]

    def expand(self, rows: int, capacity: int) -> "Cache":
        """A new cache of `rows` copies of this one-row cache, with another capacity."""
        return self._like(rows, capacity, slice(None))

    def reorder(self, rows: Tensor) -> "Cache":
        """A new cache whose row i is this cache's row rows[i] (int64 [new rows]), as beam search needs."""
        return self._like(len(rows), self.capacity, rows)

    def _like(self, rows: int, capacity: int, source: Tensor | slice) -> "Cache":
        layers, _, heads, _, size = self.keys.shape
        shape = (layers, rows, heads, capacity, size)
        copy = Cache(self.keys.new_empty(shape), self.values.new_empty(shape), self.length)
        copy.keys[:, :, :, : self.length] = self.keys[:, source, :, : self.length]
        copy.values[:, :, :, : self.length] = self.values[:, source, :, : self.length]
        return copy


class Linear(nn.Linear):
    """A linear layer whose first values do not matter: to make them without memory, torch would import sympy."""

    def reset_parameters(self) -> None:
        pass


class Embedding(nn.Embedding):
    """The same for a table."""

    def reset_parameters(self) -> None:
        pass


class Attention(nn.Module):
    def __init__(self, config: NetworkConfig):
        super().__init__()
        self.heads, self.head_size = config.num_heads, config.head_size
        # Both layouts are kept as stored, so that the weights need no copy: BLOOM interleaves q, k, v within each
        # head, GPT-2 puts all q before all k before all v.
        self.interleaved = config.architecture == "bloom"
        self.query_key_value = Linear(config.hidden_size, 3 * config.hidden_size)
        self.dense = Linear(config.hidden_size, config.hidden_size)

    def forward(self, x: Tensor, bias: Tensor | None, cache: Cache | None, layer: int) -> Tensor:
        rows, new, _ = x.shape
        fused = self.query_key_value(x)
        if self.interleaved:
            query, key, value = fused.view(rows, new, self.heads, 3, self.head_size).unbind(3)
        else:
            query, key, value = fused.view(rows, new, 3, self.heads, self.head_size).unbind(2)
        query, key, value = query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2)
        if cache is not None:
            key, value = (part.to(cache.seen) for part in cache.append(layer, key, value))
            query = query.to(cache.seen)
        if torch.is_autocast_enabled(x.device.type):  # training: the backward pass in bfloat16 is slow on CPUs
            query, key, value = query.float(), key.float(), value.float()
        with torch.autocast(x.device.type, enabled=False):
            mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        return self.dense(mixed.transpose(1, 2).reshape(rows, new, -1).to(x.dtype))


class MLP(nn.Module):
    def __init__(self, config: NetworkConfig):
        super().__init__()
        self.dense_h_to_4h = Linear(config.hidden_size, config.intermediate_size)
        self.dense_4h_to_h = Linear(config.intermediate_size, config.hidden_size)

    def forward(self, x: Tensor) -> Tensor:
        return self.dense_4h_to_h(F.gelu(self.dense_h_to_4h(x), approximate="tanh"))


class Block(nn.Module):
    def __init__(self, config: NetworkConfig):
        super().__init__()
        self.input_layernorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_epsilon)
        self.self_attention = Attention(config)
        self.post_attention_layernorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_epsilon)
        self.mlp = MLP(config)

    def forward(self, x: Tensor, bias: Tensor | None, cache: Cache | None, layer: int) -> Tensor:
        x = x + self.self_attention(self.input_layernorm(x), bias, cache, layer)
        return x + self.mlp(self.post_attention_layernorm(x))


class DecoderOnly(nn.Module):
    """BLOOM or GPT-2. Parameter names are BLOOM's own; GPT-2's are translated while loading."""

    def __init__(self, config: NetworkConfig):
        super().__init__()
        self.config = config
        self.word_embeddings = Embedding(config.vocab_size, config.hidden_size)
        if config.architecture == "bloom":
            self.word_embeddings_layernorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_epsilon)
        else:
            self.position_embeddings = Embedding(config.max_positions, config.hidden_size)
        self.h = nn.ModuleList(Block(config) for _ in range(config.num_layers))
        self.ln_f = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_epsilon)
        # What packed weights bring along: an output layer of their own, whether a row of a batch comes out the same to
        # the last bit whatever the other rows are, and what keys and values are kept in (None: as all else).
        self.head: nn.Module | None = None
        self.rows_are_independent = False
        self.cache_dtype: torch.dtype | None = None
        # The decoding step recorded on a GPU, by rows and capacity, and whether that GPU refused: see cuda_graphs.py.
        self.recorded: dict = {}
        self.cannot_record = False

    def _apply(self, fn, recurse=True):
        """What moves weights to another device or dtype (torch calls it) makes a recorded step worthless."""
        self.recorded.clear()
        return super()._apply(fn, recurse)

    def new_cache(self, rows: int, length: int) -> Cache:
        """An empty cache for `rows` sequences of at most `length` positions, on the network's device.

        In the network's dtype, or in bfloat16 where packed weights have no more digits either."""
        config, like = self.config, self.ln_f.weight
        like = like.new_empty(0, dtype=self.cache_dtype or like.dtype)
        shape = (config.num_layers, rows, config.num_heads, length, config.head_size)
        return Cache(like.new_empty(shape), like.new_empty(shape))

    def forward(self, tokens: Tensor, cache: Cache | None = None) -> Tensor:
        """Last hidden states [rows, new, hidden] of tokens int64 [rows, new].

        With a cache the tokens continue what it holds and are added to it. Rows are expected to have no padding,
        or padding on the right only (positions after a row's end do not change those before it).
        """
        start, new = cache.length if cache is not None else 0, tokens.shape[1]
        if self.config.max_positions is not None and start + new > self.config.max_positions:
            raise ValueError(
                f"{start + new} tokens are more than the {self.config.max_positions} this network can hold"
            )
        places = torch.arange(start, start + new, device=tokens.device)
        x = self._embed(tokens, places)
        sees_all = new == 1 and self.config.architecture != "bloom"
        dtype = x.dtype if cache is None else cache.seen
        bias = None if sees_all else self._attention_bias(places, start + new, dtype)
        for layer, block in enumerate(self.h):
            x = block(x, bias, cache, layer)
        if cache is not None:
            cache.length += tokens.shape[1]
        return self.ln_f(x)

    def step(self, tokens: Tensor, cache) -> Tensor:
        """Last hidden states [rows, 1, hidden] of one more token a row, int64 [rows, 1], at cache.place: what forward
        does, with shapes that are the same at every position (cache: a PlacedCache of cuda_graphs.py)."""
        x = self._embed(tokens, cache.place)
        bias = self._attention_bias(cache.place, cache.capacity, cache.seen)
        for layer, block in enumerate(self.h):
            x = block(x, bias, cache, layer)
        return self.ln_f(x)

    def logits(self, hidden: Tensor) -> Tensor:
        """Scores of every word of the vocabulary: [..., hidden] -> [..., vocab], through the tied embeddings."""
        return F.linear(hidden, self.word_embeddings.weight) if self.head is None else self.head(hidden)

    def _embed(self, tokens: Tensor, places: Tensor) -> Tensor:
        x = self.word_embeddings(tokens)
        if self.config.architecture == "bloom":
            return self.word_embeddings_layernorm(x)
        return x + F.embedding(places, self.position_embeddings.weight)

    def _attention_bias(self, places: Tensor, keys: int, dtype: torch.dtype) -> Tensor:
        """What is added to the attention scores of queries at `places` (int64 [new]): [1, heads or 1, new, keys].

        ALiBi is written relative to the query (slope · (key - query), never positive): softmax does not see the
        difference to BLOOM's slope · key, but near keys keep their precision in 16-bit floats.
        """
        heads = self.config.num_heads if self.config.architecture == "bloom" else 0
        distance = torch.arange(keys, device=places.device) - places[:, None]
        bias = distance * _slopes(heads, places.device)[:, None, None]
        return bias.masked_fill(distance > 0, -math.inf).to(dtype)[None]


def read_config(folder: Path) -> NetworkConfig:
    """The shape of the checkpoint in a folder, from its Hugging Face config.json.

    Raises ValueError that names the field when the architecture is unknown or a size is absurd.
    """
    path = Path(folder) / "config.json"
    raw = read_json(path)
    architecture = raw.get("model_type")
    if architecture not in ARCHITECTURES:
        raise ValueError(f"{path}: model_type {architecture!r} is not supported: one of {', '.join(ARCHITECTURES)}")
    eos = raw.get("eos_token_id", 2 if architecture == "bloom" else 50256)
    pad = raw.get("pad_token_id")
    common = {
        "architecture": architecture,
        "vocab_size": raw.get("vocab_size"),
        "layer_norm_epsilon": raw.get("layer_norm_epsilon", 1e-5),
        "eos_token_id": eos,
        "pad_token_id": eos if pad is None else pad,
    }
    if architecture == "bloom":
        return NetworkConfig(**common, **_bloom_sizes(raw, path))
    return NetworkConfig(**common, **_gpt2_sizes(raw, path))


def _bloom_sizes(raw: dict, path: Path) -> dict:
    if raw.get("apply_residual_connection_post_layernorm"):
        raise ValueError(
            f"{path}: apply_residual_connection_post_layernorm is not supported (no text model here uses it)"
        )
    hidden = raw.get("hidden_size", raw.get("n_embed"))
    return {
        "hidden_size": hidden,
        "num_layers": raw.get("n_layer", raw.get("num_hidden_layers")),
        "num_heads": raw.get("n_head", raw.get("num_attention_heads")),
        "intermediate_size": 4 * hidden if isinstance(hidden, int) else hidden,
    }


def _gpt2_sizes(raw: dict, path: Path) -> dict:
    if raw.get("activation_function", "gelu_new") not in ("gelu_new", "gelu_pytorch_tanh"):
        raise ValueError(f"{path}: activation_function {raw['activation_function']!r} is not supported, only gelu_new")
    hidden = raw.get("n_embd", 768)
    return {
        "hidden_size": hidden,
        "num_layers": raw.get("n_layer", 12),
        "num_heads": raw.get("n_head", 12),
        "intermediate_size": raw.get("n_inner") or (4 * hidden if isinstance(hidden, int) else hidden),
        "max_positions": raw.get("n_positions", raw.get("n_ctx", 1024)),
    }
