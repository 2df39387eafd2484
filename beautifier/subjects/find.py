"""Which entries a wish speaks of, and what each is in it: head, setting, other thing, medium, quality or action."""

import string
from dataclasses import dataclass

from ..prompts.lexicon import COLORS, VIEW_WORDS
from ..prompts.vocabulary import STOP, number_of, singular
from ..wish import (
    BOILERPLATE,
    CHANGED,
    CHANGING,
    CONTAINERS,
    FRAMING,
    GROUPS,
    PLACING,
    TAIL,
    VERBS,
    Subject,
    Wish,
)
from .entries import LONGEST_NAME, Entries, Entry

# Relations behind a medium that lead to what it shows.
SHOWING = frozenset(("of", "showing", "depicting", "featuring", "containing", "with", "about"))
# Relations that lead to a medium: "in watercolor", "as a mosaic".
MEDIUM_BEHIND = frozenset(
    (
        "in",
        "in a",
        "in an",
        "as",
        "as a",
        "as an",
        "in the style of",
        "in style of",
        "using",
        "on",
        "like",
        "into",
        "made with",
    )
)
# Relations whose object may be described: it is in the picture beside the head.
BESIDE = PLACING | frozenset(
    (
        "with",
        "and",
        "wearing",
        "holding",
        "riding",
        "doing",
        "carrying",
        "having",
        "featuring",
        "while",
        "to",
        "from",
        "vs",
        "versus",
        "containing",
        "has",
        "using",
    )
)
# Modifiers of one sort that make another thing of their head: "banana cat", "glass nose".
BLENDING = frozenset(
    "animal food fruit dessert drink plant flower creature bird insect fish machine material toy".split()
)
PLAIN = frozenset(
    "big small little large tiny old new young tall short long giant huge single pretty cute nice".split()
)
MEDIUM_NOUNS = frozenset("painting drawing photo photograph illustration print art render sketch artwork".split())
WIDE_TAIL = frozenset("landscape portrait scenery portraits headshot".split())
# Relations to what is not in the picture, and kinds that are no things.
NOT_SHOWN = frozenset(
    ("by", "for", "in the style of", "in style of", "inspired by", "based on", "without", "than", "about", "like")
)
NO_OTHERS = frozenset("word words text letter letters horn horns halo antlers background backdrop".split())
NO_THINGS = frozenset(("idea", "body part", "emotion", "mood", "action", "quality"))
TIMES = frozenset(
    "dawn dusk twilight midnight night noon moonlight sunrise sunset morning evening afternoon golden-hour "
    "daytime".split()
)
BLENDING_PLACES = frozenset("creature fantasy material".split())
# Modifiers that change the look of their head: "cyberpunk village", "futuristic house".
RESTYLING = frozenset("style era idea mood condition fantasy creature".split())


@dataclass(frozen=True)
class Found:
    """An entry in a wish: which part it plays, its words, the thing it names (None for media and qualities), its name
    as typed, and whether that is the proper name of somebody.
    """

    entry: Entry
    part: str
    start: int
    end: int
    subject: Subject | None = None
    name: str = ""
    proper: bool = False


@dataclass(frozen=True)
class Findings:
    """What a wish speaks of. `head` is what it is about, with an entry or without (`head_entry` None).

    `mixed`: the head is made another thing ("made of smoke", "as a knight", "hybrid"): what is true of its kind need
    not be true of it. `restyled`: a style, an era or a world is named before it ("cyberpunk village"). `unknown`:
    folded words that no entry and no list knows.
    """

    head: Subject | None
    head_entry: Entry | None
    found: tuple[Found, ...]
    mixed: bool
    restyled: bool = False
    unknown: tuple[str, ...] = ()

    @property
    def head_entry_is_setting(self) -> bool:
        """Whether the head is itself a place."""
        return self.head_entry is not None and self.head_entry.is_setting

    def of(self, part: str) -> list[Found]:
        """Those that play a part."""
        return [found for found in self.found if found.part == part]


@dataclass(frozen=True)
class Match:
    """Words from `start` to `end` that are the name of entries."""

    start: int
    end: int
    entries: tuple[Entry, ...]
    person: bool = False
    artist: bool = False


