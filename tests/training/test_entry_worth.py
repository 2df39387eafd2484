"""What a phrase is worth: the readers' digits less refusals, by hand; the shipped digits are those of the readings."""

import json

import pytest

from prompt_beautifier.beautifier.subjects.entries import FOLDER
from prompt_beautifier.training.entry_worth import Refusals, refusals, shipped_ratings, with_worth, worth_of

ROW = {"subject": "kite", "detail": ["thin spars", "long tail"], "doing": [], "place": [], "light": ["low sun"]}
ROW |= {"view": [], "color": []}
NONE = Refusals([])


def test_the_mean_of_the_readers_is_the_worth():
    assert worth_of(ROW, ["300", "320"], NONE) == "953"  # 3, 1 and 0 of 3


def test_what_nobody_read_is_worth_the_usual():
    assert worth_of(ROW, [], NONE) == "555" and worth_of(ROW, ["3-0"], NONE) == "953"


def test_a_refused_phrase_is_worth_less_and_its_entrys_others_a_little_less():
    others = [{"role": "detail", "entry": "owl", "phrase": f"feather {number}"} for number in range(9)]
    options = [{"role": "detail", "entry": "kite", "phrase": "thin spars"}, *others]
    refused = Refusals([{"options": options, "bad": [0]}] * 4)
    first, second, light = map(int, worth_of(ROW, ["222"], refused))
    assert first < second < light == int(worth_of(ROW, ["222"], NONE)[2])


def test_digits_of_another_number_of_phrases_are_refused():
    with pytest.raises(ValueError, match="ratings of 'kite': 2 digits for 3 phrases"):
        worth_of(ROW, ["33"], NONE)


@pytest.mark.slow
def test_the_shipped_worth_is_what_the_readings_give():
    rows = [json.loads(line) for line in (FOLDER / "entries.jsonl").read_text(encoding="utf-8").splitlines()]
    again = with_worth(rows, shipped_ratings(), refusals())
    stale = [row["subject"] for row, new in zip(rows, again, strict=True) if row["worth"] != new["worth"]]
    assert not stale, f"run python -m prompt_beautifier.training.entry_worth: {stale[:5]}"
