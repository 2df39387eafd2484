"""Text written without blanks: its words are the longest that a table has, and what none has stays as typed.

What Chinese and Japanese have in common: quoted text is held while the rest is read, and the words of a run are found.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

FIRST_HELD, LAST_HELD = 0xE000, 0xE0FF  # private characters stand for quoted text
QUOTE = re.compile(r"\"[^\"]*\"|“[^”]*”|「[^」]*」|『[^』]*』|《[^》]*》")
LONGEST, UNKNOWN_COST = 8, 8


@dataclass(frozen=True)
class Translation:
    """A prompt in English, and the parts that could not be read, which stand in it as typed."""

    english: str
    unread: tuple[str, ...] = ()


@dataclass(frozen=True)
class Token:
    """A word as typed (`text`), its sort (see the language's table; "?" where it is unknown) and its English."""

    sort: str
    english: str
    text: str


Read = Callable[[str, list[str]], str]  # a text in English; what of it could not be read is put on the list


@lru_cache(maxsize=2)
def table(path: Path) -> dict[str, tuple[str, str]]:
    """Folded words with their sort and English; of two rows the first is taken."""
    words: dict[str, tuple[str, str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            sort, english, names = line.split("\t")
            for name in names.split():
                words.setdefault(name.casefold(), (sort, english))
    return words


def translated(text: str, read: Read) -> Translation:
    """A prompt in English by what reads its text; quoted text stays as typed."""
    unread: list[str] = []
    quotes: list[str] = []

    def hold(match: re.Match) -> str:
        quotes.append(match[0])
        return chr(FIRST_HELD + len(quotes) - 1)

    english = read(QUOTE.sub(hold, text), unread)
    for index, quote in enumerate(quotes):
        english = english.replace(chr(FIRST_HELD + index), f" {quote} ")
    english = re.sub(r"\s+([,.;:!?])", r"\1", re.sub(r"\s+", " ", english)).strip(" ,")
    return Translation(english, tuple(dict.fromkeys(unread)))


def whole(run: str, read: Read, unread: list[str]) -> str:
    """A run in English where all of it can be read; else, a name most likely, as typed."""
    missed: list[str] = []
    english = read(run, missed)
    unread.extend(missed and [run])
    return run if missed else english


def tokens_of(run: str, token_of: Callable[[str], Token | None]) -> list[Token]:
    """The words of a run, as few and as long as may be, with the fewest unknown characters, each of these a token.

    token_of: the token of some characters; None where they are no word.
    """
    best = [(0.0, Token("?", "", ""), 0)] * (len(run) + 1)  # the cheapest way to an end: cost, last token, its start
    for end in range(1, len(run) + 1):
        char = run[end - 1]
        held = FIRST_HELD <= ord(char) <= LAST_HELD
        best[end] = (
            best[end - 1][0] + (1 if held else UNKNOWN_COST),
            Token("noun" if held else "?", char, char),
            end - 1,
        )
        for start in range(max(0, end - LONGEST), end):
            token = token_of(run[start:end])
            cost = best[start][0] + (1 if end - start > 1 else 1.6)
            if token and cost < best[end][0]:
                best[end] = (cost, token, start)
    found: list[Token] = []
    end = len(run)
    while end > 0:
        _, token, end = best[end]
        found.append(token)
    return found[::-1]


def with_unknown_joined(tokens: list[Token], tied: Callable[[Token, Token], bool] = lambda *_: False) -> list[Token]:
    """Tokens with unknown ones that stand together as one; tied: whether one goes with an unknown one beside it."""
    found: list[Token] = []
    for token in tokens:
        before = found[-1] if found else None
        if before and "?" in (before.sort, token.sort) and (before.sort == token.sort or tied(before, token)):
            found[-1] = Token("?", before.text + token.text, before.text + token.text)
        else:
            found.append(token)
    return found
