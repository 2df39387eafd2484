"""Which checkpoints are on disk, and what a menu shows of them."""

from pathlib import Path
from zipfile import is_zipfile

from ..files import read_json, tokenizer_files
from ..language.weight_names import PICKLES, other_names, weight_files
from .catalog import CATALOG, Checkpoint
from .places import DEEPEST, bytes_below, gigabytes, place_of, waiting_folder
from .transfer import is_safetensors

INDICES = ("model.safetensors.index.json", "pytorch_model.bin.index.json")


def list_checkpoints(folders: list[Path]) -> dict[str, Path]:
    """The checkpoint folders below `folders`, by their path relative to the folder they were found in.

    A checkpoint folder holds config.json of an architecture this pack runs, a tokenizer, and safetensors or
    pickled weights.
    Where two folders hold the same name the first one counts, as ComfyUI does. Folders that do not exist or
    cannot be read hold nothing. Sorted by name.
    """
    found: dict[str, Path] = {}
    for folder in map(Path, folders):
        for checkpoint in checkpoints_below(folder, DEEPEST):
            found.setdefault(checkpoint.relative_to(folder).as_posix(), checkpoint)
    return dict(sorted(found.items(), key=lambda item: item[0].casefold()))


def checkpoints_below(folder: Path, depth: int) -> list[Path]:
    """The checkpoint folders below a folder, so many levels deep; what is hidden or cannot be read is left out."""
    try:
        below = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError:
        return []
    found = []
    for path in below:
        if is_checkpoint(path):
            found.append(path)
        elif depth > 1:
            found += checkpoints_below(path, depth - 1)
    return found


def is_checkpoint(folder: Path) -> bool:
    """Whether a folder holds all files of a checkpoint and its config.json names an architecture we run."""
    try:
        if not tokenizer_files(folder) or not has_weights(folder):
            return False
        if (folder / "reward.json").is_file():  # it scores prompts, and writes none
            return False
        from ..language.architectures.table import is_known  # not before there is a checkpoint to look at
        from ..language.t5_config import T5_TYPE

        model_type = read_json(folder / "config.json").get("model_type")
        return is_known(model_type) or model_type == T5_TYPE
    except (OSError, ValueError, TypeError):
        return False


def has_weights(folder: Path) -> bool:
    """Whether a folder holds files of weights, or an index of some."""
    names = other_names(folder, (".safetensors", *PICKLES))
    return bool(names) or any((folder / index).is_file() for index in INDICES)


def is_complete(folder: Path) -> bool:
    """Whether a folder is a checkpoint and none of its weights is cut off, missing, or a git LFS pointer."""
    try:
        return is_checkpoint(folder) and all(map(is_whole_file, weight_files(folder)))
    except (OSError, ValueError):
        return False


def is_there(checkpoint: Checkpoint, folder: Path) -> bool:
    """Whether a folder holds all files of a published checkpoint, and holds them whole."""
    if checkpoint.family is not None:
        return is_complete(folder)
    return all(is_whole_file(folder / file.name, file.size) for file in checkpoint.files)


def is_whole_file(path: Path, size: int | None = None) -> bool:
    """Whether a file is there and whole: by its header, or else by its size in bytes where that is known."""
    if path.suffix == ".safetensors":
        return is_safetensors(path)
    if path.suffix in PICKLES:
        return is_zipfile(path)
    return path.is_file() and size in (None, path.stat().st_size)


def locate(checkpoint: Checkpoint, folders: list[Path]) -> Path | None:
    """Where a published checkpoint lies below `folders`: as owner/name or as name; None where it does not."""
    below = checkpoint.repository, checkpoint.repository.partition("/")[2]
    places = (Path(folder) / name for folder in folders for name in below)
    return next((path for path in places if is_there(checkpoint, path)), None)


def is_downloaded(checkpoint: Checkpoint, folders: list[Path]) -> bool:
    """Whether a published checkpoint is whole below one of the folders."""
    return locate(checkpoint, folders) is not None


def size_to_download(checkpoint: Checkpoint, folders: list[Path]) -> int:
    """About how many bytes a download into the first folder would bring: 0 for a checkpoint that is there."""
    if is_downloaded(checkpoint, folders):
        return 0
    return max(checkpoint.bytes - bytes_below(waiting_folder(place_of(checkpoint, folders[0]))), 0)


def choices(folders: list[Path]) -> dict[str, str]:
    """Everything that can be loaded, by name: how a menu may show it.

    "promptist (0.50 GB, not downloaded)" for a published checkpoint, as a rule; a local one has its path.
    """
    shown, published = {}, set()
    for name, checkpoint in CATALOG.items():
        place = locate(checkpoint, folders)
        published.add(place)
        terms = f", licence {checkpoint.terms}" if checkpoint.terms else ""
        missing = f"{gigabytes(size_to_download(checkpoint, folders))}{terms}, not downloaded"
        shown[name] = f"{name} ({missing if place is None else 'downloaded'})"
    local = {name: name for name, place in list_checkpoints(folders).items() if place not in published}
    return shown | local


def name_in(choice: str) -> str:
    """The name in what a menu showed, whatever it said about a download when it was saved."""
    name = choice.partition(" (")[0]
    return name if name in CATALOG else choice
