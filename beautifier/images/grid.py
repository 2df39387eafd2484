"""A picture of pictures to compare: side by side, with what was asked for, their scores, and the winners marked.

draw_grid([Column([one], "original", "a cat"), Column([two], "beautified", "a fluffy cat, ...")],
          [Scores("PickScore", [[20.91], [21.64]])])
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest

from PIL import Image, ImageDraw

from .grid_layout import MOST_PIXELS, Column, Layout, arranged, too_large
from .lettering import cleaned, draw_text, line_height, shortened, width

BACKGROUND, CARD = (15, 16, 20), (29, 31, 38)
BRIGHT, PLAIN, FAINT = (244, 245, 247), (196, 200, 208), (142, 148, 160)
ACCENT, ON_ACCENT = (255, 196, 61), (43, 30, 0)
BEHIND_TRANSPARENT = (128, 128, 128)  # black and white drawings both show on it
SMOOTH = 4  # round shapes are drawn this many times larger, since Pillow draws without antialiasing


@dataclass(frozen=True)
class Scores:
    """What one scorer says; higher is better. `values[column][row]`, one for each picture."""

    name: str
    values: Sequence[Sequence[float]]


def draw_grid(
    columns: Sequence[Column],
    scores: Sequence[Scores] = (),
    picture_size: int = 1024,
    per_line: int = 0,
    prompt_lines: int = 4,
    title: str = "",
) -> Image.Image:
    """Draw the pictures of `columns` and their scores; the best of each row by the first of `scores` is marked.

    A row is the k-th picture of every column. Pictures (RGB, RGBA, L, LA or P) keep their shape: all are fitted
    into cells of one size. The size of the text follows that of the pictures.

    picture_size  px of the longest edge; larger pictures are made smaller. 0: every picture as it is
    per_line      columns that stand side by side; more go below. 0: what suits a screen
    prompt_lines  lines of a prompt that are shown at most; a prompt that all columns share is shown once, on top
    Returns an RGB picture. Raises ValueError where there is no picture, where scores are not one for each picture
    or not finite, and where the whole would have more than MOST_PIXELS.
    """
    check(columns, scores)
    layout = arranged(columns, len(scores), picture_size, per_line, prompt_lines, title)
    if layout.width * layout.height > MOST_PIXELS:
        raise ValueError(too_large(layout))
    grid = Image.new("RGB", (layout.width, layout.height), BACKGROUND)
    draw = ImageDraw.Draw(grid)
    draw_top(draw, layout)
    leaders = [best(each.values) for each in scores]
    written = [written_values(each.values) for each in scores]
    for column, each in enumerate(columns):
        draw_header(draw, layout, column)
        for row, picture in enumerate(each.pictures):
            wins = bool(leaders) and leaders[0][row] == column
            draw_cell(grid, layout, column, row, picture, wins)
            for line, scorer in enumerate(scores):
                leads = leaders[line][row] == column
                colour = ACCENT if wins and line == 0 else BRIGHT if leads else PLAIN
                draw_score(draw, layout, column, row, line, scorer.name, written[line][column][row], colour)
    return grid


def check(columns: Sequence[Column], scores: Sequence[Scores]) -> None:
    """Raise ValueError where the scores are not those of the pictures, or there are no pictures."""
    counts = [len(column.pictures) for column in columns]
    if not any(counts):
        raise ValueError("there is no picture to compare: give at least one")
    for each in scores:
        if [len(values) for values in each.values] != counts:
            given = [len(values) for values in each.values]
            raise ValueError(f"scores {each.name!r} are {given} by column, but the pictures are {counts}")
        if not all(math.isfinite(value) for values in each.values for value in values):
            raise ValueError(f"scores {each.name!r} have one that is not a finite number: {each.values}")


def usual_decimals(values: Sequence[Sequence[float]]) -> int:
    """2 for scores like PickScore's (about 20) and the aesthetic (1 to 10), 4 for those below 1, like HPS's."""
    return 2 if max(abs(value) for column in values for value in column) >= 1 else 4


def best(values: Sequence[Sequence[float]]) -> list[int | None]:
    """The column with the highest value of each row, None for a tie and for a picture that is alone.

    Values that are the same to two more than the usual decimals are a tie: the rest is noise of the arithmetic.
    """
    finest = usual_decimals(values) + 2
    winners: list[int | None] = []
    for row in zip_longest(*values):
        present = {column: round(value, finest) for column, value in enumerate(row) if value is not None}
        highest = max(present.values())
        first = [column for column, value in present.items() if value == highest]
        winners.append(first[0] if len(first) == 1 < len(present) else None)
    return winners


def written_values(values: Sequence[Sequence[float]]) -> list[list[str]]:
    """The values as they are written: with as many decimals as it takes to tell a winner from the others."""
    usual, winners = usual_decimals(values), best(values)
    for decimals in range(usual, usual + 3):
        written = [[number(value, decimals) for value in column] for column in values]
        rows = zip(zip_longest(*written), winners, strict=True)
        if all(winner is None or row.count(row[winner]) == 1 for row, winner in rows):
            break
    return written


def number(value: float, decimals: int) -> str:
    """A score as it is written under a picture, with a real minus sign."""
    return f"{round(value, decimals) + 0.0:.{decimals}f}".replace("-", "\N{MINUS SIGN}")  # + 0.0: no negative zero


def draw_top(draw: ImageDraw.ImageDraw, layout: Layout) -> None:
    """The title, and the prompt that all columns share."""
    top = layout.margin
    for lines, size, colour in (
        (layout.title, layout.title_size, BRIGHT),
        (layout.shared_prompt, layout.text, PLAIN),
    ):
        for line in lines:
            draw_text(draw, (layout.margin, top), line, size, colour)
            top += line_height(size)


def draw_header(draw: ImageDraw.ImageDraw, layout: Layout, column: int) -> None:
    """A column's name and prompt."""
    left, top = layout.header_place(column)
    name, prompt = layout.headers[column]
    if name:
        draw_text(draw, (left, top), name, layout.name_size, BRIGHT)
        top += line_height(layout.name_size)
    for line in prompt:
        draw_text(draw, (left, top), line, layout.prompt_size, PLAIN)
        top += line_height(layout.prompt_size)


