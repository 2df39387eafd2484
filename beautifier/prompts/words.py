"""The words of a prompt that carry its meaning."""

import re

STOP_WORDS = frozenset(
    "a an the and or of in on at by to for from with without as is are its his her their this that it into"
    " over under up".split()
)
WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


def content_words(text: str) -> list[str]:
    """The words of a text that carry its meaning, lower case: no articles, no prepositions."""
    return [word for word in WORD.findall(text.lower()) if word not in STOP_WORDS]


def word_set(text: str) -> frozenset:
    return frozenset(text.split())
