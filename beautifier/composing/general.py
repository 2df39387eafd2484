"""What is true of nearly every picture of a kind: a light by the hour and the place, a view by the size of the thing,
where it stands in the frame, the manner of the picture, how drawn text is set.

For texts of image models that want these said, where neither the user nor an entry says them.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import replace

from ..faithful import avoided
from ..prompts import lexicon
from ..prompts.vocabulary import content
from ..subjects.entry import SETTING_KINDS
from ..wishes.wish import QUOTED, Wish
from . import grammar
from .fitting import Option, fits
from .scene import Scene
from .thing import Thing

# A light by what is known of the scene: the first row of which all facts are there holds.
LIGHTS = (
    ("underwater", "blue light sinking from the surface"),
    ("space", "hard sunlight from one side"),
    ("underground", "faint light from a distant opening"),
    ("night city", "streetlights in the dark"),
    ("night indoor", "warm lamplight from one side"),
    ("night", "cool moonlight"),
    ("evening", "low warm evening light"),
    ("morning", "low soft morning light"),
    ("storm", "dim gray light under heavy clouds"),
    ("rain", "soft gray daylight"),
    ("fog", "pale diffused daylight"),
    ("overcast", "soft gray daylight"),
    ("snow", "clear pale winter daylight"),
    ("studio", "even studio light"),
    ("plain", "even studio light"),
    ("indoor", "soft daylight from a window"),
    ("outdoor", "soft natural daylight"),
    ("", "soft even light"),
)
FLAT_LIGHT = "flat even light"
# A view by the kinds of the thing.
VIEWS = (
    ("landscape city mountain forest desert space sky planet town", "wide view at eye level"),
    ("building vehicle interior room kitchen shop", "wide view at eye level"),
    ("food dessert drink fruit object jewelry toy product flower insect", "close view from slightly above"),
    ("", "eye-level"),
)
SIDES = ("in the middle of the frame", "a little left of the middle", "a little right of the middle")
# An hour that the user names closes the light, and says none.
HOURS = frozenset("night evening morning day noon".split())
LOCATED = frozenset("left right center middle centered foreground corner top bottom".split())
# Kinds that are painted as often as photographed, or that nobody can photograph.
IMAGINED = frozenset("creature fantasy character mythical idea dinosaur prehistoric monster event emotion".split())

# Kinds of what has no place of its own in a frame.
NO_BODIES = frozenset("idea event emotion mood texture material pattern holiday activity sport design text".split())
SAYS_SHARP = re.compile(
    r"\b(?:focus\w*|blur\w*|bokeh|sharp\w*|soft(?:ened)? background|depth of field)\b", re.IGNORECASE
)
ARTFUL = re.compile(
    r"\b(?:by|art|arts|artwork|painting|painted|drawing|drawn|style|styled|artstation|render\w*|illustration|anime|manga"
    r"|cartoon|comic|sketch|octane|unreal|3d|cgi|pixel)\b",
    re.IGNORECASE,
)
DRAWN = {"picture": "illustration", "video": "animation"}
PAINTED = {"picture": "digital painting", "video": "animation"}
TAKEN = {"picture": "photograph", "video": "live recording"}
CARRIERS = (
    (r"poster|flyer|cover|book|magazine|card|banner|album", "across the lower third of the {}"),
    (r"mug|cup|bottle|can|shirt|t-shirt|hoodie|box|bag|cap|hat|jar|package|packaging", "across the front of the {}"),
    (r"sign|billboard|board|chalkboard|plaque|label|screen|wall|storefront|shop|gravestone|flag|door",
     "across the middle of the {}"),
)  # fmt: skip
SAYS_HOW = re.compile(
    r"\b(?:letter(?:s|ing)?|font|typeface|typograph\w*|handwrit\w+|neon|script|serif|bold|capitals|carved|engraved|painted"
    r"|embroidered|graffiti|written (?:in|on|across))\b",
    re.IGNORECASE,
)


def of_anything(phrase: str, role: str) -> Option:
    """A phrase of these tables as an option."""
    facts, topics = lexicon.facts_of(phrase), lexicon.topics_of(phrase)
    return Option(phrase, role, "anything", "any", "", facts, topics, content(phrase))


def light_of(facts: frozenset[str]) -> Option:
    """The usual light of a scene of which so much is known."""
    return of_anything(next(phrase for needs, phrase in LIGHTS if facts.issuperset(needs.split())), "light")


def usual_light(scene: Scene, taken: Sequence[Option]) -> list[Option]:
    """The usual light beside what was chosen, where it is open; an hour that the user names leaves it open."""
    wish = scene.wish
    if scene.craft or "light" in wish.said and not wish.facts & HOURS:
        return []
    option = (
        of_anything(FLAT_LIGHT, "light") if scene.flat else light_of(scene.facts.union(*(each.facts for each in taken)))
    )
    return [option] if is_open(option, wish, taken) else []


def is_open(option: Option, wish: Wish, taken: Sequence[Option]) -> bool:
    """Whether such a phrase goes with what was chosen, and says nothing ruled out or to be avoided."""
    if avoided(wish, option.phrase) or option.words & wish.forbidden:
        return False
    return fits(replace(option, words=frozenset()), list(taken))


def usual_view(scene: Scene, taken: Sequence[Option]) -> list[Option]:
    """The usual view of a thing, where it is open."""
    if scene.flat or scene.craft or "view" in scene.closed:
        return []
    entry = scene.findings.head_entry
    kinds = entry.kinds if entry is not None else frozenset()
    phrase = next(phrase for needs, phrase in VIEWS if not needs or not kinds.isdisjoint(needs.split()))
    option = of_anything(phrase, "view")
    return [option] if is_open(option, scene.wish, taken) else []


def composition(scene: Scene, thing: Thing, dice: random.Random, shot: str = "") -> str:
    """Where the thing is in the frame; "" where the user says so, and of what has no place in one.

    shot: the size of the shot, where that is to be said too.
    """
    shot = f" in a {shot}" if shot else ""
    wish, entry = scene.wish, scene.findings.head_entry
    if scene.flat:
        return "" if scene.schematic else f"the design is centered{shot}, with an even margin all around it"
    if not wish.content.isdisjoint(LOCATED) or "view" in wish.said or not is_concrete(scene):
        return ""
    if entry is not None and not entry.is_living and not entry.kinds.isdisjoint(SETTING_KINDS - {"building"}):
        return f"the scene reaches from the near foreground to the far background{shot}"
    if not thing.nameable:
        return ""
    if scene.crowded or thing.plural:
        return f"everything named is in full view{shot}, with some room around it"
    return f"{thing.called} is {dice.choice(SIDES)}{shot}, with room on both sides"


def is_concrete(scene: Scene) -> bool:
    """Whether the head is known as a thing, a being or a place."""
    entry = scene.findings.head_entry
    return entry is not None and entry.sort == "subject" and entry.kinds.isdisjoint(NO_BODIES)


def depth(scene: Scene, thing: Thing, text: str) -> str:
    """What of a picture in depth is sharp; "" where the text says so."""
    entry = scene.findings.head_entry
    if scene.flat or scene.craft or entry is None or not is_concrete(scene) or SAYS_SHARP.search(text):
        return ""
    if not entry.is_living and not entry.kinds.isdisjoint(SETTING_KINDS):
        return "everything from the front to the back is sharp"
    if not thing.nameable or scene.crowded:
        return ""
    return f"the focus is on {thing.called}, with what lies behind a little softer"


def shot_of(scene: Scene, facts: frozenset[str]) -> str:
    """The size of the shot, by what is known of the picture and by the kind of the thing."""
    entry = scene.findings.head_entry
    wide = entry is not None and not entry.is_living and not entry.kinds.isdisjoint(SETTING_KINDS)
    if scene.flat or "close" in facts:
        return "close shot"
    return "wide shot" if wide or "wide" in facts else "medium shot"


def flat_view(name: str, placed: bool) -> str:
    """How a flat work is seen; name: the work's, "the poster". placed: whether its place in the frame is told."""
    return f"{name} is seen straight on" + ("" if placed else ", filling the frame")


