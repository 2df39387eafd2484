"""Chosen phrases as clauses, and lists of them."""

from ..prompts import lexicon
from . import grammar, verbs
from .fitting import Option


def attendant(left: list[Option]) -> str:
    """What is seen of an action, behind its verb: ", eyes lowered to the page and thumb marking the place"."""
    found = pop(left, lambda o: o.part == "action" and o.role in ("detail", "doing"))
    verbal = [o.phrase for o in found if o.role == "doing" and verbs.is_verbal(o.phrase)]
    rest = [o.phrase for o in found if o.phrase not in verbal]
    return "".join(f", {phrase}" for phrase in verbal[:1]) + beside(rest)


def beside(phrases: list[str]) -> str:
    """Nouns with what they do, beside a sentence: ", head bent over the page"; others behind "with"."""
    loose = [phrase for phrase in phrases if is_absolute(phrase) and _is_of_a_body(phrase)]
    tied = [grammar.with_article(phrase) for phrase in phrases if phrase not in loose]
    return (f", {joined(loose)}" if loose else "") + (f", with {joined(tied)}" if tied else "")


def _is_of_a_body(phrase: str) -> bool:
    at = grammar.head_at(phrase)
    held = at == 0 or grammar.is_participle(phrase.split()[at + 1])
    return held and bool(lexicon.topics_of(phrase)) or phrase.split()[0] in ("head", "chin", "weight", "body")


def is_absolute(phrase: str) -> bool:
    """Whether a phrase stands by itself beside a sentence: a part of the body or of the thing, and how it is held."""
    words = phrase.split()
    at = grammar.head_at(phrase)
    behind = words[at + 1 : at + 2]
    return (
        at <= 1
        and bool(behind)
        and (
            grammar.is_participle(behind[0])
            or behind[0] in ("in", "on", "behind", "to", "at", "up", "down", "half", "open", "over", "under")
        )
    )


def is_held(phrase: str) -> bool:
    """Whether a phrase is a part and, in a participle behind it, how it is: "long white whiskers fanned out"."""
    words = phrase.split()
    at = grammar.head_at(phrase)
    return at + 2 < len(words) and words[0] not in grammar.DETERMINED and _holds(words[at + 1])


def _holds(word: str) -> bool:
    return grammar.is_participle(word) and word not in ("left", "set")


def take(left: list[Option], role: str, part: str = "") -> Option | None:
    """Remove and return the first option of a role (and part)."""
    for option in left:
        if option.role == role and (not part or option.part == part):
            left.remove(option)
            return option
    return None


def joined(parts: list[str]) -> str:
    """ "a, b and c"; with a comma before "and" where a part has one itself."""
    if len(parts) < 2:
        return "".join(parts)
    comma = "," if any(" and " in part or "," in part for part in parts) else ""
    return f"{', '.join(parts[:-1])}{comma} and {parts[-1]}"


def pop(left: list[Option], which) -> list[Option]:
    """Remove and return all options for which a test holds."""
    found = [option for option in left if which(option)]
    left[:] = [option for option in left if not which(option)]
    return found


def clause(phrase: str) -> str:
    """A noun phrase with a participle in -ing behind its noun as a clause: "mist lifting off the lake" → "mist lifts
    off the lake"; "" for any other.
    """
    words = phrase.split()
    at = grammar.head_at(phrase)
    if at + 2 > len(words) - 1 + 1 or at + 1 >= len(words) or " and " in " ".join(words[: at + 1]):
        return ""
    verb = words[at + 1]
    if not verb.endswith("ing") or grammar.is_ing_noun(verb) and words[at + 2 : at + 3] == []:
        return ""
    many = grammar.number_of_phrase(phrase) == "p"
    start = grammar.with_article(" ".join(words[: at + 1]))
    return f"{start} {verbs.finite(' '.join(words[at + 1 :]), many)}"
