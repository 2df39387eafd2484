"""Comma-separated phrases for image models that read with CLIP: the user's words as typed, then what was chosen."""

import re
from collections.abc import Sequence

from ..prompts.vocabulary import fold
from ..subjects.find import Findings, Found
from ..wishes.wish import Wish
from . import grammar
from .fitting import Option
from .thing import is_many

# Where what was chosen stands behind the user's words.
ORDER = (
    ("head", "doing"),
    ("action", "doing"),
    ("head", "detail"),
    ("any", "detail"),
    ("action", "detail"),
    ("other", "detail"),
    ("quality", "detail"),
    ("setting", "detail"),
    ("", "place"),
    ("", "light"),
    ("", "view"),
    ("", "color"),
    ("medium", "detail"),
)


def write(wish: Wish, findings: Findings, chosen: Sequence[Option], crowded: bool = False) -> str:
    """The user's words as typed, then the chosen phrases: of the main thing, of others, of the whole picture.

    crowded: more than one thing was named, so that a detail may have to say whose it is ("the dog's damp nose").
    """
    phrases = [text for option in _by_owner(findings, sorted(chosen, key=_position), crowded) for text in option]
    return ", ".join([tidy_end(wish.text), *phrases]) if phrases else wish.text.strip()


SENTENCE_END = re.compile(r"(?:(?<=[a-z]{3})|(?<=[)”\"]))[.!?]\s+(?=[A-Z\"“])")


def as_phrases(text: str) -> list[str]:
    """A text as it can stand in a comma list: of several sentences each by itself, without its full stop."""
    return [tidy_end(part) for part in SENTENCE_END.split(text.strip())]


def _position(option: Option) -> int:
    places = [i for i, (part, role) in enumerate(ORDER) if role == option.role and part in ("", option.part)]
    return places[0] if places else len(ORDER)


MOST_TIED = 2  # details of one thing in one phrase; more would read as a chain


def _by_owner(findings: Findings, ordered: Sequence[Option], crowded: bool) -> list[list[str]]:
    """Phrases in order; details whose thing could be mistaken are tied to it: "dog's short fur and damp nose"."""
    found: list[list[str]] = []
    owned: dict[str, list[str]] = {}
    for option in ordered:
        owner = _owner_of(findings, option, crowded)
        if not owner or fold(owner) in fold(option.phrase) or " with " in option.phrase:
            found.append([option.phrase])
        elif owner not in owned:
            owned[owner] = [option.phrase]
            found.append(owned[owner])
        elif len(owned[owner]) < MOST_TIED and " and " not in option.phrase + owned[owner][0]:
            owned[owner].append(option.phrase)
    tied = {id(details): owner for owner, details in owned.items()}
    living = {_called(each): is_many(each) for each in findings.found if each.entry.is_living}
    return [[_tied(tied[id(each)], each, living)] if id(each) in tied else each for each in found]


def _tied(owner: str, details: list[str], living: dict[str, bool]) -> str:
    """Details of one thing with its name: "dog's damp nose", "table with a satin finish"."""
    plain = not any(detail.split()[0] in grammar.DETERMINED | {"single"} for detail in details)
    joined = " and ".join(details)
    if owner not in living or not plain:
        return f"{owner} with {joined}"
    return f"{owner}'{'' if living[owner] and owner.endswith('s') else 's'} {joined}"


def _owner_of(findings: Findings, option: Option, crowded: bool) -> str:
    """The thing a detail is tied to; "" where nobody could take it for another's."""
    if option.role != "detail" or not (option.about or option.part == "head" and crowded):
        return ""
    own = next((f for f in findings.found if f.part == option.part and f.entry.subject == option.entry), None)
    if own is None:
        return option.about
    others = [f for f in findings.found if f.part in ("head", "other") and f is not own]
    of_a_body = bool(option.topics & OF_A_BODY)
    if of_a_body and own.entry.is_living and not any(f.entry.is_living for f in others):
        return ""
    alone = option.part == "head" and not any(f.entry.is_living == own.entry.is_living for f in others)
    return "" if alone and (of_a_body or not own.entry.is_living) else _called(own)


def _called(found: Found) -> str:
    name = short_name(found.name)
    return name if found.article is not None else fold(name)


# What only a living being has.
OF_A_BODY = frozenset("hair beard eye brow face expression hand arm leg wing tail ear pose clothes shoes".split())


def short_name(name: str) -> str:
    """A name without what stands behind its noun: "girl with short hair" is "girl"."""
    words = name.split()
    return " ".join(words[: grammar.head_at(fold(name)) + 1]) if len(fold(name).split()) == len(words) else name


def tidy_end(text: str) -> str:
    """A text without the blanks, commas and full stop at its end."""
    text = text.strip()
    while text and (text[-1] in ",; \n" or text.endswith(".") and not text.endswith("..")):
        text = text[:-1]
    return text
