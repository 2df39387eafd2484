"""The decoding step on a CPU, with as few calls into torch as there can be.

What DecoderOnly.forward says of one more token a row, said again flat: for a small network most of a step is what a
call costs before it begins to calculate, and all views of the cache can be had once for all layers.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from .network import Cache


class CpuSteps:
    """What a network says after each token: a row of its cache for every line of text.

    network  a DecoderOnly on the CPU
    cache    what the rows have read so far, with room for what they will write
    """

    def __init__(self, network, cache: Cache):
        config = network.config
        self.network, self.cache = network, cache
        self.heads, self.head_size = config.num_heads, config.head_size
        self.is_bloom = config.architecture == "bloom"
        self.layers = [parts_of(block) for block in network.h]
        self.normed = network.ln_f.weight, network.ln_f.bias
        # What is added for the last place's query is added for every other one, too: it tells how far back a key is.
        last = torch.tensor([cache.capacity - 1])
        bias = network._attention_bias(last, cache.capacity, torch.float32)[0]  # [heads or 1, 1, capacity]
        self.bias = bias.repeat(cache.rows, 1, 1) if self.is_bloom else bias

    def __call__(self, tokens: Tensor) -> Tensor:
        """Scores float32 [rows, vocabulary] after tokens int64 [rows]."""
        cache, rows, size = self.cache, len(tokens), self.head_size
        shape, epsilon = (self.network.config.hidden_size,), self.network.config.layer_norm_epsilon
        norm, scale = torch.layer_norm, size**-0.5
        # [rows * heads, positions, head size] of every layer: what was read and the place of what comes.
        keys, values, end = cache.keys.flatten(1, 2), cache.values.flatten(1, 2), cache.length + 1
        new_keys, new_values = keys[:, :, cache.length].unbind(0), values[:, :, cache.length].unbind(0)
        seen_keys, seen_values = keys[:, :, :end].transpose(2, 3).unbind(0), values[:, :, :end].unbind(0)
        bias = self.bias[: rows * self.heads, :, cache.capacity - end :]
        x = self.network._embed(tokens, None if self.is_bloom else torch.tensor([cache.length]))
        for layer, (before, query_key_value, dense, after, widen, narrow) in enumerate(self.layers):
            fused = query_key_value(norm(x, shape, *before, epsilon, False))
            if not self.is_bloom:  # all queries, all keys, all values: BLOOM has them head by head
                fused = fused.view(rows, 3, self.heads, size).transpose(1, 2).reshape(rows, -1)
            query, key, value = fused.view(-1, 3, size).unbind(1)
            new_keys[layer].copy_(key)
            new_values[layer].copy_(value)
            query, near = query.float().unsqueeze(1), seen_keys[layer].float()
            weights = torch.baddbmm(bias, query, near, alpha=scale).softmax(-1)
            mixed = torch.bmm(weights, seen_values[layer].float()).view(rows, -1)
            x = dense(mixed.to(x.dtype)).add_(x)
            wide = F.gelu(widen(norm(x, shape, *after, epsilon, False)), approximate="tanh")
            x = narrow(wide).add_(x)
        cache.length = end
        return self.network.logits(norm(x, shape, *self.normed, epsilon, False)).float()

    def reorder(self, rows: Tensor) -> None:
        """Row i becomes what row rows[i] is (int64 [any number of rows, not above those there were])."""
        self.cache = self.cache.reorder(rows)


def parts_of(block) -> tuple:
    """The two norms (weight and bias) and four products of a Block, in the order in which they are used."""
    first, second = block.input_layernorm, block.post_attention_layernorm
    attention, mlp = block.self_attention, block.mlp
    return (
        (first.weight, first.bias),
        attention.query_key_value.forward,
        attention.dense.forward,
        (second.weight, second.bias),
        mlp.dense_h_to_4h.forward,
        mlp.dense_4h_to_h.forward,
    )
