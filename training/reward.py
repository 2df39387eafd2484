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

    # whether y says what x says, learnt without scores; small, for the embedded reward model
    python -m prompt_beautifier.training.reward --config training/configs/reward-embedded-consistency.yaml \\
        --data runs/pairs --out runs/consistency

    # several GPUs: the same command behind accelerate
    accelerate launch --config_file training/configs/accelerate/zero2.yaml -m prompt_beautifier.training.reward ...

--data is a folder with train.jsonl and heldout.jsonl, rows {"raw_prompt", "prompt", and the column named by --term};
rows without a number in it are left out. --term consistency needs no column: the target is 1 for a row and 0 for a
mismatch made of it by rule (mismatches.py). --batch-size is that of an update over all devices. The same command
continues a run that was killed, to the same result. OUT/model is the reward folder; its README.md has the figures on
held-out rows beside those of always guessing the mean. OUT/metrics.jsonl and OUT/tensorboard hold the losses;
OUT/checkpoints is needed to continue and may be deleted afterwards.
"""

import argparse
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import torch
from accelerate import PartialState
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    BloomConfig,
    PrinterCallback,
    Trainer,
    TrainingArguments,
    set_seed,
)
from transformers.utils.logging import disable_progress_bar

from ..beautifier.language.config import NetworkConfig
from ..beautifier.language.tokenizer import load_tokenizer
from ..beautifier.language.weights import weight_files
from ..beautifier.rewards.folders import NOTES
from ..beautifier.rewards.model import load_reward_model
from ..beautifier.rewards.regressor import ALONE, MAX_LENGTH, PAIR, Reading
from .data.mismatches import Example
from .regression.combine import combine
from .regression.examples import CONSISTENCY, Scale, collator, read_examples, scale_of, tensors
from .regression.figures import figures_of, table
from .run.bases import base_tokenizer, find_base, hugging_face_config
from .run.cards import plain
from .run.estimates import (
    Estimate,
    activation_memory,
    count_parameters,
    memory_of,
    seconds_for,
    training_memory,
)
from .run.export import DTYPES, empty, put_in_place, write_json
from .run.options import parse
from .run.trainer import Watch, accumulation, newest_checkpoint, row_order, say

# "embedded": as the embedded model and others made by training/pretrain.py have read both prompts before.
READS = {"pair": PAIR, "prompt": ALONE, "embedded": " {raw_prompt}\n {prompt}"}
END, PADDING = "</s>", "<pad>"  # of a tokenizer for a network from scratch, as training/tokenizer.py makes it

# What may be other when a run is continued: none of it changes the weights.
FREE_TO_CHANGE = {
    "out",
    "config",
    "log_steps",
    "checkpoint_steps",
    "eval_rows",
    "export_dtype",
    "licence",
    "data_note",
    "gradient_checkpointing",
    "micro_batch",
}


# -- rows


# -- the network


def other_than(end: int, padding: int | None) -> int:
    """A padding token that is not the end token, behind which a score would be read one token too early. Any other
    will do: padding stands to the right of the end token, which no row lacks."""
    return padding if padding not in (None, end) else int(end == 0)


def open_base(
    args: argparse.Namespace,
) -> tuple[object, Tokenizer, NetworkConfig, Callable[[], torch.nn.Module]]:
    """transformers' config of the network to train, its tokenizer, its shape, and what makes it."""
    if args.from_scratch:
        tokenizer = load_tokenizer(args.tokenizer.parent)
        tokenizer.encode_special_tokens = True
        end, padding = (tokenizer.token_to_id(token) for token in (END, PADDING))
        if end is None or padding is None:
            raise ValueError(f"{args.tokenizer} has no {END} or no {PADDING}: make it with training/tokenizer.py")
        hidden, layers, heads = args.from_scratch
        config = BloomConfig(
            vocab_size=tokenizer.get_vocab_size(),
            hidden_size=hidden,
            n_layer=layers,
            n_head=heads,
            bos_token_id=end,
            eos_token_id=end,
            pad_token_id=padding,
        )
        shape = NetworkConfig(
            "bloom",
            config.vocab_size,
            hidden,
            layers,
            heads,
            4 * hidden,
            eos_token_id=end,
            pad_token_id=padding,
        )
        make = AutoModelForSequenceClassification.from_config
    else:
        # How its family is asked does not matter: a reward model reads texts of its own.
        folder, _ = find_base(args.model, family="embedded")
        tokenizer, shape = base_tokenizer(folder)
        config = AutoConfig.from_pretrained(folder)
        config.pad_token_id = other_than(shape.eos_token_id, config.pad_token_id)

        def make(config):
            return AutoModelForSequenceClassification.from_pretrained(
                folder, config=config, dtype=torch.float32, use_safetensors=True
            )

    for name in ("attention_dropout", "hidden_dropout", "attn_pdrop", "resid_pdrop", "embd_pdrop"):
        if hasattr(config, name):
            setattr(config, name, args.dropout)
    config.num_labels, config.problem_type, config.use_cache = 1, "regression", False
    return config, tokenizer, shape, lambda: make(config)


