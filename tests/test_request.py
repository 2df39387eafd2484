"""What a request takes and refuses: the image model, words to keep and to avoid, and what it makes of them."""

import pytest

from prompt_beautifier.beautifier.request import Request
from prompt_beautifier.beautifier.targets.table import TARGETS, find_target
from prompt_beautifier.beautifier.targets.target import counted, words_for


@pytest.mark.parametrize(
    ("said", "row"),
    [("z-image", "z-image"), ("Z Image", "z-image"), ("SDXL", "sdxl"), ("Flux.2 Klein", "klein"),
     ("juggernautXL_v9.safetensors", "sdxl"), ("waiNSFWIllustrious_v140", "illustrious"), ("flux", "flux1")],
)  # fmt: skip
def test_an_image_model_is_found_by_its_name_its_title_or_a_files_name(said, row):
    assert find_target(said).name == Request("a cat", target=said).target == row


def test_an_unknown_image_model_names_those_that_come_close():
    with pytest.raises(ValueError, match="no image model 'ilustrous': did you mean illustrious"):
        Request("a cat", target="ilustrous")
    with pytest.raises(ValueError, match="known are sd15, "):
        Request("a cat", target="%%%")


def test_the_style_is_the_image_models_unless_one_is_chosen():
    assert Request("a cat").style == "phrases"
    assert Request("a cat", target="z-image").style == "sentences"
    assert Request("a cat", target="pony").style == "tags"
    assert Request("a cat", target="pony", style="sentences").style == "sentences"


def test_words_come_as_a_list_or_as_one_text():
    request = Request("a cat", keep="ohwx cat,  Ada\nzxc，Ada", avoid=["portrait ", ""])
    assert request.keep == ("ohwx cat", "Ada", "zxc") and request.avoid == ("portrait",)


def test_a_word_cannot_be_kept_and_avoided():
    with pytest.raises(ValueError, match="'Ohwx Cat' is to be kept, and 'cat' is to be avoided"):
        Request("a dog", keep="Ohwx Cat", avoid="cat")
    Request("a dog", keep="catkin", avoid="cat")


@pytest.mark.parametrize(
    ("field", "value"), [("strength", "bold"), ("length", "huge"), ("style", "poem"), ("keep", 3), ("target", None)]
)
def test_what_cannot_be_worked_with_is_named(field, value):
    with pytest.raises(ValueError, match=f"{field} must be"):
        Request("a cat", **{field: value})


def test_a_count_is_said_in_the_image_models_unit():
    assert counted(None, 12) == "12 CLIP tokens"
    assert counted(TARGETS["sdxl"], 61) == "61 of 75 CLIP tokens"
    assert counted(TARGETS["sdxl"], 76) == "76 of 150 CLIP tokens, 2 chunks"
    assert counted(TARGETS["z-image"], 140) == "about 140 of 512 tokens"


def test_lengths_are_thirds_of_what_the_image_model_wants():
    assert [words_for(TARGETS["z-image"], "sentences", each) for each in ("short", "medium", "long")] == [
        (80, 120), (120, 160), (160, 200)
    ]  # fmt: skip
