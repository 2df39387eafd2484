"""Supervised fine-tuning: a pre-trained checkpoint learns to answer a raw prompt with a detailed one.

Loss on the answer only: L = -sum_i log P(y_i | x, y_<i), with x = the family's template around the raw prompt and
y = the detailed prompt and the end-of-text token (BeautifulPrompt, section 3.2). What is trained is, token for token,
what the Beautifier will ask and read. The training loop is TRL's SFTTrainer.

    python -m prompt_beautifier.training.sft --config training/configs/sft-beautifulprompt.yaml \
        --data runs/pairs --out runs/sft

    # several GPUs: the same command behind accelerate
    accelerate launch --config_file training/configs/accelerate/zero2.yaml -m prompt_beautifier.training.sft ...

    # a small one on a CPU
    python -m prompt_beautifier.training.sft --model embedded --data runs/pairs --out runs/small --batch-size 64 \
        --lr 2e-4 --epochs 1 --bf16

--data is a folder with train.jsonl and heldout.jsonl, rows {"raw_prompt", "prompt", and maybe "pick_score"}.
--model is any BLOOM or GPT-2 checkpoint. --batch-size is that of an update over all devices: the number of devices
and --micro-batch change speed and memory, not the result. The same command continues a run that was killed: no row
is lost or seen twice. OUT/model is the folder for Load Beautifier; OUT/metrics.jsonl and OUT/tensorboard hold the
losses; OUT/checkpoints is needed to continue and may be deleted afterwards.
"""

import argparse
import random
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import torch
from accelerate import PartialState
from datasets import Dataset, disable_progress_bars
from tokenizers import Tokenizer
from transformers import AutoConfig, AutoModelForCausalLM, PrinterCallback, set_seed
from transformers.utils.logging import disable_progress_bar
from trl import SFTConfig, SFTTrainer

from ..beautifier.families import Family, render
from ..beautifier.language.config import NetworkConfig
from .run.bases import base_tokenizer, find_base, hugging_face_config, short_name, transformers_tokenizer
from .run.cards import model_card
from .run.estimates import (
    Estimate,
    activation_memory,
    count_parameters,
    memory_of,
    seconds_for,
    training_memory,
)
from .run.export import DTYPES, export
from .run.options import parse
from .run.rows import answer_of, read_jsonl
from .run.trainer import Watch, accumulation, gathered_weights, newest_checkpoint, row_order, say

# -- rows


@dataclass(frozen=True)
class Filter:
    """Which rows are learnt from (the reference keeps 18.5, 25, and of those under 35 tokens 70 %).

    min_pick_score  rows whose own pick_score is lower are dropped; rows without one stay
    min_tokens      prompts of fewer tokens are dropped
    short_tokens    of prompts of fewer tokens than this ...
    drop_short      ... this share is dropped, chosen by the seed
    max_length      rows of more tokens, template and end included, are dropped
    """

    min_pick_score: float = 18.5
    min_tokens: int = 0
    short_tokens: int = 35
    drop_short: float = 0.0
    max_length: int = 384
    seed: int = 0


def training_row(family: Family, tokenizer: Tokenizer, eos: int, row: dict) -> dict | None:
    """One row as SFTTrainer takes it: input_ids, and labels that are -100 for the template. None where the row does
    not fit the family."""
    answer = answer_of(family, row["raw_prompt"], row["prompt"])
    if answer is None:
        return None
    asked = tokenizer.encode(render(family, row["raw_prompt"])).ids
    written = [*tokenizer.encode(answer).ids, eos]
    return {"input_ids": asked + written, "labels": [-100] * len(asked) + written}


def training_rows(
    rows: list[dict], family: Family, tokenizer: Tokenizer, eos: int, keep: Filter
) -> tuple[list[dict], Counter]:
    """The rows that pass the filter, and how many were dropped for which reason."""
    chance, kept, dropped = random.Random(keep.seed), [], Counter()
    for row in rows:
        made = training_row(family, tokenizer, eos, row)
        reason = drop_reason(row, made, keep, chance)
        if reason:
            dropped[reason] += 1
        else:
            kept.append(made)
    return kept, dropped


