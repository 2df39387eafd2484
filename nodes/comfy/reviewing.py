"""Waiting for a person: the page of a run shows candidates or pictures, and one is chosen there; a candidate also
written anew.

The page is told by two events, "prompt_beautifier.review" and "prompt_beautifier.reviewed", and answers by a route:

    {"token": "...", "seen": true}                  it shows the list
    {"token": "...", "choice": 2, "text": "..."}    the candidate, from 0; the text only where it was changed
    {"page": "..."}                                 a page that was loaded anew: {"asks": []}, what waits for it
"""

from __future__ import annotations

import dataclasses
import threading
import time
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

from .running import cancelled
from .server import the_server

if TYPE_CHECKING:
    from ...beautifier.request import Candidate

LOOK = 0.1  # seconds between two looks at Cancel, at the clock and at the page
PATIENCE = 5.0  # seconds in which a page has to say that it shows the list: a script never does
AWAY = 30.0  # seconds that a page may be gone, as when it is loaded anew


@dataclasses.dataclass(eq=False)
class Ask:
    """A list that waits on a page."""

    count: int
    page: str = ""
    told: dict = dataclasses.field(default_factory=dict)
    seen: bool = False
    choice: int | None = None
    text: str | None = None
    changed: threading.Event = dataclasses.field(default_factory=threading.Event)


_open: dict[str, Ask] = {}


def reviewed(
    node: str | None, found: list[Candidate], candidate: int, listed: dict, seconds: int
) -> tuple[list[Candidate], int]:
    """The candidates and the number of the one that a person chose on the page that queued the run.

    listed   what the page is to list
    seconds  after so many it goes on with `candidate`; 0 waits as long as it takes
    They come back as they are where there is no page, or none that answers. Cancel ends the run as everywhere.
    """
    asked = answered(node, len(found), lambda: listed, seconds)
    if asked is None or asked.choice is None:
        return found, candidate
    if asked.text is not None:
        found = list(found)
        found[asked.choice] = dataclasses.replace(found[asked.choice], text=asked.text, tokens=None)
    return found, asked.choice + 1


def clicked(node: str | None, count: int, listed: Callable[[], dict]) -> int | None:
    """Which of `count` pictures a person chose on the page that queued the run; None where no page answers."""
    asked = answered(node, count, listed)
    return asked.choice if asked else None


def answered(node: str | None, count: int, listed: Callable[[], dict], seconds: int = 0) -> Ask | None:
    """What was shown on the page of this run, with the answer, if there was any; None where there is no page.

    listed  says what the page is to show; it is called where there is one
    """
    server = the_server()
    page = getattr(server, "client_id", None)
    if page is None or page not in server.sockets:
        return None
    token = uuid.uuid4().hex
    told = {"token": token, "node": node, "seconds": seconds, "listed": listed()}
    _open[token] = asked = Ask(count, page, told)
    server.send_sync("prompt_beautifier.review", told, page)
    try:
        wait(asked, seconds, lambda: page in server.sockets)
    finally:
        del _open[token]
        server.send_sync("prompt_beautifier.reviewed", {"token": token}, page)
    return asked


def wait(asked: Ask, seconds: int, is_there: Callable[[], bool]) -> None:
    """Wait until an Ask is answered, its time is over, or its page is gone."""
    began = last_there = time.monotonic()
    while asked.choice is None:
        asked.changed.wait(LOOK)
        cancelled()
        now = time.monotonic()
        last_there = now if is_there() else last_there
        if (seconds and now - began > seconds) or now - last_there > AWAY:
            return
        if not asked.seen and now - began > PATIENCE:
            return


def take_answer(body: object) -> dict:
    """Note what a page answered: {"open": whether the list still waits}. Raises ValueError for what is no answer."""
    if isinstance(body, dict) and isinstance(body.get("page"), str):
        return {"asks": [asked.told for asked in _open.values() if asked.page == body["page"]]}
    if not isinstance(body, dict) or not isinstance(body.get("token"), str):
        raise ValueError('send an object such as {"token": "...", "choice": 0}')
    asked = _open.get(body["token"])
    if asked is None:
        return {"open": False}
    choice, text = body.get("choice"), body.get("text")
    if choice is None:
        asked.seen = True
        return {"open": True}
    if type(choice) is not int or not 0 <= choice < asked.count:
        raise ValueError(f"choice must be a whole number from 0 to {asked.count - 1}")
    if text is not None and (not isinstance(text, str) or not text.strip()):
        raise ValueError("text must be a string that is not empty")
    asked.choice, asked.text = choice, text
    asked.changed.set()
    return {"open": False}
