"""What the pack adds to ComfyUI's page, in a browser: candidates to click, Beautify text, settings, help, a subgraph
blueprint; in both kinds of nodes."""

import json
import re

import pytest

from .browser import LIST, ROW, TEXT, photograph
from .client import messages
from .conftest import BEAUTIFY, LOAD, LOAD_REWARD, WORKFLOWS

BLUEPRINTS = ("Beautified text to image", "Beautify prompt (one node)")


# -- candidates on the node


def test_candidates_are_listed_and_a_click_chooses_one(page, tmp_path):
    assert "After a run" in page.locator(LIST).inner_text()
    page.run()
    first = page.listed()
    assert len(first) == 5 and all(first)
    assert page.inputs()["seed"] != page.seed, "control after generate is on randomize"

    page.locator(ROW).nth(2).click()
    chosen = page.inputs()
    assert (chosen["seed"], chosen["control_after_generate"], chosen["candidate"]) == (page.seed, "fixed", 3)
    assert page.chosen() == [first[2]]
    page.run()
    assert page.listed() == first, "the same candidates once more"
    assert first[2] in page.evaluate("() => nodeOf('PreviewAny').widgets.map(widget => widget.value)")
    assert page.inputs()["seed"] == page.seed
    photograph(page.browser, tmp_path / f"chosen {page.looks}.png")

    page.locator(ROW).nth(2).click()
    released = page.inputs()
    assert (released["control_after_generate"], released["candidate"]) == ("randomize", 1)
    assert page.chosen() == []


def test_the_list_says_which_image_model_it_is_for(page, tmp_path):
    for name, value in (("image_model", "z-image"), ("prompt", "a (red:1.2) fox")):
        page.evaluate(
            "([type, name, value]) => { nodeOf(type).widgets.find(each => each.name === name).value = value }",
            [BEAUTIFY, name, value],
        )
    page.run()
    assert page.locator(f"{LIST} .aim").inner_text() == "for Z-Image: long sentences; weights are ignored there"
    assert "taken off (red:1.2)" in page.locator(f"{LIST} .note").inner_text()
    assert "of 512 tokens" in page.locator(f"{ROW} .number").first.get_attribute("title")
    photograph(page.browser, tmp_path / f"image model {page.looks}.png")


def test_the_keyboard_chooses_too(page):
    page.run()
    page.locator(f"{ROW} .words").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.chosen() == page.listed()[1:2] and page.inputs()["candidate"] == 2
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    assert page.chosen() == page.listed()[2:3] and page.inputs()["candidate"] == 3


def test_a_candidate_is_copied(page):
    page.run()
    page.locator(f"{ROW} .copy").nth(1).click()
    page.toast("Copied")
    assert page.evaluate("() => navigator.clipboard.readText()") == page.listed()[1]
    assert page.inputs()["candidate"] == 1, "copying does not choose"


def test_a_reward_model_gives_each_its_reward_and_their_order(page, writes, tmp_path):
    page.evaluate(
        """([load, type]) => { const loader = LiteGraph.createNode(load), node = nodeOf(type);
           loader.pos = [50, 720]; app.graph.add(loader);
           loader.connect(0, node, node.findInputSlot('reward_model')) }""",
        [LOAD_REWARD, BEAUTIFY],
    )
    page.run()
    shown = [float(score) for score in page.locator(f"{ROW} .score").all_inner_texts()]
    kept = page.evaluate("type => nodeOf(type).properties.prompt_beautifier.scores", BEAUTIFY)
    assert len(shown) == 5 and shown == pytest.approx(kept, abs=0.001)
    assert shown == sorted(shown, reverse=True) and shown[0] > shown[-1]
    photograph(page.browser, tmp_path / f"rewards {page.looks}.png")


def test_long_words_wrap_and_the_wheel_scrolls_the_list_alone(page):
    page.evaluate(
        "([type, texts]) => nodeOf(type).onExecuted({prompt_beautifier: [{texts, seed: 1, used: 0}]})",
        [BEAUTIFY, ["word" * 500, *["several words " * 30] * 5]],
    )
    box = page.locator(LIST)
    width, inside = box.evaluate("box => [box.scrollWidth, box.clientWidth]")
    assert width <= inside, "nothing is cut off at the side"
    place = "() => [app.canvas.ds.scale, ...app.canvas.ds.offset]"
    before, now = None, page.evaluate(place)
    while now != before:  # the view still moves to where it fits
        page.browser.wait_for_timeout(300)
        before, now = now, page.evaluate(place)
    if page.looks == "Vue":  # there the wheel is for the graph until something in the box has the focus
        page.locator(f"{ROW} .words").first.focus()
    box.hover()
    page.browser.mouse.wheel(0, 200)
    page.until(f"() => document.querySelector('{LIST}').scrollTop > 0")
    assert page.evaluate(place) == before, "the graph stays where it is"


