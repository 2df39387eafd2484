"""Llama, Mistral, Qwen2.5 and Qwen3: logits, greedy and beams as in transformers, whatever a config.json says."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from prompt_beautifier.beautifier.language.network import DecoderOnly
from prompt_beautifier.beautifier.language.rotary import Rotary
from prompt_beautifier.beautifier.language.weights import as_stored

from . import published

transformers = pytest.importorskip("transformers", reason="transformers is what the network is compared with")

KINDS = {"llama": "Llama", "mistral": "Mistral", "qwen2": "Qwen2", "qwen3": "Qwen3"}
SIZES = {
    "vocab_size": published.VOCABULARY,
    "hidden_size": 48,
    "intermediate_size": 72,
    "num_hidden_layers": 3,
    "num_attention_heads": 6,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
    "initializer_range": 0.2,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
LLAMA3 = {"rope_type": "llama3", "rope_theta": 500.0, "factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
VARIANTS = [
    ("llama", {}),
    ("llama", {"num_key_value_heads": 6}),
    ("llama", {"num_key_value_heads": 1}),
    ("llama", {"tie_word_embeddings": True}),
    ("llama", {"attention_bias": True}),
    ("llama", {"mlp_bias": True}),
    ("llama", {"head_dim": 12}),
    ("llama", {"hidden_act": "gelu"}),
    ("llama", {"hidden_act": "mish"}),
    ("llama", {"eos_token_id": [2, 9, 11]}),
    ("llama", {"rms_norm_eps": 0.1}),
    ("llama", {"rope_parameters": {"rope_type": "default", "rope_theta": 100.0}}),
    ("llama", {"rope_parameters": {"rope_type": "linear", "rope_theta": 100.0, "factor": 3.0}}),
    ("llama", {"rope_parameters": LLAMA3 | {"original_max_position_embeddings": 32}}),
    ("mistral", {}),
    ("mistral", {"sliding_window": 5}),
    ("mistral", {"sliding_window": None, "head_dim": 10}),
    ("qwen2", {}),
    ("qwen2", {"tie_word_embeddings": True}),
    ("qwen2", {"use_sliding_window": True, "sliding_window": 6, "max_window_layers": 1}),
    ("qwen3", {"head_dim": 16}),
    ("qwen3", {"head_dim": 8, "tie_word_embeddings": True, "attention_bias": True}),
    ("qwen3", {"head_dim": 8, "use_sliding_window": True, "sliding_window": 4, "max_window_layers": 2}),
]


def saved(kind: str, settings: dict, folder) -> torch.nn.Module:
    published.skip_where_unknown(kind, settings)
    torch.manual_seed(7)
    config = getattr(transformers, f"{KINDS[kind]}Config")(**published.older(SIZES | settings))
    return published.save(getattr(transformers, f"{KINDS[kind]}ForCausalLM")(config), folder)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "settings"), VARIANTS, ids=str)
def test_every_variant_is_that_of_transformers(kind, settings, tmp_path):
    model = saved(kind, settings, tmp_path)
    network = published.load(tmp_path)
    published.assert_same_logits(model, network)
    published.assert_same_texts(model, network)
    stored, written = model.state_dict(), as_stored(network)
    assert stored.keys() - written.keys() == ({"lm_head.weight"} if settings.get("tie_word_embeddings") else set())
    assert all(torch.equal(tensor, stored[name]) for name, tensor in written.items())
    assert network.config.num_weights == sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize(("kind", "settings"), VARIANTS, ids=str)
@torch.inference_mode()
def test_a_cache_and_padding_change_nothing(kind, settings, tmp_path):
    saved(kind, settings, tmp_path)
    network = published.load(tmp_path)
    tokens = published.TOKENS[:2, :20]
    whole = network(tokens)
    cache = network.new_cache(2, 20)
    parts = [network(tokens[:, a:b], cache) for a, b in ((0, 7), (7, 8), (8, 15), (15, 20))]
    torch.testing.assert_close(torch.cat(parts, 1), whole, atol=1e-4, rtol=1e-4)
    padding = torch.tensor([0, 3])
    shifted = torch.stack([tokens[0], torch.cat((tokens.new_full((3,), 3), tokens[1, :17]))])
    padded = network(shifted, None, padding)
    torch.testing.assert_close(padded[0], whole[0], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(padded[1, 3:], whole[1, :17], atol=1e-4, rtol=1e-4)


def test_the_older_way_of_writing_rotary_positions_is_read_too(tmp_path):
    model = saved("llama", {"rope_parameters": LLAMA3 | {"original_max_position_embeddings": 32}}, tmp_path)
    expected = published.load(tmp_path).config.rotary
    scaling = {name: value for name, value in LLAMA3.items() if name not in ("rope_theta", "rope_type")}
    scaling |= {"original_max_position_embeddings": 32, "type": "llama3"}
    published.change_config(tmp_path, rope_parameters=..., rope_theta=500.0, rope_scaling=scaling)
    network = published.load(tmp_path)
    assert network.config.rotary == expected == Rotary(500.0, 4.0, (1.0, 4.0, 32.0))
    published.assert_same_logits(model, network)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"rope_parameters": ..., "rope_scaling": {"type": "dynamic", "factor": 2.0}},
            "rope_scaling of type 'dynamic'",
        ),
        ({"rope_parameters": {"rope_type": "yarn", "rope_theta": 1e4, "factor": 2.0}}, "rope_scaling of type 'yarn'"),
        ({"rope_parameters": {"rope_type": "longrope", "rope_theta": 1e4}}, "rope_scaling of type 'longrope'"),
        ({"rope_parameters": {"rope_type": "linear", "factor": -1}}, "factor must be a number above 0, not -1"),
        ({"rope_parameters": {"rope_type": "linear"}}, "factor must be a number above 0, not None"),
        ({"rope_parameters": LLAMA3 | {"low_freq_factor": 9.0}}, "low_freq_factor 9.0 must be below"),
        ({"rope_parameters": {"partial_rotary_factor": 0.5}}, "partial_rotary_factor 0.5 is not supported"),
        ({"partial_rotary_factor": 0.5}, "partial_rotary_factor 0.5 is not supported"),
        ({"hidden_act": "xielu"}, "hidden_act 'xielu' is not supported"),
        ({"num_key_value_heads": 4}, "6 heads cannot share 4 heads"),
        ({"num_key_value_heads": 12}, "num_kv_heads must be a whole number from 1 to 6"),
        ({"head_dim": 7}, "heads of 7 numbers cannot be rotated"),
        ({"rms_norm_eps": "small"}, "rms_norm_eps"),
        ({"quantization_config": {"quant_method": "awq"}}, "quantization_config"),
        ({"model_type": "gemma3"}, "model_type 'gemma3' is not supported: one of bloom, gpt2, llama"),
    ],
    ids=str,
)
def test_what_would_change_the_result_is_refused_by_name(change, message, tmp_path):
    saved("llama", {}, tmp_path)
    published.change_config(tmp_path, **change)
    with pytest.raises(ValueError, match=message):
        published.load(tmp_path)


def test_kinds_of_layers_that_are_not_known_are_refused(tmp_path):
    saved("qwen2", {"use_sliding_window": True, "sliding_window": 6, "max_window_layers": 1}, tmp_path)
    published.change_config(tmp_path, layer_types=["full_attention", "linear_attention", "full_attention"])
    with pytest.raises(ValueError, match="layer_types .*linear_attention.* is not supported"):
        published.load(tmp_path)


def test_a_network_that_scores_has_no_output_layer(tmp_path):
    saved("llama", {}, tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    del weights["lm_head.weight"]
    save_file(weights, tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match="1 tensors are missing from the weights, first 'lm_head.weight'"):
        published.load(tmp_path)
    published.change_config(tmp_path, architectures=["LlamaForSequenceClassification"])
    assert isinstance(published.load(tmp_path), DecoderOnly)


def test_a_bare_network_without_prefix_loads(tmp_path):
    saved("llama", {"tie_word_embeddings": True}, tmp_path)
    expected, weights = published.load(tmp_path).state_dict(), load_file(tmp_path / "model.safetensors")
    save_file({name.removeprefix("model."): weight for name, weight in weights.items()}, tmp_path / "model.safetensors")
    found = published.load(tmp_path).state_dict()
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    assert json.loads((tmp_path / "config.json").read_text())["model_type"] == "llama"
