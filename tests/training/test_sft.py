"""Supervised fine-tuning: what is learnt is what will be asked; the filter; kill and resume; two processes."""

import importlib.util
import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch.nn import functional as F

pytest.importorskip("trl")

from transformers import get_scheduler
from trl import SFTConfig

from prompt_beautifier.beautifier.beautify import load_beautifier
from prompt_beautifier.beautifier.checkpoints.folders import list_checkpoints
from prompt_beautifier.beautifier.families import FAMILIES, render
from prompt_beautifier.beautifier.reading import read_cleaned
from prompt_beautifier.training import sft
from prompt_beautifier.training.run import trainer
from prompt_beautifier.training.run.bases import base_tokenizer, find_base
from prompt_beautifier.training.run.metrics import read_metrics
from prompt_beautifier.training.run.rows import answer_of, read_jsonl

from ..stand_ins import tiny
from ..stand_ins.forks import launched

CONFIGS = Path(sft.__file__).parent / "configs" / "accelerate"
COLOURS, THINGS = "red blue green old tiny golden".split(), "castle cat ship tower robot owl".split()


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    rows = [
        {"raw_prompt": f"{colour} {thing}", "prompt": f"a {colour} {thing}, sharp focus, {thing}s behind"}
        for colour in COLOURS
        for thing in THINGS
    ]
    for side, part in (("train", rows), ("heldout", rows[::5])):
        (folder / f"{side}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in part))
    return folder


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return tiny.save_checkpoint(tmp_path_factory.mktemp("base") / "bloom", family="text2prompt-v1")


def arguments(base, data, out, *more):
    folders = ["--model", str(base), "--data", str(data), "--out", str(out)]
    steps = "--cpu --batch-size 8 --micro-batch 8 --max-steps 8 --checkpoint-steps 3 --log-steps 1 --lr 3e-3"
    return [*folders, *steps.split(), *more]


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_a_row_is_what_the_beautifier_asks_and_reads(base, family):
    tokenizer, config = base_tokenizer(base)
    raw, prompt = "a cat", "a cat by the sea, sharp focus, soft light"
    row = sft.training_row(family, tokenizer, config.eos_token_id, {"raw_prompt": raw, "prompt": prompt})
    asked = load_beautifier(base, family=family).encode(render(family, raw))
    assert row["input_ids"][: len(asked)] == asked
    assert row["labels"][: len(asked)] == [-100] * len(asked)
    assert row["labels"][len(asked) :] == row["input_ids"][len(asked) :]
    assert row["labels"][-1] == config.eos_token_id
    answer = tokenizer.decode(row["labels"][len(asked) : -1], skip_special_tokens=True)
    assert read_cleaned(family, raw, answer, finished=True) == prompt
    assert answer.startswith(" ")


def test_the_space_is_the_answers_and_never_the_templates():
    for family in FAMILIES.values():
        assert not family.template.endswith(" ")
        assert answer_of(family, "a cat", "a cat, soft light").startswith("," if family.continues else " ")


def test_a_family_that_continues_needs_prompts_that_begin_with_the_raw_prompt():
    family = FAMILIES["magicprompt"]
    assert answer_of(family, " a cat", "a cat, 8k ") == ", 8k"
    assert answer_of(family, "a cat", "portrait of a cat") is None
    assert answer_of(family, "a cat", "a cat") is None


def test_special_tokens_in_a_text_are_text(base):
    tokenizer, config = base_tokenizer(base)
    row = {"raw_prompt": "a </s> b", "prompt": "x </s> y"}
    made = sft.training_row(FAMILIES["text2prompt-v1"], tokenizer, config.eos_token_id, row)
    assert made["input_ids"].count(config.eos_token_id) == 1


def test_the_filter_drops_what_the_reference_drops(base):
    tokenizer, config = base_tokenizer(base)

    def row(tokens, **more):
        return {"raw_prompt": "a cat", "prompt": " ".join(["zq"] * (tokens // 2)), **more}  # "zq" is 3 tokens: " zq"

    family = FAMILIES["text2prompt-v1"]
    token_count = len(tokenizer.encode(" zq zq").ids) // 2
    rows = [row(2 * 30 // token_count, pick_score=18.4), row(2 * 30 // token_count, pick_score=18.5)]
    rows += [row(2 * 9 // token_count)] + [row(2 * 30 // token_count)] * 400 + [row(2 * 60 // token_count)] * 100
    rows += [row(2 * 500 // token_count)]
    keep = sft.Filter(18.5, min_tokens=25, short_tokens=35, drop_short=0.3, max_length=384, seed=1)
    kept, dropped = sft.training_rows(rows, family, tokenizer, config.eos_token_id, keep)
    assert dropped["pick_score below 18.5"] == 1
    assert dropped["under 25 tokens"] == 1
    assert dropped["over 384 tokens with the template"] == 1
    short = dropped["30% of those under 35 tokens"]
    assert 80 < short < 160  # 120 of 401 are expected, with a standard deviation of 9
    assert len(kept) == len(rows) - 3 - short
    assert sft.training_rows(rows, family, tokenizer, config.eos_token_id, keep)[1] == dropped
    everything = sft.Filter(float("-inf"), drop_short=0, max_length=10_000)
    assert len(sft.training_rows(rows, family, tokenizer, config.eos_token_id, everything)[0]) == len(rows)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"raw_prompt": "a"}\n', "line 1 needs 'prompt'"),
        ('{"raw_prompt": "a", "prompt": " "}\n', "line 1 needs 'prompt'"),
        ('{"raw_prompt": "a", "prompt": "b"}\n[]\n', "line 2 needs 'raw_prompt'"),
        ("\n{raw\n", "line 2 is no JSON"),
        ("\n", "has no rows"),
    ],
)
def test_rows_that_are_none_are_named(tmp_path, text, message):
    (tmp_path / "rows.jsonl").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_jsonl(tmp_path / "rows.jsonl", "raw_prompt", "prompt")


def test_every_row_comes_once_an_epoch_whatever_the_batch():
    order = trainer.row_order(rows=10, updates=7, batch_size=4, seed=3)
    assert len(order) == 28
    assert sorted(order[:10]) == sorted(order[10:20]) == list(range(10))
    assert set(Counter(order[20:]).values()) == {1}
    assert order == trainer.row_order(10, 7, 4, 3) != trainer.row_order(10, 7, 4, 4)


@pytest.fixture(scope="module")
def whole(base, data, tmp_path_factory):
    """A run that nothing disturbed."""
    out = tmp_path_factory.mktemp("whole")
    sft.main(arguments(base, data, out))
    return out


@pytest.mark.slow
def test_the_first_loss_is_the_answers_own(whole, base, data):
    rows = read_jsonl(data / "train.jsonl")
    first = [rows[i] for i in trainer.row_order(len(rows), 8, 8, 0)[:8]]
    beautifier, nats, tokens = load_beautifier(base), 0.0, 0
    for row in first:
        asked = beautifier.encode(render(beautifier.family, row["raw_prompt"]))
        answer = [*beautifier.encode(" " + row["prompt"]), tiny.EOS]
        hidden = beautifier.network(torch.tensor([asked + answer]))[0, len(asked) - 1 : -1]
        nats += F.cross_entropy(beautifier.network.logits(hidden), torch.tensor(answer), reduction="sum").item()
        tokens += len(answer)
    assert read_metrics(whole)[0]["loss"] == pytest.approx(nats / tokens, rel=1e-3)


@pytest.mark.slow
def test_it_learns_and_hands_over_what_load_beautifier_lists(whole, base):
    metrics = read_metrics(whole)
    losses = [row["loss"] for row in metrics if "loss" in row]
    heldout = [row["heldout_loss"] for row in metrics if "heldout_loss" in row]
    assert len(losses) == 8 and losses[-1] < 0.8 * losses[0] and heldout[-1] < heldout[0]
    assert list_checkpoints([whole])["model"] == whole / "model"
    before, after = load_beautifier(base), load_beautifier(whole / "model")
    assert after.family.name == "text2prompt-v1" and after.tokenizer.to_str() == before.tokenizer.to_str()
    assert after.beautify("red castle", num_candidates=1)
    assert load_file(whole / "model" / "model.safetensors")["transformer.ln_f.weight"].dtype == torch.float16
    card = (whole / "model" / "README.md").read_text()
    assert "| loss |" in card and f"| heldout_loss | {heldout[-1]:.5g} |" in card and "| lr | 0.003 |" in card
    assert list((whole / "tensorboard").iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["gpt2", "llama"])
def test_others_too_and_transformers_reads_the_result(architecture, data, tmp_path):
    transformers = pytest.importorskip("transformers")
    base = tiny.save_checkpoint(tmp_path / "base", architecture, family="promptist")
    sft.main(arguments(base, data, tmp_path / "run", "--max-steps", "2", "--eval-rows", "0"))
    model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "run" / "model", dtype=torch.float32).eval()
    network = load_beautifier(tmp_path / "run" / "model").network
    tokens = torch.randint(0, 300, (2, 12))
    with torch.inference_mode():
        assert (network.logits(network(tokens)) - model(tokens).logits).abs().max() < 1e-4
    assert "| heldout_loss |" not in (tmp_path / "run" / "model" / "README.md").read_text()


@pytest.mark.slow
def test_an_output_layer_of_its_own_is_trained_and_handed_over(data, tmp_path):
    transformers = pytest.importorskip("transformers")
    base = tiny.save_checkpoint(tmp_path / "base", "bloom", family="text2prompt-v1")
    model = transformers.AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    config = transformers.BloomConfig(**{**model.config.to_dict(), "tie_word_embeddings": False})
    untied = transformers.BloomForCausalLM(config)
    untied.load_state_dict(model.state_dict())
    torch.nn.init.normal_(untied.lm_head.weight, std=0.1)
    untied.save_pretrained(base)
    before = load_file(base / "model.safetensors")
    assert not torch.equal(before["lm_head.weight"], before["transformer.word_embeddings.weight"])
    few = ["--max-steps", "2", "--eval-rows", "0", "--export-dtype", "float32"]
    sft.main(arguments(base, data, tmp_path / "run", *few))
    after = load_file(tmp_path / "run" / "model" / "model.safetensors")
    moved = after["lm_head.weight"] - before["lm_head.weight"]
    assert 0 < moved.abs().max() < 0.05  # trained, and not the embeddings in its place
    network = load_beautifier(tmp_path / "run" / "model").network
    theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "run" / "model", dtype=torch.float32).eval()
    tokens = torch.randint(0, 300, (2, 12))
    with torch.inference_mode():
        assert (network.logits(network(tokens)) - theirs(tokens).logits).abs().max() < 1e-4


def launch(command):
    return subprocess.Popen(
        [sys.executable, "-m", *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def assert_same_network(one, other, tolerance):
    """The same logits: the bias of the keys may differ, softmax does not see it and Adam makes steps of its noise."""
    tokens = torch.randint(0, 300, (4, 20), generator=torch.Generator().manual_seed(0))
    one, other = (load_beautifier(run / "model").network for run in (one, other))
    with torch.inference_mode():
        torch.testing.assert_close(one.logits(one(tokens)), other.logits(other(tokens)), atol=tolerance, rtol=1e-3)


@pytest.mark.slow
def test_a_killed_run_goes_on_as_if_nothing_had_happened(whole, base, data, tmp_path, forks):
    command = arguments(base, data, tmp_path / "run")
    process = forks.start("prompt_beautifier.training.sft", command)
    process.until((tmp_path / "run" / "checkpoints" / "checkpoint-3" / trainer.COMPLETE).exists)
    process.kill()
    assert not (tmp_path / "run" / "model").exists()
    # What a kill in the middle of writing leaves behind must not be taken for a checkpoint.
    shutil.copytree(tmp_path / "run/checkpoints/checkpoint-3", tmp_path / "run/checkpoints/checkpoint-7")
    (tmp_path / "run/checkpoints/checkpoint-7" / trainer.COMPLETE).unlink()
    sft.main(command)
    assert_same_network(whole, tmp_path / "run", 1e-4)
    assert [(row["step"], row.get("loss")) for row in read_metrics(tmp_path / "run") if "loss" in row] == [
        (row["step"], pytest.approx(row["loss"], rel=1e-4)) for row in read_metrics(whole) if "loss" in row
    ]


@pytest.mark.slow
def test_a_base_in_4_bits_learns_through_adapters_and_is_handed_over_whole(data, tmp_path, monkeypatch):
    """Of the base, rounded to 4 bits, nothing is in what is handed over but what the adapters add to it."""
    for package in ("bitsandbytes", "peft"):
        pytest.importorskip(package)
    base = tiny.save_checkpoint(tmp_path / "base", "llama", family="promptist")
    more = "--lora 4 --four-bit --lr 3e-2 --eval-rows 0 --export-dtype float32".split()
    loaded, load = [], sft.load_model
    monkeypatch.setattr(sft, "load_model", lambda *a, **more: loaded.append(load(*a, **more)) or loaded[-1])
    sft.main(arguments(base, data, tmp_path / "run", *more))
    assert loaded[0].is_loaded_in_4bit and not getattr(loaded[1], "is_loaded_in_4bit", False)
    losses = [row["loss"] for row in read_metrics(tmp_path / "run") if "loss" in row]
    assert losses[-1] < 0.8 * losses[0]
    before, after = load_beautifier(base).network, load_beautifier(tmp_path / "run" / "model").network
    changed = [
        (mine - theirs).abs().max().item() > 1e-6
        for mine, theirs in zip(before.parameters(), after.parameters(), strict=True)
    ]
    assert any(changed) and not all(changed)


def assert_ends_well(processes):
    assert [process.wait() for process in processes] == [0, 0], processes[0].output()
    assert "on 2 x cpu" in processes[0].output()


@pytest.mark.slow
def test_two_processes_learn_the_same_as_one(whole, base, data, tmp_path, forks):
    command = arguments(base, data, tmp_path / "run", "--micro-batch", "4")
    assert_ends_well(launched(forks, CONFIGS / "cpu-2.yaml", "prompt_beautifier.training.sft", command))
    one, two = (
        {(row["step"], name): value for row in read_metrics(run) for name, value in row.items() if "loss" in name}
        for run in (whole, tmp_path / "run")
    )
    assert two.keys() == one.keys()
    for key, value in one.items():
        if key[1] == "loss":
            assert two[key] == pytest.approx(value, abs=1e-4), key
    assert_same_network(whole, tmp_path / "run", 5e-3)


@pytest.mark.slow
def test_the_fsdp_configuration_runs_on_two_processes(whole, base, data, tmp_path, forks):
    """As far as a CPU goes: accelerate deals no weights out there, so fsdp.yaml trains as multi-gpu.yaml does."""
    command = arguments(base, data, tmp_path / "run", "--micro-batch", "4")
    assert_ends_well(launched(forks, CONFIGS / "fsdp.yaml", "prompt_beautifier.training.sft", command))
    assert_same_network(whole, tmp_path / "run", 5e-3)


@pytest.mark.slow
def test_the_documented_launch_runs_on_two_processes(whole, base, data, tmp_path):
    command = arguments(base, data, tmp_path / "run", "--micro-batch", "4")
    given = ["--config_file", str(CONFIGS / "multi-gpu.yaml"), "--num_processes", "2"]
    process = launch(["accelerate.commands.launch", *given, "-m", "prompt_beautifier.training.sft", *command])
    output, _ = process.communicate(timeout=280)
    assert process.returncode == 0 and "on 2 x cpu" in output, output
    assert_same_network(whole, tmp_path / "run", 5e-3)


@pytest.mark.slow
def test_deepspeeds_configuration_needs_deepspeed(base, data, tmp_path):
    if importlib.util.find_spec("deepspeed") is not None:
        pytest.skip("DeepSpeed is here, and needs a GPU")
    given = ["--config_file", str(CONFIGS / "zero2.yaml"), "--num_processes", "2"]
    command = [*given, "-m", "prompt_beautifier.training.sft", *arguments(base, data, tmp_path / "run")]
    process = launch(["accelerate.commands.launch", *command])
    output, _ = process.communicate(timeout=280)
    assert process.returncode != 0 and "deepspeed" in output.lower()


def test_the_released_schedule_reaches_the_trainer(tmp_path):
    """Cosine after a rise over 3 % of the updates, and AdamW's second beta 0.95."""
    config = str(CONFIGS.parent / "sft-beautifulprompt.yaml")
    args = sft.parse(sft.option_parser(), ["--config", config, "--data", "d", "--out", str(tmp_path), "--cpu"])
    assert (args.batch_size, args.lr, args.weight_decay, args.epochs) == (64, 2e-5, 0, 4)
    settings = SFTConfig(**trainer.supervised_settings(args, trainer.Devices(torch.device("cpu"), 1, False)))
    weights = [torch.nn.Parameter(torch.zeros(()))]
    optimizer = torch.optim.AdamW(weights, settings.learning_rate, (settings.adam_beta1, settings.adam_beta2))
    assert optimizer.defaults["betas"] == (0.9, 0.95)
    schedule = get_scheduler(settings.lr_scheduler_type, optimizer, settings.get_warmup_steps(1000), 1000)
    rates = []
    for _ in range(1000):
        rates.append(schedule.get_last_lr()[0] / 2e-5)
        optimizer.step()
        schedule.step()
    assert rates[15] == pytest.approx(0.5) and rates[30] == pytest.approx(1)
    assert rates[515] == pytest.approx(0.5, abs=0.01) and rates[-1] < 1e-4


@pytest.mark.slow
def test_a_run_goes_on_under_its_own_options_alone(whole, base, data):
    with pytest.raises(ValueError, match="with --batch-size 8, not 16"):
        sft.main(arguments(base, data, whole, "--batch-size", "16"))


def test_a_filter_that_leaves_no_row_names_its_options(base, tmp_path):
    row = {"raw_prompt": "red castle", "prompt": "a red castle, fog", "pick_score": 5.0}
    (tmp_path / "train.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(ValueError, match=r"no row of .* is left: loosen --min-pick-score"):
        sft.main(arguments(base, tmp_path, tmp_path / "out"))


def test_a_batch_that_cannot_be_dealt_out_is_refused():
    assert trainer.accumulation(64, 16, 2) == 2
    with pytest.raises(ValueError, match="--batch-size 64 must be a multiple of --micro-batch 16 times .*, 3"):
        trainer.accumulation(64, 16, 3)


def test_bases_that_are_none_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no model 'nothing'"):
        find_base("nothing")
    with pytest.raises(FileNotFoundError, match="has no beautifier.json"):
        find_base(str(tmp_path))
    with pytest.raises(ValueError, match="the embedded model chooses among written phrases"):
        find_base("embedded")
    assert find_base(str(tmp_path), "promptist") == (tmp_path, FAMILIES["promptist"])


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_accelerate_reads_its_configurations(path):
    launch = pytest.importorskip("accelerate.commands.launch")
    command = launch.launch_command_parser().parse_args(["--config_file", str(path), "-m", "stage"])
    command, *_ = launch._validate_launch_command(command)
    found = {"zero2": command.use_deepspeed, "fsdp": command.use_fsdp, "one-gpu": not command.multi_gpu}
    assert found.get(path.stem, command.multi_gpu)
    assert command.num_processes == {"one-gpu": 1, "cpu-2": 2}.get(path.stem, 4)
