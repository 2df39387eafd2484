"""Beautify Prompt finds the image model in graphs that run in a real ComfyUI, and writes for it."""

import pytest

from prompt_beautifier.beautifier.targets.table import TARGETS

from ..test_graph import LOADERS
from .conftest import BEAUTIFY, CHECKPOINT, LOAD, node_of

ILLUSTRIOUS = "waiIllustriousSDXL_v140.safetensors"


@pytest.fixture(scope="module", autouse=True)
def files(base):
    """The small checkpoint by another name."""
    link = base / "models" / "checkpoints" / ILLUSTRIOUS
    link.symlink_to(link.with_name(CHECKPOINT))
    yield
    link.unlink()


@pytest.fixture(autouse=True)
def writes(model):
    if model != "embedded":
        pytest.skip("the embedded model's weights are not there")


def drawn_with(api_workflow, name: str) -> dict:
    graph = api_workflow("text_to_image")
    graph[node_of(graph, "CheckpointLoaderSimple")]["inputs"]["ckpt_name"] = name
    graph[node_of(graph, BEAUTIFY)]["inputs"] |= {"prompt": "an old lighthouse", "num_candidates": 2}
    return graph


def said(history: dict, graph: dict) -> dict:
    return history["outputs"][node_of(graph, BEAUTIFY)]["prompt_beautifier"][0]


def test_the_checkpoint_decides_and_another_one_is_written_for_anew(server, api_workflow):
    graph = drawn_with(api_workflow, CHECKPOINT)
    first = said(server.run(graph), graph)
    assert first["aim"].startswith("for Stable Diffusion 1.5") and "best quality" not in first["texts"][0]
    graph = drawn_with(api_workflow, ILLUSTRIOUS)
    history = server.run(graph)
    second = said(history, graph)
    assert second["aim"].startswith("for Illustrious: tags")
    assert all(text.startswith("masterpiece, best quality") for text in second["texts"])
    assert server.images(history)


def test_a_choice_beats_the_checkpoint(server, api_workflow):
    graph = drawn_with(api_workflow, ILLUSTRIOUS)
    graph[node_of(graph, BEAUTIFY)]["inputs"]["image_model"] = "z-image"
    made = said(server.run(graph), graph)
    assert made["aim"].startswith("for Z-Image") and made["texts"][0].endswith(".")


def written_for(**clip) -> dict:
    """A graph that only writes, with a text encoder connected to Beautify Prompt."""
    asked = {"prompt": "an old lighthouse", "seed": 1, "num_candidates": 1, "candidate": 1, "mode": "rewrite"}
    return {
        "1": {"class_type": LOAD, "inputs": {"model": "embedded", "device": "auto"}},
        "2": {"class_type": BEAUTIFY, "inputs": {"beautifier": ["1", 0], **asked, "clip_tokens": 0, "clip": ["4", 0]}},
        "3": {"class_type": "PreviewAny", "inputs": {"source": ["2", 0]}},
        "4": {"class_type": "TestSmallEncoder", "inputs": clip},
    }


@pytest.mark.parametrize(
    ("kind", "title"), [("qwen3", "Anima"), ("flux", "Flux.1"), ("qwen-image", "Qwen-Image")], ids=lambda value: value
)
def test_a_connected_text_encoder_decides(server, kind, title):
    if kind == "qwen3" and "TextGenerate" not in server.get("/object_info"):
        pytest.skip("this ComfyUI knows no Anima; 0.15 does")
    graph = written_for(kind=kind, seed=0)
    assert said(server.run(graph), graph)["aim"].startswith(f"for {title}: ")


def test_loaders_of_many_kinds_are_seen_in_a_run(server):
    """Loaders whose files are not there: nothing that runs needs them, and yet the graph holds them."""
    there = set(server.get("/object_info"))
    found, expected = {}, {}
    for kind, (loaders, name) in LOADERS.items():
        if not {node["class_type"] for node in loaders.values()} <= there:
            continue  # nodes of other packs, or of a newer ComfyUI
        graph = written_for(kind="flux", seed=0)
        asked = {**graph["2"]["inputs"], "beautifier": ["90", 0], "seed": len(found)}  # or it comes from the cache
        del asked["clip"]
        graph = {**loaders, "2": {**graph["2"], "inputs": asked}, "90": graph["1"], "91": graph["3"]}
        expected[kind] = TARGETS[name].title
        found[kind] = said(server.run(graph), graph)["aim"].removeprefix("for ").split(":")[0]
    assert len(found) >= 15 and found == expected
