"""Each message of docs/troubleshooting.md that a node can give is shown in the page as its sentence; in both looks."""

import contextlib
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ..stand_ins import llm_stand_in, tiny
from ..stand_ins.fake_hub import LARGE, FakeHub
from .conftest import BEAUTIFY, CONNECT, LOAD, TINY
from .test_page_nodes import put

TABLE = Path(__file__).parents[2] / "docs" / "troubleshooting.md"
IN_A_TERMINAL = {
    "Python 3.10 or newer is needed",
    "ensurepip is not available",
    "No matching distribution found for torch==…",
    "No module named 'torch'",
    "line 2 of standard input is not UTF-8 text",
    "make",
}
PUBLISHED, REPOSITORY = "dart-v2", "p1atdev/dart-v2-sft"  # of the models that can be downloaded: one with no other hub
UNNAMED = "random-unnamed"


@dataclass
class Place:
    """What a case may change for the length of its test."""

    base: Path
    server: object
    hub: FakeHub
    undo: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def folder_without_family(self) -> None:
        """A checkpoint that does not say how it is asked."""
        folder = tiny.save_checkpoint(self.base / "models" / "LLM" / UNNAMED, family=None)
        self.undo.callback(shutil.rmtree, folder)

    def hub_that(self, kind: str, part: str = REPOSITORY, **more) -> None:
        """A published model on a hub that fails."""
        small = {"config.json": b'{"model_type": "mistral"}', "tokenizer.json": b"{}"}
        self.hub.add(REPOSITORY, {**small, "model.safetensors": bytes(2 * LARGE)})
        self.hub.fail(part, kind, **more)
        failure = self.hub.failures.pop()
        self.hub.failures.insert(0, failure)  # before what is always slow
        self.undo.callback(self.hub.failures.remove, failure)
        self.undo.callback(shutil.rmtree, self.base / "models" / "LLM" / "p1atdev", ignore_errors=True)

    def offline(self) -> None:
        """HF_HUB_OFFLINE, as if ComfyUI had been started with it."""
        self.server.post("/tests/offline", {"on": True})
        self.undo.callback(self.server.post, "/tests/offline", {"on": False})

    def server_that_refuses(self) -> None:
        """A language model that does not want to."""
        llm = self.undo.enter_context(llm_stand_in.serving())
        llm.replies = [llm_stand_in.chat("I'm sorry, but I can't help with that request.")]
        path = self.base / "user" / "prompt_beautifier_endpoints.json"
        entry = {"base_url": llm.url, "model": "m"}
        path.write_text(json.dumps({"endpoints": {"my server": entry}}), encoding="utf-8")
        self.undo.callback(path.unlink)


@dataclass(frozen=True)
class Case:
    """How a message comes about.

    widgets   by node and input, what is set
    prepare   what is changed before
    connects  whether the model is that of a server
    fails     whether the run does
    """

    widgets: dict[tuple[str, str], object] = field(default_factory=dict)
    prepare: Callable[[Place], None] | None = None
    connects: bool = False
    fails: bool = True


DOWNLOAD = {(LOAD, "model"): PUBLISHED}
CASES = {  # by the message as the table has it
    "candidate is 4, but num_candidates is 3: the last one was taken": Case(
        {(BEAUTIFY, "candidate"): 4, (BEAUTIFY, "num_candidates"): 3}, fails=False
    ),
    "there is no checkpoint …": Case({(LOAD, "model"): "gone"}),
    "… has no beautifier.json, which says how to ask a checkpoint": Case(
        {(LOAD, "model"): UNNAMED}, Place.folder_without_family
    ),
    "template must have {raw_prompt} in it": Case(
        {(LOAD, "model"): TINY, (LOAD, "family"): "custom", (LOAD, "template"): "say it"}
    ),
    "… cannot be reached": Case(DOWNLOAD, lambda place: place.hub_that("gone")),
    "HF_HUB_OFFLINE is set": Case(DOWNLOAD, Place.offline),
    "the disk of … has … left, … are needed": Case(
        DOWNLOAD, lambda place: place.hub_that("short", "model.safetensors", at=10**15)
    ),
    "… arrived damaged and was deleted": Case(DOWNLOAD, lambda place: place.hub_that("wrong", "/content/")),
    "… has no endpoint 'my server'": Case(connects=True),
    "endpoint 'my server': no usable answer": Case(prepare=Place.server_that_refuses, connects=True),
}
MORE = {  # what ComfyUI itself says of an input of the pack's nodes
    "Value 65 bigger than max of 64": Case({(BEAUTIFY, "num_candidates"): 65}),
    "Value not in list": Case({(BEAUTIFY, "mode"): "shorten"}),
}
USE_A_SERVER = """([connect, beautify]) => { const node = LiteGraph.createNode(connect); app.graph.add(node);
                  node.widgets.find(each => each.name === 'endpoint').value = 'my server';
                  node.connect(0, nodeOf(beautify), 0) }"""


def test_every_message_of_the_table_has_a_case():
    rows = re.findall(r"^\| `([^`]+)`", TABLE.read_text(encoding="utf-8"), re.MULTILINE)
    assert [row for row in rows if row not in IN_A_TERMINAL] == list(CASES)
    assert IN_A_TERMINAL <= set(rows)


@pytest.mark.parametrize("message", [*CASES, *MORE])
def test_a_message_is_shown_as_its_sentence(page, server, base, slow_hub, message, tmp_path):
    case = (CASES | MORE)[message]
    place = Place(base, server, slow_hub)
    with place.undo:
        if case.prepare:
            case.prepare(place)
        if case.connects:
            page.evaluate(USE_A_SERVER, [CONNECT, BEAUTIFY])
        for (node, name), value in case.widgets.items():
            put(page, node, name, value)
        said = page.run(fails=case.fails)
    words = max(message.split("…"), key=len).strip()
    assert not case.fails or words in said
    page.browser.get_by_text(words).last.wait_for()
    assert str(base) not in (said or ""), "folders begin in ComfyUI's own"
    number = list(CASES | MORE).index(message)
    page.browser.screenshot(path=tmp_path / f"message {number} {page.looks}.png")
    page.complaints.clear()  # the browser's console has refused requests, and where they came through
    page.must_reopen = page.is_old  # there a notice may be a dialog, which lies over the page until it is closed
