"""T5: an encoder that reads a text and a decoder that answers it, with relative positions (Raffel et al. 2020).

Parameters carry the names of transformers' T5ForConditionalGeneration, so that a checkpoint folder (config.json and
safetensors) is read as it is. Both shapes that are published are here: T5 1.0 (a plain MLP, the output layer is the
word embeddings) and T5 1.1 and Flan-T5 (a gated MLP, an output layer of its own).

Decoding knows nothing of an encoder: `Reading` is what the decoder of a network is once a text has been read, and to
`generate` it is a network like any other, whose prompt is the token that every answer starts from.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor, nn
from torch.nn import functional as F

from ..files import read_json
from ..request import is_number, is_whole
from .network import Cache, Embedding, Linear
from .weights import weight_files

LIMITS = {
    "vocab_size": 1_000_000,
    "hidden_size": 65_536,
    "head_size": 65_536,
    "intermediate_size": 262_144,
    "encoder_layers": 1_000,
    "num_layers": 1_000,
    "num_heads": 1_024,
    "buckets": 65_536,
    "farthest": 1_000_000,
}
# feed_forward_proj in config.json: whether the MLP is gated, and its activation.
MLPS = {
    "relu": (False, F.relu),
    "gated-gelu": (True, partial(F.gelu, approximate="tanh")),
    "gated-silu": (True, F.silu),
}


@dataclass(frozen=True)
class T5Config:
    """Shape of a T5.

    num_layers   of the decoder, beside those of the encoder: it is the decoder that has a cache
    buckets      how many distances the relative positions tell apart, and the farthest of them, in tokens
    mlp          a name in MLPS
    tied         the output layer is the word embeddings, and what goes into it is scaled by hidden_size ** -0.5
    start        the token that every answer starts from
    """

    vocab_size: int
    hidden_size: int
    head_size: int
    intermediate_size: int
    encoder_layers: int
    num_layers: int
    num_heads: int
    buckets: int = 32
    farthest: int = 128
    norm_epsilon: float = 1e-6
    mlp: str = "relu"
    tied: bool = True
    eos_token_id: int = 1
    pad_token_id: int = 0
    start: int = 0
    max_positions: int | None = None  # relative positions have no end

    def __post_init__(self):
        for name, most in LIMITS.items():
            value = getattr(self, name)
            if not is_whole(value, least=1) or value > most:
                raise ValueError(f"config.json: {name} must be a whole number from 1 to {most:,}, not {value!r}")
        if self.buckets < 4 or self.buckets % 4 or self.farthest <= self.buckets // 2:
            raise ValueError(
                f"config.json: {self.buckets} buckets of relative positions cannot reach {self.farthest} tokens"
            )
        if not is_number(self.norm_epsilon) or not 0 < self.norm_epsilon < 1:
            raise ValueError(
                f"config.json: layer_norm_epsilon must be a number between 0 and 1, not {self.norm_epsilon!r}"
            )
        if self.mlp not in MLPS:
            raise ValueError(f"config.json: feed_forward_proj {self.mlp!r} is not supported, only {', '.join(MLPS)}")
        for name in ("eos_token_id", "pad_token_id", "start"):
            if not is_whole(getattr(self, name), least=0) or getattr(self, name) >= self.vocab_size:
                raise ValueError(
                    f"config.json: {name} {getattr(self, name)!r} is not a token of a {self.vocab_size}-word vocabulary"
                )

    @property
    def ends(self) -> tuple[int, ...]:
        """The tokens that end an answer."""
        return (self.eos_token_id,)

    @property
    def key_value_size(self) -> int:
        """Numbers of a position's keys in a layer, and of its values: what a cache holds."""
        return self.num_heads * self.head_size


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


class Norm(nn.Module):
    """x / sqrt(mean(x**2) + epsilon) * weight, over the last dimension."""

    def __init__(self, config: T5Config):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(config.hidden_size))
        self.epsilon = config.norm_epsilon

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, self.weight.shape, self.weight, self.epsilon)


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
        """What queries of x [rows, new, hidden] see in keys and values; those of a single row are there for all."""
        query = self.heads(self.q(x))
        keys, values = keys.expand(len(x), -1, -1, -1), values.expand(len(x), -1, -1, -1)
        mixed = F.scaled_dot_product_attention(query, keys, values, attn_mask=bias, scale=1.0)
        return self.o(mixed.transpose(1, 2).flatten(2))


