r"""Label training pairs with what image scorers say of the pictures that their prompts make.

Of every row the detailed prompt is drawn for a number of seeds (8, as in BeautifulPrompt, section 3.3), each picture
is scored, and the means over the seeds become columns of the row: PickScore is judged against the raw prompt, the
aesthetic score sees the picture alone. These columns are what the reward models learn.

    python -m prompt_beautifier.training.label --data runs/pairs --out runs/labelled

    # preferences, for training.dpo and for reward --term preference: of eight prompts by a model the best and the worst
    python -m prompt_beautifier.training.label --data runs/pairs --candidates 8 --writer runs/sft/model \
        --out runs/preferences

With --for NAME the prompts are written for that image model, as the nodes and the command line write them.
With --candidates the rows are {"raw_prompt", "chosen", "rejected", "margin"}, and OUT/train-scores.jsonl and
OUT/heldout-scores.jsonl have all candidates with their scores, for reward.

Defaults are the published ones: SD v1.5, Euler ancestral, 20 steps, 512 x 512, one fixed negative prompt, prompts
encoded whole. Every GPU gets a process of its own (Ray); without GPUs there is one, and a row takes many minutes.
Every score is kept in OUT/scores/scores.sqlite at once: a run that was stopped, or killed, goes on with the same
command and loses no more than the rows in work. At the end OUT/train.jsonl and OUT/heldout.jsonl are the rows of the
data folder with their scores, in the same order.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tqdm import tqdm

from .pictures.candidates import add_candidate_options, check_candidates, preference_rows, totals, write_candidates
from .pictures.scorers import kind_of
from .run import options
from .run.cluster import add_cluster_options, cluster
from .run.kept import Kept
from .run.pace import duration
from .run.parts import Manifest, atomic_write, write_rows
from .run.processes import processes
from .run.rows import read_jsonl

SIDES = ("train", "heldout")
Row = tuple[str, str, str]  # key, raw prompt, prompt
Scores = dict[str, float]  # of a row, by column


def main(argv: list[str] | None = None) -> None:
    args = options.parse(option_parser(), argv)
    settings = check(args)
    described = {**settings.pictures, "seeds": settings.seeds, "scorers": list(settings.scorers)}
    Manifest(args.out / "scores", described, args.restart)
    sides = read_sides(args)
    if args.candidates:
        written = write_candidates(args, [row["raw_prompt"] for own in sides.values() for row in own])
        sides = {side: of_candidates(own, written) for side, own in sides.items()}
    rows = [(key_of_row(row), row["raw_prompt"], row["prompt"]) for own in sides.values() for row in own]
    with Kept(args.out / "scores" / "scores.sqlite") as kept, cluster(args.workers, args.address) as with_ray:
        label_rows(settings, rows, kept, with_ray)
        scores = {key: kept.get(key) for key, _, _ in rows}
    for side, own in sides.items():
        labelled = [{**row, **scores[key_of_row(row)]} for row in own]
        write_rows(args.out / (f"{side}-scores.jsonl" if args.candidates else f"{side}.jsonl"), labelled)
    columns = [kind_of(spec).column for spec in settings.scorers]
    if args.candidates:
        count = write_preferences(args, sides, scores, columns)
        print(f"{count:,} preferences in {args.out}: the best prompt of each raw prompt against its worst")
    if (args.data / "name_words.txt").exists():
        shutil.copyfile(args.data / "name_words.txt", args.out / "name_words.txt")
    for column in columns:
        own = [scores[key][column] for key, _, _ in rows]
        print(f"{column}: mean {sum(own) / len(own):.4f}, least {min(own):.4f}, most {max(own):.4f}")
    print(f"{len(rows):,} rows with {', '.join(columns)} in {args.out}")


def of_candidates(rows: list[dict], written: Mapping[str, Sequence[str]]) -> list[dict]:
    """A row for every candidate of every raw prompt of some rows."""
    raws = dict.fromkeys(row["raw_prompt"] for row in rows)
    return [{"raw_prompt": raw, "prompt": prompt} for raw in raws for prompt in written[raw]]


def write_preferences(
    args: argparse.Namespace, sides: dict[str, list[dict]], scores: dict[str, Scores], columns: list[str]
) -> int:
    """Write OUT/train.jsonl and OUT/heldout.jsonl, rows as data/preferences.py has them; how many."""
    weights = dict(zip(columns, args.score_weights or [1.0] * len(columns), strict=True))
    rows = [row for own in sides.values() for row in own]
    total = totals([scores[key_of_row(row)] for row in rows], weights)
    of_prompt = {(row["raw_prompt"], row["prompt"]): each for row, each in zip(rows, total, strict=True)}
    count = 0
    for side, own in sides.items():
        written: dict[str, list[str]] = {}
        for row in own:
            written.setdefault(row["raw_prompt"], []).append(row["prompt"])
        made = preference_rows(written, of_prompt, args.least_margin)
        write_rows(args.out / f"{side}.jsonl", made)
        count += len(made)
    return count


def option_parser() -> argparse.ArgumentParser:
    from .pictures import pipeline

    parser = options.new_parser(__doc__)
    add = parser.add_argument
    add("--data", type=Path, required=True, help="folder with train.jsonl and heldout.jsonl")
    add("--out", type=Path, required=True, help="folder for the same with scores; not the data folder itself")
    add("--limit", type=int, help="label so many rows of each file, and write only them")
    add("--restart", action="store_true", help="forget the scores of an earlier run")
    add("--keep-images", type=Path, metavar="FOLDER", help="write the pictures there as PNG")
    add("--device", help="default: cuda where there is a GPU, else cpu")
    pipeline.add_picture_options(parser, "--model", seeds=8, scorers=("pickscore", "aesthetic"))
    add_candidate_options(parser)
    add_cluster_options(parser)
    return parser


@dataclass(frozen=True)
class Settings:
    """What decides the scores of a row, and where it is worked on.

    pictures  model, steps, size and so on, as Pictures takes them
    """

    pictures: dict
    seeds: int
    scorers: tuple[str, ...]
    models_dir: Path | None
    batch_size: int
    device: str | None
    images: Path | None


def check(args: argparse.Namespace) -> Settings:
    """The settings that the options make. Raises ValueError for options that cannot work."""
    from .pictures import pipeline

    if args.data.resolve() == args.out.resolve():
        raise ValueError(f"--out must be another folder than --data, {args.data}: the rows there are its input")
    if args.seeds < 1:
        raise ValueError(f"--seeds must be 1 or more, not {args.seeds}")
    columns = [kind_of(spec).column for spec in args.scorers]
    if len(set(columns)) < len(columns):
        raise ValueError(f"--scorers names one twice: {' '.join(args.scorers)}")
    check_candidates(args, columns)
    pictures, scorers = pipeline.picture_settings(args, args.model), tuple(args.scorers)
    return Settings(pictures, args.seeds, scorers, args.models_dir, args.batch_size, args.device, args.keep_images)


def read_sides(args: argparse.Namespace) -> dict[str, list[dict]]:
    """The rows of train.jsonl and heldout.jsonl, of those that are there."""
    needed = ("raw_prompt",) if args.candidates else ("raw_prompt", "prompt")
    paths = {side: args.data / f"{side}.jsonl" for side in SIDES}
    sides = {side: read_jsonl(path, *needed)[: args.limit] for side, path in paths.items() if path.exists()}
    if not sides:
        raise FileNotFoundError(
            f"{args.data} has neither train.jsonl nor heldout.jsonl: collect, importer or tiny write such a folder"
        )
    return sides


def label_rows(
    settings: Settings, rows: list[Row], kept: Kept, with_ray: bool, say: Callable[[str], None] = print
) -> None:
    """Score the rows that have no scores yet, and keep every one's scores at once."""
    todo = list({row[0]: row for row in rows if kept.get(row[0]) is None}.values())
    drawn = settings.pictures
    say(
        f"{len(rows):,} rows, {len(rows) - len(todo):,} of them scored before or given twice; to be drawn: "
        f"{len(todo) * settings.seeds:,} pictures of {drawn['size']} x {drawn['size']} in {drawn['steps']} steps, by "
        f"{drawn['model']}"
    )
    if not todo:
        return
    with processes(with_ray) as workers:
        make, started = partial(Labeller, settings), time.monotonic()
        weights, *_ = workers.each(make, Labeller.weights, [None] * workers.count)
        say(
            f"{workers.count} process{'es' if workers.count > 1 else ''} with {weights / 2**20:,.0f} MB of weights, "
            f"besides what drawing {settings.batch_size} at once needs"
        )
        scored = workers.each(make, Labeller.label, todo)
        for count, (key, scores) in enumerate(tqdm(scored, desc="rows", total=len(todo)), 1):
            kept.put([((key,), scores)])
            # The first row takes longer, as everything is used for the first time; the next ones tell.
            if count == 1:
                started = time.monotonic()
            elif count == 1 + workers.count:
                say(time_left(len(todo) - count, settings.seeds, time.monotonic() - started, workers.count))


