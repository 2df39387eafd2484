"""Neutral words for what a writer cannot see: "a photo of __animal__" is read as "a photo of subject".

Without them a writer finds an open end, and puts something of its own there. A wildcard before a noun
("a __color__ dress") needs none.
"""

import re

from .syntax_table import DIVIDES, IS_TEXT, LINE, SHOWN, TYPED
from .words import word_set

# The first of each that the prompt does not say itself.
SUBJECTS = ("subject", "protagonist", "motif")
PLACES = ("place", "location", "setting")

_ARTICLES = word_set("a an the one this that these those some any every each another my your his her its their our")
_BEFORE_PLACES = word_set("in at inside near through across around behind outside under over above beneath inside")
_BEFORE_THINGS = word_set(
    "of with and or between among holding wearing riding showing featuring including containing depicting like as is "
    "are was from to for on into onto against beside beneath playing eating watching chasing facing meets vs versus "
    "plus two three four five six several many no without"
)
# Behind an artist's or a style's place a subject would be wrong.
_BEFORE_STYLES = re.compile(r"\b(?:by|style of|manner of|inspired by)\W*$", re.IGNORECASE)
_ENDS_STYLES = ("by", "of")
# What follows a thing, rather than being one.
_BEHIND_THINGS = _BEFORE_PLACES | word_set(
    "and or of with without on by from to for into onto against as is are was were be has have had who that which "
    "while at beside between among during after before but wearing sits stands runs jumps flies walks rides holds "
    "looks lies sleeps swims dances plays eats drinks reads smiles stares leans floats sitting seen made dressed "
    "surrounded covered painted drawn lit alone together"
)
# A LoRA may bring the person that "a photo of" waits for.
_MAY_BE_A_THING = IS_TEXT | {"network"}
_OTHER_THING = re.compile(r"[,;.\n|]\s*(?:(?:an?|the|one|two|three|portrait|photo|painting) |\d\+?(?:girl|boy))", re.I)
_BETWEEN = re.compile(r"[,;\n|]")
_LETTERS = re.compile(r"[^\W\d_]+")
_PLURAL = re.compile(r"(?:__|[}>\]])s$")
_ENDS = re.compile(r"[,;.!?\n|:]")
_WORD_AT_START = re.compile(r"\W*?([^\W\d_]+)")
_PRAISE = re.compile(
    r"(?:masterpiece|(?:best|high|top|amazing|great|good|worst|low) quality|(?:absurd|high|low) ?res|ultra ?hd"
    r"|(?:highly |very |ultra |extremely )?(?:detailed|aesthetic)|score[ _]\d(?:[ _]up)?|\d+k|u?hdr?|raw photo|photo"
    r"|newest|latest|source[ _]\w+|rating[ _]\w+|safe|sfw|sharp focus|photorealistic|realistic|intricate"
    r"|8k wallpaper|(?:great|high) score)"
)


def stand_in(parts: list) -> list:
    """`parts` of a raw prompt in which pieces that stand for an unseen thing or place have a neutral word; the same
    list where there are none."""
    result, said = parts, None
    for index, part in enumerate(parts):
        if isinstance(part, str) or part.words or not _may_be_a_thing(part):
            continue
        if nouns := _due(result, index):
            if said is None:
                said = {word for text in parts if isinstance(text, str) for word in _LETTERS.findall(text.lower())}
                result = list(parts)
            word = next((noun for noun in nouns if noun not in said), "")
            if word:
                plural = "s" if _PLURAL.search(part.text) else ""
                result[index] = type(part)(part.text, word + plural, part.kind, neutral=True)
    return result


def neutral_words(parts: tuple) -> frozenset[str]:
    """The neutral words of `parts`, each as one and as several."""
    words = {part.words.removesuffix("s") for part in parts if not isinstance(part, str) and part.neutral}
    return frozenset(words | {f"{word}s" for word in words})


