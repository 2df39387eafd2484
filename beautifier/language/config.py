"""The shape of a decoder-only network: its sizes and how it is built. What a config.json is read into."""

from __future__ import annotations

from dataclasses import dataclass

from ..request import is_number, is_whole
from .rotary import Rotary

# Larger than any published network of these kinds; a config beyond these is a mistake or an attack, and is refused
# before memory is taken for it.
LIMITS = {
    "vocab_size": 1_000_000,
    "hidden_size": 65_536,
    "num_layers": 1_000,
    "num_heads": 1_024,
    "intermediate_size": 262_144,
}
MOST_POSITIONS = 100_000_000
ACTIVATIONS = ("gelu_tanh", "gelu", "gelu_10", "silu", "relu", "quick_gelu", "mish", "tanh")


@dataclass(frozen=True)
class NetworkConfig:
    """Shape of a network. How it is built is BLOOM's unless said otherwise: training from random weights makes one.

    architecture           whose checkpoints it is read from and written to: a name in ARCHITECTURES
    intermediate_size      width inside the MLP
    max_positions          None where the weights have no limit built in (ALiBi)
    eos_token_id           ends an answer; None where no token does
    stop_token_ids         further tokens that end one
    pad_token_id           fills rows up; it is never read

    positions              "alibi", "learned", or "rotary" (`rotary` then says how)
    norm                   "layer" (mean and variance, with a bias) or "rms" (root mean square)
    activation             of the MLP: a name in ACTIVATIONS
    gated                  the MLP is activation(gate) * up, gate and up in one matrix, in this order
    interleaved            query, key and value lie head by head, else all queries, all keys, all values
    num_kv_heads           heads of keys and values, each for as many query heads; 0 is num_heads
    head_size              0 is hidden_size / num_heads
    tied                   the output layer is the word embeddings; else it has weights of its own
    embeddings_norm        a norm follows the word embeddings
    query_key_norm         an RMS norm over each head of queries and keys
    query_key_value_bias, dense_bias, mlp_bias   which linear layers have a bias
    windows                how many positions back each layer sees, itself included; None is all of them in every layer
    attention_scale        attention scores are multiplied by it; None is head_size ** -0.5
    scaled_by_layer        and divided by the layer's number, the first being 1
    """

    architecture: str
    vocab_size: int
    hidden_size: int
    num_layers: int
    num_heads: int
    intermediate_size: int
    max_positions: int | None = None
    norm_epsilon: float = 1e-5
    eos_token_id: int | None = 0
    pad_token_id: int = 0
    stop_token_ids: tuple[int, ...] = ()
    positions: str = "alibi"
    rotary: Rotary | None = None
    norm: str = "layer"
    activation: str = "gelu_tanh"
    gated: bool = False
    interleaved: bool = True
    num_kv_heads: int = 0
    head_size: int = 0
    tied: bool = True
    embeddings_norm: bool = True
    query_key_norm: bool = False
    query_key_value_bias: bool = True
    dense_bias: bool = True
    mlp_bias: bool = True
    windows: tuple[int | None, ...] | None = None
    attention_scale: float | None = None
    scaled_by_layer: bool = False

    def __post_init__(self):
        for name, most in LIMITS.items():
            check_size(name, getattr(self, name), most)
        if self.max_positions is not None or self.positions == "learned":
            check_size("max_positions", self.max_positions, MOST_POSITIONS)
        if self.head_size == 0:
            if self.hidden_size % self.num_heads:
                raise ValueError(
                    f"config.json: hidden_size {self.hidden_size} cannot be divided among {self.num_heads} heads"
                )
            object.__setattr__(self, "head_size", self.hidden_size // self.num_heads)
        if self.num_kv_heads == 0:
            object.__setattr__(self, "num_kv_heads", self.num_heads)
        check_size("head_size", self.head_size, LIMITS["hidden_size"])
        check_size("num_kv_heads", self.num_kv_heads, self.num_heads)
        if self.num_heads % self.num_kv_heads:
            raise ValueError(
                f"config.json: {self.num_heads} heads cannot share {self.num_kv_heads} heads of keys and values"
            )
        if self.positions == "rotary" and (self.rotary is None or self.head_size % 2):
            raise ValueError(
                f"config.json: heads of {self.head_size} numbers cannot be rotated: an even size is needed"
            )
        if not is_number(self.norm_epsilon) or not 0 < self.norm_epsilon < 1:
            raise ValueError(
                "config.json: the norms' epsilon (layer_norm_epsilon, rms_norm_eps) must be a number between 0 and 1, "
                f"not {self.norm_epsilon!r}"
            )
        for name in ("eos_token_id", "pad_token_id", "stop_token_ids"):
            check_tokens(name, getattr(self, name), self.vocab_size)
        for window in self.windows or ():
            check_size("sliding_window", 1 if window is None else window, MOST_POSITIONS)
        if self.windows is not None and len(self.windows) != self.num_layers:
            raise ValueError(f"config.json: {len(self.windows)} windows do not fit {self.num_layers} layers")

    @property
    def ends(self) -> tuple[int, ...]:
        """The tokens that end an answer."""
        first = () if self.eos_token_id is None else (self.eos_token_id,)
        return (*first, *self.stop_token_ids)

    @property
    def query_key_value_sizes(self) -> tuple[int, int, int]:
        """Numbers of the queries, of the keys and of the values of a position in a layer."""
        return self.num_heads * self.head_size, self.key_value_size, self.key_value_size

    @property
    def key_value_size(self) -> int:
        """Numbers of a position's keys in a layer, and of its values: what a cache holds."""
        return self.num_kv_heads * self.head_size

    @property
    def num_weights(self) -> int:
        """How many numbers all weights are."""
        hidden, inner, fused = self.hidden_size, self.intermediate_size, sum(self.query_key_value_sizes)
        wide = (2 if self.gated else 1) * inner
        norm = (2 if self.norm == "layer" else 1) * hidden
        matrices = hidden * (fused + self.num_heads * self.head_size + wide + inner)
        biases = fused * self.query_key_value_bias + hidden * self.dense_bias + (wide + hidden) * self.mlp_bias
        block = matrices + biases + 2 * norm + 2 * self.head_size * self.query_key_norm
        around = self.vocab_size * hidden * (1 if self.tied else 2) + norm * (1 + self.embeddings_norm)
        places = (self.max_positions or 0) * hidden if self.positions == "learned" else 0
        return around + places + self.num_layers * block

    def scale_of(self, layer: int) -> float | None:
        """What the attention scores of a layer are multiplied by; None is head_size ** -0.5."""
        if not self.scaled_by_layer:
            return self.attention_scale
        return (self.head_size**-0.5 if self.attention_scale is None else self.attention_scale) / (layer + 1)

    def window_of(self, layer: int) -> int | None:
        """How many positions back a layer sees, itself included; None is all of them."""
        return None if self.windows is None else self.windows[layer]


def check_size(name: str, value: object, most: int) -> None:
    """Raise ValueError unless a field of config.json is a whole number from 1 to `most`."""
    if not is_whole(value, least=1) or value > most:
        raise ValueError(f"config.json: {name} must be a whole number from 1 to {most:,}, not {value!r}")


def check_tokens(name: str, value: object, vocab_size: int) -> None:
    """Raise ValueError unless a field of config.json is a token of the vocabulary, or several."""
    tokens = value if isinstance(value, tuple) else () if value is None and name == "eos_token_id" else (value,)
    for token in tokens:
        if not is_whole(token, least=0) or token >= vocab_size:
            raise ValueError(f"config.json: {name} {token!r} is not a token of a {vocab_size}-word vocabulary")
