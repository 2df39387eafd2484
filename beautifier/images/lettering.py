"""Text on pictures, in every script there is a font for: which font draws what, wrapping, drawing.

The font in fonts/ has Latin-1, Greek, Cyrillic, kana and 9 000 Chinese characters, and looks the same on every
system. A character it lacks is taken from a font of the system, where one of SYSTEM_FONTS has it; else a box stands
in its place.
"""

import re
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Any

from PIL import ImageDraw, ImageFont, features

FONT = str(Path(__file__).parent / "fonts" / "BeautifierSans-Regular.otf")

# File names, looked up in the places where Windows, macOS and Linux keep fonts.
SYSTEM_FONTS = (
    *("segoeui.ttf", "Arial.ttf", "DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf"),
    *(
        "msyh.ttc",
        "PingFang.ttc",
        "Hiragino Sans GB.ttc",
        "NotoSansCJK-Regular.ttc",
        "NotoSansCJKsc-Regular.otf",
    ),
    *("SourceHanSans.ttc", "wqy-microhei.ttc", "YuGothR.ttc", "malgun.ttf", "AppleSDGothicNeo.ttc"),
    *(
        "GeezaPro.ttc",
        "NotoSansArabic-Regular.ttf",
        "NotoNaskhArabic-Regular.ttf",
        "NotoSansHebrew-Regular.ttf",
    ),
    *("LeelawUI.ttf", "Thonburi.ttc", "NotoSansThai-Regular.ttf", "Nirmala.ttc", "Nirmala.ttf"),
    *("Kohinoor.ttc", "NotoSansDevanagari-Regular.ttf", "seguisym.ttf", "seguiemj.ttf", "Apple Symbols.ttf"),
    *("NotoEmoji-Regular.ttf", "NotoSansSymbols2-Regular.ttf", "Symbola.ttf", "Arial Unicode.ttf"),
)
PROBE = 20  # px: the size at which glyphs are compared
NOBODYS = "\U0010fffe"  # a code point that never is a character: what a font draws for it is its box

ELLIPSIS = "…"
LINE_HEIGHT = 1.4  # of the text size
BASELINE = 1.06  # from the top of the line, of the text size

CHINESE = "\u2e80-\u30ff\u31f0-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
OPENING, CLOSING = "（【「『《〈〔［｛“‘", "），。、；：？！】」』》〉〕］｝”’…・ー～"
# Where a line may end: at spaces, and round a Chinese or Japanese character, which keeps its punctuation.
PIECE = re.compile(rf"\s+|[{OPENING}]*[{CHINESE}][{CLOSING}]*|[^\s{CHINESE}]+")
VARIATION_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")


@lru_cache(maxsize=256)
def font(path: str, size: int) -> ImageFont.FreeTypeFont:
    """A font at a size in pixels."""
    return ImageFont.truetype(path, size)


@lru_cache(maxsize=len(SYSTEM_FONTS))
def system_font(name: str) -> str | None:
    """The path of an installed font that can be drawn at any size, None where there is none."""
    try:
        path = ImageFont.truetype(name, PROBE).path
    except OSError:  # not there, or one of bitmaps
        return None
    return path if isinstance(path, str) else None


@lru_cache(maxsize=512)
def glyph(path: str, character: str) -> tuple[tuple[int, int], bytes]:
    """Size and pixels, a byte each, of how a font draws a character."""
    mask: Any = ImageFont.truetype(path, PROBE, layout_engine=ImageFont.Layout.BASIC).getmask(character)
    return mask.size, bytes(mask)


@lru_cache(maxsize=20_000)
def has(path: str, character: str) -> bool:
    """Whether a font has a character: whether it draws anything but its box."""
    return glyph(path, character) != glyph(path, NOBODYS)


@lru_cache(maxsize=20_000)
def font_for(character: str) -> str:
    """The path of the first font that has a character, FONT where none has."""
    if has(FONT, character):
        return FONT
    installed = (path for name in SYSTEM_FONTS if (path := system_font(name)))
    return next((path for path in installed if has(path, character)), FONT)


