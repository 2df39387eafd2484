"""What the stages on transformers' trainers share: devices, settings, the order of rows, progress, checkpoints."""

import argparse
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from accelerate import PartialState
from safetensors.torch import load_file
from torch import Tensor
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments, set_seed
from transformers.utils.logging import disable_progress_bar

from ...beautifier.language.weight_names import weight_files
from .adapters import merged
from .metrics import Metrics
from .pace import Pace

# A checkpoint that was written to its end has this file; one that a kill cut off has not.
COMPLETE = "complete"
# Where a configuration of transformers says how much is dropped out; each architecture has some of them.
DROPOUTS = ("attention_dropout", "hidden_dropout", "attn_pdrop", "resid_pdrop", "embd_pdrop")


# What transformers calls the setting: by its new name where it has one, as the old one is warned of.
CHECKPOINTING = next(
    name for name in ("activation_checkpointing", "gradient_checkpointing") if hasattr(TrainingArguments, name)
)


@dataclass(frozen=True)
class Devices:
    """What a run is trained on: this process's device, the number of processes, and whether products are bfloat16."""

    device: torch.device
    processes: int
    bf16: bool

    def __str__(self) -> str:
        return f"{self.processes} x {self.device.type}"


def start(args: argparse.Namespace) -> Devices:
    """The devices of a run; from here on chance follows --seed, and only the run itself shows progress."""
    state = PartialState(cpu=args.cpu)
    set_seed(args.seed)
    disable_progress_bar()  # of writing weights
    return Devices(state.device, state.num_processes, wants_bf16(args, state.device))


def wants_bf16(args: argparse.Namespace, device: torch.device) -> bool:
    """--bf16, or where that is not given, whether the device is a GPU that can."""
    return device.type == "cuda" and torch.cuda.is_bf16_supported() if args.bf16 is None else args.bf16


def say(text: object) -> None:
    """Print once, whatever the number of processes."""
    if PartialState().is_main_process:
        print(text, flush=True)


def trainer_settings(args: argparse.Namespace, devices: Devices, batch_size: int, flag: str) -> dict:
    """Settings of every trainer, from the options of add_training and add_forward_passes.

    batch_size  rows of an update, which the option `flag` has given
    """
    return {
        "output_dir": str(args.out / "checkpoints"),
        "per_device_train_batch_size": args.micro_batch,
        "gradient_accumulation_steps": accumulation(batch_size, args.micro_batch, devices.processes, flag),
        "ddp_find_unused_parameters": False,
        "learning_rate": args.lr,
        "max_grad_norm": args.max_grad_norm,
        "bf16": devices.bf16,
        "use_cpu": devices.device.type == "cpu",
        CHECKPOINTING: args.gradient_checkpointing,  # TRL has another default than transformers
        "logging_steps": args.log_steps,
        "save_steps": args.checkpoint_steps,
        "save_total_limit": 2,
        "seed": args.seed,
        "report_to": [],
        "disable_tqdm": True,
    }


def supervised_settings(args: argparse.Namespace, devices: Devices) -> dict:
    """The same and what options.add_supervised has; all epochs are written out in row_order."""
    return {
        **trainer_settings(args, devices, args.batch_size, "--batch-size"),
        "per_device_eval_batch_size": args.micro_batch,
        "num_train_epochs": 1,
        "train_sampling_strategy": "sequential",
        "weight_decay": args.weight_decay,
        "adam_beta1": args.betas[0],
        "adam_beta2": args.betas[1],
        "warmup_steps": args.warmup_steps,
        "lr_scheduler_type": args.lr_schedule,
        "eval_strategy": "steps" if args.eval_rows else "no",
        "eval_steps": args.checkpoint_steps,
    }


def accumulation(batch_size: int, micro_batch: int, processes: int, flag: str = "--batch-size") -> int:
    """Forward passes per update on each process. Raises ValueError where the batch cannot be dealt out evenly."""
    if batch_size % (micro_batch * processes):
        raise ValueError(
            f"{flag} {batch_size} must be a multiple of --micro-batch {micro_batch} times the number of "
            f"processes, {processes}"
        )
    return batch_size // (micro_batch * processes)


