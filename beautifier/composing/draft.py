"""One candidate of the embedded writer: an idea or chosen phrases, in the style and the length that are asked for."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..dressing.measure import size_of
from ..faithful import avoided
from ..prompts.brackets import put_aside
from ..prompts.prose import sentences_of
from ..prompts.vocabulary import content
from ..request import Request
from ..subjects.entries import Entries
from ..subjects.find import Findings
from ..targets.target import LENGTHS, words_for
from ..wishes.wish import Wish
from . import around, general, grammar, phrases, sentences, tags
from .around import Rate
from .chooser import Score, choose
from .fitting import GENERIC, Option, fits
from .fuller import ROOM, STEPS, Fuller
from .ideas import Fitting, say
from .scene import scene_of
from .tag_prose import TIMES

# How many phrases more than usual are tried, by how much the wish says itself; and how many fewer.
MORE = {0: (2, 4, 7, 10, 14), 1: (2, 4, 6), 2: (2,)}
TRIES = {"short": 1, "medium": 4, "long": 5}  # how many of these are tried
FEWER = (-1, -2, -3, -4, -5, -6)
LEAST_TAGS = 4  # words of tags behind sentences
SPARE = 4  # words that what was ruled out may take again
EVEN = 0.0  # odds of fitting at which a detail is still said where a text would be too short for its image model
BOLDER = 2  # phrases more where the strength is "creative"


@dataclass(frozen=True)
class Reading:
    """A raw prompt as it was understood: its wish (of the English words where it was Chinese), its entries, and the
    Chinese words that could not be read, which stand in the wish as typed.
    """

    wish: Wish
    findings: Findings
    unread: tuple[str, ...] = ()


@dataclass(frozen=True)
class Draft:
    """What candidate k is made of.

    possible  the phrases that may be added; for sentences those that make clauses
    score     how gladly each is taken; None where no network says
    used      how often earlier candidates took a phrase
    idea      the idea that it says; None where phrases are chosen
    allowed   the phrases that the rules allow, whatever a network says
    entries   what tells of the places that are added
    rate      which of some phrases fit a text, the best first
    """

    reading: Reading
    possible: Sequence[Option]
    request: Request
    k: int
    score: Score | None
    used: Mapping[str, int]
    idea: Fitting | None
    allowed: Sequence[Option]
    entries: Entries
    rate: Rate

    @property
    def parts(self) -> tuple[str, ...]:
        """What the image model's row wants every prompt to say, but for a strict one."""
        target = self.request.image_model
        return target.parts if target is not None and self.request.strength != "strict" else ()

    def written(self) -> tuple[str, list[Option]]:
        """The candidate and the phrases it took, within the words of the wished length as far as phrases last."""
        text, chosen = self.of_length()
        if self.request.style == "phrases" and "light" in self.parts:
            text, chosen = self.lit(text, chosen)
        return put_aside(text) if self.request.style == "tags" and self.pure else text, chosen

    def of_length(self) -> tuple[str, list[Option]]:
        """The same, its brackets as they are."""
        best = self.at(BOLDER if self.request.strength == "creative" else 0)
        bounds = bounds_of(self.request)
        if bounds is None or self.request.strength == "strict":
            return best
        least, most = (words - ROOM * len(set(self.parts) & set(STEPS)) for words in bounds)
        size = size_of(best[0], self.request.style)
        if size > most and not self.idea:
            best = next(filter(self.is_short(most), map(self.at, FEWER)), best)
        for more in MORE[self.reading.wish.detailed][: TRIES[self.request.length]]:
            if size >= least:
                break
            longer = self.at(more)
            if size < size_of(longer[0], self.request.style) <= most:
                best, size = longer, size_of(longer[0], self.request.style)
        best = self.fuller(*best, *bounds) if size < least or self.parts else best
        return (self.with_tags(*best), best[1]) if "tags" in self.parts else best

    def with_tags(self, text: str, chosen: Sequence[Option]) -> str:
        """Sentences with the most telling tags of the same picture behind them."""
        wish, findings = self.reading.wish, self.reading.findings
        found = tags.write(wish, findings, chosen, self.possible, pure=True).split(", ")
        known = [tag for tag in found if tag in tags.table().kind and "(" not in tag]
        room = words_for(self.request.image_model, "sentences", self.request.length)[1] - len(text.split())
        while known and len(" ".join(known).split()) > max(room, LEAST_TAGS):
            known.pop()
        return f"{text} {', '.join(known)}"

    def fuller(self, text: str, chosen: list[Option], least: int, most: int) -> tuple[str, list[Option]]:
        """Sentences with what is not said yet of the same picture, as far as there is anything to say."""
        wish, findings, target = self.reading.wish, self.reading.findings, self.request.image_model
        if self.request.style != "sentences" or not wish.words or findings.ill_read:
            return text, chosen
        dice = random.Random(f"{self.request.seed}/{self.k}/{wish.text}/fuller")
        allowed = [option for option in self.allowed if option.role == "detail"]
        details = self.rate(wish.text, allowed)
        possible = [*self.gladly([o for o in self.possible if o.role != "detail"]), *details]
        fewest = target.words[0] + SPARE if target is not None else 0
        return Fuller(
            text, wish, findings, chosen, possible, self.entries, self.rate, dice, least, most,
            self.idea is not None, self.parts, fewest, self.rate(wish.text, allowed, EVEN),
        ).written()  # fmt: skip

    def gladly(self, options: Sequence[Option]) -> list[Option]:
        """Phrases in the order in which they are taken."""
        wish, score = self.reading.wish, self.score
        return sorted(options, key=lambda o: score(wish, o, []), reverse=True) if score else list(options)

    @property
    def pure(self) -> bool:
        """Whether tags are to be tags alone: where an image model is named that reads them."""
        return bool(self.request.target)

    def is_short(self, most: int):
        """Whether a written candidate has no more than so many words."""
        return lambda written: size_of(written[0], self.request.style) <= most

    def at(self, more: int) -> tuple[str, list[Option]]:
        """The candidate with so many phrases more than usual, or fewer."""
        return self.of_idea(self.idea, more) if self.idea is not None else self.of_phrases(more)

    def of_phrases(self, more: int) -> tuple[str, list[Option]]:
        """The candidate of chosen phrases."""
        wish, findings, style = self.reading.wish, self.reading.findings, self.request.style
        prose = style == "sentences"
        bold = self.request.strength == "creative"
        chosen = choose(wish, self.possible, self.request.seed, self.k, self.score, prose, self.used, more, bold)
        crowded = scene_of(wish, findings).crowded
        if prose:
            told = [option for option in chosen if option.role not in self.parts]  # the others come behind them
            most = sentences.USUAL + max(0, more) // 2
            text = sentences.write(wish, findings, told, f"{self.request.seed}/{self.k}", crowded, most)
            return (as_clauses(text, wish) if self.request.target else text), chosen
        if style == "tags":
            least = tags.FEWEST + max(0, more)
            seed, k = self.request.seed, self.k
            return tags.write(wish, findings, chosen, self.possible, (), least, self.pure, seed, k), chosen
        return phrases.write(wish, findings, chosen, crowded), chosen

    def lit(self, text: str, chosen: list[Option]) -> tuple[str, list[Option]]:
        """Phrases with a light at their end: the one they have, another that fits, or the usual one."""
        said = [option for option in chosen if option.role == "light" and f", {option.phrase}" in text]
        others = [option for option in chosen if option not in said]
        free = [option for option in self.gladly(self.possible) if option.role == "light"]
        usual = general.usual_light(scene_of(self.reading.wish, self.reading.findings), others)
        light = next((option for option in (*said, *free, *usual) if fits(option, others)), None)
        for phrase in [*(option.phrase for option in said), *hours_in(self.reading.wish)]:
            text = re.sub(rf", {re.escape(phrase)}(?=,|$)", "", text, count=1)
        behind = [*hours_in(self.reading.wish), *([light.phrase] if light else [])]
        return ", ".join([text, *behind]), [*others, *([light] if light else [])]

    def of_idea(self, idea: Fitting, more: int) -> tuple[str, list[Option]]:
        """The idea, and details of entries behind it."""
        wish, findings, style = self.reading.wish, self.reading.findings, self.request.style
        chosen = list(idea.options)
        text = say(wish, findings, idea, style, f"{self.request.seed}/{self.k}")
        further = self.details_beside(text, chosen)[: max(0, more)]
        if style == "tags":
            possible, least = self.possible if further else (), tags.FEWEST + max(0, more)
            seed, k = self.request.seed, self.k
            text = tags.write(wish, findings, [*chosen, *further], possible, idea.tags, least, self.pure, seed, k)
        elif not further:
            return text, chosen
        elif style == "sentences":
            text = around.placed(text, sentences.further(wish, findings, further), chosen)
        else:
            text = ", ".join([text, *(option.phrase for option in further)])
        return text, [*chosen, *further]

    def details_beside(self, text: str, chosen: Sequence[Option]) -> list[Option]:
        """Details that go with an idea and say nothing that it says, the gladliest taken first."""
        details = self.gladly([option for option in self.possible if option.role == "detail"])
        said, taken = content(text), list(chosen)
        for option in details:
            if not option.words & said - GENERIC and fits(option, taken):
                taken.append(option)
        return taken[len(chosen) :]


