"""From the events of a server, or its whole answer, to the answers being written."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .problems import Server, TemporaryFailure, said_in

if TYPE_CHECKING:
    import aiohttp


LONGEST_ANSWER = 100_000  # characters of one answer
LONGEST_LINE = 8_000_000  # bytes of one event or one whole answer


@dataclass(eq=False)
class Written:
    """One answer while it is written: by the thread that listens, for the one that waits.

    reason is why it ended, as the server calls it ("stop", "length"), "" until then.
    """

    text: str = ""
    tokens: int = 0
    thoughts: int = 0
    reason: str = ""
    refusal: str = ""

    def clear(self) -> None:
        """Forget a try that failed."""
        self.text = self.reason = self.refusal = ""
        self.tokens = self.thoughts = 0


async def listen(server: Server, response: aiohttp.ClientResponse, written: list[Written]) -> None:
    """Fill the answers from a stream of server-sent events."""
    async for data in events(server, response):
        if data == b"[DONE]":
            for each in written:
                each.reason = each.reason or ("stop" if each.tokens else "")
            return
        take(server, as_object(server, data), written)
    # Some servers leave the end mark out: the answers that began must have ended.
    if not any(each.reason for each in written) or any(each.tokens and not each.reason for each in written):
        raise TemporaryFailure("the stream was cut in the middle of the answer", "See the server's log for the reason")


async def events(server: Server, response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """The data of each server-sent event. Comments, with which servers say that they are alive, are passed over."""
    rest = b""
    async for chunk in response.content.iter_any():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            kind, _, data = line.partition(b":")
            if kind in (b"data", b"error") and data.strip():
                yield data.strip() if kind == b"data" else b'{"error": ' + data.strip() + b"}"
        if len(rest) > LONGEST_LINE:
            raise server.error("it sends one event without end", "See the server's log")


async def whole_json(server: Server, response: aiohttp.ClientResponse) -> dict:
    """A whole answer, from a server that does not stream."""
    page = bytearray()
    async for chunk in response.content.iter_any():
        page += chunk
        if len(page) > LONGEST_LINE:
            raise server.error("it sends an answer without end", "See the server's log")
    return as_object(server, bytes(page))


def as_object(server: Server, data: bytes) -> dict:
    """A JSON object from the server."""
    content = None
    with suppress(ValueError, RecursionError):
        content = json.loads(data.decode("utf-8", "replace"))
    if isinstance(content, dict):
        return content
    start = " ".join(data[:80].decode("utf-8", "replace").split())
    raise server.error(
        f"it answered with something that is no JSON object: {start!r}",
        "base_url must be that of an OpenAI-compatible API, which usually ends in /v1",
    )


def take(server: Server, event: dict, written: list[Written]) -> None:
    """Add what one event, or a whole answer, brings to the answers it is for."""
    if event.get("error"):
        said = said_in(json.dumps(event))
        raise TemporaryFailure(f"it broke the answer off: {said}", "See the server's log for the reason")
    choices = event.get("choices")
    for choice in choices if isinstance(choices, list) else []:
        index = choice.get("index", 0) if isinstance(choice, dict) else -1
        if isinstance(index, int) and 0 <= index < len(written):
            take_choice(server, choice, written[index])


def take_choice(server: Server, choice: dict, written: Written) -> None:
    """Add to an answer what a chunk of the stream, or the whole of it, says."""
    message = choice.get("delta") or choice.get("message") or {}
    message = message if isinstance(message, dict) else {}
    text = text_of(message.get("content")) or text_of(choice.get("text"))
    thought = text_of(message.get("reasoning_content")) or text_of(message.get("reasoning"))
    written.text += text
    written.thoughts += bool(thought)
    written.tokens += bool(text or thought)
    written.refusal += text_of(message.get("refusal"))
    reason = choice.get("finish_reason")
    if reason in ("abort", "error"):
        raise TemporaryFailure("it broke the answer off", "See the server's log for the reason")
    written.reason = reason if isinstance(reason, str) and reason else written.reason
    if len(written.text) > LONGEST_ANSWER:
        raise server.error("its answer has no end", "Lower max_new_tokens; this server may not obey it")


def text_of(content: object) -> str:
    """A text, or the texts of a list of parts."""
    if isinstance(content, list):
        return "".join(text_of(part.get("text")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def finish_whole(written: list[Written]) -> None:
    """The end of answers that came in one piece, from servers that do not say why they ended."""
    for each in written:
        each.reason = each.reason or ("stop" if each.tokens or each.refusal else "")
