"""The words of a raw prompt as tags: the longest that are one, the rest as plain words."""

from collections.abc import Sequence

from ..prompts.vocabulary import STOP, singular
from ..prompts.words import small
from ..subjects.find import Findings
from ..wishes.things import Subject
from ..wishes.wish import QUOTED, Wish
from ..wishes.words import BOILERPLATE, FRAMING, GROUPS, LOOKS, TEXT_LEADS
from .added_tags import entry_tags
from .tag_table import UNWANTED, own_tag, table
from .verbs import participle

DIVIDING = frozenset(',;|"“”„«»()[]{}，。；、')


def typed_tags(wish: Wish, findings: Findings) -> list[str]:
    """The user's words as tags: the longest that are one, the rest as plain words; praise and grammar words go."""
    found: list[str] = []
    if wish.kind == "tags":
        for part in QUOTED.sub(lambda m: m[0].replace(",", "\0"), wish.text).split(","):
            part = part.replace("\0", ",").strip()
            if part:
                found += _apart(part) or [_as_tag(part)]
        return list(dict.fromkeys(found))
    for start, end in wish.segments:
        words = [word.folded for word in wish.words[start:end]]
        if words[0] == "by" or (words[:2] == ["art", "by"]):
            found.append(small(wish.words_between(start, end)).removeprefix("art "))
            continue
        praise = all(wish.is_praise(index) or wish.words[index].folded.isdecimal() for index in range(start, end))
        if praise and len(wish.segments) > 1:
            continue
        medium = next((f for f in findings.of("medium") if f.start <= start and f.end >= end), None)
        if medium is not None:
            tag = next((tag for tag in entry_tags(medium.entry) if tag in table().kind), None)
            found += [small(wish.words_between(start, end))] + ([tag] if tag else [])
            continue
        found += _words_as_tags(wish, findings, start, end)
    if wish.quoted:
        found += [f'"{text}"' for text in wish.quoted] + ["english text"] * any(
            c.isascii() and c.isalpha() for c in wish.quoted[0]
        )
    if not found:  # nothing but praise: then that is what was asked for
        found = [small(wish.words_between(start, end)) for start, end in wish.segments]
    return list(dict.fromkeys(found))


def _apart(part: str) -> list[str]:
    """The tags that words typed as one tag name together: "sitting on a swing" is "sitting, on swing"; else none."""
    words = part.casefold().replace("_", " ").split()
    if len(words) < 3 or table().canonical(" ".join(words)) or not all(word.isalpha() for word in words):
        return []
    bare = [word for word in words if word not in ("a", "an", "the", "her", "his", "their")]
    for at in range(len(bare) - 1, 0, -1):
        first, second = (own_tag(" ".join(each)) for each in (bare[:at], bare[at:]))
        if first and second and first not in UNWANTED and second not in UNWANTED:
            return [first, second]
    return []


def _as_tag(part: str) -> str:
    """A tag as typed, in its canonical spelling; emoticons and unknown ones stay as they are."""
    plain = small(part).replace("_", " ") if len(part) > 3 else small(part)
    return table().canonical(plain) or plain


def _words_as_tags(wish: Wish, findings: Findings, start: int, end: int) -> list[str]:
    """A segment as tags: its things whole where they are tags, else as typed with the tag of their noun; its verbs with
    what they are done to.
    """
    found: list[str] = []
    verb = ""
    for subject in (s for s in wish.subjects if start <= s.start < end):
        verbs = [
            i
            for i in wish.verbs_at
            if i < subject.start and i >= start and not any(i < s.start < subject.start for s in wish.subjects)
        ]
        verb = wish.words[verbs[-1]].folded if verbs and subject.relation == "doing" else ""
        if subject.relation in ("holding", "riding", "wearing", "carrying", "using"):
            verb = subject.relation
        found += _medium_as_tags(wish, findings, subject) or _thing_as_tags(wish, subject.start, subject.end, verb)
    alone = [
        wish.words[i].folded
        for i in wish.verbs_at
        if start <= i < end and not any(s.start == i + 1 for s in wish.subjects)
        if not (wish.quoted and wish.words[i].folded in TEXT_LEADS)
    ]
    found += [tag for word in alone if (tag := table().general(word) or table().general(participle(word)))]
    found += [tag for tag in _expressions(wish, start, end) if tag not in found]
    return list(dict.fromkeys(found))


