"""Is what was asked for in an answer, and nothing against it? For the answer of any writer.

`check` reads the answer as plain text: counts and colors with their nouns, quoted text letter for letter, exclusions,
names, all words that carry meaning, words of the safety lists that the user did not write, and what the user wants
nobody to add.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from .prompts import lexicon, unsafe
from .prompts.people import added_names
from .prompts.vocabulary import STOP, Word, fold, number_of, singular, words_of
from .prompts.words import plain
from .subjects.entries import Entries
from .wishes.wish import Wish
from .wishes.words import BOILERPLATE, FRAMING, TAG_COUNT, TEXT_LEADS, THINGS_TOO

# Words that need not come back as they are: praise, framing, words of address.
LIGHT_WORDS = (
    STOP
    | BOILERPLATE
    | FRAMING
    | frozenset(
        "please show make create draw generate want really style wearing filled showing featuring solo multiple".split()
    )
)
PERSON = frozenset("man woman girl boy lady guy 1girl 1boy 2girls 2boys gentleman child kid baby couple".split())
NEGATION = frozenset(
    "no not without never non free zero nobody none lacking devoid absent minus empty don't doesn't didn't isn't "
    "aren't wasn't won't can't cannot nor neither w/o".split()
)
NEAR = 5
# What tags call people: "1boy" says "a man".
AS_TAGS: dict[str, str] = {"man": "boy", "boy": "boy", "guy": "boy", "woman": "girl", "girl": "girl", "lady": "girl"}
AVOIDED = "which is to be avoided"


@dataclass(frozen=True)
class Kept:
    """What an answer kept and lost of a wish, and what in it goes against it; each as short plain texts."""

    kept: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    against: tuple[str, ...] = ()

    @property
    def faithful(self) -> bool:
        """Whether nothing was lost and nothing goes against the wish."""
        return not self.lost and not self.against


@dataclass
class _Answer:
    """An answer made ready to be asked: its words, their stems, and its text folded."""

    text: str
    words: tuple[Word, ...]
    singles: list[str] = field(default_factory=list)
    stems: frozenset[str] = frozenset()
    folded: str = ""

    @classmethod
    def of(cls, text: str) -> "_Answer":
        words = words_of(text)
        singles = [singular(word.folded) for word in words]
        return cls(text, words, singles, frozenset(map(stem, singles)), f" {fold(text)} ")


def check(wish: Wish, text: str, keep: Sequence[str] = (), entries: Entries | None = None) -> Kept:
    """What an answer kept and lost of a wish and what is against it.

    keep: further words or expressions that must be in it. entries: with them another name of the same thing counts too.
    """
    return _check(wish, text, tuple(keep), entries)


@lru_cache(maxsize=128)  # an answer is looked at before and after it is mended, and once more in its candidate
def _check(wish: Wish, text: str, keep: tuple[str, ...], entries: Entries | None) -> Kept:
    answer = _Answer.of(text)
    kept: list[str] = []
    lost: list[str] = []
    against: list[str] = []
    for quoted in wish.quoted:
        (kept if plain(quoted) in plain(text) else lost).append(f'"{quoted}"')
    for word in keep:
        (kept if word.strip() and fold(word) in answer.folded else lost).append(word)
    for count in wish.counts:
        found = _counted(answer, count.noun)
        name = f"{count.number} {count.noun}"
        if count.number in found:
            kept.append(name)
        else:
            (against if found else lost).append(
                f"{sorted(found)[0]} {count.noun}, not {count.number}" if found else name
            )
    for color, noun in wish.colors:
        if noun:
            found = _colors_of(answer, noun)
            if color in found or not found and color in answer.singles:
                kept.append(f"{color} {noun}")
            elif not found:
                lost.append(f"{color} {noun}")
            elif not any((other, noun) in wish.colors for other in found):
                against.append(f"{sorted(found)[0]} {noun}, not {color}")
    against += _contradicted(wish, answer)
    for word in words_to_keep(wish):
        (kept if _is_there(word, answer, entries) else lost).append(word)
    against += _unwanted(wish, text, ", ".join([wish.text, *keep]), answer, entries)
    against += [f"{word}, {AVOIDED}" for word in avoided(wish, text)]
    against += [f"{word}, which is new" for word in (added(wish, text) if wish.strict else ())]
    return Kept(tuple(dict.fromkeys(kept)), tuple(dict.fromkeys(lost)), tuple(dict.fromkeys(against)))


@lru_cache(maxsize=16384)
def stem(word: str) -> str:
    """A folded word cut to what its forms share: "sits", "sitting" → "sit"; rough, and the same on both sides."""
    word = {"colour": "color", "grey": "gray"}.get(word, word)
    for ending in ("ing", "edly", "ed", "es", "ly", "s", "e", "y", "n't"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiouls":
        word = word[:-1]
    return word


def words_to_keep(wish: Wish) -> list[str]:
    """The words of a wish that must come back: those that carry meaning, outside of exclusions."""
    found = []
    light = LIGHT_WORDS | TEXT_LEADS if wish.quoted else LIGHT_WORDS
    for index, word in enumerate(wish.words):
        is_light = word.folded in light and (word.folded not in THINGS_TOO or wish.is_praise(index))
        if index in wish.outside or is_light or TAG_COUNT.match(word.folded):
            continue
        if number_of(word.folded) is not None or len(word.folded) == 1 and word.folded.isascii():
            continue
        found.append(word.text)
    if not found:  # nothing but framing and praise: then that is what was asked for
        found = [
            word.text
            for index, word in enumerate(wish.words)
            if word.folded not in STOP | {"solo"} and len(word.folded) > 1
            if index not in wish.outside and not TAG_COUNT.match(word.folded)
        ]
    return list(dict.fromkeys(found))


def _is_there(word: str, answer: _Answer, entries: Entries | None) -> bool:
    """Whether a word of the wish is in the answer: itself, another form, or another name of the thing."""
    folded = fold(word)
    single = singular(folded)
    tag = TAG_COUNT.match(folded)
    if tag and tag[1].isdecimal() and int(tag[1]) in _counted(answer, tag[2]):
        return True
    if single in AS_TAGS and any(
        (said := TAG_COUNT.match(w.folded)) and said[2] == AS_TAGS[single] for w in answer.words
    ):
        return True
    if stem(single) in answer.stems or (not folded.isascii() and folded in answer.folded):
        return True
    if entries is None:
        return False
    names = (name for entry in entries.by_name.get(single, ()) for name in (entry.subject, *entry.also))
    return any(f" {fold(name)} " in answer.folded for name in names)


def _counted(answer: _Answer, noun: str) -> set[int]:
    """The numbers that an answer has before a noun: "two red dogs", "2 dogs", "2girls"."""
    found = set()
    for index, single in enumerate(answer.singles):
        tag = TAG_COUNT.match(answer.words[index].folded)
        if tag and tag[1].isdecimal() and tag[2] == noun:
            found.add(int(tag[1]))
        if stem(single) != stem(noun) and not (noun == "other" and single == "person"):
            continue
        for back in range(1, NEAR):
            if index - back < 0 or "," in answer.text[answer.words[index - back].end : answer.words[index].start]:
                break
            number = number_of(answer.words[index - back].folded)
            if number is not None:
                found.add(number)
                break
            if answer.words[index - back].folded in ("a", "an") and single == answer.words[index].folded:
                found.add(1)
                break
    return found


def _colors_of(answer: _Answer, noun: str) -> set[str]:
    """The plain colors that an answer gives a noun."""
    found = set()
    for index, single in enumerate(answer.singles):
        if stem(single) != stem(noun):
            continue
        for back in range(1, NEAR):
            if index - back < 0 or "," in answer.text[answer.words[index - back].end : answer.words[index].start]:
                break
            word = answer.words[index - back].folded
            if word in ("with", "of", "on", "in", "under", "and") and word != "and":
                break
            if word in lexicon.PLAIN_COLORS:
                found.add("gray" if word == "grey" else word)
        following = [word.folded for word in answer.words[index + 1 : index + 4]]
        if following[:1] in (["is"], ["are"], ["in"]):
            found.update(word for word in following[1:] if word in lexicon.PLAIN_COLORS)
    return found | ({"grey"} if "gray" in found else set())


def _contradicted(wish: Wish, answer: _Answer) -> list[str]:
    """What was ruled out and is in the answer all the same."""
    if not wish.excluded:
        return []
    said = {singular(word.folded) for index, word in enumerate(wish.words) if index not in wish.outside}
    found = []
    for index, single in enumerate(answer.singles):
        if single not in wish.forbidden or single in said:
            continue
        near = answer.words[max(0, index - 4) : index]
        before = {w.folded for w in near if not re.search(r"[,.;]", answer.text[w.end : answer.words[index].start])}
        if not before & NEGATION and not answer.words[index].folded.endswith("less"):
            found.append(f"{answer.words[index].text}, which was ruled out")
    return found


def _unwanted(wish: Wish, text: str, asked: str, answer: _Answer, entries: Entries | None) -> list[str]:
    """Unsafe words, names and people that the user did not write; asked: the wish's text, and what is to be kept."""
    found = [f"unsafe: {words}" for words in sorted(_unsafe(wish, text, asked))]
    found += [f"name: {name}" for _, _, name in added_names(asked, text)]
    if not wish.names and not _may_be_translated(wish) and not _names_people(wish, entries):
        said = {word for each in answer.words for word in (each.folded, singular(each.folded))}
        added = said & PERSON - {word.folded for word in wish.words}
        found += [f"person: {word}" for word in sorted(added)]
    return found


