"""A prompt written piece by piece: one comma or blank between neighbours, comments on lines of their own."""

from dataclasses import dataclass

from .syntax import Piece
from .syntax_table import DIVIDES, LINE

_TEXT, _END_OF_LINE = "text", "end of line"
_ENDS = (".", "!", "?", "…", "。", "！", "？")


@dataclass(frozen=True)
class Edit:
    """`piece` (None: nothing) in place of answer[start:end], and whether commas stand around it."""

    start: int
    end: int
    piece: Piece | None
    comma_before: bool = False
    comma_after: bool = False


class Page:
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
        """Write text of the answer; the blanks and commas at its edges say what separates it."""
        body = text.strip(" ,")
        if not body:
            self.widen(text)
            return
        self.widen(text[: text.index(body)])
        self.write(body, _TEXT)
        self.widen(text[text.rindex(body) + len(body) :])

    def piece(self, piece: Piece, edit: Edit):
        """Write a piece with the commas that its edit asks for."""
        inserted = edit.start == edit.end
        self.widen(" " if inserted else "")
        self.widen("," if edit.comma_before else "")
        self.write(piece.text, piece.treatment)
        self.widen(" " if inserted else "")
        self.widen("," if edit.comma_after else "")

    def border(self, piece: Piece, comma: bool):
        """Write what divides two sections; comma: one stood before it in the raw prompt."""
        if piece.kind == "line" and self.last == LINE:
            return  # a comment ends its line itself
        if piece.kind == "line" and comma:
            self.end_content()
        self.write(piece.text, _END_OF_LINE if piece.kind == "line" else DIVIDES)

    def write(self, text: str, kind: str):
        """Write text of a kind behind what separates it from what was written last."""
        if self.written:
            self.written.append("" if text.startswith("::") else self.separator(kind))
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
