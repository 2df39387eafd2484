r"""ComfyUI prompt syntax: what a language model must not see is set aside.

A raw prompt is read into plain text and pieces. What the pieces are, and whose syntax they come from, says
syntax_table.py; besides them there are

    weight   (red dress:1.3)  (emphasis)  ((a:1.2) b:0.9)       the model sees the words inside
    marked weight   (two words)++   (a cat)1.3                   likewise
    escape   saber_\(fate\)   any chunk with a backslash         the model sees it without marks
    series   name (series)   name \(series\)  a whole tag        the model sees its words
    line     the end of a line, where words stand before and behind it

How ComfyUI reads parentheses (comfy/sd1_clip.py: token_weights, parse_parentheses, escape_important): a
parenthesis right after a backslash is text. Outermost groups "(...)" are cut out in one pass over a depth
counter that may go negative, so one stray ")" hides every later group. Inside a group the text after the last
colon, if Python's float() takes it, is the group's weight, absolute, whatever groups surround it; without a
number the surrounding weight is multiplied by 1.1. A group is read again for the groups inside it.
"""

import re
from dataclasses import dataclass, replace
from functools import cached_property

from .parentheses import CLOSE, OPEN, TEXT, Token, close_weights
from .standing_in import stand_in
from .syntax_table import DIVIDES, HIDDEN, IS_TEXT, LINE, SHOWN, TREATMENTS, TYPED
from .tokens import read_tokens
from .words import WORD, plain

# Characters no tokenizer can use: controls, lone surrogates, noncharacters, marks of byte order and soft hyphens.
# Line ends become "\n" before.
_LINE_ENDS = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_UNUSABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u200b\u2060\ud800-\udfff\ufeff\ufffe\uffff]")
SURROGATES = re.compile("[\ud800-\udfff]")

_COMMAS = re.compile(r" ?(?:,(?!(?<=\d,)\d))[ ,]*")
_SAYS_SOMETHING = re.compile("[^\\W_]|[\u2191-\U0010ffff]")
_LINE_END = re.compile(r"[^\S\n]*\n\s*")
_GLUED_BEFORE = re.compile(r"[A-Za-z0-9\u00c0-\u024f'’-]+\Z")
_GLUED_BEHIND = re.compile(r"[A-Za-z0-9\u00c0-\u024f'’-]+")
_GROWS = IS_TEXT - {"embedding", "token"}
_MARKS_OF_TAGS = re.compile(r"[_()\\]+")
_MARKS_OF_ESCAPES = re.compile(r"_?\\[(){}|]_?|\\")
_WEIGHT_INSIDE = re.compile(r":\d?\.\d+")
_BRACES = re.compile(r"[{}]")
_NOT_INSIDE = re.compile(r"<[^<>]*>|__[\w/*.-]+?__|\{[^{}]*\}|:\d*\.\d+|[\[\]()\\]")


@dataclass(frozen=True)
class Piece:
    """One set-aside piece of a raw prompt.

    text: exactly as typed; only a stray parenthesis inside a piece is escaped, because it would unbalance the
        whole prompt.
    words: what the model sees in its place, one line; "" for nothing.
    kind: of syntax_table.TREATMENTS.
    neutral: whether the words are not its own, but a neutral word in the place of a thing that cannot be seen.
    """

    text: str
    words: str
    kind: str
    neutral: bool = False

    @property
    def treatment(self) -> str:
        """HIDDEN, SHOWN, DIVIDES, LINE or TYPED, see syntax_table.py."""
        return TREATMENTS[self.kind]


@dataclass(frozen=True)
class SetAside:
    """A raw prompt taken apart.

    words: the plain one-line text the model may see; "" if the prompt has none.
    parts: the whole prompt in order, plain text as str and pieces as Piece.
    """

    words: str
    parts: tuple[str | Piece, ...] = ()

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """The set-aside pieces in the order of the raw prompt."""
        return tuple(part for part in self.parts if isinstance(part, Piece))

    @property
    def is_divided(self) -> bool:
        """Whether BREAK or its like divides it; the ends of lines do not count."""
        return any(piece.treatment == DIVIDES and piece.kind != "line" for piece in self.pieces)

    @property
    def own_words(self) -> str:
        """The words without the neutral ones that stand in for what cannot be seen."""
        if not any(piece.neutral for piece in self.pieces):
            return self.words
        return _words(
            [replace(part, words="") if isinstance(part, Piece) and part.neutral else part for part in self.parts]
        )


