"""Pairs with the help of models: what a language model is asked and how it is read, kept and gone on with; captions."""

import json
import random
import time

import pytest

pytest.importorskip("names", reason="the list of first names is a training dependency")

from prompt_beautifier.beautifier.servers.problems import RemoteError  # noqa: E402
from prompt_beautifier.training import collect  # noqa: E402
from prompt_beautifier.training.data import llm_pairs  # noqa: E402
from prompt_beautifier.training.data.pairs import words  # noqa: E402

from ..stand_ins import llm_stand_in  # noqa: E402
from .test_collect import made_up_prompts, read  # noqa: E402


@pytest.fixture
def server():
    with llm_stand_in.serving() as server:
        yield server


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    from prompt_beautifier.beautifier.servers import client

    monkeypatch.setattr(client, "FIRST_WAIT", 0.001)


def endpoints(folder, server):
    path = folder / "endpoints.json"
    path.write_text(json.dumps({"endpoints": {"llm": {"base_url": server.url}}}))
    return ["--endpoints", str(path), "--endpoint", "llm", "--concurrency", "4"]


def asked_about(body: dict) -> str:
    """The text that a request asks about: the last line of its last message."""
    return body["messages"][-1]["content"].splitlines()[-1].partition(": ")[2]


def answering(handler, body):
    """A model that summarises by the first words and expands by adding details."""
    text = asked_about(body)
    if body["messages"][-1]["content"].startswith("Say in at most ten words"):
        answer = f'Sure! Here is the summary: "{" ".join(text.split(",")[0].split()[:4])}"'
    else:
        adjectives = random.Random(text).choices("pale blue rough mossy crooked wooden silver dusty".split(), k=12)
        things = "tiles walls windows lamps stairs fences roofs doors stones banners bricks beams".split()
        details = [f"{adjective} {thing}" for adjective, thing in zip(adjectives, things, strict=True)]
        answer = f"**Prompt:** {text}, {', '.join(details)}, seen from below"
    llm_stand_in.chat(answer)(handler, body)


def collected(folder, *more):
    prompts = folder / "prompts.txt"
    if not prompts.exists():
        lows = [prompt.partition(",")[0] for prompt in made_up_prompts(30, seed=3)]
        prompts.write_text("\n".join([*made_up_prompts(60, seed=4), *lows, *lows]))
    collect.main(["--prompts", str(prompts), "--out", str(folder / "out"), "--workers", "0", *more])
    return sum(read(folder / "out"), [])


@pytest.mark.slow
def test_summaries_and_expansions_become_pairs(tmp_path, server):
    server.replies = [answering]
    rows = collected(
        tmp_path, *endpoints(tmp_path, server), "--summarize", "1", "--expand", "1", "--rows-per-part", "40"
    )
    summaries = [row for row in rows if row["source"] == "summaries"]
    expansions = [row for row in rows if row["source"] == "expansions"]
    assert len(summaries) > 15 and len(expansions) > 15
    assert all(row["prompt"].startswith(row["raw_prompt"]) and "Sure" not in row["raw_prompt"] for row in summaries)
    assert all(len(words(row["raw_prompt"])) <= 10 for row in summaries)
    assert all("seen from below" in row["prompt"] for row in expansions)
    assert all(row["prompt"].startswith(row["raw_prompt"]) for row in expansions)
    assert {row["source"] for row in rows} == {"prompts", "summaries", "expansions"}
    texts = [asked_about(body) for body in server.asked]
    assert len(texts) == len(set(texts))  # low prompts that were given twice are asked about once
    for body in server.asked:
        assert [message["role"] for message in body["messages"]] == ["user", "assistant", "user"]
        assert body["temperature"] == 0 and body["model"] == "only"


def test_a_share_is_the_same_rows_each_time(tmp_path, server):
    server.replies = [answering]
    rows = collected(tmp_path, *endpoints(tmp_path, server), "--summarize", "0.4")
    some = {row["prompt"] for row in rows if row["source"] == "summaries"}
    everything = {row["prompt"] for row in rows}
    assert 0.1 < len(some) / len(everything) < 0.7


