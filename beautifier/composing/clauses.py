"""A chosen phrase as a clause, by its role."""

import random

from ..prompts import lexicon
from ..prompts.vocabulary import singular
from . import grammar, verbs
from .fitting import Option


def attendant(left: list[Option]) -> str:
    """What is seen of an action, behind its verb: ", eyes lowered to the page and thumb marking the place"."""
    found = pop(left, lambda o: o.part == "action" and o.role in ("detail", "doing"))
    verbal = [o.phrase for o in found if o.role == "doing" and verbs.is_verbal(o.phrase)]
    rest = [o.phrase for o in found if o.phrase not in verbal]
    return "".join(f", {phrase}" for phrase in verbal[:1]) + beside(rest)


def beside(phrases: list[str]) -> str:
    """Nouns with what they do, beside a sentence: ", head bent over the page"; others behind "with"."""
    loose = [phrase for phrase in phrases if is_absolute(phrase) and lexicon.topics_of(phrase)]
    tied = [grammar.with_article(phrase) for phrase in phrases if phrase not in loose]
    return (f", {joined(loose)}" if loose else "") + (f", with {joined(tied)}" if tied else "")


def is_absolute(phrase: str) -> bool:
    """Whether a phrase stands by itself beside a sentence: a part of the body or of the thing, and how it is held."""
    words = phrase.split()
    at = grammar.head_at(phrase)
    behind = words[at + 1 : at + 2]
    return (
        at <= 1
        and bool(behind)
        and (
            grammar.is_participle(behind[0])
            or behind[0] in ("in", "on", "behind", "to", "at", "up", "down", "half", "open", "over", "under")
        )
    )


def take(left: list[Option], role: str, part: str = "") -> Option | None:
    """Remove and return the first option of a role (and part)."""
    for option in left:
        if option.role == role and (not part or option.part == part):
            left.remove(option)
            return option
    return None


def joined(parts: list[str]) -> str:
    """ "a, b and c"; with a comma before "and" where a part has one itself."""
    if len(parts) < 2:
        return "".join(parts)
    comma = "," if len(parts) > 2 or any(" and " in part for part in parts) else ""
    return f"{', '.join(parts[:-1])}{comma} and {parts[-1]}"


def pop(left: list[Option], which) -> list[Option]:
    """Remove and return all options for which a test holds."""
    found = [option for option in left if which(option)]
    left[:] = [option for option in left if not which(option)]
    return found


VIEW_IN = frozenset(
    "view shot portrait close-up macro panorama frame crop perspective composition profile framing silhouette "
    "two-shot snapshot exposure layout study front panorama vista cutaway overview arrangement scene image format "
    "closeup shape section detail horizon waist-up shots views lay spread".split()
)
VIEW_SEEN = frozenset(
    "low high wide straight overhead head-on straight-on side-on close top-down waist-up chest-up knee-up full-length "
    "full-body far distant directly slightly deep tight".split()
)


def view_of(phrase: str) -> str:
    """A view as a predicate: "seen from a low angle", "shown in a close-up on the face"; "" where none fits."""
    words = phrase.split()
    head = words[grammar.head_at(phrase)]
    if head in ("front", "rear", "side", "waist-up", "chest-up", "knee-up", "head-on", "side-on") and (
        grammar.head_at(phrase) > 0 or "-" in head
    ):
        at = grammar.head_at(phrase) + 1
        return view_of(" ".join([*words[:at], "view", *words[at:]]))
    if head == "three-quarter":  # the noun is left out
        return view_of(phrase.replace("three-quarter", "three-quarter view", 1))
    if words[0] in grammar.PREPOSITIONS:
        return f"seen {phrase}"
    if words[0].endswith("ing") and grammar.is_participle(words[0]):
        return ""
    if grammar.is_participle(words[0]) and len(words) > 1 and words[1] in grammar.PREPOSITIONS:
        return (
            phrase
            if words[0] in ("framed", "seen", "shot", "cropped", "photographed", "isolated", "viewed")
            else f"seen {phrase}"
        )
    if head == "eye-level":
        return "seen at eye level " + " ".join(words[grammar.head_at(phrase) + 1 :])
    if head == "angle":
        return f"seen from {grammar.with_article(phrase)}"
    if head == "lens":
        return f"shot with {grammar.with_article(phrase)}"
    if head in ("body", "length", "figure", "body-length") and words[0] in ("full", "half", "whole"):
        return f"shown {phrase}"
    if head in ("focus", "depth"):
        return f"shown with {phrase}"
    if head == "level" and words[0] in ("eye", "ground", "street", "water"):
        return f"seen at {phrase}"
    if head in VIEW_IN or head.endswith(("view", "shot", "level", "close-up", "portrait")):
        named = phrase if head in ("framing", "profile", "silhouette", "perspective") else grammar.with_article(phrase)
        return f"shown in {named}"
    if words[0] in VIEW_SEEN and head in VIEW_SEEN:
        return f"seen {phrase}"
    return ""


