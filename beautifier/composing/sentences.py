"""Two to four full sentences for image models that read with a language model: the user's words first, then what was
chosen, in clauses by role.

The first sentence is the user's own: with the article, the capital and the verb it lacks where it is a noun phrase, as
typed where it is a sentence or cannot be read for certain. Quoted text is never touched.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..prompts import lexicon
from ..prompts.vocabulary import STOP, fold, number_of, singular
from ..subjects.find import Findings, Found
from ..wish import BOILERPLATE, FRAMING, QUOTED, TAG_COUNT, VERBS, Subject, Wish
from . import grammar
from .fitting import Option, is_located
from .phrases import tidy_end

# Words that open or make a clause: what has one of them is no plain noun phrase.
CLAUSE = frozenset(
    "i you me we us they he she what wat who why how when if is are was were be am do does did can could will would "
    "should must have has had had't make makes let lets please want need create generate draw imagine show give think "
    "because don't isn't it's i'm there's that's can't won't whats wanna".split()
)
DROPPED_TAGS = frozenset("solo 1girl 1boy".split())
LEADS_TO_TEXT = frozenset(
    "says say saying reads read reading titled named called text words word written writes lettering label labeled "
    "spelling "
    "spells spelled sign caption captioned with phrase quote title slogan message letters that and".split()
)


@dataclass(frozen=True)
class Thing:
    """What the sentences are about: how it is called again, its number, whether a person, an entry's, a place."""

    name: str
    plural: bool
    person: bool
    known: bool
    place: bool

    @property
    def again(self) -> str:
        """ "it", "they", "the woman", "Lara Croft" or "the subject": the subject of a further sentence."""
        if not self.known:
            return "the subject" if self.name else "the scene"
        if self.name[:1].isupper():
            return self.name
        if self.person:
            return f"the {self.name}"
        return "they" if self.plural else "it"

    @property
    def object(self) -> str:
        """The same as an object: "it", "them", "the woman"."""
        return "them" if self.again == "they" else self.again

    @property
    def seen(self) -> str:
        """The subject of a sentence about how it is seen."""
        return self.again if self.known else "the scene"

    @property
    def has(self) -> str:
        """ "has" or "have" in its number."""
        return "have" if self.plural and self.known else "has"

    @property
    def be(self) -> str:
        """ "is" or "are" in its number."""
        return "are" if self.plural else "is"


def write(wish: Wish, findings: Findings, chosen: Sequence[Option], seed: str = "") -> str:
    """The user's words and the chosen phrases as two to four sentences. The seed varies the patterns."""
    dice = random.Random(f"{seed}/{wish.text}/sentences")
    thing = thing_of(wish, findings)
    left = list(chosen)
    first = _opening(wish, findings, thing, left, dice)
    body = _anything(left) + _details(findings, thing, left, dice)
    body += _others(findings, left)
    body += _light_and_color(thing, left, dice)
    body += _marks(findings, left, dice)
    return " ".join(_sentence(part) for part in _merged([*first, *body], len(first)))


MOST_SENTENCES, LONGEST_PAIR = 4, 34


def _merged(parts: list[str], fixed: int) -> list[str]:
    """Sentences drawn together to at most four, the shortest neighbors first; the first `fixed` stay as they are."""
    parts = [part for part in parts if part]
    while len(parts) > MOST_SENTENCES:
        pairs = [
            (len(parts[i].split()) + len(parts[i + 1].split()), i)
            for i in range(fixed, len(parts) - 1)
            if not re.search(r", and\b|\band \w+ (?:is|are|has|have|shows)\b", f"{parts[i]} {parts[i + 1]}")
            and not parts[i + 1].startswith(PARTICIPLE_FIRST)
        ]
        if not pairs or min(pairs)[0] > LONGEST_PAIR:
            break
        at = min(pairs)[1]
        parts[at : at + 2] = [f"{parts[at]}, and {parts[at + 1]}"]
    return parts


PARTICIPLE_FIRST = ("shown ", "seen ", "framed ", "shot ", "viewed ", "cropped ")


