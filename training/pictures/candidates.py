"""Several prompts for one raw prompt, and which of them made the best pictures and which the worst."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ..data.preferences import best_and_worst
from ..evaluation.methods import Method, WriterSettings, candidates_of
from ..run.kept import Kept

Scores = Mapping[str, float]  # of a prompt, by column


def add_candidate_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("preferences").add_argument
    many = "have --writer write so many prompts for each raw prompt; the rows are the best against the worst"
    add("--candidates", type=int, metavar="N", help=many)
    who = "who writes them: 'embedded', a checkpoint folder, a published model, endpoint:NAME"
    add("--writer", metavar="MODEL", help=who)
    add("--writer-seed", type=int, default=0)
    add("--endpoints", type=Path, help="file with the servers of endpoint:NAME")
    shares = "what each scorer counts, in standard deviations of its scores; default: all alike"
    add("--score-weights", type=float, nargs="+", metavar="X", help=shares)
    near = "leave out raw prompts whose best and worst are no further apart, in these units"
    add("--least-margin", type=float, default=0.0, metavar="X", help=near)


def check_candidates(args: argparse.Namespace, columns: Sequence[str]) -> None:
    """Raise ValueError for options of candidates that do not go together."""
    if args.candidates is None:
        if args.writer or args.score_weights:
            raise ValueError("--writer and --score-weights are for --candidates: give it, too")
        return
    if args.candidates < 2 or not args.writer:
        raise ValueError("--candidates is 2 or more and needs --writer, who is to write them")
    if args.score_weights and len(args.score_weights) != len(columns):
        raise ValueError(f"there are {len(columns)} --scorers and {len(args.score_weights)} --score-weights")


def write_candidates(args: argparse.Namespace, raw_prompts: Sequence[str]) -> dict[str, list[str]]:
    """The different prompts that --writer wrote for each raw prompt; they are kept in OUT/written.sqlite."""
    method = Method("writer", args.writer, args.candidates)
    raws = list(dict.fromkeys(raw_prompts))
    with Kept(args.out / "written.sqlite") as kept:
        settings = WriterSettings(kept, args.writer_seed, False, args.endpoints, args.device or "cpu", args.target)
        written = candidates_of(method, raws, [None] * len(raws), settings)
    return {raw: list(dict.fromkeys(prompts)) for raw, prompts in zip(raws, written, strict=True)}


def totals(scores: Sequence[Scores], weights: Mapping[str, float]) -> list[float]:
    """One number for each prompt: the weighted sum of its scores, each in standard deviations over all prompts. A
    column in which all prompts are alike counts nothing."""
    total = np.zeros(len(scores))
    for column, weight in weights.items():
        values = np.array([each[column] for each in scores], np.float64)
        spread = values.std()
        total += weight * (values - values.mean()) / spread if spread > 0 else 0.0
    return total.tolist()


def preference_rows(
    written: Mapping[str, Sequence[str]], total: Mapping[tuple[str, str], float], least: float = 0.0
) -> list[dict]:
    """A row for each raw prompt: its best prompt against its worst; raw prompts without a difference are left out.

    written  the prompts of each raw prompt
    total    one number for each (raw prompt, prompt)
    """
    rows = [
        best_and_worst(raw, prompts, [total[raw, prompt] for prompt in prompts], least)
        for raw, prompts in written.items()
    ]
    return [row for row in rows if row]
