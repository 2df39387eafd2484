"""The options of the `beautify` command, and what they ask for."""

from __future__ import annotations

import argparse
import random
import re
import sys
from dataclasses import fields
from typing import NoReturn

from .checkpoints.catalog import CATALOG
from .request import AUTO_STYLE, STYLE_CHOICES, Sampling
from .targets.target import LENGTHS, STRENGTHS

PRECISIONS = ("float32", "float16", "bfloat16", "int8", "int4")


def option_parser() -> argparse.ArgumentParser:
    """The options of the command, each with its line of help."""
    parser = argparse.ArgumentParser(
        prog="beautify",
        usage="%(prog)s [options] [PROMPT ...]",
        description="Turns short prompts into detailed ones that make better pictures.",
        epilog="Sampling options that are not given keep the model's own published defaults.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add(
        "prompts",
        metavar="PROMPT",
        nargs="*",
        help="raw prompts; none, or -, reads them from standard input, one a line",
    )
    add("-n", "--num-candidates", type=int, default=5, metavar="N", help="candidates a prompt (default 5)")
    add("--seed", type=_seed, default=0, metavar="N", help="same seed, same candidates (default 0), or random")
    add("--mode", choices=("rewrite", "append"), default="rewrite", help="replace the prompt, or add to it")
    add(
        "--style",
        choices=STYLE_CHOICES,
        default=AUTO_STYLE,
        help="what the embedded model writes (default: what --for reads)",
    )
    add(
        "--for",
        dest="target",
        default="",
        metavar="NAME",
        help="the image model that the prompt is for, such as sdxl, z-image",
    )
    add("--keep", action="append", default=[], metavar="WORDS", help="words that must be in it letter for letter")
    add("--avoid", action="append", default=[], metavar="WORDS", help="words and phrases that must not be added")
    add("--strength", choices=STRENGTHS, default=STRENGTHS[1], help="how much may be added (default balanced)")
    add("--length", choices=LENGTHS, default=LENGTHS[1], help="within what the image model wants (default medium)")
    add("--clip-tokens", type=int, metavar="N", help="end each candidate at a word within N CLIP tokens")
    add(
        "--model",
        default="embedded",
        metavar="NAME",
        help=f"embedded (default), a checkpoint folder, or one to download: {', '.join(CATALOG)}",
    )
    add(
        "--models-dir",
        metavar="FOLDER",
        help="where downloads are kept (default: models/LLM of the ComfyUI this is installed in, else "
        ".prompt-beautifier/models in the home folder)",
    )
    add("--family", metavar="NAME", help="how a checkpoint is asked (default: as its folder says)")
    add("--template", metavar="TEXT", help="what a checkpoint is given to read, {raw_prompt} for your words")
    add("--instruction", metavar="FILE", help="what a chat model is told, in a text file (default: what --for reads)")
    add(
        "--reward-model",
        metavar="NAME",
        help="put the best candidate first, by the scores of this model: embedded (default for the embedded model), "
        "a reward folder, by its path or by its name in --models-dir, or none",
    )
    add("--device", default="cpu", metavar="NAME", help="cpu (default), cuda, cuda:1, mps, xpu, auto")
    add("--dtype", choices=PRECISIONS, help="precision; int8 on a cpu, int4 on a cpu or cuda")
    add("--json", action="store_true", help="one JSON object a prompt, one a line")
    add("--version", action=_Version, nargs=0, help="print the version and leave")

    sampling = parser.add_argument_group("sampling")
    add = sampling.add_argument
    add("--greedy", action="store_true", default=None, help="the likeliest token each time: one candidate")
    add("--temperature", type=float, metavar="X", help="below 1 safer, above 1 wilder")
    add("--top-k", type=int, metavar="N", help="draw from the N likeliest tokens; 0 from all")
    add("--top-p", type=float, metavar="X", help="draw from the likeliest tokens of this total probability")
    add("--min-p", type=float, metavar="X", help="leave out tokens under this share of the likeliest one")
    add("--repetition-penalty", type=float, metavar="X", help="above 1 repeats less")
    add("--max-new-tokens", type=int, metavar="N", help="longest answer, in tokens of the model")
    return parser


def _seed(text: str) -> int:
    """The seed that an option says; for "random" one that is told on standard error, so that it can be used again."""
    if text.strip().lower() != "random":
        try:
            return int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"must be a whole number or random, not {text!r}") from None
    seed = random.SystemRandom().randrange(2**53)  # a number that every JSON reader keeps exact
    print(f"seed {seed}", file=sys.stderr)
    return seed


class _Version(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __call__(self, parser, namespace, values, option_string=None) -> NoReturn:
        from importlib.metadata import version

        print(parser.prog, version("prompt-beautifier"))
        sys.exit(0)


def asked(options: argparse.Namespace) -> dict:
    """The options that say what the prompt is for and what may be in it, as fields of a Request."""
    names = ("style", "target", "strength", "length")
    return {name: getattr(options, name) for name in names} | {
        "keep": "\n".join(options.keep),
        "avoid": "\n".join(options.avoid),
    }


def given_sampling(options: argparse.Namespace) -> dict:
    """The sampling options that stand on the command line."""
    given = {field.name: getattr(options, field.name, None) for field in fields(Sampling)}
    return {name: value for name, value in given.items() if value is not None}


def in_options(error: ValueError) -> str:
    """What is wrong with a value, in the words of the command line: "--top-k must be ...", not "top_k must be ..."."""
    named = {"target": "for"}
    text = re.sub(
        r"^([a-z]+(?:_[a-z]+)*)(?= must )",
        lambda name: "--" + named.get(name[0], name[0]).replace("_", "-"),
        str(error),
    )
    return text.replace("greedy=True", "--greedy")