def _anything(left: list[Option]) -> list[str]:
    """One sentence of what holds of any picture, for a subject that no entry knows."""
    found = {option.role: option.phrase for option in _pop(left, lambda o: o.part == "any")}
    if not found:
        return []
    view, light, color = found.get("view"), found.get("light"), found.get("color")
    text = f"the scene is {_view(view) or 'shown in ' + grammar.with_article(view)}" if view else "the scene is shown"
    text += f" in {light}" if light else ""
    return (
        [text + (f", with {color} throughout" if color else "")] if view or light else [f"the palette keeps to {color}"]
    )


def thing_of(wish: Wish, findings: Findings) -> Thing:
    """How the head of a wish is called again."""
    head, entry = findings.head, findings.head_entry
    if head is None:
        return Thing("", False, False, False, False)
    found = next((f for f in findings.found if f.part == "head"), None)
    name = fold(found.name) if found else wish.words[head.end - 1].folded
    noun = name.split()[-1]
    tag = TAG_COUNT.match(name.replace(" ", ""))
    if tag:
        return Thing(tag[2] + ("s" if tag[1] != "1" else ""), tag[1] != "1", True, True, False)
    if entry is not None and entry.subject == "portrait":
        return Thing("sitter", False, True, True, False)
    if found is not None and found.proper and not grammar.is_noun(noun):
        return Thing(_title(found.name), False, True, True, False)
    counted = head.count is not None and head.count not in (1, -1)
    plural = (counted or grammar.is_plural_form(noun)) and not _is_mass(noun)
    is_person = entry is not None and entry.is_person
    return Thing(name, plural, is_person, entry is not None, entry is not None and entry.is_setting)


def _title(name: str) -> str:
    """A proper name with its capitals."""
    return name if not name.islower() else " ".join(w if w in STOP else w[:1].upper() + w[1:] for w in name.split())


def _is_mass(noun: str) -> bool:
    return grammar.nouns().get(singular(noun), ("c", ""))[0] == "m"


def _sentence(text: str) -> str:
    """A text with a capital and a full stop."""
    text = text.strip()
    if not text:
        return ""
    if text[0].islower():
        text = text[0].upper() + text[1:]
    return text if text.endswith((".", "!", "?", '."', '!"', '?"', "…")) else text + "."


# -- the user's words


def _opening(wish: Wish, findings: Findings, thing: Thing, left: list[Option], dice: random.Random) -> list[str]:
    """The first sentence, and where the wish is a list the sentences that take up its further parts."""
    typed = tidy_end(wish.text)
    if not wish.words:
        return [typed]
    if wish.kind == "sentence" and (len(wish.segments) > 1 or not _is_noun_phrase(wish, 0, len(wish.words))):
        return [typed]
    if wish.kind in ("list", "tags"):
        parts = _read_list(wish, findings)
        if parts is None:
            return [typed]
        return _list_sentences(wish, findings, thing, parts, left, dice)
    phrase = _with_quotes(wish, typed)
    if len(findings.unknown) > 2 and 2 * len(findings.unknown) > len(wish.words):  # another language
        return [phrase]
    if not _is_noun_phrase(wish, 0, len(wish.words)):
        return [phrase]
    return [_predicated(wish, findings, thing, phrase, 0, left, dice)]


def _is_noun_phrase(wish: Wish, start: int, end: int) -> bool:
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


def _with_quotes(wish: Wish, typed: str) -> str:
    """The text as typed, with "with the words" before quoted text that stands bare behind a noun."""
    if not wish.quoted:
        return typed

    def said(match: re.Match) -> str:
        before = fold(typed[: match.start()]).split()
        behind = typed[match.end() :].strip()
        if (
            before
            and before[-1] not in LEADS_TO_TEXT | STOP
            and typed[: match.start()].rstrip()[-1:] not in ',:"'
            and not behind[:1].isalnum()
        ):
            return f"with the words {match[0]}"
        return match[0]

    return QUOTED.sub(said, typed)


def _article_for(wish: Wish, findings: Findings, start: int, text: str) -> str:
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


