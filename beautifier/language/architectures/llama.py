"""Llama 2 and 3, SmolLM2, Mistral, Qwen2.5 and Qwen3: RMS norms, rotary positions, a gated MLP, shared keys and values.

Touvron et al. 2023 (arXiv 2307.09288), Jiang et al. 2023 (arXiv 2310.06825), Yang et al. 2025 (arXiv 2505.09388).
"""

from collections.abc import Mapping
from typing import Any

from ...request import is_number
from ..config import NetworkConfig
from ..rotary import Rotary
from .architecture import ABSENT, Architecture, Fields, activation, is_tied, refuse, special_tokens

# What a field that config.json leaves out stands for, where that differs.
DEFAULTS: dict[str, dict[str, Any]] = {
    "llama": {"eos_token_id": 2, "max_position_embeddings": 2048},
    "mistral": {
        "eos_token_id": 2,
        "num_key_value_heads": 8,
        "max_position_embeddings": 131_072,
        "sliding_window": 4096,
        "use_sliding_window": True,
        "max_window_layers": 0,
    },
    "qwen2": {"eos_token_id": None, "max_position_embeddings": 32_768, "sliding_window": 4096, "max_window_layers": 28},
    "qwen3": {
        "eos_token_id": None,
        "head_dim": 128,
        "max_position_embeddings": 32_768,
        "sliding_window": 4096,
        "max_window_layers": 28,
    },
}


KINDS_OF_LAYERS = ("full_attention", "sliding_attention")


def read(raw: Fields) -> NetworkConfig:
    """The shape of a Llama, Mistral, Qwen2 or Qwen3 from the fields of its config.json."""
    kind = raw["model_type"]
    raw = {**DEFAULTS[kind], **raw}
    refuse(raw, partial_rotary_factor=1.0, use_mrope=False)
    biased = bool(raw.get("attention_bias", False)) and kind in ("llama", "qwen3")
    return NetworkConfig(
        architecture=kind,
        vocab_size=raw.get("vocab_size", ABSENT),
        hidden_size=raw.get("hidden_size", ABSENT),
        num_layers=raw.get("num_hidden_layers", ABSENT),
        num_heads=raw.get("num_attention_heads", ABSENT),
        num_kv_heads=raw.get("num_key_value_heads") or 0,
        head_size=raw.get("head_dim") or 0,
        intermediate_size=raw.get("intermediate_size", ABSENT),
        max_positions=raw["max_position_embeddings"],
        norm_epsilon=raw.get("rms_norm_eps", 1e-6),
        positions="rotary",
        rotary=rotary(raw),
        norm="rms",
        activation=activation(raw, "hidden_act", "silu"),
        gated=True,
        interleaved=False,
        embeddings_norm=False,
        query_key_norm=kind == "qwen3",
        query_key_value_bias=biased or kind == "qwen2",
        dense_bias=biased,
        mlp_bias=kind == "llama" and bool(raw.get("mlp_bias", False)),
        windows=windows(raw),
        tied=is_tied(raw, False),
        **special_tokens(raw, None),
    )


def rotary(raw: Fields) -> Rotary:
    """How positions turn, of rope_parameters (transformers 5) or rope_theta and rope_scaling (before)."""
    given = raw.get("rope_parameters") or raw.get("rope_scaling") or {}
    if not isinstance(given, Mapping):
        raise ValueError(f"config.json: rope_scaling must be an object, not {given!r}")
    refuse(given, partial_rotary_factor=1.0)
    base = given.get("rope_theta", raw.get("rope_theta") or 10_000.0)
    kind = given.get("rope_type", given.get("type")) or "default"
    positions = given.get("original_max_position_embeddings", raw["max_position_embeddings"])
    numbers: dict[str, Any] = {"rope_theta": base}
    if kind in ("linear", "llama3"):
        numbers["factor"] = given.get("factor")
    if kind == "llama3":
        fields = ("low_freq_factor", "high_freq_factor")
        numbers |= {name: given.get(name) for name in fields} | {"original_max_position_embeddings": positions}
    elif kind not in ("default", "linear"):
        raise ValueError(f"config.json: rope_scaling of type {kind!r} is not supported, only linear and llama3")
    for name, value in numbers.items():
        if not is_number(value) or value <= 0:
            raise ValueError(f"config.json: {name} must be a number above 0, not {value!r}")
    long_only = None
    if kind == "llama3":
        long_only = float(given["low_freq_factor"]), float(given["high_freq_factor"]), float(positions)
        if long_only[0] >= long_only[1]:
            raise ValueError(
                f"config.json: low_freq_factor {long_only[0]} must be below high_freq_factor {long_only[1]}"
            )
    return Rotary(float(base), float(numbers.get("factor", 1.0)), long_only)


def windows(raw: Fields) -> tuple[int | None, ...] | None:
    """How far back each layer sees; None where all see everything."""
    window, layers, kinds = raw.get("sliding_window"), raw.get("num_hidden_layers"), raw.get("layer_types")
    if kinds is not None and not (isinstance(kinds, list) and all(kind in KINDS_OF_LAYERS for kind in kinds)):
        raise ValueError(f"config.json: layer_types {kinds!r} is not supported, only sliding_ and full_attention")
    can_slide = raw.get("use_sliding_window", False) and raw["model_type"] != "llama"
    if not can_slide or window is None or not isinstance(layers, int):
        return None
    if kinds is None:
        first = raw["max_window_layers"]
        return tuple(window if layer >= first else None for layer in range(layers))
    return tuple(window if kind == "sliding_attention" else None for kind in kinds)


LLAMA = Architecture(
    read,
    prefix="model.",
    layers="layers",
    names={
        "word_embeddings": "embed_tokens",
        "self_attention.query_key_value": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
        "self_attention.query_norm": "self_attn.q_norm",
        "self_attention.key_norm": "self_attn.k_norm",
        "self_attention.dense": "self_attn.o_proj",
        "mlp.dense_h_to_4h": ("mlp.gate_proj", "mlp.up_proj"),
        "mlp.dense_4h_to_h": "mlp.down_proj",
        "ln_f": "norm",
        "head": "lm_head",
    },
)