def draw_cell(grid: Image.Image, layout: Layout, column: int, row: int, picture: Image.Image, wins: bool) -> None:
    """A picture on its card; a winner's has a frame and a star."""
    left, top = layout.cell_place(column, row)
    radius, frame = round(0.5 * layout.text), max(2, round(0.16 * layout.text))
    if wins:
        larger = (layout.cell[0] + 2 * frame, layout.cell[1] + 2 * frame)
        grid.paste(ACCENT, (left - frame, top - frame), round_corners(larger, radius + frame))
    grid.paste(CARD, (left, top), round_corners(layout.cell, radius))
    fitted = opaque(fit(picture, layout.box) if layout.shrink else picture)
    inner_left = left + layout.padding + (layout.inner_width - fitted.width) // 2
    inner_top = top + layout.padding + (layout.box[1] - fitted.height) // 2
    grid.paste(fitted, (inner_left, inner_top))
    if wins:
        size = round(1.9 * layout.text)
        right = left + layout.cell[0] - layout.padding
        badge = (right - size - layout.padding, top + 2 * layout.padding)
        for colour, mask in zip((CARD, ACCENT, ON_ACCENT), star_badge(size), strict=True):
            grid.paste(colour, badge, mask)
    if layout.rows > 1 and column % layout.per_line == 0:
        place = (layout.margin, top + layout.padding)
        draw_text(ImageDraw.Draw(grid), place, str(row + 1), layout.text, FAINT)


def draw_score(
    draw: ImageDraw.ImageDraw, layout: Layout, column: int, row: int, line: int, name: str, value: str, colour
) -> None:
    """One scorer's line under a picture: its name on the left, the value on the right."""
    left, top = layout.cell_place(column, row)
    left, room = left + layout.padding, layout.inner_width
    top += layout.padding + layout.box[1] + round(0.35 * layout.text) + line * line_height(layout.text)
    wide = width(value, layout.text)
    label = shortened(cleaned(name), layout.text, room - wide - layout.text)
    draw_text(draw, (left, top), label, layout.text, FAINT)
    draw_text(draw, (left + room - wide, top), value, layout.text, colour)


def shrunk(picture: Image.Image, longest: int) -> Image.Image:
    """`picture`, made smaller where its longest edge has more than `longest` px; 0 leaves it as it is."""
    if longest == 0 or max(picture.size) <= longest:
        return picture
    return fit(picture, (longest, longest))


def fit(picture: Image.Image, box: tuple[int, int]) -> Image.Image:
    """`picture` as large as fits into a box, in its own shape."""
    scale = min(box[0] / picture.width, box[1] / picture.height)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    if size == picture.size:
        return picture
    picture = picture.convert("RGBA") if picture.mode in ("P", "PA", "1") else picture
    return picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def opaque(picture: Image.Image) -> Image.Image:
    """`picture` in RGB; what is transparent shows a plain grey."""
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    opaque = Image.new("RGBA", picture.size, BEHIND_TRANSPARENT)
    return Image.alpha_composite(opaque, picture.convert("RGBA")).convert("RGB")


@lru_cache(maxsize=4)
def round_corners(size: tuple[int, int], radius: int) -> Image.Image:
    """A mask of a rectangle with round corners."""
    mask = Image.new("L", size, 255)
    large = Image.new("L", (2 * radius * SMOOTH, 2 * radius * SMOOTH), 0)
    ImageDraw.Draw(large).ellipse((0, 0, large.width - 1, large.height - 1), 255)
    disc = large.resize((2 * radius, 2 * radius), Image.Resampling.BOX)
    for x in (0, 1):
        for y in (0, 1):
            quarter = disc.crop((x * radius, y * radius, (x + 1) * radius, (y + 1) * radius))
            mask.paste(quarter, (x * (size[0] - radius), y * (size[1] - radius)))
    return mask


@lru_cache(maxsize=8)
def star_badge(size: int) -> tuple[Image.Image, Image.Image, Image.Image]:
    """Masks of a disc, of a smaller one on it, and of a star on that."""
    large = size * SMOOTH
    masks = [Image.new("L", (large, large), 0) for _ in range(3)]
    rim = round(0.06 * large)
    ImageDraw.Draw(masks[0]).ellipse((0, 0, large - 1, large - 1), 255)
    ImageDraw.Draw(masks[1]).ellipse((rim, rim, large - 1 - rim, large - 1 - rim), 255)
    points = [
        (
            large / 2 + reach * large * math.sin(turn * math.pi / 5),
            large / 2 - reach * large * math.cos(turn * math.pi / 5),
        )
        for turn, reach in enumerate([0.31, 0.13] * 5)
    ]
    ImageDraw.Draw(masks[2]).polygon(points, 255)
    disc, smaller, star = (mask.resize((size, size), Image.Resampling.BOX) for mask in masks)
    return disc, smaller, star
