"""One file from a hub to the disk: resumed where it ended, counted, and verified.

Addresses, tokens, proxies, HF_ENDPOINT, HF_HUB_OFFLINE and timeouts are huggingface_hub's: this file goes through
its session. Its own `hf_hub_download` would not do: since 2.0 it throws away what a stopped download has brought.
"""

import errno
import hashlib
import json
from collections.abc import Generator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any

from safetensors import safe_open

from .hub import Remote, with_patience
from .progress import DownloadError, Transfer

CHUNK = 1 << 14


def fetch(remote: Remote, folder: Path, transfer: Transfer) -> Path:
    """Bring a file into a folder: from where an earlier attempt ended, under its own name once it is verified.

    transfer.done counts what has come earlier already. Raises DownloadError; what has come so far stays, unless it
    was found to be wrong.
    """
    part = part_of(remote, folder)
    if remote.size is None and part.exists():  # nothing tells whether it is complete
        transfer.done -= bytes_in(part)
        part.unlink()
    with_patience(lambda: receive(remote, part, transfer), remote.repository, remote.url, transfer)
    wrong = what_is_wrong(part, remote, transfer)
    if wrong:
        transfer.done -= bytes_in(part)
        part.unlink()
        raise DownloadError(
            f"{remote.name} of {remote.repository} arrived damaged and was deleted: {wrong}",
            "Run again; if that does not help, something between here and the hub changes the file",
        )
    path = folder / remote.name
    part.replace(path)
    return path


def part_of(remote: Remote, folder: Path) -> Path:
    """Where the beginning of a file waits. Its name holds what is awaited: another version starts anew."""
    identity = remote.checksum or hashlib.sha256(remote.url.encode()).hexdigest()
    return folder / f"{remote.name}.{identity[:16]}.part"


def bytes_in(path: Path) -> int:
    """Bytes of a file; 0 where there is none."""
    return path.stat().st_size if path.exists() else 0


def receive(remote: Remote, part: Path, transfer: Transfer) -> None:
    """Add to a part what is still missing."""
    have = bytes_in(part)
    if have == remote.size:
        return
    if remote.size is not None and have > remote.size:
        part.unlink()
        transfer.done -= have
        have = 0
    headers = remote.headers | ({"Range": f"bytes={have}-"} if have else {})
    with response_to(remote.url, headers) as (response, chunks):
        resumed = response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        if have and not (response.status_code == 206 and resumed):
            transfer.done -= have
            have = 0
        with opened_for_writing(part, "ab" if have else "wb") as file:
            for chunk in chunks:
                transfer.check()
                if remote.size is not None:
                    chunk = chunk[: remote.size - have]  # what follows is not the file
                    if not chunk:
                        break
                write(file, chunk)
                have += len(chunk)
                transfer.done += len(chunk)


@contextmanager
def response_to(url: str, headers: dict[str, str]) -> Generator[tuple]:
    """The answer to a GET, and its bytes as they come."""
    from huggingface_hub import constants, get_session
    from huggingface_hub.utils import hf_raise_for_status

    session: Any = get_session()
    timeout = constants.HF_HUB_DOWNLOAD_TIMEOUT
    if callable(session.stream):  # httpx or httpx2, huggingface_hub's since 1.0
        with session.stream("GET", url, headers=headers, timeout=timeout, follow_redirects=True) as response:
            hf_raise_for_status(response)
            yield response, response.iter_bytes()
    else:  # requests, whose `stream` is a setting
        with session.get(url, headers=headers, timeout=timeout, stream=True) as response:
            hf_raise_for_status(response)
            yield response, response.iter_content(CHUNK)


def opened_for_writing(path: Path, mode: str) -> FileIO:
    """A file without a buffer, so that a killed process loses nothing. Raises DownloadError."""
    try:
        return FileIO(path, mode)
    except OSError as error:
        raise disk_error(error, path.parent) from error


def write(file: FileIO, chunk: bytes) -> None:
    """Write all of a chunk. Raises DownloadError where the disk refuses."""
    try:
        view = memoryview(chunk)
        while view:
            view = view[file.write(view) :]
    except OSError as error:
        raise disk_error(error, Path(file.name).parent) from error


def disk_error(error: OSError, folder: Path) -> DownloadError:
    """What a failed write into a folder means for the user."""
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return DownloadError(f"the disk of {folder} is full", "Make room, then run again")
    return DownloadError(
        f"{folder} cannot be written to ({error.strerror or error})",
        "Let this program write there, or choose another model folder, then run again",
    )


def what_is_wrong(path: Path, remote: Remote, transfer: Transfer | None = None) -> str | None:
    """How a file on disk differs from what a hub offers; None where it is the same."""
    if remote.size is not None and path.stat().st_size != remote.size:
        return f"it has {path.stat().st_size:,} bytes, {remote.size:,} were announced"
    if remote.checksum and remote.checksum not in hashes(path, remote.checksum, transfer):
        return f"its hash is not {remote.checksum}, which was announced"
    if remote.name.endswith(".safetensors") and not is_safetensors(path):
        return "it is not a whole safetensors file"
    if remote.name.endswith(".json") and not is_json(path):
        return "it is not JSON"
    return None


def hashes(path: Path, like: str, transfer: Transfer | None = None) -> set[str]:
    """The hashes of a file that a hash of this length may be: sha256, or sha1 with git's heading or without."""
    git = b"blob %d\0" % path.stat().st_size
    kinds = [hashlib.sha256()] if len(like) == 64 else [hashlib.sha1(git), hashlib.sha1()]
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            if transfer:
                transfer.check()
            for kind in kinds:
                kind.update(block)
    return {kind.hexdigest() for kind in kinds}


def is_safetensors(path: Path) -> bool:
    """Whether a file has a safetensors header and exactly the bytes which that header speaks of."""
    try:
        with safe_open(path, framework="pt"):
            return True
    except Exception:  # safetensors raises its own class, OSError, or others, by what is wrong
        return False


def is_json(path: Path) -> bool:
    """Whether a file holds JSON text in UTF-8."""
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        return False
    return True


def sha256(path: Path) -> str:
    """The SHA-256 of a file, 64 hex digits."""
    return hashes(path, like="0" * 64).pop()
