"""What every phrase is held against: the wish, its entries, and what follows from both."""

from dataclasses import dataclass

from ..prompts import lexicon
from ..subjects.find import Findings
from ..wishes.wish import Wish

# What one of these says, a second phrase need not repeat.
FLAT_MEDIA = frozenset("design diagram pattern text".split())
CRAFT_MEDIA = frozenset("craft print textile".split())
FLAT_NAMES = frozenset(
    "logo icon sticker pattern diagram infographic vector illustration line-art line art coloring page map blueprint "
    "tattoo emoji clip-art pictogram flag".split()
) | {
    "line art",
    "coloring page",
    "vector illustration",
    "pixel art",
    "sprite sheet",
    "clip art",
    "x-ray",
    "flat design",
}
# Media that show signs for things, without their surface.
SCHEMATIC_NAMES = frozenset(("map", "diagram", "infographic", "blueprint", "pattern", "flag", "emoji", "chart"))
SCULPTURES = frozenset("bust statue sculpture figurine carving relief".split())
INSIDE = frozenset("interior inside indoors indoor cockpit".split())
KIND_FACTS = {
    "interior": "indoor",
    "kitchen": "indoor",
    "room": "indoor",
    "shop": "indoor",
    "landscape": "outdoor",
    "city": "outdoor",
    "town": "outdoor",
    "mountain": "outdoor",
    "forest": "outdoor",
    "desert": "desert",
    "space": "space",
    "planet": "space",
    "underground": "underground",
    "weather": "outdoor",
    "building": "outdoor",
}


@dataclass(frozen=True)
class Scene:
    """What all phrases are held against: the wish, its entries, and what follows from both."""

    wish: Wish
    findings: Findings
    facts: frozenset[str]
    flat: bool
    schematic: bool
    craft: bool
    drawn: bool
    photo: bool
    closed: frozenset[str]
    crowded: bool
    inside: bool
    sculpted: bool = False


def scene_of(wish: Wish, findings: Findings) -> Scene:
    """What follows from a wish and its entries: facts, the sort of medium, the roles that are closed."""
    media = [found.entry for found in findings.of("medium")]
    kinds = frozenset(kind for entry in media for kind in entry.kinds)
    names = {entry.subject for entry in media}
    facts = set(wish.facts)
    for found in findings.found:
        if found.part in ("head", "setting"):
            facts |= {KIND_FACTS[kind] for kind in found.entry.kinds if kind in KIND_FACTS}
        if found.part in ("head", "setting", "action"):
            facts |= lexicon.facts_of(found.entry.subject)
    if "indoor" in wish.facts or "interior view" in wish.facts:
        facts -= {"outdoor"} if "outdoor" not in wish.facts else set()
    photo = "photo" in kinds and not kinds & {"drawing", "painting", "print", "craft", "design"}
    drawn = bool(kinds & {"drawing", "painting", "print", "craft", "design", "digital", "3d", "textile"}) and not photo
    return Scene(
        wish=wish,
        findings=findings,
        facts=frozenset(facts - ({"photo"} if drawn else set()) | ({"drawn"} if drawn else set())),
        flat=bool(names & FLAT_NAMES) or bool(kinds & FLAT_MEDIA and not kinds & {"scene", "landscape"}),
        schematic=bool(names & SCHEMATIC_NAMES),
        craft=bool(kinds & CRAFT_MEDIA),
        drawn=drawn,
        photo=photo,
        closed=_closed(wish, findings),
        crowded=_is_crowded(wish, findings),
        inside=_is_inside(wish, findings),
        sculpted=any(
            lexicon.says(SCULPTURES, f.entry.subject) for f in findings.found if f.part in ("medium", "other")
        ),
    )


def _is_inside(wish: Wish, findings: Findings) -> bool:
    """Whether the inside of a building or a vehicle is wanted, whose entry shows it from without."""
    head = findings.head_entry
    asked = INSIDE & {word.folded for word in wish.words}
    return bool(asked) and head is not None and not head.kinds.isdisjoint(("building", "vehicle", "city", "town"))


def _is_crowded(wish: Wish, findings: Findings) -> bool:
    """Whether another thing than the head could be meant by a detail that does not say whose it is."""
    if findings.of("other"):
        return True
    known = {(f.start, f.end) for f in findings.found if f.part not in ("head", "other")}
    return any(
        s != findings.head
        and s.relation in ("and", "with", "vs", "versus", "doing", "holding", "riding", "chasing", "next to", "beside")
        and not any(s.start <= start < s.end for start, _ in known)
        for s in wish.subjects
    )


def _closed(wish: Wish, findings: Findings) -> frozenset[str]:
    """Roles that the wish settles: nothing of that sort is added."""
    closed = set(wish.said)
    if findings.of("setting"):
        closed.add("place")
    if findings.of("action"):
        closed.add("doing")
    if wish.facts & {"close", "half", "full", "wide", "front", "side", "back", "above", "below", "interior view"} - {
        "wide"
    }:
        closed.add("view")
    return frozenset(closed)
