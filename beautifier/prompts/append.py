"""A raw prompt as it was typed, and the new details of an answer behind it."""

import re
from dataclasses import replace

from .parentheses import balance
from .prose import is_prose, sentences_of
from .standing_in import neutral_words
from .syntax import SURROGATES, Piece, SetAside, checked, set_aside
from .syntax_table import DIVIDES, LINE
from .taming import written
from .words import STOP_WORDS, WORD, fold, fold_characters

_ARTICLE = re.compile(r"^(?:an?|the|one) ", re.IGNORECASE)
_LEADS_TO_SUBJECT = re.compile(r"(?:\b(?:of|showing|featuring|with|and)\s+)?(?:\b(?:an?|the|one)\s+)?$", re.IGNORECASE)
_WORDY = re.compile(r"\w")
_SENTENCE_END = re.compile(r"[.!?…。！？]\s*$")
_SHOWS = frozenset("pictur imag scen photo show also her wear one stand".split())
_STAYS_LAST = ("weight of a section", "parameter")
_COUNTED = re.compile(r"^\d+\+?(?=(?:girl|boy|other)s?$)")
_ENDING = re.compile(r"(?<=\w{3})(?:ing|ed|es|s|e)$")
_GOES_ON = re.compile(r"(?:[^\W_]['\"’”]?|__|[}>\])])$")


def append(raw_prompt: str, answer: str, aside: SetAside | None = None) -> str:
    """`raw_prompt` verbatim, then the details of `answer` that say something new, separated by commas.

    Only stray parentheses of the raw prompt change (see `balance`), and lone surrogates go, which are no
    text. A detail is new if one of its content words is not in the raw prompt, accents and other marks aside;
    where a detail says the raw prompt's words again ("portrait of an old sailor, smiling"), only what is around
    them is appended. Details are plain words: syntax in the answer loses its marks. After a comment they begin on
    a new line, after a sentence with a capital letter, and before what must end it ("a AND b :0.5", "a --ar 3:2").
    Of an answer in sentences the new sentences follow; one that begins with the raw prompt's words goes on from them.
    Without new details the raw prompt comes back alone. What an answer says of a neutral word, which stands for a thing
    that its writer could not see, is not said.

    aside: the raw prompt taken apart for the writer; None is `set_aside` of it.
    Raises ValueError if an argument is no string.
    """
    raw = balance(SURROGATES.sub("", checked(raw_prompt, "raw_prompt")))
    checked(answer, "answer")
    aside = aside or set_aside(raw)
    body, end, parts = _without_end(raw, aside.parts)
    longer = _longer(body, replace(aside, parts=parts) if end else aside, answer)
    return raw if longer == body else f"{longer} {end}" if end else longer


def _without_end(raw: str, parts: tuple[str | Piece, ...]) -> tuple[str, str, tuple[str | Piece, ...]]:
    """What details go behind, what stays behind them, as the weight of a section and Midjourney's parameters do, and
    the parts of the first."""
    at, last = len(raw), len(parts)
    for index in range(len(parts) - 1, -1, -1):
        part = parts[index]
        if isinstance(part, Piece) and part.kind in _STAYS_LAST and (found := raw.rfind(part.text, 0, at)) >= 0:
            at, last = found, index
        elif isinstance(part, Piece) or part.strip():
            break
    return (raw[:at].rstrip() if last < len(parts) else raw.rstrip(" \t")), raw[at:].rstrip(), parts[:last]


def _longer(raw: str, aside: SetAside, answer: str) -> str:
    """`raw` with the new details of an answer behind it."""
    said = _compared(f"{raw} {aside.words}")
    folded = fold(raw)
    subject = fold_characters(_ARTICLE.sub("", aside.words))
    text = written(answer, aside, weights=False)
    if is_prose(text):
        return _with_sentences(raw, aside, subject, text, said)
    parts = [part for detail in text.split(", ") for part in _around(subject, detail) if fold(part) not in folded]
    details = _new(parts, said, aside)
    return _joined(raw, aside, ", ".join(details)) if details else raw


