"""A model's answer as one tidy line of comma-separated details: commas, repetitions, cut-off tails."""

import operator
import re
from collections import Counter

from .spacing import repair_spacing
from .words import word_set

_NOT_TEXT = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff\ufffc-\uffff]")
_LINE_END = re.compile("[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")
_COMMA = re.compile(r"\s*，\s*|\s*,(?!(?<=\d,)\d{3}(?!\d))\s*")  # the comma of "2,000" divides nothing
_WORD = re.compile(r"[^\W_]+")
_ARTICLES = word_set("a an the")
# Names and noises that are said twice: "duran duran".
_DOUBLED = word_set("baden bora bye cha chop chow doo duran ha knock pago pom tom tut walla yo")
_NAME_OF_SEVERAL_WORDS = re.compile(r"[^\W\d_a-z]\w+(?: [^\W\d_a-z]\w+)+[.!]?")
_INITIAL = re.compile(r"\w\.$")  # "j. r. r. tolkien"
_LOOPED_SCRIPT = re.compile("([^\x00-\x7f]{1,20}?)\\1{3,}")  # scripts without blanks
_LONGEST_LOOP = 12  # words

_CONNECTOR = "a|an|and|by|featuring|of|or|the|with|in the style of|in style of|in the manner of|inspired by|art by|&"
_CONNECTOR_CUT = "as|at|between|for|from|in|into|is|its|like|on|over|to|under|very|wearing"
_LAST_WORDS = frozenset(phrase.split()[-1] for phrase in f"{_CONNECTOR}|{_CONNECTOR_CUT}".split("|"))
_DANGLING = re.compile(rf"(?:^|(?<=\s))(?:{_CONNECTOR})[\s.;:&-]*$", re.IGNORECASE)
_DANGLING_CUT = re.compile(rf"(?:^|(?<=\s))(?:{_CONNECTOR}|{_CONNECTOR_CUT})[\s.;:&-]*$", re.IGNORECASE)


def clean(answer: str, truncated: bool = False, words: str = "") -> str:
    """One tidy line of comma-separated details from a model's `answer`.

    Control characters, cut characters (U+FFFD), tokenizer spacing (see `repair_spacing`), details said before
    (letter case, articles and punctuation aside), loops of words ("very very very", "a b a b a b"), unpaired
    quotes and a dangling end ("..., art by") are gone. Commas inside parentheses divide nothing.

    truncated: the answer was cut at a length limit, so its last detail, or the last word of an only detail,
        is taken for unfinished and dropped.
    words: what was asked; a detail that they say twice may be there twice. So may a name of several words with
        capitals, one behind the other: "New York, New York".
    Raises ValueError if `answer` is no string.
    """
    if not isinstance(answer, str):
        raise ValueError(f"answer is a {type(answer).__name__}; expected a string.")
    asked = Counter(_key(detail) for detail in _details(words)) if words else Counter()
    cleaned = _clean_once(answer, truncated, asked)
    # What was dropped may have kept the pieces of a word apart.
    return cleaned if repair_spacing(cleaned) == cleaned else _clean_once(cleaned, False, asked)


