"""In which order the sentences of a long text stand: the subject, what is around it, then what is about the picture."""

import re
from collections.abc import Sequence

from ..prompts.prose import sentences_of
from . import around
from .fitting import Option

# What may be about the whole picture, in the order in which it stands where an image model's row names none.
CLOSING = ("view", "composition", "depth", "light", "color", "style", "motion", "camera", "sound")
# What tells of the surroundings: what is said more of the subject stands before it.
SURROUNDS = re.compile(
    r"^(?:All around|Around|In the background|Behind)\b|^(?:The|Its|Their) [\w' -]+? (?:lies?|stretch(?:es)?|rises?)\b"
)
OPENS = "move"  # how the subject goes on: it stands right behind the first sentence
PAIRS = (("view", "light"), ("light", "view"), ("motion", "motion"))
LONGEST_PAIR = 24  # words
IN_FRAME = re.compile(r"^.+? (?:is|are) (in the middle of the frame.*|a little (?:left|right) of the middle.*)$")

Line = tuple[str, str]  # a step and its sentence


def order_of(parts: Sequence[str]) -> list[str]:
    """The steps of CLOSING as they stand: a row's parts in its order, each other before the first part behind it."""
    parts = [part for part in parts if part != "style" or not leads(parts)]
    order = [part for part in parts if part in CLOSING or part == "lettering"]
    for step in CLOSING:
        if step not in order:
            behind = (at for at, part in enumerate(order) if part in CLOSING[CLOSING.index(step) :])
            order.insert(next(behind, len(order)), step)
    order.remove("depth")
    order.insert(order.index("composition") + 1, "depth")
    return order if "lettering" in order else ["lettering", *order]


def leads(parts: Sequence[str]) -> bool:
    """Whether the manner of the picture stands between the subject and what is around: a row names it before them."""
    return "place" in parts and "style" in parts[: parts.index("place")]


def assembled(
    text: str, subject: Sequence[str], surroundings: Sequence[str], closing: Sequence[Line], parts: Sequence[str],
    taken: Sequence[Option],
) -> str:  # fmt: skip
    """A text with further sentences, each where it belongs.

    subject: of the thing itself; surroundings: of what is around it; closing: of the picture, each with its step
    """
    moves = [line for step, line in closing if step == OPENS]
    styles = [line for step, line in closing if step == "style" and leads(parts)]
    order = order_of(parts)
    rest = [each for each in closing if each[1] not in (*moves, *styles)]
    rest.sort(key=lambda each: order.index(each[0]))
    first, *told = sentences_of(text)
    at = next((at for at, line in enumerate(told) if SURROUNDS.match(line)), None)
    if at is None:
        text = around.placed(" ".join([first, *moves, *told]), [*subject, *styles, *surroundings], taken)
    else:
        text = " ".join([first, *moves, *told[:at], *subject, *styles, *told[at:]])
        text = around.placed(text, surroundings, taken)
    return " ".join([text, *paired(rest)])


def paired(closing: Sequence[Line]) -> list[str]:
    """Sentences about the whole picture; short ones that belong together as one."""
    lines: list[Line] = []
    for step, line in closing:
        before = lines[-1] if lines else ("", "")
        framed = IN_FRAME.match(line)
        short = len(f"{before[1]} {line}".split()) <= LONGEST_PAIR and ", and " not in before[1] + line
        if step == "composition" and before[0] == "view" and framed and "," not in before[1]:
            lines[-1] = (step, f"{before[1].rstrip('.')}, {framed[1]}")
        elif (before[0], step) in PAIRS and short and "," not in before[1]:
            lines[-1] = (f"{step} too", f"{before[1].rstrip('.')}, and {lowered(step, line)}")
        else:
            lines.append((step, line))
    return [line for _, line in lines]


def lowered(step: str, line: str) -> str:
    """A sentence as it goes on behind "and": names, which only a view begins with, keep their capitals."""
    common = step != "view" or line.split()[0] in ("The", "A", "An", "It", "They", "She", "He")
    return line[0].lower() + line[1:] if common else line
