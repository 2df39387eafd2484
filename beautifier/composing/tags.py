"""Danbooru tags for anime models: counts of people first, the user's words as tags, then tags of what was chosen.

A tag that is added exists in the table and is safe; what the user typed stays, as a tag where it is one and as plain
words where it is none.
"""

import gzip
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ..prompts import lexicon
from ..prompts.vocabulary import STOP, fold, singular
from ..subjects.entries import Entry
from ..subjects.find import Findings, Found
from ..wish import BOILERPLATE, FRAMING, GROUPS, QUOTED, TAG_COUNT, Wish
from . import grammar
from .fitting import Option, Scene, fits, scene_of

TABLE = Path(__file__).with_name("tags.tsv.gz")
LONGEST, MOST, FEWEST = 4, 28, 12
# What a view or a light of an entry is called there, by words of the phrase.
SAID_AS = (
    ("low angle|from below|looking up|worm", "from below"),
    ("overhead|top-down|flat lay|high angle|from above|aerial|bird", "from above"),
    ("side profile|in profile|side view|profile", "from side"),
    ("from behind|over-the-shoulder|rear", "from behind"),
    ("close-up|macro|tight crop", "close-up"),
    ("full-length|full length|full body|full figure", "full body"),
    ("waist-up|head and shoulders|chest-up|bust|half-length", "upper body"),
    ("wide shot|wide view|panorama|vista|wide", "wide shot"),
    ("symmetrical", "symmetry"),
    ("shallow focus|shallow depth|blurred background", "depth of field"),
    ("fisheye", "fisheye"),
    ("backlight|backlit|rim light", "backlighting"),
    ("moonlight|moonlit", "moonlight"),
    ("candle", "candlelight"),
    ("lantern", "lantern"),
    ("neon", "neon lights"),
    ("sunset|dusk", "sunset"),
    ("dawn|sunrise", "sunrise"),
    ("sunbeam|shaft|beams", "light rays"),
    ("sunlight|sun", "sunlight"),
    ("window", "window"),
    ("lamp", "lamp"),
    ("night", "night"),
    ("overcast", "overcast"),
    ("mist|fog|haze", "fog"),
    ("dappled", "dappled sunlight"),
)
# Tags of everyday words that mean something else there, or say nothing.
UNWANTED = frozenset(
    "bow set back body figure head point line frame edge center top side cross v star heart ring comb drill head focus "
    "view general still cut sheet model stand play reach x y z :) hair hand face arm leg skin mouth nose eye foot "
    "color "
    "one two light photo picture image subject original fine plain corner weight opening stain outline shapes plume "
    "tools "
    "machine quality column shadow layer layers print sink door looks half sub bloom throw plane tail fin hole bolt "
    "mortar "
    "object ball net ground wall floor side top bottom mark dial shade space track post bar stall band stain field "
    "step "
    "texture stand row leaf white black red blue green end table corner spot patch string cap belt plate".split()
)
HOUR = ("day", "night", "sunset", "sunrise", "dusk", "dawn", "evening", "morning")


@dataclass(frozen=True)
class TagTable:
    """Which tags there are: `kind` by tag ("g" general, "c" a character or a copyright), and the tag of each alias."""

    kind: dict[str, str]
    alias: dict[str, str]

    def canonical(self, words: str) -> str | None:
        """The tag that folded words name, also by an alias, in the plural or singular; None when there is none."""
        for name in (
            words,
            singular(words) if " " not in words else " ".join((*words.split()[:-1], singular(words.split()[-1]))),
        ):
            if name in self.kind:
                return name
            if name in self.alias:
                return self.alias[name]
        return None

    def general(self, words: str) -> str | None:
        """The same among general tags only."""
        tag = self.canonical(words)
        return tag if tag and self.kind[tag] == "g" else None


@lru_cache(maxsize=1)
def table() -> TagTable:
    """The table shipped with the pack, read once."""
    kind: dict[str, str] = {}
    alias: dict[str, str] = {}
    with gzip.open(TABLE, "rt", encoding="utf-8") as lines:
        for line in lines:
            tag, sort, also = line.rstrip("\n").split("\t")
            kind[tag] = sort
            for name in filter(None, also.split(",")):
                alias.setdefault(name, tag)
    return TagTable(kind, alias)


