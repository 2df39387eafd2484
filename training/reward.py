"""Reward models: a network learns to tell from a prompt's words which score its picture will get.

Mean squared error to a score in the rows, with one output on the last token of "Input: x\\nOutput: y</s>", or of
"y</s>" for the aesthetic score, which knows nothing of x (BeautifulPrompt, arXiv 2311.06752: r_ps and r_aes). The
training loop is transformers' Trainer. Scores are standardised for training; the model gives them in their own unit.

    python -m prompt_beautifier.training.reward --config training/configs/reward-pick.yaml \\
        --data runs/labelled --out runs/pick
    python -m prompt_beautifier.training.reward --config training/configs/reward-aesthetic.yaml \\
        --data runs/labelled --out runs/aesthetic

    # r = 0.7 r_ps + 0.3 r_aes: one folder for Load Reward Model and for PPO
    python -m prompt_beautifier.training.reward --combine runs/pick/model runs/aesthetic/model --weights 0.7 0.3 \\
        --out runs/reward

    # which of two prompts is chosen, from rows of choices
    python -m prompt_beautifier.training.reward --term preference --model runs/sft/model --data runs/preferences \\
        --lr 1e-5 --out runs/preference

    # whether y says what x says, learnt without scores
    python -m prompt_beautifier.training.reward --config training/configs/reward-consistency.yaml \\
        --data runs/pairs --out runs/consistency

    # several GPUs: the same command behind accelerate
    accelerate launch --config_file training/configs/accelerate/zero2.yaml -m prompt_beautifier.training.reward ...

--data is a folder with train.jsonl and heldout.jsonl, rows {"raw_prompt", "prompt", and the column named by --term};
rows without a number in it are left out. --term consistency needs no column: the target is 1 for a row and 0 for a
mismatch made of it by rule (mismatches.py). --term preference reads rows {"raw_prompt", "chosen", "rejected"}; its
loss is that of Bradley and Terry, -log sigmoid(r(x, chosen) - r(x, rejected)), and --batch-size counts pairs.
--batch-size is that of an update over all devices. The same command continues a run that was killed, to the same
result. OUT/model is the reward folder; its README.md has the figures on held-out rows beside those of always guessing
the mean. OUT/metrics.jsonl and OUT/tensorboard hold the losses; OUT/checkpoints is needed to continue and may be
deleted afterwards.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import torch
from accelerate import PartialState
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional as F
from transformers import AutoConfig, AutoModelForSequenceClassification, BloomConfig, Trainer, TrainingArguments

from ..beautifier.language.config import NetworkConfig
from ..beautifier.language.tokenizer import load_tokenizer
from ..beautifier.rewards.folders import NOTES
from ..beautifier.rewards.model import load_reward_model
from ..beautifier.rewards.regressor import ALONE, MAX_LENGTH, PAIR, Reading
from .data.mismatches import Example
from .data.preferences import read_preferences
from .regression.combine import combine
from .regression.examples import (
    CONSISTENCY,
    PREFERENCE,
    Scale,
    collator,
    pair_collator,
    pair_tensors,
    read_examples,
    scale_of,
    tensors,
)
from .regression.figures import choice_figures, comparison, figures_of
from .run.adapters import add_lora, lora_config
from .run.bases import base_tokenizer, find_base
from .run.cards import INHERITED, command_line, reward_card, short_name
from .run.export import export
from .run.options import add_supervised, add_training, as_command, given, new_parser, parse
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

# "lines": as the networks of training/pretrain.py have read both prompts before.
READS = {"pair": PAIR, "prompt": ALONE, "lines": " {raw_prompt}\n {prompt}"}
END, PADDING = "</s>", "<pad>"  # of a tokenizer for a network from scratch, as training/tokenizer.py makes it


def main(argv: list[str] | None = None) -> None:
    parser = option_parser()
    args = parse(parser, argv)
    check(parser, args)
    if args.combine:
        combine(args.combine, args.weights, args.out)
        return
    devices = start(args)
    settings = TrainingArguments(**supervised_settings(args, devices), remove_unused_columns=False)
    same_run(args)

    config, tokenizer, shape, make = open_base(args)
    reading = reading_of(args, shape)
    scale, rows, heldout, heldout_rows = read_rows(args, reading, tokenizer, shape)
    chosen = args.term == PREFERENCE
    updates = count_updates(len(rows), args)
    model, adapters = make(), lora_config(args, "SEQ_CLS")
    own = saved_config(model)
    if adapters:
        from peft import get_peft_model

        model = get_peft_model(model, adapters)
    say(f"{model.num_parameters():,} weights on {devices}, {updates:,} updates")

    watch = Watch(args.out)
    trainer = Trainer(
        model,
        settings,
        data_collator=(pair_collator if chosen else collator)(config.pad_token_id),
        train_dataset=[rows[i] for i in row_order(len(rows), updates, args.batch_size, args.seed)],
        eval_dataset=heldout_rows,
        compute_loss_func=choice_loss if chosen else squared_error,
        callbacks=[watch],
    )
    train(trainer, args.out)
    if watch.heldout_at != trainer.state.global_step:
        trainer.evaluate()
    trained = gathered_weights(trainer, args.out, make)
    if PartialState().is_main_process:
        hand_over(args, trained, own, tokenizer, reading, scale)
        measured = measure(args, reading, scale, len(rows), heldout)
        watch.metrics.write(trainer.state.global_step, measured)
        watch.metrics.close()
    PartialState().wait_for_everyone()


def option_parser() -> argparse.ArgumentParser:
    parser = new_parser(__doc__)
    add = parser.add_argument
    add("--data", type=Path, help="folder with train.jsonl and heldout.jsonl")
    term = "column of scores, such as pick_score or aesthetic_score"
    add("--term", help=f"{term}; or {CONSISTENCY}, or {PREFERENCE}, which need no scores")
    add("--model", help="start from: a checkpoint folder, a published model, or a repository")
    add("--from-scratch", type=sizes, metavar="HIDDEN,LAYERS,HEADS", help="instead of --model: random weights")
    add("--tokenizer", type=Path, help="tokenizer.json for --from-scratch")
    reads = "both prompts, one, or both on a line each; default: prompt for aesthetic_score, else pair"
    add("--reads", choices=READS, help=reads)
    add(
        "--lower-case",
        action="store_true",
        help="for a network that knows lower case only, as those of training.pretrain",
    )
    add("--max-length", type=int, default=MAX_LENGTH, help="longest text in tokens; the beginning is cut off")
    add("--licence", help="of the trained model, for its model card")
    add("--data-note", help="what the rows are and where they come from, for the model card")
    add("--combine", type=Path, nargs="+", metavar="FOLDER", help="train nothing: make one of these reward folders")
    add("--weights", type=float, nargs="+", metavar="X", help="their weights, for --combine")
    add_lora(parser)
    add_supervised(parser, epochs=1, batch_size=16, weight_decay=1e-3, eval_rows=2000)
    add_training(parser, lr=1e-5, checkpoint_steps=200)
    return parser


def sizes(text: str) -> tuple[int, int, int]:
    """hidden,layers,heads of --from-scratch."""
    numbers = tuple(int(number) for number in text.split(","))
    if len(numbers) != 3 or min(numbers) < 1 or numbers[0] % numbers[2]:
        raise argparse.ArgumentTypeError(
            f"{text!r} must be hidden,layers,heads, hidden a multiple of heads, such as 128,4,4"
        )
    return numbers


def check(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Leave with a message where options are missing or do not go together."""
    if args.combine:
        if not args.weights:
            parser.error("--combine needs --weights, one number for each folder")
        return
    for name in ("data", "term"):
        if getattr(args, name) is None:
            parser.error(f"--{name} is missing")
    if bool(args.model) == bool(args.from_scratch):
        parser.error("give --model, or --from-scratch with --tokenizer")
    if args.from_scratch and (args.tokenizer is None or args.tokenizer.name != "tokenizer.json"):
        parser.error("--from-scratch needs --tokenizer, the path of a tokenizer.json")
    if args.lora is not None and args.from_scratch:
        parser.error("--lora goes beside weights that are there: give --model")
    if args.eval_rows < 2:
        parser.error("--eval-rows must be 2 or more: a correlation needs them")


