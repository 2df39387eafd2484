"""Where the set-aside pieces of a raw prompt go in a model's answer."""

import re
import unicodedata
from dataclasses import dataclass

from .syntax import (
    PARENTHESIS,
    Piece,
    SetAside,
    checked,
    close_weights,
    one_line,
    read_tokens,
    usable,
    without_weight,
)
from .syntax_table import DIVIDES, IS_TEXT, LINE, TABLE, TYPED
from .words import STOP_WORDS, WORD, fold_characters, plain

# What a model's answer may not contain but weights.
_NOISE = re.compile(
    r"<[^<>]{0,400}>|embedding\s{0,9}:\s?[^\s,()]*|[<>{}\[\]]|_{2,}|(?<!\w)\$(?=[A-Za-z_])|(?<!\S):\s?[+-]?\d*\.?\d+",
    re.IGNORECASE,
)
_MAY_BE_NOISE = re.compile(r"[<>{}\[\]:$]|__")
_KEYWORDS = re.compile(
    r"(?<!\w)(?:BREAK|AND(?:_[A-Z]+)?|COUPLE|ADD(?:COMM|COL|ROW|BASE|P)|[A-Z][A-Z0-9_]+(?=\())(?![^\W_])"
)
_EMOTICONS = [re.compile(row.pattern) for row in TABLE if row.kind.startswith("emoticon")]
_MAY_BE_EMOTICON = re.compile(r"[:;=<>^|¯][^\s\w]|(?:^|[\s,(|{\[])[:;=][A-Za-z3]|[><^|;\\]|\S_\S|D:")
_COMMENT_SIGN = re.compile(r"(?:^|(?<=, ))#+(?!(?:[0-9a-fA-F]{3,4}){1,2}(?!\w))\s*")
# A number behind a word, which before AND or at the end would weigh a section.
_WEIGHT_OF_SECTION = re.compile(r"(?<!\d):\s?[+-]?\d*\.?\d+(?=[\s,;]|$)")
_EMPTY_GROUP = re.compile(r"\(\s*(?::\s?\d?\.?\d{0,9})?\s*\)")
_JOINT = re.compile(r"(?:(?<=\S) (?:and|or|with)(?= ))?(?P<noun>(?:(?:^|(?<=\s)| )(?:an?|the) )?)$")
_ARTICLE = re.compile(r"(?:^|(?<=[\s(]))(?:an?|the|one) $")
_ENDS_IN_ARTICLE = re.compile(r"(?:^|\W)(?:an?|the|one)\s*$", re.IGNORECASE)
_TEXT, _END_OF_LINE = "text", "end of line"
_ENDS = (".", "!", "?", "…", "。", "！", "？")
_QUOTES = "\"'“”„«»‘’「」『』"


def put_back(answer: str, aside: SetAside, weights: bool = True) -> str:
    """The model's `answer` with every piece of `aside` in it, unchanged; parentheses balance.

    answer: any text. What looks like syntax in it is noise and loses its marks, so no syntax appears twice.
    aside: what `set_aside` took out of the raw prompt.
    weights: True keeps balanced weights in the answer, for families that write ComfyUI syntax; False takes
        the answer's parentheses away and keeps the words.

    A piece with words stands in for their first occurrence in the answer. Every other piece goes to the
    front if it led the raw prompt, to the end if it came last, else to the words it stood beside, else as far
    into the answer as it was in the raw prompt. BREAK, the ends of lines and their like divide the answer where
    the next section's words begin, and pieces stay in their section; pieces without words keep their order.
    Comments get lines of their own. Words that were typed with accents have them. For an empty answer the raw
    prompt's own words stand in. Raises ValueError if `answer` is no string.
    """
    written = tame(checked(answer, "answer"), aside.pieces, weights)
    if not aside.pieces:
        return accented(written, aside)
    written = written or tame(aside.words, aside.pieces, weights=False)
    return _render(accented(written, aside), aside.parts)