def write(wish: Wish, findings: Findings, chosen: Sequence[Option], possible: Sequence[Option] = ()) -> str:
    """The user's words and what was chosen as comma-separated tags, counts of people first, 12 to 28 where they last.

    possible: the options that were not chosen; details among them fill up to the fewest where they make tags.
    """
    scene = scene_of(wish, findings)
    said = _typed(wish, findings)
    counts = _people(wish, findings, said)
    plain = ("girl", "boy", "woman", "man", "girls", "boys", "women", "men") if counts and wish.kind != "tags" else ()
    tags = list(dict.fromkeys([*counts, *(tag for tag in said if tag not in counts and tag not in plain)]))
    for tag in _added(wish, findings, chosen, scene):
        if len(tags) >= max(MOST, len(said)):
            break
        if tag not in tags and _goes_with(tag, tags, scene):
            tags.append(tag)
    for option in possible:
        if len(tags) >= FEWEST + 2:
            break
        if option.role == "detail" and option.part in ("head", "setting") and fits(option, chosen):
            for tag in phrase_tags(option.phrase, option.role):
                if tag not in tags and _may(tag, None, scene) and _goes_with(tag, tags, scene):
                    tags.append(tag)
    return ", ".join(tags)


# -- what the user typed


def _typed(wish: Wish, findings: Findings) -> list[str]:
    """The user's words as tags: the longest that are one, the rest as plain words; praise and grammar words go."""
    found: list[str] = []
    if wish.kind == "tags":
        for part in QUOTED.sub(lambda m: m[0].replace(",", "\0"), wish.text).split(","):
            part = part.replace("\0", ",").strip()
            if part:
                found.append(_as_tag(part))
        return list(dict.fromkeys(found))
    for start, end in wish.segments:
        words = [word.folded for word in wish.words[start:end]]
        if words[0] == "by" or (words[:2] == ["art", "by"]):
            found.append(wish.words_between(start, end).casefold().removeprefix("art "))
            continue
        if all(word in BOILERPLATE or word.isdecimal() for word in words) and len(wish.segments) > 1:
            continue
        medium = next((f for f in findings.of("medium") if f.start <= start and f.end >= end), None)
        if medium is not None:
            tag = next((tag for tag in _entry_tags(medium.entry) if tag in table().kind), None)
            found += [wish.words_between(start, end).casefold()] + ([tag] if tag else [])
            continue
        found += _words_as_tags(wish, start, end)
    if wish.quoted:
        found += [f'"{text}"' for text in wish.quoted] + ["english text"] * any(
            c.isascii() and c.isalpha() for c in wish.quoted[0]
        )
    return list(dict.fromkeys(found))


def _as_tag(part: str) -> str:
    """A tag as typed, in its canonical spelling; emoticons and unknown ones stay as they are."""
    plain = part.casefold().replace("_", " ") if len(part) > 3 else part.casefold()
    return table().canonical(plain) or plain


def _words_as_tags(wish: Wish, start: int, end: int) -> list[str]:
    """A segment as tags: its things whole where they are tags, else as typed with the tag of their noun; its verbs with
    what they are done to.
    """
    found: list[str] = []
    verb = ""
    for subject in (s for s in wish.subjects if start <= s.start < end):
        verbs = [
            i
            for i in wish.verbs_at
            if i < subject.start and i >= start and not any(i < s.start < subject.start for s in wish.subjects)
        ]
        verb = wish.words[verbs[-1]].folded if verbs and subject.relation == "doing" else ""
        if subject.relation in ("holding", "riding", "wearing", "carrying", "using"):
            verb = subject.relation
        found += _thing_as_tags(wish, subject.start, subject.end, verb)
    alone = [
        wish.words[i].folded
        for i in wish.verbs_at
        if start <= i < end and not any(s.start == i + 1 for s in wish.subjects)
    ]
    found += [tag for tag in (table().general(word) for word in alone) if tag]
    found += [tag for tag in _expressions(wish, start, end) if tag not in found]
    return list(dict.fromkeys(found))


def _thing_as_tags(wish: Wish, start: int, end: int, verb: str) -> list[str]:
    """One thing as tags: "red umbrella"; "giant pink whale" with "whale"; "holding flag"."""
    words = [wish.words[i].folded for i in range(start, end) if wish.words[i].folded not in BOILERPLATE | ARTICLES]
    while words and (words[-1] in FRAMING or words[-1] in STOP):
        words.pop()
    while words and words[0] in STOP:
        words.pop(0)
    if not words or (len(words) == 1 and words[0] in FRAMING | GROUPS):
        return []
    found = []
    whole = table().canonical(" ".join(words))
    noun = words[-1]
    if verb and verb != "wearing":
        done = table().canonical(f"{verb} {' '.join(words)}") or table().canonical(f"{verb} {singular(noun)}")
        found.append(done or table().general(verb) or verb)
    if whole and (len(words) > 1 or table().kind[whole] == "g"):
        return [*found, whole]
    found.append(" ".join(words))
    for length in range(min(3, len(words) - 1), 0, -1):
        tag = _own(" ".join(words[-length:]))
        if tag and not (length == 1 and noun in UNWANTED):
            found.append(tag)
            break
    return found


