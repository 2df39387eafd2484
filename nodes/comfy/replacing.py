"""Nodes of packs that are asleep, and which of ours ComfyUI offers in their place in a graph that misses them.

ComfyUI 0.33 and newer: the page offers it for a graph that is opened, and a graph that a script sends is changed as it
comes. An input is mapped where every version of the old node has it: ComfyUI refuses a graph that lacks a mapped one.
What the old node did inside itself is now a node beside it: the model is connected by hand.
"""

from __future__ import annotations

from dataclasses import dataclass

from comfy_api.latest import io

from .server import the_server

BEAUTIFY = "PromptBeautifierBeautifyPrompt"
SCORER = "PromptBeautifierLoadScorer"
SCORE = "PromptBeautifierScoreImages"
PICK = "PromptBeautifierPickBest"


@dataclass(frozen=True)
class Replaced:
    """A node that is gone, and ours.

    widgets  the ids of its widgets, in the order in which saved graphs hold their values
    inputs   ours: the old one's
    outputs  the old one's number: ours
    values   of our inputs which the old node did not have
    """

    old: str
    new: str
    widgets: tuple[str, ...]
    inputs: dict[str, str]
    outputs: dict[int, int]
    values: dict[str, str | int | float] | None = None


# What our nodes need and the old ones did not have: as a new node of ours starts.
OF_BEAUTIFY = {"num_candidates": 5, "candidate": 1, "mode": "rewrite", "clip_tokens": 0}
OF_PICK = {"threshold": -1000.0, "none_passes": "keep the best"}

REPLACED = (
    # github.com/meap158/ComfyUI-Prompt-Expansion, adieyal/comfyui-dynamicprompts, marduk191/ComfyUI-Fluxpromptenhancer
    Replaced("PromptExpansion", BEAUTIFY, ("text", "seed"), {"prompt": "text", "seed": "seed"}, {0: 0}, OF_BEAUTIFY),
    Replaced("DPMagicPrompt", BEAUTIFY, ("text",), {"prompt": "text"}, {0: 0}, {"seed": 0, **OF_BEAUTIFY}),
    Replaced("FluxPromptEnhance", BEAUTIFY, ("prompt",), {"prompt": "prompt"}, {0: 0}, {"seed": 0, **OF_BEAUTIFY}),
    # github.com/Zuellni/ComfyUI-PickScore-Nodes
    Replaced("ZuellniPickScoreLoader", SCORER, (), {}, {0: 0}, {"scorer": "pickscore", "device": "auto"}),
    Replaced("ZuellniPickScoreSelector", PICK, ("threshold", "limit"), {"top_k": "limit"}, {1: 0, 2: 1, 3: 2}, OF_PICK),
    # github.com/zhongpei/Comfyui_image2prompt
    Replaced("LoadImageRewardScoreModel|fofo", SCORER, (), {}, {0: 0}, {"scorer": "imagereward", "device": "auto"}),
    Replaced(
        "ImageRewardScore|fofo",
        SCORE,
        ("prompt", "top_k"),
        {"scorer": "model", "prompt": "prompt", "images": "images"},
        {1: 2, 2: 0},
    ),
)


async def register() -> None:
    """Tell ComfyUI of them. Older versions have no such thing, and without a server there is nothing to tell."""
    if the_server() is None:
        return
    try:
        from comfy_api.latest import ComfyAPI

        register_one = ComfyAPI().node_replacement.register
    except (ImportError, AttributeError):
        return
    for each in REPLACED:
        await register_one(io.NodeReplace(**of_comfyui(each)))


def of_comfyui(each: Replaced) -> dict:
    """A row as io.NodeReplace takes it."""
    inputs: list[dict] = [{"new_id": new, "old_id": old} for new, old in each.inputs.items()]
    inputs += [{"new_id": new, "set_value": value} for new, value in (each.values or {}).items()]
    return {
        "new_node_id": each.new,
        "old_node_id": each.old,
        "old_widget_ids": list(each.widgets),
        "input_mapping": inputs,
        "output_mapping": [{"old_idx": old, "new_idx": new} for old, new in each.outputs.items()],
    }
