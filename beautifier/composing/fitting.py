"""Which phrases of which entries may be added to a wish, and which go together.

Nothing said twice, nothing against what was asked: `options` judges each phrase by the wish alone, `fits` by those
chosen before it. Both only ever take away: a phrase that is in doubt is not an option.
"""

import re
from dataclasses import dataclass, field

from ..prompts import lexicon, unsafe
from ..prompts.vocabulary import content, words_of
from ..subjects.entries import ROLES, Entry
from ..subjects.find import Findings, Found
from ..wish import BOILERPLATE, Wish

# True of nearly any picture, for a subject that no entry knows.
ANYTHING = {
    "light": ("soft directional light", "clear even light with open shadows", "gentle light from above"),
    "view": ("eye-level view", "balanced composition with one clear focal point", "centered composition"),
    "color": ("two or three related hues", "muted neutrals with one clear accent", "deep tones with pale highlights"),
}
# Words that two phrases may share without saying the same.
GENERIC = frozenset(
    "small soft large big fine thin long short wide low high dark light warm cool deep pale bright old open single one "
    "two three tall round flat smooth rough heavy narrow broad full half clear clean even faint gentle slight slightly "
    "fresh plain simple rich strong thick worn dry wet hard dim late early side top bottom edge front back left right "
    "view shot angle close frame framing face body detail line shape surface tone color part form hand made set quiet "
    "still center upper lower inner outer white black red green blue gray brown yellow gold pink orange silver cream "
    "tiny little level eye lens focus length distance subject figure background foreground behind over facing looking "
    "standing sitting resting natural subtle visible crisp muted sharp loose calm rising lit glow shadow point".split()
)
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
DAMAGE = frozenset("condition material state texture".split())
PLAIN_MODIFIERS = frozenset(
    "beautiful pretty cute handsome young old elderly middle aged tall short big small little tiny lone lonely single "
    "happy sad lovely gorgeous adult teen teenage nice cool random average normal one two three four five six seven 1 "
    "2 "
    "3 4 5 6 very attractive humble smiling shy proud calm caucasian asian african european man woman real".split()
)
GENDERED = re.compile(r"\b(?:his|her|he|she|him|hers)\b")
ALONE = re.compile(r"\b(?:one|alone|lone|single|solitary|its|itself|his|her)\b")
TOGETHER = re.compile(
    r"\b(?:another|others|two|three|friends|together|each|pair|group|herd|flock|couple|everyone|rows?|whole ones)\b"
)
LOCAL_FACTS = frozenset(
    (
        "indoor",
        "outdoor",
        "underwater",
        "space",
        "water",
        "city",
        "nature",
        "window",
        "lamp",
        "studio",
        "plain",
        "desert",
        "underground",
        "air",
        "tropic",
        "arctic",
        "modern",
        "old world",
        "snow",
        "rain",
        "fog",
        "storm",
        "wind",
    )
)
INSIDE = frozenset("interior inside indoors indoor cockpit".split())
# Facts of a light or a view that only hold where the wish is there too.
SPECIFIC = frozenset(
    ("snow", "desert", "water", "city", "nature", "underwater", "space", "underground", "tropic", "arctic", "indoor")
) | {"window", "studio", "plain"}
# Things around a subject, which belong to some place.
SURROUNDINGS = frozenset(
    "leaf branch reed rock water tree ground sky floor wall grass snow flower dust foam wave".split()
)
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
PEOPLE_WELCOME = frozenset(
    "event scene idea action sport person people market holiday activity game music relation".split()
)


@dataclass(frozen=True)
class Option:
    """A phrase that may be added: its role, the entry it is from, and the part that entry plays in the wish.

    `about` is the noun the user typed for the thing ("" for the head and for what belongs to the whole picture).
    `facts`, `topics` and `words` are what the phrase says, for `fits`.
    """

    phrase: str
    role: str
    entry: str
    part: str
    about: str = ""
    facts: frozenset[str] = field(default=frozenset(), compare=False, repr=False)
    topics: frozenset[str] = field(default=frozenset(), compare=False, repr=False)
    words: frozenset[str] = field(default=frozenset(), compare=False, repr=False)


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


