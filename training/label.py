"""Label training pairs with what image scorers say of the pictures that their prompts make.

Of every row the detailed prompt is drawn for a number of seeds (8, as in BeautifulPrompt, section 3.3), each picture
is scored, and the means over the seeds become columns of the row: PickScore is judged against the raw prompt, the
aesthetic score sees the picture alone. These columns are what the reward models learn.

    python -m prompt_beautifier.training.label --data runs/pairs --out runs/labelled

Defaults are the published ones: SD v1.5, Euler ancestral, 20 steps, 512 x 512, one fixed negative prompt, prompts
encoded whole. Every GPU gets a process of its own (Ray); without GPUs there is one, and a row takes many minutes.
Every score is written to OUT/scores/scores.jsonl at once: a run that was stopped, or killed, goes on with the same
command and loses no more than the rows in work. At the end OUT/train.jsonl and OUT/heldout.jsonl are the rows of the
data folder with their scores, in the same order.
"""

import argparse
import hashlib
import json
import math
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from .run import options
from .run.cluster import actors, add_options, cluster
from .run.parts import Manifest, write_rows, written
from .run.rows import read_jsonl

SIDES = ("train", "heldout")
# The column of a scorer; the published data has the names of the first three.
COLUMNS = {
    "pickscore": "pick_score",
    "aesthetic": "aesthetic_score",
    "imagereward": "image_reward",
    "clip-score": "clip_score",
    "hps-v2.1": "hps_score",
}


# -- one row


@dataclass(frozen=True)
class Settings:
    """What decides the scores of a row, and where it is worked on."""

    model: str
    steps: int
    size: int
    guidance: float
    negative_prompt: str
    sampler: str
    long_prompts: bool
    seeds: int
    scorers: tuple[str, ...]
    models_dir: Path | None
    batch_size: int
    device: str | None
    images: Path | None


class Labeller:
    """The pipeline and the scorers, loaded once."""

    def __init__(self, settings: Settings):
        import torch

        from .pictures.pipeline import Pictures
        from .pictures.scores import open_scorer

        device = settings.device or ("cuda" if torch.cuda.is_available() else "cpu")
        self.settings, self.seeds = settings, list(range(settings.seeds))
        self.pictures = Pictures(
            settings.model,
            device,
            settings.steps,
            settings.size,
            settings.guidance,
            settings.negative_prompt,
            settings.sampler,
            settings.long_prompts,
            settings.batch_size,
        )
        self.scorers = {column_of(spec): open_scorer(spec, settings.models_dir, device) for spec in settings.scorers}

    def weights(self) -> int:
        """Bytes of all weights that are loaded."""
        pipeline = self.pictures.pipeline
        networks = [pipeline.unet, pipeline.vae, pipeline.text_encoder]
        networks += [scorer.network for scorer in self.scorers.values()]
        return sum(tensor.nbytes for network in networks for tensor in network.parameters())

    def label(self, raw_prompt: str, prompt: str) -> dict[str, float]:
        """The mean score over the seeds, by column. Raises ValueError for a score that is no finite number."""
        images = self.pictures.draw([prompt], self.seeds)
        if self.settings.images:
            save_images(images, self.settings.images, key_of(raw_prompt, prompt))
        found = {}
        for column, scorer in self.scorers.items():
            found[column] = scorer.score(images, raw_prompt, batch_size=self.settings.batch_size).mean().item()
            if not math.isfinite(found[column]):
                raise ValueError(f"{column} of {prompt!r} is {found[column]}: the pipeline or the scorer is damaged")
        return found


def column_of(spec: str) -> str:
    """The column of a scorer that is given as NAME or NAME=FOLDER."""
    name = spec.partition("=")[0]
    if name not in COLUMNS:
        raise ValueError(f"there is no scorer {name!r}: one of {', '.join(COLUMNS)}")
    return COLUMNS[name]


def key_of(raw_prompt: str, prompt: str) -> str:
    """What a row's scores are filed under."""
    return hashlib.sha256(json.dumps([raw_prompt, prompt]).encode()).hexdigest()[:24]


def key_of_row(row: dict) -> str:
    return key_of(row["raw_prompt"], row["prompt"])


def save_images(images, folder: Path, key: str) -> None:
    """Write [seeds, H, W, 3] pictures as FOLDER/<first two letters of key>/<key>-<seed>.png."""
    from PIL import Image

    place = folder / key[:2]
    place.mkdir(parents=True, exist_ok=True)
    for seed, image in enumerate((images * 255).round().byte().numpy()):
        with written(place / f"{key}-{seed}.png") as unfinished:
            Image.fromarray(image).save(unfinished)


