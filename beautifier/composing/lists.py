"""A comma list of the user's as sentences: its segments sorted by what they are."""

import random
from dataclasses import dataclass, replace

from ..prompts import lexicon
from ..prompts.vocabulary import STOP, fold
from ..subjects.find import Findings
from ..wishes.wish import Wish
from ..wishes.words import BOILERPLATE, FRAMING, INTRANSITIVE, LOOKS, TAG_COUNT
from . import grammar, verbs
from .clauses import joined, pop, take
from .fitting import Option, is_located
from .lights import beside_light
from .noun_phrase import ODD, RELATIVE, capitals, is_noun_phrase, with_articles
from .predicate import begins_with_medium, hanging, predicated
from .thing import Thing
from .views import beside_view


@dataclass(frozen=True)
class Parts:
    """A comma list sorted: where the head's segment stands in `Wish.words`, and texts by what they are."""

    start: int
    end: int
    having: tuple[str, ...]
    doing: tuple[str, ...]
    where: tuple[str, ...]
    look: tuple[str, ...]
    view: tuple[str, ...]
    weather: tuple[str, ...]
    light: tuple[str, ...]
    media: tuple[str, ...]
    by: tuple[str, ...]


def read_list(wish: Wish, findings: Findings) -> Parts | None:
    """The segments of a comma list sorted; None where one of them cannot be read for certain."""
    head = findings.head
    if (
        head is None
        or wish.quoted
        or "&" in wish.text
        or wish.text.count("'") > 1
        or any(not c.isascii() and not c.isalpha() for c in wish.text)
    ):
        return None
    groups: dict[str, list[str]] = {
        name: [] for name in ("having", "doing", "where", "look", "view", "weather", "light", "media", "by")
    }
    place = None
    for number, (start, end) in enumerate(wish.segments):
        text = wish.words_between(start, end).replace("_", " ")
        words = [word.folded for word in wish.words[start:end]]
        if not text.isascii() or ODD.search(text):
            return None
        if number == head.segment:
            if not is_noun_phrase(wish, start, end) or "_" in wish.words_between(start, end):
                return None
            if words[-1].endswith("ed") and not grammar.is_noun(words[-1]):  # "a pile of complementary colored"
                return None
            place = (start, end)
            continue
        if all(w in UNSAID or w.isdecimal() for w in words):
            continue
        if words[0] in BOILERPLATE and all(w in BOILERPLATE or w in FRAMING for w in words):  # "best view"
            continue
        kind = _segment_kind(wish, findings, start, end, words)
        if kind is None:
            return None
        if kind == "artist" and groups["by"]:
            groups["by"][-1] += f", {text}"
            continue
        if kind == "artist" or kind == "where" and groups["where"]:  # what is left stands as it was typed
            kind = "media"
        groups[kind].append(text)
    return Parts(*place, *(tuple(groups[name]) for name in groups)) if place else None


WORLDS = frozenset("city town landscape forest desert interior village".split())  # one is in them, not beside them
UNSAID = (BOILERPLATE - LOOKS) | frozenset(("solo", "by", "on", "image", "picture"))


