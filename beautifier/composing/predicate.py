"""The user's noun phrase as a sentence: with the verb it has, with one from what was chosen, or behind one."""

import random
import re

from ..subjects.find import Findings
from ..wishes.wish import Wish
from ..wishes.words import CONTAINERS, FRAMING, GROUPS
from . import grammar, verbs
from .clauses import attendant, beside, is_absolute, joined, pop, take, view_of
from .fitting import Option, is_located
from .noun_phrase import RELATIVE, with_articles
from .thing import Thing

LONGEST_SUBJECT = 8  # words before a verb; a longer phrase stands behind one
PICTURES = ("the picture shows", "the image shows")


def predicated(
    wish: Wish, findings: Findings, thing: Thing, start: int, end: int, left: list[Option], dice: random.Random
) -> str:
    """The words from start to end as a sentence."""
    typed = wish.words_between(start, end)
    text = with_articles(wish, findings, start, end, typed)
    if begins_with_medium(wish, findings, start):
        return _of_medium(wish, findings, text, thing, left)
    sure = thing.sure and not _is_joined(wish, findings) and len(text.split()) <= LONGEST_SUBJECT
    split = verb_split(wish, findings, start, end) if thing.sure else 0
    if split and not _is_joined(wish, findings):
        be = "are" if _number_is_plural(wish, findings, thing) else "is"
        found = re.search(rf"(?<!\w){re.escape(wish.words[split].text)}(?!\w)", text)  # articles moved it
        at = found.start() if found else len(text)
        one_verb = len(wish.verbs_at) == 1
        return f"{_closed(text[:at].rstrip())} {be} {text[at:]}" + (attendant(left) if one_verb else "")
    loose_verb = any(start <= index < end for index in wish.verbs_at)
    if not sure or split or loose_verb or _ends_with_medium(wish, findings) or _has_clause(wish, start, end):
        return shown(text, dice)
    return _with_verb(wish, findings, thing, text, left, dice)


def shown(text: str, dice: random.Random) -> str:
    """Any noun phrase as a sentence: "the picture shows ..."."""
    if text[:2] in ("A ", "An", "Th") and text.split()[0] in ("A", "An", "The", "This", "These", "Two", "Three"):
        text = text[0].lower() + text[1:]
    return f"{dice.choice(PICTURES)} {text.removesuffix(',')}"


def _with_verb(wish: Wish, findings: Findings, thing: Thing, text: str, left: list[Option], dice: random.Random) -> str:
    """A short subject of a certain number with what it does, where it is or what it has."""
    plural = _number_is_plural(wish, findings, thing)
    has = "have" if plural else "has"
    doing = take(left, "doing", "head")
    place = take(left, "place")
    where = f" {grammar.place_phrase(place.phrase, _is_person(findings))}" if place else ""
    if doing and verbs.is_verbal(doing.phrase) and not (where and is_located(doing.phrase)):
        details = _inner_details(thing, text, wish, left, dice)
        return f"{text}{details} {verbs.finite(doing.phrase, plural)}{where}" + attendant(left)
    with_doing = beside([doing.phrase]) if doing and is_absolute(doing.phrase) else ""
    if doing and not with_doing:
        left.append(doing)
    if where:
        return f"{text} {_stands(plural, findings)}{where}{with_doing}"
    details = pop(left, lambda o: o.role == "detail" and o.part == "head")
    if details:
        return f"{text} {has} {joined([grammar.with_article(d.phrase) for d in details])}{with_doing}"
    view = take(left, "view")
    predicate = view_of(view.phrase) if view else ""
    if predicate:
        return f"{text} {'are' if plural else 'is'} {predicate}{with_doing}"
    if view:
        left.append(view)
    return shown(text, dice) + with_doing


def _is_person(findings: Findings) -> bool:
    return findings.head_entry is not None and findings.head_entry.is_person


def _stands(plural: bool, findings: Findings) -> str:
    """A verb for being somewhere, by the kind of thing."""
    kinds = findings.head_entry.kinds if findings.head_entry else frozenset()
    if kinds & {"building", "plant", "ruin"}:
        return "stand" if plural else "stands"
    return f"{'are' if plural else 'is'} shown"


def _of_medium(wish: Wish, findings: Findings, text: str, thing: Thing, left: list[Option]) -> str:
    """A sentence for "an oil painting of a cat": what it shows the cat doing, or that this is one."""
    plain = thing.known and thing.sure and not wish.verbs and len(text.split()) <= LONGEST_SUBJECT + 2
    plain = plain and text.casefold().startswith(("a ", "an ", "the ")) and not RELATIVE & set(text.split())
    if plain:
        doing = take(left, "doing", "head")
        place = None if doing and is_located(doing.phrase) else take(left, "place")
        where = f" {grammar.place_phrase(place.phrase, _is_person(findings))}" if place else ""
        verbal = doing is not None and verbs.is_verbal(doing.phrase)
        if verbal or where:
            action = f" {doing.phrase}" if verbal else ""
            loose = beside([doing.phrase]) if doing and not verbal and is_absolute(doing.phrase) else ""
            if doing and not verbal and not loose:
                left.append(doing)
            return f"{text} shows {thing.object}{action}{where}{loose}"
        if doing:
            left.append(doing)
    first = next((s for s in wish.subjects), None)
    many = (
        first is not None and first.count not in (None, 1) and grammar.is_plural_form(wish.words[first.end - 1].folded)
    )
    if text.split()[0] in ("A", "An", "The"):
        text = text[0].lower() + text[1:]
    return f"{'these are' if many else 'this is'} {text}"


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
        if not living and word.folded in ("looking", "facing"):  # "giant sequoia looking up"
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


def _inner_details(thing: Thing, text: str, wish: Wish, left: list[Option], dice: random.Random) -> str:
    """Now and then one detail right behind a short subject: "A cat with long white whiskers sits ..."."""
    if len(text.split()) > 4 or thing.article is not None or len(wish.subjects) > 1 or dice.random() < 0.55:
        return ""
    detail = take(left, "detail", "head")
    return f" with {grammar.with_article(detail.phrase)}" if detail else ""
