"""The parts of a sentence that its tags do not say: words they lost, and how two things stand to each other."""

from collections.abc import Sequence

from ..faithful import check, stem
from ..prompts.vocabulary import STOP, singular, words_of
from ..prompts.words import small
from ..subjects.find import Findings
from ..wishes.things import Subject
from ..wishes.wish import Wish
from ..wishes.words import PLACING, TEXT_LEADS

# Relations that say themselves where both things are in the picture.
SAID = frozenset(
    ("", "with", "and", "of", "in", "on", "at", "wearing", "holding", "carrying", "inside", "during", "in a", "in an")
)


def unsaid_parts(wish: Wish, findings: Findings, tags: Sequence[str]) -> list[str]:
    """What of the words as typed stays beside their tags, the shortest parts that say it, in lower case."""
    lost = {stem(singular(word.folded)) for name in check(wish, ", ".join(tags)).lost for word in words_of(name)}
    found = []
    for before, subject, start in chunks(wish):
        words = wish.words[start : subject.end]
        beside = before is not None and not is_said(subject, wish, findings)
        if beside or any(stem(singular(word.folded)) in lost for word in words):
            start = before.start if beside and before is not None else start
            found.append((start, subject.end))
    return list(filter(None, (bare(wish, start, end) for start, end in drawn_together(found))))


def chunks(wish: Wish) -> list[tuple[Subject | None, Subject, int]]:
    """Each thing with the one before it in its segment, and where the words that lead to it begin."""
    found: list[tuple[Subject | None, Subject, int]] = []
    for subject in wish.subjects:
        before = found[-1][1] if found and found[-1][1].segment == subject.segment else None
        start = before.end if before is not None else wish.segments[subject.segment][0]
        found.append((before, subject, start))
    return found


def is_said(subject: Subject, wish: Wish, findings: Findings) -> bool:
    """Whether tags of a thing and of the one before it say how the two stand to each other."""
    if subject.relation in SAID:
        return True
    beings = [f for f in findings.found if f.part in ("head", "other") and f.entry.is_living]
    if subject.relation in PLACING or "of" in subject.relation.split():
        return not any(f.start < subject.end and f.end > subject.start and f.part == "other" for f in findings.found)
    return not any(f.start < subject.end and f.end > subject.start for f in beings)


def drawn_together(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans of words, those that touch as one."""
    found: list[tuple[int, int]] = []
    for start, end in spans:
        if found and start <= found[-1][1]:
            found[-1] = (min(start, found[-1][0]), max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def bare(wish: Wish, start: int, end: int) -> str:
    """Words as typed, without the small ones that lead to them."""
    if wish.quoted and all(word.folded in STOP | TEXT_LEADS for word in wish.words[start:end]):
        return ""
    while start < end - 1 and wish.words[start].folded in STOP - {"no", "not", "without"}:
        start += 1
    return small(wish.words_between(start, end))
