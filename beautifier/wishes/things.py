"""The things that a raw prompt names, with their relations, counts and colors."""

from dataclasses import dataclass

from ..prompts import lexicon
from ..prompts.vocabulary import STOP, Word, number_of, singular
from .words import (
    ADVERBS,
    ING_NOUNS,
    INTRANSITIVE,
    LONGEST_RELATION,
    PARTICIPLES,
    RELATION_WORDS,
    SHAPE_WORDS,
    TAG_COUNT,
    VERBS,
)


@dataclass(frozen=True)
class Subject:
    """A thing that was named: the words from `start` to `end` of `Wish.words`, and how it stands to the one before.

    `relation` is "" for the first thing of a segment, a word of `RELATIONS`, or "doing" behind a verb.
    """

    start: int
    end: int
    relation: str
    segment: int
    noun: str
    count: int | None = None

    @property
    def many(self) -> bool:
        """Whether there is more than one of it."""
        return self.count is not None and self.count != 1


@dataclass(frozen=True)
class Count:
    """So many of something: the number, and the folded singular noun it counts."""

    number: int
    noun: str


def subjects_of(
    words: tuple[Word, ...], segments: tuple[tuple[int, int], ...], excluded: frozenset[int]
) -> tuple[tuple[Subject, ...], tuple[str, ...], tuple[int, ...]]:
    """The things named, segment by segment, the verbs among them, and where those stand that part two things."""
    subjects, verbs, verbs_at = [], [], []
    for number, (first, last) in enumerate(segments):
        relation, start, index = "", first, first
        while index < last:
            word = words[index].folded
            length = _relation_at(words, index, last)
            is_verb = not length and _is_verb(words, index, start, last)
            if length or is_verb:
                subjects.append(_thing(words, start, index, relation, number, excluded))
                relation = "doing" if is_verb else " ".join(w.folded for w in words[index : index + length])
            if is_verb:
                verbs_at.append(index)
            if is_verb or (not length and word.endswith("ing") and word not in ING_NOUNS):
                verbs.append(word)
            index += length or 1
            start = index if length or is_verb else start
        subjects.append(_thing(words, start, last, relation, number, excluded))
    return tuple(filter(None, subjects)), tuple(verbs), tuple(verbs_at)


def _thing(
    words: tuple[Word, ...], start: int, end: int, relation: str, segment: int, excluded: frozenset[int]
) -> Subject | None:
    """The thing that words name, without articles before and adverbs behind; None where nothing is left or wanted."""
    while start < end and words[start].folded in STOP and number_of(words[start].folded) is None:
        start += 1
    while end > start and words[end - 1].folded in (STOP | ADVERBS):
        end -= 1
    if end == start or set(range(start, end)) <= excluded:
        return None
    return Subject(start, end, relation, segment, singular(words[end - 1].folded), _count_of(words, start, end))


def _relation_at(words: tuple[Word, ...], index: int, last: int) -> int:
    """How many words from here on are a relation; 0 when none begins here."""
    if words[index].folded == "and" and 0 < index < last - 1:
        if words[index - 1].folded in lexicon.COLORS and words[index + 1].folded in lexicon.COLORS:
            return 0  # "a black and white cat"
    for length in range(min(LONGEST_RELATION, last - index), 0, -1):
        if RELATION_WORDS.get(" ".join(word.folded for word in words[index : index + length])) == length:
            return length
    return 0


def _is_verb(words: tuple[Word, ...], index: int, start: int, last: int) -> bool:
    """Whether the word is a verb behind its subject: "a cat sleeping", not "a sleeping cat"."""
    word = words[index].folded
    if index == start:
        return (
            word.endswith("ing")
            and word not in ING_NOUNS
            and (index == 0 or index + 1 == last or _leads(words, index + 1))
        )
    if word in VERBS:
        return True
    before = [w.folded for w in words[start:index] if w.folded not in STOP and number_of(w.folded) is None]
    if not before:
        return False
    if word.endswith("ing") and word not in ING_NOUNS:
        following = words[index + 1].folded if index + 1 < last else ""
        if word in INTRANSITIVE and following and following not in STOP and not _leads(words, index + 1):
            return False
        only_colors = all(w in lexicon.COLORS or w in SHAPE_WORDS or w in ADVERBS for w in before)
        return not (only_colors and following and following not in STOP)
    if word in PARTICIPLES or word.endswith("ed"):
        long = len(word) > 3 or word in PARTICIPLES
        return index + 1 < last and _leads(words, index + 1) and long and word not in lexicon.COLORS
    return False


