"""Tags that were typed as sentences: who is there, with what, in what, doing what, where; then the rest."""

import re
from dataclasses import dataclass, field

from ..prompts import lexicon
from ..prompts.vocabulary import NUMBERS, STOP
from ..prompts.words import fold
from ..subjects.find import Findings
from ..wishes.wish import QUOTED, Wish
from ..wishes.words import BOILERPLATE, TAG_COUNT
from . import grammar
from .clauses import joined
from .lists import ADVERBS_OF_PLACE, TRANSITIVE, WEATHER
from .tag_table import table

NOT_SAID = frozenset("solo original highres absurdres commentary signature rating".split())
AS_DONE = {
    "smile": "smiling",
    "light smile": "smiling lightly",
    "grin": "grinning",
    "blush": "blushing",
    "looking at viewer": "looking at the viewer",
    "looking back": "looking back",
    "looking away": "looking away",
}
TIMES = {
    **{hour: f"at {hour}" for hour in "night dawn dusk sunset sunrise twilight midnight noon".split()},
    **{part: f"in the {part}" for part in "morning evening afternoon".split()},
    **{season: f"in {season}" for season in "summer winter autumn spring".split()},
    "day": "by day",
    "raining": "in the rain",
    "rain": "in the rain",
    "snowing": "in falling snow",
}
SEEN = {
    "upper body": "shown in an upper body shot",
    "lower body": "shown in a lower body shot",
    "cowboy shot": "shown in a cowboy shot",
    "full body": "shown in a full body shot",
    "portrait": "shown in a portrait",
    "close-up": "shown in a close-up",
    "wide shot": "shown in a wide shot",
    "from above": "seen from above",
    "from below": "seen from below",
    "from behind": "seen from behind",
    "from side": "seen from the side",
    "straight-on": "seen straight-on",
}
PERSON = re.compile(r"\b(?:man|woman|male|female|girl|boy|lady|person)$")
PLACES = frozenset("landscape scene place interior city building garden town nature".split())
NO_PLACES = frozenset("plant furniture object weather material".split())
HAD = re.compile(r"\b(?:theme|palette|colors?|background|lighting|light|shadows?|contrast|grain|artstyle|lines?)$")
MEDIA = frozenset(
    "oil painting|watercolor|photo|ink|sketch|blueprint|poster|acrylic paint|gouache|colored pencil|graphite|pastel|"
    "marker|charcoal|woodblock print|traditional media|painting|drawing".split("|")
)
LOOKS = frozenset("monochrome greyscale sepia blurry chibi realistic photorealistic".split())
GENRES = frozenset("fantasy surreal abstract science fiction horror vintage minimalism concept art humor".split())
OWNED = frozenset("hair eye ear wing tail beard face expression horn skin".split())
OWNED_WORDS = re.compile(
    r"\b(?:ears?|tail|horns?|wings?|fangs?|halo|ponytail|twintails|bangs|braids?|ahoge|freckles|eyes?|hair|mouth|"
    r"eyelashes|lips|skin|breasts|scar|mole|tattoo|bun|sidelocks|eyebrows|beard|mustache|stubble)$"
)
WORN = frozenset("clothes shoes hat jewelry".split())
WORN_WORDS = re.compile(
    r"\b(?:glasses|sunglasses|ribbon|scarf|gloves?|uniform|kimono|armor|mask|thighhighs|pantyhose|socks|cape|cloak|hoodie|"
    r"earrings|necklace|choker|apron|hairband|headphones|bowtie|necktie|belt|swimsuit|bikini|ornament|serafuku|sleeves|hairclip)$"
)


@dataclass
class Sorted:
    """Tags by what they say."""

    people: list[str] = field(default_factory=list)
    being: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    having: list[str] = field(default_factory=list)
    wearing: list[str] = field(default_factory=list)
    doing: list[str] = field(default_factory=list)
    where: list[str] = field(default_factory=list)
    when: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    hour: list[str] = field(default_factory=list)
    look: list[str] = field(default_factory=list)
    had: list[str] = field(default_factory=list)
    media: list[str] = field(default_factory=list)
    by: list[str] = field(default_factory=list)
    things: list[str] = field(default_factory=list)
    nobody: bool = False


