"""Where checkpoints are on disk, and how a published one gets there.

A checkpoint lies below a model folder, which the caller names: ComfyUI's models/LLM, or default_folder(); what
scorers are made of lies below models/scorers in the same way. What is on its way there waits in a hidden folder
beside its place, so that half a download never looks like a checkpoint.
"""

import json
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from .catalog import CATALOG, Checkpoint, File, find_checkpoint
from .network import ARCHITECTURES, canonical_name, read_json, weight_files
from .pickles import UnsafeFile, to_safetensors
from .transfer import (
    DownloadError,
    DownloadStopped,
    NoSuchFile,
    Remote,
    Transfer,
    Unreachable,
    ask_hub,
    ask_modelscope,
    bytes_in,
    disk_error,
    fetch,
    hashes,
    is_safetensors,
    part_of,
    what_is_wrong,
)

__all__ = [
    "DownloadError",
    "DownloadStopped",
    "choices",
    "default_folder",
    "download",
    "is_downloaded",
    "list_checkpoints",
    "locate",
    "name_in",
    "obtain",
    "size_to_download",
]

# models/LLM/owner/name/variant is as deep as people nest; the bound also ends walks through links that go
# round.
DEEPEST = 3

# In a checkpoint's folder: its family, and for a downloaded one where each file came from, its size and sha256.
NOTES = "beautifier.json"

# Seconds between two looks at a running download: how soon a stop takes effect.
LOOK = 0.1

Result = TypeVar("Result")


# -- what is there


def list_checkpoints(folders: list[Path]) -> dict[str, Path]:
    """The checkpoint folders below `folders`, by their path relative to the folder they were found in.

    A checkpoint folder holds config.json of an architecture this pack runs, a tokenizer and *.safetensors.
    Where two folders hold the same name the first one counts, as ComfyUI does. Folders that do not exist or
    cannot be read hold nothing. Sorted by name.
    """
    found: dict[str, Path] = {}
    for folder in map(Path, folders):
        for checkpoint in checkpoints_below(folder, DEEPEST):
            found.setdefault(checkpoint.relative_to(folder).as_posix(), checkpoint)
    return dict(sorted(found.items(), key=lambda item: item[0].casefold()))


def checkpoints_below(folder: Path, depth: int) -> list[Path]:
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
        if not has_tokenizer(folder) or not any(folder.glob("*.safetensors")):
            return False
        if (folder / "reward.json").is_file():  # it scores prompts, and writes none
            return False
        return read_json(folder / "config.json").get("model_type") in ARCHITECTURES
    except (OSError, ValueError, TypeError):
        return False


def has_tokenizer(folder: Path) -> bool:
    """Whether there is a tokenizer.json, or the vocabulary and the merges that GPT-2's tokenizer is made of."""
    files = ("tokenizer.json",), ("vocab.json", "merges.txt")
    return any(all((folder / name).is_file() for name in names) for names in files)


def is_whole(folder: Path) -> bool:
    """Whether a folder is a checkpoint and none of its weights is cut off, missing, or a git LFS pointer."""
    try:
        return is_checkpoint(folder) and all(map(is_safetensors, weight_files(folder)))
    except (OSError, ValueError):
        return False


def is_there(checkpoint: Checkpoint, folder: Path) -> bool:
    """Whether a folder holds all files of a published checkpoint, and holds them whole."""
    if checkpoint.family is not None:
        return is_whole(folder)
    return all(is_whole_file(folder / file.name, file.size) for file in checkpoint.files)


def is_whole_file(path: Path, size: int | None) -> bool:
    """Whether a file is there and whole: by its header, or else by its size in bytes where that is known."""
    if path.suffix == ".safetensors":
        return is_safetensors(path)
    return path.is_file() and size in (None, path.stat().st_size)


def locate(checkpoint: Checkpoint, folders: list[Path]) -> Path | None:
    """Where a published checkpoint lies below `folders`: as owner/name or as name; None where it does not."""
    below = checkpoint.repository, checkpoint.repository.partition("/")[2]
    places = (Path(folder) / name for folder in folders for name in below)
    return next((path for path in places if is_there(checkpoint, path)), None)


def is_downloaded(checkpoint: Checkpoint, folders: list[Path]) -> bool:
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
        missing = f"{gigabytes(size_to_download(checkpoint, folders))}, not downloaded"
        shown[name] = f"{name} ({missing if place is None else 'downloaded'})"
    local = {name: name for name, place in list_checkpoints(folders).items() if place not in published}
    return shown | local


