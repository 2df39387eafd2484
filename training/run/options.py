"""Options of a training stage, and those that several have: a YAML file gives defaults, flags override it.

    python -m prompt_beautifier.training.ppo --config training/configs/ppo-beautifulprompt.yaml --lr 1e-5

A file is one mapping; its keys are the stage's flags without the dashes in front (`reward-weights` or
`reward_weights`), its values what would stand behind the flag: one value, a list where the flag takes several,
true or false where it is a switch. Paths are relative to the working directory, as on the command line.
"""

import argparse
import difflib
import errno
import sqlite3
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import yaml

from .missing import what_is_missing

EXPECTED = (ImportError, OSError, RuntimeError, ValueError, sqlite3.Error)  # errors whose message is for the user
INTERRUPTED = 130  # the exit code of what Ctrl+C ended, as shells have it
# What the system says of a file, and what to do.
FILE_ERRORS = {
    errno.ENOENT: "there is no such file or folder; check the path",
    errno.EISDIR: "this is a folder; give one of its files",
    errno.ENOTDIR: "this is a file; give a folder",
    errno.EACCES: "this may not be read or written by you; change its rights, or give another place",
    errno.ENOSPC: "the disk is full; make room, or give another --out",
}
DTYPES = ("float16", "bfloat16", "float32")  # of a model that is handed over


def new_parser(description: str | None) -> argparse.ArgumentParser:
    """The parser of a stage; its help begins with the stage's own docstring."""
    return argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)


def as_command(stage: str, main: Callable[[], None]) -> None:
    """Run a stage as its own command: what goes wrong is one line that says what to do, and exit code 1; Ctrl+C ends
    it with a word. `python -X dev` shows the whole stack."""
    try:
        main()
    except EXPECTED as problem:
        if sys.flags.dev_mode:
            raise
        sys.exit(f"{stage}: {one_line(problem)}")
    except KeyboardInterrupt:
        print(f"\n{stage}: stopped", file=sys.stderr)
        sys.exit(INTERRUPTED)


def one_line(problem: BaseException) -> str:
    """What went wrong, in one line."""
    if type(problem).__name__ == "OutOfMemoryError":
        return "the device has too little memory: lower --micro-batch or --chunk, or give --gradient-checkpointing"
    if isinstance(problem, OSError) and problem.errno in FILE_ERRORS and problem.filename:
        return f"{problem.filename}: {FILE_ERRORS[problem.errno]}"
    if isinstance(problem, sqlite3.Error):
        return f"results cannot be kept ({problem}): make room on the disk, or give an --out that you may write to"
    text = " ".join((what_is_missing(problem) or str(problem)).split())
    return text if text else type(problem).__name__


def add_training(parser: argparse.ArgumentParser, lr: float, checkpoint_steps: int) -> None:
    """What every stage has that trains a network, with its own defaults."""
    add = parser.add_argument_group("the run").add_argument
    add("--out", type=Path, required=True, help="folder of the run")
    add("--lr", type=float, default=lr)
    add("--max-grad-norm", type=float, default=1.0, help="0: no limit")
    add("--checkpoint-steps", type=int, default=checkpoint_steps, help="updates between checkpoints")
    add("--bf16", action=argparse.BooleanOptionalAction, help="default: on GPUs that can")
    add("--cpu", action="store_true", help="leave the GPU alone")
    add("--export-dtype", choices=DTYPES, default="float16")
    add("--seed", type=int, default=0)


def add_supervised(
    parser: argparse.ArgumentParser, epochs: float, batch_size: int, weight_decay: float, eval_rows: int
) -> None:
    """What the stages have that learn from rows with transformers' Trainer, with their own defaults."""
    add = parser.add_argument_group("learning from rows").add_argument
    add("--epochs", type=float, default=epochs)
    add("--max-steps", type=int, help="updates of the run, instead of --epochs")
    add("--batch-size", type=int, default=batch_size, help="rows of one update, over all devices")
    add("--lr-schedule", choices=("linear", "cosine", "constant"), default="linear")
    warmup = "updates over which the learning rate rises; below 1, their share of all"
    add("--warmup-steps", type=float, default=0, help=warmup)
    add("--betas", type=float, nargs=2, default=[0.9, 0.999], help="of AdamW")
    add("--weight-decay", type=float, default=weight_decay)
    add("--dropout", type=float, default=0.0)
    add("--eval-rows", type=int, default=eval_rows, help="held-out rows to measure on")
    add_forward_passes(parser, log_steps=10)