# What makes a name of a picture that says something a sentence: "a poster that says" says.
THAT_SAYS = re.compile(r"^((?:An?|The) [^\".!?]*?) that (says|reads) (?=[\"“])")
RULED_OUT = re.compile(r", (?:no|without(?: any)?) ([\w -]+)\.$")


def as_clauses(text: str, wish: Wish) -> str:
    """Sentences whose first, typed as a name with what it says and what is ruled out, is a sentence too."""
    first, *others = sentences_of(text)
    if wish.quoted:
        first = THAT_SAYS.sub(r"\1 \2 ", first)
    if wish.excluded and (found := RULED_OUT.search(first)) and found[1] in wish.excluded:
        be = "are" if grammar.number_of_phrase(found[1]) == "p" else "is"
        first, others = f"{first[: found.start()]}.", [f"There {be} no {found[1]}.", *others]
    return " ".join([first, *others])


def hours_in(wish: Wish) -> list[str]:
    """The parts of a list that name an hour and no more, as typed; not its first."""
    parts = [wish.words_between(start, end) for start, end in wish.segments[1:]]
    return [part for part in parts if part.casefold() in TIMES]


def bounds_of(request: Request) -> tuple[int, int] | None:
    """The fewest and most words (of tags, tags) of the wished length; None where nothing is wished."""
    if not request.target and request.length == LENGTHS[1]:
        return None
    fewest, most = words_for(request.image_model, request.style, request.length)
    return 0 if not request.target and request.length == LENGTHS[0] else fewest, most


def unavoided(wish: Wish, possible: Sequence[Option]) -> tuple[Option, ...]:
    """The options that say nothing that is to be avoided."""
    return tuple(option for option in possible if not avoided(wish, option.phrase)) if wish.avoid else tuple(possible)
