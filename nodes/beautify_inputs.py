"""The inputs of Beautify Prompt, and the request that they stand for.

They are in the order in which saved workflows hold their values: a new one goes last.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from comfy_api.latest import io

from ..beautifier.request import AUTO_STYLE, MAX_SEED, MODES, MOST_CANDIDATES, STYLE_CHOICES, Request, Sampling
from ..beautifier.targets.table import TARGETS
from ..beautifier.targets.target import LENGTHS, STRENGTHS
from .comfy import settings
from .inputs import ADVANCED, BeautifierType, RewardModelType

USUAL = Sampling()
SAMPLED = frozenset(field.name for field in fields(Sampling))
MODEL_DEFAULT, CUSTOM = "model default", "custom"  # of sampling
AUTO, NONE = "auto", "none"  # of image_model
REVIEW = ("off", "ask")
MOST_SECONDS = 3600  # of review_seconds
TASTE = ("auto", "off")


def all_inputs() -> list[io.Input]:
    """All of them."""
    return [
        *request_inputs(),
        *sampling_inputs(),
        reward_model_input(),
        style_input(),
        *target_inputs(),
        *review_inputs(),
        taste_input(),
    ]


def request_of(
    prompt: str,
    num_candidates: int,
    seed: int,
    target: str,
    with_negative: bool,
    sampling: str = MODEL_DEFAULT,
    clip_tokens: int = 0,
    keep: str = "",
    avoid: str = "",
    **others: Any,
) -> Request:
    """The request that values of the inputs stand for, with the words that the settings page keeps and avoids.

    others  inputs that are called like a field of Sampling or of Request; one that is left out has the field's default

    Raises ValueError as Request and Sampling do.
    """
    always, never = settings.standing_words()
    custom = Sampling(**{name: others.pop(name) for name in SAMPLED & others.keys()})
    return Request(
        prompt,
        num_candidates,
        seed,
        custom if sampling == CUSTOM else None,
        clip_tokens=clip_tokens or None,
        target=target,
        keep=f"{keep}\n{always}",
        avoid=f"{avoid}\n{never}",
        with_negative=with_negative,
        **others,
    )


def request_inputs() -> list[io.Input]:
    """The inputs of Beautify Prompt that everyone uses."""
    return [
        BeautifierType.Input("beautifier", tooltip="The model, from Load Beautifier or Connect Prompt LLM."),
        io.String.Input(
            "prompt",
            multiline=True,
            dynamic_prompts=True,
            default="1 girl",
            placeholder="a short prompt",
            tooltip=(
                "A short description of the picture. Weights, embeddings, LoRA tags and other ComfyUI "
                "syntax stay as they are."
            ),
        ),
        io.Int.Input(
            "seed",
            default=0,
            min=0,
            max=MAX_SEED,
            control_after_generate=True,
            tooltip=(
                "Another seed gives other candidates. The same seed, model and settings always give the same ones."
            ),
        ),
        io.Int.Input(
            "num_candidates",
            default=5,
            min=1,
            max=MOST_CANDIDATES,
            tooltip="How many candidates to make. Making more does not change the first ones.",
        ),
        io.Int.Input(
            "candidate",
            default=1,
            min=1,
            max=MOST_CANDIDATES,
            tooltip=("Which candidate goes to the prompt output: 1 is the first, and with a reward model the best."),
        ),
        io.Combo.Input(
            "mode",
            options=list(MODES),
            default="rewrite",
            tooltip=(
                "rewrite: the model's text replaces your words. append: your prompt stays as typed and "
                "new details follow it."
            ),
        ),
        io.Int.Input(
            "clip_tokens",
            default=0,
            min=0,
            max=10_000,
            tooltip=(
                "Longest candidate, in CLIP tokens; it ends at a whole word. 0: no limit. 75 is what "
                "fits into one CLIP chunk."
            ),
        ),
    ]


def sampling_inputs() -> list[io.Input]:
    """The inputs of Beautify Prompt that say how the next word is chosen: the fields of Sampling by name."""
    return [
        io.Combo.Input(
            "sampling",
            options=[MODEL_DEFAULT, CUSTOM],
            default=MODEL_DEFAULT,
            optional=True,
            extra_dict=ADVANCED,
            tooltip=(
                "model default: the settings the model was published with; those below are not used. "
                "custom: the settings below."
            ),
        ),
        sampled(
            io.Float, "temperature", 0.05, 5.0, "Below 1 the wording is safer, above 1 it is more surprising.", 0.05
        ),
        sampled(io.Int, "top_k", 0, 10_000, "Choose the next token among this many of the likeliest. 0: among all."),
        sampled(
            io.Float,
            "top_p",
            0.01,
            1.0,
            "Choose among the likeliest tokens that together have this probability. 1: among all.",
            step=0.01,
        ),
        sampled(
            io.Float,
            "repetition_penalty",
            0.1,
            5.0,
            "Above 1, words that are already there become less likely. 1: off.",
            step=0.05,
        ),
        sampled(io.Int, "max_new_tokens", 1, 4096, "Longest answer, in the model's tokens."),
    ]


def sampled(kind: type, field: str, least: float, most: float, says: str, step: float | None = None) -> io.Input:
    """The input for one field of Sampling, whose default it has: an io.Int or an io.Float."""
    return kind.Input(
        field,
        default=getattr(USUAL, field),
        min=least,
        max=most,
        step=step,
        optional=True,
        extra_dict=ADVANCED,
        tooltip=f"{says} Used when sampling is custom.",
    )


def reward_model_input() -> io.Input:
    """The input of Beautify Prompt for a model that ranks the candidates."""
    return RewardModelType.Input(
        "reward_model",
        optional=True,
        tooltip=(
            "Ranks the candidates, the best first: candidate 1 is then the best of all that were made. From Load "
            "Reward Model."
        ),
    )


def style_input() -> io.Input:
    """The input for what the embedded model writes."""
    return io.Combo.Input(
        "style",
        options=list(STYLE_CHOICES),
        default=AUTO_STYLE,
        optional=True,
        tooltip=(
            "What the embedded model writes. auto: what the image model reads. phrases: for SD 1.5 and SDXL. "
            "sentences: for Flux, Qwen-Image, Z-Image, Krea and others that read with a language model. tags: for "
            "Illustrious, NoobAI, Pony and Animagine."
        ),
    )


def target_inputs() -> list[io.Input]:
    """The inputs for the image model, and for what may be in a prompt for it."""
    return [
        io.Combo.Input(
            "image_model",
            options=[AUTO, NONE, *TARGETS],
            default=AUTO,
            optional=True,
            tooltip=(
                "The image model that the prompt is for: its style, its own words before and behind, its limit, and "
                "whether it reads weights. auto: found in the graph behind this node. none: no image model in "
                "particular."
            ),
        ),
        io.String.Input(
            "keep",
            default="",
            placeholder="trigger words, names",
            optional=True,
            tooltip="Words that must be in the prompt letter for letter, with commas between them.",
        ),
        io.String.Input(
            "avoid",
            default="",
            placeholder="artstation, portrait",
            optional=True,
            tooltip="Words and phrases that must not be added, with commas between them. What you write stays.",
        ),
        io.Combo.Input(
            "strength",
            options=list(STRENGTHS),
            default=STRENGTHS[1],
            optional=True,
            tooltip=(
                "How much is added. strict: nothing new to see, your words are only put well. balanced: what fits "
                "them. creative: more, and more surprising."
            ),
        ),
        io.Combo.Input(
            "length",
            options=list(LENGTHS),
            default=LENGTHS[1],
            optional=True,
            tooltip="How long the prompt is, within what the image model wants.",
        ),
        io.Clip.Input(
            "clip",
            optional=True,
            tooltip=(
                "The text encoder that will read the prompt, if you like to connect it: it tells the image model for "
                "certain where image_model is auto."
            ),
        ),
    ]


def review_inputs() -> list[io.Input]:
    """The inputs for choosing on the node before anything is drawn."""
    return [
        io.Combo.Input(
            "review",
            options=list(REVIEW),
            default=REVIEW[0],
            optional=True,
            tooltip=(
                "ask: the run stops here until you click one of the candidates in the list, or change its words. A run "
                "that comes from a script does not stop."
            ),
        ),
        io.Int.Input(
            "review_seconds",
            default=0,
            min=0,
            max=MOST_SECONDS,
            optional=True,
            tooltip=(
                "With review on ask: after so many seconds the run goes on with the first candidate, or the one that "
                "candidate names. 0: it waits."
            ),
        ),
    ]


def taste_input() -> io.Input:
    """The input for whether the candidates come in the order of the person's taste."""
    return io.Combo.Input(
        "taste",
        options=list(TASTE),
        default=TASTE[0],
        optional=True,
        extra_dict=ADVANCED,
        tooltip=(
            "auto: candidates are ranked by what you have chosen before, from ten picks on; a reward model ranks "
            "instead where one is connected. off: they come in the order in which they were made, which a seed always "
            "gives; choosing one in the list sets it."
        ),
    )
