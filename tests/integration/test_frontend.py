"""The workflows in ComfyUI's own frontend, in a browser."""

import contextlib
import json

import pytest

from .browser import FLAGS, READY, photograph
from .conftest import BEAUTIFY, LOAD, WORKFLOWS

JOBS = """async () => { const queue = await (await fetch('/queue')).json();
          return queue.queue_running.length + queue.queue_pending.length }"""
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
        assert page.evaluate("app.graph.nodes.filter(node => node.has_errors).length") == 0
    assert errors == []
    for node in exported.values():
        node["inputs"] = {key: value for key, value in node["inputs"].items() if key not in WIDGETS_OF_PREVIEW}
    titles = {str(node["id"]): node.get("title") for node in drawn["nodes"]}
    for graph in (exported, expected):
        for key, node in graph.items():  # ComfyUI renames its own nodes, and newer ones add where a node comes from
            node["_meta"] = node["_meta"]["title"] if titles[key] else None
    assert exported == expected


def test_a_run_shows_all_candidates(server, chromium, repository, model, tmp_path):
    drawn = json.loads((repository / "workflows" / f"{WORKFLOWS['text_to_image']}.json").read_text(encoding="utf-8"))
    small = {"KSampler": {"steps": 1}, "EmptyLatentImage": {"width": 64, "height": 64}}
    small[LOAD] = {"model": model}
    with page_of(server, chromium) as (page, errors):
        page.evaluate("graph => app.loadGraphData(graph)", drawn)
        page.evaluate(
            """small => { for (const node of app.graph.nodes) for (const widget of node.widgets ?? [])
               if (widget.name in (small[node.type] ?? {})) widget.value = small[node.type][widget.name] }""",
            small,
        )
        page.evaluate("() => app.queuePrompt(0, 1)")
        page.wait_for_timeout(500)
        while page.evaluate(JOBS):
            page.wait_for_timeout(200)
        page.wait_for_timeout(1000)
        shown = page.evaluate(
            """() => { const preview = app.graph.nodes.find(node => node.type === 'PreviewAny');
               return preview.widgets.map(widget => widget.value) }"""
        )
        photograph(page, tmp_path / "run.png")
    assert errors == []
    text = next(value for value in shown if isinstance(value, str) and value)
    assert [line.split(".")[0] for line in text.splitlines() if line] == ["1", "2", "3", "4", "5"]


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
