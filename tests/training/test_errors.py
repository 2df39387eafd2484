"""What goes wrong in a stage's files is one line that names the file and says what to do."""

import json
import subprocess
import sys

import pytest

from prompt_beautifier.training import (
    entry_readings,
    entry_rules,
    fit,
    guards,
    importer,
    pretrain,
    readings,
    subjects,
    tokenizer,
)
from prompt_beautifier.training.data import fit_rows, safety, tag_table
from prompt_beautifier.training.run import options

from ..stand_ins import tiny_fit

PICK = {"raw_prompt": "a cat", "options": [{"role": "detail", "phrase": "soft paws"}], "best": [0], "bad": []}
PAIR = {"raw_prompt": "a cat", "a": "a cat, moon", "b": "a cat", "preferred": 1}
READ = {"style": "tags", "source_a": "ours", "source_b": "raw", "votes": [1, 1]}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    tiny_fit.save_encoder(folder / "base")
    tiny_fit.save_encoder(folder / "gpt")
    (folder / "gpt" / "config.json").write_text('{"model_type": "gpt2"}')
    (folder / "empty").mkdir()
    written = {
        "picks": [PICK],
        "pairs": [PAIR],
        "no options": [{"raw_prompt": "a cat"}],
        "bad number": [PICK, {**PICK, "bad": [1]}],
        "no preference": [{**PAIR, "preferred": "a"}],
        "votes": [READ],
        "no vote": [READ, {**READ, "votes": []}],
        "no phrases": [{"reading": "first", "entry": "owl"}],
        "no raw prompt": [{"prompt": "a cat"}],
    }
    for name, rows in written.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "broken.jsonl").write_text('{"raw_prompt": "a c')
    (folder / "nothing.jsonl").write_text("\n")
    (folder / "nothing.txt").write_text("\n")
    (folder / "picture.txt").write_bytes(b"\x89PNG\xff\xfe")
    (folder / "empty.tsv").write_text("")
    return folder


