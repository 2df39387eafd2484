"""Promptist's reward: pictures of a prompt, how beautiful they are, and whether they still show the raw prompt.

    r(x, y) = mean over pictures of [ (aes(img_y) - aes(img_x)) + min(20 * CLIP(img_y, x) - 5.6, 0) ]

(arXiv 2212.09611, section 2.2): aes is the LAION aesthetic score, CLIP the cosine of ViT-L/14 with the raw prompt x.
Relevance saturates at a cosine of 0.28. As in the released code there is no negative prompt, CLIP cuts prompts off, and
noise is new in every step; here the pictures of a step share it, img_x and img_y alike, which takes variance out of
their difference.

    --reward images --image-model CompVis/stable-diffusion-v1-4
"""

import argparse
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ...beautifier.language.sampling import mix64


class PromptistReward:
    """The reward as a function of raw prompts, prompts and the step of the run.

    draw       (prompts, seeds) -> pictures float32 [prompts * seeds, height, width, 3] in 0..1, all seeds of the
               first prompt, then all of the second one
    aesthetic, clip  scorers with score(images, prompts) -> float32 [images], as beautifier/images/scorers.py has them
    images     pictures of every prompt
    seed       of the run
    """

    def __init__(
        self, draw: Callable[[Sequence[str], Sequence[int]], Tensor], aesthetic, clip, images: int, seed: int = 0
    ):
        self.draw, self.aesthetic, self.clip, self.images, self.seed = draw, aesthetic, clip, images, seed

    def __call__(self, raw_prompts: Sequence[str], prompts: Sequence[str], step: int) -> list[float]:
        seeds, texts = seeds_of_step(self.images, step, self.seed), list(dict.fromkeys([*raw_prompts, *prompts]))
        images = self.draw(texts, seeds)
        place = {text: k for k, text in enumerate(texts)}
        beauty = self.aesthetic.score(images, "").view(len(texts), -1)
        before, after = (beauty[[place[text] for text in side]] for side in (raw_prompts, prompts))
        shown = images.unflatten(0, (len(texts), -1))[[place[prompt] for prompt in prompts]].flatten(0, 1)
        asked = [raw for raw in raw_prompts for _ in seeds]
        relevance = self.clip.score(shown, asked).view(len(prompts), -1)
        return promptist_reward(after, before, relevance).tolist()


def seeds_of_step(images: int, step: int, seed: int) -> list[int]:
    """The seeds of the pictures of every prompt of a step."""
    return [mix64(mix64(mix64(seed ^ 0x1A6E) + step) + k) % 2**63 for k in range(images)]


def promptist_reward(beauty: Tensor, before: Tensor, relevance: Tensor) -> Tensor:
    """The formula: float32 [prompts] of aesthetic scores with and without the detailed prompt and CLIP cosines, each
    float32 [prompts, pictures]."""
    return (beauty - before + (20 * relevance - 5.6).clamp(max=0)).mean(1)


def load_promptist_reward(args: argparse.Namespace, device: torch.device) -> PromptistReward:
    """The reward with a diffusers pipeline and scorers from their files, as the options of add_reward_options say.

    Raises ValueError without a model, and what Pictures and load_scorer raise.
    """
    from ..pictures.pipeline import open_pictures
    from ..pictures.scorers import open_scorer

    if not args.image_model:
        raise ValueError("--reward images needs --image-model: a diffusers folder, or a repository")
    aesthetic, clip = (open_scorer(spec, None, str(device)) for spec in args.scorers)
    pictures = open_pictures(
        args.image_model,
        device,
        steps=args.image_steps,
        size=args.image_size,
        negative_prompt=args.image_negative_prompt,
        sampler="dpm-solver",
        long_prompts=args.image_long_prompts,
    )
    return PromptistReward(pictures.draw, aesthetic, clip, args.images, args.seed)
