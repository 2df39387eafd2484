"""The articles that notes leave out behind prepositions: "robe with dusty hem" is "robe with a dusty hem"."""

from functools import lru_cache

from ..prompts import lexicon
from . import grammar

# Behind a preposition these need no article, whatever the table of nouns says.
BARE = frozenset(
    "night height profile cloud sky color flame town sight land gas "
    "form use age orbit tile sheep night cactus jade peach rose "
    "amber plum sage lilac tan ember lime pearl pine slate straw sand wheat cover view frame hand place flight scale "
    "distance length rest bloom stride battle top bottom".split()
)
BEFORE_THE = frozenset(
    "of on from through into under against above across along over behind beside beneath below onto".split()
)


@lru_cache(maxsize=16384)
def complete(phrase: str, role: str) -> str:
    """A phrase with the articles that notes leave out behind prepositions; a palette stays as it is."""
    if role == "color":
        return phrase
    words = phrase.split()
    for at in range(len(words) - 2, 0, -1):
        follows = words[at + 1]
        if words[at] != "with" and not (role == "view" and words[at] in BEFORE_THE):
            continue
        if follows in grammar.PREPOSITIONS or follows in grammar.DETERMINED or grammar.is_participle(follows):
            continue
        part = " ".join(words[at + 1 :])
        at_head = grammar.head_at(part)
        head, behind = part.split()[at_head], part.split()[at_head + 1 :]
        if words[at] != "with" and _is_pair(part):
            words[at + 1 : at + 2] = ["the", follows]  # "close-up on the face and ears"
            continue
        if words[at] == "of" and words[at - 1] in ("plenty", "bit", "hint", "strip", "band", "patch", "lot"):
            continue
        if words[at] != "with" and part == "sky":
            words[at + 1 :] = ["the", "sky"]
            continue
        if (
            grammar.number_of_phrase(part) != "c"
            and not grammar.conjuncts(part.split(), at_head)
            or not grammar.is_noun(head)
        ):
            continue
        if head in BARE or head in lexicon.COLORS:
            continue
        loose = behind and (grammar.is_participle(behind[0]) or behind[0] in LOOSE_BEHIND or behind[0].endswith("ly"))
        if words[at] == "with" and loose:
            continue  # "tail wrapped close", "chin on fist"
        if grammar.conjuncts(part.split(), at_head):
            if words[at] == "with":
                words[at + 1 :] = grammar.with_article(part).split()
            continue
        words[at + 1 : at + 2] = [grammar.article(follows) if words[at] == "with" else "the", follows]
    return " ".join(words)


LOOSE_BEHIND = frozenset(
    "on in up down at to over under behind open half back high low against between out off".split()
)


def _is_pair(part: str) -> bool:
    """Whether a text is two plain nouns: "face and ears"."""
    words = part.split()
    if len(words) != 3 or words[1] != "and":
        return False
    return all(grammar.is_noun(word) and word not in lexicon.COLORS | BARE for word in (words[0], words[2]))
