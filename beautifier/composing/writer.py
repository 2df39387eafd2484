"""The embedded writer: a raw prompt in, detailed prompts out, in phrases, sentences or tags.

Its words are written down by hand. `options` says which phrases of subject entries may be added to a raw prompt, the
fit network (fit.py) which of them fit this one, and `chooser` takes some of each role: no garbled word, no name,
nothing that nobody wrote down. Where the raw prompt leaves room, an idea of its subject gives a whole picture
(ideas.py).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from ..faithful import avoided
from ..mending import purge
from ..path import OnStep, OnWords, ShouldStop, Writer
from ..prompts.words import plain as folded
from ..request import Answers, Request
from ..subjects.entries import Entries, load
from ..subjects.find import find
from ..subjects.foreign import translate
from ..subjects.ideas import CREATIVE, Idea, load_ideas
from ..targets.target import LENGTHS
from ..wishes.wish import QUOTED, Wish, read
from .chooser import Score
from .draft import Draft, Reading, unavoided
from .fitting import Option
from .ideas import Fitting, fitting_ideas, in_order, with_mixed
from .options import ANY, anything, options
from .sentences import sayable

if TYPE_CHECKING:  # it imports torch, which reading entries does not need
    from .fit import Fit

EMBEDDED = Path(__file__).parent.parent / "embedded"  # the fit network's folder

# The log-odds that a phrase is right beside a wish: what the network says of it, what readers of its entry gave it
# (`Option.worth`), and its role. Fitted to the readings of picks-offered-held.jsonl.
FITS_WEIGHT, CHOICE_WEIGHT, WORTH_WEIGHT = 0.77, 0.22, 0.18
ROLE_ODDS = {"detail": -1.45, "doing": -1.45, "place": -1.95, "light": -2.05, "view": -1.6, "color": -1.9}
# How gladly a phrase is taken beside others of its role.
FITS_GLADLY, WORTH_GLADLY = -0.15, 0.14
# An option is left out below these odds: readers liked three right phrases far better than five of which one is wrong.
LEAST_ODDS = 0.95
# A long or odd wish makes it doubt all of them: then those near the best are taken, and two of the thing's details.
NEAR_BEST, LEAST_EVER = 0.3, 0.4
LEAST_NEAR, MOST_NEAR = 0.4, 2
# A wish of whole sentences says what matters: of it only what is surest is told, and nothing of what stands beside it.
LEAST_SURE, TOLD_WORDS, TOLD_PARTS = 1.3, 12, frozenset(("head", "action", "medium"))
# A candidate that would repeat another says one phrase less, of more than so many, or what is so much less likely.
FEWEST, LESS_SURE = 3, 0.35
LEAST_BESIDE = 0.4  # the same of a detail where a long text is wanted


@dataclass(eq=False)
class Composer(Writer):
    """Writes out of hand-written ideas of a subject, as far as they go with the wish, then out of subject entries.

    ideas     whole pictures by subject, as whoever typed the word has them in mind
    creative  bolder ones, for creative candidates alone
    fit       the network that says which phrases fit; None: the rules alone, and the seed draws among what they allow
    """

    name: str = "embedded"
    entries: Entries = field(default_factory=load, repr=False)
    ideas: Mapping[str, Sequence[Idea]] = field(default_factory=dict, repr=False)
    creative: Mapping[str, Sequence[Idea]] = field(default_factory=dict, repr=False)
    fit: Fit | None = field(default=None, repr=False)
    keeps_words: ClassVar[bool] = True

    @property
    def known(self) -> Entries:
        """Its entries: another name of a thing says the thing."""
        return self.entries

    def read(self, words: str) -> Reading:
        """How a raw prompt is understood."""
        translated = translate(words, self.entries)
        wish = read(translated.english)
        return Reading(wish, find(wish, self.entries), translated.unread)

    def write(
        self,
        words: str,
        request: Request,
        on_step: OnStep | None = None,
        should_stop: ShouldStop | None = None,
        on_words: OnWords | None = None,
    ) -> Answers:
        """Candidates for a raw prompt in request.style; on_step and should_stop are called between two of them.

        There is nothing to hear for on_words: each candidate is there at once.

        Candidate k of a seed is the same however many are asked for. request.sampling is not used.
        """
        reading = self.read(words)
        strict = request.strength == "strict"
        reading = replace(reading, wish=replace(reading.wish, avoid=request.avoid, strict=strict))
        possible = () if strict else unavoided(reading.wish, options(reading.wish, reading.findings))
        plain = strict or request.length != LENGTHS[1]  # an idea has the length that it has
        ideas = [] if plain else with_mixed(self.ideas_of(reading, request.seed, self.ideas))
        if request.strength == "creative" and not plain:
            ideas = [*self.ideas_of(reading, request.seed, self.creative), *ideas]
        if request.style == "sentences":
            ideas = [idea for idea in ideas if idea.leads and not is_felt(reading)]
            possible = sayable(reading.findings, possible)
        told = is_told(reading.wish) and request.image_model is None
        allowed = [option for option in possible if option.part in TOLD_PARTS] if told else possible
        least = LEAST_SURE if told else LEAST_ODDS
        possible, score = self.rated(reading.wish.text, allowed, least)
        if not possible and not strict:
            possible = unavoided(reading.wish, anything(reading.wish, reading.findings))
        rate = partial(self.best_of, reading.wish)
        less_sure = cache(partial(self.rated, reading.wish.text, allowed, least - LESS_SURE))  # read once, if at all
        texts: list[str] = []
        said: list[frozenset[str]] = []
        used: Counter[str] = Counter()
        for k in range(request.num_candidates):
            if should_stop is not None and should_stop():
                break
            idea = ideas[k] if k < len(ideas) else None
            draft = Draft(reading, possible, request, k, score, used, idea, allowed, self.entries, rate)
            text, chosen = draft.written()
            if score is not None and idea is None and said_by(chosen, text) in said:
                others = others_of(draft, said, less_sure)
                text, chosen = next((new for new in others if said_by(new[1], new[0]) not in said), (text, chosen))
            said.append(said_by(chosen, text))
            texts.append(purge(reading.wish, text))
            used.update(option.phrase for option in chosen)
            if on_step is not None:
                on_step(k + 1, request.num_candidates)
        bare = not strict and all(same_words(text, reading.wish.text) for text in texts)
        return Answers(texts or [""], words, (*unread_note(reading), *([UNKNOWN] if bare else [])))

    def ideas_of(self, reading: Reading, seed: int, ideas: Mapping[str, Sequence[Idea]]) -> list[Fitting]:
        """The ideas that go with a raw prompt, in the order of the candidates that are made of them."""
        fittings = fitting_ideas(reading.wish, reading.findings, ideas)
        if reading.wish.avoid:
            fittings = tuple(each for each in fittings if not says_avoided(reading.wish, each))
        worth: dict[str, float] = {}
        if self.fit is not None and fittings:
            asked = list({o.phrase: o.read_as for fitting in fittings for o in fitting.options}.items())
            read = self.fit.read(judged(reading.wish.text), [text for _, text in asked]).tolist()
            worth = {phrase: numbers[0] for (phrase, _), numbers in zip(asked, read, strict=True)}
        return in_order(fittings, worth, seed)

    def rated(
        self, words: str, possible: Sequence[Option], least: float = LEAST_ODDS
    ) -> tuple[list[Option], Score | None]:
        """The options that the fit network lets pass, and how gladly it takes each; all of them without a network."""
        if self.fit is None or not possible:
            return list(possible), None
        asked = {option.read_as: option for option in possible}
        read = self.fit.read(judged(words), list(asked)).tolist()
        odds = {text: odds_of(asked[text], *numbers[:2]) for text, numbers in zip(asked, read, strict=True)}
        value = {text: gladness(asked[text], *numbers[:2]) for text, numbers in zip(asked, read, strict=True)}
        generic = {option.read_as for option in possible if option.entry == ANY}
        value |= dict.fromkeys(generic, 0.0)  # of what is true of any picture chance takes one
        best = max((odds[option.read_as] for option in possible if option.entry != ANY), default=0.0)
        if least < LEAST_SURE:
            least = max(LEAST_EVER, min(least, best - NEAR_BEST))
        passed = [option for option in possible if option.entry == ANY or odds[option.read_as] >= least]
        if least < LEAST_SURE and not any(option.part == "head" and option.role == "detail" for option in passed):
            details = (option for option in possible if option.part == "head" and option.role == "detail")
            near = [option for option in details if odds[option.read_as] >= LEAST_NEAR]
            passed += sorted(near, key=lambda option: odds[option.read_as], reverse=True)[:MOST_NEAR]
        return passed, lambda wish, option, chosen: value.get(option.read_as, 0.0)

    def best_of(self, wish: Wish, words: str, possible: Sequence[Option], least: float = LEAST_BESIDE) -> list[Option]:
        """The options that fit a text about a wish, the gladliest taken first."""
        passed, score = self.rated(words, possible, least)
        return sorted(passed, key=lambda option: score(wish, option, []), reverse=True) if score else passed


def others_of(
    draft: Draft, said: Sequence[frozenset[str]], less_sure: Callable[[], tuple[list[Option], Score | None]]
) -> Iterator[tuple[str, list[Option]]]:
    """What a candidate may say that would repeat another: one phrase less, then what is a little less sure."""
    first = sorted(said[0])
    for number in range(len(first) if len(draft.possible) > FEWEST else 0):
        left_out = first[(draft.k + number) % len(first)]
        yield replace(draft, possible=[o for o in draft.possible if o.phrase != left_out]).written()
    more, score = less_sure()
    yield replace(draft, possible=more, score=score).written()


def said_by(chosen: Sequence[Option], text: str) -> frozenset[str]:
    """What a candidate adds, in whatever order; its text where it adds no phrase of an entry."""
    return frozenset(option.phrase for option in chosen) or frozenset((text,))


def is_felt(reading: Reading) -> bool:
    """Whether an adjective stands for the idea that it is of ("sad" for sadness): it can be no sentence's subject."""
    entry = reading.findings.head_entry
    return entry is not None and "idea" in entry.kinds and folded(reading.wish.text).strip() in entry.also