def manner(answer: str) -> str:
    """The second half of an answer's details: prompts say first what there is to see, and then in which manner."""
    details = answer.split(", ")
    return ", ".join(details[(len(details) + 1) // 2 :])


def _clean_once(text: str, truncated: bool, asked: Counter) -> str:
    if not text.isprintable() or "\ufffd" in text or "\ufffc" in text:
        text = _LINE_END.sub(", ", _NOT_TEXT.sub("", text).strip())
    details = _details(repair_spacing(" ".join(text.split())))
    if truncated:
        cleaned = _clean_details(_without_cut(details), _DANGLING_CUT, asked)
        if cleaned:  # else the cut word is all there is
            return cleaned
    return _clean_details(details, _DANGLING, asked)


def _clean_details(details: list[str], dangling: re.Pattern, asked: Counter) -> str:
    details = _pair_quotes(_without_repeated(_without_loops(details), asked))
    return ", ".join(_without_dangling(details, dangling))


def _details(text: str) -> list[str]:
    """The comma-separated details of `text`; a comma between parentheses does not separate."""
    details = _COMMA.split(text)
    if "(" not in text:
        return details
    joined, depth = [], 0
    for detail in details:
        if depth > 0:
            joined[-1] += ", " + detail
        else:
            joined.append(detail)
            depth = 0
        depth += detail.count("(") - detail.count(")")
    return joined if depth <= 0 else details


def _without_cut(details: list[str]) -> list[str]:
    """`details` without what the length limit cut: the last detail, or an only detail's last word."""
    while details and not details[-1].strip():
        details = details[:-1]
    if len(details) > 1:
        return details[:-1]
    return [detail.rsplit(" ", 1)[0].rstrip(" ,") for detail in details]


def _without_repeated(details: list[str], asked: Counter) -> list[str]:
    """The details of which none before says the same, as often as they were asked for at most, and that have a letter,
    digit or picture."""
    kept: list[str] = []
    times: Counter = Counter()
    last = ""
    for detail in details:
        key = _key(detail)
        is_name = key == last and times[key] == 1 and _NAME_OF_SEVERAL_WORDS.fullmatch(detail)
        if (not times[key] or times[key] < asked[key] or is_name) and (_words(detail) or not detail.isascii()):
            kept.append(detail.lstrip(" .:;!?|"))
            times[key] += 1
        last = key
    return kept


def _key(detail: str) -> str:
    """What two details have in common that say the same."""
    return " ".join(_words(detail)) or detail


def _words(detail: str) -> list[str]:
    return [word for word in _WORD.findall(detail.lower()) if word not in _ARTICLES]


def _without_loops(details: list[str]) -> list[str]:
    """`details` in which words and phrases that follow themselves are said once."""
    text = " ".join(details)
    if not text.isascii():
        details = [_LOOPED_SCRIPT.sub(r"\1", detail) for detail in details]
    words = text.lower().split()
    if len(set(zip(words, words[1:], strict=False))) == len(words) - 1 and not any(map(operator.eq, words, words[1:])):
        return details
    return [" ".join(_without_loop(detail.split(" "))) for detail in details]


def _without_loop(words: list[str]) -> list[str]:
    """`words` with every phrase that follows itself said once, the longest phrases first."""
    for length in range(min(_LONGEST_LOOP, len(words) // 2), 0, -1):
        lower = [word.lower() for word in words]
        if not any(map(operator.eq, lower, lower[length:])):
            continue
        kept: list[int] = []  # indices of words
        for index, word in enumerate(lower):
            kept.append(index)
            if (
                len(kept) >= 2 * length
                and lower[kept[-length - 1]] == word
                and word not in _DOUBLED
                and not _INITIAL.match(word)
                and [lower[i] for i in kept[-length:]] == [lower[i] for i in kept[-2 * length : -length]]
            ):
                del kept[-length:]
        if len(kept) < len(words):  # what has moved together may be a longer loop
            return _without_loop([words[index] for index in kept])
    return words


def _pair_quotes(details: list[str]) -> list[str]:
    """`details` without the double quotes that have no partner."""
    text = "\n".join(details)
    odd, uneven = text.count('"') % 2, text.count("“") != text.count("”")
    if not odd and not uneven:
        return details
    if odd:
        before, _, after = text.rpartition('"')
        text = before + after
    if uneven:
        text = re.sub("[“”]", "", text)
    return [" ".join(detail.split()) for detail in text.split("\n") if detail.strip()]


def _without_dangling(details: list[str], dangling: re.Pattern) -> list[str]:
    """`details` whose end is a finished thought: no "and", "with", "in the style of" is left hanging."""
    details = list(details)
    while details:
        last = details[-1].rstrip(" ;:|-&+/")
        if last.rpartition(" ")[2].lower().rstrip(".;:&-") in _LAST_WORDS:
            last = dangling.sub("", last).rstrip(" ;:|-&+/")
        if last == details[-1]:
            break
        details[-1:] = [last] if last else []
    return details
