"""Image scorers: how good an image is, or how well it shows a prompt, as five published networks judge it.

load_scorer() reads one from its files, and Scorer.score() gives each image its number. All go the same way: images
become squares of pixels (pixels.py), a network makes features of them in batches, and those are held against the
features of the prompts, each different prompt being read once.
"""

import html
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..prompts.clip_tokens import clip_token_ids
from .aesthetic import AestheticPredictor, load_head
from .clip_file import load_clip
from .clip_network import END, START, Clip
from .pixels import frame, image_list, normalise, to_bytes
from .scorer_kinds import SCORERS, ScorerKind

# Images in a batch where the network is on the CPU, which gains little from more, and the most elsewhere.
CPU_BATCH, LARGEST_BATCH = 8, 64
TEXT_BATCH = 32


@dataclass(eq=False)
class Scorer:
    """A scorer that is loaded. Its network may be moved to another device between two calls of score()."""

    kind: ScorerKind
    name: str
    network: nn.Module

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
        texts = self._text_features(prompts)
        at_once = batch_size or self._batch_size()
        scores: list[Tensor] = []
        for squares in self._squares(images, at_once):
            end = len(scores) + len(squares)
            while len(scores) < end:
                start = len(scores)
                try:
                    some = squares[start - end :][:at_once]
                    scores += self._score_batch(some, texts, prompts[start : start + len(some)], start).cpu()
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
        # PickScore's scores have been multiplied with it already.
        own = self.kind.logit_scale is None and self.kind.name != "pickscore"
        scale = self._logit_scale() if own else (self.kind.logit_scale or 1.0)
        return torch.softmax(scores * scale, dim=0)

    def tokens_cut(self, prompt: str) -> int:
        """How many tokens of a prompt the scorer does not see, at its end; 0 where it sees them all."""
        if not self.kind.reads_prompt:
            return 0
        if self.kind.name == "imagereward":
            return self.network.tokens_cut(prompt)
        return max(0, len(self._token_ids(prompt)) - self._most_tokens())

    def tokens_seen(self) -> int:
        """How many tokens of a prompt the scorer sees at most, its marks for start and end not counted; 0 where it
        reads none."""
        if not self.kind.reads_prompt:
            return 0
        if self.kind.name == "imagereward":
            from .image_reward import MAX_TOKENS

            return MAX_TOKENS - 2
        return self._most_tokens()

    def working_memory(self, count: int) -> int:
        """About how many bytes scoring `count` images takes besides the weights, with the batches chosen here."""
        return min(count, LARGEST_BATCH) * self._bytes_per_image() + 128 * 2**20

    # -- prompts -------------------------------------------------------------------------------------------

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

    def _token_ids(self, prompt: str) -> list[int]:
        return clip_token_ids(as_open_clip_reads(prompt) if self.kind.name == "hps-v2.1" else prompt)

    def _most_tokens(self) -> int:
        return self.network.config.text.positions - 2

    def _text_features(self, prompts: list[str]) -> Tensor | None:
        """Normalised features float32 [N, projection] of the prompts; None where none are needed before an image is
        looked at."""
        if not isinstance(self.network, Clip):
            return None
        different = list(dict.fromkeys(prompts))
        ids = [[START, *self._token_ids(each)[: self._most_tokens()], END] for each in different]
        features = []
        for start in range(0, len(ids), TEXT_BATCH):
            rows = ids[start : start + TEXT_BATCH]
            longest = max(map(len, rows))
            tokens = torch.tensor([row + [END] * (longest - len(row)) for row in rows], device=self._device())
            features.append(F.normalize(self.network.text(tokens), dim=1))
        place = {prompt: number for number, prompt in enumerate(different)}
        return torch.cat(features)[[place[prompt] for prompt in prompts]]

    # -- images --------------------------------------------------------------------------------------------

    def _squares(self, images: list[Tensor], at_once: int) -> Iterator[Tensor]:
        """The images as squares [n, 3, S, S] before normalisation, in batches: while the network looks at one, the
        next is made in a thread."""
        device, size = self._device(), self.network.config.image_size

        def make(batch: list[Tensor]) -> Tensor:
            # Bytes first: they are a quarter of what has to be moved.
            with torch.inference_mode():
                squares = [frame(to_bytes(image).to(place), size, self.kind.framing) for image in batch]
                return torch.stack([square.to(device) for square in squares])

        # Elsewhere than on these two the arithmetic of resizing is not sure to be there.
        place = device if device.type == "cuda" else torch.device("cpu")
        batches = [images[start : start + at_once] for start in range(0, len(images), at_once)]
        with ThreadPoolExecutor(max_workers=1) as thread:
            waiting = thread.submit(make, batches[0])
            for following in [*batches[1:], None]:
                squares = waiting.result()
                waiting = following and thread.submit(make, following)
                yield squares

    def _score_batch(self, squares: Tensor, texts: Tensor | None, prompts: list[str], start: int) -> Tensor:
        pixels = normalise(squares, self.kind.framing)
        if self.kind.name == "imagereward":
            return self.network.score(pixels, prompts).float()
        features = F.normalize(self.network.vision(pixels), dim=1)
        if self.kind.name == "aesthetic":
            return self.network.judge(features)
        cosines = (features * texts[start : start + len(features)]).sum(1)
        return cosines * self._logit_scale() if self.kind.name == "pickscore" else cosines

    def _checked_scores(self, scores: Tensor) -> Tensor:
        if not scores.isfinite().all():
            raise RuntimeError(
                f"{self.name} gave a score that is no number: load it with dtype float32, or bfloat16 on a GPU"
            )
        return scores.float()

    # -- the network ---------------------------------------------------------------------------------------

    def _device(self) -> torch.device:
        return next(self.network.parameters()).device

    def _logit_scale(self) -> float:
        return self.network.logit_scale.float().exp().item()

    def _batch_size(self) -> int:
        device = self._device()
        if device.type != "cuda":
            return CPU_BATCH
        free = torch.cuda.mem_get_info(device)[0]
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return max(1, min(LARGEST_BATCH, (free + unused) // 2 // self._bytes_per_image()))

    def _bytes_per_image(self) -> int:
        """An upper estimate: the values of about twenty widths at each position, and the picture itself."""
        config = self.network.config
        width = config.vision_width if self.kind.name == "imagereward" else config.vision.width
        patch = config.patch_size if self.kind.name == "imagereward" else config.patch
        item = next(self.network.parameters()).element_size()
        return 20 * width * item * ((config.image_size // patch) ** 2 + 1) + 64 * config.image_size**2


def as_open_clip_reads(text: str) -> str:
    """A prompt as open_clip's tokenizer cleans it before it takes it apart: typographic quotes made plain, wide
    characters narrow, ligatures letters, control characters gone, HTML's escapes read (twice).

    These are ftfy's rules for text that was decoded as it should be; its repairs of text that was not are left out.
    """
    text = re.sub(r"[\x00-\x08\x0b\x0e-\x1f\x7f\u206a-\u206f\ufeff\ufff9-\ufffc]", "", text)
    text = re.sub("[\u02bc\u2018-\u201b]", "'", re.sub("[\u201c-\u201f]", '"', text))
    text = re.sub("[\u3000\uff01-\uffee\ufb00-\ufb06]", lambda found: unicodedata.normalize("NFKC", found[0]), text)
    return html.unescape(html.unescape(unicodedata.normalize("NFC", text))).strip()


def load_scorer(
    kind: str,
    files: dict[str, Path] | Path,
    device: str | torch.device = "cpu",
    dtype: torch.dtype | None = None,
) -> Scorer:
    """A scorer from its files.

    kind   one of SCORERS
    files  its parts by name (ScorerKind.parts): safetensors files, the aesthetic head also as the published .pth.
           Or a folder that holds them as <part>.safetensors, or a CLIP as model.safetensors.
    dtype  of the network; None is float32 on a CPU and float16 elsewhere. Features are normalised and compared in
           float32 in any case.

    Raises ValueError or FileNotFoundError that name the file and what is wrong with it.
    """
    if kind not in SCORERS:
        raise ValueError(f"there is no scorer {kind!r}: one of {', '.join(SCORERS)}")
    described = SCORERS[kind]
    files = _files_of(described, files)
    device = torch.device(device)
    dtype = dtype or (torch.float32 if device.type == "cpu" else torch.float16)
    if kind == "imagereward":
        from .image_reward_file import load_image_reward

        network: nn.Module = load_image_reward(files, device, dtype)
    else:
        needs_text = described.reads_prompt
        network = load_clip(files["clip"], dtype, device, text=needs_text, activation=described.activation)
    if kind == "aesthetic":
        network = AestheticPredictor(network, load_head(files["head"], network.config.projection, device))
    return Scorer(described, described.title, network.eval().requires_grad_(False))


def _files_of(kind: ScorerKind, files: dict[str, Path] | Path) -> dict[str, Path]:
    """The files of a scorer by part, all of which are there but a vocabulary, which its loader looks for itself."""
    if not isinstance(files, dict):
        folder = Path(files)
        if not folder.is_dir():
            raise FileNotFoundError(f"{folder} is no folder: give one, or a file for each of {', '.join(kind.parts)}")
        names = {part: [f"{part}.safetensors", f"{part}.pth", f"{part}.txt"] for part in kind.parts}
        names.get("clip", []).append("model.safetensors")
        found = {part: [folder / name for name in names[part] if (folder / name).is_file()] for part in kind.parts}
        files = {part: paths[0] for part, paths in found.items() if paths}
    needed = [part for part in kind.parts if part != "vocab"]
    if missing := [part for part in needed if part not in files]:
        raise FileNotFoundError(f"{kind.title} needs {' and '.join(needed)}: there is no {' and no '.join(missing)}")
    for path in files.values():
        if not Path(path).is_file():
            raise FileNotFoundError(f"{path} does not exist: {kind.title} needs it")
    return {part: Path(path) for part, path in files.items()}
