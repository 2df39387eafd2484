"""Candidates made of one idea of the subject: which ideas go with a wish, and how one is said in the three styles.

What the user settled (a place, a light, a color) is left out of the idea: the rest stands by itself.
"""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..prompts import lexicon
from ..prompts.vocabulary import STOP, fold
from ..subjects.find import Findings, Found
from ..subjects.ideas import Idea
from ..subjects.manner import BY
from ..wishes.wish import Wish
from . import sentences, tags, verbs
from .contradictions import may_say
from .fitting import Option, shows_otherwise
from .grammar import is_plural_form
from .noun_phrase import is_plain, with_articles
from .opening import opening
from .options import REFLECTED, option_of, role_is_open
from .phrases import tidy_end
from .predicate import begins_with_medium
from .scene import Scene, scene_of
from .thing import Thing, thing_of

FEWEST_WORDS = 20  # of sentences
FEWEST_PHRASES = 4  # an idea of which less is left is no picture any more
# Entries of these sorts beside the head change its world, which an idea does not know.
CHANGING_KINDS = frozenset("style era fantasy".split())


@dataclass(frozen=True)
class Fitting:
    """What of an idea may be said beside a wish.

    sentences  (roles, text) as in the idea, those that speak of nothing that may not be said
    tags       the idea's; none where a part of it may not be said
    """

    options: tuple[Option, ...]
    sentences: tuple[tuple[frozenset[str], str], ...]
    tags: tuple[str, ...] = ()

    @property
    def leads(self) -> bool:
        """Whether its first sentence may be said, which has the user's words as its subject, and enough behind it."""
        words = sum(len(text.split()) for _, text in self.sentences)
        return words >= FEWEST_WORDS and self.sentences[0][1].startswith("{S} ")


def fitting_ideas(wish: Wish, findings: Findings, ideas: Mapping[str, Sequence[Idea]]) -> tuple[Fitting, ...]:
    """The ideas of the head that go with a wish."""
    found = next((f for f in findings.found if f.part == "head"), None)
    if found is None or found.entry.subject not in ideas or not _is_plainly_meant(wish, findings, found):
        return ()
    if _is_bare(wish, found):
        return tuple(_whole(idea, found) for idea in ideas[found.entry.subject])
    scene = scene_of(wish, findings)
    if scene.flat or scene.craft or scene.crowded or scene.inside or scene.sculpted:
        return ()
    fittings = (_fitting(idea, found, scene) for idea in ideas[found.entry.subject])
    return tuple(f for f in fittings if f is not None)


def _is_plainly_meant(wish: Wish, findings: Findings, found: Found) -> bool:
    """Whether the head is what its entry describes, in the number of the idea, in a wish that leaves room."""
    if wish.detailed or wish.quoted or wish.excluded or findings.ill_read:
        return False
    if wish.verbs and not findings.of("action") or REFLECTED & {word.folded for word in wish.words}:
        return False  # what it is shown doing is all: "headphones dangling from a branch"
    if (findings.mixed or findings.restyled or findings.narrowed) and not _is_bare(wish, found):
        return False
    if any(not f.entry.kinds.isdisjoint(CHANGING_KINDS) for f in findings.found if f.part == "quality"):
        return False
    if not _is_bare(wish, found) and (_names_somebody(wish, findings) or _says_more(wish, findings)):
        return False
    many = found.subject is not None and found.subject.many and found.article is None
    typed = fold(found.name).split()[-1] if found.name else ""
    return (many or is_plural_form(typed)) == is_plural_form(found.entry.subject.split()[-1])


def _names_somebody(wish: Wish, findings: Findings) -> bool:
    """Whether somebody's manner is wanted, or a name stands there that no entry has: "an Athenian vase"."""
    names = {word.folded for word in wish.words if word.text in wish.names}
    return any(subject.relation in BY for subject in wish.subjects) or not names.isdisjoint(findings.unknown)


def _says_more(wish: Wish, findings: Findings) -> bool:
    """Whether a thing is named that no entry tells of: "a woman on the bottom of a bowl"."""
    known = [(found.start, found.end) for found in findings.found]
    others = (subject for subject in wish.subjects if subject != findings.head)
    return any(not any(s.start < end and start < s.end for start, end in known) for s in others)


def _is_bare(wish: Wish, found: Found) -> bool:
    """Whether nothing but the subject's name was typed: then its ideas hold as they are."""
    others = (word.folded for i, word in enumerate(wish.words) if not found.start <= i < found.end)
    return all(word in STOP or word == "1" for word in others)


def _whole(idea: Idea, found: Found) -> Fitting:
    """An idea with nothing left out."""
    options = tuple(option_of(phrase, role, found) for role, phrase in idea.phrases)
    return Fitting(options, idea.sentences, idea.tags)


