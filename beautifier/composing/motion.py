"""What moves in a moving picture, what the camera does and what is heard: of what a text already shows, nothing new.

A pose tells how a thing goes on ("sleeping" breathes), else its kind does; the place and the weather tell what moves
around it. The first row that holds is taken.
"""

import random
import re
from collections.abc import Iterator

from .scene import Scene
from .standing import OPENS
from .thing import Thing

# By what the text says of a thing; {it}, {its}: a single one, by pronoun or by name; a verb stands in the singular.
POSES = (
    (r"\b(?:on|in) (?:a|an|the) (?:\w+ )?swing\b", "the swing carries {it} gently back and forth"),
    (r"\b(?:asleep|sleep(?:s|ing)?|curled|naps?|napping|dozing)\b", "{it} breathes slowly and evenly, hardly moving"),
    (r"\b(?:fl(?:y|ies|ying)|soar(?:s|ing)|glid(?:es|ing)|hover(?:s|ing))\b", "{it} moves on steadily through the air"),
    (r"\b(?:runs?|running|gallop(?:s|ing)|sprint(?:s|ing)|rac(?:es|ing)|charg(?:es|ing))\b",
     "{it} keeps running, stride after stride"),
    (r"\b(?:walk(?:s|ing)|stroll(?:s|ing)|strid(?:es|ing)|mid-step|prowl(?:s|ing)|wander(?:s|ing)|hik(?:es|ing))\b",
     "then {it} walks on, one slow step after another"),
    (r"\b(?:swims?|swimming|div(?:es|ing))\b", "{it} swims on with slow, even movements"),
    (r"\b(?:danc(?:es|ing)|twirl(?:s|ing))\b", "{it} turns and sways with the dance"),
    (r"\bplay(?:s|ing) (?:the |an? )?(?:\w+ )?(?:guitar|piano|violin|cello|drums?|flute|harp|saxophone|accordion)\b",
     "{it} plays on, the hands never still"),
    (r"\b(?:rid(?:es|ing))\b", "{it} rides on at an even pace"),
    (r"\b(?:read(?:s|ing))\b", "{it} turns a page and reads on"),
    (r"\b(?:driv(?:es|ing)|drift(?:s|ing)|sail(?:s|ing)|speed(?:s|ing))\b", "{it} moves on steadily"),
    (r"\b(?:park(?:ed|s)|moored|anchored|wreck(?:ed)?|abandoned|rusty)\b", "{it} stays where it is"),
)  # fmt: skip
# By the kinds of a thing.
KINDS = (
    ("person people woman man girl boy child", "{it} breathes calmly, blinks and slowly looks to one side"),
    ("bird", "{it} turns {its} head, ruffles {its} feathers and settles again"),
    ("fish sea-creature", "{its} fins and tail move in slow strokes"),
    ("insect", "{it} stirs a little and moves on a short way"),
    ("animal pet creature mammal reptile dinosaur character", "{it} turns {its} head and slowly moves on"),
    ("boat ship", "{it} rocks gently on the water"),
    ("vehicle", "{it} rolls slowly forward"),
    ("drink", "a thin curl of steam rises and fades"),
    ("flower plant tree", "{it} sways lightly in the air"),
)
SEVERAL = "{it} go on with it, each at its own pace"
# What moves around, and what is heard: by what is known of the scene, all facts of a row, or by a word of the text.
AROUND = (
    ("", r"\brain\w*|downpour|drizzl\w+", "rain keeps falling, and drops run down and splash", "steady rain"),
    ("underwater", "", "rays of light waver, and small bubbles rise", "muffled water and rising bubbles"),
    ("space", "", "fine dust drifts past in the dark", "a low, distant hum"),
    ("", r"\bfire\b|campfire|bonfire|flames?|torch\w*|fireplace", "the flames flicker and throw moving light",
     "the crackle of the fire"),
    ("", r"candle\w*", "the candle flame flickers", "the quiet of the room"),
    ("", r"waterfall", "the water keeps falling, and fine spray drifts", "the rush of falling water"),
    ("", r"\b(?:sea|ocean|waves?|surf|beach|shore|coast)\b", "waves roll in and draw back", "waves and wind"),
    ("", r"\b(?:lake|river|pond|stream|creek|harbor|canal)\b", "small ripples cross the water", "lapping water"),
    ("snow", "", "loose snow drifts in a light wind", "soft wind over the snow"),
    ("fog", "", "the mist drifts slowly", "a hushed, light wind"),
    ("storm", "", "the wind pulls at everything loose, and dark clouds race past", "wind and distant thunder"),
    ("city night", "", "lights glow and change in the distance", "the distant hum of the city"),
    ("city", "", "far behind, the life of the city goes on", "the distant hum of the city"),
    ("night outdoor", "", "a light wind passes through the dark", "crickets and a light wind"),
    ("indoor", "", "fine dust drifts through the light", "the quiet of the room"),
    ("nature", "", "leaves and grass stir in a light wind", "birdsong and rustling leaves"),
    ("outdoor", "", "a light wind passes, and clouds drift across the sky", "a light wind"),
    ("night", "", "a light wind passes through the dark", "crickets and a light wind"),
)  # fmt: skip
PAPER = frozenset(
    "poster painting drawing watercolor sketch print woodcut engraving etching map postcard collage photo".split()
)
# What is heard of the thing itself, by words of the text.
VOICES = (
    (r"\bswing\b", "the soft creak of the swing"),
    (r"\b(?:cat|kitten)s?\b", "a quiet purr"),
    (r"\b(?:dog|puppy|fox|wolf)(?:s|es)?\b", "quick, quiet breathing"),
    (r"\bhorses?\b", "hooves and a low snort"),
    (r"\b(?:birds?|owl|parrot|sparrow|seagull)\b", "bird calls"),
    (r"\b(?:car|truck|motorcycle|bus|van)\b", "a running engine"),
    (r"\b(?:train|locomotive|tram)\b", "wheels on rails"),
    (r"\b(?:coffee|tea|mug|cup)\b", "the faint clink of a cup"),
    (r"\b(?:armou?r|sword|knight|samurai)\b", "the faint clink of metal"),
    (r"\b(?:book|library|read(?:s|ing)?)\b", "the rustle of a page"),
    (r"\b(?:guitar|piano|violin|drums?|music\w*)\b", "soft music from the instrument"),
    (r"\b(?:walk(?:s|ing)|steps?|mid-step|runs?|running)\b", "steady footsteps"),
)
CAMERA = (
    "The camera moves slowly closer.",
    "The camera draws slowly back.",
    "The camera pans slowly to the right.",
    "The camera pans slowly to the left.",
)
SAYS_CAMERA = re.compile(r"\b(?:camera|pan(?:s|ning)?|zoom|dolly|tracking|static shot|timelapse)\b", re.IGNORECASE)
SAYS_SOUND = re.compile(r"\b(?:sounds?|hear[ds]?|silen(?:t|ce)|music|noise|voice)\b", re.IGNORECASE)


