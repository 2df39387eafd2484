"""English grammar for short phrases: the head noun, its number and article, the preposition of a place.

A phrase of an entry is a noun phrase without an article ("worn velvet seat with brass nails"), a participle ("sitting
upright") or a noun with a participle ("waves breaking below"). `nouns.tsv` holds what no rule tells: which nouns are
mass nouns or plural without an s, and whether one is in, on or at them.
"""

import re
from functools import lru_cache
from pathlib import Path

from ..prompts.vocabulary import IRREGULAR, NUMBER_OF, fold, singular
from ..wishes.words import ING_NOUNS

PREPOSITIONS = frozenset(
    "of in on at under over with without by near behind beside inside through into onto against between among around "
    "along across beneath below above underneath beyond from for to like as toward towards off past within down up "
    "about after before during than outside atop upon amid out opposite where that per via".split()
)
DETERMINERS = frozenset(
    "a an the my our your his her its their this that these those some any no each every one another both".split()
)
# They stand for somebody or something and take no article.
INDEFINITE = frozenset(
    "someone somebody anyone anybody everyone everybody nobody something anything everything nothing".split()
)
# Participles by form, where no ending tells.
IRREGULAR_PARTICIPLES = frozenset(
    "seen lost caught found trapped stuck made built worn drawn shown held grown taken thrown torn broken hung set "
    "lit laid frozen hidden woven sunk buried bound wrapped cut spread swept strung bent folded wound blown run "
    "driven risen fallen spun slung split put kept left thrust flung sewn beaten dug shut swung clung sunken spilt "
    "bitten".split()
)
ADVERBS_BEFORE = frozenset("just half slightly barely gently softly loosely tightly partly neatly still almost".split())
ADVERBS_BEHIND = frozenset(
    "behind ahead below above nearby overhead beneath beyond inside outside underneath alone together apart away down "
    "up throughout everywhere alongside around through only visible bare taut faint loose back aloft upright open "
    "upward downward outward inward offshore backward forward sideways "
    "tight close low high wide flat long askew shut".split()
)
# Adjectives that are nouns as often.
NOUNS_TOO = frozenset("light cream gold silver square head front back top side clean round cold open plain".split())
MORE_ING_NOUNS = frozenset(
    "glazing wiring rigging shading stitching piping lining awning spacing flooring paneling ribbing cladding framing "
    "bedding scaffolding plating casing fencing netting tubing topping filling frosting icing seating grating edging "
    "clothing tailing backing planting decking roofing siding molding moulding engraving carving marking etching "
    "pattern beginning ending meaning feeling crossing opening landing clearing turning peeling parting drawing "
    "painting covering binding weaving braiding facing dressing mooring washing coloring hatching printing writing "
    "lettering signing padding quilting wedging banding veining mottling beading gilding grooving fringing ring wing "
    "string spring king sling swing ceiling railing building lighting evening morning sibling duckling earring thing "
    "nothing everything viewing hearing rising-sun".split()
)
NO_PARTICIPLES = frozenset(
    "embed naked seed weed reed feed bleed breed speed shed sled bed seabed hundred sacred kindred".split()
)
NOUN_FILE = Path(__file__).with_name("nouns.tsv")


@lru_cache(maxsize=1)
def nouns() -> dict[str, tuple[str, str]]:
    """Singular nouns with (number, preposition): number "m" mass, "p" plural, "c" countable; preposition or ""."""
    table = {}
    for line in NOUN_FILE.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            number, preposition, words = line.split("\t")
            for word in words.split():
                old = table.get(word, ("", ""))
                table[word] = (number if number != "-" else old[0], preposition if preposition != "-" else old[1])
    return table


# Adjectives that stand behind their noun in phrases of entries: "eyes fixed", "hands broad as plazas".
ADJECTIVES_BEHIND = frozenset(
    "tense broad big crisp dusty stiff ready parallel closer "
    "farther taller darker lighter visible bare taut heavy loose "
    "half short relaxed folded alive alight ablaze aglow aflame "
    "askew awry ajar afloat adrift apart intact still silent".split()
)
NOUN_BEHIND_PLURAL = frozenset("building clothing railing ring wing string setting shorting".split())
STEADY_ING = frozenset("ceiling railing string spring evening morning".split())


def is_ing_noun(word: str) -> bool:
    """Whether a word in -ing is a noun: "ceiling", "lighting"."""
    return word in ING_NOUNS or word in MORE_ING_NOUNS or word.endswith("ings")


def is_participle(word: str) -> bool:
    """Whether a word has the form of a participle: "sitting", "carved", "worn"."""
    if word.endswith("ing"):
        return len(word) > 4 and not is_ing_noun(word)
    return word in IRREGULAR_PARTICIPLES or (word.endswith("ed") and len(word) > 3 and word not in NO_PARTICIPLES)


