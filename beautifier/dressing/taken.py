"""What of a raw prompt is not the wish: it is taken off before anybody writes, and comes back where it belongs."""

from collections.abc import Iterator
from dataclasses import dataclass

from ..faithful import says
from ..prompts.a1111 import Pasted, split_pasted
from ..request import Request
from .emphasis import without_emphasis


@dataclass(frozen=True)
class Taken:
    """A raw prompt taken apart.

    prompt    what is to be beautified
    negative  what a pasted text has as its negative prompt
    notes     what was taken off, as whole sentences for the user
    """

    prompt: str
    negative: str = ""
    notes: tuple[str, ...] = ()


def take_apart(request: Request) -> Taken:
    """The prompt in a raw prompt, and what was taken off it: a pasted image's settings, and emphasis that its image
    model does not read.
    """
    pasted = split_pasted(request.raw_prompt)
    prompt, target = pasted.prompt, request.image_model
    emphasis: tuple[str, ...] = ()
    if target is not None and not target.weights:
        prompt, emphasis = without_emphasis(prompt)
    return Taken(prompt, pasted.negative, tuple(notes_of(request, pasted, emphasis)))


def notes_of(request: Request, pasted: Pasted, emphasis: tuple[str, ...]) -> Iterator[str]:
    """What the user should know of what was taken off, and of words to avoid that the raw prompt has itself."""
    target = request.image_model
    if pasted.negative and target is not None and not target.negative:
        yield f"{target.title} takes no negative prompt: the pasted one was left out."
    if pasted.negative or pasted.parameters:
        yield "The negative prompt and the settings of the pasted text are not part of the prompt."
    if emphasis and target is not None:
        yield f"{target.title} reads no weights: they were taken off {shown(emphasis)}."
    typed = tuple(word for word in request.avoid if says(pasted.prompt, word))
    if typed:
        yield f"{shown(typed)}: to be avoided, but your prompt says it, so it stays."


def shown(texts: tuple[str, ...]) -> str:
    """Some texts for a message, the first three of them."""
    more = f" and {len(texts) - 3} more" if len(texts) > 3 else ""
    return ", ".join(texts[:3]) + more
