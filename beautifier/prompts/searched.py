"""An answer as it is searched: where it says which words, and what of it is taken already."""

import re

from .parentheses import PARENTHESIS
from .prose import is_prose
from .syntax import without_weight
from .words import fold_characters

_SENTENCE = re.compile(r"[.!?…][\"'”’)]?\s+")
_ARTICLE = re.compile(r"(?:^|(?<=[\s(]))(?:an?|the|one) $")


class Searched:
    """An answer prepared for searching: lowercase, of equal length, weights hidden behind NULs."""

    def __init__(self, plain: str):
        self.plain = plain
        lower = fold_characters(plain)
        self.in_sentences = is_prose(plain)
        self.groups: dict[str, list[tuple[int, int]]] = {}
        visible, depth, begin, shown = [], 0, 0, 0
        for found in PARENTHESIS.finditer(lower):
            depth += 1 if found[0] == "(" else -1
            if depth == 1 and found[0] == "(":
                begin = found.start()
            elif depth == 0:
                words = without_weight(lower[begin + 1 : found.start()]).strip()
                self.groups.setdefault(words, []).append((begin, found.end()))
                visible += [lower[shown:begin], "\0" * (found.end() - begin)]
                shown = found.end()
        self.text = "".join(visible) + lower[shown:]
        self.free = self.text  # the stretches that pieces have taken are hidden here too

    def find(self, words: str, start: int, end: int, free: bool = False) -> int:
        """Where `words` stand as whole words between `start` and `end`, or -1."""
        return place_of(words, self.free if free else self.text, start, end)

    def take(self, words: str, start: int, end: int) -> tuple[int, int] | None:
        """The first free stretch that says `words`, a whole weight included; it is free no longer."""
        for span in self.groups.get(words, []):
            if start <= span[0] and span[1] <= end:
                self.groups[words].remove(span)
                return span
        begin = self.find(words, start, end, free=True)
        if begin < 0:
            return None
        return self.hide(begin, begin + len(words))

    def take_as_written(self, words: str, start: int, end: int) -> tuple[int, int] | None:
        """The first free stretch that says `words` with the same capitals."""
        begin = self.plain.find(words, start, end)
        if begin < 0 or self.find(fold_characters(words), begin, begin + len(words), free=True) != begin:
            return None
        return self.hide(begin, begin + len(words))

    def with_article(self, span: tuple[int, int], start: int) -> tuple[int, int]:
        """A stretch and the article before it."""
        found = _ARTICLE.search(self.free, start, span[0])
        return self.hide(found.start(), span[1]) if found else span

    def hide(self, begin: int, end: int) -> tuple[int, int]:
        """A stretch, which is free no longer."""
        self.free = self.free[:begin] + "\0" * (end - begin) + self.free[end:]
        return begin, end

    def sentence_at(self, position: int) -> int:
        """Where the sentence begins that a place is in."""
        found = list(_SENTENCE.finditer(self.plain, 0, position))
        return found[-1].end() if found else 0

    def sentence_behind(self, position: int, end: int) -> int:
        """Where the next sentence begins at a place or behind it; `end` where none does."""
        found = _SENTENCE.search(self.plain, max(position - 2, 0), end)
        return found.end() if found else end

    def details(self, start: int, end: int) -> list[int]:
        """Where the comma-separated details between `start` and `end` begin, and `end`."""
        return [start, *(found.end() for found in re.compile(", ").finditer(self.free, start, end)), end]


def place_of(words: str, text: str, start: int, end: int) -> int:
    """Where `words` stand as whole words between `start` and `end` of a text, or -1."""
    position = text.find(words, start, end) if words else -1
    while position >= 0 and (_inside_word(text, position) or _inside_word(text, position + len(words))):
        position = text.find(words, position + 1, end)
    return position


def _inside_word(text: str, position: int) -> bool:
    """Whether `position` is inside a word; scripts written without blanks (CJK) have no inside."""
    before, after = text[max(position - 1, 0) : position], text[position : position + 1]
    return before.isalnum() and after.isalnum() and max(before, after) < "\u2e80"
