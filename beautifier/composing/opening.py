"""The first sentence, in the user's words."""

import random
import re

from ..prompts.vocabulary import STOP, fold
from ..subjects.find import Findings
from ..wishes.wish import QUOTED, Wish
from .fitting import Option
from .lists import list_sentences, read_list
from .phrases import tidy_end
from .predicate import is_noun_phrase, predicated
from .thing import Thing

LEADS_TO_TEXT = frozenset(
    "says say saying reads read reading titled named called text words word written writes lettering label labeled "
    "spelling spells spelled sign caption captioned with phrase quote title slogan message letters that and".split()
)


def opening(wish: Wish, findings: Findings, thing: Thing, left: list[Option], dice: random.Random) -> list[str]:
    """The first sentence, and where the wish is a list the sentences that take up its further parts."""
    typed = tidy_end(wish.text)
    if not wish.words:
        return [typed]
    if wish.kind == "sentence" and (len(wish.segments) > 1 or not is_noun_phrase(wish, 0, len(wish.words))):
        return [typed]
    if wish.kind in ("list", "tags"):
        parts = read_list(wish, findings)
        if parts is None:
            return [typed]
        return list_sentences(wish, findings, thing, parts, left, dice)
    phrase = _with_quotes(wish, typed)
    if len(findings.unknown) > 2 and 2 * len(findings.unknown) > len(wish.words):  # another language
        return [phrase]
    if not is_noun_phrase(wish, 0, len(wish.words)):
        return [phrase]
    return [predicated(wish, findings, thing, phrase, 0, left, dice)]


def _with_quotes(wish: Wish, typed: str) -> str:
    """The text as typed, with "with the words" before quoted text that stands bare behind a noun."""
    if not wish.quoted:
        return typed

    def said(match: re.Match) -> str:
        before = fold(typed[: match.start()]).split()
        behind = typed[match.end() :].strip()
        if (
            before
            and before[-1] not in LEADS_TO_TEXT | STOP
            and typed[: match.start()].rstrip()[-1:] not in ',:"'
            and not behind[:1].isalnum()
        ):
            return f"with the words {match[0]}"
        return match[0]

    return QUOTED.sub(said, typed)
