"""The `beautify` command: raw prompts from arguments or lines in, candidates out as text or JSON.

    beautify "1 girl" -n 5 --seed 7
    beautify -n 1 < prompts.txt > beautified.txt
    beautify --json "a cat" "a dog"
    beautify --model promptist "a cat"
    beautify --reward-model runs/reward/model "a cat"

Exit codes: 0 done, 1 failed, 2 wrong usage or argument, 130 interrupted, 141 the reader of the output left.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from .cli_options import asked, given_sampling, in_options, option_parser
from .collector import staying
from .targets.table import find_target
from .targets.target import counted, summary

if TYPE_CHECKING:
    from .families import Family
    from .path import Writer
    from .request import Candidate
    from .rewards.model import RewardModel

INTERRUPTED = 130  # 128 + SIGINT, what a shell reports
PIPE_CLOSED = 141  # 128 + SIGPIPE


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command.

    Arguments:
        argv: the arguments after the command's name; those of this process when None.
    Returns: the exit code.
    Raises: SystemExit(2) for wrong usage and SystemExit(0) after --help and --version, as argparse does.
    """
    parser = option_parser()
    try:
        return _run(parser, parser.parse_intermixed_args(argv))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Python flushes standard output once more on its way out: let that go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except ModuleNotFoundError as error:
        return _fail(parser, f"{error}: install the package {error.name}")
    except (OSError, RuntimeError) as error:
        return _fail(parser, str(error))


def _fail(parser: argparse.ArgumentParser, message: str) -> int:
    print(f"{parser.prog}: {message}", file=sys.stderr)
    return 1


