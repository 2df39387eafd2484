"""What is asked of a beautifier and what it answers with: plain values, and the checks of them.

Imports nothing but the standard library and the table of image models: ComfyUI reads it when it starts.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import TypeGuard

from .targets.table import find_target
from .targets.target import LENGTHS, STRENGTHS, STYLES, Target

MODES = ("rewrite", "append")
AUTO_STYLE = "auto"
STYLE_CHOICES = (AUTO_STYLE, *STYLES)
MOST_CANDIDATES = 64

MAX_SEED = 2**64 - 1


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen from the logits; the fields mean what they mean in transformers'
    `generate`.

    temperature         > 0; divides the logits
    top_k               keep the k best tokens (and those that tie with the k-th); 0 is off
    top_p               keep the best tokens that together reach this probability, 0 < top_p <= 1; 1 is off
    repetition_penalty  > 0; makes tokens of the prompt and of the answer less likely; 1 is off
    max_new_tokens      longest answer, in tokens
    min_new_tokens      an answer does not end before it has this many tokens
    max_length          prompt and answer together, in tokens; None is no limit
    greedy              the best token each time: one answer, temperature, top_k, top_p and num_beams unused
    num_beams           above 1: beam search, at most num_beams answers, the best first, no chance
    length_penalty      beams are ranked by log probability / length ** length_penalty
    min_p               keep the tokens that are at least this share of the best one's probability; 0 is off

    Raises ValueError naming the field, what it was and what it may be.
    """

    temperature: float = 1.0
    top_k: int = 50
    top_p: float = 0.95
    repetition_penalty: float = 1.2
    max_new_tokens: int = 128
    min_new_tokens: int = 0
    max_length: int | None = None
    greedy: bool = False
    num_beams: int = 1
    length_penalty: float = 1.0
    min_p: float = 0.0

    def __post_init__(self):
        if not is_number(self.temperature) or self.temperature <= 0:
            raise ValueError(
                f"temperature must be a number above 0, not {self.temperature!r}; "
                "for the most likely prompt every time use greedy=True"
            )
        if not is_whole(self.top_k, least=0):
            raise ValueError(f"top_k must be a whole number, 0 (off) or more, not {self.top_k!r}")
        if not is_number(self.top_p) or not 0 < self.top_p <= 1:
            raise ValueError(f"top_p must be above 0 and at most 1 (off), not {self.top_p!r}")
        if not is_number(self.repetition_penalty) or self.repetition_penalty <= 0:
            raise ValueError(f"repetition_penalty must be a number above 0 (1 is off), not {self.repetition_penalty!r}")
        if not is_whole(self.max_new_tokens, least=1):
            raise ValueError(f"max_new_tokens must be a whole number, 1 or more, not {self.max_new_tokens!r}")
        if not is_whole(self.min_new_tokens, least=0):
            raise ValueError(f"min_new_tokens must be a whole number, 0 or more, not {self.min_new_tokens!r}")
        if self.max_length is not None and not is_whole(self.max_length, least=2):
            raise ValueError(f"max_length must be None or a whole number, 2 or more, not {self.max_length!r}")
        if not isinstance(self.greedy, bool):
            raise ValueError(f"greedy must be True or False, not {self.greedy!r}")
        if not is_whole(self.num_beams, least=1):
            raise ValueError(f"num_beams must be a whole number, 1 (no beam search) or more, not {self.num_beams!r}")
        if not is_number(self.length_penalty):
            raise ValueError(f"length_penalty must be a finite number, not {self.length_penalty!r}")
        if not is_number(self.min_p) or not 0 <= self.min_p <= 1:
            raise ValueError(f"min_p must be from 0 (off) to 1, not {self.min_p!r}")


