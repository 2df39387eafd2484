"""The decoding step on a GPU, in as few kernels as there can be.

What DecoderOnly.forward computes for one token a row, written without modules. Of a small network most of a step is
kernels of two microseconds that each read a few kilobytes: so norms, rotations and residuals are joined, and what is
the same in every layer is computed once a step. Shapes are the same at every position: see cuda_graphs.py.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .cache import PlacedCache
from .network import ACTIVATIONS, Block, DecoderOnly


class GpuSteps:
    """Next-token scores of a network, with one row of the cache a sequence."""

    def __init__(self, network: DecoderOnly):
        self.network, self.config = network, network.config
        self.scales = [self.config.scale_of(layer) for layer in range(self.config.num_layers)]
        self.norms = stacked_norms(network) if self.config.query_key_norm else None

    def __call__(self, tokens: Tensor, cache: PlacedCache) -> Tensor:
        """Scores float32 [rows, vocabulary] after tokens int64 [rows, 1] at cache.place, where keys and values are
        added to the cache."""
        network, config = self.network, self.config
        activation = ACTIVATIONS[config.activation]
        x = network.embed(tokens, cache.place)[:, 0]
        sight = network.sight(cache.place, cache.capacity, cache.seen)
        turns = self.turns(sight.rotation, x.dtype)
        for layer, block in enumerate(network.h):
            query, key, value = self.split(block, block.input_layernorm(x), None if turns is None else turns[layer])
            keys, values = cache.append(layer, key[:, :, None], value[:, :, None])
            bias = sight.of(config.window_of(layer))
            mixed = F.scaled_dot_product_attention(query, keys, values, attn_mask=bias, scale=self.scales[layer])
            x = added(block.self_attention.dense, mixed.reshape(len(x), -1), x)
            wide = block.mlp.dense_h_to_4h(block.post_attention_layernorm(x))
            if config.gated:
                gate, up = wide.chunk(2, -1)
                wide = activation(gate).mul_(up)
            else:
                wide = activation(wide)
            x = added(block.mlp.dense_4h_to_h, wide, x)
        return network.logits(network.ln_f(x)).float()

    def turns(self, turned_by: tuple[Tensor, Tensor] | None, dtype: torch.dtype) -> Tensor | None:
        """What heads of queries and keys are multiplied with, as they are and with their halves exchanged: the rotation
        at this place and the weights of their norms in one. [layers, 2, heads and key heads or 1, 2, size / 2] or None.

        turned_by  as a Sight has it
        """
        if turned_by is None:
            return self.norms
        both = torch.stack(turned_by)[:, 0]  # [2, 1, 2, size / 2]
        both = both.expand(self.config.num_layers, -1, -1, -1, -1) if self.norms is None else self.norms * both
        return both.to(dtype)

    def split(self, block: Block, x: Tensor, turned_by: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Queries [rows, key heads, queries that share one, size], keys and values [rows, key heads, size] of hidden
        states [rows, hidden], turned by what turns() has for this layer."""
        config, attention = self.config, block.self_attention
        heads, shared, size = config.num_heads, config.num_kv_heads, config.head_size
        fused = attention.query_key_value(x)
        if config.interleaved:
            query, key, value = fused.view(len(x), heads, 3, size).unbind(2)
            return query[:, :, None], key, value
        fused = fused.view(len(x), -1, size)
        value, both = fused[:, heads + shared :], fused
        if self.norms is not None:  # of values, too: what is whole needs no copy
            both = F.rms_norm(both, (size,), None, attention.query_norm.epsilon)
        both = both[:, : heads + shared]
        if turned_by is not None:
            halves = both.unflatten(-1, (2, -1))
            both = torch.addcmul(halves * turned_by[0], halves.flip(-2), turned_by[1]).flatten(-2)
        return both[:, :heads].reshape(len(x), shared, -1, size), both[:, heads:], value


def stacked_norms(network: DecoderOnly) -> Tensor:
    """The weights of the norms of queries and keys, as they are and with their halves exchanged: float32 [layers, 2,
    heads and key heads, 2, size / 2]."""
    config, layers = network.config, []
    for block in network.h:
        query, key = block.self_attention.query_norm.weight, block.self_attention.key_norm.weight
        whole = torch.cat((query.expand(config.num_heads, -1), key.expand(config.num_kv_heads, -1)))
        halves = whole.float().unflatten(-1, (2, -1))
        layers.append(torch.stack((halves, halves.flip(-2))))
    return torch.stack(layers)


def added(layer: nn.Module, x: Tensor, residual: Tensor) -> Tensor:
    """layer(x) + residual, [rows, out]; the residual may be written over."""
    if isinstance(layer, nn.Linear) and layer.bias is None:
        return residual.addmm_(x, layer.weight.t())
    return layer(x).add_(residual)
