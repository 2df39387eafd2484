"""The negative prompt that belongs to a prompt: the image model's usual one, what was ruled out, and a pasted one."""

import re
from collections.abc import Iterable

from ..prompts.vocabulary import singular, words_of
from ..prompts.words import fold
from ..request import Request
from ..wishes.wish import Wish
from .emphasis import without_emphasis

DIVIDES = re.compile(r"\s*[,，\n]+\s*(?![^()]*\))")  # commas outside of parentheses
NO_THING = frozenset("nothing more less else longer".split())


def negative_of(request: Request, wish: Wish, pasted: str) -> str:
    """The negative prompt; "" where the image model takes none.

    What the prompt itself asks for is not in it. Where no image model is named, it is what was ruled out and pasted.
    pasted: the negative prompt of a text that was copied with an image
    """
    target = request.image_model
    if target is not None and not target.negative:
        return ""
    if target is not None and not target.weights:
        pasted, _ = without_emphasis(pasted)
    own = unasked(DIVIDES.split(target.negative), wish, request.keep) if target else []
    parts = [*own, *ruled_out(wish), *DIVIDES.split(pasted)]
    first: dict[str, str] = {}
    for part in parts:
        first.setdefault(fold(part), part.strip())
    return ", ".join(filter(None, first.values()))


def ruled_out(wish: Wish) -> list[str]:
    """What a wish rules out, as it can stand in a negative prompt."""
    return [thing for thing in wish.excluded if thing not in NO_THING]


def unasked(parts: Iterable[str], wish: Wish, keep: tuple[str, ...]) -> list[str]:
    """The parts that ask away nothing of what the wish or the words to keep ask for."""
    said = {singular(word.folded) for index, word in enumerate(wish.words) if index not in wish.outside}
    said |= {singular(word.folded) for kept in keep for word in words_of(kept)}
    return [part for part in parts if not {singular(word.folded) for word in words_of(part)} <= said]
