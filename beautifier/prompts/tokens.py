"""A prompt cut into tokens: plain text, the kinds of syntax_table.py, and parentheses."""

import re
from functools import cache
from itertools import groupby
from typing import NamedTuple

from .parentheses import BRACE, CLOSE, OPEN, TEXT, Token, balance
from .syntax_table import EMOJI, TABLE, TREATMENTS, Row
from .words import STOP_WORDS, plain

# What makes a choice of braces; and single names that stand for something to be filled in.
_CHOSEN = re.compile(
    r"^[$%]|\||\$\$|__|<|::|^\{\s*\"|^\{\s*(?:prompt|subject|character|style|artist|input|text)?\s*\}$", re.IGNORECASE
)
# What follows a group in compel's manner.
_BEHIND_GROUP = re.compile(
    r"(?:\+{1,6}|-{1,6}|\d?\.\d{1,3})(?=[\s,.;)]|$)|\.(?:and|blend)\([\d\s.,]{0,60}\)|\.swap\([^()\n]{0,120}\)"
)

# What stands inside the square brackets of a schedule: alternatives, a step or a tag at the end.
_SCHEDULED = re.compile(r"\||:[\s\d.,+-]*(?::\s*[a-z-]+)?\s*$|:[A-Z_]+$|^(?:SEQ|CUT):|::")

_PARTNERS = {
    "}": re.compile(r"(?<!\\)(?:(\{)|\})"),
    "]": re.compile(r"(?<!\\)(?:(\[)|\])"),
    ")": re.compile(r"(?<!\\)(?:(\()|\))"),
    ">": re.compile(r"(<)(?=[A-Za-z/!])|(?<![-=])>"),
}
# The same bracket closed with no other between.
_NEXT_CLOSES = {
    "}": re.compile(r"[^{}\\]*\}"),
    "]": re.compile(r"[^\[\]\\]*\]"),
    ")": re.compile(r"[^()\\]*\)"),
    ">": re.compile(r"[^<>]*(?<![-=])>"),
}
# A run of characters is cut at these, and is not looked at further back than that.
_CUTS = frozenset(' \t\n\r\v\f\u00a0\u3000,;(){}<>|[]"“”„«»「」『』')
_LONGEST_CHUNK = 80
_ESCAPE = re.compile(r"(?:\\\([^\\()\n{}<>]{0,200}\\\)|\\[(){}|]?|[^\s,;(){}<>|\\])+")
_NOT_IN_ESCAPE = frozenset(",;(){}<>|")
_IN_BRACKETS = r"(?:\\\([^()\n,]{1,60}\\\)|\((?!\s)[^()\n,:]{1,60}(?<!\s)\))(?=\s*(?:[,;\n]|$))"
_SERIES = re.compile(rf"[^\W_][\w.'’:!&-]{{0,40}}(?: [^\W_][\w.'’:!&-]{{0,40}}){{0,4}} {_IN_BRACKETS}")
_ENDS_SERIES = re.compile(_IN_BRACKETS)
# Marks at the end of a word that are not its own, and a weight in A1111's manner behind it.
_LOOSE_END = re.compile(r"(?:(?<=\D):[+-]?\d*\.?\d+|[.:/&@=~^'’?,-]+)$")
_WEIGHT_IN_GROUP = re.compile(r":[+-]?\d*\.?\d+$")
# The weight at the end of a group, which is no mark of a word: "(red dress:1.3)".
_WEIGHT_ENDS = re.compile(r"(?<=[^\s(,|{\[:]):\s?[+-]?(?:\d+\.?\d*|\.\d+)(?=\s*\))")
_NUMBER, _COLON_BEFORE = re.compile(r"[+-]?\d*\.?\d+"), re.compile(r":\s?$")
_MARK_INSIDE = re.compile(r"^\.|[#@$€£¥₩₹№%:/&*+=~^°×−±≈½⅓⅔¼¾²³]|\d[.,–-]\d|\d-[A-Za-z]|[A-Za-z]-\d")
_TELLS_CHOICE = 1000  # characters: reading stays linear
_LETTER = re.compile(r"[^\W_]")
_TAG = re.compile(r"<[^<>]*>")
_WORD_BEFORE, _WORD_BEHIND = re.compile(r"([^\W\d_]+)[\s,.!?-]*$"), re.compile(r"[\s,.!?-]*([^\W\d_]+)")


