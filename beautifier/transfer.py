"""One file from a hub to the disk: asked for, resumed where it ended, counted, and verified.

Addresses, tokens, proxies, HF_ENDPOINT, HF_HUB_OFFLINE and timeouts are huggingface_hub's: this file goes through
its session. Its own `hf_hub_download` would not do: since 2.0 it throws away what a stopped download has brought.
"""

import errno
import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from typing import TypeVar

from safetensors import safe_open

MODELSCOPE = "https://modelscope.cn"
MODELSCOPE_BRANCH = "master"
# Seconds between two attempts; when the last one brings nothing either, the download fails.
PAUSES = (1, 2, 4)
CHUNK = 1 << 14
LIBRARY = "prompt-beautifier"

Result = TypeVar("Result")


class DownloadError(RuntimeError):
    """A download that failed: str() says what happened, what is kept, and what to do next."""

    def __init__(self, what: str, todo: str, kept: str = ""):
        self.what, self.todo = what, todo
        super().__init__(". ".join(part for part in (what, kept, todo) if part) + ".")


class DownloadStopped(DownloadError):
    """The caller asked for the end of a download."""


class Unreachable(DownloadError):
    """The hub did not answer, or is out of order: another attempt, or another hub, may do."""


class NoSuchFile(DownloadError):
    """The hub has the repository, but not the file or not the revision."""


@dataclass(frozen=True)
class Remote:
    """A file as a hub offers it.

    revision  the commit, so that no later change of a branch gets mixed in; a branch where a hub tells none
    size      bytes, None where the hub does not tell
    checksum  sha256 (64 hex digits) or, for a file kept in git itself, its sha1 (40); None where it tells neither
    """

    name: str
    repository: str
    revision: str
    url: str
    headers: dict[str, str] = field(repr=False)
    size: int | None
    checksum: str | None


class Transfer:
    """How far a download is. Counted where the bytes come in, watched and stopped from another thread."""

    def __init__(self):
        self.done = 0
        self.total = 0
        self.stop = threading.Event()

    def check(self) -> None:
        if self.stop.is_set():
            raise DownloadStopped("the download was stopped", "Run again to go on")

    def pause(self, seconds: float) -> None:
        self.stop.wait(seconds)
        self.check()


# -- asking


def ask_hub(repository: str, revision: str | None, name: str, transfer: Transfer) -> Remote:
    """What the Hugging Face hub, or the mirror in HF_ENDPOINT, has under a name; revision None is main.

    Raises NoSuchFile, Unreachable, or DownloadError.
    """
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.utils import build_hf_headers

    url = hf_hub_url(repository, name, revision=revision)
    found = with_patience(lambda: get_hf_file_metadata(url, library_name=LIBRARY), repository, url, transfer)
    if not found.commit_hash:
        raise DownloadError(
            f"{shown(url)} is not answered by a hub, but by something between, such as a proxy or a login page",
            "Check the proxy settings and HF_ENDPOINT, then run again",
        )
    if re.fullmatch(r"[0-9a-f]{40}", revision or "") and found.commit_hash != revision:
        raise DownloadError(
            f"{shown(url)} is answered with another commit, {found.commit_hash}",
            "Behind a mirror, unset HF_ENDPOINT and run again",
        )
    headers = build_hf_headers(library_name=LIBRARY) | {"Accept-Encoding": "identity"}
    url = hf_hub_url(repository, name, revision=found.commit_hash)
    return Remote(name, repository, found.commit_hash, url, headers, found.size, as_checksum(found.etag))


def ask_modelscope(repository: str, names: list[str], transfer: Transfer) -> list[Remote]:
    """What ModelScope has under these names of a repository. No token goes there.

    Raises NoSuchFile, Unreachable, or DownloadError.
    """
    from huggingface_hub import constants, get_session

    url = f"{MODELSCOPE}/api/v1/models/{repository}/repo/files?Revision={MODELSCOPE_BRANCH}&Recursive=True"

    def listing() -> dict[str, dict]:
        answer = get_session().get(url, timeout=constants.HF_HUB_DOWNLOAD_TIMEOUT)
        answer.raise_for_status()
        try:
            return {file["Path"]: file for file in answer.json()["Data"]["Files"]}
        except (ValueError, KeyError, TypeError) as error:
            raise Unreachable(f"{url} is not answered by ModelScope", "Try again later") from error

    listed = with_patience(listing, repository, url, transfer)
    missing = sorted(set(names) - listed.keys())
    if missing:
        raise NoSuchFile(f"{repository} on ModelScope has no {', '.join(missing)}", "Update this pack")
    return [
        Remote(
            name,
            repository,
            MODELSCOPE_BRANCH,
            f"{MODELSCOPE}/models/{repository}/resolve/{MODELSCOPE_BRANCH}/{name}",
            {"Accept-Encoding": "identity"},
            listed[name].get("Size"),
            as_checksum(listed[name].get("Sha256")),
        )
        for name in names
    ]


