"""What a raw prompt asks for: subjects and their relations, counts, colors, exclusions, text to be drawn, and more.

`read` is plain reading by word lists and word order; it knows no subjects by name (`subjects.find` does) and it never
changes what was typed. Everything is found in the words as typed: spans are indices into `Wish.text` or `Wish.words`.
"""

import re
from dataclasses import dataclass
from functools import cached_property

from ..prompts import lexicon
from ..prompts.vocabulary import STOP, Word, content, fold, singular, words_of
from .exclusions import RULED_OUT_OF, excluded_words, exclusions
from .things import Count, Subject, colors_of, counts_of, subjects_of
from .words import BOILERPLATE, PLACING, TAG_COUNT, THINGS_TOO, VERBS

QUOTED = re.compile(
    r"\"([^\"\n]{1,200})\"|“([^”\n]{1,200})”|„([^“”\n]{1,200})[“”]|«([^»\n]{1,200})»|‘([^’\n]{2,200})’(?!\w)"
    r"|(?<![\w'])'([^'\n]{2,120}?)'(?!\w)|「([^」\n]{1,200})」|『([^』\n]{1,200})』|《([^》\n]{1,200})》"
)
SURROUNDINGS = frozenset("background backdrop outdoors indoors outdoor indoor underwater".split())
OF_COLOR = lexicon.COLORS | lexicon.COLOR_WORDS
BREAK = re.compile(
    r"[,;|\n()\[\]{}，。；、！？：（）]|[!?…]+(?=[\s.!?]|$)"
    r"|(?<!\b[a-z])(?<!\bmr)(?<!\bdr)(?<!\bst)(?<!\bmrs)\.+(?=[\s.!?]|$)(?!\s\d)"  # "h. r. giger" goes on
    r"|:+(?=\s|$)|::|(?<=\s)[-–—+/&~]+(?=\s\D)|—|–|(?<=\w)\+(?=\w)"
)