def name_in(choice: str) -> str:
    """The name in what a menu showed, whatever it said about a download when it was saved."""
    name = choice.partition(" (")[0]
    return name if name in CATALOG else choice


def obtain(
    name: str,
    folders: list[Path],
    on_bytes: Callable[[int, int], object] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> tuple[Path, str | None]:
    """The folder of a checkpoint that a user chose, and its family where the catalog knows it.

    name     of a published checkpoint, which is downloaded into folders[0] unless it is below one of them, or a
             path that list_checkpoints gives
    folders  where checkpoints lie
    on_bytes, should_stop   as for download()

    Nothing is asked of a network where the files are there. Raises FileNotFoundError for an unknown name,
    DownloadError for a download that failed.
    """
    name = name_in(name)
    checkpoint = find_checkpoint(name)
    place = locate(checkpoint, folders) if checkpoint else None
    if place:
        return place, checkpoint.family
    local = list_checkpoints(folders)
    if name in local:
        return local[name], None
    if checkpoint:
        return download(checkpoint, folders[0], on_bytes, should_stop), checkpoint.family
    raise FileNotFoundError(
        f"there is no checkpoint {name!r} in {', '.join(map(str, folders))}: put its folder there (config.json, "
        f"tokenizer.json and *.safetensors), or choose one that can be downloaded ({', '.join(CATALOG)})"
    )


def default_folder() -> Path:
    """The model folder of a caller that was given none.

    Inside ComfyUI/custom_nodes that ComfyUI's models/LLM, so that the command and the nodes share what they
    download; elsewhere .prompt-beautifier/models in the home folder.
    """
    pack = Path(__file__).resolve().parent.parent
    models = pack.parent.parent / "models"
    if pack.parent.name == "custom_nodes" and models.is_dir():
        return models / "LLM"
    return Path.home() / ".prompt-beautifier" / "models"


# -- getting it there


def download(
    checkpoint: Checkpoint,
    folder: Path,
    on_bytes: Callable[[int, int], object] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Path:
    """Bring a published checkpoint into a model folder, from where an earlier attempt ended; its folder comes back.

    on_bytes     called with (bytes there, bytes of the whole checkpoint) about ten times a second
    should_stop  asked as often; once it says True DownloadStopped is raised. Either may raise an error of its own:
                 it ends the download, and what has come so far is kept.

    Both are called in the caller's thread. Raises DownloadError, whose text says what happened, what is kept, and
    what to do next.
    """
    place = place_of(checkpoint, Path(folder))
    if is_there(checkpoint, place):
        return place
    waiting, lock = waiting_folder(place), place.with_name(f".{place.name}.lock")

    def work(transfer: Transfer) -> None:
        try:
            bring(checkpoint, place, lock, transfer)
        except OSError as error:  # those of the network have become DownloadErrors already
            raise disk_error(error, place.parent) from error

    try:
        in_background(work, on_bytes, should_stop)
    except DownloadError as error:
        raise type(error)(f"{checkpoint.name}: {error.what}", error.todo, kept(waiting)) from error
    # Whoever still waits for the lock will find the checkpoint in its place, and touch neither.
    shutil.rmtree(waiting, ignore_errors=True)
    with suppress(OSError):
        lock.unlink()
    return place


def place_of(checkpoint: Checkpoint, folder: Path) -> Path:
    """Where a checkpoint lies below a model folder; behind a link, so that files can be renamed into it."""
    place = Path(folder) / checkpoint.repository
    return place.resolve() if place.is_symlink() else place


def waiting_folder(place: Path) -> Path:
    return place.with_name(f".{place.name}.download")


def kept(waiting: Path) -> str:
    size = bytes_below(waiting)
    return f"{gigabytes(size)} are kept, and the next run goes on from there" if size else "Nothing was kept"


def bytes_below(folder: Path) -> int:
    if not folder.is_dir():
        return 0
    return sum(path.stat().st_size for path in folder.iterdir() if path.name != NOTES)


def gigabytes(size: int) -> str:
    return f"{size / 1e9:.2f} GB" if size >= 5e6 else f"{size / 1e3:.1f} kB"


def in_background(
    work: Callable[[Transfer], Result],
    on_bytes: Callable[[int, int], object] | None,
    should_stop: Callable[[], bool] | None,
) -> Result:
    """Run work(transfer) in a thread and watch it from this one, which so is never held up by a network.

    A work that has to end early is told and left: it writes nothing more, and ends by itself.
    """
    transfer, future, shown = Transfer(), Future(), None

    def run() -> None:
        try:
            future.set_result(work(transfer))
        except BaseException as error:  # raised again in the caller's thread
            future.set_exception(error)

    threading.Thread(target=run, name="prompt-beautifier download", daemon=True).start()
    try:
        while True:
            finished = wait([future], timeout=LOOK).done
            progress = transfer.done, transfer.total
            if on_bytes and transfer.total and progress != shown:
                on_bytes(*progress)
                shown = progress
            if finished:
                return future.result()
            if should_stop and should_stop():
                raise DownloadStopped("the download was stopped", "Run again to go on")
    finally:
        transfer.stop.set()


def bring(checkpoint: Checkpoint, place: Path, lock: Path, transfer: Transfer) -> None:
    """Bring what is missing into the waiting folder, and all of it to its place."""
    from huggingface_hub.utils import WeakFileLock

    place.parent.mkdir(parents=True, exist_ok=True)
    with WeakFileLock(lock):  # ComfyUI and the command may want the same checkpoint at once
        transfer.check()
        if is_there(checkpoint, place):
            return
        waiting = waiting_folder(place)
        waiting.mkdir(exist_ok=True)
        notes = read_notes(waiting if (waiting / NOTES).exists() else place)
        if checkpoint.family is not None:
            notes["family"] = checkpoint.family
        remotes = plan(checkpoint, notes, transfer)
        write_notes(waiting, notes)  # the commits are known now: a next run must not mix in others
        missing = [remote for remote in remotes if not already_there(remote, place, waiting, transfer)]
        transfer.done += sum(bytes_in(part_of(remote, waiting)) for remote in missing)
        transfer.total = sum(remote.size or 0 for remote in remotes)
        check_disk(missing, waiting)
        for remote in missing:
            notes["files"][remote.name] = note(remote, fetch(remote, waiting, transfer))
            write_notes(waiting, notes)
        for file in checkpoint.files:
            if file.otherwise and file.otherwise.name in {remote.name for remote in remotes}:
                convert(checkpoint, file, place, waiting, notes)
        transfer.check()
        publish(waiting, place, {file.name for file in checkpoint.files} | {NOTES})


# What is remembered of a download: the commit that each branch stood for, and what each file is.


def read_notes(folder: Path) -> dict:
    """The notes in a folder; whatever a user has made of the file, "commits" and "files" are what they must be."""
    try:
        notes = read_json(folder / NOTES)
    except (OSError, ValueError):
        notes = {}
    for key, kind in (("commits", str), ("files", dict)):
        found = notes.get(key)
        found = found.items() if isinstance(found, dict) else ()
        notes[key] = {name: value for name, value in found if isinstance(value, kind)}
    return notes


def write_notes(folder: Path, notes: dict) -> None:
    path = folder / f"{NOTES}.part"
    path.write_text(json.dumps(notes, indent=2) + "\n", encoding="utf-8")
    path.replace(folder / NOTES)


def note(remote: Remote, path: Path) -> dict:
    """What is remembered of a file that has come."""
    known = remote.checksum if remote.checksum and len(remote.checksum) == 64 else sha256(path)
    size = path.stat().st_size
    return {"repository": remote.repository, "revision": remote.revision, "size": size, "sha256": known}


def sha256(path: Path) -> str:
    return hashes(path, like="0" * 64).pop()


def plan(checkpoint: Checkpoint, notes: dict, transfer: Transfer) -> list[Remote]:
    """What to download for each file of a checkpoint: from the hub, or else from ModelScope."""
    try:
        return [from_hub(checkpoint, file, notes, transfer) for file in checkpoint.files]
    except Unreachable as first:
        if checkpoint.modelscope is None:
            raise
        try:
            return from_modelscope(checkpoint, transfer)
        except DownloadStopped:
            raise
        except DownloadError as second:
            raise Unreachable(f"{first.what}, nor did ModelScope help: {second.what}", first.todo) from second


def from_modelscope(checkpoint: Checkpoint, transfer: Transfer) -> list[Remote]:
    """The files of a checkpoint on ModelScope, under the names that they have in its folder; as from_hub()."""
    paths = [file.modelscope or file.name for file in checkpoint.files]
    remotes = ask_modelscope(checkpoint.modelscope, paths, transfer)
    return [
        replace(remote, name=file.name, **known_of(file, remote, {}))
        for file, remote in zip(checkpoint.files, remotes, strict=True)
    ]


def from_hub(checkpoint: Checkpoint, file: File, notes: dict, transfer: Transfer) -> Remote:
    """A file of a checkpoint on the hub, at the commit and with the sha256 that are known already, if any are."""
    repository = file.repository or checkpoint.repository
    revision = file.revision or checkpoint.revision or "main"
    branch = f"{repository}@{revision}"
    try:
        remote = ask_hub(repository, notes["commits"].get(branch, revision), file.name, transfer)
    except NoSuchFile:
        if file.otherwise is None:
            raise
        return from_hub(checkpoint, file.otherwise, notes, transfer)
    if revision != remote.revision:
        notes["commits"][branch] = remote.revision
    return replace(remote, **known_of(file, remote, notes["files"].get(file.name, {})))


def known_of(file: File, remote: Remote, earlier: dict) -> dict:
    """Size and checksum of a file as the catalog, an earlier download of the same commit, or else the hub has them.

    Raises DownloadError where the hub does not agree with the others.
    """
    if (earlier.get("repository"), earlier.get("revision")) != (remote.repository, remote.revision):
        earlier = {}
    size = file.size or earlier.get("size") or remote.size
    checksum = file.sha256 or earlier.get("sha256") or remote.checksum
    comparable = remote.checksum and checksum and len(remote.checksum) == len(checksum)
    if remote.size not in (None, size) or (comparable and remote.checksum != checksum):
        raise DownloadError(
            f"{remote.repository} offers another {remote.name} than the known one: {remote.size} bytes with hash "
            f"{remote.checksum}, instead of {size} bytes with hash {checksum}",
            "Behind a mirror, unset HF_ENDPOINT and run again; else update this pack",
        )
    return {"size": size, "checksum": checksum}


def already_there(remote: Remote, place: Path, waiting: Path, transfer: Transfer) -> bool:
    """Whether a file has come earlier, or was put into its place by the user."""
    for folder in (waiting, place):
        path = folder / remote.name
        if path.is_file() and not what_is_wrong(path, remote, transfer):
            transfer.done += path.stat().st_size
            return True
    return False


def check_disk(missing: list[Remote], waiting: Path) -> None:
    """Raise DownloadError where there is no room for the missing files, and for the copies of pickled ones."""
    sizes = [remote.size or 0 for remote in missing]
    copies = [remote.size or 0 for remote in missing if remote.name.endswith((".bin", ".pt", ".pth"))]
    needed = sum(sizes) + sum(copies) - sum(path.stat().st_size for path in waiting.glob("*.part"))
    free = shutil.disk_usage(waiting).free
    if needed > free:
        raise DownloadError(
            f"the disk of {waiting.parent} has {gigabytes(free)} left, {gigabytes(needed)} are needed",
            "Make room, then run again",
        )


def convert(checkpoint: Checkpoint, file: File, place: Path, waiting: Path, notes: dict) -> None:
    """Make safetensors, under the name of a file of a checkpoint, of the pickled one that has come in its stead."""
    pickled, whole = waiting / file.otherwise.name, waiting / file.name
    if not pickled.exists():  # the user put it into its place; it stays there
        pickled = place / file.otherwise.name
    config = waiting if (waiting / "config.json").exists() else place
    part = waiting / f"{file.name}.part"
    try:
        if checkpoint.family is None:
            to_safetensors(pickled, part)
        else:
            architecture = read_json(config / "config.json").get("model_type")
            to_safetensors(pickled, part, lambda name: canonical_name(name, architecture) is not None)
    except UnsafeFile as error:
        with suppress(OSError):  # Windows keeps a file that is still mapped
            pickled.unlink()
        raise DownloadError(
            f"{error}; it was deleted", f"Put a {file.name} from a source you trust into {place}"
        ) from error
    part.replace(whole)
    if pickled.parent == waiting:
        pickled.unlink()
    made = {"made_from": pickled.name, "size": whole.stat().st_size, "sha256": sha256(whole)}
    notes["files"][file.name] = made
    write_notes(waiting, notes)


def publish(waiting: Path, place: Path, names: set[str]) -> None:
    """Put the files that have come into their place; config.json last, since it makes the folder a checkpoint."""
    place.mkdir(parents=True, exist_ok=True)
    for name in sorted(names, key=lambda name: name == "config.json"):
        if (waiting / name).exists():
            (waiting / name).replace(place / name)
