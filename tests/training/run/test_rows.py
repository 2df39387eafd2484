"""Data files as people have them: the mark of byte order that editors on Windows write first is no text."""

import codecs

import pytest

from prompt_beautifier.beautifier.files import read_json
from prompt_beautifier.training.data import safety, sources
from prompt_beautifier.training.evaluation.asked import read_asked
from prompt_beautifier.training.run.options import read_settings
from prompt_beautifier.training.run.rows import read_jsonl


@pytest.fixture
def written(tmp_path):
    def write(name: str, text: str):
        path = tmp_path / name
        path.write_bytes(codecs.BOM_UTF8 + text.encode())
        return path

    return write


def test_rows(written):
    row = {"raw_prompt": "a café", "prompt": "a café, 8k"}
    path = written("a.jsonl", '{"raw_prompt": "a café", "prompt": "a café, 8k"}\n')
    assert read_jsonl(path, "raw_prompt") == [row]
    assert list(sources.read_part(path)) == [row]
    assert [one.raw_prompt for one in read_asked(path)] == ["a café"]


def test_tables(written):
    table = written("a.tsv", "Prompt\tCategory\nA fox\tx\n")
    assert [one.raw_prompt for one in read_asked(table)] == ["A fox"]
    assert sources.read_excluded([table]) == {"a fox"}
    assert [row["prompt"] for row in safety.read_table(table)] == ["A fox"]
    assert [row["prompt"] for row in sources.read_part(written("b.txt", "a hat\n"))] == ["a hat"]


def test_settings_and_checkpoints(written):
    assert read_settings(written("a.yaml", "lr: 1\n")) == {"lr": 1}
    assert read_json(written("config.json", '{"model_type": "gpt2"}')) == {"model_type": "gpt2"}
