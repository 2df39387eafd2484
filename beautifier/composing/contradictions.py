"""Whether a phrase repeats a wish or goes against it."""

import re
from functools import lru_cache

from ..prompts import lexicon, unsafe
from ..prompts.vocabulary import words_of
from ..subjects.find import Found
from ..wishes.wish import Wish
from ..wishes.words import BOILERPLATE
from .fitting import GENERIC, PLACES, Option, is_located, is_of_a_place
from .scene import Scene

PLAIN_MODIFIERS = frozenset(
    "beautiful pretty cute handsome young old elderly middle aged tall short big small little tiny lone lonely single "
    "happy sad lovely gorgeous adult teen teenage nice cool random average normal one two three four five six seven 1 "
    "2 3 4 5 6 very attractive humble smiling shy proud calm caucasian asian african european man woman real".split()
)
# Who is counted in a tag may be a child.
TAGGED = re.compile(r"\b\d\+?(?:girl|boy)s?\b")
GENDERED = re.compile(r"\b(?:his|her|he|she|him|hers)\b")
ALONE = re.compile(r"\b(?:one|alone|lone|single|solitary|its|itself|his|her)\b")
TOGETHER = re.compile(
    r"\b(?:another|others|two|three|friends|together|each|pair|group|herd|flock|couple|everyone|rows?|whole ones)\b"
)
LOCAL_FACTS = frozenset(
    (
        "indoor",
        "outdoor",
        "underwater",
        "space",
        "water",
        "city",
        "nature",
        "window",
        "lamp",
        "studio",
        "plain",
        "desert",
        "underground",
        "air",
        "tropic",
        "arctic",
        "modern",
        "old world",
        "snow",
        "rain",
        "fog",
        "storm",
        "wind",
    )
)
# Facts of a light or a view that only hold where the wish is there too.
SPECIFIC = frozenset(
    ("snow", "desert", "water", "city", "nature", "underwater", "space", "underground", "tropic", "arctic", "indoor")
) | {"window", "studio", "plain"}
# A state that the wish names, and what a phrase cannot say of whoever is in it.
STATES = tuple(
    (re.compile(rf"\b(?:{wish})\b", re.IGNORECASE), re.compile(rf"\b(?:{phrase})\b"))
    for wish, phrase in (
        (r"sleep\w*|asleep|napping|dozing|dead|corpse|blindfold\w*|(?:closed eyes|eyes closed)",
         r"(?<!closed )(?<!shut )eyes?(?! (?:closed|shut))|eyed|gaz\w+|glanc\w+|star(?:es?|ing)|alert|pupils?|look\w*"
         r"|watch\w*|catchlights?|awake|curious|stretch\w*|standing|walking"),
        (r"from behind|back view|seen from the back|facing away|faceless|headless|back turned|turned away",
         r"eyes?|gaz\w+|glanc\w+|face|lips?|mouth|smil\w+|nose|brows?|cheeks?|catchlights?|expression|muzzle|whiskers"),
        (r"sing\w*|shout\w*|scream\w*|yell\w*|laugh\w*|roar\w*|howl\w*|yawn\w*|eating|open mouth|mouth open",
         r"closed lips|lips closed|softly closed|closed mouth|mouth closed|calm\w*|composed|serene"),
        (r"angry|furious|rage|enraged|crying|weeping|sad|sorrow\w*|grie\w+|scared|terrified|frightened|afraid|evil|mean",
         r"smil\w+|grin\w*|laugh\w*|cheerful|delighted|relaxed|serene|playful|joy\w*"),
    )
)  # fmt: skip
# Things around a subject, which belong to some place.
SURROUNDINGS = frozenset(
    "leaf branch reed rock water tree ground sky floor wall grass snow flower dust foam wave".split()
)
PEOPLE_WELCOME = frozenset(
    "event scene idea action sport person people market holiday activity game music relation".split()
)


