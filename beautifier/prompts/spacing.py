"""Spacing that a word-piece tokenizer left in a text, undone: "8 k", "1 9 2 0 s", "art - deco".

The training data needs it as much as a model's answer does.
"""

import itertools
import re

from .words import word_set

# Single digits, one space apart: "1 9 2 0". A digit that touches a word ("4k") is not one of them.
_DIGITS = re.compile(r"(?<![\w.])\d(?!\w)(?: \d(?!\w))+")
_COUNTED = "0123456789"
_DIGIT_SPACE = re.compile(r"\d[.,]? [a-z0-9%:/-]", re.IGNORECASE)
# "unreal engine 5 8 k": the version of an engine is not the first digit of the next number.
_ENGINE = re.compile(r"\b(?:engine|unreal|ue) $", re.IGNORECASE)
_BEFORE_DECIMAL = re.compile(r"(?:\b[ft]|[/ƒ:]) ?$", re.IGNORECASE)
_ROBOT = re.compile(r"\b(r) ?2 ?-? ?(d) ?2\b", re.IGNORECASE)
_DECIMAL = re.compile(r"(?<![\w.])(\d{1,2})\. (\d{1,2})(?![\w.])(?! ?[xk:/]\b)")
_AFTER_DECIMAL = re.compile(r" ?([a-z]+)")
_THOUSANDS = re.compile(r"(?<![\w.,])([1-9]\d{0,2}), (000)(?!\w)")
_APERTURE = re.compile(r"\b([ft]|ƒ) ?/ ?(?=\d)|\b(f|ƒ) (?=\d\.\d)", re.IGNORECASE)
_FRACTION = re.compile(r"(?<=\d) (/) (?=\d)|(?<=\d) (-) (?=\d+(?:mm|s)?\b)")
_RATIO = re.compile(r"(?<!\w)(\d{1,2}) : (\d{1,2})(?![\w.])")
_TIMES = re.compile(r"(?<=\d) (x) (?=\d)", re.IGNORECASE)
_THOUSAND_PIXELS = re.compile(r"(?<![\w.])(\d+) (k)\b(?! ?')", re.IGNORECASE)
_RESOLUTIONS = word_set("1 2 3 4 5 6 8 10 12 14 15 16 20 24 32 40 50 60 64 96 100 120 128 256 300 1000")
_MILLIMETRES = re.compile(r"(?<![\w.])(\d+) (mm)\b", re.IGNORECASE)
_LENSES = word_set("24 28 35 50 55 70 85")
_THREE_DIGIT_LENSES = word_set("135 150 250 350 450 1200")
_UNIT = re.compile(
    r"(?<![\w.])(?:(\d+(?:\.\d+)?) (d|ds|cm|px|fps|mp|hz|nm|%|po)(?![\w'])"
    r"|(\d+) (st|nd|rd|th)\b"
    r"|(\d*0|\d{4}) ('?s)\b|(480|720|1080|1440|2160) ([pi])\b|(800) (t)\b)",
    re.IGNORECASE,
)

_MARKS = re.compile(r" [^\w\s]|[(\[{@#$_'‘’\"] ")
_BEFORE_MARK = re.compile(r"(?<=\S) +(?=[,;，。；！？]|[!?]+(?:[\s,.;]|$)|\.(?:\s|$))|(?<=[\w:]) +(?=:(?:\s|$))")
_OPENING = re.compile(r"(?<=[(\[{‘“]) +")
_CLOSING = re.compile(r" +(?=[)\]}”])")
_QUOTED = re.compile(r'(?<!\S)" ([^"]*?) "(?!\w)')
_APOSTROPHE = re.compile(r"(?<=\w) ?(['’]) ?(s|t|re|ll|ve|d|m)\b(?!')|(?<=\w) (n['’]t)\b", re.IGNORECASE)
_UNDERSCORE = re.compile(r"(?<=\w) _ (?=\w)")
_SIGN = re.compile(r"(?<!\S)([@#$]) (?=\w)")
_SPACES = re.compile(r"[^\S\n]{2,}")

