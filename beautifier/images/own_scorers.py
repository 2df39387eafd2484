"""Scorers of the user's own in models/scorers: a folder with a scorer.json, or a single file of weights.

    {"kind": "pickscore", "files": {"clip": "my.safetensors"}}      scorer.json in a folder

A file of any name is a scorer where its header shows that it may stand in for a part of a published one: a whole CLIP
for the CLIP score's, a head for LAION's. Further parts are those of the published scorer.
"""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..files import files_below, read_json
from .scorer_kinds import SCORERS
from .scorer_parts import WEIGHTS, headers_of, is_named_as

DESCRIPTION = "scorer.json"
# How deep below a model folder files are looked for: owner/name/file, and one level for people's own order.
DEEPEST = 3


@dataclass(frozen=True)
class LocalScorer:
    """A scorer of the user's own: its kind, one of SCORERS, and by part the files that are not the published ones."""

    kind: str
    files: dict[str, Path]


def list_scorers(stores: list[Path]) -> dict[str, LocalScorer]:
    """The scorers of the user's own below model folders, by the path of their folder or file relative to it.

    A folder's scorer.json says its kind, and the name of the file of each part that is not called after the part
    (clip.safetensors, head.pth, vocab.txt). Of two with the same name the first counts; one with the name of a kind
    serves as that published scorer instead, if it is one. What is not whole is left out. Sorted by name.
    """
    found = single_files(stores)
    for name, folder in described_folders(stores).items():
        with suppress(OSError, ValueError):
            found[name] = read_scorer(folder)
    return dict(sorted(found.items(), key=lambda item: item[0].casefold()))


def local_scorer(name: str, stores: list[Path]) -> LocalScorer:
    """A scorer of the user's own. Raises FileNotFoundError for an unknown name, else as read_scorer()."""
    described = described_folders(stores)
    if name in described:
        return read_scorer(described[name])
    single = single_files(stores)
    if name not in single:
        raise FileNotFoundError(
            f"there is no scorer {name!r} in {', '.join(map(str, stores))}: put its folder there "
            f"({DESCRIPTION} and its weights), or choose one that can be downloaded ({', '.join(SCORERS)})"
        )
    return single[name]


def described_folders(stores: list[Path]) -> dict[str, Path]:
    """The folders with a scorer.json below model folders, by name; sorted."""
    found: dict[str, Path] = {}
    for store in map(Path, stores):
        for path in files_below(store, DEEPEST):
            name = path.parent.relative_to(store).as_posix()
            if path.name == DESCRIPTION and name not in (".", *SCORERS):
                found.setdefault(name, path.parent)
    return dict(sorted(found.items(), key=lambda item: item[0].casefold()))


def single_files(stores: list[Path]) -> dict[str, LocalScorer]:
    """The files of weights that are scorers by themselves: none of a published one or of a folder with scorer.json."""
    found: dict[str, LocalScorer] = {}
    for store in map(Path, stores):
        for path in files_below(store, DEEPEST):
            is_weights = path.suffix.lower() in WEIGHTS and not (path.parent / DESCRIPTION).is_file()
            scorer = stands_in(path) if is_weights and not is_published(path) else None
            if scorer is not None:
                found.setdefault(path.relative_to(store).as_posix(), scorer)
    return found


def is_published(path: Path) -> bool:
    """Whether a file has a name of a part of a published scorer."""
    parts = [(kind.name, name, part) for kind in SCORERS.values() for name, part in kind.parts.items()]
    return any(is_named_as(path, *each) for each in parts)


def stands_in(path: Path) -> LocalScorer | None:
    """The scorer that a file of weights makes with its header; None where it is none."""
    headers = headers_of(path)
    for kind in SCORERS.values():
        for name, part in kind.parts.items():
            if part.own is not None and headers and part.own(headers):
                return LocalScorer(kind.name, {name: path})
    return None


def read_scorer(folder: Path) -> LocalScorer:
    """The scorer in a folder with a scorer.json.

    Raises ValueError or FileNotFoundError that name the file and what is wrong with it.
    """
    path = folder / DESCRIPTION
    raw = read_json(path)
    kind, names = raw.get("kind"), raw.get("files", {})
    if not isinstance(kind, str) or kind not in SCORERS:
        raise ValueError(f"{path}: kind must be one of {', '.join(SCORERS)}, not {kind!r}")
    if not isinstance(names, dict):
        raise ValueError(f"{path}: files must be an object of file names by part")
    files = {}
    for part, name in (usual_names(folder, kind) | names).items():
        if not isinstance(name, str) or not name or Path(name).name != name:
            raise ValueError(f"{path}: files: {part} must name a file in the same folder, not {name!r}")
        files[part] = folder / name
        if not files[part].is_file():
            raise FileNotFoundError(f"{folder} has no {name}, which its {DESCRIPTION} needs as {part}")
    return LocalScorer(kind, files)


def usual_names(folder: Path, kind: str) -> dict[str, str]:
    """What the file of each part is called in a folder of the user's own: after the part, with any of its endings."""
    found = {}
    for name, part in SCORERS[kind].parts.items():
        names = [f"{name}{suffix}" for suffix in part.suffixes]
        found[name] = next((each for each in names if (folder / each).is_file()), names[0])
    return found