# -- scores on disk


class Scores:
    """The scores of rows by key, in a file that a line is added to for every row."""

    def __init__(self, path: Path):
        self.by_key: dict[str, dict[str, float]] = {}
        if path.exists():
            text = path.read_bytes()
            whole = text[: text.rfind(b"\n") + 1]
            if len(whole) < len(text):  # the line that was being written when the run was killed
                os.truncate(path, len(whole))
            for line in whole.splitlines():
                scores = json.loads(line)
                self.by_key[scores.pop("key")] = scores
        self.file = open(path, "a", encoding="utf-8")  # noqa: SIM115 (open for the whole run)

    def add(self, key: str, scores: dict[str, float]) -> None:
        """Keep the scores of a row; when this returns, they are on the disk."""
        self.by_key[key] = scores
        self.file.write(json.dumps({"key": key, **scores}) + "\n")
        self.file.flush()
        os.fsync(self.file.fileno())

    def close(self) -> None:
        self.file.close()


# -- all rows

Row = tuple[str, str, str]  # key, raw prompt, prompt


def labelled(
    settings: Settings, rows: Iterable[Row], with_ray: bool, say: Callable[[str], None] = print
) -> Iterator[tuple[str, dict[str, float]]]:
    """Key and scores of every row as it is done: by one actor a GPU with Ray, else here."""
    if not with_ray:
        labeller = Labeller(settings)
        say(
            f"{labeller.weights() / 2**20:,.0f} MB of weights, besides what drawing {settings.batch_size} at once needs"
        )
        for key, raw_prompt, prompt in rows:
            yield key, labeller.label(raw_prompt, prompt)
        return
    import ray

    resources = actors()
    count = resources.pop("concurrency")
    workers = [ray.remote(Labeller).options(**resources).remote(settings) for _ in range(count)]
    waiting, running = iter(rows), {}

    def start(worker) -> None:
        row = next(waiting, None)
        if row is not None:
            running[worker.label.remote(row[1], row[2])] = (row[0], worker)

    try:
        weights = ray.get([worker.weights.remote() for worker in workers])[0]
        say(
            f"{count} processes; each has {weights / 2**20:,.0f} MB of weights, besides what drawing "
            f"{settings.batch_size} at once needs"
        )
        for worker in workers:
            start(worker)
            start(worker)  # one row ahead, so that no GPU waits for this process
        while running:
            (done, *_), _ = ray.wait(list(running))
            key, worker = running.pop(done)
            start(worker)
            yield key, ray.get(done)
    except ray.exceptions.RayTaskError as error:
        raise error.as_instanceof_cause() from None
    finally:
        for worker in workers:
            ray.kill(worker)


def estimate(rows: int, seeds: int, seconds: float, workers: int = 1) -> str:
    """How long it will take, after the first row took so many seconds."""
    hours = rows * seconds / max(1, workers) / 3600
    time_left = f"{hours:,.1f} hours" if hours >= 1 else f"{hours * 60:,.1f} minutes"
    return f"a row of {seeds} pictures takes {seconds:,.1f} s: about {time_left} for the other {rows:,} rows"


def label_rows(
    settings: Settings, rows: list[Row], scores: Scores, with_ray: bool, say: Callable[[str], None] = print
) -> None:
    """Score the rows that have no scores yet, and keep every one's scores at once."""
    todo = list({row[0]: row for row in rows if row[0] not in scores.by_key}.values())
    pictures = len(todo) * settings.seeds
    say(
        f"{len(rows):,} rows, {len(rows) - len(todo):,} of them scored before or given twice; to be drawn: "
        f"{pictures:,} pictures of {settings.size} x {settings.size} in {settings.steps} steps, by {settings.model}"
    )
    if not todo:
        return
    workers = actors()["concurrency"] if with_ray else 1
    started = time.monotonic()
    done = labelled(settings, todo, with_ray, say)
    for count, (key, found) in enumerate(tqdm(done, desc="rows", total=len(todo)), 1):
        scores.add(key, found)
        # The first row takes longer, as everything is used for the first time; the next ones tell.
        if count == 1:
            started = time.monotonic()
        elif count == 1 + workers:
            say(estimate(len(todo) - count, settings.seeds, time.monotonic() - started, workers))


