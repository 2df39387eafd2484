"""The decoding step on a CPU, with as few calls into torch as there can be.

The same computation as DecoderOnly.forward for one token a row, written without modules: for a small network most of a
step is what a call costs before it begins to calculate, and all views of the cache can be had once for all layers.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .cache import Cache
from .modules import Norm, RMSNorm
from .network import ACTIVATIONS, Block, DecoderOnly
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
        # [rows, key heads, positions, head size] of every layer: what was read and the place of what comes.
        new_keys, new_values = (part[:, :, :, cache.length].unbind(0) for part in (cache.keys, cache.values))
        end = cache.length + 1
        seen_keys = cache.keys.flatten(1, 2)[:, :, :end].transpose(2, 3).unbind(0)
        seen_values = cache.values.flatten(1, 2)[:, :, :end].unbind(0)
        biases = {window: bias[: rows * shared, :, cache.capacity - end :] for window, bias in self.biases.items()}
        turned_by = None if config.rotary is None else rotation(config.rotary, size, place)
        activation, gated = ACTIVATIONS[config.activation], config.gated
        x = self.network.embed(tokens, place)
        for layer, (before, query_key_value, both_norms, dense, after, widen, narrow) in enumerate(self.layers):
            scale = config.scale_of(layer) or size**-0.5
            query, key, value = self._split(query_key_value(normed(x, before)), both_norms, turned_by)
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

    def _split(self, fused: Tensor, both_norms: tuple | None, turned_by: tuple | None) -> tuple[Tensor, Tensor, Tensor]:
        """Queries [rows * key heads, queries that share one, size] and keys and values [rows, key heads, size] of what
        a layer's first product gave, [rows, all of them]."""
        config, rows = self.config, len(fused)
        heads, shared, size = config.num_heads, config.num_kv_heads, config.head_size
        if config.interleaved:
            query, key, value = fused.view(rows, heads, 3, size).unbind(2)
            return query.view(-1, 1, size), key, value
        fused = fused.view(rows, -1, size)
        both, value = fused[:, : heads + shared], fused[:, heads + shared :]
        if both_norms is not None:
            both = normed(both, both_norms)
        if turned_by is not None:
            both = turn(both, turned_by)
        return both[:, :heads].reshape(rows * shared, -1, size), both[:, heads:], value

    def reorder(self, rows: Tensor) -> None:
        """Row i becomes what row rows[i] is (int64 [any number of rows, not above those there were])."""
        self.cache = self.cache.reorder(rows)


def normed(x: Tensor, norm: tuple) -> Tensor:
    """x [..., size] through a norm, given as norm_parts() has it."""
    weight, bias, least, shape = norm
    if bias is not None:
        return torch.layer_norm(x, shape, weight, bias, least, False)
    # RMSNorm in fewer calls: sqrt(mean(x**2) + epsilon) is sqrt(|x|**2 + size * epsilon) / sqrt(size).
    length = torch.linalg.vector_norm(x, dim=-1, keepdim=True, dtype=torch.float32)
    return (x / torch.hypot(length, least)).mul_(weight).to(x.dtype)


def norm_parts(norm: Norm) -> tuple:
    """Weight, bias, epsilon and shape of a LayerNorm; of an RMSNorm what normed() makes of them, and no bias."""
    shape = tuple(norm.weight.shape)
    if isinstance(norm, RMSNorm):
        size = shape[-1]
        return norm.weight.float() * size**0.5, None, torch.tensor((size * norm.epsilon) ** 0.5), shape
    return norm.weight, norm.bias, norm.eps, shape


def parts_of(block: Block) -> tuple:
    """The norms and the products of a Block, in the order in which they are used."""
    attention, mlp = block.self_attention, block.mlp
    both_norms = None
    if attention.has_norms:  # over queries and keys at once, each head with its weights
        query, *rest = norm_parts(attention.query_norm)
        key = norm_parts(attention.key_norm)[0]
        both_norms = (torch.stack((query,) * attention.heads + (key,) * attention.kv_heads), *rest)
    return (
        norm_parts(block.input_layernorm),
        attention.query_key_value.forward,
        both_norms,
        attention.dense.forward,
        norm_parts(block.post_attention_layernorm),
        mlp.dense_h_to_4h.forward,
        mlp.dense_4h_to_h.forward,
    )
