"""Which phrases of which entries may be added to a wish, each judged by itself.

A rule only ever takes away: a phrase that is in doubt is not an option.
"""

from ..prompts import lexicon
from ..prompts.vocabulary import content
from ..subjects.entry import ROLES, USUAL_WORTH, Entry
from ..subjects.find import Findings, Found
from ..subjects.looks import MANNER
from ..wishes.wish import Wish
from ..wishes.words import BOILERPLATE, MADE
from .contradictions import may_say
from .fitting import Option
from .scene import Scene, scene_of

# True of nearly any picture, for a short wish of which nothing is known. Behind longer ones readers saw boilerplate.
ANYTHING = {
    "light": (
        "soft directional light",
        "clear even light with open shadows",
        "gentle light from above",
        "soft overcast daylight",
    ),
    "view": ("eye-level view", "centered composition"),
    "color": ("two or three related hues", "muted neutrals with one clear accent", "cool grays with a warm accent"),
}
SHORT = 4  # words
# The same of a portrait of somebody whom no entry knows.
OF_A_PORTRAIT = {
    "light": (
        "soft key light modeling the face",
        "window light on one side of the face",
        "broad soft light from the front",
        "strong side light with half the face in shadow",
        "soft rim light along the hair and shoulders",
    ),
    "detail": (
        "catchlights in both eyes",
        "natural skin texture",
        "fine strands of hair at the temples",
        "composed expression with a steady gaze",
    ),
    "place": (
        "plain dark background with soft falloff",
        "neutral studio backdrop",
        "softly blurred background",
        "plain warm gray background",
    ),
}
ANY = "anything"  # the entry of these
DAMAGE = frozenset("condition material state texture".split())


# Which roles an entry may fill by the part it plays.
ROLES_OF_PART = {
    "head": ROLES,
    "setting": ("detail", "light", "color"),
    "action": ("detail", "doing", "place", "light"),
    "other": ("detail",),
    "guise": ("detail",),
    "medium": ("detail", "place", "light", "view", "color"),
    "quality": ("detail", "color"),
}


def options(wish: Wish, findings: Findings) -> tuple[Option, ...]:
    """All phrases that may be added to a wish, each judged by itself."""
    scene = scene_of(wish, findings)
    found_options = []
    for found in findings.found if not findings.ill_read and not _is_a_saying(wish) else ():
        if found.part != "head" and found.entry.subject in FORMATS or _is_of_another(found, wish, findings):
            continue
        for role in ROLES_OF_PART[found.part]:
            if not role_is_open(role, found, scene):
                continue
            for phrase, worth in found.entry.phrases(role):
                option = option_of(phrase, role, found, worth)
                if may_say(option, found, scene) and not (found.part == "quality" and _is_of_nobody(option, scene)):
                    found_options.append(option)
    return tuple(found_options) if found_options else tuple(_anything(scene))


def anything(wish: Wish, findings: Findings) -> tuple[Option, ...]:
    """What may be said of nearly any picture, for a wish of which nothing that is known fits."""
    return tuple(_anything(scene_of(wish, findings)))


def _is_a_portrait(scene: Scene) -> bool:
    """Whether somebody's portrait is wanted, for all one can tell."""
    head = scene.findings.head_entry
    asked = any(word.folded in ("portrait", "headshot", "selfie") for word in scene.wish.words)
    return asked and (head is None or head.is_person)


def _is_of_another(found: Found, wish: Wish, findings: Findings) -> bool:
    """Whether a quality or a thing stands further on in a long wish, where what is said of it may be wrong."""
    following = wish.words[found.end].folded if found.end < len(wish.words) else ""
    if found.part == "quality" and following in lexicon.LIGHT_WORDS | lexicon.VIEW_WORDS:  # "dynamic lighting"
        return True
    if wish.kind != "sentence" and not wish.detailed:
        return False
    head = findings.head
    inside = head is not None and head.start <= found.start and found.end <= head.end
    return found.part == "other" or found.part == "quality" and not inside


FORMATS = frozenset(
    ("landscape", "scenery", "portrait")
)  # how the picture is laid out, where they are not all it shows


def _is_a_saying(wish: Wish) -> bool:
    """Whether somebody speaks: "it's always bean time", "what do you want"."""
    return wish.words[0].folded in SPEAKING if wish.words else False


SPEAKING = frozenset(
    "i i'm im i've it it's its you you're we we're he he's she she's they what what's whats why how when who where is "
    "are am do does did can could will would should not never don't let's lets that's there's".split()
)


