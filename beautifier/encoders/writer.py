"""A Beautifier whose network is a text encoder that ComfyUI has loaded: it costs no download and no memory."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import torch
from torch.nn import functional as F

from ..chat.instruction import instruction_for
from ..chat.rewritten import read_rewritten, said_so_far
from ..chat.usable import UNUSABLE, why_unusable
from ..families import CHAT
from ..language.sampling import mix64
from ..path import OnStep, OnWords, ShouldStop, Writer
from ..reading import read_cleaned, readable
from ..request import Answers, Request, Sampling
from .encoder import Encoder, accepted, find_encoder
from .listening import Listener, Stopped
from .turns import written

# A prompt has 200 words at most; with thoughts before it there may be ten times as many.
SAMPLING = replace(CHAT.sampling, top_k=64, max_new_tokens=512)
THINKING = replace(SAMPLING, max_new_tokens=4096)
MOST_PIXELS = 1024 * 1024  # of a picture: a larger one only takes longer

WITH_PICTURE = (
    " The user's message comes with a picture: write the prompt for a picture like it, with what the words ask for "
    "in the place of what they change."
)


# What a tokenizer could take for a mark of turns, of a picture or of thoughts.
MARK = re.compile(r"<(?=\|?/?[A-Za-z_]+\|?>)|\[(?=/?(?:INST|SYSTEM_PROMPT|THINK|IMG)\])")


class NoUsableAnswer(RuntimeError):
    """A text encoder wrote nothing of use; what it wrote, and what to do."""


@dataclass(frozen=True)
class Said:
    """One answer: its text, in so many tokens, whether it came to its end by itself, or was stopped."""

    text: str
    tokens: int
    ended: bool
    stopped: bool


@dataclass(eq=False)
class EncoderWriter(Writer):
    """A text encoder, ready to be asked.

    name         what PNG metadata calls it
    thinking     whether it may think before it answers; its thoughts are never part of the prompt
    unusable     what becomes of an answer that is a refusal, empty or unrelated to the raw prompt: "error" leaves it
                 out and raises NoUsableAnswer when no other is left, "raw prompt" puts that in its place
    instruction  what it is told in the place of what the request asks for; "" for that
    image        float [1, height, width, 3], 0 to 1: a picture for it to see; None for none
    quietly      a context in which its network runs, such as one that keeps ComfyUI's own progress bars still
    """

    name: str
    encoder: Encoder = field(repr=False)
    thinking: bool = False
    unusable: str = UNUSABLE[0]
    instruction: str = ""
    image: torch.Tensor | None = field(default=None, repr=False)
    quietly: Callable[[], AbstractContextManager] = field(default=nullcontext, repr=False)

    @property
    def sampling(self) -> Sampling:
        """The settings of its kind: an answer after thoughts is drawn otherwise than one without."""
        return THINKING if self.thinking else SAMPLING

    def write(
        self,
        words: str,
        request: Request,
        on_step: OnStep | None = None,
        should_stop: ShouldStop | None = None,
        on_words: OnWords | None = None,
    ) -> Answers:
        """Have the encoder answer the words, one answer after the other: ComfyUI's has no batches.

        on_step counts tokens; it is called, on_words told, and should_stop asked, at each of them. Raises ValueError
        for beam search, which no encoder has, and NoUsableAnswer.
        """
        sampling = request.sampling or self.sampling
        if sampling.num_beams > 1 and not sampling.greedy:
            raise ValueError(f"num_beams must be 1 for a text encoder, not {sampling.num_beams}: it has no beam search")
        words = readable(CHAT, words)
        tokens = self.tokens(words, instruction_for(request, self.instruction))
        count, most = 1 if sampling.greedy else request.num_candidates, int(sampling.max_new_tokens)
        said: list[Said] = []
        for k in range(count):
            report = reporter(on_step, k * most, most, count * most)
            tell = partial(on_words, k) if on_words else None
            each = self.say(tokens, candidate_seed(request.seed, k), sampling, report, should_stop, tell)
            said.append(each)
            if each.stopped:
                break
            report(most)
        texts, ratios = self.read(words, said)
        return Answers(texts, words, ratios=ratios)

    def say(
        self,
        tokens: dict[str, list],
        seed: int,
        sampling: Sampling,
        on_token: Callable[[int], object],
        should_stop: ShouldStop | None,
        tell: Callable[[Callable[[], str]], object] | None = None,
    ) -> Said:
        """One answer: what ComfyUI's `generate` writes, or what it had written when should_stop ended it."""
        clip, most = self.encoder.clip, int(sampling.max_new_tokens)
        options = {
            "do_sample": not sampling.greedy,
            "max_length": most,
            "temperature": float(sampling.temperature),
            "top_k": int(sampling.top_k),
            "top_p": float(sampling.top_p),
            "min_p": 0.0,
            "repetition_penalty": float(sampling.repetition_penalty),
            "presence_penalty": 0.0,
            "seed": seed,
            "mtp": False,  # with it a seed would give another text, and several tokens would come at once
        }

        def so_far() -> str:
            return said_so_far(self.decoded(listener.tokens))

        def hear(count: int) -> None:
            on_token(count)
            if tell and count:
                tell(so_far)

        listener = Listener(self.encoder.transformer, hear, should_stop or (lambda: False))
        stopped = False
        try:
            with self.quietly(), listener:
                ids = list(clip.generate(tokens, **accepted(clip.generate, **options)))
        except Stopped:
            ids, stopped = listener.tokens, True
        ended = not stopped and (len(ids) < most or ids[-1:] and ids[-1] in self.encoder.ends)
        return Said(self.decoded(ids), len(ids), bool(ended), stopped)

    def decoded(self, ids: list[int]) -> str:
        """The text of an answer's tokens."""
        clip = self.encoder.clip
        return clip.decode(ids, **accepted(clip.decode, skip_special_tokens=True)) if ids else ""

    def tokens(self, words: str, instruction: str) -> dict[str, list]:
        """The tokens that the encoder goes on from, as ComfyUI's `generate` takes them: without what fills them up."""
        form, clip = self.encoder.form, self.encoder.clip
        system = instruction + (WITH_PICTURE if self.image is not None else "")
        options: dict[str, Any] = {"min_length": 1, "thinking": self.thinking}
        if form is None:
            text = f"{system}\n\n{words}"
        else:
            text = written(form, system, plain_words(words), self.image is not None, self.thinking)
            options |= {"llama_template": "{}", "skip_template": True}
        if self.image is not None:
            picture = shrunk(self.image)
            options |= {"image": picture, "images": [picture]}
        tokens = clip.tokenize(escaped(text), **accepted(clip.tokenize, **options))
        return {part: [bare(row, self.encoder.pad) for row in rows] for part, rows in tokens.items()}

    def read(self, words: str, said: list[Said]) -> tuple[list[str], tuple[float | None, ...]]:
        """The cleaned prompts of the answers, "" where the raw prompt is to stand in, and the ratios of each."""
        answers, ratios, problems = [], [], []
        for each in said:
            rewritten = read_rewritten(each.text)
            text = read_cleaned(CHAT, words, rewritten.prompt if rewritten else each.text, each.ended)
            in_thoughts = 0 if each.ended or "<think" not in each.text else each.tokens
            # What a picture shows need not be in the words.
            problem = why_unusable(words if self.image is None else "", each.text, text, thinking=in_thoughts)
            problems += [problem] if problem else []
            if not problem or each.stopped or self.unusable == "raw prompt":
                answers.append("" if problem else text)
                ratios.append(rewritten.ratio if rewritten else None)
        if not answers:
            raise NoUsableAnswer(
                f"the text encoder {self.encoder.name} gave no usable answer; {problems[0]}. Another seed or a larger "
                "text encoder may help; to go on with the raw prompt instead, choose that for unusable answers"
            )
        return answers, tuple(ratios)