def _segment_kind(wish: Wish, findings: Findings, start: int, end: int, words: list[str]) -> str | None:
    """What a segment of a list is: a look, a view, a medium, an artist, a place, a doing, something the head has."""
    if words[0] == "by" or words[:2] in (["art", "by"], ["style", "of"]) or words[:3] == ["in", "the", "style"]:
        return "by"
    if words[0] in MEDIA_NOUNS | PAINTS and words[1:2] == ["on"]:
        return "media"
    if words[-1] in GENERAL and len(words) <= 4:
        return "look"
    if all(w in LOOKS or w in BOILERPLATE or w in ("and", "very") for w in words):
        return "look"
    if words[-1] in MEDIA_NOUNS and len(words) <= 5 and words[0] not in STOP | grammar.PREPOSITIONS:
        return "media"
    if all(
        w in lexicon.VIEW_WORDS
        or w in FRAMING
        or w in ("eye", "up", "down", "from", "looking", "birds", "worms", "bottom", "low")
        for w in words
    ):
        return "view"
    if len(words) == 1 and words[0] in WEATHER:
        return "weather"
    if words[-1] == "hour" or words[-1] in LIGHTS and len(words) <= 4 and words[0] not in STOP:
        return "light"
    if any(word in lexicon.COLORS for word in words) and all(w in lexicon.COLORS or w in STOP for w in words):
        return None
    found = [f for f in findings.found if f.start < end and f.end > start]
    if any(f.part == "medium" and fold(f.name) not in (f.entry.subject, *f.entry.also) for f in found):
        return "artist" if len(words) <= 4 else None
    if words[0] in FRAMING and words[1:2] == ["of"]:
        return "media"
    noun = grammar.is_noun(words[-1]) or any(f.end == end and f.part not in ("quality", "medium") for f in found)
    if words[-1] in ("background", "backdrop") and len(words) <= 4:
        return "having"
    if any(f.part == "medium" and f.end == end for f in found) or words in (["3d"], ["oil", "on", "canvas"]):
        return "media" if len(words) <= 4 and words[0] not in STOP else None
    if not is_noun_phrase(wish, start, end) and words[0] not in ("with", "for"):
        return None
    if any(
        f.end == end
        and f.entry.kinds.isdisjoint(("idea", "event", "weather"))
        and (f.part == "setting" or f.part == "other" and not f.entry.kinds.isdisjoint(WORLDS))
        for f in found
    ) and not any(
        word in grammar.PREPOSITIONS or word.endswith("ing") and grammar.is_participle(word) for word in words[1:]
    ):
        return "where" if len(words) <= 5 else None
    if words[0] in LOCATING:
        return "where"
    if words[0].endswith("ing") and grammar.is_participle(words[0]) and len(words) <= 6:
        plain = (
            len(words) == 1 or words[1] in STOP or words[1] in ("up", "down", "back", "away") or words[0] in TRANSITIVE
        )
        return "doing" if plain else "having" if noun and words[0] in INTRANSITIVE else None
    if words[0] in ("male", "female") or any(f.entry.is_person for f in found):
        return None
    if words[0] == "with" or any(w in findings.unknown for w in words):
        return "having" if words[0] == "with" else None
    if len(words) <= 5 and not any(w in wish.verbs for w in words[1:]):
        return "having" if noun and words[-1] not in LOOKS else None
    return None


PAINTS = frozenset("oil acrylic ink gouache pencil charcoal chalk pastel graphite crayon".split())
# What a picture has as a whole: nothing that is in view.
GENERAL = frozenset(
    "colors colours color colour environment atmosphere mood tones palette style vibe vibes aesthetic details texture "
    "textures design composition quality contrast pose death simulation".split()
)
LIGHTS = frozenset(
    "light lighting lights backlight backlighting shadow shadows sunlight moonlight candlelight glow sunbeams".split()
)
MEDIA_NOUNS = frozenset(
    "painting drawing illustration photo photograph sketch watercolor woodcut engraving etching lithograph render "
    "rendering mosaic collage sculpture cartoon comic poster fresco mural screenprint linocut photography art portrait "
    "closeup close-up selfie headshot canvas".split()
)
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
    """The sentences of a sorted list: its medium, the head with what it has, does and where, then light and look."""
    nothing = [text for text in parts.having if text.startswith("no ")]
    parts = replace(parts, having=tuple(text for text in parts.having if text not in nothing))
    having = [_plain_article(text) for text in parts.having]
    living = findings.head_entry is not None and findings.head_entry.is_living
    tied = living and len(having) <= 4 and all(len(text.split()) <= 4 for text in having)
    with_what = f" with {joined(having)}" if having and tied else ""
    held = pop(left, lambda o: o.role in ("light", "view"))
    said = _first(wish, findings, thing, parts, with_what, left, dice)
    left += held
    found = []
    if having and not tied and len(said.split()) + len(" ".join(having).split()) < LONGEST_TOLD:
        said += f", with {joined(having)}"
    elif having and not tied:
        many = len(having) > 1 or " and " in having[0] or grammar.number_of_phrase(parts.having[0]) == "p"
        found.append(f"there {'are' if many else 'is'} also {joined(having)}")
    found += [f"there {'are' if _is_of_many(text) else 'is'} {text}" for text in nothing]
    leads = _leads(wish, findings, parts)
    styles = [text for text in parts.look if fold(text) in STYLES]
    if styles:
        said += f" in {grammar.article(styles[0])} {joined(styles)} style"
    further = [text for text in parts.look if text not in styles] + list(parts.media[1:] if leads else parts.media)
    further += [text for text in parts.by if not (leads and text.startswith("by "))]
    views = [beside_view(fold(text)) or text for text in parts.view]
    lights = [beside_light(fold(text)) or text for text in parts.light]
    said += "".join(f", {text}" for text in [*views, *lights, *further])
    if said.count(",") < 2:
        said += hanging(said, left, dice, " is " in said or " are " in said)
    return [capitals(wish, findings, text) for text in (said, *found)]


LONGEST_TOLD = 28  # words of a first sentence that names all that is listed


