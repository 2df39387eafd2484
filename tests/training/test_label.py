"""Labelling rows with scores: a whole run with tiny networks, killed and gone on with; and what cannot work."""

import json
import os
import signal

import pytest
import torch

pytest.importorskip("diffusers", reason="diffusers is a training dependency")
ray = pytest.importorskip("ray", reason="Ray is a training dependency")

from prompt_beautifier.training import label  # noqa: E402
from prompt_beautifier.training.pictures import tiny as tiny_pictures  # noqa: E402
from prompt_beautifier.training.pictures.candidates import totals  # noqa: E402
from prompt_beautifier.training.pictures.pipeline import Pictures  # noqa: E402
from prompt_beautifier.training.pictures.scorers import open_scorer  # noqa: E402
from prompt_beautifier.training.run.kept import Kept  # noqa: E402

from ..stand_ins import tiny, tiny_scorers  # noqa: E402


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A pipeline and two scorers with random weights, as flags."""
    folder = tmp_path_factory.mktemp("models")
    tiny_pictures.save_pipeline(folder / "pipeline")
    tiny_scorers.save_scorer(folder / "pick", "pickscore")
    files = tiny_scorers.save_scorer(folder / "aes", "aesthetic")
    (folder / "aesthetic").mkdir()
    for part, path in files.items():
        (folder / "aesthetic" / f"{part}.safetensors").write_bytes(path.read_bytes())
    (folder / "aesthetic" / "config.json").write_bytes((folder / "aes" / "config.json").read_bytes())
    scorers = [f"pickscore={folder / 'pick'}", f"aesthetic={folder / 'aesthetic'}"]
    return ["--model", str(folder / "pipeline"), *"--size 16 --steps 2 --seeds 3 --scorers".split(), *scorers]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Five rows, one of them twice, and a held-out row."""
    folder = tmp_path_factory.mktemp("pairs")
    rows = [
        {"raw_prompt": f"{thing}", "prompt": f"a {thing}, soft light", "source": "x"}
        for thing in ("cat", "owl", "fox", "hat", "cat")
    ]
    (folder / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "heldout.jsonl").write_text(json.dumps({"raw_prompt": "sea", "prompt": "the sea, mist"}) + "\n")
    (folder / "name_words.txt").write_text("roe\n")
    return folder


def run_label(data, out, models, *more):
    label.main(["--data", str(data), "--out", str(out), "--workers", "0", *models, *more])
    return read(out)


def read(out):
    return {side: [json.loads(line) for line in open(out / f"{side}.jsonl")] for side in ("train", "heldout")}


@pytest.fixture(scope="module")
def whole(data, models, tmp_path_factory):
    """The rows as a run labels them that nothing disturbs."""
    return run_label(data, tmp_path_factory.mktemp("whole"), models)


def kept_scores(out):
    """How many rows' scores a run has kept so far."""
    path = out / "scores" / "scores.sqlite"
    if not path.exists():
        return 0
    with Kept(path) as kept:
        return len(kept)


def assert_same_rows(found, expected):
    """Rows differ in their scores by whole units; the number of threads moves the third digit behind the point."""
    assert found.keys() == expected.keys()
    for side in expected:
        assert found[side] == [pytest.approx(row, abs=0.01) for row in expected[side]]


