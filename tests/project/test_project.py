"""The frame: what is shipped, what it may import, and that the documents keep up with the code."""

import ast
import json
import os
import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pathspec
import pytest
import yaml

if sys.version_info >= (3, 11):
    import tomllib
else:
    tomllib = pytest.importorskip("tomli")

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

# What a ComfyUI process has before any pack is loaded; torch needs jinja2.
COMFYUI_HAS = {"torch", "jinja2", "numpy", "PIL", "comfy", "comfy_api", "comfy_execution", "folder_paths", "server"}
COMFYUI_OWN = {"comfy", "comfy_api", "comfy_execution", "folder_paths", "server"}


def ignored_by(*names: str) -> pathspec.PathSpec:
    """The patterns of ignore files, read as git and comfy-cli read them."""
    lines = [line for name in names for line in (ROOT / name).read_text(encoding="utf-8").splitlines()]
    return pathspec.PathSpec.from_lines("gitignore", [*lines, ".git"])


def files(*ignore_files: str) -> list[Path]:
    """The files of the repository that no given ignore file names, relative to its root; ignored folders stay shut."""
    ignored, found = ignored_by(*ignore_files), []
    for folder, folders, names in os.walk(ROOT):
        inside = Path(folder).relative_to(ROOT)
        folders[:] = [name for name in folders if not ignored.match_file(f"{(inside / name).as_posix()}/")]
        found += [inside / name for name in names if not ignored.match_file((inside / name).as_posix())]
    return sorted(found)


REPOSITORY = files(".gitignore")
SHIPPED = files(".gitignore", ".comfyignore")
SHIPPED_CODE = [path for path in SHIPPED if path.suffix == ".py"]


def tree(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), str(path))


def imports(path: Path) -> set[tuple[int, str]]:
    """(level, dotted name) of every import in a file, wherever it stands; level 0 is absolute."""
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {(0, name.name) for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.level, node.module or ""))
    return found


def absolute(path: Path) -> set[str]:
    """Top-level names of the packages that a file imports."""
    return {name.split(".")[0] for level, name in imports(path) if level == 0}


def arrows(path: Path) -> set[Path]:
    """The files of the pack that a file imports, wherever the import stands, be it for types alone."""
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom) and node.level:
            folder = path.parents[node.level - 1].joinpath(*(node.module or "").split("."))
            for name in node.names:
                candidates = (folder / f"{name.name}.py", folder.with_suffix(".py"), folder / "__init__.py")
                found |= {next(file for file in candidates if (ROOT / file).is_file())}
    return found - {path}


DISTRIBUTIONS = {"PIL": "pillow", "yaml": "pyyaml"}  # where pip knows a package by another name


def packages_imported(folder: str) -> set[str]:
    """Top-level names of the packages outside the standard library that the code of a folder imports."""
    code = [path for path in SHIPPED_CODE if path.parts[0] == folder]
    names = {name.split(".")[0] for path in code for level, name in imports(path) if level == 0}
    return {DISTRIBUTIONS.get(name, name) for name in names - set(sys.stdlib_module_names)}


def requirement_names(lines: list[str]) -> set[str]:
    return {re.match(r"[\w-]+", line)[0].replace("-", "_") for line in lines}


# -- requirements


def test_manager_and_pip_install_the_same():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").split("\n")
    assert [line for line in lines if line] == PROJECT["project"]["dependencies"]


def test_no_requirement_can_break_a_working_comfyui():
    names = requirement_names(PROJECT["project"]["dependencies"])
    assert not names & {"torch", "torchvision", "torchaudio", "transformers", "numpy"}
    for line in PROJECT["project"]["dependencies"]:
        assert not re.search(r"==|<|~=|@|git\+", line), f"{line} is tighter than a lower bound"


@pytest.mark.slow
def test_requirements_are_what_the_nodes_and_the_library_import():
    imported = packages_imported("nodes") | packages_imported("beautifier")
    required = requirement_names(PROJECT["project"]["dependencies"])
    assert imported - COMFYUI_HAS == required


