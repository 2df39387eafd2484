"""Rows and pairs that are made by rule."""

import json
from random import Random

import pytest

from prompt_beautifier.training.data.fit_rows import main, shuffled_pairs

ROWS = [
    {"raw_prompt": "a cat", "phrases": "a cat, asleep on a wall, noon sun", "sentences": "A cat sleeps on a wall."},
    {"raw_prompt": "a boat", "phrases": "a boat, moored at dawn", "sentences": "A boat lies moored at dawn."},
]


def test_the_worse_of_a_pair_has_an_experts_words_in_disorder():
    for row, pair in zip(ROWS * 10, shuffled_pairs(ROWS * 10, Random(1)), strict=True):
        words = row[pair["style"]].replace(",", "").replace(".", "").split()
        assert sorted(pair["b"].split()) == sorted(words)
        assert pair["preferred"] == 1.0 and pair["a"] != pair["b"]


@pytest.mark.slow
def test_both_files_are_written(tmp_path):
    source = tmp_path / "rows.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    main(
        ["--expert", str(source), "--out", str(tmp_path / "first.jsonl"), "--pairs-out", str(tmp_path / "pairs.jsonl")]
    )
    assert len((tmp_path / "pairs.jsonl").read_text(encoding="utf-8").splitlines()) == 2
    first = [json.loads(line) for line in (tmp_path / "first.jsonl").read_text(encoding="utf-8").splitlines()]
    assert first[0]["raw_prompt"] == "a cat" and first[0]["best"]
