"""Beautifier: a checkpoint that writes. Words become tokens, the network answers, its tokens become texts."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar

from tokenizers import Tokenizer

from ..chat.rewritten import read_rewritten, said_so_far
from ..chat.usable import why_unusable
from ..families import Family, instructed, render
from ..path import OnStep, OnWords, ShouldStop, Writer
from ..prompts.cleaning import manner
from ..prompts.words import plain
from ..reading import CHARACTERS_PER_TOKEN, at_word_boundary, longest_beginning, read_cleaned
from ..request import Answers, Request, Sampling
from .decoding import generate, total_tokens
from .network import DecoderOnly
from .steps import Answer
from .t5 import T5

# Stand-in subject for raw prompts that a network of English can read nothing of: of its answer only the style words are
# kept.
UNKNOWN_SUBJECT = "scenery, soft light, highly detailed"


@dataclass(eq=False)
class Beautifier(Writer):
    """A checkpoint ready to answer: its network, its tokenizer and how its family is asked.

    instruction  what a chat model is told in the place of what a request asks for; "" for that
    """

    name: str
    family: Family
    network: DecoderOnly | T5 = field(repr=False)
    tokenizer: Tokenizer = field(repr=False)
    instruction: str = field(default="", repr=False)
    draws_again: ClassVar[bool] = True

    def __post_init__(self):
        # Whatever a user types is text: "</s>" in a raw prompt must not end it. See asked() for templates with tokens.
        self.tokenizer.encode_special_tokens = not self.family.special

    @property
    def weights(self) -> bool:
        """Whether its family writes weights."""
        return self.family.weights

    @property
    def english(self) -> bool:
        """Whether its family was trained on English alone."""
        return self.family.lower_case

    @property
    def sampling(self) -> Sampling:
        """The published settings of its family."""
        return self.family.sampling

    def write(
        self,
        words: str,
        request: Request,
        on_step: OnStep | None = None,
        should_stop: ShouldStop | None = None,
        on_words: OnWords | None = None,
    ) -> Answers:
        """Have the network answer the words; on_step counts token steps, and should_stop is asked before each.

        Raises ValueError when request.sampling leaves no room for the template and a word.
        """
        family, spoken = instructed(self.family, words, request, self.instruction)
        told = self if family == self.family else replace(self, family=family, instruction="")
        answers = told.answered(spoken, request, on_step, should_stop, on_words)
        return replace(answers, read=words) if answers.read == spoken else answers

    def answered(
        self,
        words: str,
        request: Request,
        on_step: OnStep | None,
        should_stop: ShouldStop | None,
        on_words: OnWords | None,
    ) -> Answers:
        """What `write` returns, of a family that has been told what is asked for."""
        sampling = request.sampling or self.sampling
        known = english(words) if self.family.lower_case else words
        words = self.readable(known or UNKNOWN_SUBJECT, sampling)
        tokens = self.asked(words)
        network, start = self.network, tokens
        if isinstance(network, T5):  # it reads the words at once, and its answer has a beginning of its own
            network, start = network.read(tokens), [network.config.start]
        on_tokens = self.telling(on_words) if on_words else None
        count, seed = request.num_candidates, request.seed
        answers = generate(network, start, count, seed, sampling, on_step, should_stop, on_tokens)
        texts = [self.read(words if known else "", answer) for answer in answers]
        return Answers(texts if known else [manner(text) for text in texts], words, ratios=self.ratios(answers))

    def telling(self, on_words: OnWords) -> Callable[[int, list[int]], object]:
        """What is called with an answer and its tokens so far, to tell on_words its text."""

        def text(tokens: list[int]) -> str:
            said = self.decoded(tokens)
            return said_so_far(said) if self.family.chats else said

        return lambda answer, tokens: on_words(answer, lambda: text(tokens))

    def encode(self, text: str) -> list[int]:
        """Token ids of a text. Nothing in it is taken for a special token, unless the family's template has some."""
        return self.tokenizer.encode(text, add_special_tokens=not self.family.chats).ids

    def asked(self, words: str) -> list[int]:
        """Token ids of the family's template with the words. Nothing in the words is taken for a special token."""
        if self.family.special:
            words = without_tokens(words, self.special_tokens)
        return self.encode(render(self.family, words))

    @cached_property
    def special_tokens(self) -> list[str]:
        """What known_tokens gives for its tokenizer."""
        return known_tokens(self.tokenizer)

    def readable(self, words: str, sampling: Sampling) -> str:
        """As much of the words, from their beginning, as the network can read with room left to answer.

        Raises ValueError when sampling.max_length has no room for a single character in the template.
        """
        limit = self.family.max_prompt_tokens
        if self.family.chats:  # an instruction of the user's may be long, and takes nothing from the words
            limit += len(self.asked(""))
        # What a T5 reads takes no room from its answer.
        total = None if isinstance(self.network, T5) else total_tokens(self.network, sampling)
        if total is not None:
            limit = min(limit, total - min(sampling.max_new_tokens, total // 2))
        beginning = longest_beginning(
            words[: limit * CHARACTERS_PER_TOKEN],
            lambda text: len(self.asked(text)) <= limit,
        )
        if not beginning:
            raise ValueError(
                f"the {self.family.name} template and a raw prompt do not fit into {limit} tokens: "
                "raise max_length or lower max_new_tokens"
            )
        return words if len(beginning) == len(words) else at_word_boundary(beginning, words)

    def read(self, words: str, answer: Answer) -> str:
        """The prompt in the network's answer to the words, cleaned; "" when nothing of use was written."""
        said = self.decoded(list(answer.tokens))
        text = read_cleaned(self.family, words, said, answer.finished)
        return "" if self.family.chats and why_unusable(words, said, text) else text

    def ratios(self, answers: list[Answer]) -> tuple[float | None, ...]:
        """width / height of the picture that each answer of a chat model proposes, None where it proposes none."""
        if not self.family.chats:
            return ()
        found = (read_rewritten(self.decoded(list(answer.tokens))) for answer in answers)
        return tuple(rewritten.ratio if rewritten else None for rewritten in found)

    def decoded(self, tokens: list[int]) -> str:
        """The text of an answer's tokens."""
        if self.family.joins is None:
            return self.tokenizer.decode(tokens, skip_special_tokens=True)
        texts = (self.tokenizer.decode([token], skip_special_tokens=True).strip() for token in tokens)
        return self.family.joins.join(filter(None, texts))


def known_tokens(tokenizer: Tokenizer) -> list[str]:
    """The texts that a tokenizer knows as tokens of their own, the longest first."""
    added = {token.content for token in tokenizer.get_added_tokens_decoder().values()}
    return sorted(filter(str.strip, added), key=len, reverse=True)


def without_tokens(words: str, tokens: list[str]) -> str:
    """The words, no special token left in them: each has a blank behind its first character."""
    for token in tokens:
        words = words.replace(token, f"{token[0]} {token[1:]}")
    return words


def english(words: str) -> str:
    """The words that are written in ASCII, accents taken off; "" where there is no letter among them."""
    written = plain(words).encode("ascii", "ignore").decode()
    written = re.sub(r"\s*,(?!(?<=\d,)\d)[\s,]*", ", ", " ".join(written.split())).strip(" ,")
    return written if re.search("[A-Za-z]", written) else ""
