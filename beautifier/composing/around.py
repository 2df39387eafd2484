"""What is around: where a long text is wanted, details of the places and the times of day that were added to a wish.

A phrase "forest edge with tall grass" names things that have entries of their own. What these say is as true there as
where the user names the place, and is held against the wish and all that was chosen in the same way.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from ..prompts.prose import sentences_of
from ..prompts.vocabulary import STOP, content, key, singular
from ..subjects.entries import Entries
from ..subjects.entry import SETTING_KINDS, Entry
from ..subjects.find import Findings, Found
from ..wishes.wish import Wish
from . import grammar
from .clauses import joined
from .contradictions import may_say
from .fitting import LOCATED, Option, fits
from .options import option_of
from .scene import Scene
from .thing import Thing

MOST_DETAILS = 3  # of one place
AROUND = "around"  # the part that these options play
# Kinds of what is around a thing; of them the open ones are around it, the others have their parts.
KINDS = SETTING_KINDS | frozenset("furniture plant garden nature".split())
# Entries whose parts are not seen of a place that is named in passing.
NOT_HERE = frozenset("person people animal idea mood event character fish bird insect food vehicle machine".split())
# Nouns that mean another thing in the name of a place than their entry does, or no place.
ELSEWHERE = frozenset(
    "plain bank tank ring stand study empty quiet mouth root stone rock sand lips dark darkness light open sunny "
    "rainy windy foggy snowy bare air water wall floor plant houseplant moss space oak grass background backdrop "
    "gallery horizon".split()
) | {"stepping stones"}
# What belongs to a person or looks at one.
OF_SOMEBODY = frozenset("hair beard eye brow face expression clothes shoes hat hand arm leg wing tail ear pose".split())
# Parts of a place that are seen from one side alone.
SEEN_ELSEWHERE = re.compile(r"\b(?:above|overhead|below|beneath|underneath|inside|behind|far|distant|distance)\b")
LEADS = "|".join(sorted(grammar.PREPOSITIONS - {"of"}, key=len, reverse=True))
BETWEEN_NOUNS = re.compile(rf"\s*\b(?:{LEADS})\b\s*(?:(?:a|an|the|its|old)\s+)?")

Rate = Callable[..., list[Option]]  # of a text and options; a third argument is the least odds


def places_in(phrase: str, entries: Entries) -> list[tuple[str, Entry]]:
    """The places and the things standing about that a phrase names, each with its entry, as they are called there."""
    found: list[tuple[str, Entry]] = []
    for part in BETWEEN_NOUNS.split(phrase):
        words = part.split()
        if not words:
            continue
        head = grammar.head_at(part)
        for end in (head + 1, head):
            match = next((m for n in (3, 2, 1) if (m := _named(words, end - n, end, entries))), None)
            if match and match not in found and (end > head or "landscape" in match[1].kinds):  # "forest edge"
                found.append(match)
                break
    return found


def _named(words: list[str], start: int, end: int, entries: Entries) -> tuple[str, Entry] | None:
    """The place that some words in a row name, with its entry."""
    if start < 0 or end - start == 1 and singular(words[start]) in ELSEWHERE:
        return None
    name = " ".join(words[start:end])
    for entry in entries.by_name.get(key(name), ()):
        if entry.subject in ELSEWHERE:
            continue
        if entry.sort == "subject" and entry.kinds & KINDS and not entry.kinds & NOT_HERE and entry.detail:
            return name, entry
    return None


def surroundings(
    chosen: Sequence[Option], scene: Scene, entries: Entries, rate: Rate, known: frozenset[str]
) -> list[list[Option]]:
    """Details of the places that chosen phrases name, the details of one place together and the gladliest first.

    rate: leaves those that fit a text, the best first. known: subjects that are told of already.
    """
    if scene.flat or scene.craft or scene.schematic or scene.inside or scene.sculpted or _is_near(chosen):
        return []
    taken, groups = list(chosen), []
    for option in chosen:
        for name, entry in _named_by(option, entries):
            if entry.subject in known or not _is_there(entry, option, scene):
                continue
            known |= {entry.subject}
            possible = [each for each in _details(name, entry, scene) if fits(each, taken)]
            group: list[Option] = []
            for each in rate(f"{scene.wish.text}, {option.phrase}", possible):
                if len(group) < MOST_DETAILS and fits(each, [*taken, *group]):
                    group.append(each)
            taken += group
            groups += [group] if group else []
    return groups


def _named_by(option: Option, entries: Entries) -> list[tuple[str, Entry]]:
    """The places that a place names, or a doing behind its verb."""
    if option.role == "place":
        return places_in(option.phrase, entries)
    located = LOCATED.search(option.phrase) if option.role == "doing" else None
    return places_in(located[1], entries) if located else []


def _is_there(entry: Entry, option: Option, scene: Scene) -> bool:
    """Whether the entry shows a place from the side from which it is seen here, and in a size that is seen."""
    inside = "indoor" in option.facts | scene.facts
    if entry.kinds & {"interior", "kitchen", "furniture"}:
        return inside or "outdoor" not in option.facts | scene.facts
    if inside or entry.kinds & {"plant", "flower"} and not entry.kinds & {"landscape", "garden", "forest"}:
        return False
    return not entry.kinds & {"sky", "weather", "space"}


def _details(name: str, entry: Entry, scene: Scene) -> list[Option]:
    """The details of a place that say nothing of people, of other weather or of another time."""
    found = Found(entry, "setting", 0, 0, None, name)
    options = [replace(option_of(phrase, "detail", found), part=AROUND, about=name) for phrase in entry.detail]
    return [
        option
        for option in options
        if not option.topics & OF_SOMEBODY
        and not option.facts & {"people", "animal", "photo", "close"}
        and not SEEN_ELSEWHERE.search(option.phrase)
        and grammar.names_a_thing(option.phrase)
        and may_say(option, found, scene)
    ]


def components(wish: Wish, findings: Findings, entries: Entries) -> list[Found]:
    """The things that the longer name of an entry names: the astronaut and the horse of "astronaut riding a horse"."""
    inside = []
    for found in findings.found:
        if found.part not in ("head", "other", "setting", "action") or found.article is not None:
            continue
        at = found.start
        while at < found.end:
            spans = [(at, at + n) for n in (3, 2, 1) if at + n <= found.end and n < found.end - found.start]
            things = ((a, b, e) for a, b in spans if (e := _thing(wish.words_between(a, b), entries)))
            match = next((thing for thing in things if _stands_alone(wish, found, *thing)), None)
            if match and match[2] is not found.entry:
                start, end, entry = match
                part = "head" if found.part == "head" and start == found.start else "other"
                inside.append(Found(entry, part, start, end, None, wish.words_between(start, end)))
            at = match[1] if match else at + 1
    return inside


# A longer name of one of these says which of its kind it is: "sports car", "viking warrior".
OF_A_KIND = frozenset("vehicle person building city".split())


def _stands_alone(wish: Wish, found: Found, start: int, end: int, entry: Entry) -> bool:
    """Whether words of a longer name are a thing of their own in it, or its kind: no "watch" in "pocket watch"."""
    if end == found.end and entry.kinds & found.entry.kinds & OF_A_KIND:
        return True
    beside = [wish.words[i].folded for i in (start - 1, end) if found.start <= i < found.end]
    return all(word in STOP | grammar.PREPOSITIONS or grammar.is_participle(word) for word in beside)


def _thing(name: str, entries: Entries) -> Entry | None:
    """The entry of a thing's own name that is seen as it is: a living being, an object, a plant."""
    for entry in entries.by_name.get(key(name), ()):
        if entry.sort == "subject" and key(entry.subject) == key(name) and entry.kinds & THINGS:
            return entry
    return None


