"""The shape of a picture: what a text or a number says of it, and the width and height that it comes to.

Imports nothing but the standard library: ComfyUI reads it when it starts.
"""

import math
import re

TWO_NUMBERS = re.compile(r"(\d+(?:\.\d+)?)\s*[:x×*/]\s*(\d+(?:\.\d+)?)", re.IGNORECASE)
WIDEST = 8.0  # width / height; a picture beyond it, or beyond 1 / 8, is a mistake
SIDE_OF = 16  # pixels: the sides of a picture are multiples of it
PIXELS = 1024 * 1024


def ratio_of(value: object) -> float | None:
    """Width by height, of [16, 9], "16:9" or a number; None where it says none, or one that no picture has."""
    if isinstance(value, list) and len(value) == 2:
        width, height = map(number, value)
        return sensible(width / height) if width and height else None
    if isinstance(value, str) and (pair := TWO_NUMBERS.search(value)):
        width, height = float(pair[1]), float(pair[2])
        return sensible(width / height) if height else None
    return sensible(number(value))


def number(value: object) -> float:
    """A number above 0, given as one or as a text; else 0."""
    try:
        found = float(value) if isinstance(value, (int, float, str)) else 0.0
    except (ValueError, OverflowError):
        return 0.0
    return found if math.isfinite(found) and found > 0 and not isinstance(value, bool) else 0.0


def sensible(ratio: float) -> float | None:
    """The ratio where a picture may have it, else None."""
    return ratio if 1 / WIDEST <= ratio <= WIDEST else None


def size_of(ratio: float | None, pixels: int = PIXELS) -> tuple[int, int]:
    """Width and height of a picture of that ratio and about so many pixels; a square where there is no ratio."""
    width = math.sqrt(pixels * (ratio or 1.0))
    return _side(width), _side(pixels / width)


def _side(length: float) -> int:
    """A length in pixels as the nearest multiple of SIDE_OF."""
    return max(SIDE_OF, round(length / SIDE_OF) * SIDE_OF)
