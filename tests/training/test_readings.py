"""What blind readers said of pairs, counted by hand."""

import json

from prompt_beautifier.training import readings

ROWS = [
    {"style": "phrases", "source_a": "ours", "source_b": "raw", "votes": [1, 1]},
    {"style": "phrases", "source_a": "ours", "source_b": "raw", "votes": [1, 0]},
    {"style": "phrases", "source_a": "ours", "source_b": "raw", "votes": [0, 0.5]},
]


def test_both_orders_agree_in_one_of_two_decided_pairs():
    assert readings.agreement(ROWS) == 0.5


def test_a_pair_is_the_mean_of_its_votes():
    assert readings.preferences(ROWS) == {("phrases", "ours", "raw"): [1.0, 0.5, 0.25]}


def test_the_table_says_what_was_decided(tmp_path, capsys):
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    readings.main([str(path)])
    shown = capsys.readouterr().out.splitlines()
    assert "50.0%" in shown[0]
    assert shown[-1].startswith("| phrases | ours | raw | 3 | 2 | 50% |") and shown[-1].endswith("| 67% |")