def count_updates(rows: int, args: argparse.Namespace) -> int:
    """Updates of a supervised run over so many rows. Raises ValueError where there are too few for one."""
    updates = args.max_steps or int(rows * args.epochs) // args.batch_size
    if updates == 0:
        raise ValueError(f"{rows} rows in {args.epochs:g} epochs do not fill one --batch-size of {args.batch_size}")
    return updates


def row_order(rows: int, updates: int, batch_size: int, seed: int) -> list[int]:
    """Which row comes when, for a whole run: one permutation of all rows after another, cut to whole updates.

    With this written out, an update is the same rows on any number of devices, and epochs need no padding."""
    chance, order = random.Random(seed), []
    while len(order) < updates * batch_size:
        order += chance.sample(range(rows), rows)
    return order[: updates * batch_size]


def set_dropout(config, dropout: float) -> None:
    """The same dropout everywhere in a network that is made of transformers' configuration."""
    for name in DROPOUTS:
        if hasattr(config, name):
            setattr(config, name, dropout)


class Watch(TrainerCallback):
    """Puts numbers into the metrics, prints progress with the time that is left, and marks whole checkpoints.

    names  which of the trainer's numbers, and what they are called here
    """

    NAMES = {"loss": "loss", "eval_loss": "heldout_loss", "learning_rate": "lr", "grad_norm": "grad_norm"}

    def __init__(self, out: Path, names: dict[str, str] = NAMES):
        self.out, self.names = out, names
        self.metrics, self.figures, self.heldout_at = None, {}, None

    def on_train_begin(self, args, state, control, **kwargs):
        self.pace = Pace(state.global_step, state.max_steps, args.device)
        if state.is_world_process_zero:
            self.metrics = Metrics(self.out, state.global_step)

    def on_step_end(self, args, state, control, **kwargs):
        found = self.pace.after_first_steps(state.global_step)
        if found:
            say(found)

    def on_log(self, args, state, control, logs, **kwargs):
        row = {name: float(logs[key]) for key, name in self.names.items() if key in logs}
        if "heldout_loss" in row:
            self.heldout_at = state.global_step
        if not row or self.metrics is None:
            return
        self.figures |= {name: value for name, value in row.items() if name not in ("lr", "grad_norm")}
        self.metrics.write(state.global_step, row)
        numbers = "  ".join(f"{name} {value:.4g}" for name, value in row.items())
        left = self.pace.left(state.global_step)
        print(f"step {state.global_step:,}/{state.max_steps:,}  {numbers}  {left} left", flush=True)

    def on_save(self, args, state, control, **kwargs):
        PartialState().wait_for_everyone()
        if state.is_world_process_zero:
            (Path(args.output_dir) / f"checkpoint-{state.global_step}" / COMPLETE).touch()


def train(trainer: Trainer, out: Path) -> None:
    """Train from the newest checkpoint of OUT, or from the beginning."""
    trainer.remove_callback(PrinterCallback)
    checkpoint = newest_checkpoint(out / "checkpoints")
    if checkpoint is not None:
        say(f"continuing from {checkpoint.name}")
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)


def newest_checkpoint(folder: Path) -> Path | None:
    """The last checkpoint that was written to its end; the remains of others are deleted."""
    steps = {int(path.name.partition("-")[2]): path for path in folder.glob("checkpoint-*") if path.is_dir()}
    whole = {step: path for step, path in steps.items() if (path / COMPLETE).is_file()}
    if PartialState().is_main_process:
        for step in steps.keys() - whole.keys():
            shutil.rmtree(steps[step])
    PartialState().wait_for_everyone()
    return whole[max(whole)] if whole else None


def gathered_weights(trainer: Trainer, out: Path, make: Callable) -> dict[str, Tensor]:
    """The trained weights by transformers' names, however they are dealt out over devices; on the main process.

    make  loads the model that adapters, where there are some, are added to
    """
    trainer.save_model(str(out / "whole"))
    weights = {}
    if PartialState().is_main_process:
        if (out / "whole" / "adapter_config.json").is_file():
            weights = merged(make, out / "whole")
        else:
            for path in weight_files(out / "whole"):
                weights |= load_file(path)
        shutil.rmtree(out / "whole")
    return weights
