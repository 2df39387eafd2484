"""Two to four full sentences for image models that read with a language model: the user's words first, then what was
chosen, in clauses by role.

The first sentence is the user's own: with the article, the capital and the verb it lacks where it is a noun phrase, as
typed where it is a sentence or cannot be read for certain. Quoted text is never touched.
"""

import random
import re
from collections.abc import Sequence

from ..prompts import lexicon
from ..prompts.vocabulary import fold
from ..subjects.find import Findings, Found
from ..wishes.wish import Wish
from . import grammar, verbs
from .clauses import beside, camera, clause, color_of, joined, light_of, pop, take, view_of
from .fitting import Option
from .opening import opening
from .thing import Thing, is_mass, thing_of, title


def write(wish: Wish, findings: Findings, chosen: Sequence[Option], seed: str = "") -> str:
    """The user's words and the chosen phrases as two to four sentences. The seed varies the patterns."""
    dice = random.Random(f"{seed}/{wish.text}/sentences")
    thing = thing_of(wish, findings)
    left = list(chosen)
    first = opening(wish, findings, thing, left, dice)
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
    found = {option.role: option.phrase for option in pop(left, lambda o: o.part == "any")}
    if not found:
        return []
    view, light, color = found.get("view"), found.get("light"), found.get("color")
    text = f"the scene is {view_of(view) or 'shown in ' + grammar.with_article(view)}" if view else "the scene is shown"
    text += f" in {light}" if light else ""
    return (
        [text + (f", with {color} throughout" if color else "")] if view or light else [f"the palette keeps to {color}"]
    )


def _sentence(text: str) -> str:
    """A text with a capital and a full stop."""
    text = text.strip()
    if not text:
        return ""
    if text[0].islower():
        text = text[0].upper() + text[1:]
    return text if text.endswith((".", "!", "?", '."', '!"', '?"', "…")) else text + "."


def _details(findings: Findings, thing: Thing, left: list[Option], dice: random.Random) -> list[str]:
    """Sentences of what the head and its surroundings look like, and how they are seen."""
    own = pop(left, lambda o: o.role == "detail" and o.part in ("head", "quality", "action"))
    own = [option for option in own if grammar.is_nominal(option.phrase)]
    around = pop(left, lambda o: o.role == "detail" and o.part == "setting")
    doing = pop(left, lambda o: o.role == "doing")
    view = take(left, "view")
    predicate = view_of(view.phrase) if view else ""
    subject, has = thing.again, thing.has
    acts = [o.phrase for o in doing if verbs.is_verbal(o.phrase)]
    named = [grammar.with_article(o.phrase) for o in own]
    others = [o.phrase for o in doing if o.phrase not in acts]
    if others and not (named or acts):
        named, others = [grammar.with_article(phrase) for phrase in others], []
    tail = beside(others)
    found = []
    if acts and thing.known:
        ending = f", with {joined(named)}" if named else ""
        found.append(f"{subject} {verbs.finite(acts[0], thing.plural)}{ending}")
    elif named and predicate and dice.random() < 0.6:
        found.append(f"{predicate}, {thing.seen} {has} {joined(named)}{tail}")
        predicate, view = "", None
    elif named:
        verb = dice.choice((has, has, "show" if has == "have" else "shows"))
        found.append(f"{subject} {verb} {joined(named)}{tail}")
    if around:
        found.append(_surroundings(findings, thing, around, dice))
    if predicate:
        found.append(_view_sentence(thing, predicate))
    elif view:
        found.append(camera(view.phrase))
    return [text for text in found if text]


def _surroundings(findings: Findings, thing: Thing, around: list[Option], dice: random.Random) -> str:
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


def _view_sentence(thing: Thing, predicate: str) -> str:
    return f"{thing.seen} {thing.be if thing.known else 'is'} {predicate}"


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
        plural = grammar.is_plural_form(last) and not is_mass(last)
        called = title(name) if other and other.proper else f"the {name}"
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


def _marks(findings: Findings, left: list[Option], dice: random.Random) -> list[str]:
    """A sentence of the marks of the medium, and whatever is still left."""
    marks = [option for option in left if option.part == "medium"]
    if not marks:
        return []
    marks = [option for option in marks if grammar.is_nominal(option.phrase)] or marks[:1]
    named = joined([grammar.with_article(option.phrase) for option in marks])
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
