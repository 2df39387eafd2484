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
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from functools import cache, partial
from typing import TYPE_CHECKING

from ..beautifier.request import Request
from .comfy import kept, reviewing
from .comfy.answering import BadRequest, answer
from .comfy.graph import target_of
from .comfy.server import add_post_route

if TYPE_CHECKING:
    from ..beautifier.request import Candidate

BEAUTIFY = "/prompt_beautifier/beautify"
IMAGE_MODEL = "/prompt_beautifier/image_model"
REVIEW = "/prompt_beautifier/review"
MODEL = "embedded"
LARGEST_TEXT = 64 * 1024  # bytes; a page of text has 3,000
LARGEST_GRAPH = 4 * 1024 * 1024  # bytes; a thousand nodes have 400,000
ASKED = ("mode", "seed", "target", "style", "keep", "avoid", "strength", "length")
MOST_WAITING = 8

_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="prompt-beautifier")
_waiting = 0


def add_routes() -> None:
    """Have ComfyUI's server answer these paths; nothing is loaded before the first text."""
    add_post_route(BEAUTIFY, partial(answer, reply=beautified, largest=LARGEST_TEXT))
    add_post_route(IMAGE_MODEL, partial(answer, reply=image_model, largest=LARGEST_GRAPH))
    add_post_route(REVIEW, partial(answer, reply=review, largest=LARGEST_TEXT))


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

    return load_beautifier(MODEL)


def beautify(asked: Request) -> Candidate:
    """One candidate, in the thread that is there for it."""
    made = embedded().beautify(**{each.name: getattr(asked, each.name) for each in fields(asked)})[0]
    kept.remember(asked.raw_prompt, asked.target, MODEL, [made.text])
    return made
