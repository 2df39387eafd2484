"""How a conversation is written down for a text encoder that is a language model: one form a family of tokenizers."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass


@dataclass(frozen=True)
class Form:
    """How a system text and a user's message become the text that a model goes on from.

    marker    the token that tells it: a tokenizer whose vocabulary has it reads this form
    turns     {system}, {picture} and {words} stand for the parts; texts are put in as they are, braces included
    picture   what stands where the picture is to be seen; "" where none of these models sees
    silent    behind the turns where the model is not to think
    thinks    before the system text where it is to think; "" where it does so by itself
    """

    marker: str
    turns: str
    picture: str = ""
    silent: str = ""
    thinks: str = ""


FORMS = (
    # Qwen 2.5, 3, 3.5 and their relatives that see. An empty block of thoughts says that they are over.
    Form(
        marker="<|im_start|>",
        turns=(
            "<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\n{picture}{words}<|im_end|>\n"
            "<|im_start|>assistant\n"
        ),
        picture="<|vision_start|><|image_pad|><|vision_end|>",
        silent="<think>\n\n</think>\n\n",
    ),
    # Gemma 4, whose larger models need to be told that they have no thoughts.
    Form(
        marker="<|turn>",
        turns="<|turn>system\n{system}<turn|>\n<|turn>user\n{words}{picture}<turn|>\n<|turn>model\n",
        picture="\n\n<|image><|image|><image|>\n\n",
        silent="<|channel>thought\n<channel|>",
        thinks="<|think|>\n",
    ),
    # Gemma 2 and 3, which know no system role.
    Form(
        marker="<start_of_turn>",
        turns="<start_of_turn>user\n{system}\n\n{picture}{words}<end_of_turn>\n<start_of_turn>model\n",
        picture="<image_soft_token>\n\n",
    ),
    # Ministral 3.
    Form(marker="[INST]", turns="[SYSTEM_PROMPT]{system}[/SYSTEM_PROMPT][INST]{words}[/INST]"),
)


def form_of(vocabulary: Container[str]) -> Form | None:
    """The form that a tokenizer of that vocabulary reads; None where it is none of these."""
    return next((form for form in FORMS if form.marker in vocabulary), None)


def written(form: Form, system: str, words: str, picture: bool = False, thinking: bool = False) -> str:
    """The text that a model goes on from."""
    parts = {
        "{system}": (form.thinks if thinking else "") + system,
        "{picture}": form.picture if picture else "",
        "{words}": words,
    }
    text, rest = "", form.turns
    while (at := rest.find("{")) >= 0:
        name = rest[at : rest.index("}", at) + 1]
        text, rest = text + rest[:at] + parts[name], rest[at + len(name) :]
    return text + rest + ("" if thinking else form.silent)
