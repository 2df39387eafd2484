"""Having a server give back the memory of its model: each kind of server is asked for it in a way of its own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from .problems import RemoteError, Server, TemporaryFailure
from .stream import whole_json

# What becomes of the model once it has answered.
KEEP, FREE = "keep it loaded", "free its memory"
AFTERWARDS = (KEEP, FREE)
TRIES = 2


@dataclass(frozen=True)
class Way:
    """How one kind of server is asked to unload a model.

    path    behind the server's root
    body    of the request, of the model's name
    is_done whether its answer says that the memory is free: some servers answer 200 to whatever they do not know
    """

    server: str
    path: str
    body: Callable[[str], dict]
    is_done: Callable[[dict], Any]


WAYS = (
    # docs/api.md of Ollama, "Unload a model"
    Way(
        "Ollama",
        "api/generate",
        lambda model: {"model": model, "keep_alive": 0},
        lambda said: said.get("done_reason") == "unload",
    ),
    # tools/server/README.md of llama.cpp, "POST /models/unload", of a server that was started without a model
    Way("llama.cpp", "models/unload", lambda model: {"model": model}, lambda said: said.get("success") is True),
    # LM Studio's API v1: an instance has its model's name where it is the only one
    Way(
        "LM Studio",
        "api/v1/models/unload",
        lambda model: {"instance_id": model},
        lambda said: bool(said.get("instance_id")),
    ),
)


async def unload(server: Server, model: str) -> None:
    """Have a server free the memory of a model: `server.freed` then says whether one of WAYS did it."""
    server.freed = False
    for way in WAYS:
        for _ in range(TRIES):
            try:
                server.freed = await does(server, way, model)
                break
            except TemporaryFailure:  # such as a connection that was closed meanwhile
                continue
        if server.freed:
            return


async def does(server: Server, way: Way, model: str) -> bool:
    """Whether a server frees the memory of a model when it is asked in this way. Raises TemporaryFailure."""
    from .client import Opened  # imports tokenizers, for which a start of ComfyUI would wait

    with suppress(RemoteError):
        async with Opened(server, "POST", way.path, way.body(model), at_root=True) as response:
            return 200 <= response.status < 300 and bool(way.is_done(await whole_json(server, response)))
    return False