def _expressions(wish: Wish, start: int, end: int) -> list[str]:
    """Tags of several words that cross things: "standing on one leg", "looking at viewer"."""
    words = [word.folded for word in wish.words[start:end]]
    found = []
    for length in (4, 3, 2):
        for index in range(len(words) - length + 1):
            part = words[index : index + length]
            tag = table().general(" ".join(part))
            inside = set(range(start + index, start + index + length)) & wish.outside
            if tag and not inside and any(word in STOP for word in part[1:-1]) | (part[0].endswith("ing")):
                found.append(tag)
    return found


ARTICLES = frozenset("a an the his her its their my your our this that these those some".split())


# -- people


def _people(wish: Wish, findings: Findings, said: list[str]) -> list[str]:
    """Counts of people, "solo" where there is one, "no humans" where there is none."""
    typed = [tag for tag in said if TAG_COUNT.match(tag.replace(" ", "")) or tag in ("solo", "no humans")]
    if typed:
        return typed
    if wish.forbidden & {"person", "people", "human"}:
        return ["no humans"]
    girls, boys, others = 0, 0, 0
    for found in _persons(findings):
        count = found.subject.count if found.subject and found.subject.count is not None else 1
        count = 3 if count in (-1, 5) else count
        kinds = found.entry.kinds
        if kinds & {"woman", "girl"}:
            girls += count
        elif kinds & {"man", "boy"}:
            boys += count
        elif not found.proper:
            others += count
    counts = [
        text
        for text in (
            _count(girls, "girl"),
            _count(boys, "boy"),
            _count(others if others > 1 or girls + boys else 0, "other"),
        )
        if text
    ]
    if len(_persons(findings)) == 1 and girls + boys + others <= 1 and not findings.of("other"):
        counts.append("solo")
    if not counts and _is_without_people(wish, findings):
        counts.append("no humans")
    return counts


def _is_without_people(wish: Wish, findings: Findings) -> bool:
    """Whether nobody is in the picture for all one can tell: the head is known, and no person, no event, no idea."""
    head = findings.head_entry
    if head is None or "people" in wish.facts or _persons(findings):
        return False
    if not head.kinds.isdisjoint(("idea", "event", "holiday", "sport", "activity", "action", "person", "people")):
        return False
    return not findings.of("action") or head.is_living


def _persons(findings: Findings) -> list[Found]:
    return [
        found
        for found in findings.found
        if found.part in ("head", "other")
        and found.entry.is_person
        and found.entry.sort == "subject"
        and "body part" not in found.entry.kinds
        and found.subject is not None
    ]


def _count(number: int, noun: str) -> str:
    if number < 1:
        return ""
    return f"{number}{noun}{'s' if number > 1 else ''}" if number <= 6 else f"6+{noun}s"


# -- what is added


def _added(wish: Wish, findings: Findings, chosen: Sequence[Option], scene: Scene) -> Iterable[str]:
    """Tags of the entries and of the chosen phrases, the most telling first."""
    order = {"head": 0, "medium": 1, "setting": 2, "action": 3, "quality": 4, "other": 5}
    most = {"head": 9, "medium": 2, "setting": 4, "action": 3, "quality": 2, "other": 2}
    if findings.mixed:
        most["head"] = 2
    if findings.head_entry is None or not findings.head_entry.is_person:
        most["action"] = 0
    for found in sorted(findings.found, key=lambda found: order[found.part]):
        given = 0
        for tag in _entry_tags(found.entry):
            if given < most[found.part] and _may(tag, found, scene):
                given += 1
                yield tag
    for option in chosen:
        yield from (tag for tag in phrase_tags(option.phrase, option.role) if _may(tag, None, scene))
    yield from _always(scene, findings)


MEDIA_TAGS = {
    "photo": ("photo (medium)", "realistic"),
    "painting": ("painting (medium)", "traditional media"),
    "drawing": ("sketch", "traditional media"),
    "print": ("traditional media",),
    "craft": ("traditional media",),
}