def open_base(args: argparse.Namespace) -> tuple[object, Tokenizer, NetworkConfig, Callable[[], torch.nn.Module]]:
    """transformers' config of the network to train, its tokenizer, its shape, and what makes it."""
    config, tokenizer, shape, make = (new_base if args.from_scratch else trained_base)(args)
    set_dropout(config, args.dropout)
    config.num_labels, config.problem_type, config.use_cache = 1, "regression", False
    return config, tokenizer, shape, lambda: make(config)


def new_base(args: argparse.Namespace):
    """A network with random weights, as --from-scratch and --tokenizer say."""
    tokenizer = load_tokenizer(args.tokenizer.parent)
    tokenizer.encode_special_tokens = True
    end, padding = (tokenizer.token_to_id(token) for token in (END, PADDING))
    if end is None or padding is None:
        raise ValueError(f"{args.tokenizer} has no {END} or no {PADDING}: make it with training/tokenizer.py")
    (hidden, layers, heads), vocabulary = args.from_scratch, tokenizer.get_vocab_size()
    tokens = {"eos_token_id": end, "pad_token_id": padding}
    config = BloomConfig(
        vocab_size=vocabulary, hidden_size=hidden, n_layer=layers, n_head=heads, bos_token_id=end, **tokens
    )
    shape = NetworkConfig("bloom", vocabulary, hidden, layers, heads, 4 * hidden, **tokens)
    return config, tokenizer, shape, AutoModelForSequenceClassification.from_config


