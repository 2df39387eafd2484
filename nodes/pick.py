"""Pick Best: the images with the highest scores, or the one that a person clicks, with all that belongs to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfy_api.latest import io

from ..beautifier.images import picking
from . import metadata
from .comfy import kept as person
from .comfy import pictures, reviewing, server, versions
from .inputs import CATEGORY, only

if TYPE_CHECKING:
    import torch

# No scorer gives less, so at its lowest the threshold lets all images pass.
NO_THRESHOLD = -1000.0
BY_SCORE, BY_HAND = "by score", "by hand"


class PickBest(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return versions.node_schema(
            node_id=metadata.PICK,
            display_name="Pick Best",
            category=CATEGORY,
            description=(
                "Keeps the images with the highest scores, and what belongs to them. The nodes behind it run once "
                "for each that is kept, the best first."
            ),
            search_aliases=[
                "best of n",
                "select best image",
                "filter images by score",
                "top k",
                "rejection sampling",
                "选出最佳",
                "筛选图像",
            ],
            is_input_list=True,
            inputs=[
                io.Image.Input("images", tooltip="The images that were scored: a batch, a list, or both."),
                io.Float.Input(
                    "scores",
                    optional=True,
                    force_input=True,
                    tooltip=(
                        "One score for each image, from Score Images. Higher is better. Not needed where choose is "
                        "by hand: the images are then kept in their order."
                    ),
                ),
                io.Int.Input(
                    "top_k",
                    default=1,
                    min=0,
                    max=10_000,
                    tooltip="How many images to keep. 0: all, the best first.",
                ),
                io.Float.Input(
                    "threshold",
                    default=NO_THRESHOLD,
                    min=NO_THRESHOLD,
                    max=1000.0,
                    step=0.01,
                    tooltip=(
                        "Keep only images with at least this score. It is the score itself and no probability, so "
                        "it means the same for any number of images. At its lowest, -1000, all images pass."
                    ),
                ),
                io.Combo.Input(
                    "none_passes",
                    options=list(picking.NONE_PASSES),
                    default=picking.KEEP_BEST,
                    tooltip=(
                        "What to do where no image reaches the threshold. keep the best: the one with the highest "
                        "score. keep nothing: the nodes behind do not run. stop with an error: nothing runs any more."
                    ),
                ),
                io.Latent.Input(
                    "latents",
                    optional=True,
                    tooltip="The latents of the same images, to go on with the best.",
                ),
                io.Mask.Input("masks", optional=True, tooltip="Masks, one for each image."),
                io.String.Input(
                    "prompts",
                    optional=True,
                    force_input=True,
                    tooltip="The prompts the images were made with: one for each image, or one for all.",
                ),
                io.String.Input(
                    "raw_prompts",
                    optional=True,
                    force_input=True,
                    tooltip=(
                        "The prompt that was typed for each image. With several different ones, the best of each is "
                        "kept. Not connected: the best of all."
                    ),
                ),
                io.Combo.Input(
                    "choose",
                    options=[BY_SCORE, BY_HAND],
                    default=BY_SCORE,
                    optional=True,
                    tooltip=(
                        "by hand: the run stops here and the page shows the images; the one that you click is kept "
                        "first. What you click counts as a pick of your taste. A run that comes from a script does "
                        "not stop."
                    ),
                ),
            ],
            outputs=[
                io.Image.Output("images", is_output_list=True, tooltip="The images that are kept, the best first."),
                io.Latent.Output("latents", is_output_list=True, tooltip="Their latents."),
                io.Mask.Output("masks", is_output_list=True, tooltip="Their masks."),
                io.String.Output("prompts", is_output_list=True, tooltip="Their prompts."),
                io.Float.Output("scores", is_output_list=True, tooltip="Their scores."),
                io.Int.Output(
                    "indices",
                    is_output_list=True,
                    tooltip="Their indices among the images that came in: 0 is the first.",
                ),
            ],
            hidden=[io.Hidden.unique_id, io.Hidden.extra_pnginfo],
        )

    @classmethod
    def execute(
        cls,
        images: list,
        scores: list | None = None,
        top_k: list | None = None,
        threshold: list | None = None,
        none_passes: list | None = None,
        latents: list | None = None,
        masks: list | None = None,
        prompts: list | None = None,
        raw_prompts: list | None = None,
        choose: list | None = None,
    ) -> io.NodeOutput:
        by_item = picking.single_images(images)
        singles = [image[None] for image in picking.flat(by_item)]
        hand = only(choose or [BY_SCORE], "choose") == BY_HAND
        numbers = checked(scores, len(singles), hand)
        groups = raw_prompts and picking.one_for_each(raw_prompts, by_item, "raw prompt")
        lowest = only(threshold or [NO_THRESHOLD], "threshold")
        kept = picking.pick(
            numbers or [0.0] * len(singles),  # of equals the earlier is kept
            only(top_k or [1], "top_k"),
            lowest if numbers and lowest > NO_THRESHOLD else None,
            only(none_passes or [picking.KEEP_BEST], "none_passes"),
            groups,
        )
        carried = {
            "latents": latents and picking.flat(picking.single_latents(latents)),
            "masks": masks and picking.flat(picking.single_masks(masks)),
            "prompts": prompts and picking.one_for_each(prompts, by_item, "prompt"),
        }
        for name, values in carried.items():
            if values is not None:
                picking.check_count(values, len(singles), name)
        if hand and len(singles) > 1:
            kept = by_hand(cls.hidden.unique_id, kept, singles, numbers, carried["prompts"], groups)
        chosen = {"images": singles, **carried, "scores": numbers, "indices": list(range(len(singles)))}
        entry = {
            "kept": kept,
            "scores": [numbers[k] for k in kept] if numbers else [],
            "prompts": [carried["prompts"][k] for k in kept] if prompts else [],
        }
        metadata.write(cls.hidden.extra_pnginfo, cls.hidden.unique_id, server.list_index(), entry)
        shown = {"indices": kept, "scores": entry["scores"]}
        return io.NodeOutput(*(output(name, values, kept) for name, values in chosen.items()), ui=shown)


def checked(scores: list | None, total: int, hand: bool) -> list[float] | None:
    """The scores of `total` images; None where there are none and a person chooses. Raises ValueError otherwise."""
    if not scores and hand:
        return None
    if not scores:
        raise ValueError(f'there are no scores: connect those of Score Images, or set choose to "{BY_HAND}"')
    numbers = picking.checked_scores(scores)
    picking.check_count(numbers, total, "scores")
    return numbers


def by_hand(
    node: str | None,
    kept: list[int],
    images: list[torch.Tensor],
    scores: list[float] | None,
    prompts: list[str] | None,
    raw_prompts: list[str] | None,
) -> list[int]:
    """The indices to keep once a person has clicked an image on the page; `kept` where no page answers.

    images                        [1, height, width, channels] each
    scores, prompts, raw_prompts  one for each image, or None where they are not connected
    """
    choice = reviewing.clicked(
        node, len(images), lambda: {"scores": scores, "pictures": pictures.shown([each[0] for each in images])}
    )
    if choice is None:
        return kept
    if prompts:
        raw = raw_prompts[choice] if raw_prompts else ""
        same = [k for k in range(len(images)) if not raw_prompts or raw_prompts[k] == raw]
        others = [prompts[k] for k in same if prompts[k] != prompts[choice]]
        person.picked(raw, "picture", prompts[choice], others)
    return picking.with_choice(kept, choice, raw_prompts)


def output(name: str, values: list | None, kept: list[int]) -> Any:
    """What an output of Pick Best gives: the kept ones as a list; where there is nothing, nodes behind do not run."""
    if values is None:
        return server.blocked(f"nothing is connected to the input {name} of Pick Best")
    return [values[k] for k in kept] or server.blocked()


NODES = [PickBest]
