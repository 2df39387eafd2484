"""Training of reward models: it learns, resumes after a kill, adds up batches rightly, and writes what others load."""

import argparse
import json
import math
import random
import shutil
import signal
from collections import Counter
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from scipy import stats

from prompt_beautifier.beautifier.prompts.words import content_words
from prompt_beautifier.beautifier.rewards.folders import list_reward_models
from prompt_beautifier.beautifier.rewards.model import load_reward_model

from ..stand_ins import tiny, tiny_rewards

pytest.importorskip("trl")
from prompt_beautifier.training import reward, tokenizer  # noqa: E402
from prompt_beautifier.training.data import mismatches  # noqa: E402
from prompt_beautifier.training.regression.combine import combine  # noqa: E402
from prompt_beautifier.training.run import options  # noqa: E402

COLOURS = "red blue green old tiny golden".split()
THINGS = "castle cat ship tower robot owl tree river".split()
DETAILS = "sharp focus,soft light,8k,oil on canvas,highly detailed,by the sea,bokeh,wide angle".split(",")


def made_up_row(chance):
    """A row whose pick_score is told by its number of commas."""
    colour, thing, count = chance.choice(COLOURS), chance.choice(THINGS), chance.randrange(8)
    prompt = ", ".join([f"a {colour} {thing}", *chance.sample(DETAILS, count)])
    return {
        "raw_prompt": f"{colour} {thing}",
        "prompt": prompt,
        "pick_score": 20 + 0.5 * count,
        "aesthetic_score": 5 + 0.1 * len(thing),
    }