def _leads(words: tuple[Word, ...], index: int) -> bool:
    """Whether a word opens what stands behind a verb: a preposition, an article, a pronoun."""
    return words[index].folded in STOP or _relation_at(words, index, index + 1) > 0


def _count_of(words: tuple[Word, ...], start: int, end: int) -> int | None:
    """How many of the thing are wanted: a number before it, 1 behind "a", None where nothing says it."""
    for index in range(start, end):
        word = words[index].folded
        number = number_of(word)
        if number is not None and index + 1 < end and not _is_measure(words, index):
            return number
        if TAG_COUNT.match(word):
            return int(word[0]) if word[0].isdecimal() else 3
        if word in ("many", "several", "few", "multiple", "numerous", "countless", "various", "some", "dozens"):
            return 5
    if start and words[start - 1].folded in ("a", "an", "one"):
        return 1
    noun = words[end - 1].folded
    if singular(noun) != noun or noun in ("people", "children", "men", "women"):
        return -1
    return None


def _is_measure(words: tuple[Word, ...], index: int) -> bool:
    """Whether a number measures instead of counting: "8 k", "35 mm", "80 years", "1 9 2 0 s", "f / 1. 8"."""
    following = words[index + 1].folded if index + 1 < len(words) else ""
    return (
        following
        in (
            "k",
            "mm",
            "d",
            "years",
            "year",
            "yo",
            "s",
            "bit",
            "am",
            "pm",
            "o",
            "th",
            "st",
            "nd",
            "rd",
            "percent",
            "inch",
            "ft",
            "feet",
            "meter",
            "point",
            "hd",
            "px",
            "x",
            "cm",
            "p",
        )
        or number_of(following) is not None
        or following in ("a", "p")
        and index + 2 < len(words)
        and words[index + 2].folded == "m"  # "8 a.m."
        or (
            index > 0
            and (
                words[index - 1].folded.isdecimal()
                or words[index - 1].folded
                in (
                    "f",
                    "part",
                    "number",
                    "vol",
                    "chapter",
                    "version",
                    "iphone",
                    "gta",
                    "ps",
                    "rtx",
                    "engine",
                    "type",
                    "mark",
                    "stage",
                    "level",
                    "warhammer",
                    "star",
                    "season",
                    "episode",
                    "route",
                    "area",
                )
            )
        )
    )


def counts_of(words: tuple[Word, ...], subjects: tuple[Subject, ...]) -> tuple[Count, ...]:
    """Numbers with the nouns they count."""
    found = []
    for subject in subjects:
        for index in range(subject.start, subject.end - 1):
            number = number_of(words[index].folded)
            if number is not None and number > 0 and not _is_measure(words, index) and not _is_part(words, index):
                noun = _counted(words, index + 1, subject.end)
                found.append(Count(number, noun))
        for index in range(subject.start, subject.end):
            tag = TAG_COUNT.match(words[index].folded)
            if tag and tag[1].isdecimal():
                found.append(Count(int(tag[1]), tag[2]))
    return tuple(dict.fromkeys(found))


def _is_part(words: tuple[Word, ...], index: int) -> bool:
    """Whether a number is a part of a longer one: a time, a ratio, a range, a version ("12:30", "16:9", "v2.1")."""
    word = words[index]
    before, behind = words[max(index - 1, 0)], words[min(index + 1, len(words) - 1)]
    return (before.end == word.start - 1 and before.text[-1].isdigit()) or (
        word.end == behind.start - 1 and behind.text[0].isdigit()
    )


def _counted(words: tuple[Word, ...], start: int, end: int) -> str:
    """The noun that a number counts: the first plural behind it, else the last word."""
    for index in range(start, end):
        if singular(words[index].folded) != words[index].folded:
            return singular(words[index].folded)
    return singular(words[end - 1].folded)


def colors_of(words: tuple[Word, ...], subjects: tuple[Subject, ...]) -> tuple[tuple[str, str], ...]:
    """Colors with the nouns they belong to ("" where none stands behind)."""
    found = []
    for subject in subjects:
        colors = [i for i in range(subject.start, subject.end) if words[i].folded in lexicon.PLAIN_COLORS]
        for index in colors:
            behind = [
                w.folded for w in words[index + 1 : subject.end] if w.folded not in lexicon.PLAIN_COLORS | {"and"}
            ]
            found.append((words[index].folded, singular(behind[-1]) if behind else ""))
    return tuple(dict.fromkeys(found))
