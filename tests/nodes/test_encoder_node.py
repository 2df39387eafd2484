"""Use Text Encoder on a stand-in for ComfyUI: what it gives to Beautify Prompt, progress, Cancel, refusals."""

import asyncio
import importlib
import sys

import pytest
import torch

from ..stand_ins import comfy_stand_in, text_encoders


@pytest.fixture
def comfy(tmp_path):
    with comfy_stand_in.installed(tmp_path / "models") as stand_in:
        extension = asyncio.run(importlib.import_module("prompt_beautifier").comfy_entrypoint())
        stand_in.nodes = {node.define_schema().node_id: node for node in asyncio.run(extension.get_node_list())}
        yield stand_in


@pytest.fixture
def use(comfy):
    return comfy.nodes["PromptBeautifierUseTextEncoder"].execute


@pytest.fixture
def beautify(comfy):
    def run(loaded, prompt="a cat", seed=3, **settings):
        return comfy.nodes["PromptBeautifierBeautifyPrompt"].execute(loaded, prompt, seed, **settings).args[1]

    return run


def test_beautify_prompt_writes_with_it(use, beautify):
    loaded = use(text_encoders.z_image()).args[0]
    five = beautify(loaded, "a cat, (red dress:1.2)")
    assert len(set(five)) == 5 and all("(red dress:1.2)" in text for text in five)
    assert beautify(loaded, "a cat, (red dress:1.2)", num_candidates=2) == five[:2]
    assert loaded.beautifier.name == "text encoder: Qwen3 4B"


def test_comfyui_loads_the_encoder_itself(comfy, use, beautify):
    beautify(use(text_encoders.z_image()).args[0])
    assert not comfy.loads


def test_progress_is_over_all_candidates_and_comfyuis_own_bar_is_still(comfy, use, beautify):
    utils = sys.modules["comfy.utils"]
    clip, hooks = text_encoders.z_image("a cat"), []
    clip.network.table.register_forward_hook(lambda *_: hooks.append(utils.PROGRESS_BAR_HOOK))
    shown = utils.PROGRESS_BAR_HOOK = lambda *_: None
    beautify(use(clip).args[0], num_candidates=2)
    assert comfy.progress[0] == (0, 1024) and comfy.progress[-1] == (1024, 1024)
    assert hooks and shown not in hooks and utils.PROGRESS_BAR_HOOK is shown


def test_cancel_ends_the_run_at_the_next_token(comfy, use, beautify):
    clip = text_encoders.z_image("a cat on a wall")
    loaded = use(clip).args[0]
    comfy.interrupt_after = 4
    with pytest.raises(comfy_stand_in.InterruptProcessingException):
        beautify(loaded)
    assert len(comfy.progress) == 4 and len(clip.network.calls) == 1
    comfy.interrupt_after = None
    assert beautify(loaded)  # and nothing is left behind


def test_cancel_acts_where_only_comfyuis_own_bar_is_drawn(comfy, use):
    running = importlib.import_module("prompt_beautifier.nodes.comfy.running")
    comfy.interrupt_after = 0
    with running.still_bars(), pytest.raises(comfy_stand_in.InterruptProcessingException):
        sys.modules["comfy.utils"].PROGRESS_BAR_HOOK(1, 2, None, node_id="7")


@pytest.mark.slow
@pytest.mark.parametrize("name", text_encoders.CANNOT)
def test_what_cannot_write_is_refused_before_anything_runs(use, name):
    with pytest.raises(ValueError, match="cannot write") as caught:
        use(text_encoders.CANNOT[name]())
    assert name in str(caught.value)


def test_inputs_reach_the_writer(use):
    image = torch.rand(1, 8, 8, 3)
    writer = use(text_encoders.qwen3_vl(), image, "raw prompt", True).args[0].beautifier
    assert writer.image is image and writer.unusable == "raw prompt" and writer.thinking
