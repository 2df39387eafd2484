"""What a reader said of the phrases of entries, counted by hand."""

import json

from prompt_beautifier.beautifier.subjects.entries import load
from prompt_beautifier.training import entry_readings

ROWS = [
    {"reading": "first", "entry": "kite", "read": {"detail": ["thin spars", "long tail"]}, "mended": {}},
    {"reading": "first", "entry": "owl", "read": {"place": ["night hum", "old oak"]}, "mended": {"night hum": "barn"}},
    {"reading": "second", "entry": "owl", "read": {"place": ["barn"]}, "mended": {}},
]


def test_what_is_not_mended_was_true():
    assert entry_readings.counts(ROWS) == {"first": (2, 4, 3), "second": (1, 1, 1)}


def test_the_table_says_each_reading(tmp_path, capsys):
    path = tmp_path / "entries.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    entry_readings.main([str(path)])
    shown = capsys.readouterr().out.splitlines()
    assert shown[2].startswith("| first | 2 | 4 | 3 | 75.0% |") and shown[3].startswith(
        "| second | 1 | 1 | 1 | 100.0% |"
    )


def test_no_entry_holds_a_phrase_that_was_mended():
    entries = load().by_subject
    rows = [json.loads(line) for line in entry_readings.FILE.open(encoding="utf-8")]
    for row in rows:
        entry = entries[row["entry"]]
        for role, phrases in row["read"].items():
            assert not set(phrases) & set(row["mended"]) & set(getattr(entry, role)), row["entry"]