def drop_reason(row: dict, made: dict | None, keep: Filter, chance: random.Random) -> str:
    """Why a row is not learnt from; "" when it is."""
    if made is None:
        return "the prompt does not begin with the raw prompt"
    tokens = sum(label != -100 for label in made["labels"]) - 1
    if row.get("pick_score") is not None and row["pick_score"] < keep.min_pick_score:
        return f"pick_score below {keep.min_pick_score:g}"
    if tokens < keep.min_tokens:
        return f"under {keep.min_tokens} tokens"
    if keep.drop_short and tokens < keep.short_tokens and chance.random() < keep.drop_short:
        return f"{keep.drop_short:.0%} of those under {keep.short_tokens} tokens"
    if len(made["input_ids"]) > keep.max_length:
        return f"over {keep.max_length} tokens with the template"
    return ""


def read_rows(path: Path, family: Family, tokenizer: Tokenizer, config: NetworkConfig, keep: Filter) -> list[dict]:
    """The rows of a file that are learnt from; prints what was dropped."""
    rows = read_jsonl(path, "raw_prompt", "prompt")
    kept, dropped = training_rows(rows, family, tokenizer, config.eos_token_id, keep)
    say(f"{path.name}: {len(kept):,} of {len(rows):,} rows")
    for reason, count in dropped.items():
        say(f"  dropped {count:,}: {reason}")
    if not kept:
        raise ValueError(f"no row of {path} is left to learn from: loosen the filter")
    return kept


# -- the run


def load_model(folder: Path, dropout: float):
    """The checkpoint as transformers' model in float32, with one dropout everywhere."""
    config = AutoConfig.from_pretrained(folder)
    for name in ("attention_dropout", "hidden_dropout", "attn_pdrop", "resid_pdrop", "embd_pdrop"):
        if hasattr(config, name):
            setattr(config, name, dropout)
    return AutoModelForCausalLM.from_pretrained(folder, config=config, dtype=torch.float32, use_safetensors=True)


def trainer_settings(args: argparse.Namespace, bf16: bool, on_cpu: bool) -> SFTConfig:
    return SFTConfig(
        output_dir=str(args.out / "checkpoints"),
        per_device_train_batch_size=args.micro_batch,
        per_device_eval_batch_size=args.micro_batch,
        gradient_accumulation_steps=accumulation(args.batch_size, args.micro_batch, PartialState().num_processes),
        num_train_epochs=1,  # all epochs are written out in row_order
        train_sampling_strategy="sequential",
        ddp_find_unused_parameters=False,
        learning_rate=args.lr,
        weight_decay=args.weight_decay,
        warmup_steps=args.warmup_steps,
        lr_scheduler_type=args.lr_schedule,
        max_grad_norm=args.max_grad_norm,
        bf16=bf16,
        use_cpu=on_cpu,
        max_length=None,  # rows that are too long were left out, none is cut
        gradient_checkpointing=args.gradient_checkpointing,
        logging_steps=args.log_steps,
        eval_strategy="steps" if args.eval_rows else "no",
        eval_steps=args.checkpoint_steps,
        save_steps=args.checkpoint_steps,
        save_total_limit=2,
        seed=args.seed,
        report_to=[],
        disable_tqdm=True,
    )


def option_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--model", required=True, help="'embedded', a folder, a published model, or a repository")
    add("--family", help="how the model is asked; default: what its beautifier.json says")
    add("--data", type=Path, required=True, help="folder with train.jsonl and heldout.jsonl")
    add("--out", type=Path, required=True, help="folder of the run")
    add("--epochs", type=float, default=4)
    add("--max-steps", type=int, help="updates of the run, instead of --epochs")
    add("--batch-size", type=int, default=64, help="rows of one update, over all devices")
    add("--micro-batch", type=int, default=16, help="rows of one forward pass on one device")
    add("--lr", type=float, default=2e-5)
    add("--lr-schedule", choices=("linear", "cosine", "constant"), default="linear")
    add("--warmup-steps", type=int, default=0)
    add("--weight-decay", type=float, default=0.0)
    add("--max-grad-norm", type=float, default=1.0)
    add("--dropout", type=float, default=0.0)
    add("--max-length", type=int, default=384, help="longest row, in tokens with the template")
    add("--min-pick-score", type=float, default=18.5, help="for rows that have a pick_score")
    add("--min-tokens", type=int, default=0, help="shortest prompt that is learnt from (reference: 25)")
    add("--short-tokens", type=int, default=35, help="prompts of fewer tokens are short")
    add("--drop-short", type=float, default=0.0, help="share of short prompts to drop (reference: 0.3)")
    add("--eval-rows", type=int, default=500, help="held-out rows to take the loss of")
    add("--log-steps", type=int, default=10)
    add("--checkpoint-steps", type=int, default=200, help="updates between checkpoints and held-out losses")
    add(
        "--gradient-checkpointing",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="less memory, slower",
    )
    add("--bf16", action=argparse.BooleanOptionalAction, help="default: on GPUs that can")
    add("--cpu", action="store_true", help="leave the GPU alone")
    add("--export-dtype", choices=DTYPES, default="float16")
    add("--seed", type=int, default=0)
    return parser


