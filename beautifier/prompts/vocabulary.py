"""Words of a prompt: where they stand, what they are compared by, their singular, and the numbers among them.

Comparison alone is folded (case, accents, curly marks, underscores, hyphens); what a person typed is never changed.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from .words import fold

# Pictures that stand for a thing, each with its selectors and what a joiner ties to it.
EMOJI = "[\u2603-\u2604\u260e-\u27bf\u2b50-\u2b55\U0001f300-\U0001f3fa\U0001f400-\U0001faff]"
TIED = "[\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff]"
FLAG = "[\U0001f1e6-\U0001f1ff]{2}"
WORD = re.compile(rf"[^\W_]+(?:['’][^\W_]+)*|{EMOJI}{TIED}*(?:\u200d{EMOJI}{TIED}*)*|{FLAG}")
PLAIN_NAME = re.compile(r"[a-z0-9 -]+")
NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
).split()
NUMBER_OF = {word: number for number, word in enumerate(NUMBERS)} | {
    "a couple of": 2,
    "couple of": 2,
    "pair of": 2,
    "both": 2,
    "dozen": 12,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "hundred": 100,
}
IRREGULAR = {
    "men": "man",
    "women": "woman",
    "children": "child",
    "people": "person",
    "mice": "mouse",
    "geese": "goose",
    "feet": "foot",
    "teeth": "tooth",
    "oxen": "ox",
    "dice": "die",
    "leaves": "leaf",
    "wolves": "wolf",
    "knives": "knife",
    "lives": "life",
    "wives": "wife",
    "elves": "elf",
    "dwarves": "dwarf",
    "shelves": "shelf",
    "loaves": "loaf",
    "scarves": "scarf",
    "halves": "half",
    "hooves": "hoof",
    "thieves": "thief",
    "calves": "calf",
    "cacti": "cactus",
    "fungi": "fungus",
    "octopi": "octopus",
    "colours": "color",
    "buses": "bus",
    "heroes": "hero",
    "potatoes": "potato",
    "tomatoes": "tomato",
    "volcanoes": "volcano",
    "mosquitoes": "mosquito",
    "mangoes": "mango",
    "echoes": "echo",
    "movies": "movie",
    "cookies": "cookie",
    "zombies": "zombie",
    "pies": "pie",
    "ties": "tie",
    "selfies": "selfie",
    "hoodies": "hoodie",
    "brownies": "brownie",
    "axes": "axe",
    "shoes": "shoe",
    "toes": "toe",
    "canoes": "canoe",
    "horseshoes": "horseshoe",
    "lenses": "lens",
    "gases": "gas",
}
ALWAYS_SAME = frozenset(
    "glasses sunglasses jeans pants trousers shorts scissors series species deer sheep fish clothes news bus gas lens "
    "canvas atlas iris cactus octopus walrus lotus virus circus chaos christmas cosmos always this his its has was is "
    "as us yes various serious famous mysterious luminous glorious venus crocus hibiscus citrus campus colosseum "
    "abacus genius mars paris texas chess dress glass grass cross boss moss less across compass princess goddess "
    "witness business darkness happiness sadness loneliness kindness fitness wilderness tennis paradise anubis iguanas "
    "tights leggings goggles binoculars pliers shears tweezers stairs overalls pajamas headphones ruins fireworks "
    "analysis basis oasis axis crisis thesis asparagus hippopotamus platypus rhinoceros triceratops stegosaurus "
    "brachiosaurus tyrannosaurus pegasus cerberus zeus icarus uranus orchis bonsais swiss cyclops sphinx lynx "
    "mythos pathos logos ethos portuguese japanese chinese vietnamese hermes hercules las los les des nous vous jesus "
    "santa claus woods".split()
) - {"iguanas", "bonsais"}


class Word(NamedTuple):
    """A word of a prompt: as typed, folded for comparison, and where it stands in the text."""

    text: str
    folded: str
    start: int
    end: int


@lru_cache(maxsize=2048)
def words_of(text: str) -> tuple[Word, ...]:
    """The words of a text in order. Hyphens and underscores divide them; apostrophes do not."""
    folded = str.lower if text.isascii() else fold
    return tuple(Word(m[0], folded(m[0]), m.start(), m.end()) for m in WORD.finditer(text))


@lru_cache(maxsize=16384)
def singular(word: str) -> str:
    """The singular of a folded English word by its ending; a word that is none, or is one already, stays."""
    if word in IRREGULAR:
        return IRREGULAR[word]
    if len(word) < 4 or word in ALWAYS_SAME or not word.endswith("s") or word.endswith(("ss", "us", "is", "'s")):
        return word[:-2] if word.endswith("'s") else word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zzes")):
        return word[:-2]
    return word[:-1]


def key(text: str) -> str:
    """A name as the index of entries keeps it: folded, each word singular."""
    if PLAIN_NAME.fullmatch(text):  # nearly all of them
        return " ".join(map(singular, text.replace("-", " ").split()))
    return " ".join(singular(word.folded) for word in words_of(text))


def number_of(word: str) -> int | None:
    """The number a folded word says ("3", "three"), else None. Years and codes ("1984", "007") are no counts."""
    if word.isdecimal():
        return int(word) if len(word) <= 3 and not (len(word) > 1 and word[0] == "0") else None
    return NUMBER_OF.get(word)


STOP = frozenset(
    "a an the of in on at to by for with and or but from as into onto over under is are was were be been being it its "
    "his her their them they he she him i my your our me we you this that these those there here which who whom whose "
    "what when where while very so too just then than up down out off about around through between near beside next "
    "behind before after above below along across inside outside against some any each every other another one ones "
    "has have had do does did can could will would should not no nor if like made s t".split()
)


@lru_cache(maxsize=16384)
def content(text: str) -> frozenset[str]:
    """The words of a text that carry meaning, folded and in the singular."""
    return frozenset(singular(word.folded) for word in words_of(text) if word.folded not in STOP)