def use_encoder(clip: Any, **options: Any) -> EncoderWriter:
    """A Beautifier on the text encoder in a CLIP object of ComfyUI's; the options are the fields of EncoderWriter.

    Raises CannotWrite for an encoder that cannot, and ValueError for a picture that it cannot see.
    """
    encoder = find_encoder(clip)
    if options.get("image") is not None and not encoder.sees:
        raise ValueError(
            f"the text encoder that is connected, {encoder.name}, sees no pictures: disconnect the image, or connect "
            "one that does, such as Qwen3-VL, Qwen3.5, or Gemma 3 12B"
        )
    if options.get("unusable", UNUSABLE[0]) not in UNUSABLE:
        raise ValueError(f"unusable must be one of {', '.join(map(repr, UNUSABLE))}, not {options['unusable']!r}")
    return EncoderWriter(f"text encoder: {encoder.name}", encoder, **options)


def candidate_seed(seed: int, k: int) -> int:
    """The seed of candidate k: it depends on these two alone, as a network's random stream does."""
    return mix64(mix64(int(seed)) + k)


def reporter(on_step: OnStep | None, done: int, most: int, total: int) -> Callable[[int], object]:
    """What is called with the number of tokens of one answer, `done` steps having been reported before it."""
    return (lambda tokens: on_step(done + min(tokens, most), total)) if on_step else (lambda _: None)


def plain_words(words: str) -> str:
    """The words with a blank in whatever a tokenizer could take for a mark of turns: what a user types is text."""
    return MARK.sub(r"\g<0> ", words)


def escaped(text: str) -> str:
    """A text as ComfyUI's tokenizers have to be given it, to get it as it is: without weights and embeddings in it.

    Those that read no weights take the backslashes away just the same.
    """
    return re.sub(r"([()])", r"\\\1", text).replace("embedding:", "embedding :")


def bare(row: list, pad: int | None) -> list:
    """A row of (token, weight) without the tokens that fill it up on either side."""
    filled = [index for index, (token, *_) in enumerate(row) if not isinstance(token, int) or token != pad]
    return row[filled[0] : filled[-1] + 1] if filled else row


def shrunk(image: torch.Tensor) -> torch.Tensor:
    """A picture, float [1, height, width, channels], of at most MOST_PIXELS, red, green and blue alone."""
    image = image[:1, :, :, :3]
    height, width = image.shape[1:3]
    scale = (MOST_PIXELS / (height * width)) ** 0.5
    if scale >= 1:
        return image
    size = max(1, int(height * scale)), max(1, int(width * scale))
    return F.interpolate(image.movedim(-1, 1), size=size, mode="area").movedim(1, -1)
