"""What people see of the pack's nodes, in a browser: the inputs in use, the list at all times, a run that waits."""

import pytest

from .browser import LIST, ROW
from .conftest import BEAUTIFY, LOAD, SLOW, TINY

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


def test_the_entry_of_the_menu_has_a_line_above_it(page):
    items = page.evaluate("() => app.collectNodeMenuItems(nodeOf('CLIPTextEncode')).map(each => each?.content ?? null)")
    assert items[-2:] == [None, "Beautify text"]


def test_words_are_listed_as_they_are_written(page, server, tmp_path):
    put(page, LOAD, "model", SLOW)
    for name, value in {"sampling": "custom", "temperature": 5.0, "max_new_tokens": 1000}.items():
        put(page, BEAUTIFY, name, value)
    runs = page.evaluate("() => ended.length")
    page.evaluate("() => app.queuePrompt(0, 1)")
    page.until(f"() => document.querySelector('{LIST} .writing .words')?.textContent.length > 20")
    before = page.locator(f"{LIST} .writing .words").first.inner_text()
    page.browser.screenshot(path=tmp_path / f"writing {page.looks}.png")
    page.until(f"before => document.querySelector('{LIST} .writing .words').textContent !== before", before)
    server.post("/interrupt", {})
    assert over(page, runs) == "interrupted"
    assert "After a run" in page.locator(LIST).inner_text(), "nothing has come of it"


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


def test_a_page_that_is_loaded_anew_is_asked_again(page, server):
    begin(page)
    run = server.get("/queue")["queue_running"][0][1]
    page.until(  # the browser keeps the graph
        "seed => [localStorage, sessionStorage].some(kept => Object.values(kept).some(each => each.includes(seed)))",
        str(page.seed),
    )
    page.reload()
    page.locator(SEEN).wait_for()
    words = page.listed()[2]
    page.locator(ROW).nth(2).click()
    history = server.wait(run)
    assert history["status"]["status_str"] == "success"
    assert [words] in [output.get("text") for output in history["outputs"].values()]
    page.must_reopen = True


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