def main(argv: list[str] | None = None) -> None:
    args = parse(option_parser(), argv)
    device = PartialState(cpu=args.cpu).device
    bf16 = device.type == "cuda" and torch.cuda.is_bf16_supported() if args.bf16 is None else args.bf16
    settings = trainer_settings(args, bf16, device.type == "cpu")
    set_seed(args.seed)
    disable_progress_bar()  # of writing weights
    disable_progress_bars()  # of data sets that are ready in a second

    folder, family = find_base(args.model, args.family)
    tokenizer, config = base_tokenizer(folder)
    longest = min(args.max_length, config.max_positions or args.max_length)
    keep = Filter(args.min_pick_score, args.min_tokens, args.short_tokens, args.drop_short, longest, args.seed)
    train = read_rows(args.data / "train.jsonl", family, tokenizer, config, keep)
    heldout = (
        read_rows(args.data / "heldout.jsonl", family, tokenizer, config, Filter(float("-inf"), max_length=longest))
        if args.eval_rows
        else []
    )[: args.eval_rows]

    updates = args.max_steps or int(len(train) * args.epochs) // args.batch_size
    if updates == 0:
        raise ValueError(
            f"{len(train)} rows in {args.epochs:g} epochs do not fill one --batch-size of {args.batch_size}"
        )

    weights, lengths = count_parameters(config), [len(row["input_ids"]) for row in train]
    operations = 6.0 * weights * sum(lengths) / len(lengths) * args.batch_size * updates
    estimate = Estimate(
        training_memory(weights, weights)
        + activation_memory(
            config, config.num_layers, args.micro_batch, max(lengths), bf16, args.gradient_checkpointing
        ),
        seconds_for(operations, device, bf16) / PartialState().num_processes,
    )
    say(f"{weights:,} weights on {PartialState().num_processes} x {device.type}: {estimate}")
    if memory_of(device) is not None and estimate.memory > memory_of(device):
        say(
            f"that is more than this device's {memory_of(device) / 1e9:.0f} GB: "
            "lower --micro-batch, use --gradient-checkpointing, or zero2.yaml / fsdp.yaml on several devices"
        )

    watch = Watch(args.out)
    trainer = SFTTrainer(
        load_model(folder, args.dropout),
        settings,
        train_dataset=Dataset.from_list(train).select(row_order(len(train), updates, args.batch_size, args.seed)),
        eval_dataset=Dataset.from_list(heldout) if heldout else None,
        processing_class=transformers_tokenizer(tokenizer, config),
        callbacks=[watch],
    )
    trainer.remove_callback(PrinterCallback)
    checkpoint = newest_checkpoint(args.out / "checkpoints")
    if checkpoint is not None:
        say(f"continuing from {checkpoint.name}")
    started = time.monotonic()
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if heldout and watch.heldout_at != trainer.state.global_step:
        trainer.evaluate()

    trained = gathered_weights(trainer, args.out)
    if PartialState().is_main_process:
        watch.metrics.close()
        figures = {
            "rows": len(train),
            "updates": trainer.state.global_step,
            **watch.figures,
            "minutes of this part of the run": (time.monotonic() - started) / 60,
        }
        options = {name: value for name, value in vars(args).items() if name not in ("out", "config")}
        card = model_card(
            args.out.resolve().name,
            "supervised fine-tuning (training/sft.py)",
            short_name(args.model),
            family,
            f"{len(train):,} pairs of a raw prompt and a detailed one",
            options,
            figures,
        )
        export(
            args.out / "model",
            trained,
            hugging_face_config(folder),
            tokenizer,
            family,
            card,
            args.export_dtype,
        )
        print(f"the model is in {args.out / 'model'}", flush=True)
    PartialState().wait_for_everyone()


if __name__ == "__main__":
    main()