def test_many_and_long_candidates_scroll(page, tmp_path):
    made = ["long " * 600, *(f"candidate number {number}" for number in range(2, 65))]
    page.evaluate(
        "([type, texts]) => nodeOf(type).onExecuted({prompt_beautifier: [{texts, seed: 1, used: 0,"
        " scores: texts.map((_, i) => 0.5 - i / 100)}, {texts: ['other'], seed: 1, used: 0}]})",
        [BEAUTIFY, made],
    )
    assert page.listed() == made
    assert page.locator(f"{ROW} .score").nth(1).inner_text() == "0.490"
    assert "1 more" in page.locator(f"{LIST} .more").inner_text(), "only the first of a list of prompts is shown"
    scrolls = "() => { const box = document.querySelector('%s'); return box.scrollHeight > 2 * box.clientHeight }"
    assert page.evaluate(scrolls % LIST)
    page.locator(ROW).nth(63).click()
    assert page.inputs()["candidate"] == 64
    photograph(page.browser, tmp_path / f"many {page.looks}.png")


def test_nothing_is_lost_on_reload_copy_paste_and_undo(page):
    page.run()
    before = page.listed()
    page.locator(ROW).nth(1).click()
    saved = page.evaluate("() => JSON.stringify(app.graph.serialize())")
    node = next(each for each in json.loads(saved)["nodes"] if each["type"] == BEAUTIFY)
    assert node["widgets_values"].count("") == 2, "keep and avoid alone are empty: the list is no value of the node"

    page.evaluate("graph => app.loadGraphData(JSON.parse(graph))", saved)
    page.until(f"() => document.querySelectorAll('{ROW}.chosen').length === 1")
    assert page.listed() == before and page.chosen() == [before[1]]

    page.evaluate(
        "type => { app.canvas.selectNode(nodeOf(type)); app.canvas.copyToClipboard();"
        " app.canvas.pasteFromClipboard() }",
        BEAUTIFY,
    )
    page.until(f"() => document.querySelectorAll('{LIST}').length === 2")
    assert page.listed() == before * 2

    page.evaluate("graph => app.loadGraphData(JSON.parse(graph))", saved)
    page.until(f"() => document.querySelectorAll('{LIST}').length === 1")
    page.fit()
    page.locator(ROW).nth(3).click()
    assert page.inputs()["candidate"] == 4
    page.undo("type => nodeOf(type) && values(nodeOf(type)).candidate === 2", BEAUTIFY)
    page.until(f"() => document.querySelector('{ROW}.chosen .number')?.textContent === '2'")
    assert page.listed() == before and page.chosen() == [before[1]]


def test_undo_of_what_came_later_leaves_the_list(page):
    page.run()
    before = page.listed()
    page.evaluate(
        "type => { values(nodeOf(type)); nodeOf(type).title = 'renamed';"
        " const tracker = app.extensionManager.workflow.activeWorkflow.changeTracker;"
        " (tracker.captureCanvasState ?? tracker.checkState).call(tracker) }",
        BEAUTIFY,
    )
    page.undo("type => nodeOf(type) && nodeOf(type).title !== 'renamed'", BEAUTIFY)
    page.locator(ROW).first.wait_for()
    assert page.listed() == before


def test_a_reload_of_the_page_brings_the_list_back(page):
    page.run()
    page.locator(ROW).nth(1).click()
    before = page.listed()
    page.until(  # the browser keeps it, in some versions as JSON within JSON
        "seed => [localStorage, sessionStorage].some(kept => Object.values(kept).some("
        'each => each.includes(seed) && /chosen\\\\*":1/.test(each)))',
        str(page.seed),
    )
    page.reload()
    page.until(f"() => document.querySelectorAll('{ROW}.chosen').length === 1")
    assert page.listed() == before and page.chosen() == [before[1]]
    assert page.inputs()["candidate"] == 2


