"""A stage whose packages are not installed says in one line what to install."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from prompt_beautifier.training import importer, tiny
from prompt_beautifier.training.pictures import pipeline
from prompt_beautifier.training.run import missing, options

if sys.version_info >= (3, 11):
    import tomllib
else:
    tomllib = pytest.importorskip("tomli")

ROOT = Path(__file__).parents[3]
STAGES = sorted(
    ".".join(path.relative_to(ROOT / "training").with_suffix("").parts)
    for path in (ROOT / "training").rglob("*.py")
    if re.search(r"^    (options\.)?as_command\(", path.read_text(encoding="utf-8"), re.MULTILINE)
)
# The environment of a ComfyUI has these; the rest of [training] is not there.
COMFYUI_HAS = set(
    "aiohttp huggingface_hub jinja2 numpy PIL safetensors scipy tokenizers torch tqdm transformers yaml yarl".split()
)

# Python imports a module of the name sitecustomize before all else. This one refuses packages.
REFUSING = """
import sys

class Refusing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {refused!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Refusing())
"""


def run_without(packages: set[str], folder: Path, stage: str) -> subprocess.CompletedProcess:
    """`python -m STAGE --help` in a process whose imports of those packages fail."""
    (folder / "sitecustomize.py").write_text(REFUSING.format(refused=packages))
    command = [sys.executable, "-m", f"prompt_beautifier.training.{stage}", "--help"]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT)


def is_one_line_of(said: str, stage: str, package: str) -> bool:
    """Whether that is all that was said: the stage, the package, and the command that installs it."""
    name = stage.rpartition(".")[2]
    return said == f'{name}: the package {package} is not installed: python -m pip install -e "{ROOT}[training]"\n'


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_says_what_to_install(stage, tmp_path):
    run = run_without(set(missing.PACKAGES), tmp_path, stage)
    if run.returncode == 0:  # its help needs nothing
        assert run.stdout.startswith("usage: ") and run.stderr == ""
    else:
        package = re.search(r"the package (\w+) is", run.stderr)
        assert package and is_one_line_of(run.stderr, stage, package[1]), run.stderr


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["sft", "dpo", "rl", "ppo", "reward"])
def test_what_a_comfyui_has_is_not_asked_for(stage, tmp_path):
    run = run_without(missing.PACKAGES - COMFYUI_HAS, tmp_path, stage)
    assert run.returncode == 1 and is_one_line_of(run.stderr, stage, "accelerate"), run.stderr


def test_all_stages_are_seen():
    assert {"sft", "dpo", "rl", "ppo", "reward", "label", "evaluate", "collect", "data.safety"} <= set(STAGES)


@pytest.mark.parametrize(
    ("package", "work"),
    [
        ("transformers", lambda folder: tiny.main(["--out", str(folder / "tiny")])),
        ("pyarrow", lambda folder: importer.main(["pickapic", __file__, "--out", str(folder / "out")])),
        ("diffusers", lambda folder: pipeline.open_pictures(str(folder))),
    ],
)
def test_so_does_what_is_imported_late(package, work, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(SystemExit) as left:
        options.as_command("stage", lambda: work(tmp_path))
    assert is_one_line_of(f"{left.value.code}\n", "stage", package)


def test_another_version_is_told_from_none():
    with pytest.raises(ImportError) as failed:
        from trl import NoSuchTrainer  # noqa: F401
    line = missing.what_is_missing(failed.value)
    assert line.startswith("another version of the package trl is needed (cannot import name 'NoSuchTrainer'")


@pytest.mark.parametrize("problem", [ImportError("no name"), ModuleNotFoundError("ours", name="beautifier"), OSError()])
def test_what_no_package_mends_keeps_its_stack(problem):
    assert missing.what_is_missing(problem) == ""


def test_what_pip_installed_is_installed_by_name(tmp_path):
    assert missing.how_to_install(tmp_path) == 'python -m pip install "prompt-beautifier[training]"'


def test_the_packages_are_those_of_the_project(repository):
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = project["dependencies"] + project["optional-dependencies"]["training"]
    imported = {"pillow": "PIL", "pyyaml": "yaml"}
    names = {re.match(r"[\w-]+", line)[0].replace("-", "_") for line in lines}
    assert missing.PACKAGES == {"torch", *(imported.get(name, name) for name in names)}
