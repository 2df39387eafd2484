"""The user's noun phrase as the first sentence: with the verb it has or one from what was chosen, else by itself, with
what depends on it: where it is, in what light, how it is seen.
"""

import random
import re

from ..subjects.find import Findings
from ..wishes.wish import Wish
from ..wishes.words import CONTAINERS, FRAMING, GROUPS, PARTICIPLES
from . import grammar, verbs
from .clauses import attendant, beside, is_absolute, is_held, joined, pop, take
from .fitting import Option, is_located
from .lights import beside_light
from .noun_phrase import RELATIVE, with_articles
from .thing import Thing
from .views import beside_view, in_colors

LONGEST_SUBJECT = 8  # words before a verb; a longer phrase stands by itself
LONGEST_FIRST = 22  # words on which nothing more hangs
HANGING = frozenset("while when before after".split())  # a verb behind these has no subject of its own
CLOSE_TO_ITS_VERB = ("in ", "at ", "under ", "on ")


def predicated(
    wish: Wish, findings: Findings, thing: Thing, start: int, end: int, left: list[Option], dice: random.Random
) -> str:
    """The words from start to end as a sentence, or as a noun phrase that stands by itself."""
    typed = wish.words_between(start, end)
    text = with_articles(wish, findings, start, end, typed)
    if begins_with_medium(wish, findings, start):
        return _of_medium(wish, findings, text, thing, end, left, dice)
    clear = thing.sure and not _is_joined(wish, findings)
    split = verb_split(wish, findings, start, end) if clear else 0
    if split and wish.words[split - 1].folded not in HANGING:
        be = "are" if _number_is_plural(wish, findings, thing) else "is"
        found = re.search(rf"(?<!\w){re.escape(wish.words[split].text)}(?!\w)", text)  # articles moved it
        at = found.start() if found else len(text)
        said = f"{_closed(text[:at].rstrip())} {be} {text[at:]}"
        said += (attendant(left) if len(wish.verbs_at) == 1 else "") or _held(thing, left, dice)
        return said + hanging(said, left, dice, True)
    loose_verb = any(start <= index < end for index in wish.verbs_at)
    short = len(text.split()) <= LONGEST_SUBJECT
    if not clear or not short or loose_verb or _ends_with_medium(wish, findings) or _has_clause(wish, start, end):
        return by_itself(text, left, dice)
    return _with_verb(wish, findings, thing, text, end, left, dice)


def by_itself(text: str, left: list[Option], dice: random.Random) -> str:
    """A noun phrase that stands by itself, with its view or its light: "a banana cat, seen from a low angle"."""
    text = text.removesuffix(",")
    return text + hanging(text, left, dice)


def hanging(text: str, left: list[Option], dice: random.Random, has_verb: bool = False) -> str:
    """A light, a view or both behind a text, taken from what is left; "" behind a long one."""
    if len(text.split()) > LONGEST_FIRST:
        return ""
    chance = dice.random()
    light = next((o for o in left if o.role == "light" and beside_light(o.phrase)), None)
    view = next((o for o in left if o.role == "view" and beside_view(o.phrase)), None)
    if has_verb:
        light, view = (light if chance < 0.6 else None), (view if 0.45 < chance < 0.75 else None)
    elif light and view and len(text.split()) > 6:
        light, view = (light, None) if chance < 0.5 else (None, view)
    elif light and view:
        light, view = (light if chance < 0.7 else None), (view if chance > 0.35 else None)
    said = ""
    if view:
        left.remove(view)
        said = f", {beside_view(view.phrase)}"
    if light:
        left.remove(light)
        lit = beside_light(light.phrase)
        if lit.startswith("with ") and ", with " in text + said:
            left.append(light)
            return said
        near = lit.startswith(CLOSE_TO_ITS_VERB) and len(lit.split()) < 6 and " in " not in f"{text}{said}"
        said += f" {lit}" if near and (view or has_verb and len(text.split()) < 12) else f", {lit}"
    return said


def _held(thing: Thing, left: list[Option], dice: random.Random) -> str:
    """Now and then a part of the head and how it is held: ", its long white whiskers fanned from the muzzle"."""
    if thing.its == "the" or dice.random() < 0.4:
        return ""
    for option in left:
        if option.role == "detail" and option.part == "head" and is_held(option.phrase):
            left.remove(option)
            return f", {thing.its} {option.phrase}"
    return ""