def set_aside(raw_prompt: str, english: bool = False) -> SetAside:
    """Take the ComfyUI syntax out of `raw_prompt`.

    Control characters and lone surrogates are dropped. A weight that was never closed, "(a:1.2", is closed
    after its number; other stray parentheses and braces are dropped. Where a thing is due that the model cannot
    see ("a photo of __animal__") a neutral word stands in its words.

    english: the model reads English alone. Accents are taken off its words, and other scripts and emoji are
        pieces that it does not see; where all of the prompt is in another script, it stays as it is.
    Raises ValueError if `raw_prompt` is no string.
    """
    text = usable(checked(raw_prompt, "raw_prompt"))
    english = english and not text.isascii() and bool(re.search("[A-Za-z]", text))
    parts = _group(close_weights(read_tokens(text, english)), english)
    if len(parts) == 1 and isinstance(parts[0], str) and "\n" not in parts[0]:
        words = one_line(parts[0])
    else:
        parts = _glued(parts)
        parts = _with_lines(parts) if "\n" in text else parts
        words = _words(parts)
        if words and any(isinstance(part, Piece) and part.treatment == HIDDEN for part in parts):
            with_neutral = stand_in(parts)
            if with_neutral is not parts:
                parts, words = with_neutral, _words(with_neutral)
    return SetAside(words=plain(words) if english else words, parts=tuple(parts))


def _words(parts: list[str | Piece]) -> str:
    return one_line("".join([part if isinstance(part, str) else _seen(part) for part in parts]))


def checked(value: str, name: str) -> str:
    """The value, where it is a string. Raises ValueError that calls it by `name`."""
    if not isinstance(value, str):
        raise ValueError(f"{name} is a {type(value).__name__}; expected a string.")
    return value


def usable(text: str) -> str:
    r"""The text with line ends as "\n" and without characters that no tokenizer can use."""
    return text if text.isprintable() else _UNUSABLE.sub("", _LINE_ENDS.sub("\n", text))


def _group(tokens: list[Token], english: bool) -> list[str | Piece]:
    """Plain text and pieces; an outermost pair of parentheses with all between is one piece."""
    parts: list[str | Piece] = []
    depth, group, seen = 0, [], []
    for kind, text in tokens:
        if kind == OPEN:
            depth += 1
        if kind == CLOSE:
            depth -= 1
            if seen:
                seen[-1] = without_weight(seen[-1])
        if depth or kind == CLOSE:
            group.append(text)
            if kind == TEXT:
                seen.append(_WEIGHT_INSIDE.sub(" ", text))  # "(a:1.2, b)": a weight to its author
            else:
                seen.append("" if kind in (OPEN, CLOSE) else _seen(_piece(kind, text, english)))
            if not depth:
                kind = "weight" if text == ")" else "marked weight"
                parts.append(Piece("".join(group), one_line("".join(seen)), kind))
                group, seen = [], []
        elif kind == TEXT and parts and isinstance(parts[-1], str):
            parts[-1] += text
        else:
            parts.append(text if kind == TEXT else _piece(kind, text, english))
    return parts


def without_weight(text: str) -> str:
    """The words of a group without a weight at their end: "red dress:1.3" -> "red dress"."""
    words, colon, number = text.rpartition(":")
    try:
        float(number)
    except ValueError:
        return text
    return words if colon else text


