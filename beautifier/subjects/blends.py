"""Whether a head is made another thing than its entry describes: mixed, compounded, or given another look."""

from ..prompts.lexicon import COLORS
from ..wishes.things import Subject
from ..wishes.wish import Wish
from ..wishes.words import CHANGED, CHANGING, GROUPS
from .entry import Entry
from .names import Match

PLAIN = frozenset(
    "big small little large tiny old new young tall short long giant huge single pretty cute nice".split()
)
# Modifiers of one sort that make another thing of their head: "banana cat", "glass nose".
BLENDING = frozenset(
    "animal food fruit dessert drink plant flower creature bird insect fish machine material toy".split()
)
BLENDING_PLACES = frozenset("creature fantasy material".split())
# Nouns that make another thing of the one behind them.
COMPOUNDING = frozenset(
    "ceiling sub telephone stop sewing washing vending slot parking garden wall floor table desk door window kitchen "
    "bathroom hair eye hand face foot leg ear nose neck tooth finger head lamp post stone paper card picture book "
    "sea mountain prairie guinea star jelly cat dog horse bear tiger lion".split()
)
# Nouns before another that say what it is made of or does: "fire sword" is a sword.
ELEMENTS = frozenset("fire ice lava shadow lightning magic crystal rainbow".split())
# Modifiers that change the look of their head: "cyberpunk village", "futuristic house".
RESTYLING = frozenset("style era idea mood condition fantasy creature".split())


def is_mixed(
    wish: Wish, head: Subject | None, head_match: Match | None, entry: Entry | None, matches: list[Match]
) -> bool:
    """Whether the head is made another thing than its entry describes."""
    if head is None:
        return False
    named = range(head_match.start, head_match.end) if head_match and entry else ()
    if any(word.folded in CHANGED for i, word in enumerate(wish.words) if i not in named):
        return True
    changed = [s for s in wish.subjects if s.segment == head.segment and s.start >= head.end and s.relation in CHANGING]
    if any(s.relation not in ("like", "plus", "but") or s.start <= head.end + 2 for s in changed):
        return True
    if any(
        wish.words[i].folded in ("look", "looks", "looking") and wish.words[i + 1].folded == "like"
        for i in range(len(wish.words) - 1)
    ):
        return True
    if not head_match:
        return False
    if entry and _is_made_of_two(wish, head, head_match, entry, matches):
        return True
    for match in matches:
        if match.end <= head_match.start and match.start >= head.start:
            for other in match.entries:
                kinds = BLENDING_PLACES if entry and entry.is_setting else BLENDING
                if other.sort in ("subject", "quality") and not other.kinds.isdisjoint(kinds):
                    if not (entry and entry.is_person) or entry.subject in GROUPS and other.is_living:
                        return True
    return False


def is_compound(wish: Wish, head: Subject, match: Match, entry: Entry) -> bool:
    """Whether a noun before the head makes quite another thing of it: "ceiling fan", "sub sandwich"; not of persons."""
    at = _before(head, match)
    return at >= head.start and not entry.is_person and wish.words[at].folded in COMPOUNDING


def _is_made_of_two(wish: Wish, head: Subject, match: Match, entry: Entry, matches: list[Match]) -> bool:
    """Whether another thing stands before the head, whose look it may have: "avocado armchair"; not of persons."""
    at = _before(head, match)
    if at < head.start or entry.is_person or wish.words[at].folded in ELEMENTS:
        return False
    others = [e for m in matches if m.start <= at < m.end for e in m.entries]
    if any(e.sort != "subject" for e in others):
        return False
    return bool(others) and not any(e.is_setting or e.is_living for e in others)


def _before(head: Subject, match: Match) -> int:
    return max(match.start, head.start) - 1


def is_narrowed(wish: Wish, head: Subject | None, match: Match | None, matches: list[Match]) -> bool:
    """Whether another thing is named right before the head, or behind it as what it is of."""
    if head is None or match is None:
        return False
    at = _before(head, match)
    if at >= head.start and wish.words[at].folded not in COLORS | PLAIN:
        before = [entry for each in matches if each.start <= at < each.end for entry in each.entries]
        if any(entry.sort == "subject" for entry in before):
            return True
    behind = next((s for s in wish.subjects if s.start >= head.end and s.segment == head.segment), None)
    return behind is not None and behind.relation == "of"


def is_restyled(head: Subject | None, head_match: Match | None, matches: list[Match]) -> bool:
    """Whether a word before the head gives it another look than its entry describes."""
    if head is None or head_match is None:
        return False
    return any(
        not entry.kinds.isdisjoint(RESTYLING) and entry.subject not in PLAIN
        for match in matches
        if head.start <= match.start and match.end <= head_match.start
        for entry in match.entries
    )