def _fitting(idea: Idea, found: Found, scene: Scene) -> Fitting | None:
    """An idea without what the wish settles itself; None where that is no picture any more or goes against the wish."""
    options = []
    dropped: set[str] = set()
    for role, phrase in idea.phrases:
        option = option_of(phrase, role, found)
        if role_is_open(role, found, scene) and may_say(option, found, scene):
            options.append(option)
        else:
            dropped.add(role)
    if "doing" in dropped and "doing" not in scene.closed or len(options) < FEWEST_PHRASES:
        return None
    kept = []
    for roles, text in idea.sentences:
        option = option_of(text, "detail", found)
        if (
            not roles & dropped
            and not lexicon.clash(option.facts, scene.facts)
            and not option.words & scene.wish.forbidden
        ):
            kept.append((roles, text))
    return Fitting(tuple(options), tuple(kept), () if dropped else idea.tags)


OF_THE_THING = frozenset(("doing", "detail"))


def mixed(first: Fitting, second: Fitting) -> Fitting | None:
    """What one idea says of the thing itself, in the place, light and view of another; None where it clashes."""
    own_options = [option for option in first.options if option.role in OF_THE_THING]
    others = [option for option in second.options if option.role not in OF_THE_THING]
    if any(shows_otherwise(a, b) for a in own_options for b in others):
        return None
    options = [*own_options, *others]
    own = [(roles, text) for roles, text in first.sentences if roles <= OF_THE_THING]
    around = [
        (roles, text) for roles, text in second.sentences if not roles <= OF_THE_THING and not text.startswith("{S} ")
    ]
    return Fitting(tuple(options), (*own, *around))


def with_mixed(fittings: Sequence[Fitting]) -> list[Fitting]:
    """Ideas, and behind them each in the surroundings of the next, as far as both go together."""
    both = (mixed(a, b) for a, b in zip(fittings, fittings[1:], strict=False))
    return [*fittings, *filter(None, both)]


def in_order(fittings: Sequence[Fitting], worth: Mapping[str, float], seed: int) -> list[Fitting]:
    """Ideas in the order of the candidates: drawn by the seed, whole and fitting ones more likely first.

    worth: the log-odds of fitting of each phrase; {} where no network reads them.
    """
    dice = random.Random(f"{seed}/ideas")

    def rank(fitting: Fitting) -> float:
        read = [worth[option.phrase] for option in fitting.options if option.phrase in worth]
        return dice.gauss(0, 1) + bool(fitting.tags) + (sum(read) / len(read) if read else 0.0)

    return sorted(fittings, key=rank, reverse=True)


def say(wish: Wish, findings: Findings, fitting: Fitting, style: str, seed: str) -> str:
    """An idea in one of the three styles, the user's words first."""
    if style == "sentences":
        return _in_sentences(wish, findings, fitting, seed)
    if style == "tags":
        return tags.write(wish, findings, fitting.options, (), fitting.tags)
    return ", ".join([tidy_end(wish.text), *(option.phrase for option in fitting.options)])


def _in_sentences(wish: Wish, findings: Findings, fitting: Fitting, seed: str) -> str:
    """The idea's own sentences behind the user's words, of an idea that leads."""
    thing = thing_of(wish, findings)
    first, *others = (text for _, text in fitting.sentences)
    again = f"the {thing.name}" if thing.article is None else thing.again
    said = _first(wish, findings, thing, first, again, seed)
    return " ".join(sentences.as_sentence(text.replace("{T}", again)) for text in [*said, *others])


def _first(wish: Wish, findings: Findings, thing: Thing, first: str, again: str, seed: str) -> list[str]:
    """The idea's first sentence with the user's words as its subject, or behind a sentence of them."""
    if _stands_before_a_verb(wish, findings, thing):
        typed = with_articles(wish, findings, 0, len(wish.words), wish.words_between(0, len(wish.words)))
        if not begins_with_medium(wish, findings, 0):
            return [first.replace("{S}", typed)]
        doing = as_participle(first.removeprefix("{S} "))
        if " of " in typed and doing:
            return [f"{typed} {doing}"]
    opened = opening(wish, findings, thing, [], random.Random(f"{seed}/{wish.text}/ideas"))
    return [*opened, first.replace("{S}", again)]


TWO_VERBS = re.compile(r"\b(?:and|then|but) (?:\w+ly )?\w+s\b")


def as_participle(predicate: str) -> str:
    """A predicate as what somebody is shown doing: "reads in a tub" gives "reading in a tub"; "" for two verbs."""
    verb, _, rest = predicate.partition(" ")
    if not verb.endswith("s") or TWO_VERBS.search(rest):
        return ""
    return f"{verbs.participle(verb)} {rest}"


LONGEST_SUBJECT = 10  # words before the verb


def _stands_before_a_verb(wish: Wish, findings: Findings, thing: Thing) -> bool:
    """Whether the user's words are a plain noun phrase that can be the subject of the idea's first sentence."""
    words = len(wish.words)
    return (
        wish.kind == "phrase"
        and thing.sure
        and words <= LONGEST_SUBJECT
        and not wish.verbs_at
        and wish.words_between(0, words) == tidy_end(wish.text)
        and is_plain(wish, findings, 0, words)
    )
