"""What was ruled out leaves a prompt whose negative prompt is used too, and stays in every other."""

import pytest

from prompt_beautifier.beautifier.dressing.ruled_out import without_ruled_out
from prompt_beautifier.beautifier.wishes.wish import read

from .says import one


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a street, no people, rain", "a street, rain"),
        ("a street without any cars", "a street"),
        ("A street. There are no people. Rain falls.", "A street. Rain falls."),
        ("a man without a hat on a bench", "a man without a hat on a bench"),
        ("no people", "no people"),
        ("a (street:1.2), no people", "a (street:1.2)"),
    ],
)
def test_what_was_ruled_out_leaves_a_text(text, left):
    assert without_ruled_out(text, read(text)) == left


def test_it_stands_in_the_negative_prompt_alone_where_that_is_used():
    raw_prompt = "a street, no people"
    used = one("", raw_prompt, target="sdxl", with_negative=True)
    assert used.text == "a street" and used.negative.endswith("people") and used.lost == ()
    assert one("", raw_prompt, target="sdxl").text == raw_prompt
    assert one("", raw_prompt, target="z-image", with_negative=True).text == raw_prompt  # it takes none