FIT = "--base {0}/base --picks {0}/picks.jsonl --out {0}/out --threads 1 ".format
CASES = [
    (fit, "--base {0}/nowhere --picks {0}/picks.jsonl --out {0}/out", "nowhere has no config.json, tokenizer.json"),
    (fit, "--base {0}/empty --picks {0}/picks.jsonl --out {0}/out", "give the folder of a BERT-shaped encoder"),
    (fit, "--base {0}/gpt --picks {0}/picks.jsonl --out {0}/out", "config.json is not of a BERT-shaped encoder"),
    (fit, "--base {0}/base --picks {0}/absent.jsonl --out {0}/out", "there is no file "),
    (fit, "--base {0}/base --picks {0}/empty --out {0}/out", "empty is a folder: give one of its files"),
    (fit, "--base {0}/base --picks {0}/broken.jsonl --out {0}/out", "broken.jsonl, line 1 is no JSON"),
    (fit, "--base {0}/base --picks {0}/no%options.jsonl --out {0}/out", "row 1: it needs 'options', a list of a role"),
    (fit, "--base {0}/base --picks {0}/bad%number.jsonl --out {0}/out", "row 2: it needs 'bad', a list of numbers of"),
    (fit, FIT("{0}") + "--pairs {0}/no%preference.jsonl", "row 1 needs 'preferred': 1 for a, 0 for b"),
    (fit, FIT("{0}") + "--texts {0}/absent.txt", "there is no file "),
    (fit, FIT("{0}") + "--texts {0}/picture.txt", "picture.txt is no text in UTF-8"),
    (fit, FIT("{0}") + "--device cuda", "torch finds no NVIDIA GPU here"),
    (guards, "--prompts {0}/absent.jsonl", "there is no file "),
    (guards, "--prompts {0}/broken.jsonl", "broken.jsonl, line 1 is no JSON"),
    (guards, "--prompts {0}/empty", "has no .txt file"),
    (guards, "--prompts {0}/picks.jsonl --limit 0", "--limit must be 1 or more"),
    (readings, "{0}/absent.jsonl", "there is no file "),
    (readings, "{0}", "is a folder: give one of its files"),
    (readings, "{0}/broken.jsonl", "broken.jsonl, line 1 is no JSON"),
    (readings, "{0}/nothing.jsonl", "nothing.jsonl has no rows"),
    (readings, "{0}/votes.jsonl {0}/no%vote.jsonl", "no vote.jsonl, row 2 needs 'votes', one or two of 1, 0 and 0.5"),
    (entry_readings, "{0}/absent.jsonl", "there is no file "),
    (entry_readings, "{0}/no%phrases.jsonl", "no phrases.jsonl, row 1 needs 'read', an object, and has None"),
    (subjects, "--prompts {0}/absent.tsv", "there is no file "),
    (subjects, "--prompts {0}", "is a folder: give one of its files"),
    (subjects, "--prompts {0}/no%raw%prompt.jsonl", "line 1 needs 'raw_prompt', a text"),
    (subjects, "--prompts {0}/picture.txt", "picture.txt is no text in UTF-8"),
    (subjects, "--prompts {0}/nothing.txt", "has no raw prompts: one a line is expected"),
    (tokenizer, "--data {0}/no%raw%prompt.jsonl --out {0}/out", "line 1 needs 'raw_prompt', a text"),
    (tokenizer, "--data {0}/absent/train.jsonl --out {0}/out", "a data folder has train.jsonl and heldout.jsonl"),
    (pretrain, "--data {0} --tokenizer {0}/absent.json --out {0}/out", "training.tokenizer writes a tokenizer.json"),
    (pretrain, "--data {0} --tokenizer {0}/picks.jsonl --out {0}/out", "picks.jsonl is no tokenizer.json"),
    (importer, "pickapic {0}/picks.jsonl --out {0}/out", "picks.jsonl is no parquet file, or not all of it"),
    (entry_rules, "{0}/picks.jsonl", "line 1 is no subject entry"),
    (fit_rows, "--expert {0}/picks.jsonl --out {0}/out.jsonl", "line 1 needs 'phrases', a text"),
    (safety, "{0}/empty.tsv", "empty.tsv is empty: a header line is expected"),
    (safety, "{0}/absent.tsv", "there is no file "),
    (tag_table, "{0}/absent.csv {0}/out.tsv.gz", "there is no such file or folder; check the path"),
]


@pytest.mark.parametrize(("stage", "arguments", "message"), CASES)
def test_it_is_one_line_that_says_what_to_do(files, stage, arguments, message):
    argv = [word.replace("%", " ") for word in arguments.format(files).split()]
    with pytest.raises(SystemExit) as left:
        options.as_command("stage", lambda: stage.main(argv))
    said = left.value.code
    assert said.startswith("stage: ") and "\n" not in said and message in said


def test_the_commands_themselves_end_in_one_line(files):
    for stage in ("readings", "data.safety"):
        command = [sys.executable, "-m", f"prompt_beautifier.training.{stage}", str(files / "absent.jsonl")]
        run = subprocess.run(command, capture_output=True, text=True)
        assert run.returncode == 1 and run.stderr.count("\n") == 1 and "there is no file" in run.stderr


def test_a_checkpoint_that_is_damaged_is_named(files, tmp_path):
    (tmp_path / "checkpoint.pt").write_bytes(b"half")
    argv = [*FIT(files).split()[:4], "--out", str(tmp_path), "--threads", "1"]
    with pytest.raises(ValueError, match="checkpoint.pt is damaged: delete it, and the run begins anew"):
        fit.main(argv)


def test_a_fit_goes_on_under_its_own_options_alone(files, tmp_path):
    argv = [*FIT(files).split()[:4], "--out", str(tmp_path), "--threads", "1", "--batch", "1"]
    fit.main(argv)
    with pytest.raises(ValueError, match="with --lr 5e-05, not 0.001"):
        fit.main([*argv, "--lr", "1e-3"])