def write_rows(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A data folder with a tokenizer, and a row without scores in it."""
    folder, chance = tmp_path_factory.mktemp("data"), random.Random(0)
    for side, count in (("train", 320), ("heldout", 60)):
        rows = [made_up_row(chance) for _ in range(count)]
        write_rows(folder / f"{side}.jsonl", [*rows, {"raw_prompt": "a cat", "prompt": "a cat, 8k"}])
    arguments = ["--data", str(folder / "train.jsonl"), "--vocab-size", "320", "--out", str(folder)]
    tokenizer.main(arguments)
    return folder


def command(data, out, *more, term="pick_score", start=("--from-scratch", "32,2,2")):
    scratch = ["--tokenizer", str(data / "tokenizer.json")] if start[0] == "--from-scratch" else []
    settings = ["--lr", "3e-3", "--eval-rows", "60", "--export-dtype", "float32", "--cpu"]
    return ["--data", str(data), "--out", str(out), "--term", term, *start, *scratch, *settings, *more]


def weights(folder):
    return load_file(folder / "model" / "model.safetensors")


def assert_same_weights(one, other, atol=1e-6):
    assert one.keys() == other.keys()
    for name, tensor in one.items():
        torch.testing.assert_close(other[name], tensor, atol=atol, rtol=1e-4, msg=name)


@pytest.fixture(scope="module")
def learnt(data, tmp_path_factory):
    """The folder of a run that learns, in float16 as by default."""
    out = tmp_path_factory.mktemp("runs") / "commas"
    shown = ["--data-note", "made up", "--licence", "CC0-1.0", "--checkpoint-steps", "30"]
    reward.main(command(data, out, "--epochs", "3", "--export-dtype", "float16", *shown))
    return out


@pytest.mark.slow
def test_it_learns_what_the_words_tell(learnt):
    told = [json.loads(line) for line in (learnt / "metrics.jsonl").read_text().splitlines()][-1]
    assert told["heldout_mse"] < 0.1 * 1.2  # of always guessing the mean: the variance, about 1.2
    assert told["heldout_pearson"] > 0.95 and told["heldout_spearman"] > 0.9
    model = load_reward_model(learnt / "model")
    few, many = model.score(["red cat"] * 2, ["a red cat, 8k", "a red cat, 8k, bokeh, by the sea, soft light"])
    assert few == pytest.approx(20.5, abs=0.5) and many == pytest.approx(22.0, abs=0.5)


@pytest.mark.slow
def test_the_figures_are_those_of_the_files(learnt, data):
    rows = [json.loads(line) for line in (data / "heldout.jsonl").read_text().splitlines()][:60]
    labels = torch.tensor([row["pick_score"] for row in rows])
    raws, prompts = ([row[side] for row in rows] for side in ("raw_prompt", "prompt"))
    scores = load_reward_model(learnt / "model").score(raws, prompts)
    train = [json.loads(line) for line in (data / "train.jsonl").read_text().splitlines()][:320]
    mean = sum(row["pick_score"] for row in train) / len(train)
    card = (learnt / "model" / "README.md").read_text()
    for name, ours, guessed in (
        ("mean squared error", ((scores - labels) ** 2).mean(), f"{((mean - labels) ** 2).mean():.4g}"),
        ("Pearson", stats.pearsonr(scores, labels)[0], "–"),
        ("Spearman", stats.spearmanr(scores, labels)[0], "–"),
    ):
        (line,) = (line for line in card.splitlines() if line.startswith(f"| {name} |"))
        _, _, shown, shown_mean, _ = line.split("|")
        assert float(shown) == pytest.approx(float(ours), rel=2e-3) and shown_mean.strip() == guessed


def test_the_card_says_what_the_model_is(learnt):
    card = (learnt / "model" / "README.md").read_text()
    assert "- licence: CC0-1.0" in card and "- data: made up; 320 examples for training, 60 held out" in card
    assert r'"Input: RAW PROMPT\nOutput: PROMPT"' in card
    assert "--term pick_score --from-scratch 32,2,2" in card
    assert str(learnt.parent) not in card


def test_transformers_gives_the_same_numbers(learnt):
    transformers = pytest.importorskip("transformers")
    hf = transformers.AutoModelForSequenceClassification.from_pretrained(
        learnt / "model", torch_dtype=torch.float32
    ).eval()
    assert hf.config.num_labels == 1 and hf.config.problem_type == "regression"
    tokenizer = transformers.AutoTokenizer.from_pretrained(learnt / "model")
    assert (tokenizer.eos_token_id, tokenizer.pad_token_id, tokenizer.truncation_side) == (1, 0, "left")
    notes = json.loads((learnt / "model" / "reward.json").read_text())
    assert notes["term"] == "pick_score" and notes["mean"] == pytest.approx(21.7, abs=0.3)
    prompts = ["a red cat, 8k", "a golden owl", "a tiny ship, bokeh, soft light, 8k, by the sea"]
    expected = []
    for prompt in prompts:
        ids = tokenizer(f"Input: red cat\nOutput: {prompt}</s>").input_ids
        with torch.inference_mode():
            expected.append(hf(torch.tensor([ids])).logits.item() * notes["std"] + notes["mean"])
    scores = load_reward_model(learnt / "model").score(["red cat"] * 3, prompts)
    torch.testing.assert_close(scores, torch.tensor(expected), atol=1e-5, rtol=1e-5)


def test_the_folder_is_one_that_the_menu_lists(learnt):
    assert list_reward_models([learnt]) == {"model": learnt / "model"}
    assert sorted(path.name for path in (learnt / "model").iterdir()) == [
        "README.md",
        "config.json",
        "model.safetensors",
        "reward.json",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    assert {tensor.dtype for tensor in weights(learnt).values()} == {torch.float16}
    assert not (learnt / "whole").exists() and list((learnt / "tensorboard").iterdir())


@pytest.mark.slow
def test_pace_and_memory_are_said_after_ten_steps(data, tmp_path, capsys):
    reward.main(command(data, tmp_path / "run", "--max-steps", "12", "--log-steps", "1"))
    lines = capsys.readouterr().out.splitlines()
    (said,) = (i for i, line in enumerate(lines) if line.startswith("a step takes") and "the other 2 steps" in line)
    steps = [i for i, line in enumerate(lines) if line.startswith("step ") and " loss " in line]
    assert steps[8] < said < steps[10] and lines[0] == "train.jsonl: 320 examples of 321 rows"


@pytest.mark.slow
def test_the_aesthetic_score_is_told_from_the_prompt_alone(data, tmp_path):
    reward.main(command(data, tmp_path / "run", "--max-steps", "3", term="aesthetic_score"))
    notes = json.loads((tmp_path / "run" / "model" / "reward.json").read_text())
    assert notes["reads"] == "{prompt}"
    one, other = load_reward_model(tmp_path / "run" / "model").score(["a cat", "a dog"], ["a tree, 8k"] * 2)
    assert one == other


@pytest.mark.slow
def test_a_batch_in_parts_is_the_same_batch(data, tmp_path):
    for name, part in (("whole", "16"), ("parts", "4")):
        reward.main(command(data, tmp_path / name, "--max-steps", "6", "--micro-batch", part))
    assert_same_weights(weights(tmp_path / "whole"), weights(tmp_path / "parts"), atol=2e-5)


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_same_result(data, tmp_path, forks):
    run = ["--max-steps", "16", "--checkpoint-steps", "4", "--log-steps", "1", "--dropout", "0.1"]
    reward.main(command(data, tmp_path / "undisturbed", *run))
    killed = tmp_path / "killed"
    process = forks.start("prompt_beautifier.training.reward", command(data, killed, *run))
    marked = killed / "checkpoints" / "checkpoint-4" / "complete"
    process.until(marked.exists)
    assert process.kill() == -signal.SIGKILL, process.output()
    assert marked.exists() and not (killed / "model").exists()
    # What a kill in the middle of writing the next checkpoint leaves behind: newer, and not whole.
    remains = killed / "checkpoints" / "checkpoint-15"
    shutil.copytree(marked.parent, remains)
    (remains / "complete").unlink()
    (remains / "model.safetensors").write_bytes(b"half")
    reward.main(command(data, killed, *run))
    assert_same_weights(weights(tmp_path / "undisturbed"), weights(killed))
    steps = [json.loads(line) for line in (killed / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in steps if "loss" in row] == list(range(1, 17))


@pytest.mark.slow
def test_a_run_is_not_continued_with_other_options(data, tmp_path):
    reward.main(command(data, tmp_path / "run", "--max-steps", "2"))
    with pytest.raises(ValueError, match=r"holds a run with --lr 0\.003, not 0\.1"):
        reward.main(command(data, tmp_path / "run", "--max-steps", "2", "--lr", "0.1"))


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["bloom", "gpt2", "llama"])
def test_a_language_model_becomes_a_reward_model(data, tmp_path, architecture):
    """GPT-2 has no padding token: a score must be read at the end token all the same."""
    base = tiny.save_checkpoint(tmp_path / "base", architecture, family=None)
    out = tmp_path / "run"
    reward.main(command(data, out, "--max-steps", "2", "--lr", "1e-4", start=("--model", str(base))))
    before, after = load_file(base / "model.safetensors"), weights(out)
    before.pop("lm_head.weight", None)  # the score is in its place
    assert after.keys() == {*before, "score.weight"}
    for name, tensor in before.items():
        assert 0 < (tensor - after[name]).abs().max() < 1e-3 or "attn.bias" in name
    config = json.loads((out / "model" / "config.json").read_text())
    assert config["pad_token_id"] != config["eos_token_id"] == tiny.EOS
    model = load_reward_model(out / "model")
    (_, term), *_ = model.weighted
    (row,) = term.reading.tokens(term.tokenizer, tiny.EOS, ["Input: a\nOutput: b"])
    hidden = term.network.transformer(torch.tensor([row]))[0, -1]
    expected = (hidden @ after["score.weight"][0]) * term.std + term.mean
    assert model.score(["a"], ["b"]).item() == pytest.approx(expected.item(), abs=1e-4)


@pytest.mark.slow
def test_low_rank_adapters_and_the_score_are_trained_and_merged(data, tmp_path):
    pytest.importorskip("peft")
    base = tiny.save_checkpoint(tmp_path / "base", "llama", family=None)
    few = ["--max-steps", "2", "--lr", "1e-2", "--lora", "4"]
    reward.main(command(data, tmp_path / "run", *few, start=("--model", str(base))))
    before, after = load_file(base / "model.safetensors"), weights(tmp_path / "run")
    before.pop("lm_head.weight", None)
    assert after.keys() == {*before, "score.weight"}
    changed = {name for name, tensor in before.items() if not torch.allclose(tensor, after[name], atol=1e-3)}
    assert changed and all("_proj" in name for name in changed)
    assert load_reward_model(tmp_path / "run" / "model").score(["a"], ["b"]).isfinite().all()


ROWS = [
    {"raw_prompt": "a red fox", "prompt": "portrait of a Red fox in the snow, 8k"},
    {"raw_prompt": "old castle", "prompt": "an old castle on a hill, soft light"},
    {"raw_prompt": "1 girl with an umbrella", "prompt": "1 girl with an umbrella, rain, bokeh"},
    {"raw_prompt": "robot", "prompt": "a robot, sharp focus"},
]


def test_mismatches_are_what_they_say():
    chance, kinds = random.Random(0), set()
    for _ in range(200):
        row = chance.choice(ROWS)
        made = mismatches.mismatch(row, ROWS, chance)
        kinds.add(made.kind)
        assert made.label == 0
        raw, prompt = set(content_words(made.raw_prompt)), set(content_words(made.prompt))
        if made.kind == "another prompt":
            assert made.raw_prompt == row["raw_prompt"] and made.prompt != row["prompt"]
            assert not raw & prompt and made.prompt in [other["prompt"] for other in ROWS]
        elif made.kind == "another subject":
            assert made.raw_prompt == row["raw_prompt"] and not raw & prompt
            kept = set(content_words(row["prompt"])) - raw
            assert kept <= prompt
        else:
            assert made.prompt == row["prompt"]
            assert len(raw - prompt) == 1 and len(made.raw_prompt.split()) == len(row["raw_prompt"].split())
    assert kinds == {"another prompt", "another subject", "another word"}


def test_rows_and_mismatches_take_turns_and_the_seed_sets_them():
    examples = mismatches.with_mismatches(ROWS, seed=1)
    assert [each.label for each in examples] == [1.0, 0.0] * 4
    assert [each.raw_prompt for each in examples[::2]] == [row["raw_prompt"] for row in ROWS]
    assert mismatches.with_mismatches(ROWS, seed=1) == examples != mismatches.with_mismatches(ROWS, seed=2)


def test_where_the_raw_prompt_stands_says_nothing_about_the_label():
    """People's rows begin with the raw prompt; a network that learns no more than that must not be right."""
    chance = random.Random(3)
    rows = [
        {"raw_prompt": raw, "prompt": ", ".join([f"a {raw}", *chance.sample(DETAILS, 4)])}
        for raw in (f"{colour} {thing}" for colour in COLOURS for thing in THINGS)
    ] * 8
    examples = mismatches.with_mismatches(rows, seed=1)
    places = {label: Counter() for label in (1.0, 0.0)}
    for example in examples:
        segments = example.prompt.split(", ")
        places[example.label][next(i for i, each in enumerate(segments) if each.startswith("a "))] += 1
    for place in range(5):
        assert places[1.0][place] == pytest.approx(places[0.0][place], abs=0.05 * len(rows))
    behind = 1 - places[1.0][0] / len(rows)
    assert 0.3 < behind < 0.5
    orders = Counter(example.order for example in examples)
    assert orders["as written"] == pytest.approx(len(rows), rel=0.15) and len(orders) == 3


def test_other_segments_are_the_same_segments():
    example = mismatches.Example("a cat", "a cat, 8k, soft light, bokeh", 1.0)
    for change in mismatches.CHANGES:
        for pattern in range(50):
            made = mismatches.in_order(example, change, pattern)
            assert sorted(made.prompt.split(", ")) == sorted(example.prompt.split(", ")) and made.order == change
    front = {mismatches.in_order(example, "others in front", pattern).prompt.split(", ")[0] for pattern in range(50)}
    assert front == {"8k", "soft light", "bokeh"}
    alone = mismatches.Example("a cat", "a cat", 1.0)
    assert {mismatches.in_order(alone, change, 1).prompt for change in mismatches.CHANGES} == {"a cat"}


def test_rows_that_are_all_alike_make_no_mismatch():
    with pytest.raises(ValueError, match="no mismatch can be made of 'robot'"):
        mismatches.with_mismatches(ROWS[-1:], seed=0)


@pytest.mark.slow
def test_consistency_is_trained_without_scores(data, tmp_path, capsys):
    reward.main(command(data, tmp_path / "run", "--max-steps", "3", "--lower-case", term="consistency"))
    notes = json.loads((tmp_path / "run" / "model" / "reward.json").read_text())
    assert notes == {
        "term": "consistency",
        "reads": "Input: {raw_prompt}\nOutput: {prompt}",
        "mean": 0.0,
        "std": 1.0,
        "lower_case": True,
    }
    shown = capsys.readouterr().out
    assert "train.jsonl: 642 examples of 321 rows: 321 match" in shown
    assert "| above its mismatch: another word |" in shown
    assert "| above its mismatch: segments shuffled |" in shown


def test_terms_are_combined_into_one_folder(tmp_path):
    parts = [
        tiny_rewards.save_reward(tmp_path / "a", seed=0),
        tiny_rewards.save_reward(tmp_path / "b", seed=1, notes={"term": "consistency"}),
    ]
    for part in parts:
        (part / "README.md").write_text("# part")
    reward.main(["--combine", *map(str, parts), "--weights", "0.7", "2", "--out", str(tmp_path / "both")])
    terms = [load_reward_model(part).score(["a cat"], ["a cat, 8k"]) for part in parts]
    model = load_reward_model(tmp_path / "both")
    torch.testing.assert_close(model.score(["a cat"], ["a cat, 8k"]), 0.7 * terms[0] + 2 * terms[1])
    assert [term.name for _, term in model.weighted] == ["pick_score", "consistency"]
    with pytest.raises(ValueError, match="is a combination itself"):
        combine([tmp_path / "both", parts[0]], [1, 1], tmp_path / "more")
    with pytest.raises(ValueError, match="two of the same name"):
        combine([parts[0], parts[0]], [1, 1], tmp_path / "more")
    with pytest.raises(ValueError, match="1 folders, --weights 2"):
        combine(parts[:1], [1, 1], tmp_path / "more")


@pytest.mark.parametrize(
    ("term", "rows", "message"),
    [
        ("image_reward", [{"pick_score": 20.0}], r"no row of .*'image_reward'.*\(pick_score\)"),
        ("pick_score", [{"pick_score": 20.0}, {"pick_score": 20.0}], "all 2 rows have the same pick_score, 20"),
        ("pick_score", [{"pick_score": float("nan")}], "must be a finite number, not nan"),
        ("pick_score", [{"pick_score": "20"}], "must be a finite number, not '20'"),
    ],
)
def test_labels_that_cannot_be_learnt_are_named(data, tmp_path, term, rows, message):
    for side in ("train", "heldout"):
        write_rows(tmp_path / f"{side}.jsonl", [{"raw_prompt": "a", "prompt": "b", **row} for row in rows])
    shutil.copy(data / "tokenizer.json", tmp_path)
    with pytest.raises(ValueError, match=message):
        reward.main(command(tmp_path, tmp_path / "run", term=term))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--term", "pick_score", "--model", "x"], "--data is missing"),
        (["--data", "x", "--model", "x"], "--term is missing"),
        (["--data", "x", "--term", "y"], "give --model, or --from-scratch"),
        (["--data", "x", "--term", "y", "--from-scratch", "32,2,2"], "--from-scratch needs --tokenizer"),
        (["--data", "x", "--term", "y", "--from-scratch", "32,2,3"], "hidden a multiple of heads"),
        (["--combine", "a", "b"], "--combine needs --weights"),
    ],
)
def test_options_that_are_missing_are_named(capsys, tmp_path, arguments, message):
    with pytest.raises(SystemExit):
        reward.main([*arguments, "--out", str(tmp_path / "run")])
    assert message in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "path", sorted((Path(__file__).parents[2] / "training" / "configs").glob("reward*.yaml")), ids=lambda p: p.stem
)
def test_the_settings_that_come_along_are_options(path):
    args = options.parse(reward.option_parser(), ["--config", str(path), "--data", "rows", "--out", "run"])
    reward.check(reward.option_parser(), args)
    if path.stem != "reward-consistency":  # the others are the released run's: 16 rows on each of 4 GPUs
        assert (args.batch_size, args.lr, args.weight_decay, args.epochs) == (64, 1e-5, 1e-3, 1)
        assert (args.lr_schedule, args.warmup_steps, args.betas) == ("cosine", 0.03, [0.9, 0.95])


