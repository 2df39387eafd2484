"""Load Scorer, Score Images and Pick Best."""

from __future__ import annotations

from typing import Any

from comfy_api.latest import io

from ..beautifier.images import picking
from ..beautifier.images.scorer_kinds import SCORERS
from . import metadata
from .comfy import folders, loading, memory, running, server, versions
from .inputs import ADVANCED, CATEGORY, ScorerType, only

# No scorer gives less, so at its lowest the threshold lets all images pass.
NO_THRESHOLD = -1000.0


class LoadScorer(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        options = folders.scorer_menu()
        return versions.node_schema(
            node_id="PromptBeautifierLoadScorer",
            display_name="Load Scorer",
            category=CATEGORY,
            description="Loads a model that says how good an image is, or how well it shows a prompt.",
            search_aliases=[
                "pickscore",
                "aesthetic score",
                "clip score",
                "hps",
                "imagereward",
                "image quality model",
                "加载评分模型",
                "图像打分",
            ],
            inputs=[
                io.Combo.Input(
                    "scorer",
                    options=options,
                    default=options[0],
                    tooltip=(
                        "".join(f"{kind.name}: {kind.says}. " for kind in SCORERS.values())
                        + "One that is not there yet is downloaded into models/scorers when the node first runs with "
                        "it; for aesthetic-v2.5 and hps-v1 put your own files there. Below them are your own."
                    ),
                ),
                io.Combo.Input(
                    "device",
                    options=memory.device_choices(),
                    default="auto",
                    tooltip=(
                        "Where the model runs. auto: where ComfyUI runs text encoders. cpu: leaves all GPU "
                        "memory to the image model, but is slow. gpu: where ComfyUI makes images."
                    ),
                ),
                io.Combo.Input(
                    "dtype",
                    options=["auto", *memory.DTYPES],
                    default="auto",
                    optional=True,
                    extra_dict=ADVANCED,
                    tooltip=(
                        "Precision of the weights. auto: float32 on the CPU, ComfyUI's text encoder precision on a GPU."
                    ),
                ),
            ],
            outputs=[ScorerType.Output("scorer", tooltip="Connect it to Score Images.")],
        )

    @classmethod
    def validate_inputs(cls, scorer) -> bool | str:
        # As in Load Beautifier: a saved workflow holds what the menu said of a download at that time.
        if scorer is None or folders.is_known_scorer(scorer):
            return True
        if not isinstance(scorer, str):
            return folders.no_name(scorer, "scorer", "pickscore")
        return f"there is no scorer {scorer!r}: press R in ComfyUI, and choose one of the menu"

    @classmethod
    def execute(cls, scorer: str, device: str = "auto", dtype: str = "auto") -> io.NodeOutput:
        return io.NodeOutput(loading.load_scorer(scorer, device, dtype))


class ScoreImages(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return versions.node_schema(
            node_id=metadata.SCORE,
            display_name="Score Images",
            category=CATEGORY,
            description=(
                "Gives each image a score for the prompt you typed. Takes a batch, or all images of a list "
                "at once; their sizes may differ."
            ),
            search_aliases=[
                "pickscore",
                "image score",
                "rate images",
                "aesthetic score",
                "clip score",
                "图像评分",
                "打分",
            ],
            is_input_list=True,
            inputs=[
                ScorerType.Input("scorer", tooltip="The model, from Load Scorer."),
                io.Image.Input("images", tooltip="The images to compare: a batch, a list, or a list of batches."),
                io.String.Input(
                    "prompt",
                    multiline=True,
                    default="",
                    optional=True,
                    placeholder="the prompt you typed, not the beautified one",
                    tooltip=(
                        "What the images were meant to show: the prompt you typed, not a beautified one, so that "
                        "all are judged by the same words. One for all, or a list of one for each image. Weights, "
                        "embeddings and other ComfyUI syntax are not read. Not used by aesthetic."
                    ),
                ),
            ],
            outputs=[
                io.Float.Output(
                    "scores",
                    is_output_list=True,
                    tooltip="The score of each image, in the order of the images. Higher is better.",
                ),
                io.Float.Output(
                    "probabilities",
                    is_output_list=True,
                    tooltip=("How likely each image is to be preferred among those of the same prompt; together 1."),
                ),
                io.String.Output(
                    "report",
                    tooltip="All scores in a table. Connect it to Preview as Text to read it.",
                ),
                io.Int.Output(
                    "best_index",
                    tooltip="The index of the image with the highest score: 0 is the first.",
                ),
            ],
            hidden=[io.Hidden.unique_id, io.Hidden.extra_pnginfo],
        )

    @classmethod
    def execute(cls, scorer: list, images: list, prompt: list | None = None) -> io.NodeOutput:
        from ..beautifier.dressing.judged import check_words, judged_words

        loaded = only(scorer, "scorer")
        by_item = picking.single_images(images)
        raw_prompts = picking.one_for_each(prompt or [""], by_item, "prompt")
        if loaded.scorer.kind.reads_prompt:
            check_words(raw_prompts)
        words = [judged_words(each) for each in raw_prompts]
        found = running.score(loaded, picking.flat(by_item), words)
        scores = found.tolist()
        shares = picking.probabilities(found, words, loaded.scorer.probabilities).tolist()
        best = picking.ranked(scores)[0]
        told = report(loaded.scorer, words, scores, shares)
        different = list(dict.fromkeys(raw_prompts))
        entry = {
            "scorer": loaded.scorer.name,
            "raw_prompts": different if len(different) == 1 else raw_prompts,
            "scores": scores,
            "probabilities": shares,
            "best_index": best,
        }
        metadata.write(cls.hidden.extra_pnginfo, cls.hidden.unique_id, server.list_index(), entry)
        shown = {"text": [told], "scores": scores, "probabilities": shares, "best_index": [best]}
        return io.NodeOutput(scores, shares, told, best, ui=shown)


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
                    force_input=True,
                    tooltip="One score for each image, from Score Images. Higher is better.",
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
        scores: list,
        top_k: list | None = None,
        threshold: list | None = None,
        none_passes: list | None = None,
        latents: list | None = None,
        masks: list | None = None,
        prompts: list | None = None,
        raw_prompts: list | None = None,
    ) -> io.NodeOutput:
        by_item = picking.single_images(images)
        singles = [image[None] for image in picking.flat(by_item)]
        numbers = picking.checked_scores(scores)
        picking.check_count(numbers, len(singles), "scores")
        groups = raw_prompts and picking.one_for_each(raw_prompts, by_item, "raw prompt")
        lowest = only(threshold or [NO_THRESHOLD], "threshold")
        kept = picking.pick(
            numbers,
            only(top_k or [1], "top_k"),
            lowest if lowest > NO_THRESHOLD else None,
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
        chosen = {"images": singles, **carried, "scores": numbers, "indices": list(range(len(singles)))}
        entry = {
            "kept": kept,
            "scores": [numbers[k] for k in kept],
            "prompts": [carried["prompts"][k] for k in kept] if prompts else [],
        }
        metadata.write(cls.hidden.extra_pnginfo, cls.hidden.unique_id, server.list_index(), entry)
        shown = {"indices": kept, "scores": entry["scores"]}
        return io.NodeOutput(*(output(name, values, kept) for name, values in chosen.items()), ui=shown)


def output(name: str, values: list | None, kept: list[int]) -> Any:
    """What an output of Pick Best gives: the kept ones as a list; where there is nothing, nodes behind do not run."""
    if values is None:
        return server.blocked(f"nothing is connected to the input {name} of Pick Best")
    return [values[k] for k in kept] or server.blocked()


def report(scorer: Any, prompts: list[str], scores: list[float], shares: list[float]) -> str:
    """A text to read: the scorer, and for each prompt the scores of its images and what of it was not read."""
    parts = [f"{scorer.name}: {scorer.kind.range_text}"]
    for group in picking.same_prompt(prompts):
        prompt = prompts[group[0]]
        head = [f"Prompt: {prompt}", *unread(scorer, prompt)] if prompt else []
        parts.append("\n".join([*head, picking.table(scores, shares, group, scorer.kind.decimals)]))
    return "\n\n".join(parts)


def unread(scorer: Any, prompt: str) -> list[str]:
    """A line on what the text encoder does not see of a prompt, where there is anything."""
    cut = scorer.tokens_cut(prompt)
    if not cut:
        return []
    seen = scorer.tokens_seen()
    return [f"The text encoder sees {seen} tokens: the last {cut} of {seen + cut} were not read."]


NODES = [LoadScorer, ScoreImages, PickBest]
