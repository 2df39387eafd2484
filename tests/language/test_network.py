"""The network: the same logits as transformers' BLOOM and GPT-2, a cache that changes nothing, bad files refused."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from prompt_beautifier.beautifier.language.architectures.table import read_config
from prompt_beautifier.beautifier.language.config import NetworkConfig
from prompt_beautifier.beautifier.language.network import alibi_slopes, attention_dtype
from prompt_beautifier.beautifier.language.weights import load_network

transformers = pytest.importorskip("transformers", reason="transformers is what the network is compared with")


def published(architecture: str, heads: int, folder) -> torch.nn.Module:
    """A network of transformers with random weights, large enough that attention matters, saved to a folder."""
    torch.manual_seed(heads)
    if architecture == "bloom":
        config = transformers.BloomConfig(
            vocab_size=300, hidden_size=96, n_layer=3, n_head=heads, initializer_range=0.2, pad_token_id=3
        )
        model = transformers.BloomForCausalLM(config)
    else:
        config = transformers.GPT2Config(
            vocab_size=300,
            n_embd=96,
            n_layer=3,
            n_head=heads,
            n_positions=64,
            initializer_range=0.2,
            bos_token_id=2,
            eos_token_id=2,
        )
        model = transformers.GPT2LMHeadModel(config)
    for parameter in model.parameters():  # biases and norms start as 0 and 1: nothing would test them
        if parameter.dim() == 1:
            torch.nn.init.normal_(parameter, mean=parameter[0].item(), std=0.1)
    model.eval().save_pretrained(folder)
    return model


@pytest.mark.parametrize("heads", [1, 3, 4, 6, 12])
@pytest.mark.parametrize("architecture", ["bloom", "gpt2"])
@torch.inference_mode()
def test_logits_equal_those_of_transformers(architecture, heads, tmp_path):
    model, network = published(architecture, heads, tmp_path), load_network_of(tmp_path)
    tokens = torch.randint(0, 300, (3, 40))
    ours, theirs = network.logits(network(tokens)), model(tokens).logits
    assert theirs.std() > 0.5  # else the comparison says nothing
    assert (ours - theirs).abs().max() <= 1e-4


@pytest.mark.parametrize("architecture", ["bloom", "gpt2"])
@torch.inference_mode()
def test_a_cache_changes_nothing(architecture, tmp_path):
    published(architecture, 6, tmp_path)
    network = load_network_of(tmp_path)
    tokens = torch.randint(0, 300, (2, 20))
    cache = network.new_cache(2, 20)
    parts = [network(tokens[:, a:b], cache) for a, b in ((0, 7), (7, 8), (8, 15), (15, 20))]
    assert cache.length == 20
    torch.testing.assert_close(torch.cat(parts, 1), network(tokens), atol=1e-5, rtol=1e-4)


@torch.inference_mode()
def test_expanded_and_reordered_caches_continue_their_rows(tmp_path):
    published("bloom", 4, tmp_path)
    network = load_network_of(tmp_path)
    prompt, following = torch.randint(0, 300, (1, 9)), torch.randint(0, 300, (3, 2))
    cache = network.new_cache(1, 9)
    network(prompt, cache)
    expanded = cache.expand(3, 12)
    network(following[:, :1], expanded)
    swapped = expanded.reorder(torch.tensor([2, 0, 0]))
    got = network(following[:, 1:], swapped)[:, -1]
    rows = torch.cat([prompt.expand(3, -1), following[[2, 0, 0], :1], following[:, 1:]], 1)
    torch.testing.assert_close(got, network(rows)[:, -1], atol=1e-5, rtol=1e-4)


def test_alibi_slopes_are_those_of_transformers():
    from transformers.models.bloom.modeling_bloom import build_alibi_tensor

    for heads in range(1, 33):
        theirs = build_alibi_tensor(torch.ones(1, 2), heads, torch.float32)[:, 0, 1]  # slope times position 1
        torch.testing.assert_close(alibi_slopes(heads), theirs)


def test_sharded_weights_and_an_old_file_without_prefix_load(tmp_path):
    model = published("gpt2", 4, tmp_path)
    whole = load_file(tmp_path / "model.safetensors")
    expected = load_network_of(tmp_path).state_dict()
    (tmp_path / "model.safetensors").unlink()
    names = sorted(whole)
    shards = {"a.safetensors": names[::2], "b.safetensors": names[1::2]}
    for file, part in shards.items():
        save_file({name.removeprefix("transformer."): whole[name] for name in part}, tmp_path / file)
    index = {name: file for file, part in shards.items() for name in part}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}))
    loaded = load_network_of(tmp_path).state_dict()
    assert loaded.keys() == expected.keys() and len(model.state_dict()) > len(loaded) > 0
    assert all(torch.equal(loaded[name], expected[name]) for name in expected)


def test_gpt2_says_when_its_positions_are_used_up(tmp_path):
    published("gpt2", 4, tmp_path)
    with pytest.raises(ValueError, match="65 tokens are more than the 64"):
        load_network_of(tmp_path)(torch.zeros((1, 65), dtype=torch.int64))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_layer": 10**9}, "num_layers"),
        ({"hidden_size": -96}, "hidden_size"),
        ({"hidden_size": "96"}, "hidden_size"),
        ({"n_head": 0}, "num_heads"),
        ({"n_head": 7}, "divided among 7 heads"),
        ({"vocab_size": 1e3}, "vocab_size"),
        ({"model_type": "mamba"}, "model_type 'mamba'"),
        ({"apply_residual_connection_post_layernorm": True}, "post_layernorm"),
    ],
)
def test_absurd_configurations_are_refused_by_name(change, message, tmp_path):
    published("bloom", 4, tmp_path)
    path = tmp_path / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ValueError, match=message):
        load_network(tmp_path)


def test_weights_that_do_not_fit_the_configuration_are_refused(tmp_path):
    published("bloom", 4, tmp_path)
    path = tmp_path / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"vocab_size": 301}))
    with pytest.raises(ValueError, match=r"word_embeddings.weight has shape \(300, 96\)"):
        load_network(tmp_path)


def test_a_damaged_or_incomplete_file_is_named(tmp_path):
    published("bloom", 4, tmp_path)
    weights = tmp_path / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="model.safetensors cannot be read as safetensors"):
        load_network(tmp_path)
    weights.unlink()
    with pytest.raises(FileNotFoundError, match="no model.safetensors"):
        load_network(tmp_path)
    (tmp_path / "config.json").write_text("[]")
    with pytest.raises(ValueError, match="one JSON object"):
        read_config(tmp_path)


def test_a_configuration_made_in_code_is_checked_too():
    with pytest.raises(ValueError, match="max_positions"):
        NetworkConfig("gpt2", 100, 32, 2, 4, 128, positions="learned", max_positions=None)


def load_network_of(folder):
    return load_network(folder, torch.float32, "cpu")


def test_attention_is_lifted_to_float32_on_a_cpu_alone():
    with torch.autocast("cpu", torch.bfloat16):
        assert attention_dtype("cpu") == torch.float32
    with torch.autocast("cuda", torch.bfloat16):
        assert attention_dtype("cuda") == torch.bfloat16
