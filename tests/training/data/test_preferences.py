"""Preferences: one row format, whoever chose."""

import json

import pytest

from prompt_beautifier.training.data.preferences import (
    best_and_worst,
    is_held_out,
    of_votes,
    preference,
    read_preferences,
    write_sides,
)
from prompt_beautifier.training.voting.votes import Vote

PROMPTS = {("a cat", "PPO"): "a cat, mist", ("a cat", "raw"): "a cat", ("owl", "PPO"): "owl", ("owl", "raw"): "owl"}


def vote(raw, left, right, choice):
    return Vote("somebody", "pair", raw, left, right, choice)


def test_a_vote_is_a_row_and_a_tie_is_none():
    votes = [
        vote("a cat", "PPO", "raw", "left"),
        vote("a cat", "raw", "PPO", "left"),
        vote("a cat", "raw", "PPO", "tie"),
        vote("a cat", "raw", "PPO", "right"),
        vote("owl", "raw", "PPO", "right"),  # both wrote the same
    ]
    found = [(row["chosen"], row["rejected"]) for row in of_votes(votes, PROMPTS)]
    assert found == [("a cat, mist", "a cat"), ("a cat", "a cat, mist"), ("a cat, mist", "a cat")]
    with pytest.raises(ValueError, match="no prompt by 'SFT' for 'a cat'"):
        list(of_votes([vote("a cat", "SFT", "raw", "left")], PROMPTS))


def test_the_best_candidate_stands_against_the_worst():
    row = best_and_worst("a cat", ["a", "b", "c"], [0.5, 2.0, -1.0])
    assert (row["chosen"], row["rejected"], row["margin"]) == ("b", "c", 3.0)
    assert best_and_worst("a cat", ["a", "b"], [1.0, 1.0]) is None
    assert best_and_worst("a cat", ["a"], [1.0]) is None
    assert best_and_worst("a cat", ["a", "b"], [1.0, 1.2], least=0.5) is None


def test_all_rows_of_a_raw_prompt_are_on_one_side(tmp_path):
    raws = [f"thing {number}" for number in range(400)]
    rows = [preference(raw, f"{raw}, {end}", raw, 1, "x") for raw in raws for end in ("mist", "neon")]
    counts = write_sides(tmp_path, rows, 0.1)
    sides = {side: read_preferences(tmp_path / f"{side}.jsonl") for side in ("train", "heldout")}
    assert {side: len(found) for side, found in sides.items()} == counts and sum(counts.values()) == 800
    assert not set.intersection(*({row["raw_prompt"] for row in found} for found in sides.values()))
    assert 0.05 < counts["heldout"] / 800 < 0.15
    assert is_held_out("The Thing 7", 0.5) == is_held_out("thing 7", 0.5)


def test_nothing_to_write_is_said(tmp_path):
    with pytest.raises(ValueError, match="every choice was a tie"):
        write_sides(tmp_path, [], 0.1)


def test_a_row_with_one_prompt_twice_is_refused(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"raw_prompt": "a", "chosen": "b", "rejected": "b"}) + "\n")
    with pytest.raises(ValueError, match="row 1: chosen and rejected are the same"):
        read_preferences(path)
