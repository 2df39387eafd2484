"""Training from random weights: what the loss is taken over, that it learns, resumes, and writes what others load."""

import json
import math

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from prompt_beautifier.beautifier.beautify import load_beautifier
from prompt_beautifier.beautifier.families import FAMILIES, render
from prompt_beautifier.beautifier.language.config import NetworkConfig
from prompt_beautifier.training import pretrain
from prompt_beautifier.training import tokenizer as tokenizer_stage

COLOURS, THINGS = "red blue green old tiny golden".split(), "castle cat ship tower robot owl".split()


@pytest.fixture
def data(tmp_path):
    rows = [
        {"raw_prompt": f"{colour} {thing}", "prompt": f"a {colour} {thing}, sharp focus, soft light, {thing}s behind"}
        for colour in COLOURS
        for thing in THINGS
    ]
    for side, part in (("train", rows * 3), ("heldout", rows[::5])):
        (tmp_path / f"{side}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in part))
    tokenizer_stage.main(["--data", str(tmp_path / "train.jsonl"), "--vocab-size", "300", "--out", str(tmp_path)])
    return tmp_path


def train(data, out, *more):
    folders = ["--data", str(data), "--tokenizer", str(data / "tokenizer.json"), "--out", str(out)]
    shape = "--hidden-size 32 --num-layers 2 --num-heads 2 --batch-tokens 512 --epochs 4 --no-bf16"
    pretrain.main([*folders, *shape.split(), *more])


def test_a_run_goes_on_under_its_own_options_alone(data):
    train(data, data / "run", "--max-steps", "1")
    train(data, data / "run", "--max-steps", "2")
    with pytest.raises(ValueError, match="with --seed 0, not 1"):
        train(data, data / "run", "--seed", "1")


def small_network():
    return pretrain.new_network(NetworkConfig("bloom", 300, 32, 2, 2, 128, eos_token_id=1), seed=0)


def test_the_loss_is_the_answers_mean_and_padding_changes_nothing(data):
    rows = pretrain.read_tokens(data / "train.jsonl", Tokenizer.from_file(str(data / "tokenizer.json")), 1, 160)
    network, batch = small_network(), np.array([0, 7, 20])
    expected, count = 0.0, 0
    for row in batch:
        tokens = torch.from_numpy(rows.tokens[rows.starts[row] : rows.starts[row + 1]].astype(np.int64))[None]
        scores = network.logits(network(tokens))[0].log_softmax(-1)
        for i in range(int(rows.answers[row]), tokens.shape[1]):
            expected -= scores[i - 1, tokens[0, i]].item()
            count += 1
    loss = pretrain.answer_loss(network, *pretrain.collate(rows, batch, pad=0)).item()
    assert loss == pytest.approx(expected / count, rel=1e-4)


def test_every_row_is_in_one_batch_of_an_epoch_and_the_seed_sets_the_order():
    lengths = np.random.default_rng(0).integers(5, 100, 500)
    batches = pretrain.epoch_batches(lengths, 600, seed=1)
    assert sorted(np.concatenate(batches)) == list(range(500))
    assert all(len(batch) * lengths[batch].max() <= 600 for batch in batches)
    again, other = pretrain.epoch_batches(lengths, 600, seed=1), pretrain.epoch_batches(lengths, 600, seed=2)
    assert all(np.array_equal(a, b) for a, b in zip(batches, again, strict=True))
    assert any(len(a) != len(b) or not np.array_equal(a, b) for a, b in zip(batches, other, strict=False))


def test_rows_are_what_the_beautifier_asks(data):
    tokenizer = Tokenizer.from_file(str(data / "tokenizer.json"))
    rows = pretrain.read_tokens(data / "train.jsonl", tokenizer, 1, 160)
    asked = tokenizer.encode(render(FAMILIES["embedded"], "Red Castle")).ids
    assert rows.tokens[: rows.answers[0]].tolist() == asked
    assert tokenizer.decode(asked) == " red castle\n"


@pytest.mark.slow
def test_it_learns_and_what_it_writes_answers(data):
    train(data, data / "run", "--epochs", "20")
    metrics = [json.loads(line) for line in open(data / "run" / "metrics.jsonl")]
    assert metrics[-1]["heldout_loss"] < 0.6 * math.log(300)
    beautifier = load_beautifier(data / "run" / "model")
    assert beautifier.family.name == "embedded"
    assert len(beautifier.beautify("red castle", num_candidates=3)) == 3


def test_transformers_reads_the_exported_folder(data):
    transformers = pytest.importorskip("transformers")
    train(data, data / "run", "--max-steps", "2")
    model = transformers.AutoModelForCausalLM.from_pretrained(data / "run" / "model", torch_dtype=torch.float32)
    network = load_beautifier(data / "run" / "model").network
    tokens = torch.randint(0, 300, (2, 12))
    with torch.inference_mode():
        assert (network.logits(network(tokens)) - model(tokens).logits).abs().max() < 1e-4


def test_a_run_that_was_stopped_goes_on_as_if_it_had_not_been(data):
    train(data, data / "whole", "--max-steps", "8")
    train(data, data / "parts", "--max-steps", "3")
    train(data, data / "parts", "--max-steps", "8")
    whole, parts = (torch.load(data / run / "checkpoint.pt", weights_only=True) for run in ("whole", "parts"))
    assert whole["step"] == parts["step"] == 8
    for name, weights in whole["network"].items():
        torch.testing.assert_close(parts["network"][name], weights, atol=1e-5, rtol=1e-4, msg=name)
    assert not list((data / "parts").glob("*.part"))