class _Run(NamedTuple):
    """Rows that a character gives away, one behind the other in the table, whose patterns begin at one place.

    any_of: one pattern for all of them, with a group for each, named r0, r1, ...
    """

    whole_chunk: bool
    any_of: re.Pattern
    rows: tuple[Row, ...]


@cache
def _runs(char: str) -> tuple[_Run, ...]:
    """What a character gives away. Patterns are made when a text has it: most texts have few of these characters."""
    found = []
    for whole_chunk, group in groupby((row for row in TABLE if char in row.starts), key=lambda row: row.whole_chunk):
        rows = tuple(group)
        any_of = "|".join(f"(?P<r{number}>{row.pattern})" for number, row in enumerate(rows))
        found.append(_Run(whole_chunk, re.compile(any_of), rows))
    return tuple(found)


_compiled = cache(re.compile)
_STARTS = frozenset(char for row in TABLE for char in row.starts)
# Kinds whose text has to be looked at once more, besides those with a bracket to close.
_LOOKED_AT = frozenset(
    "comment line|definition|emoticon|emoticon of letters|emoji|schedule|choice|less weight|more weight|operator"
    "|coupled|weight of a section|marks in a word|underscores".split("|")
)
_EMOJI_ROW, _EMOJI = "🐱", re.compile(f"[{EMOJI}]")
_KEYWORD = r"(?<!\w)(?:BREAK|AND|COUPLE|ADD(?:COMM|COL|ROW|BASE|P))(?![^\W_])"
_MARKS = "".join(re.escape(char) for char in {*_STARTS, *"(){}\\"} - set("ABC., -—–🐱"))
_OTHER_LINE = re.compile(r"^[^\S\n]*(?:[^\s#]|#(?:[0-9a-fA-F]{3,4}){1,2}(?!\w))", re.MULTILINE)
_OPERATOR = re.compile(r"BREAK|AND|COUPLE|ADD[A-Z]+|[A-Z]*MASK|AREA|FILL|TE|SDXL|STYLE|AVG|FEATHER")
_DASHES = r"(?<!\S)(?:--|—|–)(?=[a-z])|(?<=[A-Za-z])--(?=[\s,.;)]|$)"
_POINT = r"(?<![^\s(\[{,;|\"'“‘])\.(?=[A-Za-z\d])"  # ".NET", ".45"
_HYPHEN = r"(?<=\d)-(?=[A-Za-z])|(?<=[A-Za-z])-(?=\d)"
_MORE = rf"(?<=\d)[., –-](?=\d)|{_HYPHEN}|[{EMOJI}]|(?<=[A-Za-z])\.(?=[A-Za-z]\.)|{_POINT}|{_DASHES}|{_KEYWORD}"
# A run of characters none of which gives anything away, which most of a prompt is: it is passed over at once.
_PLAIN_RUN = re.compile(r"(?:[a-z ,!?]+|[A-Z](?![A-Z])|\.(?![A-Za-z\d])|\d(?![., –-]\d|-[A-Za-z])|-(?![\d-]))*")
_GIVES_AWAY = re.compile(rf"[{_MARKS}]|{_MORE}")
_GIVES_AWAY_TO_ENGLISH = re.compile(rf"[{_MARKS}]|{_MORE}|[^\x00-\x7f]")


def read_tokens(text: str, english: bool = False) -> list[Token]:
    """Tokens (kind, text) of a text; a stray parenthesis inside one that is no text is escaped, stray braces go.

    english: other scripts and accented words are kinds of their own.
    """
    tokens = [(kind, token) for kind, token in _Reader(text, english).read() if kind != BRACE and token]
    if not any([("(" in token or ")" in token) and kind in TREATMENTS for kind, token in tokens]):
        return tokens
    marked = " ".join([token for _, token in tokens if "(" in token or ")" in token])
    faces_alone = balance(marked) == marked
    return [(kind, balance(token, faces_alone) if kind in TREATMENTS else token) for kind, token in tokens]