def tame(answer: str, pieces: tuple[Piece, ...], weights: bool) -> str:
    """`answer` as one line in which nothing but balanced weights is syntax, and no piece's text occurs."""
    text = usable(answer)
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    text = _without_emoticons(text)
    if "\\" in text:
        text = re.sub(r"\\[()]?", "", text)
    if _MAY_BE_NOISE.search(text):
        text = _without_emoticons(_NOISE.sub(" ", text))  # noise may have hidden one
    text = re.sub(r"[/*]{2,}", lambda run: " " if "/" in run[0] else run[0], text)
    text = _KEYWORDS.sub(lambda word: word[0].lower(), text)
    text = one_line(text)
    if "#" in text:
        text = _COMMENT_SIGN.sub("", text)
    if "(" in text or ")" in text:
        text = _with_weights(text, pieces, weights)
    if ":" in text and any(piece.treatment == DIVIDES for piece in pieces):
        text = _WEIGHT_OF_SECTION.sub("", text)
    return text


def _without_emoticons(text: str) -> str:
    if _MAY_BE_EMOTICON.search(text):
        for emoticon in _EMOTICONS:
            text = emoticon.sub(" ", text)
    return text


def _with_weights(text: str, pieces: tuple[Piece, ...], weights: bool) -> str:
    """`text` with the weights that balance, where there are to be any, and none that the user has given; else
    without parentheses."""
    if weights and PARENTHESIS.search(text):
        balanced = "".join(token for _, token in close_weights(read_tokens(text)))
        for _ in range(3):  # an empty group may have been the whole of another
            balanced = _EMPTY_GROUP.sub(" ", balanced)
        if not any(piece.text in balanced for piece in pieces if piece.kind == "weight"):
            return one_line(balanced)
    return one_line(re.sub(r"(?::\s?\d*\.?\d{1,9}\s?)?\)|\(", " ", text))


def accented(answer: str, aside: SetAside) -> str:
    """`answer` in which words have the accents that they were typed with."""
    typed = {}
    for part in aside.parts:
        if isinstance(part, str) and not part.isascii():
            for word in WORD.findall(unicodedata.normalize("NFC", part)):
                if not word.isascii() and plain(word).isascii():
                    typed[plain(word).lower()] = word
    if not typed:
        return answer
    return WORD.sub(lambda found: _in_case_of(found[0], typed.get(found[0].lower(), found[0])), answer)


def _in_case_of(word: str, typed: str) -> str:
    """A typed word as a sentence begins, where `word` does."""
    return typed[0].upper() + typed[1:] if word[:1].isupper() else typed


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
        self.plain = plain
        lower = fold_characters(plain)
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
        return self._hide(begin, begin + len(words))

    def take_as_written(self, words: str, start: int, end: int) -> tuple[int, int] | None:
        """The first free stretch that says `words` with the same capitals."""
        begin = self.plain.find(words, start, end)
        if begin < 0 or self.find(fold_characters(words), begin, begin + len(words), free=True) != begin:
            return None
        return self._hide(begin, begin + len(words))

    def with_article(self, span: tuple[int, int], start: int) -> tuple[int, int]:
        """A stretch and the article before it."""
        found = _ARTICLE.search(self.free, start, span[0])
        return self._hide(found.start(), span[1]) if found else span

    def _hide(self, begin: int, end: int) -> tuple[int, int]:
        self.free = self.free[:begin] + "\0" * (end - begin) + self.free[end:]
        return begin, end

    def details(self, start: int, end: int) -> list[int]:
        """Where the comma-separated details between `start` and `end` begin, and `end`."""
        return [start, *(found.end() for found in re.compile(", ").finditer(self.free, start, end)), end]


def _inside_word(text: str, position: int) -> bool:
    """Whether `position` is inside a word; scripts written without blanks (CJK) have no inside."""
    before, after = text[max(position - 1, 0) : position], text[position : position + 1]
    return before.isalnum() and after.isalnum() and max(before, after) < "\u2e80"


def _sections(parts: tuple[str | Piece, ...]) -> tuple[list[list[str | Piece]], list[Piece]]:
    """`parts` between the borders, and the borders."""
    sections, borders = [[]], []
    for part in parts:
        if isinstance(part, Piece) and part.treatment == DIVIDES:
            borders.append(part)
            sections.append([])
        else:
            sections[-1].append(part)
    return sections, borders


def _shares(plain: str, sections: list[list[str | Piece]]) -> list[str]:
    """What of an answer belongs to each section; its own words where an answer has none for it."""
    words = [_words_of(section)[0] for section in sections]
    borders = _borders(_Answer(plain), words, len(plain))
    starts, stops = [0, *(begin for _, begin in borders)], [*(end for end, _ in borders), len(plain)]
    shares = [plain[start:stop] for start, stop in zip(starts, stops, strict=True)]
    return [
        share if not own or share.strip(" ,") else tame(_plain_words(section), (), weights=False)
        for share, own, section in zip(shares, words, sections, strict=True)
    ]


