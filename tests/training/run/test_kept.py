"""Results that are kept: what was put in is there for another process, whole or not at all."""

import json
import sqlite3
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt_beautifier.training.run.kept import Kept

KEYS = st.tuples(st.text(), st.integers() | st.text(), st.lists(st.integers()))
JSON = st.recursive(st.text() | st.integers() | st.floats(allow_nan=False) | st.booleans(), st.lists)


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(rows=st.dictionaries(KEYS.map(json.dumps), JSON))
def test_what_was_put_in_comes_out_of_the_file_again(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("kept") / "of a run" / "rows.sqlite"
    with Kept(path) as kept:
        kept.put((tuple(json.loads(key)), value) for key, value in rows.items())
    with Kept(path) as again:
        assert len(again) == len(rows)
        assert {key: again.get(*json.loads(key)) for key in rows} == rows
        assert again.get("another") is None


def test_a_new_value_takes_the_place_of_the_old_one(tmp_path):
    with Kept(tmp_path / "rows.sqlite") as kept:
        kept.put([(("a", 1), 2)])
        kept.put([(("a", 1), 3)])
        assert kept.get("a", 1) == 3 and kept.get("a", "1") is None and len(kept) == 1


def test_rows_that_belong_together_are_kept_together_or_not_at_all(tmp_path):
    def rows():
        yield ("a",), 1
        raise KeyboardInterrupt

    with Kept(tmp_path / "rows.sqlite") as kept, pytest.raises(KeyboardInterrupt):
        kept.put(rows())
    with Kept(tmp_path / "rows.sqlite") as kept:
        assert len(kept) == 0


@pytest.mark.parametrize("often", [False, True])
def test_another_process_sees_a_row_as_soon_as_it_is_kept(tmp_path, often):
    with Kept(tmp_path / "rows.sqlite", often) as kept:
        for count in range(1, 4):
            kept.put([((count,), "x")])
            with closing(sqlite3.connect(tmp_path / "rows.sqlite")) as another:
                assert another.execute("SELECT count(*) FROM kept").fetchone() == (count,)


def test_another_file_is_refused(tmp_path):
    (tmp_path / "rows.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(ValueError, match="is no file of kept results"):
        Kept(tmp_path / "rows.sqlite")