TIMES = frozenset("morning afternoon evening night dawn dusk twilight noon midday day sunset sunrise nightfall".split())
SHADOWS = frozenset("shadow shadows silhouette".split())
DIMNESS = frozenset("shade mist haze fog overcast gloom dimness dark darkness smoke".split())
GLINTS = frozenset(
    "reflection reflections sheen glint glints sparkle sparkles highlight highlights gradient rim shimmer gleam "
    "texture edge edges caustics ripples gleams flare".split()
)


def light_of(phrase: str, dice: random.Random) -> str:
    """A light as a sentence: "low sun rims the hair", "soft window light falls from one side"."""
    words = phrase.split()
    at = grammar.head_at(phrase)
    head, behind = words[at], words[at + 1 :]
    named = grammar.with_article(phrase)
    many = grammar.number_of_phrase(phrase) == "p"
    if words[0] in grammar.PREPOSITIONS:
        return ""
    if words[0] == "no":
        return f"there {'are' if many else 'is'} {phrase}"
    if head == "half":
        return ""
    if head in TIMES and head not in ("sunrise", "sunset"):
        return f"it is {named}"
    active = clause(phrase)
    if active:
        return active
    if head in ("sky", "skies") and words[-1] in ("behind", "above"):
        return f"{words[-1]} is {grammar.with_article(' '.join(words[:-1]))}"
    if head in ("sky", "skies"):
        return f"overhead {'are' if many else 'is'} {named}"
    if head in ("fill", "shading"):
        return f"the shading is {named}"
    if head in lexicon.COLORS:
        return f"the light is {phrase}"
    if head == "overcast":
        return f"the scene lies under {grammar.article(words[0])} {phrase}"
    if head in ("sunrise", "sunset") and behind:
        return f"the scene is lit by {named}"
    if head in DIMNESS and " and " not in phrase:
        return f"the scene lies in {named}"
    if head in SHADOWS:
        return f"the light throws {named}"
    if head in GLINTS:
        return f"the light brings out {named}"
    falls = behind and behind[0] in FALLING.get(singular(head), ())
    if falls and dice.random() < 0.8:
        start = grammar.with_article(" ".join(words[: at + 1]))
        verb = dice.choice(("comes", "falls")) if behind[0] == "from" else "falls"
        return f"{start} {verb[:-1] if many else verb} {' '.join(behind)}"
    if not lexicon.says(LIGHT_HEADS, head):
        return f"the scene has {named}"
    if any(word.startswith("light") or word.endswith("light") for word in words):
        return f"the scene is lit by {named}"
    return dice.choice((f"the scene is lit by {named}", f"{named} {'light' if many else 'lights'} the scene"))


LIGHT_HEADS = lexicon.LIGHT_WORDS | frozenset(
    "sun moon star glow lamp candle lantern torch fire flame bulb chandelier softbox gel window skylight sunbeam beam "
    "shaft ray streetlight streetlamp headlight screen monitor neon sign led tube strip ember hearth furnace "
    "firelight projector strobe spot halo aurora lightning flash backlight sidelight sunshine falloff string "
    "floodlight daylight".split()
)
# Behind which words a kind of light falls: "moonlight on black water" is "moonlight falls on black water".
_FALLS = (
    "from",
    "on",
    "across",
    "over",
    "through",
    "along",
    "onto",
    "between",
    "down",
    "into",
    "at",
    "under",
    "around",
)
FALLING = {
    head: _FALLS
    for head in "light sunlight daylight moonlight candlelight torchlight lamplight firelight starlight shaft beam ray "
    "sunbeam backlight sidelight spotlight sun glow".split()
}


def clause(phrase: str) -> str:
    """A noun phrase with a participle in -ing behind its noun as a clause: "mist lifting off the lake" → "mist lifts
    off the lake"; "" for any other.
    """
    words = phrase.split()
    at = grammar.head_at(phrase)
    if at + 2 > len(words) - 1 + 1 or at + 1 >= len(words) or " and " in " ".join(words[: at + 1]):
        return ""
    verb = words[at + 1]
    if not verb.endswith("ing") or grammar.is_ing_noun(verb) and words[at + 2 : at + 3] == []:
        return ""
    many = grammar.number_of_phrase(phrase) == "p"
    start = grammar.with_article(" ".join(words[: at + 1]))
    return f"{start} {verbs.finite(' '.join(words[at + 1 :]), many)}"


PALETTE_NOUNS = frozenset("pair tone hue palette set scheme accent range note wash color".split())


def color_of(phrase: str, dice: random.Random) -> str:
    """A palette as a sentence."""
    first, *rest = phrase.split(" and ")
    head = first.split()[grammar.head_at(first)]
    thing = grammar.nouns().get(head, ("", ""))[0] == "c" and head not in grammar.BARE | lexicon.COLORS
    named = " and ".join([grammar.with_article(first) if head in PALETTE_NOUNS or thing else first, *rest])
    return dice.choice((f"the palette is {named}", f"the palette keeps to {named}", f"the colors are {named}"))
