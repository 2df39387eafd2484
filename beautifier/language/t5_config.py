"""The shape of a T5: its sizes, and how they are read from a config.json."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..files import read_json
from ..request import is_number, is_whole
from .architectures.architecture import ABSENT

T5_TYPE = "t5"  # the model_type of its config.json
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
# feed_forward_proj in config.json: whether the MLP is gated, and its activation, a name of network.ACTIVATIONS.
MLPS = {"relu": (False, "relu"), "gated-gelu": (True, "gelu_tanh"), "gated-silu": (True, "silu")}


@dataclass(frozen=True)
class T5Config:
    """Shape of a T5.

    num_layers   of the decoder, beside those of the encoder: it is the decoder that has a cache
    buckets      how many distances the relative positions tell apart, and the farthest of them, in tokens
    mlp          a name in MLPS
    tied         the output layer is the word embeddings; else it has weights of its own
    scaled       what goes into the output layer is scaled by hidden_size ** -0.5
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
    scaled: bool = True
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


def read_t5_config(folder: Path) -> T5Config:
    """The shape of the T5 in a checkpoint folder. Raises ValueError that names the file and the field."""
    path = Path(folder) / "config.json"
    raw = read_json(path)
    if raw.get("model_type") != T5_TYPE:
        raise ValueError(f"{path}: model_type {raw.get('model_type')!r} is not {T5_TYPE}")
    defaults: dict[str, Any] = {"relative_attention_num_buckets": 32, "relative_attention_max_distance": 128}
    defaults |= {"layer_norm_epsilon": 1e-6, "feed_forward_proj": "relu", "tie_word_embeddings": True}
    defaults |= {"eos_token_id": 1, "pad_token_id": 0, "num_decoder_layers": raw.get("num_layers")}
    raw = {**defaults, **{name: value for name, value in raw.items() if value is not None}}
    try:
        return T5Config(
            vocab_size=raw.get("vocab_size", ABSENT),
            hidden_size=raw.get("d_model", ABSENT),
            head_size=raw.get("d_kv", ABSENT),
            intermediate_size=raw.get("d_ff", ABSENT),
            encoder_layers=raw.get("num_layers", ABSENT),
            num_layers=raw["num_decoder_layers"],
            num_heads=raw.get("num_heads", ABSENT),
            buckets=raw["relative_attention_num_buckets"],
            farthest=raw["relative_attention_max_distance"],
            norm_epsilon=raw["layer_norm_epsilon"],
            mlp=raw["feed_forward_proj"],
            tied=bool(raw["tie_word_embeddings"]),
            scaled=bool(raw.get("scale_decoder_outputs", raw["tie_word_embeddings"])),
            eos_token_id=raw["eos_token_id"],
            pad_token_id=raw["pad_token_id"],
            start=raw.get("decoder_start_token_id", raw["pad_token_id"]),
        )
    except ValueError as error:
        raise ValueError(str(error).replace("config.json", str(path), 1)) from error