def trained_base(args: argparse.Namespace):
    """The checkpoint of --model. How its family is asked does not matter: a reward model reads texts of its own."""
    folder, _ = find_base(args.model, family="embedded")
    tokenizer, shape = base_tokenizer(folder)
    config = AutoConfig.from_pretrained(folder)
    config.pad_token_id = other_than(shape.eos_token_id, config.pad_token_id)

    def make(config):
        return AutoModelForSequenceClassification.from_pretrained(
            folder, config=config, dtype=torch.float32, use_safetensors=True
        )

    return config, tokenizer, shape, make


def other_than(end: int, padding: int | None) -> int:
    """A padding token that is not the end token, behind which a score would be read one token too early. Any other
    will do: padding stands to the right of the end token, which no row lacks."""
    return padding if padding not in (None, end) else int(end == 0)


def read_rows(
    args: argparse.Namespace, reading: Reading, tokenizer: Tokenizer, shape: NetworkConfig
) -> tuple[Scale, list[dict], list, list[dict]]:
    """The scale of the labels; the rows to learn from as tokens; the held-out ones as they are, and as tokens."""
    if args.term == PREFERENCE:
        train, heldout = (read_preferences(args.data / f"{side}.jsonl") for side in ("train", "heldout"))
        say(f"{len(train):,} pairs, {len(heldout):,} held out")
        heldout = heldout[: args.eval_rows]
        rows, heldout_rows = (pair_tensors(some, reading, tokenizer, shape) for some in (train, heldout))
        return Scale(), rows, heldout, heldout_rows
    examples = read_examples(args.data / "train.jsonl", args.term, args.seed)
    heldout = read_examples(args.data / "heldout.jsonl", args.term, args.seed + 1)[: args.eval_rows]
    scale = scale_of(examples, args.term)
    rows, heldout_rows = (tensors(some, reading, tokenizer, shape, scale) for some in (examples, heldout))
    return scale, rows, heldout, heldout_rows


def reading_of(args: argparse.Namespace, shape: NetworkConfig) -> Reading:
    """Which text of both prompts the network reads, and how much of it."""
    reads = READS[args.reads or ("prompt" if args.term == "aesthetic_score" else "pair")]
    return Reading(reads, args.lower_case, min(args.max_length, shape.max_positions or args.max_length))


def squared_error(outputs, labels: Tensor, num_items_in_batch: Tensor | None = None) -> Tensor:
    """Mean squared error over a whole update. The models' own loss is that of one forward pass, which the Trainer
    would add up instead of averaging where an update is made of several."""
    error = (outputs.logits[:, 0].float() - labels).square()
    return error.mean() if num_items_in_batch is None else error.sum() / num_items_in_batch.flatten()[0]