def write_labelled(out: Path, sides: dict[str, list[dict]], scores: Scores) -> None:
    """OUT/<side>.jsonl with the scores in the rows."""
    for side, rows in sides.items():
        write_rows(out / f"{side}.jsonl", ({**row, **scores.by_key[key_of_row(row)]} for row in rows))


# -- the command


def parser() -> argparse.ArgumentParser:
    from .pictures.pipeline import MODEL, NEGATIVE_PROMPT, SAMPLERS

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--data", type=Path, required=True, help="folder with train.jsonl and heldout.jsonl")
    add("--out", type=Path, required=True, help="folder for the same with scores; not the data folder itself")
    add("--limit", type=int, help="label so many rows of each file, and write only them")
    add("--restart", action="store_true", help="forget the scores of an earlier run")
    add("--keep-images", type=Path, metavar="FOLDER", help="write the pictures there as PNG")
    add = parser.add_argument_group("pictures").add_argument
    add("--model", default=MODEL, help="Stable Diffusion 1.x or 2.x: a diffusers folder or repository")
    add("--seeds", type=int, default=8, help="pictures of a prompt; their seeds are 0, 1, 2, ...")
    add("--steps", type=int, default=20)
    add("--size", type=int, default=512, help="height and width in pixels")
    add("--guidance", type=float, default=7.5)
    add("--negative-prompt", default=NEGATIVE_PROMPT)
    add("--sampler", choices=SAMPLERS, default="euler-ancestral")
    add(
        "--long-prompts",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="encode the whole prompt; else CLIP cuts it off after 75 tokens",
    )
    add("--batch-size", type=int, default=8, help="pictures drawn and scored at once")
    add("--device", help="default: cuda where there is a GPU, else cpu")
    add = parser.add_argument_group("scorers").add_argument
    add(
        "--scorers",
        nargs="+",
        default=["pickscore", "aesthetic"],
        metavar="NAME[=FOLDER]",
        help=f"of {', '.join(COLUMNS)}; without FOLDER its files are looked for, else downloaded",
    )
    add("--models-dir", type=Path, help="where downloaded scorers are kept")
    add_options(parser)
    return parser


def main(argv: list[str] | None = None) -> None:
    args = options.parse(parser(), argv)
    if args.data.resolve() == args.out.resolve():
        raise ValueError(f"--out must be another folder than --data, {args.data}: the rows there are its input")
    if args.seeds < 1:
        raise ValueError(f"--seeds must be 1 or more, not {args.seeds}")
    settings = Settings(
        args.model,
        args.steps,
        args.size,
        args.guidance,
        args.negative_prompt,
        args.sampler,
        args.long_prompts,
        args.seeds,
        tuple(args.scorers),
        args.models_dir,
        args.batch_size,
        args.device,
        args.keep_images,
    )
    columns = [column_of(spec) for spec in settings.scorers]
    if len(set(columns)) < len(columns):
        raise ValueError(f"--scorers names one twice: {' '.join(settings.scorers)}")
    sides = {
        side: read_jsonl(args.data / f"{side}.jsonl", "raw_prompt", "prompt")[: args.limit]
        for side in SIDES
        if (args.data / f"{side}.jsonl").exists()
    }
    if not sides:
        raise FileNotFoundError(f"{args.data} has neither train.jsonl nor heldout.jsonl")
    same_pictures = (
        "model",
        "steps",
        "size",
        "guidance",
        "negative_prompt",
        "sampler",
        "long_prompts",
        "seeds",
    )
    described = {name: getattr(settings, name) for name in same_pictures}
    Manifest(args.out / "scores", {**described, "scorers": list(settings.scorers)}, args.restart)
    scores = Scores(args.out / "scores" / "scores.jsonl")
    rows = [(key_of_row(row), row["raw_prompt"], row["prompt"]) for found in sides.values() for row in found]
    with closing(scores), cluster(args.workers, args.address) as with_ray:
        label_rows(settings, rows, scores, with_ray)
    write_labelled(args.out, sides, scores)
    if (args.data / "name_words.txt").exists():
        shutil.copyfile(args.data / "name_words.txt", args.out / "name_words.txt")
    for column in columns:
        found = [scores.by_key[key][column] for key, _, _ in rows]
        print(f"{column}: mean {sum(found) / len(found):.4f}, least {min(found):.4f}, most {max(found):.4f}")
    print(f"{len(rows):,} rows with {', '.join(columns)} in {args.out}")


if __name__ == "__main__":
    try:
        main()
    except (ImportError, OSError, RuntimeError, ValueError) as problem:
        sys.exit(f"label: {problem}")
