"""Whether a text is in sentences, and which they are: the full stop of "Mr. Smith" ends none."""

import re

# A sentence's end, what may close a quotation, and a new beginning; not behind a title, an initial or an abbreviation.
_BETWEEN = re.compile(
    r"(?<=[.!?…])(?<!\bMr\.)(?<!\bMs\.)(?<!\bMrs\.)(?<!\bDr\.)(?<!\bSt\.)(?<!\bJr\.)(?<!\bSr\.)(?<!\bNo\.)(?<!\bMt\.)"
    r"(?<!\bvs\.)(?<!\bVs\.)(?<!\bProf\.)(?<!\bfeat\.)(?<!\b[A-Z]\.)(?<!\b[a-z]\.)[\"'”’)]?\s+(?=[\"'“‘(]?[^\W\d_a-z])"
)
_ONE = re.compile(r"[^\W\d_a-z][^.!?]*\s[^.!?]*[.!?][\"'”’)]?")


def is_prose(text: str) -> bool:
    """Whether a text has several sentences, or is one that begins with a capital and has its mark."""
    text = text.strip()
    return bool(_BETWEEN.search(text)) or bool(_ONE.fullmatch(text))


def sentences_of(text: str) -> list[str]:
    """The sentences of a text, each with its mark."""
    found, start, text = [], 0, text.strip()
    for between in _BETWEEN.finditer(text):
        found.append(text[start : between.start()] + between[0].rstrip())
        start = between.end()
    return [sentence for sentence in [*found, text[start:]] if sentence]