def test_a_run_goes_on_under_its_own_options_alone(data, learnt):
    shown = ["--data-note", "made up", "--licence", "CC0-1.0", "--checkpoint-steps", "30"]
    with pytest.raises(ValueError, match="with --epochs 3.0, not 2.0"):
        reward.main(command(data, learnt, "--epochs", "2", "--export-dtype", "float16", *shown))


@pytest.fixture(scope="module")
def choices(data, tmp_path_factory):
    """Preferences for the prompt with fewer commas, which is the shorter one, too."""
    folder, chance = tmp_path_factory.mktemp("choices"), random.Random(1)
    for side, count in (("train", 320), ("heldout", 60)):
        rows = []
        for _ in range(count):
            few, many = sorted((made_up_row(chance)["prompt"] for _ in range(2)), key=lambda text: text.count(","))
            if few.count(",") < many.count(","):
                rows.append({"raw_prompt": "red cat", "chosen": few, "rejected": many})
        write_rows(folder / f"{side}.jsonl", rows)
    shutil.copy(data / "tokenizer.json", folder)
    return folder


@pytest.mark.slow
def test_choices_are_learnt_from_pairs(choices, tmp_path):
    reward.main(command(choices, tmp_path / "run", "--epochs", "3", term="preference"))
    rows = [json.loads(line) for line in (choices / "heldout.jsonl").read_text().splitlines()]
    model = load_reward_model(tmp_path / "run" / "model")
    chosen, rejected = (
        model.score([row["raw_prompt"] for row in rows], [row[side] for row in rows]) for side in ("chosen", "rejected")
    )
    assert (chosen > rejected).float().mean() > 0.9
    told = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()][-1]
    assert told["heldout_chosen_above"] == pytest.approx((chosen > rejected).float().mean().item())
    assert told["heldout_log_loss"] == pytest.approx(
        torch.nn.functional.softplus(rejected - chosen).mean().item(), abs=1e-3
    )
    card = (tmp_path / "run" / "model" / "README.md").read_text()
    (line,) = (line for line in card.splitlines() if line.startswith("| chosen above rejected |"))
    longer = sum(len(row["chosen"]) > len(row["rejected"]) for row in rows) / len(rows)
    assert float(line.split("|")[3]) == pytest.approx(longer, abs=0.02) and longer < 0.2
    assert "| held-out figure | this model | the longer one |" in card


def test_the_loss_of_choices_by_hand_and_in_parts():
    """Of 2 n texts the first n are chosen; an update made of several forward passes is one mean over all pairs."""
    logits = torch.tensor([2.0, 0.0, 1.0, 0.5])[:, None]
    outputs = argparse.Namespace(logits=logits)
    expected = [math.log1p(math.exp(1.0 - 2.0)), math.log1p(math.exp(0.5 - 0.0))]
    assert reward.choice_loss(outputs, torch.ones(2)).item() == pytest.approx(sum(expected) / 2)
    first, second = (argparse.Namespace(logits=logits[[k, k + 2]]) for k in range(2))
    parts = [reward.choice_loss(each, torch.ones(1), torch.tensor(2)).item() for each in (first, second)]
    assert parts == pytest.approx([each / 2 for each in expected])
