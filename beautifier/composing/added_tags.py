"""Tags that are added: of the entries and of the chosen phrases."""

import random
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from ..prompts import lexicon
from ..prompts.unsafe import names_minor, unsafe
from ..prompts.vocabulary import STOP, fold, singular
from ..subjects.entry import Entry
from ..subjects.find import Findings, Found
from ..wishes.wish import Wish
from . import grammar
from .fitting import Option, fits
from .scene import Scene
from .tag_people import is_count, persons_in
from .tag_table import UNWANTED, own_tag, table

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
HOUR = ("day", "night", "sunset", "sunrise", "dusk", "dawn", "evening", "morning")


SURE = 3  # tags of an entry that every candidate has


def added_tags(wish: Wish, findings: Findings, chosen: Sequence[Option], scene: Scene, draw: str = "") -> Iterable[str]:
    """Tags of the entries and of the chosen phrases, the most telling first.

    draw: by what the order of an entry's further tags is drawn; "" for the entry's own order.
    """
    order = {"head": 0, "guise": 1, "medium": 2, "setting": 3, "action": 4, "quality": 5, "other": 6}
    most = {"head": 9, "guise": 3, "medium": 2, "setting": 4, "action": 3, "quality": 2, "other": 2}
    if findings.mixed:
        most["head"] = 2
    if findings.ill_read:
        return
    if findings.head_entry is None or not findings.head_entry.is_person:
        most["action"], most["quality"] = 0, 1
    for found in sorted(findings.found, key=lambda found: order[found.part]):
        given = 0
        for tag in drawn(entry_tags(found.entry), draw):
            if given < most[found.part] and may_tag(tag, found, scene):
                given += 1
                yield tag
    for option in chosen:
        yield from (tag for tag in phrase_tags(option.phrase, option.role) if may_tag(tag, None, scene))
    yield from _always(scene, findings)


