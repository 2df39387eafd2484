"""Pace and memory of a run, by a clock that the test sets."""

import sys

import pytest
import torch

from prompt_beautifier.training.run import pace


def test_durations_are_said_in_the_unit_that_fits():
    assert [pace.duration(40), pace.duration(900), pace.duration(3 * 3600)] == ["40 s", "15 min", "3.0 h"]


def test_the_pace_is_that_of_the_steps_of_this_run(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(pace.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(pace, "peak_memory", lambda device: 5_340_000_000)
    run = pace.Pace(first=40, last=100, device=torch.device("cpu"))
    now[0] = 130.0
    assert run.of_a_step(50) == 3.0 and run.left(50) == "2 min"
    assert run.after_first_steps(49) == run.after_first_steps(51) == ""
    assert run.after_first_steps(50) == (
        "a step takes 3.00 s, the other 50 steps about 2 min; at most 5.3 GB of memory so far, on each device"
    )


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell it in the same way")
def test_memory_is_counted_in_bytes():
    held = b"x" * 300_000_000
    assert pace.peak_memory(torch.device("cpu")) > len(held)
