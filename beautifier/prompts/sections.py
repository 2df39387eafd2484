"""The sections of a raw prompt, which BREAK, the ends of lines and their like divide; what of an answer is of each."""

import re

from .searched import Searched
from .syntax import Piece, SetAside, one_line
from .syntax_table import DIVIDES
from .taming import tame, written
from .words import STOP_WORDS, fold_characters

_JOINT = re.compile(r"(?:(?<=\S) (?:and|or|with)(?= ))?(?P<noun>(?:(?:^|(?<=\s)| )(?:an?|the) )?)$")


def sections_of(parts: tuple[str | Piece, ...]) -> tuple[list[list[str | Piece]], list[Piece]]:
    """`parts` between the borders, and the borders."""
    sections, borders = [[]], []
    for part in parts:
        if isinstance(part, Piece) and part.treatment == DIVIDES:
            borders.append(part)
            sections.append([])
        else:
            sections[-1].append(part)
    return sections, borders


def shares_of(plain: str, sections: list[list[str | Piece]], dividing: list[Piece]) -> list[str]:
    """What of an answer belongs to each section; its own words where an answer has none for it."""
    if not plain:
        return [tame(plain_words(section), tuple(dividing), weights=False) for section in sections]
    if len(sections) == 1:
        return [plain]
    words = [[word for word in words_of_section(section)[0] if one_line(word)] for section in sections]
    borders = _borders(Searched(plain), words, len(plain))
    starts, stops = [0, *(begin for _, begin in borders)], [*(end for end, _ in borders), len(plain)]
    shares = _with_own_details([plain[start:stop] for start, stop in zip(starts, stops, strict=True)], words)
    return [
        share if not own or share.strip(" ,") else tame(plain_words(section), tuple(dividing), weights=False)
        for share, own, section in zip(shares, words, sections, strict=True)
    ]


def keeps_sections(answer: str, aside: SetAside) -> bool:
    """Whether an answer says what each section of a raw prompt says where that section is, if it says it."""
    sections, borders = sections_of(aside.parts)
    if not borders or not answer:
        return True
    text = written(answer, aside, weights=False)
    said, shares = letters(text), shares_of(text, sections, borders)
    for section, share in zip(sections, shares, strict=True):
        own = {word for part in section for word in letters(part if isinstance(part, str) else part.words)} & said
        if not own - STOP_WORDS <= letters(share):
            return False
    return True


def letters(text: str) -> set[str]:
    """The runs of letters and digits in a text, as they are compared."""
    return set(re.findall(r"[^\W_]+", fold_characters(text)))


def _with_own_details(shares: list[str], sections: list[list[str]]) -> list[str]:
    """`shares` in which details that come last, and say a thing of one earlier section alone, stand there: "dog with
    short fur" behind "a dog BREAK a cat"."""
    own = [{word.strip(",.;:!?") for word in words} - STOP_WORDS for words in sections]
    first, *details = shares[-1].split(", ")
    left = [first]
    for detail in details:
        said = {word.strip(",.;:!?") for word in fold_characters(detail).split()}
        about = [index for index, words in enumerate(own) if words & said]
        if len(about) == 1 and about[0] < len(shares) - 1 and shares[about[0]].strip(" ,"):
            shares[about[0]] = f"{shares[about[0]].rstrip(' ,')}, {detail}, "
        else:
            left.append(detail)
    return [*shares[:-1], ", ".join(left)]


def plain_words(section: list[str | Piece]) -> str:
    """A section as a writer sees it."""
    return " ".join(part if isinstance(part, str) else part.words for part in section)


def words_of_section(section: list[str | Piece]) -> tuple[list[str], list[int]]:
    """The words of a section, and for each part how many of them stand before it."""
    words, counts = [], []
    for part in section:
        counts.append(len(words))
        said = fold_characters(part if isinstance(part, str) else part.words)
        words += [word for word in said.split() if word.strip(",.;:!?|")]
    return words, counts


def _borders(answer: Searched, sections: list[list[str]], end: int) -> list[tuple[int, int]]:
    """For each border, where in the answer the section before it ends and the one after it begins."""
    total = sum(map(len, sections))
    searched = max(anchor(answer, sections[0][:4], 0, end)[1], 0)  # behind what earlier sections say
    borders, begin, passed, waiting = [], 0, len(sections[0]), 0
    for words in sections[1:]:
        if passed in (0, total):
            border = (end, end) if passed else (0, 0)
        elif not words:
            waiting += 1  # borders with nothing between them are where the last of them is
            continue
        else:
            position, after = anchor(answer, words[:4], max(begin, searched), end)
            if position >= 0:
                border, searched = _border_before(answer, begin, position), after
            else:
                places = [place for place in answer.details(begin, end) if place >= searched]
                border = (nearest(places or [end], end * passed / total),) * 2
        begin = border[1]
        borders += [border, *[(begin, begin)] * waiting]
        waiting = 0
        passed += len(words)
    return borders


def _border_before(answer: Searched, begin: int, position: int) -> tuple[int, int]:
    """The border of two sections, the second of which speaks of what is at `position`.

    It is where the detail begins; within one detail an article stays with its noun and an "and" goes.
    """
    start = answer.sentence_at(position) if answer.in_sentences else answer.details(begin, position)[-2]
    if start > begin:
        return start, start
    joint = _JOINT.search(answer.text, begin, position)
    return (joint.start(), joint.start("noun")) if joint else (position, position)


def nearest(places: list[int], target: float) -> int:
    """The place that is nearest to a target."""
    return min(places, key=lambda place: abs(place - target))


def anchor(answer: Searched, words: list[str], start: int, end: int, last: bool = False) -> tuple[int, int]:
    """Where the first (or last) of `words` stand in the answer, as (start, end); (-1, -1) if they do not.

    Tried are three words together, two, then the nearest one that is not a small word.
    """
    phrases = [words[-3:], words[-2:]] if last else [words[:3], words[:2]]
    content = [word for word in (reversed(words) if last else words) if word.strip(",.") not in STOP_WORDS]
    for phrase in [*phrases, content[:1]]:
        text = " ".join(phrase).strip(" ,.;:!?")
        if text not in STOP_WORDS:
            position = answer.find(text, start, end)
            if position >= 0:
                return position, position + len(text)
    return -1, -1
