"""What of a raw prompt is not the wish: it is taken off before anybody writes, and comes back where it belongs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..faithful import says
from ..picture_size import ratio_of
from ..prompts.a1111 import Pasted, split_pasted
from ..request import Request
from .emphasis import without_emphasis, without_underscores
from .foreign import without_foreign
from .json_prompt import JsonPrompt, read_json_prompt

# The shape of a picture as it is typed: "--ar 16:9", "--aspect 3:2", "Size: 832x1216".
SHAPE = re.compile(
    r"(?:(?<!\S)--(?:ar|aspect)|\bSize:)\s+(?P<shape>\d{1,5}(?:\.\d+)?[:x]\d{1,5})(?!\S*\d)", re.IGNORECASE
)
# What a prompt begins with that was typed for a bot: "/imagine prompt: a fox".
BOT_COMMAND = re.compile(r"^\s*/(?:imagine|dream)(?:\s+prompt:)?\s+(?=\S)", re.IGNORECASE)


@dataclass(frozen=True)
class Taken:
    """A raw prompt taken apart.

    prompt       what is to be beautified
    negative     what a pasted text has as its negative prompt
    notes        what was taken off, as whole sentences for the user
    json_prompt  the JSON object that it was, where the answer is to be one too
    ratio        width / height of the picture that it names, as Midjourney's --ar or as a pasted size; None without
    """

    prompt: str
    negative: str = ""
    notes: tuple[str, ...] = ()
    json_prompt: JsonPrompt | None = None
    ratio: float | None = None


def take_apart(request: Request) -> Taken:
    """The prompt in a raw prompt, and what was taken off it: a pasted image's settings, a bot's command, the form of
    JSON, scores of other image models, and emphasis that its image model does not read.
    """
    pasted = split_pasted(request.raw_prompt)
    prompt, negative, target = BOT_COMMAND.sub("", pasted.prompt), pasted.negative, request.image_model
    found = read_json_prompt(prompt)
    if found is not None:
        prompt, negative = found.words, negative or found.negative
    foreign, emphasis = (), ()
    if target is not None:
        prompt, foreign = without_foreign(prompt, target)
        if not target.weights:
            prompt, emphasis = without_emphasis(prompt)
    if request.style == "sentences" and (target is not None or request.mode == "rewrite"):
        prompt = without_underscores(prompt, escapes=target is None or target.weights)
    notes = tuple(notes_of(request, pasted, negative, emphasis, foreign))
    stays = target is None or target.json or target.reads_json
    shape = SHAPE.search(request.raw_prompt)
    return Taken(prompt, negative, notes, found if stays else None, ratio_of(shape["shape"]) if shape else None)


def notes_of(
    request: Request, pasted: Pasted, negative: str, emphasis: tuple[str, ...], foreign: tuple[str, ...]
) -> Iterator[str]:
    """What the user should know of what was taken off, and of words to avoid that the raw prompt has itself."""
    target = request.image_model
    if negative and target is not None and not target.negative:
        yield f"{target.title} takes no negative prompt: yours was left out."
    if pasted.negative or pasted.parameters:
        yield "The negative prompt and the settings of the pasted text are not part of the prompt."
    if target is not None and emphasis:
        yield f"{target.title} reads no weights: they were taken off {shown(emphasis)}."
    if target is not None and foreign:
        yield f"Words for other image models were left out: {shown(foreign)}."
    typed = tuple(word for word in request.avoid if says(pasted.prompt, word))
    if typed:
        yield f"{shown(typed)}: to be avoided, but your prompt says it, so it stays."


def wish_in(raw_prompt: str) -> str:
    """The words of a raw prompt that ask for a picture, without what was pasted with it or the form of JSON."""
    prompt = split_pasted(raw_prompt).prompt
    found = read_json_prompt(prompt)
    return found.words if found else prompt


def shown(texts: tuple[str, ...]) -> str:
    """Some texts for a message, the first three of them."""
    more = f" and {len(texts) - 3} more" if len(texts) > 3 else ""
    return ", ".join(texts[:3]) + more
