"""A graph of a pack that is asleep, on a ComfyUI that can replace nodes: ours are offered, and take over."""

import pytest

from .browser import ROW
from .conftest import BEAUTIFY, LOAD

GRAPH = {
    "last_node_id": 2, "last_link_id": 1, "groups": [], "config": {}, "extra": {}, "version": 0.4,
    "nodes": [
        {"id": 1, "type": "PromptExpansion", "pos": [100, 100], "size": [400, 200], "flags": {}, "order": 0, "mode": 0,
         "inputs": [], "properties": {"Node name for S&R": "PromptExpansion"},
         "outputs": [{"name": "final_prompt", "type": "STRING", "links": [1]},
                     {"name": "seed", "type": "INT", "links": None}],
         "widgets_values": ["an old lighthouse", 7, "fixed", "No"]},
        {"id": 2, "type": "PreviewAny", "pos": [800, 100], "size": [300, 200], "flags": {}, "order": 1, "mode": 0,
         "inputs": [{"name": "source", "type": "*", "link": 1}], "outputs": [], "properties": {},
         "widgets_values": []},
    ],
    "links": [[1, 1, 0, 2, 0, "STRING"]],
}  # fmt: skip


@pytest.fixture
def offered(server):
    try:
        return server.get("/node_replacements")
    except OSError:
        pytest.skip("this ComfyUI replaces no nodes")


def test_a_comfyui_that_replaces_no_nodes_has_ours_all_the_same(server):
    try:
        server.get("/node_replacements")
    except OSError:
        assert BEAUTIFY in server.get(f"/object_info/{BEAUTIFY}") and "Traceback" not in server.log
    else:
        pytest.skip("this ComfyUI replaces nodes")


def test_ours_are_offered(offered):
    for old, new in {"PromptExpansion": BEAUTIFY, "ZuellniPickScoreLoader": "PromptBeautifierLoadScorer"}.items():
        assert [each["new_node_id"] for each in offered[old]] == [new]


def test_a_graph_of_a_script_is_changed_as_it_comes(offered, server):
    graph = {
        "1": {"class_type": "PromptExpansion", "inputs": {"text": "a cat", "seed": 3, "log_prompt": "No"},
              "_meta": {"title": "Prompt Expansion"}},
        "2": {"class_type": "PreviewAny", "inputs": {"source": ["1", 0]}, "_meta": {"title": "Preview"}},
    }  # fmt: skip
    answer = server.post("/prompt", {"prompt": graph})
    (error,) = answer["node_errors"]["1"]["errors"]
    assert answer["node_errors"]["1"]["class_type"] == BEAUTIFY and "beautifier" in error["details"]


def test_the_page_puts_ours_in_its_place(offered, page, tmp_path):
    page.evaluate("graph => app.loadGraphData(graph)", GRAPH)
    page.browser.wait_for_timeout(1500)
    page.browser.screenshot(path=tmp_path / f"missing {page.looks}.png")
    details = page.browser.get_by_role("button", name="View details")
    if not details.count():
        pytest.skip("this frontend offers it elsewhere")
    details.first.click()
    page.browser.get_by_role("button", name="Replace").first.click()
    page.until("type => nodeOf(type)", BEAUTIFY)
    page.keyboard.press("Escape")
    assert page.inputs()["prompt"] == "an old lighthouse" and page.inputs()["seed"] == 7
    page.evaluate(
        """([load, beautify]) => { const node = LiteGraph.createNode(load); app.graph.add(node);
           node.connect(0, nodeOf(beautify), nodeOf(beautify).findInputSlot('beautifier')) }""",
        [LOAD, BEAUTIFY],
    )
    page.run()
    page.locator(ROW).first.wait_for()
    page.browser.screenshot(path=tmp_path / f"replaced {page.looks}.png")
    assert len(page.listed()) == 5
    # Frontend 1.58 draws the node that it replaced once more, and complains of it itself.
    page.complaints[:] = [said for said in page.complaints if "LGraph reference" not in said]
    page.must_reopen = True
