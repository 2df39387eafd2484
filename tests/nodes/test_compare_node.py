"""Compare Images on a stand-in for ComfyUI: what lists and batches become, and what is refused."""

import importlib

import pytest
import torch
from PIL import Image

from prompt_beautifier.beautifier.images import grid, grid_layout

from ..stand_ins import comfy_stand_in


@pytest.fixture
def node(tmp_path):
    """The node, in a process that has no other node of the pack registered."""
    with comfy_stand_in.installed(tmp_path):
        yield importlib.import_module("prompt_beautifier.nodes.compare").CompareImages


@pytest.fixture
def drawn(monkeypatch):
    """What draw_grid is asked for, as (columns, scores, the rest); it draws nothing then."""
    asked = []

    def note(columns, scores, *rest):
        asked.append((columns, scores, rest))
        return Image.new("RGB", (4, 3))

    monkeypatch.setattr(grid, "draw_grid", note)
    return asked


def batch(*greys, size=(8, 6), channels=3):
    """Images [N, H, W, C] of one grey each; `size` is (width, height)."""
    width, height = size
    return torch.stack([torch.full((height, width, channels), float(grey)) for grey in greys])


def told(asked):
    return [(column.name, column.prompt, len(column.pictures)) for column in asked[-1][0]]


def greys(asked):
    """The first pixel of each picture, by column."""
    pixels = [[picture.getpixel((0, 0)) for picture in column.pictures] for column in asked[-1][0]]
    return [[pixel if isinstance(pixel, int) else pixel[0] for pixel in column] for column in pixels]


# -- the schema


def test_schema(node):
    schema = node.define_schema()
    assert schema.node_id == "PromptBeautifierCompareImages" and schema.category == "Prompt Beautifier"
    assert schema.is_input_list and schema.description.endswith(".")
    assert [(each.type, each.is_output_list) for each in schema.outputs] == [("IMAGE", False)]
    optional = {each.id for each in schema.inputs if each.options.get("optional")}
    linked = {"prompts", "scores", "scores_2", "images_b", "prompts_b", "scores_b", "scores_2_b"}
    assert optional == linked | {"columns", "prompt_lines"}
    for each in schema.inputs:
        assert each.options["tooltip"].endswith(".")
        assert not set("{}@|") & set(each.options["tooltip"])


def test_execute_takes_what_the_schema_offers(node):
    code = node.execute.__func__.__code__
    taken = code.co_varnames[1 : code.co_argcount]
    assert set(taken) == {each.id for each in node.define_schema().inputs}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_help_page_names_everything(node, repository, language):
    folder = repository / "nodes" / "web" / "docs" / "PromptBeautifierCompareImages"
    page = (folder / f"{language}.md").read_text(encoding="utf-8")
    schema = node.define_schema()
    for each in [*schema.inputs, *schema.outputs]:
        assert each.id in page


# -- what lists and batches become


def test_each_item_of_a_list_is_a_column_and_its_batch_the_rows(node, drawn):
    node.execute([batch(0.2, 0.4), batch(0.6, 0.8)], prompts=["a", "b"])
    assert told(drawn) == [("1", "a", 2), ("2", "b", 2)]
    assert greys(drawn) == [[51, 102], [153, 204]]


def test_original_and_beautified(node, drawn):
    """The first graph: two branches, each scored by two scorers, and no node that joins lists."""
    node.execute(
        [batch(0.2)],
        ["a cat"],
        [20.9],
        [5.8],
        [batch(0.4)],
        ["a fluffy cat, sharp focus"],
        [21.6],
        [5.7],
        ["original\nbeautified"],
        ["cats"],
        ["PickScore"],
        ["aesthetic"],
        [512],
        [0],
        [4],
    )
    assert told(drawn) == [("original", "a cat", 1), ("beautified", "a fluffy cat, sharp focus", 1)]
    _, scores, rest = drawn[-1]
    assert scores == [
        grid.Scores("PickScore", [[20.9], [21.6]]),
        grid.Scores("aesthetic", [[5.8], [5.7]]),
    ]
    assert rest == (512, 0, 4, "cats")


def test_every_candidate(node, drawn):
    """The second graph: a list of five images, each with its prompt and its score."""
    node.execute([batch(k / 10) for k in range(5)], prompts=list("abcde"), scores=[1.0, 2.0, 3.0, 2.5, 0.5])
    assert told(drawn) == [(str(k), letter, 1) for k, letter in enumerate("abcde", 1)]
    assert drawn[-1][1] == [grid.Scores("score", [[1.0], [2.0], [3.0], [2.5], [0.5]])]


def test_scores_of_batches_go_down_the_columns(node, drawn):
    node.execute([batch(0, 0), batch(0)], scores=[1.0, 2.0, 3.0], images_b=[batch(0, 0)], scores_b=[4.0, 5.0])
    assert drawn[-1][1][0].values == [[1.0, 2.0], [3.0], [4.0, 5.0]]


def test_a_single_batch_is_laid_out_side_by_side(node, drawn):
    node.execute([batch(0.2, 0.4, 0.6)], prompts=["a cat"], scores=[1.0, 3.0, 2.0])
    assert told(drawn) == [("1", "a cat", 1), ("2", "a cat", 1), ("3", "a cat", 1)]
    assert drawn[-1][1][0].values == [[1.0], [3.0], [2.0]]


def test_one_prompt_for_all_columns(node, drawn):
    node.execute([batch(0), batch(0)], prompts=["a"], images_b=[batch(0)])
    assert [prompt for _, prompt, _ in told(drawn)] == ["a", "a", ""]


