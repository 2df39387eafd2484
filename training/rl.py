"""RLOO or GRPO: reinforcement learning without a value head, by TRL's trainers, with the reward functions of PPO.

Several answers are sampled to each raw prompt, and each is judged by the others: what an answer's reward has above
theirs is its advantage (RLOO: Ahmadian et al. 2024, arXiv 2402.14740; GRPO: Shao et al. 2024, arXiv 2402.03300). The
published method is ppo.py; this is the alternative with fewer settings, for as many GPUs as TRL can use.

    python -m prompt_beautifier.training.rl --method rloo --config training/configs/rl.yaml \\
        --model runs/sft/model --data runs/pairs --reward runs/reward --out runs/rloo

Rewards and penalties are those of ppo.py; so is what an answer's text is. There is no --baseline: what is the same for
all answers to a raw prompt is lost when they are judged by each other. All of the network is trained, or adapters
(--lora); --vllm samples with that engine. Both, and --loss, are TRL's own and passed on to it.
The same command continues a run that was killed. OUT/model is the folder for Load Beautifier.
"""

import argparse
import importlib.util
from collections.abc import Callable
from pathlib import Path

import torch
from accelerate import Accelerator, PartialState
from datasets import Dataset, disable_progress_bars
from trl import GRPOConfig, GRPOTrainer, RLOOConfig, RLOOTrainer

from ..beautifier.language.weights import load_network
from ..beautifier.language.writer import Beautifier
from .policy.asked import Prompts, Task, add_asking, heldout_figures, read_task, scores_of
from .policy.rollout import answer_in
from .run.adapters import add_four_bit, add_lora, lora_config, quantised
from .run.bases import base_tokenizer, checkpoint_config, find_base, transformers_tokenizer
from .run.cards import beautifier_card, short_name
from .run.export import export_beautifier
from .run.options import add_forward_passes, add_training, as_command, given, new_parser, parse
from .run.rows import question_text
from .run.same_run import same_run
from .run.trainer import Devices, Watch, gathered_weights, row_order, say, start, train, trainer_settings
from .sft import load_model

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


