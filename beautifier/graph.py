"""Which image model a prompt is for, by ComfyUI's graph: from a text to the node that reads it, and up to the loaders.

A graph is what POST /prompt takes and what a node gets as PROMPT: {node id: {"class_type": ..., "inputs": {name: value,
or [node id, output]}}}, with subgraphs laid flat. Nothing of an image model is known here: `targets.find_seen` decides.
Imports nothing but the standard library: ComfyUI reads it when it starts.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from .targets.table import Found, Seen, find_seen, reads_prompts, usual

Graph = Mapping[str, Mapping[str, Any]]

OURS = re.compile(r"^PromptBeautifier")  # nodes of this pack: they write prompts, and draw none
ENCODER = re.compile(r"^(?:clip(?!_vision)\w*|\w*text_encoders?|t5\w*)$", re.IGNORECASE)  # inputs for a text encoder
MODEL = re.compile(  # inputs for a diffusion model
    r"^(?:(?:high|low)_noise_|base_|refiner_|diffusion_)?(?:model|unet|transformer)s?(?:\d+|_(?:high|low|[ab])\w*)?$",
    re.IGNORECASE,
)
FILE = re.compile(r"\.(?:safetensors|sft|ckpt|pt|pth|bin|gguf)$", re.IGNORECASE)
NAMED = re.compile(  # inputs of a loader that name a model which may be no file
    r"(?:^|_)(?:ckpt|checkpoint|model|unet|transformer|clip|encoder|repo)(?:_(?:name|path|id|dir|repo))?\d*$",
    re.IGNORECASE,
)
KIND = re.compile(r"^(?:clip_)?type$")
BESIDE = re.compile(r"lora|vae|control|upscale|vision", re.IGNORECASE)  # files that say nothing of the image model
WRITES_TEXT = re.compile(r"generate|enhance|rewrite|expand|caption", re.IGNORECASE)  # has an encoder, answers in words
SHOWN = re.compile(r"(?:Save|Preview)\w*Image|Image ?Save", re.IGNORECASE)  # nodes at the end that have a picture
PLAYED = re.compile(
    r"(?:Save|Preview|Create)\w*(?:Video|WEB[MP]|Anim|GIF)|Video\w*Combine", re.IGNORECASE
)  # or a video
CHOICE = re.compile(r"^(?:switch|select|index|boolean|condition)$")


def image_model_of(graph: Graph, node_id: str, tokenizer: str = "", text: str = "") -> Found:
    """What is found for the text of a node: Beautify Prompt, or any node with a text box.

    tokenizer  module and class of the tokenizer of the text encoder connected to the node's own `clip`, if one is
    text       the text of the box, which says whose it is where the node stands for a subgraph

    The node that reads the text decides, or the text encoder connected to the node itself. A text that no image model
    reads yet is for the one that all others in the graph are for. Where nothing tells, what is usual for such a loader
    is found, and `sure` is False.
    """
    graph = {str(key): node for key, node in graph.items() if isinstance(node, Mapping)}
    below = consumers(graph)
    own = [link for name, link in links_of(graph.get(node_id, {})) if ENCODER.match(name)]
    own = own if OURS.match(class_of(graph, node_id)) else []
    below_it = list(readers(graph, below, starts(graph, node_id, text)))
    seen = [seen_by(graph, below, reader) for reader in below_it]
    if own or tokenizer:
        connected = [seen_by(graph, below, reader, own, tokenizer) for reader in below_it]
        seen = [*connected, loaded(graph, own, tokenizer=tokenizer), *seen]
    for each in seen:
        if found := find_seen(each):
            return found
    if not seen:
        seen = [seen_by(graph, below, each) for each in graph if reads(graph, each)]
        named = {found.target.name: found for each in seen if (found := find_seen(each)) and found.target}
        if named:
            return next(iter(named.values())) if len(named) == 1 else Found(None, sure=False)
    return next((found for each in seen if (found := usual(each)).target), Found(None, sure=False))


def starts(graph: Graph, node_id: str, text: str) -> list[str]:
    """The nodes whose text a node has: itself, or those inside a subgraph's node, which is in no graph that runs."""
    if node_id in graph:
        return [node_id]
    inside = [each for each in graph if each.startswith(f"{node_id}:")]
    return [each for each in inside if text and text in inputs_of(graph[each]).values()] or inside


def readers(graph: Graph, below: Mapping[str, list[str]], node_ids: Iterable[str]) -> Iterator[str]:
    """The nodes that read the text of these nodes for an image model, the nearest first; they may be it themselves."""
    return (each for each in reached(below, node_ids, partial(reads, graph)) if reads(graph, each))


def reads(graph: Graph, node_id: str) -> bool:
    """Whether a node turns text into what an image model draws: it has a text encoder, is a loader itself, or is one
    of the nodes that the table of image models names.
    """
    name = class_of(graph, node_id)
    if OURS.match(name):
        return False
    if any(ENCODER.match(each) for each, _ in links_of(graph[node_id])):
        return not WRITES_TEXT.search(name)
    return reads_prompts(name) or any(FILE.search(file) for file in files_of(graph[node_id]))


