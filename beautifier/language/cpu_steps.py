"""The decoding step on a CPU, with as few calls into torch as there can be.

The same computation as DecoderOnly.forward for one token a row, written without modules: for a small network most of a
step is what a call costs before it begins to calculate, and all views of the cache can be had once for all layers.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .cache import Cache
from .network import ACTIVATIONS, DecoderOnly
from .rotary import rotation, turn


class CpuSteps:
    """Next-token scores, with one row of the cache a sequence.

    network  on the CPU
    cache    what the rows have read so far, with room for what they will write
    """

    def __init__(self, network: DecoderOnly, cache: Cache):
        self.network, self.cache, self.config = network, cache, network.config
        self.layers = [parts_of(block) for block in network.h]
        self.last_norm = norm_parts(network.ln_f)
        # What is added for the last place's query is added for every other one, too: it tells how far back a key is.
        last = torch.tensor([cache.capacity - 1])
        windows = set(self.config.windows or (None,))
        self.biases = {window: self._bias(last, window) for window in windows}

    def _bias(self, last: Tensor, window: int | None) -> Tensor:
        """[rows * key heads or 1, query heads a key head or 1, capacity]."""
        cache = self.cache
        bias = self.network.bias(last, cache.capacity, torch.float32, window=window)[0]  # [heads or 1, 1, capacity]
        if len(bias) == 1:
            return bias
        return bias.view(self.config.num_kv_heads, -1, cache.capacity).repeat(cache.rows, 1, 1)

    def __call__(self, tokens: Tensor) -> Tensor:
        """Scores float32 [rows, vocabulary] after tokens int64 [rows]."""
        config, cache, rows = self.config, self.cache, len(tokens)
        size, shared = config.head_size, config.num_kv_heads
        place = torch.tensor([cache.length])
        # [rows * key heads, positions, head size] of every layer: what was read and the place of what comes.
        keys, values, end = cache.keys.flatten(1, 2), cache.values.flatten(1, 2), cache.length + 1
        new_keys, new_values = keys[:, :, cache.length].unbind(0), values[:, :, cache.length].unbind(0)
        seen_keys, seen_values = keys[:, :, :end].transpose(2, 3).unbind(0), values[:, :, :end].unbind(0)
        biases = {window: bias[: rows * shared, :, cache.capacity - end :] for window, bias in self.biases.items()}
        turned_by = None if config.rotary is None else rotation(config.rotary, size, place)
        activation, gated = ACTIVATIONS[config.activation], config.gated
        x = self.network.embed(tokens, place)
        for layer, (before, query_key_value, norms, dense, after, widen, narrow) in enumerate(self.layers):
            scale = config.scale_of(layer) or size**-0.5
            query, key, value = self._split(query_key_value(normed(x, before)), norms, turned_by)
            new_keys[layer].copy_(key)
            new_values[layer].copy_(value)
            near = seen_keys[layer].float()
            weights = torch.baddbmm(biases[config.window_of(layer)], query.float(), near, alpha=scale).softmax(-1)
            mixed = torch.bmm(weights, seen_values[layer].float()).view(rows, -1)
            x = dense(mixed.to(x.dtype)).add_(x)
            wide = widen(normed(x, after))
            if gated:
                gate, up = wide.chunk(2, -1)
                wide = activation(gate).mul_(up)
            else:
                wide = activation(wide)
            x = narrow(wide).add_(x)
        cache.length = end
        return self.network.logits(normed(x, self.last_norm)).float()

    def _split(self, fused: Tensor, norms: tuple | None, turned_by: tuple | None) -> tuple[Tensor, Tensor, Tensor]:
        """Queries [rows * key heads, queries that share one, size] and keys and values [rows * key heads, size] of
        what a layer's first product gave, [rows, all of them]."""
        config, rows = self.config, len(fused)
        heads, shared, size = config.num_heads, config.num_kv_heads, config.head_size
        if config.interleaved:
            query, key, value = fused.view(-1, 3, size).unbind(1)
            return query.unsqueeze(1), key, value
        fused = fused.view(rows, -1, size)
        both, value = fused[:, : heads + shared], fused[:, heads + shared :]
        if norms is not None:
            query_norm, key_norm = norms
            both = torch.cat((normed(both[:, :heads], query_norm), normed(both[:, heads:], key_norm)), 1)
        if turned_by is not None:
            both = turn(both, turned_by)
        query = both[:, :heads].reshape(rows * shared, -1, size)
        return query, both[:, heads:].reshape(-1, size), value.reshape(-1, size)

    def reorder(self, rows: Tensor) -> None:
        """Row i becomes what row rows[i] is (int64 [any number of rows, not above those there were])."""
        self.cache = self.cache.reorder(rows)


def normed(x: Tensor, norm: tuple) -> Tensor:
    """x through a norm, given as norm_parts() has it."""
    shape, weight, bias, epsilon = norm
    if bias is None:
        return torch.rms_norm(x, shape, weight, epsilon)
    return torch.layer_norm(x, shape, weight, bias, epsilon, False)


def norm_parts(norm) -> tuple:
    """Shape, weight, bias (None for an RMS norm) and epsilon of a norm."""
    bias = getattr(norm, "bias", None)
    return tuple(norm.weight.shape), norm.weight, bias, norm.epsilon if bias is None else norm.eps


def parts_of(block) -> tuple:
    """The norms and the products of a Block, in the order in which they are used."""
    attention, mlp = block.self_attention, block.mlp
    norms = (norm_parts(attention.query_norm), norm_parts(attention.key_norm)) if attention.has_norms else None
    return (
        norm_parts(block.input_layernorm),
        attention.query_key_value.forward,
        norms,
        attention.dense.forward,
        norm_parts(block.post_attention_layernorm),
        mlp.dense_h_to_4h.forward,
        mlp.dense_4h_to_h.forward,
    )
