"""HPSv3 as a judge, where its authors' package is installed.

    --scorers hpsv3                    or hpsv3=HPSv3.safetensors, a file of its weights

HPSv3 (Ma et al. 2025, arXiv 2508.03789; github.com/MizzenAI/HPSv3, `pip install hpsv3`) is a vision model of 7 B
weights that says of a picture and a prompt how people's preference is spread: a mean and a deviation. The score is the
mean, as its authors take it. The package was written for a transformers older than this one's.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from .scores import save_picture

BATCH = 8  # pictures read at once


class HPSv3Judge:
    """The same interface as the scorers of beautifier/images.

    place   a file of its weights, safetensors; "" has the package fetch them

    Raises ImportError without the package, ValueError or FileNotFoundError for a file that is none.
    """

    def __init__(self, place: str, device: str):
        if place and not place.endswith(".safetensors"):
            raise ValueError(f"hpsv3={place} must be a file of safetensors: HPSv3.safetensors of MizzenAI/HPSv3")
        if place and not Path(place).is_file():
            raise FileNotFoundError(f"there is no file {place}: HPSv3.safetensors of MizzenAI/HPSv3 is expected")
        try:
            from hpsv3 import HPSv3RewardInferencer
        except ImportError as error:
            raise ImportError(
                f"hpsv3 cannot be used ({error}): pip install hpsv3, in an environment of its own where transformers "
                "is too new for it"
            ) from error
        self.judge = HPSv3RewardInferencer(checkpoint_path=place or None, device=device)

    @property
    def network(self) -> torch.nn.Module:
        """Its weights, for what is said of memory."""
        return self.judge.model

    def score(self, images: Tensor, prompts: str | Sequence[str], batch_size: int = BATCH) -> Tensor:
        """Scores float32 [images] of pictures float32 [images, height, width, 3] in 0..1 for a prompt, or for one
        each."""
        texts = [prompts] * len(images) if isinstance(prompts, str) else list(prompts)
        scores = []
        with tempfile.TemporaryDirectory(prefix="hpsv3-") as folder:  # it reads pictures from files
            for start in range(0, len(images), batch_size):
                some = images[start : start + batch_size]
                paths = [Path(folder) / f"{start + number}.png" for number in range(len(some))]
                for path, image in zip(paths, some, strict=True):
                    save_picture(path, image)
                # The order of its two arguments has changed once; their names have not.
                said = self.judge.reward(image_paths=list(map(str, paths)), prompts=texts[start : start + batch_size])
                scores.append(said[:, 0].float().cpu())
        return torch.cat(scores)