def seen_by(
    graph: Graph, below: Mapping[str, list[str]], reader: str, own: Iterable[str] = (), tokenizer: str = ""
) -> Seen:
    """What stands above a node that reads text, and above the sampler that its conditioning goes to.

    own: nodes that a text encoder connected elsewhere comes from, in the place of the reader's.
    """
    encoders = list(own) or [link for name, link in links_of(graph[reader]) if ENCODER.match(name)]
    models = list(dict.fromkeys(link for node in samplers(graph, below, reader) for link in models_of(graph[node])))
    ends = [class_of(graph, node_id) for node_id in reached(below, [reader])]
    still = any(map(SHOWN.search, ends)) and not any(map(PLAYED.search, ends))
    return replace(loaded(graph, encoders, models, reader, tokenizer), still=still)


def reached(
    below: Mapping[str, list[str]], node_ids: Iterable[str], ends: Callable[[str], bool] = lambda _: False
) -> Iterator[str]:
    """Nodes from these on along the links, the nearest first; none behind one that `ends` the way."""
    done, todo = set(), deque(node_ids)
    while todo:
        current = todo.popleft()
        if current in done:
            continue
        done.add(current)
        yield current
        if not ends(current):
            todo.extend(below.get(current, ()))


def samplers(graph: Graph, below: Mapping[str, list[str]], reader: str) -> Iterator[str]:
    """The first nodes on each way down from a reader, or the reader itself, that a diffusion model comes to."""
    return (
        each for each in reached(below, [reader], lambda each: bool(models_of(graph[each]))) if models_of(graph[each])
    )


def loaded(
    graph: Graph, encoders: Iterable[str], models: Iterable[str] = (), reader: str | None = None, tokenizer: str = ""
) -> Seen:
    """What the loaders above these nodes say, the diffusion model's before the text encoder's."""
    at_reader = [reader] if reader is not None else []
    encoding = [*at_reader, *above(graph, encoders, ENCODER)]
    drawing = list(above(graph, models, MODEL))
    files = [file for node_id in (*drawing, *encoding) for file in files_of(graph[node_id])]
    kinds = [kind for node_id in encoding for kind in kinds_of(graph[node_id])]
    nodes = [class_of(graph, node_id) for node_id in (*encoding, *drawing)]
    named, typed, classes = (tuple(dict.fromkeys(each)) for each in (files, kinds, nodes))
    return Seen(named, typed, tokenizer, classes)


def above(graph: Graph, node_ids: Iterable[str], wanted: re.Pattern) -> Iterator[str]:
    """Nodes from these up to the loaders, along the inputs that are `wanted`; where a node has none, such as a
    reroute, along all.
    """
    done, todo = set(), list(reversed(list(node_ids)))
    while todo:
        current = todo.pop()
        if current in done or current not in graph:
            continue
        done.add(current)
        yield current
        links = branches(graph, current)
        along = [link for name, link in links if wanted.match(name)]
        if not along and not any(FILE.search(file) for file in files_of(graph[current])):
            along = [link for _, link in links]
        todo.extend(reversed(along))


def branches(graph: Graph, node_id: str) -> list[tuple[str, str]]:
    """The links of a node; of a switch the one that it lets through, where its choice can be read."""
    links = links_of(graph[node_id])
    for name, value in inputs_of(graph[node_id]).items():
        if CHOICE.match(name):
            ending = str(constant(graph, value)).lower()
            chosen = [each for each in links if re.search(rf"(?:^|\D){re.escape(ending)}$", each[0])]
            return chosen or [each for each in links if each[0] != name]
    return links


def constant(graph: Graph, value: Any) -> Any:
    """A value, or the one that a node such as Boolean holds where a link brings it; None where it is computed."""
    link = node_linked(value)
    return inputs_of(graph.get(link, {})).get("value") if link is not None else value


def consumers(graph: Graph) -> dict[str, list[str]]:
    """The nodes that each node has a link to."""
    found: dict[str, list[str]] = {}
    for node_id, node in graph.items():
        for _, link in links_of(node):
            found.setdefault(link, []).append(node_id)
    return found


def links_of(node: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The inputs of a node that a link brings: (name, id of the node it comes from)."""
    pairs = ((name, node_linked(value)) for name, value in inputs_of(node).items())
    return [(name, link) for name, link in pairs if link is not None]


def models_of(node: Mapping[str, Any]) -> list[str]:
    """The links of a node's inputs that a diffusion model comes from."""
    return [link for name, link in links_of(node) if MODEL.match(name)]


def node_linked(value: Any) -> str | None:
    """The id of the node that a value links to; None where it is none."""
    if isinstance(value, list) and len(value) == 2 and isinstance(value[0], (str, int)) and type(value[1]) is int:
        return str(value[0])
    return None


def files_of(node: Mapping[str, Any]) -> list[str]:
    """The names of model files and folders that a node holds."""
    return [
        value
        for name, value in inputs_of(node).items()
        if isinstance(value, str) and not BESIDE.search(name) and (FILE.search(value) or NAMED.search(name))
    ]


def kinds_of(node: Mapping[str, Any]) -> list[str]:
    """What a node says a text encoder is for."""
    return [value for name, value in inputs_of(node).items() if KIND.match(name) and isinstance(value, str)]


def inputs_of(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """The inputs of a node; {} where what the graph holds is no node."""
    inputs = node.get("inputs")
    return inputs if isinstance(inputs, Mapping) else {}


def class_of(graph: Graph, node_id: str) -> str:
    """The class of a node; "" where there is none."""
    return str(graph.get(node_id, {}).get("class_type", ""))
