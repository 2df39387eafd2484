"""Pictures by any text-to-image pipeline of diffusers: SDXL, Stable Diffusion 3.5, Flux, Qwen-Image, Z-Image, others.

They read a prompt by encoders of their own, whose length each says itself, and draw with the scheduler that they were
published with. What pipeline.py does for Stable Diffusion 1.x and 2.x (long prompts, weights, a chosen sampler) is not
for them. Each picture has a random generator of its own on the CPU.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence

import torch
from torch import Tensor

# What pipelines call the strength of guidance by a negative prompt; the first that one has is used. Where there is
# "true_cfg_scale", "guidance_scale" is told to the network instead, and has a default of its own.
GUIDANCE = ("true_cfg_scale", "guidance_scale")


class AnyPictures:
    """Draws pictures of prompts; the same interface as Pictures.

    pipeline         of diffusers, on its device
    guidance         strength of guidance by the negative prompt; 1 or less is none
    negative_prompt  for pipelines that have one
    """

    def __init__(self, pipeline, steps: int, size: int, guidance: float, negative_prompt: str, batch_size: int):
        self.pipeline, self.steps, self.size, self.batch_size = pipeline, steps, size, batch_size
        known = inspect.signature(pipeline.__call__).parameters
        if "prompt" not in known or "num_inference_steps" not in known:
            raise ValueError(f"{type(pipeline).__name__} takes no prompt and steps: it draws no pictures of texts")
        self.more: dict[str, object] = {}
        named = next((name for name in GUIDANCE if name in known), None)
        if named:
            self.more[named] = guidance
        self.negative = negative_prompt if negative_prompt and "negative_prompt" in known and guidance > 1 else None

    @torch.inference_mode()
    def draw(self, prompts: Sequence[str], seeds: Sequence[int]) -> Tensor:
        """A picture of every prompt for every seed: float32 [prompts * seeds, size, size, 3] in 0..1 on the CPU, all
        seeds of the first prompt, then all of the second one. Raises ValueError where there is no prompt or no seed."""
        if not prompts or not seeds:
            raise ValueError(f"{len(prompts)} prompts and {len(seeds)} seeds: there must be one of each at least")
        wanted = [(prompt, seed) for prompt in prompts for seed in seeds]
        parts = [
            self._draw_batch(wanted[start : start + self.batch_size])
            for start in range(0, len(wanted), self.batch_size)
        ]
        return torch.cat(parts)

    def _draw_batch(self, wanted: list[tuple[str, int]]) -> Tensor:
        """Pictures [n, size, size, 3] of n prompts with their seeds."""
        negative = {} if self.negative is None else {"negative_prompt": [self.negative] * len(wanted)}
        result = self.pipeline(
            prompt=[prompt for prompt, _ in wanted],
            height=self.size,
            width=self.size,
            num_inference_steps=self.steps,
            generator=[torch.Generator("cpu").manual_seed(seed) for _, seed in wanted],
            output_type="pt",
            **self.more,
            **negative,
        )
        return result.images.permute(0, 2, 3, 1).float().cpu().clamp(0, 1)


def load_any(model: str, dtype: torch.dtype):
    """The text-to-image pipeline of a diffusers folder or repository. Raises ValueError where diffusers knows none."""
    import diffusers

    try:
        pipeline = diffusers.AutoPipelineForText2Image.from_pretrained(model, torch_dtype=dtype, use_safetensors=True)
    except ValueError as error:
        raise ValueError(f"{model} has no pipeline that diffusers makes pictures of texts with: {error}") from error
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def weights_of(pipeline) -> int:
    """Bytes of all networks of a pipeline."""
    networks = [part for part in pipeline.components.values() if isinstance(part, torch.nn.Module)]
    return sum(tensor.nbytes for network in networks for tensor in network.parameters())
