"""names.tsv: it is of the shipped entries, finds what reading all of them finds, and spares a start from that."""

import json
from dataclasses import astuple

import pytest

from prompt_beautifier.beautifier.subjects import entries as subjects
from prompt_beautifier.beautifier.subjects.entries import FOLDER, index, load, load_whole, read_entries
from prompt_beautifier.beautifier.subjects.lazily import Lazily
from prompt_beautifier.beautifier.subjects.names import matches_in
from prompt_beautifier.beautifier.subjects.names_file import FILE, MADE_OF, names_text, read_files, read_names
from prompt_beautifier.beautifier.wishes.wish import read
from prompt_beautifier.training import entry_names

from .few import ROWS, few


@pytest.fixture
def folder(tmp_path):
    """A folder with a few entries, some names and the names.tsv that is of them."""
    (tmp_path / "entries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    (tmp_path / "people.tsv").write_text("Ada Lovelace\twoman\n", encoding="utf-8")
    (tmp_path / "artists.tsv").write_text("jan vermeer\twatercolor\n", encoding="utf-8")
    blocks = entry_names.blocks_of(load_whole(tmp_path))
    (tmp_path / FILE).write_text(names_text(blocks, read_files(tmp_path)), encoding="utf-8")
    return tmp_path


def fresh(folder):
    """The entries of a folder, not those that are kept since they were asked for."""
    return load.__wrapped__(folder)


def contents(entries) -> list:
    """All that is in some entries, and the subjects that each name leads to."""
    one = (entries.people, entries.artists, entries.by_zh)
    return [
        [astuple(entry) for entry in entries.all],
        {name: [entry.subject for entry in found] for name, found in entries.by_name.items()},
        *({name: entry.subject for name, entry in table.items()} for table in one),
        entries.proper, entries.titles, entries.vocabulary,
    ]  # fmt: skip


def test_it_is_of_the_shipped_entries():
    message = "entries or names were changed: run python -m prompt_beautifier.training.entry_names"
    assert (FOLDER / FILE).read_text(encoding="utf-8") == entry_names.shipped_names(), message


def test_it_finds_what_reading_all_entries_finds(folder):
    found = fresh(folder)
    assert isinstance(found.by_subject, Lazily)
    assert contents(found) == contents(load_whole(folder))
    assert found.people["ada lovelace"] is found.by_subject["woman"] is found.by_name["woman"][0]


def test_a_start_reads_the_entries_it_needs_alone(monkeypatch, folder):
    asked, read_entry = [], subjects.read_entry

    def counted(line):
        asked.append(line)
        return read_entry(line)

    monkeypatch.setattr(subjects, "read_entry", counted)
    entries = fresh(folder)
    assert asked == []
    for _ in range(2):
        found = matches_in(read("a cat in a library"), entries)
        assert [match.entries[0].subject for match in found] == ["cat", "library"]
    assert len(asked) == 2


@pytest.mark.parametrize("name", MADE_OF)
def test_one_that_is_of_another_state_is_not_used(name, folder):
    assert read_names(folder, read_files(folder)) is not None
    with (folder / name).open("a", encoding="utf-8") as file:
        file.write(
            json.dumps(ROWS[0] | {"subject": "tiger", "also": []}) + "\n" if name.endswith("jsonl") else "x\tcat\n"
        )
    assert read_names(folder, read_files(folder)) is None
    assert contents(fresh(folder)) == contents(load_whole(folder))


def test_line_ends_of_windows_make_no_other_state(folder):
    for name in (*MADE_OF[:3], FILE):
        (folder / name).write_bytes((folder / name).read_bytes().replace(b"\n", b"\r\n"))
    assert contents(fresh(folder)) == contents(load_whole(folder))
    assert isinstance(fresh(folder).by_subject, Lazily)


def test_without_it_all_entries_are_read(folder):
    (folder / FILE).unlink()
    assert contents(fresh(folder)) == contents(load_whole(folder))


@pytest.mark.parametrize("subject", ["cat|dog", "cat\tdog"])
def test_a_name_that_its_marks_would_cut_is_named(subject):
    (entry,) = read_entries([json.dumps(ROWS[0] | {"subject": subject})])
    with pytest.raises(ValueError, match="cat"):
        entry_names.blocks_of(index((entry,)))


def test_a_table_that_was_not_read_from_a_file_can_be_written():
    assert "ada lovelace\twoman" in entry_names.blocks_of(few())["people"]
