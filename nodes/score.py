"""Load Scorer and Score Images."""

from __future__ import annotations

from typing import Any

from comfy_api.latest import io

from ..beautifier.images import picking
from ..beautifier.images.scorer_kinds import SCORERS
from . import metadata
from .comfy import folders, loading, memory, running, server, versions
from .inputs import ADVANCED, CATEGORY, ScorerType, only


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


NODES = [LoadScorer, ScoreImages]
