"""A raw prompt as it was typed, and the new details of an answer behind it."""

import re

from .put_back import tame
from .syntax import SURROGATES, balance, checked, set_aside
from .words import WORD, content_words

_ARTICLE = re.compile(r"^(?:an?|the|one) ", re.IGNORECASE)
_LEADS_TO_SUBJECT = re.compile(r"(?:\b(?:of|showing|featuring|with|and)\s+)?(?:\b(?:an?|the|one)\s+)?$", re.IGNORECASE)


def append(raw_prompt: str, answer: str) -> str:
    """`raw_prompt` verbatim, then the details of `answer` that say something new, separated by commas.

    Only stray parentheses of the raw prompt change (see `balance`), and lone surrogates go, which are no
    text. A detail is new if one of its content words is not in the raw prompt; where a detail says the raw
    prompt's words again ("portrait of an old sailor, smiling"), only what is around them is appended. Details
    are plain words: syntax in the answer loses its marks. After a comment they begin on a new line. Without
    new details the raw prompt comes back alone. Raises ValueError if an argument is no string.
    """
    raw = balance(SURROGATES.sub("", checked(raw_prompt, "raw_prompt")))
    said = set(WORD.findall(raw.lower()))
    subject = _ARTICLE.sub("", set_aside(raw).words)
    details = []
    for detail in tame(checked(answer, "answer"), (), weights=False).split(", "):
        for part in _around(subject, detail):
            words = content_words(part)
            if not said.issuperset(words) and part.lower() not in raw.lower():
                details.append(part)
                said.update(words)
    if not details:
        return raw
    return raw + _gap_after(raw) + ", ".join(details)


def _around(subject: str, detail: str) -> list[str]:
    """What a detail says before and after a subject: ("cat", "portrait of a cat in a hat") -> portrait, in a hat."""
    found = re.search(rf"(?<!\w){re.escape(subject)}(?!\w)", detail, re.IGNORECASE) if subject else None
    if not found:
        return [detail]
    before, after = _LEADS_TO_SUBJECT.sub("", detail[: found.start()]), detail[found.end() :]
    return [part for part in (before.strip(), after.strip()) if part]


def _gap_after(raw: str) -> str:
    """What must stand between `raw` and a first added detail."""
    last_line = raw.rsplit("\n", 1)[-1]
    if "//" in last_line:
        return "\n"
    if not raw.strip() or last_line == "":
        return ""
    if re.search(r"(?:,|\*/|\b(?:BREAK|AND))\s*$", raw):
        return "" if raw[-1].isspace() else " "
    return ", "
