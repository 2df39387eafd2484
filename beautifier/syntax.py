r"""ComfyUI prompt syntax: what a language model must not see is set aside and put back afterwards.

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

# Characters no tokenizer can use: controls, lone surrogates, noncharacters. Line ends become "\n" before.
_LINE_ENDS = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_UNUSABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_SURROGATES = re.compile("[\ud800-\udfff]")

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
_PARENTHESIS = re.compile(r"(?<!\\)[()]")
# An unclosed "(a:1.2" is closed after its number; "(at 12:30" and "(4:3" are not weights.
_UNCLOSED_WEIGHT = re.compile(r":\s?\d?\.\d{1,3}(?=[\s,]|$)")

# What a model's answer may not contain but weights.
_NOISE = re.compile(r"<[^<>]{0,400}>|embedding\s{0,9}:\s?[^\s,()]*|[<>{}]|_{2,}", re.IGNORECASE)
_EMPTY_GROUP = re.compile(r"\(\s*(?::\s?\d?\.?\d{0,9})?\s*\)")

_STOP_WORDS = frozenset(
    "a an the and or of in on at by to for from with without as is are its his her their this that it into"
    " over under up".split()
)
_ARTICLE = re.compile(r"^(?:an?|the|one) ", re.IGNORECASE)
_LEADS_TO_SUBJECT = re.compile(r"(?:\b(?:of|showing|featuring|with|and)\s+)?(?:\b(?:an?|the|one)\s+)?$", re.IGNORECASE)
_JOINT = re.compile(r"(?:(?<=\S) (?:and|or|with)(?= ))?(?P<noun>(?:(?:^|(?<=\s)| )(?:an?|the) )?)$")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


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


# -- reading


def set_aside(raw_prompt: str) -> SetAside:
    """Take the ComfyUI syntax out of `raw_prompt`.

    Control characters and lone surrogates are dropped. A weight that was never closed, "(a:1.2", is closed
    after its number; other stray parentheses and braces are dropped. Raises ValueError if `raw_prompt` is no
    string.
    """
    tokens = _close_weights(_read(_usable(_checked(raw_prompt, "raw_prompt"))))
    parts = _group(tokens)
    words = _one_line("".join(part if isinstance(part, str) else _seen(part) for part in parts))
    return SetAside(words=words, parts=tuple(parts))


def _checked(value: str, name: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name} is a {type(value).__name__}; expected a string.")
    return value


def _usable(text: str) -> str:
    return _UNUSABLE.sub("", _LINE_ENDS.sub("\n", text))


def _read(text: str) -> list[tuple[str, str]]:
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


def _close_weights(tokens: list[tuple[str, str]]) -> list[tuple[str, str]]:
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
                seen[-1] = _without_weight(seen[-1])
        if depth or kind == "close":
            group.append(text)
            seen.append(text if kind == "text" else _seen(_piece(kind, text)))
            if not depth:
                words = re.sub(r":\d?\.\d+", " ", "".join(seen))  # "(a:1.2, b)": a weight to its author
                parts.append(Piece("".join(group), _one_line(words), "weight"))
                group, seen = [], []
        else:
            parts.append(text if kind == "text" else _piece(kind, text))
    return parts


def _without_weight(text: str) -> str:
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
        words = _one_line(re.sub(r"_?\\[(){}|]_?|\\", " ", text))
        words = words if _WORD.search(words) else ""
    return Piece(text, words, kind)


def _seen(piece: Piece) -> str:
    """What stands in the model's text for a piece."""
    return {"comment": "\n", "break": ", "}.get(piece.kind, f" {piece.words} ")


def _one_line(text: str) -> str:
    """`text` on one line: line ends become commas, blanks and commas are single; "" if no word is left."""
    lines = [re.sub(r"\s+", " ", line).strip(" ,") for line in text.split("\n")]
    text = re.sub(r" ?,[ ,]*", ", ", ", ".join(line for line in lines if line))
    return text if any(char.isalnum() or char > "\u2190" for char in text) else ""


# -- balancing


def balance(text: str) -> str:
    """`text` with parentheses that balance for ComfyUI's parser; balanced text comes back unchanged.

    An unclosed weight, "(a:1.2, b", is closed after its number; every other stray parenthesis is escaped,
    which is how ComfyUI's parser reads an unclosed "(" anyway. Escaped parentheses are left alone.
    """
    found = [match.start() for match in _PARENTHESIS.finditer(text)]
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


# -- putting back


