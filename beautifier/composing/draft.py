"""One candidate of the embedded writer: an idea or chosen phrases, in the style and the length that are asked for."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..dressing.measure import size_of
from ..faithful import avoided
from ..prompts.vocabulary import content
from ..request import Request
from ..subjects.entries import Entries
from ..subjects.find import Findings
from ..targets.target import LENGTHS, words_for
from ..wishes.wish import Wish
from . import around, phrases, sentences, tags
from .around import Rate
from .chooser import Score, choose
from .fitting import GENERIC, Option, fits
from .fuller import Fuller
from .ideas import Fitting, say
from .scene import scene_of

# How many phrases more than usual are tried, by how much the wish says itself; and how many fewer.
MORE = {0: (2, 4, 7, 10, 14), 1: (2, 4, 6), 2: (2,)}
TRIES = {"short": 1, "medium": 4, "long": 5}  # how many of these are tried
FEWER = (-1, -2, -3, -4, -5, -6)
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

    def written(self) -> tuple[str, list[Option]]:
        """The candidate and the phrases it took, within the words of the wished length as far as phrases last."""
        text, chosen = self.of_length()
        target = self.request.image_model
        if target is not None and target.video and self.request.strength != "strict":
            text = with_camera(text, f"{self.request.seed}/{self.k}/{self.reading.wish.text}")
        return text, chosen

    def of_length(self) -> tuple[str, list[Option]]:
        """The same, before anything is said of a camera."""
        best = self.at(BOLDER if self.request.strength == "creative" else 0)
        bounds = bounds_of(self.request)
        if bounds is None or self.request.strength == "strict":
            return best
        least, most = bounds
        size = size_of(best[0], self.request.style)
        if size > most:
            return best if self.idea else next(filter(self.is_short(most), map(self.at, FEWER)), best)
        for more in MORE[self.reading.wish.detailed][: TRIES[self.request.length]]:
            if size >= least:
                break
            longer = self.at(more)
            if size < size_of(longer[0], self.request.style) <= most:
                best, size = longer, size_of(longer[0], self.request.style)
        return self.fuller(*best, least, most) if size < least else best

    def fuller(self, text: str, chosen: list[Option], least: int, most: int) -> tuple[str, list[Option]]:
        """Sentences with what is not said yet of the same picture, as far as there is anything to say."""
        wish, findings = self.reading.wish, self.reading.findings
        if self.request.style != "sentences" or not wish.words or findings.ill_read:
            return text, chosen
        dice = random.Random(f"{self.request.seed}/{self.k}/{wish.text}/fuller")
        details = self.rate(wish.text, [option for option in self.allowed if option.role == "detail"])
        possible = [*self.gladly([o for o in self.possible if o.role != "detail"]), *details]
        return Fuller(
            text, wish, findings, chosen, possible, self.entries, self.rate, dice, least, most, self.idea is not None
        ).written()

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
            most = sentences.USUAL + max(0, more) // 2
            return sentences.write(wish, findings, chosen, f"{self.request.seed}/{self.k}", crowded, most), chosen
        if style == "tags":
            return tags.write(
                wish, findings, chosen, self.possible, least=tags.FEWEST + max(0, more), pure=self.pure
            ), chosen
        name = next((found.name for found in findings.of("head")), "")
        return phrases.write(wish, chosen, crowded, name), chosen

    def of_idea(self, idea: Fitting, more: int) -> tuple[str, list[Option]]:
        """The idea, and details of entries behind it."""
        wish, findings, style = self.reading.wish, self.reading.findings, self.request.style
        text = say(wish, findings, idea, style, f"{self.request.seed}/{self.k}")
        chosen = list(idea.options)
        further = self.details_beside(text, chosen)[: max(0, more)]
        if not further:
            return text, chosen
        if style == "tags":
            text = tags.write(
                wish, findings, [*chosen, *further], self.possible, idea.tags, tags.FEWEST + more, self.pure
            )
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


CAMERA = (
    "The camera moves slowly closer.",
    "The camera draws slowly back.",
    "The camera pans slowly to the right.",
    "The camera pans slowly to the left.",
)


def with_camera(text: str, seed: str) -> str:
    """A text about moving pictures that says what the camera does, if it does not yet."""
    if re.search(r"\b(?:camera|pan(?:s|ning)?|zoom|dolly|tracking|static shot|timelapse)\b", text, re.IGNORECASE):
        return text
    return f"{text} {random.Random(seed).choice(CAMERA)}"


def bounds_of(request: Request) -> tuple[int, int] | None:
    """The fewest and most words (of tags, tags) of the wished length; None where nothing is wished."""
    if not request.target and request.length == LENGTHS[1]:
        return None
    return words_for(request.image_model, request.style, request.length)


def unavoided(wish: Wish, possible: Sequence[Option]) -> tuple[Option, ...]:
    """The options that say nothing that is to be avoided."""
    return tuple(option for option in possible if not avoided(wish, option.phrase)) if wish.avoid else tuple(possible)
