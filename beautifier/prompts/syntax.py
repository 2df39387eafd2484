r"""ComfyUI prompt syntax: what a language model must not see is set aside.

A raw prompt is read into plain text and pieces:

    weight      (red dress:1.3)  (emphasis)  ((a:1.2) b:0.9)   the model sees the words inside
    literal     saber_\(fate\)   any chunk with a backslash     the model sees it without marks
    embedding   embedding:name                                 the model sees nothing of this and what follows
    network     <lora:name:0.8>  <lyco:..>  <hypernet:..>
    wildcard    __name__  __dir/name*__
    choice      {a|b}  {2$$a|b}  ${name}  nested
    break       BREAK  AND
    comment     // to the end of the line, /* to */            "//" counts at a line's start or after a blank,
                                                               so that http://x is text

How ComfyUI reads parentheses (comfy/sd1_clip.py: token_weights, parse_parentheses, escape_important): a
parenthesis right after a backslash is text. Outermost groups "(...)" are cut out in one pass over a depth
counter that may go negative, so one stray ")" hides every later group. Inside a group the text after the last
colon, if Python's float() takes it, is the group's weight, absolute, whatever groups surround it; without a
number the surrounding weight is multiplied by 1.1. A group is read again for the groups inside it.
"""

import re
from dataclasses import dataclass

from .words import WORD

# Characters no tokenizer can use: controls, lone surrogates, noncharacters. Line ends become "\n" before.
_LINE_ENDS = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_UNUSABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
SURROGATES = re.compile("[\ud800-\udfff]")

# Where plain text ends. Every repetition is bounded or consumes what it scanned: reading stays linear.
_TOKEN = re.compile(
    r"""(?P<comment>(?:(?<=\s)|^)//(?:[^\n]*[^\s])?)
    |(?P<block>/\*)
    |(?P<network><[A-Za-z]\w{0,40}:[^<>\n]{1,400}>)
    |(?P<wildcard>(?<!\w)(?:\d{1,3}\#)?__(?=[_~]{0,9}[^\W_]|\*)[\w~/.*+-]{1,200}?__(?!\w))
    |(?P<embedding>(?<!\w)embedding:(?:\\[()]|[^\s,()<>{}|\\])+)
    |(?P<break>(?<!\w)(?:BREAK|AND)(?!\w))
    |(?P<literal>\\)
    |(?P<open>\()
    |(?P<close>\))
    |(?P<choice>\$?\{)
    |(?P<brace>\})""",
    re.VERBOSE | re.IGNORECASE,
)
_LITERAL = re.compile(r"(?:\\\([^\\()\n{}<>]{0,200}\\\)|\\[(){}|]?|[^\s,;(){}<>|\\])+")
_NOT_IN_LITERAL = frozenset(",;(){}<>|")
_BRACE = re.compile(r"(?<!\\)[{}]")
PARENTHESIS = re.compile(r"(?<!\\)[()]")
# An unclosed "(a:1.2" is closed after its number; "(at 12:30" and "(4:3" are not weights.
_UNCLOSED_WEIGHT = re.compile(r":\s?\d?\.\d{1,3}(?=[\s,]|$)")


@dataclass(frozen=True)
class Piece:
    """One set-aside piece of a raw prompt.

    text: exactly as typed; only a stray parenthesis inside a comment, choice or network is escaped, because
        it would unbalance the whole prompt.
    words: what the model sees in its place, one line; "" for nothing.
    kind: "weight", "literal", "embedding", "network", "wildcard", "choice", "break" or "comment".
    """

    text: str
    words: str
    kind: str


@dataclass(frozen=True)
class SetAside:
    """A raw prompt taken apart.

    words: the plain one-line text the model may see; "" if the prompt has none.
    parts: the whole prompt in order, plain text as str and pieces as Piece.
    """

    words: str
    parts: tuple[str | Piece, ...] = ()

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """The set-aside pieces in the order of the raw prompt."""
        return tuple(part for part in self.parts if isinstance(part, Piece))


def set_aside(raw_prompt: str) -> SetAside:
    """Take the ComfyUI syntax out of `raw_prompt`.

    Control characters and lone surrogates are dropped. A weight that was never closed, "(a:1.2", is closed
    after its number; other stray parentheses and braces are dropped. Raises ValueError if `raw_prompt` is no
    string.
    """
    tokens = close_weights(read_tokens(usable(checked(raw_prompt, "raw_prompt"))))
    parts = _group(tokens)
    words = one_line("".join(part if isinstance(part, str) else _seen(part) for part in parts))
    return SetAside(words=words, parts=tuple(parts))


def checked(value: str, name: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name} is a {type(value).__name__}; expected a string.")
    return value


def usable(text: str) -> str:
    return _UNUSABLE.sub("", _LINE_ENDS.sub("\n", text))