def find(wish: Wish, entries: Entries) -> Findings:
    """The entries a wish speaks of, with their parts."""
    matches = _matches(wish, entries)
    head = _head(wish, matches)
    head_match = _match_of(head, wish, matches) if head else None
    found: list[Found] = []
    head_entry = None
    if head_match:
        head_entry = _as_subject(head_match.entries)
        if head_entry and head_entry.sort == "action" and _is_plural(wish, head_match):  # "two baseballs" are no game
            head_entry = None
        if head_entry:
            start = head_match.start if head_match.end > head.end else max(head_match.start, head.start)
            name = wish.words_between(start, head_match.end)
            found.append(
                Found(
                    head_entry, "head", head_match.start, head_match.end, head, name, _is_proper(head_match, head_entry)
                )
            )
    for match in matches:
        if match is head_match and head_entry:
            continue
        played = _part(wish, match, head, matches)
        if played is None:
            continue
        part, entry, subject = played
        if not any(entry is f.entry for f in found):
            name = wish.words_between(match.start, match.end)
            found.append(Found(entry, part, match.start, match.end, subject, name, _is_proper(match, entry)))
    mixed = _is_mixed(wish, head, head_match, head_entry, matches)
    restyled = _is_restyled(head, head_match, matches)
    return Findings(head, head_entry, tuple(found), mixed, restyled, _unknown(wish, matches, entries))


def _is_plural(wish: Wish, match: Match) -> bool:
    last = wish.words[match.end - 1].folded
    return singular(last) != last


def _is_proper(match: Match, entry: Entry) -> bool:
    return match.person or "character" in entry.kinds


def _matches(wish: Wish, entries: Entries) -> list[Match]:
    """Names in the wish, longest first at each place, none inside another or in an exclusion."""
    found = []
    for first, last in wish.segments:
        index = first
        while index < last:
            match = None
            if index not in wish.outside:
                match = _match_at(wish, index, last, entries)
            if match:
                found.append(match)
                index = match.end
            else:
                index += 1
    return found


def _joined(wish: Wish, index: int) -> bool:
    """Whether a hyphen ties a word to the one before it: "wrap-around"."""
    words = wish.words
    return (
        0 < index < len(words)
        and words[index].start == words[index - 1].end + 1
        and wish.text[words[index].start - 1] == "-"
    )


def _match_at(wish: Wish, index: int, last: int, entries: Entries) -> Match | None:
    """The longest name that begins with a word and is no part of a compound with hyphens."""
    if _joined(wish, index):
        return None
    for length in range(min(LONGEST_NAME, last - index), 0, -1):
        if _joined(wish, index + length):
            continue
        words = [singular(word.folded) for word in wish.words[index : index + length]]
        name = " ".join(words)
        if name in entries.people:
            return Match(index, index + length, (entries.people[name],), True)
        if name in entries.artists and (length > 1 or index and wish.words[index - 1].folded == "by"):
            return Match(index, index + length, (entries.artists[name],), artist=True)
        if length == 1 and (name in STOP or wish.words[index].folded in STOP):
            continue
        if name in entries.by_name:
            found = entries.by_name[name]
            if length == 1 and wish.words[index].text in wish.names:
                found = tuple(entry for entry in found if entry.sort == "subject" and "idea" not in entry.kinds)
            if found:
                return Match(index, index + length, found)
    if _joined(wish, index + 1):
        return None
    corrected = spelled(wish.words[index].folded, entries)
    return Match(index, index + 1, entries.by_name[corrected]) if corrected else None


def spelled(word: str, entries: Entries) -> str | None:
    """The name that an unknown word of six and more letters misses by one letter; None when it is no misspelling."""
    if len(word) < 6 or not word.isascii() or not word.isalpha() or word in entries.vocabulary or word in STOP:
        return None
    if singular(word) in entries.vocabulary or word.endswith("ed") or word in BOILERPLATE or word in FRAMING:
        return None
    for candidate in _one_edit(word):
        name = singular(candidate)
        if candidate[:-1] == word or word[:-1] == candidate:  # an ending more or less is another word, or a name
            continue
        if name in entries.by_name and name[0] == word[0]:
            return name
    return None


def _one_edit(word: str) -> list[str]:
    """Words one letter away: swapped, left out, put in, replaced (the likeliest slips first)."""
    cuts = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    swapped = [a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1]
    without = [a + b[1:] for a, b in cuts if b]
    more = [a + c + b for a, b in cuts for c in string.ascii_lowercase]
    other = [a + c + b[1:] for a, b in cuts if b for c in ("aeiouy" if b[0] in "aeiouy" else "")]
    return swapped + without + more + other


