"""A prompt read once, and the kinds of step that continue it: plain, flat on a CPU, recorded on a GPU."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain

import torch

from .cuda_graphs import has_graphs, recorded_step


@dataclass(frozen=True)
class Answer:
    """What one candidate wrote: token ids without the end token, and whether it came to its end by itself."""

    tokens: tuple[int, ...]
    finished: bool


class Watch:
    """Reports steps to on_step and remembers that should_stop once said True."""

    def __init__(self, total: int, on_step: Callable | None, should_stop: Callable | None):
        self.total, self.on_step, self.should_stop = total, on_step, should_stop
        self.has_stopped = False

    def stopped(self) -> bool:
        if self.should_stop is not None:
            self.has_stopped = bool(self.should_stop())
        return self.has_stopped

    def report(self, done: int) -> None:
        if self.on_step is not None:
            self.on_step(done, self.total)


@dataclass(frozen=True)
class Start:
    """The prompt, read once: what every candidate continues from."""

    network: object
    prompt: torch.Tensor  # int64 [1, prompt tokens]
    cache: object  # one row, the prompt's
    logits: torch.Tensor  # float32 [1, vocabulary]: the first token of the answer
    steps: int

    def history(self, rows: int) -> torch.Tensor:
        """int64 [rows, prompt + answer]: the tokens of every row; the answer's part is zero until written."""
        answer = self.prompt.new_zeros((rows, self.steps))
        return torch.cat((self.prompt.expand(rows, -1), answer), dim=1)


def prefill(network, prompt_tokens: list[int], steps: int) -> Start:
    device = next(chain(network.parameters(), network.buffers())).device
    prompt = torch.tensor([prompt_tokens], dtype=torch.int64, device=device)
    cache = network.new_cache(1, len(prompt_tokens))
    hidden = network(prompt, cache)
    return Start(network, prompt, cache, network.logits(hidden[:, -1]).float(), steps)


class Steps:
    """What a network says after each token: a row of its cache for every line of text."""

    def __init__(self, network, cache):
        self.network, self.cache = network, cache

    def __call__(self, tokens: torch.Tensor) -> torch.Tensor:
        """Scores float32 [rows, vocabulary] after tokens int64 [rows]."""
        return self.network.logits(self.network(tokens[:, None], self.cache)[:, -1]).float()

    def reorder(self, rows: torch.Tensor) -> None:
        """Row i becomes what row rows[i] is (int64 [any number of rows])."""
        self.cache = self.cache.reorder(rows)


def begin(start: Start, rows: int):
    """The steps that continue a prompt in so many rows: recorded on a GPU that can, flat on a CPU, else a Steps."""
    device, capacity = start.prompt.device, start.prompt.shape[1] + start.steps
    recorded = recorded_step(start.network, rows, capacity) if has_graphs(device) else None
    if recorded is None:
        # Not before a network is there: every start of ComfyUI would wait for it.
        from .cpu_steps import CpuSteps

        kind = CpuSteps if device.type == "cpu" else Steps
        return kind(start.network, start.cache.expand(rows, capacity))
    recorded.begin(start.cache)
    return recorded


def on_its_way(tokens: torch.Tensor) -> Callable[[], list[int]]:
    """Send tokens to the CPU: what comes back waits for them. Meanwhile the next step can be started."""
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
