"""Reward functions by their names on the command line, alone or as a weighted sum.

    --reward runs/reward                       a reward folder (training/reward.py makes it), or "embedded"
    --reward my_rewards:likes_cats             def likes_cats(raw_prompts, prompts) -> a number for each pair
    --reward images                            pictures are made and scored (Promptist; promptist_reward.py)
    --reward runs/reward my_rewards:short --reward-weights 1.0 0.2

A reward function takes two lists of strings of one length, the raw prompts and the prompts as a user would see them,
and returns a sequence of finite numbers, higher is better. A module is found as Python finds any: in the working
directory, or installed.
"""

import argparse
import importlib
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

# (raw prompts, prompts, step of the run) -> a number for each pair. The step decides the noise of pictures.
RewardFunction = Callable[[list[str], list[str], int], Sequence[float]]


def add_reward_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("reward").add_argument
    named = "a reward folder, module:function, or images"
    add("--reward", nargs="+", required=True, metavar="NAME", help=named)
    add("--reward-weights", nargs="+", type=float, metavar="X", help="one for each --reward; default: all 1")
    add("--alpha", type=float, help="weight of the first of a reward folder's two terms")
    add("--image-model", help="for images: a diffusers folder or repository")
    add("--images", type=int, default=2, help="for images: pictures a prompt")
    add("--image-steps", type=int, default=20, help="for images: steps of DPM-Solver")
    add("--image-size", type=int, default=512, help="for images: width and height in pixels")
    add("--image-negative-prompt", default="", help="for images: what the guidance leads away from; default: nothing")
    whole = "for images: encode the whole prompt; else CLIP cuts it off after 75 tokens"
    add("--image-long-prompts", action=argparse.BooleanOptionalAction, default=False, help=whole)
    scorers = "for images: found or downloaded by name, or aesthetic=FOLDER clip-score=FOLDER"
    add("--scorers", nargs=2, default=["aesthetic", "clip-score"], metavar="NAME", help=scorers)


def load_reward(args: argparse.Namespace, device: torch.device) -> RewardFunction:
    """The reward function that the options of add_reward_options name, checked on every call.

    Raises ValueError or FileNotFoundError that names the option it cannot work with.
    """
    weights = args.reward_weights or [1.0] * len(args.reward)
    if len(weights) != len(args.reward):
        raise ValueError(f"there are {len(args.reward)} --reward and {len(weights)} --reward-weights")
    functions = [_load_one(name, args, device) for name in args.reward]

    def reward(raw_prompts: list[str], prompts: list[str], step: int = -1) -> list[float]:
        total = [0.0] * len(prompts)
        if not prompts:
            return total
        for name, weight, function in zip(args.reward, weights, functions, strict=True):
            for k, value in enumerate(checked_rewards(name, function(raw_prompts, prompts, step), len(prompts))):
                total[k] += weight * value
        return total

    return reward


def checked_rewards(name: str, values: Sequence[float], count: int) -> list[float]:
    """What a reward function returned, as floats. Raises ValueError where it is not a finite number for each pair."""
    if isinstance(values, torch.Tensor):
        values = values.tolist()
    values = [float(value) for value in values]
    if len(values) != count:
        raise ValueError(f"the reward {name!r} returned {len(values)} numbers for {count} prompts")
    if not all(map(math.isfinite, values)):
        raise ValueError(f"the reward {name!r} returned a number that is not finite: {values}")
    return values


def _load_one(name: str, args: argparse.Namespace, device: torch.device) -> RewardFunction:
    if name == "images":
        from .promptist_reward import load_promptist_reward

        return load_promptist_reward(args, device)
    if name == "embedded" or Path(name).is_dir():
        from ...beautifier.rewards.model import load_reward_model

        model = load_reward_model(name, device=device, dtype=torch.float32, alpha=args.alpha)
        return whatever_the_step(model.score)
    module, colon, function = name.partition(":")
    if not colon:
        raise FileNotFoundError(
            f"--reward {name!r} is no folder: give a reward folder, 'embedded', module:function, or images"
        )
    try:
        found = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"--reward {name!r} cannot be imported: {error}") from error
    if not callable(found):
        raise ValueError(f"--reward {name!r} is a {type(found).__name__}, not a function")
    return whatever_the_step(found)


def whatever_the_step(function: Callable[[list[str], list[str]], Sequence[float]]) -> RewardFunction:
    """A function of texts alone as a reward function."""
    return lambda raw_prompts, prompts, step: function(raw_prompts, prompts)
