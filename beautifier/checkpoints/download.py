"""Bring a published checkpoint to its folder: wait for it, resume it, stop it, publish it whole."""

import json
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from ..files import read_json
from ..pickles import UnsafeFile, to_safetensors
from .catalog import CATALOG, Checkpoint, find_checkpoint
from .folders import is_there, list_checkpoints, locate, name_in
from .hub import Remote
from .places import NOTES, bytes_below, gigabytes, place_of, waiting_folder
from .progress import DownloadError, DownloadStopped, Transfer
from .sources import already_there, plan
from .transfer import bytes_in, disk_error, fetch, part_of, sha256

# Seconds between two looks at a running download: how soon a stop takes effect.
LOOK = 0.1

Result = TypeVar("Result")


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
    if checkpoint and (place := locate(checkpoint, folders)):
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


def kept(waiting: Path) -> str:
    """A sentence on how much of a download lies in its waiting folder."""
    size = bytes_below(waiting)
    return f"{gigabytes(size)} are kept, and the next run goes on from there" if size else "Nothing was kept"


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
            if file.pickled and file.pickled.name in {remote.name for remote in remotes}:
                convert(checkpoint, file.name, file.pickled.name, place, waiting, notes)
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
    """Write the notes of a folder, whole or not at all."""
    path = folder / f"{NOTES}.part"
    path.write_text(json.dumps(notes, indent=2) + "\n", encoding="utf-8")
    path.replace(folder / NOTES)


def note(remote: Remote, path: Path) -> dict:
    """What is remembered of a file that has come."""
    known = remote.checksum if remote.checksum and len(remote.checksum) == 64 else sha256(path)
    size = path.stat().st_size
    return {"repository": remote.repository, "revision": remote.revision, "size": size, "sha256": known}


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


def convert(checkpoint: Checkpoint, name: str, pickled_name: str, place: Path, waiting: Path, notes: dict) -> None:
    """Make safetensors, under the name of a file of a checkpoint, of the pickled one that has come in its stead."""
    pickled, whole = waiting / pickled_name, waiting / name
    if not pickled.exists():  # the user put it into its place; it stays there
        pickled = place / pickled_name
    config = waiting if (waiting / "config.json").exists() else place
    part = waiting / f"{name}.part"
    try:
        if checkpoint.family is None:
            to_safetensors(pickled, part)
        else:
            from ..language.architectures.table import read_config  # both with the network, which no listing needs
            from ..language.weights import tensor_names

            to_safetensors(pickled, part, tensor_names(read_config(config)).__contains__)
    except UnsafeFile as error:
        with suppress(OSError):  # Windows keeps a file that is still mapped
            pickled.unlink()
        raise DownloadError(f"{error}; it was deleted", f"Put a {name} from a source you trust into {place}") from error
    part.replace(whole)
    if pickled.parent == waiting:
        pickled.unlink()
    made = {"made_from": pickled.name, "size": whole.stat().st_size, "sha256": sha256(whole)}
    notes["files"][name] = made
    write_notes(waiting, notes)


def publish(waiting: Path, place: Path, names: set[str]) -> None:
    """Put the files that have come into their place; config.json last, since it makes the folder a checkpoint."""
    place.mkdir(parents=True, exist_ok=True)
    for name in sorted(names, key=lambda name: name == "config.json"):
        if (waiting / name).exists():
            (waiting / name).replace(place / name)
