"""Collecting pairs, row by row: what is cut out of a prompt, what is dropped, what is alike, what refines what."""

import itertools
import json
import random
import zlib

import numpy as np
import pytest

pytest.importorskip("names", reason="the list of first names is a training dependency")

from prompt_beautifier.training.data import near_duplicates, pairs, safety, sessions  # noqa: E402
from prompt_beautifier.training.data.drop_table import DropTable  # noqa: E402
from prompt_beautifier.training.data.person_names import Uses, merged, name_words  # noqa: E402
from prompt_beautifier.training.data.safety import unsafe_words  # noqa: E402


def target(prompt: str, named=frozenset(), modifiers=frozenset()):
    segments, reason = pairs.tidy_target(prompt, named, modifiers)
    return ", ".join(segments) if segments else reason


DETAILS = "soft light, intricate, sharp focus, a mountain in the background, highly detailed"


def test_credits_are_cut_out_and_plain_uses_of_by_stay():
    assert pairs.remove_credits("a castle by jane roe and john doe") == "a castle"
    assert pairs.remove_credits("digital art in the style of jane roe") == ""
    assert pairs.remove_credits("a ship at night inspired by jane roe") == "a ship at night"
    assert pairs.remove_credits("a girl surrounded by flowers") == "a girl surrounded by flowers"
    assert pairs.remove_credits("a house by the sea") == "a house by the sea"
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
    assert target("a cat, one thing and another, a mat, a house, two mice, a hat", modifiers=frozenset({"8k"})) == (
        "no known modifier"
    )
    assert target(f"a cat, {DETAILS}", modifiers=frozenset({"sharp focus"})) == f"a cat, {DETAILS}"


def test_words_behind_by_are_taken_for_names_and_ordinary_ones_are_not():
    prompts = ["a castle by jane qwertz", "a castle by qwertz", "a blue castle by the sea"] * 10 + ["the sea"] * 90
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
    assert pairs.FRAMING.sub("", "a highly detailed painting of a red fox in a forest") == "a red fox in a forest"
    assert pairs.shorter_subject("a red fox in a forest") == "a red fox"
    assert pairs.shorter_subject("an old man reading a book") == "an old man"
    assert pairs.shorter_subject("a building at night") == "a building"
    assert pairs.bare_noun("a small red fox in a forest") == "a fox"
    assert pairs.bare_noun("foxes in a forest") == "foxes"
    assert pairs.bare_noun("the lord of the rings") == ""
    assert pairs.bare_noun("a beautiful portrait") == ""


def test_short_inputs_are_common_and_always_about_the_subject():
    segments = ["a portrait of a young woman in a red dress", "soft light", "sharp focus", "oil on canvas"]
    raws = [pairs.raw_prompt_of(segments, random.Random(i)) for i in range(300)]
    assert {"a woman", "1 girl", "1girl", "a young woman", "a young woman in a red dress", segments[0]} <= set(raws)
    assert sum(len(raw.split()) <= 3 for raw in raws) > 100
    assert pairs.raw_prompt_of(["a highly detailed painting", *segments[1:]], random.Random(0)) == ""


def test_the_held_out_subjects_never_change():
    """Published models were judged on rows that this rule chose: crc32 of the sorted words, stop words aside."""
    subjects = [
        f"a {one} {two} of the {three}"
        for one in ("red", "old", "tiny")
        for two in ("fox", "city", "ship")
        for three in ("north", "lake", "queen", "moon", "winter", "night", "desert")
    ]
    for subject in subjects:
        kept = sorted(set(subject.split()) - {"a", "of", "the"})
        assert pairs.is_held_out(subject) == (zlib.crc32(" ".join(kept).encode()) % 100 == 0)
    thousand = [f"a subject{number}" for number in range(5000)]
    assert 25 < sum(map(pairs.is_held_out, thousand)) < 75
    # Words that content_words counts and the split does not, and the other way round.
    assert pairs.is_held_out("some two very x") == pairs.is_held_out("")


@pytest.mark.parametrize(
    ("prompt", "low"),
    [
        ("A cat on a mat", "a cat on a mat"),
        ("a naked man", ""),
        ("jane roe in a castle", ""),
        ("a cat by the lake", ""),  # may name an artist
        ("| x | y", ""),
        ("8 k", ""),
        ("the evaluated prompt", ""),
        ("a thing that is told in very many words, so that it is no short prompt at all", ""),
    ],
)
def test_low_prompts_are_short_plain_and_about_nobody(prompt, low):
    _, reason = pairs.tidy_target(prompt, frozenset({"roe"}), frozenset())
    excluded = frozenset({"the evaluated prompt", "evaluated prompt"})
    assert pairs.low_prompt(prompt, reason, frozenset({"roe"}), excluded) == low
    assert not pairs.low_prompt(prompt, "unsafe text", frozenset(), excluded)


def test_words_of_names_are_the_same_learnt_in_parts():
    prompts = ["a castle by jane qwertz", "a castle by qwertz, ivo zzyzx", "a blue castle by the sea"] * 10
    whole = Uses(prompts, ["Ivo Zzyzx"])
    split = [json.loads(json.dumps(Uses(part, ["Ivo Zzyzx"]).as_json())) for part in (prompts[:7], prompts[7:])]
    learnt = merged([lambda part=part: part for part in split])
    assert learnt.name_words() == whole.name_words() and {"qwertz", "zzyzx"} <= learnt.name_words()
    assert learnt.mostly_credited() == whole.mostly_credited() and "castle" not in learnt.name_words()


TEXT = "a small cottage in a dark forest, soft morning light, mist, birds above, oil on canvas, sharp focus"


def alike(one: str, other: str) -> bool:
    hashes = near_duplicates.band_hashes([one, other])
    return bool((hashes[0] == hashes[1]).any())


