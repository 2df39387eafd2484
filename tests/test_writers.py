"""What holds for every writer: the same promises, asked of each kind over one table."""

import json

import pytest

pytest.importorskip("aiohttp")

from prompt_beautifier.beautifier.beautify import load_beautifier
from prompt_beautifier.beautifier.encoders.writer import use_encoder
from prompt_beautifier.beautifier.path import beautify
from prompt_beautifier.beautifier.request import Request, Sampling
from prompt_beautifier.beautifier.servers.writer import connect
from prompt_beautifier.beautifier.targets.table import TARGETS

from .stand_ins import llm_stand_in, text_encoders, tiny

FEW = Sampling(max_new_tokens=16)
SAID = "a red fox in snow, mist, soft light, brass bell"  # by writers that say what they are told to
CHECKPOINTS = {
    "BLOOM": ("bloom", "text2prompt-v1"),
    "one that was trained on weights": ("bloom", "text2prompt-v2"),
    "one that rewrites": ("gpt2", "promptist"),
    "one that goes on": ("gpt2", "magicprompt"),
    "T5": ("t5", "superprompt-v1"),
    "TIPO": ("tipo", "tipo"),
    "Dart": ("dart", "dart-v2"),
}
WRITERS = ("embedded", *CHECKPOINTS, "chat model", "server", "text encoder")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A function that makes the writer of a name, once."""
    folder, found = tmp_path_factory.mktemp("writers"), {}
    with llm_stand_in.serving() as server:
        server.replies = [llm_stand_in.chat(SAID)]

        def writer(name):
            if name not in found:
                found[name] = make(name, folder / name, server.url)
            return found[name]

        yield writer


def make(name, folder, server):
    if name == "server":
        folder.mkdir()
        entry = {"base_url": server, "model": "m"}
        (folder / "endpoints.json").write_text(json.dumps({"endpoints": {"mine": entry}}), encoding="utf-8")
        return connect(folder / "endpoints.json", "mine", unusable="raw prompt")
    if name == "text encoder":
        return use_encoder(text_encoders.z_image(SAID), unusable="raw prompt")
    if name == "chat model":
        tiny.save_checkpoint(folder, "llama", family=None)
        settings = {"chat_template": "{% for turn in messages %}<pad>{{ turn.content }}</s>{% endfor %}<pad>"}
        (folder / "tokenizer_config.json").write_text(json.dumps(settings))
        shape = json.loads((folder / "config.json").read_text()) | {"max_position_embeddings": 4096}
        (folder / "config.json").write_text(json.dumps(shape))
        return load_beautifier(folder)
    architecture, family = CHECKPOINTS[name]
    return load_beautifier(tiny.save_checkpoint(folder, architecture, family))


@pytest.fixture(params=WRITERS)
def writer(request, made):
    if request.param == "embedded":
        return request.getfixturevalue("embedded_beautifier")
    return made(request.param)


def asked(writer, raw_prompt, **more):
    return beautify(writer, Request(raw_prompt, **{"num_candidates": 2, "seed": 3, "sampling": FEW} | more))


def test_the_users_syntax_is_in_every_candidate_once(writer):
    for candidate in asked(writer, "a (red:1.2) fox in snow, embedding:ink <lora:film:0.8>"):
        for piece in ("(red:1.2)", "embedding:ink", "<lora:film:0.8>"):
            assert candidate.text.count(piece) == 1, candidate.text


def test_what_was_asked_for_is_there(writer):
    for candidate in asked(writer, 'two red foxes and a sign that says "OPEN 24/7"'):
        assert candidate.lost == () and '"OPEN 24/7"' in candidate.text
        assert "foxes" in candidate.text or "fox" in candidate.text


def test_words_to_keep_are_kept_and_words_to_avoid_are_not_added(writer):
    for candidate in asked(writer, "a red fox in snow", keep="zxc style", avoid="mist"):
        assert "zxc style" in candidate.text and "mist" not in candidate.text


def test_what_was_ruled_out_is_not_there(writer):
    for candidate in asked(writer, "a red fox without snow"):
        assert "snow" not in candidate.text.replace("without snow", "").replace("no snow", "")


def test_it_is_dressed_for_its_image_model(writer):
    target = TARGETS["illustrious"]
    for candidate in asked(writer, "a red fox", target="illustrious"):
        assert candidate.text.startswith(target.before.partition(",")[0])
        assert candidate.negative == target.negative and candidate.tokens


def test_a_limit_of_clip_tokens_holds(writer):
    for candidate in asked(writer, "a red fox in snow", clip_tokens=12):
        assert candidate.tokens <= 12


def test_a_prompt_is_appended_to_in_that_mode(writer):
    for candidate in asked(writer, "a red fox in snow <lora:film:0.8>", mode="append"):
        assert candidate.text.startswith("a red fox in snow")


def test_the_same_seed_says_the_same_and_more_candidates_change_none(writer):
    two = [each.text for each in asked(writer, "a red fox in snow")]
    assert [each.text for each in asked(writer, "a red fox in snow")] == two and len(two) == 2
    assert [each.text for each in asked(writer, "a red fox in snow", num_candidates=4)][:2] == two


def test_a_prompt_without_words_comes_back_and_nobody_is_asked(writer):
    (candidate,) = asked(writer, "<lora:film:0.8>")
    assert candidate.text == "<lora:film:0.8>"


def test_progress_comes_to_its_end(writer):
    steps = []
    beautify(writer, Request("a red fox", 2, 3, FEW), on_step=lambda done, total: steps.append((done, total)))
    assert steps and steps[-1][0] == steps[-1][1] or writer.draws_again
