"""Graphs of ComfyUI as Python draws them: nodes in subgraphs, written as the page saves them and as scripts send them.

picture = Graph("Picture")
loader = picture.add("CheckpointLoaderSimple", (0, 0), ckpt_name=Outside("checkpoint"))
...
picture.outputs["IMAGE"] = (decoded, "IMAGE")
graph = Graph("Text to image")
drawn = graph.add(picture, (400, 0), prompt=(beautify, "prompt"))
graph.ui(), graph.api()
"""

from __future__ import annotations

import dataclasses
import uuid
from typing import Any

SPACE = uuid.UUID("5b0c8a4e-52d5-4d0c-9f0e-6f6f1b1d0a51")  # of the ids that graphs have
WIDGETS = {"COMBO", "STRING", "INT", "FLOAT", "BOOLEAN"}
SOCKET = object()  # in the place of a default: an input without a widget
OURS = {"color": "#323", "bgcolor": "#535"}
NOTE = {"color": "#432", "bgcolor": "#653"}
OUTSIDE_IN, OUTSIDE_OUT = -10, -20  # the ids of a subgraph's own inputs and outputs


@dataclasses.dataclass(frozen=True)
class Kind:
    """What a type of node has: inputs (name, type, default or SOCKET), outputs (name, type), names of seeds."""

    title: str
    inputs: list[tuple[str, str, Any]]
    outputs: list[tuple[str, str]]
    lists: frozenset[str] = frozenset()  # outputs that are lists
    seeds: frozenset[str] = frozenset()  # inputs with "control after generate" behind them
    more: tuple = ()  # values that the page keeps behind those of the inputs


@dataclasses.dataclass(frozen=True)
class Outside:
    """A subgraph's input with this name, in the place of a value of a node in it."""

    name: str


@dataclasses.dataclass(eq=False)
class Node:
    id: int
    kind: Kind | Graph
    type: str
    pos: tuple[int, int]
    size: tuple[int, int]
    given: dict[str, Any]  # by input: a value, an Outside, or (Node, name of an output)
    title: str | None = None
    models: tuple[tuple[str, str, str], ...] = ()  # name, address, folder

    def inputs(self) -> list[tuple[str, str, Any]]:
        if isinstance(self.kind, Kind):
            return self.kind.inputs
        return [(name, *self.kind.inner(name)[2:]) for name in self.kind.inputs()]

    def outputs(self) -> list[tuple[str, str]]:
        if isinstance(self.kind, Kind):
            return self.kind.outputs
        return [(name, dict(node.outputs())[output]) for name, (node, output) in self.kind.outputs.items()]

    def slot(self, output: str) -> int:
        return [name for name, _ in self.outputs()].index(output)

    def source(self, name: str):
        """What an input is connected to, or None."""
        given = self.given.get(name)
        return given if isinstance(given, (tuple, Outside)) else None

    def value(self, name: str) -> Any:
        """What an input's widget holds."""
        default = {each: default for each, _, default in self.inputs()}[name]
        given = self.given.get(name, default)
        return default if isinstance(given, (tuple, Outside)) else given