@pytest.mark.slow
def test_training_imports_nothing_that_is_not_named():
    extra = PROJECT["project"]["optional-dependencies"]["training"]
    beside = {"torch", "hpsv3"}  # users have the one, and are told to install the other where they ask for it
    known = requirement_names(PROJECT["project"]["dependencies"] + extra) | beside
    assert packages_imported("training") <= known


# -- the house

# Of beautifier/, from the ground up: a file or room imports only what stands before it, or its own room.
FLOORS = (
    "targets graph request picture_size files pickles weight_file background collector prompts wishes subjects "
    "faithful mending dressing chat tag_writers families path reading language composing encoders checkpoints "
    "beautify servers rewards taste images cli_options cli"
).split()
# Of nodes/: all else there is a node's file or a route's, and they import none of each other.
SHARED_BY_NODES = {"comfy", "inputs", "beautify_inputs", "metadata"}


def room(path: Path) -> str:
    """The room of a file in beautifier/ or nodes/: its folder there, or its own name."""
    return path.parts[1].removesuffix(".py")


@pytest.mark.slow
def test_imports_point_down():
    """nodes → beautifier ← training; inside the pack imports are relative, since ComfyUI gives it no name."""
    inside = {"prompt_beautifier", "beautifier", "nodes", "training"}
    forbidden = {
        "beautifier": ({"transformers", *COMFYUI_OWN}, {"nodes", "training"}),
        "training": (COMFYUI_OWN, {"nodes"}),
        "nodes": (set(), {"training"}),
    }
    wrong = {str(path): absolute(path) & inside for path in SHIPPED_CODE if absolute(path) & inside}
    assert not wrong, "imports inside the pack are relative"
    for path in SHIPPED_CODE:
        if len(path.parts) > 1:
            packages, folders = forbidden[path.parts[0]]
            found = (absolute(path) & packages) | ({target.parts[0] for target in arrows(path)} & folders)
            wrong |= {str(path): found} if found else {}
    assert not wrong


@pytest.mark.slow
def test_the_rooms_of_the_library_stand_on_each_other():
    files = [path for path in SHIPPED_CODE if path.parts[0] == "beautifier" and len(path.parts) > 1]
    files = [path for path in files if path != Path("beautifier/__init__.py")]
    unknown = {room(path) for path in files} - set(FLOORS)
    assert not unknown, "say in FLOORS where they stand"
    up = [
        f"{path} imports {target}"
        for path in files
        for target in arrows(path)
        if target.parts[0] == "beautifier" and FLOORS.index(room(target)) > FLOORS.index(room(path))
    ]
    assert not up


def test_no_node_imports_another():
    files = [path for path in SHIPPED_CODE if path.parts[0] == "nodes" and room(path) != "extension"]
    sideways = [
        f"{path} imports {target}"
        for path in files
        for target in arrows(path)
        if target.parts[0] == "nodes" and room(target) not in SHARED_BY_NODES | {room(path)}
    ]
    assert not sideways


@pytest.mark.slow
def test_no_imports_go_round():
    """Files, one after the other, that import nothing but those taken before; what is left goes round."""
    left = {path: arrows(path) for path in SHIPPED_CODE}
    while done := [path for path, targets in left.items() if not targets & left.keys()]:
        for path in done:
            del left[path]
    assert not {str(path): sorted(str(target) for target in targets & left.keys()) for path, targets in left.items()}


@pytest.mark.slow
def test_one_folder_alone_knows_comfyui_beyond_its_node_api():
    touching = [path for path in SHIPPED_CODE if absolute(path) & (COMFYUI_OWN - {"comfy_api"})]
    assert touching and not [str(path) for path in touching if path.parts[:2] != ("nodes", "comfy")]