def _plain_words(section: list[str | Piece]) -> str:
    return " ".join(part if isinstance(part, str) else part.words for part in section)


def _ends_in_comma(section: list[str | Piece]) -> bool:
    return bool(section) and isinstance(section[-1], str) and section[-1].rstrip(" \t").endswith(",")


def _words_of(section: list[str | Piece]) -> tuple[list[str], list[int]]:
    """The words of a section, and for each part how many of them stand before it."""
    words, counts = [], []
    for part in section:
        counts.append(len(words))
        words += fold_characters(part if isinstance(part, str) else part.words).split()
    return words, counts


def _borders(answer: _Answer, sections: list[list[str]], end: int) -> list[tuple[int, int]]:
    """For each border, where in the answer the section before it ends and the one after it begins."""
    total = sum(map(len, sections))
    searched = max(_anchor(answer, sections[0][:4], 0, end)[1], 0)  # behind what earlier sections say
    borders, begin, passed, waiting = [], 0, len(sections[0]), 0
    for words in sections[1:]:
        if passed in (0, total):
            border = (end, end) if passed else (0, 0)
        elif not words:
            waiting += 1  # borders with nothing between them are where the last of them is
            continue
        else:
            position, after = _anchor(answer, words[:4], max(begin, searched), end)
            if position >= 0:
                border, searched = _border_before(answer, begin, position), after
            else:
                border = (_nearest(answer.details(begin, end), end * passed / total),) * 2
        begin = border[1]
        borders += [border, *[(begin, begin)] * waiting]
        waiting = 0
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
    edits, waiting, neutral = [], [], {}
    for index, part in enumerate(section):
        if isinstance(part, Piece):
            span = _taken(answer, part, start, end) if part.words else None
            if span and part.neutral:
                named = _ENDS_IN_ARTICLE.search(_plain_words(section[:index]))
                span = neutral[index] = span if named else answer.with_article(span, start)
            if span:
                edits.append(_Edit(*span, part))
            else:
                waiting.append(index)
    edits += _said_again(answer, [edit.piece for edit in edits], start, end)
    words, counts = _words_of(section)
    cursor = start
    for index in waiting:
        commas = _commas(section, index)
        least = max([cursor, *(span[1] for at, span in neutral.items() if at < index)])
        most = min([end, *(span[0] for at, span in neutral.items() if at > index and span[0] >= least)])
        cursor = _position(answer, words, counts[index], section[index], commas, (least, most))
        edits.append(_Edit(cursor, cursor, section[index], *commas))
    return sorted(edits, key=lambda edit: (edit.start, edit.end))


def _taken(answer: _Answer, piece: Piece, start: int, end: int) -> tuple[int, int] | None:
    """Where an answer says a piece's words, which it then says no longer; None if it does not."""
    for name in _names(piece):
        if span := answer.take(name, start, end):
            return span
    bare = piece.words.strip(_QUOTES)
    if piece.kind == "quoted" and bare != bare.lower():  # OPEN without its marks is no door
        return answer.take_as_written(bare, start, end)
    return None


def _names(piece: Piece) -> list[str]:
    """The ways in which an answer may say a piece's words, folded for searching."""
    words = fold_characters(piece.words)
    if piece.treatment != TYPED:
        return [words]
    names = [words, one_line(words), fold_characters(piece.text), words.lstrip("#@")]
    without_marks = " ".join(re.findall(r"[^\W_]+", words))
    names += [without_marks] if " " in without_marks else []
    if piece.kind == "quoted":
        bare = words.strip(_QUOTES)
        names += [f'"{bare}"', f"'{bare}'", *([bare] if " " in bare else [])]
    return [name for name in dict.fromkeys(names) if name]


def _said_again(answer: _Answer, pieces: list[Piece], start: int, end: int) -> list[_Edit]:
    """Edits where an answer says again what a piece says: a detail that is only that goes, and elsewhere words that
    were typed in their own way are written so."""
    edits = []
    for piece in dict.fromkeys(pieces):
        words = fold_characters(piece.words)
        typed = piece if piece.treatment == TYPED and piece.text != piece.words else None
        position = answer.find(words, start, end, free=True)
        while position >= 0:
            stop = position + len(words)
            if answer.free.endswith(", ", 0, position) and answer.free[stop : stop + 1] in ("", ","):
                edits.append(_Edit(position, stop, None))
            elif typed:
                edits.append(_Edit(position, stop, typed))
            position = answer.find(words, stop, end, free=True)
    return edits