def _with_sentences(raw: str, aside: SetAside, subject: str, answer: str, said: set[str]) -> str:
    """`raw` and the sentences of an answer that say something new."""
    first, *sentences = sentences_of(answer)
    going_on = ""
    found = _whole(subject, fold_characters(first)) if subject else None
    goes_on = _GOES_ON.search(raw) and not any(piece.treatment in (DIVIDES, LINE) for piece in aside.pieces)
    if found and goes_on and not _ARTICLE.sub("", first[: found[0]]).strip():
        going_on = first[found[1] :]
        going_on = "" if said.issuperset(_compared(going_on)) else going_on
        said = said | _compared(going_on)
    elif not _says_again(aside, first):
        sentences = [first, *sentences]
    new = _new(sentences, said, aside)
    if not new:
        return raw + going_on
    if going_on:
        return " ".join([raw + going_on, *new])
    return _joined(raw, aside, " ".join(new), ". " if _GOES_ON.search(raw) else " ")


def _new(parts: list[str], said: set[str], aside: SetAside) -> list[str]:
    """The details or sentences of which some word was not said before, and none is a neutral one."""
    neutral, new = neutral_words(aside.parts), []
    for part in parts:
        words = _compared(part)
        if not said.issuperset(words) and not neutral & words:
            new.append(_without_said(part, said))
            said = said | words
    return new


def _without_said(part: str, said: set[str]) -> str:
    """A sentence without the details at its beginning that say nothing new: "A dog, soft light" behind "a dog"."""
    details = part.split(", ")
    while len(details) > 1 and said.issuperset(_compared(details[0])):
        details = details[1:]
    return ", ".join(details)


def _says_again(aside: SetAside, sentence: str) -> bool:
    """Whether a sentence says all that the raw prompt says and hardly more; of a divided one, whatever else it says."""
    words, asked = _compared(sentence), _compared(aside.words) - {"solo"}
    if asked and not words & asked and not any(map(str.isdigit, aside.words)):
        return False
    if not words.issuperset(asked):
        words, asked = {_root(word) for word in words}, {_root(word) for word in asked}
    return words.issuperset(asked) and (aside.is_divided or {_root(word) for word in words - asked} <= _SHOWS)


def _root(word: str) -> str:
    """What forms of a word have in common: "1girl" and "girl", "smile" and "smiling"."""
    return _ENDING.sub("", _COUNTED.sub("", word))


def _compared(text: str) -> set[str]:
    """The words of a text that are compared."""
    return set(WORD.findall(fold(text))) - STOP_WORDS


def _around(subject: str, detail: str) -> list[str]:
    """What a detail says before and after a subject: ("cat", "portrait of a cat in a hat") -> portrait, in a hat."""
    found = _whole(subject, fold_characters(detail)) if subject else None
    if not found:
        return [detail]
    before, after = detail[: found[0]], detail[found[1] :]
    leads = _LEADS_TO_SUBJECT.search(before)
    # "a hooded" before "assassin on a roof" is no detail, "hooded" is.
    before = before[: leads.start()] if leads and leads[0] else _ARTICLE.sub("", before)
    return [part for part in (before.strip(), after.strip()) if part]


def _whole(subject: str, detail: str) -> tuple[int, int] | None:
    """Where a detail says the subject as whole words: where that begins and ends."""
    start = detail.find(subject)
    while start >= 0:
        end = start + len(subject)
        if not _WORDY.match(detail, end) and not (start and _WORDY.match(detail, start - 1)):
            return start, end
        start = detail.find(subject, start + 1)
    return None


def _joined(raw: str, aside: SetAside, details: str, between: str = ", ") -> str:
    """`raw` and added details, with what must stand between them where nothing else has to."""
    last = next((part for part in reversed(aside.parts) if isinstance(part, Piece) or part.strip()), "")
    last_line = raw.rsplit("\n", 1)[-1]
    if isinstance(last, Piece) and last.treatment == LINE and not last.text.startswith("/*"):
        return raw + ("" if last_line == "" else "\n") + details
    if not raw.strip() or last_line == "":
        return raw + details
    if (
        isinstance(last, Piece)
        and (last.treatment == DIVIDES or last.text.startswith("/*"))
        or re.search(r",\s*$", raw)
    ):
        return raw + ("" if raw[-1].isspace() else " ") + details
    if _SENTENCE_END.search(raw):
        return raw + ("" if raw[-1].isspace() else " ") + details[0].upper() + details[1:]
    return f"{raw}{between}{details}"
