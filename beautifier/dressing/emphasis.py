"""Emphasis, and the spelling of tags, taken out of a raw prompt for image models that read neither."""

import re

from ..prompts.parentheses import CLOSE, OPEN, TEXT, Token, close_weights
from ..prompts.syntax import usable, without_weight
from ..prompts.tokens import read_tokens

INNER_WEIGHT = re.compile(r":\d?\.\d+")  # "(a:1.2, b)": a weight to its author


def without_emphasis(raw_prompt: str) -> tuple[str, tuple[str, ...]]:
    """A raw prompt without weights, whose words stay, and the weights as they were typed.

    "(red dress:1.3) and [far away]" becomes "red dress and far away". Networks, embeddings, escaped parentheses and all
    other syntax stay. A text without weights comes back unchanged.
    """
    tokens = close_weights(read_tokens(usable(raw_prompt)))
    if not any(kind in (OPEN, "less weight") for kind, _ in tokens):
        return raw_prompt, ()
    written, groups, group, depth = "", [], "", 0
    for index, (kind, text) in enumerate(tokens):
        depth += (kind == OPEN) - (kind == CLOSE)
        if depth or kind == CLOSE:
            group += text
        if kind == CLOSE and not depth:
            groups, group = [*groups, group], ""
        if kind == "less weight":
            groups += [] if depth else [text]
        written = joined(written, plain_of(tokens, index, bool(depth)))
    return written.strip(), tuple(groups)


def without_underscores(raw_prompt: str, escapes: bool = True) -> str:
    """A raw prompt whose tags are plain words: "hatsune_miku_(vocaloid), silver_hair" without underscores.

    escapes: escaped parentheses stay so: without a backslash they would weigh the words inside.
    """
    tokens = read_tokens(usable(raw_prompt))
    if not any(kind in TAGS for kind, _ in tokens):
        return raw_prompt
    return "".join(spelled(text, escapes) if kind in TAGS else text for kind, text in tokens)


def spelled(tag: str, escapes: bool) -> str:
    """A tag as plain words, without the kind that tells it from another: "ink_(medium)" is "ink"."""
    words = KIND.sub("", tag.replace("_", " "))
    return words if escapes else re.sub(r"\\([()])", r"\1", words)


KIND = re.compile(
    r"\s*\\?\((?:medium|object|symbol|artwork|style|texture|theme|food|cooking|gemstone|genre|animal|weapon"
    r"|instrument)\\?\)$"
)
TAGS = frozenset(("underscores", "name and series", "series", "escape"))


def plain_of(tokens: list[Token], index: int, inside: bool) -> str:
    """What stays of a token; inside: whether it stands in parentheses."""
    kind, text = tokens[index]
    if kind in (OPEN, CLOSE):
        return ""
    if kind == "less weight":
        return re.sub(r"[\[\]]", "", text)
    if kind not in (TEXT, "embedding") or not inside:
        return text
    ends = index + 1 < len(tokens) and tokens[index + 1][0] == CLOSE
    if kind == "embedding":
        return without_weight(text) if ends else text
    return INNER_WEIGHT.sub("", without_weight(text) if ends else text)


def joined(before: str, text: str) -> str:
    """Two texts, a blank between them where a parenthesis alone stood between two words."""
    apart = before[-1:].isalnum() and text[:1].isalnum()
    return before + (" " if apart else "") + text