def _as_subject(entries: tuple[Entry, ...]) -> Entry | None:
    """Of the entries of one name the one that is a thing; None for qualities."""
    things = (entry for entry in entries if entry.sort == "subject")
    return next(things, None) or next((entry for entry in entries if entry.sort == "action"), None)


def _as(sort: str, entries: tuple[Entry, ...]) -> Entry | None:
    return next((entry for entry in entries if entry.sort == sort), None)


def _inside(match: Match, subject: Subject) -> bool:
    return match.start < subject.end and match.end > subject.start


def _match_of(subject: Subject, wish: Wish, matches: list[Match]) -> Match | None:
    """The name that is a thing's last word; words such as "character" and a medium behind it are left aside."""
    end = subject.end
    last = next((m for m in matches if m.start < end <= m.end), None)
    if last and last.start < subject.start:
        return last if last.end >= subject.end else None
    if last and last.end > subject.end:  # "great wall of china"
        return last
    inside = [m for m in matches if subject.start <= m.start and m.end <= subject.end]
    for match in reversed(inside):
        between = range(match.end, end)
        if any(not _is_tail(wish.words[i].folded) for i in between):
            return None
        earlier = [m for m in inside if m.end <= match.start and _living(m)]
        if _as_subject(match.entries) is None and match.start > subject.start:
            end = match.start
        elif earlier and wish.words[match.end - 1].folded in WIDE_TAIL:
            end = match.start
        else:
            return match
    return None


def _is_tail(word: str) -> bool:
    """Whether a word behind a thing's name leaves it what it is: "character", "art", a number."""
    return word in TAIL or word in BOILERPLATE or word in FRAMING or word.isdecimal()


def _living(match: Match) -> bool:
    thing = _as_subject(match.entries)
    return thing is not None and thing.is_living


def _head(wish: Wish, matches: list[Match]) -> Subject | None:
    """What the wish is about: the first thing that is no medium, no framing, no praise and no artist."""
    subjects = wish.subjects
    fallback = None
    for index, subject in enumerate(subjects):
        words = [wish.words[i].folded for i in range(subject.start, subject.end)]
        match = _match_of(subject, wish, matches)
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
        medium = (match and _as("medium", match.entries)) or _ends_with_medium(subject, matches)
        own = match and _as_subject(match.entries)
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


def _ends_with_medium(subject: Subject, matches: list[Match]) -> Entry | None:
    """The medium whose name ends a thing: "an old sailor map" of an island."""
    ending = (m for m in matches if m.start >= subject.start and m.end == subject.end)
    return next((_as("medium", m.entries) for m in ending), None)


def _names_medium(word: str, matches: list[Match], wish: Wish) -> bool:
    return any(_as("medium", m.entries) for m in matches for i in range(m.start, m.end) if wish.words[i].folded == word)


def _other_words(subject: Subject, match: Match, wish: Wish) -> bool:
    """Whether a thing has words besides a name that count: not articles, praise or framing."""
    return any(
        wish.words[i].folded not in STOP | BOILERPLATE | FRAMING | TAIL
        for i in range(subject.start, subject.end)
        if not match.start <= i < match.end
    )


def _part(
    wish: Wish, match: Match, head: Subject | None, matches: list[Match]
) -> tuple[str, Entry, Subject | None] | None:
    """The part a name plays that is not the head's, with its entry and its thing; None where it plays none."""
    subject = next((s for s in wish.subjects if _inside(match, s)), None)
    words = [wish.words[i].folded for i in range(match.start, match.end)]
    if match.artist:
        return "medium", match.entries[0], None
    if all(word in BOILERPLATE for word in words) and len(wish.segments) > 1:
        return None
    action = _as("action", match.entries)
    if action and _is_done(action, words, subject, match, head):
        return "action", action, None
    if subject is None:
        return None
    in_head = head is not None and subject == head
    alone = subject.relation == "" and subject.segment > (head.segment if head else 0)
    before_head = head is not None and subject.start < head.start
    medium, quality, thing = _as("medium", match.entries), _as("quality", match.entries), _as_subject(match.entries)
    if medium and (
        in_head or before_head or alone or subject.relation in MEDIUM_BEHIND or head is None or wish.kind == "tags"
    ):
        if not (subject.relation in ("on", "in", "in a", "like") and thing is not None and "design" in medium.kinds):
            return "medium", medium, None
    if quality and (in_head or alone or before_head or subject.relation in CHANGING | {"in", "in the style of"}):
        return "quality", quality, None
    if thing is None or in_head or subject.relation in NOT_SHOWN or not thing.kinds.isdisjoint(NO_THINGS):
        return None
    if thing.subject in TIMES or _match_of(subject, wish, matches) is not match:
        return None
    if all(word in VIEW_WORDS | FRAMING | BOILERPLATE for word in words):
        return None
    if not NO_OTHERS.isdisjoint(words) or _is_in_a_name(wish, match):
        return None
    plain = _is_plain(wish, subject, match)
    if _can_hold(thing) and (subject.relation in PLACING or alone or subject.relation in ("of", "to", "doing")):
        return ("setting", thing, subject) if plain or thing.kinds.isdisjoint(("sky", "space")) else None
    return ("other", thing, subject) if plain and (subject.relation in BESIDE or alone) else None