def _predicated(
    wish: Wish, findings: Findings, thing: Thing, phrase: str, start: int, left: list[Option], dice: random.Random
) -> str:
    """A noun phrase as a sentence: with its own verb where it has a participle, else with one from what was chosen."""
    text = phrase if phrase.startswith(("a ", "an ")) else _article_for(wish, findings, start, phrase)
    split = _verb_split(wish, findings, phrase)
    thing = _as_pair(wish, findings, thing)
    medium_first = (
        findings.head is not None and findings.head.start > start and _begins_with_medium(wish, findings, start)
    )
    if split and not medium_first:
        before, verb = split
        before = before if before.startswith(("a ", "an ")) else _article_for(wish, findings, start, before)
        return f"{_closed(before)} {thing.be} {verb}" + (_attendant(left) if len(wish.verbs_at) == 1 else "")
    text = _closed(text)
    if medium_first or _ends_with_medium(wish, findings):
        return _of_medium(text, thing, split is not None, left)
    doing = _take(left, "doing", "head")
    place = _take(left, "place")
    where = f" {grammar.place_phrase(place.phrase)}" if place else ""
    if doing and grammar.is_verbal(doing.phrase):
        details = _inner_details(wish, thing, phrase, left, dice)
        return f"{text}{details} {grammar.finite(doing.phrase, thing.plural)}{where}" + _attendant(left)
    with_doing = _beside([doing.phrase]) if doing else ""
    if where:
        return f"{text} {_stands(thing, findings)}{where}{with_doing}"
    details = _pop(left, lambda o: o.role == "detail" and o.part == "head")
    if details:
        return f"{text} {thing.has} {_joined([grammar.with_article(d.phrase) for d in details])}{with_doing}"
    view = _take(left, "view")
    if view and thing.known:
        predicate = _view(view.phrase)
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


def _stands(thing: Thing, findings: Findings) -> str:
    """A verb for being somewhere, by the kind of thing."""
    kinds = findings.head_entry.kinds if findings.head_entry else frozenset()
    if kinds & {"building", "plant", "ruin"}:
        return "stand" if thing.plural else "stands"
    if kinds & {"person", "animal", "creature", "bird", "vehicle"}:
        return f"{thing.be} shown"
    return f"{thing.be} set" if kinds & {"object", "food", "product", "toy", "furniture"} else f"{thing.be} shown"


def _of_medium(text: str, thing: Thing, has_verb: bool, left: list[Option]) -> str:
    """A sentence for "an oil painting of a cat": what it shows the cat doing, or that this is one."""
    doing = None if has_verb or not thing.known else _take(left, "doing", "head")
    place = _take(left, "place")
    where = f" {grammar.place_phrase(place.phrase)}" if place else ""
    if doing and grammar.is_verbal(doing.phrase):
        return f"{text} shows {thing.object} {doing.phrase}{where}"
    with_doing = _beside([doing.phrase]) if doing else ""
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


def _verb_split(wish: Wish, findings: Findings, phrase: str) -> tuple[str, str] | None:
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
    detail = _take(left, "detail", "head")
    return f" with {grammar.with_article(detail.phrase)}" if detail else ""


def _attendant(left: list[Option]) -> str:
    """What is seen of an action, behind its verb: ", eyes lowered to the page and thumb marking the place"."""
    found = _pop(left, lambda o: o.part == "action" and o.role in ("detail", "doing"))
    verbal = [o.phrase for o in found if o.role == "doing" and grammar.is_verbal(o.phrase)]
    rest = [o.phrase for o in found if o.phrase not in verbal]
    return "".join(f", {phrase}" for phrase in verbal[:1]) + _beside(rest)


def _beside(phrases: list[str]) -> str:
    """Nouns with what they do, beside a sentence: ", head bent over the page"; others behind "with"."""
    loose = [phrase for phrase in phrases if _is_absolute(phrase)]
    tied = [grammar.with_article(phrase) for phrase in phrases if phrase not in loose]
    return (f", {_joined(loose)}" if loose else "") + (f", with {_joined(tied)}" if tied else "")


def _is_absolute(phrase: str) -> bool:
    """Whether a phrase stands by itself beside a sentence: a part of the body or of the thing, and how it is held."""
    words = phrase.split()
    at = grammar.head_at(phrase)
    behind = words[at + 1 : at + 2]
    return (
        at <= 1
        and bool(behind)
        and (
            grammar.is_participle(behind[0])
            or behind[0] in ("in", "on", "behind", "to", "at", "up", "down", "half", "open", "over", "under")
        )
    )


# -- lists


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


