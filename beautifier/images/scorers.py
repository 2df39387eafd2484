"""Image scorers: how good an image is, or how well it shows a prompt, as published networks judge it.

load_scorer() reads one from its files, and Scorer.score() gives each image its number. All go the same way: images
become squares of pixels (pixels.py), which a judge (judges.py) gives scores in batches; each different prompt is read
once.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from .judge import Judge
from .pixels import frame, image_list, normalise, to_bytes
from .scorer_kinds import SCORERS, ScorerKind
from .scorer_parts import Part

# Images in a batch where the network is on the CPU, which gains little from more, and the most elsewhere.
CPU_BATCH, LARGEST_BATCH = 8, 64
MAKERS = 4  # images that become squares at once: Pillow works beside other threads


@dataclass(eq=False)
class Scorer:
    """A scorer that is loaded. Its network may be moved to another device between two calls of score()."""

    kind: ScorerKind
    name: str
    network: Judge

    @torch.inference_mode()
    def score(
        self,
        images: Tensor | Sequence[Tensor],
        prompts: str | Sequence[str],
        batch_size: int | None = None,
        on_step: Callable[[int, int], object] | None = None,
    ) -> Tensor:
        """The score of each image: float32 [N] on the CPU, higher is better.

        images      float [N, H, W, C] in 0..1 (ComfyUI's IMAGE), or a list of [H, W, C] and [1, H, W, C] of any
                    sizes; C is 1, 3, or 4, of which the last is not looked at
        prompts     what each image was meant to show, or one text for all; the text encoder reads a prompt from its
                    start, see tokens_cut()
        batch_size  images at once; None is what fits into free memory. What else is in a batch changes no score by
                    more than rounding.
        on_step     called with (done, total) after each batch; an error that it raises ends the scoring

        Raises ValueError for images or prompts that cannot be scored, and for no images; RuntimeError where the
        network's precision does not suffice.
        """
        images = image_list(images)
        prompts = self._checked_prompts(prompts, len(images))
        if batch_size is not None and (isinstance(batch_size, bool) or batch_size < 1):
            raise ValueError(f"batch_size must be 1 or more, not {batch_size!r}")
        read = self._read(prompts)
        at_once = batch_size or self._batch_size()
        scores: list[Tensor] = []
        for squares in self._squares(images, at_once):
            end = len(scores) + len(squares)
            while len(scores) < end:
                start = len(scores)
                try:
                    some = squares[start - end :][:at_once]
                    pixels, here = normalise(some, self.kind.framing), slice(start, start + len(some))
                    scores += self.network.judge(pixels, None if read is None else read[here], prompts[here]).cpu()
                except torch.cuda.OutOfMemoryError:
                    if at_once == 1:
                        raise
                    at_once = max(1, min(at_once, end - start) // 2)
                    torch.cuda.empty_cache()
            if on_step:
                on_step(end, len(images))
        return self._checked_scores(torch.stack(scores))

    def probabilities(self, scores: Tensor) -> Tensor:
        """How likely each image of ONE prompt is to be preferred among them: float32 [N], together 1.

        scores: float [N] of score(). The softmax of PickScore's model card, with the scorer's own logit scale; for
        the aesthetic score, which was not trained to compare, it only orders.
        """
        scores = torch.as_tensor(scores, dtype=torch.float32)
        return torch.softmax(scores * self.network.softmax_scale(), dim=0)

    def tokens_cut(self, prompt: str) -> int:
        """How many tokens of a prompt the scorer does not see, at its end; 0 where it sees them all."""
        return self.network.tokens_cut(prompt)

    def tokens_seen(self) -> int:
        """How many tokens of a prompt the scorer sees at most, its marks for start and end not counted; 0 where it
        reads none."""
        return self.network.tokens_seen()

    def working_memory(self, count: int) -> int:
        """About how many bytes scoring `count` images takes besides the weights, with the batches chosen here."""
        return min(count, LARGEST_BATCH) * self._bytes_per_image() + 128 * 2**20

    def _checked_prompts(self, prompts: str | Sequence[str], count: int) -> list[str]:
        prompts = [prompts] * count if isinstance(prompts, str) else list(prompts)
        if len(prompts) != count:
            raise ValueError(f"there are {count} images and {len(prompts)} prompts: give one for each, or one for all")
        for number, prompt in enumerate(prompts, 1):
            if not isinstance(prompt, str):
                raise ValueError(f"prompt {number} must be a string, not {type(prompt).__name__}")
            if self.kind.reads_prompt and not prompt.strip():
                raise ValueError(
                    f"prompt {number} is empty: {self.kind.title} judges an image by a prompt, type what it should show"
                )
        return prompts

    def _read(self, prompts: list[str]) -> Tensor | None:
        """What the judge needs of each prompt, [N, features]; None where it reads none before it looks."""
        different = list(dict.fromkeys(prompts))
        found = self.network.read(different)
        if found is None:
            return None
        place = {prompt: number for number, prompt in enumerate(different)}
        return found[[place[prompt] for prompt in prompts]]

    def _squares(self, images: list[Tensor], at_once: int) -> Iterator[Tensor]:
        """The images as squares [n, 3, S, S] before normalisation, in batches: while the network looks at one, the
        next is made in threads."""
        device, size = self._device(), self.network.image_size

        def square(image: Tensor) -> Tensor:
            with torch.inference_mode():
                return frame(to_bytes(image).cpu(), size, self.kind.framing)

        batches = [images[start : start + at_once] for start in range(0, len(images), at_once)]
        with ThreadPoolExecutor(max_workers=MAKERS) as threads:
            waiting = [threads.submit(square, image) for image in batches[0]]
            for following in [*batches[1:], []]:
                made = torch.stack([each.result() for each in waiting])
                waiting = [threads.submit(square, image) for image in following]
                yield made.to(device)

    def _checked_scores(self, scores: Tensor) -> Tensor:
        if not scores.isfinite().all():
            raise RuntimeError(
                f"{self.name} gave a score that is no number: load it with dtype float32, or bfloat16 on a GPU"
            )
        return scores.float()

    def _device(self) -> torch.device:
        return next(self.network.parameters()).device

    def _batch_size(self) -> int:
        device = self._device()
        if device.type != "cuda":
            return CPU_BATCH
        free = torch.cuda.mem_get_info(device)[0]
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return max(1, min(LARGEST_BATCH, (free + unused) // 2 // self._bytes_per_image()))

    def _bytes_per_image(self) -> int:
        """An upper estimate: the values of about twenty widths at each position, and the picture itself."""
        network = self.network
        item = next(network.parameters()).element_size()
        positions = (network.image_size // network.patch) ** 2 + 1
        return 20 * network.width * item * positions + 64 * network.image_size**2


def load_scorer(
    kind: str,
    files: Mapping[str, Path] | Path,
    device: str | torch.device = "cpu",
    dtype: torch.dtype | None = None,
) -> Scorer:
    """A scorer from its files.

    kind   one of SCORERS
    files  its parts by name (ScorerKind.parts), safetensors or as published; or a folder that holds them under these
           names, a CLIP also as model.safetensors; or the file of a scorer that has only one
    dtype  of the network; None is float32 on a CPU and float16 elsewhere. Features are normalised and compared in
           float32 in any case.

    Raises ValueError or FileNotFoundError that name the file and what is wrong with it.
    """
    if kind not in SCORERS:
        raise ValueError(f"there is no scorer {kind!r}: one of {', '.join(SCORERS)}")
    described = SCORERS[kind]
    device = torch.device(device)
    dtype = dtype or (torch.float32 if device.type == "cpu" else torch.float16)
    network = described.load(_files_of(described, files), device, dtype)
    return Scorer(described, described.title, network.train(False).requires_grad_(False))


def _files_of(kind: ScorerKind, files: Mapping[str, Path] | Path) -> dict[str, Path]:
    """The files of a scorer by part, all of which are there but a vocabulary, which its loader looks for itself."""
    needed = [name for name, part in kind.parts.items() if part.shapes]
    if not isinstance(files, Mapping):
        place = Path(files)
        if place.is_file() and len(needed) == 1:
            files = {needed[0]: place}
        elif place.is_dir():
            files = {name: path for name, part in kind.parts.items() for path in files_in(place, name, part)[:1]}
        else:
            raise FileNotFoundError(f"{place} is no folder: give one, or a file for each of {', '.join(kind.parts)}")
    if missing := [part for part in needed if part not in files]:
        raise FileNotFoundError(f"{kind.title} needs {' and '.join(needed)}: there is no {' and no '.join(missing)}")
    for path in files.values():
        if not Path(path).is_file():
            raise FileNotFoundError(f"{path} does not exist: {kind.title} needs it")
    return {part: Path(path) for part, path in files.items()}


def files_in(folder: Path, name: str, part: Part) -> list[Path]:
    """What may be the file of a part in a folder of its scorer's: called after the part, as published, or "model"."""
    stems = [name, Path(part.file).stem, *(["model"] if name == "clip" else [])]
    names = [Path(part.file).name, *(f"{stem}{suffix}" for stem in stems for suffix in part.suffixes)]
    return [folder / each for each in dict.fromkeys(names) if (folder / each).is_file()]
