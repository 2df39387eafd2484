"""Writes the prompts and scores a run made into the images it saves: under KEY in the hidden extra_pnginfo.

Three things make this more than one assignment. A node served from the cache does not run, so it cannot write
into the metadata of that run, though a new image may be saved because another sampler seed was set. A client of
the HTTP API may send no extra_pnginfo at all. So every run gets a dictionary of its own when it is queued, filled
with what the same nodes with the same inputs wrote before, or write in an earlier queued run. And what is saved
behind Pick Best is a list of images that share the dictionary: it adds what belongs to the one being saved, as it
is turned into JSON for that image's file.

    {"7": [{"raw_prompt": "1 girl", "prompt": "...", "candidates": ["..."], "seed": 3, "model": "embedded"}],
     "8": [{"scorer": "PickScore", "raw_prompts": ["1 girl"], "scores": [...], "probabilities": [...],
            "best_index": 4}],
     "9": [{"kept": [4, 0], "scores": [22.1, 21.7], "prompts": ["...", "..."],
            "this_image": {"index": 4, "score": 22.1, "prompt": "..."}}]}

The key is the node's id; a node that runs once for each item of a list has several entries.
"""

import json
import weakref
from collections import OrderedDict

from .comfy import server

KEY = "prompt_beautifier"
NODE = "PromptBeautifierBeautifyPrompt"
SCORE = "PromptBeautifierScoreImages"
PICK = "PromptBeautifierPickBest"
MOST_REMEMBERED = 200


class RunPrompts(dict):
    """What the images of one run are to carry under KEY; `inputs_keys` has what each node is asked."""

    inputs_keys: dict[str, str] = {}
    graph: dict = {}

    def items(self):
        """The entries by node; while a node runs that saves what Pick Best kept, with that image's own values.

        json.dumps asks a dictionary that is not exactly a dict for its items.
        """
        node_id, item = server.running_item()
        picks = list_makers(self.graph, node_id, PICK)
        return [
            (key, [with_this_image(entry, item) for entry in entries] if key in picks else entries)
            for key, entries in super().items()
        ]


_written: OrderedDict[str, list[dict]] = OrderedDict()  # key of a node's inputs -> entries, the most recent last
_queued: list[weakref.ref] = []


def prepare(request: dict) -> dict:
    """Give a run that is about to be queued, the JSON of POST /prompt, its RunPrompts."""
    graph = request.get("prompt")
    if not isinstance(graph, dict):
        return request
    run = RunPrompts()
    run.graph = graph
    run.inputs_keys = {
        node_id: inputs_key(graph, node_id)
        for node_id, node in graph.items()
        if isinstance(node, dict) and node.get("class_type") in (NODE, SCORE, PICK)
    }
    if not run.inputs_keys:
        return request
    for node_id, asked in run.inputs_keys.items():
        if asked in _written:
            run[node_id] = _written[asked]
    _queued[:] = [reference for reference in _queued if reference() is not None] + [weakref.ref(run)]
    request["extra_data"] = {**(request.get("extra_data") or {})}
    request["extra_data"]["extra_pnginfo"] = {**(request["extra_data"].get("extra_pnginfo") or {}), KEY: run}
    return request


def inputs_key(graph: dict, node_id: str) -> str:
    """A text that is equal for equal inputs of a node: the constants of the node and of all above it."""
    above, todo = {}, [node_id]
    while todo:
        current = todo.pop()
        node = graph.get(current)
        if current in above or not isinstance(node, dict):
            continue
        above[current] = [node.get("class_type"), node.get("inputs") or {}]
        todo += [node_above for node_above, _ in links_of(node)]
    return json.dumps([node_id, above], sort_keys=True)


def links_of(node: dict) -> list[tuple[str, int]]:
    """The outputs that a node of a graph is connected to: (node id, number of the output)."""
    values = (node.get("inputs") or {}).values()
    links = [value for value in values if isinstance(value, list) and len(value) == 2]
    return [(above, output) for above, output in links if isinstance(above, str)]


def list_makers(graph: dict, node_id: str | None, class_type: str) -> set[str]:
    """The nodes of a type whose lists a node works through: its item number k comes of theirs.

    That holds through nodes that run once for each item. A node that gathers lists, or makes them, starts a new
    count.
    """
    found, seen, todo = set(), set(), [node_id]
    while todo:
        current = todo.pop()
        node = graph.get(current)
        if current in seen or not isinstance(node, dict) or server.gathers_lists(node.get("class_type")):
            continue
        seen.add(current)
        for above, output in links_of(node):
            maker = graph.get(above)
            above_type = maker.get("class_type") if isinstance(maker, dict) else None
            if above_type == class_type:
                found.add(above)
            elif not server.makes_list(above_type, output):
                todo.append(above)
    return found


def with_this_image(entry: dict, item: int) -> dict:
    """An entry of Pick Best with what belongs to the image that is number `item` of those it kept."""
    if not entry["kept"]:
        return entry
    # Where another list is longer, ComfyUI takes the last item again.
    item = min(item, len(entry["kept"]) - 1)
    own = {"index": entry["kept"][item]}
    if entry["scores"]:
        own["score"] = entry["scores"][item]
    if entry["prompts"]:
        own["prompt"] = entry["prompts"][item]
    return {**entry, "this_image": own}


def write(extra_pnginfo: dict | None, node_id: str, list_index: int, entry: dict) -> None:
    """Note what a node made, for the images of this run and of runs in the queue that ask the same."""
    if extra_pnginfo is None:  # the run did not come through the server
        return
    run = extra_pnginfo.setdefault(KEY, {})
    entries = [entry] if list_index == 0 else [*run.get(node_id, []), entry]
    run[node_id] = entries
    asked = getattr(run, "inputs_keys", {}).get(node_id)
    if asked is None:  # a node made while the graph ran
        return
    _written[asked] = entries
    _written.move_to_end(asked)
    while len(_written) > MOST_REMEMBERED:
        _written.popitem(last=False)
    for reference in _queued:
        other = reference()
        if other is not None and other.inputs_keys.get(node_id) == asked:
            other[node_id] = entries
