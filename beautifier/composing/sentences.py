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
from ..prompts.vocabulary import NUMBERS, fold
from ..subjects.find import Findings, Found
from ..wishes.wish import Wish
from ..wishes.words import TAG_COUNT
from . import grammar, verbs
from .clauses import beside, clause, color_of, is_absolute, joined, light_of, pop, take, view_of
from .completing import complete
from .fitting import Option
from .opening import opening
from .thing import Thing, is_many, thing_of, title

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
    short ones are drawn together.
    """
    dice = random.Random(f"{seed}/{wish.text}/sentences")
    thing = thing_of(wish, findings, crowded)
    left = [replace(option, phrase=complete(option.phrase, option.role)) for option in chosen]
    first = opening(wish, findings, thing, left, dice)
    pop(left, lambda o: o.part == "any" and o.role == "view")
    body = _details(findings, thing, left, dice)
    body += _others(findings, left)
    body += _light_and_color(thing, left, dice)
    body += _marks(findings, left, dice, any(" shows " in text for text in first))
    return " ".join(as_sentence(part) for part in _merged([*first, *body], len(first), most))


def further(wish: Wish, findings: Findings, chosen: Sequence[Option]) -> list[str]:
    """Sentences that add details to a text about the same wish."""
    thing = thing_of(wish, findings)
    left = [replace(option, phrase=complete(option.phrase, option.role)) for option in chosen]
    body = _details(findings, thing, left, random.Random(wish.text)) + _others(findings, left)
    return [as_sentence(part) for part in body]


LONGEST_PAIR = 34
LONGEST_LIST = 5  # details in one sentence


def _merged(parts: list[str], fixed: int, most: int) -> list[str]:
    """Sentences drawn together to at most so many, the shortest neighbors first; the first `fixed` stay as they are."""
    parts = [part for part in parts if part]
    while len(parts) > most:
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


NUMBER_FIRST = re.compile(r"^(1?\d|20)( [a-z]{2})")  # "3 cats", not "2 x"
COUNT_FIRST = re.compile(r"^([1-6])(girl|boy)(?=s?\b)")  # "3girls", a tag
PARTICIPLE_FIRST = ("shown ", "seen ", "framed ", "shot ", "viewed ", "cropped ")


def as_sentence(text: str) -> str:
    """A text with a capital and a full stop."""
    text = text.strip()
    if not text:
        return ""
    text = COUNT_FIRST.sub(r"\1 \2", text)
    text = NUMBER_FIRST.sub(lambda found: NUMBERS[int(found[1])] + found[2], text)
    if text[0].islower():
        text = text[0].upper() + text[1:]
    return text if text.endswith((".", "!", "?", '."', '!"', '?"', "…")) else text + "."


def _details(findings: Findings, thing: Thing, left: list[Option], dice: random.Random) -> list[str]:
    """Sentences of what the head and its surroundings look like, and how they are seen."""
    own = pop(left, lambda o: o.role == "detail" and o.part in ("head", "quality"))
    done = pop(left, lambda o: o.role == "detail" and o.part == "action")
    around = pop(left, lambda o: o.role == "detail" and o.part == "setting")
    doing = pop(left, lambda o: o.role == "doing")
    view = take(left, "view")
    predicate = view_of(view.phrase) if view else ""
    named = [grammar.with_article(option.phrase) for option in own]
    named, further = named[:LONGEST_LIST], named[LONGEST_LIST:]
    acts = [option.phrase for option in doing if verbs.is_verbal(option.phrase)] if thing.known else []
    rest = [option.phrase for option in doing if option.phrase not in acts and thing.known]
    loose = beside([phrase for phrase in rest if is_absolute(phrase)])
    found = []
    if acts:
        act = verbs.finite(acts[0], thing.plural)
        found.append(f"{thing.again} {act}" + (f" and {thing.has} {joined(named)}" if named else "") + loose)
    elif named and predicate and dice.random() < 0.5:
        found.append(f"{predicate}, {thing.again} {thing.has} {joined(named)}{loose}")
        predicate = ""
    elif named:
        verb = dice.choice((thing.has, thing.has, "show" if thing.has == "have" else "shows"))
        found.append(f"{thing.again} {verb} {joined(named)}{loose}")
    found += [clause(phrase) for phrase in rest if not is_absolute(phrase)]
    if further:
        found.append(f"{thing.again} also {thing.has} {joined(further)}")
    if done:
        found.append(_seen_of_action(thing, [option.phrase for option in done]))
    for start in range(0, len(around), LONGEST_LIST):
        found.append(_surroundings(thing, around[start : start + LONGEST_LIST], dice))
    if predicate:
        found.append(f"{thing.again} {thing.be} {predicate}")
    return [text for text in found if text]


def _seen_of_action(thing: Thing, phrases: list[str]) -> str:
    """What is seen of an action: a body's part is had, another thing is there."""
    named = joined([grammar.with_article(phrase) for phrase in phrases])
    if thing.known and any(lexicon.topics_of(phrase) for phrase in phrases):
        return f"{thing.again} {thing.has} {named}"
    return f"there {'are' if grammar.number_of_phrase(phrases[0]) == 'p' else 'is'} {named}"


