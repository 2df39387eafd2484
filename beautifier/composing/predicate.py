"""The user's noun phrase as a sentence: with its article, and a verb where it has none."""

import random
from dataclasses import replace

from ..prompts.vocabulary import STOP, number_of, singular
from ..subjects.find import Findings
from ..wishes.things import Subject
from ..wishes.wish import Wish
from ..wishes.words import FRAMING, VERBS
from . import grammar, verbs
from .clauses import attendant, beside, joined, pop, take, view_of
from .fitting import Option
from .thing import Thing

# Words that open or make a clause: what has one of them is no plain noun phrase.
CLAUSE = frozenset(
    "i you me we us they he she what wat who why how when if is are was were be am do does did can could will would "
    "should must have has had had't make makes let lets please want need create generate draw imagine show give think "
    "because don't isn't it's i'm there's that's can't won't whats wanna".split()
)


def is_noun_phrase(wish: Wish, start: int, end: int) -> bool:
    """Whether words are a noun phrase for all one can tell: no clause word and no finite verb in them."""
    words = [word.folded for word in wish.words[start:end]]
    for index, word in enumerate(words):
        if word in CLAUSE and not (index > 1 and words[index - 1] in ("that", "which", "who", "whose", "where")):
            return False
        if (
            word in VERBS
            and index > 0
            and words[index - 1] not in ("that", "which", "who", "to", "a", "an", "the", "in", "of")
        ):
            if not (index + 1 == len(words)):
                return False
    return bool(words) and words[0] not in ("and", "but", "with", "by", "to", "or", "when", "as", "for", "of", "while")


def article_for(wish: Wish, findings: Findings, start: int, text: str) -> str:
    """The text with the article that its first noun phrase needs."""
    first = wish.words[start].folded if start < len(wish.words) else ""
    determined = (first in STOP and first not in ("very", "so", "too", "just")) or first in grammar.DETERMINED
    if determined or number_of(first) is not None or not text[:1].isascii():
        return text
    subject = next((s for s in wish.subjects if s.start <= start < s.end), None)
    if subject is None or subject.start > start:
        return text
    noun = wish.words[subject.end - 1].folded
    number = "p" if grammar.is_plural_form(noun) else grammar.nouns().get(singular(noun), ("c", ""))[0]
    if number != "c" or not text[0].isalpha() or _is_name(wish, findings, subject):
        return text
    if text[0].isupper() and text[1:].islower():
        text = text[0].lower() + text[1:]
    return f"{grammar.article(wish.words[start].text)} {text}"


def _is_name(wish: Wish, findings: Findings, subject: Subject) -> bool:
    """Whether a thing is called by a name: capital letters behind the first word, or words that nobody knows."""
    words = wish.words[subject.start : subject.end]
    if any(f.proper and f.start < subject.end and subject.start < f.end for f in findings.found):
        return not grammar.is_noun(words[-1].folded)
    if any(word.folded == "the" for word in words[1:]):  # "dora the explorer"
        return True
    if len(words) > 1 and all(word.text[:1].isupper() for word in words):  # "Times Square"
        return True
    if any(word.text in wish.names for word in words):
        return not any(f.start < subject.end <= f.end for f in findings.found)
    if words[-1].folded in findings.unknown:
        return True
    return any(word.folded in findings.unknown for word in words) and not any(
        f.start < subject.end <= f.end and f.part in ("head", "medium", "other", "setting") for f in findings.found
    )


def predicated(
    wish: Wish, findings: Findings, thing: Thing, phrase: str, start: int, left: list[Option], dice: random.Random
) -> str:
    """A noun phrase as a sentence: with its own verb where it has a participle, else with one from what was chosen."""
    text = phrase if phrase.startswith(("a ", "an ")) else article_for(wish, findings, start, phrase)
    split = verb_split(wish, findings, phrase)
    thing = _as_pair(wish, findings, thing)
    medium_first = (
        findings.head is not None and findings.head.start > start and _begins_with_medium(wish, findings, start)
    )
    if split and not medium_first:
        before, verb = split
        before = before if before.startswith(("a ", "an ")) else article_for(wish, findings, start, before)
        return f"{_closed(before)} {thing.be} {verb}" + (attendant(left) if len(wish.verbs_at) == 1 else "")
    text = _closed(text)
    if medium_first or _ends_with_medium(wish, findings):
        return _of_medium(text, thing, split is not None, left)
    doing = take(left, "doing", "head")
    place = take(left, "place")
    where = f" {grammar.place_phrase(place.phrase)}" if place else ""
    if doing and verbs.is_verbal(doing.phrase):
        details = _inner_details(wish, thing, phrase, left, dice)
        return f"{text}{details} {verbs.finite(doing.phrase, thing.plural)}{where}" + attendant(left)
    with_doing = beside([doing.phrase]) if doing else ""
    if where:
        return f"{text} {stands(thing, findings)}{where}{with_doing}"
    details = pop(left, lambda o: o.role == "detail" and o.part == "head")
    if details:
        return f"{text} {thing.has} {joined([grammar.with_article(d.phrase) for d in details])}{with_doing}"
    view = take(left, "view")
    if view and thing.known:
        predicate = view_of(view.phrase)
        return f"{text} {thing.be} {predicate}{with_doing}" if predicate else f"{_this_is(thing, text)}{with_doing}"
    if view:
        left.append(view)
    return f"{_this_is(thing, text)}{with_doing}"


