"""How long a prompt is, in the unit of its image model, and how much of it may stay."""

import math
import re
from collections.abc import Callable

from ..faithful import check
from ..prompts.clip_tokens import count_clip_tokens
from ..prompts.prose import sentences_of
from ..prompts.vocabulary import content
from ..request import Request
from ..targets.target import LENGTHS, Target, words_for
from ..wishes.wish import Wish

# English: counted with the tokenizers of T5 (1.20) and Qwen 2.5 (1.02) on 2,000 prompts, and a little more.
TOKENS_A_CLIP_TOKEN = {"chunk": 1.0, "t5": 1.25, "llm": 1.05}
TOKENS_A_CHARACTER = 0.7  # of scripts without blanks, for a language model: 0.68 with Qwen 2.5
NO_BLANKS = re.compile("[\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff\uff01-\uffef]")


def count_tokens(target: Target | None, text: str) -> int:
    """How many tokens a text has for an image model: exact for CLIP, about right for T5 and language models."""
    if target is None or target.unit == "chunk":
        return count_clip_tokens(text)
    characters = len(NO_BLANKS.findall(text))
    english = count_clip_tokens(NO_BLANKS.sub(" ", text) if characters else text)
    return math.ceil(english * TOKENS_A_CLIP_TOKEN[target.unit] + characters * TOKENS_A_CHARACTER)


def most_tokens(target: Target, length: str) -> int:
    """How many tokens a prompt may have: what the text encoder reads; of chunks one, two or three by the length."""
    return target.limit * (1 + LENGTHS.index(length) if target.unit == "chunk" else 1)


def size_of(text: str, style: str) -> int:
    """How long a text is: its tags, or its words; in scripts without blanks two characters count as a word."""
    if style == "tags":
        return sum(bool(tag.strip()) for tag in text.split(","))
    characters = len(NO_BLANKS.findall(text))
    return len(NO_BLANKS.sub(" ", text).split()) + math.ceil(characters / 2)


def fitted(answer: str, wish: Wish, request: Request, tokens_around: int) -> str:
    """An answer no longer than its image model and the wished length want it; what the wish asks for always stays.

    tokens_around: how many tokens will stand around it
    """
    target = request.image_model
    if target is None and request.length == LENGTHS[1]:
        return answer
    most = words_for(target, request.style, request.length)[1]
    tokens = most_tokens(target, request.length) - tokens_around if target else math.inf

    def fits(text: str) -> bool:
        return size_of(text, request.style) <= most and (target is None or count_tokens(target, text) <= tokens)

    return shortened(answer, wish, fits)


def shortened(answer: str, wish: Wish, fits: Callable[[str], bool]) -> str:
    """An answer without the last of its sentences or phrases that the wish does not need, one by one."""
    if fits(answer):
        return answer
    sentences = sentences_of(answer)
    prose = len(sentences) > 1
    pieces = sentences if prose else answer.split(", ")
    between = " " if prose else ", "
    lost = set(check(wish, answer).lost)
    for at in range(len(pieces) - 1, 0, -1):
        if content(pieces[at]) <= wish.content:
            continue
        without = between.join(pieces[:at] + pieces[at + 1 :])
        if set(check(wish, without).lost) <= lost:
            del pieces[at]
            if fits(without):
                break
    return between.join(pieces)
