"""Graphs that people saved with the first edition (0.1.0): they open as they were saved, and run."""

import json
from pathlib import Path

import pytest
from PIL import Image

from .conftest import AESTHETIC, LOAD, PICKSCORE
from .test_frontend import page_of

SAVED = sorted(Path(__file__).with_name("first_edition").glob("*.json"))
LOAD_SCORER = "PromptBeautifierLoadScorer"
SCORERS = {"pickscore": PICKSCORE, "aesthetic": AESTHETIC}
SMALL = {"KSampler": {"steps": 1}, "EmptyLatentImage": {"width": 64, "height": 64}}


def made_small(graph: dict, model: str) -> dict:
    """A graph in the API format that a CPU runs in seconds, with models that are there."""
    for node in graph.values():
        node["inputs"].update(SMALL.get(node["class_type"], {}))
        if node["class_type"] == LOAD:
            node["inputs"]["model"] = model
        if node["class_type"] == LOAD_SCORER:
            node["inputs"]["scorer"] = SCORERS[node["inputs"]["scorer"]]
    return graph


def wires(graph: dict) -> set[tuple]:
    """From which output of a node each wire goes to which input of another: by name, as inputs may have moved."""
    nodes = {node["id"]: node for node in graph["nodes"]}
    return {
        (start, nodes[start]["outputs"][out]["name"], end, nodes[end]["inputs"][into]["name"])
        for _, start, out, end, into, *_ in graph["links"]
    }


@pytest.mark.parametrize("path", SAVED, ids=lambda path: path.stem)
def test_a_saved_graph_opens_as_it_was_and_runs(server, chromium, base, model, tmp_path, path):
    folder = base / "input" / "my_pictures"
    folder.mkdir(exist_ok=True)
    for name in ("red", "blue"):
        Image.new("RGB", (64, 64), name).save(folder / f"{name}.png")
    saved = json.loads(path.read_text(encoding="utf-8"))
    with page_of(server, chromium) as (page, errors):
        page.evaluate("graph => app.loadGraphData(graph)", saved)
        page.wait_for_timeout(500)
        opened = page.evaluate("() => app.graph.serialize()")
        graph = page.evaluate("async () => (await app.graphToPrompt()).output")
        assert page.evaluate("app.graph.nodes.filter(node => node.has_errors).map(node => node.type)") == []
    assert errors == []
    nodes = {node["id"]: node for node in opened["nodes"]}
    assert sorted(nodes) == sorted(node["id"] for node in saved["nodes"])
    for node in saved["nodes"]:
        kept = nodes[node["id"]]
        assert kept["type"] == node["type"]
        if node["type"].startswith("PromptBeautifier") and node.get("widgets_values"):
            values = node["widgets_values"]
            assert kept["widgets_values"][: len(values)] == values, node["type"]
    assert wires(opened) == wires(saved)
    history = server.run(made_small(graph, model))
    assert any(output.get("images") or output.get("text") for output in history["outputs"].values())
