"""What of an answer may stay before a raw prompt's syntax comes back: words and balanced weights, nothing else."""

import re
import unicodedata

from .syntax import PARENTHESIS, Piece, SetAside, close_weights, one_line, read_tokens, usable
from .syntax_table import DIVIDES, TABLE
from .words import WORD, plain

# What a model's answer may not contain but weights.
_NOISE = re.compile(
    r"<[^<>]{0,400}>|embedding\s{0,9}:\s?[^\s,()]*|[<>{}\[\]]|_{2,}|(?<!\w)\$(?=[A-Za-z_])|(?<!\S):\s?[+-]?\d*\.?\d+",
    re.IGNORECASE,
)
_MAY_BE_NOISE = re.compile(r"[<>{}\[\]:$]|__")
_KEYWORDS = re.compile(
    r"(?<!\w)(?:BREAK|AND(?:_[A-Z]+)?|COUPLE|ADD(?:COMM|COL|ROW|BASE|P)|[A-Z][A-Z0-9_]+(?=\())(?![^\W_])"
)
_EMOTICONS = [re.compile(row.pattern) for row in TABLE if row.kind.startswith("emoticon")]
_MAY_BE_EMOTICON = re.compile(r"[:;=<>^|¯][^\s\w]|(?:^|[\s,(|{\[])[:;=][A-Za-z3]|[><^|;\\]|\S_\S|D:")
_COMMENT_SIGN = re.compile(r"(?:^|(?<=, ))#+(?!(?:[0-9a-fA-F]{3,4}){1,2}(?!\w))\s*")
# A number behind a word, which before AND or at the end would weigh a section.
_WEIGHT_OF_SECTION = re.compile(r"(?<!\d):\s?[+-]?\d*\.?\d+(?=[\s,;]|$)")
_EMPTY_GROUP = re.compile(r"\(\s*(?::\s?\d?\.?\d{0,9})?\s*\)")


def tame(answer: str, pieces: tuple[Piece, ...], weights: bool) -> str:
    """`answer` as one line in which nothing but balanced weights is syntax, and no piece's text occurs."""
    text = usable(answer)
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    text = _without_emoticons(text)
    if "\\" in text:
        text = re.sub(r"\\[()]?", "", text)
    if _MAY_BE_NOISE.search(text):
        text = _without_emoticons(_NOISE.sub(" ", text))  # noise may have hidden one
    text = re.sub(r"[/*]{2,}", lambda run: " " if "/" in run[0] else run[0], text)
    text = _KEYWORDS.sub(lambda word: word[0].lower(), text)
    text = one_line(text)
    if "#" in text:
        text = _COMMENT_SIGN.sub("", text)
    if "(" in text or ")" in text:
        text = _with_weights(text, pieces, weights)
    if ":" in text and any(piece.treatment == DIVIDES for piece in pieces):
        text = _WEIGHT_OF_SECTION.sub("", text)
    return text


def _without_emoticons(text: str) -> str:
    if _MAY_BE_EMOTICON.search(text):
        for emoticon in _EMOTICONS:
            text = emoticon.sub(" ", text)
    return text


def _with_weights(text: str, pieces: tuple[Piece, ...], weights: bool) -> str:
    """`text` with the weights that balance, where there are to be any, and none that the user has given; else
    without parentheses."""
    if weights and PARENTHESIS.search(text):
        balanced = "".join(token for _, token in close_weights(read_tokens(text)))
        for _ in range(3):  # an empty group may have been the whole of another
            balanced = _EMPTY_GROUP.sub(" ", balanced)
        if not any(piece.text in balanced for piece in pieces if piece.kind == "weight"):
            return one_line(balanced)
    return one_line(re.sub(r"(?::\s?\d*\.?\d{1,9}\s?)?\)|\(", " ", text))


def accented(answer: str, aside: SetAside) -> str:
    """`answer` in which words have the accents that they were typed with."""
    typed = {}
    for part in aside.parts:
        if isinstance(part, str) and not part.isascii():
            for word in WORD.findall(unicodedata.normalize("NFC", part)):
                if not word.isascii() and plain(word).isascii():
                    typed[plain(word).lower()] = word
    if not typed:
        return answer
    return WORD.sub(lambda found: _in_case_of(found[0], typed.get(found[0].lower(), found[0])), answer)


def _in_case_of(word: str, typed: str) -> str:
    """A typed word as a sentence begins, where `word` does."""
    return typed[0].upper() + typed[1:] if word[:1].isupper() else typed
