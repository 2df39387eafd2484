"""Picks and history in their file: a change of mind counts once, nothing is lost, and emptied is gone."""

import json

import pytest

from prompt_beautifier.beautifier.taste import history, picks
from prompt_beautifier.beautifier.taste.file import NAME
from prompt_beautifier.beautifier.taste.picks import Pick


@pytest.fixture
def path(tmp_path):
    return tmp_path / "user" / NAME


def pick(chosen="a cat, night", others=("a cat, day", "a cat, rain"), how="click", raw="a cat"):
    return Pick(raw, "z-image", how, chosen, tuple(others))


def test_without_a_file_there_is_nothing_and_none_is_made(path):
    assert picks.count(path) == 0 and picks.latest(path) == [] == history.search(path)
    picks.empty(path)
    history.forget(path)
    assert not path.exists()


def test_picks_come_back_the_oldest_first(path):
    for place in range(3):
        picks.add(path, pick(raw=f"a cat {place}"))
    assert [each.raw_prompt for each in picks.latest(path)] == ["a cat 0", "a cat 1", "a cat 2"]
    assert [each.raw_prompt for each in picks.latest(path, 2)] == ["a cat 1", "a cat 2"]
    assert picks.count(path) == 3


def test_a_change_of_mind_takes_the_place_of_the_pick_before(path):
    picks.add(path, pick())
    picks.add(path, pick("a cat, day", ("a cat, night", "a cat, rain")))
    (kept,) = picks.latest(path)
    assert kept.chosen == "a cat, day"


def test_several_stars_of_one_list_are_kept_beside_the_click(path):
    for chosen in ("a cat, day", "a cat, night"):
        others = {"a cat, day", "a cat, night", "a cat, rain"} - {chosen}
        picks.add(path, pick(chosen, sorted(others), "star"))
        picks.add(path, pick(chosen, sorted(others), "star"))
    picks.add(path, pick())
    assert picks.count(path) == 3
    picks.take_back_star(path, "a cat", "z-image", "a cat, day")
    assert [each.chosen for each in picks.latest(path)] == ["a cat, night", "a cat, night"]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"others": ()}, "one prompt of several"),
        ({"others": ("a cat, night",)}, "one prompt of several"),
        ({"chosen": " "}, "one prompt of several"),
        ({"others": tuple(map(str, range(70)))}, "2 to 65"),
        ({"how": "guess"}, "how must be one of"),
        ({"chosen": "x" * 30_000}, "at most 20000"),
        ({"raw": None}, "made of texts"),
    ],
)
def test_what_is_no_pick_is_refused(wrong, says):
    with pytest.raises(ValueError, match=says):
        pick(**wrong)


def test_rows_for_training_have_one_for_each_that_was_not_chosen(path, tmp_path):
    picks.add(path, pick())
    picks.add(path, pick(raw=" "))
    rows = picks.rows(path)
    assert [row["rejected"] for row in rows] == ["a cat, day", "a cat, rain"]
    assert all(row["prompt"] == row["raw_prompt"] == "a cat" and row["chosen"] == "a cat, night" for row in rows)
    reader = pytest.importorskip("prompt_beautifier.training.data.preferences", reason="needs what training needs")
    (tmp_path / "train.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    assert len(reader.read_preferences(tmp_path / "train.jsonl")) == 2


def test_emptied_is_gone_from_the_file_too(path):
    picks.add(path, pick("a cat with an unmistakable hat"))
    history.add(path, "an unmistakable cat", "", "embedded", ["one", "two"])
    picks.empty(path)
    history.forget(path)
    assert picks.count(path) == 0 and history.search(path) == []
    assert b"unmistakable" not in path.read_bytes()


def test_a_file_of_something_else_is_named(path):
    path.parent.mkdir()
    path.write_bytes(b"no database" * 100)
    with pytest.raises(OSError, match=NAME):
        picks.add(path, pick())


# -- history


def test_the_history_is_searched_by_all_words_in_raw_prompt_and_candidates(path):
    history.add(path, "a cat", "", "embedded", ["a cat, moonlit roof", "a cat, 100 % wool"])
    history.add(path, "a dog", "z-image", "embedded", ["a dog, moonlit field"])
    assert [each.raw_prompt for each in history.search(path)] == ["a dog", "a cat"]
    assert [each.raw_prompt for each in history.search(path, "MOONLIT cat")] == ["a cat"]
    assert [each.raw_prompt for each in history.search(path, "0 %")] == ["a cat"]
    assert history.search(path, "_") == [] == history.search(path, "moonlit horse")


def test_the_same_made_again_is_one_entry_and_the_newest(path):
    number = history.add(path, "a cat", "", "embedded", ["one", "two"])
    history.add(path, "a dog", "", "embedded", ["three"])
    assert history.add(path, "a cat", "", "embedded", ["one", "two"]) == number
    assert [each.raw_prompt for each in history.search(path)] == ["a cat", "a dog"]


def test_stars_are_kept_and_found(path):
    number = history.add(path, "a cat", "", "embedded", ["one", "two"])
    history.add(path, "a dog", "", "embedded", ["three"])
    history.set_star(path, number, 1, True)
    history.set_star(path, number, 0, True)
    (entry,) = history.search(path, starred=True)
    assert entry.stars == (0, 1)
    history.set_star(path, number, 1, False)
    assert history.find(path, number).stars == (0,)
    with pytest.raises(LookupError, match="none with number 5"):
        history.set_star(path, number, 5, True)
    history.forget(path, number)
    with pytest.raises(LookupError, match="not there any more"):
        history.find(path, number)


def test_what_is_old_and_has_no_star_is_forgotten(path, monkeypatch):
    monkeypatch.setattr(history, "MOST_KEPT", 3)
    first = history.add(path, "0", "", "embedded", ["one", "two"])
    history.set_star(path, first, 0, True)
    for place in range(1, 6):
        history.add(path, str(place), "", "embedded", ["one"])
    assert [each.raw_prompt for each in history.search(path)] == ["5", "4", "3", "0"]


def test_pages_follow_each_other(path, monkeypatch):
    monkeypatch.setattr(history, "PAGE", 2)
    for place in range(3):
        history.add(path, str(place), "", "embedded", ["one"])
    assert [each.raw_prompt for each in history.search(path, skip=2)] == ["0"]