def _read_list(wish: Wish, findings: Findings) -> Parts | None:
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
            if not _is_noun_phrase(wish, start, end):
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
    "minimal "
    "elegant dramatic dreamy mysterious surreal abstract gothic vintage retro futuristic rustic festive romantic "
    "gloomy "
    "spooky whimsical psychedelic atmospheric symmetrical monochrome realistic photorealistic cinematic epic fantasy "
    "horror cyberpunk steampunk vaporwave synthwave noir anime cartoon bright warm cold soft muted dirty abandoned "
    "matte vivid glossy hazy misty foggy rainy sunny snowy moonlit backlit intricate delicate grungy gritty clean "
    "magical majestic sad happy melancholic lonely nostalgic evil sinister strange weird bizarre stylized "
    "ornate".split()
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
    if not _is_noun_phrase(wish, start, end) and words[0] not in ("with", "for"):
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
    "noon "
    "morning evening afternoon summer winter autumn spring".split()
)
LOCATING = frozenset("in on at under over near behind beside inside through between against above among from".split())
TRANSITIVE = frozenset(
    "holding wearing eating drinking reading riding playing carrying using driving throwing catching watching hugging "
    "smoking cooking casting wielding drawing painting writing petting feeding chasing".split()
)


def _list_sentences(
    wish: Wish, findings: Findings, thing: Thing, parts: Parts, left: list[Option], dice: random.Random
) -> list[str]:
    """The sentences of a sorted list: the head with what it has, does and where, then look and medium."""
    phrase = parts.head
    tag = TAG_COUNT.match(fold(phrase).replace(" ", ""))
    if tag:
        phrase = f"{'several' if tag[1] == 'multiple' else tag[1]} {thing.name}" if thing.plural else thing.name
    having = [_plain_article(text) for text in parts.having]
    if having:
        phrase += (", with " if len(phrase.split()) > 4 else " with ") + _joined(having)
    where = "".join(f" {_where(text)}" for text in parts.where)
    if parts.doing:
        doing = _joined(list(parts.doing))
        first = f"{_list_article(wish, findings, thing, parts, phrase)} {thing.be} {doing}{where}"
    elif where and _verb_split(wish, findings, parts.head):
        before, verb = _verb_split(wish, findings, parts.head)
        before = _article_for(wish, findings, parts.head_start, before)
        before += (", with " + _joined(having) + ",") if having else ""
        first = f"{before} {thing.be} {verb}{where}"
    elif where:
        comma = "," if having else ""
        verb = _take(left, "doing", "head")
        if verb and is_located(verb.phrase):
            verb = None
        predicate = grammar.finite(verb.phrase, thing.plural) if verb and grammar.is_verbal(verb.phrase) else ""
        if verb and not predicate:
            left.append(verb)
        typed = _list_article(wish, findings, thing, parts, phrase)
        first = f"{typed}{comma} {predicate or _stands(thing, findings)}{where}"
    else:
        typed = _list_article(wish, findings, thing, parts, phrase)
        first = _predicated(wish, findings, thing, typed, parts.head_start, left, dice)
    found = [first]
    media = _joined([grammar.with_article(fold(text)) if text.islower() else text for text in parts.media])
    by = " and ".join(parts.by)
    if media:
        found.append(f"the picture is {media}" + (f" {by}" if by.startswith("by ") else ""))
    if by and not (media and by.startswith("by ")):
        found.append(f"the picture is {by}" if by.startswith(("by ", "in ")) else f"it is {by}")
    if parts.weather:
        found.append(f"it is {_joined(list(parts.weather))}")
    if parts.view:
        found.append(f"the view is {_joined([_plain_article(text) for text in parts.view])}")
    if parts.look:
        found.append(f"the look is {_joined(list(parts.look))}")
    return found


def _list_article(wish: Wish, findings: Findings, thing: Thing, parts: Parts, phrase: str) -> str:
    if TAG_COUNT.match(fold(parts.head).replace(" ", "")):
        return phrase if thing.plural else grammar.with_article(phrase)
    return _article_for(wish, findings, parts.head_start, phrase)


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


# -- what was chosen


def _take(left: list[Option], role: str, part: str = "") -> Option | None:
    """Remove and return the first option of a role (and part)."""
    for option in left:
        if option.role == role and (not part or option.part == part):
            left.remove(option)
            return option
    return None


