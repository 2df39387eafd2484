"""Japanese prompts in English words, for image models that read English: by a table of words and their endings.

Longest match without blanks, then the order of English (`japanese_order`). What no row of `japanese.tsv` has is kept
as typed and reported.
"""

import re
from functools import lru_cache
from pathlib import Path

from .chinese import HELD, LONGEST, QUOTE, UNKNOWN_COST, Translation
from .chinese_order import Token
from .japanese_order import in_english

TABLE = Path(__file__).with_name("japanese.tsv")
KATAKANA = re.compile(r"[\u30a1-\u30ff]")
KANA = re.compile(r"[\u3041-\u309f\u30a1-\u30ff]")
CHARACTERS = r"\u3005\ue000-\ue0ff\u3041-\u309f\u30a1-\u30ff\u3400-\u9fff\uf900-\ufaff0-9０-９"
RUN = re.compile(rf"[{CHARACTERS}A-Z]*[\u3041-\u309f\u30a1-\u30ff\u3400-\u9fff]+[{CHARACTERS}A-Z]*")
MARKS = str.maketrans("，。；：！？、（）【】・\u3000", ",.;:!?,()[]  ")
# What may stand behind the stem of a verb: "読んでいる", "座った", "歩く".
ENDING = re.compile(
    r"(?:[いっんし]?[てで](?:い(?:る|た|ます)|る|た)?|[いっん]?[ただ]|[うくぐすつぬぶむるい]|[いきぎしちにびみりえ]?(?:る|た|ます)"
    r"|する|した|して(?:いる|る)?|(?:れ|され|られ)て(?:いる|る)?|ちる|ちている|[っれ]ている)?"
)
PARTICLES = {
    "の": "no", "を": "wo", "が": "ga", "は": "ga", "も": "ga", "に": "ni", "へ": "ni", "で": "de", "にて": "de",
    "から": "from", "と": "and", "や": "and", "そして": "and", "と一緒に": "and", "な": "drop", "くて": "drop",
    "なし": "not", "ない": "not", "無し": "not", "いない": "not", "のない": "not", "がない": "not", "のいない": "not",
}  # fmt: skip
NO_CHANGE = frozenset(("verb", "ride"))


def is_japanese(text: str) -> bool:
    """Whether a text has kana."""
    return bool(KANA.search(text))


@lru_cache(maxsize=1)
def words() -> dict[str, tuple[str, str]]:
    """Japanese words with their sort and English; of two rows the first is taken. Of verbs they are the stems."""
    found: dict[str, tuple[str, str]] = {}
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            sort, english, names = line.split("\t")
            for name in names.split():
                found.setdefault(name, (sort, english))
    return found


def translate(text: str) -> Translation:
    """A prompt with its Japanese parts in English. Quoted text and what is not Japanese stays as typed."""
    unread: list[str] = []
    quotes: list[str] = []

    def hold(match: re.Match) -> str:
        quotes.append(match[0])
        return chr(HELD + len(quotes) - 1)

    held = QUOTE.sub(hold, text).translate(MARKS)
    if len(re.findall(r"[A-Za-z]", held)) > len(re.findall(rf"[{CHARACTERS}]", held)):  # a name in an English prompt
        english = RUN.sub(lambda match: _whole(match[0], unread), held)
    else:
        english = RUN.sub(lambda match: f" {_run(match[0], unread)} ", held)
    for index, quote in enumerate(quotes):
        english = english.replace(chr(HELD + index), f" {quote} ")
    english = re.sub(r"\s+([,.;:!?])", r"\1", re.sub(r"\s+", " ", english)).strip(" ,.")
    return Translation(english, tuple(dict.fromkeys(unread)))


def _whole(run: str, unread: list[str]) -> str:
    """A run in English where all of it can be read; else, a name most likely, as typed."""
    missed: list[str] = []
    english = _run(run, missed)
    unread.extend(missed and [run])
    return run if missed else english


def _run(run: str, unread: list[str]) -> str:
    tokens = tokens_of(run)
    unread += [token.text for token in tokens if token.sort == "?"]
    return in_english(tokens)


def tokens_of(run: str) -> list[Token]:
    """The words of a run, as few and as long as may be, with the fewest unknown characters; those that stand together
    are one token of the sort "?".
    """
    best = [(0.0, Token("?", "", ""), 0)] * (len(run) + 1)  # the cheapest way to an end: cost, last token, its start
    for end in range(1, len(run) + 1):
        held = "\ue000" <= run[end - 1] <= "\ue0ff"
        unknown = Token("noun" if held else "?", run[end - 1], run[end - 1])
        best[end] = (best[end - 1][0] + (1 if held else UNKNOWN_COST), unknown, end - 1)
        for start in range(max(0, end - LONGEST), end):
            token = _token(run[start:end])
            cost = best[start][0] + (1 if end - start > 1 else 1.6)
            if token and cost < best[end][0]:
                best[end] = (cost, token, start)
    found: list[Token] = []
    end = len(run)
    while end > 0:
        _, token, end = best[end]
        found.insert(0, token)
    return _joined(found)


def _joined(tokens: list[Token]) -> list[Token]:
    """Tokens with unknown ones that stand together as one: a foreign word is known as a whole or not at all."""
    found: list[Token] = []
    for token in tokens:
        before = found[-1] if found else None
        foreign = before and KATAKANA.fullmatch(before.text[-1]) and KATAKANA.fullmatch(token.text[0])
        if before and "?" in (before.sort, token.sort) and (foreign or before.sort == token.sort):
            found[-1] = Token("?", before.text + token.text, before.text + token.text)
        else:
            found.append(token)
    return found


def _token(part: str) -> Token | None:
    known = words()
    if part in known and known[part][0] not in NO_CHANGE:
        return Token(*known[part], part)
    if part in PARTICLES:
        return Token(PARTICLES[part], "", part)
    if part[-1] in "なく" and known.get(part[:-1], ("",))[0] == "adj":
        return Token(*known[part[:-1]], part)
    for cut in range(len(part), 0, -1):
        sort, english = known.get(part[:cut], ("", ""))
        if sort in NO_CHANGE and cut < len(part) and ENDING.fullmatch(part[cut:]):
            return Token(sort, english, part)
    if part.isascii() and part.isalpha():
        return Token("noun", part, part)
    return None
