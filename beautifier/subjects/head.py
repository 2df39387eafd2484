"""What a wish is about: the first thing that is no medium, no framing, no praise and no artist."""

from ..prompts.lexicon import COLORS, VIEW_WORDS
from ..prompts.vocabulary import STOP, singular
from ..wishes.things import Subject
from ..wishes.wish import Wish
from ..wishes.words import BOILERPLATE, CONTAINERS, FRAMING, GROUPS, TAIL
from .emoji import is_emoji
from .entry import Entry
from .names import Match, as_subject, of_sort

# Relations behind a medium that lead to what it shows.
SHOWING = frozenset(("of", "showing", "depicting", "featuring", "containing", "with", "about"))
MEDIUM_NOUNS = frozenset("painting drawing photo photograph illustration print art render sketch artwork".split())
ROMAN = frozenset("ii iii iv vi vii viii ix xi xii".split())
MORE_TAIL = frozenset("pose stance brand variant mm pastel malfunction".split())
WIDE_TAIL = frozenset("landscape portrait scenery portraits headshot background".split())
# Words behind a person or an animal that say what becomes of it.
SAID_BEHIND = frozenset("being unable able ready about trying getting".split())


def match_of(subject: Subject, wish: Wish, matches: list[Match]) -> Match | None:
    """The name that is a thing's last word; words such as "character" and a medium behind it are left aside."""
    end = subject.end
    last = next((m for m in matches if m.start < end <= m.end), None)
    if last and last.start < subject.start:
        return last if last.end >= subject.end else None
    if last and last.end > subject.end:  # "great wall of china"
        return last
    inside = [m for m in matches if subject.start <= m.start and m.end <= subject.end]
    if last and last.emoji and all(m.emoji for m in inside):  # a row of emoji is about the first
        return inside[0]
    for match in reversed(inside):
        if _is_of_a_view(match, wish):
            end = min(end, match.start)
            continue
        between = range(match.end, end)
        if any(not _is_tail(wish.words[i].folded) for i in between):
            if _living(match) and wish.words[match.end].folded in SAID_BEHIND:
                return match
            return None
        earlier = [m for m in inside if m.end <= match.start and _living(m)]
        if (as_subject(match.entries) is None or match.emoji and _named_in_words(inside, match)) and (
            match.start > subject.start
        ):
            end = match.start
        elif earlier and wish.words[match.end - 1].folded in WIDE_TAIL:
            end = match.start
        else:
            return match
    return None


def _is_of_a_view(match: Match, wish: Wish) -> bool:
    """Whether a name is a part of "bird's eye view" or "eye level"."""
    words = [word.folded for word in wish.words[match.start : match.end + 2]]
    return words[:1] == ["eye"] and words[1:2] in (["view"], ["level"]) or words[1:3] == ["eye", "view"]


def _named_in_words(inside: list[Match], emoji: Match) -> bool:
    """Whether a thing is named in words before an emoji, which then adorns it: "a girl ✨"."""
    return any(m.end <= emoji.start and not m.emoji and as_subject(m.entries) is not None for m in inside)


def _is_tail(word: str) -> bool:
    """Whether a word behind a thing's name leaves it what it is: "character", "art", a number."""
    if word.isdecimal() or is_emoji(word) or word in COLORS:
        return True
    return any(word in words for words in (TAIL, BOILERPLATE, FRAMING, ROMAN, MORE_TAIL))


def _living(match: Match) -> bool:
    thing = as_subject(match.entries)
    return thing is not None and thing.is_living


def head_of(wish: Wish, matches: list[Match]) -> Subject | None:
    """What the wish is about: the first thing that is no medium, no framing, no praise and no artist."""
    subjects = wish.subjects
    fallback = None
    for index, subject in enumerate(subjects):
        if _leads_to_another(subject, wish):
            continue
        words = [wish.words[i].folded for i in range(subject.start, subject.end)]
        match = match_of(subject, wish, matches)
        following = subjects[index + 1] if index + 1 < len(subjects) else None
        leads = following is not None and following.segment == subject.segment and following.relation in SHOWING
        if subject.relation in (
            "by",
            "in the style of",
            "in style of",
            "inspired by",
            "based on",
            "without",
            "for",
            "via",
        ):
            continue
        if all(word in BOILERPLATE or word in STOP or word in TAIL for word in words) and not match:
            continue
        medium = (match and of_sort("medium", match.entries)) or _ends_with_medium(subject, matches)
        own = match and as_subject(match.entries)
        if match and own and match.end > subject.end and words[-1] not in FRAMING:  # "great wall of china"
            return subject
        if (
            leads
            and following.relation != "with"
            and (
                medium
                or all(w in FRAMING or w in BOILERPLATE or _names_medium(w, matches, wish) for w in words)
                or words[-1] in FRAMING
            )
        ):
            fallback = fallback or subject
            continue
        if (
            leads
            and following.relation == "of"
            and (words[-1] in GROUPS | CONTAINERS or singular(words[-1]) in GROUPS | CONTAINERS)
        ):
            fallback = fallback or subject
            continue
        object_here = leads and following.relation == "with" and subject.segment == 0 and not fallback
        object_here = object_here and not (match and match.title)  # "a film with cats"
        if (
            match
            and medium
            and not own
            and match.end >= subject.end
            and not _other_words(subject, match, wish)
            and not object_here
        ):
            fallback = fallback or subject
            continue
        named = words[-1] in MEDIUM_NOUNS and own is None and subject.segment == 0 and len(wish.segments) > 1
        if named and len(words) <= 3 and not (leads and following.relation == "with"):
            fallback = fallback or subject
            continue
        if match and not medium and not own and not _other_words(subject, match, wish):  # a quality alone
            fallback = fallback or subject
            continue
        if all(word in FRAMING | VIEW_WORDS | BOILERPLATE for word in words) and (not own or index):
            fallback = fallback or subject
            continue
        return subject
    return fallback


def _leads_to_another(subject: Subject, wish: Wish) -> bool:
    """Whether a thing is in the part that a sentence begins with: "In front of the pyramid, a camel stands"."""
    start, end = wish.segments[0]
    if subject.segment or wish.words[start].folded not in LEADING or subject.start == start:
        return False
    later = [s for s in wish.subjects if s.segment == 1]
    return bool(later) and not later[0].relation and wish.words[end].folded in ARTICLES


LEADING = frozenset(
    "in on at under over near behind beside inside through against between among around along across beneath below "
    "above beyond within after before during because due amid amidst from instead with as while when".split()
)
ARTICLES = frozenset(
    "a an the one two three four five six seven eight many some several his her its there this that".split()
)


def _ends_with_medium(subject: Subject, matches: list[Match]) -> Entry | None:
    """The medium whose name ends a thing: "an old sailor map" of an island."""
    ending = (m for m in matches if m.start >= subject.start and m.end == subject.end)
    return next((of_sort("medium", m.entries) for m in ending), None)


def _names_medium(word: str, matches: list[Match], wish: Wish) -> bool:
    return any(
        of_sort("medium", m.entries) for m in matches for i in range(m.start, m.end) if wish.words[i].folded == word
    )


def _other_words(subject: Subject, match: Match, wish: Wish) -> bool:
    """Whether a thing has words besides a name that count: not articles, praise or framing."""
    return any(
        wish.words[i].folded not in STOP | BOILERPLATE | FRAMING | TAIL
        for i in range(subject.start, subject.end)
        if not match.start <= i < match.end
    )
