"""What is written in and beside model files says which image model they are, where their names do not."""

import importlib
import json

import pytest
import torch
from safetensors.torch import save_file

from ..stand_ins import comfy_stand_in

NAME = "hiddenCanvas_v10.safetensors"


@pytest.fixture
def found(tmp_path):
    """What is found for a graph with the checkpoint NAME, in the folder `models/checkpoints`."""
    with comfy_stand_in.installed(tmp_path / "models"):
        target_of = importlib.import_module("prompt_beautifier.nodes.comfy.graph").target_of
        (tmp_path / "models" / "checkpoints").mkdir(parents=True)
        graph = {
            "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": NAME}},
            "2": {"class_type": "PromptBeautifierBeautifyPrompt", "inputs": {"prompt": "1 girl"}},
            "3": {"class_type": "CLIPTextEncode", "inputs": {"text": ["2", 0], "clip": ["1", 1]}},
            "4": "no node",
        }
        yield lambda: target_of(graph, "2")


@pytest.fixture
def model(tmp_path, found):
    return tmp_path / "models" / "checkpoints" / NAME


def test_a_name_that_says_nothing_is_a_guess(found, model):
    model.touch()
    assert (found().target.name, found().sure) == ("sdxl", False)


@pytest.mark.parametrize(
    ("ending", "note"),
    [
        (".civitai.info", {"baseModel": "Illustrious"}),
        (".metadata.json", {"base_model": "Illustrious", "civitai": {}}),
        (".cm-info.json", {"ModelName": "Hidden Canvas", "BaseModel": "Illustrious"}),
        (".json", {"description": "", "sd version": "Illustrious"}),
    ],
)
def test_a_note_beside_the_file_names_the_base_model(found, model, ending, note):
    model.touch()
    model.with_name(model.stem + ending).write_text(json.dumps(note))
    assert (found().target.name, found().by, found().sure) == ("illustrious", NAME, True)


@pytest.mark.parametrize("content", ["", "[]", '{"baseModel": 3}', '{"baseModel": " "}', "\udc80", "[" * 5000])
def test_notes_that_cannot_be_read_say_nothing(found, model, content):
    model.touch()
    model.with_name(model.stem + ".civitai.info").write_bytes(content.encode("utf-8", "surrogateescape"))
    assert not found().sure


BASES = {
    "SD 1.4": "sd15",
    "SD 1.5 LCM": "sd15",
    "SD 2.1 768": "sd15",
    "SDXL 1.0": "sdxl",
    "SDXL Lightning": "sdxl",
    "Pony": "pony",
    "Pony V7": "pony7",
    "Illustrious": "illustrious",
    "NoobAI": "noobai",
    "SD 3.5 Large Turbo": "sd35",
    "Flux.1 D": "flux1",
    "Flux.1 Krea": "flux1",
    "Flux.2 D": "flux2",
    "Flux.2 Klein 9B-base": "klein",
    "Chroma": "chroma",
    "HiDream-O1": "hidream-o1",
    "Qwen": "qwen-image",
    "Qwen 2": "qwen-image-2.1",
    "ZImageTurbo": "z-image",
    "Krea 2": "krea2",
    "Anima": "anima",
    "Ernie": "ernie-image",
    "Lumina": "lumina2",
    "Ideogram 4.0": "ideogram4",
    "Wan Video 2.2 T2V-A14B": "wan",
    "LTXV 2.3": "ltx",
    "Hunyuan Video": "hunyuan-video",
    "MiniMax H3": "minimax-video",
}


@pytest.mark.parametrize("base", BASES)
def test_base_models_are_known_by_the_names_of_the_site(found, model, base):
    model.touch()
    model.with_name(model.stem + ".civitai.info").write_text(json.dumps({"baseModel": base}))
    assert found().target.name == BASES[base]


@pytest.mark.parametrize(
    ("tensor", "metadata", "name"),
    [
        ("cond_stage_model.transformer.text_model.embeddings.position_ids", {}, "sd15"),
        ("conditioner.embedders.1.model.ln_final.weight", {}, "sdxl"),
        ("double_blocks.0.weight", {"modelspec.architecture": "flux-1-dev"}, "flux1"),
        ("a.weight", {"modelspec.architecture": "stable-diffusion-xl-v1-base"}, "sdxl"),
    ],
)
def test_the_header_of_the_file_is_no_more_than_a_hint(found, model, tensor, metadata, name):
    save_file({tensor: torch.zeros(1)}, model, metadata)
    assert (found().target.name, found().by, found().sure) == (name, NAME, False)


@pytest.mark.parametrize(
    "content", [b"", b"\xff" * 8, (9).to_bytes(8, "little") + b"[1, 2, 3]", b"\x02" + bytes(7) + b"{"]
)
def test_headers_that_cannot_be_read_say_nothing(found, model, content):
    model.write_bytes(content)
    assert (found().target.name, found().by) == ("sdxl", "CheckpointLoaderSimple")


def test_what_the_name_says_is_not_looked_up(found, model, monkeypatch):
    save_file({"cond_stage_model.a": torch.zeros(1)}, model)
    model.with_name(model.stem + ".civitai.info").write_text('{"baseModel": "Pony"}')
    reads = importlib.import_module("prompt_beautifier.nodes.comfy.graph")
    monkeypatch.setattr(reads, "architecture", lambda path: pytest.fail("the header was read"))
    assert found().target.name == "pony"
