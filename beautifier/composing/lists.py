"""A comma list of the user's as sentences: its segments sorted by what they are."""

import random
import re
from dataclasses import dataclass

from ..prompts import lexicon
from ..prompts.vocabulary import STOP, fold
from ..subjects.find import Findings
from ..wishes.wish import Wish
from ..wishes.words import BOILERPLATE, FRAMING, TAG_COUNT
from . import grammar, verbs
from .clauses import joined, take
from .fitting import Option, is_located
from .predicate import article_for, is_noun_phrase, predicated, stands, verb_split
from .thing import Thing


@dataclass(frozen=True)
class Parts:
    """A comma list sorted: texts by what they are in the sentence."""

    head: str
    head_start: int
    having: tuple[str, ...]
    doing: tuple[str, ...]
    where: tuple[str, ...]
    look: tuple[str, ...]
    view: tuple[str, ...]
    weather: tuple[str, ...]
    media: tuple[str, ...]
    by: tuple[str, ...]


def read_list(wish: Wish, findings: Findings) -> Parts | None:
    """The segments of a comma list sorted; None where one of them cannot be read for certain."""
    head = findings.head
    if head is None or wish.quoted:
        return None
    groups: dict[str, list[str]] = {
        name: [] for name in ("having", "doing", "where", "look", "view", "weather", "media", "by")
    }
    head_text, head_start = "", 0
    for number, (start, end) in enumerate(wish.segments):
        text = wish.words_between(start, end).replace("_", " ")
        words = [word.folded for word in wish.words[start:end]]
        if not text.isascii() or re.search(r"[()\[\]{}<>:]", wish.text):
            return None
        if number == head.segment:
            if not is_noun_phrase(wish, start, end):
                return None
            head_text, head_start = text, start
            continue
        if all(w in BOILERPLATE or w in FRAMING or w in ("solo", "by", "on") or w.isdecimal() for w in words):
            continue
        kind = _segment_kind(wish, findings, start, end, words)
        if kind is None:
            return None
        groups[kind].append(text)
    if not head_text:
        return None
    return Parts(head_text, head_start, *(tuple(groups[name]) for name in groups))


LOOKS = frozenset(
    "cozy dark creepy scary cute beautiful ominous eerie moody serene peaceful calm colorful vibrant minimalist "
    "minimal elegant dramatic dreamy mysterious surreal abstract gothic vintage retro futuristic rustic festive "
    "romantic gloomy spooky whimsical psychedelic atmospheric symmetrical monochrome realistic photorealistic "
    "cinematic epic fantasy horror cyberpunk steampunk vaporwave synthwave noir anime cartoon bright warm cold soft "
    "muted dirty abandoned matte vivid glossy hazy misty foggy rainy sunny snowy moonlit backlit intricate delicate "
    "grungy gritty clean magical majestic sad happy melancholic lonely nostalgic evil sinister strange weird bizarre "
    "stylized ornate".split()
)


def _segment_kind(wish: Wish, findings: Findings, start: int, end: int, words: list[str]) -> str | None:
    """What a segment of a list is: a look, a view, a medium, an artist, a place, a doing, something the head has."""
    if words[0] == "by" or words[:2] in (["art", "by"], ["style", "of"]) or words[:3] == ["in", "the", "style"]:
        return "by"
    if all(w in LOOKS or w in BOILERPLATE or w in ("and", "very") for w in words):
        return "look"
    if all(
        w in lexicon.VIEW_WORDS or w in FRAMING or w in ("eye", "up", "down", "from", "looking", "birds", "worms")
        for w in words
    ):
        return "view"
    if len(words) == 1 and words[0] in WEATHER:
        return "weather"
    found = [f for f in findings.found if f.start < end and f.end > start]
    noun = grammar.is_noun(words[-1]) or any(f.end == end and f.part not in ("quality", "medium") for f in found)
    if words[-1] in ("background", "backdrop") and len(words) <= 4:
        return "having"
    medium_behind = any(f.part == "medium" and f.end == end for f in found) or words[-1] in (
        "painting",
        "drawing",
        "art",
        "illustration",
        "photo",
        "render",
        "on",
        "paper",
        "canvas",
    )
    if medium_behind and len(words) <= 5 and "in" not in words[:1]:
        adjective = grammar.is_adjective(words[-1]) or words[-1] in LOOKS or words[-1] in BOILERPLATE
        return "look" if adjective and not noun else "media"
    if not is_noun_phrase(wish, start, end) and words[0] not in ("with", "for"):
        return None
    if any(
        f.part == "setting" and f.end == end and f.entry.kinds.isdisjoint(("idea", "event", "weather")) for f in found
    ):
        return "where" if len(words) <= 5 else None
    if words[0] in LOCATING:
        return "where"
    if words[0].endswith("ing") and grammar.is_participle(words[0]) and len(words) <= 6:
        plain = (
            len(words) == 1 or words[1] in STOP or words[1] in ("up", "down", "back", "away") or words[0] in TRANSITIVE
        )
        return "doing" if plain else "having" if noun else None
    if words[0] in ("male", "female"):
        return None
    if words[0] == "with" or any(w in findings.unknown for w in words):
        return "having" if words[0] == "with" else None
    if len(words) <= 5 and not any(w in wish.verbs for w in words[1:]):
        return "having" if noun and words[-1] not in LOOKS else None
    return None