def can_say(option: Option, thing_is_plural: bool = False) -> bool:
    """Whether a phrase makes a clause for certain; those that do not are for the other styles.

    thing_is_plural: several things share no single part ("two dogs have a damp nose").
    """
    phrase, first = option.phrase, option.phrase.split()[0]
    if thing_is_plural and option.role == "detail" and grammar.number_of_phrase(phrase) == "c":
        return False
    if option.role == "doing":
        return verbs.is_verbal(phrase) or is_absolute(phrase) or bool(clause(phrase))
    if option.role == "place":
        return first in grammar.PREPOSITIONS or grammar.names_a_thing(phrase)
    if option.role == "view":
        return bool(view_of(phrase))
    if option.role == "light":
        return bool(light_of(phrase, random.Random(0)))
    return first not in grammar.PREPOSITIONS and (option.role == "color" or grammar.names_a_thing(phrase))


def sayable(findings: Findings, possible: Sequence[Option]) -> list[Option]:
    """The options that make clauses."""
    many = {(found.entry.subject, found.part): is_many(found) for found in findings.found}
    return [o for o in possible if can_say(o, o.part in ("head", "other") and many.get((o.entry, o.part), False))]


def _surroundings(thing: Thing, around: list[Option], dice: random.Random) -> str:
    """A sentence of what the setting holds: a clause where a phrase makes one, else what is around."""
    clauses = [clause(option.phrase) for option in around]
    if all(clauses):
        return joined(clauses)
    rest = joined([grammar.with_article(option.phrase) for option in around])
    many = len(around) > 1 or grammar.number_of_phrase(around[0].phrase) == "p"
    opening = dice.choice(
        ("all around {be} {x}", "around {it} {be} {x}", "the setting has {x}", "the surroundings show {x}")
    )
    return opening.format(be="are" if many else "is", x=rest, it=thing.object if thing.known else "it")


def _others(findings: Findings, left: list[Option]) -> list[str]:
    """Sentences of the details of other things, each with its name."""
    found: dict[str, list[str]] = {}
    for option in [o for o in left if o.part == "other" and o.role == "detail"]:
        left.remove(option)
        found.setdefault(option.about, []).append(grammar.with_article(option.phrase))
    sentences = []
    for name, details in found.items():
        other = next((f for f in findings.of("other") if f.name == name), None)
        proper = other is not None and other.article is not None
        name = TAG_COUNT.sub(r"\2", name)  # "1boy"
        called = f"{other.article} {title(name)}".strip() if proper else f"the {fold(name)}"
        plural = other is not None and not proper and is_many(other)
        sentences.append(f"{called} {'have' if plural else 'has'} {joined(details)}")
    return sentences


def _light_and_color(thing: Thing, left: list[Option], dice: random.Random) -> list[str]:
    """One sentence of light and palette, or two short ones."""
    light, color = take(left, "light"), take(left, "color")
    first = light_of(light.phrase, dice) if light else ""
    second = color_of(color.phrase, dice) if color else ""
    if first and second and len(first.split()) + len(second.split()) < 24 and not first.startswith("it is"):
        return [f"{first}, and {second}"]
    return [text for text in (first, second) if text]


def _marks(findings: Findings, left: list[Option], dice: random.Random, shows: bool) -> list[str]:
    """A sentence of the marks of the medium, and whatever is still left."""
    marks = [option for option in left if option.part == "medium"]
    if not marks:
        return []
    named = joined([grammar.with_article(option.phrase) for option in marks])
    medium = next((f for f in findings.found if f.part == "medium" and f.entry.subject == marks[0].entry), None)
    subject = _medium_name(medium)
    return [f"{subject} {'has' if shows else dice.choice(('has', 'shows'))} {named}"]


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
