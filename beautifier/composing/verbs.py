"""Forms of English verbs: a participle phrase as a predicate."""

import re
from functools import lru_cache
from pathlib import Path

from .grammar import ADVERBS_BEFORE, is_participle, is_plural_form

# Base forms that no rule of spelling gives.
IRREGULAR_BASES = {
    "arcing": "arc",
    "silhouetting": "silhouette",
    "purring": "purr",
    "whirring": "whirr",
    "cannonballing": "cannonball",
    "lying": "lie",
    "dying": "die",
    "tying": "tie",
    "seeing": "see",
    "being": "be",
    "fleeing": "flee",
    "dyeing": "dye",
    "singeing": "singe",
    "wedging": "wedge",
}
DOUBLED_BASES = frozenset(
    "stroll scroll loll unroll refill dull fell frill infall pill troll cull knoll trawl fall call roll "
    "pull spill fill sell tell smell swell dwell stall press cross pass toss miss kiss hiss guess "
    "dress buzz fizz puff sniff stuff bluff cuff add spell drill grill chill yell shell thrill swill mill still gull "
    "lull mull".split()
)
# Verbs whose base ends in a silent e: "making" is of "make".
E_BASES = frozenset(Path(__file__).with_name("verbs_in_e.txt").read_text(encoding="utf-8").split())


# Base forms of verbs that pictures are described with: behind a plural noun they open a clause ("dragons fly").
BASES = frozenset(Path(__file__).with_name("verbs.txt").read_text(encoding="utf-8").split())


@lru_cache(maxsize=4096)
def base_of(ing: str) -> str:
    """The base form of a verb in -ing: "sitting" → "sit", "gliding" → "glide", "standing" → "stand"."""
    if ing in IRREGULAR_BASES:
        return IRREGULAR_BASES[ing]
    stem = ing[:-3]
    if stem in DOUBLED_BASES:
        return stem
    if stem + "e" in E_BASES:
        return stem + "e"
    if len(stem) > 2 and stem[-1] == stem[-2] and stem[-1] not in "aeiou":
        return stem if stem[-1] in "sfz" else stem[:-1]
    if stem.endswith("y") or len(stem) < 2:
        return stem
    if stem.endswith(("v", "rc", "nc", "dg", "uc", "lv", "bl", "gl", "kl", "dl", "ffl", "ttl", "ppl", "zzl", "stl")):
        return stem + "e"
    return stem


SHORT = re.compile(r"[^aeiou]*[aeiou][^aeiouwxy]")  # "sit", "stir": the last letter is doubled before -ing
IRREGULAR_PARTICIPLES = {"is": "being", "has": "having", "lies": "lying", "ties": "tying", "dies": "dying"}


def participle(third: str) -> str:
    """The form in -ing of a verb behind he, she or it: "sits" gives "sitting", "carries" gives "carrying"."""
    if third in IRREGULAR_PARTICIPLES:
        return IRREGULAR_PARTICIPLES[third]
    base = third.removesuffix("s")
    if third.endswith("ies"):
        base = third[:-3] + "y"
    elif third.endswith(("ches", "shes", "sses", "xes", "zzes", "oes")):
        base = third[:-2]
    if base.endswith("e") and not base.endswith(("ee", "oe", "ye")):
        return base[:-1] + "ing"
    return base + (base[-1] if SHORT.fullmatch(base) else "") + "ing"


def third_person(base: str) -> str:
    """The form behind he, she or it: "sits", "reaches", "carries", "is"."""
    if base == "be":
        return "is"
    if base == "have":
        return "has"
    if base.endswith(("s", "sh", "ch", "x", "z", "o")):
        return base + "es"
    if base.endswith("y") and base[-2:-1] not in "aeiou":
        return base[:-1] + "ies"
    return base + "s"


def is_verbal(phrase: str) -> bool:
    """Whether a doing phrase begins with its verb: "opening toward the light", "gently lifted by a breeze"."""
    words = phrase.split()
    while len(words) > 1 and (words[0] in ADVERBS_BEFORE or words[0].endswith("ly")):
        words.pop(0)
    if words[0].endswith("ed") and len(words) > 1 and is_plural_form(words[1]):
        return False  # "raised arms drawing circles"
    return (
        words[0].endswith("ing") and len(words[0]) > 4 and words[0] not in ("evening", "morning", "ceiling")
    ) or is_participle(words[0])


def finite(participle_phrase: str, plural: bool) -> str:
    """A participle phrase as a predicate: "sitting upright" → "sits upright", "perched high" → "is perched high"."""
    words = participle_phrase.split()
    lead = []
    while words and (words[0] in ADVERBS_BEFORE or words[0].endswith("ly")) and len(words) > 1:
        lead.append(words.pop(0))
    verb = words[0]
    if verb.endswith("ing"):
        base = base_of(verb)
        form = base if plural else third_person(base)
        form = "are" if form == "be" else form
        return " ".join([*lead, form, *words[1:]])
    return " ".join(["are" if plural else "is", *lead, *words])
