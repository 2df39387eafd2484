"""What people see of the pack's nodes, in a browser: the inputs in use, the list at all times, and what goes wrong."""

import pytest

from .browser import LIST, ROW
from .conftest import BEAUTIFY, CONNECT, LOAD, TINY

SET = """([type, name, value]) => { const widget = nodeOf(type).widgets.find(each => each.name === name);
         widget.value = value; widget.callback?.(value) }"""
SHOWN = """type => nodeOf(type).widgets.filter(each => !each.hidden).map(each => each.name)"""
SAMPLING = ["temperature", "top_k", "top_p", "repetition_penalty", "max_new_tokens"]


def put(page, node, name, value):
    page.evaluate(SET, [node, name, value])


def shown(page, node):
    return page.evaluate(SHOWN, node)


def test_inputs_without_effect_are_hidden(page):
    if page.model == "embedded":
        assert shown(page, LOAD) == ["model"]
        assert "sampling" not in shown(page, BEAUTIFY), "the embedded model draws nothing"
    assert not set(SAMPLING) & set(shown(page, BEAUTIFY))
    put(page, LOAD, "model", TINY)
    assert "sampling" in shown(page, BEAUTIFY)
    put(page, BEAUTIFY, "sampling", "custom")
    assert set(SAMPLING) <= set(shown(page, BEAUTIFY))
    assert shown(page, LOAD) == ["model", "device", "dtype", "family", "instruction"]
    put(page, LOAD, "family", "custom")
    assert "template" in shown(page, LOAD)
    put(page, BEAUTIFY, "temperature", 0.5)
    page.evaluate("() => app.graph.configure(app.graph.serialize())")
    assert "template" in shown(page, LOAD) and page.inputs()["temperature"] == 0.5
    put(page, BEAUTIFY, "sampling", "model default")
    assert not set(SAMPLING) & set(shown(page, BEAUTIFY))
    graph = page.evaluate("async () => (await app.graphToPrompt()).output")
    (inputs,) = [each["inputs"] for each in graph.values() if each["class_type"] == BEAUTIFY]
    assert inputs["temperature"] == 0.5, "a hidden input keeps its value"


def test_a_new_node_is_as_high_as_what_it_shows(page):
    low = page.evaluate(
        """types => types.map(type => { const node = LiteGraph.createNode(type); app.graph.add(node);
           return [node.size[1], node.computeSize()[1]] })""",
        [LOAD, BEAUTIFY],
    )
    assert all(0 <= height - least <= 20 for height, least in low)
    prompt = page.evaluate("type => nodeOf(type).widgets[0].options.getMinHeight()", BEAUTIFY)
    assert prompt > 60, "three lines"


def test_the_list_comes_again_from_the_cache(page, server):
    if page.is_old:
        pytest.skip("ComfyUI 0.8 sends nothing of a node whose result it has")
    put(page, BEAUTIFY, "control_after_generate", "fixed")
    page.run()
    before = page.listed()
    page.evaluate(
        """type => { const node = nodeOf(type); delete node.properties.prompt_beautifier;
           node.onConfigure(node.serialize()); const shown = LiteGraph.createNode('PreviewAny');
           shown.pos = [1060, 500]; app.graph.add(shown); node.connect(2, shown, 0) }""",
        BEAUTIFY,
    )
    assert not page.listed()
    page.run()
    page.locator(ROW).first.wait_for()
    assert page.listed() == before


def test_the_panel_of_the_selected_node_leaves_the_list_on_the_node(page, tmp_path):
    widget = "nodeOf(type).widgets.find(each => each.name === 'prompt_beautifier_candidates')"
    assert page.evaluate(f"type => [{widget}.options.hideInPanel, {widget}.label]", BEAUTIFY) == [True, "Candidates"]
    page.run()
    page.select(BEAUTIFY)
    toggle = page.locator("[data-testid=toggle-right-panel], button:has(.icon-\\[lucide--panel-right\\])")
    if toggle.count():
        toggle.first.click()
        page.browser.wait_for_timeout(500)
    assert page.locator(LIST).is_visible() and len(page.listed()) == 5
    page.browser.screenshot(path=tmp_path / f"panel {page.looks}.png")


def told(page, words):
    """Wait for a notice of the pack with these words; each frontend draws notices in its own way."""
    page.browser.get_by_text(words).last.wait_for()
    page.complaints.clear()  # the browser's console has refused requests, and where they came through
    page.must_reopen = page.is_old  # there a notice may be a dialog, which lies over the page until it is closed


