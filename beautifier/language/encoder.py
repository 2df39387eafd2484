"""An encoder that reads a text in both directions (BERT-shaped): its states say what a text means.

The parameters carry the names of transformers' BertModel, so that a checkpoint folder (config.json,
model.safetensors, tokenizer.json) is read as it is, and written so that transformers reads it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class EncoderConfig:
    """Sizes of an encoder, by the names of config.json."""

    vocab_size: int
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    intermediate_size: int
    max_position_embeddings: int
    type_vocab_size: int = 2
    layer_norm_eps: float = 1e-12

    def __post_init__(self):
        if self.hidden_size % self.num_attention_heads:
            raise ValueError(
                f"hidden_size {self.hidden_size} is not a multiple of num_attention_heads {self.num_attention_heads}"
            )


class Embeddings(nn.Module):
    """Token, position and segment embeddings, summed and normalised."""

    def __init__(self, config: EncoderConfig):
        super().__init__()
        self.word_embeddings = nn.Embedding(config.vocab_size, config.hidden_size)
        self.position_embeddings = nn.Embedding(config.max_position_embeddings, config.hidden_size)
        self.token_type_embeddings = nn.Embedding(config.type_vocab_size, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(self, tokens: Tensor, segments: Tensor) -> Tensor:
        """States [rows, positions, width] of tokens and segments, both int64 [rows, positions]."""
        places = torch.arange(tokens.shape[1], device=tokens.device)
        states = self.word_embeddings(tokens) + self.position_embeddings(places) + self.token_type_embeddings(segments)
        return self.LayerNorm(states)


class Layer(nn.Module):
    """Attention over all positions, then a two-layer MLP with GELU; the sum is normalised after each (post-norm)."""

    def __init__(self, config: EncoderConfig):
        super().__init__()
        width = config.hidden_size
        self.heads = config.num_attention_heads
        self.attention = nn.ModuleDict(
            {
                "self": nn.ModuleDict({name: nn.Linear(width, width) for name in ("query", "key", "value")}),
                "output": nn.ModuleDict(
                    {"dense": nn.Linear(width, width), "LayerNorm": nn.LayerNorm(width, eps=config.layer_norm_eps)}
                ),
            }
        )
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(width, config.intermediate_size)})
        self.output = nn.ModuleDict(
            {
                "dense": nn.Linear(config.intermediate_size, width),
                "LayerNorm": nn.LayerNorm(width, eps=config.layer_norm_eps),
            }
        )

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """States [rows, positions, width] -> the same shape; mask [rows, 1, 1, positions] is True where to look."""
        query, key, value = (
            self.attention["self"][name](states).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for name in ("query", "key", "value")
        )
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=mask).transpose(1, 2).flatten(2)
        attended = self.attention["output"]
        states = attended["LayerNorm"](attended["dense"](mixed) + states)
        changed = self.output["dense"](F.gelu(self.intermediate["dense"](states)))
        return self.output["LayerNorm"](changed + states)


class Encoder(nn.Module):
    """The whole network, as in Devlin et al. 2019 (arXiv 1810.04805), without the pooler."""

    def __init__(self, config: EncoderConfig):
        super().__init__()
        self.config = config
        self.embeddings = Embeddings(config)
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(Layer(config) for _ in range(config.num_hidden_layers))})

    def forward(self, tokens: Tensor, lengths: Tensor, segments: Tensor | None = None) -> Tensor:
        """States [rows, positions, width] of tokens int64 [rows, positions], padded on the right.

        lengths   int64 [rows]: how many positions of each row are text
        segments  int64 [rows, positions]: 0 for the first text, 1 for the second; None is all 0
        """
        read = torch.arange(tokens.shape[1], device=tokens.device) < lengths[:, None]
        states = self.embeddings(tokens, torch.zeros_like(tokens) if segments is None else segments)
        for layer in self.encoder["layer"]:
            states = layer(states, read[:, None, None])
        return states


def mean_state(states: Tensor, lengths: Tensor) -> Tensor:
    """The mean of each row's states over its text: [rows, positions, width] -> [rows, width]."""
    read = (torch.arange(states.shape[1], device=states.device) < lengths[:, None])[..., None]
    return (states * read).sum(1) / lengths[:, None]


def read_encoder_config(path: Path) -> EncoderConfig:
    """The sizes in a config.json. Raises ValueError for one that is no BERT-shaped encoder."""
    values = json.loads(path.read_text(encoding="utf-8"))
    if values.get("model_type") != "bert" or values.get("hidden_act", "gelu") != "gelu":
        raise ValueError(f"{path} is not of a BERT-shaped encoder with GELU: model_type {values.get('model_type')!r}")
    names = EncoderConfig.__dataclass_fields__
    return EncoderConfig(**{name: values[name] for name in names if name in values})
