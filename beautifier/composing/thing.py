"""What sentences are about: how the head of a wish is called again."""

from dataclasses import dataclass

from ..prompts.vocabulary import STOP, fold, singular
from ..subjects.find import Findings
from ..wishes.wish import Wish
from ..wishes.words import TAG_COUNT
from . import grammar


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
        return Thing(title(found.name), False, True, True, False)
    counted = head.count is not None and head.count not in (1, -1)
    plural = (counted or grammar.is_plural_form(noun)) and not is_mass(noun)
    is_person = entry is not None and entry.is_person
    return Thing(name, plural, is_person, entry is not None, entry is not None and entry.is_setting)


def title(name: str) -> str:
    """A proper name with its capitals."""
    return name if not name.islower() else " ".join(w if w in STOP else w[:1].upper() + w[1:] for w in name.split())


def is_mass(noun: str) -> bool:
    return grammar.nouns().get(singular(noun), ("c", ""))[0] == "m"
