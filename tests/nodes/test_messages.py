"""What people read when a node fails: built-in errors, no folders of this disk, a sentence for what is no name."""

import asyncio
import importlib

import pytest
import torch

from ..stand_ins import comfy_stand_in


@pytest.fixture
def comfy(tmp_path):
    with comfy_stand_in.installed(tmp_path / "models") as stand_in:
        extension = asyncio.run(importlib.import_module("prompt_beautifier").comfy_entrypoint())
        stand_in.nodes = {node.__name__: node for node in asyncio.run(extension.get_node_list())}
        yield stand_in


@pytest.fixture
def messages(comfy):
    return importlib.import_module("prompt_beautifier.nodes.messages")


def failing(messages, error: Exception):
    """The execute of a node that fails so."""

    class Node:
        @classmethod
        def execute(cls, word):
            raise error

    return messages.with_plain_errors(Node).execute


def test_an_error_of_the_packs_own_leaves_as_the_nearest_built_in_one(messages):
    from prompt_beautifier.beautifier.checkpoints.progress import DownloadError
    from prompt_beautifier.beautifier.pickles import UnsafeFile

    for error, kind in ((DownloadError("no way", "try again"), RuntimeError), (UnsafeFile("a trap"), ValueError)):
        with pytest.raises(kind) as caught:
            failing(messages, error)(word="x")
        assert type(caught.value) is kind and str(caught.value) == str(error)


def test_cancel_and_too_little_memory_keep_their_class(messages):
    class OutOfMemoryError(RuntimeError):
        pass

    for error in (comfy_stand_in.InterruptProcessingException(), OutOfMemoryError("full"), KeyError("gone")):
        with pytest.raises(type(error)) as caught:
            failing(messages, error)(word="x")
        assert caught.value is error


def test_folders_begin_in_comfyuis_own(messages, comfy, tmp_path):
    elsewhere = tmp_path / "another disk" / "texts"
    comfy.folders["LLM"].append(str(elsewhere))
    told = f"{tmp_path / 'models' / 'LLM' / 'a'} and {elsewhere / 'b'} and {tmp_path / 'user' / 'c.json'} are wrong"
    with pytest.raises(FileNotFoundError) as caught:
        failing(messages, FileNotFoundError(told))(word="x")
    assert str(caught.value).replace("\\", "/") == "models/LLM/a and texts/b and user/c.json are wrong"


@pytest.mark.parametrize(
    ("node", "name", "example"),
    [
        ("LoadBeautifier", "model", "embedded"),
        ("LoadScorer", "scorer", "pickscore"),
        ("LoadRewardModel", "model", "em"),
    ],
)
def test_what_is_no_name_is_answered_with_a_sentence(comfy, node, name, example):
    node = comfy.nodes[node]
    for value, told in ((5, "5, which is no text"), (["embedded"], '["embedded"], which is no text'), ({}, "{}")):
        refused = node.validate_inputs(value)
        assert refused.startswith(f"{name} is {told}") and f"such as {example}" in refused
        with pytest.raises(ValueError, match=f"{name} is .*, which is no text: expected a name of the menu"):
            node.execute(value)
    with pytest.raises(ValueError, match=f"{name} is null: expected a name of the menu"):
        node.execute(None)


def test_no_message_of_a_missing_model_has_a_folder_of_this_disk(comfy, tmp_path):
    with pytest.raises(FileNotFoundError, match="no checkpoint 'gone' in models.LLM") as caught:
        comfy.nodes["LoadBeautifier"].execute("gone")
    assert str(tmp_path) not in str(caught.value)
    assert str(tmp_path) not in comfy.nodes["LoadRewardModel"].validate_inputs("gone")


# -- devices, and what ComfyUI's log calls a model


def test_menus_offer_each_gpu_where_comfyui_does(comfy, monkeypatch):
    memory = importlib.import_module("prompt_beautifier.nodes.comfy.memory")
    management = memory.comfy.model_management
    assert memory.device_choices() == ["auto", "cpu", "gpu"]
    options = ["default", "cpu", "gpu:0", "gpu:1"]
    found = {"gpu:1": torch.device("cuda", 1)}
    monkeypatch.setattr(management, "get_gpu_device_options", lambda: options, raising=False)
    monkeypatch.setattr(management, "resolve_gpu_device_option", found.get, raising=False)
    assert memory.device_choices() == ["auto", "cpu", "gpu", "gpu:0", "gpu:1"]
    assert comfy.nodes["LoadScorer"].define_schema().inputs[1].options["options"] == memory.device_choices()
    assert memory.devices("gpu:1")[0] == torch.device("cuda", 1)
    assert memory.devices("gpu:7")[0] == management.get_torch_device(), "a graph of a computer with more of them"


def test_a_small_model_stays_off_the_gpu_unless_it_is_sent_there(comfy):
    memory = importlib.import_module("prompt_beautifier.nodes.comfy.memory")
    comfy.text_encoder_device = torch.device("meta")
    assert memory.devices("auto", small=True)[0] == torch.device("cpu")
    assert memory.devices("auto")[0] == memory.devices("gpu", small=True)[0] == torch.device("meta")


def test_the_log_names_the_model(comfy):
    memory = importlib.import_module("prompt_beautifier.nodes.comfy.memory")
    network = torch.nn.Linear(1, 1)
    holder = memory.held(network, "promptist")
    assert type(holder).__name__ == "promptist (Prompt Beautifier)" and holder.network is network


# -- several prompts


def test_lines_are_a_list_of_prompts(comfy):
    lines = comfy.nodes["PromptLines"]
    assert lines.execute("a cat\n\n  a (red:1.2) dog \r\n").args == (["a cat", "a (red:1.2) dog"],)
    assert lines.define_schema().outputs[0].is_output_list
    with pytest.raises(ValueError, match="there is no prompt: write one or more"):
        lines.execute(" \n")