@pytest.mark.slow
def test_after_a_failure_only_what_has_no_answer_is_asked_again(tmp_path, server):
    """The server fails after ten answers; the answers it gave are never asked for again."""
    server.replies = [answering] * 10 + [llm_stand_in.status(401)]
    more = (*endpoints(tmp_path, server), "--summarize", "1", "--expand", "1")
    with pytest.raises(RemoteError, match="wants a key"):
        collected(tmp_path, *more)
    assert not (tmp_path / "out" / "train.jsonl").exists()
    answered = {asked_about(body) for body in server.asked[:10]}
    server.requests.clear()
    server.replies = [answering]
    rows = collected(tmp_path, *more)
    assert answered and not answered & {asked_about(body) for body in server.asked}
    # The same rows as of a run that nothing disturbed; and to that one every answer is new.
    other = tmp_path / "other"
    other.mkdir()
    assert sorted(map(str, collected(other, *more))) == sorted(map(str, rows))
    # Beginning anew asks for nothing: the answers are there for good.
    server.requests.clear()
    assert collected(tmp_path, *more, "--restart") == rows
    assert not server.asked


@pytest.mark.slow
def test_an_answer_that_is_under_way_when_the_server_fails_is_kept(tmp_path, server):
    slow = []

    def slowly(handler, body):
        slow.append(asked_about(body))
        time.sleep(1)
        answering(handler, body)

    server.replies = [answering, slowly, llm_stand_in.status(401)]
    more = (*endpoints(tmp_path, server), "--summarize", "1")
    with pytest.raises(RemoteError, match="wants a key"):
        collected(tmp_path, *more)
    server.requests.clear()
    server.replies = [answering]
    collected(tmp_path, *more)
    assert len(slow) == 1 and server.asked
    assert slow[0] not in [asked_about(body) for body in server.asked]


@pytest.mark.slow
def test_single_failures_are_left_out_and_counted(tmp_path, server, capsys):
    server.replies = [
        answering,
        llm_stand_in.status(400),
        llm_stand_in.chat("a cat", reason="length"),
        llm_stand_in.chat("I'm sorry, but I can't help with that."),
        llm_stand_in.chat("a very long summary that goes on and on and on for more than ten words"),
        answering,
    ]
    rows = collected(tmp_path, *endpoints(tmp_path, server), "--summarize", "1", "--concurrency", "1")
    assert [row for row in rows if row["source"] == "summaries"]
    printed = capsys.readouterr().out
    assert "        2  summaries: no answer" in printed
    assert "        1  summaries: the LLM refuses" in printed
    assert "        1  summaries: the summary is longer than 10 words" in printed


@pytest.mark.slow
def test_what_a_server_does_not_know_is_left_out_from_the_second_request_on(tmp_path, server):
    def picky(handler, body):
        if "seed" in body:
            llm_stand_in.status(400, {"error": {"message": "unknown parameter: seed"}})(handler, body)
        else:
            answering(handler, body)

    server.replies = [picky]
    collected(tmp_path, *endpoints(tmp_path, server), "--summarize", "1")
    assert len(server.asked) > 10 and ["seed" in body for body in server.asked].count(True) == 1


def test_examples_keep_to_what_they_are_examples_of():
    prompt, summary = llm_pairs.SUMMARY_EXAMPLE
    assert len(words(summary)) <= llm_pairs.LONGEST_SUMMARY and set(words(summary)) <= set(words(prompt))
    raw, expanded = llm_pairs.EXPANSION_EXAMPLE
    assert expanded.startswith(raw) and 30 <= len(words(expanded)) <= 60
    assert llm_pairs.read_summary(summary + ".", prompt) == (summary, "")


