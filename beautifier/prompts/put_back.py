"""Where the set-aside pieces of a raw prompt go in a model's answer."""

import re
from dataclasses import dataclass

from .syntax import PARENTHESIS, Piece, SetAside, checked, close_weights, one_line, read_tokens, usable, without_weight
from .words import STOP_WORDS

# What a model's answer may not contain but weights.
_NOISE = re.compile(r"<[^<>]{0,400}>|embedding\s{0,9}:\s?[^\s,()]*|[<>{}]|_{2,}", re.IGNORECASE)
_EMPTY_GROUP = re.compile(r"\(\s*(?::\s?\d?\.?\d{0,9})?\s*\)")
_JOINT = re.compile(r"(?:(?<=\S) (?:and|or|with)(?= ))?(?P<noun>(?:(?:^|(?<=\s)| )(?:an?|the) )?)$")


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
    plain = tame(checked(answer, "answer"), aside.pieces, weights)
    if not aside.pieces:
        return plain
    plain = plain or tame(aside.words, aside.pieces, weights=False)
    return _render(plain, _placed(plain, aside.parts))


def tame(answer: str, pieces: tuple[Piece, ...], weights: bool) -> str:
    """`answer` as one line in which nothing but balanced weights is syntax, and no piece's text occurs."""
    text = re.sub(r"\\[()]?", "", usable(answer))
    text = _NOISE.sub(" ", text)
    text = re.sub(r"[/*]{2,}", lambda run: " " if "/" in run[0] else run[0], text)
    text = re.sub(r"(?<!\w)(?:BREAK|AND)(?!\w)", lambda word: word[0].lower(), text)
    text = one_line(text)
    if weights and PARENTHESIS.search(text):
        balanced = "".join(token for _, token in close_weights(read_tokens(text)))
        for _ in range(3):  # an empty group may have been the whole of another
            balanced = _EMPTY_GROUP.sub(" ", balanced)
        if not any(piece.text in balanced for piece in pieces if piece.kind == "weight"):
            return one_line(balanced)
    return one_line(re.sub(r"(?::\s?\d*\.?\d{1,9}\s?)?\)|\(", " ", text))


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
        for found in PARENTHESIS.finditer(lower):
            depth += 1 if found[0] == "(" else -1
            if depth == 1 and found[0] == "(":
                begin = found.start()
            elif depth == 0:
                words = without_weight(lower[begin + 1 : found.start()]).strip()
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
    content = [word for word in (reversed(words) if last else words) if word.strip(",.") not in STOP_WORDS]
    for phrase in [*phrases, content[:1]]:
        text = " ".join(phrase).strip(" ,.;:!?")
        if text not in STOP_WORDS:
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