def _medium_as_tags(wish: Wish, findings: Findings, subject: Subject) -> list[str]:
    """A medium that leads to the head as its tag, behind the words before it; empty where the thing is none."""
    if subject == findings.head or subject.relation == "by":
        return []
    media = (f for f in findings.of("medium") if f.start >= subject.start and f.end == subject.end)
    medium = next((f for f in media if entry_tags(f.entry)), None)
    if medium is None:
        return []
    before = _thing_as_tags(wish, subject.start, medium.start, "") if medium.start > subject.start else []
    return [*before, entry_tags(medium.entry)[0]]


def _thing_as_tags(wish: Wish, start: int, end: int, verb: str) -> list[str]:
    """One thing as tags: "red umbrella"; "giant pink whale" with "whale"; "holding flag"."""
    while start and wish.text[wish.words[start - 1].end : wish.words[start].start] == "-":
        start -= 1  # "t-shirt"
    kept = [
        i for i in range(start, end) if not wish.is_praise(i) or wish.words[i].text.isdecimal() or _is_joined(wish, i)
    ]
    kept = [i for i in kept if wish.words[i].folded[:1].isalnum()]  # an emoji stands where it was typed
    while kept and wish.words[kept[-1]].folded in FRAMING | STOP:
        kept.pop()
    while kept and wish.words[kept[0]].folded in STOP and not _is_joined(wish, kept[0]):
        kept.pop(0)
    words = [wish.words[i].folded for i in kept]
    if wish.quoted and TEXT_LEADS.issuperset(words):
        return []
    if not words or (len(words) == 1 and words[0] in FRAMING | GROUPS):
        return []
    found = []
    whole = table().canonical(" ".join(words))
    noun = words[-1]
    if verb and verb != "wearing":
        done = table().canonical(f"{verb} {' '.join(words)}") or table().canonical(f"{verb} {singular(noun)}")
        found.append(done or table().general(verb) or verb)
    if whole and (len(words) > 1 or table().kind[whole] == "g"):
        return [*found, whole]
    if all(word in LOOKS for word in words):  # "colorful calm" of a portrait
        return [*found, *words]
    found.append(_as_written(wish, kept))
    for length in range(min(3, len(words) - 1), 0, -1):
        tag = own_tag(" ".join(words[-length:]))
        if tag and not (length == 1 and noun in UNWANTED | {"old"}):  # "8 years old"
            found.append(tag)
            break
    return found


def _is_joined(wish: Wish, index: int) -> bool:
    """Whether a word is one with its neighbour that is no praise: the letter of "t-shirt", the ray of "x-ray"."""
    beside = [(at, at + 1) for at in (index - 1, index) if 0 <= at and at + 1 < len(wish.words)]
    return any(
        wish.text[wish.words[one].end : wish.words[two].start] == "-"
        and wish.words[two if one == index else one].folded not in BOILERPLATE
        for one, two in beside
    )


def _as_written(wish: Wish, kept: Sequence[int]) -> str:
    """Some words of a wish in lower case with the marks between and at them: "7-eleven", "a 24/7 diner", "f/1.8"."""
    runs: list[list[int]] = []
    for index in kept:
        if runs and runs[-1][-1] == index - 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    return " ".join(_with_marks(wish.text, wish.words[run[0]].start, wish.words[run[-1]].end) for run in runs)


def _with_marks(text: str, start: int, end: int) -> str:
    """A stretch of a text in lower case, with the words and marks that touch it."""
    while start and not text[start - 1].isspace() and text[start - 1] not in DIVIDING:
        start -= 1
    while end < len(text) and not text[end].isspace() and text[end] not in DIVIDING:
        end += 1
    words = text[start:end].rstrip(".!?:…").split()
    return " ".join(word if _is_code(word) and not text.isupper() else small(word) for word in words)


def _is_code(word: str) -> bool:
    """Whether a word has its own capitals: "T-800", "H2O", "xD"."""
    return any(map(str.isdecimal, word)) or not word[1:].islower() and word[1:].isalpha() and not word.islower()


def _expressions(wish: Wish, start: int, end: int) -> list[str]:
    """Tags of several words that cross things: "standing on one leg", "looking at viewer"."""
    words = [word.folded for word in wish.words[start:end]]
    found = []
    for length in (4, 3, 2):
        for index in range(len(words) - length + 1):
            part = words[index : index + length]
            tag = table().general(" ".join(part))
            inside = set(range(start + index, start + index + length)) & wish.outside
            if tag and not inside and any(word in STOP for word in part[1:-1]) | (part[0].endswith("ing")):
                found.append(tag)
    return found
