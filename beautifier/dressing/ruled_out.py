"""What was ruled out taken off a prompt whose negative prompt says it: an image model draws what is named to it."""

import re

from ..wishes.wish import Wish
from .negative import ruled_out

NOT = r"(?:no|without|w/o|zero)"
BEFORE = r"(?:any |an? |the )?"


def without_ruled_out(text: str, wish: Wish) -> str:
    """A prompt without "no people" and "without flowers", where these stand by themselves or end a part of it.

    What goes on behind them ("without a hat on a bench"), and a prompt that says nothing else, stay as they are.
    """
    for thing in ruled_out(wish):
        named = rf"{NOT} {BEFORE}{re.escape(thing)}"
        text = re.sub(rf"(?i)(?:(?<=[.!?] )|^)there (?:is|are) {named}\.\s*", "", text)
        less = re.sub(rf"(?i)(?:\s*[,;])?(?:(?<=\S)\s+|^|(?<=\n))(?:and |with )?{named}(?=\s*(?:[,.;\n]|$))", "", text)
        text = less.strip(" ,;") if less.strip(" ,;.\n") else text
    return text.strip()
