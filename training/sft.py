"""Supervised fine-tuning: a pre-trained checkpoint learns to answer a raw prompt with a detailed one.

Loss on the answer only: L = -sum_i log P(y_i | x, y_<i), with x = the family's template around the raw prompt and
y = the detailed prompt and the end-of-text token (BeautifulPrompt, section 3.2). What is trained is, token for token,
what the Beautifier will ask and read. The training loop is TRL's SFTTrainer.

    python -m prompt_beautifier.training.sft --config training/configs/sft-beautifulprompt.yaml \\
        --data runs/pairs --out runs/sft

    # several GPUs: the same command behind accelerate
    accelerate launch --config_file training/configs/accelerate/zero2.yaml -m prompt_beautifier.training.sft ...

    # a small one on a CPU
    python -m prompt_beautifier.training.sft --model runs/base/model --data runs/pairs --out runs/small \\
        --batch-size 64 --lr 2e-4 --epochs 1 --bf16

--data is a folder with train.jsonl and heldout.jsonl, rows {"raw_prompt", "prompt", and maybe "pick_score"}.
--model is any BLOOM, GPT-2, Llama, Mistral, Qwen2 or Qwen3 checkpoint; one that chats is asked by its chat template,
unless --family names another way. --batch-size is that of an update over all devices: the number of devices and
--micro-batch change speed and memory, not the result. The same command continues a run that was killed: no row is lost
or seen twice. OUT/model is the folder for Load Beautifier; OUT/metrics.jsonl and OUT/tensorboard hold the
losses; OUT/checkpoints is needed to continue and may be deleted afterwards.
"""

from __future__ import annotations

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
from transformers import AutoConfig, AutoModelForCausalLM
from trl import SFTConfig, SFTTrainer

from ..beautifier.families import Family
from ..beautifier.language.config import NetworkConfig
from .run.adapters import add_four_bit, add_lora, lora_config, quantised
from .run.bases import base_tokenizer, checkpoint_config, find_base, transformers_tokenizer
from .run.cards import beautifier_card, short_name
from .run.export import export_beautifier
from .run.options import add_supervised, add_training, as_command, given, new_parser, parse
from .run.rows import answer_tokens, question_tokens, read_jsonl
from .run.same_run import same_run
from .run.trainer import (
    Watch,
    count_updates,
    gathered_weights,
    row_order,
    say,
    set_dropout,
    start,
    supervised_settings,
    train,
)


def main(argv: list[str] | None = None) -> None:
    args = parse(option_parser(), argv)
    devices, adapters = start(args), lora_config(args)
    same_run(args)
    # Rows that are too long are left out, none is cut.
    settings = SFTConfig(**supervised_settings(args, devices), max_length=None)
    disable_progress_bars()  # of data sets that are ready in a second

    folder, family = find_base(args.model, args.family)
    tokenizer, config = base_tokenizer(folder, family)
    rows, heldout = read_both(args, family, tokenizer, config)
    updates = count_updates(len(rows), args)
    model = load_model(folder, args.dropout, **quantised(args))
    say(f"{model.num_parameters():,} weights on {devices}, {updates:,} updates")

    watch, started = Watch(args.out), time.monotonic()
    trainer = SFTTrainer(
        model,
        settings,
        train_dataset=Dataset.from_list(rows).select(row_order(len(rows), updates, args.batch_size, args.seed)),
        eval_dataset=Dataset.from_list(heldout) if heldout else None,
        processing_class=transformers_tokenizer(tokenizer, config),
        callbacks=[watch],
        peft_config=adapters,
    )
    train(trainer, args.out)
    if heldout and watch.heldout_at != trainer.state.global_step:
        trainer.evaluate()
    trained = gathered_weights(trainer, args.out, lambda: load_model(folder, 0.0))
    if PartialState().is_main_process:
        watch.metrics.close()
        figures = {"rows": len(rows), "updates": trainer.state.global_step, **watch.figures}
        figures["minutes of this part of the run"] = (time.monotonic() - started) / 60
        data = f"{len(rows):,} pairs of a raw prompt and a detailed one"
        stage, base = "supervised fine-tuning (training/sft.py)", short_name(args.model)
        card = beautifier_card(args.out, stage, base, family, data, given(args), figures)
        model_config = checkpoint_config(folder)
        export_beautifier(args.out / "model", trained, model_config, tokenizer, family, card, args.export_dtype, folder)
        print(f"the model is in {args.out / 'model'}", flush=True)
    PartialState().wait_for_everyone()


