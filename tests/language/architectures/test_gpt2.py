"""GPT-2: what a config.json may ask for is done as transformers does it, or refused by name."""

import os

import pytest
import torch

from prompt_beautifier.beautifier.language.weights import as_stored

from . import published

transformers = pytest.importorskip("transformers", reason="transformers is what the network is compared with")


def gpt2(folder, **settings) -> torch.nn.Module:
    torch.manual_seed(3)
    sizes = {"vocab_size": published.VOCABULARY, "n_embd": 48, "n_layer": 3, "n_head": 4, "n_positions": 64}
    config = transformers.GPT2Config(
        **sizes | {"initializer_range": 0.2, "bos_token_id": 2, "eos_token_id": 2} | settings
    )
    return published.save(transformers.GPT2LMHeadModel(published.plain_attention(config)), folder)


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"scale_attn_by_inverse_layer_idx": True},
        {"scale_attn_weights": False},
        {"scale_attn_weights": False, "scale_attn_by_inverse_layer_idx": True},
        {"reorder_and_upcast_attn": True},
        {"activation_function": "gelu"},
        {"activation_function": "relu"},
        {"activation_function": "gelu_pytorch_tanh"},
        {"activation_function": "silu"},
        {"n_inner": 100},
        {"tie_word_embeddings": False},
        {"eos_token_id": [2, 7, 9]},
        {"eos_token_id": None},
    ],
    ids=str,
)
def test_settings_are_those_of_transformers(settings, tmp_path):
    model = gpt2(tmp_path, **settings)
    network = published.load(tmp_path)
    published.assert_same_logits(model, network)
    published.assert_same_texts(model, network)


def test_settings_matter(tmp_path):
    """Else the test above would show nothing."""
    said = [
        gpt2(tmp_path / str(i), **settings)(published.TOKENS).logits
        for i, settings in enumerate(
            (
                {},
                {"scale_attn_by_inverse_layer_idx": True},
                {"scale_attn_weights": False},
                {"activation_function": "gelu"},
            )
        )
    ]
    for other in said[1:]:
        assert (other - said[0]).abs().max() > 1e-3


def test_what_is_not_known_is_refused_by_name(tmp_path):
    gpt2(tmp_path)
    published.change_config(tmp_path, activation_function="laplace")
    with pytest.raises(ValueError, match=r"config.json: activation_function 'laplace' is not supported, only gelu_new"):
        published.load(tmp_path)


@pytest.mark.parametrize("tied", [True, False])
def test_what_is_exported_is_what_was_read(tied, tmp_path):
    stored = gpt2(tmp_path, tie_word_embeddings=tied).state_dict()
    written = as_stored(published.load(tmp_path))
    assert stored.keys() - written.keys() == ({"lm_head.weight"} if tied else set())
    assert all(torch.equal(tensor, stored[name]) for name, tensor in written.items())


@pytest.mark.parametrize(
    ("given", "ends"),
    [(2, (2,)), ([9], (9,)), ([9, 4], (9, 4)), ([], ()), (None, ()), (..., ()), (50256, ()), ([7, 50256], (7,))],
    ids=str,
)
def test_tokens_that_end_an_answer(given, ends, tmp_path):
    gpt2(tmp_path)
    (tmp_path / "generation_config.json").unlink()
    published.change_config(tmp_path, eos_token_id=given, pad_token_id=-1)
    config = published.load(tmp_path).config
    assert config.ends == ends
    assert config.pad_token_id == (ends[0] if ends else 0)


def test_a_generation_config_has_the_last_word_on_ends(tmp_path):
    gpt2(tmp_path)
    (tmp_path / "generation_config.json").write_text('{"eos_token_id": [5, 6]}')
    assert published.load(tmp_path).config.ends == (5, 6)


@pytest.mark.parametrize("given", ["</s>", 2.5, True, [2, "x"], {"a": 1}], ids=str)
def test_what_is_no_token_ends_nothing(given, tmp_path):
    gpt2(tmp_path)
    (tmp_path / "generation_config.json").unlink()
    published.change_config(tmp_path, eos_token_id=given)
    with pytest.raises(ValueError, match="eos_token_id must be a token, a list of tokens or null"):
        published.load(tmp_path)


def test_pickled_weights_are_made_into_safetensors_once(tmp_path):
    model = gpt2(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    torch.save(model.state_dict(), tmp_path / "pytorch_model.bin")
    published.assert_same_logits(model, published.load(tmp_path))
    made = tmp_path / "pytorch_model.converted.safetensors"
    written = made.stat().st_mtime_ns
    published.assert_same_logits(model, published.load(tmp_path))
    assert made.stat().st_mtime_ns == written and not list(tmp_path.glob(".*.part"))
    other = gpt2(tmp_path / "other", initializer_range=0.3)
    torch.save(other.state_dict(), tmp_path / "pytorch_model.bin")
    os.utime(tmp_path / "pytorch_model.bin", ns=(written + 10**9,) * 2)  # newer than what was made of another
    published.assert_same_logits(other, published.load(tmp_path))


def test_a_folder_that_cannot_be_written_into_is_read_as_it_is(tmp_path, monkeypatch):
    model = gpt2(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    torch.save(model.state_dict(), tmp_path / "pytorch_model.bin")

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("prompt_beautifier.beautifier.language.converted.to_safetensors", refuse)
    published.assert_same_logits(model, published.load(tmp_path))
    assert not list(tmp_path.glob("*.safetensors"))
