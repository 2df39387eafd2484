"""The server's side of "Beautify text": one route that beautifies a text with the embedded model, outside any graph.

    POST /prompt_beautifier/beautify   {"text": "1 girl", "mode": "rewrite", "seed": 0}
    200 {"prompt": "..."}              400, 403, 413, 415, 429, 500 {"error": "what is wrong, and what to do"}

The model runs on the CPU in a thread of its own: neither ComfyUI's event loop nor a running graph waits for it, and
no memory of the GPU is taken.
"""

from __future__ import annotations

import asyncio
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from aiohttp import web

from ..beautifier.request import MAX_SEED, MODES
from .comfy.server import add_post_route

PATH = "/prompt_beautifier/beautify"
LARGEST_BODY = 64 * 1024  # bytes; a page of text has 3,000
MOST_WAITING = 8

_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="prompt-beautifier")
_waiting = 0


class Refused(ValueError):
    """A request that is not answered: an HTTP status, and a message for the user."""

    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status = status


def add_routes() -> None:
    """Have ComfyUI's server answer PATH; nothing is loaded before the first request."""
    add_post_route(PATH, answer)


async def answer(request: web.Request) -> web.Response:
    """The response to one request."""
    global _waiting
    try:
        check_origin(request)
        text, mode, seed = read_request(await body_of(request))
        if _waiting >= MOST_WAITING:
            raise Refused(429, "too many texts are being beautified: wait for them and try again")
        _waiting += 1
        try:
            prompt = await asyncio.get_running_loop().run_in_executor(_thread, beautify, text, mode, seed)
        finally:
            _waiting -= 1
    except Refused as error:
        return web.json_response({"error": str(error)}, status=error.status)
    except Exception as error:
        logging.exception("Prompt Beautifier: a text was not beautified")
        return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=500)
    return web.json_response({"prompt": prompt})


def check_origin(request: web.Request) -> None:
    """Only ComfyUI's own page may ask: a browser says which page a request comes from, and no page can change that."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:  # from new browsers on https or this computer; also right where a proxy has changed Host
        own = site in ("same-origin", "none")
    else:
        own = origin is None or host_of(origin) == request.headers.get("Host", "").lower()
    if not own:
        raise Refused(403, "this address answers ComfyUI's own page only")


def host_of(origin: str) -> str | None:
    """The host and port of an Origin; None where it names none."""
    return origin.partition("://")[2].lower() or None


async def body_of(request: web.Request) -> object:
    """The JSON of a request that is no larger than it must be."""
    # A form can be sent from any page without asking; JSON cannot.
    if request.content_type != "application/json":
        raise Refused(415, "send JSON, with Content-Type: application/json")
    data = bytearray()
    async for chunk in request.content.iter_chunked(LARGEST_BODY):
        data += chunk
        if len(data) > LARGEST_BODY:
            raise Refused(413, f"the text is too long: at most {LARGEST_BODY // 1024} KB can be sent")
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Refused(400, "the request is not JSON") from error


def read_request(body: object) -> tuple[str, str, int]:
    """The text, the mode and the seed of a request."""
    if not isinstance(body, dict):
        raise Refused(400, 'send an object such as {"text": "1 girl"}')
    if unknown := set(body) - {"text", "mode", "seed"}:
        raise Refused(400, f"unknown field {min(unknown)!r}: only text, mode and seed are read")
    text, mode, seed = body.get("text"), body.get("mode", MODES[0]), body.get("seed", 0)
    if not isinstance(text, str) or not text.strip():
        raise Refused(400, "text must be a string that is not empty")
    if mode not in MODES:
        raise Refused(400, f"mode must be one of {', '.join(MODES)}")
    if type(seed) is not int or not 0 <= seed <= MAX_SEED:
        raise Refused(400, f"seed must be a whole number from 0 to {MAX_SEED}")
    return text, mode, seed


@cache
def embedded():
    """The embedded model, loaded once, on the CPU."""
    from ..beautifier.beautify import load_beautifier

    return load_beautifier("embedded")


def beautify(text: str, mode: str, seed: int) -> str:
    """One beautified prompt of a text, in the thread that is there for it."""
    return embedded().beautify(text, num_candidates=1, seed=seed, mode=mode)[0].text
