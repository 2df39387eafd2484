"""JSON from a server: many requests at once."""

import asyncio
import json
from collections.abc import Sequence


def replies(
    address: str, requests: Sequence[tuple[str, dict | None]], at_once: int = 1, patience: float = 60
) -> list[dict]:
    """What a server says to requests, in their order.

    address   without a slash behind it
    requests  path below the address and body; no body for a GET
    at_once   requests that are under way together
    patience  seconds for one of them

    Raises RuntimeError for a server that does not answer, or with an error.
    """
    return asyncio.run(_replies(address, requests, at_once, patience))


async def _replies(
    address: str, requests: Sequence[tuple[str, dict | None]], at_once: int, patience: float
) -> list[dict]:
    import aiohttp

    times = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=patience)
    try:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=at_once), timeout=times) as session:
            return await asyncio.gather(*(_reply(session, f"{address}/{path}", body) for path, body in requests))
    except (aiohttp.ClientError, OSError, asyncio.TimeoutError) as error:
        raise RuntimeError(f"no server answers at {address} ({error}): is it up?") from error


async def _reply(session, url: str, body: dict | None) -> dict:
    async with session.request("GET" if body is None else "POST", url, json=body) as response:
        said = await response.text()
        if response.status >= 400:
            raise RuntimeError(f"{url} says {response.status}: {said[:300]}")
    try:
        return json.loads(said) if said.strip() else {}
    except ValueError as error:
        raise RuntimeError(f"{url} says what is no JSON: {said[:300]}") from error