def add_forward_passes(parser: argparse.ArgumentParser, log_steps: int) -> None:
    """What every stage on transformers' trainers has."""
    add = parser.add_argument_group("forward passes").add_argument
    add("--micro-batch", type=int, default=16, help="rows of one forward pass on one device")
    less = {"action": argparse.BooleanOptionalAction, "default": False, "help": "less memory, slower"}
    add("--gradient-checkpointing", **less)
    add("--log-steps", type=int, default=log_steps)


def given(args: argparse.Namespace, *without: str) -> dict[str, object]:
    """The options of a run by name for its model card: those that are set, and not where it was written."""
    left_out = ("out", "config", *without)
    return {name: value for name, value in vars(args).items() if name not in left_out and value not in (None, [], "")}


def parse(parser: argparse.ArgumentParser, argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line of a stage, with `--config FILE.yaml` as a source of defaults.

    parser  the stage's own options; --config is added to it. None of them may be positional or append.
    argv    arguments behind the stage's name; None is this process's own

    Every value of the file is checked as if it stood on the command line. Exits with code 2 and a message that
    names the file and the key, as argparse does, for a file that cannot be read, an unknown key or a bad value.
    """
    parser.add_argument("--config", type=Path, metavar="FILE.yaml", help="defaults for these options")
    parser.allow_abbrev = False  # --conf would be taken for --config, but not read
    finder = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    finder.add_argument("--config", type=Path)
    given, _ = finder.parse_known_args(argv)
    if given.config is None:
        return parser.parse_args(argv)
    try:
        settings = read_settings(given.config)
        flags = [flag for key, value in settings.items() for flag in as_flags(parser, key, value)]
    except ValueError as error:
        parser.error(f"{given.config}: {error}")
    return parser.parse_args([*flags, *(sys.argv[1:] if argv is None else argv)])


def read_settings(path: Path) -> dict:
    """The mapping in a YAML file. Raises ValueError when there is none."""
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"it cannot be read as YAML: {error}") from error
    if not isinstance(settings, dict):
        found = "nothing" if settings is None else repr(settings)
        raise ValueError(f"it must hold lines like 'lr: 1e-5', and holds {found}")
    return settings


def as_flags(parser: argparse.ArgumentParser, key: object, value: object) -> list[str]:
    """One setting as it would stand on the command line; [] for null, which leaves the stage's own default."""
    action = _action(parser, key)
    flag = action.option_strings[0]
    if value is None:
        return []
    if action.nargs == 0 or isinstance(action, argparse.BooleanOptionalAction):
        return _switch(action, key, value)
    values = value if isinstance(value, list) else [value]
    if any(isinstance(item, bool | dict | list) for item in values):
        raise ValueError(f"{key} must be a text or a number, not {value!r}")
    if isinstance(value, list):
        if action.nargs is None:
            raise ValueError(f"{key} takes one value, not the list {value!r}")
        return [flag, *map(str, values)]
    return [f"{flag}={value}"]


def _action(parser: argparse.ArgumentParser, key: object) -> argparse.Action:
    """The option that a key means. Raises ValueError with the names that come close for one that is none."""
    actions = {
        option.lstrip("-").replace("-", "_"): action
        for action in parser._actions
        for option in action.option_strings
        if option.startswith("--") and option not in ("--help", "--config")
    }
    name = str(key).replace("-", "_")
    if name not in actions:
        close = difflib.get_close_matches(name, actions, n=3)
        hint = f"did you mean {' or '.join(close)}?" if close else f"known are {', '.join(sorted(actions))}"
        raise ValueError(f"there is no option {key!r}: {hint}")
    return actions[name]


def _switch(action: argparse.Action, key: object, value: object) -> list[str]:
    if not isinstance(value, bool):
        raise ValueError(f"{key} must be true or false, not {value!r}")
    if isinstance(action, argparse.BooleanOptionalAction):
        return [action.option_strings[0 if value else 1]]
    return [action.option_strings[0]] if value else []
