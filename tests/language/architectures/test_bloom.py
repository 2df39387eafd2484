"""BLOOM: tied or not, and what is exported is what was read."""

import pytest
import torch

from prompt_beautifier.beautifier.language.weights import as_stored

from . import published

transformers = pytest.importorskip("transformers", reason="transformers is what the network is compared with")


def bloom(folder, **settings) -> torch.nn.Module:
    torch.manual_seed(5)
    sizes = {"vocab_size": published.VOCABULARY, "hidden_size": 48, "n_layer": 3, "n_head": 3}
    config = transformers.BloomConfig(**sizes | {"initializer_range": 0.2, "pad_token_id": 3} | settings)
    return published.save(transformers.BloomForCausalLM(config), folder)


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{}, {"tie_word_embeddings": False}, {"eos_token_id": [2, 9]}], ids=str)
def test_settings_are_those_of_transformers(settings, tmp_path):
    model = bloom(tmp_path, **settings)
    network = published.load(tmp_path)
    published.assert_same_logits(model, network)
    published.assert_same_texts(model, network)
    stored = model.state_dict()
    written = as_stored(network)
    own = settings.get("tie_word_embeddings") is False  # an output layer of its own is written, one that is tied is not
    assert stored.keys() - written.keys() == (set() if own else {"lm_head.weight"} & stored.keys())
    assert all(torch.equal(tensor, stored[name]) for name, tensor in written.items())


def test_an_output_layer_of_its_own_that_is_missing_is_an_error(tmp_path):
    bloom(tmp_path)
    published.change_config(tmp_path, tie_word_embeddings=False)
    with pytest.raises(ValueError, match="1 tensors are missing from the weights, first 'lm_head.weight'"):
        published.load(tmp_path)
