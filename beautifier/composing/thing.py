"""What sentences are about: how the head of a wish is called again."""

import re
from dataclasses import dataclass

from ..prompts.vocabulary import STOP, fold, number_of
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
    pronoun  whether "it", "they" or "she" is clear: no other thing was named
    article  of a proper name, "" or "the"; None for a common noun
    sure     whether its number and article are certain
    person   whether it is a human being or a group of them
    she      the pronoun of a person whose sex is certain, "she" or "he"; "" for any other
    """

    name: str
    plural: bool = False
    known: bool = False
    pronoun: bool = True
    article: str | None = None
    sure: bool = False
    person: bool = False
    she: str = ""

    @property
    def nameable(self) -> bool:
        """Whether a sentence may be about it: it is known, or its noun can be said again."""
        return bool(self.name) and (self.known or self.sure)

    @property
    def called(self) -> str:
        """Its name with an article: "the woman", "Lara Croft"."""
        return f"{self.article} {title(self.name)}".strip() if self.article is not None else f"the {self.name}"

    @property
    def again(self) -> str:
        """ "it", "they", "she", "the woman" or "Lara Croft": the subject of a further sentence."""
        if self.pronoun and self.she:
            return self.she
        if self.article is not None or not self.pronoun or self.person or not self.known:
            return self.called
        return "they" if self.plural else "it"

    @property
    def object(self) -> str:
        """The same as an object: "it", "them", "her", "the woman"."""
        return {"they": "them", "she": "her", "he": "him"}.get(self.again, self.again)

    @property
    def its(self) -> str:
        """What its parts are called by: "its", "their", "her"; "the" where no pronoun is clear."""
        if self.pronoun and self.she:
            return "her" if self.she == "she" else "his"
        if not self.pronoun or self.person or not self.known:
            return "the"
        return "their" if self.plural else "its"

    @property
    def has(self) -> str:
        """ "has" or "have" in its number."""
        return "have" if self.plural else "has"

    @property
    def be(self) -> str:
        """ "is" or "are" in its number."""
        return "are" if self.plural else "is"


NAMED_BY_ANOTHER = {"male": "man", "female": "woman", "males": "men", "females": "women"}  # adjectives as nouns
SEXES = (("she", frozenset(("woman", "girl"))), ("he", frozenset(("man", "boy"))))
OF_A_SEX = {
    "she": frozenset("woman women girl girls female females lady ladies she her feminine".split()),
    "he": frozenset("man men boy boys male males gentleman guy he him his masculine bearded beard mustache".split()),
}


def thing_of(wish: Wish, findings: Findings, crowded: bool = False) -> Thing:
    """How the head of a wish is called again; crowded: other things are named, so that "it" would be unclear."""
    head, entry = findings.head, findings.head_entry
    if head is None:
        return Thing("")
    found = next((f for f in findings.found if f.part == "head"), None)
    typed = fold(found.name) if found else wish.words[head.end - 1].folded
    person = entry is not None and entry.is_person
    tag = TAG_COUNT.match(typed.replace(" ", ""))
    if tag:
        many = tag[1] != "1"
        she = "" if many or crowded else {"girl": "she", "boy": "he"}.get(tag[2], "")
        return Thing(tag[2] + "s" * many, many, True, not crowded, None, True, True, she)
    if entry is not None and entry.subject == "portrait":
        return Thing("sitter", False, True, False, None, False, True)
    before = wish.words[found.start - 1].folded if found is not None and found.start else ""
    common = before in ("a", "an") or typed.endswith((" character", " hero"))
    if found is not None and found.article is not None and not common:
        name = found.name.removeprefix("the ").removeprefix("The ")
        known = entry is not None and entry.is_person
        many = " and " in name or not known and name.casefold().split()[-1] in PLURAL_NAMES
        the = found.article or ("the" if before == "the" else "")
        return Thing(name, many, True, not crowded, the, True, known, _pronoun_of(wish, findings, False))
    if found is None and findings.of("guise") and not _has_article(wish, head.start, head.end):
        return Thing(wish.words_between(head.start, head.end), False, False, not crowded, "", True, True)  # somebody
    name = _short(typed)
    noun = name.split()[-1]
    counted = head.count is not None and head.count not in (1, -1) and not _is_of_counted_parts(wish, found, noun)
    plural = counted and (noun in ALIKE or not grammar.is_mass(noun)) or grammar.is_plural_form(noun)
    behind = wish.text[wish.words[(found.end if found else head.end) - 1].end :]
    if behind.startswith(("' ", "’ ")):  # "a kids' book" is not about them
        return Thing("")
    plural = plural or _is_of_a_group(wish, head.start) and not grammar.is_mass(noun)
    sure = (grammar.is_noun(noun) and noun not in findings.unknown) or (
        found is not None and found.end >= head.end and not counted
    )
    she = _pronoun_of(wish, findings, plural)
    return Thing(name, plural, entry is not None, not crowded, None, sure, person, she)


ALIKE = frozenset("fish sheep deer moose bison salmon trout squid".split())  # one or several
COUNTED_PARTS = frozenset("lane story storey wheel seat door way tier headed legged piece bedroom color".split())


def _is_of_counted_parts(wish: Wish, found: Found | None, noun: str) -> bool:
    """Whether what is counted stands before the noun, in the singular: "a two lane road"."""
    if found is None or found.start < 2 or grammar.is_plural_form(noun):
        return False
    part, number = wish.words[found.start - 1].folded, wish.words[found.start - 2].folded
    return number_of(number) is not None and part in COUNTED_PARTS


def _has_article(wish: Wish, start: int, end: int) -> bool:
    """Whether a thing is called by a word that names no one: "a wizard", "two friends"."""
    words = [word.folded for word in wish.words[max(0, start - 1) : end]]
    return not grammar.DETERMINED.isdisjoint(words) or any(number_of(word) is not None for word in words)


def _is_of_a_group(wish: Wish, start: int) -> bool:
    """Whether a thing is one of a group: "a herd of buffalo"."""
    before = [word.folded for word in wish.words[max(0, start - 2) : start]]
    return len(before) == 2 and before[1] == "of" and before[0] in LIVING_GROUPS


LIVING_GROUPS = frozenset("herd flock pack swarm pride litter school team crowd army group pair horde".split())
PLURAL_NAMES = frozenset("alps andes himalayas rockies dolomites simpsons beatles smurfs minions maldives".split())


def _pronoun_of(wish: Wish, findings: Findings, plural: bool) -> str:
    """The pronoun of a single person whose sex is certain; "" where it is not."""
    entry = findings.head_entry
    head = findings.head
    if entry is None or head is None or plural or findings.mixed or head.relation.startswith(("as", "like", "dressed")):
        return ""
    if any(word.folded in ("as", "cosplaying", "cosplay") for word in wish.words[: head.start]):
        return ""
    words = {word.folded for word in wish.words}
    found = [pronoun for pronoun, kinds in SEXES if entry.kinds & kinds]
    if len(found) != 1 or any(words & OF_A_SEX[other] for other in OF_A_SEX if other != found[0]):
        return ""
    return found[0]


def _short(typed: str) -> str:
    """A name that may be said again: the last words of what was typed, in the singular or plural as typed."""
    words = typed.split()
    words = words[: grammar.head_at(typed) + 1]  # "girl with short hair"
    if len(words) > LONGEST_NAME or not typed.isascii():
        words = words[-1:]
    if words and words[0] in grammar.INDEFINITE:
        words = ["person"]
    if words:
        words[-1] = NAMED_BY_ANOTHER.get(words[-1], words[-1])
    return " ".join(words)


def title(name: str) -> str:
    """A proper name with its capitals: "Lara Croft", "BTS"."""
    if not name.islower():
        return name
    words = name.split()
    return " ".join(w if w in STOP or i and w in PARTICLES else _capital(w) for i, w in enumerate(words))


def _capital(word: str) -> str:
    if INITIALS.fullmatch(word):
        return word.upper()
    return "-".join(part.capitalize() for part in word.split("-"))


PARTICLES = frozenset("da de van von der den di du la le del af ter bin al".split())


INITIALS = re.compile(r"(?!mr|dr|st|jr|ms|mt|ft|vs)[b-df-hj-np-tv-xz]{2,4}")


def is_many(found: Found) -> bool:
    """Whether an entry's name as typed is one of several things."""
    last = fold(found.name).split()[-1] if found.name else ""
    counted = found.subject is not None and found.subject.many and not grammar.is_mass(last)
    return found.article is None and bool(last) and (counted or grammar.is_plural_form(last))