@lru_cache(maxsize=16384)
def head_at(phrase: str) -> int:
    """Index of the head noun among the words of a phrase: the last before a preposition, a participle or the end."""
    words = phrase.split()
    for index in range(1, len(words)):
        if _cuts(words, index):
            back = index - 1
            while back > 0 and (
                words[back] in ADVERBS_BEFORE or words[back].endswith("ly") or words[back] in ADVERBS_BEHIND
            ):
                back -= 1
            return back
    return len(words) - 1


def _cuts(words: list[str], index: int) -> bool:
    """Whether the head noun stands before a word: it is a preposition, a determiner, or stands behind its noun."""
    word, before = words[index], words[index - 1]
    following = words[index + 1] if index + 1 < len(words) else ""
    if following == "than":  # "patches darker than the rest"
        return True
    if word in PREPOSITIONS or (word in DETERMINERS and word not in ("one", "all")):
        return True
    opens = following in PREPOSITIONS or following in DETERMINERS
    if is_plural_form(before) and _describes_behind(word, following):
        return True
    if word.endswith("ing") and len(word) > 4 and opens and following in DETERMINERS:  # "ferns filling the understory"
        return True
    if is_participle(word):
        return _stands_behind(words, index)
    if word in ADVERBS_BEHIND and (not following or (is_noun(before) and opens)):
        return True
    return False


def _describes_behind(word: str, following: str) -> bool:
    """Whether a word behind a plural noun says how or where its things are: "clouds parting", "hands big as plates"."""
    if word in NOUN_BEHIND_PLURAL:
        return False
    ends = not following or following in PREPOSITIONS or following in DETERMINERS or following in ("and", "as")
    ends = ends or following.endswith("ly") or following in ADVERBS_BEHIND or following in NUMBER_OF
    if word.endswith("ing") and len(word) > 4 and word not in STEADY_ING:
        return True
    if word in IRREGULAR_PARTICIPLES or (word.endswith("ed") and word not in NO_PARTICIPLES):
        return True
    if word.startswith("mid-") or word in ("all", "far", "only", "worn"):
        return True
    if word.endswith("ly"):
        return True
    return ends and (word in ADJECTIVES or word in ADJECTIVES_BEHIND)


def _stands_behind(words: list[str], index: int) -> bool:
    """Whether a participle follows its noun: "toys scattered on a rug", not "scattered toys"."""
    before = words[index - 1]
    following = words[index + 1] if index + 1 < len(words) else ""
    if (before in ADVERBS_BEFORE and index == 1) or (before in ADJECTIVES and before not in NOUNS_TOO):
        return False
    ends = not following or following in PREPOSITIONS or following in DETERMINERS or following in ADVERBS_BEHIND
    ends = ends or following.endswith("ly") or following in NUMBER_OF or following == "all"
    ends = ends or (following in ADJECTIVES and index + 2 == len(words))
    if words[index].endswith("ing"):
        return ends or is_plural_form(before) or (index > 1 and _is_countable(before))
    if before.endswith("ly"):  # "short hair slightly ruffled", not "gently curved handle"
        return ends and index > 1 and is_noun(words[index - 2])
    return ends


def _is_countable(word: str) -> bool:
    return is_noun(word) and nouns().get(singular(word), ("c", ""))[0] == "c" and word not in ADJECTIVES


def is_noun(word: str) -> bool:
    """Whether a word is a noun of the table or a plural."""
    return is_plural_form(word) or word in nouns() or singular(word) in nouns()


def is_plural_form(word: str) -> bool:
    """Whether a noun stands in the plural by form: "leaves", "people"."""
    word = fold(word)
    number = nouns().get(word, ("", ""))[0]
    if number == "p":
        return True
    if number in ("c", "m"):
        return False
    return word in IRREGULAR or (singular(word) != word and not word.endswith("'s"))


LAMPS = frozenset(
    "warning indicator porch traffic brake tail dome signal running navigation pilot status security".split()
)


def is_mass(word: str) -> bool:
    """Whether a word is a mass noun."""
    return nouns().get(fold(word), ("", ""))[0] == "m"


def number_of_phrase(phrase: str) -> str:
    """ "p" for a plural phrase, "m" for a mass noun, "c" for one countable thing."""
    words = phrase.split()
    if words and (
        words[0]
        in ("two", "three", "four", "five", "six", "seven", "eight", "several", "many", "few", "twin", "both", "paired")
    ):
        return "p" if words[0] not in ("twin", "paired") or is_plural_form(words[head_at(phrase)]) else "c"
    head = words[head_at(phrase)] if words else ""
    if head == "straw" and "paper" in words or head == "cord" and head_at(phrase):
        return "c"
    if phrase.endswith("drop shadow") or " drop shadow " in phrase:
        return "c"
    if head == "light" and LAMPS & set(words[: head_at(phrase)]):
        return "c"
    if words and (conjuncts(words, head_at(phrase)) or _shares_adjective(words, head_at(phrase))):
        return "p"
    if is_plural_form(head):
        return "p"
    number = nouns().get(fold(head), nouns().get(singular(fold(head).split(" ")[-1]), ("c", "")))[0]
    return number or "c"


