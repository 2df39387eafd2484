"""Chinese prompts in English words, for image models that read English: by the entries' Chinese names and a table.

Longest match without blanks, then the order of English (`chinese_order`). What no name and no row of `chinese.tsv`
has is kept as typed and reported.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from .chinese_order import Token, in_english
from .entries import Entries

TABLE = Path(__file__).with_name("chinese.tsv")
HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
HELD = 0xE000  # private characters stand for quoted text
QUOTE = re.compile(r"\"[^\"]*\"|“[^”]*”|「[^」]*」|『[^』]*』|《[^》]*》")
RUN = re.compile(
    r"[\ue000-\ue0ff\u3400-\u9fff\uf900-\ufaff0-9０-９A-Za-z]*[\u3400-\u9fff\uf900-\ufaff]+[\ue000-\ue0ff\u3400-\u9fff\uf900-\ufaff0-9０-９A-Za-z]*"
)
MARKS = str.maketrans("，。；：！？、（）【】", ",.;:!?,()[]")
LONGEST, UNKNOWN_COST = 8, 8


@dataclass(frozen=True)
class Translation:
    """A prompt in English, and the parts that could not be read, which stand in it as typed."""

    english: str
    unread: tuple[str, ...] = ()


@lru_cache(maxsize=1)
def small_words() -> dict[str, tuple[str, str]]:
    """Chinese words with their sort and English; of two rows the first is taken."""
    words: dict[str, tuple[str, str]] = {}
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            sort, english, names = line.split("\t")
            for name in names.split():
                words.setdefault(name.casefold(), (sort, english))
    return words


def is_chinese(text: str) -> bool:
    """Whether a text has Han characters and no kana: then it is read as Chinese."""
    return bool(HAN.search(text)) and not re.search(r"[\u3040-\u30ff]", text)


def translate(text: str, entries: Entries) -> Translation:
    """A prompt with its Chinese parts in English. Quoted text and what is not Chinese stays as typed."""
    if not is_chinese(text):
        return Translation(text)
    unread: list[str] = []
    quotes: list[str] = []

    def hold(match: re.Match) -> str:
        quotes.append(match[0])
        return chr(HELD + len(quotes) - 1)

    held = QUOTE.sub(hold, text)
    english = _plain(held, entries, unread)
    for index, quote in enumerate(quotes):
        english = english.replace(chr(HELD + index), f" {quote} ")
    english = re.sub(r"\s+([,.;:!?])", r"\1", re.sub(r"\s+", " ", english)).strip(" ,")
    return Translation(english, tuple(dict.fromkeys(unread)))


def _plain(text: str, entries: Entries, unread: list[str]) -> str:
    """Text with its quotes held: each run with Han characters in English."""
    if len(re.findall(r"[A-Za-z]", text)) > len(HAN.findall(text)):  # Chinese words in an English prompt
        return re.sub(r"[\u3400-\u9fff]{2,}", lambda match: _whole(match[0], entries, unread), text)
    spaced = text.translate(MARKS)
    spaced = re.sub(
        r"(?<![\u3400-\u9fff])([\u3400-\u9fff](?: [\u3400-\u9fff])+)(?![\u3400-\u9fff])", _closed_up, spaced
    )
    if re.search(r"(?:^|\s)[在的和与上里](?=\s|$)", spaced):  # word by word, as some write it
        spaced = re.sub(r"(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff])", "", spaced)
    spaced = re.sub(r"(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff])", ", ", spaced)
    spaced = re.sub(r",(?=\S)", ", ", spaced)
    return RUN.sub(lambda match: f" {_run(match[0], entries, unread)} ", spaced)


def _whole(run: str, entries: Entries, unread: list[str]) -> str:
    """A run in English where all of it can be read; else, a name most likely, as typed."""
    missed: list[str] = []
    words = _run(run, entries, missed)
    unread.extend(missed and [run])
    return run if missed else words


def _closed_up(match: re.Match) -> str:
    return match[1].replace(" ", "")


def _run(run: str, entries: Entries, unread: list[str]) -> str:
    tokens = _tokens(run, entries)
    unread += [token.text for token in tokens if token.sort == "?"]
    return in_english(tokens)


def _tokens(run: str, entries: Entries) -> list[Token]:
    """The words of a run, as few and as long as may be, with the fewest unknown characters; those that stand together
    are one token of the sort "?".
    """
    small, names = small_words(), entries.by_zh
    best = [(0.0, Token("?", "", ""), 0)] * (len(run) + 1)  # the cheapest way to an end: cost, last token, its start
    for end in range(1, len(run) + 1):
        char = run[end - 1]
        held = "\ue000" <= char <= "\ue0ff"
        best[end] = (
            best[end - 1][0] + (1 if held else UNKNOWN_COST),
            Token("noun" if held else "?", char, char),
            end - 1,
        )
        for start in range(max(0, end - LONGEST), end):
            token = _token(run[start:end].casefold(), run[start:end], small, names)
            cost = best[start][0] + (1 if end - start > 1 else 1.6)
            if token and cost < best[end][0]:
                best[end] = (cost, token, start)
    found: list[Token] = []
    end = len(run)
    while end > 0:
        _, token, end = best[end]
        if token.sort == "?" and found and found[0].sort == "?":
            found[0] = Token("?", token.text + found[0].text, token.text + found[0].text)
        else:
            found.insert(0, token)
    return [
        t for i, t in enumerate(found) if not (t.text == "在" and i + 1 < len(found) and found[i + 1].sort == "verb")
    ]


def _token(part: str, typed: str, small: dict, names: dict) -> Token | None:
    if part in small:
        sort, english = small[part]
        return Token(sort, english, typed)
    entry = names.get(part)
    if entry is not None:
        sort = {"medium": "medium", "quality": "adj", "action": "verb"}.get(entry.sort, "noun")
        return Token(sort, entry.subject, typed)
    if part.isascii() and part.isalnum() and len(part) > 1 and not re.search(r"\d", part):
        return Token("noun", typed, typed)
    return None