def drawn(tags: Sequence[str], draw: str) -> Sequence[str]:
    """An entry's tags, those behind the first in an order drawn by a seed, of which some are left out."""
    if not draw or len(tags) <= SURE:
        return tags
    further = random.Random(f"{draw}/{tags[0]}").sample(tags[SURE:], len(tags) - SURE)
    return [*tags[:SURE], *further[: max(2, (len(further) + 1) // 2)]]


def more_tags(findings: Findings, possible: Sequence[Option], chosen: Sequence[Option], scene: Scene) -> Iterable[str]:
    """Further tags, where a prompt has too few: the rest of the entries' own, then of phrases that were not chosen."""
    if findings.ill_read:
        return
    for found in findings.found:
        if found.part in ("head", "setting") and not findings.mixed:
            yield from (tag for tag in entry_tags(found.entry) if may_tag(tag, found, scene))
    for option in possible:
        if option.part in ("head", "setting") and fits(option, list(chosen)):
            yield from (tag for tag in phrase_tags(option.phrase, option.role) if may_tag(tag, None, scene))


MEDIA_TAGS = {
    "photo": ("photo (medium)", "realistic"),
    "painting": ("painting (medium)", "traditional media"),
    "drawing": ("sketch", "traditional media"),
    "print": ("traditional media",),
    "craft": ("traditional media",),
}


def entry_tags(entry: Entry) -> Sequence[str]:
    """An entry's tags; for one without, those its names make."""
    if entry.tags:
        return entry.tags
    found = [
        tag
        for name in (entry.subject, *entry.also)
        for tag in (table().general(f"{name} (medium)") if entry.sort == "medium" else None, own_tag(fold(name)))
        if tag and tag not in UNWANTED
    ]
    if entry.sort == "medium":
        found += [tag for kind, tags in MEDIA_TAGS.items() if kind in entry.kinds for tag in tags]
    return list(dict.fromkeys(found))[:3]


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
            tag = own_tag(part)
            alone = role == "place" and grammar.is_noun(noun) and noun not in UNWANTED  # a detail's noun may be another
            if tag and part.split()[0] not in STOP and (length > 1 or alone):
                found.append(tag)
                break
    return tuple(dict.fromkeys(found))[:3]


def may_tag(tag: str, found: Found | None, scene: Scene) -> bool:
    """Whether a tag exists, is safe, and neither repeats nor contradicts the wish."""
    if table().kind.get(tag) is None or tag in UNWANTED and (found is None or tag != found.entry.subject):
        return False
    if table().kind[tag] == "c" and (found is None or "character" not in found.entry.kinds):
        return False
    wish = scene.wish
    words = frozenset(singular(word) for word in fold(tag).split())
    if words & wish.forbidden:
        return False
    if tag == "old" and persons_in(scene.findings):  # of people it means an age
        return False
    if tag == "no humans" and (persons_in(scene.findings) or scene.findings.head_entry is None):
        return False
    if lexicon.clash(lexicon.facts_of(tag), scene.facts):
        return False
    if (
        lexicon.topics_of(tag)
        & wish.topics
        & {"hair", "eye", "clothes", "shoes", "hat", "expression", "pose", "hand", "beard", "wing"}
    ):
        return False
    if lexicon.topics_of(tag) & BODILY and not _has_body(scene, found):
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


# Tags that are not in one picture: low sun and what hides it, what is small and a view from afar.
APART = (
    (
        frozenset(("sunset", "sunrise", "sunlight", "blue sky", "orange sky", "moon")),
        frozenset(("snowing", "rain", "fog", "overcast", "grey sky", "storm")),
    ),
    (frozenset(("wide shot",)), frozenset(("whiskers", "eyelashes", "lips", "blush", "water drop", "close-up"))),
    (frozenset(("from behind",)), frozenset(("blush", "eyelashes", "lips", "necktie"))),
)
ANGLES = frozenset(("from above", "from below", "from side", "from behind"))
MOUTHS = frozenset(("open mouth", "closed mouth"))
PEOPLELESS = frozenset(("still life", "mannequin", "no humans"))
LOOKING = frozenset("look looking gaze gazing stare staring watch watching".split())
EXPRESSIONS = frozenset(
    ("smile", "light smile", "expressionless", "grin", "frown", "crying", "tears", "angry", "sad", "laughing", "pout")
)
GAZES = frozenset(("looking at viewer", "looking back", "looking away", "looking up", "looking down", "from side"))
BODILY = frozenset("hair clothes shoes hat expression hand leg arm beard jewelry".split())


def _has_body(scene: Scene, found: Found | None) -> bool:
    """Whether a tag of hair, clothes or limbs has somebody to belong to."""
    if persons_in(scene.findings) or scene.findings.head_entry is None:
        return True
    return found is not None and found.part == "head"


# Tags that say more than the same word in a longer one.
OF_ITS_OWN = frozenset("sitting standing sky cloud water night outdoors indoors smile".split())
SEATS = frozenset("bench chair swing stool couch sofa bed throne armchair hammock saddle".split())
BARE_OF_GREEN = frozenset("grass flower leaf field flowers petals garden".split())


def goes_with(tag: str, tags: list[str], scene: Scene) -> bool:
    """Whether a tag goes with those there: one hour, one framing, one seat, no words of a longer tag again."""
    words, having = set(tag.split()), set(tags)
    if unsafe(tag, minor=True) and (unsafe(tag) or names_minor(", ".join([scene.wish.text, *tags]))):
        return False
    if any(words < set(other.split()) and tag not in OF_ITS_OWN for other in tags):
        return False
    if words & SEATS and any(set(other.split()) & SEATS - words for other in tags):
        return False
    if "snow" in scene.facts and tag in BARE_OF_GREEN or tag == "upper body" and "swing" in scene.wish.content:
        return False
    if tag in HOUR and any(other in tags for other in HOUR):
        return False
    framing = ("close-up", "full body", "upper body", "wide shot", "cowboy shot", "portrait", "lower body")
    if tag in framing and any(other in tags for other in framing):
        return False
    if tag == "outdoors" and "indoors" in tags or tag == "indoors" and "outdoors" in tags:
        return False
    if any(tag in apart and not having.isdisjoint(others) for apart, others in (*APART, *((b, a) for a, b in APART))):
        return False
    if tag in ANGLES and any(other in ANGLES for other in tags):
        return False
    if tag in MOUTHS and any(other in MOUTHS for other in tags):
        return False
    if tag in PEOPLELESS and any(is_count(other) or other in ("solo", "animal focus", "animal") for other in tags):
        return False
    if tag in GAZES and scene.wish.content & LOOKING:
        return False
    if tag in EXPRESSIONS and any(other in EXPRESSIONS - {"open mouth"} for other in tags):
        return False
    if tag in GAZES and any(other in GAZES for other in tags):
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