# Which roles an entry may fill by the part it plays.
ROLES_OF_PART = {
    "head": ROLES,
    "setting": ("detail", "light", "color"),
    "action": ("detail", "doing", "place", "light"),
    "other": ("detail",),
    "medium": ("detail", "place", "light", "view", "color"),
    "quality": ("detail", "color"),
}


def options(wish: Wish, findings: Findings) -> tuple[Option, ...]:
    """All phrases that may be added to a wish, each judged by itself."""
    scene = scene_of(wish, findings)
    found_options = []
    for found in findings.found:
        for role in ROLES_OF_PART[found.part]:
            if not _role_is_open(role, found, scene):
                continue
            for phrase in getattr(found.entry, role):
                option = _option(phrase, role, found, scene)
                if _may(option, found, scene):
                    found_options.append(option)
    return tuple(found_options + _anything(scene))


def _anything(scene: Scene) -> list[Option]:
    """What may be said of nearly any picture: for a wish whose subject no entry knows."""
    if (
        scene.findings.head_entry is not None
        or scene.wish.detailed
        or not scene.wish.words
        or scene.flat
        or scene.craft
    ):
        return []
    found = []
    for role, phrases in ANYTHING.items():
        if role in scene.closed:
            continue
        for phrase in phrases:
            facts = lexicon.facts_of(phrase)
            if not lexicon.clash(facts, scene.facts) and not (scene.drawn and "photo" in facts):
                found.append(
                    Option(phrase, role, "anything", "any", "", facts, lexicon.topics_of(phrase), content(phrase))
                )
    return found


def _option(phrase: str, role: str, found: Found, scene: Scene) -> Option:
    about = found.name if found.part == "other" else ""
    return Option(
        phrase, role, found.entry.subject, found.part, about,
        lexicon.facts_of(phrase), lexicon.topics_of(phrase), content(phrase),
    )  # fmt: skip


def _role_is_open(role: str, found: Found, scene: Scene) -> bool:
    """Whether anything of a role may come from an entry in its part."""
    part, entry = found.part, found.entry
    if role in scene.closed and role != "detail" and not (role == "doing" and part == "action"):
        return False
    if role == "color" and scene.facts & {"night"} and part == "head":
        return False
    if part == "medium":
        return _medium_role_is_open(role, entry, scene)
    if scene.flat and role in ("place", "light", "view", "doing", "color"):
        return False
    if scene.schematic and role == "detail":
        return False
    if scene.craft and role in ("place", "light", "view"):
        return False
    if part == "head":
        if scene.inside and role in ("detail", "doing", "place", "view"):
            return False
        if scene.findings.mixed and role in ("detail", "doing"):
            return False
        if scene.findings.restyled and role == "detail" and not entry.is_person:
            return False
        following = next((s for s in scene.wish.subjects if found.subject and s.start >= found.subject.end), None)
        if role == "place" and following is not None and following.relation == "of":  # "keys of a piano"
            return False
        if role == "place" and scene.findings.of("action") and not _lives_by_itself(scene):
            return False
        if role in ("light", "view") and entry.is_living and scene.findings.of("setting") and role == "light":
            return False
    if part == "action" and role in ("place", "light") and _lives_by_itself(scene):
        return False
    if part == "action" and role in ("detail", "doing") and not _can_do(entry, scene):
        return False
    if part == "quality" and any(f.part == "head" and f.proper for f in scene.findings.found):
        return False
    if part == "quality" and role == "detail" and (scene.flat or scene.craft) and not entry.kinds.isdisjoint(DAMAGE):
        return False
    if part == "other" and (scene.flat or scene.craft):
        return False
    if part == "other" and scene.facts & {"underwater", "space"}:
        return False
    if part == "other" and found.subject and found.subject.relation in ("of", "to", "from"):
        return False
    if part == "quality" and role == "color":
        return not entry.kinds.isdisjoint(("style", "era", "mood"))
    return True


