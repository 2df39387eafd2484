"""RLOO and GRPO through TRL: the same scores as PPO's, two steps of each, and what they hand over."""

from pathlib import Path

import pytest
import torch

pytest.importorskip("trl")

from safetensors.torch import load_file
from transformers import TrainerState
from trl import GRPOConfig, RLOOConfig

from prompt_beautifier.beautifier.beautify import load_beautifier
from prompt_beautifier.beautifier.language.writer import Beautifier
from prompt_beautifier.training import rl
from prompt_beautifier.training.policy.asked import Task, question, read_prompts
from prompt_beautifier.training.run import trainer
from prompt_beautifier.training.run.bases import base_tokenizer, transformers_tokenizer
from prompt_beautifier.training.run.metrics import read_metrics
from prompt_beautifier.training.run.trainer import Devices

from ..stand_ins import tiny
from . import moody


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return moody.save_pairs(tmp_path_factory.mktemp("pairs"))


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return tiny.save_checkpoint(tmp_path_factory.mktemp("base"), family="text2prompt-v1")


def arguments(base, data, out, *more):
    folders = ["--model", str(base), "--data", str(data), "--out", str(out), "--reward", "moody:neon"]
    steps = "--cpu --steps 2 --rollouts 8 --answers 4 --micro-batch 4 --max-new-tokens 6"
    return [*folders, *steps.split(), "--eval-prompts", "3", "--lr", "1e-3", *more]


def test_the_adapter_gives_the_scores_of_ppo(base, data):
    args = rl.option_parser().parse_args(arguments(base, data, "x"))
    beautifier = load_beautifier(base)
    prompts = read_prompts(data / "train.jsonl", beautifier, args, limit=100)
    steps = []

    def reward(raws, texts, step):
        steps.append(step)
        return moody.neon(raws, texts)

    score = rl.as_trl_reward(Task(beautifier, reward, prompts, prompts), args, tiny.EOS)
    ids = [beautifier.encode(text) for text in (" a red castle, neon", " a red castle, mist", " neon, neon")]
    answers, state = [[*each, tiny.EOS] for each in ids], TrainerState(global_step=4)
    found = score(["not read"] * 3, completion_ids=answers, row=[0, 0, 3], trainer_state=state)
    assert found == [1.0, 0.0, 1.0]
    assert steps == [4]  # and no call for the data set's own prompts, which the group's mean would take out again


def test_what_is_asked_is_what_the_beautifier_asks(base, data):
    args = rl.option_parser().parse_args(arguments(base, data, "x"))
    tokenizer, config = base_tokenizer(base)
    prompts = read_prompts(data / "train.jsonl", load_beautifier(base), args, limit=100)
    prompts.rows.append({"raw_prompt": "a </s> b"})
    beautifier = load_beautifier(base)
    prompts.questions.append(question(beautifier, "a </s> b", 6))
    asked = rl.asked_rows(beautifier, prompts, [1, len(prompts) - 1])
    of_trainer = transformers_tokenizer(tokenizer, config)
    for row in asked:
        assert tuple(of_trainer(text=row["prompt"])["input_ids"]) == prompts.questions[row["row"]].tokens
    assert isinstance(beautifier, Beautifier)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["rloo", "grpo"])
def test_two_steps_of_each(base, data, tmp_path, monkeypatch, method):
    monkeypatch.syspath_prepend(str(Path(moody.__file__).parent))
    rl.main(arguments(base, data, tmp_path, "--method", method))
    rows = read_metrics(tmp_path)
    assert [row["step"] for row in rows] == [1, 2]
    assert {"score", "kl_per_token", "length", "unfinished"} <= rows[-1].keys()
    before, after = load_beautifier(base), load_beautifier(tmp_path / "model")
    assert after.family.name == "text2prompt-v1"
    changed = [
        (mine - theirs).abs().max().item()
        for mine, theirs in zip(before.network.parameters(), after.network.parameters(), strict=True)
    ]
    assert 0 < max(changed) < 0.1
    card = (tmp_path / "model" / "README.md").read_text()
    assert f"{method.upper()} (training/rl.py)" in card and "| held-out score |" in card
    assert torch.isfinite(torch.tensor(changed)).all()