def _joined(parts: list[str]) -> str:
    """ "a, b and c"; with a comma before "and" where a part has one itself."""
    if len(parts) < 2:
        return "".join(parts)
    comma = "," if len(parts) > 2 or any(" and " in part for part in parts) else ""
    return f"{', '.join(parts[:-1])}{comma} and {parts[-1]}"


def _details(findings: Findings, thing: Thing, left: list[Option], dice: random.Random) -> list[str]:
    """Sentences of what the head and its surroundings look like, and how they are seen."""
    own = _pop(left, lambda o: o.role == "detail" and o.part in ("head", "quality", "action"))
    own = [option for option in own if grammar.is_nominal(option.phrase)]
    around = _pop(left, lambda o: o.role == "detail" and o.part == "setting")
    doing = _pop(left, lambda o: o.role == "doing")
    view = _take(left, "view")
    predicate = _view(view.phrase) if view else ""
    subject, has = thing.again, thing.has
    acts = [o.phrase for o in doing if grammar.is_verbal(o.phrase)]
    named = [grammar.with_article(o.phrase) for o in own]
    beside = [o.phrase for o in doing if o.phrase not in acts]
    if beside and not (named or acts):
        named, beside = [grammar.with_article(phrase) for phrase in beside], []
    tail = _beside(beside)
    found = []
    if acts and thing.known:
        ending = f", with {_joined(named)}" if named else ""
        found.append(f"{subject} {grammar.finite(acts[0], thing.plural)}{ending}")
    elif named and predicate and dice.random() < 0.6:
        found.append(f"{predicate}, {thing.seen} {has} {_joined(named)}{tail}")
        predicate, view = "", None
    elif named:
        verb = dice.choice((has, has, "show" if has == "have" else "shows"))
        found.append(f"{subject} {verb} {_joined(named)}{tail}")
    if around:
        found.append(_surroundings(findings, thing, around, dice))
    if predicate:
        found.append(_view_sentence(thing, predicate))
    elif view:
        found.append(_camera(view.phrase))
    return [text for text in found if text]


def _pop(left: list[Option], which) -> list[Option]:
    """Remove and return all options for which a test holds."""
    found = [option for option in left if which(option)]
    left[:] = [option for option in left if not which(option)]
    return found


def _surroundings(findings: Findings, thing: Thing, around: list[Option], dice: random.Random) -> str:
    """A sentence of what the setting holds: a clause where a phrase makes one, else what is around."""
    clauses = [clause(option.phrase) for option in around]
    if all(clauses):
        return _joined(clauses)
    rest = _joined([grammar.with_article(option.phrase) for option in around])
    many = len(around) > 1 or grammar.number_of_phrase(around[0].phrase) == "p"
    opening = dice.choice(
        ("all around {be} {x}", "around {it} {be} {x}", "the setting has {x}", "the surroundings show {x}")
    )
    return opening.format(be="are" if many else "is", x=rest, it=thing.object if thing.known else "it")


def _view_sentence(thing: Thing, predicate: str) -> str:
    return f"{thing.seen} {thing.be if thing.known else 'is'} {predicate}"


VIEW_IN = frozenset(
    "view shot portrait close-up macro panorama frame crop perspective composition profile framing silhouette two-shot "
    "snapshot exposure layout study front panorama vista cutaway overview arrangement scene image format closeup "
    "shape section detail horizon waist-up shots views lay spread".split()
)
VIEW_SEEN = frozenset(
    "low high wide straight overhead head-on straight-on side-on close top-down waist-up chest-up knee-up full-length "
    "full-body far distant directly slightly deep tight".split()
)


