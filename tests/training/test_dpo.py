"""Direct preference optimisation: its loss is the paper's, it learns, resumes, and hands over a checkpoint."""

import json

import pytest
import torch
from torch.nn import functional as F

pytest.importorskip("trl")

from prompt_beautifier.beautifier.beautify import load_beautifier
from prompt_beautifier.beautifier.checkpoints.folders import list_checkpoints
from prompt_beautifier.beautifier.families import FAMILIES, render
from prompt_beautifier.beautifier.language.weights import load_network
from prompt_beautifier.beautifier.reading import read_cleaned
from prompt_beautifier.training import dpo
from prompt_beautifier.training.run import trainer
from prompt_beautifier.training.run.bases import base_tokenizer
from prompt_beautifier.training.run.metrics import read_metrics
from prompt_beautifier.training.run.rows import read_jsonl

from ..stand_ins import tiny
from ..stand_ins.forks import launched
from .test_sft import CONFIGS, assert_same_network

COLOURS, THINGS = "red blue green old tiny golden".split(), "castle cat ship tower robot owl".split()


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Mist is chosen and neon rejected, whatever the subject."""
    folder = tmp_path_factory.mktemp("data")
    rows = [
        {"raw_prompt": raw, "chosen": f"a {raw}, mist", "rejected": f"a {raw}, neon"}
        for raw in (f"{colour} {thing}" for colour in COLOURS for thing in THINGS)
    ]
    for side, part in (("train", rows), ("heldout", rows[::5])):
        (folder / f"{side}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in part))
    return folder


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return tiny.save_checkpoint(tmp_path_factory.mktemp("base") / "bloom", family="text2prompt-v1")


def arguments(base, data, out, *more):
    folders = ["--model", str(base), "--data", str(data), "--out", str(out)]
    steps = "--cpu --batch-size 8 --micro-batch 8 --max-steps 8 --checkpoint-steps 3 --log-steps 1 --lr 3e-4"
    return [*folders, *steps.split(), *more]


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_a_pair_is_what_the_beautifier_asks_and_reads(base, family):
    tokenizer, config = base_tokenizer(base)
    row = {"raw_prompt": "a cat", "chosen": "a cat, mist, soft light", "rejected": "a cat, neon"}
    made = dpo.pair_of_tokens(family, tokenizer, config.eos_token_id, row)
    assert made["prompt_ids"] == load_beautifier(base, family=family).encode(render(family, "a cat"))
    for side in ("chosen", "rejected"):
        *written, end = made[f"{side}_ids"]
        answer = tokenizer.decode(written, skip_special_tokens=True)
        assert end == config.eos_token_id and read_cleaned(family, "a cat", answer, finished=True) == row[side]


@pytest.fixture(scope="module")
def whole(base, data, tmp_path_factory):
    """A run that nothing disturbed."""
    out = tmp_path_factory.mktemp("whole")
    dpo.main(arguments(base, data, out))
    return out


def log_probability(beautifier, raw, prompt):
    asked = beautifier.encode(render(beautifier.family, raw))
    answer = [*beautifier.encode(f" {prompt}"), tiny.EOS]
    hidden = beautifier.network(torch.tensor([asked + answer]))[0, len(asked) - 1 : -1]
    return -F.cross_entropy(beautifier.network.logits(hidden), torch.tensor(answer), reduction="sum").item()


@pytest.mark.slow
def test_the_loss_is_the_papers(whole, base, data):
    """ln 2 while policy and reference are one; at the end, by hand, that of the held-out pairs."""
    metrics = read_metrics(whole)
    assert metrics[0]["loss"] == pytest.approx(0.6931, abs=1e-3)
    before, after = load_beautifier(base), load_beautifier(whole / "model")
    losses, above = [], []
    for row in read_jsonl(data / "heldout.jsonl"):
        gains = [
            log_probability(after, row["raw_prompt"], row[side]) - log_probability(before, row["raw_prompt"], row[side])
            for side in ("chosen", "rejected")
        ]
        losses.append(F.softplus(torch.tensor(-0.1 * (gains[0] - gains[1]))).item())
        above.append(gains[0] > gains[1])
    last = [row for row in metrics if "heldout_loss" in row][-1]
    assert last["heldout_loss"] == pytest.approx(sum(losses) / len(losses), abs=5e-3)
    assert last["heldout_chosen_above"] == pytest.approx(sum(above) / len(above), abs=1e-6)


@pytest.mark.slow
def test_it_learns_and_hands_over_what_load_beautifier_lists(whole):
    metrics = read_metrics(whole)
    heldout = [row["heldout_loss"] for row in metrics if "heldout_loss" in row]
    assert heldout[-1] < 0.6 and metrics[-1]["heldout_chosen_above"] == 1 and metrics[-1]["heldout_margin"] > 0
    assert list_checkpoints([whole])["model"] == whole / "model"
    card = (whole / "model" / "README.md").read_text()
    assert "direct preference optimisation" in card and "36 pairs of a chosen and a rejected prompt" in card


@pytest.mark.slow
def test_low_rank_adapters_are_added_to_the_network(base, data, tmp_path):
    pytest.importorskip("peft")
    dpo.main(arguments(base, data, tmp_path, "--lora", "4", "--lr", "3e-2", "--eval-rows", "0"))
    assert read_metrics(tmp_path)[-1]["loss"] < 0.6
    before, after = load_network(base), load_beautifier(tmp_path / "model").network
    changed = {
        name
        for (name, mine), theirs in zip(before.named_parameters(), after.parameters(), strict=True)
        if (mine - theirs).abs().max() > 2e-3
    }
    matrices = {name for name, parameter in before.h.named_parameters(prefix="h") if parameter.dim() == 2}
    assert changed == matrices


@pytest.mark.slow
def test_a_killed_run_goes_on_as_if_nothing_had_happened(whole, base, data, tmp_path, forks):
    command = arguments(base, data, tmp_path / "run")
    process = forks.start("prompt_beautifier.training.dpo", command)
    process.until((tmp_path / "run" / "checkpoints" / "checkpoint-3" / trainer.COMPLETE).exists)
    process.kill()
    assert not (tmp_path / "run" / "model").exists()
    dpo.main(command)
    assert_same_network(whole, tmp_path / "run", 1e-4)
    losses = [
        [(row["step"], row["loss"]) for row in read_metrics(run) if "loss" in row] for run in (whole, tmp_path / "run")
    ]
    assert losses[0] == [(step, pytest.approx(loss, rel=1e-4)) for step, loss in losses[1]]


@pytest.mark.slow
def test_two_processes_learn_the_same_as_one(whole, base, data, tmp_path, forks):
    command = arguments(base, data, tmp_path / "run", "--micro-batch", "4")
    processes = launched(forks, CONFIGS / "cpu-2.yaml", "prompt_beautifier.training.dpo", command)
    assert [process.wait() for process in processes] == [0, 0], processes[0].output()
    assert "on 2 x cpu" in processes[0].output()
    losses = [
        {row["step"]: row["loss"] for row in read_metrics(run) if "loss" in row} for run in (whole, tmp_path / "run")
    ]
    assert losses[0] == {step: pytest.approx(loss, abs=1e-4) for step, loss in losses[1].items()}
    assert_same_network(whole, tmp_path / "run", 5e-3)


def test_a_run_goes_on_under_its_own_options_alone(whole, base, data):
    with pytest.raises(ValueError, match="with --beta 0.1, not 0.2"):
        dpo.main(arguments(base, data, whole, "--beta", "0.2"))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"raw_prompt": "a", "chosen": "b"}, "needs 'rejected'"),
        ({"raw_prompt": "a", "chosen": "b", "rejected": "b"}, "row 1: chosen and rejected are the same prompt"),
    ],
)
def test_rows_that_are_no_preferences_are_named(base, tmp_path, row, message):
    for side in ("train", "heldout"):
        (tmp_path / f"{side}.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(ValueError, match=message):
        dpo.main(arguments(base, tmp_path, tmp_path / "run"))


def test_the_configuration_is_understood():
    args = dpo.parse(
        dpo.option_parser(), ["--config", str(CONFIGS.parent / "dpo.yaml"), *"--model m --data d --out o".split()]
    )
    assert (args.beta, args.loss, args.lr_schedule, args.lora) == (0.1, "sigmoid", "cosine", None)