def read_tokens(text: str) -> list[tuple[str, str]]:
    """Tokens (kind, text) of `text`; kinds are those of _TOKEN and "text"."""
    tokens: list[tuple[str, str]] = []
    braces, last_block_end = None, text.rfind("*/")
    start = position = 0
    while found := _TOKEN.search(text, position):
        kind, begin, end = found.lastgroup, found.start(), found.end()
        if kind == "block":
            if last_block_end < end:  # never closed: text
                position = end
                continue
            kind, end = "comment", text.index("*/", end) + 2
        elif kind == "break" and not found[0].isupper():
            position = end
            continue
        elif kind == "choice":
            braces = _matching_braces(text) if braces is None else braces
            end = braces.get(end - 1, 0) or end
            kind = "choice" if text[end - 1] == "}" else "brace"
        elif kind == "literal":
            while begin > start and not (text[begin - 1].isspace() or text[begin - 1] in _NOT_IN_LITERAL):
                begin -= 1
            end = _LITERAL.match(text, begin).end()
        if begin > start:
            tokens.append(("text", text[start:begin]))
        tokens.append((kind, text[begin:end]))
        start = position = end
    tokens.append(("text", text[start:]))
    return [
        (kind, balance(token) if kind in ("comment", "choice", "network") else token)
        for kind, token in tokens
        if kind != "brace" and token
    ]


def _matching_braces(text: str) -> dict[int, int]:
    """Index of every "{" that is closed -> index after its "}"; escaped braces do not count."""
    closed, opened = {}, []
    for found in _BRACE.finditer(text):
        if found[0] == "{":
            opened.append(found.start())
        elif opened:
            closed[opened.pop()] = found.end()
    return closed


def close_weights(tokens: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The tokens with matching parentheses only: "(a:1.2" closed after its number, strays dropped."""
    opened, strays = [], set()
    for index, (kind, _) in enumerate(tokens):
        if kind == "open":
            opened.append(index)
        elif kind == "close":
            if opened:
                opened.pop()
            else:
                strays.add(index)
    unclosed = set(opened)
    result: list[tuple[str, str]] = []
    for index, (kind, text) in enumerate(tokens):
        if index in strays or index in unclosed and not _weight_end(tokens, index + 1):
            continue
        number = _weight_end(tokens, index) if index - 1 in unclosed else 0
        if number:
            result += [(kind, text[:number]), ("close", ")"), ("text", text[number:])]
        else:
            result.append((kind, text))
    return result


def _weight_end(tokens: list[tuple[str, str]], index: int) -> int:
    """Where the weight in token `index` ends, 0 if there is none."""
    if index < len(tokens) and tokens[index][0] in ("text", "embedding"):
        found = _UNCLOSED_WEIGHT.search(tokens[index][1])
        return found.end() if found else 0
    return 0


def _group(tokens: list[tuple[str, str]]) -> list[str | Piece]:
    """Plain text and pieces; an outermost pair of parentheses with all between is one piece."""
    parts: list[str | Piece] = []
    depth, group, seen = 0, [], []
    for kind, text in tokens:
        if kind == "open":
            depth += 1
        if kind == "close":
            depth -= 1
            if seen:
                seen[-1] = without_weight(seen[-1])
        if depth or kind == "close":
            group.append(text)
            seen.append(text if kind == "text" else _seen(_piece(kind, text)))
            if not depth:
                words = re.sub(r":\d?\.\d+", " ", "".join(seen))  # "(a:1.2, b)": a weight to its author
                parts.append(Piece("".join(group), one_line(words), "weight"))
                group, seen = [], []
        else:
            parts.append(text if kind == "text" else _piece(kind, text))
    return parts


def without_weight(text: str) -> str:
    words, colon, number = text.rpartition(":")
    try:
        float(number)
    except ValueError:
        return text
    return words if colon else text


def _piece(kind: str, text: str) -> Piece:
    """The piece of one token; a parenthesis, too, shows the model nothing."""
    words = ""
    if kind == "literal":
        words = one_line(re.sub(r"_?\\[(){}|]_?|\\", " ", text))
        words = words if WORD.search(words) else ""
    return Piece(text, words, kind)


def _seen(piece: Piece) -> str:
    """What stands in the model's text for a piece."""
    return {"comment": "\n", "break": ", "}.get(piece.kind, f" {piece.words} ")


def one_line(text: str) -> str:
    """`text` on one line: line ends become commas, blanks and commas are single; "" if no word is left."""
    lines = [re.sub(r"\s+", " ", line).strip(" ,") for line in text.split("\n")]
    text = re.sub(r" ?,[ ,]*", ", ", ", ".join(line for line in lines if line))
    return text if any(char.isalnum() or char > "\u2190" for char in text) else ""


def balance(text: str) -> str:
    """`text` with parentheses that balance for ComfyUI's parser; balanced text comes back unchanged.

    An unclosed weight, "(a:1.2, b", is closed after its number; every other stray parenthesis is escaped,
    which is how ComfyUI's parser reads an unclosed "(" anyway. Escaped parentheses are left alone.
    """
    found = [match.start() for match in PARENTHESIS.finditer(text)]
    if not found:
        return text
    opened, edits = [], {}
    for position in found:
        if text[position] == "(":
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