def _view(phrase: str) -> str:
    """A view as a predicate: "seen from a low angle", "shown in a close-up on the face"; "" where none fits."""
    words = phrase.split()
    head = words[grammar.head_at(phrase)]
    if head == "three-quarter":  # the noun is left out
        return _view(phrase.replace("three-quarter", "three-quarter view", 1))
    if words[0] in grammar.PREPOSITIONS:
        return f"seen {phrase}"
    if words[0].endswith("ing") and grammar.is_participle(words[0]):
        return ""
    if grammar.is_participle(words[0]) and len(words) > 1 and words[1] in grammar.PREPOSITIONS:
        return (
            phrase
            if words[0] in ("framed", "seen", "shot", "cropped", "photographed", "isolated", "viewed")
            else f"seen {phrase}"
        )
    if head == "eye-level":
        return "seen at eye level " + " ".join(words[grammar.head_at(phrase) + 1 :])
    if head == "angle":
        return f"seen from {grammar.with_article(phrase)}"
    if head == "lens":
        return f"shot with {grammar.with_article(phrase)}"
    if head in ("body", "length", "figure", "body-length") and words[0] in ("full", "half", "whole"):
        return f"shown {phrase}"
    if head in ("focus", "depth"):
        return f"shown with {phrase}"
    if head == "level" and words[0] in ("eye", "ground", "street", "water"):
        return f"seen at {phrase}"
    if head in VIEW_IN or head.endswith(("view", "shot", "level", "close-up", "portrait")):
        named = phrase if head in ("framing", "profile", "silhouette", "perspective") else grammar.with_article(phrase)
        return f"shown in {named}"
    if words[0] in VIEW_SEEN and head in VIEW_SEEN:
        return f"seen {phrase}"
    return ""


def _camera(phrase: str) -> str:
    """A view that is no predicate as a sentence of its own: "the camera looks up ..."."""
    words = phrase.split()
    if words[0] in ("looking", "gazing", "facing", "peering"):
        return f"the view {grammar.finite(phrase, False)}"
    if words[0].endswith("ing"):
        return ""
    return ""


def _others(findings: Findings, left: list[Option]) -> list[str]:
    """Sentences of the details of other things, each with its name."""
    found: dict[str, list[str]] = {}
    for option in [o for o in left if o.part == "other" and o.role == "detail"]:
        left.remove(option)
        found.setdefault(option.about, []).append(grammar.with_article(option.phrase))
    sentences = []
    for name, details in found.items():
        other = next((f for f in findings.of("other") if f.name == name), None)
        last = name.split()[-1]
        plural = grammar.is_plural_form(last) and not _is_mass(last)
        called = _title(name) if other and other.proper else f"the {name}"
        sentences.append(f"{called} {'have' if plural else 'has'} {_joined(details)}")
    return sentences


TIMES = frozenset("morning afternoon evening night dawn dusk twilight noon midday day sunset sunrise nightfall".split())
SHADOWS = frozenset("shadow shadows silhouette".split())
DIMNESS = frozenset("shade mist haze fog overcast gloom dimness dark darkness smoke".split())
GLINTS = frozenset(
    "reflection reflections sheen glint glints sparkle sparkles highlight highlights gradient rim shimmer gleam "
    "texture "
    "edge edges caustics ripples gleams flare".split()
)


def _light_and_color(thing: Thing, left: list[Option], dice: random.Random) -> list[str]:
    """One sentence of light and palette, or two short ones."""
    light, color = _take(left, "light"), _take(left, "color")
    first = _light(light.phrase, dice) if light else ""
    second = _color(color.phrase, dice) if color else ""
    if first and second and len(first.split()) + len(second.split()) < 24 and not first.startswith("it is"):
        return [f"{first}, and {second}"]
    return [text for text in (first, second) if text]


def _light(phrase: str, dice: random.Random) -> str:
    """A light as a sentence: "low sun rims the hair", "soft window light falls from one side"."""
    words = phrase.split()
    at = grammar.head_at(phrase)
    head, behind = words[at], words[at + 1 :]
    named = grammar.with_article(phrase)
    many = grammar.number_of_phrase(phrase) == "p"
    if words[0] in grammar.PREPOSITIONS:
        return ""
    if words[0] == "no":
        return f"there {'are' if many else 'is'} {phrase}"
    if head == "half":
        return ""
    if head in TIMES:
        return f"it is {named}"
    active = clause(phrase)
    if active:
        return active
    if head in ("sky", "skies") and words[-1] in ("behind", "above"):
        return f"{words[-1]} is {grammar.with_article(' '.join(words[:-1]))}"
    if head in ("sky", "skies"):
        return f"overhead {'are' if many else 'is'} {named}"
    if head in ("fill", "shading"):
        return f"the shading is {named}"
    if head in DIMNESS and " and " not in phrase:
        return f"the scene lies in {named}"
    if head in SHADOWS:
        return f"the light throws {named}"
    if head in GLINTS:
        return f"the light brings out {named}"
    falls = behind and behind[0] in FALLING.get(singular(head), ())
    if falls and dice.random() < 0.8:
        start = grammar.with_article(" ".join(words[: at + 1]))
        verb = dice.choice(("comes", "falls")) if behind[0] == "from" else "falls"
        return f"{start} {verb[:-1] if many else verb} {' '.join(behind)}"
    if not lexicon.says(LIGHT_HEADS, head):
        return f"the scene has {named}"
    if any(word.startswith("light") or word.endswith("light") for word in words):
        return f"the scene is lit by {named}"
    return dice.choice((f"the scene is lit by {named}", f"{named} {'light' if many else 'lights'} the scene"))


