"""Pictures of prompts by a Stable Diffusion pipeline, for scoring: the same prompt and seed give the same picture.

What the published evaluation uses (BeautifulPrompt, section 4.1): SD v1.5, Euler ancestral, 20 steps, 512 x 512, one
fixed negative prompt, and an encoding of prompts longer than the 77 tokens that CLIP reads at once. Each picture has
a random generator of its own on the CPU, and pictures whose prompts differ in length are not mixed in a batch, so
that neither the device nor the batch decides what is drawn (up to the last bits of the arithmetic).
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import torch
from torch import Tensor

from ...beautifier.prompts.a1111 import bracket_weights
from ...beautifier.targets.table import TARGETS, find_target
from ..run.hub import fetched
from .any_pipeline import AnyPictures, load_any

STABLE_DIFFUSION = "StableDiffusionPipeline"
MODEL = "stable-diffusion-v1-5/stable-diffusion-v1-5"
NEGATIVE_PROMPT = "blurry, low quality, deformed, bad anatomy, cropped, watermark, text"
SAMPLERS = {"euler-ancestral": "EulerAncestralDiscreteScheduler", "dpm-solver": "DPMSolverMultistepScheduler"}


# What decides a picture besides the model, its prompt and its seed.
SETTINGS = ("steps", "size", "guidance", "negative_prompt", "sampler", "long_prompts", "weights")


def add_picture_options(parser: argparse.ArgumentParser, model: str, seeds: int, scorers: Sequence[str]) -> None:
    """The options of pictures and their scorers; defaults are those of the published evaluation.

    model           flag of the image model
    seeds, scorers  the stage's own defaults
    """
    add = parser.add_argument_group("pictures").add_argument
    add(model, default=MODEL, help="a text-to-image pipeline of diffusers: a folder or repository")
    row = "write prompts for this image model (sdxl, z-image): its style, its own words, its usual negative prompt"
    add("--for", dest="target", type=target_name, default="", metavar="NAME", help=row)
    add("--seeds", type=int, default=seeds, help="pictures of a prompt; their seeds are 0, 1, 2, ...")
    add("--steps", type=int, default=20)
    add("--size", type=int, default=512, help="height and width in pixels")
    add("--guidance", type=float, default=7.5)
    usual = "default: the usual one of --for, else that of the published evaluation"
    add("--negative-prompt", metavar="TEXT", help=usual)
    add("--sampler", choices=SAMPLERS, default="euler-ancestral", help="of Stable Diffusion 1.x and 2.x")
    whole = "encode the whole prompt; else CLIP cuts it off after 75 tokens"
    add("--long-prompts", action=argparse.BooleanOptionalAction, default=True, help=whole)
    read = "read (x), (x:1.2) and [x] as weights, as AUTOMATIC1111 does; else they are text"
    add("--weights", action=argparse.BooleanOptionalAction, default=False, help=read)
    add("--batch-size", type=int, default=8, help="pictures drawn and scored at once")
    found = "scorers; without FOLDER their files are looked for, else downloaded"
    add("--scorers", nargs="+", default=list(scorers), metavar="NAME[=FOLDER]", help=found)
    add("--models-dir", type=Path, help="where downloaded scorers are kept")


def picture_settings(args: argparse.Namespace, model: str) -> dict:
    """What decides pictures, as the options say."""
    settings = {"model": model, **{name: getattr(args, name) for name in SETTINGS}}
    if args.negative_prompt is None:
        settings["negative_prompt"] = TARGETS[args.target].negative if args.target else NEGATIVE_PROMPT
    return settings


def target_name(text: str) -> str:
    """The name of the image model's row that a text means, "" for none. Raises what argparse shows as an error."""
    try:
        return find_target(text).name if text else ""
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


