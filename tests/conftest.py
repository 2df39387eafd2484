"""Fixtures that several test files share."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the repository, which is also the root of the package."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def embedded(repository) -> Path:
    """The folder of the embedded model; tests that ask for it are skipped without the weights."""
    folder = repository / "beautifier" / "embedded"
    if not (folder / "model.safetensors").is_file():
        pytest.skip("the embedded model's weights are not there: train them as training/ says")
    return folder


@pytest.fixture(scope="session")
def embedded_beautifier(embedded):
    """The embedded model, loaded once for all tests; leave it as it is."""
    from prompt_beautifier.beautifier.beautify import load_beautifier

    return load_beautifier(embedded)
