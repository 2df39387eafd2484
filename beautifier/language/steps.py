"""A prompt read once, and the kinds of step that continue it: plain, flat on a CPU, recorded on a GPU."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

from .cuda_graphs import RecordedStep, has_graphs, recorded_step

if TYPE_CHECKING:  # imported for real by who loads a network: every start of ComfyUI would wait for them
    from .cache import Cache
    from .cpu_steps import CpuSteps


class Shape(Protocol):
    """What decoding asks of the configuration of a network."""

    @property
    def vocab_size(self) -> int:
        """How many words it knows."""
        ...

    @property
    def hidden_size(self) -> int:
        """Numbers of a position."""
        ...

    @property
    def max_positions(self) -> int | None:
        """Most positions; None where nothing limits them."""
        ...

    @property
    def ends(self) -> tuple[int, ...]:
        """The tokens that end an answer."""
        ...


class Network(Protocol):
    """What decoding asks of a network: DecoderOnly, or another kind that continues tokens with a cache."""

    rows_are_independent: bool

    @property
    def config(self) -> Shape:
        """Its shape."""
        ...

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        ...

    def new_cache(self, rows: int, length: int) -> Cache:
        """An empty cache for so many rows of at most `length` positions."""
        ...

    def __call__(self, tokens: Tensor, cache: Cache) -> Tensor:
        """Last hidden states [rows, new, hidden] of tokens int64 [rows, new], which are added to the cache."""
        ...

    def logits(self, hidden: Tensor) -> Tensor:
        """Scores of every word, [..., vocabulary], of hidden states [..., hidden]."""
        ...


@dataclass(frozen=True)
class Answer:
    """What one candidate wrote: token ids without the end token, and whether it came to its end by itself."""

    tokens: tuple[int, ...]
    finished: bool


class Progress:
    """Reports steps to on_step and tokens to on_tokens, and remembers that should_stop once said True."""

    def __init__(
        self, total: int, on_step: Callable | None, should_stop: Callable | None, on_tokens: Callable | None = None
    ):
        self.total, self.on_step, self.should_stop, self.on_tokens = total, on_step, should_stop, on_tokens
        self.has_stopped = False

    def stopped(self) -> bool:
        """Ask should_stop, and remember what it said."""
        if self.should_stop is not None:
            self.has_stopped = bool(self.should_stop())
        return self.has_stopped

    def report(self, done: int) -> None:
        """Tell on_step how many steps are done."""
        if self.on_step is not None:
            self.on_step(done, self.total)

    def tell(self, answer: int, tokens: list[int]) -> None:
        """Tell on_tokens what an answer has so far."""
        if self.on_tokens is not None:
            self.on_tokens(answer, tokens)


@dataclass(frozen=True)
class Start:
    """The prompt, read once: what every candidate continues from."""

    network: Network
    prompt: Tensor  # int64 [1, prompt tokens]
    cache: Cache  # one row, the prompt's
    logits: Tensor  # float32 [1, vocabulary]: the first token of the answer
    steps: int

    def history(self, rows: int) -> Tensor:
        """int64 [rows, prompt + answer]: the tokens of every row; the answer's part is zero until written."""
        answer = self.prompt.new_zeros((rows, self.steps))
        return torch.cat((self.prompt.expand(rows, -1), answer), dim=1)


def prefill(network: Network, prompt_tokens: list[int], steps: int) -> Start:
    """The prompt, read by the network, with room for so many steps."""
    prompt = torch.tensor([prompt_tokens], dtype=torch.int64, device=network.device)
    cache = network.new_cache(1, len(prompt_tokens))
    hidden = network(prompt, cache)
    return Start(network, prompt, cache, network.logits(hidden[:, -1]).float(), steps)


class Steps:
    """Next-token scores, with one row of the cache a sequence."""

    def __init__(self, network: Network, cache: Cache):
        self.network, self.cache = network, cache

    def __call__(self, tokens: Tensor) -> Tensor:
        """Scores float32 [rows, vocabulary] after tokens int64 [rows]."""
        return self.network.logits(self.network(tokens[:, None], self.cache)[:, -1]).float()

    def reorder(self, rows: Tensor) -> None:
        """Row i becomes what row rows[i] is (int64 [any number of rows])."""
        self.cache = self.cache.reorder(rows)


def begin(start: Start, rows: int) -> Steps | CpuSteps | RecordedStep:
    """The steps that continue a prompt in so many rows: recorded on a GPU that can, flat on a CPU, else plain."""
    # Not before a network is there: every start of ComfyUI would wait for it.
    from .cpu_steps import CpuSteps
    from .network import DecoderOnly

    network, device, capacity = start.network, start.prompt.device, start.prompt.shape[1] + start.steps
    if isinstance(network, DecoderOnly):
        recorded = recorded_step(network, rows, capacity) if has_graphs(device) else None
        if recorded is not None:
            recorded.begin(start.cache)
            return recorded
        if device.type == "cpu":
            return CpuSteps(network, start.cache.expand(rows, capacity))
    return Steps(network, start.cache.expand(rows, capacity))


def on_its_way(tokens: Tensor) -> Callable[[], list[int]]:
    """Start copying tokens to the CPU; returns a function that waits for the copy and returns the ids.

    Meanwhile the next step can be started.
    """
    if tokens.device.type != "cuda":
        return tokens.tolist
    arrived = torch.cuda.Event()
    there = torch.empty(tokens.shape, dtype=tokens.dtype, pin_memory=True)
    there.copy_(tokens, non_blocking=True)
    arrived.record()

    def wait() -> list[int]:
        arrived.synchronize()
        return there.tolist()

    return wait