def _unsafe(wish: Wish, text: str, asked: str) -> frozenset[str]:
    """The words of the safety lists that an answer has and the user did not write."""
    found = unsafe.unsafe(text, minor=True)
    if not found:
        return found
    minor = unsafe.names_minor(wish.text) or unsafe.names_minor(text)
    return (found if minor else unsafe.unsafe(text)) - unsafe.unsafe(asked, minor=True)


def _may_be_translated(wish: Wish) -> bool:
    """Whether most letters of a wish are of another script: an answer may say the same in English."""
    if wish.text.isascii():
        return False
    return sum(not char.isascii() and char.isalpha() for char in wish.text) * 2 > sum(map(str.isalpha, wish.text))


def avoided(wish: Wish, text: str) -> list[str]:
    """The words and phrases in a text that must not be added to a wish; what the user typed may stay."""
    return [word for word in wish.avoid if says(text, word) and not says(wish.text, word)]


def says(text: str, phrase: str) -> bool:
    """Whether a text has a word or phrase: whole, in the singular or the plural, in any letter case."""
    return bool(_finder(phrase).search(plain(text).casefold()))


@lru_cache(maxsize=1024)
def _finder(phrase: str) -> re.Pattern:
    """What finds a phrase in a text in lower case."""
    if not phrase.isascii():
        return re.compile(re.escape(fold(phrase)))
    words = []
    for word in fold(phrase).split():
        forms = {word, singular(word), singular(word) + "s", singular(word) + "es"}
        words.append("(?:" + "|".join(sorted(map(re.escape, forms), key=len, reverse=True)) + ")")
    return re.compile(r"(?<!\w)" + r"[\s_-]+".join(words) + r"(?!\w)")