def save_blip(folder):
    """BLIP with random weights and a vocabulary of letters."""
    import torch
    from transformers import BertTokenizer, BlipConfig, BlipForConditionalGeneration, BlipImageProcessor, BlipProcessor

    folder.mkdir()
    letters = "abcdefghijklmnopqrstuvwxyz"
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{letter}" for letter in letters)]
    (folder / "vocab.txt").write_text("\n".join(tokens))
    tokenizer = BertTokenizer(str(folder / "vocab.txt"))
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    config = BlipConfig(
        text_config={
            **sizes,
            "vocab_size": len(tokens),
            "encoder_hidden_size": 16,
            "bos_token_id": 2,
            "eos_token_id": 3,
            "sep_token_id": 3,
            "pad_token_id": 0,
            "max_position_embeddings": 64,
            "projection_dim": 16,
        },
        vision_config={**sizes, "image_size": 32, "patch_size": 16, "projection_dim": 16},
        projection_dim=16,
    )
    BlipForConditionalGeneration(config).save_pretrained(folder)
    size = {"height": 32, "width": 32}
    BlipProcessor(BlipImageProcessor(size=size), tokenizer).save_pretrained(folder)
    return folder


@pytest.fixture
def images(tmp_path):
    """Five images, of which one is damaged, and their rows."""
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(0)
    folder = tmp_path / "images"
    folder.mkdir()
    prompts = [prompt for prompt in made_up_prompts(80, seed=5) if "by" not in prompt and "naked" not in prompt][:5]
    rows = []
    for number, prompt in enumerate(prompts):
        name = f"{number}.png"
        Image.fromarray(rng.integers(0, 256, (40, 30, 3), dtype=np.uint8)).save(folder / name)
        rows.append({"image_name": name, "prompt": prompt})
    (folder / "3.png").write_bytes(b"no image")
    (tmp_path / "images.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


@pytest.mark.slow
def test_captions_are_those_of_blip(images):
    """Against BLIP's own processor and generate, image by image."""
    pytest.importorskip("transformers")
    from PIL import Image
    from transformers import BlipForConditionalGeneration, BlipProcessor

    from prompt_beautifier.training.data.captions import Captioner

    folder = save_blip(images / "blip")
    paths = [images / "images" / f"{number}.png" for number in range(5)]
    found = Captioner(str(folder), device="cpu", batch_size=2).captions(paths)
    processor = BlipProcessor.from_pretrained(folder)
    network = BlipForConditionalGeneration.from_pretrained(folder)
    for number in (0, 1, 2, 4):
        inputs = processor(images=Image.open(paths[number]), return_tensors="pt")
        written = network.generate(**inputs, max_new_tokens=30, num_beams=3)
        assert found[number] == processor.decode(written[0], skip_special_tokens=True).strip() != ""
    assert found[3] == ""


def test_images_with_prompts_become_pairs(images, monkeypatch, capsys):
    """A caption on the prompt's subject is kept; the random network's own are about nothing."""
    from prompt_beautifier.training.data.captions import Captioner

    folder = save_blip(images / "blip")
    argv = ["--images", images / "images.jsonl", "--image-folder", images / "images", "--blip", folder]
    argv = [*map(str, argv), "--workers", "0"]
    collect.main([*argv, "--out", str(images / "random")])
    assert sum(read(images / "random"), []) == []
    printed = capsys.readouterr().out
    assert "        1  captions: no image to be read" in printed
    prompts = {json.loads(line)["image_name"]: json.loads(line)["prompt"] for line in open(images / "images.jsonl")}
    monkeypatch.setattr(
        Captioner,
        "captions",
        lambda self, paths: [prompts[path.rpartition("/")[2]].partition(" near")[0] for path in paths],
    )
    collect.main([*argv, "--out", str(images / "out")])
    rows = sum(read(images / "out"), [])
    assert len(rows) == 5 and {row["source"] for row in rows} == {"captions"}
    assert all(
        row["prompt"].startswith(row["raw_prompt"]) and set(row) == {"raw_prompt", "prompt", "source"} for row in rows
    )
