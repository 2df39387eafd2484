"""What the pack adds to ComfyUI's page, in a browser: candidates to click, Beautify text, settings; both kinds of nodes."""

import itertools
import json

import pytest

from .test_comfyui import BEAUTIFY, LOAD
from .test_frontend import JOBS, page_of, photograph

LIST = ".prompt-beautifier-candidates"
ROW = f"{LIST} .candidate"

SEEDS = itertools.count(11)  # a graph that has run before would not run again

BUILD = """async ([load, beautify, model, seed]) => {
  app.graph.clear();
  await new Promise(requestAnimationFrame); // or Vue keeps what it has drawn for nodes of the same ids
  await new Promise(requestAnimationFrame);
  const add = (type, x, y, size) => {
    const node = LiteGraph.createNode(type); node.pos = [x, y]; app.graph.add(node); if (size) node.setSize(size);
    return node };
  const loader = add(load, 50, 100), made = add(beautify, 480, 60, [460, 720]);
  const shown = add('PreviewAny', 1020, 100), text = add('CLIPTextEncode', 50, 430);
  loader.widgets.find(w => w.name === 'model').value = model;
  made.widgets.find(w => w.name === 'seed').value = seed;
  loader.connect(0, made, 0); made.connect(0, shown, 0);
  text.widgets[0].value = 'an old lighthouse';
  window.nodeOf = type => app.graph.nodes.find(node => node.type === type);
  window.values = node => Object.fromEntries(node.widgets.map(w => [w.name, w.value])) }"""


@pytest.fixture(params=["canvas nodes", "Vue nodes"])
def page(request, server, chromium, model):
    """A page with Load Beautifier → Beautify Prompt → Preview as Text, and a CLIP Text Encode beside them."""
    server.post("/settings", {"Comfy.VueNodes.Enabled": request.param == "Vue nodes"})
    with page_of(server, chromium) as (page, errors):
        page.seed = next(SEEDS)
        page.evaluate(BUILD, [LOAD, BEAUTIFY, model, page.seed])
        page.wait_for_timeout(800)
        page.evaluate("() => app.extensionManager.command.execute('Comfy.Canvas.FitView')")
        page.wait_for_timeout(1000)
        page.looks = request.param.split()[0]
        yield page
        assert errors == []
    server.post("/settings", {"Comfy.VueNodes.Enabled": False})


def run(page):
    page.evaluate("() => app.queuePrompt(0, 1)")
    page.wait_for_timeout(500)
    while page.evaluate(JOBS):
        page.wait_for_timeout(200)
    page.wait_for_timeout(1000)


def listed(page):
    return page.locator(f"{ROW} .words").all_inner_texts()


def inputs(page):
    return page.evaluate(f"() => values(nodeOf('{BEAUTIFY}'))")


def test_candidates_are_listed_and_a_click_chooses_one(page, tmp_path):
    assert "After a run" in page.locator(LIST).inner_text()
    run(page)
    first = listed(page)
    assert len(first) == 5 and all(first)
    assert inputs(page)["seed"] != page.seed, "control after generate is on randomize"

    page.locator(ROW).nth(2).click()
    chosen = inputs(page)
    assert (chosen["seed"], chosen["control_after_generate"], chosen["candidate"]) == (page.seed, "fixed", 3)
    assert page.locator(f"{ROW}.chosen .words").all_inner_texts() == [first[2]]
    run(page)
    assert listed(page) == first, "the same candidates once more"
    shown = page.evaluate("() => nodeOf('PreviewAny').widgets.map(w => w.value)")
    assert first[2] in shown
    assert inputs(page)["seed"] == page.seed
    photograph(page, tmp_path / f"chosen {page.looks}.png")

    page.locator(ROW).nth(2).click()
    released = inputs(page)
    assert (released["control_after_generate"], released["candidate"]) == ("randomize", 1)
    assert page.locator(f"{ROW}.chosen").count() == 0


