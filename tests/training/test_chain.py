"""Every stage of training behind the other, on what the one before wrote, to a model that Load Beautifier lists."""

import json

import pytest

for package in ("diffusers", "names", "ray", "trl"):
    pytest.importorskip(package, reason=f"{package} is a training dependency")

from prompt_beautifier.beautifier.beautify import load_beautifier  # noqa: E402
from prompt_beautifier.beautifier.checkpoints.folders import list_checkpoints  # noqa: E402
from prompt_beautifier.beautifier.rewards.model import load_reward_model  # noqa: E402
from prompt_beautifier.training import collect, evaluate, label, ppo, reward, sft  # noqa: E402
from prompt_beautifier.training.pictures import tiny as tiny_pictures  # noqa: E402

from ..stand_ins import tiny, tiny_scorers  # noqa: E402
from .test_collect import made_up_prompts  # noqa: E402

CPU = ["--cpu", "--export-dtype", "float32"]


def rows_of(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


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
    assert [term.name for _, term in load_reward_model(judge).weighted] == ["pick_score", "consistency"]
