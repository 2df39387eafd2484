"""Instructions for chat models that users write themselves: text files in folders of theirs, read anew for each run."""

from collections.abc import Sequence
from pathlib import Path

NONE = "for the image model"  # what menus call the instruction that follows from the request
FOLDER = "prompts"  # in a folder of language models
ENDINGS = (".md", ".txt")
LONGEST = 100_000  # bytes; no model reads as much


def instruction_names(folders: Sequence[Path]) -> list[str]:
    """The names of the files, as a menu shows them: of those of one name in several folders, one."""
    return sorted({path.name for folder in folders for path in files_in(folder)}, key=str.casefold)


def read_instruction(folders: Sequence[Path], name: str) -> str:
    """The text of the first file of that name; "" for "" and NONE.

    Raises ValueError where there is none, or where it is empty, longer than LONGEST, or no text in UTF-8.
    """
    if name in ("", NONE):
        return ""
    path = next((path for folder in folders for path in files_in(folder) if path.name == name), None)
    if path is None:
        where = " or ".join(map(str, folders)) or "no folder"
        known = ", ".join(instruction_names(folders)) or "none"
        raise ValueError(
            f"there is no instruction {name!r} in {where}: put a text file of that name there, or choose another "
            f"(there: {known})"
        )
    if path.stat().st_size > LONGEST:
        raise ValueError(f"{path} is larger than {LONGEST} bytes: it is no instruction for a chat model, shorten it")
    try:
        text = path.read_text(encoding="utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no text in UTF-8 (byte {error.start}): save it as UTF-8") from None
    if not text:
        raise ValueError(f"{path} is empty: write into it what the model is to be told, or choose another instruction")
    return text


def files_in(folder: Path) -> list[Path]:
    """The text files of a folder, by name; none where it cannot be read."""
    try:
        found = [path for path in folder.iterdir() if path.suffix.lower() in ENDINGS and path.is_file()]
    except OSError:
        return []
    return sorted(path for path in found if not path.name.startswith("."))
