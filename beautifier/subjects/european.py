"""Heads of prompts in German, Spanish, French, Portuguese, Italian, Polish and Russian, by a table of common nouns.

`european.tsv` has a row a subject: its entry, then its folded names in each language, divided by "|". A name that is an
English word too is marked "*": it counts only beside a small word of its language. Nothing but the head is read.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ..prompts.vocabulary import STOP
from ..wishes.wish import Wish
from ..wishes.words import BOILERPLATE, FRAMING
from .entries import Entries
from .entry import Entry

TABLE = Path(__file__).with_name("european.tsv")
LANGUAGES = ("german", "spanish", "french", "portuguese", "italian", "polish", "russian")
# Small words of each language that are no English words.
SMALL = {
    language: frozenset(words.split())
    for language, words in {
        "german": "der das ein eine einen einem einer und mit auf im vor unter zwischen ist sitzt steht von zum zur "
        "ohne beim auf dem den des ins ich nicht schwarze schwarzer rote grosse grosser kleine kleiner",
        "spanish": "el la los las un una con y en de del sobre por para sin bajo es esta como mi al",
        "french": "le la les un une des du de dans avec et sur sous au aux chez pour par est qui mon ma sans d l",
        "portuguese": "o os uma um na nas do da dos das em de e sob sobre ao sem que num numa meu minha",
        "italian": "il lo gli la un una uno con di della del dei delle nel nella sul sulla che e al alla sotto mio mia",
        "polish": "z w na pod nad i oraz ze we przy od bez jest ktory moj moja",
        "russian": "и в на с под над у из от за по к о для без который мой моя",
    }.items()
}
ENGLISH_TOO = frozenset("a an as at be do for he i in is it la me no of on or so to we y e o d l por".split())
# Small words in names that English prompts have, and small words of English alone.
PARTICLES = frozenset("de von la el le der van du da di del des les los las lo dos do das al san al un".split())
ARTICLES = frozenset("el la los las un une una le les il lo um uma der das ein eine".split())
ENGLISH = frozenset("the of with and an by from at for on his her their wearing holding".split())
ELIDED = ("l'", "un'", "dell'", "all'", "nell'", "sull'", "qu'")
LONGEST = 3


@dataclass(frozen=True)
class ForeignHead:
    """The entry of a noun in another language, the words it stands in, and the small words of its language."""

    entry: Entry
    start: int
    end: int
    known: frozenset[str]


@lru_cache(maxsize=1)
def names() -> dict[str, list[tuple[str, str, bool]]]:
    """The languages, subjects and marks of each folded name."""
    found: dict[str, list[tuple[str, str, bool]]] = {}
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        subject, *columns = line.split("\t")
        for language, column in zip(LANGUAGES, columns, strict=True):
            for name in column.split("|"):
                found.setdefault(name.removeprefix("*"), []).append((language, subject, name.startswith("*")))
    return found


def foreign_head(wish: Wish, entries: Entries) -> ForeignHead | None:
    """What a prompt in another language is about; None for an English one, and where no noun is in the table."""
    words = [_bare(word.folded) for word in wish.words]
    beside = _small_words(wish)
    found = _nouns(words, beside)
    if not found:
        return None
    counts = {language: beside[language] + sum(noun[0] == language for noun in found) for language in LANGUAGES}
    language = max(LANGUAGES, key=lambda each: counts[each])
    own = [noun for noun in found if noun[0] == language and noun[1] in entries.by_subject]
    if not own or not beside[language] and _english(words, own, entries):
        return None
    things = [noun for noun in own if entries.by_subject[noun[1]].sort != "medium"]
    _, subject, start, end = (things or own)[0]
    return ForeignHead(entries.by_subject[subject], start, end, SMALL[language])


def is_foreign(wish: Wish) -> bool:
    """Whether a prompt has small words of another language that are in no names ("de", "von"), and none of English."""
    words = {word.folded for word in wish.words}
    if words & ENGLISH or not words - ENGLISH_TOO - PARTICLES:
        return False
    return any(words & small - ENGLISH_TOO - PARTICLES for small in SMALL.values())


def _small_words(wish: Wish) -> dict[str, int]:
    """How many small words of each language a prompt has; an article counts where it opens the prompt."""
    words = [word.folded for word in wish.words]
    elided = sum(word.startswith(ELIDED) for word in words)
    found = {}
    for language, words_of_it in SMALL.items():
        small = words_of_it - ENGLISH_TOO
        leads = bool(words) and words[0] in small & ARTICLES
        found[language] = sum(word in small - PARTICLES for word in words) + leads
        found[language] += elided * (language in ("french", "italian"))
    return found


def _bare(word: str) -> str:
    """A word without the article that is tied to it: "l'eau"."""
    return next((word.removeprefix(article) for article in ELIDED if word.startswith(article)), word)


def _nouns(words: list[str], beside: dict[str, int]) -> list[tuple[str, str, int, int]]:
    """Language, subject, start and end of the nouns that count, in order; the longest name at each place."""
    table, found = names(), []
    index = 0
    while index < len(words):
        for length in range(min(LONGEST, len(words) - index), 0, -1):
            rows = table.get(" ".join(words[index : index + length]), ())
            good = [(language, subject) for language, subject, marked in rows if not marked or beside[language]]
            if good:
                found += [(language, subject, index, index + length) for language, subject in good]
                index += length - 1
                break
        index += 1
    return found


def _english(words: list[str], nouns: list[tuple[str, str, int, int]], entries: Entries) -> bool:
    """Whether other words of the prompt are English ones that mean something."""
    taken = {index for _, _, start, end in nouns for index in range(start, end)}
    rest = [word for index, word in enumerate(words) if index not in taken]
    return any(word in STOP or word in entries.vocabulary and word not in BOILERPLATE | FRAMING for word in rest)