def put_back(answer: str, aside: SetAside, weights: bool = True) -> str:
    """The model's `answer` with every piece of `aside` in it exactly once, unchanged; parentheses balance.

    answer: any text. What looks like syntax in it is noise and loses its marks, so no piece appears twice.
    aside: what `set_aside` took out of the raw prompt.
    weights: True keeps balanced weights in the answer, for families that write ComfyUI syntax; False takes
        the answer's parentheses away and keeps the words.

    A piece with words stands in for their first occurrence in the answer. Every other piece goes to the
    front if it led the raw prompt, to the end if it came last, else to the words it stood beside, else as far
    into the answer as it was in the raw prompt. BREAK and AND divide the answer where the next section's
    words begin, and pieces stay in their section; pieces without words keep their order. Comments get lines
    of their own. For an empty answer the raw prompt's own words stand in. Raises ValueError if `answer` is no
    string.
    """
    plain = _tame(_checked(answer, "answer"), aside.pieces, weights)
    if not aside.pieces:
        return plain
    plain = plain or _tame(aside.words, aside.pieces, weights=False)
    return _render(plain, _placed(plain, aside.parts))


def _tame(answer: str, pieces: tuple[Piece, ...], weights: bool) -> str:
    """`answer` as one line in which nothing but balanced weights is syntax, and no piece's text occurs."""
    text = re.sub(r"\\[()]?", "", _usable(answer))
    text = _NOISE.sub(" ", text)
    text = re.sub(r"[/*]{2,}", lambda run: " " if "/" in run[0] else run[0], text)
    text = re.sub(r"(?<!\w)(?:BREAK|AND)(?!\w)", lambda word: word[0].lower(), text)
    text = _one_line(text)
    if weights and _PARENTHESIS.search(text):
        balanced = "".join(token for _, token in _close_weights(_read(text)))
        for _ in range(3):  # an empty group may have been the whole of another
            balanced = _EMPTY_GROUP.sub(" ", balanced)
        if not any(piece.text in balanced for piece in pieces if piece.kind == "weight"):
            return _one_line(balanced)
    return _one_line(re.sub(r"(?::\s?\d*\.?\d{1,9}\s?)?\)|\(", " ", text))


@dataclass(frozen=True)
class _Edit:
    """`piece` (None: nothing) in place of answer[start:end], and whether commas stand around it."""

    start: int
    end: int
    piece: Piece | None
    comma_before: bool = False
    comma_after: bool = False


class _Answer:
    """An answer prepared for searching: lowercase, of equal length, weights hidden behind NULs."""

    def __init__(self, plain: str):
        lower = _lower(plain)
        self.groups: dict[str, list[tuple[int, int]]] = {}
        visible, depth, begin, shown = [], 0, 0, 0
        for found in _PARENTHESIS.finditer(lower):
            depth += 1 if found[0] == "(" else -1
            if depth == 1 and found[0] == "(":
                begin = found.start()
            elif depth == 0:
                words = _without_weight(lower[begin + 1 : found.start()]).strip()
                self.groups.setdefault(words, []).append((begin, found.end()))
                visible += [lower[shown:begin], "\0" * (found.end() - begin)]
                shown = found.end()
        self.text = "".join(visible) + lower[shown:]
        self.free = self.text  # the stretches that pieces have taken are hidden here too

    def find(self, words: str, start: int, end: int, free: bool = False) -> int:
        """Where `words` stand as whole words between `start` and `end`, or -1."""
        text = self.free if free else self.text
        position = text.find(words, start, end) if words else -1
        while position >= 0 and (_inside_word(text, position) or _inside_word(text, position + len(words))):
            position = text.find(words, position + 1, end)
        return position

    def take(self, words: str, start: int, end: int) -> tuple[int, int] | None:
        """The first free stretch that says `words`, a whole weight included; it is free no longer."""
        for span in self.groups.get(words, []):
            if start <= span[0] and span[1] <= end:
                self.groups[words].remove(span)
                return span
        begin = self.find(words, start, end, free=True)
        if begin < 0:
            return None
        span = begin, begin + len(words)
        self.free = self.free[: span[0]] + "\0" * len(words) + self.free[span[1] :]
        return span

    def details(self, start: int, end: int) -> list[int]:
        """Where the comma-separated details between `start` and `end` begin, and `end`."""
        return [start, *(found.end() for found in re.compile(", ").finditer(self.free, start, end)), end]


def _lower(text: str) -> str:
    return "".join(char.lower() if len(char.lower()) == 1 else char for char in text)


def _inside_word(text: str, position: int) -> bool:
    """Whether `position` is inside a word; scripts written without blanks (CJK) have no inside."""
    before, after = text[max(position - 1, 0) : position], text[position : position + 1]
    return before.isalnum() and after.isalnum() and max(before, after) < "\u2e80"