def may_say(option: Option, found: Found, scene: Scene) -> bool:
    """Whether a phrase neither repeats the wish nor goes against it."""
    wish = scene.wish
    if option.words & wish.forbidden or option.topics & _topics_ruled_out(wish.excluded):
        return False
    if wish.excluded and FULL.search(option.phrase):
        return False
    if (unsafe.names_minor(wish.text) or TAGGED.search(wish.text)) and unsafe.unsafe(option.phrase, minor=True):
        return False
    if "people" in option.facts and not _people_are_welcome(found, scene):
        return False
    if option.words & wish.content - GENERIC - BOILERPLATE:
        return False
    if any(f"un{word.folded}" in wish.content for word in words_of(option.phrase)):
        return False
    if lexicon.clash(option.facts, scene.facts) or _is_of_another_state(option.phrase, wish.text):
        return False
    if found.part != "medium" and "photo" in option.facts and (scene.drawn or wish.kind == "tags"):
        return False
    if option.role == "doing" and "place" in scene.closed and _is_elsewhere(option, wish):
        return False
    if option.role == "doing" and option.part == "head" and _is_one_of_several(scene):
        return False
    if option.role in ("place", "light", "doing", "view") and _is_adrift(option, scene):
        return False
    if option.role == "detail" and found.part == "action" and "place" in scene.closed:
        if option.words & (SURROUNDINGS | PLACES | {"earth", "soil"}) - scene.wish.content:
            return False
    if option.role == "view" and option.facts & {"close", "half"} and _needs_room(scene):
        return False
    if (
        option.role in ("detail", "doing")
        and found.part != "medium"
        and not _leaves_the_person_alone(option, found, scene)
    ):
        return False
    if (
        option.role in ("detail", "doing")
        and wish.colors
        and lexicon.COLORS & option.words
        and found.part in ("head", "other")
    ):
        return False
    return _number_fits(option, found, scene)


@lru_cache(maxsize=4096)
def _is_of_another_state(phrase: str, asked: str) -> bool:
    """Whether a phrase says what cannot be while a state holds that the wish names: alert eyes of a sleeping cat."""
    return any(state.search(asked) and other.search(phrase) for state, other in STATES)


def _is_elsewhere(doing: Option, wish: Wish) -> bool:
    """Whether a doing has a place of its own or goes to one: "climbing a quarry ramp"."""
    named = doing.words & PLACES - wish.content
    return bool(named) or is_located(doing.phrase) or bool(MOVING.search(doing.phrase))


# What goes somewhere does not stay where the wish has it.
MOVING = re.compile(
    r"\b(?:walk|trot|run|stroll|strid|march|gallop|leap|jump|bound|charg|stepp|div|soar|flying|swimm|rid|driv|roll)\w*ing\b"
)


def _is_one_of_several(scene: Scene) -> bool:
    """Whether another thing is named beside the head, so that what one of them does would be told of both."""
    head = scene.findings.head
    return head is not None and any(
        s.relation == "and" and s.segment == head.segment and s.start >= head.end for s in scene.wish.subjects[:3]
    )


@lru_cache(maxsize=256)
def _topics_ruled_out(excluded: tuple[str, ...]) -> frozenset[str]:
    """What nothing may be said of: all clothes where clothes are ruled out."""
    return frozenset().union(*(lexicon.topics_of(thing.split()[-1]) for thing in excluded)) & RULED_OUT_WHOLE


RULED_OUT_WHOLE = frozenset("hair beard clothes shoes hat jewelry wing tail smoke crowd".split())
# What is full is full of something, which may be what was ruled out.
FULL = re.compile(r"\b(?:full|filled|overflow\w*|crammed|crowded|stacked|stuffed|packed|loaded|laden|piled)\b")


def _people_are_welcome(found: Found, scene: Scene) -> bool:
    """Whether a phrase may name people: only where the thing is about people and none were ruled out."""
    if scene.wish.forbidden & {"person", "people", "human"}:
        return False
    return (
        not found.entry.kinds.isdisjoint(PEOPLE_WELCOME)
        and found.part in ("head", "action", "setting")
        and found.entry.is_person is False
    )


