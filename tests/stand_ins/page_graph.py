"""A saved workflow as a graph that could run: what ComfyUI's page makes of it before it queues it, as far as loaders
and texts go.

Subgraphs are laid flat, with ids such as "12:5". Reroute, Primitive, Set and Get nodes, which only the page knows, are
gone, as are notes and muted nodes; bypassed nodes let through what fits.
"""

from __future__ import annotations

from typing import Any

INPUTS, OUTPUTS = -10, -20  # the ids of what stands for a subgraph's own inputs and outputs inside it
MUTED, BYPASSED = 2, 4
NOTES = {"Note", "MarkdownNote"}
CONTROLS = {"fixed", "randomize", "increment", "decrement"}  # a value in a saved node that is no input
NAMES = {  # of nodes saved without the names of their widgets
    "CheckpointLoaderSimple": ["ckpt_name"],
    "CLIPLoader": ["clip_name", "type", "device"],
    "CLIPTextEncode": ["text"],
    "DualCLIPLoader": ["clip_name1", "clip_name2", "type", "device"],
    "LoraLoader": ["lora_name", "strength_model", "strength_clip"],
    "LoraLoaderModelOnly": ["lora_name", "strength_model"],
    "QuadrupleCLIPLoader": ["clip_name1", "clip_name2", "clip_name3", "clip_name4"],
    "TripleCLIPLoader": ["clip_name1", "clip_name2", "clip_name3"],
    "UNETLoader": ["unet_name", "weight_dtype"],
    "UnetLoaderGGUF": ["unet_name"],
    "VAELoader": ["vae_name"],
}


class Level:
    """The root of a workflow, or a subgraph in one of its places."""

    def __init__(self, saved: dict, definitions: dict, path: str = "", outside: tuple[Level, dict] | None = None):
        self.definitions, self.path, self.outside = definitions, path, outside
        self.inputs = saved.get("inputs") or []
        self.nodes = {node["id"]: node for node in saved["nodes"]}
        self.links = {}
        for link in saved.get("links") or []:
            if isinstance(link, dict):
                link = [link[key] for key in ("id", "origin_id", "origin_slot", "target_id", "target_slot")]
            self.links[link[0]] = link
        self.inner = {
            node["id"]: Level(definitions[node["type"]], definitions, f"{self.key(node)}:", (self, node))
            for node in saved["nodes"]
            if node["type"] in definitions and node.get("mode", 0) not in (MUTED, BYPASSED)
        }

    def key(self, node: dict) -> str:
        return f"{self.path}{node['id']}"

    def source(self, link_id: int | None, depth: int = 0) -> Any:
        """What a link brings: [node id, output], a value of a Primitive, or None where nothing comes."""
        if link_id not in self.links or depth > 100:
            return None
        _, origin, slot, *_ = self.links[link_id]
        if origin == INPUTS:
            level, node = self.outside
            at = next((each for each in node["inputs"] if each["name"] == self.inputs[slot]["name"]), None)
            return level.source(at.get("link"), depth + 1) if at else None
        node = self.nodes.get(origin)
        if node is None or node.get("mode") == MUTED:
            return None
        kind, inputs = node["type"], node.get("inputs") or []
        if kind == "PrimitiveNode":
            return (node.get("widgets_values") or [None])[0]
        if kind in ("Reroute", "SetNode"):
            return self.source(inputs[0].get("link"), depth + 1) if inputs else None
        if kind == "GetNode":
            name = node["widgets_values"][0]
            for setter in self.nodes.values():
                if setter["type"] == "SetNode" and setter["widgets_values"][0] == name:
                    return self.source(setter["inputs"][0].get("link"), depth + 1)
            return None
        if node.get("mode") == BYPASSED:
            wanted = (node.get("outputs") or [{}] * (slot + 1))[slot].get("type")
            same = [each for each in inputs if each.get("type") == wanted and each.get("link") is not None]
            return self.source(same[0]["link"], depth + 1) if same else None
        if origin in self.inner:
            inner = self.inner[origin]
            ends = [link for link in inner.links.values() if link[3] == OUTPUTS and link[4] == slot]
            return inner.source(ends[0][0], depth + 1) if ends else None
        return [self.key(node), slot]

    def graph(self) -> dict[str, dict]:
        found = {}
        for node in self.nodes.values():
            if node["id"] in self.inner:
                found |= self.inner[node["id"]].graph()
            elif node["type"] not in NOTES | {"Reroute", "PrimitiveNode", "SetNode", "GetNode", *self.definitions}:
                if node.get("mode", 0) not in (MUTED, BYPASSED):
                    found[self.key(node)] = {"class_type": node["type"], "inputs": self.values(node)}
        return found

    def values(self, node: dict) -> dict:
        found = widget_values(node)
        for each in node.get("inputs") or []:
            if each.get("link") is not None and (brought := self.source(each["link"])) is not None:
                found[each["name"]] = brought
        return found


def widget_values(node: dict) -> dict:
    """What the widgets of a saved node hold, by name."""
    values = node.get("widgets_values") or []
    if isinstance(values, dict):
        return dict(values)
    names = [each["name"] for each in node.get("inputs") or [] if each.get("widget")]
    if len(names) < len(NAMES.get(node["type"], [])):
        names = NAMES[node["type"]]
    found, left = {}, list(values)
    for name in names:
        if left:
            found[name] = left.pop(0)
            if name in ("seed", "noise_seed") and left and left[0] in CONTROLS:
                left.pop(0)
    found |= {f"value_{number}": value for number, value in enumerate(left)}
    return found


def graph_of(workflow: dict) -> dict[str, dict]:
    """The graph of a workflow as the page saves it."""
    definitions = {each["id"]: each for each in (workflow.get("definitions") or {}).get("subgraphs", [])}
    return Level(workflow, definitions).graph()
