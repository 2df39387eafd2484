"""A vision model on a server as a judge: how likely it says Yes to "does this picture show ...?".

    --scorers vqa=http://localhost:8000/v1        or vqa=http://localhost:8000/v1#MODEL

VQAScore (Lin et al. 2024, arXiv 2404.01291): P("Yes" | picture, "Does this figure show '{text}'? Please answer yes or
no."). The published one asks CLIP-FlanT5; here it is whatever vision model an OpenAI-compatible server has (vLLM,
llama.cpp, Ollama), so scores of two models are not to be compared. The server must give log-probabilities of tokens
(`logprobs`, `top_logprobs`).
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence

import torch
from torch import Tensor

from ..run.server import replies

QUESTION, ANSWER = "Does this figure show '{text}'?", "Please answer yes or no."
AT_ONCE, PATIENCE = 16, 300  # requests; seconds for one of them
MOST = 20  # tokens that the server tells the probability of


class VisionJudge:
    """The same interface as the scorers of beautifier/images.

    place  address of the API, and #MODEL where the server has several
    """

    def __init__(self, place: str):
        address, _, self.model = place.partition("#")
        self.address = address.rstrip("/")
        if not self.address.startswith(("http://", "https://")):
            raise ValueError(f"vqa={place!r} must be the address of a vision model, such as http://localhost:8000/v1")

    def score(self, images: Tensor, prompts: str | Sequence[str], batch_size: int = AT_ONCE) -> Tensor:
        """Scores float32 [images] in 0..1 of pictures float32 [images, height, width, 3] in 0..1 for a prompt, or for
        one each. Raises RuntimeError where the server does not answer, or without probabilities."""
        texts = [prompts] * len(images) if isinstance(prompts, str) else list(prompts)
        return torch.tensor(self.says_yes(list(images), [QUESTION.replace("{text}", text) for text in texts]))

    def says_yes(self, images: Sequence[Tensor], questions: Sequence[str]) -> list[float]:
        """How likely the answer to each question on its picture is Yes, not No. Raises as score() does."""
        try:
            if not self.model:
                self.model = replies(self.address, [("models", None)])[0]["data"][0]["id"]
            bodies = [{"model": self.model, **body_of(*one)} for one in zip(images, questions, strict=True)]
            said = replies(self.address, [("chat/completions", body) for body in bodies], AT_ONCE, PATIENCE)
            return [yes_in(one) for one in said]
        except (LookupError, TypeError) as error:
            raise RuntimeError(
                f"{self.address} gave no probabilities of its answer's tokens: it must heed logprobs and top_logprobs"
            ) from error


def body_of(image: Tensor, question: str) -> dict:
    """The request for one token of an answer about a picture [height, width, 3], but for the model."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray((image.clamp(0, 1) * 255).round().to(torch.uint8).numpy()).save(file, format="PNG")
    shown = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
    content = [
        {"type": "image_url", "image_url": {"url": shown}},
        {"type": "text", "text": f"{question} {ANSWER}"},
    ]
    settings = {"max_tokens": 1, "temperature": 0.0, "logprobs": True, "top_logprobs": MOST}
    return {"messages": [{"role": "user", "content": content}], **settings}


def yes_in(said: dict) -> float:
    """The probability of Yes among the answers Yes and No, in what a server said: other words that the model might
    have said instead say nothing of the picture."""
    first = said["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
    chances = {"yes": 0.0, "no": 0.0}
    for token in first:
        word = token["token"].strip().casefold()
        if word in chances:
            chances[word] += math.exp(token["logprob"])
    total = sum(chances.values())
    return chances["yes"] / total if total else 0.0