def choice_loss(outputs, labels: Tensor, num_items_in_batch: Tensor | None = None) -> Tensor:
    """Mean of -log sigmoid(chosen - rejected) over a whole update (Bradley and Terry 1952). Of 2 n texts the first n
    are the chosen ones; labels float32 [n] are not looked at."""
    chosen, rejected = outputs.logits[:, 0].float().chunk(2)
    losses = F.softplus(rejected - chosen)
    return losses.mean() if num_items_in_batch is None else losses.sum() / num_items_in_batch.flatten()[0]


def saved_config(model) -> dict:
    """config.json of a model of transformers, as save_pretrained writes it."""
    return {**model.config.to_diff_dict(), "architectures": [type(model).__name__]}


def hand_over(
    args: argparse.Namespace,
    trained: dict[str, Tensor],
    config: dict,
    tokenizer: Tokenizer,
    reading: Reading,
    scale: Scale,
) -> None:
    """Write OUT/model, still without its README.md."""
    notes = {"term": args.term, "reads": reading.reads, "mean": scale.mean, "std": scale.std}
    notes |= {"lower_case": True} if reading.lower_case else {}
    notes |= {"max_length": reading.max_length} if reading.max_length != MAX_LENGTH else {}
    export(args.out / "model", trained, config, tokenizer, args.export_dtype, {NOTES: notes})


def measure(
    args: argparse.Namespace, reading: Reading, scale: Scale, rows: int, heldout: list[Example] | list[dict]
) -> dict[str, float]:
    """Measure OUT/model on held-out examples, or choices, and say so in its README.md; the figures as metrics.jsonl has
    them.

    rows  how many examples it was trained on
    """
    say(f"measuring it on {len(heldout):,} held-out examples")
    folder = args.out / "model"
    model = load_reward_model(folder, PartialState().device, torch.float32)
    if args.term == PREFERENCE:
        measured, guessed = choice_figures(model, heldout)
        figures = comparison(measured, guessed, "the longer one")
    else:
        mean = sum(example.label for example in heldout) / len(heldout) if args.term == CONSISTENCY else scale.mean
        measured, guessed = figures_of(model, heldout, mean)
        figures = comparison(measured, guessed)
    command = command_line(vars(args), vars(option_parser().parse_args(["--out", "x"])))
    settings = given(args, "data", "model", "licence", "data_note")
    facts = facts_of(args, reading, scale, f"{rows:,} examples for training, {len(heldout):,} held out")
    (folder / "README.md").write_text(reward_card(args.out, facts, figures, command, settings), encoding="utf-8")
    say(f"{figures}\nthe reward model is in {folder}")
    return {short: measured[name] for name, short in SHORT_NAMES.items() if name in measured}


# Figures of the card, and what they are called in metrics.jsonl.
SHORT_NAMES = {
    "mean squared error": "heldout_mse",
    "Pearson": "heldout_pearson",
    "Spearman": "heldout_spearman",
    "chosen above rejected": "heldout_chosen_above",
    "log loss": "heldout_log_loss",
}


def facts_of(args: argparse.Namespace, reading: Reading, scale: Scale, counts: str) -> dict[str, str]:
    """What the model card says of the model besides its figures."""
    if args.from_scratch:
        hidden, layers, heads = args.from_scratch
        base = f"random weights of the BLOOM architecture ({hidden} hidden, {layers} layers, {heads} heads)"
    else:
        base = short_name(args.model)
    targets = {
        CONSISTENCY: "1 for a row of the data and 0 for a mismatch made of it by rule: another row's prompt, another "
        "subject in the same prompt, or another word in the raw prompt",
        PREFERENCE: "which of two prompts for a raw prompt was chosen; a difference of 1 is 73 % preference",
    }
    column = f"the column `{args.term}`, mean {scale.mean:.5g}, standard deviation {scale.std:.5g}"
    target = targets.get(args.term, column)
    return {
        "started from": base,
        "reads": f"{json.dumps(reading.text('RAW PROMPT', 'PROMPT'))} and the end token; of longer texts the last "
        f"{reading.max_length} tokens",
        "target": target,
        "data": f"{args.data_note or 'not described (--data-note)'}; {counts}",
        "licence": args.licence or ("that of the data" if args.from_scratch else INHERITED),
    }


if __name__ == "__main__":
    as_command("reward", main)