# What says where something is and how it is seen, and is nothing new to see.
SAYING = frozenset(
    "there sits sit stands stand lies lie rests rest appears appear seen visible shown shows depicted depicts placed "
    "positioned set captured presented presents includes include contains features scene subject foreground "
    "background center side together alone itself themselves nobody sight also several more people person shot look "
    "picture focused straight among multiple".split()
)


def added(wish: Wish, text: str) -> list[str]:
    """Words of a text that carry meaning and are not in the wish; none where the wish may have been translated."""
    if _may_be_translated(wish):
        return []
    said = _Answer.of(wish.text).stems | _light_stems()
    said |= {stem(tag[2]) for word in wish.words if (tag := TAG_COUNT.match(word.folded))}  # "1girl" is a girl
    words = {word.folded: word for word in words_of(text)}
    return [
        word.text
        for folded, word in words.items()
        if len(folded) > 1 and stem(singular(folded)) not in said and number_of(folded) is None
    ]


@lru_cache(maxsize=1)
def _light_stems() -> frozenset[str]:
    return frozenset(stem(singular(word)) for word in LIGHT_WORDS | SAYING)


def _names_people(wish: Wish, entries: Entries | None) -> bool:
    """Whether a wish speaks of people, by the word list, a count of tags, or the entries."""
    if "people" in lexicon.facts_of(wish.text) or any(TAG_COUNT.match(word.folded) for word in wish.words):
        return True
    singles = [singular(word.folded) for word in wish.words]
    if not PERSON.isdisjoint(singles):
        return True
    if entries is None:
        return False
    names = [" ".join(singles[i : i + length]) for length in (1, 2, 3) for i in range(len(singles) - length + 1)]
    return any(name in entries.people or any(e.is_person for e in entries.by_name.get(name, ())) for name in names)
