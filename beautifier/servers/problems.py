"""What a failure of a server means, and what to do about it."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from .endpoints import Endpoint

if TYPE_CHECKING:
    import aiohttp


LONGEST_ERROR = 65_536  # bytes that are read of an error page


class RemoteError(RuntimeError):
    """What went wrong with a server, and what to do about it. Its text shows no key."""


class TemporaryFailure(Exception):
    """Something that may be gone at the next try, after `wait` seconds if the server said so."""

    def __init__(self, problem: str, advice: str, wait: float | None = None):
        super().__init__(problem)
        self.advice, self.wait = advice, wait


@dataclass(eq=False)
class Server:
    """An endpoint that is being asked, over one session.

    freed  whether it gave back its model's memory; None where it was not asked to
    """

    endpoint: Endpoint
    model: str
    timeout: float
    freed: bool | None = None
    session: aiohttp.ClientSession = field(init=False, repr=False)

    def error(self, problem: str, advice: str) -> RemoteError:
        """The error to raise: what happened where, what to do, no secrets."""
        text = f"endpoint {self.endpoint.name!r} ({self.endpoint.where}): {problem}. {advice}"
        return RemoteError(self.endpoint.scrub(text))


def unexpected(server: Server, error: Exception) -> RemoteError:
    """The error for what nobody thought of; addresses in its text may hold keys, even a proxy's."""
    text = re.sub(r"\w+://\S+", "(address)", f"{type(error).__name__}: {error}")
    advice = "Check this endpoint's entry in the endpoints file"
    return server.error(f"the request failed ({text})", advice).with_traceback(error.__traceback__)


def line_problem(server: Server, error: Exception) -> Exception:
    """What an error of the connection means; other errors come back as they are."""
    import aiohttp

    where = server.endpoint.where
    if isinstance(error, (aiohttp.ClientSSLError, aiohttp.ClientConnectorCertificateError)):
        return server.error(
            "its certificate is not trusted, or it does not speak https",
            "Correct base_url (http:// for a server without certificate), or have the system trust it",
        )
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return TemporaryFailure("its host name is not known", f"Correct base_url, or check the network: {where}")
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return TemporaryFailure(
            "it cannot be reached: no connection in time", "Check that the server runs, and base_url"
        )
    if isinstance(error, (aiohttp.ServerTimeoutError, asyncio.TimeoutError)):
        return server.error(
            f"it sent nothing for {server.timeout:g} seconds",
            "It may be loading a model or be busy: try again, or raise the timeout",
        )
    if isinstance(error, aiohttp.ClientConnectorError):
        reason = error.os_error.strerror or "connection refused"
        return TemporaryFailure(f"nothing answers there ({reason})", "Start the server, or correct base_url")
    if isinstance(error, (aiohttp.ClientPayloadError, aiohttp.ClientOSError, aiohttp.ServerDisconnectedError)):
        return TemporaryFailure(
            "the connection was cut in the middle of the answer", "See the server's log for the reason"
        )
    return error


def retry_after(response: aiohttp.ClientResponse) -> float | None:
    """Seconds that the server asks to wait, None if it does not say."""
    value = response.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,9}(?:\.\d{1,9})?", value):
        return float(value)
    with suppress(ValueError, TypeError):
        at = parsedate_to_datetime(value)
        at = at if at.tzinfo else at.replace(tzinfo=timezone.utc)
        return max(0.0, (at - datetime.now(timezone.utc)).total_seconds())
    return None


async def start_of(response: aiohttp.ClientResponse) -> str:
    """The beginning of an error page."""
    page = b""
    async for chunk in response.content.iter_any():
        page += chunk
        if len(page) >= LONGEST_ERROR:
            break
    return page[:LONGEST_ERROR].decode("utf-8", "replace")


def said_in(page: str) -> str:
    """The message of an error page, JSON or not, on one short line."""
    message = page
    with suppress(ValueError, AttributeError):
        content = json.loads(page)
        message = content.get("error") or content.get("detail") or content.get("message") or page
        message = message.get("message") or message if isinstance(message, dict) else message
    text = " ".join(re.sub(r"<[^<>]{0,500}>", " ", str(message)).split())
    return (text[:300] + "…" if len(text) > 300 else text) or "no message"
