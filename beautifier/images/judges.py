"""From squares of pixels, and the prompts, to scores: the ways in which published scorers do it.

    ClipCosine    how near the features of an image and of its prompt are, times CLIP's temperature or not
    FeatureHead   a head on the features of an image; no prompt is read
    ImageReward   a network that reads the prompt while it looks at the image (image_reward.py)

Each is loaded by a function that takes the files of a scorer by part; a row of scorer_kinds.py names it.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .judge import Judge

if TYPE_CHECKING:
    from .clip_network import Clip

Files = Mapping[str, Path]
# Files of a scorer by part, the device and the dtype of the network -> the judge.
Load = Callable[[Files, torch.device, torch.dtype], Judge]
TEXT_BATCH = 32


class ClipCosine(Judge):
    """The cosine of an image's and its prompt's features of a CLIP.

    scaled  whether it is multiplied with the CLIP's temperature, exp(logit_scale)
    clean   what is done with a prompt before it is taken apart
    """

    def __init__(self, clip: Clip, scaled: bool, clean: Callable[[str], str] | None):
        super().__init__()
        self.clip, self.scaled, self.clean = clip, scaled, clean
        config = clip.config
        self.image_size, self.patch, self.width = config.image_size, config.patch, config.vision.width

    def read(self, prompts: Sequence[str]) -> Tensor:
        """Normalised features float32 [N, projection] of prompts."""
        from .clip_network import END, START

        ids = [[START, *self.token_ids(each)[: self.tokens_seen()], END] for each in prompts]
        features, device = [], self.clip.logit_scale.device
        for start in range(0, len(ids), TEXT_BATCH):
            rows = ids[start : start + TEXT_BATCH]
            longest = max(map(len, rows))
            tokens = torch.tensor([row + [END] * (longest - len(row)) for row in rows], device=device)
            features.append(F.normalize(self.clip.text(tokens), dim=1))
        return torch.cat(features)

    def judge(self, pixels: Tensor, read: Tensor | None, prompts: list[str]) -> Tensor:
        """float32 [N] of pixels [N, 3, image_size, image_size] and the features [N, projection] of their prompts."""
        if read is None:
            raise ValueError("the prompts have to be read before an image is judged by them")
        cosines = (F.normalize(self.clip.vision(pixels), dim=1) * read).sum(1)
        return cosines * self.temperature() if self.scaled else cosines

    def tokens_seen(self) -> int:
        """See Judge: as many as the text tower has positions for."""
        return len(self.clip.text.positions) - 2

    def tokens_cut(self, prompt: str) -> int:
        """See Judge: those behind the last position."""
        return max(0, len(self.token_ids(prompt)) - self.tokens_seen())

    def softmax_scale(self) -> float:
        """See Judge: CLIP's temperature, unless the scores have it already."""
        return 1.0 if self.scaled else self.temperature()

    def temperature(self) -> float:
        """exp(logit_scale)."""
        return self.clip.logit_scale.float().exp().item()

    def token_ids(self, prompt: str) -> list[int]:
        """The tokens of a prompt, without marks for start and end."""
        from ..prompts.clip_tokens import clip_token_ids

        return clip_token_ids(self.clean(prompt) if self.clean else prompt)


class FeatureHead(Judge):
    """A head on the normalised features of an image.

    vision  from pixels [N, 3, image_size, image_size] to features float32 [N, features]
    head    from normalised features to scores, float32 [N]
    """

    def __init__(self, vision: nn.Module, head: nn.Module, image_size: int, patch: int, width: int):
        super().__init__()
        self.vision, self.head = vision, head
        self.image_size, self.patch, self.width = image_size, patch, width

    def judge(self, pixels: Tensor, read: Tensor | None, prompts: list[str]) -> Tensor:
        """float32 [N] of pixels [N, 3, image_size, image_size]; prompts are not read."""
        return self.head(F.normalize(self.vision(pixels), dim=1))


def clip_cosine(
    files: Files,
    device: torch.device,
    dtype: torch.dtype,
    activation: str | None = None,
    scaled: bool = False,
    clean: Callable[[str], str] | None = None,
) -> Judge:
    """A ClipCosine of files["clip"]; activation as for load_clip."""
    from .clip_file import load_clip

    return ClipCosine(load_clip(files["clip"], dtype, device, activation=activation), scaled, clean)


def clip_head(files: Files, device: torch.device, dtype: torch.dtype, activation: str | None = None) -> Judge:
    """LAION's aesthetic predictor: files["head"] on the image half of files["clip"]."""
    from .clip_file import load_image_half
    from .heads import load_head

    vision = load_image_half(files["clip"], dtype, device, activation=activation)
    config = vision.config
    head = load_head(files["head"], config.projection, device)
    return FeatureHead(vision, head, config.image_size, config.patch, config.vision.width)


def siglip_head(files: Files, device: torch.device, dtype: torch.dtype) -> Judge:
    """Aesthetic Predictor V2.5: files["head"] on what the image half of the SigLIP in files["vision"] pools."""
    from .heads import load_head
    from .siglip import load_siglip

    vision = load_siglip(files["vision"], dtype, device)
    config = vision.config
    head = load_head(files["head"], config.tower.width, device)
    return FeatureHead(vision, head, config.image_size, config.patch, config.tower.width)


def image_reward(files: Files, device: torch.device, dtype: torch.dtype) -> Judge:
    """ImageReward of files["model"] and files["vocab"]."""
    from .image_reward_file import load_image_reward

    return load_image_reward(files, device, dtype)


def as_open_clip_reads(text: str) -> str:
    """A prompt as open_clip's tokenizer cleans it before it takes it apart: typographic quotes made plain, wide
    characters narrow, ligatures letters, control characters gone, HTML's escapes read (twice).

    These are ftfy's rules for text that was decoded as it should be; its repairs of text that was not are left out.
    """
    text = re.sub(r"[\x00-\x08\x0b\x0e-\x1f\x7f\u206a-\u206f\ufeff\ufff9-\ufffc]", "", text)
    text = re.sub("[\u02bc\u2018-\u201b]", "'", re.sub("[\u201c-\u201f]", '"', text))
    text = re.sub("[\u3000\uff01-\uffee\ufb00-\ufb06]", lambda found: unicodedata.normalize("NFKC", found[0]), text)
    return html.unescape(html.unescape(unicodedata.normalize("NFC", text))).strip()
