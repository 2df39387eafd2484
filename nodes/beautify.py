"""Beautify Prompt: a short prompt in, the chosen detailed one and all candidates out."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from comfy_api.latest import io

from ..beautifier.picture_size import PIXELS, size_of
from ..beautifier.targets.table import Found, find_target
from ..beautifier.targets.target import counted, summary
from . import metadata
from .beautify_inputs import AUTO, NONE, REVIEW, TASTE, all_inputs, request_of
from .comfy import graph, kept, memory, reviewing, running, server, settings, versions
from .inputs import CATEGORY, with_score

if TYPE_CHECKING:
    from ..beautifier.request import Candidate
    from ..beautifier.taste.keeper import Ranked


NEGATIVE = 3  # the place of that output


class BeautifyPrompt(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return versions.node_schema(
            node_id=metadata.NODE,
            display_name="Beautify Prompt",
            category=CATEGORY,
            description=(
                "Makes detailed prompts of a short one. What you write in ComfyUI syntax, such as (red "
                "dress:1.3) or embedding:name, comes back unchanged."
            ),
            search_aliases=[
                "prompt enhance",
                "prompt upsampling",
                "magic prompt",
                "expand prompt",
                "prompt generator",
                "提示词",
                "美化",
                "扩写",
            ],
            inputs=all_inputs(),
            outputs=[
                io.String.Output("prompt", tooltip="The chosen candidate. Connect it to CLIP Text Encode."),
                io.String.Output(
                    "candidates",
                    is_output_list=True,
                    tooltip=(
                        "All candidates as a list: the nodes behind it run once for each, for example one image each."
                    ),
                ),
                io.String.Output(
                    "overview",
                    tooltip=("All candidates in one text, numbered. Connect it to Preview as Text to read them."),
                ),
                io.String.Output(
                    "negative",
                    tooltip=(
                        "The negative prompt that belongs to it: the image model's usual one, what you ruled out, and "
                        "what was pasted as one. Empty where the image model takes none."
                    ),
                ),
                io.Int.Output(
                    "width",
                    tooltip=(
                        "Of a picture in the shape that your prompt names (--ar 16:9), or a rewriter proposes; a "
                        "square where neither does. Connect it to Empty Latent Image."
                    ),
                ),
                io.Int.Output("height", tooltip="The height that goes with width."),
            ],
            hidden=[io.Hidden.unique_id, io.Hidden.extra_pnginfo, io.Hidden.prompt],
            has_intermediate_output=True,  # the list comes again where the result comes from the cache
        )

    @classmethod
    def fingerprint_inputs(cls, image_model=AUTO, **_) -> list:
        # The graph behind the node and the settings are no inputs of it: where they change, it runs again.
        found = graph.target_of(server.running_graph(), cls.hidden.unique_id) if image_model == AUTO else None
        wired = graph.is_wired(server.running_graph(), cls.hidden.unique_id, NEGATIVE)
        named = found.target.name if found and found.target else ""
        return [named, *settings.standing_words(), *(["negative"] if wired else [])]

    @classmethod
    def execute(
        cls,
        beautifier: memory.LoadedBeautifier,
        prompt: str,
        seed: int,
        num_candidates: int = 5,
        candidate: int = 1,
        reward_model: memory.LoadedRewardModel | None = None,
        image_model: str = AUTO,
        clip: Any = None,
        review: str = REVIEW[0],
        review_seconds: int = 0,
        taste: str = TASTE[1],  # a script that does not name it gets what its seed gives
        **asked: Any,
    ) -> io.NodeOutput:
        aimed = aim(image_model, cls.hidden.prompt, cls.hidden.unique_id, clip)
        target = aimed.target.name if aimed.target else ""
        wired = graph.is_wired(cls.hidden.prompt, cls.hidden.unique_id, NEGATIVE)
        request = request_of(prompt, num_candidates, seed, target=target, with_negative=wired, **asked)
        found = running.beautify(beautifier, request)
        by_taste = None
        if reward_model is not None:
            found = running.rank(reward_model, prompt, found)
        elif taste == TASTE[0]:
            found, by_taste = kept.in_order_of_taste(prompt, found)
        notice = too_few(candidate, num_candidates)
        if review != REVIEW[0]:
            shown = {"texts": [each.text for each in found], "scores": scores_of(found), "seed": seed}
            shown |= {"raw_prompt": prompt, "target": request.target, **told_taste(by_taste)}
            node = cls.hidden.unique_id
            found, candidate = reviewing.reviewed(node, found, candidate, shown, review_seconds)
        texts = [each.text for each in found]
        # A prompt without words comes back alone, and a model may give fewer candidates than were asked for.
        chosen = found[min(candidate, len(found)) - 1]
        entry = {
            "raw_prompt": prompt,
            "prompt": chosen.text,
            "candidates": texts,
            "seed": seed,
            "model": beautifier.beautifier.name,
        }
        if request.target:
            entry["image_model"] = request.target
        if chosen.negative:
            entry["negative"] = chosen.negative
        if reward_model is not None:
            entry["scores"] = scores_of(found)
            entry["reward_model"] = reward_model.reward_model.name
        if by_taste:
            entry["ranked_by_taste"] = by_taste.picks
        metadata.write(cls.hidden.extra_pnginfo, cls.hidden.unique_id, server.list_index(), entry)
        listed = {
            "texts": texts,
            "scores": entry.get("scores"),
            "seed": seed,
            "used": min(candidate, len(texts)) - 1,
            "notice": notice,
            "aim": told(aimed),
            "tokens": [counted(aimed.target, each.tokens or 0) for each in found],
            "notes": list(dict.fromkeys(note for each in found for note in each.notes)),
            "raw_prompt": prompt,
            "target": request.target,
            "entry": kept.remember(prompt, request.target, beautifier.beautifier.name, texts),
            **told_taste(by_taste),
        }
        shown = {"text": texts, "prompt_beautifier": [listed]}
        width, height = size_of(chosen.ratio, aimed.target.pixels if aimed.target else PIXELS)
        return io.NodeOutput(chosen.text, texts, overview(found), chosen.negative, width, height, ui=shown)


def scores_of(found: list[Candidate]) -> list[float] | None:
    """The score of each candidate; None where no reward model has ranked them."""
    return None if found[0].score is None else [each.score for each in found]


def told_taste(ranked: Ranked | None) -> dict:
    """How many picks the order follows, and the place of each candidate in the order in which they were made."""
    return {"taste": ranked.picks, "places": list(ranked.order)} if ranked else {}


def aim(image_model: str, prompt: dict | None, unique_id: str | None, clip: Any) -> Found:
    """The image model that is chosen, or found in the graph, which may be none."""
    if image_model == AUTO:
        return graph.target_of(prompt, unique_id, clip)
    return Found(None if image_model == NONE else find_target(image_model))


def told(aimed: Found) -> str:
    """What is said of the image model; "" where there is none."""
    if aimed.target is None:
        return ""
    guessed = "" if aimed.sure else " (a guess: choose image_model if it is another)"
    return f"{summary(aimed.target)}{guessed}"


def too_few(candidate: int, num_candidates: int) -> str | None:
    """What to say of a candidate that was chosen but not made; None where nothing is wrong."""
    if candidate <= num_candidates:
        return None
    notice = (
        f"candidate is {candidate}, but num_candidates is {num_candidates}: the last one was taken. Make more to "
        "have the others"
    )
    logging.warning("Beautify Prompt: %s", notice)
    return notice


def overview(candidates: list[Candidate]) -> str:
    """All candidates in one text to read: numbered, with their scores if they have any, an empty line between two."""
    shown = [each.text if each.score is None else with_score(each.text, each.score) for each in candidates]
    return "\n\n".join(f"{number}. {text}" for number, text in enumerate(shown, 1))


NODES = [BeautifyPrompt]
