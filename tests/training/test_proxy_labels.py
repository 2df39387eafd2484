"""The labels of the text proxy: what they are made of, that length does not tell them, and what is kept out."""

import csv
import json
import lzma

import numpy as np
import pytest
import torch

from prompt_beautifier.beautifier.rewards import model as rewards_model
from prompt_beautifier.training.data.pairs import held_out, words
from prompt_beautifier.training.proxy_labels import (
    against,
    balanced,
    different,
    length_correlation,
    length_only,
    main,
    opinions,
    ordinary_and_reused,
    raw_side,
    side,
    tidy,
    without_length,
)
from prompt_beautifier.training.regression.figures import pearson

NAMED = frozenset({"rutkowski", "smith"})


@pytest.mark.parametrize(
    "prompt, expected",
    [
        ("A Castle, by Greg Rutkowski, 8 k", "a castle, 8k"),
        ("a castle on a hill, rutkowski, sharp focus", "a castle on a hill, sharp focus"),
        ("a portrait of smith, oil painting", ""),
        ("a nude castle on a hill", ""),
        ("a castle", ""),  # too short
        ("一座城堡在山上, 高清, a b c d", ""),
        ("a red cube on a blue table", ""),  # an evaluation prompt
        ("castle on a hill, 8k, 8k", "castle on a hill, 8k"),
    ],
)
def test_texts_are_cleaned_as_training_targets_are(prompt, expected):
    excluded = {"a red cube on a blue table"}
    if expected == "a castle, 8k":
        expected = ""  # three words are too few
    assert tidy(prompt, NAMED, excluded) == expected


def test_the_raw_prompt_comes_from_the_prompt_alone():
    prompt = "portrait of a red fox in the snow, sharp focus, 8k"
    assert raw_side(prompt, set()) == raw_side(prompt, set())
    assert "fox" in raw_side(prompt, set())
    assert raw_side(prompt, {" ".join(words(raw_side(prompt, set())))}) == ""


def test_what_is_both_good_and_bad_is_neither():
    rows = against(["a fox in the snow", "an owl on a branch"], ["an owl on a branch", "a ship on the sea"])
    assert rows == [("a fox in the snow", 1.0), ("a ship on the sea", -1.0)]


def test_near_duplicates_and_families_of_prompts_are_thinned_out():
    texts = [f"portrait of a {noun} in the deep blue {place}, sharp focus" for noun in "abcdefg" for place in "xyzuvw"]
    assert len(different(["the same prompt here", "the same prompt here"])) == 1
    assert len(different(texts)) <= 20


def test_every_length_has_as_many_good_as_bad():
    rng = np.random.default_rng(0)
    rows = [(" ".join(["word"] * int(n)) + f" {i}", 1.0) for i, n in enumerate(rng.integers(8, 30, 300))]
    rows += [(" ".join(["word"] * int(n)) + f" x{i}", -1.0) for i, n in enumerate(rng.integers(3, 20, 300))]
    assert length_correlation(rows) > 0.5
    kept = balanced(rows)
    assert len(kept) > 100 and length_correlation(kept) == pytest.approx(0, abs=1e-9)
    for length in {len(words(text)) for text, _ in kept}:
        assert sum(score for text, score in kept if len(words(text)) == length) == 0
    assert set(kept) <= set(rows)


def test_the_line_over_length_is_taken_out_of_opinions():
    rng = np.random.default_rng(1)
    rows = [(" ".join(["word"] * int(n)), 0.3 * n + rng.normal()) for n in rng.integers(3, 30, 200)]
    rest = without_length(rows)
    scores = [score for _, score in rest]
    assert length_correlation(rows) > 0.8 and length_correlation(rest) == pytest.approx(0, abs=1e-9)
    assert np.std(scores) == pytest.approx(1) and np.mean(scores) == pytest.approx(0, abs=1e-9)


def test_length_alone_predicts_what_length_tells():
    rows = [(" ".join(["word"] * n), float(n % 2)) for n in range(4, 9) for _ in range(40)]
    assert length_only(rows, [("word " * 5, 0), ("word " * 6, 0)]) == [1.0, 0.0]
    assert pearson(length_only(rows, rows), [score for _, score in rows]) == pytest.approx(1.0)