def time_left(rows: int, seeds: int, seconds: float, workers: int = 1) -> str:
    """How long the other rows will take, when each worker took so many seconds for one."""
    left = duration(rows * seconds / max(1, workers))
    return f"a row of {seeds} pictures takes {seconds:,.1f} s: about {left} for the other {rows:,} rows"


class Labeller:
    """The pipeline and the scorers, loaded once."""

    def __init__(self, settings: Settings):
        import torch

        from .pictures.pipeline import open_pictures
        from .pictures.scorers import open_scorer

        device = settings.device or ("cuda" if torch.cuda.is_available() else "cpu")
        self.settings, self.seeds = settings, list(range(settings.seeds))
        self.pictures = open_pictures(device=device, batch_size=settings.batch_size, **settings.pictures)
        self.scorers = {
            kind_of(spec).column: open_scorer(spec, settings.models_dir, device) for spec in settings.scorers
        }

    def weights(self, _: None = None) -> int:
        """Bytes of all weights that are loaded."""
        from .pictures.any_pipeline import weights_of

        networks = [scorer.network for scorer in self.scorers.values() if hasattr(scorer, "network")]
        own = sum(tensor.nbytes for network in networks for tensor in network.parameters())
        return own + weights_of(self.pictures.pipeline)

    def label(self, row: Row) -> tuple[str, Scores]:
        """The row's key, and the mean score over the seeds by column. Raises ValueError for a score that is no finite
        number."""
        key, raw_prompt, prompt = row
        images = self.pictures.draw([prompt], self.seeds)
        if self.settings.images:
            save_images(images, self.settings.images, key)
        scores = {}
        for column, scorer in self.scorers.items():
            scores[column] = scorer.score(images, raw_prompt, batch_size=self.settings.batch_size).mean().item()
            if not math.isfinite(scores[column]):
                raise ValueError(f"{column} of {prompt!r} is {scores[column]}: the pipeline or the scorer is damaged")
        return key, scores


def key_of_row(row: dict) -> str:
    """What a row's scores are kept under, and its pictures are called after."""
    return hashlib.sha256(json.dumps([row["raw_prompt"], row["prompt"]]).encode()).hexdigest()[:24]


def save_images(images, folder: Path, key: str) -> None:
    """Write [seeds, H, W, 3] pictures as FOLDER/<first two letters of key>/<key>-<seed>.png."""
    from PIL import Image

    place = folder / key[:2]
    place.mkdir(parents=True, exist_ok=True)
    for seed, image in enumerate((images * 255).round().byte().numpy()):
        with atomic_write(place / f"{key}-{seed}.png") as unfinished:
            Image.fromarray(image).save(unfinished)


if __name__ == "__main__":
    options.as_command("label", main)