def squared_error(outputs, labels: Tensor, num_items_in_batch: Tensor | None = None) -> Tensor:
    """Mean squared error over a whole update. The models' own loss is that of one forward pass, which the Trainer
    would add up instead of averaging where an update is made of several."""
    error = (outputs.logits[:, 0].float() - labels).square()
    return error.mean() if num_items_in_batch is None else error.sum() / num_items_in_batch.flatten()[0]


def trainer_settings(args: argparse.Namespace, bf16: bool, on_cpu: bool) -> TrainingArguments:
    return TrainingArguments(
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
        **({"gradient_checkpointing": True} if args.gradient_checkpointing else {}),
        remove_unused_columns=False,
        logging_steps=args.log_steps,
        eval_strategy="steps",
        eval_steps=args.checkpoint_steps,
        save_steps=args.checkpoint_steps,
        save_total_limit=2,
        seed=args.seed,
        report_to=[],
        disable_tqdm=True,
    )


# -- what is written


def export(folder: Path, whole: Path, tokenizer: Tokenizer, notes: dict, dtype: str) -> None:
    """Write a reward folder. It replaces an older one whole, or not at all.

    whole  the trained model as transformers saved it, in one file or several
    notes  what reward.json holds

    Raises ValueError for weights that `dtype` cannot hold.
    """
    weights = {}
    for path in weight_files(whole):
        weights |= load_file(path)
    stored = {name: tensor.to(DTYPES[dtype]).contiguous() for name, tensor in weights.items()}
    broken = [name for name, tensor in stored.items() if not tensor.isfinite().all()]
    if broken:
        raise ValueError(
            f"{broken[0]} and {len(broken) - 1} other tensors have numbers that {dtype} cannot hold, or none at all: "
            "the run diverged (lower --lr), or needs --export-dtype float32"
        )
    fresh = empty(folder)
    save_file(stored, fresh / "model.safetensors", metadata={"format": "pt"})
    (fresh / "model.safetensors").chmod(0o644)  # safetensors writes it for the owner alone
    config = {name: value for name, value in hugging_face_config(whole).items() if name != "dtype"}
    write_json(fresh / "config.json", {**config, "torch_dtype": dtype})
    tokenizer.save(str(fresh / "tokenizer.json"))
    end, padding = (tokenizer.id_to_token(config[f"{name}_token_id"]) for name in ("eos", "pad"))
    names = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": end, "pad_token": padding}
    write_json(fresh / "tokenizer_config.json", {**names, "truncation_side": "left"})
    write_json(fresh / NOTES, notes)
    put_in_place(fresh, folder)