@pytest.mark.slow
def test_columns_are_means_over_the_seeds_judged_against_the_raw_prompt(data, models, tmp_path, capsys):
    found = run_label(data, tmp_path / "out", models, "--keep-images", str(tmp_path / "images"))
    specs = models[models.index("--scorers") + 1 :]
    pictures = Pictures(models[1], steps=2, size=16)
    for row in (found["train"][1], found["heldout"][0]):
        images = pictures.draw([row["prompt"]], [0, 1, 2])
        for spec, column in zip(specs, ("pick_score", "aesthetic_score"), strict=True):
            each = [open_scorer(spec, None, "cpu").score(image[None], row["raw_prompt"]).item() for image in images]
            assert row[column] == pytest.approx(sum(each) / 3, abs=1e-3)
        against_itself = open_scorer(specs[0], None, "cpu").score(images, row["prompt"]).mean().item()
        assert row["pick_score"] != pytest.approx(against_itself, abs=1e-3)
    assert [row["raw_prompt"] for row in found["train"]] == ["cat", "owl", "fox", "hat", "cat"]
    assert found["train"][0] == found["train"][4] and found["train"][0]["source"] == "x"
    assert len({row["pick_score"] for row in found["train"]}) == 4
    assert kept_scores(tmp_path / "out") == 5 and len(list((tmp_path / "images").rglob("*.png"))) == 15
    assert (tmp_path / "out" / "name_words.txt").read_text() == "roe\n"
    printed = capsys.readouterr().out
    assert "6 rows, 1 of them scored before or given twice; to be drawn: 15 pictures of 16 x 16 in 2 steps" in printed
    assert "a row of 3 pictures takes" in printed and "for the other 3 rows" in printed and "MB of weights" in printed


@pytest.mark.slow
def test_of_several_candidates_the_best_stands_against_the_worst(data, models, tmp_path):
    writer = tiny.save_checkpoint(tmp_path / "writer", "gpt2", family="text2prompt-v1")
    few = ["--candidates", "3", "--writer", str(writer), "--limit", "2", "--seeds", "1"]
    rows = run_label(data, tmp_path / "out", models, *few)
    scored = [json.loads(line) for side in rows for line in open(tmp_path / "out" / f"{side}-scores.jsonl")]
    assert set(row["raw_prompt"] for row in scored) == {"cat", "owl", "sea"}
    total = totals(scored, {"pick_score": 1.0, "aesthetic_score": 1.0})
    of_cat = {row["prompt"]: each for row, each in zip(scored, total, strict=True) if row["raw_prompt"] == "cat"}
    chosen = {row["raw_prompt"]: row for row in (*rows["train"], *rows["heldout"])}["cat"]
    assert chosen["chosen"] == max(of_cat, key=of_cat.get) and chosen["rejected"] == min(of_cat, key=of_cat.get)
    assert chosen["margin"] == pytest.approx(max(of_cat.values()) - min(of_cat.values()))
    again = run_label(data, tmp_path / "out", models, *few)
    assert again == rows


@pytest.mark.slow
def test_a_process_of_ray_that_dies_is_started_anew_and_the_scores_are_the_same(
    data, models, whole, tmp_path, monkeypatch, with_ray
):
    mark = tmp_path / "has died"

    class Mortal(label.Labeller):
        def label(self, row):
            if row[1] == "fox" and not mark.exists():
                mark.touch()
                os._exit(1)
            return super().label(row)

    monkeypatch.setattr(label, "Labeller", Mortal)
    assert_same_rows(run_label(data, tmp_path / "out", models, "--workers", "1"), whole)
    assert mark.exists()


@pytest.mark.slow
def test_a_pipeline_that_cannot_be_had_is_said_in_one_line(data, tmp_path, forks, with_ray):
    command = ["--data", str(data), "--out", str(tmp_path / "out"), "--model", "owner/name", "--workers"]
    run = forks.start("prompt_beautifier.training.label", [*command, "0"])
    assert run.wait() == 1 and "Traceback" not in run.output()
    said = run.output().splitlines()[-1]
    assert said.startswith("label: owner/name is not on this computer and")
    assert said.endswith("or give the folder of a diffusers pipeline")
    with pytest.raises(FileNotFoundError) as raised:  # in a process of Ray
        label.main([*command, "1"])
    assert f"label: {raised.value}" == said


