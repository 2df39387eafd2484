"""A run goes on under its own options alone."""

import argparse
import json

import pytest

pytest.importorskip("accelerate")

from prompt_beautifier.training.run.same_run import same_run


@pytest.fixture
def run(tmp_path):
    """same_run with options as a stage has them; the data folder has one file of rows."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train.jsonl").write_text('{"raw_prompt": "a"}\n')

    def begin(free=(), first_numbers=True, **changed):
        options = {"out": tmp_path / "run", "data": tmp_path / "data", "seed": 0, "betas": [0.9, 0.95], "family": None}
        same_run(argparse.Namespace(**{**options, "micro_batch": 16, "steps": 10, **changed}), free)
        if first_numbers:
            (tmp_path / "run" / "metrics.jsonl").write_text('{"step": 1}\n')

    return begin


def test_the_same_options_go_on(run, tmp_path):
    run()
    run()
    noted = json.loads((tmp_path / "run" / "options.json").read_text())["options"]
    assert noted["seed"] == 0 and "out" not in noted and "micro_batch" not in noted


def test_a_start_that_failed_binds_to_nothing(run, tmp_path):
    run(first_numbers=False, family="a slip")
    run(family="promptist")
    with pytest.raises(ValueError, match="with --family promptist"):
        run(family="a slip")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"seed": 1}, "with --seed 0, not 1"),
        ({"betas": [0.9, 0.999]}, r"with --betas 0.9 0.95, not 0.9 0.999"),
        ({"family": "promptist"}, r"with --family \(not given\), not promptist"),
        ({"steps": 20}, "with --steps 10, not 20"),
    ],
)
def test_an_option_that_changed_is_named(run, changed, message):
    run()
    with pytest.raises(ValueError, match=message):
        run(**changed)


def test_what_changes_no_result_may_change(run):
    run()
    run(micro_batch=4)
    run(free={"steps"}, steps=20)


def test_other_rows_are_another_run(run, tmp_path):
    run()
    (tmp_path / "data" / "train.jsonl").write_text('{"raw_prompt": "b"}\n')
    with pytest.raises(ValueError, match="other rows than .*train.jsonl has now"):
        run()


def test_an_option_that_an_older_run_did_not_know_is_no_change(run):
    run()
    run(new_option=3)
