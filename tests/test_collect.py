"""Collecting pairs: what is cut out, what is dropped, and a whole run over a small made-up collection."""

import json
import random

import pytest

pytest.importorskip("names", reason="the list of first names is a training dependency")

from prompt_beautifier.training import collect, report  # noqa: E402
from prompt_beautifier.training.person_names import Uses, name_words  # noqa: E402
from prompt_beautifier.training.safety import unsafe_words  # noqa: E402


def target(prompt: str, named=frozenset(), modifiers=frozenset()):
    segments, reason = collect.tidy_target(prompt, named, modifiers)
    return ", ".join(segments) if segments else reason


DETAILS = "soft light, intricate, sharp focus, a mountain in the background, highly detailed"


def test_credits_are_cut_out_and_plain_uses_of_by_stay():
    assert collect.remove_credits("a castle by jane roe and john doe") == "a castle"
    assert collect.remove_credits("digital art in the style of jane roe") == ""
    assert collect.remove_credits("a ship at night inspired by jane roe") == "a ship at night"
    assert collect.remove_credits("a girl surrounded by flowers") == "a girl surrounded by flowers"
    assert collect.remove_credits("a house by the sea") == "a house by the sea"
    assert target(f"a castle, {DETAILS}, by jane roe") == f"a castle, {DETAILS}"


def test_segments_that_name_somebody_are_dropped_and_such_a_subject_drops_the_row():
    named = frozenset({"roe", "doe"})
    assert target(f"a castle, jane roe, {DETAILS}", named) == f"a castle, {DETAILS}"
    assert target(f"jane roe in a castle, {DETAILS}", named) == "subject names a person"
    assert target(f"a castle, roe-like, {DETAILS}", named) == f"a castle, {DETAILS}"


@pytest.mark.parametrize(
    ("prompt", "kept"),
    [
        (f"a cat, {DETAILS} -n 6 -i -A k_euler_ancestral", f"a cat, {DETAILS}"),
        (f"a cat, {DETAILS} - c 1 5 . 0 - s 5 0", f"a cat, {DETAILS}"),
        (f"a cat, {DETAILS}. --ar 16:9", f"a cat, {DETAILS}"),
        (f"a cat , sci - fi , 8 k , {DETAILS}", f"a cat, sci-fi, 8k, {DETAILS}"),
        (f"a cat (very nice), {DETAILS}", f"a cat, {DETAILS}"),
        (f"a cat, {DETAILS}, a cat", f"a cat, {DETAILS}"),
        (f"a cat, {DETAILS}, a dog with a very", f"a cat, {DETAILS}"),
        (f"a cat, {DETAILS}, and the", f"a cat, {DETAILS}".removesuffix(", highly detailed")),
    ],
)
def test_what_is_no_part_of_the_picture_is_removed(prompt, kept):
    assert target(prompt) == kept


@pytest.mark.parametrize(
    ("prompt", "reason"),
    [
        ("a cat", "too short or too long"),
        (f"a cat ((big)), {DETAILS}", "not a plain English prompt"),
        (f"a cat | {DETAILS}", "not a plain English prompt"),
        (f"eine katze mit der maus und das haus, {DETAILS}", "not a plain English prompt"),
        (f"a naked man, {DETAILS}", "unsafe text"),
        ("a cat sitting on a mat in front of a house", "too little detail"),
    ],
)
def test_what_cannot_be_used_is_dropped_with_its_reason(prompt, reason):
    assert target(prompt) == reason


def test_detail_must_hold_a_known_modifier_where_there_is_a_list():
    assert target(
        "a cat, one thing and another, a mat, a house, two mice, a hat", modifiers=frozenset({"8k"})
    ) == ("no known modifier")
    assert target(f"a cat, {DETAILS}", modifiers=frozenset({"sharp focus"})) == f"a cat, {DETAILS}"


def test_words_behind_by_are_taken_for_names_and_ordinary_ones_are_not():
    prompts = ["a castle by jane qwertz", "a castle by qwertz", "a blue castle by the sea"] * 10 + [
        "the sea"
    ] * 90
    assert "qwertz" in Uses(prompts).mostly_credited()
    assert "sea" not in Uses(prompts).mostly_credited()
    found = name_words(prompts)
    assert {"qwertz", "jennifer"} <= found
    assert not {"rose", "summer", "castle", "stone"} & found


def test_names_of_listed_artists_are_found_where_nobody_writes_by():
    prompts = (prompt for prompt in ["a castle, ivo qwertz, 8k"] * 5 + ["a castle at sea"] * 5)
    found = name_words(prompts, ["Ivo Qwertz", "Castle Sea"])
    assert {"ivo", "qwertz"} <= found and not {"castle", "sea"} & found


def test_unsafe_words_are_whole_words():
    assert unsafe_words("a Nude statue") == {"nude"}
    assert not unsafe_words("a class of grapes in a bassinet")


