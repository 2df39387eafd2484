"""Every stage of training behind the other, on what the one before wrote, to a model that Load Beautifier lists."""

import asyncio
import importlib
import json
from pathlib import Path

import pytest

for package in ("diffusers", "names", "ray", "trl"):
    pytest.importorskip(package, reason=f"{package} is a training dependency")

from prompt_beautifier.beautifier.beautify import load_beautifier  # noqa: E402
from prompt_beautifier.beautifier.checkpoints.folders import list_checkpoints  # noqa: E402
from prompt_beautifier.beautifier.language import writer  # noqa: E402
from prompt_beautifier.beautifier.rewards.model import load_reward_model  # noqa: E402
from prompt_beautifier.training import collect, dpo, evaluate, label, ppo, reward, rl, sft  # noqa: E402
from prompt_beautifier.training import tiny as tiny_stage  # noqa: E402
from prompt_beautifier.training.pictures import tiny as tiny_pictures  # noqa: E402

from ..stand_ins import comfy_stand_in, tiny, tiny_scorers  # noqa: E402
from . import moody  # noqa: E402
from .test_collect import made_up_prompts  # noqa: E402

CPU = ["--cpu", "--export-dtype", "float32"]
CONFIGS = Path(sft.__file__).parent / "configs"


def rows_of(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def written_by_the_nodes(models: Path, name: str, raw_prompt: str) -> list[str]:
    """Two candidates of Beautify Prompt for a model that Load Beautifier finds in the folder LLM below `models`."""
    with comfy_stand_in.installed(models):
        extension = asyncio.run(importlib.import_module("prompt_beautifier").comfy_entrypoint())
        nodes = {node.define_schema().node_id: node.execute for node in asyncio.run(extension.get_node_list())}
        loaded = nodes["PromptBeautifierLoadBeautifier"](name).args[0]
        return nodes["PromptBeautifierBeautifyPrompt"](loaded, raw_prompt, seed=1, num_candidates=2).args[1]


@pytest.mark.slow
def test_from_raw_prompts_to_a_model_that_loads(tmp_path):
    prompts, base = tmp_path / "prompts.txt", tmp_path / "base"
    prompts.write_text("\n".join(made_up_prompts(400)) + "\n", encoding="utf-8")
    tiny.save_checkpoint(base, family="text2prompt-v1", layers=2)
    tiny_pictures.save_pipeline(tmp_path / "pipeline")
    tiny_scorers.save_scorer(tmp_path / "pick", "pickscore")

    pairs, labelled = tmp_path / "pairs", tmp_path / "labelled"
    collect.main(["--prompts", str(prompts), "--out", str(pairs), "--workers", "0"])
    for side, count in (("train", 48), ("heldout", 8)):  # more would only take longer
        kept = rows_of(pairs / "train.jsonl")[: 48 + 8][-count:]
        (pairs / f"{side}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in kept), encoding="utf-8")
    size = ["--model", str(tmp_path / "pipeline"), *"--size 16 --steps 1 --seeds 1 --workers 0".split()]
    scorer = f"pickscore={tmp_path / 'pick'}"
    label.main(["--data", str(pairs), "--out", str(labelled), *size, "--scorers", scorer])
    assert len(rows_of(labelled / "train.jsonl")) == 48

    data = ["--data", str(labelled)]
    few = "--max-steps 2 --batch-size 16 --min-pick-score -1000 --eval-rows 8".split()
    sft.main(["--model", str(base), *data, "--out", str(tmp_path / "sft"), *few, *CPU])
    model = tmp_path / "sft" / "model"
    for term in ("pick_score", "consistency"):
        few = ["--term", term, "--max-steps", "2", "--eval-rows", "8"]
        reward.main(["--model", str(model), *data, "--out", str(tmp_path / term), *few, *CPU])
    parts = [str(tmp_path / term / "model") for term in ("pick_score", "consistency")]
    judge = tmp_path / "LLM" / "reward"
    reward.main(["--combine", *parts, "--weights", "0.7", "0.3", "--out", str(judge)])
    folders = ["--model", str(model), *data, "--reward", str(judge), "--out", str(tmp_path / "LLM" / "ppo")]
    few = "--steps 2 --rollouts 8 --minibatch 4 --max-new-tokens 8 --eval-prompts 4 --keep last".split()
    ppo.main([*folders, *few, *CPU])
    made = tmp_path / "LLM" / "ppo" / "model"
    readers = ["--reward", str(judge), "--judge", str(model), "--names", str(labelled / "name_words.txt")]
    methods = ["raw=raw", f"SFT={model}", f"PPO={made}", f"best=best-of-2:{made}"]
    folders = ["--prompts", str(labelled / "heldout.jsonl"), "--out", str(tmp_path / "table")]
    evaluate.main(["--text", "--limit", "2", *folders, "--methods", *methods, *readers])

    figures = json.loads((tmp_path / "table" / "results.json").read_text(encoding="utf-8"))["sets"]["heldout"]
    assert list(figures["texts"]) == ["raw", "SFT", "PPO", "best"]
    assert list(list_checkpoints([tmp_path / "LLM"])) == ["ppo/model"]
    assert load_beautifier(made).family.name == "text2prompt-v1"
    assert len(written_by_the_nodes(tmp_path, "ppo/model", "red castle")) == 2
    assert [term.name for _, term in load_reward_model(judge).weighted] == ["pick_score", "consistency"]


@pytest.mark.slow
def test_promptist_from_pairs_to_the_nodes(tmp_path):
    """Its own configurations, made short: SFT, then PPO with the reward of pictures."""
    tiny_stage.main(["--out", str(tmp_path), "--shape", "gpt2", "--hidden-size", "32"])
    data = ["--data", str(tmp_path / "pairs")]
    few = "--max-steps 2 --batch-size 16 --micro-batch 16 --eval-rows 8".split()
    config = ["--config", str(CONFIGS / "sft-promptist.yaml"), "--model", str(tmp_path / "base")]
    sft.main([*config, *data, "--out", str(tmp_path / "sft"), *few, *CPU])
    config = ["--config", str(CONFIGS / "ppo-promptist.yaml"), "--model", str(tmp_path / "sft" / "model")]
    few = "--steps 2 --rollouts 4 --minibatch 4 --chunk 4 --unfrozen-layers 1 --eval-prompts 2".split()
    few += "--least-new-tokens 2 --max-new-tokens 6 --images 1 --image-steps 1 --image-size 16 --keep last".split()
    scorers = ["--scorers", *(f"{name}={tmp_path / name}" for name in ("aesthetic", "clip-score"))]
    drawn = ["--image-model", str(tmp_path / "pipeline"), *scorers]
    ppo.main([*config, *data, "--out", str(tmp_path / "LLM" / "ppo"), *few, *drawn, *CPU])
    assert load_beautifier(tmp_path / "LLM" / "ppo" / "model").family.name == "promptist"
    assert len(written_by_the_nodes(tmp_path, "ppo/model", "red castle")) == 2


@pytest.mark.slow
def test_a_base_that_chats_with_adapters_to_the_nodes(tmp_path, monkeypatch):
    """A base of Qwen3's shape: SFT, then GRPO, and preferences and DPO, each through adapters."""
    pytest.importorskip("peft")
    monkeypatch.syspath_prepend(str(Path(moody.__file__).parent))
    # Random weights write nothing that is related to what was asked: their answers count all the same.
    monkeypatch.setattr(writer, "why_unusable", lambda *_: "")
    tiny_stage.main(["--out", str(tmp_path), "--shape", "qwen3", "--hidden-size", "32"])
    data = ["--data", str(tmp_path / "pairs")]
    adapters = [*CPU, "--lora", "2", "--lr", "1e-2"]
    few = "--max-steps 2 --batch-size 8 --micro-batch 8 --eval-rows 4".split()
    sft.main(["--model", str(tmp_path / "base"), *data, "--out", str(tmp_path / "sft"), *few, *adapters])
    model = ["--model", str(tmp_path / "sft" / "model")]
    steps = "--method grpo --steps 1 --rollouts 4 --answers 2 --micro-batch 4 --max-new-tokens 6".split()
    asked = "--reward moody:letters --eval-prompts 2 --max-prompts 8".split()
    rl.main([*model, *data, "--out", str(tmp_path / "LLM" / "grpo"), *steps, *asked, *adapters])
    drawn = ["--model", str(tmp_path / "pipeline"), *"--size 16 --steps 1 --seeds 1 --workers 0 --limit 4".split()]
    written = ["--candidates", "2", "--writer", model[1], "--scorers", f"pickscore={tmp_path / 'pickscore'}"]
    preferences = str(tmp_path / "preferences")
    label.main([*data, "--out", preferences, *drawn, *written])
    few = "--max-steps 2 --batch-size 4 --micro-batch 4 --eval-rows 4".split()
    dpo.main([*model, "--data", preferences, "--out", str(tmp_path / "LLM" / "dpo"), *few, *adapters])
    names = list(list_checkpoints([tmp_path / "LLM"]))
    assert names == ["dpo/model", "grpo/model"]
    for name in names:
        assert load_beautifier(tmp_path / "LLM" / name).family.chats
        assert len(written_by_the_nodes(tmp_path, name, "red castle")) == 2