class Pictures:
    """A loaded pipeline and the settings that all its pictures share.

    model            a diffusers folder, or a repository that diffusers downloads; Stable Diffusion 1.x or 2.x
    device, dtype    where it runs; without a dtype float16 on a GPU, float32 elsewhere
    steps            denoising steps
    size             height and width of a picture in pixels, a multiple of 8
    guidance         scale of classifier-free guidance; 1 for none
    negative_prompt  what the guidance leads away from
    sampler          one of SAMPLERS
    long_prompts     encode all of a prompt, in pieces of 75 tokens; else CLIP cuts it off after 75
    weights          read AUTOMATIC1111's weights in prompts and in the negative prompt: what CLIP makes of a token is
                     multiplied with its weight, and all of it brought back to the mean it had
    batch_size       pictures drawn at once; the memory needed grows with it, the pictures stay the same

    Raises ImportError without diffusers, ValueError for settings or pipelines it cannot work with.
    """

    def __init__(
        self,
        model: str = MODEL,
        device: str | torch.device = "cpu",
        steps: int = 20,
        size: int = 512,
        guidance: float = 7.5,
        negative_prompt: str = NEGATIVE_PROMPT,
        sampler: str = "euler-ancestral",
        long_prompts: bool = True,
        weights: bool = False,
        batch_size: int = 8,
        dtype: torch.dtype | None = None,
    ):
        if sampler not in SAMPLERS:
            raise ValueError(f"sampler must be one of {', '.join(SAMPLERS)}, not {sampler!r}")
        if size <= 0 or size % 8:
            raise ValueError(f"size must be a multiple of 8 pixels, not {size}")
        if steps < 1 or batch_size < 1:
            raise ValueError(f"steps and batch_size must be 1 or more, not {steps} and {batch_size}")
        self.device = torch.device(device)
        if dtype is None:
            dtype = torch.float16 if self.device.type == "cuda" else torch.float32
        self.pipeline = load_pipeline(model, sampler, dtype).to(self.device)
        self.steps, self.size, self.guidance = steps, size, guidance
        self.negative_prompt, self.long_prompts, self.batch_size = negative_prompt, long_prompts, batch_size
        self.weights = weights

    @torch.inference_mode()
    def draw(self, prompts: Sequence[str], seeds: Sequence[int]) -> Tensor:
        """A picture of every prompt for every seed.

        Returns float32 [len(prompts) * len(seeds), size, size, 3] in 0..1 on the CPU: all seeds of the first
        prompt, then all of the second one. Raises ValueError where there is no prompt or no seed.
        """
        if not prompts or not seeds:
            raise ValueError(f"{len(prompts)} prompts and {len(seeds)} seeds: there must be one of each at least")
        pieces = {prompt: token_pieces(self.pipeline.tokenizer, prompt, self.weights) for prompt in prompts}
        negative = token_pieces(self.pipeline.tokenizer, self.negative_prompt, self.weights)
        if not self.long_prompts:
            pieces, negative = {prompt: found[:1] for prompt, found in pieces.items()}, negative[:1]

        def length(index: int) -> int:
            return max(len(negative), len(pieces[prompts[index]]))

        embedded = {}
        for prompt, found in pieces.items():
            count = max(len(negative), len(found))
            embedded[prompt] = (self.embed(found, count), self.embed(negative, count))
        images = torch.empty(len(prompts), len(seeds), self.size, self.size, 3)
        for _, indices in groupby(sorted(range(len(prompts)), key=length), key=length):
            wanted = [(index, place) for index in indices for place in range(len(seeds))]
            for start in range(0, len(wanted), self.batch_size):
                batch = wanted[start : start + self.batch_size]
                drawn = self._draw_batch(
                    [embedded[prompts[index]] for index, _ in batch], [seeds[place] for _, place in batch]
                )
                for (index, place), image in zip(batch, drawn, strict=True):
                    images[index, place] = image
        return images.flatten(0, 1)

    def _draw_batch(self, embedded: list[tuple[Tensor, Tensor]], seeds: list[int]) -> Tensor:
        """Pictures [N, size, size, 3] of N embedded prompts with their negative prompts."""
        guided = self.guidance > 1
        result = self.pipeline(
            prompt_embeds=torch.cat([prompt for prompt, _ in embedded]),
            negative_prompt_embeds=torch.cat([negative for _, negative in embedded]) if guided else None,
            height=self.size,
            width=self.size,
            num_inference_steps=self.steps,
            guidance_scale=self.guidance,
            generator=[torch.Generator("cpu").manual_seed(seed) for seed in seeds],
            output_type="pt",
        )
        return result.images.permute(0, 2, 3, 1).float().cpu()

    def embed(self, pieces: list[Piece], count: int) -> Tensor:
        """What the U-Net attends to: [1, count * 77, width], one encoding after the other of `count` pieces.

        Every piece is encoded by itself between its own begin and end tokens; pieces that are missing are empty,
        which makes a short prompt as long as its negative prompt.
        """
        tokenizer, encoder = self.pipeline.tokenizer, self.pipeline.text_encoder
        limit, rows, weights = tokenizer.model_max_length, [], []
        for piece in pieces + [[]] * (count - len(pieces)):
            row = [tokenizer.bos_token_id, *(token for token, _ in piece), tokenizer.eos_token_id]
            rows.append(row + [tokenizer.pad_token_id] * (limit - len(row)))
            weights.append([1.0, *(weight for _, weight in piece), *[1.0] * (limit - 1 - len(piece))])
        states = encoder(torch.tensor(rows, device=self.device))[0]
        states = weighted(states.reshape(1, count * limit, -1), torch.tensor(weights, device=self.device).flatten())
        return states.to(encoder.dtype)