# "art - deco" was "art-deco", "a cat - digital art" was typed so. In lowercase text one word of a pair tells.
_HYPHENS = re.compile(r"(?<![\w-])[^\W_A-Z]+(?: - [^\W_A-Z]+)+(?!\w)")
_HYPHEN_BEFORE = word_set(
    "a action afro all anglo anti art auto avant award bas battle bio black blue body brown bust "
    "cartier cel cell close co coca cross cyber dark deep dieselpunk double dream dust e eight eye eyed "
    "far first five flat four full fur futuristic gold golden gray green grey half hand hard heart "
    "heavy hi high highly hip hyper ice in inter jean k kung life light long low macro man mar mecha "
    "medium mega meta micro mid mini moholy multi neo neon never nine non obi off oil old on one open "
    "over papier photo pierre pin play plus pop post pre pseudo quasi real red retro sci science screen "
    "see self semi seven short side single six slow soft space spider steam stop sub sumi sun super "
    "synth t tall techno ten thick thin third three tie tilt time top trans tri two ukiyo ultra un under "
    "upper vapor very warm water well wet white wide x year young zoomed"
)
_HYPHEN_AFTER = word_set(
    "aged angle armed baptiste based bit bodied body bresson chan clad class coded cola colored colors "
    "coloured complementary core covered cut cyberpunk deco definition deharme depth detail detailed "
    "dimensional dressed driven dropping dyed eared end era esque exposure eyed faced fashioned fi "
    "field filled fine focus format free fructose futurism futuristic garde girl gothic haired handed "
    "hanga head headed hop horned huggable hued impressionism impressionist inch inspired jawed key kun "
    "legged length lepage level like lined lit long looking luminescent made mache man mechanical "
    "modern noir nouveau old on out painted patterned perspective piece pixel plated poly pop powered "
    "processing punk quality raphaelite raphaelites ray realism realistic rendered res resolution san "
    "scale scan setting shaded shading shaped shaven shot shoulder shouldered size sized skin skinned "
    "style symmetrical tailed tech themed through tight time tiered tone toned up view wan wave wide "
    "winged winning woman wrapped yokai"
)
_NO_HYPHEN_AFTER = word_set(  # options of image programs ("- n 9", "- h 704") and words that begin a detail
    "n h w c s v g q m seed ar iw by of with from at as the an and is w/ steps hd"
)
_INSIDE_COMPOUND = word_set("the and of in as an")
_NO_HYPHEN_BEFORE = word_set("by of with and the artstation style photography render rendering")


def repair_spacing(text: str) -> str:
    """Undo the spacing a tokenizer put into `text`: "8 k" -> "8k", "1 9 2 0 s" -> "1920s".

    Joined are digits and their units ("3 5 mm" -> "35mm", "f / 1. 8" -> "f/1.8", "1 6 : 9" -> "16:9"),
    hyphens between words ("hyper - realistic" -> "hyper-realistic"; a dash between two details stays), marks
    to their word ("wlop , x" -> "wlop, x", "( ( bloom ) )" -> "((bloom))", "cat ' s" -> "cat's").
    "d & d" and "black | white" stay. Line breaks stay. Text without such spacing comes back unchanged, and
    repairing twice changes nothing more.
    """
    repaired = text
    if _DIGIT_SPACE.search(text):
        repaired = _repair_numbers(repaired)
    if _MARKS.search(repaired):
        repaired = _repair_marks(repaired, had_split_numbers=repaired != text)
    return repaired