def test_near_duplicates_are_found_and_other_texts_are_not():
    assert alike(TEXT, TEXT.upper())
    assert alike(TEXT, TEXT.replace("oil on canvas", "oil on canvas, 8k"))
    assert not alike(TEXT, "a steam train crossing a bridge, wide angle, autumn leaves, low sun, long shadows, photo")
    assert near_duplicates.band_hashes([]).shape == (0, 3) and near_duplicates.band_hashes(["", "a"]).shape == (2, 3)


def test_bands_agree_as_often_as_minhash_promises():
    """Texts sharing a share s of their runs agree in one of three bands of three with 1 - (1 - s^3)^3."""
    found = []
    for seed in range(400):
        rng = random.Random(seed)
        one = [str(rng.random())[2:8] for _ in range(60)]
        other = [*one[:46], *(str(rng.random())[2:8] for _ in range(14))]
        runs = [{tuple(text[i : i + 3]) for i in range(58)} for text in (one, other)]
        share = len(runs[0] & runs[1]) / len(runs[0] | runs[1])
        found.append(alike(" ".join(one), " ".join(other)))
    assert abs(np.mean(found) - (1 - (1 - share**3) ** 3)) < 0.08


@pytest.mark.parametrize("ranges", [1, 2, 7])
def test_rows_behind_the_first_are_found_however_the_keys_lie(tmp_path, ranges):
    rng = np.random.default_rng(0)
    keys = np.stack([rng.integers(0, 2**64, 40, dtype=np.uint64)[rng.integers(0, 40, 300)], np.arange(300)], axis=1)
    keys = keys.astype(np.uint64)
    keys[:5, 0] = 2**64 - 1
    paths = []
    for number, part in enumerate(np.array_split(rng.permutation(keys), 4)):
        paths.append(tmp_path / f"{number}.npy")
        np.save(paths[-1], near_duplicates.sorted_keys(part[:, 0], part[:, 1]))
    for allowed in (1, 3):
        expected, seen = set(), {}
        for key, row in sorted(keys.tolist(), key=lambda item: item[1]):
            seen[key] = seen.get(key, 0) + 1
            if seen[key] > allowed:
                expected.add(row)
        found, files = [], []
        for index in range(ranges):
            part = near_duplicates.key_range(paths, index, ranges)
            files.append(tmp_path / f"found-{index}.npy")
            np.save(files[-1], near_duplicates.beyond_first(part, allowed))
            found += np.load(files[-1]).tolist()
        assert set(found) == expected
        rows = np.arange(300, dtype=np.uint64)
        assert set(rows[near_duplicates.is_in(rows, files)].tolist()) == expected


RICH = "a red fox in the snow, soft morning light, birch trees, shallow depth of field, sharp focus, 8k"


@pytest.mark.parametrize(
    ("session", "found"),
    [
        ([(0, "a red fox"), (60, RICH)], [(0, 1)]),
        ([(0, "a red fox"), (60, "a dog"), (90, RICH)], [(0, 2)]),
        ([(0, "a red fox"), (601, RICH)], []),  # too late
        ([(0, RICH), (60, "a red fox")], []),  # the wrong way round
        ([(0, "a blue whale"), (60, RICH)], []),  # another subject
        ([(0, "a red fox"), (60, "a red fox in the snow")], []),  # not richer
        ([(0, "a red fox"), (10, "a fox"), (60, RICH)], [(0, 2)]),  # a richer prompt is used once
        ([(0, "a red fox"), *((i, f"thing {i}") for i in range(1, 21)), (60, RICH)], []),  # too many between
        ([(0, RICH.replace(", 8k", "")), (60, RICH)], []),  # was not short
    ],
)
def test_a_refinement_is_richer_on_the_same_subject_soon_after(session, found):
    assert list(sessions.refinements(session, 600)) == found


def test_drop_tables_of_parts_make_the_table_of_the_whole():
    rows = [(f"reason {i % 3}", f"text {i}") for i in range(100)]
    whole = DropTable()
    for row in rows:
        whole.add(*row)
    for cut in ([50, 100], [1, 2, 30, 100]):
        split = DropTable()
        for start, end in itertools.pairwise([0, *cut]):
            part = DropTable()
            for row in rows[start:end]:
                part.add(*row)
            split.merge(json.loads(json.dumps(part.as_json())))
        assert split.lines() == whole.lines()
    assert whole.lines()[0] == "       34  reason 0" and len(whole.lines()) == 12


@pytest.mark.parametrize("text", ["a Trump rally", "anti-immigrants", "pure hatred", "a brutal scene", "a mugshot"])
def test_political_hateful_and_criminal_words_are_refused(text):
    assert unsafe_words(text)


def test_the_report_on_a_file_counts_categories_and_what_was_measured(tmp_path, capsys):
    (tmp_path / "i2p.csv").write_text(
        ",prompt,categories,nudity_percentage,prompt_toxicity\n"
        '0,"a naked man, 8k","sexual, hate",80,0.9\n1,"two cats",hate,10,0.1\n'
    )
    (tmp_path / "parti.tsv").write_text('Prompt\tCategory\na "naked" truth\tx\na cat\tx\na hat\tx\n')
    safety.main([str(tmp_path / "i2p.csv"), str(tmp_path / "parti.tsv")])
    printed = capsys.readouterr().out
    assert "  50.0%  1 of 2  all\n 100.0%  1 of 1  sexual\n  50.0%  1 of 2  hate\n" in printed
    assert " 100.0%  1 of 1  nudity_percentage at least 50\n" in printed and "inappropriate" not in printed
    assert "  33.3%  1 of 3  all\nmost often: naked 1\n" in printed
