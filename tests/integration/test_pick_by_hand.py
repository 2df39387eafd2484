"""Pick Best by hand in a browser: pictures over the page, a click, a number key, Cancel, and what is learnt."""

import json

from .browser import SEEDS
from .conftest import AESTHETIC, BEAUTIFY, LOAD

PANEL = ".prompt-beautifier-pictures"
LOADED = f"() => [...document.querySelectorAll('{PANEL} img')].filter(each => each.naturalWidth).length === 3"
QUEUE = "output => comfyAPI.api.api.queuePrompt(0, { output, workflow: app.graph.serialize() })"


def graph(model: str) -> dict:
    """Three pictures of one color each, beside the prompts of three candidates."""
    request = {"beautifier": ["1", 0], "prompt": ["2", 0], "seed": next(SEEDS), "num_candidates": 3, "candidate": 1}
    shape = {"width": 96, "height": 64, "batch_size": 1}
    colors = {str(10 + k): {"class_type": "EmptyImage", "inputs": {**shape, "color": c}} for k, c in enumerate(COLORS)}
    return {
        "1": {"class_type": LOAD, "inputs": {"model": model, "device": "auto"}},
        "2": {"class_type": "PrimitiveStringMultiline", "inputs": {"value": "an old lighthouse"}},
        "3": {"class_type": BEAUTIFY, "inputs": {**request, "mode": "rewrite", "clip_tokens": 0}},
        **colors,
        "20": {"class_type": "ImageBatch", "inputs": {"image1": ["10", 0], "image2": ["11", 0]}},
        "21": {"class_type": "ImageBatch", "inputs": {"image1": ["20", 0], "image2": ["12", 0]}},
        "30": {"class_type": "PromptBeautifierLoadScorer", "inputs": {"scorer": AESTHETIC, "device": "auto"}},
        "31": {"class_type": "PromptBeautifierScoreImages", "inputs": {"scorer": ["30", 0], "images": ["21", 0]}},
        "32": {
            "class_type": "PromptBeautifierPickBest",
            "inputs": {
                **{"images": ["21", 0], "scores": ["31", 0], "prompts": ["3", 1], "raw_prompts": ["2", 0]},
                **{"top_k": 1, "threshold": -1000.0, "none_passes": "keep the best", "choose": "by hand"},
            },
        },
        "40": {"class_type": "PreviewImage", "inputs": {"images": ["32", 0]}},
        "41": {"class_type": "PreviewAny", "inputs": {"source": ["32", 3]}},
    }


def node(number, kind, inputs, output, values):
    """A node of a saved graph."""
    place = {"pos": [300 * number, 100], "size": [250, 200], "flags": {}, "order": number, "mode": 0}
    names = {"id": number, "type": kind, "properties": {"Node name for S&R": kind}, "widgets_values": values}
    return {**names, **place, "inputs": inputs, "outputs": [{**output, "slot_index": 0}] if output else []}


def socket(name, kind, link=None, **more):
    return {"name": name, "type": kind, "link": link, **more}


# As it was saved when Pick Best had scores as its second input, and one widget less.
SAVED = {
    **{"last_node_id": 4, "last_link_id": 3, "groups": [], "config": {}, "extra": {}, "version": 0.4},
    "nodes": [
        node(1, "EmptyImage", [], {"name": "IMAGE", "type": "IMAGE", "links": [1]}, [64, 64, 2, 0]),
        node(2, "PrimitiveFloat", [], {"name": "FLOAT", "type": "FLOAT", "links": [2]}, [1.0]),
        node(4, "PrimitiveString", [], {"name": "STRING", "type": "STRING", "links": [3]}, ["a cat"]),
        node(
            *(3, "PromptBeautifierPickBest"),
            [
                *(socket("images", "IMAGE", 1), socket("scores", "FLOAT", 2)),
                *(socket("latents", "LATENT", shape=7), socket("masks", "MASK", shape=7)),
                *(socket("prompts", "STRING", 3, shape=7), socket("raw_prompts", "STRING", shape=7)),
                socket("top_k", "INT", widget={"name": "top_k"}),
                socket("threshold", "FLOAT", widget={"name": "threshold"}),
                socket("none_passes", "COMBO", widget={"name": "none_passes"}),
            ],
            *(None, [2, 0.5, "keep nothing"]),
        ),
    ],
    "links": [[1, 1, 0, 3, 0, "IMAGE"], [2, 2, 0, 3, 1, "FLOAT"], [3, 4, 0, 3, 4, "STRING"]],
}
COLORS = (0xC03028, 0x28A048, 0x3058C0)


def begin(page, asked=None):
    """Queue a graph from the page, and wait until it shows the pictures; the number of runs that were over before."""
    runs = page.evaluate("() => ended.length")
    page.run_id = page.evaluate(QUEUE, asked or graph(page.model))["prompt_id"]
    page.locator(f"{PANEL} .picture").nth(2).wait_for()
    page.until(LOADED)
    return runs


def end(page, runs):
    page.until("runs => ended.length > runs", runs)
    page.until(f"() => !document.querySelector('{PANEL}')")
    return page.evaluate("() => ended.at(-1)")


def test_a_click_keeps_a_picture_and_is_a_pick(page, server, tmp_path):
    runs = begin(page)
    page.browser.wait_for_timeout(300)
    page.browser.screenshot(path=tmp_path / f"pictures {page.looks}.png")
    page.locator(f"{PANEL} .picture").nth(1).click()
    assert end(page, runs) is None
    outputs = server.wait(page.run_id)["outputs"]
    assert outputs["32"]["indices"] == [1]
    (row, *_) = map(json.loads, server.post("/prompt_beautifier/taste", {"rows": True})["text"].splitlines())
    assert row["source"] == "picture" and row["raw_prompt"] == "an old lighthouse"
    assert [row["chosen"]] == outputs["41"]["text"]


def test_a_number_key_keeps_one_and_cancel_ends_the_run(page, server):
    runs = begin(page)
    page.keyboard.press("3")
    assert end(page, runs) is None
    assert server.wait(page.run_id)["outputs"]["32"]["indices"] == [2]
    runs = begin(page)
    page.browser.get_by_text("Cancel the run").click()
    assert end(page, runs) == "interrupted"


def test_a_click_needs_no_scores(page, server):
    asked = graph(page.model)
    asked["32"]["inputs"].pop("scores")
    del asked["30"], asked["31"]
    runs = begin(page, asked)
    assert page.locator(f"{PANEL} .picture span").all_inner_texts() == ["1", "2", "3"]
    page.locator(f"{PANEL} .picture").nth(2).click()
    assert end(page, runs) is None
    outputs = server.wait(page.run_id)["outputs"]
    assert outputs["32"]["indices"] == [2]


def test_a_saved_graph_keeps_its_links_though_scores_were_needed_then(page):
    page.must_reopen = True
    page.evaluate("graph => app.loadGraphData(graph)", SAVED)
    told = page.evaluate("async () => (await app.graphToPrompt()).output")["3"]["inputs"]
    assert {name: told.get(name) for name in ("images", "scores", "latents", "prompts")} == {
        **{"images": ["1", 0], "scores": ["2", 0], "latents": None, "prompts": ["4", 0]}
    }
    assert [told[name] for name in ("top_k", "threshold", "none_passes", "choose")] == [
        *(2, 0.5, "keep nothing", "by score")
    ]


def test_a_script_does_not_wait(server, model):
    outputs = server.run(graph(model))["outputs"]
    assert len(outputs["32"]["indices"]) == 1