@dataclass(frozen=True)
class Request:
    """What is asked of a writer. It checks itself.

    raw_prompt      what the user typed; ComfyUI syntax in it comes back unchanged in every candidate
    num_candidates  1 to 64; greedy sampling gives one, beam search at most num_beams
    seed            0 to 2**64 - 1; candidate k of a seed is the same text whatever num_candidates is
    sampling        None is the writer's own settings
    mode            "rewrite": the writer's text replaces the raw prompt's words; "append": the raw prompt as it
                    was typed, then new details. A raw prompt too long for the writer is always appended to: its
                    beginning is read, and nothing of it is lost.
    clip_tokens     most CLIP tokens a candidate may have, None is no limit; the user's own syntax stays even if it
                    alone has more
    style           what the embedded writer writes: "phrases" for image models that read with CLIP, "sentences" for
                    those that read with T5 or a language model, "tags" for those trained on Danbooru tags. "auto" is
                    the target's, "phrases" where there is none; a request has the style that it stands for.
    target          the image model that the prompt is for, by its name in `targets.TARGETS`; "" for none
    keep            words that must be in every candidate letter for letter: trigger words, names
    avoid           words and phrases that must not be added; what the user typed stays
    strength        how much may be added: "strict" nothing new to see, "balanced", "creative"
    length          "short", "medium" or "long" within what the target wants
    with_negative   whether the negative prompt is used too: what was ruled out then stands there alone

    keep and avoid may also be given as one text with commas or line ends between the words.
    Raises ValueError naming the field that cannot be worked with, what it was and what it may be.
    """

    raw_prompt: str
    num_candidates: int = 5
    seed: int = 0
    sampling: Sampling | None = None
    mode: str = MODES[0]
    clip_tokens: int | None = None
    style: str = AUTO_STYLE
    target: str = ""
    keep: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()
    strength: str = "balanced"
    length: str = "medium"
    with_negative: bool = False

    def __post_init__(self):
        if not isinstance(self.raw_prompt, str):
            raise ValueError(f"raw_prompt must be a string, not {type(self.raw_prompt).__name__}")
        if not is_whole(self.num_candidates, least=1) or self.num_candidates > MOST_CANDIDATES:
            raise ValueError(
                f"num_candidates must be a whole number from 1 to {MOST_CANDIDATES}, not {self.num_candidates!r}"
            )
        check_seed(self.seed)
        if self.sampling is not None and not isinstance(self.sampling, Sampling):
            raise ValueError(f"sampling must be a Sampling or None, not {type(self.sampling).__name__}")
        if self.mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(map(repr, MODES))}, not {self.mode!r}")
        if self.clip_tokens is not None and not is_whole(self.clip_tokens, least=1):
            raise ValueError(f"clip_tokens must be None or a whole number, 1 or more, not {self.clip_tokens!r}")
        for name, choices in (("style", STYLE_CHOICES), ("strength", STRENGTHS), ("length", LENGTHS)):
            value = getattr(self, name)
            if value not in choices:
                raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}, not {value!r}")
        if not isinstance(self.target, str):
            raise ValueError(f"target must be the name of an image model or '', not {self.target!r}")
        row = find_target(self.target) if self.target else None
        made = {"target": row.name if row else "", "keep": words_in(self.keep, "keep")}
        made["avoid"] = words_in(self.avoid, "avoid")
        if self.style == AUTO_STYLE:
            made["style"] = row.style if row else STYLES[0]
        for name, value in made.items():
            object.__setattr__(self, name, value)  # frozen for everyone else
        check_contradiction(self.keep, self.avoid)

    @property
    def image_model(self) -> Target | None:
        """The row of the image model that the prompt is for; None where none is named."""
        return find_target(self.target) if self.target else None


@dataclass(frozen=True)
class Answers:
    """What a writer made of the words of a raw prompt.

    texts  the cleaned prompts; "" where nothing of use was written
    read   the words that the writer read: all of them, or a beginning, to which answers are appended
    notes  what the user should know of them, as whole sentences
    ratios  width / height of the picture that each answer proposes, None where it proposes none; () where none does
    """

    texts: list[str]
    read: str
    notes: tuple[str, ...] = ()
    ratios: tuple[float | None, ...] = ()


@dataclass(frozen=True)
class Candidate:
    """A detailed prompt in ComfyUI syntax.

    score     there once a reward model has ranked it
    kept      what of the raw prompt is in the text, as plain words
    lost      what of it is not, or goes against it
    negative  the negative prompt that belongs to it; "" where the image model takes none, or none is named
    tokens    how many tokens the text has, in the unit of its image model: `targets.counted` says it in words
    notes     what the user should know of it, as whole sentences
    ratio     width / height of the picture that the raw prompt, or else its writer, asks for; None where neither does
    """

    text: str
    score: float | None = None
    kept: tuple[str, ...] = field(default=(), compare=False)
    lost: tuple[str, ...] = field(default=(), compare=False)
    negative: str = field(default="", compare=False)
    tokens: int | None = field(default=None, compare=False)
    notes: tuple[str, ...] = field(default=(), compare=False)
    ratio: float | None = field(default=None, compare=False)


BETWEEN_WORDS = re.compile(r"[,;\n，、；]+")


def words_in(value: str | Iterable[str], name: str) -> tuple[str, ...]:
    """The words and phrases of a list, or of one text with commas or line ends between them, each once.

    name: what the value is called in the ValueError for what is neither.
    """
    parts = BETWEEN_WORDS.split(value) if isinstance(value, str) else value
    words = list(parts) if isinstance(parts, Iterable) else [None]
    if not all(isinstance(word, str) for word in words):
        raise ValueError(f"{name} must be a list of words, or one text with commas between them, not {value!r}")
    return tuple(dict.fromkeys(word for each in words if (word := " ".join(each.split()))))


def check_contradiction(keep: Iterable[str], avoid: Iterable[str]) -> None:
    """Raise a ValueError where what is to be kept has words in it that are to be avoided."""
    for kept in keep:
        for avoided in avoid:
            if re.search(rf"(?<!\w){re.escape(avoided)}(?!\w)", kept, re.IGNORECASE):
                raise ValueError(
                    f"{kept!r} is to be kept, and {avoided!r} is to be avoided: both cannot be, take one of them out"
                )


def check_seed(seed: int) -> None:
    """Raise a ValueError when a seed is not one that ComfyUI can have."""
    if not is_whole(seed, least=0) or seed > MAX_SEED:
        raise ValueError(f"seed must be a whole number from 0 to {MAX_SEED}, not {seed!r}")


def is_whole(value: object, least: int) -> TypeGuard[int]:
    """Whether value is an integer (True and False are not) of at least `least`."""
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least


def is_number(value: object) -> TypeGuard[float]:
    """Whether value is a finite real number (True and False are not)."""
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