def main(argv: list[str] | None = None) -> None:
    args = parse(option_parser(), argv)
    devices, adapters = start(args), lora_config(args)
    check(args)
    same_run(args, free={"steps", "vllm_memory", "vllm_server"})
    disable_progress_bars()
    folder, family = find_base(args.model, args.family)
    tokenizer, config = base_tokenizer(folder, family)
    beautifier = Beautifier(args.out.name, family, load_network(folder, torch.float32, devices.device), tokenizer)
    task = read_task(args, beautifier, devices.device)
    say(f"{len(task.train):,} raw prompts, {len(task.heldout):,} held out; {devices}")

    settings_type, trainer_type = TRAINERS[args.method]
    order = row_order(len(task.train), args.steps, args.rollouts // args.answers, args.seed)
    watch = Watch(args.out, NAMES)
    trainer = trainer_type(
        load_model(folder, 0.0, **quantised(args)),
        as_trl_reward(task, args, config.eos_token_id),
        args=settings_type(**trl_settings(args, devices)),
        train_dataset=asked_rows(beautifier, task.train, order),
        processing_class=transformers_tokenizer(tokenizer, config),
        callbacks=[watch],
        peft_config=adapters,
    )
    before = heldout_score(folder, task, args, devices)
    say(f"held-out score {before:.4g}")
    train(trainer, args.out)
    trained = gathered_weights(trainer, args.out, lambda: load_model(folder, 0.0))

    def hand_over(figures: dict[str, object]) -> None:
        stage, base = f"{args.method.upper()} (training/rl.py)", short_name(args.model)
        card = beautifier_card(args.out, stage, base, family, f"{len(task.train):,} raw prompts", given(args), figures)
        model_config = checkpoint_config(folder)
        export_beautifier(args.out / "model", trained, model_config, tokenizer, family, card, args.export_dtype, folder)

    figures = {"steps": trainer.state.global_step, **watch.figures, "held-out score before": before}
    if PartialState().is_main_process:
        hand_over(figures)
    PartialState().wait_for_everyone()
    after = heldout_score(args.out / "model", task, args, devices)
    if PartialState().is_main_process:
        hand_over({**figures, "held-out score": after})
        watch.metrics.close()
    say(f"held-out score {before:.4g} -> {after:.4g}; the model is in {args.out / 'model'}")


def option_parser() -> argparse.ArgumentParser:
    parser = new_parser(__doc__)
    add = parser.add_argument
    add("--method", choices=TRAINERS, default="rloo")
    add_asking(parser)
    parser.set_defaults(baseline="none", append_end=False)  # options of PPO
    add("--steps", type=int, default=1000, help="updates")
    add("--answers", type=int, default=4, help="answers to each raw prompt")
    penalty = "KL coefficient a token, in the loss; that of ppo.py is one an answer, in the reward"
    add("--beta", type=float, default=0.05, help=penalty)
    add("--loss", help="of GRPO, as TRL names them: dapo (its default), grpo, dr_grpo, bnpo and others")
    add_vllm(parser)
    add_lora(parser)
    add_four_bit(parser)
    add_forward_passes(parser, log_steps=1)
    add_training(parser, lr=5e-6, checkpoint_steps=50)
    return parser


def add_vllm(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("sampling with vLLM, which is many times quicker than transformers").add_argument
    where = (
        "in these processes, on the same GPUs (colocate), or on GPUs of its own, where `trl vllm-serve` runs (server)"
    )
    add("--vllm", choices=("colocate", "server"), help=where)
    add("--vllm-server", default="http://localhost:8000", metavar="URL", help="for server")
    add("--vllm-memory", type=float, default=0.3, metavar="SHARE", help="for colocate: of a GPU's memory")


def check(args: argparse.Namespace) -> None:
    """Raise ValueError or ImportError for options that cannot work."""
    if args.rollouts % args.answers:
        raise ValueError(f"--rollouts {args.rollouts} must be a multiple of --answers {args.answers}")
    if args.loss and args.method != "grpo":
        raise ValueError(f"--loss {args.loss} is one of GRPO's: give --method grpo, too")
    if args.vllm and importlib.util.find_spec("vllm") is None:
        raise ImportError("--vllm needs vLLM, and a GPU: pip install vllm")


def trl_settings(args: argparse.Namespace, devices: Devices) -> dict:
    """Settings of TRL's trainer: sampling from the policy's own distribution, and a constant learning rate."""
    return {
        **trainer_settings(args, devices, args.rollouts, "--rollouts"),
        "max_steps": args.steps,
        "num_generations": args.answers,
        "max_completion_length": args.max_new_tokens,
        "temperature": 1.0,
        "top_k": 0,
        "top_p": 1.0,
        "beta": args.beta,
        "lr_scheduler_type": "constant",
        "disable_dropout": True,
        "shuffle_dataset": False,  # the rows come in the order they are to be asked
        **({"loss_type": args.loss} if args.loss else {}),
        **(vllm_settings(args) if args.vllm else {}),
    }


def vllm_settings(args: argparse.Namespace) -> dict:
    """Settings of TRL's trainer for sampling with vLLM; how that differs from transformers is corrected by TRL."""
    where = (
        {"vllm_server_base_url": args.vllm_server}
        if args.vllm == "server"
        else {"vllm_gpu_memory_utilization": args.vllm_memory}
    )
    return {"use_vllm": True, "vllm_mode": args.vllm, **where}


def as_trl_reward(task: Task, args: argparse.Namespace, eos: int) -> Callable[..., list[float]]:
    """The score of answers as TRL asks for it: (completions, **columns) -> a number for each.

    Of the columns, `row` says which row of task.train was asked, and `completion_ids` what was answered.
    """

    def score(completions: list[str], completion_ids: list[list[int]], row: list[int], trainer_state, **_):
        answers = [answer_in(ids, (eos,)) for ids in completion_ids]
        return scores_of(task, task.train, row, answers, args, trainer_state.global_step)[0]

    return score


def asked_rows(beautifier: Beautifier, prompts: Prompts, order: list[int]) -> Dataset:
    """The rows in the order in which they are asked, with the text that the network reads."""
    texts = [question_text(beautifier.tokenizer, beautifier.family, one.words) for one in prompts.questions]
    for text, one in zip(texts, prompts.questions, strict=True):
        assert tuple(beautifier.encode(text)) == one.tokens
    return Dataset.from_dict({"prompt": [texts[row] for row in order], "row": order})


def heldout_score(model: Path, task: Task, args: argparse.Namespace, devices: Devices) -> float:
    """The mean score of a checkpoint's answers to the held-out raw prompts."""
    network = load_network(model, torch.float32, devices.device)
    accelerator, head = Accelerator(cpu=args.cpu), network.output_weight
    return heldout_figures(network, head, task, accelerator, args)["heldout_score"]


if __name__ == "__main__":
    as_command("rl", main)