def tag_sentences(wish: Wish, findings: Findings) -> list[str]:
    """Sentences that say what a list of tags says, the first of them about the people or the first thing in it."""
    tags = sorted_tags(wish, findings)
    if not tags.people and (findings.head_entry is None or not findings.head_entry.is_living):
        tags.things, tags.wearing = [*tags.things, *tags.wearing], []
    several = [each for each in tags.people if each.startswith("several ")]
    if len(tags.people) > len(several):
        tags.people = [each for each in tags.people if each not in several]
    who = tags.people or tags.things[:1] or tags.being[:1]
    further = tags.things if tags.people else tags.things[1:]
    being = tags.being if tags.people or tags.things else tags.being[1:]
    found = [subject_sentence(tags, who)]
    if tags.names:
        found.append(f"this is {joined(tags.names)}")
    if being and len(tags.people) == 1 and tags.people[0].startswith("a "):
        found.append(f"the {tags.people[0].removeprefix('a ')} is {joined(being)}")
        being = []
    ruled_out = [each for each in further if each.startswith("no ")]
    said = [each for each in [*being, *further] if each not in ruled_out]
    if ruled_out:
        many = len(ruled_out) > 1 or grammar.number_of_phrase(ruled_out[0].removeprefix("no ")) == "p"
        found.append(f"there {'are' if many else 'is'} {joined(ruled_out)}")
    if said:
        many = len(said) > 1 or grammar.number_of_phrase(QUOTED.sub("", said[0]).strip()) == "p"
        found.append(f"also in view {'are' if many else 'is'} {joined(said)}")
    of_the_picture = (
        ("the picture has", tags.had),
        ("the picture is", tags.media),
        ("the scene is", tags.seen),
        ("it is", tags.hour),
        ("the look is", tags.look),
        ("the picture is", tags.by),
    )
    found += [f"{start} {joined(said)}" for start, said in of_the_picture if said]
    if tags.nobody:
        found.append("nobody is in sight")
    return [text for text in found if text]


def subject_sentence(tags: Sorted, who: list[str]) -> str:
    """The sentence about the people, or about the first thing."""
    where = "".join(f" {place}" for place in (*tags.where, *tags.when))
    if not who:
        shown = f"shows {joined(tags.doing)}" if tags.doing else "is set" if where else ""
        return f"the picture {shown}{where}" if shown else ""
    several = len(who) > 1 or not who[0].startswith(("a ", "an ")) and grammar.number_of_phrase(who[0]) == "p"
    be = "are" if several or NUMBERED.match(who[0]) else "is"
    subject = joined(who) + (f" with {joined(tags.having)}" if tags.having else "")
    if tags.doing:
        worn = f", wearing {joined(tags.wearing)}," if tags.wearing else ""
        return f"{subject}{worn} {be} {joined(tags.doing)}{where}"
    if tags.wearing:
        return f"{subject} {be} wearing {joined(tags.wearing)}{where}"
    return f"{subject}{where}"


NUMBERED = re.compile(rf"(?:several|{'|'.join(NUMBERS[2:])}|\d+) ")


def sorted_tags(wish: Wish, findings: Findings) -> Sorted:
    """The tags of a wish, sorted."""
    found = Sorted()
    hidden = QUOTED.sub(lambda match: match[0].replace(",", "\0"), wish.text)
    places = {
        fold(each.name)
        for each in findings.found
        if each.part == "setting" and each.entry.kinds & PLACES and not each.entry.kinds & NO_PLACES
    }
    people = {fold(each.name) for each in findings.found if each.entry.is_person}
    for part in re.split(r"[,\n;]", hidden):
        typed = re.sub(r"\\([()])", r"\1", part.replace("\0", ",")).replace("_", " ").strip(" .")
        if typed:
            sort_in(found, typed, places, people)
    return found


