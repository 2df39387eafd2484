"""The user's words as a noun phrase: whether they are one for all one can tell, and with the articles they lack."""

import re

from ..prompts.people import names_in
from ..prompts.vocabulary import STOP, number_of, singular
from ..subjects.find import Findings, Found
from ..wishes.things import Subject
from ..wishes.wish import Wish
from ..wishes.words import FRAMING, GROUPS, INTRANSITIVE, VERBS
from . import grammar, verbs
from .thing import title

# Words that open or make a clause: what has one of them is no plain noun phrase.
CLAUSE = frozenset(
    "i you me we us they he she what wat wut who why how when "
    "if is are was were be am do does did can could will would "
    "should must have has had had't make makes let lets please want need create generate draw imagine show give think "
    "because don't isn't it's i'm there's that's can't won't whats wanna not never im thats gonna would've".split()
)
RELATIVE = frozenset("that which who whose where whom".split())
ODD = re.compile(
    r"[()\[\]{}<>:;/\\|*#@~=^%$!?]|\.\s|\s[-–—]\s|\s[.&+]|\b[b-hj-z]\s\d|\d\s\d|\b\d\s[a-z]\b|\b[a-z]\s\d|\bw\b"
)
# Relations behind which a thing takes the article that it lacks: "a photo of cat".
ARTICLED = frozenset(
    "of|with|holding|wearing|riding|next to|in front of|behind|carrying|over|under|near|beside|inside|onto|into|across"
    "|using".split("|")
)
NOT_ARTICLED = frozenset(
    "top front back side style work art bed space fire night day heart time love death war life nature".split()
)


def is_noun_phrase(wish: Wish, start: int, end: int) -> bool:
    """Whether words are a noun phrase for all one can tell: no clause word and no finite verb in them."""
    words = [word.folded for word in wish.words[start:end]]
    if not words or (words[0] in STOP | grammar.PREPOSITIONS and words[0] not in grammar.DETERMINERS | {"very"}):
        return False
    if words[0].endswith("ing") and grammar.is_participle(words[0]) and words[1:2] and words[1] in STOP:
        return False  # "trying to find my way"
    for index, word in enumerate(words):
        if word in CLAUSE and not RELATIVE & set(words[:index]):
            return False
        leads = ("that", "which", "who", "to", "a", "an", "the", "in", "of", "and")
        if word in verbs.BASES and 0 < index < len(words) - 1 and _is_plural_word(words[index - 1]):
            return False
        if word in VERBS and 0 < index < len(words) - 1 and words[index - 1] not in leads:
            return False
        if 0 < index < len(words) - 1 and words[index - 1] not in leads and _is_finite(word, words[index + 1]):
            return False
    return True


BEHIND_A_VERB = frozenset("a an the his her its their him them itself himself herself".split())


def _is_finite(word: str, following: str) -> bool:
    """Whether a word is a verb with its object behind it: "pushes a boulder"."""
    if not word.endswith("s") or following not in BEHIND_A_VERB or word.endswith(("ss", "us")):
        return False
    bases = {word[:-1], word.removesuffix("es"), word.removesuffix("ies") + "y"}
    return not bases.isdisjoint(verbs.BASES | verbs.E_BASES | MORE_VERBS)


MORE_VERBS = frozenset("push open lift touch need want become keep feel meet build buy bring send start try".split())


def _is_plural_word(word: str) -> bool:
    return grammar.is_plural_form(word) and word not in ("always", "perhaps")


def is_plain(wish: Wish, findings: Findings, start: int, end: int) -> bool:
    """Whether words are a noun phrase of known words without odd marks: then a sentence may be made of them."""
    text = wish.words_between(start, end)
    unknown = set(findings.unknown)
    if ODD.search(text) or not text.isascii() or not is_noun_phrase(wish, start, end):
        return False
    strange = (word for word in wish.words[start:end] if word.folded in unknown and not word.text[0].isupper())
    return all(
        grammar.is_noun(word.folded) or grammar.is_participle(word.folded) or LOWER_NAMES.match(word.folded)
        for word in strange
    )


