"""Japanese prompts in English words, for image models that read English: by a table of words and their endings.

Longest match without blanks, then the order of English (`japanese_order`). What no row of `japanese.tsv` has is kept
as typed and reported.
"""

import re
from dataclasses import replace
from pathlib import Path

from .japanese_order import in_english
from .unspaced import Token, Translation, table, tokens_of, translated, whole, with_unknown_joined

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


def translate(text: str) -> Translation:
    """A prompt with its Japanese parts in English. Quoted text and what is not Japanese stays as typed."""
    done = translated(text, _plain)
    return replace(done, english=done.english.strip(" ,."))


def _plain(text: str, unread: list[str]) -> str:
    """Text with its quotes held: each run with Japanese characters in English."""
    text = text.translate(MARKS)
    if len(re.findall(r"[A-Za-z]", text)) > len(re.findall(rf"[{CHARACTERS}]", text)):  # a name in an English prompt
        return RUN.sub(lambda match: whole(match[0], _run, unread), text)
    return RUN.sub(lambda match: f" {_run(match[0], unread)} ", text)


def _run(run: str, unread: list[str]) -> str:
    tokens = with_unknown_joined(tokens_of(run, _token), _is_one_foreign_word)
    unread += [token.text for token in tokens if token.sort == "?"]
    return in_english(tokens)


def _is_one_foreign_word(before: Token, token: Token) -> bool:
    """Whether katakana go on from one token to the next: a foreign word is known as a whole or not at all."""
    return bool(KATAKANA.fullmatch(before.text[-1]) and KATAKANA.fullmatch(token.text[0]))


def _token(part: str) -> Token | None:
    known, name = table(TABLE), part.casefold()
    if name in known and known[name][0] not in NO_CHANGE:
        return Token(*known[name], part)
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
