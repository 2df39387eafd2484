"""Choosing before anything is drawn: the list waits on the page that queued the run, and on none else."""

import asyncio
import importlib
import threading
import time
from types import SimpleNamespace

import pytest

from prompt_beautifier.beautifier.request import Candidate

from ..stand_ins import comfy_stand_in

FOUND = [Candidate("one"), Candidate("two"), Candidate("three", tokens=5)]


@pytest.fixture
def comfy(tmp_path):
    with comfy_stand_in.installed(tmp_path / "models") as stand_in:
        extension = asyncio.run(importlib.import_module("prompt_beautifier").comfy_entrypoint())
        asyncio.run(extension.get_node_list())
        yield stand_in


@pytest.fixture
def reviewing(comfy, monkeypatch):
    module = importlib.import_module("prompt_beautifier.nodes.comfy.reviewing")
    monkeypatch.setattr(module, "LOOK", 0.01)
    monkeypatch.setattr(module, "PATIENCE", 0.2)
    monkeypatch.setattr(module, "AWAY", 0.2)
    return module


@pytest.fixture
def page(reviewing, monkeypatch):
    """A page that answers what `acts` holds as soon as it is asked: fields of the route's JSON, in order."""
    page = SimpleNamespace(acts=[], told=[], sockets={"page": object()}, client_id="page")

    def send(event, data, sid):
        page.told.append((event, data, sid))
        if event == "prompt_beautifier.review":
            threading.Thread(
                target=lambda: [reviewing.take_answer({"token": data["token"], **act}) for act in page.acts]
            ).start()

    page.send_sync = send
    monkeypatch.setattr(reviewing, "the_server", lambda: page)
    return page


def reviewed(reviewing, seconds=0):
    return reviewing.reviewed("7", FOUND, 1, {"texts": ["one", "two", "three"]}, seconds)


def test_what_is_clicked_goes_on(reviewing, page):
    page.acts = [{"seen": True}, {"choice": 2}]
    assert reviewed(reviewing) == (FOUND, 3)
    (asked, data, sid), (ended, closed, _) = page.told
    assert (asked, ended, sid) == ("prompt_beautifier.review", "prompt_beautifier.reviewed", "page")
    assert data["node"] == "7" and data["listed"]["texts"] == ["one", "two", "three"]
    assert closed == {"token": data["token"]} and not reviewing._open


def test_words_that_were_changed_are_the_candidate(reviewing, page):
    page.acts = [{"seen": True}, {"choice": 2, "text": "three and more"}]
    found, candidate = reviewed(reviewing)
    assert candidate == 3 and [each.text for each in found] == ["one", "two", "three and more"]
    assert found[2].tokens is None and FOUND[2].text == "three", "counted for other words"


def test_a_script_never_waits(reviewing, page):
    page.client_id = None
    assert reviewed(reviewing) == (FOUND, 1) and not page.told
    page.client_id = "a socket that is not there"
    assert reviewed(reviewing) == (FOUND, 1) and not page.told


def test_a_client_that_does_not_show_the_list_is_not_waited_for(reviewing, page):
    assert reviewed(reviewing) == (FOUND, 1)
    assert len(page.told) == 2


@pytest.mark.slow
def test_a_page_that_goes_away_is_not_waited_for(reviewing, page):
    page.acts = [{"seen": True}]
    threading.Timer(0.05, page.sockets.clear).start()
    assert reviewed(reviewing) == (FOUND, 1)


@pytest.mark.slow
def test_after_its_seconds_the_run_goes_on_with_the_candidate_that_is_set(reviewing, page):
    page.acts = [{"seen": True}]
    began = time.monotonic()
    assert reviewed(reviewing, seconds=1) == (FOUND, 1)
    assert time.monotonic() - began >= 1


def test_cancel_ends_the_run(reviewing, page, comfy):
    page.acts = [{"seen": True}]
    comfy.interrupt_after = 0
    with pytest.raises(comfy_stand_in.InterruptProcessingException):
        reviewed(reviewing)
    assert page.told[-1][0] == "prompt_beautifier.reviewed" and not reviewing._open


def test_a_page_that_is_loaded_anew_is_told_again_and_no_other(reviewing, page):
    page.acts = [{"seen": True}]
    told = []

    def load_anew():
        told.extend(reviewing.take_answer({"page": "page"})["asks"])
        told.extend(reviewing.take_answer({"page": "another"})["asks"])
        reviewing.take_answer({"token": told[0]["token"], "choice": 1})

    threading.Timer(0.1, load_anew).start()
    assert reviewed(reviewing) == (FOUND, 2)
    assert told == [page.told[0][1]]
    assert reviewing.take_answer({"page": "page"}) == {"asks": []}


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (None, "send an object"),
        ({"token": 5}, "send an object"),
        ({"choice": 3}, "from 0 to 2"),
        ({"choice": True}, "from 0 to 2"),
        ({"choice": -1}, "from 0 to 2"),
        ({"choice": 0, "text": " "}, "not empty"),
        ({"choice": 0, "text": 5}, "not empty"),
    ],
)
def test_what_is_no_answer_is_refused(reviewing, body, says):
    reviewing._open["t"] = reviewing.Ask(3)
    try:
        with pytest.raises(ValueError, match=says):
            reviewing.take_answer({"token": "t", **body} if isinstance(body, dict) else body)
        assert reviewing._open["t"].choice is None
    finally:
        reviewing._open.clear()


def test_an_answer_that_comes_too_late_is_told_so(reviewing):
    assert reviewing.take_answer({"token": "over", "choice": 0}) == {"open": False}


def test_the_route_is_there_and_refuses_with_a_sentence(comfy, reviewing):
    assert "/prompt_beautifier/review" in comfy.routes
    routes = importlib.import_module("prompt_beautifier.nodes.routes")
    with pytest.raises(routes.BadRequest, match="send an object"):
        asyncio.run(routes.review([]))
