"""Promptist's reward: pictures of a prompt, how beautiful they are, and whether they still show the raw prompt.

    r(x, y) = mean over pictures of [ (aes(img_y) - aes(img_x)) + min(20 * CLIP(img_y, x) - 5.6, 0) ]

(arXiv 2212.09611, section 2.2): aes is the LAION aesthetic score, CLIP the cosine of ViT-L/14 with the raw prompt x.
Relevance saturates at a cosine of 0.28. img_x and img_y are drawn with the same seeds.

    --reward images --image-model stable-diffusion-v1-5/stable-diffusion-v1-5
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


class PromptistReward:
    """The reward as a function of raw prompts and prompts.

    draw       (prompts, seeds) -> pictures float32 [prompts * seeds, height, width, 3] in 0..1, all seeds of the
               first prompt, then all of the second one
    aesthetic, clip  scorers with score(images, prompts) -> float32 [images], as beautifier/scorers.py has them
    seeds      of the pictures of every prompt
    """

    def __init__(self, draw: Callable[[Sequence[str], Sequence[int]], Tensor], aesthetic, clip, seeds: Sequence[int]):
        self.draw, self.aesthetic, self.clip, self.seeds = draw, aesthetic, clip, list(seeds)
        self.plain: dict[str, Tensor] = {}  # aesthetic scores of raw prompts, float32 [seeds]: they come up again

    def __call__(self, raw_prompts: Sequence[str], prompts: Sequence[str]) -> list[float]:
        new = [raw for raw in dict.fromkeys(raw_prompts) if raw not in self.plain]
        if new:
            scores = self.aesthetic.score(self.draw(new, self.seeds), "")
            self.plain.update(zip(new, scores.view(len(new), -1), strict=True))
        images = self.draw(list(prompts), self.seeds)
        beauty = self.aesthetic.score(images, "").view(len(prompts), -1)
        asked = [raw for raw in raw_prompts for _ in self.seeds]
        relevance = self.clip.score(images, asked).view(len(prompts), -1)
        before = torch.stack([self.plain[raw] for raw in raw_prompts])
        return promptist_reward(beauty, before, relevance).tolist()


def promptist_reward(beauty: Tensor, before: Tensor, relevance: Tensor) -> Tensor:
    """The formula: float32 [prompts] of aesthetic scores with and without the detailed prompt and CLIP cosines, each
    float32 [prompts, pictures]."""
    return (beauty - before + (20 * relevance - 5.6).clamp(max=0)).mean(1)


def load_promptist_reward(
    model: str | None, images: int, steps: int, size: int, scorers: Sequence[str], device: torch.device
) -> PromptistReward:
    """The reward with a diffusers pipeline and scorers from their files.

    model    a diffusers folder or repository of Stable Diffusion
    scorers  the aesthetic scorer and the CLIP score, each as NAME (its files are looked for, or downloaded) or
             NAME=FOLDER

    Raises ValueError without a model, and what Pictures and load_scorer raise.
    """
    from ..pictures.pipeline import Pictures
    from ..pictures.scores import open_scorer

    if not model:
        raise ValueError("--reward images needs --image-model: a diffusers folder, or a repository")
    aesthetic, clip = (open_scorer(spec, None, str(device)) for spec in scorers)
    pictures = Pictures(model, device, steps, size, sampler="dpm-solver")
    return PromptistReward(pictures.draw, aesthetic, clip, range(images))
