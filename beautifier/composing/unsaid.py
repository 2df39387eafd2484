"""Whether a phrase says what a text does not say yet, and how more is said of a thing that is told of."""

import re
from collections.abc import Sequence

from ..prompts import lexicon
from ..prompts.vocabulary import content, singular
from . import grammar
from .fitting import GENERIC, Option
from .sentences import as_sentence
from .thing import Thing

HAS = re.compile(r" (?:has|have) ")


def is_new(option: Option, text: str) -> bool:
    """Whether a phrase says what a text does not.

    A detail may name once more what the text only names: "brass propellers with worn blades" behind "its propellers
    spinning".
    """
    said = content(text)
    if option.words <= said:
        return False
    again = option.words & said - GENERIC
    if not again:
        return True
    if option.role != "detail" or len(again) > 1 or len(option.words - GENERIC) < 3 or option.words & lexicon.COLORS:
        return False
    if option.topics & lexicon.topics_of(text):
        return False
    head = option.phrase.split()[grammar.head_at(option.phrase)]
    if singular(head) not in again:
        return True
    named = rf"(?:\b(?:the|a|an|its|their|his|her|with|of|and|between|around|into)|,) {re.escape(singular(head))}"
    return len(re.findall(rf"\b{re.escape(singular(head))}", text)) == len(re.findall(named, text))


PAIRS = (("view", "light"), ("light", "view"), ("motion", "motion"))
LONGEST_PAIR = 24  # words


def paired(closing: Sequence[tuple[str, str]]) -> list[str]:
    """Sentences about the whole picture, each with its step; short ones that belong together as one."""
    lines: list[tuple[str, str]] = []
    for step, line in closing:
        before = lines[-1] if lines else ("", "")
        short = len(f"{before[1]} {line}".split()) <= LONGEST_PAIR and ", and " not in before[1] + line
        if (before[0], step) in PAIRS and short:
            lines[-1] = (f"{step} too", f"{before[1].rstrip('.')}, and {lowered(step, line)}")
        else:
            lines.append((step, line))
    return [line for _, line in lines]


def lowered(step: str, line: str) -> str:
    """A sentence as it goes on behind "and": names, which no light begins with, keep their capitals."""
    common = step == "light" or line.split()[0] in ("The", "A", "An", "It", "They", "She", "He")
    return line[0].lower() + line[1:] if common else line


def with_also(line: str, text: str, thing: Thing) -> str:
    """A sentence behind a text that tells more parts of a thing of which some are told: "The tiger also has"."""
    of, has, rest = re.split(r" (has|have) ", line, maxsplit=1) if HAS.search(line) else (line, "", "")
    again = "(?:It|They|She|He)|" if of == as_sentence(thing.again).rstrip(".") else ""
    subject = rf"(?:^|[.] )(?:{again}{re.escape(of)})"
    if has and re.search(rf"{subject} also {has}\b", text):
        return f"also seen {'are' if ' and ' in rest else 'is'} {rest}"
    return f"{of} also {has} {rest}" if has and re.search(rf"{subject} {has}\b", text) else line