def flat_light(name: str, moving: bool) -> str:
    """In which light a flat work is: of the work itself, or falling on it where it is filmed."""
    return (
        f"soft daylight from one side falls across {name}" if moving else "flat, even light lies over the whole design"
    )


def manner(scene: Scene, work: str, parts: Sequence[str]) -> str:
    """In what manner the picture is made, where the user names none: as people take it who name none.

    Of a work that the user names it is that of the work, where a row has it at the end.
    """
    picture = "video" if "motion" in parts else "picture"
    if work != "the design" and "style" in parts and "place" in parts[: parts.index("style")]:
        return f"the style throughout is that of {grammar.with_article(work.removeprefix('the '))}"
    wish, entry = scene.wish, scene.findings.head_entry
    if ARTFUL.search(wish.text) or wish.kind != "tags" and not is_concrete(scene):
        return ""
    named = scene.findings.of("medium") or scene.drawn or scene.craft or scene.flat or scene.photo
    if named or any(found.entry.kinds & {"style", "era"} for found in scene.findings.of("quality")):
        return ""
    if wish.kind == "tags":
        return f"the {picture} is an anime {DRAWN[picture]} with clean lines and soft shading"
    if entry is not None and entry.kinds & IMAGINED:
        return f"the {picture} is a finely detailed {PAINTED[picture]}"
    return f"the {picture} is a clear {TAKEN[picture]} in natural colors"


def lettering(wish: Wish) -> str:
    """How drawn text is set and where; "" where there is none, or the user says so."""
    outside = QUOTED.sub(" ", wish.text)
    if not wish.quoted or SAYS_HOW.search(outside):
        return ""
    letters = "bold capitals" if all(text.isupper() for text in wish.quoted) else "large clear letters"
    found = ((re.search(rf"\b(?:{nouns})\b", outside, re.IGNORECASE), place) for nouns, place in CARRIERS)
    where = next((place.format(match[0].lower()) for match, place in found if match), "in the middle")
    many = len(wish.quoted) > 1
    return f"the {'texts are' if many else 'lettering is'} set in {letters} {where}, evenly spaced and easy to read"