@pytest.mark.slow
def test_a_killed_run_goes_on_scores_no_row_twice_and_ends_the_same(data, models, whole, tmp_path, forks):
    """kill -9 after the second row."""
    out = tmp_path / "out"
    arguments = ["--data", str(data), "--out", str(out), "--workers", "0", *models]
    run = forks.start("prompt_beautifier.training.label", arguments)
    run.until(lambda: kept_scores(out) >= 2)
    assert run.kill() == -signal.SIGKILL
    before = kept_scores(out)
    assert 2 <= before < 5 and not (out / "train.jsonl").exists()

    drawn = []
    draw = Pictures.draw
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            Pictures, "draw", lambda self, prompts, seeds: drawn.extend(prompts) or draw(self, prompts, seeds)
        )
        found = run_label(data, out, models)
    assert len(drawn) == 5 - before and kept_scores(out) == 5
    assert_same_rows(found, whole)


@pytest.mark.slow
def test_a_killed_run_over_candidates_goes_on_and_ends_the_same(data, models, tmp_path, forks):
    """kill -9 once while the prompts are written, and once while their pictures are scored."""
    writer = tiny.save_checkpoint(tmp_path / "writer", "gpt2", family="text2prompt-v1")
    few = ["--candidates", "2", "--writer", str(writer), "--seeds", "1", "--limit", "3"]
    out = tmp_path / "killed"

    def written():
        path = out / "written.sqlite"
        if not path.exists():
            return 0
        with Kept(path) as kept:
            return len(kept)

    stage = ["prompt_beautifier.training.label", ["--data", str(data), "--out", str(out), "--workers", "0"]]
    stage[1] += [*models, *few]
    for count, least, most in ((written, 1, 4), (lambda: kept_scores(out), 2, 8)):
        run = forks.start(*stage)
        run.until(lambda count=count, least=least: count() >= least)
        assert run.kill() == -signal.SIGKILL and least <= count() < most
    assert not (out / "train.jsonl").exists()
    found = run_label(data, out, models, *few)
    whole = run_label(data, tmp_path / "whole", models, *few)
    assert [len(rows) for rows in whole.values()] == [3, 1]
    assert_same_rows(found, whole)


@pytest.mark.slow
def test_scores_of_other_pictures_are_not_taken(data, models, whole, tmp_path):
    run_label(data, tmp_path / "out", models, "--limit", "1")
    assert [len(rows) for rows in read(tmp_path / "out").values()] == [1, 1]
    with pytest.raises(ValueError, match="another steps"):
        run_label(data, tmp_path / "out", models, "--steps", "3")
    other = run_label(data, tmp_path / "out", models, "--steps", "3", "--limit", "1", "--restart")
    assert other["train"][0] != pytest.approx(whole["train"][0], abs=0.01)


@pytest.mark.slow
def test_scores_that_are_no_numbers_stop_the_run(data, models, tmp_path, monkeypatch):
    from prompt_beautifier.beautifier.images.scorers import Scorer

    monkeypatch.setattr(Scorer, "score", lambda self, images, prompts, **_: torch.tensor([1.0, float("nan"), 2.0]))
    with pytest.raises(ValueError, match="pick_score of .* is nan"):
        run_label(data, tmp_path / "out", models)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--scorers", "beauty"), "no scorer 'beauty'"),
        (("--scorers", "pickscore=a", "pickscore=b"), "twice"),
        (("--seeds", "0"), "--seeds must be 1"),
    ],
)
def test_options_that_cannot_work_are_refused(data, tmp_path, more, message):
    with pytest.raises(ValueError, match=message):
        label.main(["--data", str(data), "--out", str(tmp_path / "out"), *more])
    with pytest.raises(ValueError, match="another folder"):
        label.main(["--data", str(data), "--out", str(data)])
    with pytest.raises(FileNotFoundError, match="neither train.jsonl nor heldout.jsonl"):
        label.main(["--data", str(tmp_path), "--out", str(tmp_path / "out")])


@pytest.mark.parametrize(
    ("arguments", "text"), [((90, 8, 40.0), "60 min"), ((90, 8, 40.0, 4), "15 min"), ((1, 8, 6.0), "6 s")]
)
def test_the_estimate(arguments, text):
    assert text in label.time_left(*arguments)
