"""Parentheses that balance as ComfyUI counts them: what is stray is closed, escaped or left out."""

import re

from .syntax_table import BEGINS, ENDS

# Kinds of tokens besides those of the table; a token is its kind and its text.
TEXT, OPEN, CLOSE, BRACE = "text", "open", "close", "brace"
Token = tuple[str, str]

PARENTHESIS = re.compile(r"(?<!\\)[()]")
# An unclosed "(a:1.2" is closed after its number; "(at 12:30" and "(4:3" are not weights.
_UNCLOSED_WEIGHT = re.compile(r":\s?\d?\.\d{1,3}(?=[\s,]|$)")
_FACE = re.compile(rf"{BEGINS}[>}}]?[:;=][-'’^]?(?:\){{1,3}}{ENDS}|\({{1,3}}(?=[\s,]|$))")


def close_weights(tokens: list[Token]) -> list[Token]:
    """The tokens with matching parentheses only: "(a:1.2" closed after its number, strays dropped."""
    opened, strays = [], set()
    for index, (kind, _) in enumerate(tokens):
        if kind == OPEN:
            opened.append(index)
        elif kind == CLOSE:
            if opened:
                opened.pop()
            else:
                strays.add(index)
    if not opened and not strays:
        return tokens
    unclosed = set(opened)
    result: list[Token] = []
    for index, (kind, text) in enumerate(tokens):
        if index in strays or index in unclosed and not _weight_end(tokens, index + 1):
            continue
        number = _weight_end(tokens, index) if index - 1 in unclosed else 0
        if number:
            result += [(kind, text[:number]), (CLOSE, ")"), (TEXT, text[number:])]
        else:
            result.append((kind, text))
    return result


def _weight_end(tokens: list[Token], index: int) -> int:
    """Where the weight in token `index` ends, 0 if there is none."""
    if index < len(tokens) and tokens[index][0] in (TEXT, "embedding"):
        found = _UNCLOSED_WEIGHT.search(tokens[index][1])
        return found.end() if found else 0
    return 0


def balance(text: str, faces_alone: bool = True) -> str:
    """`text` with parentheses that balance for ComfyUI's parser; balanced text comes back unchanged.

    An unclosed weight, "(a:1.2, b", is closed after its number; every other stray parenthesis is escaped,
    which is how ComfyUI's parser reads an unclosed "(" anyway, and so is that of a face, ":(". Escaped
    parentheses are left alone.

    faces_alone: parentheses of faces stay as they are where they upset nothing: there are no others, and none of them
        closes what another has opened, as in ":(, :)".
    """
    if "(" not in text and ")" not in text:
        return text
    found = [match.start() for match in PARENTHESIS.finditer(text)]
    if not found:
        return text
    faces = {place for face in _FACE.finditer(text) for place in range(*face.span())}
    if faces_alone and faces.issuperset(found) and not _makes_a_group(text, found):
        return text
    opened, edits = [], {}
    for position in found:
        if position in faces and (text[position] == "(" or not opened):
            edits[position] = "\\" + text[position]
        elif text[position] == "(":
            opened.append(position)
        elif opened:
            opened.pop()
        else:
            edits[position] = "\\)"
    following = dict(zip(found, [*found[1:], len(text)], strict=True))
    for position in opened:
        weight = _UNCLOSED_WEIGHT.search(text, position, following[position])
        if weight and (weight.end() == len(text) or text[weight.end()] not in "()"):
            edits[weight.end() - 1] = text[weight.end() - 1] + ")"
        else:
            edits[position] = "\\("
    if not edits:
        return text
    pieces, last = [], 0
    for position in sorted(edits):
        pieces += [text[last:position], edits[position]]
        last = position + 1
    return "".join(pieces) + text[last:]


def _makes_a_group(text: str, found: list[int]) -> bool:
    """Whether ComfyUI reads a group where these parentheses are; its counter goes below zero behind a stray ")"."""
    depth = 0
    for position in found:
        depth += 1 if text[position] == "(" else -1
        if not depth and text[position] == ")":
            return True
    return False