def write_opinions(path):
    """Two generators that differ in level and spread, and agree that b is better than a, and c than b."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(
            ["name", "prompt", "adj1", "adj2", "style", "mos_quality", "std_quality", "mos_align", "std_align"]
        )
        for i, prompt in enumerate("abc"):
            table.writerow([f"bad_normal_{i:03}.jpg", prompt, "", "", "", 1 + 0.1 * i, 0, 1 + 0.2 * i, 0])
            table.writerow([f"good_1_{i:03}.jpg", prompt, "", "", "", 4 + 0.5 * i, 0, 3 + i, 0])
        table.writerow(["good_1_999.jpg", "b", "", "", "", 4.5, 0, 4, 0])


def test_the_generator_is_taken_out_of_opinions(tmp_path):
    write_opinions(tmp_path / "o.csv")
    scores = opinions(tmp_path / "o.csv")
    # bad: z of 0, 1, 2 is -1.2247, 0, 1.2247; good: z of 0, 1, 2, 1 is -1.4142, 0, 1.4142, 0.
    assert scores == {
        "a": pytest.approx(-(1.5**0.5 + 2**0.5) / 2),
        "b": pytest.approx(0),
        "c": pytest.approx((1.5**0.5 + 2**0.5) / 2),
    }


def test_prompts_that_were_sent_once_and_often(tmp_path):
    path = tmp_path / "prompts.tsv.xz"
    with lzma.open(path, "wt", encoding="utf-8") as file:
        file.write("1\tonce\n25\toften\n3\tsometimes\n20\ttwenty\n1\tonce more\n")
    assert ordinary_and_reused(path, 20, 1000) == (["once", "once more"], ["often", "twenty"])
    assert ordinary_and_reused(path, 20, 0)[0] == []


SUBJECTS = "fox owl ship tower bridge robot dragon garden forest river lamp violin".split()
PLACES = "snow rain desert city harbour valley cave meadow".split()


@pytest.fixture
def data(tmp_path):
    """Small files of every source."""
    plain = [
        f"a {'very ' * (i % 4)}{'old ' * (j % 3)}{subject} in the {place} at {time}"
        for i, subject in enumerate(SUBJECTS)
        for j, place in enumerate(PLACES)
        for time in ("dawn", "dusk")
    ]
    rich = [f"{text}, oil painting" for text in plain]
    pairs = [{"raw_prompt": a, "prompt": b} for a, b in zip(plain, rich, strict=True)]
    (tmp_path / "refinements.jsonl").write_text("".join(json.dumps(row) + "\n" for row in pairs))
    curated = [
        {"raw_prompt": s, "prompt": f"{s} near {p}, {'pale ' * k}light"}
        for s in SUBJECTS
        for p in PLACES
        for k in range(3)
    ]
    (tmp_path / "descriptions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in curated))
    lines = [
        f"1\t{s} of {p}, {'grey ' * k}{t}, pencil sketch\n"
        for s in SUBJECTS
        for p in PLACES
        for k, t in enumerate(("stone", "cloud", "wool"))
    ]
    lines += [
        f"30\t{s} with {p}, {'grey ' * k}{t}, digital art\n"
        for s in SUBJECTS
        for p in PLACES
        for k, t in enumerate(("hat", "coat"))
    ]
    (tmp_path / "prompts.tsv").write_text("".join(lines))
    (tmp_path / "parti.tsv").write_text("Prompt\tCategory\na fox in the snow at dawn\tAnimals\n")
    (tmp_path / "names.txt").write_text("smith\n")
    write_opinions(tmp_path / "opinions.csv")
    text = (tmp_path / "opinions.csv").read_text()
    for prompt, subject in zip("abc", SUBJECTS, strict=False):
        text = text.replace(f",{prompt},", f',"a {subject} in the {subject} house, {subject}",')
    (tmp_path / "opinions.csv").write_text(text)
    return tmp_path


def run(data, out):
    sources = ["--refinements", str(data / "refinements.jsonl"), "--descriptions", str(data / "descriptions.jsonl")]
    lists = ["--names", str(data / "names.txt"), "--exclude", str(data / "parti.tsv")]
    main([*sources, "--prompts", str(data / "prompts.tsv"), "--share", "1000", *lists, "--out", str(out)])
    return {name: [json.loads(line) for line in open(out / f"{name}.jsonl")] for name in ("train", "heldout")}


def test_the_whole(data, capsys):
    rows = run(data, data / "out")
    everything = rows["train"] + rows["heldout"]
    assert {row["source"] for row in everything} == {"refinements", "curated", "reused"}
    assert all(set(row) == {"raw_prompt", "prompt", "score", "source"} for row in everything)
    for source in ("refinements", "curated", "reused"):
        own = [row for row in everything if row["source"] == source]
        assert sum(row["score"] for row in own) == 0 and len(own) > 20
    assert not any("fox in the snow at dawn" == row[key][2:] for row in everything for key in ("prompt", "raw_prompt"))
    assert all(held_out(row["prompt"]) is False for row in rows["train"])
    assert all(side(row["prompt"]) == name for name, own in rows.items() for row in own)
    assert not {row["prompt"].split(",")[0] for row in rows["train"]} & {
        row["prompt"].split(",")[0] for row in rows["heldout"]
    }
    shown = capsys.readouterr().out
    assert "| refinements |" in shown and "Labels are of text alone" in shown
    assert (data / "out" / "labels.md").read_text() in shown


def test_the_same_input_gives_the_same_files(data):
    run(data, data / "one"), run(data, data / "two")
    for name in ("train.jsonl", "heldout.jsonl", "labels.md"):
        assert (data / "one" / name).read_bytes() == (data / "two" / name).read_bytes()


def test_a_score_model_is_judged_beside_guessing(data, capsys, monkeypatch):
    rows = run(data, data / "out")["heldout"]
    truth = {row["prompt"]: row["score"] for row in rows}

    class Oracle:
        def score(self, raw_prompts, prompts):
            return torch.tensor([2 * truth[prompt] for prompt in prompts])

    monkeypatch.setattr(rewards_model, "load_reward_model", lambda model: Oracle())
    capsys.readouterr()
    main(["--check", "a folder", "--out", str(data / "out")])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    for line in lines[2:]:
        source, count, error, of_zero, _, linear, ranked = (cell.strip() for cell in line.split("|")[1:8])
        own = [row for row in rows if row["source"] == source]
        assert (int(count), error, of_zero, linear, ranked) == (len(own), "1.000", "1.000", "1.000", "1.000")


def test_a_source_that_cannot_be_balanced_is_refused(data):
    rows = [
        {"raw_prompt": f"a {subject} in the snow", "prompt": f"a {subject} in the snow, {'oil ' * 9}"}
        for subject in SUBJECTS
    ]
    (data / "refinements.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(ValueError, match="refinements has 0 rows for training"):
        run(data, data / "out")


def test_options_that_do_not_go_together(data, capsys):
    common = ["--names", str(data / "names.txt"), "--out", str(data / "out")]
    for options, message in (
        (["--descriptions", str(data / "descriptions.jsonl")], "needs --prompts"),
        ([], "at least one"),
    ):
        with pytest.raises(SystemExit):
            main([*common, *options])
        assert message in capsys.readouterr().err
