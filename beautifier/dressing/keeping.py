"""Words that must be in a candidate letter for letter: put in where an answer has them not, or not so."""

import re

from ..prompts.prose import is_prose
from ..prompts.syntax import Piece, set_aside
from ..prompts.syntax_table import HIDDEN, LINE
from ..wishes.words import TAG_COUNT

FIRST_SENTENCE = re.compile(r'[^.!?"“”]*(?:"[^"]*"[^.!?"“”]*)*(?=[.!?](?:\s|$))')
FIRST_TAGS = frozenset(["solo", "no humans"])


def with_kept(text: str, keep: tuple[str, ...], style: str) -> str:
    """A text with every word to keep in it: as it is written there, where only the letter case differs; the others
    behind the counts of people among tags, else behind the first phrase, or at the end of the first sentence.
    """
    missing = []
    for word in keep:
        if not has(text, word):
            same = as_written(text, word)
            missing += [] if same else [word]
            text = same or text
    return inserted(text, ", ".join(missing), style) if missing else text


def has(text: str, word: str) -> bool:
    """Whether a text has a word letter for letter, and not only in the name of a network or a comment."""
    if not set_aside(word).words:
        return word in text
    return bool(whole(word).search(visible(text)))


def whole(word: str, flags: int = 0) -> re.Pattern:
    """What finds a word or an expression that is no part of a longer word."""
    before, behind = (r"(?<!\w)" if word[:1].isalnum() else "", r"(?!\w)" if word[-1:].isalnum() else "")
    if not word.isascii():  # scripts without blanks
        before = behind = ""
    return re.compile(before + re.escape(word) + behind, flags)


def visible(text: str) -> str:
    """A text without the pieces of it that are no words to the text encoder."""
    parts = set_aside(text).parts
    return "".join(
        part if isinstance(part, str) else " " if part.treatment in (HIDDEN, LINE) else part.text for part in parts
    )


def as_written(text: str, word: str) -> str:
    """The text with a word as it is to be written, where it has it in other letter case; else ""."""
    pattern, changed = whole(word, re.IGNORECASE), []
    parts = set_aside(text).parts
    for index, part in enumerate(parts):
        if isinstance(part, Piece):
            changed.append(part.text)
            continue
        written, count = pattern.subn(lambda _: word, part, count=1)
        changed.append(written)
        if count:
            return "".join([*changed, *(p if isinstance(p, str) else p.text for p in parts[index + 1 :])])
    return ""


def inserted(text: str, words: str, style: str) -> str:
    """A text with words in it that it lacks."""
    if is_prose(text) and (first := FIRST_SENTENCE.match(text)) and first.end():
        return f"{text[: first.end()]}, {words}{text[first.end() :]}"
    at = place_among(text, style)
    if at is None:
        return f"{text}{'' if text.endswith((',', ' ')) else ', '}{words}" if text else words
    return f"{text[:at]}{', ' if at else ''}{words}{text[at:] if at else ', ' + text}"


def place_among(text: str, style: str) -> int | None:
    """Where words go among comma-separated ones: in front of a comma, 0 for the front; None for the end."""
    end, at = None, 0
    for part in set_aside(text).parts:
        piece = part if isinstance(part, str) else part.text
        if text[at : at + len(piece)] != piece:
            return None  # what was read is not what stands there
        if isinstance(part, str):
            for comma in re.finditer(",", part):
                before = text[: at + comma.start()].rpartition(",")[2].strip()
                counts = TAG_COUNT.match(before) or before in FIRST_TAGS
                if style == "tags" and not counts:
                    return end or 0
                end = at + comma.start()
                if style != "tags":
                    return end
        at += len(piece)
    return end