def test_in_a_subgraph(page):
    page.must_reopen = True
    page.evaluate(
        """types => { app.canvas.deselectAll(); for (const type of types) app.canvas.select(nodeOf(type));
           window.group = app.graph.convertToSubgraph(app.canvas.selectedItems).node }""",
        [LOAD, BEAUTIFY],
    )
    page.run()
    inside = f"group.subgraph.nodes.find(node => node.type === '{BEAUTIFY}')"
    kept = page.evaluate(f"() => {inside}.properties.prompt_beautifier")
    assert len(kept["texts"]) == 5
    page.evaluate("() => app.canvas.openSubgraph(group.subgraph, group)")
    page.locator(ROW).nth(4).wait_for()
    page.evaluate("() => app.extensionManager.command.execute('Comfy.Canvas.FitView')")
    page.locator(ROW).nth(4).click()
    assert page.listed() == kept["texts"]
    # Newer frontends show the seed on the subgraph's node, and take it from there.
    used = page.evaluate(
        f"() => {{ const outside = values(group), inside = values({inside});"
        " return [outside.seed ?? inside.seed, inside.control_after_generate, inside.candidate] }"
    )
    assert used == [page.seed, "fixed", 5]
    page.run()
    assert page.chosen() == [kept["texts"][4]] and page.listed() == kept["texts"]


def test_the_api_gives_the_same_without_a_browser(page, server):
    page.run()
    page.locator(ROW).nth(3).click()
    page.run()
    shown = page.evaluate("() => nodeOf('PreviewAny').widgets.map(widget => widget.value)")
    graph = page.evaluate("async () => (await app.graphToPrompt()).output")
    node, preview = (page.evaluate("type => String(nodeOf(type).id)", each) for each in (BEAUTIFY, "PreviewAny"))
    assert not any("prompt_beautifier" in name for name in graph[node]["inputs"])
    history = server.run_anew(graph, node)
    assert history["outputs"][node]["text"] == page.listed()
    assert history["outputs"][preview]["text"] == [page.listed()[3]]
    assert page.listed()[3] in shown


# -- Beautify text


def test_beautify_text_of_the_selected_node_and_undo(page, writes, server):
    page.select("CLIPTextEncode")
    page.keyboard.press("Alt+b")
    made = page.until_text(f"text !== '{TEXT}'")
    assert "lighthouse" in made and len(made) > 40
    queue = server.get("/queue")
    assert not queue["queue_running"] and not queue["queue_pending"], "no graph was queued"
    page.evaluate("() => document.activeElement.blur()")
    page.keyboard.press("Control+z")
    page.until_text(f"text === '{TEXT}'")


def test_beautify_text_in_the_box_the_cursor_is_in(page, writes):
    box = page.box()
    box.click()
    page.keyboard.press("End")
    page.keyboard.type(" at night")
    page.keyboard.press("Alt+b")
    first = page.until_text("!text.endsWith('at night') && text.length > 40")
    assert box.input_value() == first
    page.keyboard.press("Alt+b")  # another version of what was typed, not of the first answer
    second = page.until_text(f"text !== {json.dumps(first)}")
    assert "lighthouse" in second
    page.keyboard.press("Control+z")
    page.until_text(f"text === {json.dumps(first)}")
    page.keyboard.press("Control+z")
    page.until_text(f"text === '{TEXT} at night'")


def test_the_button_in_the_toolbox(page, writes):
    page.select("CLIPTextEncode")
    page.locator(".selection-toolbox button:has(.pi-sparkles)").click()
    page.until_text("text.length > 40")
    page.select("PreviewAny")
    page.locator(".selection-toolbox").wait_for()
    page.until("() => !document.querySelector('.selection-toolbox .pi-sparkles')")


def test_the_menu_of_a_right_click(page, writes):
    if page.looks == "Vue" and page.is_old:
        pytest.skip("the menu of Vue nodes takes nothing from extensions in frontend 1.35")
    page.browser.mouse.click(*page.title_of("CLIPTextEncode"), button="right")
    page.browser.get_by_text("Beautify text", exact=True).click()
    page.until_text("text.length > 40")


def test_a_box_pulses_while_it_waits_and_what_is_typed_meanwhile_stays(page, writes):
    held, box = [], page.box().element_handle()
    pulses = "area => area.getAnimations().filter(each => !(each instanceof CSSTransition)).length"
    page.browser.route("**/prompt_beautifier/beautify", lambda route: held.append(route))
    try:
        page.select("CLIPTextEncode")
        page.keyboard.press("Alt+b")
        page.until(f"area => ({pulses})(area) === 1", box)
        for _ in range(100):  # the request is handed over after the box began to pulse
            if not held:
                page.browser.wait_for_timeout(100)
        page.evaluate("() => { nodeOf('CLIPTextEncode').widgets[0].value = 'something else' }")
        held[0].continue_()
        page.toast("changed meanwhile")
    finally:
        page.browser.unroute("**/prompt_beautifier/beautify")
    assert page.text() == "something else" and len(held) == 1
    page.until(f"area => ({pulses})(area) === 0", box)


