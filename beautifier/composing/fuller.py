"""A text in sentences made longer, where an image model wants long ones: what is not said yet of the same picture.

In order: the place, what stands there (around.py), more of the things themselves, how drawn text is set, then how it
is seen, the light, the colors, and of moving pictures what moves. What an image model wants every prompt to say (its
row's `parts`) is said in any case and in its order. Nothing is said twice, and where nothing is left to say the text
stays short.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from ..faithful import avoided
from ..prompts.vocabulary import content
from ..subjects.entries import Entries
from ..subjects.find import Findings
from ..wishes.wish import Wish
from . import around, general, grammar, motion, sentences, verbs
from .around import Rate
from .body import called_again, medium_name, of_others, of_setting
from .clauses import clause, joined
from .fitting import GENERIC, Option, fits
from .lights import beside_light, light_clause
from .noun_phrase import capitals
from .scene import Scene, scene_of
from .standing import OPENS, assembled
from .thing import Thing, is_many, thing_of
from .unsaid import is_new, with_also
from .views import beside_view, colors_clause

PARTS = ("head", "quality", "setting", "other", "medium")  # in the order in which more is said of them
# What may be said more, in the order in which it is tried, and what of it is true of nearly every picture: that is said
# where an image model's row asks for it, or where the text would have fewer words than the model wants at least.
STEPS = (
    *("doing", "place", "surroundings", "details", "components", "marks", "lettering", "view", "light", "color"),
    *("composition", "depth", "style", "motion", "camera", "sound"),
)
OF_THE_SUBJECT = frozenset(("head", "action", "quality"))
ROOM = 10  # words that a part takes
USUAL = frozenset(("composition", "depth", "style"))
MOVING = frozenset(("motion", "camera", "sound"))
MOST_MORE = 4  # details of one thing more


@dataclass
class Fuller:
    """A text that grows by whole sentences to some number of words.

    chosen    the phrases that were chosen for it; those that no sentence of it has come first
    possible  the phrases that may be added, the gladliest first
    of_idea   whether the text says all that was chosen, if in other words
    parts     what is said in any case, in the order in which it stands; fewest: words below which what is true of
              nearly every picture is said as well, and `loose`, details that fit less surely
    lines     sentences about the subject, around: about the rest, closing: about the whole picture, each with its step
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
    parts: tuple[str, ...] = ()
    fewest: int = 0
    loose: Sequence[Option] = ()
    lines: list[str] = field(default_factory=list)
    around: list[str] = field(default_factory=list)
    closing: list[tuple[str, str]] = field(default_factory=list)

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
        return assembled(self.text, self.lines, self.around, self.closing, self.parts, self.taken)

    @property
    def size(self) -> int:
        """How many words it has."""
        return len(self.whole.split())

    @property
    def is_short(self) -> bool:
        """Whether it has fewer words than wanted, with room for what the row wants said."""
        return self.size < self.least - ROOM * len(self.unsaid)

    @property
    def unsaid(self) -> list[str]:
        """The row's parts that are about the whole picture and not said yet."""
        return [part for part in self.parts if part in STEPS and not self.has(part) and part not in dict(self.closing)]

    def written(self) -> tuple[str, list[Option]]:
        """The text, as long as there is something to say, and the phrases that are in it."""
        for step in STEPS:
            wanted = self.is_wanted(step) if step in USUAL else self.is_short and step not in MOVING
            if wanted or step in self.parts:
                getattr(self, step)()
        if self.size < self.fewest:
            self.possible = [*self.possible, *(option for option in self.loose if option not in self.possible)]
            self.details()
        return self.whole, [*self.chosen, *(option for option in self.taken if option not in self.chosen)]

    def add(self, line: str, options: Sequence[Option] = (), closing: str = "") -> None:
        """A sentence more that says some phrases, if there is room for it; closing: the step of one about the whole."""
        room = self.most - ROOM * sum(part != closing for part in self.unsaid)
        if line and len(f"{self.whole} {line}".split()) <= (self.most if closing in (*self.parts, OPENS) else room):
            line = sentences.as_sentence(capitals(self.wish, self.findings, line))
            line = sentences.as_sentence(with_also(line, self.whole, self.thing))
            own = bool(options) and all(o.part in OF_THE_SUBJECT and o.role in ("detail", "doing") for o in options)
            if closing:
                self.closing.append((closing, line))
            else:
                (self.lines if own else self.around).append(line)
            self.taken += options

    def add_usual(self, line: str, step: str) -> None:
        """A sentence of what is true of nearly every picture, if it says nothing ruled out or to be avoided."""
        if not content(line) & self.wish.forbidden and not avoided(self.wish, line):
            self.add(line, closing=step)

    @property
    def facts(self) -> frozenset[str]:
        """What is known of the picture, from the wish and from what was added."""
        return self.scene.facts.union(*(option.facts for option in self.taken))

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
        self.add(around.placing(option.phrase, thing), [option])

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

    def components(self) -> None:
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

    @property
    def work(self) -> str:
        """What the picture is called as a work: "the poster"; "the design" where it is called nothing."""
        name = medium_name(self.findings)
        return name if name != "the picture" else "the design"

    def marks(self) -> None:
        """More marks of the medium, and on what ground it stands."""
        name = medium_name(self.findings)
        new = self.several([o for o in self.free("detail") if o.part == "medium" and sentences.can_say(o)])
        if name != "the picture" and new:
            self.add(f"{name} has {joined([grammar.with_article(option.phrase) for option in new])}", new)
        ground = next((o for o in self.free("place") if o.part == "medium" and sentences.can_say(o)), None)
        if ground is not None and not self.has("place") and ground.phrase.split()[0] not in grammar.PREPOSITIONS:
            self.add(f"the background is {grammar.with_article(ground.phrase)}", [ground])

    def lettering(self) -> None:
        """How drawn text is set."""
        self.add_usual(general.lettering(self.wish), "lettering")

    def view(self) -> None:
        """How it is seen: as an entry says, else as such a thing is seen."""
        usual = general.usual_view(self.scene, self.taken) if self.is_wanted("view") else []
        free = [*self.free("view"), *usual]
        if self.scene.flat and "view" in self.parts and "view" not in self.wish.said:
            return self.add_usual(general.flat_view(self.work, "composition" in self.parts), "view")
        option = next((o for o in free if beside_view(o.phrase)), None)
        if option is None or self.has("view"):
            return
        seen, thing = beside_view(option.phrase), self.thing
        named = thing.nameable and not seen.startswith("shot ")
        self.add(f"{f'{thing.again} {thing.be}' if named else 'the scene is'} {seen}", [option], closing="view")

    def light(self) -> None:
        """In which light: as an entry says, else as the hour and the place have it."""
        usual = general.usual_light(self.scene, self.taken) if self.is_wanted("light") and not self.scene.flat else []
        if self.scene.flat and "light" in self.parts and "light" not in self.wish.said:
            return self.add_usual(general.flat_light(self.work, "motion" in self.parts), "light")
        for option in () if self.has("light") else [*self.free("light"), *usual]:
            hung = beside_light(option.phrase)
            line = light_clause(option.phrase, self.dice) or (f"the scene is {hung}" if hung[:4] == "lit " else "")
            if line:
                self.add(line, [option], closing="light")
                return

    def is_wanted(self, step: str) -> bool:
        """Whether what is true of nearly every picture is to be said: a row asks for it, or the text is too short."""
        return step in self.parts or self.size < self.fewest

    def color(self) -> None:
        """In which colors."""
        option = next((o for o in self.free("color") if sentences.can_say(o)), None)
        if option is not None and not self.has("color"):
            self.add(colors_clause(option.phrase, "the picture", self.dice), [option], closing="color")

    def composition(self) -> None:
        """Where the thing is in the frame."""
        shot = general.shot_of(self.scene, self.facts) if "motion" in self.parts else ""
        thing = self.thing
        if thing.she:  # who is named right before
            thing = replace(thing, name=thing.she, article="")
        self.add_usual(general.composition(self.scene, thing, self.dice, shot), "composition")

    def depth(self) -> None:
        """What is sharp."""
        self.add_usual(general.depth(self.scene, self.thing, self.whole), "depth")

    def style(self) -> None:
        """In what manner the picture is made."""
        self.add_usual(general.manner(self.scene, self.work, self.parts), "style")

    def motion(self) -> None:
        """What moves."""
        for step, line in motion.moves(self.whole, self.scene, self.thing, self.facts, self.work):
            self.add_usual(line, OPENS if step == OPENS else "motion")

    def camera(self) -> None:
        """What the camera does."""
        self.add_usual(motion.camera(self.whole, self.dice), "camera")

    def sound(self) -> None:
        """What is heard."""
        self.add_usual(motion.sound(self.whole, self.scene, self.facts), "sound")
