"""A decoding step as a CUDA graph: recorded once, then started with a single call.

A step of a 1.1B network is some 400 kernels of a few microseconds each; starting them one by one takes longer than
running them. A graph wants the same memory and the same shapes every time, so the cache has its full length from the
beginning, what lies behind the present position is masked, and the position itself is a number on the GPU.

`record` is the one function that needs CUDA: all else works, and is tested, on any device.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from .cache import Cache, PlacedCache

if TYPE_CHECKING:  # imported for real by who loads a network: every start of ComfyUI would wait for it
    from .network import DecoderOnly

# Capacities are multiples of this, so that prompts of about the same length share a recording. Attention reads masked
# positions too: a larger step would cost time.
CAPACITY_STEP = 64

log = logging.getLogger(__name__)


def rounded_capacity(tokens: int) -> int:
    """Positions of the cache of a recorded step that has to hold so many tokens."""
    return -(-tokens // CAPACITY_STEP) * CAPACITY_STEP


def has_graphs(device: torch.device) -> bool:
    """Whether steps can be recorded on a device: NVIDIA's CUDA alone."""
    return device.type == "cuda" and torch.version.hip is None


class RecordedStep:
    """One step of a network for a number of rows and positions: given tokens, the scores of the next ones.

    Everything it holds is memory on the device: the cache, a token a row, and the scores. It is of use as long as the
    weights lie where they lay when it was made.
    """

    def __init__(self, network: DecoderOnly, rows: int, capacity: int):
        cache = network.new_cache(rows, capacity)
        self.cache = PlacedCache(cache)
        self.tokens = torch.zeros((rows, 1), dtype=torch.int64, device=cache.keys.device)
        self.weights = places_of_weights(network)
        self.scores = torch.empty(0)
        # Not before a network is there: every start of ComfyUI would wait for it.
        from .gpu_steps import GpuSteps

        self.steps = GpuSteps(network)
        self.replay = record(self._run, cache.keys.device)

    def _run(self) -> None:
        self.scores = self.steps(self.tokens, self.cache)
        self.cache.place.add_(1)

    def begin(self, prompt: Cache) -> None:
        """Start behind a prompt that was read: every row continues it."""
        self.cache.begin(prompt)

    def reorder(self, rows: Tensor) -> None:
        """Row i becomes what row rows[i] is (int64 [rows])."""
        self.cache.reorder_(rows)

    def __call__(self, tokens: Tensor) -> Tensor:
        """Scores float32 [rows, vocabulary] after tokens int64 [rows]. The next call writes over them."""
        self.tokens.copy_(tokens[:, None])
        self.replay()
        return self.scores


def record(run: Callable[[], None], device: torch.device) -> Callable[[], None]:
    """Record what `run` does on a GPU; returns a function that does it again, with the same memory."""
    with torch.cuda.device(device):
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(2):  # what libraries make at their first call must not be part of the recording
                run()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        # thread_local: what other threads of ComfyUI do on the GPU meanwhile does not spoil it.
        with torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"):
            run()
    return graph.replay


def recorded_step(network: DecoderOnly, rows: int, tokens: int) -> RecordedStep | None:
    """A recorded step for a number of rows with room for so many tokens, or None where the GPU refuses.

    The network keeps the last one: it serves until the weights are moved or another shape is asked for.
    """
    if network.cannot_record:
        return None
    key = (rows, rounded_capacity(tokens))
    kept = network.recorded.get(key)
    if kept is not None and kept.weights == places_of_weights(network):
        return kept
    network.recorded.clear()  # before the next one is made: both together may be too much
    try:
        network.recorded[key] = RecordedStep(network, *key)
    except torch.cuda.OutOfMemoryError:
        raise
    except RuntimeError as error:
        log.warning("this GPU cannot record decoding steps (%s): they are slower without", error)
        network.cannot_record = True
        return None
    return network.recorded[key]


def places_of_weights(network: DecoderOnly) -> tuple[int, ...]:
    """Where each parameter and packed weight lies in memory: a recording is of use while they stay there."""
    return tuple(each.data_ptr() for each in (*network.parameters(), *network.buffers()))