THINGS = frozenset(
    "animal bird pet insect fish creature person woman man girl boy plant flower fruit object vehicle machine building "
    "fantasy weapon instrument furniture space".split()
)


def details_of(found: Found, scene: Scene) -> list[Option]:
    """The details of a thing that may be said."""
    options = [option_of(phrase, "detail", found) for phrase in found.entry.detail]
    return [option for option in options if may_say(option, found, scene) and grammar.names_a_thing(option.phrase)]


def _is_near(chosen: Sequence[Option]) -> bool:
    """Whether nothing around is seen: the view is a close one, or what is behind the thing is plain."""
    return any(option.facts & {"close", "plain", "studio", "above"} for option in chosen)


# What encloses the things in it; any other place has its parts as a thing has them.
ENCLOSING = frozenset(
    "forest wood woodland jungle rainforest meadow field pasture grassland garden park valley desert swamp marsh bog "
    "orchard street alley city town village harbor marina beach coast shore seabed reef mountain hill canyon glade "
    "clearing tundra savanna moor farm market square courtyard".split()
)


def said(group: Sequence[Option], first: bool) -> str:
    """The details of one place as a sentence; first: whether none before says what is all around."""
    named = joined([grammar.with_article(option.phrase) for option in group])
    name = group[0].about
    if first and singular(name.split()[-1]) in ENCLOSING:
        return f"all around are {named}"
    return f"the {name} {'have' if grammar.is_plural_form(name.split()[-1]) else 'has'} {named}"


