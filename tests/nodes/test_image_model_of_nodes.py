"""Beautify Prompt for an image model: found in the graph or chosen, words of the settings, what the node says of it."""

import asyncio
import importlib
import json
from types import SimpleNamespace

import pytest

from ..stand_ins import comfy_stand_in


@pytest.fixture
def comfy(tmp_path):
    with comfy_stand_in.installed(tmp_path / "models") as stand_in:
        pack = importlib.import_module("prompt_beautifier")
        stand_in.nodes = asyncio.run(asyncio.run(pack.comfy_entrypoint()).get_node_list())
        yield stand_in


@pytest.fixture
def node(comfy):
    """Beautify Prompt, number 7 of a graph."""
    found = {each.define_schema().node_id: each for each in comfy.nodes}
    made = found["PromptBeautifierBeautifyPrompt"]
    made.hidden = SimpleNamespace(unique_id="7", extra_pnginfo=None, prompt=graph("juggernautXL.safetensors"))
    made.loaded = found["PromptBeautifierLoadBeautifier"].execute("embedded").args[0]
    return made


@pytest.fixture
def users(tmp_path):
    """ComfyUI's folder of users."""
    return tmp_path / "user"


def graph(checkpoint):
    return {
        "5": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": checkpoint}},
        "7": {"class_type": "PromptBeautifierBeautifyPrompt", "inputs": {"prompt": "a fox"}},
        "8": {"class_type": "CLIPTextEncode", "inputs": {"text": ["7", 0], "clip": ["5", 1]}},
    }


def run(node, prompt="a red fox, no people", **inputs):
    return node.execute(node.loaded, prompt, 3, num_candidates=1, **inputs)


def said(output):
    return output.ui["prompt_beautifier"][0]


def test_the_image_model_is_found_in_the_graph(node):
    output = run(node)
    assert said(output)["aim"] == "for SDXL: comma-separated phrases"
    assert "of 75 CLIP tokens" in said(output)["tokens"][0]
    assert output.args[3] == "blurry, low quality, watermark, people"
    node.hidden.prompt = graph("ponyDiffusionV6XL.safetensors")
    assert run(node).args[0].startswith("score_9, score_8_up")


@pytest.mark.slow
def test_a_choice_beats_what_the_graph_says(node):
    output = run(node, "a (red:1.2) fox", image_model="z-image")
    assert said(output)["aim"] == "for Z-Image: long sentences; weights are ignored there"
    assert output.args[0].startswith("A red fox") and output.args[3] == ""
    assert said(output)["notes"] == ["Z-Image reads no weights: they were taken off (red:1.2)."]
    plain = run(node, image_model="none")
    assert said(plain)["aim"] == "" and plain.args[3] == "people"


def test_a_style_that_was_chosen_stays(node):
    assert run(node, style="sentences").args[0].endswith(".")


def test_what_is_written_into_pictures_names_the_image_model(node):
    node.hidden.extra_pnginfo = kept = {}
    run(node)
    (entry,) = json.loads(json.dumps(kept))["prompt_beautifier"]["7"]
    assert entry["image_model"] == "sdxl" and entry["negative"].endswith("people")


def test_words_to_keep_and_to_avoid_hold(node):
    words = run(node, keep="ohwx fox, Ada").args[0]
    assert "ohwx fox" in words and "Ada" in words
    with pytest.raises(ValueError, match="'ohwx fox' is to be kept, and 'fox' is to be avoided"):
        run(node, keep="ohwx fox", avoid="fox")


def settings_of(users, **values):
    path = users / "default" / "comfy.settings.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({f"PromptBeautifier.{name}": value for name, value in values.items()}))
    return path


def test_words_of_the_settings_hold_for_every_run(node, users):
    settings_of(users, Keep="zxc style", Avoid="")
    assert "zxc style" in run(node).args[0]
    (users / "users.json").write_text("{}")  # ComfyUI with several users: whose settings would they be?
    assert "zxc style" not in run(node).args[0]


@pytest.mark.parametrize("content", ["", "[]", '{"PromptBeautifier.Keep": 3}', "\udc80"])
def test_settings_that_cannot_be_read_are_none(node, users, content):
    path = settings_of(users)
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    assert run(node).args[0]


def test_a_node_runs_again_where_the_image_model_or_the_settings_change(node, users, monkeypatch):
    server = importlib.import_module("prompt_beautifier.nodes.comfy.server")
    running = {0: (0, "id", graph("juggernautXL.safetensors"), {}, [])}
    queue = SimpleNamespace(currently_running=running)
    monkeypatch.setattr(server, "the_server", lambda: SimpleNamespace(prompt_queue=queue))
    first = node.fingerprint_inputs(image_model="auto", prompt="a fox")
    assert first == node.fingerprint_inputs(image_model="auto", prompt="a fox") == ["sdxl", "", ""]
    running[0] = (0, "id", graph("ponyDiffusionV6XL.safetensors"), {}, [])
    assert node.fingerprint_inputs(image_model="auto")[0] == "pony"
    assert node.fingerprint_inputs(image_model="z-image")[0] == ""
    settings_of(users, Avoid="portrait")
    assert node.fingerprint_inputs(image_model="auto") == ["pony", "", "portrait"]
    running.clear()
    assert node.fingerprint_inputs()[0] == ""


def test_a_node_knows_whether_its_negative_prompt_is_used(node):
    wired = importlib.import_module("prompt_beautifier.nodes.comfy.graph").is_wired
    prompt = {"1": {"inputs": {"text": ["7", 3]}}, "2": {"inputs": {"seed": 3}}}
    assert wired(prompt, "7", 3) and not wired(prompt, "7", 0) and not wired(prompt, "8", 3) and not wired(None, "7", 3)
