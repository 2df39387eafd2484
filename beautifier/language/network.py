"""The decoder-only network of every checkpoint, with a static KV cache.

One small module covers all architectures, so decoding and training are written once. What differs between them
(positions, norms, the MLP, the order of queries, keys and values) is said by a NetworkConfig.
"""

import math
from dataclasses import dataclass
from functools import lru_cache, partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .cache import Cache
from .config import NetworkConfig
from .modules import Embedding, Linear, Modules, Norm, RMSNorm, Rows
from .rotary import rotation, turn

ACTIVATIONS = {
    "gelu_tanh": partial(F.gelu, approximate="tanh"),
    "gelu": F.gelu,
    "gelu_10": lambda x: F.gelu(x).clamp(-10, 10),
    "silu": F.silu,
    "relu": F.relu,
    "quick_gelu": lambda x: x * torch.sigmoid(1.702 * x),
    "mish": F.mish,
    "tanh": torch.tanh,
}


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


def norm_of(config: NetworkConfig) -> Norm:
    """A norm over the hidden states."""
    if config.norm == "rms":
        return RMSNorm(config.hidden_size, config.norm_epsilon)
    return nn.LayerNorm(config.hidden_size, eps=config.norm_epsilon)


@dataclass(frozen=True)
class Sight:
    """What the attention of some queries needs to know of their places, made once for all layers.

    bias      added to the scores [rows or 1, key heads or 1, queries, keys], where the queries of all heads that share
              a key head stand one head after another; None where every query sees every key
    windowed  the same for layers with a window
    rotation  what queries and new keys are turned by, as rotation() gives it, [..., new, 1, 2, size / 2]; or None
    """

    bias: Tensor | None
    windowed: dict[int, Tensor | None]
    rotation: tuple[Tensor, Tensor] | None

    def of(self, window: int | None) -> Tensor | None:
        """The bias for a layer with a window, None: one without."""
        return self.bias if window is None else self.windowed[window]


def attention_dtype(device: str) -> torch.dtype:
    """What attention is worked out in under autocast on a type of device: the backward pass in bfloat16 is slow on
    CPUs; elsewhere it has kernels of its own."""
    return torch.float32 if device == "cpu" else torch.get_autocast_dtype(device)


class Attention(nn.Module):
    """What the new positions see of those before them and of each other, mixed. `layer` is its place in a cache."""

    def __init__(self, config: NetworkConfig, layer: int):
        super().__init__()
        self.layer, self.window, self.scale = layer, config.window_of(layer), config.scale_of(layer)
        self.heads, self.kv_heads, self.head_size = config.num_heads, config.num_kv_heads, config.head_size
        # As stored, so that the weights need no copy: q, k, v within each head, or all q before all k before all v.
        self.interleaved = config.interleaved
        wide = sum(config.query_key_value_sizes)
        self.query_key_value = Linear(config.hidden_size, wide, bias=config.query_key_value_bias)
        self.dense = Linear(self.heads * self.head_size, config.hidden_size, bias=config.dense_bias)
        if config.query_key_norm:
            self.query_norm = RMSNorm(self.head_size, config.norm_epsilon)
            self.key_norm = RMSNorm(self.head_size, config.norm_epsilon)
        self.has_norms = config.query_key_norm

    def forward(self, x: Tensor, sight: Sight, cache: Cache | None) -> Tensor:
        """[rows, new, hidden] -> the same; with a cache, the new keys and values are added to it."""
        rows, new, _ = x.shape
        query, key, value = (part.transpose(1, 2) for part in self.split(self.query_key_value(x), sight))
        if cache is not None:
            key, value = (part.to(cache.seen) for part in cache.append(self.layer, key, value))
            query = query.to(cache.seen)
        if torch.is_autocast_enabled(x.device.type):  # training
            dtype = attention_dtype(x.device.type)
            query, key, value = query.to(dtype), key.to(dtype), value.to(dtype)
        if self.kv_heads != self.heads:  # those that share keys are more queries of one head
            query = query.reshape(rows, self.kv_heads, -1, self.head_size)
        with torch.autocast(x.device.type, enabled=False):
            bias = sight.of(self.window)
            bias = bias if bias is None else bias.to(query.dtype)
            mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=bias, scale=self.scale)
        mixed = mixed.reshape(rows, self.heads, new, self.head_size).transpose(1, 2)
        return self.dense(mixed.reshape(rows, new, -1).to(x.dtype))

    def split(self, fused: Tensor, sight: Sight) -> tuple[Tensor, Tensor, Tensor]:
        """Queries [rows, new, heads, size], keys and values [rows, new, key heads, size] of all, [rows, new, sizes]."""
        rows, new, _ = fused.shape
        if self.interleaved:
            query, key, value = fused.view(rows, new, self.heads, 3, self.head_size).unbind(3)
            return query, key, value
        heads = fused.view(rows, new, -1, self.head_size)
        query, key, value = heads.split((self.heads, self.kv_heads, self.kv_heads), 2)
        if self.has_norms:
            query, key = self.query_norm(query), self.key_norm(key)
        if sight.rotation is not None:
            query, key = turn(query, sight.rotation), turn(key, sight.rotation)
        return query, key, value


