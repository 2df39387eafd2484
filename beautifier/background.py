"""Work in a thread of its own, watched and stopped from the caller's."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable

TICK = 0.1  # seconds between two looks at should_stop
CLOSES_WITHIN = 1.0  # seconds that a stopped request may take to close its connection


def run_until_stopped(work: Callable[[], Awaitable[None]], tick: Callable[[], bool]) -> bool:
    """Run a coroutine in a thread of its own, calling `tick` here until it ends. Whether tick stopped it.

    Once tick returns True or raises, the coroutine is cancelled, which closes its connections; it is given
    CLOSES_WITHIN seconds for that. What the coroutine raises is raised here.

    A thread, because ComfyUI calls nodes from within an event loop, and because the caller may block. It is a
    daemon, because looking up a host name cannot be interrupted and may outlast the second.
    """
    stop, ended = threading.Event(), threading.Event()
    problems: list[BaseException] = []

    async def watched() -> None:
        task = asyncio.ensure_future(work())
        while not task.done():
            await asyncio.wait({task}, timeout=TICK)
            if stop.is_set():
                task.cancel()
        if not task.cancelled() and (problem := task.exception()):
            problems.append(problem)

    def run() -> None:
        try:
            asyncio.run(watched())
        except BaseException as error:  # whatever it is, the waiting thread has to hear of it
            problems.append(error)
        finally:
            ended.set()

    threading.Thread(target=run, name="prompt-beautifier-remote", daemon=True).start()
    try:
        while not ended.wait(TICK):
            if tick():
                return True
        if not problems:
            tick()
            return False
    finally:
        stop.set()
        ended.wait(CLOSES_WITHIN)
    # What it came from goes no further: a server's own words, or an address, may have a key in them.
    problems[0].__cause__ = problems[0].__context__ = None
    raise problems[0]