def hand_over(
    args: argparse.Namespace,
    tokenizer: Tokenizer,
    reading: Reading,
    scale: Scale,
    rows: int,
    heldout: list[Example],
    device: torch.device,
) -> dict[str, float]:
    """Write OUT/model from OUT/whole, measure it on held-out examples, and say so in its README.md."""
    notes = {"term": args.term, "reads": reading.reads, "mean": scale.mean, "std": scale.std}
    notes |= {"lower_case": True} if reading.lower_case else {}
    notes |= {"max_length": reading.max_length} if reading.max_length != MAX_LENGTH else {}
    folder = args.out / "model"
    export(folder, args.out / "whole", tokenizer, notes, args.export_dtype)
    shutil.rmtree(args.out / "whole")
    say(f"measuring it on {len(heldout):,} held-out examples")
    mean = sum(example.label for example in heldout) / len(heldout) if args.term == CONSISTENCY else scale.mean
    told, guessed = figures_of(load_reward_model(folder, device, torch.float32), heldout, mean)
    figures = table(told, guessed)
    counts = {"examples for training": rows, "held out": len(heldout)}
    card = model_card(args, args.out.resolve().name, reading, scale, counts, figures)
    (folder / "README.md").write_text(card, encoding="utf-8")
    say(f"{figures}\nthe reward model is in {folder}")
    return told


def model_card(args: argparse.Namespace, name: str, reading: Reading, scale: Scale, sizes: dict, figures: str) -> str:
    """README.md of a reward folder, filled in from its run."""
    if args.from_scratch:
        shape = ", ".join(
            f"{size} {what}" for size, what in zip(args.from_scratch, ("hidden", "layers", "heads"), strict=True)
        )
        base = f"random weights of the BLOOM architecture ({shape})"
    else:
        base = "/".join(Path(args.model).parts[-2:]) if Path(args.model).is_dir() else args.model
    inherited = "that of the data" if args.from_scratch else "that of the checkpoint it started from and of the data"
    target = (
        "1 for a row of the data and 0 for a mismatch made of it by rule: another row's prompt, another subject in "
        "the same prompt, or another word in the raw prompt"
        if args.term == CONSISTENCY
        else f"the column `{args.term}`, mean {scale.mean:.5g}, standard deviation {scale.std:.5g}"
    )
    settings = {
        option: value
        for option, value in vars(args).items()
        if value not in (None, [], "") and option not in ("data", "out", "config", "model", "licence", "data_note")
    }
    return "\n".join(
        [
            "---",
            "pipeline_tag: text-classification",
            "tags: [reward-model, text-to-image]",
            "---",
            "",
            f"# {name}",
            "",
            "A reward model for image prompts: it tells from the words which score to expect. It has seen no picture "
            "itself, and what it says of prompts unlike its data is a guess.",
            "",
            f"- started from: {base}",
            f"- reads: {json.dumps(reading.text('RAW PROMPT', 'PROMPT'))} and the end token; of longer texts the last "
            f"{reading.max_length} tokens",
            f"- target: {target}",
            f"- data: {args.data_note or 'not described (--data-note)'}; "
            + ", ".join(f"{count:,} {what}" for what, count in sizes.items()),
            f"- licence: {args.licence or inherited}",
            "",
            "## Figures",
            "",
            figures,
            "",
            "On held-out rows, by `load_reward_model` on these files.",
            "",
            "## How to use it",
            "",
            f"In ComfyUI: put the folder into `models/LLM` and choose it in *Load Reward Model*. On the command line: "
            f'`beautify --reward-model {name} "a cat"`.',
            "",
            "## Command",
            "",
            "```bash",
            f"python -m prompt_beautifier.training.reward {command_line(args)}",
            "```",
            "",
            "## Settings",
            "",
            "| option | value |",
            "|---|---|",
            *(f"| {option} | {plain(value)} |" for option, value in settings.items()),
            "",
        ]
    )