def test_what_is_offered_for_which_node(page):
    offered = page.evaluate(
        """() => ['CLIPTextEncode', 'CLIPTextEncodeSDXL', 'KSampler', 'PreviewAny'].map(
             type => LiteGraph.createNode(type)).map(
             node => app.collectNodeMenuItems(node).map(item => item?.content)
               .filter(text => text?.startsWith('Beautify')))"""
    )
    assert offered == [["Beautify text"], ["Beautify text: text_g", "Beautify text: text_l"], [], []]


def test_errors_are_told_in_a_toast(page):
    page.evaluate("() => nodeOf('CLIPTextEncode').widgets[0].value = '  '")
    page.select("CLIPTextEncode")
    page.keyboard.press("Alt+b")
    page.toast("nothing to beautify")
    page.evaluate("() => nodeOf('CLIPTextEncode').widgets[0].value = 'x '.repeat(70000)")
    page.keyboard.press("Alt+b")
    page.toast("too long")
    assert len(page.text()) == 140_000
    page.complaints[:] = [each for each in page.complaints if "413" not in each]  # the browser notes refused requests
    page.select("PreviewAny")
    page.keyboard.press("Alt+b")
    page.toast("Select a node with a text box")


# -- downloads


def test_a_download_shows_its_bytes_and_can_be_cancelled(page, server, slow_hub, tmp_path):
    page.evaluate(
        """type => { const menu = nodeOf(type).widgets.find(widget => widget.name === 'model');
           menu.value = menu.options.values.find(shown => shown.startsWith('text2prompt-v2')) }""",
        LOAD,
    )
    page.evaluate("() => app.queuePrompt(0, 1)")
    words = page.browser.get_by_text(re.compile(r"^\d.* / 0\.02 GB$")).first
    words.wait_for()
    page.browser.screenshot(path=tmp_path / f"download {page.looks}.png")
    run = server.get("/queue")["queue_running"][0][1]
    page.browser.get_by_label("Cancel current run").first.click()
    assert messages(server.wait(run), "execution_interrupted")
    asked = len(slow_hub.requests)
    page.browser.wait_for_timeout(1000)
    assert len(slow_hub.requests) == asked


# -- settings, help, blueprint


def test_settings_are_what_new_nodes_start_with(page):
    wanted = {
        "PromptBeautifier.Candidates": 3,
        "PromptBeautifier.Mode": "append",
        "PromptBeautifier.Model": "promptist",
    }
    usual = {
        "PromptBeautifier.Candidates": 5,
        "PromptBeautifier.Mode": "rewrite",
        "PromptBeautifier.Model": "embedded",
    }
    put = """async wanted => { for (const [id, value] of Object.entries(wanted))
             await app.extensionManager.setting.set(id, value) }"""
    page.evaluate(put, wanted)
    try:
        new, loader, loaded = page.evaluate(
            """([load, beautify]) => {
                app.graph.clear(); const node = LiteGraph.createNode(beautify); app.graph.add(node);
                const before = values(node), loader = values(LiteGraph.createNode(load));
                node.widgets.find(widget => widget.name === 'num_candidates').value = 7;
                app.graph.configure(app.graph.serialize());
                return [before, loader, values(app.graph.nodes[0])] }""",
            [LOAD, BEAUTIFY],
        )
    finally:
        page.evaluate(put, usual)
    assert (new["num_candidates"], new["mode"]) == (3, "append")
    assert loader["model"] == "promptist (downloaded)", "the setting does not hold the state of the download"
    assert loaded["num_candidates"] == 7, "a saved graph keeps its own values"


def test_the_page_of_settings(page, tmp_path):
    page.evaluate("() => app.extensionManager.command.execute('Comfy.ShowSettingsDialog')")
    dialog = page.locator("[role=dialog]").last
    dialog.get_by_text("Prompt Beautifier", exact=True).first.click()
    dialog.get_by_text("What new nodes start with").wait_for()
    shown = dialog.inner_text()
    names = ["Model of new Load", "Number of candidates of new", "Mode of new Beautify"]
    assert sorted(names, key=shown.index) == names
    page.browser.screenshot(path=tmp_path / f"settings {page.looks}.png")
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")


