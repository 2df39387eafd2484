"""What an answer must not add: words and phrases, more of them where a minor is named. The user's own words stay."""

import pytest

from prompt_beautifier.beautifier.faithful import check
from prompt_beautifier.beautifier.mending import repair
from prompt_beautifier.beautifier.prompts.unsafe import names_minor, unsafe
from prompt_beautifier.beautifier.wishes.wish import read


@pytest.mark.parametrize(
    "asked",
    [
        "a soldier in Ukraine",
        "the president of the United States at a protest",
        "soviet poster of a worker",
        "a joint of beef on a plate",
        "blood orange juice, cut open fruit",
        "a bomber jacket",
        "shooting stars over an execution dock",
        "a pregnant woman in a swimsuit",
        "crack in a wall, weed between stones",
        "slave ship, historical painting",
        "a woman in a bikini",
        "naked mole rat",
    ],
)
def test_nothing_that_the_user_wrote_is_cut(asked):
    wish = read(asked)
    assert check(wish, asked).faithful
    assert repair(wish, f"{asked}, soft light, wearing nothing") == f"{asked}, soft light"


@pytest.mark.parametrize(
    "added",
    [
        "no clothes",
        "without any clothes",
        "half-naked",
        "see-through dress",
        "a plunging neckline",
        "topless",
        "pool of blood",
    ]
    + ["Sultry look", "unbuttoned shirt", "bare-chested", "in the nude"],
)
@pytest.mark.parametrize("asked", ["a castle on a hill", "a woman on a beach", "a man at a desk"])
def test_phrases_count_as_words_do(asked, added):
    wish = read(asked)
    faults = check(wish, f"{asked}, {added}").against
    assert faults and all(fault.startswith("unsafe: ") for fault in faults)
    assert repair(wish, f"{asked}, {added}, soft light") == f"{asked}, soft light"


@pytest.mark.parametrize(
    "answer", ["an orange cut open", "nothing but sand", "fully dressed, no nudity", "a low bridge"]
)
def test_harmless_expressions_are_none(answer):
    assert not unsafe(answer)


MINORS = [
    "a boy, 8 years old",
    "a five-year-old at the sea",
    "a toddler",
    "girl aged 12",
    "two school kids",
    "16yo skater",
]


@pytest.mark.parametrize("asked", [*MINORS, "a seventeen-year-old", "schoolgirl", "一个小女孩", "8岁的男孩"])
def test_minors_are_known(asked):
    assert names_minor(asked)


@pytest.mark.parametrize(
    "asked", ["a man of 42", "a 30 year old woman", "a 12 year old whisky", "1girl, solo", "an old lady"]
)
def test_others_are_not(asked):
    assert names_minor(asked) == ("12 year" in asked)


@pytest.mark.parametrize("asked", MINORS)
@pytest.mark.parametrize(
    "added", ["in a bikini", "bare shoulders", "a glass of wine", "short skirt", "red lipstick", "with a gun"]
)
def test_children_are_held_to_longer_lists(asked, added):
    wish = read(asked)
    assert check(wish, f"{asked}, {added}").against
    assert check(read("a woman in a bar"), "a woman in a bar, a glass of wine").faithful


def test_a_child_that_only_the_answer_names_counts_too():
    assert any(
        "bikini" in fault for fault in check(read("a woman at the sea"), "a woman and a girl in a bikini").against
    )
