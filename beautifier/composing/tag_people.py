"""Tags that count people."""

from ..prompts.words import fold
from ..subjects.find import Findings, Found
from ..wishes.wish import Wish
from ..wishes.words import TAG_COUNT

ALONE = ("solo", "no humans")
UNCOUNTED = (-1, 5)  # a plural without a number, "several"


def people_tags(wish: Wish, findings: Findings, said: list[str]) -> list[str]:
    """Counts of people, "solo" where there is one, "no humans" where there is none."""
    typed = [tag.replace(" ", "") if is_count(tag) else tag for tag in said if is_count(tag) or tag in ALONE]
    if typed in (["1girl"], ["1boy"]) and len(counted_persons(findings)) <= 1 and not _beside(findings):
        typed.append("solo")
    if typed:
        return typed
    if wish.forbidden & {"person", "people", "human"}:
        return ["no humans"]
    girls, boys, others = 0, 0, 0
    several = set()
    for found in _different(persons_in(findings), wish):
        count = found.subject.count if found.subject and found.subject.count is not None else 1
        kinds = found.entry.kinds
        if count in UNCOUNTED:
            count = 0
            several.add("girls" if kinds & {"woman", "girl"} else "boys" if kinds & {"man", "boy"} else "others")
        elif kinds & {"woman", "girl"}:
            girls += count
        elif kinds & {"man", "boy"}:
            boys += count
        elif not found.proper:
            others += count
    counts = [
        text
        for text in (
            _count(girls, "girl"),
            _count(boys, "boy"),
            _count(others if others > 1 or girls + boys else 0, "other"),
        )
        if text
    ]
    counts = [f"multiple {who}" for who in ("girls", "boys", "others") if who in several] + counts
    persons = persons_in(findings)
    alone = len(persons) == 1 and "people" not in persons[0].entry.kinds  # a couple, a crowd
    if not several and alone and girls + boys + others <= 1 and not _beside(findings):
        counts.append("solo")
    if not counts and _is_without_people(wish, findings):
        counts.append("no humans")
    return counts


def is_count(tag: str) -> bool:
    """Whether a tag counts people, with or without a blank: "2girls", "1 girl"."""
    return bool(TAG_COUNT.match(tag.replace(" ", "")))


def _beside(findings: Findings) -> list[Found]:
    """The living beings and characters beside the head that nobody counted."""
    counted = counted_persons(findings)
    said_again = [found for found in persons_in(findings) if found not in counted]
    others = [found for found in findings.of("other") if found.entry.is_living or found.proper]
    return [found for found in others if found not in said_again]


def _is_without_people(wish: Wish, findings: Findings) -> bool:
    """Whether nobody is in the picture for all one can tell: the head is known, and no person, no event, no idea."""
    head = findings.head_entry
    if head is None or "people" in wish.facts or persons_in(findings):
        return False
    if not head.kinds.isdisjoint(("idea", "event", "holiday", "sport", "activity", "action", "person", "people")):
        return False
    return not findings.of("action") or head.is_living


def persons_in(findings: Findings) -> list[Found]:
    """The persons among the findings that stand for somebody in the picture."""
    return [
        found
        for found in findings.found
        if found.part in ("head", "other")
        and found.entry.is_person
        and found.entry.sort == "subject"
        and "body part" not in found.entry.kinds
        and found.subject is not None
    ]


SEXES = (frozenset(("woman", "girl")), frozenset(("man", "boy")))


def counted_persons(findings: Findings) -> list[Found]:
    """The persons, without those that say again who a count of one counts: "1girl, a girl in a red dress"."""
    persons = persons_in(findings)
    one = next((found for found in persons if fold(found.name).replace(" ", "") in ("1girl", "1boy")), None)
    if one is None:
        return persons
    sex = next((kinds for kinds in SEXES if one.entry.kinds & kinds), frozenset())
    return [found for found in persons if found is one or not found.entry.kinds & sex]


def _different(persons: list[Found], wish: Wish) -> list[Found]:
    """People without those that only say what a character of the list is: "rem (re:zero), maid" is one girl."""
    if wish.kind not in ("tags", "list") or not any(found.proper for found in persons):
        return persons
    return [found for found in persons if found.proper or found.subject and found.subject.count is not None]


def _count(number: int, noun: str) -> str:
    if number < 1:
        return ""
    return f"{number}{noun}{'s' if number > 1 else ''}" if number <= 6 else f"6+{noun}s"
