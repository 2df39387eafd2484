"""A tiny run: what the command writes is what the stages read; a base that chats is trained as it is asked."""

import json
from pathlib import Path

import pytest

pytest.importorskip("diffusers")
pytest.importorskip("trl")

import torch

from prompt_beautifier.beautifier.beautify import load_beautifier
from prompt_beautifier.beautifier.checkpoints.folders import list_checkpoints
from prompt_beautifier.beautifier.images.scorers import load_scorer
from prompt_beautifier.beautifier.language import writer
from prompt_beautifier.beautifier.reading import read_cleaned
from prompt_beautifier.beautifier.request import Request, Sampling
from prompt_beautifier.training import dpo, ppo, rl, sft, tiny
from prompt_beautifier.training.pictures.pipeline import Pictures
from prompt_beautifier.training.run.bases import base_tokenizer, find_base, transformers_tokenizer
from prompt_beautifier.training.run.parts import write_rows
from prompt_beautifier.training.run.rows import question_text, read_jsonl

from . import moody


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """What the command writes, with a base of Qwen3's shape."""
    folder = tmp_path_factory.mktemp("tiny")
    tiny.main(["--out", str(folder), "--shape", "qwen3", "--hidden-size", "32"])
    return folder


@pytest.mark.slow
def test_pairs_pipeline_and_scorers_are_those_that_stages_read(made):
    train, heldout = (
        read_jsonl(made / "pairs" / f"{side}.jsonl", "raw_prompt", "prompt") for side in ("train", "heldout")
    )
    assert len(train) + len(heldout) == len(tiny.COLOURS) * len(tiny.THINGS) * len(tiny.MOODS)
    assert not {row["raw_prompt"] for row in train} & {row["raw_prompt"] for row in heldout}
    images = Pictures(str(made / "pipeline"), steps=1, size=16).draw(["red cat", "a blue owl"], [0])
    assert images.shape == (2, 16, 16, 3) and not torch.equal(images[0], images[1])
    for name in ("pickscore", "aesthetic", "clip-score"):
        scores = load_scorer(name, made / name, "cpu").score(images, ["red cat", "blue owl"])
        assert scores.shape == (2,) and scores[0] != scores[1]


@pytest.mark.parametrize("shape", tiny.SHAPES)
def test_a_base_of_each_shape_is_a_checkpoint(made, tmp_path, shape):
    count = tiny.save_base(tmp_path, made / "pairs" / "train.jsonl", shape, 32, 1, seed=0)
    beautifier = load_beautifier(tmp_path)
    assert sum(p.numel() for p in beautifier.network.parameters()) == count
    answers = beautifier.write("red cat", Request("red cat", 1, sampling=Sampling(max_new_tokens=3)))
    assert len(answers.texts) == 1


def test_a_base_that_chats_is_trained_on_what_it_is_asked_and_read(made):
    folder, family = find_base(str(made / "base"))
    tokenizer, config = base_tokenizer(folder, family)
    beautifier = load_beautifier(folder)
    row = {"raw_prompt": "red <|im_end|> cat", "prompt": "a red cat, <|im_end|> mist"}
    learnt = sft.training_row(family, tokenizer, config.eos_token_id, row)
    written = [label for label in learnt["labels"] if label != -100]
    assert learnt["input_ids"] == [*beautifier.asked(row["raw_prompt"]), *written]
    end = tokenizer.token_to_id("<|im_end|>")
    assert config.eos_token_id == end and written[-1] == end and end not in written[:-1]
    assert beautifier.network.config.ends == (end,)
    plain = sft.training_row(family, tokenizer, end, {"raw_prompt": "red cat", "prompt": "a red cat, mist"})
    text = beautifier.decoded([label for label in plain["labels"] if label != -100])
    assert read_cleaned(family, "red cat", text, True) == "a red cat, mist"
    pair = dpo.pair_of_tokens(family, tokenizer, end, {**row, "chosen": "a", "rejected": "b"})
    assert pair["prompt_ids"] == beautifier.asked(row["raw_prompt"])
    of_trainer = transformers_tokenizer(tokenizer, config)
    text = question_text(tokenizer, family, row["raw_prompt"])
    assert of_trainer(text)["input_ids"] == beautifier.asked(row["raw_prompt"]) and of_trainer.eos_token_id == end


@pytest.mark.slow
def test_what_was_trained_chats_as_its_base_did(made, tmp_path):
    few = "--cpu --max-steps 1 --batch-size 4 --micro-batch 4 --eval-rows 0 --export-dtype float32 --lora 2".split()
    folders = ["--model", str(made / "base"), "--data", str(made / "pairs"), "--out", str(tmp_path)]
    sft.main([*folders, *few, "--lr", "1e-2", "--gradient-checkpointing"])
    before, after = load_beautifier(made / "base"), load_beautifier(tmp_path / "model")
    assert after.family == before.family and after.asked("red cat") == before.asked("red cat")
    assert json.loads((tmp_path / "model" / "beautifier.json").read_text()) == {"family": "chat"}
    changed = [
        not torch.equal(mine, theirs)
        for mine, theirs in zip(before.network.parameters(), after.network.parameters(), strict=True)
    ]
    assert any(changed) and not all(changed)


def test_a_family_that_is_asked_anew_each_time_is_not_trained(made):
    folder, family = find_base(str(made / "base"), "tipo")
    with pytest.raises(ValueError, match="tipo is asked in another way for each request"):
        base_tokenizer(folder, family)


REINFORCED = "--steps 1 --rollouts 4 --max-new-tokens 6 --eval-prompts 2 --max-prompts 8".split()


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["ppo", "grpo", "dpo"])
def test_a_base_that_chats_goes_through_every_method_with_adapters(made, tmp_path, monkeypatch, stage):
    monkeypatch.syspath_prepend(str(Path(moody.__file__).parent))
    # Random weights write nothing that is related to what was asked: their answers count all the same.
    monkeypatch.setattr(writer, "why_unusable", lambda *_: "")
    data = made / "pairs"
    if stage == "dpo":
        data = tmp_path / "preferences"
        data.mkdir()
        row = {"raw_prompt": "red cat", "chosen": "a red cat, mist", "rejected": "a red cat, neon"}
        for side in ("train", "heldout"):
            write_rows(data / f"{side}.jsonl", [row] * 4)
    folders = ["--model", str(made / "base"), "--data", str(data), "--out", str(tmp_path / "LLM" / "run")]
    common = "--cpu --lora 2 --lr 1e-2 --export-dtype float32 --gradient-checkpointing".split()
    asked = ["--reward", "moody:letters", *REINFORCED]
    if stage == "ppo":
        ppo.main([*folders, *common, *asked, "--minibatch", "4", "--baseline", "none", "--keep", "last"])
    elif stage == "grpo":
        rl.main([*folders, *common, *asked, "--method", "grpo", "--answers", "2", "--micro-batch", "4"])
    else:
        dpo.main([*folders, *common, "--batch-size", "4", "--micro-batch", "4"])
    (listed,) = list_checkpoints([tmp_path / "LLM"])
    assert listed == "run/model"
    before, after = load_beautifier(made / "base"), load_beautifier(tmp_path / "LLM" / "run" / "model")
    assert after.family == before.family
    names = [name for name, _ in before.network.named_parameters()]
    changed = [
        name
        for name, mine, theirs in zip(names, before.network.parameters(), after.network.parameters(), strict=True)
        if not torch.equal(mine, theirs)
    ]
    assert changed and all("query_key_value" in name or "dense" in name for name in changed)