def _commas(section: list[str | Piece], index: int) -> tuple[bool, bool]:
    """Whether a comma (or a line end) stands before and after part `index`; a piece with words gets both."""
    if section[index].words and not section[index].neutral:
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
    if not count:
        noun = behind < len(words) and words[behind].strip(".;:!?") not in STOP_WORDS
        if noun and piece.kind in IS_TEXT and not commas[1]:
            return max(start, _anchor(answer, words[behind : behind + 4], start, end)[0])
        # A line that begins with "#" is a comment to some tools.
        return end if piece.treatment == TYPED and piece.text.startswith("#") else start
    if behind >= len(words):
        return end
    previous = _anchor(answer, words[max(count - 4, 0) : count], start, end, last=True)[1]
    following = _anchor(answer, words[behind : behind + 4], start, end)[0]
    places = answer.details(start, end)
    if following >= 0 and not (commas == (False, True) and previous >= 0):
        found, whole = following, max(place for place in places if place <= following)
    elif previous >= 0:
        found, whole = previous, min(place for place in places if place >= previous)
    else:
        found = whole = _nearest(places, start + (end - start) * count / len(words))
    place = whole if piece.treatment == LINE or commas == (True, True) else found
    return end if place == start and piece.text.startswith("#") and piece.treatment == TYPED else place


def _render(plain: str, parts: tuple[str | Piece, ...]) -> str:
    """`plain` with the pieces of `parts` in their places: one comma or blank between neighbours, comments on lines of
    their own."""
    sections, borders = _sections(parts)
    page = _Page()
    for number, share in enumerate(_shares(plain, sections) if borders else [plain]):
        if number:
            page.border(borders[number - 1], _ends_in_comma(sections[number - 1]))
        position = 0
        for edit in _place_section(_Answer(share), sections[number], 0, len(share)):
            page.text(share[position : edit.start])
            if edit.piece:
                page.piece(edit)
            position = max(position, edit.end)  # an insertion may fall inside what a piece has taken
        page.text(share[position:])
    return "".join(page.written)


class _Page:
    """Text and pieces written one after the other; what separates two is decided when the second comes."""

    def __init__(self):
        self.written: list[str] = []
        self.last = ""  # what was written last: TEXT, a treatment, or END_OF_LINE
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
        self.write(body, _TEXT)
        self.widen(text[text.rindex(body) + len(body) :])

    def piece(self, edit: _Edit):
        inserted = edit.start == edit.end
        self.widen(" " if inserted else "")
        self.widen("," if edit.comma_before else "")
        self.write(edit.piece.text, edit.piece.treatment)
        self.widen(" " if inserted else "")
        self.widen("," if edit.comma_after else "")

    def border(self, piece: Piece, comma: bool):
        if piece.kind == "line" and self.last == LINE:
            return  # a comment ends its line itself
        if piece.kind == "line" and comma:
            self.end_content()
        self.write(piece.text, _END_OF_LINE if piece.kind == "line" else DIVIDES)

    def write(self, text: str, kind: str):
        if self.written:
            self.written.append(self.separator(kind))
        if kind == LINE:
            pass
        elif kind in (DIVIDES, _END_OF_LINE):
            self.content = None
        else:
            if self.last == LINE:
                self.end_content()
            self.content = len(self.written)
        self.written.append(text)
        self.last, self.gap = kind, ""

    def separator(self, kind: str) -> str:
        """What stands between what was written last and what comes, which is of this kind."""
        if LINE in (kind, self.last):
            return "\n"
        if _END_OF_LINE in (kind, self.last):
            return ""
        if DIVIDES in (kind, self.last):
            return " "
        # A sentence that has ended needs no comma.
        return " " if self.gap == ", " and self.written[-1].endswith(_ENDS) else self.gap

    def end_content(self):
        """A comma behind what was written last that is no comment, where it has no mark at its end."""
        if self.content is not None and not self.written[self.content].endswith((*_ENDS, ",", ";", ":")):
            self.written[self.content] += ","
