"""Choosing among scored images: what belongs to which image, which ones are best, and the table that says so.

Images, latents and masks come as ComfyUI's nodes hand them on: a list of items, each of which is a batch of one
or more. Here they are taken apart into single ones, so that index k is the same image everywhere. An index counts
from 0, as in ComfyUI's own nodes for batches.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch

# What to do where no image reaches the threshold.
KEEP_BEST, KEEP_NOTHING, STOP = "keep the best", "keep nothing", "stop with an error"
NONE_PASSES = (KEEP_BEST, KEEP_NOTHING, STOP)


def single_images(items: Sequence[Any]) -> list[list[torch.Tensor]]:
    """The images of each item, [height, width, channels] each.

    items   tensors [batch, height, width, channels], or [height, width, channels] for a single image; sizes may
            differ from item to item
    Raises ValueError where an item is anything else, or where there is no image at all.
    """
    images = [list(as_batch(item, 4, "image", "[batch, height, width, channels]")) for item in items]
    if not any(images):
        raise ValueError("there are no images: connect a node that gives at least one")
    return images


def single_masks(items: Sequence[Any]) -> list[list[torch.Tensor]]:
    """The masks of each item, [1, height, width] each, from tensors [batch, height, width] or [height, width]."""
    batches = (as_batch(item, 3, "mask", "[batch, height, width]") for item in items)
    return [list(batch.split(1)) for batch in batches]


def as_batch(item: Any, dimensions: int, what: str, shape: str) -> torch.Tensor:
    """A tensor with a batch dimension, of one with or without. Raises ValueError that names what was expected."""
    if isinstance(item, torch.Tensor) and item.ndim == dimensions - 1:
        item = item[None]
    if not isinstance(item, torch.Tensor) or item.ndim != dimensions:
        found = f"shape {list(item.shape)}" if isinstance(item, torch.Tensor) else type(item).__name__
        raise ValueError(f"this is no {what}: expected a tensor {shape}, found {found}")
    return item


def single_latents(items: Sequence[Any]) -> list[list[dict]]:
    """The latents of each item, as ComfyUI's LATENT dictionaries with a batch of one.

    items   dictionaries with "samples" [batch, ...] and, where they have them, "noise_mask" (one for all or one
            each; fewer are repeated, as ComfyUI's sampler does) and "batch_index"; other entries stay as they are
    """
    return [latents_of(item) for item in items]


def latents_of(latent: Any) -> list[dict]:
    """A latent for each of a batch, each with its noise mask and the place its noise was drawn for."""
    if not isinstance(latent, dict) or "samples" not in latent:
        raise ValueError(f"this is no latent: expected a dictionary with samples, found {type(latent).__name__}")
    samples, masks = latent["samples"], latent.get("noise_mask")
    # Which place in the batch the noise was drawn for: with it, sampling a single one again gives the same.
    places = latent.get("batch_index", range(len(samples)))
    singles = []
    for k in range(len(samples)):
        single = {**latent, "samples": samples[k : k + 1], "batch_index": [places[k]]}
        if masks is not None:
            single["noise_mask"] = masks[k % len(masks)][None]
        singles.append(single)
    return singles


def flat(items: Sequence[Sequence[Any]]) -> list:
    """The single ones of all items in one list."""
    return [single for item in items for single in item]


def one_for_each(values: Sequence[Any], images: Sequence[Sequence[Any]], what: str) -> list:
    """A value for each image, from one for all, one for each image, or one for each item (a batch of images).

    values  what was given, such as prompts
    images  the images of each item
    what    the name of a value, for the error
    Raises ValueError, with both counts, where none of the three fits.
    """
    total = sum(map(len, images))
    if len(values) == 1:
        return list(values) * total
    if len(values) == total:
        return list(values)
    if len(values) == len(images):
        return [value for value, item in zip(values, images, strict=True) for _ in item]
    batches = f" in {len(images)} batches" if len(images) != total else ""
    raise ValueError(
        f"there are {len(values)} {what}s for {total} images{batches}: give one for all, or one for each image"
    )


def check_count(values: Sequence[Any], total: int, what: str) -> None:
    """Raise ValueError, with both counts, unless there is one of `values` for each of `total` images."""
    if len(values) != total:
        raise ValueError(
            f"there are {len(values)} {what} for {total} images: connect those of the same images, one for each"
        )


def checked_scores(scores: Sequence[Any]) -> list[float]:
    """The scores as floats. Raises ValueError where one is no number, or is infinite or NaN."""
    for k, score in enumerate(scores):
        if isinstance(score, bool) or not isinstance(score, (int, float)) or not math.isfinite(score):
            raise ValueError(f"the score at index {k} is {score!r}: expected a finite number")
    return [float(score) for score in scores]


def same_prompt(prompts: Sequence[str]) -> list[list[int]]:
    """The indices of the images of each prompt: prompts in the order of their first image."""
    groups: dict[str, list[int]] = {}
    for k, prompt in enumerate(prompts):
        groups.setdefault(prompt, []).append(k)
    return list(groups.values())


def ranked(scores: Sequence[float], among: Sequence[int] | None = None) -> list[int]:
    """The indices of the images (all, or those in `among`), highest score first; of equals the earlier first."""
    indices = range(len(scores)) if among is None else sorted(among)
    return sorted(indices, key=lambda k: -scores[k])


def pick(
    scores: Sequence[float],
    top_k: int = 1,
    threshold: float | None = None,
    none_passes: str = KEEP_BEST,
    prompts: Sequence[str] | None = None,
) -> list[int]:
    """The indices of the images to keep: the best `top_k`, highest score first.

    scores       one for each image
    top_k        how many to keep at most; 0 is all
    threshold    keep only images whose score is at least this; None lets all pass. It is compared with the score
                 itself, not with a probability, so it means the same however many images there are
    none_passes  where no image reaches the threshold: KEEP_BEST keeps the one that comes nearest, KEEP_NOTHING
                 keeps none, STOP raises ValueError
    prompts      one for each image: all the above for the images of each prompt by themselves, in the order of the
                 prompts; None takes all images together
    """
    groups = [list(range(len(scores)))] if prompts is None else same_prompt(prompts)
    return flat([pick_among(scores, group, top_k, threshold, none_passes) for group in groups])


def pick_among(
    scores: Sequence[float], among: list[int], top_k: int, threshold: float | None, none_passes: str
) -> list[int]:
    """Indices of the images to keep of those in `among`, best first; arguments and errors as for pick()."""
    order = ranked(scores, among)
    passing = [k for k in order if threshold is None or scores[k] >= threshold]
    if passing:
        return passing[: top_k or None]
    if none_passes == STOP:
        raise ValueError(
            f"no image reaches the threshold {threshold:g}: the highest of {len(order)} scores is "
            f"{scores[order[0]]:.4g} (index {order[0]}). Make more images, lower the threshold, or choose "
            f'another none_passes than "{STOP}"'
        )
    return order[:1] if none_passes == KEEP_BEST else []


def with_choice(kept: list[int], choice: int, prompts: Sequence[str] | None = None) -> list[int]:
    """The indices to keep where a person chose an image: that one first, in the place of the last of its prompt.

    kept     what pick() keeps
    prompts  one for each image; None takes all images together
    """
    others = [k for k in kept if k != choice]
    same = [k for k in others if prompts is None or prompts[k] == prompts[choice]]
    if choice not in kept and same:
        others.remove(same[-1])
    return [choice, *others]


def probabilities(
    scores: torch.Tensor, prompts: Sequence[str], softmax: Callable[[torch.Tensor], torch.Tensor]
) -> torch.Tensor:
    """How likely each image is to be preferred among those of the same prompt, which sum to 1; float32 [images].

    scores   float [images]
    prompts  one for each image
    softmax  the scorer's own: from the scores of one prompt's images to their probabilities
    """
    result = torch.zeros(len(scores))
    for group in same_prompt(prompts):
        result[group] = softmax(scores[group])
    return result


def table(scores: Sequence[float], shares: Sequence[float], indices: Sequence[int], decimals: int) -> str:
    """A table to read of the images `indices`: index, score, probability, the best one marked.

    scores, shares  the score and the probability of every image, also of those that are not in the table
    """
    best = ranked(scores, indices)[0]
    lines = [f"{'index':>5}  {'score':>10}  {'probability':>11}"]
    for k in indices:
        mark = "  best" if k == best else ""
        lines.append(f"{k:>5}  {scores[k]:>10.{decimals}f}  {100 * shares[k]:>9.1f} %{mark}")
    return "\n".join(lines)
