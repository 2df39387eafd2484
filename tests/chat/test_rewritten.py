"""JSON answers of rewriters: the prompt under every name they use, and the shape of picture they propose."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_beautifier.beautifier.chat.rewritten import Rewritten, read_rewritten
from prompt_beautifier.beautifier.picture_size import size_of

PROMPT = 'A "cat" on a wall: {soft} light.'


@pytest.mark.parametrize(
    "name",
    ["rewritten_prompt", "rewrited_prompt", "rewriten_prompt", "prompt", "Prompt", "revised_prompt", "re_write_prompt"],
)
def test_the_prompt_is_found_under_each_name(name):
    assert read_rewritten(json.dumps({"reason": "why", name: PROMPT})) == Rewritten(PROMPT)


@pytest.mark.parametrize(
    "around",
    [
        "{}",
        "```json\n{}\n```",
        "Here you are:\n{}\nEnjoy!",
        '<think>{{"prompt": "a dog"}}</think>\n{}',
        'thoughts {{"prompt": "a dog"}}</think>{}',
        '{{"prompt": "a draft"}}\n{}',
        "{{not json}} {}",
    ],
)
def test_the_last_object_behind_the_thoughts_counts(around):
    assert read_rewritten(around.format(json.dumps({"rewritten_prompt": PROMPT}))) == Rewritten(PROMPT)


@pytest.mark.parametrize(
    "answer",
    ["", "a cat", "{}", "[]", '{"prompt": 3}', '{"prompt": ""}', '{"reason": "no"}', "{" * 3000, '{"a":' * 3000],
)
def test_no_prompt_is_none(answer):
    assert read_rewritten(answer) is None


@pytest.mark.parametrize("cut", ["A cat on a", "A cat on a \\", "A cat on a \\u00", 'A cat \\"on'])
def test_an_object_that_was_cut_off_gives_what_there_is(cut):
    found = read_rewritten('{"rewritten_prompt": "' + cut)
    assert found is not None and found.prompt in ("A cat on a", 'A cat "on')


@pytest.mark.parametrize(
    ("field", "ratio"),
    [
        ({"wh_ratio": "16:9"}, 16 / 9),
        ({"wh_ratio": 1.5}, 1.5),
        ({"wh_ratio": "0.75"}, 0.75),
        ({"aspect_ratio": "2752x1536"}, 2752 / 1536),
        ({"ratio": [3, 4]}, 0.75),
        ({"width": 1024, "height": "768"}, 1024 / 768),
        ({"wh_ratio": "wide"}, None),
        ({"wh_ratio": 0}, None),
        ({"wh_ratio": True}, None),
        ({"wh_ratio": "1:900"}, None),
        ({"wh_ratio": "16:0"}, None),
        ({"ratio_follow": "<image1>"}, None),
        ({}, None),
    ],
)
def test_the_shape_is_read_in_every_spelling(field, ratio):
    found = read_rewritten(json.dumps({"rewritten_prompt": PROMPT, **field}))
    assert found.ratio == (ratio if ratio is None else pytest.approx(ratio))


@given(st.floats(1 / 8, 8))
def test_sizes_have_that_shape_and_about_a_megapixel(ratio):
    width, height = size_of(ratio)
    assert width % 16 == height % 16 == 0
    assert width / height == pytest.approx(ratio, rel=0.05) and width * height == pytest.approx(2**20, rel=0.05)


def test_no_shape_is_a_square():
    assert size_of(None) == (1024, 1024) and size_of(None, 2048 * 2048) == (2048, 2048)


@given(st.text())
def test_any_text_is_read_without_an_error(answer):
    read_rewritten(answer)
