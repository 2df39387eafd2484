"""Score and quality tags of other image models, left out of a pasted prompt."""

import re
from functools import lru_cache

from ..prompts.words import fold
from ..targets.table import TARGETS
from ..targets.target import Target
from .dress import IS_WORDS

SCORE = re.compile(r"(?:score|source|rating)[_ ]\w+")
SYSTEM_LINE = re.compile(r"^\s*You are an assistant\b[^<]{0,300}<Prompt Start>\s*", re.IGNORECASE)
DIVIDES = re.compile(r"(,\s*|\n\s*)")


def without_foreign(prompt: str, target: Target) -> tuple[str, tuple[str, ...]]:
    """A prompt without the words that other rows put around theirs, and these words.

    For a model that reads phrases only scores go: quality words do no harm there. Where nothing else is said, all
    stays.
    """
    line = SYSTEM_LINE.match(prompt)
    prompt = prompt[line.end() :] if line else prompt
    own = words_around(target)
    kept, gone = [], []
    for part in DIVIDES.split(prompt):
        word = fold(part)
        foreign = word in all_words_around() if target.style != "phrases" else False
        if part.strip() and word not in own and (foreign or SCORE.fullmatch(word.replace(" ", "_"))):
            gone.append(part.strip())
            if kept and DIVIDES.fullmatch(kept[-1]):
                kept.pop()
        elif part and not (DIVIDES.fullmatch(part) and not kept):
            kept.append(part)
    left = "".join(kept).strip()
    return (left, tuple(gone)) if gone and left.strip(", \n") else (prompt, ())


@lru_cache(maxsize=64)
def words_around(target: Target) -> frozenset[str]:
    """The folded words that a row puts before and behind a prompt, where they are a list."""
    lists = [words for words in (target.before, target.behind) if words and not IS_WORDS.search(words)]
    return frozenset(fold(word) for words in lists for word in words.split(", "))


@lru_cache(maxsize=1)
def all_words_around() -> frozenset[str]:
    """The words that any image model wants before or behind a prompt."""
    return frozenset().union(*map(words_around, TARGETS.values()))