class MLP(nn.Module):
    """Two linear layers with an activation between them, or three where it is gated."""

    def __init__(self, config: NetworkConfig):
        super().__init__()
        self.gated, self.activation = config.gated, ACTIVATIONS[config.activation]
        wide = config.intermediate_size * (2 if config.gated else 1)
        self.dense_h_to_4h = Linear(config.hidden_size, wide, bias=config.mlp_bias)
        self.dense_4h_to_h = Linear(config.intermediate_size, config.hidden_size, bias=config.mlp_bias)

    def forward(self, x: Tensor) -> Tensor:
        """[..., hidden] -> [..., hidden]."""
        wide = self.dense_h_to_4h(x)
        if not self.gated:
            return self.dense_4h_to_h(self.activation(wide))
        gate, up = wide.chunk(2, -1)
        return self.dense_4h_to_h(self.activation(gate) * up)


class Block(nn.Module):
    """One layer. `layer` is its number, the place of its keys and values in a cache."""

    def __init__(self, config: NetworkConfig, layer: int):
        super().__init__()
        self.input_layernorm = norm_of(config)
        self.self_attention = Attention(config, layer)
        self.post_attention_layernorm = norm_of(config)
        self.mlp = MLP(config)

    def forward(self, x: Tensor, sight: Sight, cache: Cache | None = None) -> Tensor:
        """Hidden states [rows, new, hidden] -> the same, one layer on; sight is that of these queries."""
        x = x + self.self_attention(self.input_layernorm(x), sight, cache)
        return x + self.mlp(self.post_attention_layernorm(x))


