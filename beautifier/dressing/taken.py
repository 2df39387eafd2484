"""What of a raw prompt is not the wish: it is taken off before anybody writes, and comes back where it belongs."""

from dataclasses import dataclass

from ..prompts.a1111 import split_pasted
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
    prompt, notes = pasted.prompt, ()
    target = request.image_model
    if target is not None and not target.weights:
        prompt, emphasis = without_emphasis(prompt)
        if emphasis:
            notes = (f"{target.title} reads no weights: they were taken off {shown(emphasis)}.",)
    return Taken(prompt, pasted.negative, notes)


def shown(texts: tuple[str, ...]) -> str:
    """Some texts for a message, the first three of them."""
    more = f" and {len(texts) - 3} more" if len(texts) > 3 else ""
    return ", ".join(texts[:3]) + more