def sort_in(found: Sorted, typed: str, places: set[str], people: set[str]) -> None:
    """Put one tag where it belongs."""
    tag = fold(typed)
    words, topics = tag.split(), lexicon.topics_of(tag)
    count = TAG_COUNT.match(tag.replace(" ", ""))
    if count:
        found.people.append(people_of(count))
    elif tag in ("no humans", "no people"):
        found.nobody = True
    elif not words or all(word in NOT_SAID or word in BOILERPLATE for word in words):
        return
    elif QUOTED.fullmatch(typed):
        found.things.append(f"the words {typed}")
    elif words[0] == "by" or typed.startswith("@"):
        found.by.append(f"by {typed.removeprefix('@').removeprefix('by ').strip()}")
    elif tag in AS_DONE:
        found.doing.append(AS_DONE[tag])
    elif typed.casefold() in SEEN:
        found.seen.append(SEEN[typed.casefold()])
    elif words[-1] == "focus" and len(words) > 1:
        found.seen.append(f"focused on the {' '.join(words[:-1])}")
    elif tag in MEDIA:
        found.media.append(thing(typed))
    elif HAD.search(tag):
        found.had.append(thing(typed))
    elif all(word in GENRES for word in words) or tag in LOOKS or not is_thing(typed):
        found.look.append(typed)
    elif tag in TIMES:
        found.when.append(TIMES[tag])
    elif tag in WEATHER:
        found.hour.append(tag)
    elif table().kind.get(tag) == "c" and tag not in places and not grammar.is_noun(words[-1]):
        found.names.append(typed)
    elif is_done(words):
        found.doing.append(with_inner_articles(typed))
    elif tag in people or PERSON.search(tag):
        found.being.append(thing(typed))
    elif OWNED_WORDS.search(tag) or topics & OWNED and not WORN_WORDS.search(tag):
        found.having.append(thing(typed))
    elif topics & WORN or WORN_WORDS.search(tag):
        found.wearing.append(thing(typed))
    elif tag in ADVERBS_OF_PLACE:
        found.where.append(tag)
    elif tag in places and not any(place not in ADVERBS_OF_PLACE for place in found.where):
        found.where.insert(0, grammar.place_phrase(tag))
    elif words[0] in grammar.PREPOSITIONS and words[0] != "of":
        found.where.append(with_inner_articles(typed))
    else:
        found.things.append(thing(typed))


def is_done(words: list[str]) -> bool:
    """Whether a tag is what somebody does: "sitting", "holding sword", but not "falling leaves"."""
    if not (words[0].endswith("ing") and grammar.is_participle(words[0])):
        return False
    return len(words) == 1 or words[1] in STOP or words[1] in ("away", "back") or words[0] in TRANSITIVE


ADJECTIVE = re.compile(r"(?:ful|ous|ic|al|ive|less|ish|ed|erly|esque|able|down|up|cular)$")
ADJECTIVES = frozenset("dark wet plump scared dim bright old young tall cute 3d 2d isometric barefoot".split())


def is_thing(typed: str) -> bool:
    """Whether a tag names something: one of its words is a noun, or its last has not the look of an adjective."""
    words = fold(typed).split()
    if any(grammar.is_noun(word) or grammar.is_plural_form(word) for word in words):
        return True
    return words[-1] not in ADJECTIVES and not ADJECTIVE.search(words[-1])


def people_of(count: re.Match) -> str:
    """A count of people in words: "a girl", "two boys", "several girls"."""
    noun = "person" if count[2] == "other" else count[2]
    many = {"girl": "girls", "boy": "boys", "person": "people"}[noun]
    if count[1] == "multiple":
        return f"several {many}"
    number = int(count[1])
    if number == 1:
        return f"a {noun}"
    said = NUMBERS[number] if number < len(NUMBERS) else str(number)
    return f"{said} or more {many}" if "+" in count[0] else f"{said} {many}"


def thing(typed: str) -> str:
    """A thing with its article."""
    return grammar.with_article(typed) if typed.islower() and typed.isascii() else typed


def with_inner_articles(typed: str) -> str:
    """What somebody does, with the article that its thing lacks: "holding sword", "sitting on swing"."""
    words = typed.split()
    at = 1
    for index, word in enumerate(words[1:], 1):
        if word in grammar.PREPOSITIONS:
            at = index + 1
    rest = " ".join(words[at:])
    if not rest or words[at] in grammar.DETERMINERS or not grammar.is_noun(words[-1]):
        return typed
    return " ".join([*words[:at], grammar.with_article(rest)])
