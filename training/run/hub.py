"""Files of a repository on the Hugging Face hub, and what to do where they cannot be had."""

from collections.abc import Sequence
from pathlib import Path


def fetched(repository: str, patterns: Sequence[str], instead: str) -> Path:
    """The folder that those files of a repository were fetched to, or are kept in.

    patterns  names of the files, with wildcards
    instead   what can be given in the repository's place, for messages: "give --model FOLDER"

    Raises FileNotFoundError that says what to do where they cannot be had.
    """
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.errors import GatedRepoError, HFValidationError, RepositoryNotFoundError

    address = f"{constants.ENDPOINT}/{repository}"
    try:
        return Path(snapshot_download(repository, allow_patterns=list(patterns)))
    except GatedRepoError as error:
        todo = f"accept its conditions at {address}, then `hf auth login`"
        raise FileNotFoundError(f"{repository} is handed out on conditions only: {todo}") from error
    except RepositoryNotFoundError as error:
        todo = f"check the name, `hf auth login` where it is private, or {instead}"
        raise FileNotFoundError(f"there is no {address}: {todo}") from error
    except HFValidationError as error:
        raise FileNotFoundError(f"there is no {repository!r}: {instead}, or a repository as owner/name") from error
    except OSError as error:
        raise FileNotFoundError(
            f"{repository} is not on this computer and {constants.ENDPOINT} cannot be reached: connect to the network "
            f"(HF_ENDPOINT names a mirror, HF_HUB_OFFLINE must not be set), or {instead}"
        ) from error
