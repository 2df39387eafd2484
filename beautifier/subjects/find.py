"""Which entries a wish speaks of, and what each is in it: head, setting, other thing, medium, quality or action."""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from ..prompts.lexicon import COLORS, VIEW_WORDS
from ..prompts.vocabulary import STOP, fold, number_of, singular
from ..wishes.things import Subject
from ..wishes.wish import Wish
from ..wishes.words import BOILERPLATE, CHANGING, FRAMING, GUISES, MADE, PLACING, VERBS
from .blends import PLAIN, is_compound, is_mixed, is_narrowed, is_restyled
from .entries import Entries
from .entry import Entry
from .european import foreign_head, is_foreign
from .head import head_of, match_of
from .manner import BY, manner_of
from .names import Match, as_subject, is_inside, matches_in, of_sort

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
# Relations to what is not in the picture, and kinds that are no things.
NOT_SHOWN = frozenset(
    ("by", "for", "in the style of", "in style of", "inspired by", "based on", "without", "than", "about", "like")
)
LOOKING = frozenset(("viewer", "viewers"))  # who is looked at and not in the picture
NO_OTHERS = frozenset("word words text letter letters horn horns halo antlers background backdrop".split())
NO_THINGS = frozenset(("idea", "body part", "emotion", "mood", "action", "quality"))
TIMES = frozenset(
    "dawn dusk twilight midnight night noon moonlight "
    "sunrise sunset morning evening afternoon golden-hour daytime".split()
)


@dataclass(frozen=True)
class Found:
    """An entry in a wish: which part it plays, its words, the thing it names (None for media and qualities), its name
    as typed, whether that is the proper name of somebody, and the article of a proper name (None: it is no name).
    """

    entry: Entry
    part: str
    start: int
    end: int
    subject: Subject | None = None
    name: str = ""
    proper: bool = False
    article: str | None = None


@dataclass(frozen=True)
class Findings:
    """What a wish speaks of. `head` is what it is about, with an entry or without (`head_entry` None).

    `mixed`: the head is made another thing ("made of smoke", "as a knight", "hybrid"): what is true of its kind need
    not be true of it. `restyled`: a style, an era or a world is named before it ("cyberpunk village"). `unknown`:
    folded words that no entry and no list knows; `words`: how many words the wish has. `manner`: the medium or style
    that is all the wish asks for ("pixel art", "a funny meme"). `narrowed`: a thing is named before the head, or
    behind an "of" ("wheelchair athlete", "field of poppies"). `foreign`: the head is named in another language, and
    nothing else of the wish was read. `strange`: the unknown words that are no common ones and no artist's name.
    """

    head: Subject | None
    head_entry: Entry | None
    found: tuple[Found, ...]
    mixed: bool
    restyled: bool = False
    unknown: tuple[str, ...] = ()
    words: int = 0
    manner: Entry | None = None
    narrowed: bool = False
    foreign: bool = False
    strange: tuple[str, ...] = ()

    @property
    def subject_entry(self) -> Entry | None:
        """The entry of what the wish is about: its head's or, where no thing is named, that of its manner."""
        return self.head_entry or self.manner

    @property
    def head_entry_is_setting(self) -> bool:
        """Whether the head is itself a place."""
        return self.head_entry is not None and self.head_entry.is_setting

    @property
    def ill_read(self) -> bool:
        """Whether so many words are strange that the rest cannot be trusted: another language, or many slips."""
        return (
            self.foreign
            and bool(self.unknown)
            or len(self.strange) > 2
            or len(self.strange) == 2
            and (self.head_entry is None or self.words <= 6)
        )

    def of(self, part: str) -> list[Found]:
        """Those that play a part."""
        return [found for found in self.found if found.part == part]


def find(wish: Wish, entries: Entries) -> Findings:
    """The entries a wish speaks of, with their parts."""
    matches = matches_in(wish, entries)
    head = head_of(wish, matches)
    head_match = match_of(head, wish, matches) if head else None
    found: list[Found] = []
    head_entry = None
    if head and head_match:
        head_entry = as_subject(head_match.entries)
        if head_entry and head_entry.sort == "action" and _is_plural(wish, head_match):  # "two baseballs" are no game
            head_entry = None
        if head_entry and is_compound(wish, head, head_match, head_entry):
            head_entry = None
        if head_entry:
            start = head_match.start if head_match.end > head.end else max(head_match.start, head.start)
            name = head_entry.subject if head_match.emoji else wish.words_between(start, head_match.end)
            named = _named(head_match, head_entry, entries, name)
            found.append(Found(head_entry, "head", head_match.start, head_match.end, head, name, *named))
    for match in matches:
        if match is head_match and head_entry:
            continue
        played = _part(wish, match, head, matches)
        if played is None:
            continue
        part, entry, subject = played
        if not any(entry is f.entry for f in found):
            name = entry.subject if match.emoji else wish.words_between(match.start, match.end)
            named = _named(match, entry, entries, name)
            found.append(Found(entry, part, match.start, match.end, subject, name, *named))
    mixed = is_mixed(wish, head, head_match, head_entry, matches)
    restyled = is_restyled(head, head_match, matches)
    unknown = _unknown(wish, matches, entries)
    manner = manner_of(wish, head, matches) if head_entry is None else None
    narrowed = is_narrowed(wish, head, head_match, matches)
    strange = tuple(word for word in unknown if word not in common_words() | _behind_by(wish))
    findings = Findings(
        head, head_entry, tuple(found), mixed, restyled, unknown, len(wish.words), manner, narrowed, strange=strange
    )
    known = (head_entry or manner) and not is_foreign(wish)
    return findings if known else _in_another_language(wish, findings, entries)


