"""The files that image scorers are made of: found where the user has them already, or downloaded.

`obtain_scorer` gives {part: file}.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..checkpoints.download import download
from ..checkpoints.folders import locate, size_to_download
from ..checkpoints.places import default_folder, gigabytes
from ..checkpoints.progress import DownloadError
from ..files import read_json
from .scorer_parts import KINDS, SCORER_PARTS, Part, is_named_as, is_part

# How deep below a model folder files are looked for: owner/name/file, and one level for people's own order.
DEEPEST = 3

# In a folder of the user's own: {"kind": "pickscore", "files": {"clip": "my.safetensors"}}.
DESCRIPTION = "scorer.json"


@dataclass(frozen=True)
class LocalScorer:
    """A scorer in a folder of the user's own: its kind, one of KINDS, and its files by part."""

    kind: str
    files: dict[str, Path]


def list_scorers(folders: dict[str, list[Path]]) -> dict[str, LocalScorer]:
    """The scorers of the user's own below folders["scorers"], by the path of their folder relative to it.

    Such a folder holds scorer.json: its kind, and the name of the file of each part that is not called after the
    part (clip.safetensors, head.safetensors, model.safetensors, vocab.txt). Of two with the same name the first
    counts; one with the name of a kind serves as that published scorer instead, if it is one. What is not whole
    is left out. Sorted by name.
    """
    found = {}
    for name, folder in described_folders(folders["scorers"]).items():
        with suppress(OSError, ValueError):
            found[name] = read_scorer(folder)
    return found


def described_folders(stores: list[Path]) -> dict[str, Path]:
    """The folders with a scorer.json below model folders, by name; sorted."""
    found: dict[str, Path] = {}
    for store in map(Path, stores):
        for path in files_below(store, DEEPEST):
            name = path.parent.relative_to(store).as_posix()
            if path.name == DESCRIPTION and name not in (".", *SCORER_PARTS):
                found.setdefault(name, path.parent)
    return dict(sorted(found.items(), key=lambda item: item[0].casefold()))


def read_scorer(folder: Path) -> LocalScorer:
    """The scorer in a folder of the user's own.

    Raises ValueError or FileNotFoundError that name the file and what is wrong with it.
    """
    path = folder / DESCRIPTION
    raw = read_json(path)
    kind, names = raw.get("kind"), raw.get("files", {})
    if not isinstance(kind, str) or kind not in SCORER_PARTS:
        raise ValueError(f"{path}: kind must be one of {', '.join(KINDS)}, not {kind!r}")
    if not isinstance(names, dict):
        raise ValueError(f"{path}: files must be an object of file names by part")
    usual = {part: default_name(part, kind) for part in SCORER_PARTS[kind]}
    files = {}
    for part, name in (usual | names).items():
        if not isinstance(name, str) or not name or Path(name).name != name:
            raise ValueError(f"{path}: files: {part} must name a file in the same folder, not {name!r}")
        files[part] = folder / name
        if not files[part].is_file():
            raise FileNotFoundError(f"{folder} has no {name}, which its {DESCRIPTION} needs as {part}")
    return LocalScorer(kind, files)


def default_name(part: str, kind: str) -> str:
    """What the file of a part is called in a folder of the user's own."""
    return part + Path(SCORER_PARTS[kind][part].checkpoint.files[0].name).suffix


def files_below(folder: Path, depth: int) -> Iterator[Path]:
    """The files below a folder, so many levels deep; what is hidden or cannot be read is left out."""
    try:
        entries = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError:
        return
    yield from (path for path in entries if path.is_file())
    if depth:
        for path in entries:
            if path.is_dir():
                yield from files_below(path, depth - 1)


def find_parts(kind: str, folders: dict[str, list[Path]], files: list[Path] | None = None) -> dict[str, Path | None]:
    """The file of each part of a published scorer, wherever it is; None for what has to be downloaded.

    Where the store has put it comes first, then files of the user's in any of the folders, in their order; `files`
    are those, where they have been looked for already.
    """
    files = every_file(folders) if files is None else files
    return {part: find_part(kind, part, folders["scorers"], files) for part in SCORER_PARTS[kind]}


def every_file(folders: dict[str, list[Path]]) -> list[Path]:
    return [path for each in folders.values() for folder in each for path in files_below(Path(folder), DEEPEST)]


