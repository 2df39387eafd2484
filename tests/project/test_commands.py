"""Commands that documents and docstrings name: their module or target is there, and knows the options it is given."""

import ast
import functools
import re
from pathlib import Path

import pytest

from .test_project import REPOSITORY, ROOT, arrows, tree

RUN = re.compile(r"python (?:-m )?((?:prompt_beautifier|tests)\.[\w.]+|benchmarks/\w+\.py)([^`\n#;|]*)")
DATA = re.compile(r"training/(?:configs|data)/[\w./-]+")


def said(path: Path) -> str:
    """A document, or the docstring of a file of code, with lines that go on joined."""
    text = (ROOT / path).read_text(encoding="utf-8")
    text = text if path.suffix == ".md" else ast.get_docstring(tree(path)) or ""
    return re.sub(r"\\+\n\s*", "", text)


COMMANDS = [(path, *found) for path in REPOSITORY if path.suffix in (".md", ".py") for found in RUN.findall(said(path))]


def file_of(module: str) -> Path:
    """The file of a module or script that a command names."""
    if module.endswith(".py"):
        return Path(module)
    return Path(*module.removeprefix("prompt_beautifier.").split(".")).with_suffix(".py")


@functools.cache
def options_in(path: Path) -> frozenset[str]:
    """What may be an option in a file, without its dashes: every string there."""
    constants = (node.value for node in ast.walk(tree(path)) if isinstance(node, ast.Constant))
    return frozenset(value.removeprefix("--") for value in constants if isinstance(value, str))


@functools.cache
def options_of(path: Path) -> frozenset[str]:
    """What may be an option in a file or in what it imports of its own room, where options are shared."""
    shared = (each for each in arrows(path) if each.parts[0] == path.parts[0])
    return options_in(path).union({"help"}, *map(options_of, shared))


def test_modules_that_commands_name_are_there():
    assert len(COMMANDS) > 60
    assert not [f"{path}: {module}" for path, module, _ in COMMANDS if not (ROOT / file_of(module)).is_file()]


@pytest.mark.slow
def test_commands_know_the_options_they_are_given():
    known = {module: options_of(file_of(module)) for module in {module for _, module, _ in COMMANDS}}
    unknown = [
        f"{path}: {module} --{option}"
        for path, module, arguments in COMMANDS
        for option in re.findall(r"(?<![\w-])--([\w-]+)", arguments)
        if option not in known[module]
    ]
    assert not unknown


def test_configurations_that_commands_name_are_there():
    named = {name.rstrip(".") for _, _, arguments in COMMANDS for name in DATA.findall(arguments)}
    assert len(named) > 5
    assert not [name for name in sorted(named) if not (ROOT / name).exists()]


@pytest.mark.parametrize(
    "document", ["README.md", "CONTRIBUTING.md", "docs/troubleshooting.md", "benchmarks/README.md"]
)
def test_make_has_the_targets_that_documents_name(document):
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make (\w+)", (ROOT / document).read_text(encoding="utf-8"), re.MULTILINE))
    assert named and named <= targets
