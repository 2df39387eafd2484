"""Comma-separated phrases for image models that read with CLIP: the user's words as typed, then what was chosen."""

import re
from collections.abc import Sequence

from ..prompts.vocabulary import fold
from ..wishes.wish import Wish
from . import grammar
from .fitting import Option

# Where what was chosen stands behind the user's words.
ORDER = (
    ("head", "detail"),
    ("head", "doing"),
    ("action", "detail"),
    ("action", "doing"),
    ("other", "detail"),
    ("quality", "detail"),
    ("setting", "detail"),
    ("", "place"),
    ("", "light"),
    ("", "view"),
    ("", "color"),
    ("medium", "detail"),
)


def write(wish: Wish, chosen: Sequence[Option], crowded: bool = False, name: str = "") -> str:
    """The user's words as typed, then the chosen phrases by role.

    crowded: more than one thing was named, so that a detail says whose it is ("dog with ..."); name: the head's.
    """
    phrases = [text for option in _by_owner(sorted(chosen, key=_position), crowded, name) for text in option]
    return ", ".join([tidy_end(wish.text), *phrases]) if phrases else wish.text.strip()


SENTENCE_END = re.compile(r"(?:(?<=[a-z]{3})|(?<=[)”\"]))[.!?]\s+(?=[A-Z\"“])")


def as_phrases(text: str) -> list[str]:
    """A text as it can stand in a comma list: of several sentences each by itself, without its full stop."""
    return [tidy_end(part) for part in SENTENCE_END.split(text.strip())]


def _position(option: Option) -> int:
    places = [i for i, (part, role) in enumerate(ORDER) if role == option.role and part in ("", option.part)]
    return places[0] if places else len(ORDER)


MOST_TIED = 2  # details of one thing in one phrase; more would read as a chain


def _by_owner(ordered: Sequence[Option], crowded: bool, name: str) -> list[list[str]]:
    """Phrases in order; details whose thing could be mistaken are tied to it: "dog with short fur and damp nose"."""
    found: list[list[str]] = []
    owned: dict[str, list[str]] = {}
    for option in ordered:
        owner = owner_of(option, crowded, name)
        if not owner or fold(owner) in fold(option.phrase) or " with " in option.phrase:
            found.append([option.phrase])
        elif owner not in owned:
            owned[owner] = [option.phrase]
            found.append(owned[owner])
        elif len(owned[owner]) < MOST_TIED:
            owned[owner].append(option.phrase)
    tied = {id(details): owner for owner, details in owned.items()}
    return [[f"{tied[id(each)]} with {' and '.join(each)}"] if id(each) in tied else each for each in found]


def owner_of(option: Option, crowded: bool, name: str) -> str:
    """The thing a detail is tied to; "" where it needs none."""
    if option.role != "detail":
        return ""
    return option.about or (short_name(name) if option.part == "head" and crowded else "")


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
