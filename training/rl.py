"""RLOO or GRPO: reinforcement learning without a value head, by TRL's trainers, with the reward functions of PPO.

Several answers are sampled to each raw prompt, and each is judged by the others: what an answer's reward has above
theirs is its advantage (RLOO: Ahmadian et al. 2024, arXiv 2402.14740; GRPO: Shao et al. 2024, arXiv 2402.03300). The
published method is ppo.py; this is the alternative with fewer settings, for as many GPUs as TRL can use.

    python -m prompt_beautifier.training.rl --method rloo --config training/configs/rl.yaml \
        --model runs/sft/model --data runs/pairs --reward runs/reward --out runs/rloo

Rewards, --baseline and penalties are those of ppo.py; so is what an answer's text is. All of the network is trained.
The same command continues a run that was killed. OUT/model is the folder for Load Beautifier.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import torch
from accelerate import Accelerator, PartialState
from datasets import Dataset, disable_progress_bars
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, PrinterCallback, set_seed
from transformers.utils.logging import disable_progress_bar
from trl import GRPOConfig, GRPOTrainer, RLOOConfig, RLOOTrainer

from ..beautifier.families import render
from ..beautifier.language.steps import Answer
from ..beautifier.language.weights import load_network
from ..beautifier.language.writer import Beautifier
from .policy.asked import Prompts, heldout_figures, read_prompts, scores_of
from .policy.reward_functions import RewardFunction, add_reward_options, load_reward
from .run.bases import base_tokenizer, find_base, hugging_face_config, short_name, transformers_tokenizer
from .run.cards import model_card
from .run.estimates import Estimate, activation_memory, count_parameters, seconds_for, training_memory
from .run.export import DTYPES, export
from .run.options import parse
from .run.trainer import Watch, accumulation, gathered_weights, newest_checkpoint, row_order, say

TRAINERS = {"rloo": (RLOOConfig, RLOOTrainer), "grpo": (GRPOConfig, GRPOTrainer)}

# TRL's numbers, and what they are called in metrics.jsonl.
NAMES = {
    "loss": "loss",
    "rewards/score/mean": "score",
    "rewards/score/std": "score_std",
    "kl": "kl_per_token",
    "entropy": "entropy",
    "completions/mean_length": "length",
    "completions/clipped_ratio": "unfinished",
    "learning_rate": "lr",
    "grad_norm": "grad_norm",
}


def as_trl_reward(
    beautifier: Beautifier, reward: RewardFunction, prompts: Prompts, eos: int, args: argparse.Namespace
) -> Callable[..., list[float]]:
    """The score of answers as TRL asks for it: (completions, **columns) -> a number for each.

    Of the columns, `row` says which row of `prompts` was asked, and `completion_ids` what was answered.
    """

    def score(completions: list[str], completion_ids: list[list[int]], row: list[int], **_) -> list[float]:
        return scores_of(beautifier, reward, prompts, row, [answer_in(ids, eos) for ids in completion_ids], args)[0]

    return score


def answer_in(tokens: list[int], eos: int) -> Answer:
    """What was written before the end token, and whether there is one."""
    if eos in tokens:
        return Answer(tuple(tokens[: tokens.index(eos)]), True)
    return Answer(tuple(tokens), False)


def asked_rows(beautifier: Beautifier, tokenizer: Tokenizer, prompts: Prompts, order: list[int]) -> Dataset:
    """The rows in the order in which they are asked, with the text that the network reads."""
    texts = [render(beautifier.family, one.words) for one in prompts.questions]
    for text, one in zip(texts, prompts.questions, strict=True):
        assert tuple(tokenizer.encode(text).ids) == one.tokens
    return Dataset.from_dict({"prompt": [texts[row] for row in order], "row": order})


def option_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--method", choices=TRAINERS, default="rloo")
    add("--model", required=True, help="the SFT model: 'embedded', a folder, a published model")
    add("--family", help="how the model is asked; default: what its beautifier.json says")
    add("--data", type=Path, required=True, help="folder with train.jsonl and heldout.jsonl")
    add("--out", type=Path, required=True, help="folder of the run")
    add_reward_options(parser)
    add(
        "--baseline",
        choices=("dataset", "none"),
        default="dataset",
        help="what is taken off an answer's reward",
    )
    add("--empty-reward", type=float, help="score of an empty answer; default: that of the raw prompt")
    add(
        "--unfinished-penalty",
        type=float,
        default=0.0,
        help="taken off the score of an answer without an end",
    )
    add(
        "--max-prompts",
        type=int,
        default=40_000,
        help="raw prompts to train on: a sample of them, where there are more",
    )
    add("--steps", type=int, default=1000, help="updates")
    add("--rollouts", type=int, default=64, help="answers of an update, over all devices")
    add("--answers", type=int, default=4, help="answers to each raw prompt")
    add("--micro-batch", type=int, default=16, help="answers of one forward pass on one device")
    add("--max-new-tokens", type=int, default=256)
    add("--lr", type=float, default=5e-6)
    add("--max-grad-norm", type=float, default=1.0)
    add("--beta", type=float, default=0.05, help="KL coefficient")
    add("--eval-prompts", type=int, default=500, help="held-out raw prompts to score before and after")
    add("--chunk", type=int, default=16, help="answers that are sampled at once when these are scored")
    add("--log-steps", type=int, default=1)
    add("--checkpoint-steps", type=int, default=50)
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
    processes = PartialState().num_processes
    bf16 = device.type == "cuda" and torch.cuda.is_bf16_supported() if args.bf16 is None else args.bf16
    if args.rollouts % args.answers:
        raise ValueError(f"--rollouts {args.rollouts} must be a multiple of --answers {args.answers}")
    set_seed(args.seed)
    disable_progress_bar()
    disable_progress_bars()

    folder, family = find_base(args.model, args.family)
    tokenizer, config = base_tokenizer(folder)
    beautifier = Beautifier(args.out.name, family, load_network(folder, torch.float32, device), tokenizer)
    reward = load_reward(args, device)
    train = read_prompts(args.data / "train.jsonl", beautifier, args, args.max_prompts)
    heldout = read_prompts(args.data / "heldout.jsonl", beautifier, args, args.eval_prompts)

    def heldout_score(model: Path) -> float:
        network = load_network(model, torch.float32, device)
        accelerator = Accelerator(cpu=args.cpu)
        head = network.output_weight
        return heldout_figures(network, head, beautifier, reward, heldout, accelerator, args)["heldout_score"]

    weights, length = count_parameters(config), args.max_new_tokens + 32
    operations = (2 + 2 + 6) * weights * args.rollouts * length * args.steps  # sampling, reference, training
    memory = training_memory(2 * weights, weights) + activation_memory(
        config, config.num_layers, args.micro_batch, length, bf16, args.gradient_checkpointing
    )
    say(
        f"{len(train):,} raw prompts, {len(heldout):,} held out; {processes} x {device.type}: "
        f"{Estimate(memory, seconds_for(operations, device, bf16) / processes)} at most"
    )

    settings, trainer = TRAINERS[args.method]
    settings = settings(
        output_dir=str(args.out / "checkpoints"),
        max_steps=args.steps,
        per_device_train_batch_size=args.micro_batch,
        gradient_accumulation_steps=accumulation(args.rollouts, args.micro_batch, processes),
        num_generations=args.answers,
        max_completion_length=args.max_new_tokens,
        temperature=1.0,
        top_k=0,
        top_p=1.0,
        beta=args.beta,
        learning_rate=args.lr,
        lr_scheduler_type="constant",
        max_grad_norm=args.max_grad_norm,
        disable_dropout=True,
        shuffle_dataset=False,  # the rows come in the order they are to be asked
        gradient_checkpointing=args.gradient_checkpointing,
        ddp_find_unused_parameters=False,
        bf16=bf16,
        use_cpu=device.type == "cpu",
        logging_steps=args.log_steps,
        save_steps=args.checkpoint_steps,
        save_total_limit=2,
        seed=args.seed,
        report_to=[],
        disable_tqdm=True,
    )
    order = row_order(len(train), args.steps, args.rollouts // args.answers, args.seed)
    watch = Watch(args.out, NAMES)
    trainer = trainer(
        AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, use_safetensors=True),
        as_trl_reward(beautifier, reward, train, config.eos_token_id, args),
        args=settings,
        train_dataset=asked_rows(beautifier, tokenizer, train, order),
        processing_class=transformers_tokenizer(tokenizer, config),
        callbacks=[watch],
    )
    trainer.remove_callback(PrinterCallback)
    before = heldout_score(folder)
    say(f"held-out score {before:.4g}")
    checkpoint = newest_checkpoint(args.out / "checkpoints")
    if checkpoint is not None:
        say(f"continuing from {checkpoint.name}")
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)

    trained = gathered_weights(trainer, args.out)
    options = {name: value for name, value in vars(args).items() if name not in ("out", "config")}

    def hand_over(figures: dict[str, object]) -> None:
        card = model_card(
            args.out.resolve().name,
            f"{args.method.upper()} (training/rl.py)",
            short_name(args.model),
            family,
            f"{len(train):,} raw prompts",
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

    figures = {"steps": trainer.state.global_step, **watch.figures, "held-out score before": before}
    if PartialState().is_main_process:
        hand_over(figures)
    PartialState().wait_for_everyone()
    after = heldout_score(args.out / "model")
    if PartialState().is_main_process:
        hand_over({**figures, "held-out score": after})
        watch.metrics.close()
    say(f"held-out score {before:.4g} -> {after:.4g}; the model is in {args.out / 'model'}")


if __name__ == "__main__":
    main()
