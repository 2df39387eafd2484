"""The numbers of a run over time: OUT/metrics.jsonl to read, OUT/tensorboard to look at.

tensorboard --logdir runs
"""

import json
from pathlib import Path


class Metrics:
    """Writes a row of numbers for a step. A run that goes on after `step` first forgets what was written later
    than that, so that no step is there twice."""

    def __init__(self, folder: Path, step: int = 0):
        from torch.utils.tensorboard import SummaryWriter

        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "metrics.jsonl"
        keep_until(path, step)
        self.rows = open(path, "a", encoding="utf-8")  # noqa: SIM115 (open for the whole run)
        self.board = SummaryWriter(str(folder / "tensorboard"), purge_step=step + 1)

    def write(self, step: int, values: dict[str, float]) -> None:
        print(json.dumps({"step": step, **values}), file=self.rows, flush=True)
        for name, value in values.items():
            self.board.add_scalar(name, value, step)

    def close(self) -> None:
        self.rows.close()
        self.board.close()


def keep_until(path: Path, step: int) -> None:
    """Cut a metrics file back to its rows of steps up to `step`; a last row that was cut off goes, too."""
    if not path.exists():
        return
    kept = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if row["step"] <= step:
            kept.append(line + "\n")
    part = path.with_suffix(".part")
    part.write_text("".join(kept), encoding="utf-8")
    part.replace(path)


def read_metrics(folder: Path) -> list[dict]:
    """The rows of a run's metrics.jsonl, the oldest first."""
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
