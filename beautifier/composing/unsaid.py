"""Whether a phrase says what a text does not say yet, and how more is said of a thing that is told of."""

import re

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


def with_also(line: str, text: str, thing: Thing) -> str:
    """A sentence behind a text that tells more parts of a thing of which some are told: "The tiger also has"."""
    of, has, rest = re.split(r" (has|have) ", line, maxsplit=1) if HAS.search(line) else (line, "", "")
    again = "(?:It|They|She|He)|" if of == as_sentence(thing.again).rstrip(".") else ""
    subject = rf"(?:^|[.] )(?:{again}{re.escape(of)})"
    if has and re.search(rf"{subject} also {has}\b", text):
        return f"also seen {'are' if ' and ' in rest else 'is'} {rest}"
    return f"{of} also {has} {rest}" if has and re.search(rf"{subject} {has}\b", text) else line
