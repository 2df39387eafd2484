"""An encoder that reads a text in both directions (BERT-shaped): its states say what a text means.

The parameters carry the names of transformers' BertModel, so that a checkpoint folder (config.json,
model.safetensors, tokenizer.json) is read as it is, and written so that transformers reads it. They have no first
values: whoever makes a network gives it some.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .modules import Embedding, Linear, Modules


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
        self.word_embeddings = Embedding(config.vocab_size, config.hidden_size)
        self.position_embeddings = Embedding(config.max_position_embeddings, config.hidden_size)
        self.token_type_embeddings = Embedding(config.type_vocab_size, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(self, tokens: Tensor, segments: Tensor) -> Tensor:
        """States [rows, positions, width] of tokens and segments, both int64 [rows, positions]."""
        places = torch.arange(tokens.shape[1], device=tokens.device)
        states = self.word_embeddings(tokens) + self.position_embeddings(places) + self.token_type_embeddings(segments)
        return self.LayerNorm(states)


class Projections(nn.Module):
    """Queries, keys and values of states."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.query, self.key, self.value = (Linear(width, width) for _ in range(3))
        self.heads = heads

    def forward(self, states: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """[rows, positions, width] -> three of [rows, heads, positions, width / heads]."""
        query, key, value = (
            part(states).unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in (self.query, self.key, self.value)
        )
        return query, key, value


class Added(nn.Module):
    """A linear layer whose result is added to the states it was made of; the sum is normalised (post-norm)."""

    def __init__(self, config: EncoderConfig, wide: int):
        super().__init__()
        self.dense = Linear(wide, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(self, made: Tensor, states: Tensor) -> Tensor:
        """[rows, positions, wide] and [rows, positions, width] -> [rows, positions, width]."""
        return self.LayerNorm(self.dense(made) + states)


class Attention(nn.Module):
    """Every position sees all positions of its text."""

    def __init__(self, config: EncoderConfig):
        super().__init__()
        self.self = Projections(config.hidden_size, config.num_attention_heads)
        self.output = Added(config, config.hidden_size)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """States [rows, positions, width] -> the same shape; mask [rows, 1, 1, positions] is True where to look."""
        query, key, value = self.self(states)
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=mask).transpose(1, 2).flatten(2)
        return self.output(mixed, states)


class Widened(nn.Module):
    """The first layer of the MLP, with GELU."""

    def __init__(self, config: EncoderConfig):
        super().__init__()
        self.dense = Linear(config.hidden_size, config.intermediate_size)

    def forward(self, states: Tensor) -> Tensor:
        """[rows, positions, width] -> [rows, positions, wide]."""
        return F.gelu(self.dense(states))


class Layer(nn.Module):
    """Attention over all positions, then a two-layer MLP. Parameters have BERT's names."""

    def __init__(self, config: EncoderConfig):
        super().__init__()
        self.attention = Attention(config)
        self.intermediate = Widened(config)
        self.output = Added(config, config.intermediate_size)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """States [rows, positions, width] -> the same shape; mask [rows, 1, 1, positions] is True where to look."""
        states = self.attention(states, mask)
        return self.output(self.intermediate(states), states)


class Layers(nn.Module):
    """All layers, under BERT's name for them."""

    def __init__(self, config: EncoderConfig):
        super().__init__()
        self.layer: Modules[Layer] = Modules(Layer(config) for _ in range(config.num_hidden_layers))

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """States [rows, positions, width] -> the same shape; mask [rows, 1, 1, positions] is True where to look."""
        for layer in self.layer:
            states = layer(states, mask)
        return states


class Encoder(nn.Module):
    """The whole network, as in Devlin et al. 2019 (arXiv 1810.04805), without the pooler."""

    def __init__(self, config: EncoderConfig):
        super().__init__()
        self.config = config
        self.embeddings = Embeddings(config)
        self.encoder = Layers(config)

    def forward(self, tokens: Tensor, lengths: Tensor, segments: Tensor | None = None) -> Tensor:
        """States [rows, positions, width] of tokens int64 [rows, positions], padded on the right.

        lengths   int64 [rows]: how many positions of each row are text
        segments  int64 [rows, positions]: 0 for the first text, 1 for the second; None is all 0
        """
        read = torch.arange(tokens.shape[1], device=tokens.device) < lengths[:, None]
        states = self.embeddings(tokens, torch.zeros_like(tokens) if segments is None else segments)
        return self.encoder(states, read[:, None, None])


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
