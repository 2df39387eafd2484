"""Which bytes a download needs: of which hub, at which commit, and which are there already."""

from dataclasses import replace
from pathlib import Path

from .catalog import Checkpoint, File
from .hub import Remote, ask_hub, ask_modelscope
from .progress import DownloadError, DownloadStopped, NoSuchFile, Transfer, Unreachable
from .transfer import what_is_wrong


def plan(checkpoint: Checkpoint, notes: dict, transfer: Transfer) -> list[Remote]:
    """What to download for each file of a checkpoint: from the hub, or else from ModelScope."""
    try:
        return [from_hub(checkpoint, file, notes, transfer) for file in checkpoint.files]
    except Unreachable as first:
        if checkpoint.modelscope is None:
            raise
        try:
            return from_modelscope(checkpoint, checkpoint.modelscope, transfer)
        except DownloadStopped:
            raise
        except DownloadError as second:
            raise Unreachable(f"{first.what}, nor did ModelScope help: {second.what}", first.todo) from second


def from_modelscope(checkpoint: Checkpoint, repository: str, transfer: Transfer) -> list[Remote]:
    """The files of a checkpoint in its ModelScope repository, under the names of its folder; as from_hub()."""
    paths = [file.modelscope or file.name for file in checkpoint.files]
    remotes = ask_modelscope(repository, paths, transfer)
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
        if file.pickled is None:
            raise
        return from_hub(checkpoint, file.pickled, notes, transfer)
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