@pytest.mark.slow
def test_a_file_says_in_its_first_line_what_it_is():
    modules = {str(path): tree(path) for path in REPOSITORY if path.suffix == ".py"}
    silent = [path for path, module in modules.items() if module.body and not ast.get_docstring(module)]
    assert not silent, "begin the file with a one-line docstring"


LONGEST_FILE = 350


def test_a_file_of_the_library_or_of_nodes_is_one_idea():
    lines = {path: len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path in SHIPPED_CODE}
    shipped = {path: count for path, count in lines.items() if path.parts[0] in ("beautifier", "nodes")}
    long = {str(path): count for path, count in shipped.items() if count > LONGEST_FILE}
    assert not long, f"more than {LONGEST_FILE} lines: find the second idea, and give it a file"


def public(module: ast.Module) -> Iterator[ast.AST]:
    """The functions and classes of a module, and their methods, whose names are not private."""
    todo: list[ast.AST] = [module]
    while todo:
        for node in ast.iter_child_nodes(todo.pop()):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                if not node.name.startswith("_"):
                    yield node
                    todo += [node] if isinstance(node, ast.ClassDef) else []


def test_what_others_call_says_what_it_does():
    """And the computation of a network says the shapes that go in and come out."""
    named = [
        (f"{path}: {node.name}", node.name, ast.get_docstring(node))
        for path in SHIPPED_CODE
        if path.parts[0] == "beautifier"
        for node in public(tree(path))
    ]
    assert not [where for where, name, text in named if not text]
    assert not [where for where, name, text in named if name == "forward" and "[" not in text]


# -- from Python


def test_load_beautifier_is_imported_when_it_is_asked_for():
    code = "import sys, prompt_beautifier; print(*(name for name in sys.modules if name.startswith('prompt_')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == ["prompt_beautifier"]

    import prompt_beautifier
    from prompt_beautifier.beautifier.beautify import load_beautifier

    assert prompt_beautifier.load_beautifier is load_beautifier
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = prompt_beautifier.no_such_name


# -- the archive that users get


def test_the_archive_holds_what_runs_and_leaves_out_what_does_not():
    shipped = {path.as_posix() for path in SHIPPED}
    assert {"__init__.py", "pyproject.toml", "requirements.txt", "LICENSE", "NOTICE", "README.md"} <= shipped
    folders = {path.parts[0] for path in SHIPPED if len(path.parts) > 1}
    assert {"nodes", "beautifier", "workflows", "locales"} <= folders
    assert not folders & {"tests", "benchmarks", ".github", ".ci", "assets", ".venv", ".git"}
    too_big = [str(path) for path in SHIPPED if (ROOT / path).stat().st_size > 50_000_000]
    assert not too_big, "git wants no file above 50 MB"


# Words that the registry's scanner reacts to, wherever they stand, and the ones its rules forbid.
ALARMING = re.compile(
    r"(?<![.\w])(?:eval|exec|__import__)\s*\(|os\.environ(?!\.setdefault)|os\.getenv|os\.system|subprocess|\bpickle\b"
    r"|\bimport (?:socket|requests|httpx|urllib)|from (?:socket|requests|httpx|urllib)"
)


def test_shipped_code_has_nothing_that_alarms_the_registry():
    found = [
        f"{path}, line {number}: {line}"
        for path in SHIPPED
        if path.suffix in (".py", ".js")
        for number, line in enumerate((ROOT / path).read_text(encoding="utf-8").splitlines(), 1)
        if ALARMING.search(line)
    ]
    assert not found


ABSOLUTE_PATH = re.compile(rb"(?<![\w.~/>}])/(?:work|root|home|Users|mnt)/\w|\b[A-Z]:\\Users\\")


@pytest.mark.slow
def test_no_file_names_a_folder_of_the_machine_it_was_made_on():
    found = {str(path): ABSOLUTE_PATH.search((ROOT / path).read_bytes()) for path in REPOSITORY}
    del found[str(Path(__file__).relative_to(ROOT))]
    assert not {path: match for path, match in found.items() if match}