def test_a_candidate_is_copied(page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    run(page)
    page.locator(f"{ROW} .copy").nth(1).click()
    page.wait_for_timeout(300)
    assert page.evaluate("() => navigator.clipboard.readText()") == listed(page)[1]
    assert inputs(page)["candidate"] == 1, "copying does not choose"
    assert "Copied" in " ".join(page.locator(".p-toast").all_inner_texts())


def test_nothing_is_lost_on_reload_copy_paste_and_undo(page, tmp_path):
    run(page)
    before = listed(page)
    page.locator(ROW).nth(1).click()
    saved = page.evaluate("() => JSON.stringify(app.graph.serialize())")
    node = next(each for each in json.loads(saved)["nodes"] if each["type"] == BEAUTIFY)
    assert "" not in node["widgets_values"], "the list is no value of the node"

    page.evaluate("graph => app.loadGraphData(JSON.parse(graph))", saved)
    page.wait_for_timeout(800)
    assert listed(page) == before
    assert page.locator(f"{ROW}.chosen").count() == 1

    page.evaluate(f"() => {{ app.canvas.selectNode(nodeOf('{BEAUTIFY}')); app.canvas.copyToClipboard();"
                  " app.canvas.pasteFromClipboard() }")  # fmt: skip
    page.wait_for_timeout(800)
    assert page.locator(LIST).count() == 2
    assert listed(page) == before * 2
    page.evaluate("() => app.extensionManager.workflow.activeWorkflow.changeTracker.checkState()")
    for _ in range(2):  # laying out the new node can be a step of its own
        if page.locator(LIST).count() == 2:
            page.evaluate("() => app.extensionManager.command.execute('Comfy.Undo')")
            page.wait_for_timeout(1000)
    assert listed(page) == before

    page.locator(ROW).nth(3).click()
    assert inputs(page)["candidate"] == 4
    page.evaluate("() => app.extensionManager.command.execute('Comfy.Undo')")
    page.wait_for_timeout(1000)
    assert inputs(page)["candidate"] == 2
    assert page.locator(f"{ROW}.chosen .words").all_inner_texts() == [before[1]]


def test_in_a_subgraph(page, tmp_path):
    page.evaluate(f"""() => {{ app.canvas.deselectAll?.();
        for (const type of ['{LOAD}', '{BEAUTIFY}']) app.canvas.select(nodeOf(type));
        window.group = app.graph.convertToSubgraph(app.canvas.selectedItems).node }}""")
    page.wait_for_timeout(500)
    run(page)
    kept = page.evaluate(f"""() => group.subgraph.nodes.find(node => node.type === '{BEAUTIFY}')
        .properties.prompt_beautifier""")
    assert len(kept["texts"]) == 5
    page.evaluate("() => app.canvas.openSubgraph(group.subgraph, group)")
    page.wait_for_timeout(1500)
    assert listed(page) == kept["texts"]
    page.locator(ROW).nth(4).click()
    inside = page.evaluate(f"() => values(group.subgraph.nodes.find(node => node.type === '{BEAUTIFY}'))")
    assert (inside["seed"], inside["candidate"]) == (page.seed, 5)


def text_of(page):
    return page.evaluate("() => nodeOf('CLIPTextEncode').widgets[0].value")


def test_beautify_text_of_the_selected_node_and_undo(page, model):
    if model != "embedded":
        pytest.skip("the embedded model's weights are not there")
    page.evaluate("() => { app.canvas.deselectAll?.(); app.canvas.selectNode(nodeOf('CLIPTextEncode')) }")
    page.wait_for_timeout(500)
    page.keyboard.press("Alt+b")
    page.wait_for_function(
        "() => nodeOf('CLIPTextEncode').widgets[0].value !== 'an old lighthouse'", timeout=5000
    )
    assert "lighthouse" in text_of(page) and len(text_of(page)) > 40
    assert page.evaluate(JOBS) == 0, "no graph was queued"
    page.evaluate("() => document.activeElement.blur()")
    page.keyboard.press("Control+z")
    page.wait_for_timeout(1000)
    assert text_of(page) == "an old lighthouse"


def test_beautify_text_in_the_box_the_cursor_is_in(page, model):
    if model != "embedded":
        pytest.skip("the embedded model's weights are not there")
    box = next(area for area in page.locator("textarea").all() if area.input_value() == "an old lighthouse")
    box.click()
    page.keyboard.press("End")
    page.keyboard.type(" at night")
    page.keyboard.press("Alt+b")
    page.wait_for_function("() => !nodeOf('CLIPTextEncode').widgets[0].value.endsWith('at night')")
    first = text_of(page)
    assert box.input_value() == first
    page.keyboard.press("Alt+b")  # another version of what was typed, not of the first answer
    page.wait_for_function(f"() => nodeOf('CLIPTextEncode').widgets[0].value !== {json.dumps(first)}")
    second = text_of(page)
    assert "lighthouse" in second and second != first
    page.keyboard.press("Control+z")
    page.wait_for_timeout(300)
    assert text_of(page) == first
    page.keyboard.press("Control+z")
    page.wait_for_timeout(300)
    assert text_of(page) == "an old lighthouse at night"


def test_beautify_text_is_offered_in_menu_and_toolbox(page, server):
    offered = page.evaluate(
        """() => [LiteGraph.createNode('CLIPTextEncode'), LiteGraph.createNode('CLIPTextEncodeSDXL'),
                  LiteGraph.createNode('KSampler'), LiteGraph.createNode('PreviewAny')].map(node =>
             app.collectNodeMenuItems(node).map(item => item?.content).filter(text => text?.startsWith('Beautify')))"""
    )
    assert offered == [["Beautify text"], ["Beautify text: text_g", "Beautify text: text_l"], [], []]
    commands = page.evaluate(
        """() => ['CLIPTextEncode', 'KSampler'].map(type => app.extensions
             .find(extension => extension.name === 'PromptBeautifier.Page')
             .getSelectionToolboxCommands(LiteGraph.createNode(type)))"""
    )
    assert commands == [["PromptBeautifier.BeautifyText"], []]


def test_errors_are_told_in_a_toast(page):
    page.evaluate("() => { nodeOf('CLIPTextEncode').widgets[0].value = '  ';"
                  " app.canvas.deselectAll?.(); app.canvas.selectNode(nodeOf('CLIPTextEncode')) }")  # fmt: skip
    page.keyboard.press("Alt+b")
    page.wait_for_timeout(500)
    assert "nothing to beautify" in " ".join(page.locator(".p-toast").all_inner_texts())
    page.evaluate("() => nodeOf('CLIPTextEncode').widgets[0].value = 'x '.repeat(70000)")
    page.keyboard.press("Alt+b")
    page.wait_for_timeout(1500)
    assert "too long" in " ".join(page.locator(".p-toast").all_inner_texts())
    assert len(text_of(page)) == 140000


def test_settings_are_what_new_nodes_start_with(page, server):
    server.post("/settings", {"PromptBeautifier.Candidates": 3, "PromptBeautifier.Mode": "append"})
    try:
        page.reload()
        page.wait_for_function("!!(window.app?.graph && window.LiteGraph?.registered_node_types['KSampler'])")
        page.wait_for_timeout(1500)
        new, loaded = page.evaluate(
            f"""() => {{ const values = node => Object.fromEntries(node.widgets.map(w => [w.name, w.value]));
                app.graph.clear(); const node = LiteGraph.createNode('{BEAUTIFY}'); app.graph.add(node);
                const before = values(node);
                node.widgets.find(w => w.name === 'num_candidates').value = 7;
                app.graph.configure(app.graph.serialize());
                return [before, values(app.graph.nodes[0])] }}"""
        )
        assert (new["num_candidates"], new["mode"]) == (3, "append")
        assert loaded["num_candidates"] == 7, "a saved graph keeps its own values"
    finally:
        server.post("/settings", {"PromptBeautifier.Candidates": 5, "PromptBeautifier.Mode": "rewrite"})