# A hyphen between blanks that ties two words, as texts that were cut into tokens have it: "spider - man", "close - up".
TIED = re.compile(
    r"\b(?:hyper|semi|post|half|close|award|mid|sci|spider|ultra|pre|sub|demi|non|neo|anti|self|full|bio|multi|super|awe"
    r"|cel|wind|orang|top|jean|pierre|marie|anne|hans|karl|louis|paul|[a-z])\s-\s(?=[a-z])"
    r"|(?<=[a-z])\s-\s(?=(?:man|men|winning|inspiring|realistic|detailed|patterned|shaded|graded|sized?|legged|haired|eyed"
    r"|headed|skinned|colored|shaped|like|made|era|themed|based|winged|punk|century|apocalyptic)\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Wish:
    """What a raw prompt asks for.

    `said` are the roles it settles itself (place, light, view, color, doing), `verbs_at` the words that are verbs
    behind a subject, `outside` those of exclusions. `avoid` are words and phrases that must not be added to it, and
    `strict` says that nothing new to see may be.
    """

    text: str
    words: tuple[Word, ...]
    segments: tuple[tuple[int, int], ...]
    kind: str
    subjects: tuple[Subject, ...]
    counts: tuple[Count, ...]
    colors: tuple[tuple[str, str], ...]
    excluded: tuple[str, ...]
    quoted: tuple[str, ...]
    names: tuple[str, ...]
    said: frozenset[str]
    facts: frozenset[str]
    topics: frozenset[str]
    verbs: tuple[str, ...]
    verbs_at: tuple[int, ...] = ()
    outside: frozenset[int] = frozenset()
    avoid: tuple[str, ...] = ()
    strict: bool = False

    @cached_property
    def content(self) -> frozenset[str]:
        """Folded singular words that carry meaning."""
        return content(self.text)

    @cached_property
    def forbidden(self) -> frozenset[str]:
        """Words, folded and singular, that an exclusion rules out."""
        words: set[str] = set()
        for thing in self.excluded:
            parts = [singular(word.folded) for word in words_of(thing)]
            words.update(part for part in parts[-1:])
            for part in parts:
                words |= RULED_OUT_OF.get(part, frozenset())
        return frozenset(words)

    @property
    def detailed(self) -> int:
        """How much was said: 0 for a short wish, 1 for one that needs little more, 2 for one that needs hardly any."""
        said = len(self.content - BOILERPLATE)
        return 0 if said <= 14 else 1 if said <= 28 else 2

    def is_praise(self, index: int) -> bool:
        """Whether a word praises the picture and is no thing in it."""
        word = self.words[index].folded
        if word not in BOILERPLATE or word not in THINGS_TOO:
            return word in BOILERPLATE
        start, end = next(part for part in self.segments if part[0] <= index < part[1])
        before = [each.folded for each in self.words[start:index] if each.folded not in STOP]
        behind = [each.folded for each in self.words[index + 1 : end]][:1]
        return any(each in BOILERPLATE and each not in STOP for each in (*before[-1:], *behind))

    def words_between(self, start: int, end: int) -> str:
        """The text as typed from one word to before another."""
        return self.text[self.words[start].start : self.words[end - 1].end] if end > start else ""


def read(text: str, avoid: tuple[str, ...] = (), strict: bool = False) -> Wish:
    """What a raw prompt asks for, with what must not be added to it."""
    quoted = tuple(m for m in QUOTED.finditer(text))
    bare = list(text)
    for match in quoted:
        bare[match.start() : match.end()] = [","] * (match.end() - match.start())
    plain = "".join(bare)
    words = words_of(plain)
    segments = _segments(plain, words)
    kind = _kind(text, plain, words, segments)
    excluded = exclusions(plain)
    outside = excluded_words(plain, words)
    subjects, verbs, verbs_at = subjects_of(words, segments, outside)
    facts, topics = lexicon.facts_of(plain), lexicon.topics_of(plain)
    return Wish(
        text=text,
        words=words,
        segments=segments,
        kind=kind,
        subjects=subjects,
        counts=counts_of(words, subjects),
        colors=colors_of(words, subjects),
        excluded=excluded,
        quoted=tuple(next(part for part in match.groups() if part) for match in quoted),
        names=_names(text, words, segments),
        said=_said(plain, words, subjects, verbs),
        facts=facts,
        topics=topics,
        verbs=verbs,
        verbs_at=verbs_at,
        outside=outside,
        avoid=avoid,
        strict=strict,
    )


def _segments(text: str, words: tuple[Word, ...]) -> tuple[tuple[int, int], ...]:
    """Runs of words between marks that divide, as ranges of word indices."""
    tied = {match.end() - 2 for match in TIED.finditer(text)}
    cuts = [match.start() for match in BREAK.finditer(text) if match.start() not in tied]
    found, start, at = [], 0, 0
    for index, word in enumerate(words):
        divided = False
        while at < len(cuts) and cuts[at] < word.start:
            divided, at = True, at + 1
        if divided and index > start:
            found.append((start, index))
            start = index
    if len(words) > start:
        found.append((start, len(words)))
    return tuple(found)


def _kind(text: str, plain: str, words: tuple[Word, ...], segments: tuple[tuple[int, int], ...]) -> str:
    """How it was written: "tags", "sentence", "list" (of segments) or "phrase"."""
    parts = [part.strip() for part in plain.split(",") if part.strip()]
    marks = sum("_" in part for part in parts) + 2 * sum(
        bool(TAG_COUNT.match(part)) or fold(part) in ("solo", "no humans") for part in parts
    )
    if marks >= 2 and (len(parts) >= 2 or marks >= 3) and sum(len(p.split()) for p in parts) <= 4 * len(parts):
        return "tags"
    if any(word.folded in ("is", "are", "was", "were") or word.folded in VERBS for word in words) and len(words) > 4:
        first = segments[0] if segments else (0, 0)
        if text.rstrip().endswith((".", "!")) or first[1] - first[0] >= 5:
            return "sentence"
    if text.rstrip().endswith(".") and len(words) >= 6 and text.lstrip()[:1].isupper():
        return "sentence"
    return "list" if len(segments) > 1 else "phrase"


def _names(text: str, words: tuple[Word, ...], segments: tuple[tuple[int, int], ...]) -> tuple[str, ...]:
    """Proper names: capitalised words that neither open a segment nor stand among capitals throughout."""
    letters = [c for c in text if c.isalpha()]
    if letters and sum(c.isupper() for c in letters) > 0.6 * len(letters):
        return ()
    capitals = [w for w in words if w.text[0].isupper() and len(w.text) > 1]
    if len(words) > 3 and len(capitals) > 0.7 * len(words):
        return ()
    opening = {start for start, _ in segments}
    return tuple(
        dict.fromkeys(
            w.text for i, w in enumerate(words) if w in capitals and i not in opening and w.folded not in STOP
        )
    )


def _is_worn(subject: Subject) -> bool:
    """Whether a thing is what somebody wears and no place: "in a red dress"."""
    return subject.relation in ("in", "in a", "in an") and bool(WORN & lexicon.topics_of(subject.noun))


WORN = frozenset(("clothes", "shoes", "hat"))


def _said(plain: str, words: tuple[Word, ...], subjects: tuple[Subject, ...], verbs: tuple[str, ...]) -> frozenset[str]:
    """The roles that the prompt settles itself, as far as single words tell."""
    said = set()
    if any(s.relation in PLACING and not _is_worn(s) for s in subjects):
        said.add("place")
    if lexicon.says(SURROUNDINGS, plain):
        said.add("place")
    for role, table in (("light", lexicon.LIGHT_WORDS), ("view", lexicon.VIEW_WORDS)):
        if lexicon.says(table, plain):
            said.add(role)
    if lexicon.says(OF_COLOR, plain):
        said.add("color")
    if (
        verbs
        or "pose" in lexicon.topics_of(plain)
        or any(s.relation in ("riding", "holding", "using", "carrying") for s in subjects)
    ):
        said.add("doing")
    return frozenset(said)
