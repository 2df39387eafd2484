"""Write beautifier/subjects/names.tsv anew, after a change to entries or to the names of people, artists and titles.

    python -m prompt_beautifier.training.entry_names

subjects/names_file.py says what is in it. Without it, or where it is of another state of those files, the embedded
model reads all entries at its start, which takes it a quarter of a second.
"""

from collections.abc import Sequence

from ..beautifier.subjects.entries import FOLDER, Entries, load_whole
from ..beautifier.subjects.looks import Artists
from ..beautifier.subjects.names_file import FILE, names_text, read_files, rows_text
from .run.options import as_command, new_parser


def main(argv: Sequence[str] | None = None) -> None:
    new_parser(__doc__).parse_args(argv)
    (FOLDER / FILE).write_text(shipped_names(), encoding="utf-8", newline="\n")


def shipped_names() -> str:
    """What names.tsv has to hold for the shipped entries."""
    return names_text(blocks_of(load_whole(FOLDER)), read_files(FOLDER))


def blocks_of(entries: Entries) -> dict[str, str]:
    """The blocks of names.tsv. Raises ValueError for a name or a subject that its marks would cut."""
    media, looks = entries.artists, {}
    if isinstance(media, Artists):
        media, looks = media.media, media.whose
    tables = {
        "names": {name: "|".join(entry.subject for entry in found) for name, found in entries.by_name.items()},
        "people": {name: entry.subject for name, entry in entries.people.items()},
        "artists": {name: entry.subject for name, entry in media.items()},
        "looks": looks,
        "zh": {name: entry.subject for name, entry in entries.by_zh.items()},
    }
    cut = [
        each for table in tables.values() for row in table.items() for each in row if not set(each).isdisjoint("\t\n")
    ]
    cut += [subject for subject in entries.by_subject if "|" in subject]
    if cut:
        raise ValueError(f"a name holds a tab or a line's end, or a subject a bar: {cut[0]!r}")
    return {
        **{name: rows_text(table) for name, table in tables.items()},
        "titles": "\n".join(sorted(entries.titles)),
        "words": " ".join(sorted(entries.vocabulary)),
    }


if __name__ == "__main__":
    as_command("entry_names", main)