class Graph:
    """A graph, or a subgraph as a kind of node; `kinds` has the kinds by type."""

    def __init__(self, title: str, kinds: dict[str, Kind], description: str = "", category: str = "", first: int = 1):
        """`first` is the id of its first node: the page renumbers nodes of a subgraph whose ids the graph has, too."""
        self.title, self.kinds, self.description, self.category = title, kinds, description, category
        self.first = first
        self.nodes: list[Node] = []
        self.outputs: dict[str, tuple[Node, str]] = {}
        self.notes: list[tuple] = []
        self.extra: dict = {}

    def add(self, kind, pos, size=(300, 100), title=None, models=(), **given) -> Node:
        """Add a node of a type by name, or a subgraph, at a place; inputs are values or (node, output)."""
        made = self.kinds[kind] if isinstance(kind, str) else kind
        named = kind if isinstance(kind, str) else kind.id
        node = Node(self.first + len(self.nodes), made, named, pos, size, given, title, tuple(models))
        unknown = set(given) - {name for name, *_ in node.inputs()}
        if unknown:
            raise ValueError(f"{named} has no input {', '.join(unknown)}")
        self.nodes.append(node)
        return node

    def note(self, title: str, text: str, pos, size) -> None:
        self.notes.append((title, text, pos, size))

    @property
    def id(self) -> str:
        return str(uuid.uuid5(SPACE, self.title))

    # -- as a subgraph

    def inputs(self) -> list[str]:
        """The names of what comes from outside, in the order of the nodes that take it."""
        sources = [node.source(name) for node in self.nodes for name, *_ in node.inputs()]
        return list(dict.fromkeys(source.name for source in sources if isinstance(source, Outside)))

    def takers(self, outside: str) -> list[tuple[Node, str]]:
        names = [(node, name) for node in self.nodes for name, *_ in node.inputs()]
        return [(node, name) for node, name in names if node.source(name) == Outside(outside)]

    def inner(self, outside: str) -> tuple[Node, str, str, Any]:
        """The first node and input that take something from outside, with its type and what it is by itself."""
        node, name = self.takers(outside)[0]
        type, default = {each: rest for each, *rest in node.inputs()}[name]
        return node, name, type, default if default is SOCKET else node.value(name)

    # -- for the page

    def links(self) -> list[tuple]:
        """(number, from node, from slot, to node, to slot, type); -10 and -20 are the subgraph's own ends."""
        found = []
        for node in self.nodes:
            for place, (name, type, _) in enumerate(self.drawn_inputs(node)):
                source = node.source(name)
                if isinstance(source, Outside):
                    found.append((OUTSIDE_IN, self.inputs().index(source.name), node.id, place, type))
                elif source:
                    found.append((source[0].id, source[0].slot(source[1]), node.id, place, type))
        for place, (node, output) in enumerate(self.outputs.values()):
            found.append((node.id, node.slot(output), OUTSIDE_OUT, place, dict(node.outputs())[output]))
        return [(number, *link) for number, link in enumerate(found, 1)]

    @staticmethod
    def drawn_inputs(node: Node) -> list[tuple[str, str, Any]]:
        """The inputs with a socket: those without a widget, then those whose widget is connected."""
        sockets = [each for each in node.inputs() if each[2] is SOCKET]
        return sockets + [each for each in node.inputs() if each[2] is not SOCKET and node.source(each[0])]

    def drawn_nodes(self) -> list[dict]:
        links = self.links()
        drawn = [self.drawn_node(node, links) for node in self.nodes]
        for number, (title, text, pos, size) in enumerate(self.notes, self.first + len(self.nodes)):
            drawn.append(base(number, "MarkdownNote", pos, size) | {"title": title, "widgets_values": [text]} | NOTE)
        return [{**node, "order": order} for order, node in enumerate(drawn)]

    def drawn_node(self, node: Node, links: list[tuple]) -> dict:
        coming = {(link[3], link[4]): link[0] for link in links}
        going = [(link[1], link[2], link[0]) for link in links]
        inputs = []
        for place, (name, type, default) in enumerate(self.drawn_inputs(node)):
            plain = default is SOCKET or isinstance(node.kind, Graph)  # of a subgraph: no room for what is not used
            widget = {} if plain else {"widget": {"name": name}}
            inputs.append({"name": name, "type": type, **widget, "link": coming.get((node.id, place))})
        outputs = []
        for slot, (name, type) in enumerate(node.outputs()):
            numbers = [number for source, at, number in going if (source, at) == (node.id, slot)]
            shape = {"shape": 6} if isinstance(node.kind, Kind) and name in node.kind.lists else {}
            outputs.append({"name": name, **shape, "type": type, "links": numbers or None})
        drawn = base(node.id, node.type, node.pos, node.size) | {"inputs": inputs, "outputs": outputs}
        drawn |= {"title": node.title} if node.title else {}
        if node.models:
            keys = ("name", "url", "directory")
            drawn["properties"]["models"] = [dict(zip(keys, model, strict=True)) for model in node.models]
        if isinstance(node.kind, Graph):
            drawn["title"] = node.title or node.kind.title
            free = [name for name in node.kind.inputs() if not node.source(name)]
            promoted = [[str(each[0].id), each[1]] for each in map(node.kind.inner, free) if each[3] is not SOCKET]
            drawn["properties"] = {"proxyWidgets": promoted}
            drawn["widgets_values"] = []
        else:
            drawn["widgets_values"] = widget_values(node)
        return drawn | (OURS if node.type.startswith("PromptBeautifier") else {})

    def subgraphs(self) -> dict[str, Graph]:
        found = {node.kind.id: node.kind for node in self.nodes if isinstance(node.kind, Graph)}
        return found | {key: each for graph in list(found.values()) for key, each in graph.subgraphs().items()}

    def ui(self) -> dict:
        """The graph as ComfyUI's page saves it."""
        nodes, links = self.drawn_nodes(), self.links()
        definitions = [graph.definition() for graph in self.subgraphs().values()]
        return {
            "id": self.id,
            "revision": 0,
            "last_node_id": max(node["id"] for node in nodes),
            "last_link_id": len(links),
            "nodes": nodes,
            "links": [list(link) for link in links],
            "groups": [],
            **({"definitions": {"subgraphs": definitions}} if definitions else {}),
            "config": {},
            "extra": {"ds": {"scale": 0.8, "offset": [60, 90]}, **self.extra},
            "version": 0.4,
        }

    def definition(self) -> dict:
        """The graph as a subgraph, which others hold."""
        links = self.links()
        keys = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
        left, top = min(node.pos[0] for node in self.nodes), min(node.pos[1] for node in self.nodes)
        right = max(node.pos[0] + node.size[0] for node in self.nodes)

        def end(name: str, type: str, numbers: list[int], pos: tuple[int, int]) -> dict:
            key = str(uuid.uuid5(SPACE, f"{self.title}/{name}"))
            return {"id": key, "name": name, "type": type, "linkIds": numbers, "pos": list(pos)}

        inputs = [
            end(name, self.inner(name)[2], numbers_of(links, 1, 2, OUTSIDE_IN, slot), (left - 160, top + 20 * slot))
            for slot, name in enumerate(self.inputs())
        ]
        outputs = [
            end(name, dict(node.outputs())[output], numbers_of(links, 3, 4, OUTSIDE_OUT, slot), (right + 80, top))
            for slot, (name, (node, output)) in enumerate(self.outputs.items())
        ]
        said = {"description": self.description, "category": self.category}
        return {
            "id": self.id,
            "version": 1,
            "state": {
                "lastGroupId": 0,
                "lastNodeId": self.nodes[-1].id,
                "lastLinkId": len(links),
                "lastRerouteId": 0,
            },
            "revision": 0,
            "config": {},
            "name": self.title,
            **{key: text for key, text in said.items() if text},
            "inputNode": {"id": OUTSIDE_IN, "bounding": [left - 200, top, 120, 40 + 20 * len(inputs)]},
            "outputNode": {"id": OUTSIDE_OUT, "bounding": [right + 60, top, 120, 40 + 20 * len(outputs)]},
            "inputs": inputs,
            "outputs": outputs,
            "widgets": [],
            "nodes": self.drawn_nodes(),
            "groups": [],
            "links": [dict(zip(keys, link, strict=True)) for link in links],
            "extra": {},
        }

    # -- for scripts

    def api(self) -> dict:
        """The graph as scripts send it: without subgraphs, whose nodes are called "subgraph's id:id"."""
        return dict(self.flat("", lambda _: None))

    def flat(self, prefix: str, from_outside):
        """(id, node) of all nodes; `from_outside` says which output comes in by the name of a subgraph's input."""

        def found(source) -> list | None:
            if isinstance(source, Outside):
                return from_outside(source.name)
            node, output = source
            at = prefix
            while isinstance(node.kind, Graph):
                at += f"{node.id}:"
                node, output = node.kind.outputs[output]
            return [f"{at}{node.id}", node.slot(output)]

        for node in self.nodes:
            if isinstance(node.kind, Graph):
                sources = {name: node.source(name) and found(node.source(name)) for name in node.kind.inputs()}
                yield from node.kind.flat(f"{prefix}{node.id}:", sources.get)
                continue
            inputs = {}
            for name, _, default in node.inputs():
                link = found(node.source(name)) if node.source(name) else None
                if link or default is not SOCKET:
                    inputs[name] = link or node.value(name)
            title = {"title": node.title or node.kind.title}
            yield f"{prefix}{node.id}", {"inputs": inputs, "class_type": node.type, "_meta": title}


def numbers_of(links: list[tuple], at: int, slot_at: int, end: int, slot: int) -> list[int]:
    return [link[0] for link in links if (link[at], link[slot_at]) == (end, slot)]


def base(number: int, type: str, pos, size) -> dict:
    pack = "prompt-beautifier" if type.startswith("PromptBeautifier") else "comfy-core"
    named = {} if type == "MarkdownNote" or "-" in type else {"Node name for S&R": type}
    return {
        "id": number,
        "type": type,
        "pos": list(pos),
        "size": list(size),
        "flags": {},
        "order": 0,
        "mode": 0,
        "inputs": [],
        "outputs": [],
        "properties": {**named, "cnr_id": pack},
    }


def widget_values(node: Node) -> list:
    """What the widgets hold, in the order in which the page saves it."""
    values = []
    for name, _, default in node.inputs():
        if default is SOCKET:
            continue
        values.append(node.value(name))
        if name in node.kind.seeds:
            values.append("fixed")
    return [*values, *node.kind.more]
