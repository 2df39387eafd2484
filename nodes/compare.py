"""Compare Images: a labelled grid of images with their scores."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import torch
from comfy_api.latest import io

from ..beautifier.images import picking
from .comfy import versions
from .inputs import ADVANCED, CATEGORY, only

if TYPE_CHECKING:
    from PIL import Image

USUAL_SIZE = 1024
MODES = {1: "L", 3: "RGB", 4: "RGBA"}  # of Pillow, by the number of channels
ROWS_AT_ONCE = 512  # of an image that is made into bytes: its floats would take four times as much memory again


class CompareImages(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return versions.node_schema(
            node_id="PromptBeautifierCompareImages",
            display_name="Compare Images",
            category=CATEGORY,
            description=(
                "Puts images side by side in one image, with their prompts and scores, and marks the best. Connect it "
                "to Save Image or Preview Image."
            ),
            search_aliases=[
                "image grid",
                "contact sheet",
                "side by side",
                "xy plot",
                "before after",
                "compare prompts",
                "图像对比",
                "网格",
                "拼图",
            ],
            is_input_list=True,
            inputs=[
                io.Image.Input(
                    "images",
                    tooltip=(
                        "Each item of a list is a column, and the images of its batch are the rows. A single batch is "
                        "laid out side by side."
                    ),
                ),
                *linked("", "images"),
                io.Image.Input("images_b", optional=True, tooltip="More columns, to the right of those of images."),
                *linked("_b", "images_b"),
                io.String.Input(
                    "names",
                    multiline=True,
                    default="",
                    placeholder="original\nbeautified",
                    tooltip="A name for each column, one a line. Empty: the columns are numbered.",
                ),
                io.String.Input("title", default="", tooltip="What stands above all. Empty: no title."),
                io.String.Input(
                    "score_name",
                    default="score",
                    tooltip="What the scores are called, for example PickScore.",
                ),
                io.String.Input(
                    "score_2_name",
                    default="score 2",
                    tooltip="What the second scores are called, for example aesthetic.",
                ),
                io.Int.Input(
                    "picture_size",
                    default=USUAL_SIZE,
                    min=0,
                    max=8192,
                    step=64,
                    tooltip=(
                        "Longest edge of an image in the grid, in pixels. Larger ones are made smaller. 0: all images "
                        "as they are."
                    ),
                ),
                io.Int.Input(
                    "columns",
                    default=0,
                    min=0,
                    max=64,
                    optional=True,
                    extra_dict=ADVANCED,
                    tooltip="How many columns stand side by side; more go below. 0: as suits a screen.",
                ),
                io.Int.Input(
                    "prompt_lines",
                    default=4,
                    min=0,
                    max=50,
                    optional=True,
                    extra_dict=ADVANCED,
                    tooltip="How many lines of a prompt are shown at most. 0: no prompts.",
                ),
            ],
            outputs=[
                io.Image.Output("grid", tooltip="All images in one. Connect it to Save Image or Preview Image."),
            ],
        )

    @classmethod
    def execute(
        cls,
        images: list,
        prompts: list | None = None,
        scores: list | None = None,
        scores_2: list | None = None,
        images_b: list | None = None,
        prompts_b: list | None = None,
        scores_b: list | None = None,
        scores_2_b: list | None = None,
        names: list | None = None,
        title: list | None = None,
        score_name: list | None = None,
        score_2_name: list | None = None,
        picture_size: list | None = None,
        columns: list | None = None,
        prompt_lines: list | None = None,
    ) -> io.NodeOutput:
        from ..beautifier.images import grid, grid_layout

        longest = only(picture_size or [USUAL_SIZE], "picture_size")
        pictures = columns_of(images, longest, "images")
        pictures_b = columns_of(images_b or [], longest, "images_b")
        told = prompts_of(prompts, pictures, "prompts") + prompts_of(prompts_b, pictures_b, "prompts_b")
        scorers = [
            grid.Scores(only(name, f"the name of {what}"), scores_of(values, pictures, values_b, pictures_b, what))
            for what, name, values, values_b in (
                ("scores", score_name or ["score"], scores, scores_b),
                ("scores_2", score_2_name or ["score 2"], scores_2, scores_2_b),
            )
            if values or values_b
        ]
        pictures += pictures_b
        if len(pictures) == 1:  # one batch: its images are what is compared
            told *= len(pictures[0])
            scorers = [grid.Scores(each.name, [[value] for value in each.values[0]]) for each in scorers]
            pictures = [[picture] for picture in pictures[0]]
        called = names_of(names or [], len(pictures))
        parts = [grid_layout.Column(*each) for each in zip(pictures, called, told, strict=True)]
        drawn = grid.draw_grid(
            parts,
            scorers,
            longest,
            only(columns or [0], "columns"),
            only(prompt_lines or [4], "prompt_lines"),
            only(title or [""], "title"),
        )
        return io.NodeOutput(image_of(drawn))


def linked(suffix: str, images: str) -> list[io.Input]:
    """The inputs that say something of the images of one input: prompts and two kinds of scores."""
    each = f"one for each image of {images}, from Score Images. Higher is better"
    return [
        io.String.Input(
            f"prompts{suffix}",
            optional=True,
            force_input=True,
            tooltip=f"The prompts of {images}: one for each column, or one for all.",
        ),
        io.Float.Input(
            f"scores{suffix}",
            optional=True,
            force_input=True,
            tooltip=f"Scores, {each}. The best of each row is marked by them.",
        ),
        io.Float.Input(
            f"scores_2{suffix}",
            optional=True,
            force_input=True,
            tooltip=f"Scores of a second scorer, {each}.",
        ),
    ]


def columns_of(items: Sequence[Any], longest: int, name: str) -> list[list[Image.Image]]:
    """The pictures of each item, a batch, of an input; those with a longer edge than `longest` px made smaller."""
    batches = [picking.as_batch(item, 4, "image", "[batch, height, width, channels]") for item in items]
    return [
        [picture_of(image, longest, f"image {row} of column {column} of {name}") for row, image in enumerate(batch, 1)]
        for column, batch in enumerate(batches, 1)
    ]


def picture_of(image: torch.Tensor, longest: int, what: str) -> Image.Image:
    """A picture of the bytes that Save Image writes for an image [height, width, 1, 3 or 4 channels] in 0..1."""
    from PIL import Image

    from ..beautifier.images.grid import shrunk

    height, width, channels = image.shape
    if channels not in MODES or not height or not width:
        raise ValueError(f"{what} has the shape {list(image.shape)}: expected [height, width, 1, 3 or 4 channels]")
    data = torch.empty(image.shape, dtype=torch.uint8)
    for top in range(0, height, ROWS_AT_ONCE):
        rows = image[top : top + ROWS_AT_ONCE].float()
        if not torch.isfinite(rows).all():
            raise ValueError(f"{what} has pixels that are no numbers (NaN or infinite): its decoding failed")
        data[top : top + ROWS_AT_ONCE] = (rows * 255).clamp_(0, 255).to(torch.uint8)
    size = (width, height)
    return shrunk(Image.frombuffer(MODES[channels], size, data.numpy(), "raw", MODES[channels], 0, 1), longest)


def prompts_of(prompts: list | None, columns: list[list], name: str) -> list[str]:
    """A prompt for each column of an input; empty where none are connected."""
    if not prompts:
        return [""] * len(columns)
    if len(prompts) not in (1, len(columns)):
        raise ValueError(
            f"{name} has {len(prompts)} prompts for {len(columns)} columns: connect one for each, or one for all"
        )
    return list(prompts) * (len(columns) if len(prompts) == 1 else 1)


def scores_of(
    values: list | None, columns: list[list], values_b: list | None, columns_b: list[list], what: str
) -> list[list[float]]:
    """The scores of one scorer by column and row, of both inputs."""
    parts = []
    for name, given, pictures in ((what, values, columns), (f"{what}_b", values_b, columns_b)):
        given = picking.checked_scores(given or [])
        total = sum(map(len, pictures))
        if len(given) != total:
            raise ValueError(
                f"{name} has {len(given)} scores for {total} images: connect one for each, of the same images"
            )
        left = iter(given)
        parts += [list(islice(left, len(column))) for column in pictures]
    return parts


def names_of(names: list[str], count: int) -> list[str]:
    """A name for each of `count` columns: a line each, or else numbers, which a single column does not need."""
    lines = "\n".join(names).strip().splitlines()
    if not lines:
        return [str(number) for number in range(1, count + 1)] if count > 1 else [""] * count
    if len(lines) != count:
        raise ValueError(f"names has {len(lines)} lines for {count} columns: write one line for each, or none")
    return [line.strip() for line in lines]


def image_of(picture: Image.Image) -> torch.Tensor:
    """ComfyUI's IMAGE, float32 [1, height, width, 3] in 0..1, of an RGB picture."""
    data = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8)
    return data.view(1, picture.height, picture.width, 3).float().div_(255)


NODES = [CompareImages]