def _this_is(thing: Thing, text: str) -> str:
    if text[:2] in ("A ", "An", "Th") and text.split()[0] in ("A", "An", "The"):
        text = text[0].lower() + text[1:]
    many = thing.plural and not text.startswith(("a ", "an "))
    return f"{'these are' if many else 'this is'} {text.removesuffix(',')}"


def _as_pair(wish: Wish, findings: Findings, thing: Thing) -> Thing:
    """The thing in the plural where another is joined to it by "and": "a bird and its reflection"."""
    head = findings.head
    if head is None:
        return thing
    behind = [s for s in wish.subjects if s.segment == head.segment and s.start >= head.end]
    if not behind or behind[0].relation != "and" or (wish.verbs_at and wish.verbs_at[0] < behind[0].start):
        return thing
    return replace(thing, plural=True)


def _closed(text: str) -> str:
    """A subject with the comma that closes an insertion: "a city at night, with cars on the road,"."""
    return text + "," if ", with " in text and not text.endswith(",") else text


def stands(thing: Thing, findings: Findings) -> str:
    """A verb for being somewhere, by the kind of thing."""
    kinds = findings.head_entry.kinds if findings.head_entry else frozenset()
    if kinds & {"building", "plant", "ruin"}:
        return "stand" if thing.plural else "stands"
    if kinds & {"person", "animal", "creature", "bird", "vehicle"}:
        return f"{thing.be} shown"
    return f"{thing.be} set" if kinds & {"object", "food", "product", "toy", "furniture"} else f"{thing.be} shown"


def _of_medium(text: str, thing: Thing, has_verb: bool, left: list[Option]) -> str:
    """A sentence for "an oil painting of a cat": what it shows the cat doing, or that this is one."""
    doing = None if has_verb or not thing.known else take(left, "doing", "head")
    place = take(left, "place")
    where = f" {grammar.place_phrase(place.phrase)}" if place else ""
    if doing and verbs.is_verbal(doing.phrase):
        return f"{text} shows {thing.object} {doing.phrase}{where}"
    with_doing = beside([doing.phrase]) if doing else ""
    if where and thing.known:
        return f"{text} shows {thing.object}{where}{with_doing}"
    return f"{_this_is(thing, text) if not thing.plural else _this_is(replace(thing, plural=False), text)}{with_doing}"


def _begins_with_medium(wish: Wish, findings: Findings, start: int) -> bool:
    """Whether the first thing is a medium or a framing that leads to the head: "an oil painting of a cat"."""
    first = next((s for s in wish.subjects if s.start >= start), None)
    if first is None or first == findings.head:
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


def verb_split(wish: Wish, findings: Findings, phrase: str) -> tuple[str, str] | None:
    """The phrase before its first participle and from it on: ("a koala with glasses", "drinking soup")."""
    head = findings.head
    if head is None or phrase not in wish.text:
        return None
    for index in wish.verbs_at:
        word = wish.words[index]
        inside = head.end <= index < wish.segments[head.segment][1]
        between = [s for s in wish.subjects if head.end <= s.start < index and s.segment == head.segment]
        if not inside or any(
            w.folded in ("that", "which", "who", "whose", "where") for w in wish.words[head.end : index]
        ):
            continue
        living = findings.head_entry is not None and findings.head_entry.is_living
        if between and not (living and word.folded.endswith("ing")):  # "a house with smoke coming out of it"
            return None
        action = next((f for f in findings.of("action") if f.start < index < f.end), None)
        start = wish.words[action.start].start if action and action.start >= head.end else word.start
        at = start - wish.text.find(phrase)
        if not grammar.is_participle(word.folded) or at <= 0:
            return None
        return phrase[:at].rstrip(), phrase[at:]
    return None


def _inner_details(wish: Wish, thing: Thing, phrase: str, left: list[Option], dice: random.Random) -> str:
    """Now and then one detail right behind a short subject: "A cat with long white whiskers sits ..."."""
    if len(phrase.split()) > 4 or thing.place or len(wish.subjects) > 1 or dice.random() < 0.55:
        return ""
    detail = take(left, "detail", "head")
    return f" with {grammar.with_article(detail.phrase)}" if detail else ""
