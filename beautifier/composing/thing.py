"""What sentences are about: how the head of a wish is called again."""

from dataclasses import dataclass

from ..prompts.vocabulary import STOP, fold
from ..subjects.find import Findings, Found
from ..wishes.wish import Wish
from ..wishes.words import TAG_COUNT
from . import grammar

LONGEST_NAME = 3


@dataclass(frozen=True)
class Thing:
    """What the sentences are about.

    name     how it is said again, without an article
    plural   its number
    known    whether an entry describes it
    pronoun  whether "it" or "they" is clear and fit: no person, and no other thing was named
    article  of a proper name, "" or "the"; None for a common noun
    sure     whether its number and article are certain
    """

    name: str
    plural: bool = False
    known: bool = False
    pronoun: bool = True
    article: str | None = None
    sure: bool = False

    @property
    def again(self) -> str:
        """ "it", "they", "the woman", "Lara Croft" or "the scene": the subject of a further sentence."""
        if not self.known:
            return "the scene"
        if self.article is not None:
            return f"{self.article} {title(self.name)}".strip()
        return ("they" if self.plural else "it") if self.pronoun else f"the {self.name}"

    @property
    def object(self) -> str:
        """The same as an object: "it", "them", "the woman"."""
        return "them" if self.again == "they" else self.again

    @property
    def has(self) -> str:
        """ "has" or "have" in its number."""
        return "have" if self.plural and self.known else "has"

    @property
    def be(self) -> str:
        """ "is" or "are" in its number."""
        return "are" if self.plural and self.known else "is"


def thing_of(wish: Wish, findings: Findings, crowded: bool = False) -> Thing:
    """How the head of a wish is called again; crowded: other things are named, so that "it" would be unclear."""
    head, entry = findings.head, findings.head_entry
    if head is None:
        return Thing("")
    found = next((f for f in findings.found if f.part == "head"), None)
    typed = fold(found.name) if found else wish.words[head.end - 1].folded
    tag = TAG_COUNT.match(typed.replace(" ", ""))
    if tag:
        return Thing(tag[2] + ("s" if tag[1] != "1" else ""), tag[1] != "1", True, False, None, True)
    if entry is not None and entry.subject == "portrait":
        return Thing("sitter", False, True, False, None, False)
    if found is not None and found.article is not None:
        name = found.name if len(found.name.split()) <= LONGEST_NAME or entry is None else entry.subject
        return Thing(name, False, True, False, found.article, True)
    name = _short(typed)
    noun = name.split()[-1]
    counted = head.count is not None and head.count not in (1, -1)
    plural = counted and not grammar.is_mass(noun) or grammar.is_plural_form(noun)
    sure = grammar.is_noun(noun) or (found is not None and found.end >= head.end and not counted)
    pronoun = not crowded and not (entry is not None and entry.is_person)
    return Thing(name, plural, entry is not None, pronoun, None, sure)


def _short(typed: str) -> str:
    """A name that may be said again: the last words of what was typed, in the singular or plural as typed."""
    words = typed.split()
    words = words[: grammar.head_at(typed) + 1]  # "girl with short hair"
    if len(words) > LONGEST_NAME or not typed.isascii():
        words = words[-1:]
    return " ".join(words)


def title(name: str) -> str:
    """A proper name with its capitals."""
    return name if not name.islower() else " ".join(w if w in STOP else w[:1].upper() + w[1:] for w in name.split())


def is_many(found: Found) -> bool:
    """Whether an entry's name as typed is one of several things."""
    last = fold(found.name).split()[-1] if found.name else ""
    counted = found.subject is not None and found.subject.many and not grammar.is_mass(last)
    return found.article is None and bool(last) and (counted or grammar.is_plural_form(last))