def _placed(plain: str, parts: tuple[str | Piece, ...]) -> list[_Edit]:
    """Where each piece goes in `plain`, ordered by position."""
    sections, breaks = [[]], []
    for part in parts:
        if isinstance(part, Piece) and part.kind == "break":
            breaks.append(part)
            sections.append([])
        else:
            sections[-1].append(part)
    answer = _Answer(plain)
    borders = _borders(answer, [_words_of(section)[0] for section in sections], len(plain))
    starts, stops = [0, *(begin for _, begin in borders)], [*(end for end, _ in borders), len(plain)]
    edits = _place_section(answer, sections[0], starts[0], stops[0])
    for number, piece in enumerate(breaks, start=1):
        edits.append(_Edit(*borders[number - 1], piece))
        edits += _place_section(answer, sections[number], starts[number], stops[number])
    return edits


def _words_of(section: list[str | Piece]) -> tuple[list[str], list[int]]:
    """The words of a section, and for each part how many of them stand before it."""
    words, counts = [], []
    for part in section:
        counts.append(len(words))
        words += _lower(part if isinstance(part, str) else part.words).split()
    return words, counts


def _borders(answer: _Answer, sections: list[list[str]], end: int) -> list[tuple[int, int]]:
    """For each BREAK, where in the answer the section before it ends and the one after it begins."""
    total = sum(map(len, sections))
    searched = max(_anchor(answer, sections[0][:4], 0, end)[1], 0)  # behind what earlier sections say
    borders, begin, passed = [], 0, len(sections[0])
    for words in sections[1:]:
        if passed in (0, total):
            border = (end, end) if passed else (0, 0)
        else:
            position, after = _anchor(answer, words[:4], max(begin, searched), end)
            if position >= 0:
                border, searched = _border_before(answer, begin, position), after
            else:
                border = (_nearest(answer.details(begin, end), end * passed / total),) * 2
        borders.append(border)
        begin = border[1]
        passed += len(words)
    return borders


def _border_before(answer: _Answer, begin: int, position: int) -> tuple[int, int]:
    """The border of two sections, the second of which speaks of what is at `position`.

    It is where the detail begins; within one detail an article stays with its noun and an "and" goes.
    """
    start = answer.details(begin, position)[-2]
    if start > begin:
        return start, start
    joint = _JOINT.search(answer.text, begin, position)
    return joint.start(), joint.start("noun")


def _nearest(places: list[int], target: float) -> int:
    return min(places, key=lambda place: abs(place - target))


def _anchor(answer: _Answer, words: list[str], start: int, end: int, last: bool = False) -> tuple[int, int]:
    """Where the first (or last) of `words` stand in the answer, as (start, end); (-1, -1) if they do not.

    Tried are three words together, two, then the nearest one that is not a small word.
    """
    phrases = [words[-3:], words[-2:]] if last else [words[:3], words[:2]]
    content = [word for word in (reversed(words) if last else words) if word.strip(",.") not in _STOP_WORDS]
    for phrase in [*phrases, content[:1]]:
        text = " ".join(phrase).strip(" ,.;:!?")
        if text not in _STOP_WORDS:
            position = answer.find(text, start, end)
            if position >= 0:
                return position, position + len(text)
    return -1, -1


def _place_section(answer: _Answer, section: list[str | Piece], start: int, end: int) -> list[_Edit]:
    """Edits that put the pieces of one section between `start` and `end` of the answer."""
    edits, waiting = [], []
    for index, part in enumerate(section):
        if isinstance(part, Piece):
            span = answer.take(_lower(part.words), start, end) if part.words else None
            if span:
                edits.append(_Edit(*span, part))
            else:
                waiting.append(index)
    edits += _repeated_details(answer, [edit.piece for edit in edits], start, end)
    words, counts = _words_of(section)
    cursor = start
    for index in waiting:
        commas = _commas(section, index)
        cursor = _position(answer, words, counts[index], section[index], commas, (cursor, end))
        edits.append(_Edit(cursor, cursor, section[index], *commas))
    return sorted(edits, key=lambda edit: (edit.start, edit.end))


def _repeated_details(answer: _Answer, pieces: list[Piece], start: int, end: int) -> list[_Edit]:
    """Edits that drop details saying again, bare, what a piece says."""
    edits = []
    for words in {_lower(piece.words) for piece in pieces}:
        position = answer.find(words, start, end, free=True)
        while position >= 0:
            stop = position + len(words)
            if answer.free.endswith(", ", 0, position) and answer.free[stop : stop + 1] in ("", ","):
                edits.append(_Edit(position, stop, None))
            position = answer.find(words, stop, end, free=True)
    return edits


