"""Writes the prompts a run made into the images it saves: under KEY in the hidden extra_pnginfo dictionary.

Two things make this more than one assignment. A node served from the cache does not run, so it cannot write
into the metadata of that run, though a new image may be saved because another sampler seed was set. And a
client of the HTTP API may send no extra_pnginfo at all. So every run gets a dictionary of its own when it is
queued, filled with what the same nodes with the same inputs wrote before, or write in an earlier queued run.

    {"7": [{"raw_prompt": "1 girl", "prompt": "...", "candidates": ["..."], "seed": 3, "model": "embedded"}]}

The key is the node's id; a node that runs once for each item of a list has several entries.
"""

import json
import weakref
from collections import OrderedDict

KEY = "prompt_beautifier"
NODE = "PromptBeautifierBeautifyPrompt"
MOST_REMEMBERED = 200


class RunPrompts(dict):
    """What the images of one run are to carry under KEY; `questions` has what each node is asked."""

    questions: dict[str, str] = {}


_written: OrderedDict[str, list[dict]] = OrderedDict()  # question -> entries, the most recent last
_queued: list[weakref.ref] = []


def prepare(request: dict) -> dict:
    """Give a run that is about to be queued, the JSON of POST /prompt, its RunPrompts."""
    graph = request.get("prompt")
    if not isinstance(graph, dict):
        return request
    run = RunPrompts()
    run.questions = {
        node_id: question(graph, node_id)
        for node_id, node in graph.items()
        if isinstance(node, dict) and node.get("class_type") == NODE
    }
    if not run.questions:
        return request
    for node_id, asked in run.questions.items():
        if asked in _written:
            run[node_id] = _written[asked]
    _queued[:] = [reference for reference in _queued if reference() is not None] + [weakref.ref(run)]
    request["extra_data"] = {**(request.get("extra_data") or {})}
    request["extra_data"]["extra_pnginfo"] = {**(request["extra_data"].get("extra_pnginfo") or {}), KEY: run}
    return request


def question(graph: dict, node_id: str) -> str:
    """A text that is equal for equal inputs of a node: the constants of the node and of all above it."""
    above, todo = {}, [node_id]
    while todo:
        current = todo.pop()
        node = graph.get(current)
        if current in above or not isinstance(node, dict):
            continue
        inputs = node.get("inputs") or {}
        above[current] = [node.get("class_type"), inputs]
        links = [value for value in inputs.values() if isinstance(value, list) and len(value) == 2]
        todo += [node_above for node_above, _ in links if isinstance(node_above, str)]
    return json.dumps([node_id, above], sort_keys=True)


def write(extra_pnginfo: dict | None, node_id: str, list_index: int, entry: dict) -> None:
    """Note what a node made, for the images of this run and of runs in the queue that ask the same."""
    if extra_pnginfo is None:  # the run did not come through the server
        return
    run = extra_pnginfo.setdefault(KEY, {})
    entries = [entry] if list_index == 0 else [*run.get(node_id, []), entry]
    run[node_id] = entries
    asked = getattr(run, "questions", {}).get(node_id)
    if asked is None:  # a node made while the graph ran
        return
    _written[asked] = entries
    _written.move_to_end(asked)
    while len(_written) > MOST_REMEMBERED:
        _written.popitem(last=False)
    for reference in _queued:
        other = reference()
        if other is not None and other.questions.get(node_id) == asked:
            other[node_id] = entries
