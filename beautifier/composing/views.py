"""How the whole is seen, and its colors, in a sentence."""

import random
import re

from ..prompts import lexicon
from . import grammar

VIEW_IN = frozenset(
    "view shot portrait close-up macro panorama frame crop perspective composition profile framing silhouette "
    "two-shot snapshot exposure layout study front vista cutaway overview arrangement scene image format "
    "closeup shape section detail shots views lay spread".split()
)
VIEW_SEEN = frozenset(
    "low bottom high wide straight overhead head-on straight-on side-on close top-down waist-up chest-up knee-up "
    "full-length full-body far distant directly slightly deep tight".split()
)
BARE_VIEWS = frozenset("framing profile silhouette perspective".split())


def beside_view(phrase: str) -> str:
    """A view beside a sentence: "seen from a low angle", "shot with a 35mm lens"; "" where none fits."""
    words = phrase.split()
    at = grammar.head_at(phrase)
    head, behind = words[at], words[at + 1 :]
    if words[-1] == "spread" and len(words) < 4:
        return f"seen in {grammar.article(words[0])} {phrase}"
    if head == "telephoto" and behind and behind[0] in grammar.PREPOSITIONS:
        return beside_view(" ".join([*words[: at + 1], "shot", *behind]))
    if (
        head in ("front", "rear", "side", "waist-up", "chest-up", "knee-up", "head-on", "side-on")
        and (at > 0 or "-" in head)
        and (not behind or behind[0] in grammar.PREPOSITIONS or grammar.is_participle(behind[0]))
    ):
        return beside_view(" ".join([*words[: at + 1], "view", *words[at + 1 :]]))
    if head == "three-quarter":  # the noun is left out
        return beside_view(phrase.replace("three-quarter", "three-quarter view", 1))
    if words[0] in grammar.PREPOSITIONS:
        return f"seen {phrase}"
    if words[0].endswith("ing") and grammar.is_participle(words[0]):
        return ""
    if grammar.is_participle(words[0]) and len(words) > 1 and words[1] in grammar.PREPOSITIONS:
        said = words[0] in ("framed", "seen", "shot", "cropped", "photographed", "isolated", "viewed")
        return phrase if said else f"seen {phrase}"
    if head == "eye-level":
        return "seen at eye level " + " ".join(words[at + 1 :]) if words[at + 1 :] else "seen at eye level"
    if head == "angle":
        return f"seen from {grammar.with_article(phrase)}"
    if head == "lens":
        return f"shot with {grammar.article(words[0])} {phrase}"
    if head in ("body", "length", "figure", "body-length") and words[0] in ("full", "half", "whole"):
        return f"shown {phrase}" if not behind or behind[0] in grammar.PREPOSITIONS else ""
    if head == "horizon":
        return f"shown with {grammar.with_article(phrase)}"
    if head in ("focus", "depth"):
        return f"shown with {phrase}"
    if head == "level" and words[0] in ("eye", "ground", "street", "water"):
        return f"seen at {phrase}"
    if head in VIEW_IN or head.endswith(("view", "shot", "level", "close-up", "portrait")):
        named = phrase if head in BARE_VIEWS else grammar.with_article(phrase)
        return f"seen in {named}"
    if words[0] in VIEW_SEEN and head in VIEW_SEEN:
        return f"seen {phrase}"
    return ""


TAKING_IN = frozenset("view shot angle panorama vista overview".split())
NEAR = frozenset("close close-up closeup macro tight portrait detail crop behind back silhouette".split())


def taking_in(phrase: str) -> str:
    """A view as the subject of "takes in": "a wide view along the rows"; "" for a near one and for what is no view."""
    words = phrase.split()
    at = grammar.head_at(phrase)
    if not at or words[at] not in TAKING_IN or NEAR & set(words) or "showing" in words or "with" in words:
        return ""
    return grammar.with_article(phrase)


# Words by which a palette is known to be one, beside the colors themselves.
TONES = frozenset(
    "wood slate tones tone sand brass steel moss ocher stone walnut sage jade straw chrome colors color mustard oak "
    "sandstone gunmetal blush ash brick bone chestnut russet honey pearl saffron mahogany oatmeal iron hue hues pine "
    "neutrals neutral caramel clay celadon brights linen earth graphite parchment denim primaries apricot soot oxblood "
    "ink concrete limestone cinnamon champagne asphalt timber rosewood wheat chocolate tangerine tints tint "
    "ultramarine palette marigold verdigris taupe mud fern whitewash lapis cedar buff fawn marble granite oat ginger "
    "foam cocoa cherry frost midnight cinnabar snow butter spruce seafoam camel raspberry obsidian pewter wine tawny "
    "monochrome pastels browns greens blues grays reds whites pinks yellows sunlit metal leather platinum ecru "
    "mulberry lacquer cement newsprint chalk birch balance".split()
)


def is_palette(phrase: str) -> bool:
    """Whether a phrase names colors first: "ochre and burnt sienna", not "dark trunk with pale sky"."""
    first = re.split(r" and | with | on | against | over ", phrase)[0].replace("-", " ").split()
    if "fill" in phrase or "outline" in phrase:
        return False
    return any(word in lexicon.COLORS | TONES or word.removesuffix("s") in lexicon.COLORS for word in first)


def in_colors(phrase: str) -> str:
    """A palette behind "in": "slate gray and foam white", "muted earth tones", "a warm pair of hues"."""
    before, joint, behind = phrase.partition(" with ")
    if (
        joint
        and behind.endswith((" accent", " touch", " tint", " trim"))
        and not behind.startswith(("one ", "a ", "an "))
    ):
        phrase = f"{before} with {grammar.with_article(behind)}"
    elif joint and " and " not in phrase and is_palette(behind) and not behind.startswith(("one ", "a ", "an ")):
        phrase = f"{before} and {behind}"
    first = phrase.split(" and ")[0]
    one = first.split()[grammar.head_at(first)] in ONE and not first.startswith(("one ", "single "))
    return grammar.with_article(first) + phrase[len(first) :] if one else phrase


ONE = frozenset("pair palette set scheme range hue".split())


def colors_clause(phrase: str, of: str, dice: random.Random) -> str:
    """A palette as a sentence: "slate gray sets the palette", "slate gray and foam white dominate the watercolor".

    of: what the colors are of, "the picture" or its medium.
    """
    colors = in_colors(phrase)
    many = " and " in colors or grammar.number_of_phrase(colors) == "p"
    sets, hold = ("set", "dominate") if many else ("sets", "dominates")
    return dice.choice((f"{colors} {sets} the palette", f"{colors} {hold} {of}", f"{colors} {sets} the palette"))