def _in_another_language(wish: Wish, findings: Findings, entries: Entries) -> Findings:
    """The findings with the head of a prompt that is not English, where it has one."""
    foreign = foreign_head(wish, entries)
    if foreign is None:
        return findings
    typed = {word.folded for word in wish.words[foreign.start : foreign.end]}
    unknown = tuple(word for word in findings.unknown if word not in typed | foreign.known)
    findings = replace(findings, unknown=unknown, strange=unknown, foreign=True)
    if foreign.entry.sort == "medium":
        return replace(findings, manner=foreign.entry)
    head = next((s for s in wish.subjects if s.start <= foreign.start < s.end), findings.head)
    found = Found(foreign.entry, "head", foreign.start, foreign.end, head, foreign.entry.subject)
    return replace(findings, head=head, head_entry=foreign.entry, found=(found, *findings.found))


def _is_plural(wish: Wish, match: Match) -> bool:
    last = wish.words[match.end - 1].folded
    return singular(last) != last


def _named(match: Match, entry: Entry, entries: Entries, name: str) -> tuple[bool, str | None]:
    """Whether a name is somebody's, and the article it takes as a proper name; None where it is a common noun."""
    named = match.person or match.title and entry.sort == "medium"
    article = "" if named else entries.proper.get(fold(name), entries.proper.get(entry.subject))
    return match.person or (article is not None and "character" in entry.kinds), article


def _part(
    wish: Wish, match: Match, head: Subject | None, matches: list[Match]
) -> tuple[str, Entry, Subject | None] | None:
    """The part a name plays that is not the head's, with its entry and its thing; None where it plays none."""
    subject = next((s for s in wish.subjects if is_inside(match, s)), None)
    words = [wish.words[i].folded for i in range(match.start, match.end)]
    if match.artist:
        return "medium", match.entries[0], None
    if words[-1] in LOOKING:
        return None
    if all(word in BOILERPLATE for word in words) and len(wish.segments) > 1:
        return None
    action = of_sort("action", match.entries)
    if action and _is_done(action, words, subject, match, head):
        return "action", action, None
    if subject is None:
        return None
    in_head = head is not None and subject == head
    alone = subject.relation == "" and subject.segment > (head.segment if head else 0)
    before_head = head is not None and subject.start < head.start
    medium, quality, thing = (
        of_sort("medium", match.entries),
        of_sort("quality", match.entries),
        as_subject(match.entries),
    )
    if medium and (
        in_head or before_head or alone or subject.relation in MEDIUM_BEHIND or head is None or wish.kind == "tags"
    ):
        if not (subject.relation in ("on", "in", "in a", "like") and thing is not None and "design" in medium.kinds):
            return "medium", medium, None
    whole = match.end >= subject.end or subject.relation != "in"  # "in plaid", not "in a plaid skirt"
    changing = whole and subject.relation in CHANGING | {"in", "in the style of"}
    if quality and (in_head or alone or before_head or changing):
        return "quality", quality, None
    if thing is None or in_head or subject.relation in NOT_SHOWN or not thing.kinds.isdisjoint(NO_THINGS):
        return None
    if thing.subject in TIMES or match_of(subject, wish, matches) is not match:
        return None
    if all(word in VIEW_WORDS | FRAMING | BOILERPLATE for word in words):
        return None
    if not NO_OTHERS.isdisjoint(words) or _is_in_a_name(wish, match):
        return None
    plain = _is_plain(wish, subject, match)
    beside = alone and not thing.kinds.isdisjoint(("building", "ruin"))  # "tornado, farm house"
    if (
        _can_hold(thing)
        and not beside
        and (subject.relation in PLACING or alone or subject.relation in ("of", "to", "doing"))
    ):
        return ("setting", thing, subject) if plain or thing.kinds.isdisjoint(("sky", "space")) else None
    if subject.relation in MADE | GUISES:
        return "guise", thing, subject
    return ("other", thing, subject) if plain and (subject.relation in BESIDE or alone) else None


def _is_done(action: Entry, words: list[str], subject: Subject | None, match: Match, head: Subject | None) -> bool:
    """Whether an action's name stands as a verb: "reading a book", not "the winner" or "with a smile"."""
    verb = any(word.endswith("ing") or word in VERBS for word in words) or " ".join(words) == action.subject
    describes = subject is not None and subject != head and subject.start <= match.start and match.end < subject.end
    if words[-1] == "looking" and subject is not None and match.end < subject.end:  # "a funny looking zombie"
        return False
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


@lru_cache(maxsize=1)
def common_words() -> frozenset[str]:
    """Common English words that no entry has: they tell nothing of a subject, and are no slips."""
    return frozenset(Path(__file__).with_name("common.txt").read_text(encoding="utf-8").split())


LONGEST_NAME = 3  # words of an artist in a list of artists


def _behind_by(wish: Wish) -> frozenset[str]:
    """The words of artists: behind "by", and of the short segments behind that one."""
    by = next((s for s in wish.subjects if s.relation in BY), None)
    if by is None:
        return frozenset()
    listed = [(start, end) for start, end in wish.segments[by.segment + 1 :] if end - start <= LONGEST_NAME]
    spans = [(by.start, wish.segments[by.segment][1]), *listed]
    return frozenset(word.folded for start, end in spans for word in wish.words[start:end])


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