class MLP(nn.Module):
    def __init__(self, config: T5Config):
        super().__init__()
        gated, self.activation = MLPS[config.mlp]
        for name in ("wi_0", "wi_1") if gated else ("wi",):
            setattr(self, name, Linear(config.hidden_size, config.intermediate_size, bias=False))
        self.wo = Linear(config.intermediate_size, config.hidden_size, bias=False)
        self.gated = gated

    def forward(self, x: Tensor) -> Tensor:
        if self.gated:
            return self.wo(self.activation(self.wi_0(x)) * self.wi_1(x))
        return self.wo(self.activation(self.wi(x)))


class Sublayer(nn.Module):
    """A norm and what comes behind it, under the name that the checkpoints have for it."""

    def __init__(self, config: T5Config, name: str, inner: nn.Module):
        super().__init__()
        self.layer_norm = Norm(config)
        setattr(self, name, inner)


class Block(nn.Module):
    """One layer: attention, in a decoder also to what the encoder read, and an MLP."""

    def __init__(self, config: T5Config, decodes: bool, is_first: bool):
        super().__init__()
        parts = [Sublayer(config, "SelfAttention", Attention(config, is_first))]
        parts += [Sublayer(config, "EncDecAttention", Attention(config, False))] if decodes else []
        self.layer = nn.ModuleList([*parts, Sublayer(config, "DenseReluDense", MLP(config))])

    @property
    def attention(self) -> Attention:
        return self.layer[0].SelfAttention

    def mlp(self, x: Tensor) -> Tensor:
        last = self.layer[-1]
        return x + last.DenseReluDense(last.layer_norm(x))


class Stack(nn.Module):
    """The layers of the encoder or of the decoder."""

    def __init__(self, config: T5Config, decodes: bool):
        super().__init__()
        self.config, self.decodes = config, decodes
        layers = config.num_layers if decodes else config.encoder_layers
        self.block = nn.ModuleList(Block(config, decodes, layer == 0) for layer in range(layers))
        self.final_layer_norm = Norm(config)

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
        if not config.tied:
            self.lm_head = Linear(config.hidden_size, config.vocab_size, bias=False)

    @property
    def device(self) -> torch.device:
        return self.shared.weight.device

    @property
    def dtype(self) -> torch.dtype:
        return self.shared.weight.dtype

    def encode(self, tokens: Tensor) -> Tensor:
        """What the encoder makes of tokens int64 [rows, positions], all of which count: [rows, positions, hidden]."""
        x = self.shared(tokens)
        bias = self.encoder.bias(0, tokens.shape[1])
        for block in self.encoder.block:
            part = block.layer[0]
            seen = part.layer_norm(x)
            x = block.mlp(x + block.attention.mix(seen, *block.attention.keys_and_values(seen), bias))
        return self.encoder.final_layer_norm(x)

    @torch.inference_mode()
    def read(self, tokens: list[int]) -> Reading:
        """The decoder, once the encoder has read a text; its answers start from [config.start]."""
        states = self.encode(torch.tensor([tokens], dtype=torch.int64, device=self.device))
        crossed = [block.layer[1].EncDecAttention.keys_and_values(states) for block in self.decoder.block]
        return Reading(self, crossed)

    def logits(self, hidden: Tensor) -> Tensor:
        """Scores of every word of the vocabulary: [..., hidden] -> [..., vocab]."""
        if self.config.tied:
            return F.linear(hidden * self.config.hidden_size**-0.5, self.shared.weight)
        return self.lm_head(hidden)


class Reading(nn.Module):
    """A text that was read, and the decoder that answers it: to `generate`, a network.

    crossed  for each layer of the decoder, keys and values of what was read, [1, heads, positions, size]
    """

    rows_are_independent = False
    plain_steps = True  # neither flat on a CPU nor recorded on a GPU

    def __init__(self, network: T5, crossed: list[tuple[Tensor, Tensor]]):
        super().__init__()
        self.network, self.crossed, self.config = network, crossed, network.config

    def new_cache(self, rows: int, length: int) -> Cache:
        """An empty cache for `rows` answers of at most `length` tokens."""
        config, like = self.config, self.network.shared.weight
        shape = (config.num_layers, rows, config.num_heads, length, config.head_size)
        return Cache(like.new_empty(shape), like.new_empty(shape))

    def forward(self, tokens: Tensor, cache: Cache) -> Tensor:
        """Last hidden states [rows, new, hidden] of tokens int64 [rows, new], which continue what the cache holds."""
        decoder, end = self.network.decoder, cache.length + tokens.shape[1]
        x, bias = self.network.shared(tokens), decoder.bias(cache.length, end)
        for number, block in enumerate(decoder.block):
            seen = block.layer[0].layer_norm(x)
            keys, values = cache.append(number, *block.attention.keys_and_values(seen))
            x = x + block.attention.mix(seen, keys, values, bias)
            across = block.layer[1]
            x = x + across.EncDecAttention.mix(across.layer_norm(x), *self.crossed[number], None)
            x = block.mlp(x)
        cache.length = end
        return decoder.final_layer_norm(x)

    def logits(self, hidden: Tensor) -> Tensor:
        return self.network.logits(hidden)


