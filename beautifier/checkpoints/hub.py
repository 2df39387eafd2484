"""Asking Hugging Face and ModelScope for a file, and what their errors mean."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from .progress import DownloadError, NoSuchFile, Transfer, Unreachable

MODELSCOPE = "https://modelscope.cn"
MODELSCOPE_BRANCH = "master"
# Seconds between two attempts; when the last one brings nothing either, the download fails.
PAUSES = (1, 2, 4)
LIBRARY = "prompt-beautifier"

Result = TypeVar("Result")


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
