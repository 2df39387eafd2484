"""The words of a prompt, and how they are compared: Unicode is folded here and nowhere else.

Folding serves comparison alone. What a person typed is never changed by it.
"""

import re
import unicodedata
from functools import lru_cache

STOP_WORDS = frozenset(
    "a an the and or of in on at by to for from with without as is are its his her their this that it into"
    " over under up".split()
)
WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")

# Letters and marks that Unicode does not take apart, and some that it would take apart into other ones.
_PLAIN = {
    "ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ħ": "h", "Ħ": "H", "ŧ": "t", "Ŧ": "T", "ı": "i",
    "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "þ": "th", "Þ": "Th", "ð": "d", "Ð": "D",
    "¿": "", "¡": "", "⁄": "/", "º": "°", "˚": "°", "ª": "a", "™": "", "…": "...",
}  # fmt: skip
_PLAIN |= dict.fromkeys("‘’‚‛′‵ʹʻʼʽ´`ˈ＇", "'") | dict.fromkeys("“”„‟″‶«»＂", '"')
_PLAIN |= dict.fromkeys("‐‑‒–—―−﹘﹣－", "-")
# Accents, selectors of emoji, and what is not seen at all.
_UNSEEN = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u20d0-\u20ff\ufe00-\ufe0f\u00ad\u200b-\u200d\u2060\ufeff]")


class _Characters(dict):
    """A table for str.translate that finds what each character is replaced with when it is first seen."""

    def __init__(self, find):
        self.find = find

    def __missing__(self, code: int) -> str:
        self[code] = self.find(chr(code))
        return self[code]


def _plain_character(char: str) -> str:
    if char.isascii():
        return char
    if char in _PLAIN:
        return _PLAIN[char]
    taken_apart = "".join(_PLAIN.get(each, each) for each in unicodedata.normalize("NFKD", char))
    return unicodedata.normalize("NFC", _UNSEEN.sub("", taken_apart))


def _searched_character(char: str) -> str:
    for found in (_PLAIN_CHARACTERS[ord(char)].lower(), char.lower()):
        if len(found) == 1:
            return found
    return char


_PLAIN_CHARACTERS = _Characters(_plain_character)
_SEARCHED_CHARACTERS = _Characters(_searched_character)


def plain(text: str) -> str:
    """A text without accents, with straight quotes, hyphens for dashes, and narrow letters: "Łódź’s" -> "Lodz's".

    Letters of other scripts, case and blanks stay.
    """
    return text if text.isascii() else text.translate(_PLAIN_CHARACTERS)


@lru_cache(maxsize=8192)
def fold(text: str) -> str:
    """A text as it is compared: `plain`, lower case, underscores and hyphens as blanks, single blanks."""
    return " ".join(plain(text).casefold().replace("_", " ").replace("-", " ").split())


def fold_characters(text: str) -> str:
    """A text of the same length as it is searched: each character plain and in lower case where that is one
    character, underscores as blanks."""
    return (text.lower() if text.isascii() else text.translate(_SEARCHED_CHARACTERS)).replace("_", " ")


def small(text: str) -> str:
    """A text in small letters, of which none is taken apart or made another: "İzmir" is "izmir", "ß" and "ς" stay."""
    return text.lower().replace("i\u0307", "i")


def content_words(text: str) -> list[str]:
    """The words of a text that carry its meaning, plain and in lower case: no articles, no prepositions."""
    return [word for word in WORD.findall(plain(text).casefold()) if word not in STOP_WORDS]


def word_set(text: str) -> frozenset:
    """The words of a text, each once."""
    return frozenset(text.split())
