"""Names of artists, studios and other people: those that an answer has and the user did not write, and it without them.

The list, people.txt, is of full names, and of single ones that mean nobody else.
"""

import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from .prose import is_prose
from .words import STOP_WORDS, fold_characters

NAMES = Path(__file__).with_name("people.txt")
WORD = re.compile(r"[a-z0-9]+")
BETWEEN = re.compile(r"[\s.'’-]*")  # "j. c. leyendecker", "georgia o'keeffe"
# What leads to a name: "by", "in the style of", "art by" where a detail begins with it.
CREDIT = re.compile(
    r"(?:(?:(?:^|(?<=[,.;:!?]))\s*(?:digital |concept |matte )?(?:art(?:work|ist)?|paint(?:ing)?|illustration|drawing"
    r"|photo(?:graph)?|style)s?(?:\s+(?:is|are))?\s+by"
    r"|[\s,]*\b(?:(?:design|direct|paint|inspir|influenc|creat|photograph|illustrat)ed|written|made|shot|drawn)\s+by"
    r"|[\s,]*\b(?:by|(?:in\s+(?:the\s+)?)?(?:style|manner|spirit)s?\s+of|reminiscent\s+of|similar\s+to|like|after"
    r"|featuring|feat\.?|starring|of|from|with|and|or|as|x|the\s+artists?))"
    r"|[\s,]*[&+/|])+[\s,\"'“]*$",
    re.IGNORECASE,
)
# What depends on the name of a person and goes with it.
HANGS_ON = re.compile(
    r"^(?:['’]s?\b)?(?:[\s-]+(?:style|styled|inspired|esque|like|art|artwork|aesthetic)\b)*[\"'”]*", re.IGNORECASE
)
IN_BRACKETS = re.compile(r"\(\s*(?P<name>[^()]*?)\s*(?::\s*\d*\.?\d+)?\s*\)")
LEADS_ON = re.compile(r"^[\s,]*(?:(?:and|or|&|\+|/|\||x|with)(?=\s|$)\s*)+", re.IGNORECASE)
TELLS = 4  # letters of a part of a name that tells who is meant


class Listed(NamedTuple):
    """The list: names by their first word, the longest first; how they begin, with a word and the next; studios."""

    by_first: dict[str, tuple[tuple[str, ...], ...]]
    single: frozenset[str]
    pairs: frozenset[tuple[str, ...]]
    studios: frozenset[str]


@lru_cache(maxsize=1)
def _listed() -> Listed:
    found: dict[str, list[tuple[str, ...]]] = {}
    studios: set[str] = set()
    heading = ""
    for line in NAMES.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            heading = line
        elif line:
            words = tuple(WORD.findall(line))
            found.setdefault(words[0], []).append(words)
            studios |= {" ".join(words)} if heading == "# studios" else set()
    by_first = {first: tuple(sorted(names, key=len, reverse=True)) for first, names in found.items()}
    names = [name for several in found.values() for name in several]
    single = frozenset(name[0] for name in names if len(name) == 1)
    return Listed(by_first, single, frozenset(name[:2] for name in names if len(name) > 1), frozenset(studios))


def names_in(text: str) -> list[tuple[int, int, str]]:
    """The names of the list that a text has: where each begins and ends, and the name."""
    listed, folded = _listed(), fold_characters(text)
    said = WORD.findall(folded)
    if listed.single.isdisjoint(said) and listed.pairs.isdisjoint(zip(said, said[1:], strict=False)):
        return []  # most texts
    words = list(WORD.finditer(folded))
    found, index = [], 0
    while index < len(words):
        names = listed.by_first.get(words[index][0], ())
        name = next((name for name in names if _stands_at(name, words, index, folded)), None)
        if name is None:
            index += 1
            continue
        last = index + len(name) - 1
        found.append((words[index].start(), words[last].end(), " ".join(name)))
        index = last + 1
    return found


def _stands_at(name: tuple[str, ...], words: list[re.Match], index: int, text: str) -> bool:
    there = words[index : index + len(name)]
    if len(there) < len(name) or any(word[0] != part for word, part in zip(there, name, strict=True)):
        return False
    return all(BETWEEN.fullmatch(text, one.end(), two.start()) for one, two in zip(there[:-1], there[1:], strict=True))


def added_names(asked: str, answer: str) -> list[tuple[int, int, str]]:
    """The names in an answer of which the user wrote no part that tells who is meant.

    A studio counts where something is said to be by it, or in its style: "disney" alone may be what a mouse is from.
    """
    found = names_in(answer)
    if not found:
        return []
    said, studios = set(WORD.findall(fold_characters(asked))), _listed().studios
    return [
        (start, end, name)
        for start, end, name in found
        if not any(part in said for part in name.split() if len(part) >= TELLS and part not in STOP_WORDS)
        and (name not in studios or _is_credited(answer, start, end))
    ]


def _is_credited(text: str, start: int, end: int) -> bool:
    behind = HANGS_ON.match(text[end:])
    return bool(CREDIT.search(text[:start]) or behind and re.search(r"[a-z]", behind[0], re.IGNORECASE))


def without_added_names(asked: str, answer: str) -> str:
    """An answer without the names that the user did not write, and without what led to them: "by", "in the style of".

    What is left of a detail is kept where it says something.
    """
    added = added_names(asked, answer)
    if not added:
        return answer
    in_sentences = is_prose(answer)
    for start, end, _ in reversed(added):
        start, end = _with_brackets(answer, start, end)
        before, behind = answer[:start], HANGS_ON.sub("", answer[end:])
        if in_sentences and re.search(r"(?:^|[.!?])\s*$", before):  # a sentence on somebody
            sentence = re.match(r"[^.!?]*[.!?]*\s*", behind)
            answer = before + behind[sentence.end() if sentence else 0 :]
            continue
        before = CREDIT.sub("", before)
        if re.search(r"(?:^|[,.;:!?])\s*$", before):  # a detail that began with the name
            behind = LEADS_ON.sub(" ", behind)
        answer = before + behind
    return _tidy(answer)


def _with_brackets(text: str, start: int, end: int) -> tuple[int, int]:
    """The stretch of a name with the weight that is its own: "(artgerm:1.2)"."""
    opened = text.rfind("(", 0, start)
    found = IN_BRACKETS.match(text, opened) if opened >= 0 else None
    return found.span() if found and found.span("name") == (start, end) else (start, end)


def _tidy(text: str) -> str:
    """A text in which no comma, blank or bracket is left over where something was taken out."""
    text = re.sub(r"\s+([,.;:!?])", r"\1", re.sub(r"[^\S\n]{2,}", " ", text))
    text = re.sub(r",(?:\s*,)+", ",", text)
    text = re.sub(r",\s*([.;!?])", r"\1", text)
    return text.strip(" ,;&|")
