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


COLORS = (0xC03028, 0x28A048, 0x3058C0)


def begin(page):
    """Queue the graph from the page, and wait until it shows the pictures; the number of runs that were over before."""
    runs = page.evaluate("() => ended.length")
    page.run_id = page.evaluate(QUEUE, graph(page.model))["prompt_id"]
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


def test_a_script_does_not_wait(server, model):
    outputs = server.run(graph(model))["outputs"]
    assert len(outputs["32"]["indices"]) == 1
