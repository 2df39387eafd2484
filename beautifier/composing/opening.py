"""The first sentence, in the user's words."""

import random
import re

from ..prompts.vocabulary import STOP, fold
from ..subjects.find import Findings
from ..wishes.wish import QUOTED, Wish
from . import grammar, verbs
from .fitting import Option
from .lists import list_sentences, read_list
from .noun_phrase import ODD, capitals, is_noun_phrase, is_plain, with_articles
from .phrases import tidy_end
from .predicate import predicated
from .tag_prose import tag_sentences
from .thing import Thing

LEADS_TO_TEXT = frozenset(
    "says say saying reads read reading titled named called text words word written writes lettering label labeled "
    "spelling spells spelled displays display displaying displayed shows showing reveals "
    "sign caption captioned with phrase quote title slogan message letters that and".split()
)


def opening(wish: Wish, findings: Findings, thing: Thing, left: list[Option], dice: random.Random) -> list[str]:
    """The first sentence, and where the wish is a list the sentences that take up its further parts.

    What is no plain noun phrase of known words stands as typed.
    """
    typed = tidy_end(wish.text)
    if not wish.words:
        return [typed]
    if wish.kind == "tags":
        return tag_sentences(wish, findings)
    if wish.kind == "list":
        parts = read_list(wish, findings)
        if parts is None:
            return [as_typed(wish, findings, _with_first_article(wish, findings, typed))]
        return list_sentences(wish, findings, thing, parts, left, dice)
    whole = wish.words_between(0, len(wish.words)) == typed
    if wish.kind == "sentence" or not whole or wish.quoted or not is_plain(wish, findings, 0, len(wish.words)):
        return [as_typed(wish, findings, _with_quotes(wish, _with_first_article(wish, findings, typed)))]
    return [predicated(wish, findings, thing, 0, len(wish.words), left, dice)]


SENTENCE_END = re.compile(r"(?<=[a-z]{3}[.!?] )(?<!etc. )(?<!vol. )[a-z](?=[a-z]*\b)")


def as_typed(wish: Wish, findings: Findings, text: str) -> str:
    """The user's own sentences, each with its capital, and the names in them; with quoted text in it as it is."""
    if QUOTED.search(text):
        return text
    text = SENTENCE_END.sub(lambda found: found[0].upper(), text)
    return capitals(wish, findings, text)


def _with_first_article(wish: Wish, findings: Findings, typed: str) -> str:
    """A text that stands as typed, with the article that its first thing lacks."""
    first = wish.subjects[0] if wish.subjects else None
    end = wish.segments[0][1] if wish.segments else 0
    if first is None or first.start or not typed.startswith(wish.words[0].text) or not is_noun_phrase(wish, 0, end):
        return typed
    if not wish.quoted and (wish.kind == "sentence" or typed[0].isupper()):
        return typed
    if ODD.search(wish.words_between(0, end)) or not wish.words_between(0, end).isascii():
        end = first.end
    if ODD.search(wish.words_between(0, end)) or wish.words[0].folded in verbs.BASES:
        return typed
    if wish.kind == "list" and grammar.nouns().get(wish.words[first.end - 1].folded, ("", ""))[0] != "c":
        return typed
    return with_articles(wish, findings, 0, end, typed)


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