def command_line(args: argparse.Namespace) -> str:
    """The options that make the same run, as they stand on the command line; of paths the names alone."""
    defaults = vars(option_parser().parse_args(["--out", "x"]))
    words = []
    for name, value in vars(args).items():
        if name == "config" or value == defaults.get(name) or value is None:
            continue
        flag = f"--{name.replace('_', '-')}"
        if value is True or value is False:
            words.append(flag if value else flag.replace("--", "--no-", 1))
        else:
            text = ",".join(map(str, value)) if name == "from_scratch" else plain(value)
            words.append(f"{flag} {json.dumps(text) if ' ' in text else text}")
    return " ".join(words)


# -- several terms


# -- the run


def sizes(text: str) -> tuple[int, int, int]:
    """hidden,layers,heads of --from-scratch."""
    numbers = tuple(int(number) for number in text.split(","))
    if len(numbers) != 3 or min(numbers) < 1 or numbers[0] % numbers[2]:
        raise argparse.ArgumentTypeError(
            f"{text!r} must be hidden,layers,heads, hidden a multiple of heads, such as 128,4,4"
        )
    return numbers


def option_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--data", type=Path, help="folder with train.jsonl and heldout.jsonl")
    add("--term", help=f"column of scores, such as pick_score or aesthetic_score, or {CONSISTENCY}")
    add(
        "--model",
        help="start from: 'embedded', a folder, a published model, or a repository (BLOOM or GPT-2)",
    )
    add("--from-scratch", type=sizes, metavar="HIDDEN,LAYERS,HEADS", help="instead of --model: random weights")
    add("--tokenizer", type=Path, help="tokenizer.json for --from-scratch")
    add("--out", type=Path, required=True, help="folder of the run")
    add(
        "--reads",
        choices=READS,
        help="both prompts, one, or both as the embedded model; default: prompt for aesthetic_score, else pair",
    )
    add(
        "--lower-case",
        action="store_true",
        help="for a network that knows lower case only, as the embedded one",
    )
    add("--epochs", type=float, default=1)
    add("--max-steps", type=int, help="updates of the run, instead of --epochs")
    add("--batch-size", type=int, default=16, help="rows of one update, over all devices")
    add("--micro-batch", type=int, default=16, help="rows of one forward pass on one device")
    add("--lr", type=float, default=1e-5)
    add("--lr-schedule", choices=("linear", "cosine", "constant"), default="linear")
    add("--warmup-steps", type=int, default=0)
    add("--weight-decay", type=float, default=1e-3)
    add("--max-grad-norm", type=float, default=1.0)
    add("--dropout", type=float, default=0.0)
    add("--max-length", type=int, default=MAX_LENGTH, help="longest text in tokens; the beginning is cut off")
    add("--eval-rows", type=int, default=2000, help="held-out examples to measure on")
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
    add("--licence", help="of the trained model, for its model card")
    add("--data-note", help="what the rows are and where they come from, for the model card")
    add("--seed", type=int, default=0)
    add(
        "--combine",
        type=Path,
        nargs="+",
        metavar="FOLDER",
        help="train nothing: make one of these reward folders",
    )
    add("--weights", type=float, nargs="+", metavar="X", help="their weights, for --combine")
    return parser


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
    if args.eval_rows < 2:
        parser.error("--eval-rows must be 2 or more: a correlation needs them")


def keep_settings(args: argparse.Namespace) -> None:
    """Remember what makes this run. Raises ValueError where OUT holds another one, which cannot be continued so."""
    path = args.out / "options.json"
    own = {name: value for name, value in vars(args).items() if name not in FREE_TO_CHANGE}
    own = json.loads(json.dumps(own, default=str))
    if path.is_file():
        before = json.loads(path.read_text(encoding="utf-8"))
        changed = [name for name in own if own[name] != before.get(name)]
        if changed:
            name = changed[0]
            raise ValueError(
                f"{args.out} holds a run with --{name.replace('_', '-')} {before.get(name)}, not {own[name]}: "
                "continue it with its own options, or give another --out"
            )
    elif PartialState().is_main_process:
        args.out.mkdir(parents=True, exist_ok=True)
        write_json(path.with_suffix(".part"), own)
        path.with_suffix(".part").replace(path)
    PartialState().wait_for_everyone()