def _repair_numbers(text: str) -> str:
    text = _ROBOT.sub(r"\g<1>2-\g<2>2", text)
    text = _DIGITS.sub(_join_digits, text)
    text = _THOUSAND_PIXELS.sub(_join_resolution, text)
    text = _MILLIMETRES.sub(_join_millimetres, text)
    text = _DECIMAL.sub(_join_decimal, text)
    text = _THOUSANDS.sub(r"\1,\2", text)
    text = _APERTURE.sub(lambda mark: f"{mark[1]}/" if mark[1] else mark[2], text)
    text = _FRACTION.sub(lambda mark: mark[0].strip(), text)
    text = _RATIO.sub(r"\1:\2", text)
    text = _TIMES.sub(r"\1", text)
    return _UNIT.sub(lambda found: "".join(part for part in found.groups() if part), text)


def _join_digits(found: re.Match) -> str:
    digits, start = found[0].replace(" ", ""), found.start()
    if len(digits) > 2 and (digits in _COUNTED or digits in _COUNTED[::-1]):  # "1 2 3 go", "3 2 1"
        return found[0]
    if digits[0] in "345" and _ENGINE.search(found.string, max(start - 8, 0), start):
        return f"{digits[0]} {digits[1:]}"
    return digits


def _join_decimal(found: re.Match) -> str:
    """ "2. 5" is one number; "fallout 4. 3 d render" and "page 12. 50 cats" are the end of a sentence."""
    whole, part = found.groups()
    measured = _BEFORE_DECIMAL.search(found.string, max(found.start() - 4, 0), found.start())
    unit = _AFTER_DECIMAL.match(found.string, found.end())
    if (
        measured
        or int(part) == 0
        or whole in ("0", "1", "2")
        and len(part) == 1
        and (whole == "2" and part == "5" or not unit or unit[1] not in ("d", "k"))
    ):
        return f"{whole}.{part}"
    return found[0]


def _join_resolution(found: re.Match) -> str:
    """ "8 k"; and digits of two numbers that ran together: "2022" and "8k" came as "2 0 2 2 8 k"."""
    digits, unit = found.groups()
    if digits in _RESOLUTIONS or digits[-1] not in _RESOLUTIONS:
        return digits + unit
    last = 2 if len(digits) in (4, 6) and digits[-2:] in ("16", "32", "64") else 1
    return f"{digits[:-last]} {digits[-last:]}{unit}".lstrip()


def _join_millimetres(found: re.Match) -> str:
    digits, unit = found.groups()
    if len(digits) > 2 and digits[-2:] in _LENSES and digits not in _THREE_DIGIT_LENSES:
        return f"{digits[:-2]} {digits[-2:]}{unit}"
    return digits + unit


def _repair_marks(text: str, had_split_numbers: bool) -> str:
    text = _APOSTROPHE.sub(lambda found: found[3] or found[1] + found[2], text)
    text = _BEFORE_MARK.sub("", text)
    text = _OPENING.sub("", text)
    text = _CLOSING.sub("", text)
    if '" ' in text:
        text = _QUOTED.sub(r'"\1"', text)
    text = _UNDERSCORE.sub("_", text)
    text = _SIGN.sub(r"\1", text)
    if " - " in text:
        text = _HYPHENS.sub(lambda found: _join_hyphens(found[0], had_split_numbers), text)
    return _SPACES.sub(" ", text)


def _join_hyphens(chain: str, all_are_compounds: bool) -> str:
    """Join the words of `chain` ("off - the - shoulder") where they make a compound."""
    words = chain.split(" - ")
    joined, in_compound = words[0], False
    for before, after in itertools.pairwise(words):
        if after in _NO_HYPHEN_AFTER or before in _NO_HYPHEN_BEFORE:
            # Inside a compound small words are part of it: "off - the - shoulder", "black - and - white".
            in_compound = (
                in_compound
                and before in _NO_HYPHEN_BEFORE
                or (after in _INSIDE_COMPOUND and before in _HYPHEN_BEFORE and after != words[-1])
            )
        else:
            in_compound = (
                in_compound
                or all_are_compounds
                or before in _HYPHEN_BEFORE
                or after in _HYPHEN_AFTER
                or before.isdigit()
            )
        joined += ("-" if in_compound else " - ") + after
    return joined