def with_articles(wish: Wish, findings: Findings, start: int, end: int, text: str) -> str:
    """A text of the words from start to end with the article that its first thing lacks, and those behind relations."""
    for subject in reversed([s for s in wish.subjects if start < s.start and s.end <= end]):
        if subject.relation in ARTICLED and _lacks_article(wish, findings, subject, True):
            noun = wish.words[subject.end - 1].folded
            at = wish.words[subject.start].start - wish.words[start].start
            fits = text[at : at + 1] == wish.text[wish.words[subject.start].start]
            grouped = subject.relation == "of" and wish.words[max(0, subject.start - 2)].folded in GROUPS
            degree = wish.words[subject.start - 1].folded in DEGREES  # "a picture of very tall trees"
            if noun not in NOT_ARTICLED and not grouped and fits and not degree:
                text = f"{text[:at]}{grammar.article(text[at:])} {text[at:]}"
    text = capitals(wish, findings, text)
    if A_SHOT.match(text):
        return f"{grammar.article(text)} {text[0].lower()}{text[1:]}"
    first = next((s for s in wish.subjects if s.start == start), None) or _behind_a_participle(wish, start)
    mere = first is not None and first.end - first.start == 1 and wish.words[first.start].folded in NOT_ARTICLED
    if first is None or mere or not _lacks_article(wish, findings, first, False):
        return _with_the(wish, findings, start, text)
    if wish.words[start].text[0].isupper() and text[1:].islower() and wish.words[start].folded not in findings.unknown:
        text = text[0].lower() + text[1:]
    return f"{'the' if wish.words[start].folded in RANKED else grammar.article(text)} {text}"


DEGREES = frozenset("very extremely really super ultra quite so too most".split())
RANKED = frozenset("last first only same next final".split())


def _behind_a_participle(wish: Wish, start: int) -> Subject | None:
    """The thing that a participle before it describes: "burning skull"."""
    word = wish.words[start].folded
    found = next((s for s in wish.subjects if s.start == start + 1), None)
    return found if word.endswith("ing") and word in INTRANSITIVE else None


A_SHOT = re.compile(
    r"(?:extreme |very |super |ultra )?(?:wide|medium|long|close|full|low|high|establishing|tracking|cinematic|aerial"
    r"|overhead|full body|action)(?:[ -]angle|[ -]up)? (?:shot|view|photo|portrait)\b",
    re.IGNORECASE,
)
# Peoples and months, which have a capital; none that is another word in lower case ("china", "turkey", "polish").
LOWER_NAMES = re.compile(
    r"(?<![\w@#/.])(?:american|european|african|asian|english|british|french|german|italian|spanish|portuguese|dutch|greek"
    r"|russian|ukrainian|norwegian|swedish|finnish|danish|scandinavian|icelandic|irish|scottish|welsh|japanese|chinese"
    r"|korean|vietnamese|thai|indian|tibetan|mongolian|persian|iranian|arabian|arabic|egyptian|turkish|israeli|jewish"
    r"|mexican|brazilian|argentinian|peruvian|cuban|canadian|australian|hawaiian|roman|byzantine|celtic|aztec|mayan"
    r"|victorian|edwardian|christian|buddhist|muslim|islamic|hindu|venetian|parisian|sumerian|babylonian|slavic"
    r"|soviet|indonesian|latvian|belarusian|lithuanian|estonian|hungarian|romanian|bulgarian|serbian|croatian|austrian"
    r"|belgian|filipino|malaysian|nepali|pakistani|iraqi|syrian|lebanese|moroccan|nigerian|ethiopian|kenyan|somali|jamaican"
    r"|colombian|chilean|caucasian|balinese|javanese|taiwanese|siberian|nordic|maori|polynesian|inuit|navajo|cherokee|january|february|april|june|july|september|october|november|december|halloween|christmas|easter|finland|norway|sweden|"
    r"denmark|iceland|russia|ukraine|poland|germany|france|spain|portugal|italy|greece|egypt|morocco|nigeria|kenya|ethiopia"
    r"|india|japan|korea|vietnam|thailand|indonesia|australia|canada|mexico|brazil|argentina|peru|cuba|england|scotland"
    r"|ireland|america|europe|africa|asia|london|paris|tokyo|kyoto|berlin|moscow|chicago|texas|california|hollywood)(?!\w)"
)