def odds_of(option: Option, fits: float, choice: float) -> float:
    """The log-odds that an option is right beside a wish, of which the network says so much."""
    said = FITS_WEIGHT * fits + CHOICE_WEIGHT * choice
    return said + WORTH_WEIGHT * option.worth + ROLE_ODDS.get(option.role, 0.0)


def gladness(option: Option, fits: float, choice: float) -> float:
    """How gladly an option is taken beside others of its role."""
    return choice + FITS_GLADLY * fits + WORTH_GLADLY * option.worth


def is_told(wish: Wish) -> bool:
    """Whether a wish tells its picture in sentences, to which readers liked additions least."""
    return wish.kind == "sentence" and len(wish.words) >= TOLD_WORDS


# What leads to drawn text, and what is ruled out at the end of a part.
TEXT_LEADS = re.compile(
    r"(?:,?\s*\b(?:with|that|which|and|the|says?|saying|reads?|reading|words?|text|titled?|lettering|slogan|written)\b)*"
    r"\s*\0"
)
RULED_OUT = re.compile(r",?\s*\b(?:no|without)\s+(?:any\s+)?[\w-]+(?:\s+[\w-]+)?(?=\s*(?:[,.;]|$))", re.IGNORECASE)


ASKING = re.compile(
    r"^\W*(?:please,?\s+|can you\s+|could you\s+)*"
    r"(?:create|generat(?:e|ing)|draw|make|show|design|imagine|paint|depict|produce|i want|i need|give)\b"
    r"(?:\s+(?:me|us))?\s+(?:an?\s+|the\s+)?"
    r"(?:(?:picture|image|photo|scene)\b\s*(?:of|with|that shows|showing|in which|:)?)?\s*",
    re.IGNORECASE,
)


