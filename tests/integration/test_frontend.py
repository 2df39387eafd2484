"""The workflows in ComfyUI's own frontend, in a browser."""

import contextlib
import json

import pytest

from .browser import FLAGS, LIST, READY, photograph
from .conftest import BEAUTIFY, LOAD, WORKFLOWS

JOBS = """async () => { const queue = await (await fetch('/queue')).json();
          return queue.queue_running.length + queue.queue_pending.length }"""
LARGE = {"UNETLoader"}  # of models that the tests have not even small ones of
# What the frontend adds for a node that shows text, and what differs between its versions.
WIDGETS_OF_PREVIEW = {"preview", "previewMode", "preview_markdown", "preview_text"}


@contextlib.contextmanager
def page_of(server, chromium, locale="en"):
    """The frontend in a new browser, with the language chosen; yields the page and the errors it reported."""
    from playwright.sync_api import sync_playwright

    server.post("/settings", {"Comfy.TutorialCompleted": True, "Comfy.Locale": locale})
    errors = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1600, "height": 1000})
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(server.url)
        page.wait_for_function(READY, timeout=90_000)
        page.wait_for_timeout(1000)
        yield page, errors
        browser.close()


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_opens_and_is_the_api_format(server, chromium, repository, tmp_path, name):
    folder = repository / "workflows"
    drawn, expected = (
        json.loads(path.read_text(encoding="utf-8"))
        for path in (folder / f"{WORKFLOWS[name]}.json", folder / "api" / f"{name}.json")
    )
    with page_of(server, chromium) as (page, errors):
        page.evaluate("graph => app.loadGraphData(graph)", drawn)
        page.wait_for_timeout(500)
        exported = page.evaluate("async () => (await app.graphToPrompt()).output")
        photograph(page, tmp_path / f"{name}.png")
        if all(node["class_type"] not in LARGE for node in expected.values()):
            assert page.evaluate("app.graph.nodes.filter(node => node.has_errors).length") == 0
    assert errors == []
    for node in exported.values():
        node["inputs"] = {key: value for key, value in node["inputs"].items() if key not in WIDGETS_OF_PREVIEW}
    for graph in (exported, expected):
        for node in graph.values():  # ComfyUI renames its own nodes, and newer ones add where a node comes from
            node["_meta"] = None
    assert exported == expected


def test_a_run_shows_all_candidates(server, chromium, repository, model, tmp_path):
    drawn = json.loads((repository / "workflows" / f"{WORKFLOWS['text_to_image']}.json").read_text(encoding="utf-8"))
    small = {"KSampler": {"steps": 1}, "EmptyLatentImage": {"width": 64, "height": 64}, LOAD: {"model": model}}
    with page_of(server, chromium) as (page, errors):
        page.evaluate("graph => app.loadGraphData(graph)", drawn)
        page.evaluate(
            """small => { const graphs = [app.graph, ...app.graph.nodes.map(node => node.subgraph).filter(Boolean)];
               const size = small.EmptyLatentImage;  // the subgraph's node has it, too
               for (const node of graphs.flatMap(graph => graph.nodes)) for (const widget of node.widgets ?? []) {
                 const value = (small[node.type] ?? (node.subgraph ? size : {}))[widget.name];
                 if (value !== undefined) widget.value = value } }""",
            small,
        )
        page.evaluate("() => app.queuePrompt(0, 1)")
        page.wait_for_timeout(500)
        while page.evaluate(JOBS):
            page.wait_for_timeout(200)
        page.locator(f"{LIST} .candidate").nth(4).wait_for()
        texts = page.locator(f"{LIST} .candidate .words").all_inner_texts()
        photograph(page, tmp_path / "run.png")
    assert errors == []
    assert len(set(texts)) == 5 and all(texts)


def test_every_template_can_be_read_as_it_opens(server, chromium, repository):
    drawn = [json.loads(path.read_text(encoding="utf-8")) for path in (repository / "workflows").glob("*.json")]
    with page_of(server, chromium) as (page, _):
        for graph in drawn:
            page.evaluate("graph => app.loadGraphData(graph)", graph)
            if graph["extra"].get("linearMode"):  # it opens as a form, with the graph out of sight
                page.locator(LIST).wait_for()
                continue
            for _ in range(2):  # as the page opens, the first may find nodes without a size
                page.evaluate("() => app.extensionManager.command.execute('Comfy.Canvas.FitView')")
                page.wait_for_timeout(1000)
            assert page.evaluate("app.canvas.ds.scale") > 0.55, "below that no text is drawn"


def test_model_files_that_are_not_there_are_named_with_where_they_are_had(server, chromium, repository, tmp_path):
    drawn = json.loads((repository / "workflows" / f"{WORKFLOWS['z_image_turbo']}.json").read_text(encoding="utf-8"))
    with page_of(server, chromium) as (page, _):
        page.evaluate("graph => app.loadGraphData(graph)", drawn)
        details = page.get_by_role("button", name="View details")
        page.wait_for_timeout(2000)
        if details.count():  # older frontends show a dialog at once
            details.first.click()
        for name in ("z_image_turbo_bf16.safetensors", "qwen_3_4b.safetensors", "ae.safetensors"):
            page.get_by_text(name).last.wait_for(timeout=20_000)
        page.wait_for_timeout(1000)
        page.screenshot(path=tmp_path / "missing files.png")
        shown = page.locator("body").inner_text()
    assert "Download" in shown or "huggingface.co" in shown


def test_chinese_users_see_chinese(server, chromium, tmp_path):
    with page_of(server, chromium, locale="zh") as (page, errors):
        title, labels = page.evaluate(
            """type => { app.graph.clear(); const node = LiteGraph.createNode(type); app.graph.add(node);
               return [node.title, node.widgets.map(widget => widget.label ?? widget.name)] }""",
            BEAUTIFY,
        )
        photograph(page, tmp_path / "chinese.png")
    server.post("/settings", {"Comfy.Locale": "en"})
    assert title == "美化提示词" and "候选数量" in labels
    assert errors == []
