"""The server's side of the page: a text is beautified outside any graph ("Beautify text"), and a choice is taken.

    POST /prompt_beautifier/image_model  {"graph": {"3": {"class_type": "...", "inputs": {}}}, "node": "3", "text": ""}
    200 {"target": "z-image", "title": "Z-Image", "by": "z_image_turbo.safetensors", "sure": true}
    POST /prompt_beautifier/beautify     {"text": "1 girl", "target": "z-image", "seed": 0, "mode": "rewrite"}
    200 {"prompt": "...", "notes": []}
    POST /prompt_beautifier/review       what comfy/reviewing.py says; 200 {"open": true}
    400, 403, 413, 415, 429, 500         {"error": "what is wrong, and what to do"}

A graph is what graphToPrompt gives in the page. "target" is null where no image model is found. Fields of `beautify`
besides "text" are those of a Request: style, keep, avoid, strength and length too.

The model runs on the CPU in a thread of its own: neither ComfyUI's event loop nor a running graph waits for it, and
no memory of the GPU is taken.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from functools import cache, partial
from typing import TYPE_CHECKING

from aiohttp import web

from ..beautifier.request import Request
from .comfy import reviewing
from .comfy.graph import target_of
from .comfy.server import add_post_route

if TYPE_CHECKING:
    from ..beautifier.request import Candidate

BEAUTIFY = "/prompt_beautifier/beautify"
IMAGE_MODEL = "/prompt_beautifier/image_model"
REVIEW = "/prompt_beautifier/review"
LARGEST_TEXT = 64 * 1024  # bytes; a page of text has 3,000
LARGEST_GRAPH = 4 * 1024 * 1024  # bytes; a thousand nodes have 400,000
ASKED = ("mode", "seed", "target", "style", "keep", "avoid", "strength", "length")
MOST_WAITING = 8

Reply = Callable[[object], Awaitable[dict]]

_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="prompt-beautifier")
_waiting = 0


class BadRequest(ValueError):
    """A request that is not answered: an HTTP status, and a message for the user."""

    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status = status


def add_routes() -> None:
    """Have ComfyUI's server answer these paths; nothing is loaded before the first text."""
    add_post_route(BEAUTIFY, partial(answer, reply=beautified, largest=LARGEST_TEXT))
    add_post_route(IMAGE_MODEL, partial(answer, reply=image_model, largest=LARGEST_GRAPH))
    add_post_route(REVIEW, partial(answer, reply=review, largest=LARGEST_TEXT))


async def answer(request: web.Request, reply: Reply, largest: int) -> web.Response:
    """The response to one request: what `reply` makes of its JSON, or what is wrong with it."""
    try:
        check_origin(request)
        return web.json_response(await reply(await body_of(request, largest)))
    except BadRequest as error:
        return web.json_response({"error": str(error)}, status=error.status)
    except Exception as error:
        logging.exception("Prompt Beautifier: %s was not answered", request.path)
        return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=500)


async def beautified(body: object) -> dict:
    global _waiting
    asked = read_request(body)
    if _waiting >= MOST_WAITING:
        raise BadRequest(429, "too many texts are being beautified: wait for them and try again")
    _waiting += 1
    try:
        made = await asyncio.get_running_loop().run_in_executor(_thread, beautify, asked)
    finally:
        _waiting -= 1
    return {"prompt": made.text, "notes": list(made.notes)}


async def image_model(body: object) -> dict:
    if not isinstance(body, dict) or not isinstance(graph := body.get("graph"), dict):
        raise BadRequest(400, 'send an object such as {"graph": {}, "node": "3", "text": "1 girl"}')
    text = str(body.get("text", ""))
    found = await asyncio.to_thread(target_of, graph, body.get("node"), text=text)  # which reads files
    row = found.target
    named = {"target": row.name, "title": row.title} if row else {"target": None, "title": ""}
    return {**named, "by": found.by, "sure": found.sure}


async def review(body: object) -> dict:
    try:
        return reviewing.take_answer(body)
    except ValueError as error:
        raise BadRequest(400, str(error)) from error


def check_origin(request: web.Request) -> None:
    """Only ComfyUI's own page may ask: a browser says which page a request comes from, and no page can change that."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:  # from new browsers on https or this computer; also right where a proxy has changed Host
        own = site in ("same-origin", "none")
    else:
        own = origin is None or host_of(origin) == request.headers.get("Host", "").lower()
    if not own:
        raise BadRequest(403, "this address answers ComfyUI's own page only")


def host_of(origin: str) -> str | None:
    """The host and port of an Origin; None where it names none."""
    return origin.partition("://")[2].lower() or None


async def body_of(request: web.Request, largest: int) -> object:
    """The JSON of a request that is no larger than it must be."""
    # A form can be sent from any page without asking; JSON cannot.
    if request.content_type != "application/json":
        raise BadRequest(415, "send JSON, with Content-Type: application/json")
    data = bytearray()
    async for chunk in request.content.iter_chunked(LARGEST_TEXT):
        data += chunk
        if len(data) > largest:
            raise BadRequest(413, f"the text is too long: at most {largest // 1024} KB can be sent")
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadRequest(400, "the request is not JSON") from error


def read_request(body: object) -> Request:
    """What is asked for one candidate."""
    if not isinstance(body, dict):
        raise BadRequest(400, 'send an object such as {"text": "1 girl"}')
    if unknown := set(body) - {"text", *ASKED}:
        raise BadRequest(400, f"unknown field {min(unknown)!r}: only text, {', '.join(ASKED)} are read")
    text = body.get("text")
    if not isinstance(text, str) or not text.strip():
        raise BadRequest(400, "text must be a string that is not empty")
    try:
        return Request(text, 1, **{name: body[name] for name in ASKED if name in body})
    except ValueError as error:
        raise BadRequest(400, str(error)) from error


@cache
def embedded():
    """The embedded model, loaded once, on the CPU."""
    from ..beautifier.beautify import load_beautifier

    return load_beautifier("embedded")


def beautify(asked: Request) -> Candidate:
    """One candidate, in the thread that is there for it."""
    return embedded().beautify(**{each.name: getattr(asked, each.name) for each in fields(asked)})[0]
