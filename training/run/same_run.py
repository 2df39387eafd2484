"""A run goes on under the options that it began with, or not at all: with others its result would be neither's."""

import argparse
import hashlib
import json
from collections.abc import Collection, Sequence
from pathlib import Path

from accelerate import PartialState

from .parts import read_json, write_json
from .rows import SIDES

# What may be other when a run goes on: it says where and how fast, and changes no weight but by rounding.
FREE = frozenset(
    """out config cpu micro_batch chunk gradient_checkpointing log_steps checkpoint_steps checkpoint_minutes eval_rows
    export_dtype licence data_note keep""".split()
)


def same_run(args: argparse.Namespace, free: Collection[str] = (), files: Sequence[Path] = ()) -> None:
    """Note what makes this run in OUT/options.json, or compare with what is noted there, where that run has begun.

    args   the stage's options; out is the folder of the run, data (where there is one) that of the rows
    free   further options that may change, by their names in args
    files  further files of rows

    Raises ValueError that names the first option, or file of rows, that is another one.
    """
    path = args.out / "options.json"
    own = {name: value for name, value in vars(args).items() if name not in FREE and name not in free}
    own = json.loads(json.dumps(own, default=str))
    of_folder = [args.data / name for name in SIDES] if getattr(args, "data", None) else []
    paths = {path.name: path for path in of_folder if path.is_file()} | {str(path): path for path in files}
    rows = {name: digest(path) for name, path in paths.items()}
    if path.is_file() and has_begun(args.out):
        before = read_json(path)
        compare(args.out, before["options"], own)
        for name, found in rows.items():
            if before["rows"].get(name, found) != found:
                raise ValueError(f"{args.out} holds a run on other rows than {paths[name]} has now: give another --out")
    elif PartialState().is_main_process:
        args.out.mkdir(parents=True, exist_ok=True)
        write_json(path, {"options": own, "rows": rows}, indent=2)
    PartialState().wait_for_everyone()


def has_begun(out: Path) -> bool:
    """Whether a run of that folder has come as far as a first number or checkpoint; before, nothing is lost."""
    numbers = out / "metrics.jsonl"
    return (
        (numbers.is_file() and numbers.stat().st_size > 0)
        or (out / "checkpoint.pt").exists()
        or any((out / "checkpoints").glob("checkpoint-*"))
    )


def compare(out: Path, before: dict, own: dict) -> None:
    """Raise ValueError for the first option that is not what it was; options that a run did not know do not count."""
    for name, value in own.items():
        if name in before and before[name] != value:
            flag = f"--{name.replace('_', '-')}"
            raise ValueError(
                f"{out} holds a run with {flag} {shown(before[name])}, not {shown(value)}: continue it with its own "
                "options, or give another --out"
            )


def shown(value: object) -> str:
    """An option's value as it stands on a command line."""
    if isinstance(value, list):
        return " ".join(map(str, value))
    return "(not given)" if value is None else str(value)


def digest(path: Path) -> str:
    """What tells the content of a file from another's."""
    found = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(2**20):
            found.update(block)
    return found.hexdigest()[:16]