def _is_of_many(text: str) -> bool:
    """Whether several things are ruled out: "no people in the background", "no other cars"."""
    return any(grammar.is_plural_form(word) for word in text.split()[1:3])


def _leads(wish: Wish, findings: Findings, parts: Parts) -> bool:
    """Whether a medium of the list leads to its head, as in "a painting of"; not to one that is itself of a medium."""
    return (
        bool(parts.media)
        and fold(parts.media[0]).split()[-1] in MEDIA_NOUNS
        and not begins_with_medium(wish, findings, parts.start)
    )


STYLES = frozenset(
    "gothic vintage retro psychedelic abstract cyberpunk steampunk vaporwave synthwave noir anime cartoon fantasy "
    "horror minimalist surreal".split()
)


ADVERBS_OF_PLACE = frozenset("underwater outdoors indoors outside inside upstairs downstairs overhead".split())


def _first(
    wish: Wish, findings: Findings, thing: Thing, parts: Parts, with_what: str, left: list[Option], dice: random.Random
) -> str:
    """The medium, and the head with what it has, what it does and where."""
    where = "".join(f" {_where(text)}" for text in parts.where)
    when = "".join(f" {_when(text)}" for text in parts.weather)
    tag = TAG_COUNT.match(fold(_typed(wish, parts)).replace(" ", ""))
    if not (with_what or where or when or parts.doing or parts.media or parts.by or tag):
        return predicated(wish, findings, thing, parts.start, parts.end, left, dice)
    subject = _subject(wish, findings, thing, parts) + with_what
    doing = f" {joined(list(parts.doing))}" if parts.doing else ""
    if _leads(wish, findings, parts):
        by = "".join(f" {text}" for text in parts.by if text.startswith("by "))
        lead = grammar.with_article(_first_lower(parts.media[0]))
        return f"{lead} of {_first_lower(subject)}{doing}{where}{when}{by}"
    plain = thing.sure and len(subject.split()) <= 14 and not RELATIVE & set(subject.split())
    plain = (
        plain and not any(parts.start <= i < parts.end for i in wish.verbs_at) and " and " not in _typed(wish, parts)
    )
    if plain and doing:
        return f"{subject} {'are' if thing.plural else 'is'}{doing}{where}{when}"
    verb = take(left, "doing", "head") if plain else None
    if verb and verbs.is_verbal(verb.phrase) and not (where and is_located(verb.phrase)):
        return f"{subject} {verbs.finite(verb.phrase, thing.plural)}{where}{when}"
    if verb:
        left.append(verb)
    return f"{subject}{doing}{where}{when}"


def _first_lower(text: str) -> str:
    """A text inside of a sentence: its article in lower case."""
    first, _, rest = text.partition(" ")
    return f"{first.lower()} {rest}" if first in ("A", "An", "The", "This", "Two", "Three", "Several") else text


def _when(text: str) -> str:
    """A listed weather or time: "night" is "at night", "rainy" is "on a rainy day"."""
    word = fold(text)
    if word in ("raining", "snowing"):
        return f"while it is {word}"
    if word in ("summer", "winter", "autumn", "spring"):
        return f"in {word}"
    if word in ("morning", "evening", "afternoon"):
        return f"in the {word}"
    if word == "day":
        return "by day"
    return f"on a {word} day" if word.endswith("y") else f"at {word}"


def _typed(wish: Wish, parts: Parts) -> str:
    return wish.words_between(parts.start, parts.end).replace("_", " ")


def _subject(wish: Wish, findings: Findings, thing: Thing, parts: Parts) -> str:
    """The head's segment with its articles; counts of tags in words: "2girls" is "2 girls"."""
    typed = _typed(wish, parts)
    tag = TAG_COUNT.match(fold(typed).replace(" ", ""))
    if not tag:
        return with_articles(wish, findings, parts.start, parts.end, typed)
    number = "several" if tag[1] == "multiple" else tag[1]
    return f"{number} {thing.name}" if thing.plural else grammar.with_article(thing.name)


def _plain_article(text: str) -> str:
    """A listed thing with its article: "red hair", "a wrench"."""
    text = text[5:] if text.casefold().startswith("with ") else text
    if text.split()[0] in STOP or not text.islower() or not grammar.is_noun(text.split()[grammar.head_at(text)]):
        return text
    return grammar.with_article(text)


def _where(text: str) -> str:
    """A listed place with its preposition."""
    first = fold(text).split()[0]
    if fold(text) in ADVERBS_OF_PLACE:
        return text
    if first in STOP or not text.islower():
        return text if first in grammar.PREPOSITIONS else f"in {text}"
    return grammar.place_phrase(text)
