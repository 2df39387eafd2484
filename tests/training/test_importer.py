"""Data sets of others: small files of the published layouts become rows that the stages read."""

import json
import sqlite3
from contextlib import closing

import pytest

pytest.importorskip("pyarrow", reason="pyarrow is a training dependency")

import pyarrow
from pyarrow import parquet

from prompt_beautifier.beautifier.taste import picks
from prompt_beautifier.training import importer
from prompt_beautifier.training.data.preferences import read_preferences
from prompt_beautifier.training.run.rows import read_jsonl
from prompt_beautifier.training.voting.votes import Vote, Votes

THINGS = "cat owl fox hat tree ship castle robot bridge tower".split()


def both(folder):
    """The rows of train.jsonl and heldout.jsonl; a side may have none."""
    rows = []
    for side in ("train", "heldout"):
        rows += [json.loads(line) for line in (folder / f"{side}.jsonl").read_text(encoding="utf-8").splitlines()]
    return rows


def test_beautifulprompts_own_data(tmp_path, capsys):
    """data.json and test.json are arrays; rows of the test's raw prompts are left out of the data."""
    scores = {"pick_score": 20.5, "aesthetic_score": 6.25, "image_reward": 0.5, "type": "animal"}
    rows = [{"id": k, "raw_prompt": thing, "prompt": f"a {thing}, mist", **scores} for k, thing in enumerate(THINGS)]
    (tmp_path / "data.json").write_text(json.dumps([*rows, {"raw_prompt": "", "prompt": "x"}]))
    (tmp_path / "test.json").write_text(json.dumps([{"raw_prompt": "Owl ", "prompt": "an owl", "type": "animal"}]))
    files = [str(tmp_path / "data.json"), "--test", str(tmp_path / "test.json")]
    importer.main(["beautifulprompt", *files, "--out", str(tmp_path / "out"), "--heldout", "0.3"])
    found = both(tmp_path / "out")
    assert {row["raw_prompt"] for row in found} == set(THINGS) - {"owl"}
    assert found[0] == {"raw_prompt": found[0]["raw_prompt"], "prompt": f"a {found[0]['raw_prompt']}, mist", **scores}
    assert read_jsonl(tmp_path / "out" / "train.jsonl", "raw_prompt", "prompt")
    assert read_jsonl(tmp_path / "out" / "test.jsonl")[0]["raw_prompt"] == "Owl "
    assert "1 rows left out whose raw prompt is in the test" in capsys.readouterr().out


def test_their_rows_with_an_aesthetic_score_alone(tmp_path):
    rows = [{"prompt": f"a {thing}, mist", "aesthetic_score": 6.0} for thing in THINGS]
    (tmp_path / "rm_aesthetic.json").write_text(json.dumps([*rows, {"prompt": "no score"}]))
    importer.main(["aesthetic", str(tmp_path / "rm_aesthetic.json"), "--out", str(tmp_path / "out")])
    assert len(both(tmp_path / "out")) == 10 and all(row["aesthetic_score"] == 6.0 for row in both(tmp_path / "out"))


def test_diffusiondbs_images_that_are_unpacked(tmp_path):
    """metadata.parquet names every image; those that lie in part folders become rows for collect."""
    columns = {"image_name": ["a.png", "b.png", "c.png"], "prompt": ["cat", "owl", "fox"], "part_id": [1, 1, 2]}
    columns |= {"seed": [1, 2, 3], "image_nsfw": [0.0, 0.1, 0.2]}
    parquet.write_table(pyarrow.table(columns), tmp_path / "metadata.parquet")
    for part, name in ((1, "a.png"), (2, "c.png")):
        (tmp_path / "images" / f"part-{part:06d}").mkdir(parents=True)
        (tmp_path / "images" / f"part-{part:06d}" / name).touch()
    command = ["diffusiondb", str(tmp_path / "metadata.parquet"), "--images"]
    importer.main([*command, str(tmp_path / "images"), "--out", str(tmp_path / "out")])
    assert read_jsonl(tmp_path / "out" / "images.jsonl", "image", "prompt") == [
        {"image": "part-000001/a.png", "prompt": "cat"},
        {"image": "part-000002/c.png", "prompt": "fox"},
    ]
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="unpack part-000001.zip"):
        importer.main([*command, str(tmp_path / "empty"), "--out", str(tmp_path / "out")])


def test_pickapics_captions_once_each(tmp_path):
    rows = {"caption": ["cat", "cat", "owl ", None], "label_0": [1.0, 0.0, 0.5, 1.0]}
    for part in range(2):
        parquet.write_table(pyarrow.table(rows), tmp_path / f"train-{part}.parquet")
    files = [str(path) for path in sorted(tmp_path.glob("train-*"))]
    importer.main(["pickapic", *files, "--out", str(tmp_path / "out")])
    assert sorted(row["raw_prompt"] for row in both(tmp_path / "out")) == ["cat", "owl"]


def test_simulacras_ratings_are_means_of_a_prompts_pictures(tmp_path):
    with closing(sqlite3.connect(tmp_path / "sac.sqlite")) as database, database:
        database.executescript(
            """
            CREATE TABLE generations (id INTEGER PRIMARY KEY, sid INTEGER, method TEXT, prompt TEXT, verified INTEGER);
            CREATE TABLE images (id INTEGER PRIMARY KEY, gid INTEGER, idx INTEGER);
            CREATE TABLE ratings (sid INTEGER, iid INTEGER, rating INTEGER, verified INTEGER);
            INSERT INTO generations VALUES (1, 0, 'glide', 'a cat, oil', 1), (2, 0, 'glide', 'an owl', 1);
            INSERT INTO images VALUES (1, 1, 0), (2, 1, 1), (3, 2, 0);
            INSERT INTO ratings VALUES (7, 1, 4, 1), (8, 1, 6, 1), (7, 2, 8, 1), (7, 3, NULL, 1);
            """
        )
    importer.main(["sac", str(tmp_path / "sac.sqlite"), "--out", str(tmp_path / "out")])
    assert both(tmp_path / "out") == [{"raw_prompt": "a cat, oil", "prompt": "a cat, oil", "rating": 6.0, "ratings": 3}]
    (tmp_path / "other.sqlite").write_text("no database")
    with pytest.raises(ValueError, match="is not the database of Simulacra Aesthetic Captions"):
        importer.main(["sac", str(tmp_path / "other.sqlite"), "--out", str(tmp_path / "out")])


def test_a_table_of_choices_between_two_prompts(tmp_path):
    table = "description,left,right,label\ncat,a cat in mist,a cat 8k,left\nowl,x,an owl,right\nfox,a,b,same\n"
    (tmp_path / "choices.csv").write_text(table)
    columns = "--raw-prompt description --first left --second right --winner label --first-wins left --tie same"
    importer.main(["comparisons", str(tmp_path / "choices.csv"), *columns.split(), "--out", str(tmp_path / "out")])
    found = {row["raw_prompt"]: (row["chosen"], row["rejected"]) for row in both(tmp_path / "out")}
    assert found == {"cat": ("a cat in mist", "a cat 8k"), "owl": ("an owl", "x")}
    with pytest.raises(ValueError, match="has no column 'about': its columns are description, left, right, label"):
        wrong = columns.replace("description", "about").split()
        importer.main(["comparisons", str(tmp_path / "choices.csv"), *wrong, "--out", str(tmp_path / "out")])


def test_votes_of_prefer_are_preferences(tmp_path):
    votes = Votes(tmp_path / "votes.sqlite")
    votes.add(Vote("somebody", "pair 1", "cat", "PPO", "raw", "left"))
    votes.add(Vote("somebody", "pair 2", "owl", "PPO", "raw", "tie"))
    votes.close()
    written = [{"raw_prompt": raw, "prompts": {"PPO": f"a {raw}, mist", "raw": raw}} for raw in ("cat", "owl")]
    (tmp_path / "pictures.jsonl").write_text("".join(json.dumps(row) + "\n" for row in written))
    command = ["votes", str(tmp_path / "votes.sqlite"), "--pictures", str(tmp_path), "--heldout", "0"]
    importer.main([*command, "--out", str(tmp_path / "out")])
    (row,) = read_preferences(tmp_path / "out" / "train.jsonl")
    assert (row["chosen"], row["rejected"], row["source"]) == ("a cat, mist", "cat", "votes")


def test_picks_of_the_page_are_preferences(tmp_path):
    for how, chosen, others in (("click", "a cat, mist", ("a cat", "a cat, 8k")), ("edit", "an owl, fog", ("an owl",))):
        picks.add(tmp_path / "picks.sqlite", picks.Pick(chosen.split(",")[0], "sdxl", how, chosen, others))
    exported = [json.dumps(row) + "\n" for row in picks.rows(tmp_path / "picks.sqlite")]
    (tmp_path / "picks.jsonl").write_text("".join(exported), encoding="utf-8")
    importer.main(["picks", str(tmp_path / "picks.jsonl"), "--heldout", "0", "--out", str(tmp_path / "out")])
    rows = read_preferences(tmp_path / "out" / "train.jsonl")
    assert {(row["chosen"], row["rejected"], row["source"]) for row in rows} == {
        ("a cat, mist", "a cat", "click"),
        ("a cat, mist", "a cat, 8k", "click"),
        ("an owl, fog", "an owl", "edit"),
    }
    assert all("prompt" not in row and row["target"] == "sdxl" for row in rows)


@pytest.mark.parametrize("text", ["not json", "{}", '[{"prompt": 1}]', "[]"])
def test_a_file_that_is_another_is_named(tmp_path, text):
    (tmp_path / "data.json").write_text(text)
    with pytest.raises(ValueError, match=r"data\.json"):
        importer.main(["beautifulprompt", str(tmp_path / "data.json"), "--out", str(tmp_path / "out")])
