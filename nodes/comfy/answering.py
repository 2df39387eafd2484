"""How the pack's routes are answered: ComfyUI's own page alone, with JSON, and a sentence where something is wrong."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable

from aiohttp import web

CHUNK = 64 * 1024

Reply = Callable[[object], Awaitable[dict]]


class BadRequest(ValueError):
    """A request that is not answered: an HTTP status, and a message for the user."""

    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status = status


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
    async for chunk in request.content.iter_chunked(CHUNK):
        data += chunk
        if len(data) > largest:
            raise BadRequest(413, f"the text is too long: at most {largest // 1024} KB can be sent")
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadRequest(400, "the request is not JSON") from error