Piece = list[tuple[int, float]]  # tokens that CLIP reads at once, each with its weight


def weighted(states: Tensor, weights: Tensor) -> Tensor:
    """Hidden states [1, tokens, width] times the weights [tokens], with the mean that they had before."""
    if (weights == 1).all():
        return states
    changed = states.float() * weights[:, None]
    return (changed * (states.float().mean() / changed.mean())).to(states.dtype)


def token_pieces(tokenizer, prompt: str, weights: bool = False) -> list[Piece]:
    """A prompt's tokens in pieces that CLIP can read (75 tokens); no word stands in two of them, if it is not
    longer than a piece. At least one piece, which is empty for an empty prompt.

    weights  whether brackets are AUTOMATIC1111's weights; else they are text, and every weight is 1
    """
    limit, tokens = tokenizer.model_max_length - 2, []
    for words, weight in bracket_weights(prompt) if weights else [(prompt, 1.0)]:
        words = re.sub(r"\\([()\[\]])", r"\1", words) if weights else words
        # Told not to be verbose, the tokenizer does not warn of the length that is dealt with here.
        found = tokenizer(words, add_special_tokens=False, truncation=False, verbose=False).input_ids
        tokens += [(token, weight) for token in found]
    word_ends = [name.endswith("</w>") for name in tokenizer.convert_ids_to_tokens([token for token, _ in tokens])]
    pieces, start = [], 0
    while len(tokens) - start > limit:
        ends = [end for end in range(start + 1, start + limit + 1) if word_ends[end - 1]]
        end = ends[-1] if ends else start + limit
        pieces.append(tokens[start:end])
        start = end
    return [*pieces, tokens[start:]]


def open_pictures(
    model: str = MODEL, device: str | torch.device = "cpu", batch_size: int = 8, **settings
) -> Pictures | AnyPictures:
    """What draws with a model: a diffusers folder or repository.

    settings  as picture_settings gives them. Stable Diffusion 1.x and 2.x heed them all; other pipelines keep their
              own sampler and their own reading of prompts

    Raises what Pictures raises, FileNotFoundError for a model that cannot be had.
    """
    if kind_of_pipeline(model) == STABLE_DIFFUSION:
        return Pictures(model, device, batch_size=batch_size, **settings)
    if settings.get("weights"):
        raise ValueError(f"--weights is for Stable Diffusion 1.x and 2.x: {model} reads brackets as text")
    device = torch.device(device)
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    known = {name: settings[name] for name in ("steps", "size", "guidance", "negative_prompt") if name in settings}
    defaults = {"steps": 20, "size": 512, "guidance": 7.5, "negative_prompt": NEGATIVE_PROMPT}
    return AnyPictures(load_any(model, dtype).to(device), batch_size=batch_size, **{**defaults, **known})


def kind_of_pipeline(model: str) -> str:
    """The class of a diffusers folder or repository, from its model_index.json."""
    import diffusers

    if not Path(model).is_dir():
        fetched(model, ["model_index.json"], "give the folder of a diffusers pipeline")
    return diffusers.DiffusionPipeline.load_config(model).get("_class_name", "")


def load_pipeline(model: str, sampler: str, dtype: torch.dtype):
    """A Stable Diffusion pipeline of safetensors, with that sampler and without safety checker: a picture that
    it blackens would be scored as a picture."""
    kind = kind_of_pipeline(model)
    if kind != STABLE_DIFFUSION:
        raise ValueError(f"{model} is a {kind}; a {STABLE_DIFFUSION} (1.x or 2.x) is expected")
    import diffusers

    pipeline = diffusers.StableDiffusionPipeline.from_pretrained(
        model,
        torch_dtype=dtype,
        use_safetensors=True,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.scheduler = getattr(diffusers, SAMPLERS[sampler]).from_config(pipeline.scheduler.config)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline
