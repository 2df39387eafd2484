"""Collecting pairs: whole runs over a small made-up collection, in this process, with Ray, killed and gone on with."""

import json
import lzma
import random
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest

pytest.importorskip("names", reason="the list of first names is a training dependency")
ray = pytest.importorskip("ray", reason="Ray is a training dependency")

from prompt_beautifier.training import collect  # noqa: E402
from prompt_beautifier.training.data import collect_parts, sources  # noqa: E402
from prompt_beautifier.training.data.drop_table import DropTable  # noqa: E402
from prompt_beautifier.training.data.pairs import content_words, words  # noqa: E402
from prompt_beautifier.training.data.safety import unsafe_words  # noqa: E402
from prompt_beautifier.training.run import cluster, dataset  # noqa: E402


def made_up_prompts(count: int, seed: int = 0) -> list[str]:
    """Subjects times details, some unsafe, some by an artist."""
    rng = random.Random(seed)
    things = "castle dog cat ship tower robot forest garden bridge train mountain lake city dragon owl lion".split()
    adjectives = "red old tiny golden broken quiet wooden frozen misty bright".split()
    details = (
        "soft light;sharp focus;oil on canvas;wide angle;highly detailed;intricate;a mountain in the background;mist;"
        "birds above;autumn leaves;low sun;long shadows;matte painting;volumetric light;snow on the ground;8 k"
    ).split(";")
    prompts = []
    for i in range(count):
        subject = f"a {rng.choice(adjectives)} {rng.choice(things)} near a {rng.choice(things)}"
        prompt = ", ".join([subject, *rng.sample(details, 6)])
        prompt += rng.choice(["", "", ", by jane qwertz", ", art by qwertz and john doe"])
        prompts.append(f"{prompt}, naked" if i % 50 == 0 else prompt)
    return prompts


@pytest.fixture
def collection(tmp_path):
    """1500 made-up prompts, a refinement and an evaluation set."""
    lines = [f"1\t{prompt}" for prompt in made_up_prompts(1500)]
    (tmp_path / "prompts.tsv").write_text("\n".join(lines) + "\n")
    pair = {"raw_prompt": "an owl", "prompt": "an owl in a tree, moonlight, soft light, sharp focus, oil on canvas, 8k"}
    (tmp_path / "refinements.jsonl").write_text(json.dumps(pair) + "\n")
    (tmp_path / "evaluation.tsv").write_text("Prompt\tCategory\na castle\tBuildings\n")
    return tmp_path


def flags(folder, out, *more):
    sources = ["--prompts", str(folder / "prompts.tsv"), "--refinements", str(folder / "refinements.jsonl")]
    return [*sources, "--exclude", str(folder / "evaluation.tsv"), "--out", str(out), "--workers", "0", *more]


def read(out):
    return [[json.loads(line) for line in open(out / f"{side}.jsonl")] for side in ("train", "heldout")]


def run_collect(folder, out, *more):
    collect.main(flags(folder, out, *more))
    return read(out)


def run_alone(out, *argv):
    """A run over sources of its own; train and held-out rows together."""
    collect.main(["--workers", "0", "--out", str(out), *map(str, argv)])
    return sum(read(out), [])


def assert_same_files(one, other):
    for name in ("train.jsonl", "heldout.jsonl", "name_words.txt"):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


@pytest.mark.slow
def test_a_whole_run(collection, capsys):
    train, heldout = run_collect(collection, collection / "out")
    rows = train + heldout
    assert len(rows) > 200
    assert {row["source"] for row in rows} == {"prompts", "refinements"}
    text = " ".join(row["prompt"] for row in rows)
    assert "naked" not in text and "qwertz" not in text and "8k" in text
    assert not any(" ".join(words(row["raw_prompt"])) == "a castle" for row in rows)
    assert "castle" in {row["raw_prompt"] for row in rows}
    printed = capsys.readouterr().out
    assert (
        "unsafe text" in printed
        and "near-duplicate" in printed
        and f"{len(train):,} training rows" in printed
        and "1,501 rows in " in printed
    )
    assert "           | naked\n" in printed and ", naked" not in printed  # the word, not the unsafe text
    wanted = [(content_words(row["raw_prompt"]), set(words(row["prompt"]))) for row in rows]
    assert sum(len(one & other) for one, other in wanted) > 0.95 * sum(len(one) for one, _ in wanted)
    assert not any(unsafe_words(row["prompt"] + row["raw_prompt"]) for row in rows)
    assert sorted(path.name for path in (collection / "out" / "parts").iterdir()) == ["manifest.json"]


@pytest.mark.slow
def test_every_row_is_kept_or_counted_once(collection, capsys):
    run_collect(collection, collection / "out", "--rows-per-part", "300")
    printed = capsys.readouterr().out
    counts = {line[11:]: int(line[:9].replace(",", "")) for line in printed.splitlines() if "prompts: " in line[:30]}
    before_pairs = ("near-duplicate", "unsafe text", "too little detail", "the same first words 30 times already")
    dropped = sum(count for reason, count in counts.items() if reason.endswith(before_pairs))
    train, heldout = read(collection / "out")
    targets = {row["prompt"] for row in train + heldout if row["source"] == "prompts"}
    assert dropped + len(targets) == 1500
    assert counts["prompts: kept"] == len(train + heldout) - 1


@pytest.mark.slow
def test_the_same_input_gives_the_same_files_however_it_is_divided(collection, with_ray, capsys):
    tables = []
    for name, more in {
        "a": (),
        "b": ("--rows-per-part", "100"),
        "c": ("--rows-per-part", "400", "--workers", "2"),
    }.items():
        run_collect(collection, collection / name, *more)
        printed = capsys.readouterr().out.splitlines()
        tables.append([line for line in printed if line[9:11] == "  "])
    assert tables[0] and tables[0] == tables[1] == tables[2]
    assert_same_files(collection / "a", collection / "b")
    assert_same_files(collection / "a", collection / "c")


@pytest.mark.slow
def test_held_out_subjects_are_not_trained_on(collection):
    train, heldout = run_collect(collection, collection / "out")

    def subjects(rows):
        return {frozenset(content_words(row["prompt"].partition(",")[0])) for row in rows}

    assert heldout and not subjects(train) & subjects(heldout)


@pytest.mark.slow
def test_a_killed_run_goes_on_and_ends_the_same(collection):
    """kill -9 as soon as the run has so many files; the next run goes on and is killed further on."""
    more = ("--rows-per-part", "20")
    command = [
        sys.executable,
        "-m",
        "prompt_beautifier.training.collect",
        *flags(collection, collection / "out", *more),
    ]
    parts, survived = collection / "out" / "parts", []
    for at_least in (100, 200, 330, 600):
        run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while run.poll() is None and (not parts.exists() or sum(1 for _ in parts.iterdir()) < at_least):
            time.sleep(0.002)
        run.send_signal(signal.SIGKILL)
        assert run.wait() == -signal.SIGKILL
        survived.append({path.name: path.stat().st_mtime_ns for path in parts.glob("*-*.json")})
    assert not (collection / "out" / "train.jsonl").exists()
    for before, after in zip(survived, survived[1:], strict=False):
        assert before and before.items() < after.items()  # nothing that was done is done again
    run_collect(collection, collection / "out", *more)
    run_collect(collection, collection / "whole")
    assert_same_files(collection / "out", collection / "whole")


@pytest.mark.slow
def test_a_finished_run_is_not_done_again_and_parts_of_another_are_not_taken(collection, monkeypatch, capsys):
    out = collection / "out"
    run_collect(collection, out, "--rows-per-part", "500")
    printed = capsys.readouterr().out
    monkeypatch.setattr(collect, "clean_part", None)
    run_collect(collection, out, "--rows-per-part", "500")
    again = capsys.readouterr().out
    assert "nothing is left to do" in again and printed.splitlines()[-1] in again
    (out / "heldout.jsonl").unlink()
    with pytest.raises(TypeError):  # a result is gone: it is made again
        run_collect(collection, out, "--rows-per-part", "500")
    monkeypatch.undo()
    run_collect(collection, out, "--rows-per-part", "500")
    assert "of which an earlier run did a part" in capsys.readouterr().out
    monkeypatch.setattr(collect, "clean_part", None)
    with pytest.raises(TypeError):  # stopped in the middle
        run_collect(collection, out, "--least-overlap", "0.8")
    monkeypatch.undo()
    with pytest.raises(ValueError, match="another least_overlap"):
        run_collect(collection, out, "--least-overlap", "0.7")
    run_collect(collection, out, "--least-overlap", "0.7", "--restart")


def test_every_kind_of_file_is_read_whole(tmp_path):
    import pyarrow
    import pyarrow.parquet

    prompts = [f"prompt {number} ☃" for number in range(23)]
    objects = "".join(json.dumps({"prompt": prompt, "type": "x"}) + "\n" for prompt in prompts)
    (tmp_path / "a.jsonl").write_text(objects)
    (tmp_path / "a.jsonl.xz").write_bytes(lzma.compress(objects.encode()))
    (tmp_path / "a.tsv").write_text("".join(f"2\t{prompt}\n" for prompt in prompts))
    (tmp_path / "a.txt").write_text("\n".join(prompts))
    table = pyarrow.table({"prompt": prompts, "width": list(range(23))})
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet", row_group_size=4)
    for name in ("a.jsonl", "a.jsonl.xz", "a.tsv", "a.txt", "a.parquet"):
        for size in (5, 23, 100):
            for limit in (None, 12):
                found = sources.cut(tmp_path / name, tmp_path, f"{name}-{size}-{limit}", size, limit)
                rows = [row["prompt"] for part in found for row in sources.read_part(tmp_path / part["file"])]
                assert rows == prompts[:limit], (name, size, limit)
                assert [part["first"] for part in found] == list(range(0, len(rows), size))
    with pytest.raises(ValueError, match="must end in"):
        sources.kind_of(tmp_path / "a.csv")
    with pytest.raises(ValueError, match="no JSON object"):
        (tmp_path / "bad.jsonl").write_text("[]\n")
        list(sources.read_part(tmp_path / "bad.jsonl"))
    with pytest.raises(ValueError, match="no text under 'prompt'"):
        sources.as_row({"text": "a"}, "here")


def test_evaluation_sets_of_every_kind_are_read(tmp_path):
    (tmp_path / "a.tsv").write_text('Prompt\tNote\nA "red" fox\tx\n')
    (tmp_path / "a.csv").write_text(',prompt,more\n0,"An owl, at night",x\n')
    (tmp_path / "a.jsonl").write_text('{"raw_prompt": "a hat", "prompt": "a hat, 8k"}\n')
    (tmp_path / "a.txt").write_text("two cats\n\n")
    found = sources.read_excluded(sorted(tmp_path.iterdir()))
    assert found == {"a red fox", "an owl at night", "a hat", "a hat 8k", "two cats"}


def test_metadata_of_diffusiondb_gives_refinements_and_drops_what_it_calls_unsafe(tmp_path):
    import pyarrow
    import pyarrow.parquet

    rich = made_up_prompts(60, seed=1)
    start = datetime(2022, 8, 9, 12, tzinfo=timezone.utc)
    rows = []
    for author in range(20):
        subject = " ".join(rich[author + 1].split(" near")[0].split())
        times = [start + timedelta(minutes=author * 100), start + timedelta(minutes=author * 100 + 5)]
        rows.append({"prompt": subject, "user_name": f"u{author}", "timestamp": times[0], "image_nsfw": 0.1})
        rows.append({"prompt": rich[author + 1], "user_name": f"u{author}", "timestamp": times[1], "image_nsfw": 0.1})
    rows.append({"prompt": "a purple whale, " + rich[45], "user_name": "u", "timestamp": start, "image_nsfw": 0.9})
    random.Random(0).shuffle(rows)
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "metadata.parquet")
    kept = run_alone(tmp_path / "out", "--prompts", tmp_path / "metadata.parquet", "--rows-per-part", 7)
    found = [row for row in kept if row["source"] == "sessions"]
    assert len(found) >= 15
    assert all(" near" not in row["raw_prompt"] and row["prompt"].startswith(row["raw_prompt"]) for row in found)
    assert not any("whale" in row["prompt"] for row in kept)
    assert len({row["prompt"] for row in kept if row["source"] == "prompts"} & {row["prompt"] for row in found}) == 0
    none = run_alone(tmp_path / "none", "--prompts", tmp_path / "metadata.parquet", "--session-minutes", 0)
    assert {row["source"] for row in none} == {"prompts"}