def as_checksum(etag: str | None) -> str | None:
    """A hash in lower case; None for what is none, as the ETag of a hub's copy elsewhere may be."""
    return etag.lower() if etag and re.fullmatch(r"[0-9a-fA-F]{40}|[0-9a-fA-F]{64}", etag) else None


def with_patience(action: Callable[[], Result], repository: str, url: str, transfer: Transfer) -> Result:
    """The result of an action that a network stands behind: tried again while that may help.

    Attempts count only as long as they bring nothing. Raises DownloadError.
    """
    attempts = 0
    while True:
        transfer.check()
        before = transfer.done
        try:
            return action()
        except Exception as error:
            if isinstance(error, DownloadError) or not is_of_the_network(error):
                raise
            failure = explain(error, repository, url)
            attempts = 1 if transfer.done > before else attempts + 1
            if attempts > len(PAUSES) or not isinstance(failure, Unreachable):
                raise failure from error
        transfer.pause(PAUSES[attempts - 1])


def is_of_the_network(error: Exception) -> bool:
    """Whether an error is one of the HTTP library, which is requests, httpx or httpx2, by huggingface_hub's version.

    Those of requests are OSErrors; the others have no base that all versions have.
    """
    modules = {base.__module__.partition(".")[0] for base in type(error).__mro__}
    return isinstance(error, OSError) or not modules.isdisjoint({"httpx", "httpx2", "huggingface_hub"})


def explain(error: Exception, repository: str, url: str) -> DownloadError:
    """What an exception of huggingface_hub or its HTTP library means for the user."""
    from huggingface_hub.utils import OfflineModeIsEnabled

    if isinstance(error, OfflineModeIsEnabled):
        return DownloadError(
            f"HF_HUB_OFFLINE is set, so {repository} was not asked for",
            "Unset it and run again, or copy the files from another computer",
        )
    response = getattr(error, "response", None)
    if response is None:
        return Unreachable(
            f"{shown(url)} cannot be reached ({type(error).__name__}: {shown(str(error))[:300]})",
            "Check the connection and the proxy, or set HF_ENDPOINT to a mirror, then run again",
        )
    status, code = response.status_code, response.headers.get("X-Error-Code")
    if code == "GatedRepo" or status == 403:
        return DownloadError(
            f"{repository} does not let this account or token in (HTTP {status})",
            f"Accept the terms on the page of {repository}, log in with `hf auth login`, then run again",
        )
    if status == 401:
        return DownloadError(
            f"{repository} is only given to those who log in, or the token is not valid (HTTP 401)",
            "Log in with `hf auth login` or set HF_TOKEN, then run again",
        )
    if status == 404:
        missing = {"EntryNotFound": "file", "RevisionNotFound": "revision"}.get(code, "repository")
        error_class = DownloadError if missing == "repository" else NoSuchFile
        return error_class(
            f"there is no such {missing} (HTTP 404): {shown(url)}",
            "Update this pack; behind a mirror, unset HF_ENDPOINT and run again",
        )
    if status == 407:
        return DownloadError(
            "the proxy asks for a name and a password (HTTP 407)",
            "Correct the proxy settings, then run again",
        )
    if status in (408, 429) or status >= 500:
        return Unreachable(f"{shown(url)} is busy or out of order (HTTP {status})", "Try again later")
    return DownloadError(f"{shown(url)} was answered with HTTP {status}", "Try again later")


def shown(url: str) -> str:
    """An address without the name and password that an HF_ENDPOINT may hold."""
    return re.sub(r"//[^/]*@", "//", url)


# -- bringing


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
    with opened(remote.url, headers) as (response, chunks):
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
def opened(url: str, headers: dict[str, str]) -> Iterator[tuple]:
    """The answer to a GET, and its bytes as they come."""
    from huggingface_hub import constants, get_session
    from huggingface_hub.utils import hf_raise_for_status

    session, timeout = get_session(), constants.HF_HUB_DOWNLOAD_TIMEOUT
    if callable(session.stream):  # httpx or httpx2, huggingface_hub's since 1.0
        with session.stream("GET", url, headers=headers, timeout=timeout, follow_redirects=True) as response:
            hf_raise_for_status(response)
            yield response, response.iter_bytes()
    else:  # requests, whose `stream` is a setting
        with session.get(url, headers=headers, timeout=timeout, stream=True) as response:
            hf_raise_for_status(response)
            yield response, response.iter_content(CHUNK)


def opened_for_writing(path: Path, mode: str) -> FileIO:
    try:
        return path.open(mode, buffering=0)
    except OSError as error:
        raise disk_error(error, path.parent) from error


def write(file: FileIO, chunk: bytes) -> None:
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


# -- verifying


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
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        return False
    return True
