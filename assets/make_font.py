"""Make beautifier/images/fonts/BeautifierSans-Regular.otf, the font of picture grids, a part of Noto Sans CJK SC.

    apt-get install fonts-noto-cjk      # Debian's 1:20220127+repack1-1 is what the file in the repository is made of
    pip install fonttools
    python assets/make_font.py /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc

What it covers: Latin-1, Greek, Cyrillic, punctuation, arrows, box and geometric marks, kana, fullwidth forms, and
the Chinese characters of GB 2312, of Big5 level 1 and of JIS X 0208 level 1. Without hinting, which nothing reads at
these sizes, and without alternate glyphs. The same input and fonttools 4.68 give the same bytes.
"""

import sys
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

NAME = "Beautifier Sans"  # a modified version carries a name of its own
FACE = "Noto Sans CJK SC"
TARGET = Path(__file__).resolve().parent.parent / "beautifier" / "images" / "fonts" / "BeautifierSans-Regular.otf"

BLOCKS = (
    (0x0020, 0x007E),  # ASCII
    (0x00A0, 0x017F),  # Latin-1, and what there is of Latin Extended-A
    (0x02B0, 0x02FF),  # spacing accents
    (0x0370, 0x052F),  # Greek, Cyrillic
    (0x2000, 0x206F),  # general punctuation
    (0x20A0, 0x20BF),  # currency signs
    (0x2100, 0x22FF),  # letter-like signs, numbers, arrows, mathematical operators
    (0x2460, 0x27BF),  # enclosed numbers, box drawing, geometric shapes, other symbols
    (0x3000, 0x30FF),  # CJK punctuation, hiragana, katakana
    (0xFF00, 0xFFEF),  # fullwidth and halfwidth forms
)
# Rows of two-byte character sets as their codecs have them: (codec, first bytes, second bytes).
HIGH = range(0xA1, 0xFF)
ROWS = (
    ("gb2312", range(0xA1, 0xF8), HIGH),
    ("big5", range(0xA4, 0xC7), (*range(0x40, 0x7F), *HIGH)),
    ("euc_jp", range(0xB0, 0xD0), HIGH),
)


def wanted() -> set[int]:
    """The code points to keep, whether or not the font has them."""
    found = {code for first, last in BLOCKS for code in range(first, last + 1)}
    for codec, rows, columns in ROWS:
        pairs = (bytes((row, column)) for row in rows for column in columns)
        found |= {ord(text) for pair in pairs if len(text := pair.decode(codec, "ignore")) == 1}
    return found


def face(collection: Path) -> TTFont:
    """The face called FACE of a font collection."""
    for number in range(10):
        font = TTFont(collection, fontNumber=number, lazy=True, recalcTimestamp=False)
        if font["name"].getDebugName(4) == FACE:
            return font
    raise LookupError(f"{collection} has no face {FACE!r} among its first ten")


def subset(font: TTFont) -> TTFont:
    """`font` with the wanted glyphs and their kerning alone."""
    options = Options()
    options.hinting = False
    options.layout_features = ["kern"]
    options.drop_tables += ["BASE", "GSUB", "VORG", "vhea", "vmtx"]  # for vertical and alternate forms
    options.notdef_outline = True
    options.name_IDs, options.name_languages = [0, 3, 5, 7, 8, 9, 11, 13, 14], [0x409]
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=wanted())
    subsetter.subset(font)
    return font


def rename(font: TTFont) -> None:
    """Call it NAME; who made it and under which licence stays."""
    names, postscript = font["name"], NAME.replace(" ", "")
    for number, text in ((1, NAME), (2, "Regular"), (4, NAME), (6, f"{postscript}-Regular")):
        names.setName(text, number, 3, 1, 0x409)
    top = font["CFF "].cff
    top.fontNames = [f"{postscript}-Regular"]
    top[0].FullName = top[0].FamilyName = NAME


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    font = subset(face(Path(sys.argv[1])))
    rename(font)
    TARGET.parent.mkdir(exist_ok=True)
    font.save(TARGET)
    print(f"{TARGET}: {TARGET.stat().st_size:,} bytes, {len(font.getBestCmap()):,} characters")


if __name__ == "__main__":
    main()