def _lives_by_itself(scene: Scene) -> bool:
    """Whether the head does not go where people do things: an animal lives elsewhere, a tree stands still."""
    head = scene.findings.head_entry
    if head is None or head.is_person or scene.findings.mixed or head.sort == "action":
        return False
    return head.is_living or head.kinds.isdisjoint(("machine", "toy", "character", "fantasy", "idea", "event"))


def _can_do(action: Entry, scene: Scene) -> bool:
    """Whether what is seen of an action is true of the head: a body's posture only of a person."""
    head = scene.findings.head_entry
    return head is not None and (head.is_person or head is action)


def _medium_role_is_open(role: str, entry: Entry, scene: Scene) -> bool:
    if role == "detail":
        head = scene.findings.head_entry
        return "person" not in entry.kinds or (head is not None and head.is_person)
    photo = "photo" in entry.kinds
    if scene.flat or scene.craft:
        flat = not entry.kinds.isdisjoint(("design", "craft", "print", "textile", "text"))
        return role in ("place", "color") and flat or role == "light" and scene.craft and flat
    if role == "view":
        return photo and not scene.findings.of("setting")
    if role == "color":
        return True
    if role == "light":
        return photo and entry.subject in ("portrait photo", "product photo", "food photo", "fashion photo")
    return role == "place" and entry.subject in ("product photo",)


def _may(option: Option, found: Found, scene: Scene) -> bool:
    """Whether a phrase neither repeats the wish nor goes against it."""
    wish = scene.wish
    if option.words & wish.forbidden:
        return False
    if unsafe.names_minor(wish.text) and unsafe.unsafe(option.phrase, minor=True):
        return False
    if "people" in option.facts and not _people_are_welcome(found, scene):
        return False
    if option.words & wish.content - GENERIC - BOILERPLATE:
        return False
    if any(f"un{word.folded}" in wish.content for word in words_of(option.phrase)):
        return False
    if lexicon.clash(option.facts, scene.facts):
        return False
    if found.part != "medium" and "photo" in option.facts and (scene.drawn or wish.kind == "tags"):
        return False
    if option.role == "doing" and "place" in scene.closed and is_located(option.phrase):
        return False
    if option.role in ("place", "light", "doing", "view") and _is_adrift(option, scene):
        return False
    if option.role == "view" and option.facts & {"close", "half"} and _needs_room(scene):
        return False
    if (
        option.role in ("detail", "doing")
        and found.part != "medium"
        and not _leaves_the_person_alone(option, found, scene)
    ):
        return False
    if option.role == "detail" and wish.colors and lexicon.COLORS & option.words and found.part in ("head", "other"):
        return False
    return _number_fits(option, found, scene)


def _people_are_welcome(found: Found, scene: Scene) -> bool:
    """Whether a phrase may name people: only where the thing is about people and none were ruled out."""
    if scene.wish.forbidden & {"person", "people", "human"}:
        return False
    return (
        not found.entry.kinds.isdisjoint(PEOPLE_WELCOME)
        and found.part in ("head", "action", "setting")
        and found.entry.is_person is False
    )


def _is_adrift(option: Option, scene: Scene) -> bool:
    """Whether a phrase belongs to some place while the wish is at another that no entry describes."""
    unknown_place = (
        "place" in scene.closed and not scene.findings.of("setting") and not scene.findings.head_entry_is_setting
    )
    local = option.facts & LOCAL_FACTS - scene.facts
    if "place" in scene.closed and option.part == "head" and option.role in ("light", "view"):
        if not scene.findings.head_entry_is_setting and option.facts & SPECIFIC - scene.facts:
            return True
    return unknown_place and bool(local or option.words & SURROUNDINGS)