def estimate(args: argparse.Namespace, shape: NetworkConfig, rows: list[dict], updates: int, bf16: bool) -> Estimate:
    """Memory on each device, and time, of a run over these rows."""
    device, processes = PartialState().device, PartialState().num_processes
    weights, lengths = count_parameters(shape), [len(row["input_ids"]) for row in rows]
    operations = 6.0 * weights * sum(lengths) / len(lengths) * args.batch_size * updates
    activations = activation_memory(
        shape, shape.num_layers, args.micro_batch, max(lengths), bf16, args.gradient_checkpointing
    )
    found = Estimate(training_memory(weights, weights) + activations, seconds_for(operations, device, bf16) / processes)
    say(f"{weights:,} weights on {processes} x {device.type}: {found}")
    if memory_of(device) is not None and found.memory > memory_of(device):
        say(
            f"that is more than this device's {memory_of(device) / 1e9:.0f} GB: lower --micro-batch, use "
            "--gradient-checkpointing, or zero2.yaml / fsdp.yaml on several devices"
        )
    return found


def main(argv: list[str] | None = None) -> None:
    parser = option_parser()
    args = parse(parser, argv)
    check(parser, args)
    if args.combine:
        combine(args.combine, args.weights, args.out)
        return
    device = PartialState(cpu=args.cpu).device
    bf16 = device.type == "cuda" and torch.cuda.is_bf16_supported() if args.bf16 is None else args.bf16
    settings = trainer_settings(args, bf16, device.type == "cpu")
    keep_settings(args)
    set_seed(args.seed)
    disable_progress_bar()  # of writing weights

    config, tokenizer, shape, make = open_base(args)
    reads = READS[args.reads or ("prompt" if args.term == "aesthetic_score" else "pair")]
    longest = min(args.max_length, shape.max_positions or args.max_length)
    reading = Reading(reads, args.lower_case, longest)
    train = read_examples(args.data / "train.jsonl", args.term, args.seed)
    heldout = read_examples(args.data / "heldout.jsonl", args.term, args.seed + 1)[: args.eval_rows]
    scale = scale_of(train, args.term)
    rows, heldout_rows = (tensors(each, reading, tokenizer, shape, scale) for each in (train, heldout))

    updates = args.max_steps or int(len(train) * args.epochs) // args.batch_size
    if updates == 0:
        raise ValueError(
            f"{len(train)} rows in {args.epochs:g} epochs do not fill one --batch-size of {args.batch_size}"
        )
    estimate(args, shape, rows, updates, bf16)

    watch = Watch(args.out)
    trainer = Trainer(
        make(),
        settings,
        data_collator=collator(config.pad_token_id),
        train_dataset=[rows[i] for i in row_order(len(rows), updates, args.batch_size, args.seed)],
        eval_dataset=heldout_rows,
        compute_loss_func=squared_error,
        callbacks=[watch],
    )
    trainer.remove_callback(PrinterCallback)
    checkpoint = newest_checkpoint(args.out / "checkpoints")
    if checkpoint is not None:
        say(f"continuing from {checkpoint.name}")
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)

    if watch.heldout_at != trainer.state.global_step:
        trainer.evaluate()
    trainer.save_model(str(args.out / "whole"))  # however the weights are dealt out over devices: here they are one
    if PartialState().is_main_process:
        told = hand_over(args, tokenizer, reading, scale, len(train), heldout, device)
        names = {
            "mean squared error": "heldout_mse",
            "Pearson": "heldout_pearson",
            "Spearman": "heldout_spearman",
        }
        watch.metrics.write(trainer.state.global_step, {names[name]: told[name] for name in names})
        watch.metrics.close()
    PartialState().wait_for_everyone()


if __name__ == "__main__":
    main()