class _Reader:
    """Reads a text from left to right. Every search is bounded, or goes over the text once: reading is linear."""

    def __init__(self, text: str, english: bool):
        self.text = text
        self.english = english
        self.tokens: list[Token] = []
        self.start = 0  # of the text that is no token yet
        self.depth = 0  # of parentheses
        self.partners: dict[str, dict[int, int]] = {}
        self.has_operator = False
        self.has_other_lines: bool | None = None
        self.last: dict[str, int] = {}

    def read(self) -> list[Token]:
        gives_away = (_GIVES_AWAY_TO_ENGLISH if self.english else _GIVES_AWAY).search
        passed, text, position = _PLAIN_RUN.match, self.text, 0
        while (plain := passed(text, position)) and (found := gives_away(text, plain.end())):
            position = self._read_at(found.start()) or found.start() + 1
        if self.start < len(self.text):
            self.tokens.append((TEXT, self.text[self.start :]))
        return self.tokens

    def _read_at(self, place: int) -> int:
        """Take the token that the character at `place` belongs to; where it ends, 0 if it is plain text."""
        char, text = self.text[place], self.text
        if char == ":" and self.depth and (weight := _WEIGHT_ENDS.match(text, place)):
            return weight.end()
        chunk = -1
        start = _EMOJI_ROW if char > "\x7f" and _EMOJI.match(char) else char
        for run in _runs(start) if start in _STARTS else ():
            begin = place
            if run.whole_chunk:
                begin = chunk = self._chunk(place, _CUTS) if chunk < 0 else chunk
            found = run.any_of.match(text, begin)
            if found is None:
                continue
            number = int(found.lastgroup[1:])
            for row in run.rows[number:]:
                found = found or _compiled(row.pattern).match(text, begin)
                if found is not None and found.end() > place:
                    end = found.end()
                    if row.closes or row.kind in _LOOKED_AT:
                        end = self._end(row, begin, end)
                    if end > place:  # else what makes it one is behind it
                        return self._take(row.kind, begin, end)
                found = None
        if char == "\\":
            return self._read_escape(place)
        if char in "(){}":
            return self._read_bracket(place)
        if self.english and not char.isascii():
            return self._read_foreign(place)
        return 0

    def _chunk(self, place: int, cuts: frozenset[str]) -> int:
        """Where the run of characters begins that `place` is in."""
        begin, least = place, max(self.start, place - _LONGEST_CHUNK)
        while begin > least and self.text[begin - 1] not in cuts:
            begin -= 1
        return begin

    def _take(self, kind: str, begin: int, end: int) -> int:
        if begin > self.start:
            self.tokens.append((TEXT, self.text[self.start : begin]))
        self.tokens.append((kind, self.text[begin:end]))
        self.start = end
        return end

    def _end(self, row: Row, begin: int, end: int) -> int:
        """Where the token ends of which a row's pattern has matched text[begin:end]; 0 if it is none after all."""
        if row.closes:
            end = self._closed(row.closes, end)
        if not end:
            return 0
        text = self.text[begin:end]
        if row.kind in ("marks in a word", "underscores"):
            is_weight = _NUMBER.fullmatch(text) and _COLON_BEFORE.search(self.text, max(begin - 3, 0), begin)
            return 0 if is_weight else begin + self._word_with_marks(row.kind, text, end)
        if row.kind in ("comment line", "definition"):
            return end if self._is_line(begin, row.kind) else 0
        if row.kind.startswith("emoticon"):
            return 0 if self.depth and ")" in text else end
        if row.kind == "emoji":
            return 0 if self.english else end
        if row.kind == "schedule":
            return end if _SCHEDULED.search(_TAG.sub("", text[1:-1])) else 0
        if row.kind == "choice":
            return end if _CHOSEN.search(text, 0, _TELLS_CHOICE) else 0
        if row.kind in ("less weight", "more weight"):
            return end if _LETTER.search(text) and "\n" not in text else 0
        if row.kind in ("operator", "coupled"):
            return end if self._operates(text, begin, end) else 0
        if row.kind == "weight of a section":
            return end if self.has_operator else 0
        return end

    def _closed(self, closes: str, opened: int) -> int:
        """Where the bracket is closed that ends before `opened`; 0 if it never is."""
        if len(closes) > 1:
            if closes not in self.last:
                self.last[closes] = self.text.rfind(closes)
            return self.text.index(closes, opened) + len(closes) if opened <= self.last[closes] else 0
        if closed := _NEXT_CLOSES[closes].match(self.text, opened):
            return closed.end()
        if closes not in self.partners:
            self.partners[closes] = _partners(self.text, _PARTNERS[closes])
        start = self.text.rfind({"}": "{", "]": "[", ")": "(", ">": "<"}[closes], 0, opened)
        return self.partners[closes].get(start, 0)

    def _is_line(self, begin: int, kind: str) -> bool:
        """Whether a line begins at `begin`, and where it is a comment, others are there: a single "#1 fan" is text."""
        if self.text[self.text.rfind("\n", 0, begin) + 1 : begin].strip():
            return False
        if kind == "definition":
            return True
        if self.has_other_lines is None:
            self.has_other_lines = bool(_OTHER_LINE.search(self.text))
        return self.has_other_lines

    def _operates(self, text: str, begin: int, end: int) -> bool:
        """Whether AND and COUPLE stand for themselves: among words in capitals they are words like them."""
        shouted = text in ("AND", "COUPLE") and all(
            word and word[1].isupper() and not _OPERATOR.fullmatch(word[1])
            for word in (
                _WORD_BEHIND.match(self.text, end),
                _WORD_BEFORE.search(self.text, max(begin - 60, 0), begin),
            )
        )
        self.has_operator = self.has_operator or not shouted and ("AND" in text or "COUPLE" in text)
        return not shouted

    def _word_with_marks(self, kind: str, text: str, end: int) -> int:
        """How much of a chunk is a word with its marks; 0 if no mark is left in it."""
        if self.text[end : end + 9].lstrip().startswith(")"):
            text = _WEIGHT_IN_GROUP.sub("", text)
        text = _LOOSE_END.sub("", _LOOSE_END.sub("", text))
        has_mark = "_" in text if kind == "underscores" else _MARK_INSIDE.search(text)
        return len(text) if has_mark else 0

    def _read_escape(self, place: int) -> int:
        found = self._series(place)
        if found:
            return found
        begin = self._chunk(place, _NOT_IN_ESCAPE | frozenset(" \t\n\u00a0\u3000"))
        escape = _ESCAPE.match(self.text, begin)
        return self._take("escape", begin, escape.end()) if escape else 0

    def _read_bracket(self, place: int) -> int:
        char = self.text[place]
        if char in "{}":
            return self._take(BRACE, place, place + 1)
        if char == "(" and not self.depth and (found := self._series(place)):
            return found
        opened, self.depth = self.depth, max(0, self.depth + (1 if char == "(" else -1))
        behind = _BEHIND_GROUP.match(self.text, place + 1) if char == ")" and opened else None
        return self._take(OPEN if char == "(" else CLOSE, place, behind.end() if behind else place + 1)

    def _series(self, place: int) -> int:
        """Take "name (series)" where it is all of a tag: names have no articles and prepositions in them."""
        if not self.text.startswith(" ", place - 1) or not _ENDS_SERIES.match(self.text, place):
            return 0
        begin, least = place, max(self.start, place - _LONGEST_CHUNK)
        while begin > least and self.text[begin - 1] not in ",;\n|(){}<>":
            begin -= 1
        while begin < place and self.text[begin].isspace():
            begin += 1
        found = _SERIES.match(self.text, begin) if begin < place else None
        if not found or STOP_WORDS.intersection(self.text[begin:place].lower().split()):
            return 0
        return self._take("series", begin, found.end())

    def _read_foreign(self, place: int) -> int:
        """Take a word with accents or quotes of print, or a run of another script, for a writer of English."""
        begin = self._chunk(place, _CUTS)
        end = place
        while end < len(self.text) and end - begin < 4 * _LONGEST_CHUNK and self.text[end] not in _CUTS:
            end += 1
        written = plain(self.text[begin:end])
        if written.isascii() and any(char.isalnum() for char in written):
            end = begin + len(self.text[begin:end].rstrip(".,:!?-…"))
            return self._take("accented", begin, end) if end > place else 0
        if written.isascii():
            return 0
        end = place
        while end < len(self.text) and not self.text[end].isascii():
            end += 1
        return self._take("foreign", place, end)


def _partners(text: str, brackets: re.Pattern) -> dict[int, int]:
    """Index of every bracket that is closed -> index after its partner; escaped ones do not count."""
    closed, opened = {}, []
    for found in brackets.finditer(text):
        if found[1]:
            opened.append(found.start())
        elif opened:
            closed[opened.pop()] = found.end()
    return closed
