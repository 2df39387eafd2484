"""Files of a repository that cannot be had: one line says what to do."""

import pytest

pytest.importorskip("huggingface_hub")

import huggingface_hub
from huggingface_hub import errors

from prompt_beautifier.training.run.hub import fetched


def refused(status: int, kind: type) -> Exception:
    """An answer of the hub as huggingface_hub raises it, whatever it sends its requests with."""
    error = kind.__new__(kind)
    OSError.__init__(error, f"{status} of the hub\nand more lines")
    return error


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (errors.LocalEntryNotFoundError("no\nconnection"), "is not on this computer and http.* cannot be reached"),
        (errors.OfflineModeIsEnabled("offline"), "HF_HUB_OFFLINE must not be set.*, or give --model FOLDER"),
        (OSError("Name or service not known"), "connect to the network"),
        (refused(404, errors.RepositoryNotFoundError), "there is no http.*/owner/name: check the name"),
        (refused(401, errors.GatedRepoError), "on conditions only: accept its conditions at http.*owner/name"),
        (errors.HFValidationError("no name"), "there is no 'owner/name': give --model FOLDER"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_what_cannot_be_had_says_what_to_do(monkeypatch, error, message):
    def snapshot_download(*_, **__):
        raise error

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    with pytest.raises(FileNotFoundError, match=message):
        fetched("owner/name", ["config.json"], "give --model FOLDER")