def _shares_adjective(words: list[str], head: int) -> bool:
    """Whether one adjective stands before two things: "relaxed shoulders and neck"."""
    at = words.index("and") if "and" in words else 0
    return at > 1 and at + 1 == head and is_plural_form(words[at - 1]) and number_of_phrase(words[head]) == "c"


def article(word: str) -> str:
    """ "a" or "an" before a word."""
    folded = fold(word)
    if folded.startswith(("uni", "use", "usu", "eu", "one", "once", "uk", "ufo", "ut")) and not folded.startswith(
        ("unin", "unim", "unid")
    ):
        return "a"
    if folded.startswith(("hour", "honest", "heir", "honor", "8", "11 ", "18", "x ray", "mri")):
        return "an"
    if SPELT.match(folded):  # "an F1 car", "an X-ray"
        return "an"
    return "an" if folded[:1] in "aeiou" else "a"


SPELT = re.compile(
    r"[aefhilmnorsx](?:\d|[ -]|$|[b-df-hj-np-tv-xz]{2,4}(?:[ -]|$))"
)  # by letters: "an F1 car", "an SCP"


DETERMINED = DETERMINERS | frozenset(
    "two three four five six seven eight nine ten several many few most all half twin paired".split()
)


@lru_cache(maxsize=16384)
def with_article(phrase: str) -> str:
    """A noun phrase with the article it needs: "a worn seat", "old pipes", "soft fur and a wet nose"."""
    if phrase[:1].isdigit():
        return phrase
    words = phrase.split()
    if not words or words[0] in DETERMINED or words[0].rstrip("s'") in ("other",):
        return phrase
    head = head_at(phrase)
    parts = conjuncts(words, head)
    if parts:
        first, second = parts
        return f"{with_article(first)} and {with_article(second)}"
    if number_of_phrase(phrase) != "c":
        return phrase
    return f"{article(words[0])} {phrase}"


def conjuncts(words: list[str], head: int) -> tuple[str, str] | None:
    """Two nouns joined by "and" up to the head, each a phrase by itself: "stone steps and iron gate"."""
    if "and" not in words:
        return None
    at = words.index("and")
    if at == 0 or at + 1 >= len(words):
        return None
    if at <= head:
        if is_adjective(words[at - 1]) and not (
            at > 1 and words[at - 1] == "back"
        ):  # "straight back and soft shoulders"
            return None
        if _shares_adjective(words, head):
            return None
        second = " ".join(words[at + 1 :])
        single = at == 1 and not is_plural_form(words[0]) and number_of_phrase(second) != "m"
        if single and words[2] not in ADJECTIVES:  # "oak and brass handle"
            return None
        return " ".join(words[:at]), " ".join(words[at + 1 :])
    return None


def names_a_thing(phrase: str) -> bool:
    """Whether a phrase is surely a noun phrase: its head is a noun of the table ("sharp clean corners")."""
    words = phrase.split()
    head = words[head_at(phrase)]
    if (
        words[0] in ("seen", "lit", "framed", "no", "not", "half", "hidden")
        or words[0].endswith("ly")
        and len(words) < 3
    ):
        return False
    last = head.split("-")[-1]
    return (is_noun(head) or is_noun(last)) and (head not in ADJECTIVES or head in NOUNS_TOO)


def is_adjective(word: str) -> bool:
    """Whether a word that may be a noun stands as an adjective before "and": colors, sizes."""
    return (
        word in ADJECTIVES
        or word.endswith(("y", "ed", "ish", "ous", "ful", "less"))
        and word not in ("ivy", "clay", "lady", "body", "city")
    )


ADJECTIVES = frozenset(
    "red orange yellow green blue purple violet pink brown black white gray gold silver cream bright dark light warm "
    "cool soft hard small large long short thin thick wide narrow high low deep shallow old new round square flat "
    "smooth rough heavy wet dry clean clear open closed fine coarse dense sparse tall strong pale dull sharp blunt "
    "simple plain full empty hot cold fresh raw calm even "
    "head top front back side two three faint bottom upper lower".split()
)


# What a person is at and a thing is on.
SAT_AT = frozenset("table desk counter bar workbench worktop bench-top easel piano loom stove stall".split())
OF_ITS_THING = frozenset(
    "edge top end side foot mouth corner middle center base bottom bend rim heart head bank crown crest".split()
)


def place_phrase(phrase: str, person: bool = False) -> str:
    """A place with its preposition and article: "on a sunlit windowsill", "in tall grass", "beside a pond".

    person: somebody is there, who sits at a table where a thing would be on it.
    """
    words = phrase.split()
    if words[0] in PREPOSITIONS:
        return phrase
    head = words[head_at(phrase)]
    known = nouns()
    found = known.get(head) or known.get(singular(head)) or ("", "")
    preposition = "at" if person and head in SAT_AT else found[1] or "in"
    named = with_article(phrase)
    if singular(head) in OF_ITS_THING and words[head_at(phrase) + 1 : head_at(phrase) + 2] == ["of"]:
        named = f"the {phrase}"
    return f"{preposition} {named}"
