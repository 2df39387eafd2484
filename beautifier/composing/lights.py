"""A light in a sentence: beside it ("in soft window light"), as what brings something out, or as a clause."""

import random

from ..prompts import lexicon
from ..prompts.vocabulary import singular
from . import grammar
from .clauses import clause

TIMES = frozenset("morning afternoon evening night dawn dusk twilight noon midday day nightfall".split())
HOURS = frozenset("dawn dusk twilight noon midday nightfall night".split())  # one is at them
SUNS = frozenset("sunrise sunset".split())
DIMNESS = frozenset("shade mist haze fog gloom dimness dark darkness smoke rain snow".split())
SKIES = frozenset("sky skies overcast cloud clouds".split())
# Light that has no edges: one is in it. Of others, lamps and beams, one is lit by them.
SPREAD = frozenset(
    "light sunlight daylight moonlight starlight candlelight firelight torchlight lamplight gaslight backlight "
    "sidelight sunshine lighting glare illumination brightness skylight twilight sun earthlight".split()
)
SOURCES = frozenset(
    "glow lamp candle lantern torch fire flame bulb chandelier softbox window sunbeam beam shaft ray streetlight "
    "streetlamp headlight screen monitor neon sign tube strip ember hearth furnace projector strobe spot spotlight "
    "lightning flash floodlight light flicker campfire bonfire fireplace led footlight moon star aurora string".split()
)
FROM = frozenset("from through of".split())
# Behind which words a kind of light falls: "moonlight on black water" is "moonlight falls on black water".
ONTO = frozenset("from on across over through along onto between down into at under around".split())
FALLING = frozenset(
    "light sunlight daylight moonlight candlelight torchlight lamplight firelight starlight shaft beam ray sunbeam "
    "spotlight sun glow".split()
)


def beside_light(phrase: str) -> str:
    """A light beside a sentence: "in soft window light", "lit by a single lamp", "at dusk"; "" where none is sure."""
    words = phrase.split()
    at = grammar.head_at(phrase)
    head, before, behind = words[at], words[:at], words[at + 1 :]
    named = grammar.with_article(phrase)
    if words[0] in grammar.PREPOSITIONS or words[0] in UNTOLD or "what" in words:
        return ""
    if clause(phrase) or head == "half" or behind and head not in FALLING and grammar.is_participle(behind[0]):
        return f"with {named}"
    if head == "hour" and before:
        return f"at {phrase}"
    if head in TIMES:
        return _at_time(head, before, phrase)
    if head in SUNS:
        return f"lit by {grammar.article(words[0])} {phrase}" if behind else f"in {phrase} light"
    if head in lexicon.COLORS and not behind:
        return f"in {phrase} light" if before else ""
    if head in DIMNESS:
        return f"in {phrase}"
    if head in SKIES:
        return f"under {named if head != 'overcast' else phrase}"
    if " and " in phrase and grammar.conjuncts(words, at):
        return f"with {named}"
    if grammar.is_plural_form(head) and singular(head) in SOURCES:
        return f"lit by {phrase}"
    if head in SPREAD and (grammar.number_of_phrase(phrase) != "c" or head == "skylight"):
        if before:
            return f"in {phrase}"
        return f"in the {phrase}" if behind[:1] and behind[0] in FROM and head in FALLING else f"with {phrase}"
    if singular(head) in SOURCES:
        return f"lit by {'the ' + phrase if head == 'glow' and behind and not before else named}"
    if head == "room":
        return f"in {named}"
    return _with_both(phrase)


def _with_both(phrase: str) -> str:
    """A light behind "with", said once: "with a sunset silhouette and glowing sensors"."""
    first, joint, second = phrase.partition(" with ")
    if joint and " and " not in phrase:
        return f"with {grammar.with_article(first)} and {grammar.with_article(second)}"
    return f"with {grammar.with_article(phrase)}"


UNTOLD = frozenset("no own".split())  # what a light that begins with one of them is of is not told


def _at_time(head: str, before: list[str], phrase: str) -> str:
    """ "at dusk", "in blue dusk", "on a clear mountain morning"."""
    if head in ("noon", "midday") and before:
        return f"in {phrase.replace(head, f'{head} light', 1)}"
    if " on " in phrase:
        return ""
    if head in HOURS:
        return f"in {phrase}" if before and head != "night" else f"on a {phrase}" if before else f"at {phrase}"
    if not before:
        return f"in the {phrase}"
    return f"in the {phrase}" if before == ["late"] or before == ["early"] else f"on {grammar.article(phrase)} {phrase}"


def bringing_out(phrase: str) -> str:
    """A light as the subject of "picks out": "soft window light from one side"; "" for what is spread or no light."""
    words = phrase.split()
    at = grammar.head_at(phrase)
    head, behind = words[at], words[at + 1 :]
    if not at or words[0] in UNTOLD or head not in FALLING or grammar.is_plural_form(head) or " and " in phrase:
        return ""
    if behind and (behind[0] not in FROM or any(word in grammar.PREPOSITIONS for word in behind[1:])):
        return ""
    if FLAT & set(words):
        return ""
    return grammar.with_article(phrase)


FLAT = frozenset("flat even overcast shadowless diffuse diffused dim faint no".split())


NOT_BEFORE_A_VERB = frozenset("with as at against toward towards outside to on along like".split())


def light_clause(phrase: str, dice: random.Random) -> str:
    """A light as a sentence of its own: "low sun rakes across the ripples", "soft light fills the scene"."""
    words = phrase.split()
    at = grammar.head_at(phrase)
    head, behind = words[at], words[at + 1 :]
    named = grammar.with_article(phrase)
    many = grammar.number_of_phrase(phrase) == "p"
    if words[0] in grammar.PREPOSITIONS or words[0] in UNTOLD or head == "half":
        return ""
    active = clause(phrase)
    if active:
        return active
    if behind and head in FALLING and behind[0] in ONTO and " and " not in phrase:
        start = grammar.with_article(" ".join(words[: at + 1]))
        verb = dice.choice(("comes", "falls")) if behind[0] == "from" and head != "glow" else "falls"
        verb = "comes" if behind[0] == "from" and head == "glow" else verb
        return f"{start} {verb[:-1] if many else verb} {' '.join(behind)}"
    if behind and (behind[0] in NOT_BEFORE_A_VERB or grammar.is_participle(behind[0])):
        return ""
    if head in DIMNESS:
        return f"the scene lies in {phrase}"
    if head in SPREAD and not behind:
        return (
            f"{named} {dice.choice(('fill' if many else 'fills', 'fall across' if many else 'falls across'))} the scene"
        )
    if head in SPREAD or singular(head) in SOURCES:
        return f"{named} {'light' if many else 'lights'} the scene"
    return ""