def _is_adrift(option: Option, scene: Scene) -> bool:
    """Whether a phrase belongs to some place while the wish is at another that no entry describes."""
    unknown_place = (
        "place" in scene.closed and not scene.findings.of("setting") and not scene.findings.head_entry_is_setting
    )
    local = option.facts & LOCAL_FACTS - scene.facts
    if option.part in ("head", "action") and option.role in ("light", "view") and _is_settled(option, scene):
        if is_of_a_place(option.phrase) and option.words - scene.wish.content:
            return True
    if "place" in scene.closed and option.part == "head" and option.role in ("light", "view"):
        if not scene.findings.head_entry_is_setting and option.facts & SPECIFIC - scene.facts:
            return True
    return unknown_place and bool(local or option.words & SURROUNDINGS)


def _is_settled(option: Option, scene: Scene) -> bool:
    """Whether the wish has a picture in which a light or a view of the thing alone may be wrong."""
    if scene.findings.head_entry_is_setting and not scene.wish.detailed:
        return False
    busy = option.role == "view" and "doing" in scene.closed
    return bool(busy or "place" in scene.closed or _is_one_of_several(scene) or scene.findings.mixed)


def _needs_room(scene: Scene) -> bool:
    """Whether the wish shows more than a close view has room for: a second thing, a place, a body in motion."""
    wish, findings = scene.wish, scene.findings
    more = findings.of("other") or findings.of("setting") or findings.of("action") or scene.crowded
    return bool(more or "place" in wish.said or wish.verbs or "pose" in wish.topics)


def _leaves_the_person_alone(option: Option, found: Found, scene: Scene) -> bool:
    """Whether hair, eyes, clothes, pose and the like stay as the wish has them."""
    wish, topics = scene.wish, option.topics
    if topics & wish.topics:
        return False
    dressed = "clothes" in wish.topics or any(
        s.relation in ("wearing", "dressed in", "dressed as", "dressed like", "as", "as a") for s in wish.subjects
    )
    unasked = dressed or _is_modified(found, scene) or (found.part == "other" and found.entry.is_person)
    if topics & {"clothes", "shoes", "hat"} and unasked:
        return False
    if (
        "doing" in wish.said
        and topics & {"pose", "arm", "hand", "leg"}
        and found.part in ("head", "other")
        and option.role == "detail"
    ):
        return False
    if scene.facts & {"close", "half"} and topics & {"leg", "shoes", "tail"}:
        return False
    if "back" in scene.facts and topics & {"face", "eye", "expression", "beard", "brow"}:
        return False
    if (
        scene.facts & {"close", "half"}
        and option.role == "doing"
        and re.search(r"\b(?:walk|run|strid|leap|kneel|crouch|stand|sitting)", option.phrase)
    ):
        return False
    return True


def _is_modified(found: Found, scene: Scene) -> bool:
    """Whether a person has a word before it that may bring its own clothes: "gothic girl", "viking woman"."""
    if not found.entry.is_person or found.subject is None:
        return False
    before = scene.wish.words[found.subject.start : found.start]
    return any(word.folded not in PLAIN_MODIFIERS | BOILERPLATE | lexicon.COLORS for word in before)


def _number_fits(option: Option, found: Found, scene: Scene) -> bool:
    """Whether a phrase suits how many there are, and the gender of whom it speaks."""
    subject = found.subject
    if GENDERED.search(option.phrase) and found.entry.kinds.isdisjoint(("man", "woman", "girl", "boy")):
        return False
    if found.part not in ("head", "other") or subject is None:
        return True
    if subject.many and ALONE.search(option.phrase):
        return False
    living_together = option.role == "doing" and TOGETHER.search(option.phrase) and found.entry.is_living
    return not (living_together and not subject.many)
