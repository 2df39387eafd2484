"""The decoder-only network of every checkpoint: BLOOM (ALiBi) or GPT-2 (learned positions), with a static KV cache.

One small module covers both architectures, so decoding and training are written once. Weights are read straight
from safetensors, memory-mapped: a tensor that already has the wanted dtype and device is not copied.
"""

import json
import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor, nn
from torch.nn import functional as F

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
# Bytes; the index of the largest published BLOOM has a few hundred thousand.
LARGEST_JSON = 16_000_000


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


def check_inside(path: Path) -> None:
    """Raise ValueError for a file that is a link out of its folder: a checkpoint may not reach for other files."""
    try:
        inside = path.resolve().parent == path.parent.resolve()
    except (OSError, RuntimeError):  # a link that goes round
        inside = False
    if not inside:
        raise ValueError(f"{path} is a link out of its folder: put the file itself there")


def read_json(path: Path) -> dict:
    """The JSON object in a file of a checkpoint folder. Raises ValueError where there is none, FileNotFoundError
    where there is no file."""
    check_inside(path)
    try:
        if path.stat().st_size > LARGEST_JSON:
            raise ValueError(f"it has more than {LARGEST_JSON:,} bytes")
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(raw, dict):
        raise ValueError(f"{path} must hold one JSON object, not a {type(raw).__name__}")
    return raw


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


# GPT-2's names for what the network calls by BLOOM's; its Conv1D weights are stored [in, out].
GPT2_NAMES = {
    "wte": "word_embeddings",
    "wpe": "position_embeddings",
    "ln_1": "input_layernorm",
    "attn.c_attn": "self_attention.query_key_value",
    "attn.c_proj": "self_attention.dense",
    "ln_2": "post_attention_layernorm",
    "mlp.c_fc": "mlp.dense_h_to_4h",
    "mlp.c_proj": "mlp.dense_4h_to_h",
}


def canonical_name(name: str, architecture: str) -> str | None:
    """The network's parameter name for a checkpoint's tensor name; None for tensors it does not need
    (the tied output layer, the causal masks that old GPT-2 files carry)."""
    name = name.removeprefix("transformer.")
    if name == "lm_head.weight" or name.endswith((".attn.bias", ".attn.masked_bias")):
        return None
    if architecture == "gpt2":
        head, _, kind = name.rpartition(".")
        stem = head.split(".", 2)
        inner = stem[2] if stem[0] == "h" and len(stem) == 3 else head
        name = f"{head[: len(head) - len(inner)]}{GPT2_NAMES.get(inner, inner)}.{kind}"
    return name


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a checkpoint folder, whole or sharded. Raises FileNotFoundError when one is missing,
    ValueError when one is outside the folder, by the index or by a link."""
    folder = Path(folder)
    index = folder / "model.safetensors.index.json"
    names = _indexed_names(index) if index.exists() else ["model.safetensors"]
    for name in names:
        if not (folder / name).exists():
            raise FileNotFoundError(f"{folder} has no {name}: it is no checkpoint, or a download is incomplete")
        check_inside(folder / name)
    return [folder / name for name in names]


def _indexed_names(index: Path) -> list[str]:
    """The names of the shards that an index speaks of."""
    weight_map = read_json(index).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise ValueError(f"{index} is not a safetensors index: it has no weight_map")
    for name in weight_map.values():
        if not isinstance(name, str) or Path(name).name != name or not name.endswith(".safetensors"):
            raise ValueError(f"{index} names {name!r}: shards must be safetensors files in the same folder")
    return sorted(set(weight_map.values()))


def load_network(folder: Path, dtype: torch.dtype = torch.float32, device: str | torch.device = "cpu") -> DecoderOnly:
    """Read a BLOOM or GPT-2 checkpoint folder (config.json and safetensors), ready for inference.

    Every shape is checked against config.json from the file headers before a tensor is read. Raises ValueError or
    FileNotFoundError that name the file and what is wrong with it.
    """
    config = read_config(folder)
    network = empty_network(config)
    weights = {}
    for path, tensors in stored_weights(folder, network).items():
        with safe_open(path, framework="pt", device="cpu") as file:
            for name, stored in tensors.items():
                weights[name] = as_used(file.get_tensor(stored), name, config).to(device=device, dtype=dtype)
    network.load_state_dict(weights, assign=True)
    return network.eval().requires_grad_(False)


def empty_network(config: NetworkConfig) -> "DecoderOnly":
    """A network without weights: all its parameters are on the meta device."""
    with torch.device("meta"):
        return DecoderOnly(config)


def stored_weights(folder: Path, network: "DecoderOnly") -> dict[Path, dict[str, str]]:
    """The files of a checkpoint folder, and for each the parameters in it by name and what they are called there.

    Only headers are read. Raises ValueError or FileNotFoundError, as load_network does.
    """
    expected = {name: tuple(parameter.shape) for name, parameter in network.named_parameters()}
    files = {path: _tensors_in(path, network.config.architecture, expected) for path in weight_files(folder)}
    missing = sorted(expected.keys() - set().union(*files.values()))
    if missing:
        raise ValueError(f"{folder}: {len(missing)} tensors are missing from the weights, first {missing[0]!r}")
    return files


def as_used(tensor: Tensor, name: str, config: NetworkConfig) -> Tensor:
    """A stored tensor in the orientation of the network's parameter of that name; a view."""
    return tensor.t() if _is_flipped(name, config.architecture) else tensor


def _is_flipped(name: str, architecture: str) -> bool:
    """Whether a weight is stored as [in, out]: those of GPT-2's attention and MLP."""
    linear = name.endswith(".weight") and ("attention." in name or "mlp." in name)
    return architecture == "gpt2" and linear


def _tensors_in(path: Path, architecture: str, expected: dict[str, tuple]) -> dict[str, str]:
    """The parameters that a file holds, by name, and what they are called there. Only its header is read.

    Raises ValueError for a shape that is not the expected one, or numbers that are no floats.
    """
    tensors = {}
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            for stored in file.keys():
                name = canonical_name(stored, architecture)
                if name not in expected:
                    continue
                header = file.get_slice(stored)
                shape, dtype = tuple(header.get_shape()), header.get_dtype()
                if (shape[::-1] if _is_flipped(name, architecture) else shape) != expected[name]:
                    raise ValueError(f"{path}: {stored} has shape {shape}, config.json says {expected[name]}")
                if dtype not in ("F64", "F32", "F16", "BF16"):
                    raise ValueError(f"{path}: {stored} is stored as {dtype}; quantized weights do not work here")
                tensors[name] = stored
    except ValueError:
        raise
    except Exception as error:  # safetensors raises its own class, and OSError, for a damaged file
        raise ValueError(f"{path} cannot be read as safetensors ({error}): download or copy it again") from error
    return tensors