def runs(text: str) -> list[tuple[str, str]]:
    """`text` in parts that one font draws: (path, part). Spaces and marks stay with what is before them.

    Except behind Arabic and Hebrew, on whose left they would be drawn.
    """
    found: list[tuple[str, str]] = []
    for character in text:
        path = found[-1][0] if found else FONT
        if character.isalpha() or not has(path, character):
            path = font_for(character)
        if found and found[-1][0] == path:
            found[-1] = (path, found[-1][1] + character)
            continue
        marks = ""
        if found and is_leftwards(found[-1][1]):
            stem = found[-1][1].rstrip(" ,.:;!?")
            marks, found[-1] = found[-1][1][len(stem) :], (found[-1][0], stem)
        found.append((path, marks + character))
    return found


def is_leftwards(part: str) -> bool:
    """Whether a part in one font begins with a letter of a script written from right to left."""
    return unicodedata.bidirectional(part[0]) in ("R", "AL")


def cleaned(text: str) -> str:
    """`text` in one line, without what draws nothing: control and format characters, variation selectors."""
    text = unicodedata.normalize("NFC", VARIATION_SELECTORS.sub("", text))
    kinds = ((character, unicodedata.category(character)) for character in text)
    kept = (
        "\ufffd" if kind == "Cs" else " " if kind == "Cc" else character for character, kind in kinds if kind != "Cf"
    )
    return " ".join("".join(kept).split())


def width(text: str, size: int) -> float:
    """How wide `text` is in px, drawn at a text size in px."""
    return sum(font(path, size).getlength(part) for path, part in runs(text))


def fitting(text: str, size: int, room: float, ending: str = "") -> int:
    """How many characters of the beginning of `text` fit into `room` px with `ending` behind them; 1 at least."""
    low, high = 1, len(text) + 1  # low characters fit, high do not
    while high - low > 1:
        middle = (low + high) // 2
        if width(text[:middle] + ending, size) <= room:
            low = middle
        else:
            high = middle
    return low


def shortened(text: str, size: int, room: float) -> str:
    """`text`, or as much of its beginning as fits into `room` px with an ellipsis."""
    if width(text, size) <= room:
        return text
    return text[: fitting(text, size, room, ELLIPSIS)].rstrip(" ,.，、。") + ELLIPSIS


def first_line(text: str, size: int, room: float) -> int:
    """How many characters of `text` a line of `room` px takes; a word that is wider than a line is broken."""
    end = 0
    for piece in PIECE.finditer(text):
        if not piece.group().isspace() and width(text[: piece.end()], size) > room:
            return end or fitting(piece.group(), size, room)
        end = piece.end()
    return end


def wrapped(text: str, size: int, room: float, most_lines: int) -> list[str]:
    """`text` in lines of at most `room` px. What is more than `most_lines` is cut off, as an ellipsis says."""
    text, lines = cleaned(text), []
    while text and len(lines) < most_lines - 1:
        end = first_line(text, size, room)
        lines.append(text[:end].rstrip())
        text = text[end:].lstrip()
    return [*lines, shortened(text, size, room)] if text and most_lines > 0 else lines


def line_height(size: int) -> int:
    """Pixels from one line of text to the next, at a size of the font."""
    return round(size * LINE_HEIGHT)


def draw_text(draw: ImageDraw.ImageDraw, place: tuple[float, float], text: str, size: int, colour) -> None:
    """Draw one line of text; `place` is the left end of the top of its line."""
    left, baseline = place[0], place[1] + round(size * BASELINE)
    for path, part in runs(text):
        used = font(path, size)
        draw.text((left, baseline), shaped(part), colour, used, anchor="ls")
        left += used.getlength(part)


def shaped(part: str) -> str:
    """`part` in the order it is drawn in: without Raqm, Pillow draws Arabic and Hebrew from the left."""
    return part[::-1] if is_leftwards(part) and not features.check("raqm") else part