OF_THE_PICTURE = re.compile(
    r"The (?:picture|scene|photo|photograph|painting|drawing|illustration|watercolor|sketch) [a-z]+s\b"
)
# By which a sentence needs the one before it.
SAYS_AGAIN = re.compile(r"\b(?:it|its|they|their|them|she|her|he|his|him|has|have)\b", re.IGNORECASE)


MOST_CLOSING = 3  # sentences at the end


def placed(text: str, lines: Sequence[str], chosen: Sequence[Option]) -> str:
    """A text with sentences more: before those at its end that tell of the picture, its light, view and colors."""
    told = sentences_of(text)
    closing = frozenset().union(*(o.words for o in chosen if o.role in ("light", "view", "color")))
    at = len(told)
    while at > max(1, len(told) - MOST_CLOSING) and _closes(told[at - 1], closing):
        at -= 1
    return " ".join([*told[:at], *lines, *told[at:]])


def _closes(sentence: str, closing: frozenset[str]) -> bool:
    """Whether a sentence is about the whole picture and needs none before it."""
    if OF_THE_PICTURE.match(sentence):
        return True
    return len(content(sentence) & closing) > 1 and not SAYS_AGAIN.search(sentence)


SEATS = re.compile(r"^(?:\S+ ){0,3}(?:armchair|chair|bed|seat|couch|sofa)\b")
# What a person is on and not before.
OUTSIDE = re.compile(
    r"\b(?:beach|shore|street|road|path|roof|rooftop|stage|hill|ridge|deck|bridge|steps?|stairs?|balcony|terrace|porch|ice"
    r"|ledge|cliff|bench|stool|swing|field|court|track|trail|floor|rug|grass|lawn|dune|quay|pier|dock|platform|plaza)\b"
)


def placing(phrase: str, thing: Thing) -> str:
    """A sentence that says where a thing is; "" where none is sure."""
    where = grammar.place_phrase(phrase, thing.person)
    named = "are" if grammar.number_of_phrase(phrase) == "p" else "is"
    if thing.known and thing.person and where.startswith("on ") and not OUTSIDE.search(phrase):
        seat = SEATS.search(phrase)
        return f"{thing.again} {thing.be} in {where[3:]}" if seat else f"behind {thing.again} {named} {where[3:]}"
    if thing.known:
        return f"{thing.again} {thing.be} {where}"
    return f"the setting is {grammar.with_article(phrase)}" if phrase.split()[0] not in grammar.PREPOSITIONS else ""