def _piece(kind: str, text: str, english: bool) -> Piece:
    """The piece of one token."""
    words = ""
    if kind == "escape":
        words = one_line(_MARKS_OF_ESCAPES.sub(" ", text))
        words = words if WORD.search(words) else ""
    elif kind in ("underscores", "name and series", "series"):
        words = one_line(_MARKS_OF_TAGS.sub(" ", text))
    elif kind in ("less weight", "more weight"):
        words = one_line(_NOT_INSIDE.sub(" ", _BRACES.sub(" ", text) if kind == "more weight" else text))
    elif kind == "number before":
        words = one_line(text.partition("::")[2].removesuffix("::"))
    elif kind == "swapped word":
        words = text.partition(".swap(")[0]
    elif kind == "marked word":
        words = text.rstrip("+-")
    elif TREATMENTS[kind] == TYPED:
        words = text
    return Piece(text, plain(words) if english else words, kind)


def _seen(piece: Piece) -> str:
    """What stands in the model's text for a piece."""
    treatment = TREATMENTS[piece.kind]
    if treatment == TYPED:
        return piece.words
    return f" {piece.words} " if treatment in (HIDDEN, SHOWN) else "\n" if treatment == LINE else ", "


def _glued(parts: list[str | Piece]) -> list[str | Piece]:
    """`parts` in which pieces that become text hold the letters that touch them: "{red|blue}-haired", "__pet__s"."""
    if not any([not isinstance(part, str) and part.kind in _GROWS for part in parts]):
        return parts
    result: list[str | Piece] = []
    for part in parts:
        last = result[-1] if result else ""
        if isinstance(part, Piece):
            if part.kind in _GROWS and isinstance(last, Piece) and last.kind in _GROWS:
                result[-1] = replace(last, text=last.text + part.text)
                continue
            touches = isinstance(last, str) and not last[-1:].isspace()
            if touches and part.kind in _GROWS and (found := _GLUED_BEFORE.search(last)):
                result[-1] = last[: found.start()]
                part = replace(part, text=found[0] + part.text)
            result.append(part)
        elif isinstance(last, Piece) and last.kind in _GROWS and (found := _GLUED_BEHIND.match(part)):
            result[-1] = replace(last, text=last.text + found[0])
            result.append(part[found.end() :])
        else:
            result.append(part)
    return [part for part in result if part]


def _with_lines(parts: list[str | Piece]) -> list[str | Piece]:
    """`parts` in which the ends of lines are pieces, but for those at the edges and around comments."""
    result: list[str | Piece] = []
    for part in parts:
        if not isinstance(part, str):
            result.append(part)
            continue
        end = 0
        for found in _LINE_END.finditer(part):
            result.append(part[end : found.start()])
            result.append(Piece("\n" * found[0].count("\n"), "", "line"))
            end = found.end()
        result.append(part[end:])
    return _needed_lines([part for part in result if part])


def _needed_lines(parts: list[str | Piece]) -> list[str | Piece]:
    """`parts` without ends of lines that nothing stands before or behind, or that follow one another."""
    result: list[str | Piece] = []
    border = True  # whether the start, a comment or another end of a line is all that stands before
    for part in parts:
        if isinstance(part, Piece) and part.kind == "line":
            result.append("\n" if border else part)
            border = True
        else:
            if isinstance(part, Piece) and part.treatment == LINE:
                _take_line_back(result)
                border = True
            elif isinstance(part, Piece) or one_line(part):
                border = False
            result.append(part)
    _take_line_back(result)
    return result


def _take_line_back(parts: list[str | Piece]) -> None:
    """Make text of an end of a line that only commas and blanks follow."""
    for index in range(len(parts) - 1, -1, -1):
        part = parts[index]
        if isinstance(part, Piece):
            if part.kind == "line":
                parts[index] = "\n"
            return
        if one_line(part):
            return


def one_line(text: str) -> str:
    """`text` on one line: line ends become commas, blanks and commas are single; "" if no word is left."""
    if "\n" in text:
        lines = [" ".join(line.split()).strip(" ,") for line in text.split("\n")]
        text = ", ".join(line for line in lines if line)
    else:
        text = " ".join(text.split()).strip(" ,")
    if "," in text:
        text = _COMMAS.sub(", ", text)
    return text if _SAYS_SOMETHING.search(text) else ""
