"""Where in the frame a text says that a thing or its lettering stands, as a box of Ideogram's layout.

A box is [top, left, bottom, right] in thousandths of the frame, as ComfyUI's node CreateBoundingBoxes writes it.
"""

import re

PLACED = re.compile(
    r"^(?:the design is centered|everything named is in full view|the scene reaches from the near foreground"
    r"|.+ is (?P<where>in the middle of the frame|a little (?:left|right) of the middle), with room)",
    re.IGNORECASE,
)
LETTERED = re.compile(
    r"^the (?:lettering is|texts are) set in (?P<how>.+? letters|.+? capitals) (?P<where>.+?),? evenly", re.IGNORECASE
)
# Of a thing, and of drawn text, by words of the place: the first that is there.
THINGS = (
    ("left of the middle", [180, 80, 940, 620]),
    ("right of the middle", [180, 380, 940, 920]),
    ("in the middle", [150, 230, 950, 770]),
    ("centered", [80, 150, 660, 850]),
    ("full view", [120, 80, 950, 920]),
    ("", [0, 0, 1000, 1000]),
)
TEXTS = (
    ("lower third", [690, 100, 940, 900]),
    ("front", [400, 330, 620, 670]),
    ("", [390, 200, 610, 800]),
)


def box_of(sentence: str) -> list[int]:
    """The box of a thing of which a sentence says where it is."""
    return list(next(box for words, box in THINGS if words in sentence.casefold()))


def boxes_of(sentence: str, count: int) -> list[list[int]]:
    """The boxes of so many drawn texts, one below the other, in the room that a sentence gives them."""
    top, left, bottom, right = next(box for words, box in TEXTS if words in sentence.casefold())
    height = (bottom - top) / max(1, count)
    return [[round(top + n * height), left, round(top + (n + 1) * height), right] for n in range(count)]