def test_subjects_are_cut_out_by_rule():
    assert (
        collect.FRAMING.sub("", "a highly detailed painting of a red fox in a forest")
        == "a red fox in a forest"
    )
    assert collect.shorter_subject("a red fox in a forest") == "a red fox"
    assert collect.shorter_subject("an old man reading a book") == "an old man"
    assert collect.shorter_subject("a building at night") == "a building"
    assert collect.bare_noun("a small red fox in a forest") == "a fox"
    assert collect.bare_noun("foxes in a forest") == "foxes"
    assert collect.bare_noun("the lord of the rings") == ""
    assert collect.bare_noun("a beautiful portrait") == ""


def test_short_inputs_are_common_and_always_about_the_subject():
    segments = ["a portrait of a young woman in a red dress", "soft light", "sharp focus", "oil on canvas"]
    raws = [collect.raw_prompt_of(segments, random.Random(i)) for i in range(300)]
    assert {
        "a woman",
        "1 girl",
        "1girl",
        "a young woman",
        "a young woman in a red dress",
        segments[0],
    } <= set(raws)
    assert sum(len(raw.split()) <= 3 for raw in raws) > 100
    assert collect.raw_prompt_of(["a highly detailed painting", *segments[1:]], random.Random(0)) == ""


def test_near_duplicates_are_found_and_other_texts_are_not():
    seen = collect.NearDuplicates()
    text = (
        "a small cottage in a dark forest, soft morning light, mist, birds above, oil on canvas, sharp focus"
    )
    assert not seen.has(text)
    assert seen.has(text.upper())
    assert seen.has(text.replace("oil on canvas", "oil on canvas, 8k"))
    assert not seen.has(
        "a steam train crossing a bridge, wide angle, autumn leaves, low sun, long shadows, photo"
    )


@pytest.fixture
def collection(tmp_path):
    """A made-up collection: subjects times details, some unsafe, some by an artist, one of an evaluation set."""
    rng = random.Random(0)
    things = "castle dog cat ship tower robot forest garden bridge train mountain lake city dragon owl lion".split()
    adjectives = "red old tiny golden broken quiet wooden frozen misty bright".split()
    details = (
        "soft light;sharp focus;oil on canvas;wide angle;highly detailed;intricate;a mountain in the background;mist;"
        "birds above;autumn leaves;low sun;long shadows;matte painting;volumetric light;snow on the ground;8 k"
    ).split(";")
    lines = []
    for i in range(1500):
        subject = f"a {rng.choice(adjectives)} {rng.choice(things)} near a {rng.choice(things)}"
        prompt = ", ".join([subject, *rng.sample(details, 6)])
        prompt += rng.choice(["", "", ", by jane qwertz", ", art by qwertz and john doe"])
        lines.append(f"1\t{prompt}, naked" if i % 50 == 0 else f"1\t{prompt}")
    (tmp_path / "prompts.tsv").write_text("\n".join(lines) + "\n")
    pair = {
        "raw_prompt": "an owl",
        "prompt": "an owl in a tree, moonlight, soft light, sharp focus, oil on canvas, 8k",
    }
    (tmp_path / "refinements.jsonl").write_text(json.dumps(pair) + "\n")
    (tmp_path / "evaluation.tsv").write_text("Prompt\tCategory\na castle\tBuildings\n")
    return tmp_path


def run_collect(folder, out):
    collect.main(
        ["--prompts", str(folder / "prompts.tsv"), "--refinements", str(folder / "refinements.jsonl"),
         "--exclude", str(folder / "evaluation.tsv"), "--out", str(out)]
    )  # fmt: skip
    return [[json.loads(line) for line in open(out / f"{side}.jsonl")] for side in ("train", "heldout")]


def test_a_whole_run(collection, capsys):
    train, heldout = run_collect(collection, collection / "out")
    rows = train + heldout
    assert len(rows) > 200
    assert {row["source"] for row in rows} == {"prompts", "refinements"}
    text = " ".join(row["prompt"] for row in rows)
    assert "naked" not in text and "qwertz" not in text and "8k" in text
    assert not any(" ".join(collect.words(row["raw_prompt"])) == "a castle" for row in rows)
    assert "castle" in {row["raw_prompt"] for row in rows}
    printed = capsys.readouterr().out
    assert (
        "unsafe text" in printed
        and "near-duplicate" in printed
        and f"{len(train):,} training rows" in printed
    )
    figures = report.answer_figures(
        [row["raw_prompt"] for row in rows], [row["prompt"] for row in rows], frozenset({"qwertz"})
    )
    assert figures["content words of the raw prompt kept"] > 0.95
    assert (
        figures["answers with a name the user did not write"] == figures["answers with an unsafe word"] == 0
    )


def test_the_same_input_gives_the_same_files(collection):
    run_collect(collection, collection / "a")
    run_collect(collection, collection / "b")
    for name in ("train.jsonl", "heldout.jsonl", "name_words.txt"):
        assert (collection / "a" / name).read_bytes() == (collection / "b" / name).read_bytes()
    assert not list((collection / "a").glob("*.part"))


def test_held_out_subjects_are_not_trained_on(collection):
    train, heldout = run_collect(collection, collection / "out")

    def subjects(rows):
        return {frozenset(collect.content_words(row["prompt"].partition(",")[0])) for row in rows}

    assert heldout and not subjects(train) & subjects(heldout)