class DecoderOnly(nn.Module):
    """A network that says what comes next. Parameter names are BLOOM's own; others' are translated while loading.

    h     the layers
    ln_f  the last norm
    """

    def __init__(self, config: NetworkConfig):
        super().__init__()
        self.config = config
        self.word_embeddings: Embedding | Rows = Embedding(config.vocab_size, config.hidden_size)
        if config.embeddings_norm:
            self.word_embeddings_layernorm = norm_of(config)
        if config.positions == "learned":
            self.position_embeddings = Embedding(config.max_positions or 0, config.hidden_size)
        self.h: Modules[Block] = Modules(Block(config, layer) for layer in range(config.num_layers))
        self.ln_f = norm_of(config)
        # The output layer, where it is not the word embeddings: weights of its own, or packed ones.
        self.head: nn.Module | None = None
        if not config.tied:
            self.head = Linear(config.hidden_size, config.vocab_size, bias=False)
        # What packed weights bring along: whether a row of a batch comes out the same to the last bit whatever the
        # other rows are, and what keys and values are kept in (None: as all else).
        self.rows_are_independent = False
        self.cache_dtype: torch.dtype | None = None
        # The decoding step recorded on a GPU, by rows and capacity, and whether that GPU refused: see cuda_graphs.py.
        self.recorded: dict = {}
        self.cannot_record = False

    def _apply(self, fn, recurse=True):
        """What moves weights to another device or dtype (torch calls it) makes a recorded step worthless."""
        self.recorded.clear()
        return super()._apply(fn, recurse)

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return self.ln_f.weight.device

    @property
    def dtype(self) -> torch.dtype:
        """What it computes in."""
        return self.ln_f.weight.dtype

    @property
    def output_weight(self) -> Tensor:
        """The output layer's weights [vocab, hidden], its own or the word embeddings; not of packed networks."""
        return self.head.weight if isinstance(self.head, Linear) else self.word_embeddings.weight

    def new_cache(self, rows: int, length: int) -> Cache:
        """An empty cache for `rows` sequences of at most `length` positions, on the network's device.

        In the network's dtype, or in bfloat16 where packed weights have no more digits either."""
        config, dtype = self.config, self.cache_dtype or self.dtype
        shape = (config.num_layers, rows, config.num_kv_heads, length, config.head_size)
        keys, values = (torch.empty(shape, dtype=dtype, device=self.device) for _ in range(2))
        return Cache(keys, values)

    def forward(self, tokens: Tensor, cache: Cache | None = None, padding: Tensor | None = None) -> Tensor:
        """Last hidden states [rows, new, hidden] of tokens int64 [rows, new].

        With a cache the tokens continue what it holds and are added to it. Padding on the right needs no word: what
        comes after a row's end does not change what is before it.

        padding  int64 [rows]: how many tokens of padding each row begins with. They are not seen, and places are
                 counted from behind them: a row is what it would be alone.

        Raises ValueError for more tokens than the network has positions.
        """
        start = cache.length if cache is not None else 0
        end = start + tokens.shape[1]
        if self.config.max_positions is not None and end > self.config.max_positions:
            raise ValueError(f"{end} tokens are more than the {self.config.max_positions} this network can hold")
        places = torch.arange(start, end, device=tokens.device)
        own = places if padding is None else (places - padding[:, None]).clamp(min=0)
        x = self.embed(tokens, own)
        sight = self.sight(places, end, x.dtype if cache is None else cache.seen, padding, end - start == 1)
        for block in self.h:
            x = block(x, sight, cache)
        if cache is not None:
            cache.length = end
        return self.ln_f(x)

    def logits(self, hidden: Tensor) -> Tensor:
        """Scores of every word of the vocabulary: [..., hidden] -> [..., vocab]."""
        return F.linear(hidden, self.word_embeddings.weight) if self.head is None else self.head(hidden)

    def embed(self, tokens: Tensor, places: Tensor | None) -> Tensor:
        """What goes into the first layer, [rows, new, hidden]: tokens int64 [rows, new] at places int64 [new] or
        [rows, new], counted from a row's own beginning; None will do where positions are not learned."""
        x = self.word_embeddings(tokens)
        if self.config.embeddings_norm:
            x = self.word_embeddings_layernorm(x)
        if self.config.positions == "learned" and places is not None:
            x = x + self.position_embeddings(places)
        return x

    def sight(
        self, places: Tensor, keys: int, dtype: torch.dtype, padding: Tensor | None = None, is_last: bool = False
    ) -> Sight:
        """What the layers need to know of queries at `places`; arguments as those of bias().

        is_last  there is one query, at the place of the last key: where it sees all keys alike no bias is needed
        """
        config, new = self.config, len(places)
        group = config.num_heads // config.num_kv_heads
        plain = is_last and padding is None and config.positions != "alibi"

        def folded(window: int | None) -> Tensor | None:
            if plain and (window is None or keys <= window):
                return None
            bias = self.bias(places, keys, dtype, padding, window)
            if group == 1:
                return bias
            shared = bias.expand(-1, config.num_heads if bias.shape[1] > 1 else group, -1, -1)
            return shared.reshape(len(bias), -1, group * new, keys)

        own = places if padding is None else (places - padding[:, None]).clamp(min=0)
        windows = set(config.windows or (None,))
        turned_by = None
        if config.rotary is not None:
            cosines, sines = rotation(config.rotary, config.head_size, own)
            turned_by = cosines.unsqueeze(-3), sines.unsqueeze(-3)
        return Sight(
            folded(None) if None in windows else None,
            {window: folded(window) for window in windows if window is not None},
            turned_by,
        )

    def bias(
        self,
        places: Tensor,
        keys: int,
        dtype: torch.dtype,
        padding: Tensor | None = None,
        window: int | None = None,
    ) -> Tensor:
        """What is added to attention scores, [rows or 1, heads or 1, new, keys].

        places   int64 [new]: where the queries are
        keys     how many keys there are, from place 0 on
        padding  int64 [rows]: how many places each row begins with that are none, or None. They see themselves alone.
        window   how many places back a query sees, itself included; None is all of them

        ALiBi (Press et al. 2022) is written relative to the query, slope * (key - query), never positive: softmax does
        not see the difference to BLOOM's slope * key, but near keys keep their precision in 16-bit floats.
        """
        distance = torch.arange(keys, device=places.device) - places[:, None]
        unseen = distance > 0
        if window is not None:
            unseen = unseen | (distance <= -window)
        if padding is not None:
            is_padding = torch.arange(keys, device=places.device) < padding[:, None, None, None]
            unseen = unseen | (is_padding & (distance != 0))
        heads = self.config.num_heads if self.config.positions == "alibi" else 0
        bias = distance * _slopes(heads, places.device)[:, None, None]
        return bias[None].masked_fill(unseen, -math.inf).to(dtype)