def read_t5_config(folder: Path) -> T5Config:
    """The shape of the T5 in a checkpoint folder. Raises ValueError that names the file and the field."""
    path = Path(folder) / "config.json"
    raw = read_json(path)
    if raw.get("model_type") != "t5":
        raise ValueError(f"{path}: model_type {raw.get('model_type')!r} is not t5")
    defaults = {"relative_attention_num_buckets": 32, "relative_attention_max_distance": 128}
    defaults |= {"layer_norm_epsilon": 1e-6, "feed_forward_proj": "relu", "tie_word_embeddings": True}
    defaults |= {"eos_token_id": 1, "pad_token_id": 0, "num_decoder_layers": raw.get("num_layers")}
    raw = {**defaults, **{name: value for name, value in raw.items() if value is not None}}
    try:
        return T5Config(
            vocab_size=raw.get("vocab_size"),
            hidden_size=raw.get("d_model"),
            head_size=raw.get("d_kv"),
            intermediate_size=raw.get("d_ff"),
            encoder_layers=raw.get("num_layers"),
            num_layers=raw["num_decoder_layers"],
            num_heads=raw.get("num_heads"),
            buckets=raw["relative_attention_num_buckets"],
            farthest=raw["relative_attention_max_distance"],
            norm_epsilon=raw["layer_norm_epsilon"],
            mlp=raw["feed_forward_proj"],
            tied=bool(raw.get("scale_decoder_outputs", raw["tie_word_embeddings"])),
            eos_token_id=raw["eos_token_id"],
            pad_token_id=raw["pad_token_id"],
            start=raw.get("decoder_start_token_id", raw["pad_token_id"]),
        )
    except ValueError as error:
        raise ValueError(str(error).replace("config.json", str(path), 1)) from error


def load_t5(folder: Path, dtype: torch.dtype = torch.float32, device: str | torch.device = "cpu") -> T5:
    """Read a T5 checkpoint folder (config.json and safetensors), ready for inference.

    Every shape is checked against config.json from the file headers before a tensor is read. Raises ValueError or
    FileNotFoundError that name the file and what is wrong with it.
    """
    with torch.device("meta"):
        network = T5(read_t5_config(folder))
    expected = {name: tuple(parameter.shape) for name, parameter in network.named_parameters()}
    weights: dict[str, Tensor] = {}
    for path in weight_files(folder):
        weights |= read_tensors(path, expected, dtype, device)
    missing = sorted(expected.keys() - weights.keys())
    if missing:
        raise ValueError(f"{folder}: {len(missing)} tensors are missing from the weights, first {missing[0]!r}")
    network.load_state_dict(weights, assign=True)
    return network.eval().requires_grad_(False)


# The word embeddings, which files also hold under the names of both stacks.
SHARED = {"encoder.embed_tokens.weight": "shared.weight", "decoder.embed_tokens.weight": "shared.weight"}


def read_tensors(
    path: Path, expected: dict[str, tuple[int, ...]], dtype: torch.dtype, device: str | torch.device
) -> dict[str, Tensor]:
    """The parameters that a file holds, of the expected shapes. Raises ValueError for others."""
    found = {}
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            for stored in file.keys():
                name = SHARED.get(stored, stored)
                if name not in expected:
                    continue
                header = file.get_slice(stored)
                if tuple(header.get_shape()) != expected[name]:
                    raise ValueError(
                        f"{path}: {stored} has shape {tuple(header.get_shape())}, config.json says {expected[name]}"
                    )
                if header.get_dtype() not in ("F64", "F32", "F16", "BF16"):
                    raise ValueError(
                        f"{path}: {stored} is stored as {header.get_dtype()}; quantized weights do not work here"
                    )
                found[name] = file.get_tensor(stored).to(device=device, dtype=dtype)
    except ValueError:
        raise
    except Exception as error:  # safetensors raises its own class, and OSError, for a damaged file
        raise ValueError(f"{path} cannot be read as safetensors ({error}): download or copy it again") from error
    return found
