"""What the stages on transformers' trainers share: the order of rows, progress, checkpoints and the trained weights."""

import random
import shutil
import time
from pathlib import Path

from accelerate import PartialState
from safetensors.torch import load_file
from torch import Tensor
from transformers import Trainer, TrainerCallback

from ...beautifier.language.weights import weight_files
from .estimates import duration
from .metrics import Metrics

# A checkpoint that was written to its end has this file; one that a kill cut off has not.
COMPLETE = "complete"
NAMES = {"loss": "loss", "eval_loss": "heldout_loss", "learning_rate": "lr", "grad_norm": "grad_norm"}


def say(text: object) -> None:
    """Print once, whatever the number of processes."""
    if PartialState().is_main_process:
        print(text, flush=True)


def row_order(rows: int, updates: int, batch_size: int, seed: int) -> list[int]:
    """Which row comes when, for a whole run: one permutation of all rows after another, cut to whole updates.

    With this written out, an update is the same rows on any number of devices, and epochs need no padding."""
    chance, order = random.Random(seed), []
    while len(order) < updates * batch_size:
        order += chance.sample(range(rows), rows)
    return order[: updates * batch_size]


def accumulation(batch_size: int, micro_batch: int, processes: int) -> int:
    """Forward passes per update on each process. Raises ValueError where the batch cannot be dealt out evenly."""
    if batch_size % (micro_batch * processes):
        raise ValueError(
            f"--batch-size {batch_size} must be a multiple of --micro-batch {micro_batch} times the number of "
            f"processes, {processes}"
        )
    return batch_size // (micro_batch * processes)


class Watch(TrainerCallback):
    """Puts numbers into the metrics, prints progress with the time that is left, and marks whole checkpoints.

    names  which of the trainer's numbers, and what they are called here
    """

    def __init__(self, out: Path, names: dict[str, str] = NAMES):
        self.out, self.names = out, names
        self.metrics, self.figures, self.heldout_at = None, {}, None

    def on_train_begin(self, args, state, control, **kwargs):
        self.started, self.first = time.monotonic(), state.global_step
        if state.is_world_process_zero:
            self.metrics = Metrics(self.out, state.global_step)

    def on_log(self, args, state, control, logs, **kwargs):
        row = {name: float(logs[key]) for key, name in self.names.items() if key in logs}
        if "heldout_loss" in row:
            self.heldout_at = state.global_step
        if not row or self.metrics is None:
            return
        self.figures |= {name: value for name, value in row.items() if name not in ("lr", "grad_norm")}
        self.metrics.write(state.global_step, row)
        done = state.global_step - self.first
        left = (time.monotonic() - self.started) / max(done, 1) * (state.max_steps - state.global_step)
        numbers = "  ".join(f"{name} {value:.4g}" for name, value in row.items())
        print(f"step {state.global_step:,}/{state.max_steps:,}  {numbers}  {duration(left)} left", flush=True)

    def on_save(self, args, state, control, **kwargs):
        PartialState().wait_for_everyone()
        if state.is_world_process_zero:
            (Path(args.output_dir) / f"checkpoint-{state.global_step}" / COMPLETE).touch()


def newest_checkpoint(folder: Path) -> Path | None:
    """The last checkpoint that was written to its end; the remains of others are deleted."""
    steps = {int(path.name.partition("-")[2]): path for path in folder.glob("checkpoint-*") if path.is_dir()}
    whole = {step: path for step, path in steps.items() if (path / COMPLETE).is_file()}
    if PartialState().is_main_process:
        for step in steps.keys() - whole.keys():
            shutil.rmtree(steps[step])
    PartialState().wait_for_everyone()
    return whole[max(whole)] if whole else None


def gathered_weights(trainer: Trainer, out: Path) -> dict[str, Tensor]:
    """The trained weights by transformers' names, however they are dealt out over devices; on the main process."""
    trainer.save_model(str(out / "whole"))
    weights = {}
    if PartialState().is_main_process:
        for path in weight_files(out / "whole"):
            weights |= load_file(path)
        shutil.rmtree(out / "whole")
    return weights
