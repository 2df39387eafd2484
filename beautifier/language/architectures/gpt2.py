"""GPT-2 (Radford et al. 2019): learned positions; all queries, all keys, all values; matrices stored as [in, out]."""

from ..config import NetworkConfig
from .architecture import Architecture, Fields, activation, is_tied, refuse, renamed, special_tokens


def read(raw: Fields) -> NetworkConfig:
    """The shape of a GPT-2 from the fields of its config.json."""
    refuse(raw, pruned_heads={})
    raw = renamed(
        raw,
        hidden_size="n_embd",
        num_hidden_layers="n_layer",
        num_attention_heads="n_head",
        max_position_embeddings="n_positions",
    )
    hidden = raw.get("n_embd", 768)
    return NetworkConfig(
        architecture="gpt2",
        vocab_size=raw.get("vocab_size", 50257),
        hidden_size=hidden,
        num_layers=raw.get("n_layer", 12),
        num_heads=raw.get("n_head", 12),
        intermediate_size=raw.get("n_inner") or (4 * hidden if isinstance(hidden, int) else hidden),
        max_positions=raw.get("n_positions", raw.get("n_ctx", 1024)),
        norm_epsilon=raw.get("layer_norm_epsilon", 1e-5),
        positions="learned",
        activation=activation(raw, "activation_function", "gelu_new"),
        interleaved=False,
        embeddings_norm=False,
        tied=is_tied(raw, True),
        attention_scale=None if raw.get("scale_attn_weights", True) else 1.0,
        scaled_by_layer=bool(raw.get("scale_attn_by_inverse_layer_idx", False)),
        **special_tokens({"vocab_size": 50257, **raw}, 50256),
    )


NAMES = {
    "word_embeddings": "wte",
    "position_embeddings": "wpe",
    "input_layernorm": "ln_1",
    "self_attention.query_key_value": "attn.c_attn",
    "self_attention.dense": "attn.c_proj",
    "post_attention_layernorm": "ln_2",
    "mlp.dense_h_to_4h": "mlp.c_fc",
    "mlp.dense_4h_to_h": "mlp.c_proj",
    "head": "lm_head",
}
FLIPPED = frozenset(module for module in NAMES if module.startswith(("self_attention.", "mlp.")))

GPT2 = Architecture(read, prefix="transformer.", names=NAMES, flipped=FLIPPED)
