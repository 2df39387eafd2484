"""Direct preference optimisation: a checkpoint learns to write what was chosen rather than what was rejected.

    L = -log sigmoid( beta * [ log pi(y+|x)/rho(y+|x) - log pi(y-|x)/rho(y-|x) ] )

(Rafailov et al. 2023, arXiv 2305.18290, equation 7): x is the raw prompt in the family's template, y+ the chosen and y-
the rejected prompt, pi the network and rho what it was at the start. No reward model and no sampling are needed. The
training loop is TRL's DPOTrainer; what is trained is, token for token, what the Beautifier will ask and read.

    python -m prompt_beautifier.training.dpo --config training/configs/dpo.yaml \\
        --model runs/sft/model --data runs/preferences --out runs/dpo

    # several GPUs: the same command behind accelerate
    accelerate launch --config_file training/configs/accelerate/multi-gpu.yaml -m prompt_beautifier.training.dpo ...

--data is a folder with train.jsonl and heldout.jsonl, rows {"raw_prompt", "chosen", "rejected"}: votes and other
choices (training.importer makes the rows), or what the pictures of several candidates scored (training.label
--candidates). --batch-size is in pairs, over all devices. The same command continues a run that was killed: no row is
lost or seen twice. OUT/model is the folder for Load Beautifier; OUT/metrics.jsonl and OUT/tensorboard hold loss,
margin and the share of pairs in which the chosen prompt has gained more; OUT/checkpoints is needed to continue and
may be deleted afterwards.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from accelerate import PartialState
from datasets import Dataset, disable_progress_bars
from tokenizers import Tokenizer
from trl import DPOConfig, DPOTrainer

from ..beautifier.families import Family
from ..beautifier.language.config import NetworkConfig
from .data.preferences import SIDES, read_preferences
from .run.adapters import add_four_bit, add_lora, lora_config, quantised
from .run.bases import base_tokenizer, checkpoint_config, find_base, transformers_tokenizer
from .run.cards import beautifier_card, short_name
from .run.export import export_beautifier
from .run.options import add_supervised, add_training, as_command, given, new_parser, parse
from .run.rows import answer_tokens, question_tokens
from .run.same_run import same_run
from .run.trainer import (
    Watch,
    count_updates,
    gathered_weights,
    row_order,
    say,
    start,
    supervised_settings,
    train,
)
from .sft import load_model

# TRL's numbers, and what they are called in metrics.jsonl.
NAMES = {
    **Watch.NAMES,
    "rewards/accuracies": "chosen_above",
    "rewards/margins": "margin",
    "eval_rewards/accuracies": "heldout_chosen_above",
    "eval_rewards/margins": "heldout_margin",
}


def main(argv: list[str] | None = None) -> None:
    args = parse(option_parser(), argv)
    devices, adapters = start(args), lora_config(args)
    same_run(args)
    settings = DPOConfig(**supervised_settings(args, devices), beta=args.beta, loss_type=[args.loss], max_length=None)
    disable_progress_bars()  # of data sets that are ready in a second

    folder, family = find_base(args.model, args.family)
    tokenizer, config = base_tokenizer(folder, family)
    rows = pairs_to_learn(args.data / "train.jsonl", family, tokenizer, config, args.max_length)
    heldout = pairs_to_learn(args.data / "heldout.jsonl", family, tokenizer, config, args.max_length)[: args.eval_rows]
    updates = count_updates(len(rows), args)
    model = load_model(folder, args.dropout, **quantised(args))
    say(f"{model.num_parameters():,} weights on {devices}, {updates:,} updates")

    watch = Watch(args.out, NAMES)
    trainer = TokenisedDPO(
        model,
        None if adapters else load_model(folder, 0.0),  # beside adapters the network itself is the reference
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
        figures = {"pairs": len(rows), "updates": trainer.state.global_step, **watch.figures}
        stage, data = (
            "direct preference optimisation (training/dpo.py)",
            f"{len(rows):,} pairs of a chosen and a rejected prompt",
        )
        card = beautifier_card(args.out, stage, short_name(args.model), family, data, given(args), figures, NOTE)
        model_config = checkpoint_config(folder)
        export_beautifier(args.out / "model", trained, model_config, tokenizer, family, card, args.export_dtype, folder)
        print(f"the model is in {args.out / 'model'}", flush=True)
    PartialState().wait_for_everyone()


NOTE = (
    "chosen_above is the share of pairs in which the chosen prompt gained more probability than the rejected one, "
    "margin by how much, in units of beta. Both may rise while the chosen prompt itself gets less likely: read what "
    "the model writes, too."
)


class TokenisedDPO(DPOTrainer):
    """TRL's trainer for rows that are tokens already. It would tokenise template and answer as one text, in which
    tokens can lie across the boundary, and the Beautifier does not ask so."""

    def _prepare_dataset(self, dataset: Dataset, *_) -> Dataset:
        return dataset


def option_parser() -> argparse.ArgumentParser:
    parser = new_parser(__doc__)
    add = parser.add_argument
    add("--model", required=True, help="the SFT model: a checkpoint folder, a published model, or a repository")
    add("--family", help="how the model is asked; default: what its beautifier.json says")
    add("--data", type=Path, required=True, help="folder with train.jsonl and heldout.jsonl")
    add("--max-length", type=int, default=384, help="longest row, in tokens with the template")
    add(
        "--beta",
        type=float,
        default=0.1,
        help="how much a change of probability counts: more stays nearer to the start",
    )
    losses = "sigmoid is the paper's; ipo (arXiv 2310.12036) does not drive what is sure already any further"
    add("--loss", choices=("sigmoid", "ipo", "hinge"), default="sigmoid", help=losses)
    add_lora(parser)
    add_four_bit(parser)
    add_supervised(parser, epochs=1, batch_size=64, weight_decay=0.0, eval_rows=500)
    add_training(parser, lr=1e-6, checkpoint_steps=100)
    return parser


def pairs_to_learn(path: Path, family: Family, tokenizer: Tokenizer, config: NetworkConfig, longest: int) -> list[dict]:
    """The rows of a file as TokenisedDPO takes them; prints what was dropped.

    longest  most tokens of template and prompt together
    """
    rows, dropped = read_preferences(path), Counter()
    longest, kept = min(longest, config.max_positions or longest), []
    for row in rows:
        made = pair_of_tokens(family, tokenizer, config.eos_token_id, row)
        if made is None:
            dropped["a prompt does not begin with the raw prompt"] += 1
        elif len(made["prompt_ids"]) + max(len(made[f"{side}_ids"]) for side in SIDES) > longest:
            dropped[f"over {longest} tokens with the template"] += 1
        else:
            kept.append(made)
    say(f"{path.name}: {len(kept):,} of {len(rows):,} pairs")
    for reason, count in dropped.items():
        say(f"  dropped {count:,}: {reason}")
    if not kept:
        raise ValueError(f"no row of {path} is left to learn from")
    return kept


def pair_of_tokens(family: Family, tokenizer: Tokenizer, eos: int, row: dict) -> dict[str, list[int]] | None:
    """prompt_ids of the template, chosen_ids and rejected_ids with their end tokens; None where the row does not fit
    the family."""
    made = {f"{side}_ids": answer_tokens(tokenizer, family, row["raw_prompt"], row[side], eos) for side in SIDES}
    if None in made.values():
        return None
    return {"prompt_ids": question_tokens(tokenizer, family, row["raw_prompt"]), **made}


if __name__ == "__main__":
    as_command("dpo", main)
