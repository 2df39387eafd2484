"""Chinese prompts in English words, for image models that read English: by the entries' Chinese names and a table.

Longest match without blanks, then the order of English (`chinese_order`). What no name and no row of `chinese.tsv`
has is kept as typed and reported.
"""

import re
from pathlib import Path

from .chinese_order import in_english
from .entries import Entries
from .unspaced import Token, Translation, table, tokens_of, translated, whole, with_unknown_joined

TABLE = Path(__file__).with_name("chinese.tsv")
HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
RUN = re.compile(
    r"[\ue000-\ue0ff\u3400-\u9fff\uf900-\ufaff0-9０-９A-Za-z]*[\u3400-\u9fff\uf900-\ufaff]+[\ue000-\ue0ff\u3400-\u9fff\uf900-\ufaff0-9０-９A-Za-z]*"
)
MARKS = str.maketrans("，。；：！？、（）【】", ",.;:!?,()[]")


def is_chinese(text: str) -> bool:
    """Whether a text has Han characters and no kana: then it is read as Chinese."""
    return bool(HAN.search(text)) and not re.search(r"[\u3040-\u30ff]", text)


def translate(text: str, entries: Entries) -> Translation:
    """A prompt with its Chinese parts in English. Quoted text and what is not Chinese stays as typed."""
    if not is_chinese(text):
        return Translation(text)
    return translated(text, lambda held, unread: _plain(held, entries, unread))


def _plain(text: str, entries: Entries, unread: list[str]) -> str:
    """Text with its quotes held: each run with Han characters in English."""

    def read(run: str, unread: list[str]) -> str:
        return _run(run, entries, unread)

    if len(re.findall(r"[A-Za-z]", text)) > len(HAN.findall(text)):  # Chinese words in an English prompt
        return re.sub(r"[\u3400-\u9fff]{2,}", lambda match: whole(match[0], read, unread), text)
    spaced = text.translate(MARKS)
    spaced = re.sub(
        r"(?<![\u3400-\u9fff])([\u3400-\u9fff](?: [\u3400-\u9fff])+)(?![\u3400-\u9fff])", _closed_up, spaced
    )
    if re.search(r"(?:^|\s)[在的和与上里](?=\s|$)", spaced):  # word by word, as some write it
        spaced = re.sub(r"(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff])", "", spaced)
    spaced = re.sub(r"(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff])", ", ", spaced)
    spaced = re.sub(r",(?=\S)", ", ", spaced)
    return RUN.sub(lambda match: f" {read(match[0], unread)} ", spaced)


def _closed_up(match: re.Match) -> str:
    return match[1].replace(" ", "")


def _run(run: str, entries: Entries, unread: list[str]) -> str:
    tokens = with_unknown_joined(tokens_of(run, lambda part: _token(part, entries)))
    unread += [token.text for token in tokens if token.sort == "?"]
    following = [token.sort for token in tokens[1:]] + [""]
    return in_english(
        [token for token, then in zip(tokens, following, strict=True) if token.text != "在" or then != "verb"]
    )


def _token(part: str, entries: Entries) -> Token | None:
    known, name = table(TABLE), part.casefold()
    if name in known:
        return Token(*known[name], part)
    entry = entries.by_zh.get(name)
    if entry is not None:
        sort = {"medium": "medium", "quality": "adj", "action": "verb"}.get(entry.sort, "noun")
        return Token(sort, entry.subject, part)
    if part.isascii() and part.isalnum() and len(part) > 1 and not re.search(r"\d", part):
        return Token("noun", part, part)
    return None