def moves(text: str, scene: Scene, thing: Thing, facts: frozenset[str], name: str) -> Iterator[tuple[str, str]]:
    """How the thing goes on, and what moves around it, as clauses, each with what it is: OPENS or "motion".

    facts: what is known of the whole picture. name: what the picture is called, "the poster".
    """
    if scene.flat:
        yield "motion", flat_move(name)
        return
    if own := own_move(text, scene, thing):
        yield OPENS, own
    around = row_around(text, facts)
    if around:
        yield "motion", around[2]


def flat_move(name: str) -> str:
    """What moves of a flat work that is filmed: it lies or hangs there, in the light and the air."""
    if name.split()[-1] in PAPER:
        return f"a draft stirs {name} slightly, and the light wanders slowly across its surface"
    return "the light wanders slowly across the design, from one side to the other"


def own_move(text: str, scene: Scene, thing: Thing) -> str:
    """How the thing goes on; "" of what stands still."""
    entry = scene.findings.head_entry
    if not thing.nameable or entry is None:
        return ""
    if thing.plural:
        return SEVERAL.format(it="they" if thing.again == "they" else thing.called) if entry.is_living else ""
    moving = entry.is_living or not entry.kinds.isdisjoint(("vehicle", "machine"))
    pose = next((move for said, move in POSES if moving and re.search(said, text, re.IGNORECASE)), "")
    move = pose or next((move for kinds, move in KINDS if not entry.kinds.isdisjoint(kinds.split())), "")
    its = {"she": "her", "he": "his"}.get(thing.she, "its")
    return move.format(it=thing.called, its=its) if move else ""


def row_around(text: str, facts: frozenset[str]) -> tuple[str, str, str, str] | None:
    """The row of what moves around a picture, by a word of its text or by what is known of it."""
    return next(
        (
            row
            for row in AROUND
            if (re.search(row[1], text, re.IGNORECASE) if row[1] else facts.issuperset(row[0].split()))
        ),
        None,
    )


def sound(text: str, scene: Scene, facts: frozenset[str]) -> str:
    """What is heard, as a clause; "" where the text says so itself."""
    if SAYS_SOUND.search(text):
        return ""
    voice = next((heard for said, heard in VOICES if re.search(said, text, re.IGNORECASE)), "")
    around = row_around(text, facts)
    if scene.flat or not (voice or around):
        return "the only sounds are a faint rustle and the quiet of the room"
    rest = around[3] if around else ""
    between = ", " if " and " in rest else " and "
    return f"the sound is {between.join(filter(None, (voice, rest)))}"


def camera(text: str, dice: random.Random) -> str:
    """What the camera does, as a sentence; "" where a text says it."""
    return "" if SAYS_CAMERA.search(text) else dice.choice(CAMERA)