def judged(words: str) -> str:
    """A wish as the fit network reads it: what is drawn as text or ruled out says nothing of what fits the rest."""
    bare = ASKING.sub("", RULED_OUT.sub("", TEXT_LEADS.sub("", QUOTED.sub("\0", words))))
    return bare.strip(" ,") or words


OTHER_SCRIPT = re.compile(r"[^\W\d_\u0000-\u024f\u1e00-\u1eff]+")  # runs of letters that are not Latin


def unread_note(reading: Reading) -> Iterator[str]:
    """A sentence for the user on what could not be read, if anything could not."""
    bare = QUOTED.sub(" ", reading.wish.text)
    unread = list(dict.fromkeys([*reading.unread, *OTHER_SCRIPT.findall(folded(bare))]))
    if unread:
        yield (
            f"The embedded model cannot read {', '.join(unread[:5])}: it stays as typed. A text encoder (Use Text "
            "Encoder) or a chat model reads it."
        )


UNKNOWN = (
    "The embedded model knows nothing that surely fits this prompt: it stays as typed. "
    "A text encoder (Use Text Encoder) or a chat model (Connect Prompt LLM) can write more."
)


def same_words(text: str, typed: str) -> bool:
    """Whether a candidate says no more than was typed."""
    return text.strip(" .,").casefold() == typed.strip(" .,").casefold()


def says_avoided(wish: Wish, fitting: Fitting) -> bool:
    """Whether an idea says something that is to be avoided."""
    said = [*(option.phrase for option in fitting.options), *(text for _, text in fitting.sentences)]
    return any(avoided(wish, text) for text in said)


@lru_cache(maxsize=1)
def embedded_fit() -> Fit:
    """The fit network of beautifier/embedded, read once."""
    from .fit import load_fit

    return load_fit(EMBEDDED)


@lru_cache(maxsize=1)
def load_embedded() -> Composer:
    """The embedded writer, read once: the entries of beautifier/subjects and the fit network of beautifier/embedded."""
    with ThreadPoolExecutor(1) as beside:
        fit = beside.submit(embedded_fit)  # torch reads it while Python reads the entries
        return Composer(entries=load(), ideas=load_ideas(), creative=load_ideas(CREATIVE), fit=fit.result())
