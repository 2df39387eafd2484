"""How many threads a small network runs on: one.

A step of the embedded model is some fifty products of a few microseconds each. Sharing one among threads costs more
than it saves, and where the processor is busy with other things each product waits for a thread that is not running.
"""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch

ONE_THREAD_BELOW = 512  # below it a network is small


def runs_on_one_thread(config) -> bool:
    """Whether a network of this NetworkConfig runs on one thread."""
    return config.hidden_size < ONE_THREAD_BELOW


def threads_for(network) -> AbstractContextManager:
    """A context in which a network runs on the threads that suit it; afterwards the caller has as many as before."""
    small = network.device.type == "cpu" and runs_on_one_thread(network.config)
    return one_thread() if small and torch.get_num_threads() > 1 else nullcontext()


@contextmanager
def one_thread() -> Generator[None]:
    """Torch works on the calling thread alone.

    torch.set_num_threads is for the calling thread and for threads that have not used torch yet. The latter shall not
    notice, and only a thread that is not the calling one can say so.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    others = threading.Thread(target=torch.set_num_threads, args=(before,))
    others.start()
    others.join()
    try:
        yield
    finally:
        torch.set_num_threads(before)