def option_parser() -> argparse.ArgumentParser:
    parser = new_parser(__doc__)
    add = parser.add_argument
    add("--model", required=True, help="a checkpoint folder, a published model, or a repository")
    add("--family", help="how the model is asked; default: what its beautifier.json says")
    add("--data", type=Path, required=True, help="folder with train.jsonl and heldout.jsonl")
    add("--max-length", type=int, default=384, help="longest row, in tokens with the template")
    add("--min-pick-score", type=float, default=18.5, help="for rows that have a pick_score")
    add("--min-tokens", type=int, default=0, help="shortest prompt that is learnt from (reference: 25)")
    add("--short-tokens", type=int, default=35, help="prompts of fewer tokens are short")
    add("--drop-short", type=float, default=0.0, help="share of short prompts to drop (reference: 0.3)")
    add_lora(parser)
    add_four_bit(parser)
    add_supervised(parser, epochs=4, batch_size=64, weight_decay=0.0, eval_rows=500)
    add_training(parser, lr=2e-5, checkpoint_steps=200)
    return parser


def load_model(folder: Path, dropout: float, **more):
    """The checkpoint as transformers' model in float32, with one dropout everywhere; `more` is for from_pretrained."""
    config = AutoConfig.from_pretrained(folder)
    set_dropout(config, dropout)
    more = {"dtype": torch.float32, "use_safetensors": True, **more}
    return AutoModelForCausalLM.from_pretrained(folder, config=config, **more)


def read_both(
    args: argparse.Namespace, family: Family, tokenizer: Tokenizer, config: NetworkConfig
) -> tuple[list[dict], list[dict]]:
    """The rows to learn from, filtered, and the held-out ones, of which only those are dropped that are too long."""
    longest = min(args.max_length, config.max_positions or args.max_length)
    keep = Filter(args.min_pick_score, args.min_tokens, args.short_tokens, args.drop_short, longest, args.seed)
    rows = rows_to_learn(args.data / "train.jsonl", family, tokenizer, config, keep)
    if not args.eval_rows:
        return rows, []
    everything = Filter(float("-inf"), max_length=longest)
    return rows, rows_to_learn(args.data / "heldout.jsonl", family, tokenizer, config, everything)[: args.eval_rows]


def rows_to_learn(path: Path, family: Family, tokenizer: Tokenizer, config: NetworkConfig, keep: Filter) -> list[dict]:
    """The rows of a file that are learnt from; prints what was dropped."""
    rows = read_jsonl(path, "raw_prompt", "prompt")
    kept, dropped = training_rows(rows, family, tokenizer, config.eos_token_id, keep)
    say(f"{path.name}: {len(kept):,} of {len(rows):,} rows")
    for reason, count in dropped.items():
        say(f"  dropped {count:,}: {reason}")
    if not kept:
        raise ValueError(f"no row of {path} is left: loosen --min-pick-score, --min-tokens or --max-length")
    return kept


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


def training_row(family: Family, tokenizer: Tokenizer, eos: int, row: dict) -> dict | None:
    """One row as SFTTrainer takes it: input_ids, and labels that are -100 for the template. None where the row does
    not fit the family."""
    written = answer_tokens(tokenizer, family, row["raw_prompt"], row["prompt"], eos)
    if written is None:
        return None
    asked = question_tokens(tokenizer, family, row["raw_prompt"])
    return {"input_ids": asked + written, "labels": [-100] * len(asked) + written}


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


if __name__ == "__main__":
    as_command("sft", main)