def _with_verb(
    wish: Wish, findings: Findings, thing: Thing, text: str, end: int, left: list[Option], dice: random.Random
) -> str:
    """A short subject of a certain number with what it does, and where it is."""
    plural = _number_is_plural(wish, findings, thing)
    doing = take(left, "doing", "head")
    place = take(left, "place")
    where = f" {grammar.place_phrase(place.phrase, thing.person)}" if place else ""
    if doing and verbs.is_verbal(doing.phrase) and not (where and is_located(doing.phrase)):
        said = f"{text}{_inner_details(thing, text, wish, left, dice)} {verbs.finite(doing.phrase, plural)}{where}"
        behind = attendant(left) or _held(thing, left, dice)
        return said + behind + hanging(said + behind, left, dice, True)
    loose = beside([doing.phrase]) if doing and is_absolute(doing.phrase) else ""
    if doing and not loose:
        left.append(doing)
    if where and _stands(findings):
        said = f"{text} {'stand' if plural else 'stands'}{where}{loose}"
        return said + hanging(said, left, dice, True)
    if where:
        followed = findings.head is not None and findings.head.end < end
        said = f"{text}{',' if followed else ''}{where}{loose}"
        return said + hanging(said, left, dice)
    return by_itself(text + loose, left, dice)


def _stands(findings: Findings) -> bool:
    """Whether the head is of the kinds that stand where they are."""
    kinds = findings.head_entry.kinds if findings.head_entry is not None else frozenset()
    return bool(kinds & {"building", "plant", "ruin"}) and not kinds & {"landscape", "material", "interior", "room"}


def _of_medium(
    wish: Wish, findings: Findings, text: str, thing: Thing, end: int, left: list[Option], dice: random.Random
) -> str:
    """ "An oil painting of a cat" with what it does and where, and the marks of the medium."""
    plain = thing.known and thing.sure and not wish.verbs and len(text.split()) <= LONGEST_SUBJECT + 2
    plain = plain and findings.head is not None and findings.head.end == end and not RELATIVE & set(text.split())
    said = text
    if plain:
        doing = take(left, "doing", "head")
        place = None if doing and is_located(doing.phrase) else take(left, "place")
        if doing and verbs.is_verbal(doing.phrase):
            said += f" {doing.phrase}"
        if place:
            said += f" {grammar.place_phrase(place.phrase, thing.person)}"
        if doing and not verbs.is_verbal(doing.phrase):
            loose = beside([doing.phrase]) if is_absolute(doing.phrase) else ""
            said += loose
            left += [] if loose else [doing]
    said += attendant(left)
    chance = dice.random()
    if (
        len(said.split()) <= LONGEST_FIRST - 6
        and 0.4 < chance < 0.65
        and not _is_photo(findings)
        and " in " not in said
    ):
        color = take(left, "color")
        if color:
            return f"{said}, in {in_colors(color.phrase)}"
    if len(said.split()) <= LONGEST_FIRST - 6 and chance < 0.4:
        marks = pop(left, lambda o: o.part == "medium" and o.role == "detail")
        if marks:
            return f"{said}, with {joined([grammar.with_article(o.phrase) for o in marks])}"
    return said + hanging(said, left, dice)


def _is_photo(findings: Findings) -> bool:
    """Whether the medium is no drawn or painted one, whose colors are those of its things."""
    drawn = {"painting", "drawing", "print", "design", "3d"}
    return not any(drawn & found.entry.kinds for found in findings.of("medium"))


def begins_with_medium(wish: Wish, findings: Findings, start: int) -> bool:
    """Whether the first thing is a medium or a framing that leads to the head: "an oil painting of a cat"."""
    first = next((s for s in wish.subjects if s.start >= start), None)
    if first is None or first == findings.head or findings.head is None or findings.head.start < first.end:
        return False
    noun = wish.words[first.end - 1].folded
    return noun in FRAMING or any(f.part == "medium" and f.start < first.end <= f.end for f in findings.found)


