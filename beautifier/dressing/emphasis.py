"""Emphasis taken out of a raw prompt, for image models whose text encoder does not read it."""

import re

from ..prompts.syntax import close_weights, read_tokens, usable, without_weight
from ..prompts.tokens import CLOSE, OPEN, TEXT, Token

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