def _is_done(action: Entry, words: list[str], subject: Subject | None, match: Match, head: Subject | None) -> bool:
    """Whether an action's name stands as a verb: "reading a book", not "the winner" or "with a smile"."""
    verb = any(word.endswith("ing") or word in VERBS for word in words) or " ".join(words) == action.subject
    describes = subject is not None and subject != head and subject.start <= match.start and match.end < subject.end
    if not verb or describes:  # "a sleeping cat" beside a girl
        return False
    if subject is None or subject.relation == "doing" or match.start < subject.start:
        return True
    return subject.relation not in ("with", "of", "for", "by")


def _is_in_a_name(wish: Wish, match: Match) -> bool:
    """Whether a name ends a longer proper name: the "Park" of "Arches National Park"."""
    before = wish.words[max(0, match.start - 2) : match.start]
    return len(before) == 2 and all(word.text in wish.names for word in before)


def _can_hold(thing: Entry) -> bool:
    """Whether other things can be in it: a place, not an event."""
    return thing.is_setting and "event" not in thing.kinds


def _is_plain(wish: Wish, subject: Subject, match: Match) -> bool:
    """Whether nothing but its name, number, size and color was said of a thing: then its entry is true of it."""
    own = [i for i in range(subject.start, subject.end) if not match.start <= i < match.end]
    if any(wish.words[i].folded not in PLAIN | STOP | COLORS and number_of(wish.words[i].folded) is None for i in own):
        return False
    following = next((s for s in wish.subjects if s.start >= subject.end and s.segment == subject.segment), None)
    verb_behind = subject.end < len(wish.words) and wish.words[subject.end].folded in wish.verbs
    return not verb_behind and (
        following is None or following.relation not in CHANGING | {"of", "that", "which", "for"}
    )


def _is_mixed(
    wish: Wish, head: Subject | None, head_match: Match | None, entry: Entry | None, matches: list[Match]
) -> bool:
    """Whether the head is made another thing than its entry describes."""
    if head is None:
        return False
    words = {word.folded for word in wish.words}
    if words & CHANGED:
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
    for match in matches:
        if match.end <= head_match.start and match.start >= head.start:
            for other in match.entries:
                kinds = BLENDING_PLACES if entry and entry.is_setting else BLENDING
                if other.sort in ("subject", "quality") and not other.kinds.isdisjoint(kinds):
                    if not (entry and entry.is_person) or entry.subject in GROUPS and other.is_living:
                        return True
    return False


def _is_restyled(head: Subject | None, head_match: Match | None, matches: list[Match]) -> bool:
    """Whether a word before the head gives it another look than its entry describes."""
    if head is None or head_match is None:
        return False
    return any(
        not entry.kinds.isdisjoint(RESTYLING)
        for match in matches
        if head.start <= match.start and match.end <= head_match.start
        for entry in match.entries
    )


def _unknown(wish: Wish, matches: list[Match], entries: Entries) -> tuple[str, ...]:
    """Folded words that no entry has in a name or phrase and no list knows: rare words and names."""
    matched = {i for match in matches for i in range(match.start, match.end)}
    return tuple(
        word.folded
        for index, word in enumerate(wish.words)
        if index not in matched
        and word.folded.isalpha()
        and len(word.folded) > 2
        and word.folded not in STOP | BOILERPLATE | FRAMING
        and word.folded not in entries.vocabulary
        and singular(word.folded) not in entries.vocabulary
    )