LIGHT_HEADS = lexicon.LIGHT_WORDS | frozenset(
    "sun moon star glow lamp candle lantern torch fire flame bulb chandelier softbox gel window skylight sunbeam beam "
    "shaft "
    "ray streetlight streetlamp headlight screen monitor neon sign led tube strip ember hearth furnace firelight "
    "projector "
    "strobe spot halo aurora lightning flash backlight sidelight sunshine falloff string floodlight daylight".split()
)
# Behind which words a kind of light falls: "moonlight on black water" is "moonlight falls on black water".
_FALLS = (
    "from",
    "on",
    "across",
    "over",
    "through",
    "along",
    "onto",
    "between",
    "down",
    "into",
    "at",
    "under",
    "around",
)
FALLING = {
    head: _FALLS
    for head in "light sunlight daylight moonlight candlelight torchlight lamplight firelight starlight shaft beam ray "
    "sunbeam backlight sidelight spotlight sun glow".split()
}


def clause(phrase: str) -> str:
    """A noun phrase with a participle in -ing behind its noun as a clause: "mist lifting off the lake" → "mist lifts
    off the lake"; "" for any other.
    """
    words = phrase.split()
    at = grammar.head_at(phrase)
    if at + 2 > len(words) - 1 + 1 or at + 1 >= len(words) or " and " in " ".join(words[: at + 1]):
        return ""
    verb = words[at + 1]
    if not verb.endswith("ing") or grammar.is_ing_noun(verb) and words[at + 2 : at + 3] == []:
        return ""
    many = grammar.number_of_phrase(phrase) == "p"
    start = grammar.with_article(" ".join(words[: at + 1]))
    return f"{start} {grammar.finite(' '.join(words[at + 1 :]), many)}"


def _color(phrase: str, dice: random.Random) -> str:
    """A palette as a sentence."""
    head = phrase.split()[grammar.head_at(phrase)]
    named = (
        grammar.with_article(phrase)
        if head in ("pair", "tone", "hue", "palette", "set", "scheme", "accent", "range")
        else phrase
    )
    return dice.choice((f"the palette is {named}", f"the palette keeps to {named}", f"the colors are {named}"))


def _marks(findings: Findings, left: list[Option], dice: random.Random) -> list[str]:
    """A sentence of the marks of the medium, and whatever is still left."""
    marks = [option for option in left if option.part == "medium"]
    if not marks:
        return []
    marks = [option for option in marks if grammar.is_nominal(option.phrase)] or marks[:1]
    named = _joined([grammar.with_article(option.phrase) for option in marks])
    medium = next((f for f in findings.found if f.part == "medium" and f.entry.subject == marks[0].entry), None)
    subject = _medium_name(medium)
    if not grammar.is_nominal(marks[0].phrase):
        return [f"{subject} is {marks[0].phrase}"]
    return [f"{subject} {dice.choice(('has', 'shows'))} {named}"]


def _medium_name(medium: Found | None) -> str:
    """ "the watercolor", "the photo"; "the picture" for styles."""
    if (
        medium is None
        or "style" in medium.entry.kinds
        or lexicon.says({"digital", "style", "art", "isometric", "poly", "exposure"}, medium.entry.subject)
    ):
        return "the picture"
    last = fold(medium.name).split()[-1]
    if len(medium.name.split()) > 3 or not grammar.is_noun(last) or grammar.is_plural_form(last):
        return f"the {medium.entry.subject}" if grammar.is_noun(medium.entry.subject.split()[-1]) else "the picture"
    return f"the {fold(medium.name)}"