def find_part(kind: str, part: str, stores: list[Path], files: list[Path]) -> Path | None:
    piece = SCORER_PARTS[kind][part]
    place = locate(piece.checkpoint, stores)
    own = [place / piece.checkpoint.files[0].name] if place else []
    named = [path for path in files if is_named_as(path, kind, part)]
    return next((path for path in own + named if is_part(path, piece)), None)


def default_folders() -> dict[str, list[Path]]:
    """The model folders of a caller that was given none.

    Inside ComfyUI/custom_nodes those of that ComfyUI, so that training and the nodes share what they download;
    elsewhere one folder below places.default_folder().
    """
    models = default_folder()
    if models.name != "LLM":
        return {"scorers": [models / "scorers"]}
    return {name: [models.parent / name] for name in ("scorers", "clip_vision", "text_encoders", "LLM")}


def scorer_choices(folders: dict[str, list[Path]]) -> dict[str, str]:
    """Every scorer that can be loaded, by name: how a menu may show it.

    "pickscore (3.94 GB download)" for a published one of which files are missing, else its name; one of the user's
    own has the path of its folder.
    """
    shown, files = {}, every_file(folders)
    for kind, parts in SCORER_PARTS.items():
        found = find_parts(kind, folders, files)
        sizes = [size_to_download(parts[part].checkpoint, folders["scorers"]) for part in parts if not found[part]]
        shown[kind] = f"{kind} ({gigabytes(sum(sizes))} download)" if sizes else kind
    return shown | {name: name for name in list_scorers(folders)}


def name_in(choice: str) -> str:
    """The name in what a menu showed, whatever it said about a download when it was saved."""
    name = choice.partition(" (")[0]
    return name if name in SCORER_PARTS else choice


def kind_of(name: str, folders: dict[str, list[Path]]) -> str:
    """The kind, one of KINDS, of a scorer that a user chose. Raises as obtain_scorer()."""
    name = name_in(name)
    return name if name in SCORER_PARTS else local_scorer(name, folders).kind


def local_scorer(name: str, folders: dict[str, list[Path]]) -> LocalScorer:
    """A scorer of the user's own. Raises FileNotFoundError for an unknown name, else as read_scorer()."""
    described = described_folders(folders["scorers"])
    if name not in described:
        raise FileNotFoundError(
            f"there is no scorer {name!r} in {', '.join(map(str, folders['scorers']))}: put its folder there "
            f"({DESCRIPTION} and its weights), or choose one that can be downloaded ({', '.join(KINDS)})"
        )
    return read_scorer(described[name])


def obtain_scorer(
    name: str,
    folders: dict[str, list[Path]],
    on_progress: Callable[[int, int], object] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> dict[str, Path]:
    """The files of a scorer that a user chose, by part; what is missing of a published one is downloaded.

    name     of a published scorer, or a path that list_scorers gives, or what a menu showed for either
    folders  model folders by what they hold: "scorers", into the first of which downloads go, and others in which
             the user may have files already ("clip_vision", "text_encoders", "LLM")
    on_progress  called with (bytes there, bytes of all files to download)
    should_stop  as for download.download()

    Nothing is asked of a network where the files are there. Raises FileNotFoundError for an unknown name,
    ValueError or FileNotFoundError for a scorer of the user's own that is not whole, DownloadError for a download
    that failed or brought something else.
    """
    name = name_in(name)
    if name not in SCORER_PARTS:
        return local_scorer(name, folders).files
    found = find_parts(name, folders)
    missing = [part for part, path in found.items() if path is None]
    sizes = [SCORER_PARTS[name][part].checkpoint.bytes for part in missing]
    for i, part in enumerate(missing):
        before, after = sum(sizes[:i]), sum(sizes[i + 1 :])
        found[part] = bring_part(
            SCORER_PARTS[name][part],
            folders["scorers"][0],
            on_progress and (lambda done, size: on_progress(before + done, before + size + after)),  # noqa: B023
            should_stop,
        )
    return found


def bring_part(piece: Part, folder: Path, on_bytes: Callable | None, should_stop: Callable | None) -> Path:
    """Download the file of a part. Raises DownloadError, also where it is not what it ought to be."""
    place = download(piece.checkpoint, folder, on_bytes, should_stop)
    path = place / piece.checkpoint.files[0].name
    if not is_part(path, piece):
        raise DownloadError(
            f"{path} is not the {piece.checkpoint.name} that this pack knows: its tensors have other names or shapes",
            f"Delete {place} and run again; if that does not help, update this pack",
        )
    return path
