"""Chinese prompts in English words, for image models that read English: by the entries' Chinese names and a table.

Longest match without blanks, then a little grammar: what stands before 的 describes what stands behind it, 在 ... 上 is
"on ...". What no name and no row of `chinese.tsv` has is kept as typed and reported.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ..prompts.vocabulary import NUMBERS
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
ON = frozenset(
    "coast beach street mountain roof rooftop table windowsill road bridge prairie hill sofa bed chair".split()
)


@dataclass(frozen=True)
class Translation:
    """A prompt in English, and the parts that could not be read, which stand in it as typed."""

    english: str
    unread: tuple[str, ...] = ()


@dataclass(frozen=True)
class Token:
    """A word of Chinese: its sort (see `chinese.tsv`), its English, and itself."""

    sort: str
    english: str
    text: str


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
    return _english(tokens)


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


# -- grammar


def _english(tokens: list[Token]) -> str:
    """Tokens in English order: numbers and descriptions before their noun, clauses and places behind it."""
    tokens = _without_measures([token for token in tokens if token.sort != "drop"])
    tokens = _made_of(tokens)
    groups: list[list[Token]] = [[]]
    for token in tokens:
        if token.sort == "of":
            groups.append([])
        else:
            groups[-1].append(token)
    groups = [group for group in groups if group]
    merged: list[list[Token]] = []
    for group in groups:  # 穿着红色的裙子的女孩: what ends in a description goes on
        if (
            merged
            and any(t.sort in ("verb", "with") for t in merged[-1])
            and merged[-1][-1].sort in ("adj", "col", "num")
        ):
            merged[-1] = merged[-1] + group
        else:
            merged.append(group)
    if not merged:
        return ""
    *describing, last = merged
    front, behind, number = [], [], []
    for group in describing:
        lead = group[0]
        if lead.sort == "num" and len(group) > 1:
            number, group = [lead], group[1:]
        if any(token.sort in ("verb", "with") for token in group):
            behind.append(_clause(group))
        elif group[0].sort in ("not", "view"):
            behind.append(f", {_clause(group)}")
        elif group[0].sort == "time" or group[-1].sort == "at":
            behind.append(_clause(group))
        else:
            front += group
    if last[0].sort == "num":
        number, last = [last[0]], last[1:]
    return _noun_first(number + front + last, behind).replace(" ,", ",")


def _made_of(tokens: list[Token]) -> list[Token]:
    """Tokens with "made of" before its material, as English has it: 玻璃做的 is "made of glass"."""
    for index in range(1, len(tokens)):
        before, token = tokens[index - 1], tokens[index]
        particle = [Token("of", "", "的")] if token.text.endswith("的") else []
        last = particle or index + 1 == len(tokens) or tokens[index + 1].sort == "of"
        if token.english == "made of" and last and before.sort in ("noun", "adj"):
            material = Token("noun", before.english, before.text)
            return [*tokens[: index - 1], token, material, *particle, *tokens[index + 1 :]]
    return tokens


def _noun_first(tokens: list[Token], behind: list[str]) -> str:
    """A phrase that begins with its noun phrase, with clauses put behind that noun."""
    at = next((i for i, token in enumerate(tokens) if token.sort in ("noun", "?") and not _goes_on(tokens, i)), None)
    if at is None or any(token.sort in ("verb", "with", "time") for token in tokens[:at]):
        return " ".join(filter(None, [_clause(tokens), *behind]))
    rest = tokens[at + 1 :]
    medium = [token.english for token in rest if token.sort == "medium"]
    rest = [token for token in rest if token.sort != "medium"]
    head = _noun_phrase(tokens[: at + 1])
    text = " ".join(filter(None, [head, *behind, _clause(rest)]))
    return ", ".join([text, *medium])


def _goes_on(tokens: list[Token], index: int) -> bool:
    """Whether the next word belongs to the same noun: 森林小屋 is "forest house"."""
    return index + 1 < len(tokens) and tokens[index + 1].sort in ("noun", "?", "adj", "col")


def _noun_phrase(tokens: list[Token]) -> str:
    """Number, descriptions and nouns in order, with an article for one thing."""
    number = next((token for token in tokens if token.sort == "num"), None)
    rest = [token.english for token in tokens if token.sort != "num"]
    words = " ".join(rest)
    if number is None or not words:
        return words
    if number.english == "1":
        return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"
    many = number.english
    if many.isdecimal() and int(many) < len(NUMBERS):
        many = NUMBERS[int(many)]
    return f"{many} {_plural(words)}"


def _plural(words: str) -> str:
    if words.endswith(("s", "people", "sheep", "fish", "deer", "children", "men", "women")):
        return words
    for one, more in (
        ("child", "children"),
        ("woman", "women"),
        ("man", "men"),
        ("mouse", "mice"),
        ("leaf", "leaves"),
        ("wolf", "wolves"),
    ):
        if words.endswith(one):
            return words.removesuffix(one) + more
    if words.endswith(("x", "ch", "sh")):
        return words + "es"
    if words.endswith("y") and words[-2:-1] not in "aeiou":
        return words[:-1] + "ies"
    return words + "s"


def _clause(tokens: list[Token]) -> str:
    """Verbs, places and what is behind them, in English order."""
    found: list[str] = []
    index = 0
    noun: list[Token] = []
    place = ""

    def flush(preposition: str = "") -> None:
        nonlocal noun
        if noun:
            words = _noun_phrase(noun)
            if preposition and noun[0].sort != "num" and not words.startswith(("a ", "an ", "the ")):
                words = words if words.endswith("s") else f"the {words}"
                last = words.split()[-1]
                if preposition == "in":
                    preposition = "on" if last in ON else "by" if last.endswith("side") else "in"
            found.append(f"{preposition} {words}".strip())
            noun = []

    while index < len(tokens):
        token = tokens[index]
        if token.sort == "with" or (token.sort == "verb" and token.text.endswith("在")):
            flush()
            if token.sort == "verb":
                found.append(token.english)
            place = "in"
        elif token.sort == "at":
            flush(token.english)
            place = ""
        elif token.sort in ("verb", "time", "view", "and", "not", "medium"):
            flush(place)
            place = ""
            found.append(", " + token.english if token.sort in ("view", "medium") and found else token.english)
        else:
            noun.append(token)
        index += 1
    flush(place)
    if len(tokens) > 1 and tokens[-1].sort == "verb" and tokens[0].sort in ("with", "noun") and len(found) == 2:
        found.reverse()  # 在草原上奔跑 is "running on the prairie"
    return re.sub(r"\b(\w+) \1\b", r"\1", " ".join(found).replace(" ,", ","))


def _without_measures(tokens: list[Token]) -> list[Token]:
    """Tokens without the measure words behind numbers."""
    return [t for i, t in enumerate(tokens) if not (t.sort == "mea" and i and tokens[i - 1].sort == "num")]