def capitals(wish: Wish, findings: Findings, text: str) -> str:
    """A text with the capitals of names, of peoples and of months that were typed in lower case."""
    text = LOWER_NAMES.sub(lambda found: found[0].capitalize(), text)
    for start, end, _ in names_in(text):
        if text[start:end].islower():
            text = f"{text[:start]}{title(text[start:end])}{text[end:]}"
    for found in findings.found:
        by = found.part == "medium" and found.start and wish.words[found.start - 1].folded == "by"
        if by:
            text = _credited(wish, findings, found, text)
        elif found.article is not None and found.name.islower() and found.name.isascii() and _is_a_name(wish, found):
            text = re.sub(rf"(?<!\w){re.escape(found.name)}(?!\w)", title(found.name), text, flags=re.IGNORECASE)
    return text


def _is_a_name(wish: Wish, found: Found) -> bool:
    """Whether words that may be a name are one here: not in "a white house", "the satanic god"."""
    before = wish.words[found.start - 1].folded if found.start else ""
    return before not in ("a", "an") and not (found.end - found.start == 1 and grammar.is_noun(found.name))


def _credited(wish: Wish, findings: Findings, artist: Found, text: str) -> str:
    """A text with the capitals of an artist behind "by" and of those that are named with it."""
    end = artist.end
    while end < len(wish.words) and (wish.words[end].folded == "and" or wish.words[end].folded not in STOP | FRAMING):
        if "," in wish.text[wish.words[end - 1].end : wish.words[end].start]:
            break
        end += 1
    names = wish.words_between(artist.start, end)
    return text.replace(names, title(names)) if names.islower() and names.isascii() else text


def _with_the(wish: Wish, findings: Findings, start: int, text: str) -> str:
    """A text that begins with a name of those that take "the": "the Eiffel Tower"."""
    named = any(f.start == start and f.article == "the" for f in findings.found)
    return f"the {text}" if named and not text.casefold().startswith("the ") else text


def _lacks_article(wish: Wish, findings: Findings, subject: Subject, sure: bool) -> bool:
    """Whether a thing is one of a countable noun, no name, and has no article, number or possessive."""
    words = wish.words[subject.start : subject.end]
    first, last = words[0].folded, words[-1].folded
    if findings.foreign:
        return False
    before = subject.start - 1
    while before > 0 and wish.words[before].folded in RANKED:  # "the next james bond film"
        before -= 1
    if subject.start and wish.words[before].folded in grammar.DETERMINERS:
        return False
    if first in grammar.INDEFINITE:  # "someone drawing"
        return False
    determined = (first in STOP and first not in ("very", "so", "too", "just")) or first in grammar.DETERMINED
    if determined or any(number_of(word.folded) is not None for word in words) or not words[0].text.isascii():
        return False
    owner = next((word.folded[:-2] for word in words[:-1] if word.folded.endswith("'s")), "")
    if (owner and not grammar.is_noun(owner)) or not words[0].text[0].isalpha() or is_name(wish, findings, subject):
        return False
    listed = grammar.nouns().get(last, ("", ""))
    number = (
        "p" if grammar.is_plural_form(last) else listed[0] or "c" * bool(listed[1] and last not in grammar.OF_ITS_THING)
    )
    following = wish.words[subject.end].folded if subject.end < len(wish.words) else ""
    framed = last in FRAMING and (not following or following in STOP | grammar.PREPOSITIONS)
    ending = [f for f in findings.found if f.end == subject.end and f.article is None]
    known = framed or any(f.part not in ("action", "quality") for f in ending)
    if number == "m" and any(f.part == "head" and f.entry.is_living and not f.entry.is_person for f in ending):
        number = "c"  # "chicken running"
    return number == "c" or (not number and not sure and known and singular(last) == last)


def is_name(wish: Wish, findings: Findings, subject: Subject) -> bool:
    """Whether a thing is called by a name: capital letters behind the first word, or words that nobody knows."""
    words = wish.words[subject.start : subject.end]
    named = [f for f in findings.found if f.article is not None and f.start < subject.end and subject.start < f.end]
    if named:
        return any(f.end >= subject.end for f in named) or not grammar.is_noun(words[-1].folded)
    if any(word.folded == "the" for word in words[1:]):  # "dora the explorer"
        return True
    if any(start < words[-1].end <= end for start, end, _ in names_in(wish.text)):  # "sean bean", no "sean bean doll"
        return True
    if len(words) > 1 and all(word.text[:1].isupper() for word in words):  # "Times Square"
        return True
    if any(word.text in wish.names for word in words):
        return not any(f.start < subject.end <= f.end for f in findings.found)
    return words[-1].folded in findings.unknown and not grammar.is_noun(words[-1].folded)