def test_scores_and_types_of_ready_pairs_go_through_and_low_ones_are_dropped(tmp_path):
    details = [prompt for prompt in made_up_prompts(60, seed=2) if "by" not in prompt and "naked" not in prompt][:12]
    rows = [
        {"raw_prompt": prompt.split(" near")[0], "prompt": prompt, "aesthetic_score": 4.0 + i / 4, "type": "thing"}
        for i, prompt in enumerate(details)
    ]
    del rows[0]["aesthetic_score"]
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    kept = run_alone(tmp_path / "out", "--pairs", tmp_path / "pairs.jsonl", "--least-aesthetic", 5)
    assert kept and all(row["type"] == "thing" and row["source"] == "pairs" for row in kept)
    assert {row.get("aesthetic_score") for row in kept} == {None, *(4 + i / 4 for i in range(4, 12))}
    (tmp_path / "pairs.jsonl").write_text(json.dumps({"prompt": details[0]}) + "\n")
    with pytest.raises(ValueError, match="row 1: it has no raw_prompt"):
        run_alone(tmp_path / "bad", "--pairs", tmp_path / "pairs.jsonl")


def test_reward_models_have_the_last_word(tmp_path):
    class Reward:
        def score(self, raws, prompts):
            return np.array([float(len(prompt)) for prompt in prompts])

    argv = ["--pairs", "x.jsonl", "--out", "y", "--consistency-reward", "r", "--least-consistency", "5"]
    rules = collect.rules_of(collect.option_parser().parse_args(argv))
    work = collect_parts.PairsOfPart(collect_parts.Run(tmp_path, tmp_path, rules), 1)
    work.rewards[rules.consistency_reward] = Reward()
    rows = [{"raw_prompt": "x", "prompt": prompt, "source": "pairs"} for prompt in ("long enough", "no")]
    drops = DropTable()
    assert work.above(rows, drops) == rows[:1]
    assert drops.counts == {"pairs: consistency too low": 1}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ((), "nothing to collect from"),
        (("--prompts", "missing.txt"), "there is no file missing.txt: where published sources are had"),
        (("--pairs", __file__, "--summarize", "0.5"), "need a language model"),
        (("--pairs", __file__, "--expand", "2"), "share from 0 to 1"),
        (("--pairs", __file__, "--least-consistency", "2"), "go together"),
        (("--pairs", __file__, "--workers", "-1"), "must be 0 or more"),
    ],
)
def test_options_that_cannot_work_are_refused(tmp_path, more, message):
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        collect.main(["--out", str(tmp_path / "out"), *more])


class Failing:
    def __call__(self, part: int, content: bytes | None) -> dict[str, bytes]:
        if part == 3:
            raise ValueError("part 3 cannot be read")
        return {f"made-{part}.txt": bytes([65 + 1 // (part - 4)]) + (content or b"")}


@pytest.mark.slow
def test_ray_data_reads_parts_writes_what_is_made_of_them_and_gives_their_own_errors(with_ray, tmp_path):
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])  # workers cannot import this file
    try:
        for part in range(3):
            (tmp_path / f"{part}.raw").write_bytes(b"of part %d" % part if part else b"")
        dataset.each(Failing(), [0, 1, 2], tmp_path, True, lambda part: tmp_path / f"{part}.raw")
        assert [(tmp_path / f"made-{part}.txt").read_text()[1:] for part in range(3)] == [
            "", "of part 1", "of part 2"
        ]  # fmt: skip
        with pytest.raises(ValueError, match="^part 3 cannot be read$"):
            dataset.each(Failing(), [1, 3], tmp_path, True, **cluster.actors())
        with pytest.raises(RuntimeError, match="1 // (.|\n)*ZeroDivisionError"):
            dataset.each(Failing(), [4], tmp_path, True)
        assert not (tmp_path / dataset.FAILED).exists()
    finally:
        ray.cloudpickle.unregister_pickle_by_value(sys.modules[__name__])


def test_without_ray_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ImportError, match=r"pip install -e .*\[training\]"), cluster.cluster(1):
        pass
    with cluster.cluster(0) as there_is_one:
        assert there_is_one is False


@pytest.mark.parametrize("name", ["collect", "collect-beautifulprompt", "label-beautifulprompt"])
def test_the_configs_are_understood(repository, name):
    from prompt_beautifier.training import label
    from prompt_beautifier.training.run import options

    stage = {"collect": collect, "label": label}[name.partition("-")[0]]
    argv = ["--config", str(repository / "training" / "configs" / f"{name}.yaml"), "--out", "out"]
    args = options.parse(stage.option_parser(), [*argv, *(["--data", "x"] if stage is label else [])])
    assert args.scorers == ["pickscore", "aesthetic"] if stage is label else args.prompts and args.modifiers
