"""T5 against transformers, on small random weights of both published shapes."""

import json
import os

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from prompt_beautifier.beautifier.language.decoding import generate
from prompt_beautifier.beautifier.language.t5_file import load_t5, stored_name
from prompt_beautifier.beautifier.language.t5_packed import pack
from prompt_beautifier.beautifier.request import Sampling

SIZES = {
    "vocab_size": 60,
    "d_model": 24,
    "d_kv": 8,
    "d_ff": 40,
    "num_layers": 2,
    "num_decoder_layers": 3,
    "num_heads": 2,
    "decoder_start_token_id": 0,
}
SHAPES = {
    "T5 1.0": {"feed_forward_proj": "relu", "tie_word_embeddings": True},
    "Flan-T5": {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False},
}
TEXT = [5, 9, 31, 8, 44, 12, 7, 1]


@pytest.fixture(scope="module", params=SHAPES.values(), ids=SHAPES.keys())
def both(request, tmp_path_factory):
    """A checkpoint folder, and transformers' network of it."""
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("t5")
    torch.manual_seed(0)
    published = transformers.T5ForConditionalGeneration(transformers.T5Config(**SIZES, **request.param)).eval()
    if not request.param["tie_word_embeddings"]:  # newer transformers ties them all the same
        published.lm_head.weight = torch.nn.Parameter(torch.empty_like(published.lm_head.weight))
    for parameter in published.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    published.save_pretrained(folder)
    assert ("lm_head.weight" in load_file(folder / "model.safetensors")) != request.param["tie_word_embeddings"]
    return folder, published


def test_states_and_scores_are_those_of_transformers(both):
    folder, published = both
    network, answer = load_t5(folder), torch.tensor([[0, 17, 4, 33, 2]])
    with torch.inference_mode():
        states = published.encoder(torch.tensor([TEXT])).last_hidden_state
        scores = published(input_ids=torch.tensor([TEXT]), decoder_input_ids=answer).logits
        torch.testing.assert_close(network.encode(torch.tensor([TEXT])), states, rtol=1e-4, atol=1e-4)
        read = network.read(TEXT)
        torch.testing.assert_close(read.logits(read(answer, read.new_cache(1, 5))), scores, rtol=1e-4, atol=1e-4)


def test_answers_are_those_of_transformers(both):
    folder, published = both
    network = load_t5(folder)
    (greedy,) = generate(network.read(TEXT), [0], 1, 0, Sampling(greedy=True, repetition_penalty=1.0, max_new_tokens=9))
    with torch.inference_mode():
        expected = published.generate(torch.tensor([TEXT]), max_new_tokens=9, do_sample=False, use_cache=False)[
            0, 1:
        ].tolist()
    assert list(greedy.tokens) == [token for token in expected if token != 1]


def test_beams_and_penalties_are_those_of_transformers(both):
    folder, published = both
    network, text = load_t5(folder), torch.tensor([TEXT])
    for sampling, arguments in (
        (Sampling(greedy=True, repetition_penalty=1.3, max_new_tokens=12), {"repetition_penalty": 1.3}),
        (
            Sampling(num_beams=4, repetition_penalty=1.2, length_penalty=-0.5, max_new_tokens=12),
            {"num_beams": 4, "num_return_sequences": 4, "repetition_penalty": 1.2, "length_penalty": -0.5},
        ),
    ):
        with torch.inference_mode():
            rows = published.generate(
                text,
                attention_mask=torch.ones_like(text),
                max_new_tokens=12,
                do_sample=False,
                use_cache=False,
                **arguments,
            )
        found = [list(answer.tokens) for answer in generate(network.read(TEXT), [0], 4, 0, sampling)]
        assert found == [row[1 : row.index(1) if 1 in row else None] for row in rows.tolist()]


def test_candidates_do_not_depend_on_their_number(both):
    network = load_t5(both[0])
    sampling = Sampling(max_new_tokens=6)
    assert generate(network.read(TEXT), [0], 7, 3, sampling)[:2] == generate(network.read(TEXT), [0], 2, 3, sampling)


def test_names_in_the_files():
    assert stored_name("decoder.block.3.across_norm.weight") == "decoder.block.3.layer.1.layer_norm.weight"
    assert stored_name("encoder.block.0.mlp.wo.weight") == "encoder.block.0.layer.1.DenseReluDense.wo.weight"
    assert stored_name("shared.weight") == "shared.weight"


def test_a_config_of_another_shape_is_refused(both, tmp_path):
    folder, _ = both
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "d_ff": 48}))
    with pytest.raises(ValueError, match=r"has shape .* config\.json says"):
        load_t5(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({**config, "num_layers": 3}))
    with pytest.raises(ValueError, match=r"missing from the weights, first 'encoder\.block\.2"):
        load_t5(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({**config, "feed_forward_proj": "tanh"}))
    with pytest.raises(ValueError, match="feed_forward_proj 'tanh' is not supported"):
        load_t5(tmp_path)


@pytest.mark.parametrize("dtype", [torch.float32, torch.int8])
@torch.inference_mode()
def test_packed_matrices_say_what_the_plain_ones_do(both, dtype):
    folder, _ = both
    plain, answer = load_t5(folder), torch.tensor([[0, 17, 4, 33, 2]])
    try:
        packed = pack(load_t5(folder), dtype)
    except ValueError as error:
        pytest.skip(str(error))
    assert not any(isinstance(module, nn.Linear) for module in packed.modules())

    def scores(network):
        read = network.read(TEXT)
        return read.logits(read(answer, read.new_cache(1, 5)))

    expected, found = scores(plain), scores(packed)
    if dtype == torch.float32:
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
        beams = Sampling(num_beams=3, max_new_tokens=9)
        assert generate(packed.read(TEXT), [0], 3, 0, beams) == generate(plain.read(TEXT), [0], 3, 0, beams)
    else:
        assert (found - expected).abs().mean() < 0.1 * expected.std()


def test_pickled_weights_are_made_into_safetensors_once(both, tmp_path):
    folder, published = both
    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    torch.save(published.state_dict(), tmp_path / "pytorch_model.bin")
    expected = load_t5(folder).state_dict()
    for _ in range(2):
        found = load_t5(tmp_path).state_dict()
        assert found.keys() == expected.keys() and all(torch.equal(found[name], expected[name]) for name in found)
        (tmp_path / "pytorch_model.bin").write_bytes(b"")  # it is not opened again
        older = tmp_path / "pytorch_model.converted.safetensors"
        os.utime(tmp_path / "pytorch_model.bin", ns=(0, older.stat().st_mtime_ns - 1))
