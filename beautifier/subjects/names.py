"""The names of entries among the words of a wish, one slip of the fingers mended."""

import string
from dataclasses import dataclass

from ..prompts.lexicon import PLAIN_COLORS
from ..prompts.vocabulary import STOP, singular
from ..wishes.things import Subject
from ..wishes.wish import Wish
from ..wishes.words import BOILERPLATE, FRAMING, RELATION_WORDS, TAG_COUNT, VERBS
from .emoji import entry_of, is_emoji
from .entries import LONGEST_NAME, Entries
from .entry import Entry

# English words and common names that miss the name of an entry by one letter and are no slips.
NO_SLIPS = frozenset(
    "taylor wilders wilder george barack really martin mcdonalds macron francis starring carrey beatles beatle fairey "
    "petros machina bender marcos hughes selena manson starbucks macdonald mommies andres anders templeos saville "
    "putting mobius scarry holmes becket glados ghenie martine thanks emotions emotion stranding bateman platon "
    "forrest peeing exorcising barker mapping puking mallord caring hollis carter cheesy wining serenityos mantra "
    "persson hummer clever marylin wresting cuddle maison fremen snipes starving callie campion microscopy marling "
    "cornwell argentine haunting salman rickman prower adidas strangers wander merlin craiyon amelia kylian chaves "
    "censor pounds scandal create bridgers bisson ancher".split()
)


@dataclass(frozen=True)
class Match:
    """Words from `start` to `end` that name entries: a person, an artist, a work (`title`) or an emoji among them."""

    start: int
    end: int
    entries: tuple[Entry, ...]
    person: bool = False
    artist: bool = False
    emoji: bool = False
    title: bool = False


def matches_in(wish: Wish, entries: Entries) -> list[Match]:
    """Names in the wish, longest first at each place, none inside another or in an exclusion."""
    found = []
    for first, last in wish.segments:
        index = first
        while index < last:
            match = None
            if index not in wish.outside or index == first:
                match = _match_at(wish, index, last, entries)
            if match and index in wish.outside and not match.title:  # "never gonna give you up" rules out nothing
                match = None
            if match and (_is_a_view(wish, match) or _is_a_site(wish, match)):
                match = None
            if match:
                found.append(match)
                index = match.end
            else:
                index += 1
    return found


def _is_a_view(wish: Wish, match: Match) -> bool:
    """Whether a name stands in that of a view: "cowboy shot"."""
    words = [word.folded for word in wish.words[match.start : match.end + 1]]
    return words == ["cowboy", "shot"]


def _is_a_site(wish: Wish, match: Match) -> bool:
    """Whether a name says where the picture is shown and not what is in it: "trending on furaffinity"."""
    words = [word.folded for word in wish.words[max(0, match.start - 2) : match.start]]
    return words in (["trending", "on"], ["popular", "on"], ["featured", "on"])


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
    if is_emoji(wish.words[index].folded):
        shown = entry_of(wish.words[index].folded, entries)
        return Match(index, index + 1, (shown,), emoji=True) if shown else None
    for length in range(min(LONGEST_NAME, last - index), 0, -1):
        if _joined(wish, index + length):
            continue
        words = [singular(word.folded) for word in wish.words[index : index + length]]
        name = " ".join(words)
        counted = TAG_COUNT.match(wish.words[index].folded) if length == 1 and name not in entries.by_name else None
        name = counted[2] if counted else name  # "3girls" are girls
        if name in entries.people:
            return Match(index, index + length, (entries.people[name],), True)
        if name in entries.artists and (length > 1 or _is_artist_alone(wish, index, name, entries)):
            return Match(index, index + length, (entries.artists[name],), artist=True)
        if length == 1 and (name in STOP or wish.words[index].folded in STOP):
            continue
        if length == 1 and name in PLAIN_COLORS and not _is_a_color_as_thing(wish, index, last):
            continue
        if name in entries.by_name:
            found = entries.by_name[name]
            if length == 1 and wish.words[index].text in wish.names:
                found = tuple(entry for entry in found if entry.sort == "subject" and "idea" not in entry.kinds)
            if found:
                return Match(index, index + length, found, title=name in entries.titles)
    if _joined(wish, index + 1):
        return None
    corrected = "" if _follows_a_name(wish, index, entries) else spelled(wish.words[index].folded, entries)
    return Match(index, index + 1, entries.by_name[corrected]) if corrected else None


def _follows_a_name(wish: Wish, index: int, entries: Entries) -> bool:
    """Whether an unknown word stands before a word, which then may be a surname: "brittany renner" is no runner."""
    before = wish.words[index - 1].folded if index else ""
    known = before in entries.vocabulary or before in STOP or before in BOILERPLATE or before in FRAMING
    return before.isalpha() and len(before) > 3 and not known


def _is_a_color_as_thing(wish: Wish, index: int, last: int) -> bool:
    """Whether the name of a color names a thing: it is all that is asked for, or "orange" with no noun behind it."""
    if all(i == index or word.folded in STOP | BOILERPLATE for i, word in enumerate(wish.words)):
        return True
    following = wish.words[index + 1].folded if index + 1 < last else ""
    before = wish.words[index - 1].folded if index else ""
    fruit = wish.words[index].folded in ("orange", "oranges") and before not in ("in", "and", "or", "with", "bright")
    return fruit and (not following or following in RELATION_WORDS or following in VERBS)


MANNERS = frozenset("style styled manner inspired painting artwork".split())


def _is_artist_alone(wish: Wish, index: int, name: str, entries: Entries) -> bool:
    """Whether a single word is an artist's name: behind "by", or no English word and alone or beside "style"."""
    if index and wish.words[index - 1].folded == "by":
        return True
    if name in entries.by_name or name in entries.vocabulary:
        return False
    beside = {word.folded for word in (*wish.words[max(0, index - 3) : index], *wish.words[index + 1 : index + 2])}
    return (index, index + 1) in wish.segments or not beside.isdisjoint(MANNERS)


def spelled(word: str, entries: Entries) -> str | None:
    """The name that an unknown word of six and more letters misses by one letter; None when it is no misspelling."""
    if len(word) < 6 or not word.isascii() or not word.isalpha() or word in entries.vocabulary or word in STOP:
        return None
    if word in NO_SLIPS:
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


def as_subject(entries: tuple[Entry, ...]) -> Entry | None:
    """Of the entries of one name the one that is a thing; None for qualities."""
    things = (entry for entry in entries if entry.sort == "subject")
    return next(things, None) or next((entry for entry in entries if entry.sort == "action"), None)


def of_sort(sort: str, entries: tuple[Entry, ...]) -> Entry | None:
    """The first of some entries that is of a sort; None where there is none."""
    return next((entry for entry in entries if entry.sort == sort), None)


def is_inside(match: Match, subject: Subject) -> bool:
    """Whether a match and a subject have words in common."""
    return match.start < subject.end and match.end > subject.start
