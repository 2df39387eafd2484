"""Pictures of prompts and their scores, kept by what they are of: nothing is drawn or scored twice.

A picture belongs to its prompt and its seed, a score to the picture and the raw prompt it is judged against. A run that
was stopped, or one with more methods, seeds or scorers, does what is missing.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from ..run.kept import Kept
from ..run.processes import Here, Spread, numbers
from .pipeline import Pictures

AT_ONCE = 16  # pictures in memory while they are scored

Judged = tuple[str, str, int]  # raw prompt, prompt, seed


def picture_name(prompt: str, seed: int) -> str:
    """The name of a picture's file, without suffix."""
    return f"{hashlib.sha256(prompt.encode()).hexdigest()[:20]}-{seed}"


def check_settings(folder: Path, settings: dict) -> None:
    """Note how the pictures of a folder are drawn; ValueError where those that are there were drawn otherwise."""
    path = folder / "settings.json"
    folder.mkdir(parents=True, exist_ok=True)
    if path.exists():
        before = json.loads(path.read_text(encoding="utf-8"))
        other = [name for name in settings if before.get(name) != settings[name]]
        if other:
            raise ValueError(
                f"{folder} has pictures drawn with {other[0]} {before.get(other[0])!r}, not {settings[other[0]]!r}: "
                "give another --out, or the same settings"
            )
    path.write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")


def draw_missing(
    folder: Path,
    prompts: Iterable[str],
    seeds: Sequence[int],
    pictures: Callable[[], Pictures],
    at_once: int,
    workers: Here | Spread | None = None,
) -> int:
    """Draw every prompt with every seed where that picture is not there; how many were drawn.

    pictures  makes the pipeline, and is asked only when there is something to draw
    at_once   prompts given to the pipeline together
    workers   who draws; default: this process. All must see the folder under the same path
    """
    missing: dict[tuple[int, ...], list[str]] = {}
    for prompt in dict.fromkeys(prompts):
        lacking = tuple(seed for seed in seeds if not (folder / f"{picture_name(prompt, seed)}.png").exists())
        if lacking:
            missing.setdefault(lacking, []).append(prompt)
    total = sum(len(lacking) * len(lack) for lacking, lack in missing.items())
    print(f"{total:,} pictures to draw", flush=True)
    parts = [
        (lack[start : start + at_once], lacking)
        for lacking, lack in missing.items()
        for start in range(0, len(lack), at_once)
    ]
    with tqdm(total=total, desc="drawing", unit=" pictures", disable=None) as bar:
        for count in (workers or Here()).each(pictures, partial(draw_part, folder.resolve()), parts, numbers()):
            bar.update(count)
    return total


def draw_part(folder: Path, pipeline: Pictures, part: tuple[list[str], tuple[int, ...]]) -> int:
    """Write the pictures of some prompts, each with each of some seeds; how many."""
    prompts, seeds = part
    names = [picture_name(prompt, seed) for prompt in prompts for seed in seeds]
    for name, image in zip(names, pipeline.draw(prompts, seeds), strict=True):
        save_picture(folder / f"{name}.png", image)
    return len(names)


def save_picture(path: Path, image: torch.Tensor) -> None:
    """Write a picture [H, W, 3] in 0..1 as PNG: what is scored later is what is there now."""
    from PIL import Image

    part = path.with_suffix(".part")
    Image.fromarray((image.clamp(0, 1) * 255).round().to(torch.uint8).numpy()).save(part, format="PNG")
    part.replace(path)


def read_picture(path: Path) -> torch.Tensor:
    """A picture as float32 [H, W, 3] in 0..1."""
    from PIL import Image

    with Image.open(path) as image:
        return torch.from_numpy(np.asarray(image.convert("RGB")).copy()).float() / 255


def score_missing(
    kept: Kept,
    spec: str,
    wanted: Iterable[Judged],
    pictures: Path,
    scorer: Callable,
    workers: Here | Spread | None = None,
) -> dict[Judged, float]:
    """The score of every wanted picture against its raw prompt; one that is kept is not scored again.

    spec      NAME or NAME=FOLDER of the scorer, under which its scores are kept
    pictures  folder of draw_missing
    scorer    makes the scorer, and is asked only when there is something to score
    workers   who scores; default: this process
    """
    wanted = list(dict.fromkeys(wanted))
    missing = [judged for judged in wanted if kept.get(spec, *judged) is None]
    parts = [missing[start : start + AT_ONCE] for start in range(0, len(missing), AT_ONCE)]
    scored = (workers or Here()).each(scorer, partial(score_part, pictures.resolve()), parts, numbers())
    for scores in tqdm(scored, desc=spec, unit=" batches", total=len(parts), disable=None if parts else True):
        kept.put(((spec, *judged), score) for judged, score in scores)
    return {judged: kept.get(spec, *judged) for judged in wanted}


def score_part(pictures: Path, scorer, part: list[Judged]) -> list[tuple[Judged, float]]:
    """Some pictures with their scores."""
    images = [read_picture(pictures / f"{picture_name(prompt, seed)}.png") for _, prompt, seed in part]
    return list(zip(part, scorer.score(images, [raw for raw, _, _ in part]).tolist(), strict=True))


def save_for_page(pictures: Path, page: Path, names: Iterable[str]) -> None:
    """The pictures of a page: smaller, as JPEG, and only those that are not there.

    names  paths of the JPEG files, relative to the folder `page`; each is made of the PNG of its name in `pictures`
    """
    from PIL import Image

    for path in {page / name for name in names}:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(".part")
            with Image.open(pictures / f"{path.stem}.png") as image:
                image.convert("RGB").save(part, format="JPEG", quality=85)
            part.replace(path)
