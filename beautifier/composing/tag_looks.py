"""What candidates of tags differ in, where the wish leaves it open: hair, eyes, expression, framing, place and light.

The tags of one row are seen together; a row is taken whole or not at all. Each candidate of a seed has another row.
"""

import random
from collections.abc import Iterator, Sequence

from ..prompts import lexicon
from ..subjects.find import Findings
from ..wishes.wish import Wish
from .added_tags import goes_with, may_tag
from .scene import Scene
from .tag_people import counted_persons
from .tag_table import table

GIRL = (
    ("long hair", "black hair", "blunt bangs"),
    ("short hair", "brown hair"),
    ("blonde hair", "ponytail"),
    ("long hair", "pink hair", "twintails"),
    ("white hair", "bob cut"),
    ("long hair", "blue hair", "bangs"),
    ("brown hair", "braid"),
    ("red hair", "wavy hair"),
    ("purple hair", "hair between eyes"),
)
BOY = (
    ("short hair", "black hair"),
    ("brown hair", "hair between eyes"),
    ("blonde hair", "short hair"),
    ("white hair", "short hair"),
    ("blue hair", "bangs"),
    ("red hair", "spiked hair"),
)
EYES = (("blue eyes",), ("green eyes",), ("brown eyes",), ("purple eyes",), ("red eyes",), ("yellow eyes",))
FACES = (("light smile", "closed mouth"), ("smile",), ("open mouth", "smile"), ("expressionless",))
VIEWS = (
    ("looking at viewer", "upper body"),
    ("full body",),
    ("looking at viewer", "cowboy shot"),
    ("from side",),
    ("looking back", "from behind"),
    ("wide shot",),
)
OPEN = (
    ("outdoors", "day", "blue sky", "cloud"),
    ("outdoors", "sunset", "orange sky", "cloud"),
    ("outdoors", "forest", "tree", "dappled sunlight"),
    ("outdoors", "night", "night sky", "moon"),
    ("outdoors", "grass", "field", "wind"),
    ("outdoors", "mountain", "horizon", "morning"),
    ("outdoors", "autumn leaves", "tree", "autumn"),
)
PEOPLED = (
    *OPEN,
    ("indoors", "window", "curtains", "sunlight"),
    ("outdoors", "city", "street", "building"),
    ("outdoors", "night", "city lights", "street"),
    ("outdoors", "rain", "puddle", "grey sky"),
    ("outdoors", "garden", "flower", "petals"),
    ("outdoors", "beach", "ocean", "horizon"),
)
SIGHTS = (("close-up", "depth of field"), ("full body",), ("from side",), ("from above",), ("wide shot",))
SCENES = (("from above",), ("depth of field", "blurry background"), ("wide shot",), ("from below",), ("close-up",))
WET = ("outdoors", "rain", "puddle", "grey sky")
SKIES = (*OPEN[:2], OPEN[3], ("outdoors", "cloudy sky", "overcast"), ("outdoors", "sunrise", "horizon"))


def rows_of(wish: Wish, findings: Findings, scene: Scene) -> Iterator[Sequence[tuple[str, ...]]]:
    """The tables a candidate takes a row of."""
    people = counted_persons(findings)
    plain = not scene.flat and not scene.craft and not scene.sculpted
    beings = [found for found in findings.of("other") if found.entry.is_living and found not in people]
    alone = len(people) == 1 and not beings and not (people[0].subject and people[0].subject.many)
    if alone and not people[0].proper and not wish.names and plain:
        kinds = people[0].entry.kinds
        if kinds & {"woman", "girl", "man", "boy"}:
            yield from ((GIRL if kinds & {"woman", "girl"} else BOY), EYES)
        yield from (FACES, VIEWS)
    head = findings.head_entry
    if not people and head is not None and plain and (head.is_living or not scene.crowded):
        yield SIGHTS if head.is_living else SCENES
    somewhere = any(f.entry.is_setting or "building" in f.entry.kinds for f in findings.found if f.part != "head")
    if somewhere or "place" in scene.closed or not plain or head is None or "indoor" in scene.facts:
        return
    if people or head.is_living:
        yield PEOPLED if people else OPEN
    elif head.kinds & {"building", "vehicle", "landscape"}:
        yield SKIES


def looks(wish: Wish, findings: Findings, scene: Scene, tags: Sequence[str], seed: int, k: int) -> list[str]:
    """The tags of candidate k that others have not: of each table the k-th row of those that go with the wish."""
    if wish.detailed == 2 or findings.ill_read or findings.mixed:
        return []
    found: list[str] = []
    for number, rows_there in enumerate(rows_of(wish, findings, scene)):
        having = [*tags, *found]
        rows = [row for row in rows_there if fits_all(row, having, scene)]
        if WET in rows and "rain" in scene.facts:
            rows = [WET]
        if rows:
            random.Random(f"{seed}/looks/{number}").shuffle(rows)
            found += [tag for tag in rows[k % len(rows)] if tag not in having]
    return found


def may_look(tag: str, scene: Scene) -> bool:
    """Whether a tag may be added: a color of hair or eyes beside the colors of other things too."""
    if tag.split()[-1] in ("hair", "eyes") and tag in table().kind:
        return not lexicon.topics_of(tag) & scene.wish.topics
    return may_tag(tag, None, scene)


def fits_all(row: Sequence[str], tags: Sequence[str], scene: Scene) -> bool:
    """Whether every tag of a row may be added and goes with those there."""
    having = list(tags)
    for tag in row:
        if tag not in having and not (may_look(tag, scene) and goes_with(tag, having, scene)):
            return False
        having.append(tag)
    return True
