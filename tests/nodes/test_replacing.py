"""Nodes that are gone: each row names inputs and outputs that ours have, and ComfyUI is told where it can be."""

import asyncio
import importlib
import sys
from types import SimpleNamespace

import pytest

from ..stand_ins import comfy_stand_in


@pytest.fixture
def comfy(tmp_path):
    with comfy_stand_in.installed(tmp_path / "models") as stand_in:
        extension = asyncio.run(importlib.import_module("prompt_beautifier").comfy_entrypoint())
        stand_in.schemas = {
            node.define_schema().node_id: node.define_schema() for node in asyncio.run(extension.get_node_list())
        }
        yield stand_in


@pytest.fixture
def replacing(comfy):
    return importlib.import_module("prompt_beautifier.nodes.comfy.replacing")


def test_every_row_names_what_our_nodes_have(comfy, replacing):
    for each in replacing.REPLACED:
        schema = comfy.schemas[each.new]
        inputs = {one.id for one in schema.inputs}
        assert set(each.inputs) | set(each.values or {}) <= inputs, each.old
        assert all(0 <= new < len(schema.outputs) for new in each.outputs.values()), each.old
    assert len({each.old for each in replacing.REPLACED}) == len(replacing.REPLACED)


SOCKETS = {"beautifier", "scores", "images"}  # connected by hand


def test_all_that_must_have_a_value_has_one_that_may_be(comfy, replacing):
    for each in replacing.REPLACED:
        given = set(each.inputs) | set(each.values or {})
        required = {one.id for one in comfy.schemas[each.new].inputs if not one.options.get("optional")}
        assert required - given <= SOCKETS, each.old
        for one in comfy.schemas[each.new].inputs:
            value = (each.values or {}).get(one.id)
            if one.id == "scorer" or value is None:
                continue
            options = one.options.get("options")
            assert value == one.options["default"] and (options is None or value in options), (each.old, one.id)


def test_a_row_is_told_as_comfyui_takes_it(replacing):
    first = replacing.of_comfyui(replacing.REPLACED[0])
    told = {each["new_id"]: each["old_id"] for each in first.pop("input_mapping") if "old_id" in each}
    assert told == {"prompt": "text", "seed": "seed"}
    assert first == {
        "new_node_id": "PromptBeautifierBeautifyPrompt",
        "old_node_id": "PromptExpansion",
        "old_widget_ids": ["text", "seed"],
        "output_mapping": [{"old_idx": 0, "new_idx": 0}],
    }


def test_comfyui_is_told_all_of_them(replacing, monkeypatch):
    told = []

    async def register(row):
        told.append(row)

    api = SimpleNamespace(node_replacement=SimpleNamespace(register=register))
    monkeypatch.setattr(sys.modules["comfy_api.latest"], "ComfyAPI", lambda: api, raising=False)
    monkeypatch.setattr(replacing.io, "NodeReplace", dict, raising=False)
    asyncio.run(replacing.register())
    assert [row["old_node_id"] for row in told] == [each.old for each in replacing.REPLACED]


def test_an_older_comfyui_is_told_nothing(replacing, monkeypatch):
    monkeypatch.setattr(sys.modules["comfy_api.latest"], "ComfyAPI", lambda: SimpleNamespace(), raising=False)
    asyncio.run(replacing.register())
