"""A phrase that may be added, and which of them go together: nothing said twice, nothing that clashes."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from ..prompts import lexicon
from ..subjects.entry import USUAL_WORTH

# Words that two phrases may share without saying the same.
GENERIC = frozenset(
    "small soft large big fine thin long short wide low high dark light warm cool deep pale bright old open single "
    "one two three tall round flat smooth rough heavy narrow broad full half clear clean even faint gentle slight "
    "slightly fresh plain simple rich strong thick worn dry wet hard dim late early side top bottom edge front back "
    "left right view shot angle close frame framing face body detail line shape surface tone color part form hand "
    "made set quiet still center upper lower inner outer white black red green blue gray brown yellow gold pink "
    "orange silver cream tiny little level eye lens focus length distance subject figure background foreground behind "
    "over facing looking standing sitting resting natural subtle visible crisp muted sharp loose calm rising lit glow "
    "shadow point".split()
)


# Nouns of places, singular: what a light or a view that names one is of.
PLACES = frozenset(Path(__file__).with_name("places.txt").read_text(encoding="utf-8").split())


# Words of lights and views that are true wherever the thing is.
ANYWHERE = frozenset(Path(__file__).with_name("anywhere.txt").read_text(encoding="utf-8").split())


def is_of_a_place(phrase: str) -> bool:
    """Whether a light or a view names anything that is not everywhere: "lamp over the desk", "wide quarry view"."""
    return any(word not in ANYWHERE and not word[0].isdigit() for word in phrase.split())


@dataclass(frozen=True)
class Option:
    """A phrase that may be added: its role, the entry it is from, and the part that entry plays in the wish.

    `about` is the noun the user typed for the thing ("" for the head and for what belongs to the whole picture).
    `facts`, `topics` and `words` are what the phrase says, for `fits`. `worth`, 0 to 9, is the entry's.
    """

    phrase: str
    role: str
    entry: str
    part: str
    about: str = ""
    facts: frozenset[str] = field(default=frozenset(), compare=False, repr=False)
    topics: frozenset[str] = field(default=frozenset(), compare=False, repr=False)
    words: frozenset[str] = field(default=frozenset(), compare=False, repr=False)
    worth: int = field(default=USUAL_WORTH, compare=False)

    @property
    def read_as(self) -> str:
        """The words by which the fit network knows it."""
        return option_text(self.role, self.phrase, "" if self.part == "any" else self.entry)


def option_text(role: str, phrase: str, entry: str = "") -> str:
    """What the fit network reads of a phrase that may be added: its role, the entry it is from, and the phrase."""
    return f"{role} of {entry}: {phrase}" if entry else f"{role}: {phrase}"


def fits(option: Option, chosen: list[Option] | tuple[Option, ...]) -> bool:
    """Whether a phrase goes with those chosen: nothing twice, no facts that clash, no part a close view leaves out."""
    for other in chosen:
        if option.words & other.words - GENERIC:
            return False
        if lexicon.clash(option.facts, other.facts):
            return False
        if (
            option.part == other.part == "head"
            and option.role == other.role == "detail"
            and option.topics & other.topics
        ):
            return False
        if option.role == "doing" and other.role == "detail" or option.role == "detail" and other.role == "doing":
            if option.topics & other.topics:
                return False
        if {option.role, other.role} == {"doing", "place"}:
            doing, place = (option, other) if option.role == "doing" else (other, option)
            if is_located(doing.phrase) or _is_grounded(doing.phrase, place.phrase):
                return False
        if shows_otherwise(option, other) or _out_of_place(option, other) or _out_of_place(other, option):
            return False
    return True


def shows_otherwise(option: Option, other: Option) -> bool:
    """Whether one is a view that leaves out what the other shows."""
    return _unseen(option, other) or _unseen(other, option)


LOCATED = re.compile(
    r"\b(?:(?:cling|clung|tied|attached|chained|stuck|pinned|nailed|tether)\w* to|from"
    r"|on|in|against|under|over|behind|beside|at|among|through|across|along|into|from|beneath|above|by|atop|below|near"
    r") (?!profile\b|(?:the |mid)?air\b|front\b|thought\b|place\b|line\b|half\b|bloom\b|motion\b"
    r"|(?:the |a |light )*(?:wind|sun|light|breeze|distance|viewer|lens|camera)\b"
    r"|(?:a |an )?(?:row|pair|circle|curve|arc|line|stack|pile|heap|cluster|ring)\b)(.+)"
)


def is_located(phrase: str) -> bool:
    """Whether a doing says where by itself: "leaning against a wall", but not "resting on its haunches"."""
    match = LOCATED.search(phrase)
    if match is None:
        return False
    return not (lexicon.topics_of(match[1]) or re.match(r"(?:its|their|his|her|one|both|two)\b", match[1]))


ALOFT = re.compile(r"\b(?:air|midair|mid-air|floating|hovering|flying|soaring|leaping|wingbeat|gliding|diving)\b")
OPEN_ABOVE = re.compile(
    r"\b(?:sky|skies|cloud|clouds|air|above|over|space|ocean|sea|canyon|valley|dark|void|orbit|backdrop|background)\b"
)


def _is_grounded(doing: str, place: str) -> bool:
    """Whether a thing in the air would stand on a place that has ground."""
    return bool(ALOFT.search(doing)) and not OPEN_ABOVE.search(place)


WHOLE_BODY = re.compile(r"\b(?:crouch|kneel|squat|leap|jump|strid|walk|run|sprint|lying|kick|skat)\w*")


def _unseen(part: Option, view: Option) -> bool:
    """Whether a view leaves out what a phrase shows."""
    if view.role != "view" or part.role not in ("detail", "doing"):
        return False
    if view.facts & {"close", "half"} and part.topics & {"leg", "shoes", "tail"}:
        return True
    if "close" in view.facts and part.role == "doing" and "pose" in part.topics:
        return True
    if view.facts & {"close", "half"} and part.role == "doing" and WHOLE_BODY.search(part.phrase):
        return True
    return "back" in view.facts and bool(part.topics & {"face", "eye", "expression", "beard", "brow"})


def _out_of_place(light: Option, place: Option) -> bool:
    """Whether a light or a view is of another place: lamps by day in the open, "over the harbor" in a kitchen."""
    if light.role not in ("light", "view") or place.role != "place":
        return False
    if light.words & PLACES - place.words:
        return True
    if light.role == "view":
        return False
    open_air = "outdoor" in place.facts and "indoor" not in place.facts
    return open_air and "lamp" in light.facts and not re.search(r"lantern|torch|fire|street", light.phrase)
