"""How long a run will take and how much memory it needs, measured on its own first steps."""

import sys
import time

import torch

FIRST = 10  # steps that are measured before anything is said


def duration(seconds: float) -> str:
    """Seconds as people say it: "40 s", "12 min", "3.5 h"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def peak_memory(device: torch.device) -> int | None:
    """Most bytes that this process has held so far: on the device for CUDA, else in main memory; None on Windows."""
    if device.type == "cuda":
        return torch.cuda.max_memory_reserved(device)
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


class Pace:
    """Steps of a run beside the clock.

    first   steps that were done before the clock started
    last    steps of the whole run
    device  whose memory is measured
    """

    def __init__(self, first: int, last: int, device: torch.device):
        self.first, self.last, self.device, self.started = first, last, device, time.monotonic()

    def of_a_step(self, step: int) -> float:
        """Mean seconds of a step, after `step` steps of the run."""
        return (time.monotonic() - self.started) / max(1, step - self.first)

    def left(self, step: int) -> str:
        """Time to the end of the run, in words."""
        return duration(self.of_a_step(step) * (self.last - step))

    def after_first_steps(self, step: int) -> str:
        """What the first steps took, in words; "" for any other number of steps."""
        if step != self.first + FIRST:
            return ""
        peak = peak_memory(self.device)
        memory = f"; at most {peak / 1e9:.1f} GB of memory so far, on each device" if peak else ""
        return (
            f"a step takes {self.of_a_step(step):.2f} s, the other {self.last - step:,} steps about "
            f"{self.left(step)}{memory}"
        )