WEATHER = frozenset(
    "raining snowing rainy snowy foggy misty sunny stormy windy night day dawn dusk sunset sunrise twilight midnight "
    "noon morning evening afternoon summer winter autumn spring".split()
)
LOCATING = frozenset("in on at under over near behind beside inside through between against above among from".split())
TRANSITIVE = frozenset(
    "holding wearing eating drinking reading riding playing carrying using driving throwing catching watching hugging "
    "smoking cooking casting wielding drawing painting writing petting feeding chasing".split()
)


def list_sentences(
    wish: Wish, findings: Findings, thing: Thing, parts: Parts, left: list[Option], dice: random.Random
) -> list[str]:
    """The sentences of a sorted list: the head with what it has, does and where, then look and medium."""
    phrase = parts.head
    tag = TAG_COUNT.match(fold(phrase).replace(" ", ""))
    if tag:
        phrase = f"{'several' if tag[1] == 'multiple' else tag[1]} {thing.name}" if thing.plural else thing.name
    having = [_plain_article(text) for text in parts.having]
    if having:
        phrase += (", with " if len(phrase.split()) > 4 else " with ") + joined(having)
    where = "".join(f" {_where(text)}" for text in parts.where)
    if parts.doing:
        doing = joined(list(parts.doing))
        first = f"{_list_article(wish, findings, thing, parts, phrase)} {thing.be} {doing}{where}"
    elif where and verb_split(wish, findings, parts.head):
        before, verb = verb_split(wish, findings, parts.head)
        before = article_for(wish, findings, parts.head_start, before)
        before += (", with " + joined(having) + ",") if having else ""
        first = f"{before} {thing.be} {verb}{where}"
    elif where:
        comma = "," if having else ""
        verb = take(left, "doing", "head")
        if verb and is_located(verb.phrase):
            verb = None
        predicate = verbs.finite(verb.phrase, thing.plural) if verb and verbs.is_verbal(verb.phrase) else ""
        if verb and not predicate:
            left.append(verb)
        typed = _list_article(wish, findings, thing, parts, phrase)
        first = f"{typed}{comma} {predicate or stands(thing, findings)}{where}"
    else:
        typed = _list_article(wish, findings, thing, parts, phrase)
        first = predicated(wish, findings, thing, typed, parts.head_start, left, dice)
    found = [first]
    media = joined([grammar.with_article(fold(text)) if text.islower() else text for text in parts.media])
    by = " and ".join(parts.by)
    if media:
        found.append(f"the picture is {media}" + (f" {by}" if by.startswith("by ") else ""))
    if by and not (media and by.startswith("by ")):
        found.append(f"the picture is {by}" if by.startswith(("by ", "in ")) else f"it is {by}")
    if parts.weather:
        found.append(f"it is {joined(list(parts.weather))}")
    if parts.view:
        found.append(f"the view is {joined([_plain_article(text) for text in parts.view])}")
    if parts.look:
        found.append(f"the look is {joined(list(parts.look))}")
    return found


def _list_article(wish: Wish, findings: Findings, thing: Thing, parts: Parts, phrase: str) -> str:
    if TAG_COUNT.match(fold(parts.head).replace(" ", "")):
        return phrase if thing.plural else grammar.with_article(phrase)
    return article_for(wish, findings, parts.head_start, phrase)


def _plain_article(text: str) -> str:
    """A listed thing with its article: "red hair", "a wrench"."""
    if text.casefold().startswith("with "):
        text = text[5:]
    if len(text.split()) == 1 and text.endswith(("ic", "al", "ed", "ing")):  # "isometric", "symmetrical"
        return text
    return grammar.with_article(text) if text.islower() and text.split()[0] not in STOP else text


def _where(text: str) -> str:
    """A listed place with its preposition."""
    first = fold(text).split()[0]
    if first in STOP or not text.islower():
        return text if first in grammar.PREPOSITIONS else f"in {text}"
    return grammar.place_phrase(text)
