"""ComfyUI's server and its run: routes, the queue, the running node."""

from __future__ import annotations

import sys
from collections.abc import Callable

from comfy_execution.graph_utils import ExecutionBlocker
from comfy_execution.utils import get_executing_context


def running_item() -> tuple[str | None, int]:
    """The id of the running node and which item of a list it works on, from 0; None where no node runs."""
    context = get_executing_context()
    return (context.node_id, context.list_index or 0) if context else (None, 0)


def list_index() -> int:
    """Which item of a list the running node works on: 0 for the first and where there is no list."""
    return running_item()[1]


def gathers_lists(class_type: str) -> bool:
    """Whether nodes of a type take all items of their lists at once."""
    return bool(getattr(node_class(class_type), "INPUT_IS_LIST", False))


def makes_list(class_type: str, output: int) -> bool:
    """Whether an output of nodes of a type, by its number, is a list even where one item comes in."""
    return any((getattr(node_class(class_type), "OUTPUT_IS_LIST", None) or ())[output : output + 1])


def node_class(class_type: str) -> type | None:
    # ComfyUI's own top-level module, which a pack must not import: `nodes` could be a folder of the pack.
    return getattr(sys.modules.get("nodes"), "NODE_CLASS_MAPPINGS", {}).get(class_type)


def blocked(message: str | None = None) -> ExecutionBlocker:
    """A value for an output behind which nothing runs; the message, if any, says why if anything would have."""
    return ExecutionBlocker(message)


def the_server():
    """ComfyUI's PromptServer, or None where ComfyUI is used without one."""
    # ComfyUI has imported its server before it imports packs.
    return getattr(getattr(sys.modules.get("server"), "PromptServer", None), "instance", None)


def running_graph() -> dict:
    """The graph that runs, as POST /prompt brought it; {} where none does."""
    queue = getattr(the_server(), "prompt_queue", None)
    running = getattr(queue, "currently_running", None) or {}
    item = next(iter(running.values()), ())
    return item[2] if len(item) > 2 and isinstance(item[2], dict) else {}


def before_each_run_is_queued(handler: Callable[[dict], dict]) -> None:
    """Have `handler` see, and return, the JSON of every POST /prompt."""
    if (server := the_server()) is not None:
        server.add_on_prompt_handler(handler)


def add_post_route(path: str, handler: Callable) -> None:
    """Have ComfyUI's server answer POST requests to `path`, with and without /api before it, by an aiohttp handler."""
    if (server := the_server()) is not None:
        server.routes.post(path)(handler)