def _ends_with_medium(wish: Wish, findings: Findings) -> bool:
    """Whether the head's own phrase ends with a medium: "lighthouse woodcut"."""
    head = findings.head
    return head is not None and (
        any(f.part == "medium" and f.end == head.end for f in findings.found)
        or wish.words[head.end - 1].folded in FRAMING
    )


def _is_joined(wish: Wish, findings: Findings) -> bool:
    """Whether another thing is joined to the head: "a bird and its reflection", "cat plus dog"."""
    head = findings.head
    return head is None or any(
        s.relation in ("and", "or", "plus", "x", "meets", "vs", "versus", "but")
        for s in wish.subjects
        if s.segment == head.segment and s != head
    )


def _number_is_plural(wish: Wish, findings: Findings, thing: Thing) -> bool:
    """The number of the verb behind a phrase: that of a group before its things ("a group of dogs is")."""
    head = findings.head
    first = next((s for s in wish.subjects if head is not None and s.segment == head.segment), None)
    if head is not None and first is not None and first != head and first.end < head.start:
        noun = wish.words[first.end - 1].folded
        if noun in GROUPS | CONTAINERS | FRAMING:
            return False
    return thing.plural


def _has_clause(wish: Wish, start: int, end: int) -> bool:
    return any(word.folded in RELATIVE for word in wish.words[start:end])


def _closed(text: str) -> str:
    """A subject with the comma that closes an insertion: "a city at night, with cars on the road,"."""
    return text + "," if ", with " in text and not text.endswith(",") else text


def verb_split(wish: Wish, findings: Findings, start: int, end: int) -> int:
    """Index of the participle behind a noun phrase ("a koala with glasses | drinking soup"); 0 where none is sure."""
    head = findings.head
    if head is None:
        return 0
    living = findings.head_entry is not None and findings.head_entry.is_living
    for index in wish.verbs_at:
        word = wish.words[index]
        if wish.words[index - 1].folded in grammar.PREPOSITIONS:  # "of nidoking"
            return 0
        if wish.words[index - 1].folded == "being" and index - 1 >= max(head.end, start):  # "a turkey being taken out"
            return index - 1
        behind = wish.words[index + 1].folded if index + 1 < end else ""
        if word.folded.endswith("ed") and behind in ("the", "a", "an", "his", "her", "its", "their"):
            return 0  # "one camera captured the sunset"
        if word.folded.endswith("ed") and word.folded not in PARTICIPLES and behind not in BEHIND_A_PASSIVE:
            return 0  # "three chickens clucked in the coop"
        if word.folded in MADE or not living and word.folded in STEADY:  # "giant sequoia looking up"
            return 0
        doing = any(w.folded.endswith("ing") and grammar.is_participle(w.folded) for w in wish.words[head.end : index])
        if doing and word.folded.endswith("ing"):  # "a knight riding a snail wearing a hat"
            return 0
        if not max(head.end, start) <= index < end or _has_clause(wish, head.end, index):
            continue
        between = [s for s in wish.subjects if head.end <= s.start < index and s.segment == head.segment]
        if between and not (living and word.folded.endswith("ing")):  # "a house with smoke coming out of it"
            return 0
        action = next((f for f in findings.of("action") if f.start < index < f.end), None)
        at = action.start if action and action.start >= head.end else index
        return at if grammar.is_participle(word.folded) else 0
    return 0


BEHIND_A_PASSIVE = frozenset("by with to".split())
# How a picture came about: nothing that is seen in it.
MADE = frozenset("painted drawn designed created illustrated photographed directed inspired rendered sculpted".split())
# What things do as long as they are: of them "is leading" says too much.
STEADY = frozenset(
    "looking facing leading standing hanging covering surrounding showing containing overlooking stretching winding "
    "holding depicting featuring rising leaning lying sitting overgrown resembling".split()
)


def _inner_details(thing: Thing, text: str, wish: Wish, left: list[Option], dice: random.Random) -> str:
    """Now and then one detail right behind a short subject: "A cat with long white whiskers sits ..."."""
    if len(text.split()) > 4 or thing.article is not None or len(wish.subjects) > 1 or dice.random() < 0.55:
        return ""
    detail = take(left, "detail", "head")
    return f" with {grammar.with_article(detail.phrase)}" if detail else ""
