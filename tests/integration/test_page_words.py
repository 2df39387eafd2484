"""What a server's model writes is seen on the node while it comes, in the page, in both kinds of nodes."""

import json
import threading

import pytest

pytest.importorskip("aiohttp")

from ..stand_ins import llm_stand_in
from .browser import LIST, ROW, photograph
from .conftest import BEAUTIFY, CONNECT, LOAD

WRITING = f"{ROW}.writing .words"
ANSWERS = (
    "an old lighthouse above the sea at dusk, warm lamp light, long shadows",
    "an old lighthouse in a storm, high waves, grey light, spray",
)
HALVES = [(text[: len(text) // 2], text[len(text) // 2 :]) for text in ANSWERS]


@pytest.fixture
def llm(base):
    """A stand-in for a server, listed in ComfyUI's endpoints file: it writes half of its answers, then waits for
    `goes_on`."""
    with llm_stand_in.serving() as llm:
        entry = {"base_url": llm.url, "model": "m"}
        path = base / "user" / "prompt_beautifier_endpoints.json"
        path.write_text(json.dumps({"endpoints": {"slow": entry}}), encoding="utf-8")
        llm.goes_on = threading.Event()

        def in_halves(handler, body):
            llm_stand_in.begin_stream(handler)
            for half in (0, 1):
                for index in range(body.get("n", 1)):
                    piece = llm_stand_in.choice(body, index, HALVES[index][half], "stop" if half else None)
                    llm_stand_in.event(handler, {"choices": [piece]})
                llm.goes_on.wait(60)
            handler.wfile.write(b"data: [DONE]\n\n")

        llm.replies = [in_halves]
        yield llm
        llm.goes_on.set()


def begin(page) -> int:
    """Have the server's model write two candidates; returns how many runs had ended before."""
    page.evaluate(
        """([load, connect, beautify]) => {
           const server = LiteGraph.createNode(connect), node = nodeOf(beautify);
           const set = (node, name, value) => { node.widgets.find(each => each.name === name).value = value };
           server.pos = [50, 700]; app.graph.remove(nodeOf(load)); app.graph.add(server);
           server.connect(0, node, 0);
           set(server, 'endpoint', 'slow'); set(node, 'prompt', 'an old lighthouse');
           set(node, 'num_candidates', 2) }""",
        [LOAD, CONNECT, BEAUTIFY],
    )
    runs = page.evaluate("() => ended.length")
    page.evaluate("() => app.queuePrompt(0, 1)")
    texts = f"[...document.querySelectorAll('{WRITING}')].map(each => each.textContent)"
    page.until(f"() => {texts}.filter(text => text.length > 9).length === 2")
    return runs


def test_words_are_seen_while_they_come(page, llm, tmp_path):
    runs = begin(page)
    seen = page.locator(WRITING).all_inner_texts()
    assert seen == [half.strip() for half, _ in HALVES]
    photograph(page.browser, tmp_path / f"writing {page.looks}.png")
    assert page.evaluate("() => ended.length") == runs, "the run still goes on"
    llm.goes_on.set()
    page.until("runs => ended.length > runs", runs)
    assert page.evaluate("() => ended.at(-1)") is None
    assert page.listed() == list(ANSWERS) and page.locator(WRITING).count() == 0


def test_after_cancel_the_list_is_what_it_was(page, llm):
    runs = begin(page)
    page.evaluate("() => comfyAPI.api.api.interrupt()")
    page.until("runs => ended.length > runs", runs)
    assert page.evaluate("() => ended.at(-1)") == "interrupted"
    assert page.locator(WRITING).count() == 0 and "After a run" in page.locator(LIST).inner_text()
