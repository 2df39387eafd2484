"""What each saved image tells of itself: which list item the saving node works on, and its score and prompt."""

import asyncio
import copy
import importlib
import json
from types import SimpleNamespace

import pytest

from ..stand_ins import comfy_stand_in


@pytest.fixture
def comfy(tmp_path):
    with comfy_stand_in.installed(tmp_path) as stand_in:
        asyncio.run(importlib.import_module("prompt_beautifier").comfy_entrypoint())
        stand_in.node_classes.update(
            {
                "KSampler": node_class(1),
                "LoadFolder": node_class(1, gives=[True]),
                "Rebatch": node_class(1, gathers=True, gives=[True]),
                "Grid": node_class(1, gathers=True),
                "SaveImage": node_class(0),
                "SaveAllAtOnce": node_class(0, gathers=True),
            }
        )
        yield stand_in


def node_class(outputs, gathers=False, gives=None):
    return SimpleNamespace(INPUT_IS_LIST=gathers, OUTPUT_IS_LIST=gives or [False] * outputs)


@pytest.fixture
def metadata(comfy):
    return importlib.import_module("prompt_beautifier.nodes.metadata")


PICKED = {"kept": [4, 0], "scores": [22.5, 21.5], "prompts": ["a cat, oil", "a cat, ink"]}


def graph(*between, saver="SaveImage", output=0):
    """Score (8) and Pick Best (9), nodes of the given types in a row behind its `output`, and a saver (20)."""
    nodes = {
        "8": {"class_type": "PromptBeautifierScoreImages", "inputs": {"images": ["1", 0]}},
        "9": {"class_type": "PromptBeautifierPickBest", "inputs": {"images": ["1", 0], "scores": ["8", 0]}},
    }
    last = ["9", output]
    for number, class_type in enumerate(between, 10):
        nodes[str(number)] = {"class_type": class_type, "inputs": {"x": last, "other": ["missing", 0]}}
        last = [str(number), 0]
    nodes["20"] = {"class_type": saver, "inputs": {"images": last}}
    return nodes


def saved(comfy, metadata, nodes, item, entry=PICKED):
    """What the file of an image holds of Pick Best, where the saver (20) works on `item`."""
    queued = metadata.prepare({"prompt": nodes})
    pnginfo = queued["extra_data"]["extra_pnginfo"]
    metadata.write(pnginfo, "9", 0, entry)
    comfy.running, comfy.list_index = "20", item
    try:
        return json.loads(json.dumps(pnginfo["prompt_beautifier"]))["9"]
    finally:
        comfy.running = comfy.list_index = None


@pytest.mark.parametrize("between", [(), ("KSampler",), ("KSampler", "KSampler"), ("unknown",)])
@pytest.mark.parametrize("output", [0, 1])
def test_an_image_tells_its_own_score_and_prompt(comfy, metadata, between, output):
    nodes = graph(*between, output=output)
    first = {"index": 4, "score": 22.5, "prompt": "a cat, oil"}
    second = {"index": 0, "score": 21.5, "prompt": "a cat, ink"}
    assert saved(comfy, metadata, nodes, 0) == [{**PICKED, "this_image": first}]
    assert saved(comfy, metadata, nodes, 1) == [{**PICKED, "this_image": second}]
    assert saved(comfy, metadata, nodes, 7) == [{**PICKED, "this_image": second}], "the last is taken again"


def test_without_prompts_only_the_score_is_told(comfy, metadata):
    entry = {"kept": [2], "scores": [3.0], "prompts": []}
    assert saved(comfy, metadata, graph(), 0, entry)[0]["this_image"] == {"index": 2, "score": 3.0}


@pytest.mark.parametrize(
    "nodes",
    [
        graph("Grid"),  # one picture of all of them
        graph("KSampler", "Rebatch", "KSampler"),  # counts from the start again
        graph("LoadFolder"),
        graph(saver="SaveAllAtOnce"),
        {**graph(), "20": {"class_type": "SaveImage", "inputs": {"images": ["1", 0]}}},  # not behind it
    ],
)
def test_where_the_items_are_not_pick_bests_nothing_is_claimed(comfy, metadata, nodes):
    assert saved(comfy, metadata, nodes, 1) == [PICKED]


def test_nothing_kept_is_told_as_it_is(comfy, metadata):
    entry = {"kept": [], "scores": [], "prompts": []}
    assert saved(comfy, metadata, graph(), 0, entry) == [entry]


def test_the_history_is_of_all_images(comfy, metadata):
    queued = metadata.prepare({"prompt": graph()})
    pnginfo = queued["extra_data"]["extra_pnginfo"]
    metadata.write(pnginfo, "9", 0, PICKED)
    assert json.loads(json.dumps(copy.deepcopy(pnginfo))) == {"prompt_beautifier": {"9": [PICKED]}}


def test_a_run_served_from_the_cache_tells_it_too(comfy, metadata):
    saved(comfy, metadata, graph(), 0)
    again = metadata.prepare({"prompt": graph()})["extra_data"]["extra_pnginfo"]
    comfy.running, comfy.list_index = "20", 1
    (entry,) = json.loads(json.dumps(again["prompt_beautifier"]))["9"]
    assert entry["this_image"]["score"] == 21.5
    other = graph()
    other["8"]["inputs"]["prompt"] = "something else"
    assert metadata.prepare({"prompt": other})["extra_data"]["extra_pnginfo"]["prompt_beautifier"] == {}


def test_a_graph_that_goes_round_ends(comfy, metadata):
    nodes = graph("KSampler")
    nodes["10"]["inputs"]["other"] = ["20", 0]
    assert saved(comfy, metadata, nodes, 0)[0]["this_image"]["index"] == 4
