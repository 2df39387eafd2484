"""What many runs leave behind: the memory of the server's process over hundreds of queued runs."""

import os
from pathlib import Path

import pytest

from .browser import SEEDS
from .conftest import RAN_ON
from .test_comfyui import beautify_graph

RUNS = int(os.environ.get("COMFYUI_RUNS", "500"))
WARM = 0.2  # share of the runs after which everything is loaded
MOST = 40  # MB that the other runs may add: ComfyUI keeps the history of each


def megabytes(pid: int) -> float:
    """The resident memory of a process, where the system says it."""
    path = Path(f"/proc/{pid}/status")
    if not path.is_file():
        pytest.skip("needs /proc")
    (line,) = (line for line in path.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_hundreds_of_runs_leave_no_memory_taken(server, model):
    read = {}
    for run in range(1, RUNS + 1):
        history = server.run(beautify_graph(model, prompt="an old lighthouse", seed=next(SEEDS), num_candidates=5))
        assert len(history["outputs"]["2"]["text"]) == 5
        if run == 1 or run % (RUNS // 5) == 0:
            read[run] = megabytes(server.pid)
    RAN_ON.append("Memory after runs, MB: " + ", ".join(f"{run}: {size:.0f}" for run, size in read.items()))
    warm = read[max(1, int(RUNS * WARM))]
    assert read[RUNS] - warm < MOST