def _commas(section: list[str | Piece], index: int) -> tuple[bool, bool]:
    """Whether a comma (or a line end) stands before and after part `index`; a piece with words gets both."""
    if section[index].words:
        return True, True
    before = section[index - 1] if index else ""
    after = section[index + 1] if index + 1 < len(section) else ""
    return (
        isinstance(before, str) and before.rstrip(" \t").endswith((",", "\n")),
        isinstance(after, str) and after.lstrip(" \t").startswith((",", "\n")),
    )


def _position(
    answer: _Answer,
    words: list[str],
    count: int,
    piece: Piece,
    commas: tuple[bool, bool],
    limits: tuple[int, int],
) -> int:
    """Where `piece`, which stood behind `count` of the section's `words`, is inserted within `limits`."""
    start, end = limits
    behind = count + len(piece.words.split())
    if not count or behind >= len(words):
        return start if not count else end
    previous = _anchor(answer, words[max(count - 4, 0) : count], start, end, last=True)[1]
    following = _anchor(answer, words[behind : behind + 4], start, end)[0]
    places = answer.details(start, end)
    if following >= 0 and not (commas == (False, True) and previous >= 0):
        found, whole = following, max(place for place in places if place <= following)
    elif previous >= 0:
        found, whole = previous, min(place for place in places if place >= previous)
    else:
        found = whole = _nearest(places, start + (end - start) * count / len(words))
    return whole if piece.kind == "comment" or commas == (True, True) else found


def _render(plain: str, edits: list[_Edit]) -> str:
    """`plain` with the edits done: one comma or blank between neighbours, comments on lines of their own."""
    page = _Page()
    position = 0
    for edit in edits:
        page.text(plain[position : edit.start])
        if edit.piece:
            page.piece(edit)
        position = max(position, edit.end)  # an insertion may fall inside what a piece has taken
    page.text(plain[position:])
    return "".join(page.written)


class _Page:
    """Text and pieces written one after the other; what separates two is decided when the second comes."""

    def __init__(self):
        self.written: list[str] = []
        self.last = ""  # kind of what was written last
        self.gap = ""  # what the text asks for before the next: "", " " or ", "
        self.content: int | None = None  # index of the last thing that is no comment, within a section

    def widen(self, gap: str):
        """Ask for at least `gap` before what comes next."""
        self.gap = max(self.gap, ", " if "," in gap else gap and " ", key=len)

    def text(self, text: str):
        body = text.strip(" ,")
        if not body:
            self.widen(text)
            return
        self.widen(text[: text.index(body)])
        self.write(body, "text")
        self.widen(text[text.rindex(body) + len(body) :])

    def piece(self, edit: _Edit):
        if edit.start == edit.end or edit.piece.kind != "weight":
            self.widen(" ")
        self.widen("," if edit.comma_before else "")
        self.write(edit.piece.text, edit.piece.kind)
        if edit.start == edit.end or edit.piece.kind != "weight":
            self.widen(" ")
        self.widen("," if edit.comma_after else "")

    def write(self, text: str, kind: str):
        if self.written:
            if "comment" in (kind, self.last):
                self.written.append("\n")
            else:
                self.written.append(" " if "break" in (kind, self.last) else self.gap)
        if kind not in ("comment", "break"):
            if self.last == "comment" and self.content is not None:
                self.written[self.content] += ","
            self.content = len(self.written)
        elif kind == "break":
            self.content = None
        self.written.append(text)
        self.last, self.gap = kind, ""


# -- appending


def content_words(text: str) -> list[str]:
    """The words of a text that carry its meaning, lower case: no articles, no prepositions."""
    return [word for word in _WORD.findall(text.lower()) if word not in _STOP_WORDS]


def append(raw_prompt: str, answer: str) -> str:
    """`raw_prompt` verbatim, then the details of `answer` that say something new, separated by commas.

    Only stray parentheses of the raw prompt change (see `balance`), and lone surrogates go, which are no
    text. A detail is new if one of its content words is not in the raw prompt; where a detail says the raw
    prompt's words again ("portrait of an old sailor, smiling"), only what is around them is appended. Details
    are plain words: syntax in the answer loses its marks. After a comment they begin on a new line. Without
    new details the raw prompt comes back alone. Raises ValueError if an argument is no string.
    """
    raw = balance(_SURROGATES.sub("", _checked(raw_prompt, "raw_prompt")))
    said = set(_WORD.findall(raw.lower()))
    subject = _ARTICLE.sub("", set_aside(raw).words)
    details = []
    for detail in _tame(_checked(answer, "answer"), (), weights=False).split(", "):
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
