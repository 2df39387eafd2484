"""Asking a server until it has answered.

The client is aiohttp, the library ComfyUI's own server is made of, so that users install nothing; it is imported
when a server is first asked.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import random
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .endpoints import listed
from .parameters import left_out
from .problems import RemoteError, Server, TemporaryFailure, line_problem, retry_after, said_in, start_of, unexpected
from .stream import Written, finish_whole, listen, take, whole_json

if TYPE_CHECKING:
    import aiohttp


CONNECTS_WITHIN = 10.0  # seconds
RETRIES = 3
FIRST_WAIT = 0.5  # seconds before the first retry; each further one waits twice as long
LONGEST_WAIT = 30.0  # seconds; a server that wants more is not waited for

Afterwards = Callable[[Server, str], Awaitable[None]]

logger = logging.getLogger(__name__)


async def write_answers(
    server: Server, request: dict, written: list[Written], afterwards: Afterwards | None = None
) -> None:
    """Have all answers written: by one request where the server can, else by one after the other.

    afterwards  awaited with the server and its model once all are there

    Answer k is asked for with seed + k, which is also what vLLM makes of one request for several. One at a time,
    because servers with a single slot give up an answer for the next request.
    """
    import aiohttp

    timeout = aiohttp.ClientTimeout(
        total=None, sock_connect=min(CONNECTS_WITHIN, server.timeout), sock_read=server.timeout
    )
    # Proxies of the system are for the outside: asked for 127.0.0.1, they would answer with their own.
    outside = not is_local(server.endpoint.where)
    try:
        async with aiohttp.ClientSession(timeout=timeout, trust_env=outside) as session:
            server.session = session
            request["model"] = server.model or server.endpoint.model or await only_model(server)
            seed = request["seed"]
            if len(written) > 1:
                request["n"] = len(written)
            await ask(server, request, written)
            request.pop("n", None)
            for k, each in enumerate(written):
                if "seed" in request:
                    request["seed"] = seed + k
                if not each.reason:
                    await ask(server, request, [each])
            if afterwards is not None:
                await afterwards(server, request["model"])
        return
    except (RemoteError, asyncio.CancelledError):
        raise
    except Exception as error:
        failure = unexpected(server, error)
    raise failure


def is_local(where: str) -> bool:
    """Whether an address is of this computer or a private network."""
    from yarl import URL

    host = (URL(where).host or "").lower()
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:  # a name
        return "." not in host or host.endswith((".local", ".lan", ".internal", ".localhost"))
    return not (getattr(address, "ipv4_mapped", None) or address).is_global


async def ask(server: Server, request: dict, written: list[Written]) -> None:
    """Send a request until it is answered.

    Parameters that the server does not know are dropped; after a temporary failure the request is repeated.
    """
    retries = 0
    while True:
        for each in written:
            each.clear()
        try:
            refused = await post(server, request, written)
            if not refused:
                return
            name = left_out(request, refused.page)
            if not name:
                raise server.error(refused.problem, refused.advice)
            logger.warning("endpoint %r does not take %s", server.endpoint.name, name)
        except TemporaryFailure as problem:
            retries += 1
            await wait_for_retry(server, problem, retries)


async def wait_for_retry(server: Server, problem: TemporaryFailure, retry: int) -> None:
    """Sleep until the next try, or raise where there is none."""
    wait = problem.wait
    if wait is not None and wait > LONGEST_WAIT:
        raise server.error(f"{problem}; it asks to wait {wait:.0f} seconds", problem.advice)
    if retry > RETRIES:
        raise server.error(f"{problem} (tried {retry} times)", problem.advice)
    if wait is None:
        wait = FIRST_WAIT * 2 ** (retry - 1) * random.uniform(0.8, 1.2)  # not in step with other clients
    await asyncio.sleep(wait)


@dataclass(frozen=True)
class Refused:
    """A request the server cannot work with: its own page, and what to say of it."""

    page: str
    problem: str
    advice: str


async def post(server: Server, request: dict, written: list[Written]) -> Refused | None:
    """One try. Returns what the server says is wrong with the request; raises TemporaryFailure, or RemoteError."""
    path = "chat/completions" if "messages" in request else "completions"
    async with Opened(server, "POST", path, request) as response:
        if response.status in (400, 422):
            page = await start_of(response)
            return Refused(page, f"it cannot work with the request: {said_in(page)}", ADVICE_400)
        await check_status(server, response, request["model"])
        if response.content_type == "text/event-stream":
            await listen(server, response, written)
        else:
            take(server, await whole_json(server, response), written)
            finish_whole(written)
    if not any(each.reason for each in written):
        raise server.error("it answered, but with no choices", "Try again; if it stays so, see the server's log")
    return None


class Opened:
    """`async with Opened(server, method, path, body) as response`: errors of the line are raised.

    They are TemporaryFailure, or RemoteError where trying again does not help.

    Redirects are not followed: the key goes to the host that the user wrote down, and no other.
    """

    def __init__(self, server: Server, method: str, path: str, body: dict | None = None, at_root: bool = False):
        self.server = server
        endpoint = server.endpoint
        url = endpoint.root_url(path) if at_root else endpoint.url(path)
        headers = {"Accept": "text/event-stream, application/json", **dict(endpoint.headers)}
        if endpoint.api_key:
            headers.setdefault("Authorization", f"Bearer {endpoint.api_key}")
        self.context = server.session.request(method, url, json=body, headers=headers, allow_redirects=False)

    async def __aenter__(self) -> aiohttp.ClientResponse:
        try:
            return await self.context.__aenter__()
        except Exception as error:
            problem = line_problem(self.server, error)
        raise problem

    async def __aexit__(self, kind, error, trace) -> None:
        await self.context.__aexit__(kind, error, trace)
        problem = line_problem(self.server, error) if isinstance(error, Exception) else None
        if problem is not None and problem is not error:
            raise problem from None


ADVICE_400 = "Change the setting it names; a chat model needs the family 'chat', other checkpoints their own"


async def check_status(server: Server, response: aiohttp.ClientResponse, model: str) -> None:
    """Raise what a status code other than 2xx means."""
    status = response.status
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        target = re.match(r"(?:https?://)?[\w.:-]*", response.headers.get("Location", ""))
        target = target and target[0] or "another path"
        raise server.error(
            f"it redirects ({status}) to {target}",
            "Redirects are not followed, so that the key stays where it belongs: if that address is right, "
            "write it into base_url",
        )
    if status in (401, 403):
        key = "does not accept the key" if server.endpoint.api_key else "wants a key"
        raise server.error(f"it {key} ({status})", "Write the right one into api_key of this endpoint")
    said = said_in(await start_of(response))
    if status == 404:
        raise await not_found(server, model, said)
    if status in (408, 425, 429) or status >= 500:
        known = {429: "too many requests, or a quota is used up", 503: "not ready"}.get(status, "server error")
        raise TemporaryFailure(
            f"it answered {status}, {known}: {said}",
            "Try again later; the server's log, or the account's limits, say more",
            retry_after(response),
        )
    raise server.error(f"it answered {status}: {said}", "Check base_url; the server's log may say more")


async def not_found(server: Server, model: str, said: str) -> RemoteError:
    """The error for a 404, which may mean the path or the model: the list of models tells."""
    names = None
    with suppress(RemoteError, TemporaryFailure):
        names = await model_names(server)
    if names and model not in names:
        return server.error(f"it has no model {model!r}: {said}", f"Its models are {listed(names)}")
    return server.error(
        f"it has nothing at this address (404): {said}",
        "base_url must be that of an OpenAI-compatible API, which usually ends in /v1",
    )


async def only_model(server: Server) -> str:
    """The server's model, if it has just one."""
    retries = 0
    while True:
        try:
            names = await model_names(server)
            break
        except TemporaryFailure as problem:
            retries += 1
            await wait_for_retry(server, problem, retries)
    if len(names) == 1:
        return names[0]
    problem = f"it has several models: {listed(names)}" if names else "it lists no model"
    raise server.error(problem, "Name the one to ask, in the node or as model in the endpoints file")


async def model_names(server: Server) -> list[str]:
    """The names of the models that a server has. Raises RemoteError where it does not say."""
    async with Opened(server, "GET", "models") as response:
        if response.status == 404:
            problem = "it does not say which models it has (404 for models)"
            advice = "base_url usually ends in /v1; if it is right, name the model"
            raise server.error(problem, advice)
        await check_status(server, response, "")
        content = await whole_json(server, response)
    models = content.get("data")
    models = models if isinstance(models, list) else []
    return [each["id"] for each in models if isinstance(each, dict) and isinstance(each.get("id"), str)]