def test_only_the_second_scores(node, drawn):
    node.execute([batch(0), batch(0)], scores_2=[1.0, 2.0])
    assert [each.name for each in drawn[-1][1]] == ["score 2"]


def test_an_image_alone_needs_no_number(node, drawn):
    node.execute([batch(0)])
    assert told(drawn) == [("", "", 1)]


def test_names_may_come_as_a_list(node, drawn):
    node.execute([batch(0), batch(0)], names=["sd 1.5", "sdxl"])
    assert [name for name, *_ in told(drawn)] == ["sd 1.5", "sdxl"]


# -- images


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB"), (4, "RGBA")])
def test_channels(node, drawn, channels, mode):
    node.execute([batch(0.5, channels=channels)])
    (column,) = drawn[-1][0]
    assert column.pictures[0].mode == mode and column.pictures[0].size == (8, 6)


def test_pixels_are_those_that_save_image_writes(node, drawn):
    values = torch.linspace(-0.1, 1.1, 8 * 700 * 3).view(1, 700, 8, 3)  # more rows than are converted at once
    node.execute([values], picture_size=[0])
    (column,) = drawn[-1][0]
    saved = (255.0 * values[0].numpy()).clip(0, 255).astype("uint8")
    assert column.pictures[0].tobytes() == saved.tobytes()


def test_half_precision(node, drawn):
    node.execute([batch(0.5).half(), batch(1.0).bfloat16()])
    assert greys(drawn) == [[127], [255]]


@pytest.mark.slow
def test_large_images_are_made_smaller_one_by_one(node, drawn):
    huge = torch.full((1, 1, 1, 3), 0.5).expand(1, 8192, 8192, 3)  # takes no memory as it is
    node.execute([huge], picture_size=[1024])
    assert {column.pictures[0].size for column in drawn[-1][0]} == {(1024, 1024)}
    assert greys(drawn) == [[127]]


def test_the_output_is_an_image_of_comfyui(node):
    output = node.execute([batch(0.2, size=(300, 200)), batch(0.4, size=(200, 300))], scores=[1.0, 2.0]).args[0]
    assert output.dtype == torch.float32 and output.shape[0] == 1 and output.shape[3] == 3
    assert 0 <= output.min() and output.max() <= 1
    expected = grid.draw_grid(
        [
            grid_layout.Column([Image.new("RGB", (300, 200), (51,) * 3)], "1"),
            grid_layout.Column([Image.new("RGB", (200, 300), (102,) * 3)], "2"),
        ],
        [grid.Scores("score", [[1.0], [2.0]])],
    )
    assert (255.0 * output[0].numpy()).astype("uint8").tobytes() == expected.tobytes()  # as Save Image does it


# -- what is refused


@pytest.mark.parametrize(
    ("images", "more", "message"),
    [
        ([], {}, "no picture to compare"),
        ([torch.zeros(0, 4, 4, 3)], {}, "no picture to compare"),
        ([batch(0), batch(0)], {"prompts": ["a", "b", "c"]}, "prompts has 3 prompts for 2 columns"),
        (
            [batch(0)],
            {"images_b": [batch(0)], "prompts_b": ["a", "b"]},
            "prompts_b has 2 prompts for 1 columns",
        ),
        ([batch(0), batch(0)], {"scores": [1.0]}, "scores has 1 scores for 2 images"),
        ([batch(0)], {"images_b": [batch(0)], "scores": [1.0]}, "scores_b has 0 scores for 1 images"),
        ([batch(0)], {"scores_2_b": [1.0]}, "scores_2 has 0 scores for 1 images"),
        ([batch(0)], {"scores": [1.0], "scores_b": [1.0]}, "scores_b has 1 scores for 0 images"),
        ([batch(0)], {"scores": [float("nan")]}, "nan: expected a finite number"),
        ([batch(0), batch(0)], {"names": ["one"]}, "names has 1 lines for 2 columns"),
        ([batch(0)], {"title": ["a", "b"]}, "title is a list of 2"),
        ([batch(0.5, float("nan"))], {}, "image 2 of column 1 of images has pixels that are no numbers"),
        ([batch(0)], {"images_b": [batch(float("inf"))]}, "image 1 of column 1 of images_b"),
        ([torch.zeros(1, 4, 4, 2)], {}, "1, 3 or 4 channels"),
        ([torch.zeros(1, 0, 4, 3)], {}, "1, 3 or 4 channels"),
        ([torch.zeros(4, 4)], {}, "this is no image"),
        (["text"], {}, "this is no image"),
    ],
)
def test_bad_input_is_named(node, images, more, message):
    with pytest.raises(ValueError, match=message):
        node.execute(images, **more)


def test_odd_but_valid_input(node):
    output = node.execute(
        [batch(0.1, size=(1, 1)), batch(0.9, size=(900, 3), channels=1)],
        prompts=["x" * 5000, "夜晚的城堡 🐱 العربية\x00"],
        scores=[-1e9, 1e9],
        names=["\u202e", "名字 " * 400],
        title=["t" * 5000],
    ).args[0]
    assert output.shape[3] == 3 and torch.isfinite(output).all()


def test_importing_the_node_does_not_import_pillow(node):
    """Of the module itself: what else is in the process may have done so."""
    names = vars(importlib.import_module("prompt_beautifier.nodes.compare"))
    assert "Image" not in names and "grid" not in names
