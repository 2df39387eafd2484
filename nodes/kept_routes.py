"""The server's side of picks and history in the page. Everything stays in a file of this computer's user folder.

POST /prompt_beautifier/pick     {"raw_prompt": "", "target": "", "how": "click", "chosen": "", "others": []}
200 {"picks": 34, "kept": true}  not kept where the setting is off
POST /prompt_beautifier/star     {"raw_prompt": "", "target": "", "prompts": [], "index": 0, "starred": true,
                                  "entry": 5 or null}
200 {"picks": 34, "kept": true}
POST /prompt_beautifier/taste    {}, {"empty": true} or {"rows": true}
200 {"picks": 34, "needed": 10}  rows: {"text": "one JSON a line"}, of preferences to train on
POST /prompt_beautifier/history  {"words": "", "starred": false, "skip": 0}
200 {"entries": [{"number": 5, "at": 1700000000.0, "raw_prompt": "", "target": "", "model": "", "prompts": [],
     "stars": [0]}], "more": false}
POST /prompt_beautifier/forget   {"entry": 5} or {"all": true}; 200 {}
400, 403, 413, 415, 500          {"error": "what is wrong, and what to do"}
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict
from functools import partial

from .comfy import kept, settings
from .comfy.answering import BadRequest, answer
from .comfy.folders import without_roots
from .comfy.server import add_post_route

PATH = "/prompt_beautifier/"
LARGEST = 2 * 1024 * 1024  # bytes; 64 candidates of a page each have 200,000

SEVERAL_USERS = "ComfyUI runs for several users here, and nothing of what they do is kept"


def add_routes() -> None:
    """Have ComfyUI's server answer these paths; no file is made before there is something to keep."""
    replies = {"pick": pick, "star": star, "taste": taste, "history": history, "forget": forget}
    for name, reply in replies.items():
        add_post_route(PATH + name, partial(answer, reply=partial(in_thread, reply), largest=LARGEST))


async def in_thread(reply: Callable[[dict], dict], body: object) -> dict:
    """What a function says to a request, in a thread: it waits for the disk."""
    if not isinstance(body, dict):
        raise BadRequest(400, "send an object, such as {}")
    if settings.for_several():
        raise BadRequest(400, SEVERAL_USERS)
    try:
        return await asyncio.to_thread(reply, body)
    except (ValueError, LookupError) as error:
        raise BadRequest(400, str(error.args[0])) from error
    except OSError as error:  # the file cannot be used
        raise BadRequest(500, without_roots(str(error))) from error


def pick(body: dict) -> dict:
    """Keep a choice."""
    from ..beautifier.taste.picks import Pick

    chosen = Pick(
        text(body, "raw_prompt"), text(body, "target"), text(body, "how"), text(body, "chosen"), texts(body, "others")
    )
    return noted(lambda: kept.keeper().add(chosen))


def star(body: dict) -> dict:
    """Give a candidate a star, or take it away: in the history, and as a choice beside those without one."""
    from ..beautifier.taste import history, picks

    raw, target, prompts = text(body, "raw_prompt"), text(body, "target"), texts(body, "prompts")
    index, starred, entry = number(body, "index"), body.get("starred") is True, body.get("entry")
    if not 0 <= index < len(prompts):
        raise ValueError(f"index must be a whole number from 0 to {len(prompts) - 1}")
    if entry is not None:
        history.set_star(kept.file(), number(body, "entry"), index, starred)
    if not starred:
        return noted(lambda: kept.keeper().take_back_star(raw, target, prompts[index]))
    if len(set(prompts)) < 2:
        return noted(lambda: None)
    others = tuple(each for each in prompts if each != prompts[index])
    chosen = picks.Pick(raw, target, picks.STAR, prompts[index], others)
    return noted(lambda: kept.keeper().add(chosen))


def noted(note: Callable[[], object]) -> dict:
    """How many picks there are, after one was noted where the user wants that."""
    from ..beautifier.taste import picks

    if on := settings.is_on(settings.TASTE):
        note()
    return {"picks": picks.count(kept.file()), "kept": on}


def taste(body: dict) -> dict:
    """How many picks there are; all of them as rows; or none any more."""
    from ..beautifier.taste import picks
    from ..beautifier.taste.learning import LEAST_PICKS

    if body.get("empty") is True:
        kept.keeper().empty()
    if body.get("rows") is True:
        lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in picks.rows(kept.file())]
        return {"text": "".join(lines)}
    return {"picks": picks.count(kept.file()), "needed": LEAST_PICKS}


def history(body: dict) -> dict:
    """Entries of the history."""
    from ..beautifier.taste import history

    skip = number(body, "skip") if "skip" in body else 0
    words = text(body, "words") if "words" in body else ""
    found = history.search(kept.file(), words, body.get("starred") is True, skip)
    return {"entries": [asdict(each) for each in found], "more": len(found) == history.PAGE}


def forget(body: dict) -> dict:
    """Forget an entry of the history, or all."""
    from ..beautifier.taste import history

    if body.get("all") is True:
        history.forget(kept.file())
    else:
        history.forget(kept.file(), number(body, "entry"))
    return {}


def text(body: dict, name: str) -> str:
    """A text of a request. Raises ValueError for what is none."""
    if not isinstance(body.get(name), str):
        raise ValueError(f"{name} must be a text")
    return body[name]


def texts(body: dict, name: str) -> tuple[str, ...]:
    """A list of texts of a request. Raises ValueError for what is none."""
    found = body.get(name)
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise ValueError(f"{name} must be a list of texts")
    return tuple(found)


def number(body: dict, name: str) -> int:
    """A whole number of a request. Raises ValueError for what is none."""
    found = body.get(name)
    if type(found) is not int or not 0 <= found < 2**63:
        raise ValueError(f"{name} must be a whole number, 0 or more")
    return found