def _anything(scene: Scene) -> list[Option]:
    """What may be said of nearly any picture, in the roles that the wish leaves open."""
    wish = scene.wish
    portrait = _is_a_portrait(scene)
    if wish.detailed or not wish.words or scene.flat or scene.craft or len(wish.words) > SHORT and not portrait:
        return []
    found = []
    for role, phrases in (OF_A_PORTRAIT if portrait else ANYTHING).items():
        if role in scene.closed:
            continue
        for phrase in phrases:
            facts = lexicon.facts_of(phrase)
            clashes = lexicon.clash(facts, scene.facts) or scene.drawn and "photo" in facts
            if not clashes and not content(phrase) & wish.forbidden:
                found.append(Option(phrase, role, ANY, "any", "", facts, lexicon.topics_of(phrase), content(phrase)))
    return found


def option_of(phrase: str, role: str, found: Found, worth: int = USUAL_WORTH) -> Option:
    """A phrase about what an entry names as an option, with what the phrase says."""
    furniture = found.part == "setting" and not found.entry.kinds.isdisjoint(("furniture", "object"))
    about = found.name if found.part == "other" or furniture else ""
    part = "quality" if found.part == "guise" else found.part  # how the head shows that it is made another thing
    return Option(
        phrase, role, found.entry.subject, part, about,
        lexicon.facts_of(phrase), lexicon.topics_of(phrase), content(phrase), worth,
    )  # fmt: skip


def role_is_open(role: str, found: Found, scene: Scene) -> bool:
    """Whether anything of a role may come from an entry in its part."""
    part, entry = found.part, found.entry
    if part == "head" and role != "color" and REFLECTED & {word.folded for word in scene.wish.words}:
        return False
    if part == "head" and role == "color" and scene.findings.mixed:
        return False
    if part == "quality" and (scene.flat or scene.schematic):
        return False
    towards = found.subject is not None and found.subject.relation in ("of", "to", "from")
    if part == "setting" and towards and not entry.kinds.isdisjoint(("planet", "space")):
        return False
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
        if scene.flat and entry.is_person and role == "detail" and scene.wish.quoted:
            return False
        if scene.inside and role in ("detail", "doing", "place", "view"):
            return False
        if scene.findings.mixed and role == "doing":
            return False
        if role in ("detail", "doing") and (scene.sculpted or _is_made_of_something(scene)):
            return False
        following = next((s for s in scene.wish.subjects if found.subject and s.start >= found.subject.end), None)
        if role == "place" and following is not None and following.relation in ("of", "and"):  # "keys of a piano"
            return False
        if role == "place" and any(other.entry.is_living for other in scene.findings.of("other")):
            return False  # where both are is not told by one of them: "a man chasing a horse"
        if role == "place" and scene.findings.of("action") and not _lives_by_itself(scene):
            return False
        if role in ("light", "view") and entry.is_living and scene.findings.of("setting") and role == "light":
            return False
    if part == "action" and role in ("place", "light") and _lives_by_itself(scene):
        return False
    if part == "action" and role in ("detail", "doing") and not _can_do(entry, scene):
        return False
    if part == "quality" and (
        any(f.part == "head" and f.proper for f in scene.findings.found) or _is_vague(entry, scene)
    ):
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


def _is_of_nobody(option: Option, scene: Scene) -> bool:
    """Whether a quality would dress what is no person: "wide lapels" of a logo of the 1970s."""
    head = scene.findings.head_entry
    return bool(option.topics & {"clothes", "shoes", "hat", "jewelry", "hair"}) and not (
        head is not None and head.is_person
    )


VAGUE = frozenset("quality mood idea".split())


def _is_vague(quality: Entry, scene: Scene) -> bool:
    """Whether how a quality shows depends on the thing, which has details of its own: "a cool car"."""
    head = scene.findings.head_entry
    if quality.subject in BOILERPLATE or head is not None and head.is_person and "texture" in quality.kinds:
        return True
    if head is None or quality.kinds - VAGUE and quality.kinds.isdisjoint(("mood",)):
        return False
    if quality.subject in ("dark", "bright"):
        return True
    return not head.is_setting and head.kinds.isdisjoint(("building", "interior", "room")) and quality.kinds <= MOODS


MOODS = VAGUE | {"style", "design"}


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


def _is_made_of_something(scene: Scene) -> bool:
    """Whether the head is made of another stuff, which has none of its surface: "a cat made of smoke"."""
    return any(subject.relation in MADE for subject in scene.wish.subjects)


REFLECTED = frozenset("reflected reflecting reflection reflections".split())  # what is wanted is its image
PHOTOGRAPHED = frozenset("photo photograph photography dslr polaroid".split())


def _medium_role_is_open(role: str, entry: Entry, scene: Scene) -> bool:
    if MANNER in entry.kinds:  # of an artist whatever is shown has the marks
        return role != "light" or not (scene.flat or scene.craft or "light" in scene.wish.said)
    painted = entry.kinds & {"painting", "drawing", "digital", "print"} and "photo" not in entry.kinds
    if role == "detail" and painted and PHOTOGRAPHED & {word.folded for word in scene.wish.words}:
        return False
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
