"""A text in sentences made longer, where an image model wants long ones: what is not said yet of the same picture.

In order: the place, what stands there (around.py), more of the things themselves, then how it is seen, the light and
the colors. Nothing is said twice, and where nothing is left to say the text stays short.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from ..prompts import lexicon
from ..prompts.vocabulary import content, singular
from ..subjects.entries import Entries
from ..subjects.find import Findings
from ..wishes.wish import Wish
from . import around, grammar, sentences, verbs
from .around import Rate
from .body import called_again, medium_name, of_others, of_setting
from .clauses import clause, joined
from .fitting import GENERIC, Option, fits
from .lights import beside_light, light_clause
from .noun_phrase import capitals
from .scene import Scene, scene_of
from .thing import Thing, is_many, thing_of
from .views import beside_view, colors_clause

PARTS = ("head", "quality", "setting", "other", "medium")  # in the order in which more is said of them
HAS = re.compile(r" (?:has|have) ")
MOST_MORE = 4  # details of one thing more
SEATS = re.compile(r"^(?:\S+ ){0,3}(?:armchair|chair|bed|seat|couch|sofa)\b")
# What a person is on and not before.
OUTSIDE = re.compile(
    r"\b(?:beach|shore|street|road|path|roof|rooftop|stage|hill|ridge|deck|bridge|steps?|stairs?|balcony|terrace|porch|ice"
    r"|ledge|cliff|bench|stool|swing|field|court|track|trail|floor|rug|grass|lawn|dune|quay|pier|dock|platform|plaza)\b"
)


@dataclass
class Fuller:
    """A text that grows by whole sentences to some number of words.

    chosen    the phrases that were chosen for it; those that no sentence of it has come first
    possible  the phrases that may be added, the gladliest first
    of_idea   whether the text says all that was chosen, if in other words
    lines     sentences about the things and what is around; closing: about the view, the light and the colors
    """

    text: str
    wish: Wish
    findings: Findings
    chosen: list[Option]
    possible: Sequence[Option]
    entries: Entries
    rate: Rate
    dice: random.Random
    least: int
    most: int
    of_idea: bool = False
    lines: list[str] = field(default_factory=list)
    closing: list[str] = field(default_factory=list)

    def __post_init__(self):
        said = content(self.text)
        self.taken = [option for option in self.chosen if self.of_idea or self.is_said(option, said)]
        self.possible = [*self.chosen, *(o for o in self.possible if o not in self.chosen)]

    @staticmethod
    def is_said(option: Option, said: frozenset[str]) -> bool:
        """Whether most words of a phrase are in a text that says some words."""
        return 2 * len(option.words & said) > len(option.words)

    @cached_property
    def scene(self) -> Scene:
        """What all phrases are held against."""
        return scene_of(self.wish, self.findings)

    @cached_property
    def thing(self) -> Thing:
        """What the sentences are about, called by its name: another thing may have been named last."""
        return replace(thing_of(self.wish, self.findings), pronoun=False)

    @property
    def whole(self) -> str:
        """The text with the sentences that were added."""
        text = around.placed(self.text, self.lines, self.taken)
        return " ".join([text, *self.closing])

    @property
    def is_short(self) -> bool:
        """Whether it has fewer words than wanted."""
        return len(self.whole.split()) < self.least

    def written(self) -> tuple[str, list[Option]]:
        """The text, as long as there is something to say, and the phrases that are in it."""
        for more in (
            self.doing,
            self.place,
            self.surroundings,
            self.details,
            self.parts,
            self.view,
            self.light,
            self.color,
        ):
            if self.is_short:
                more()
        return self.whole, [*self.chosen, *(option for option in self.taken if option not in self.chosen)]

    def add(self, line: str, options: Sequence[Option], closing: bool = False) -> None:
        """A sentence more that says some phrases, if there is room for it."""
        if line and len(f"{self.whole} {line}".split()) <= self.most:
            line = sentences.as_sentence(capitals(self.wish, self.findings, line))
            line = sentences.as_sentence(self.with_also(line))
            (self.closing if closing else self.lines).append(line)
            self.taken += options

    def with_also(self, line: str) -> str:
        """A sentence that tells more parts of a thing of which some are told: "The tiger also has"."""
        of, has, rest = re.split(r" (has|have) ", line, maxsplit=1) if HAS.search(line) else (line, "", "")
        again = "(?:It|They|She|He)|" if of == sentences.as_sentence(self.thing.again).rstrip(".") else ""
        subject = rf"(?:^|[.] )(?:{again}{re.escape(of)})"
        if has and re.search(rf"{subject} also {has}\b", self.whole):
            return f"also seen {'are' if ' and ' in rest else 'is'} {rest}"
        return f"{of} also {has} {rest}" if has and re.search(rf"{subject} {has}\b", self.whole) else line

    def free(self, role: str) -> list[Option]:
        """Phrases of a role that go with all that is said and repeat none of it."""
        return [o for o in self.possible if o.role == role and o.part != "any" and self.goes(o)]

    def goes(self, option: Option, among: Sequence[Option] = ()) -> bool:
        """Whether a phrase says something new that goes with all that is said, and with further phrases."""
        if any(option.words & other.words - GENERIC for other in among) or not is_new(option, self.whole):
            return False
        return fits(replace(option, words=frozenset()), [*self.taken, *among])

    def several(self, options: Sequence[Option]) -> list[Option]:
        """Some of the details of one thing that go together; none where only one does."""
        new: list[Option] = []
        for option in options:
            if len(new) < MOST_MORE and self.goes(option, new):
                new.append(option)
        return new if len(new) > 1 else []

    def has(self, role: str) -> bool:
        """Whether a phrase of a role is said."""
        return any(option.role == role for option in self.taken)

    def doing(self) -> None:
        """What it does, if that is open and not said yet."""
        option, thing = next((o for o in self.free("doing") if verbs.is_verbal(o.phrase)), None), self.thing
        told = any(option.role == "doing" for option in self.chosen) or "doing" in self.wish.said
        if option is not None and thing.known and not told:
            self.add(f"{thing.again} {verbs.finite(option.phrase, thing.plural)}", [option])

    def place(self) -> None:
        """Where it is, if that is open and not said yet."""
        options = [o for o in self.free("place") if sentences.can_say(o) and o.part in ("head", "action")]
        if self.has("place") or not options:
            return
        option, thing = options[0], self.thing
        where = grammar.place_phrase(option.phrase, thing.person)
        named = "are" if grammar.number_of_phrase(option.phrase) == "p" else "is"
        if thing.known and thing.person and where.startswith("on ") and not OUTSIDE.search(option.phrase):
            seat = SEATS.search(option.phrase)
            self.add(
                f"{thing.again} {thing.be} in {where[3:]}" if seat else f"behind {thing.again} {named} {where[3:]}",
                [option],
            )
        elif thing.known:
            self.add(f"{thing.again} {thing.be} {where}", [option])
        elif option.phrase.split()[0] not in grammar.PREPOSITIONS:
            self.add(f"the setting is {grammar.with_article(option.phrase)}", [option])

    def surroundings(self) -> None:
        """What stands about in the places that are named."""
        known = frozenset(found.entry.subject for found in self.findings.found)
        for group in around.surroundings(self.taken, self.scene, self.entries, self.rate, known):
            new = self.several(group)
            if new and self.is_short:
                self.add(around.said(new, "All around " not in self.whole), new)

    def details(self) -> None:
        """More of the thing itself, of what the user placed it in, of the other things and of the medium."""
        details = [o for o in self.free("detail") if sentences.can_say(o, o.part == "head" and self.thing.plural)]
        if sum(option.part == "medium" for option in self.taken) > 1:  # its marks are told
            details = [option for option in details if option.part != "medium"]
        if self.wish.kind != "phrase" or self.scene.crowded:  # what a quality is of is not certain
            details = [option for option in details if option.part != "quality"]
        details = [option for option in details if option.part != "setting" or not clause(option.phrase)]
        names = dict.fromkeys((o.part, o.about) for part in PARTS for o in details if o.part == part)
        for part, about in names:
            new = self.several([o for o in details if (o.part, o.about) == (part, about)])
            if new and self.is_short:
                self.add(self.told(part, new), new)

    def parts(self) -> None:
        """Details of what stands in a longer name: the wolf and the moon of "wolf howling at the moon"."""
        known = frozenset(found.entry.subject for found in self.findings.found)
        for found in around.components(self.wish, self.findings, self.entries):
            called = called_again(self.wish, found)
            told = found.part == "head" and any(self.thing.called in line.lower() for line in self.lines)
            if called and found.entry.subject not in known and not told and self.is_short:
                new = self.several(self.rate(self.wish.text, around.details_of(found, self.scene)))
                named = joined([grammar.with_article(option.phrase) for option in new])
                self.add(f"{called} {'have' if is_many(found) else 'has'} {named}" if new else "", new)

    def told(self, part: str, options: Sequence[Option]) -> str:
        """Details of one part as a sentence; "" where its thing cannot be called again."""
        left = list(options)
        if part == "other":
            return " ".join(of_others(self.wish, self.findings, left)[:1])
        if part == "setting":
            return " ".join(of_setting(self.wish, self.findings, self.thing, left, self.dice)[:1])
        if part == "medium":
            named = joined([grammar.with_article(option.phrase) for option in left])
            return f"{medium_name(self.findings)} has {named}"
        return " ".join(sentences.further(self.wish, self.findings, left)[:1])

    def view(self) -> None:
        """How it is seen."""
        option = next((o for o in self.free("view") if beside_view(o.phrase)), None)
        if option is None or self.has("view"):
            return
        seen, thing = beside_view(option.phrase), self.thing
        named = thing.nameable and not seen.startswith("shot ")
        self.add(f"{f'{thing.again} {thing.be}' if named else 'the scene is'} {seen}", [option], closing=True)

    def light(self) -> None:
        """In which light."""
        for option in () if self.has("light") else self.free("light"):
            hung = beside_light(option.phrase)
            line = light_clause(option.phrase, self.dice) or (f"the scene is {hung}" if hung[:4] == "lit " else "")
            if line:
                self.add(line, [option], closing=True)
                return

    def color(self) -> None:
        """In which colors."""
        option = next((o for o in self.free("color") if sentences.can_say(o)), None)
        if option is not None and not self.has("color"):
            self.add(colors_clause(option.phrase, "the picture", self.dice), [option], closing=True)


def is_new(option: Option, text: str) -> bool:
    """Whether a phrase says what a text does not.

    A detail may name once more what the text only names: "brass propellers with worn blades" behind "its propellers
    spinning".
    """
    said = content(text)
    if option.words <= said:
        return False
    again = option.words & said - GENERIC
    if not again:
        return True
    if option.role != "detail" or len(again) > 1 or len(option.words - GENERIC) < 3 or option.words & lexicon.COLORS:
        return False
    if option.topics & lexicon.topics_of(text):
        return False
    head = option.phrase.split()[grammar.head_at(option.phrase)]
    if singular(head) not in again:
        return True
    named = rf"(?:\b(?:the|a|an|its|their|his|her|with|of|and|between|around|into)|,) {re.escape(singular(head))}"
    return len(re.findall(rf"\b{re.escape(singular(head))}", text)) == len(re.findall(named, text))
