"""Fixtures that several test files share."""

import os
from pathlib import Path

import hypothesis
import pytest

# The networks of tests are tiny: threads that wait for each other cost more than they save, most of all where several
# tests run at once. What a test starts inherits it.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Where every run has to be the same, property tests draw the same examples each time.
hypothesis.settings.register_profile("same", derandomize=True)
if os.environ.get("CI"):
    hypothesis.settings.load_profile("same")


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

    return load_beautifier()


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """A fake hub in the place of huggingface.co and of modelscope.cn; nobody is logged in."""
    import huggingface_hub
    import huggingface_hub.file_download

    from prompt_beautifier.beautifier.checkpoints import hub as checkpoints_hub

    from .stand_ins import fake_hub

    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name == "HF_TOKEN":
            monkeypatch.delenv(name)
    with fake_hub.FakeHub() as hub:
        constants = huggingface_hub.constants
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        template = hub.url + "/{repo_id}/resolve/{revision}/{filename}"
        for module in (constants, huggingface_hub.file_download):  # before 1.0 the second has its own
            monkeypatch.setattr(module, "HUGGINGFACE_CO_URL_TEMPLATE", template, raising=False)
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no token"))
        monkeypatch.setattr(checkpoints_hub, "MODELSCOPE", hub.url)
        monkeypatch.setattr(checkpoints_hub, "PAUSES", ())
        yield hub
