"""What a command says where a package is not installed: one line with what to install.

A stage imports packages at its top, before `as_command` can catch anything. So training/__init__.py lets
`end_in_one_line` take what goes wrong by then.
"""

import sys
from pathlib import Path
from types import TracebackType

# Torch and the packages of pyproject.toml that training needs, by the names under which they are imported.
PACKAGES = frozenset(
    "accelerate aiohttp datasets diffusers huggingface_hub jinja2 names numpy peft PIL pyarrow ray safetensors scipy "
    "tensorboard tokenizers torch tqdm transformers trl yaml yarl".split()
)
ROOT = Path(__file__).resolve().parents[2]


def how_to_install(root: Path = ROOT) -> str:
    """The command that installs what training needs: for a checkout in the folder `root`, or for what pip installed."""
    if (root / "pyproject.toml").is_file():
        return f'python -m pip install -e "{root}[training]"'
    return 'python -m pip install "prompt-beautifier[training]"'


def what_is_missing(problem: BaseException | None) -> str:
    """The line for an import that failed; "" where it failed for another reason than one of `PACKAGES`."""
    package = (getattr(problem, "name", None) or "").partition(".")[0]
    if not isinstance(problem, ImportError) or package not in PACKAGES:
        return ""
    if isinstance(problem, ModuleNotFoundError):
        return f"the package {package} is not installed: {how_to_install()}"
    return f"another version of the package {package} is needed ({problem}): {how_to_install()}"


def end_in_one_line(kind: type[BaseException], problem: BaseException, stack: TracebackType | None) -> None:
    """Print what ended a command, as `sys.excepthook` does: one line for a missing package, else the stack."""
    line = what_is_missing(problem)
    if line and not sys.flags.dev_mode:
        print(f"{Path(sys.argv[0]).stem}: {' '.join(line.split())}", file=sys.stderr)
    else:
        sys.__excepthook__(kind, problem, stack)
