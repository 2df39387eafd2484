"""Where everything in a grid of pictures goes: columns, cells and lines of text, in pixels."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from PIL import Image

from .lettering import cleaned, line_height, shortened, wrapped

MOST_PIXELS = 100_000_000  # of the whole: 300 MB as bytes, 1.2 GB as ComfyUI's floats
SMALLEST_CELL = 256  # px wide: what is written has to fit under a small picture too
PLEASANT = 1.5  # width : height that an automatic number of columns comes near to
GAP_COST = 0.25  # what an empty place in the last line counts, in that search; 1 is a shape e times off
MOST_TITLE_LINES = 3


@dataclass(frozen=True)
class Column:
    """Pictures of one prompt, one a row. `name` and `prompt` stand above them where they are not empty."""

    pictures: Sequence[Image.Image]
    name: str = ""
    prompt: str = ""


@dataclass(frozen=True)
class Layout:
    """Where everything is, in px. Sizes of text and of gaps follow `text`."""

    shrink: bool  # whether pictures are fitted into `box`; else they have their own size
    box: tuple[int, int]  # of the largest picture
    text: int
    rows: int
    per_line: int
    score_lines: int
    headers: tuple[tuple[str, tuple[str, ...]], ...]  # of each column: name, lines of the prompt
    title: tuple[str, ...] = ()
    shared_prompt: tuple[str, ...] = ()

    @property
    def title_size(self) -> int:
        """Of the font of the title, in pixels."""
        return round(1.5 * self.text)

    @property
    def name_size(self) -> int:
        """Of the font of the columns' names, in pixels."""
        return round(1.1 * self.text)

    @property
    def prompt_size(self) -> int:
        """Of the font of the columns' prompts, in pixels."""
        return max(12, round(0.82 * self.text))

    @property
    def margin(self) -> int:
        """Pixels around everything."""
        return round(1.3 * self.text)

    @property
    def padding(self) -> int:
        """Pixels around a picture."""
        return round(0.45 * self.text)

    @property
    def inner_width(self) -> int:
        """Pixels for a picture and its scores, side to side."""
        return max(self.box[0], SMALLEST_CELL)

    @property
    def cell(self) -> tuple[int, int]:
        """Width and height, in pixels, of a picture with its scores and what is around them."""
        scores = self.score_lines * line_height(self.text) + (self.score_lines > 0) * round(0.35 * self.text)
        return self.inner_width + 2 * self.padding, self.box[1] + 2 * self.padding + scores

    @property
    def gutter(self) -> int:
        """Room for the row's number, which is needed where there are several rows."""
        return round(1.1 * self.text) if self.rows > 1 else 0

    @property
    def width(self) -> int:
        """Of the whole grid, in pixels."""
        return 2 * self.margin + self.gutter + self.per_line * (self.cell[0] + self.text) - self.text

    @property
    def top(self) -> int:
        """Where the first line of columns begins."""
        height = len(self.title) * line_height(self.title_size) + len(self.shared_prompt) * line_height(self.text)
        return self.margin + height + (height > 0) * round(0.8 * self.text)

    def header_height(self, line: int) -> int:
        """Of a line of columns: room for the longest of what stands above its columns."""
        headers = self.headers[line * self.per_line : (line + 1) * self.per_line]
        names = any(name for name, _ in headers) * line_height(self.name_size)
        prompts = max(len(prompt) for _, prompt in headers) * line_height(self.prompt_size)
        return names + prompts + (names + prompts > 0) * round(0.45 * self.text)

    def line_top(self, line: int) -> int:
        """Where a line of columns begins, with what stands above them."""
        rows = line * self.rows * (self.cell[1] + self.text)
        return self.top + rows + sum(self.header_height(above) + self.text // 2 for above in range(line))

    @property
    def height(self) -> int:
        """Of the whole grid, in pixels."""
        return self.line_top(math.ceil(len(self.headers) / self.per_line)) - self.text - self.text // 2 + self.margin

    def header_place(self, column: int) -> tuple[int, int]:
        """Left and top, in pixels, of what stands above a column."""
        line, position = divmod(column, self.per_line)
        return self.margin + self.gutter + position * (self.cell[0] + self.text), self.line_top(line)

    def cell_place(self, column: int, row: int) -> tuple[int, int]:
        """Left and top, in pixels, of a picture's cell."""
        left, top = self.header_place(column)
        return left, top + self.header_height(column // self.per_line) + row * (self.cell[1] + self.text)


def arranged(
    columns: Sequence[Column],
    score_lines: int,
    picture_size: int,
    per_line: int,
    prompt_lines: int,
    title: str,
) -> Layout:
    """The layout for columns; the arguments are those of draw_grid."""
    box = picture_box([picture.size for column in columns for picture in column.pictures], picture_size)
    inner = max(box[0], SMALLEST_CELL)
    rows = max(len(column.pictures) for column in columns)
    # Of a panorama the text follows the height too, or there would be more text than picture.
    text = max(13, round(min(inner, math.sqrt(inner * box[1])) / 26))
    layout = Layout(bool(picture_size), box, text, rows, max(1, len(columns)), score_lines, ())
    prompts = {column.prompt for column in columns}
    shared = prompts.pop() if len(prompts) == 1 < len(columns) else ""
    headers = [
        (
            shortened(cleaned(column.name), layout.name_size, layout.cell[0]),
            () if shared else tuple(wrapped(column.prompt, layout.prompt_size, layout.cell[0], prompt_lines)),
        )
        for column in columns
    ]
    layout = replace(layout, headers=tuple(headers))
    choices = [replace(layout, per_line=count) for count in range(1, len(columns) + 1)]
    layout = choices[min(per_line, len(columns)) - 1] if per_line else min(choices, key=awkwardness)
    room = layout.width - 2 * layout.margin
    return replace(
        layout,
        title=tuple(wrapped(title, layout.title_size, room, MOST_TITLE_LINES)),
        shared_prompt=tuple(wrapped(shared, layout.text, room, prompt_lines)),
    )


def awkwardness(layout: Layout) -> float:
    """How far a layout is from a pleasant shape without empty places."""
    gaps = -len(layout.headers) % layout.per_line
    return abs(math.log(layout.width / layout.height / PLEASANT)) + GAP_COST * gaps


def picture_box(sizes: Sequence[tuple[int, int]], longest: int) -> tuple[int, int]:
    """The smallest box that takes all pictures once they are no longer than `longest`; 0 leaves them as they are.

    Pictures of a few pixels are enlarged to be seen, unless they are to stay as they are.
    """
    scales = [min(1.0, longest / max(size)) if longest else 1.0 for size in sizes]
    box = [max(size[axis] * scale for size, scale in zip(sizes, scales, strict=True)) for axis in (0, 1)]
    enlarge = max(1.0, min(longest, SMALLEST_CELL) / max(box)) if longest else 1.0
    return max(1, round(box[0] * enlarge)), max(1, round(box[1] * enlarge))


def too_large(layout: Layout) -> str:
    """What to say of a grid with too many pixels: how many, and which picture size would do."""
    pixels = layout.width * layout.height
    enough = int(max(layout.box) * math.sqrt(MOST_PIXELS / pixels) * 0.97)
    return (
        f"the grid would have {layout.width} x {layout.height} pixels ({pixels / 1e6:.0f} megapixels), and at most "
        f"{MOST_PIXELS / 1e6:.0f} megapixels are drawn: set the picture size to {enough} or less, or compare fewer "
        "pictures at a time"
    )