def _run(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    prompts = _prompts(parser, options.prompts)
    if not prompts:
        return 0
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A lone surrogate cannot be encoded; backslashreplace writes it as \ud800, its JSON escape.
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    with staying():
        _check(parser, options)
        # Soon loaded: what is wrong shows before a download.
        reward_model = _load_reward_model(parser, options, options.reward_model)
        beautifier = _load(parser, options)
        several = options.num_candidates > 1 and not options.greedy
        if options.reward_model is None and beautifier.name == "embedded" and several:
            reward_model = _load_reward_model(parser, options, "embedded")
    sampling = replace(beautifier.sampling, **given_sampling(options))
    # disable=None shows the bar on a terminal only.
    bar = tqdm(prompts, unit="prompt", dynamic_ncols=True, disable=None if len(prompts) > 1 else True)
    with bar:
        for raw_prompt in bar:
            try:
                candidates = beautifier.beautify(
                    raw_prompt,
                    num_candidates=options.num_candidates,
                    seed=options.seed,
                    sampling=sampling,
                    mode=options.mode,
                    clip_tokens=options.clip_tokens,
                    **asked(options),
                )
                if reward_model is not None:
                    candidates = reward_model.rank(raw_prompt, candidates)
            except ValueError as error:
                problem = in_options(error)
                parser.error(f"{problem} (raw prompt: {raw_prompt[:60]!r})" if len(prompts) > 1 else problem)
            bar.clear()
            _tell(options, candidates)
            print(_answer(options, beautifier.name, raw_prompt, candidates, len(prompts)), flush=True)
            bar.refresh()
    return 0


def _prompts(parser: argparse.ArgumentParser, arguments: list[str]) -> list[str]:
    """The raw prompts, with each "-" replaced by the lines of standard input."""
    if not arguments and (sys.stdin is None or sys.stdin.isatty()):
        parser.error('give a prompt, such as beautify "1 girl", or prompts on standard input, one a line')
    prompts = []
    for argument in arguments or ["-"]:
        prompts += _lines(parser) if argument == "-" else [argument]
    return prompts


def _lines(parser: argparse.ArgumentParser) -> list[str]:
    """The lines of standard input, all read and checked before the first one is worked on.

    A blank line is a prompt too, and answered with itself, so that answers stay in step with lines.
    """
    lines = sys.stdin.buffer.read().removeprefix(b"\xef\xbb\xbf").split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    prompts = []
    for number, line in enumerate(lines, 1):
        try:
            prompts.append(line.removesuffix(b"\r").decode("utf-8"))
        except UnicodeDecodeError as error:
            byte = f"byte 0x{line[error.start]:02x} at column {error.start + 1}"
            parser.error(f"line {number} of standard input is not UTF-8 text ({byte}); save it as UTF-8")
    return prompts


def _check(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Leaves with a message for wrong sampling options, an unknown family and a device that cannot be used."""
    import torch  # here, so that --help and wrong usage answer at once

    from .request import Request, Sampling

    try:
        Sampling(**given_sampling(options))
        Request("", **asked(options))
    except ValueError as error:
        parser.error(in_options(error))
    _family(parser, options)
    options.device = _best_device() if options.device == "auto" else options.device
    try:
        torch.empty(1, device=options.device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        parser.error(f"argument --device: {options.device} cannot be used here: {reason}")


def _best_device() -> str:
    """The device on which a network runs fastest here."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if hasattr(torch, "xpu") and torch.xpu.is_available():
        return "xpu"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _dtype(options: argparse.Namespace):
    """The torch.dtype that was asked for, or None. Raises ValueError where this torch has none of that name."""
    import torch

    if options.dtype is not None and not hasattr(torch, options.dtype):
        raise ValueError(f"torch {torch.__version__} has no {options.dtype}: choose another --dtype, or update torch")
    return getattr(torch, options.dtype) if options.dtype else None


def _load(parser: argparse.ArgumentParser, options: argparse.Namespace) -> Writer:
    """The beautifier that was asked for."""
    from .beautify import load_beautifier

    family = _family(parser, options)
    try:
        model, published_family = _checkpoint(options)
        told = _instruction(parser, options)
        return load_beautifier(model, options.device, _dtype(options), family or published_family, instruction=told)
    except (ValueError, FileNotFoundError) as error:
        parser.error(f"argument --model: {error}")


def _instruction(parser: argparse.ArgumentParser, options: argparse.Namespace) -> str:
    """The text of --instruction; "" where there is none."""
    if options.instruction is None:
        return ""
    from .chat.own_instructions import read_instruction

    file = Path(options.instruction)
    try:
        return read_instruction([file.parent], file.name)
    except ValueError as error:
        parser.error(f"argument --instruction: {error}")


def _load_reward_model(
    parser: argparse.ArgumentParser, options: argparse.Namespace, model: str | None
) -> RewardModel | None:
    """The reward model of that name; None where there is to be none."""
    if model is None or model == "none":
        return None
    from .rewards.folders import list_reward_models
    from .rewards.model import load_reward_model

    place: str | Path = model
    if model != "embedded" and not Path(model).is_dir():
        place = list_reward_models([_models_folder(options)]).get(model, model)
    try:
        dtype = None if options.dtype in ("int8", "int4") else _dtype(options)  # which are for what writes
        return load_reward_model(place, options.device, dtype)
    except (ValueError, FileNotFoundError) as error:
        parser.error(f"argument --reward-model: {error}")


def _family(parser: argparse.ArgumentParser, options: argparse.Namespace) -> str | Family | None:
    """How the checkpoint is to be asked, where the options say it; checked before anything is downloaded."""
    from .families import CHAT, CUSTOM, FAMILIES, custom_family

    known = (*FAMILIES, CHAT.name, CUSTOM)
    if options.family not in (None, *known):
        parser.error(f"argument --family: {options.family!r} is none of {', '.join(known)}")

    if options.template is None:
        if options.family == CUSTOM:
            parser.error("argument --family: custom needs a --template")
        return options.family
    if options.family not in (None, CUSTOM):
        parser.error(f"argument --template: it is that of family custom, not {options.family}: leave one out")
    try:
        return custom_family(options.template)
    except ValueError as error:
        parser.error(f"argument --template: {error}")


def _checkpoint(options: argparse.Namespace) -> tuple[str | Path, str | None]:
    """What --model names, downloaded if need be, and its family where it is a published checkpoint.

    Raises FileNotFoundError for what is neither there nor published, DownloadError for a failed download.
    """
    if options.model == "embedded" or Path(options.model).is_dir():
        return options.model, None
    from .checkpoints.catalog import find_checkpoint
    from .checkpoints.download import obtain
    from .checkpoints.folders import is_downloaded

    folder = _models_folder(options)
    checkpoint = find_checkpoint(options.model)
    if checkpoint is not None and checkpoint.terms and not is_downloaded(checkpoint, [folder]):
        print(f"beautify: {checkpoint.name} is downloaded. Its licence: {checkpoint.terms}.", file=sys.stderr)
    with _Bytes() as bar:
        try:
            return obtain(options.model, [folder], bar.show)
        except FileNotFoundError as error:
            raise FileNotFoundError(f"{options.model!r} is no folder, and {error}") from error


def _models_folder(options: argparse.Namespace) -> Path:
    from .checkpoints.places import default_folder

    return Path(options.models_dir) if options.models_dir is not None else default_folder()


class _Bytes:
    """The progress bar of a download, on a terminal: there once bytes have come."""

    def __init__(self):
        self.bar = None

    def __enter__(self) -> _Bytes:
        return self

    def __exit__(self, *_) -> None:
        if self.bar is not None:
            self.bar.close()

    def show(self, done: int, total: int) -> None:
        if self.bar is None:  # what came earlier is no speed
            self.bar = tqdm(total=total, initial=done, unit="B", unit_scale=True, dynamic_ncols=True, disable=None)
        self.bar.total = total
        self.bar.update(done - self.bar.n)


def _answer(
    options: argparse.Namespace, model: str, raw_prompt: str, candidates: list[Candidate], num_prompts: int
) -> str:
    """What is printed for one raw prompt: a JSON line, the bare text with -n 1, else a numbered list."""
    if options.json:
        answer = {
            "raw_prompt": raw_prompt,
            "model": model,
            "seed": options.seed,
            "target": find_target(options.target).name if options.target else None,
            "candidates": [asdict(each) for each in candidates],
        }
        return json.dumps(answer, ensure_ascii=False)
    if options.num_candidates == 1 or options.greedy:
        return candidates[0].text
    heading = [raw_prompt or "(blank line)"] if num_prompts > 1 else []
    width = len(str(len(candidates)))
    numbered = [f"{k:>{width}}. {_with_score(candidate)}" for k, candidate in enumerate(candidates, 1)]
    negative = [f"negative: {candidates[0].negative}"] if candidates[0].negative else []
    # A blank line keeps the lists of several prompts apart.
    return "\n".join(heading + numbered + negative + [""] * (num_prompts > 1))


def _tell(options: argparse.Namespace, candidates: list[Candidate]) -> None:
    """What is said beside the answer, on standard error: what the image model wants, and notes of the candidates."""
    target = find_target(options.target) if options.target else None
    lines = [f"{summary(target)} ({counted(target, candidates[0].tokens or 0)})"] if target else []
    for line in dict.fromkeys([*lines, *(note for each in candidates for note in each.notes)]):
        tqdm.write(line, file=sys.stderr)


def _with_score(candidate: Candidate) -> str:
    return candidate.text if candidate.score is None else f"[{candidate.score:.3f}] {candidate.text}"


if __name__ == "__main__":
    sys.exit(main())