def test_chinese_users_see_chinese(page, server, repository, tmp_path):
    names = json.loads((repository / "locales" / "zh" / "settings.json").read_text(encoding="utf-8"))
    server.post("/settings", {"Comfy.Locale": "zh"})
    try:
        page.open()
        page.build()
        assert "运行之后" in page.locator(LIST).inner_text()
        page.select("CLIPTextEncode")
        offered = page.evaluate("() => app.collectNodeMenuItems(nodeOf('CLIPTextEncode')).map(item => item?.content)")
        assert "美化文本" in offered
        page.evaluate("() => nodeOf('CLIPTextEncode').widgets[0].value = ''")
        page.keyboard.press("Alt+b")
        page.toast("没有可以美化的内容")
        photograph(page.browser, tmp_path / f"chinese {page.looks}.png")
        page.evaluate("() => app.extensionManager.command.execute('Comfy.ShowSettingsDialog')")
        dialog = page.locator("[role=dialog]").last
        category = json.loads((repository / "locales" / "zh" / "main.json").read_text(encoding="utf-8"))
        dialog.get_by_text(category["settingsCategories"]["Prompt Beautifier"], exact=True).first.click()
        for each in names.values():
            dialog.get_by_text(each["name"], exact=True).wait_for()
        page.browser.screenshot(path=tmp_path / f"chinese settings {page.looks}.png")
    finally:
        server.post("/settings", {"Comfy.Locale": "en"})
        page.must_reopen = True


def test_templates_are_shown_with_their_pictures_and_open(page, tmp_path):
    page.must_reopen = True
    page.evaluate("() => app.extensionManager.command.execute('Comfy.BrowseTemplates')")
    dialog = page.locator("[role=dialog]").last
    search = dialog.get_by_placeholder(re.compile("Search")).first
    search.fill("beautifier")  # among all templates
    dialog.get_by_text(re.compile(r"^Prompt Beautifier \d - ")).first.wait_for()
    search.fill("")
    dialog.get_by_text("prompt-beautifier", exact=True).first.click()
    shown = "[...document.querySelectorAll('[role=dialog] img')].filter(each => each.naturalWidth > 500)"
    page.until(f"number => {shown}.length >= number", min(5, len(WORKFLOWS)))  # others come as one scrolls
    page.browser.screenshot(path=tmp_path / f"templates {page.looks}.png")
    search.fill("every candidate")
    page.browser.wait_for_timeout(1000)  # until then the cards may still move
    dialog.get_by_text(WORKFLOWS["every_candidate"]).first.click()
    page.until("type => !!nodeOf(type) && !!nodeOf('SaveImage')", BEAUTIFY)
    assert page.inputs()["prompt"] == "an owl"


def test_help_shows_its_pictures(page, tmp_path):
    page.select(BEAUTIFY)
    page.locator("[data-testid=info-button]").click()
    picture = page.locator("img[src*='docs/images/candidates.en.png']")
    picture.wait_for()
    picture.scroll_into_view_if_needed()
    page.until("() => document.querySelector(\"img[src*='docs/images/candidates']\").naturalWidth > 100")
    page.browser.screenshot(path=tmp_path / f"help {page.looks}.png")
    page.evaluate("() => app.canvas.deselectAll()")


@pytest.mark.parametrize("name", BLUEPRINTS)
def test_a_blueprint_is_found_by_name_and_runs(page, writes, tmp_path, name):
    page.open()
    page.must_reopen = True
    page.evaluate("async () => { app.graph.clear(); await frames() }")
    in_search = "() => document.activeElement instanceof HTMLInputElement"  # else letters would be shortcuts
    page.act_until(lambda: page.browser.mouse.dblclick(700, 600), in_search)
    page.keyboard.type(name)
    page.browser.get_by_text(name, exact=True).last.wait_for()
    page.press_until("Enter", "() => app.graph.nodes.some(node => node.subgraph)")
    page.browser.mouse.click(500, 300)  # newer frontends: the node follows the pointer until then
    page.evaluate(
        """() => { const group = app.graph.nodes.find(node => node.subgraph);
           const drawn = group.outputs.findIndex(output => output.type === 'IMAGE');
           const shown = LiteGraph.createNode(drawn < 0 ? 'PreviewAny' : 'PreviewImage'); app.graph.add(shown);
           group.connect(Math.max(0, drawn), shown, 0);
           const sampler = group.subgraph.nodes.find(node => node.type === 'KSampler');
           if (sampler) sampler.widgets.find(widget => widget.name === 'steps').value = 1;
           for (const widget of group.widgets) if (['width', 'height'].includes(widget.name)) widget.value = 64 }"""
    )
    page.run()
    kept = page.evaluate(
        """type => { const group = app.graph.nodes.find(node => node.subgraph);
           return group.subgraph.nodes.find(node => node.type === type).properties.prompt_beautifier }""",
        BEAUTIFY,
    )
    assert kept and all(kept["texts"])
    photograph(page.browser, tmp_path / f"blueprint {name} {page.looks}.png")
