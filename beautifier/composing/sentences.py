"""Two to four full sentences for image models that read with a language model: the user's words first, then what was
chosen, in clauses by role.

The first sentence is the user's own: with the article, the capital and the verb it lacks where it is a noun phrase, as
typed where it is a sentence or cannot be read for certain. Quoted text is never touched.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import replace

from ..prompts import lexicon
from ..prompts.vocabulary import NUMBERS, singular
from ..subjects.find import Findings, Found
from ..wishes.wish import Wish
from . import grammar, verbs
from .body import body, of_head, of_others
from .clauses import clause, is_absolute, pop
from .completing import complete
from .fitting import Option
from .lights import beside_light
from .opening import opening
from .thing import Thing, is_many, thing_of
from .views import beside_view, is_palette

USUAL = 4  # sentences before short ones are drawn together


def write(
    wish: Wish,
    findings: Findings,
    chosen: Sequence[Option],
    seed: str = "",
    crowded: bool = False,
    most: int = USUAL,
) -> str:
    """The user's words and the chosen phrases as two to four sentences. The seed varies the patterns.

    crowded: more than one thing was named, so that "it" would be unclear. most: how many sentences there may be before
    short ones are drawn together. Where nothing is known of the wish one light is added, or nothing.
    """
    dice = random.Random(f"{seed}/{wish.text}/sentences")
    thing = thing_of(wish, findings, crowded)
    if _is_verb(wish, findings):
        thing = Thing("")
    if not _comes_first(wish, findings) or wish.kind == "sentence" and len(wish.subjects) > 1:
        thing = replace(thing, pronoun=False)
    left = [replace(option, phrase=complete(option.phrase, option.role)) for option in chosen]
    left = _without_filler(wish, findings, left)
    living = findings.head_entry is not None and findings.head_entry.is_living
    styles = {f.entry.subject for f in findings.of("quality") if living and f.entry.kinds & {"style", "era"}}
    left = [replace(o, part="medium") if o.part == "quality" and o.entry in styles else o for o in left]
    if thing.plural:
        pop(left, lambda o: o.part == "head" and not can_say(o, True))
    first = opening(wish, findings, thing, left, dice)
    if len(first) > 1:  # it would be the last thing that was named
        thing = replace(thing, pronoun=False)
    parts = [*first, *body(wish, findings, thing, left, dice)]
    return " ".join(as_sentence(part) for part in _merged(parts, len(first), most))


def _is_verb(wish: Wish, findings: Findings) -> bool:
    """Whether what was taken for the head is a verb behind a plural noun: "dragonflies float in the dark"."""
    head = findings.head
    if head is None or head.start == 0 or head.end - head.start > 1:
        at = head.end - 1 if head is not None else 0
    else:
        at = head.start
    if not at:
        return False
    return wish.words[at].folded in verbs.BASES and grammar.is_plural_form(wish.words[at - 1].folded)


def _comes_first(wish: Wish, findings: Findings) -> bool:
    """Whether the head is the first thing that is named, but for its medium: then "it" is clear."""
    head = findings.head
    named = next((f for f in findings.of("head")), None)
    if head is not None and named is not None and named.end < head.end and not named.entry.is_person:
        return False  # "twin peaks artwork"
    first = next((s for s in wish.subjects), None)
    return head is None or first is None or first.start >= head.start


def further(wish: Wish, findings: Findings, chosen: Sequence[Option]) -> list[str]:
    """Sentences that add details to a text about the same wish."""
    thing = replace(thing_of(wish, findings), pronoun=False)  # another thing may have been named last
    left = [replace(option, phrase=complete(option.phrase, option.role)) for option in chosen]
    said = of_head(findings, thing, left, random.Random(wish.text)) + of_others(wish, findings, left)
    return [as_sentence(part) for part in said]


def _without_filler(wish: Wish, findings: Findings, options: list[Option]) -> list[Option]:
    """Of what is true of any picture a light at most, and that only for a plain thing that nothing else is known of."""
    credited = {f.name for f in findings.of("other") if f.article == "" and _is_credited(wish, f)}
    of_light = {f.entry.subject for f in findings.of("quality") if f.end < len(wish.words) and _is_light(wish, f)}
    known = [o for o in options if o.about not in credited]
    known = [o for o in known if o.part != "quality" or o.entry not in of_light]
    if any(option.part == "any" and option.role == "detail" for option in known):  # of a portrait
        return known
    told = [option for option in known if option.part != "any"]
    head = findings.head
    if told or head is None or findings.unknown or wish.names:
        return told
    noun = wish.words[head.end - 1].folded
    plain = grammar.nouns().get(singular(noun), ("", ""))[0] == "c" and wish.words[head.start].text.islower()
    return [option for option in known if option.role == "light"][:1] if plain else []


def _is_light(wish: Wish, found: Found) -> bool:
    """Whether a quality is that of a light: "soft lighting"."""
    return wish.words[found.end].folded in lexicon.LIGHT_WORDS


def _is_credited(wish: Wish, found: Found) -> bool:
    """Whether a person is named behind "by": one who made the picture and is not in it."""
    by = next((i for i, word in enumerate(wish.words) if word.folded == "by"), len(wish.words))
    return by < found.start


LONGEST_PAIR = 24


def _merged(parts: list[str], fixed: int, most: int) -> list[str]:
    """Sentences drawn together to at most so many, the shortest neighbors first; the first `fixed` stay as they are."""
    parts = [part for part in parts if part]
    while len(parts) > most:
        pairs = [
            (len(parts[i].split()) + len(parts[i + 1].split()), i)
            for i in range(fixed, len(parts) - 1)
            if not re.search(r", and\b|, with\b", f"{parts[i]} {parts[i + 1]}")
            and not parts[i + 1].startswith(PARTICIPLE_FIRST)
        ]
        if not pairs or min(pairs)[0] > LONGEST_PAIR:
            break
        at = min(pairs)[1]
        parts[at : at + 2] = [f"{parts[at]}, and {parts[at + 1]}"]
    return parts


NUMBER_FIRST = re.compile(r"^(1?\d|20)( [a-z]{2})")  # "3 cats", not "2 x"
COUNT_FIRST = re.compile(r"^([1-6])(girl|boy)(?=s?\b)")  # "3girls", a tag
PARTICIPLE_FIRST = ("shown ", "seen ", "framed ", "shot ", "viewed ", "cropped ")


def as_sentence(text: str) -> str:
    """A text with a capital and a full stop."""
    text = text.strip()
    if not text:
        return ""
    text = COUNT_FIRST.sub(r"\1 \2", text)
    if any(grammar.is_plural_form(word) for word in text.replace(",", "").split()[1:4]):
        text = NUMBER_FIRST.sub(lambda found: NUMBERS[int(found[1])] + found[2], text)
    if text[0].islower():
        text = text[0].upper() + text[1:]
    return text if text.endswith((".", "!", "?", '."', '!"', '?"', "…")) else text + "."


def can_say(option: Option, thing_is_plural: bool = False) -> bool:
    """Whether a phrase makes a clause for certain; those that do not are for the other styles.

    thing_is_plural: several things share no single part ("two dogs have a damp nose").
    """
    phrase, first = option.phrase, option.phrase.split()[0]
    if thing_is_plural and option.role == "detail" and grammar.number_of_phrase(phrase) == "c":
        return False
    if option.role == "doing" and option.part == "action" and not first.endswith("ing"):
        return False  # of what is held: "tilted back over the shoulder"
    if option.role == "doing":
        return verbs.is_verbal(phrase) or is_absolute(phrase) or bool(clause(phrase))
    if option.role == "place":
        return first in grammar.PREPOSITIONS or grammar.names_a_thing(phrase)
    if option.role == "view":
        return bool(beside_view(phrase))
    if option.role == "light":
        return bool(beside_light(phrase))
    if option.role == "color":
        return is_palette(phrase)
    return first not in grammar.PREPOSITIONS and grammar.names_a_thing(phrase)


def sayable(findings: Findings, possible: Sequence[Option]) -> list[Option]:
    """The options that make clauses."""
    many = {(found.entry.subject, found.part): is_many(found) for found in findings.found}
    return [o for o in possible if can_say(o, o.part in ("head", "other") and many.get((o.entry, o.part), False))]