def test_pip_installs_every_folder_and_every_file_of_the_library():
    setuptools = PROJECT["tool"]["setuptools"]
    folders = {path.parent for path in SHIPPED_CODE}
    names = {".".join(("prompt_beautifier", *folder.parts)) for folder in folders}
    assert names == set(setuptools["packages"])
    installed = [
        "/".join((*package.split(".")[1:], pattern))
        for package, patterns in setuptools["package-data"].items()
        for pattern in patterns
    ]
    data = [path for path in SHIPPED if path.parts[0] == "beautifier" and path.suffix != ".py"]
    missing = [str(path) for path in data if not any(map(path.match, installed))]
    assert data and not missing, "name them in [tool.setuptools.package-data]"


# -- the registry's card


def test_the_registry_accepts_the_name_and_the_versions():
    project, comfy = PROJECT["project"], PROJECT["tool"]["comfy"]
    assert re.fullmatch(r"[a-z](?:[-._]?[a-z0-9])*", project["name"]) and "comfyui" not in project["name"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", project["version"])
    assert re.fullmatch(r">=\d+\.\d+\.\d+", comfy["requires-comfyui"])
    assert {"PublisherId", "DisplayName", "Icon", "Banner"} <= comfy.keys()
    accelerators = {"GPU :: NVIDIA CUDA", "GPU :: AMD ROCm", "GPU :: Intel Arc", "GPU :: Apple Metal"}
    known = {f"Environment :: {name}" for name in accelerators | {"NPU :: Huawei Ascend"}}
    assert {name for name in project["classifiers"] if name.startswith("Environment")} <= known


@pytest.mark.parametrize(("field", "ratio", "widest"), [("Icon", 1, 400), ("Banner", 21 / 9, 2100)])
def test_pictures_of_the_card_exist_in_the_right_shape(field, ratio, widest):
    repository = PROJECT["project"]["urls"]["Repository"]
    base = repository.replace("github.com", "raw.githubusercontent.com") + "/main/"
    url = PROJECT["tool"]["comfy"][field]
    assert url.startswith(base)
    header = (ROOT / url.removeprefix(base)).read_bytes()[:24]
    assert header.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", header[16:])
    assert width <= widest and width / height == pytest.approx(ratio, abs=0.01)


def test_publishing_waits_for_every_test():
    workflows = ROOT / ".github" / "workflows"
    jobs = yaml.safe_load((workflows / "publish.yml").read_text(encoding="utf-8"))["jobs"]
    called = {job["uses"]: name for name, job in jobs.items() if "uses" in job}
    assert called.keys() == {"./.github/workflows/test.yml", "./.github/workflows/comfyui.yml"}
    assert set(called.values()) <= set(jobs["publish"]["needs"])


# -- documents

READMES = ["README.md", "README.zh.md"]
# Documents in both languages: the Chinese one has `.zh` in its name.
IN_CHINESE = ["README.md", "docs/models.md", "docs/troubleshooting.md"]


def node_schemas() -> dict[str, str]:
    """Display name of every node by its id, read from the source: only ComfyUI can import it."""
    nodes = [node for path in SHIPPED_CODE if path.parts[0] == "nodes" for node in ast.walk(tree(path))]
    assigned = [node for node in nodes if isinstance(node, ast.Assign)]
    named = {node.targets[0].id: node.value for node in assigned if isinstance(node.targets[0], ast.Name)}
    found = {}
    for call in nodes:
        given = {key.arg: key.value for key in call.keywords} if isinstance(call, ast.Call) else {}
        if "node_id" in given:
            node_id = given["node_id"]
            node_id = named[node_id.attr] if isinstance(node_id, ast.Attribute) else node_id
            found[node_id.value] = given["display_name"].value
    return found


def test_every_node_is_documented_in_both_languages():
    schemas = node_schemas()
    readmes = [(ROOT / readme).read_text(encoding="utf-8") for readme in READMES]
    assert schemas and all(node_id.startswith("PromptBeautifier") for node_id in schemas)
    chinese = json.loads((ROOT / "locales" / "zh" / "nodeDefs.json").read_text(encoding="utf-8"))
    for node_id, display_name in schemas.items():
        assert (ROOT / "nodes" / "web" / "docs" / node_id / "en.md").is_file(), node_id
        assert (ROOT / "nodes" / "web" / "docs" / node_id / "zh.md").is_file(), node_id
        assert f"（{chinese[node_id]['display_name']}）" in readmes[1]
        assert all(f"**{display_name}**" in readme for readme in readmes), display_name


def test_the_table_of_options_is_the_commands_own():
    from prompt_beautifier.beautifier import cli

    text = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\| `(?:-\w`, `)?(--[\w-]+)", text, re.MULTILINE)
    options = {action.option_strings[-1] for action in cli.option_parser()._actions if action.option_strings}
    assert sorted(documented) == sorted(options - {"--help"})


ROW_OF_A_MODEL = {
    "docs/models.md": r"^\| `([\w-]+)` \| \[([\w/-]+)\]\((\S+)\) \| ([\d.]+) GB \| ([\w.-]+) \|$",
    "docs/models.zh.md": r"^\| `([\w-]+)` \| \[([\w/-]+)\]\((\S+)\) \| ([\d.]+) GB \| ([\w.-]+) \|$",
    "nodes/web/docs/PromptBeautifierLoadBeautifier/en.md": (
        r"^- `([\w-]+)`: \[([\w/-]+)\]\((\S+)\); download ([\d.]+) GB; licence ([\w.-]+)$"
    ),
    "nodes/web/docs/PromptBeautifierLoadBeautifier/zh.md": (
        r"^- `([\w-]+)`：\[([\w/-]+)\]\((\S+)\)；下载大小 ([\d.]+) GB；许可证 ([\w.-]+)$"
    ),
}


@pytest.mark.parametrize("page", ROW_OF_A_MODEL)
def test_the_published_models_of_a_page_are_the_catalog(page):
    from prompt_beautifier.beautifier.checkpoints.catalog import CATALOG

    rows = re.findall(ROW_OF_A_MODEL[page], (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == [
        (c.name, c.repository, f"https://huggingface.co/{c.repository}", f"{c.bytes / 1e9:.2f}", c.licence)
        for c in CATALOG.values()
    ]


def test_the_table_of_image_models_is_the_codes_own():
    from prompt_beautifier.beautifier.targets.table import TARGETS

    for name in ("models.md", "models.zh.md"):
        text = (ROOT / "docs" / name).read_text(encoding="utf-8")
        rows = re.findall(r"^\| `([\w.-]+)` \| ([^|]+) \| (phrases|sentences|tags)", text, re.MULTILINE)
        assert rows == [(each.name, each.title, each.style) for each in TARGETS.values()]


@pytest.mark.parametrize("readme", READMES)
def test_the_first_page_is_short(readme):
    assert len((ROOT / readme).read_text(encoding="utf-8").splitlines()) <= 120


@pytest.mark.parametrize("document", IN_CHINESE)
def test_both_languages_have_the_same_commands_and_tables(document):
    paths = ROOT / document, (ROOT / document).with_suffix(".zh.md")
    english, chinese = (path.read_text(encoding="utf-8") for path in paths)
    blocks = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
    assert blocks.findall(english) == blocks.findall(chinese)
    for mark in (r"^#+ ", r"^\|", r"^- "):
        ours, theirs = (len(re.findall(mark, text, re.MULTILINE)) for text in (english, chinese))
        assert ours == theirs, f"lines that begin with {mark}"


# Messages in the table of troubles that other programs print.
QUOTED_FROM_OTHERS = ("ensurepip is not available", "No matching distribution found", "No module named")


def test_messages_in_the_table_of_troubles_are_the_programs_own():
    """Of each quoted message the longest piece without a name or a number stands in the code."""
    text = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    code = [path for path in REPOSITORY if path.suffix in (".py", ".js") and path.parts[0] != "tests"]
    said = "".join((ROOT / path).read_text(encoding="utf-8") for path in [*code, Path("Makefile")])
    said = re.sub(r'"\s*\n\s*f?"', "", said).replace("{{", "{").replace("}}", "}")  # a message over two lines is one
    quoted = re.findall(r"^\| `([^`]+)`", text, re.MULTILINE)
    others = [message for message in quoted if not message.startswith(QUOTED_FROM_OTHERS)]
    pieces = {message: max(re.split(r"…|'[^']*'|\d[\d.]*", message), key=len).strip() for message in others}
    assert len(pieces) > 5 and not {message: piece for message, piece in pieces.items() if piece not in said}


def test_the_architecture_page_has_the_floors_in_their_order():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = text.split("| file or room |")[1].split("\n\n")[0]
    first_cells = re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE)
    named = [name for cell in first_cells for name in re.findall(r"`(\w+)/?`", cell)]
    assert named == list(FLOORS)


def test_files_that_the_recipes_name_are_there():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    names = {name for name in re.findall(r"`([\w./]+\.(?:py|md|json|toml))`", text) if "NAME" not in name}
    repository = [path.as_posix() for path in REPOSITORY]
    assert len(names) > 20
    assert not [name for name in names if not any(f"/{path}".endswith(f"/{name}") for path in repository)]


HELP = Path("nodes/web/docs")


def test_links_of_documents_lead_somewhere():
    missing = []
    for path in (path for path in REPOSITORY if path.suffix == ".md"):
        text = (ROOT / path).read_text(encoding="utf-8")
        links = re.findall(r"\]\(([^)#\s]+)|(?:src|href)=\"([^\"#]+)", text)
        targets = [link for pair in links for link in pair if link and not re.match(r"\w+:", link)]
        # ComfyUI shows a help page as if it lay in docs/ itself.
        folder = HELP if path.is_relative_to(HELP) else path.parent
        missing += [f"{path}: {target}" for target in targets if not (ROOT / folder / target).exists()]
    assert not missing


# -- make

# Stands for python3: `-m venv` makes an environment whose python is this script again; each call is noted.
FAKE_PYTHON = """#!/bin/sh
echo "$*" >> "$LOG"
case "$*" in
  "-m venv"*) for folder; do :; done; mkdir -p "$folder/bin"; cp "$0" "$folder/bin/python"; exit 0 ;;
  "-m pip --version") exit 0 ;;
  "-m pip"*) exit "${PIP_EXIT:-0}" ;;
esac
"""


@pytest.mark.skipif(os.name == "nt" or not shutil.which("make"), reason="there is no make here")
def test_make_installs_once_and_again_after_a_failed_install(tmp_path):
    for name in ("Makefile", "pyproject.toml", *(path.name for path in ROOT.glob("*s*.txt"))):
        shutil.copy(ROOT / name, tmp_path)
    python, log = tmp_path / "python", tmp_path / "log"
    python.write_text(FAKE_PYTHON)
    python.chmod(0o755)

    def make(pip_exit: int) -> tuple[int, list[str]]:
        """The exit code of making the test environment, and the packages that pip was asked for."""
        log.write_text("")
        environment = {**os.environ, "LOG": str(log), "PIP_EXIT": str(pip_exit)}
        for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
            environment.pop(name, None)
        command = ["make", ".venv/.test", f"PYTHON={python}", "TORCH=torch==2.9.1"]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
        return done.returncode, [line for line in log.read_text().splitlines() if " install " in line]

    code, installs = make(pip_exit=1)
    assert code != 0 and len(installs) == 1
    code, installs = make(pip_exit=0)
    assert code == 0 and len(installs) == 3
    assert all("-c .venv/constraints.txt" in line for line in installs)
    assert "torch==2.9.1" in (tmp_path / ".venv" / "constraints.txt").read_text().split()
    assert make(pip_exit=0) == (0, [])
