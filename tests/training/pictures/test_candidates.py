"""Candidates: their scores become one number each, and the best and the worst of a raw prompt a row."""

import pytest

pytest.importorskip("torch")

from prompt_beautifier.training import label
from prompt_beautifier.training.pictures.candidates import check_candidates, preference_rows, totals, write_candidates


def test_scores_count_in_standard_deviations_whatever_their_unit():
    scores = [{"pick": 20.0, "aes": 5.0}, {"pick": 22.0, "aes": 5.0}, {"pick": 24.0, "aes": 8.0}]
    assert totals(scores, {"pick": 1.0, "aes": 0.0}) == pytest.approx([-1.2247, 0, 1.2247], abs=1e-3)
    both = totals(scores, {"pick": 1.0, "aes": 1.0})
    in_hundreds = totals([{**each, "aes": 100 * each["aes"]} for each in scores], {"pick": 1.0, "aes": 1.0})
    assert both == pytest.approx(in_hundreds) and both[0] < both[1] < both[2]


def test_a_column_in_which_all_are_alike_counts_nothing():
    assert totals([{"pick": 1.0, "aes": 5.0}, {"pick": 2.0, "aes": 5.0}], {"pick": 1.0, "aes": 9.0}) == [-1.0, 1.0]


def test_the_best_stands_against_the_worst_and_what_does_not_differ_is_left_out():
    written = {"cat": ["a", "b", "c"], "owl": ["a"], "fox": ["a", "b"]}
    total = {("cat", "a"): 0.5, ("cat", "b"): -1.0, ("cat", "c"): 2.0, ("owl", "a"): 1.0}
    total |= {("fox", "a"): 0.1, ("fox", "b"): 0.0}
    (row,) = preference_rows(written, total, least=0.2)
    assert row == {"raw_prompt": "cat", "chosen": "c", "rejected": "b", "source": "scores", "margin": 3.0}


@pytest.mark.slow
def test_candidates_are_written_for_the_image_model_that_is_named(tmp_path, embedded_beautifier):
    given = ["--data", "d", "--out", str(tmp_path), "--candidates", "3", "--writer", "embedded", "--for", "z-image"]
    written = write_candidates(label.option_parser().parse_args(given), ["a red fox"])
    own = embedded_beautifier.beautify("a red fox", 3, target="z-image")
    assert written == {"a red fox": list(dict.fromkeys(one.text for one in own))}
    assert all(text.endswith(".") for text in written["a red fox"])


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--candidates", "4"], "needs --writer"),
        (["--candidates", "1", "--writer", "embedded"], "is 2 or more"),
        (["--writer", "embedded"], "are for --candidates"),
        (["--candidates", "4", "--writer", "m", "--score-weights", "1"], "2 --scorers and 1 --score-weights"),
    ],
)
def test_options_that_do_not_go_together_are_refused(more, message):
    args = label.option_parser().parse_args(["--data", "d", "--out", "o", *more])
    with pytest.raises(ValueError, match=message):
        check_candidates(args, ["pick_score", "aesthetic_score"])
