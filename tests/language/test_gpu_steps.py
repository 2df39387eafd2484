"""The step for a GPU says what the network says, whatever the network is built of; on a CPU, where it runs as well."""

import pytest
import torch

from prompt_beautifier.beautifier.language.cache import PlacedCache
from prompt_beautifier.beautifier.language.config import NetworkConfig
from prompt_beautifier.beautifier.language.gpu_steps import GpuSteps
from prompt_beautifier.beautifier.language.network import DecoderOnly
from prompt_beautifier.beautifier.language.rotary import Rotary

LLAMA = {
    "positions": "rotary",
    "rotary": Rotary(),
    "norm": "rms",
    "activation": "silu",
    "gated": True,
    "interleaved": False,
    "embeddings_norm": False,
    "tied": False,
    "query_key_value_bias": False,
    "dense_bias": False,
    "mlp_bias": False,
}
BUILT = {
    "bloom": {},
    "gpt2": {"positions": "learned", "max_positions": 32, "interleaved": False, "embeddings_norm": False},
    "gpt2, scaled by layer": {
        "positions": "learned",
        "max_positions": 32,
        "interleaved": False,
        "scaled_by_layer": True,
    },
    "llama": LLAMA,
    "llama, shared keys": LLAMA | {"num_kv_heads": 2},
    "qwen2": LLAMA | {"num_kv_heads": 2, "query_key_value_bias": True, "windows": (None, 4, 9)},
    "qwen3": LLAMA | {"num_kv_heads": 2, "query_key_norm": True, "head_size": 12},
    "qwen3, biases": LLAMA | {"query_key_norm": True, "dense_bias": True, "mlp_bias": True},
}


@pytest.mark.parametrize("built", BUILT)
@torch.inference_mode()
def test_steps_are_those_of_the_network(built):
    torch.manual_seed(4)
    network = DecoderOnly(NetworkConfig("bloom", 90, 32, 3, 4, 48, **BUILT[built])).eval()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, mean=float(parameter.dim() == 1), std=0.2)
    tokens = torch.randint(0, 90, (2, 20))
    expected = network.logits(network(tokens))
    prompt = network.new_cache(2, 5)
    network(tokens[:, :5], prompt)
    placed = PlacedCache(network.new_cache(2, 24))
    placed.begin(prompt)
    steps = GpuSteps(network)
    for place in range(5, 20):
        found = steps(tokens[:, place, None], placed)
        torch.testing.assert_close(found, expected[:, place], atol=1e-4, rtol=1e-4)
        placed.place.add_(1)