def _entry_tags(entry: Entry) -> Sequence[str]:
    """An entry's tags; for one without, those its names make."""
    if entry.tags:
        return entry.tags
    found = [
        tag
        for name in (entry.subject, *entry.also)
        for tag in (table().general(f"{name} (medium)") if entry.sort == "medium" else None, _own(fold(name)))
        if tag and tag not in UNWANTED
    ]
    if entry.sort == "medium":
        found += [tag for kind, tags in MEDIA_TAGS.items() if kind in entry.kinds for tag in tags]
    return list(dict.fromkeys(found))[:3]


def _own(words: str) -> str | None:
    """A general tag by its own name, in the plural or singular, not by an alias."""
    for name in (words, singular(words)):
        if table().kind.get(name) == "g":
            return name
    return None


@lru_cache(maxsize=8192)
def phrase_tags(phrase: str, role: str) -> tuple[str, ...]:
    """Tags that a chosen phrase makes: of its view or light by a small table, of a place or detail by its head noun
    with what stands before it.
    """
    if role in ("view", "light"):
        return tuple(tag for pattern, tag in SAID_AS if re.search(rf"\b(?:{pattern})", phrase))[: 1 + (role == "light")]
    if role not in ("place", "detail"):
        return ()
    words = phrase.split()
    ends = [grammar.head_at(phrase) + 1] if role == "detail" else range(len(words), 0, -1)
    found = []
    for end in ends:
        noun = fold(words[end - 1]).split()[-1]
        for length in range(min(3, end), 0, -1):
            part = fold(" ".join(words[end - length : end]))
            tag = _own(part)
            if tag and part.split()[0] not in STOP and (length > 1 or (grammar.is_noun(noun) and noun not in UNWANTED)):
                found.append(tag)
                break
    return tuple(dict.fromkeys(found))[:3]


def _may(tag: str, found: Found | None, scene: Scene) -> bool:
    """Whether a tag exists, is safe, and neither repeats nor contradicts the wish."""
    if table().kind.get(tag) is None or tag in UNWANTED and (found is None or tag != found.entry.subject):
        return False
    if table().kind[tag] == "c" and (found is None or "character" not in found.entry.kinds):
        return False
    wish = scene.wish
    words = frozenset(singular(word) for word in fold(tag).split())
    if words & wish.forbidden:
        return False
    if tag == "no humans" and (_persons(scene.findings) or scene.findings.head_entry is None):
        return False
    if lexicon.clash(lexicon.facts_of(tag), scene.facts):
        return False
    if (
        lexicon.topics_of(tag)
        & wish.topics
        & {"hair", "eye", "clothes", "shoes", "hat", "expression", "pose", "hand", "beard", "wing"}
    ):
        return False
    if words & lexicon.PLAIN_COLORS and wish.colors and (found is None or found.part == "head"):
        return False
    if "view" in wish.said and tag in (
        "close-up",
        "full body",
        "upper body",
        "from above",
        "from below",
        "from side",
        "from behind",
        "wide shot",
        "portrait",
        "cowboy shot",
    ):
        return False
    return True


def _goes_with(tag: str, tags: list[str], scene: Scene) -> bool:
    """Whether a tag goes with those there: one hour, one framing, no plain word of a longer tag again."""
    if tag in HOUR and any(other in tags for other in HOUR):
        return False
    framing = ("close-up", "full body", "upper body", "wide shot", "cowboy shot", "portrait", "lower body")
    if tag in framing and any(other in tags for other in framing):
        return False
    if tag == "outdoors" and "indoors" in tags or tag == "indoors" and "outdoors" in tags:
        return False
    facts = lexicon.facts_of(tag)
    return not any(lexicon.clash(facts, lexicon.facts_of(other)) for other in tags)


def _always(scene: Scene, findings: Findings) -> Iterable[str]:
    """Tags that follow from the kinds of things: where it is, what is in focus."""
    facts = scene.facts
    if "indoor" in facts and "outdoor" not in facts:
        yield "indoors"
    elif facts & {"outdoor", "city", "nature"} and "indoor" not in facts:
        yield "outdoors"
    head = findings.head_entry
    if head is None:
        return
    if head.kinds & {"animal", "bird", "pet", "fish", "insect"}:
        yield from ("animal focus", "animal")
    if head.kinds & {"food", "dessert", "drink", "fruit"}:
        yield from ("food focus", "food")
    if head.kinds & {"landscape", "city", "building", "town"}:
        yield from ("scenery",)
    if head.kinds & {"vehicle"}:
        yield from ("vehicle focus",)
    if head.kinds & {"object", "product", "toy", "furniture"} and not scene.crowded:
        yield from ("still life",)