@pytest.mark.slow
@pytest.mark.parametrize("method", ["rloo", "grpo"])
def test_a_killed_run_goes_on_as_if_nothing_had_happened(base, data, tmp_path, monkeypatch, forks, method):
    torch.set_num_threads(1)  # as the killed one has, whatever another test left: sums of two threads round otherwise
    here = Path(moody.__file__).parent
    monkeypatch.syspath_prepend(str(here))
    more = f"--method {method} --reward moody:letters --steps 5 --checkpoint-steps 2 --export-dtype float32".split()
    runs = tmp_path / "whole", tmp_path / "killed"
    for run in runs:
        command = arguments(base, data, run, *more)
        if run.name == "killed":
            process = forks.start("prompt_beautifier.training.rl", command, here)
            process.until((run / "checkpoints" / "checkpoint-2" / trainer.COMPLETE).exists)
            process.kill()
            assert not (run / "model").exists(), "it was killed too late"
        rl.main(command)
    one, other = (read_metrics(run) for run in runs)
    assert [row["step"] for row in one] == [1, 2, 3, 4, 5]
    assert one == [{name: pytest.approx(value, rel=1e-4, abs=1e-6) for name, value in row.items()} for row in other]
    one, other = (load_file(run / "model" / "model.safetensors") for run in runs)
    assert all((weights - other[name]).abs().max() < 1e-5 for name, weights in one.items())


@pytest.mark.slow
def test_a_run_goes_on_under_its_own_options_alone(base, data, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(Path(moody.__file__).parent))
    rl.main(arguments(base, data, tmp_path, "--steps", "1"))
    for flag, was, becomes in (("--beta", "0.05", "0.1"), ("--answers", "4", "2"), ("--method", "rloo", "grpo")):
        with pytest.raises(ValueError, match=f"with {flag} {was}, not {becomes}"):
            rl.main(arguments(base, data, tmp_path, "--steps", "1", flag, becomes))


def test_answers_that_cannot_be_grouped_are_refused(base, data, tmp_path):
    with pytest.raises(ValueError, match="--rollouts 8 must be a multiple of --answers 3"):
        rl.main(arguments(base, data, tmp_path, "--answers", "3"))


def test_the_configuration_is_understood():
    config = Path(rl.__file__).parent / "configs" / "rl.yaml"
    args = rl.parse(
        rl.option_parser(), ["--config", str(config), "--model", "m", "--data", "d", "--out", "o", "--reward", "r"]
    )
    assert (args.method, args.lr, args.rollouts) == ("rloo", 5e-6, 64)


CPU = Devices(torch.device("cpu"), 1, False)


def test_vllm_and_the_loss_are_passed_on_to_trl(base, data):
    parse = rl.option_parser().parse_args
    plain = rl.trl_settings(parse(arguments(base, data, "x")), CPU)
    assert not {"use_vllm", "loss_type"} & plain.keys()
    colocated = rl.trl_settings(parse(arguments(base, data, "x", "--vllm", "colocate", "--vllm-memory", "0.5")), CPU)
    for settings in (RLOOConfig(**colocated), GRPOConfig(**colocated)):
        assert (settings.use_vllm, settings.vllm_mode, settings.vllm_gpu_memory_utilization) == (True, "colocate", 0.5)
    flags = ["--method", "grpo", "--loss", "dr_grpo", "--vllm", "server", "--vllm-server", "http://gpu:8000"]
    settings = GRPOConfig(**rl.trl_settings(parse(arguments(base, data, "x", *flags)), CPU))
    assert (settings.vllm_mode, settings.vllm_server_base_url) == ("server", "http://gpu:8000")
    assert settings.loss_type == "dr_grpo"


def test_options_that_cannot_work_are_refused(base, data, monkeypatch):
    parse = rl.option_parser().parse_args
    with pytest.raises(ValueError, match="--loss dr_grpo is one of GRPO's"):
        rl.check(parse(arguments(base, data, "x", "--loss", "dr_grpo")))
    monkeypatch.setattr(rl.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match="pip install vllm"):
        rl.check(parse(arguments(base, data, "x", "--vllm", "colocate")))


@pytest.mark.slow
def test_low_rank_adapters_are_trained_and_merged(base, data, tmp_path, monkeypatch):
    pytest.importorskip("peft")
    monkeypatch.syspath_prepend(str(Path(moody.__file__).parent))
    flags = ["--method", "grpo", "--lora", "4", "--lr", "3e-2", "--reward", "moody:letters"]
    rl.main(arguments(base, data, tmp_path, *flags))
    before, after = load_beautifier(base).network, load_beautifier(tmp_path / "model").network
    assert torch.allclose(before.word_embeddings.weight, after.word_embeddings.weight, atol=1e-3)
    assert not torch.allclose(before.h[0].mlp.dense_4h_to_h.weight, after.h[0].mlp.dense_4h_to_h.weight, atol=1e-3)
