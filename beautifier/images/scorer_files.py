"""The files that image scorers are made of: found where the user has them already, or downloaded.

`obtain_scorer` gives {part: file}. Model folders are named by what they hold: "scorers", into the first of which
downloads go, and others in which the user may have files ("clip_vision", "text_encoders", "LLM").
"""

import re
from collections.abc import Callable
from pathlib import Path

from ..checkpoints.download import download
from ..checkpoints.folders import locate, size_to_download
from ..checkpoints.places import default_folder, gigabytes
from ..checkpoints.progress import DownloadError
from ..files import files_below
from .own_scorers import DEEPEST, LocalScorer, list_scorers, local_scorer
from .scorer_kinds import SCORERS
from .scorer_parts import Part, is_named_as, is_part

Folders = dict[str, list[Path]]
DOWNLOAD = re.compile(r"(?P<name>.+) \([\d.]+ [kMG]?B download\)")  # how a menu shows what is not there yet


def find_parts(kind: str, folders: Folders, files: list[Path] | None = None) -> dict[str, Path | None]:
    """The file of each part of a published scorer, wherever it is; None for what is missing.

    Where a download has put it comes first, then files of the user's in any of the folders, in their order, safetensors
    before others; `files` are those, where they have been looked for already.
    """
    files = every_file(folders) if files is None else files
    parts = SCORERS[kind].parts
    return {name: find_part(kind, name, part, folders["scorers"], files) for name, part in parts.items()}


def every_file(folders: Folders) -> list[Path]:
    """All files in model folders."""
    return [path for each in folders.values() for folder in each for path in files_below(Path(folder), DEEPEST)]


def find_part(kind: str, name: str, part: Part, stores: list[Path], files: list[Path]) -> Path | None:
    """The file of a part; None where there is none."""
    place = locate(part.download, stores) if part.download else None
    downloaded = [place / part.download.files[0].name] if part.download and place else []
    named = sorted((path for path in files if is_named_as(path, kind, name, part)), key=is_pickled)
    return next((path for path in downloaded + named if is_part(path, part)), None)


def is_pickled(path: Path) -> bool:
    """Whether a file of weights is no safetensors."""
    return path.suffix.lower() != ".safetensors"


def default_folders() -> Folders:
    """The model folders of a caller that was given none.

    Inside ComfyUI/custom_nodes those of that ComfyUI, so that training and the nodes share what they download;
    elsewhere one folder below places.default_folder().
    """
    models = default_folder()
    if models.name != "LLM":
        return {"scorers": [models / "scorers"]}
    return {name: [models.parent / name] for name in ("scorers", "clip_vision", "text_encoders", "LLM")}


def scorer_choices(folders: Folders) -> dict[str, str]:
    """Every scorer that can be loaded, by name: how a menu may show it.

    "pickscore (3.94 GB download)" for one of which files are missing, else its name; one of the user's own has the path
    of its folder or file. A published one that is not downloaded is there where the user has one of its files.
    """
    shown, files = {}, every_file(folders)
    wanted = {kind: LocalScorer(kind, {}) for kind in SCORERS} | list_scorers(folders["scorers"])
    for name, scorer in wanted.items():
        parts = SCORERS[scorer.kind].parts
        found = find_parts(scorer.kind, folders, files) | scorer.files
        missing = {part for part in parts if not found[part]}
        downloads = [parts[part].download for part in missing]
        if None in downloads and len(missing) == len(parts):
            continue
        size = sum(size_to_download(each, folders["scorers"]) for each in downloads if each)
        shown[name] = f"{name} ({gigabytes(size)} download)" if size else name
    return shown


def name_in(choice: str) -> str:
    """The name in what a menu showed, whatever it said about a download when it was saved."""
    found = DOWNLOAD.fullmatch(choice)
    return found["name"] if found else choice


def is_known(name: str, folders: Folders) -> bool:
    """Whether a scorer can be loaded, be it after a download."""
    return name in SCORERS or name in list_scorers(folders["scorers"])


def kind_of(name: str, folders: Folders) -> str:
    """The kind, one of SCORERS, of a scorer that a user chose. Raises as obtain_scorer()."""
    name = name_in(name)
    return name if name in SCORERS else local_scorer(name, folders["scorers"]).kind


def obtain_scorer(
    name: str,
    folders: Folders,
    on_progress: Callable[[int, int], object] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> dict[str, Path]:
    """The files of a scorer that a user chose, by part; what is missing of a published one is downloaded.

    name     of a published scorer, or a path that list_scorers gives, or what a menu showed for either
    on_progress  called with (bytes there, bytes of all files to download)
    should_stop  as for download.download()

    Nothing is asked of a network where the files are there. Raises FileNotFoundError for an unknown name and for a file
    that is not downloaded, ValueError or FileNotFoundError for a scorer of the user's own that is not whole,
    DownloadError for a download that failed or brought something else.
    """
    name, stores = name_in(name), folders["scorers"]
    scorer = LocalScorer(name, {}) if name in SCORERS else local_scorer(name, stores)
    kind, files = SCORERS[scorer.kind], dict(scorer.files)
    if files.keys() < kind.parts.keys():
        files = {part: path for part, path in find_parts(scorer.kind, folders).items() if path} | files
    missing = {part: kind.parts[part] for part in kind.parts if part not in files}
    for part in missing.values():
        if part.download is None:
            raise FileNotFoundError(f"{kind.title} needs {part.file} in {stores[0]}: {part.advice}")
    sizes = [part.download.bytes for part in missing.values() if part.download]
    for i, (part, piece) in enumerate(missing.items()):
        before, after = sum(sizes[:i]), sum(sizes[i + 1 :])
        step = on_progress and (lambda done, size: on_progress(before + done, before + size + after))  # noqa: B023
        files[part] = bring_part(piece, stores[0], step, should_stop)
    return {part: files[part] for part in kind.parts if part in files}


def bring_part(piece: Part, folder: Path, on_bytes: Callable | None, should_stop: Callable | None) -> Path:
    """Download the file of a part. Raises DownloadError, also where it is not what it ought to be."""
    if piece.download is None:
        raise DownloadError(f"{piece.file} cannot be downloaded", piece.advice)
    place = download(piece.download, folder, on_bytes, should_stop)
    path = place / piece.download.files[0].name
    if not is_part(path, piece):
        raise DownloadError(
            f"{path} is not the {piece.download.name} that this pack knows: its tensors have other names or shapes",
            f"Delete {place} and run again; if that does not help, update this pack",
        )
    return path