def _needs_room(scene: Scene) -> bool:
    """Whether the wish shows more than a close view has room for: a second thing, a place, a body in motion."""
    wish, findings = scene.wish, scene.findings
    more = findings.of("other") or findings.of("setting") or findings.of("action") or scene.crowded
    return bool(more or "place" in wish.said or wish.verbs or "pose" in wish.topics)


def _leaves_the_person_alone(option: Option, found: Found, scene: Scene) -> bool:
    """Whether hair, eyes, clothes, pose and the like stay as the wish has them."""
    wish, topics = scene.wish, option.topics
    if topics & wish.topics:
        return False
    dressed = "clothes" in wish.topics or any(
        s.relation in ("wearing", "dressed in", "dressed as", "dressed like", "as", "as a") for s in wish.subjects
    )
    unasked = dressed or _is_modified(found, scene) or (found.part == "other" and found.entry.is_person)
    if topics & {"clothes", "shoes", "hat"} and unasked:
        return False
    if (
        "doing" in wish.said
        and topics & {"pose", "arm", "hand", "leg"}
        and found.part in ("head", "other")
        and option.role == "detail"
    ):
        return False
    if scene.facts & {"close", "half"} and topics & {"leg", "shoes", "tail"}:
        return False
    if "back" in scene.facts and topics & {"face", "eye", "expression", "beard", "brow"}:
        return False
    if (
        scene.facts & {"close", "half"}
        and option.role == "doing"
        and re.search(r"\b(?:walk|run|strid|leap|kneel|crouch|stand|sitting)", option.phrase)
    ):
        return False
    return True


def _is_modified(found: Found, scene: Scene) -> bool:
    """Whether a person has a word before it that may bring its own clothes: "gothic girl", "viking woman"."""
    if not found.entry.is_person or found.subject is None:
        return False
    before = scene.wish.words[found.subject.start : found.start]
    return any(word.folded not in PLAIN_MODIFIERS | BOILERPLATE | lexicon.COLORS for word in before)


def _number_fits(option: Option, found: Found, scene: Scene) -> bool:
    """Whether a phrase suits how many there are, and the gender of whom it speaks."""
    subject = found.subject
    if GENDERED.search(option.phrase) and found.entry.kinds.isdisjoint(("man", "woman", "girl", "boy")):
        return False
    if found.part not in ("head", "other") or subject is None:
        return True
    if subject.many and ALONE.search(option.phrase):
        return False
    living_together = option.role == "doing" and TOGETHER.search(option.phrase) and found.entry.is_living
    return not (living_together and not subject.many)


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
        if (
            _unseen(option, other)
            or _unseen(other, option)
            or _out_of_place(option, other)
            or _out_of_place(other, option)
        ):
            return False
    return True


LOCATED = re.compile(
    r"\b(?:on|in|against|under|over|behind|beside|at|among|through|across|along|into|from|beneath|above|by|atop|below|near"
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


def _unseen(part: Option, view: Option) -> bool:
    """Whether a view leaves out what a phrase shows."""
    if view.role != "view" or part.role not in ("detail", "doing"):
        return False
    if view.facts & {"close", "half"} and part.topics & {"leg", "shoes", "tail"}:
        return True
    if "close" in view.facts and part.role == "doing" and "pose" in part.topics:
        return True
    return "back" in view.facts and bool(part.topics & {"face", "eye", "expression", "beard", "brow"})


def _out_of_place(light: Option, place: Option) -> bool:
    """Whether a light is of another place: lamps by day in the open, a window out of doors."""
    if light.role != "light" or place.role != "place":
        return False
    open_air = "outdoor" in place.facts and "indoor" not in place.facts
    return open_air and "lamp" in light.facts and not re.search(r"lantern|torch|fire|street", light.phrase)