def has_lost(answer: str, parts: tuple) -> bool:
    """Whether a neutral word of `parts` is not in an answer, so that the writer may have put something of its own
    in its place."""
    words = {part.words.removesuffix("s") for part in parts if not isinstance(part, str) and part.neutral}
    found = set(_LETTERS.findall(answer.lower())) if words else set()
    return any(word not in found and f"{word}s" not in found for word in words)


def _may_be_a_thing(piece) -> bool:
    """Whether a piece may stand for something to be seen; a schedule of networks alone does not."""
    if piece.kind == "schedule":
        return bool(re.search(r"[^\W\d_]", re.sub(r"<[^<>]*>", "", piece.text)))
    return piece.kind in _MAY_BE_A_THING


def _due(parts: list, index: int) -> tuple[str, ...]:
    """SUBJECTS or PLACES where the piece at `index` stands for such a thing, else ()."""
    if not _ends_a_thing(parts, index):
        return ()
    detail = _detail_before(parts, index).strip().lower()
    if not detail:
        return SUBJECTS if _comes_first(parts, index) else ()
    words = _LETTERS.findall(detail)
    if not words or not detail.endswith(words[-1]) or words[-1] in _ENDS_STYLES and _BEFORE_STYLES.search(detail):
        return ()
    last = words[-2] if words[-1] in _ARTICLES and len(words) > 1 else words[-1]
    if last in _BEFORE_PLACES:
        return PLACES
    return SUBJECTS if words[-1] in _ARTICLES or last in _BEFORE_THINGS else ()


def _comes_first(parts: list, index: int) -> bool:
    """Whether the piece at `index` comes first of all that the prompt shows, and no other thing follows with an
    article or a number, as in "__style__, a cat"."""
    kind = parts[index].kind
    if kind not in IS_TEXT or kind == "embedding" and not _leads_on(parts, index) or _said(_text_before(parts, index)):
        return False
    behind = "".join(part if isinstance(part, str) else part.words for part in parts[index + 1 :])
    return not _OTHER_THING.search(behind)


def _leads_on(parts: list, index: int) -> bool:
    """Whether words go on behind the piece at `index` without a comma: "embedding:someone and a dog"."""
    behind = parts[index + 1] if index + 1 < len(parts) else ""
    return isinstance(behind, str) and bool(re.match(r"[ \t]+[^\W\d_]", behind))


def _said(text: str) -> bool:
    """Whether a text says more than praise of the picture."""
    return any(detail.strip() and not _PRAISE.fullmatch(detail.strip()) for detail in _BETWEEN.split(text.lower()))


def _ends_a_thing(parts: list, index: int) -> bool:
    """Whether no noun follows that the piece at `index` would belong to."""
    for part in parts[index + 1 :]:
        if isinstance(part, str):
            if not part.strip(" \t"):
                continue
            found = _WORD_AT_START.match(part)
            if not found or _ENDS.search(part, 0, found.start(1)):
                return True
            word = found[1].lower()
            return word in _BEHIND_THINGS or word.endswith(("ing", "ed"))
        if part.treatment in (DIVIDES, LINE):
            return True
        if part.kind in IS_TEXT or part.treatment in (SHOWN, TYPED):
            return False
    return True


def _detail_before(parts: list, index: int) -> str:
    """What of the same detail stands before the piece at `index`, as a writer sees it."""
    found: list[str] = []
    for part in reversed(parts[:index]):
        if not isinstance(part, str) and part.treatment in (DIVIDES, LINE):
            break
        *others, last = _BETWEEN.split(part if isinstance(part, str) else part.words)
        found.append(last)
        if others:
            break
    return "".join(reversed(found))


def _text_before(parts: list, index: int) -> str:
    """What stands before the piece at `index`, up to a border, as a writer sees it."""
    found = []
    for part in reversed(parts[:index]):
        if isinstance(part, str):
            found.append(part)
        elif part.treatment in (DIVIDES, LINE):
            if part.kind != "line":
                break
            found.append("\n")
        else:
            found.append(part.words)
    return "".join(reversed(found))
