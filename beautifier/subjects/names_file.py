"""names.tsv: by which names, already folded, the entries are found, so that a start need not read all entries for it.

`python -m prompt_beautifier.training.entry_names` makes it of the files in MADE_OF. Its first line says which state of
them it is of; the blocks behind it, with a blank line between, each begin with what they hold:

    names     the subjects that each name leads to, divided by "|"; among them those of titles
    people    the subject that each person's name leads to
    artists   the medium that each artist's name leads to
    looks     the artist whose look a name has, where it has one
    titles    the names that are of a game, a film, a brand or a site
    zh        the subject that each Chinese name leads to
    words     every word of a name or phrase, with blanks between
"""

import zlib
from collections.abc import Mapping
from pathlib import Path

FILE = "names.tsv"
MADE_OF = ("entries.jsonl", "people.tsv", "artists.tsv", "titles.tsv")
BLOCKS = ("names", "people", "artists", "looks", "titles", "zh", "words")


def read_files(folder: Path) -> dict[str, bytes]:
    """What the files that it is made of hold; b"" where one is not there."""
    held = {name: (folder / name).read_bytes() if (folder / name).exists() else b"" for name in MADE_OF}
    return {name: data.replace(b"\r\n", b"\n") if b"\r" in data else data for name, data in held.items()}


def state_of(files: Mapping[str, bytes]) -> str:
    """The first line of the file that is made of some files: a checksum of each."""
    return "\t".join(f"{name} {zlib.crc32(files[name]):08x}" for name in MADE_OF)


def read_names(folder: Path, files: Mapping[str, bytes]) -> dict[str, str] | None:
    """The blocks of a folder's names.tsv; None where it is not there, or was made of other files than these."""
    path = folder / FILE
    if not path.exists():
        return None
    state, *blocks = path.read_bytes().replace(b"\r", b"").removesuffix(b"\n").split(b"\n\n")
    if state != state_of(files).encode():
        return None
    parted = (block.decode().partition("\n") for block in blocks)
    return dict.fromkeys(BLOCKS, "") | {name: rows for name, _, rows in parted}


def names_text(blocks: Mapping[str, str], files: Mapping[str, bytes]) -> str:
    """The file that holds these blocks, but for empty ones, and was made of these files."""
    return "\n\n".join([state_of(files), *(f"{name}\n{blocks[name]}" for name in BLOCKS if blocks[name])]) + "\n"


def rows_text(table: Mapping[str, str]) -> str:
    """A block of names and what each leads to."""
    return "\n".join(f"{name}\t{value}" for name, value in table.items())


def rows_of(block: str) -> dict[str, str]:
    """The rows of a block that `rows_text` wrote."""
    cells = block.replace("\n", "\t").split("\t") if block else []
    return dict(zip(cells[::2], cells[1::2], strict=True))