WRONG = {
    "there is no checkpoint 'gone': put its folder into models/LLM": {(LOAD, "model"): "gone"},
    "template must have {raw_prompt} in it": {
        (LOAD, "model"): TINY,
        (LOAD, "family"): "custom",
        (LOAD, "template"): "say it",
    },
    "Value 65 bigger than max of 64": {(BEAUTIFY, "num_candidates"): 65},
    "Value not in list": {(BEAUTIFY, "mode"): "shorten"},
}


@pytest.mark.parametrize("words", WRONG)
def test_what_goes_wrong_is_said_in_the_page(page, words, tmp_path):
    for (node, name), value in WRONG[words].items():
        put(page, node, name, value)
    wrong = page.run(fails=True)
    assert words.partition(":")[0] in wrong
    told(page, words)
    page.browser.screenshot(path=tmp_path / f"told {page.looks}.png")


def test_a_server_that_is_not_in_the_file_is_said_in_the_page(page):
    page.evaluate(
        """([connect, beautify]) => { const node = LiteGraph.createNode(connect); app.graph.add(node);
           node.widgets.find(each => each.name === 'endpoint').value = 'my server';
           node.connect(0, nodeOf(beautify), 0) }""",
        [CONNECT, BEAUTIFY],
    )
    page.run(fails=True)
    told(page, "my server")


def test_a_candidate_that_is_not_made_is_said_and_the_last_is_taken(page):
    put(page, BEAUTIFY, "candidate", 9)
    page.run()
    assert page.evaluate("type => nodeOf(type).properties.prompt_beautifier.used", BEAUTIFY) == 4
    told(page, "the last one was taken")


def test_the_entry_of_the_menu_has_a_line_above_it(page):
    items = page.evaluate("() => app.collectNodeMenuItems(nodeOf('CLIPTextEncode')).map(each => each?.content ?? null)")
    assert items[-2:] == [None, "Beautify text"]


# -- choosing before drawing

SEEN = f"{LIST} .ask"


def begin(page):
    """Run until the node asks."""
    put(page, BEAUTIFY, "review", "ask")
    page.evaluate("() => app.queuePrompt(0, 1)")
    page.locator(SEEN).wait_for()


def over(page, runs):
    page.until("runs => ended.length > runs", runs)
    assert page.locator(SEEN).count() == 0
    return page.evaluate("() => ended.at(-1)")


def test_a_run_waits_for_a_click(page, tmp_path):
    runs = page.evaluate("() => ended.length")
    begin(page)
    page.browser.screenshot(path=tmp_path / f"asks {page.looks}.png")
    page.browser.wait_for_timeout(1000)
    assert page.evaluate("() => ended.length") == runs
    words = page.listed()[2]
    page.locator(ROW).nth(2).click()
    assert over(page, runs) is None
    assert words in page.evaluate("() => nodeOf('PreviewAny').widgets.map(widget => widget.value)")


def test_words_are_changed_in_place(page):
    runs = page.evaluate("() => ended.length")
    begin(page)
    page.locator(f"{ROW} .pi-pencil").nth(1).click()
    page.keyboard.press("Control+a")
    page.keyboard.type("3 words of my own")
    page.keyboard.press("Enter")
    assert over(page, runs) is None
    assert "3 words of my own" in page.evaluate("() => nodeOf('PreviewAny').widgets.map(widget => widget.value)")
    assert page.listed()[1] == "3 words of my own"


def test_a_number_key_chooses_and_cancel_cancels(page):
    runs = page.evaluate("() => ended.length")
    begin(page)
    page.locator(f"{ROW} .words").first.focus()
    page.keyboard.press("2")
    assert over(page, runs) is None
    assert page.evaluate("type => nodeOf(type).properties.prompt_beautifier.used", BEAUTIFY) == 1
    begin(page)
    page.evaluate("() => fetch('/interrupt', { method: 'POST' })")
    assert over(page, runs + 1) == "interrupted"


def test_after_its_seconds_it_goes_on(page):
    runs = page.evaluate("() => ended.length")
    put(page, BEAUTIFY, "review_seconds", 2)
    begin(page)
    assert "2 s" in page.locator(SEEN).inner_text() or "1 s" in page.locator(SEEN).inner_text()
    assert over(page, runs) is None
    assert page.evaluate("type => nodeOf(type).properties.prompt_beautifier.used", BEAUTIFY) == 0


def test_a_script_does_not_wait(page, server):
    put(page, BEAUTIFY, "review", "ask")
    graph = page.evaluate("async () => (await app.graphToPrompt()).output")
    server.run(graph)
