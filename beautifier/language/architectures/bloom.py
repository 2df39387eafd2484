"""BLOOM (Le Scao et al. 2022, arXiv 2211.05100): ALiBi, a norm behind the embeddings, q, k and v head by head.

The network's own names of its parameters are BLOOM's.
"""

from ..config import NetworkConfig
from .architecture import ABSENT, Architecture, Fields, is_tied, refuse, special_tokens


def read(raw: Fields) -> NetworkConfig:
    """The shape of a BLOOM from the fields of its config.json."""
    refuse(raw, apply_residual_connection_post_layernorm=False)
    if raw.get("pretraining_tp", 1) != 1:  # its slower sum, of slices, leaves the biases out
        refuse(raw, slow_but_exact=False)
    hidden = raw.get("hidden_size", ABSENT) if raw.get("n_embed") is None else raw["n_embed"]
    return NetworkConfig(
        architecture="bloom",
        vocab_size=raw.get("vocab_size", ABSENT),
        hidden_size=hidden,
        num_layers=raw.get("n_layer", raw.get("num_hidden_layers", ABSENT)),
        num_heads=raw.get("n_head", raw.get("num_attention_heads", ABSENT)),
        intermediate_size=4 * hidden if isinstance(hidden, int) else hidden,
        norm_epsilon=raw.get("layer_norm_epsilon", 1e-5),
        tied=is_tied(raw, True),
        **special_tokens(raw, 2),
    )


BLOOM = Architecture(read, prefix="transformer.", names={"head": "lm_head"})
