"""PPO: reinforcement learning of prompts, as published for BeautifulPrompt and Promptist.

Maximises E[ r(x, y) - beta * log(pi(y|x) / rho(y|x)) ] over raw prompts x and answers y: pi is the policy, rho the
SFT model it starts from (the reference model), r a reward function. (BeautifulPrompt, arXiv 2311.06752, section 3.4;
Promptist, arXiv 2212.09611, section 2.2; the objective and the controller of beta: Ziegler et al. 2019, arXiv
1909.08593; PPO: Schulman et al. 2017, arXiv 1707.06347.)

    python -m prompt_beautifier.training.ppo --config training/configs/ppo-beautifulprompt.yaml \\
        --model runs/sft/model --data runs/pairs --reward runs/reward --out runs/ppo

    # several GPUs: each makes its share of the rollouts
    accelerate launch --config_file training/configs/accelerate/multi-gpu.yaml -m prompt_beautifier.training.ppo ...

    # a small network on a CPU
    python -m prompt_beautifier.training.ppo --config training/configs/ppo-small.yaml \\
        --model runs/small/model --data runs/pairs --reward embedded --out runs/ppo

One step: sample an answer to each of 64 raw prompts; score what a user would see of it; give each token its reward
(the KL penalty everywhere, the score on the last one); estimate advantages; go over the 64 answers in minibatches four
times. A step here is one such phase; the reference's own count goes up with every minibatch and pass.
--entropy-coefficient is c2 of the PPO paper's equation 9: a small model loses its variety before the KL tells. Only the
top layers are trained, so that policy and reference model share the others; with --lora only low-rank matrices beside
these are, and the reference model takes no memory at all.

--data is a folder with train.jsonl and heldout.jsonl; policy/reward_functions.py says what --reward takes. Everything
random is a function of --seed and the step: the same command continues a run that was killed, to the same result.
OUT/model is the folder for Load Beautifier: the best by held-out score, or the last (--keep). OUT/metrics.jsonl and
OUT/tensorboard hold the numbers; OUT/checkpoint.pt is needed to continue, and for nothing else.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from accelerate import Accelerator, DistributedType
from accelerate.utils import broadcast
from torch import nn

from ..beautifier.language.sampling import mix64
from ..beautifier.language.steps import Answer
from ..beautifier.language.weights import as_stored, load_network
from ..beautifier.language.writer import Beautifier
from .policy.asked import (
    AFRESH,
    HELDOUT,
    Question,
    Task,
    add_asking,
    adds_nothing,
    chances_of_step,
    heldout_figures,
    limits_of_step,
    read_task,
    rows_of_step,
    scores_of,
    within,
)
from .policy.engine import Engine
from .policy.experience import Experience, look_at, minibatches, whiten
from .policy.formulas import (
    KLController,
    RunningMoments,
    advantages_and_returns,
    policy_losses,
    scaled_scores,
    token_rewards,
    value_losses,
)
from .policy.network import Policy
from .policy.rollout import sample
from .run.adapters import add_lora, alpha_of, check_rank
from .run.bases import base_tokenizer, checkpoint_config, find_base
from .run.cards import beautifier_card, short_name
from .run.export import export_beautifier
from .run.metrics import Metrics
from .run.options import add_training, as_command, given, new_parser, parse
from .run.pace import Pace
from .run.same_run import same_run
from .run.trainer import wants_bf16

UNTRAINED = (
    "No step had a better held-out score than step 0: this is the model that the run started from, unchanged. "
    "A lower --lr, a larger --beta or another reward may help."
)
# The numbers that are printed after each step; metrics.jsonl has more.
PRINTED = ("score", "kl", "beta", "entropy", "length", "heldout_score")


def main(argv: list[str] | None = None) -> None:
    args = parse(option_parser(), argv)
    accelerator = Accelerator(cpu=args.cpu)
    check_devices(accelerator)
    check(args, accelerator.num_processes)
    same_run(args, free={"steps", "vllm_server"})
    torch.manual_seed(args.seed)  # the value head begins at random
    folder, family = find_base(args.model, args.family)
    network = load_network(folder, torch.float32, accelerator.device)
    tokenizer, network.config = base_tokenizer(folder, family)
    beautifier = Beautifier(args.out.name, family, network, tokenizer)
    task = read_task(args, beautifier, accelerator.device)
    policy, optimizer = new_policy(args, accelerator.device, network)
    progress = Progress(KLController(args.beta, args.target_kl, args.horizon))
    load_checkpoint(args.out, policy, optimizer, progress)
    model, optimizer = accelerator.prepare(policy, optimizer)
    say = accelerator.print
    say(
        f"{len(task.train):,} raw prompts, {len(task.heldout):,} held out; "
        f"{accelerator.num_processes} x {accelerator.device.type}; --target-kl {args.target_kl:g} nats an answer"
    )
    if progress.step:
        say(f"continuing after step {progress.step:,}")
    metrics = Metrics(args.out, progress.step) if accelerator.is_main_process else None

    engine = None
    if args.vllm_server:
        engine = Engine(args.vllm_server, args.out / "policy", folder, family, wants_bf16(args, accelerator.device))
    pace = Pace(progress.step, args.steps, accelerator.device)
    if progress.step == 0:
        show(evaluate(policy, task, progress, accelerator, args), progress, pace, metrics, args)
    while progress.step < args.steps:
        seen, numbers = roll_out(policy, task, progress, accelerator, args, engine)
        numbers |= improve(model, optimizer, seen, progress.step, accelerator, args)
        progress.controller.update(numbers["kl"], args.rollouts)
        progress.step += 1
        if progress.step % args.eval_steps == 0 or progress.step == args.steps:
            numbers |= evaluate(policy, task, progress, accelerator, args)
        show(numbers, progress, pace, metrics, args)
        if metrics and (progress.step % args.checkpoint_steps == 0 or progress.step == args.steps):
            save_checkpoint(args.out, policy, optimizer, progress)

    accelerator.wait_for_everyone()
    if args.keep == "best":
        take_best(policy, args.out, accelerator)
    afresh = heldout_figures(policy.sampling_network(), policy.head, task, accelerator, args, policy.autocast, AFRESH)
    if metrics:
        metrics.close()
        hand_over(policy, task, progress, afresh["heldout_score"], folder, args)


def option_parser() -> argparse.ArgumentParser:
    parser = new_parser(__doc__)
    add_asking(parser)
    add = parser.add_argument_group("PPO").add_argument
    taken_off = "what is taken off an answer's reward: that of the data set's own prompt, or nothing"
    add("--baseline", choices=("dataset", "none"), default="dataset", help=taken_off)
    shortest = "the limit of each answer is drawn between this and --max-new-tokens"
    add("--least-new-tokens", type=int, metavar="N", help=shortest)
    ended = "an answer that met its limit counts as one that ended there"
    add("--append-end", action="store_true", help=ended)
    scale = "divide by the std of the clipped scores so far"
    add("--scale-reward", choices=("running", "none"), default="running", help=scale)
    add("--reward-clip", type=float, default=10.0, help="largest score before it is scaled; 0: no limit")
    add("--steps", type=int, default=300, help="phases of sampling --rollouts answers and learning from them")
    add("--ppo-epochs", type=int, default=4)
    add("--minibatch", type=int, default=16, help="answers of an update, over all devices")
    add("--unfrozen-layers", type=int, default=8, help="how many of the top layers are trained")
    values = "of the policy's own last layer, or of a whole network of its own, which begins as the SFT model"
    add("--value-network", choices=("shared", "own"), default="shared", help=f"values {values}")
    add("--betas", type=float, nargs=2, default=[0.9, 0.95], help="of AdamW")
    add("--weight-decay", type=float, default=0.0)
    add("--beta", type=float, default=0.05, help="KL coefficient at the start")
    add("--target-kl", type=float, default=6.0, help="nats an answer that beta steers to; 0: beta stays")
    add("--horizon", type=float, default=10_000, help="answers over which beta may change by a factor of about 1.2")
    add("--gamma", type=float, default=1.0)
    add("--lam", type=float, default=0.95)
    add("--clip", type=float, default=0.2, help="of the policy's ratio")
    add("--value-clip", type=float, default=0.2)
    add("--value-coefficient", type=float, default=0.5)
    entropy = "reward for each token's entropy: above 0 the answers stay varied"
    add("--entropy-coefficient", type=float, default=0.0, help=entropy)
    add("--eval-steps", type=int, default=100)
    add("--keep", choices=("best", "last"), default="best", help="which model is handed over")
    less = "work hidden states out again for the gradient: less memory, slower"
    add("--gradient-checkpointing", action=argparse.BooleanOptionalAction, default=False, help=less)
    far = "have a vLLM server draw the rollouts, such as http://localhost:8000; policy/engine.py says how it is started"
    add("--vllm-server", metavar="URL", help=far)
    add_lora(parser)
    add_training(parser, lr=5e-6, checkpoint_steps=50)
    return parser


def check_devices(accelerator: Accelerator) -> None:
    """Raise ValueError where the weights are to be dealt out over devices."""
    if accelerator.distributed_type in (DistributedType.DEEPSPEED, DistributedType.FSDP):
        raise ValueError(
            "PPO keeps a whole copy of the network on each device: use accelerate/multi-gpu.yaml; zero2.yaml and "
            "fsdp.yaml are for SFT"
        )


def check(args: argparse.Namespace, processes: int) -> None:
    """Raise ValueError for numbers that do not go together."""
    for name in ("rollouts", "minibatch"):
        if getattr(args, name) % processes:
            raise ValueError(f"--{name} {getattr(args, name)} must be a multiple of the {processes} processes")
    if args.lora is not None:
        check_rank(args.lora)
    if args.rollouts % args.minibatch:
        raise ValueError(f"--rollouts {args.rollouts} must be a multiple of --minibatch {args.minibatch}")
    if args.least_new_tokens is not None and not 1 <= args.least_new_tokens <= args.max_new_tokens:
        raise ValueError(
            f"--least-new-tokens {args.least_new_tokens} must be from 1 to --max-new-tokens {args.max_new_tokens}"
        )


@dataclass
class Progress:
    """What changes over a run, besides the policy; checkpoints hold it."""

    controller: KLController
    moments: RunningMoments = field(default_factory=RunningMoments)
    step: int = 0
    best: float = -math.inf
    best_step: int = 0
    first: float = math.nan  # held-out score before the first step
    last: float = math.nan  # the latest one


def new_policy(
    args: argparse.Namespace, device: torch.device, network: nn.Module
) -> tuple[Policy, torch.optim.Optimizer]:
    """The policy before the first step, and its optimizer."""
    bits16, spread = wants_bf16(args, device), args.entropy_coefficient != 0
    own, adapters = args.value_network == "own", None if args.lora is None else (args.lora, alpha_of(args))
    policy = Policy(network, args.unfrozen_layers, bits16, spread, own, adapters, args.gradient_checkpointing)
    policy = policy.to(device)
    trained, betas = policy.trained().values(), tuple(args.betas)
    return policy, torch.optim.AdamW(trained, args.lr, betas, weight_decay=args.weight_decay, fused=True)


def evaluate(
    policy: Policy, task: Task, progress: Progress, accelerator: Accelerator, args: argparse.Namespace
) -> dict[str, float]:
    """Score answers to the held-out raw prompts, and keep the weights where they are the best so far."""
    numbers = heldout_figures(policy.sampling_network(), policy.head, task, accelerator, args, policy.autocast, HELDOUT)
    progress.last = numbers["heldout_score"]
    if progress.step == 0:
        progress.first = progress.last
    if progress.last > progress.best:
        progress.best, progress.best_step = progress.last, progress.step
        if accelerator.is_main_process:
            save(args.out / "best.pt", policy.trained())
    return numbers


def show(
    numbers: dict[str, float], progress: Progress, pace: Pace, metrics: Metrics | None, args: argparse.Namespace
) -> None:
    """Write and print the numbers of a step, on the main process, which has metrics."""
    if metrics is None:
        return
    metrics.write(progress.step, numbers)
    line = [f"step {progress.step:,}/{args.steps:,}", *(f"{k} {numbers[k]:.4g}" for k in PRINTED if k in numbers)]
    if progress.step > pace.first:
        line.append(f"{pace.of_a_step(progress.step):.2f} s a step, {pace.left(progress.step)} left")
    print("  ".join(line), flush=True)
    found = pace.after_first_steps(progress.step)
    if found:
        print(found, flush=True)


def own_share(items: Sequence, accelerator: Accelerator) -> Sequence:
    """This process's part of what is dealt out to all."""
    share = len(items) // accelerator.num_processes
    return items[accelerator.process_index * share : (accelerator.process_index + 1) * share]


def sampled(
    policy: Policy,
    asked: Sequence[Question],
    step: int,
    accelerator: Accelerator,
    args: argparse.Namespace,
    engine: Engine | None,
) -> list[Answer]:
    """This process's answers of a step, by the engine where there is one."""
    tokens = [one.tokens for one in asked]
    if engine is not None:
        engine.follow(policy, accelerator)
        numbers = own_share(range(args.rollouts), accelerator)
        return engine.sample(policy, tokens, args.max_new_tokens, numbers, step, args.seed)
    chances = own_share(chances_of_step(args.rollouts, args.max_new_tokens, step, args.seed), accelerator)
    with policy.autocast():
        return sample(policy.sampling_network(), tokens, args.max_new_tokens, chances, args.chunk, policy.head)


def roll_out(
    policy: Policy,
    task: Task,
    progress: Progress,
    accelerator: Accelerator,
    args: argparse.Namespace,
    engine: Engine | None = None,
) -> tuple[Experience, dict[str, float]]:
    """The answers of one step with their advantages, and numbers on them (over all processes)."""
    rows = own_share(rows_of_step(len(task.train), args.rollouts, progress.step, args.seed), accelerator)
    asked = [task.train.questions[row] for row in rows]
    answers = sampled(policy, asked, progress.step, accelerator, args, engine)
    if args.least_new_tokens is not None:
        limits = limits_of_step(args.rollouts, args.least_new_tokens, args.max_new_tokens, progress.step, args.seed)
        answers = within(answers, own_share(limits, accelerator))
    cut_off = [not answer.finished for answer in answers]
    if args.append_end:
        answers = [replace(answer, finished=True) for answer in answers]
    scores, texts = scores_of(task, task.train, rows, answers, args, progress.step)
    empty = [adds_nothing(one, text) or text == one.raw_prompt for one, text in zip(asked, texts, strict=True)]

    seen, reference = look_at(policy, asked, answers, args.minibatch)
    device, beta = seen.tokens.device, progress.controller.beta
    scores = torch.tensor(scores, device=device)
    everyone = accelerator.gather(scores)
    scaled = scaled_scores(scores, everyone, progress.moments, args.reward_clip, args.scale_reward == "running")
    rewards = token_rewards(seen.log_probs, reference, seen.mask, scaled, beta)
    seen.advantages, seen.returns = advantages_and_returns(rewards, seen.values, seen.mask, args.gamma, args.lam)
    whiten(seen, accelerator)

    means = {
        "kl": ((seen.log_probs - reference) * seen.mask).sum(1),
        "objective": scaled,
        "length": seen.mask.sum(1).float(),
        "unfinished": torch.tensor(cut_off, device=device).float(),
        "empty": torch.tensor(empty, device=device).float(),
    }
    numbers = {name: accelerator.gather(values).mean().item() for name, values in means.items()}
    numbers["objective"] -= beta * numbers["kl"]  # what is maximised, in the scaled unit
    spread = everyone.std(correction=0).item()
    return seen, {"score": everyone.mean().item(), "score_std": spread, "beta": beta, **numbers}


def improve(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    seen: Experience,
    step: int,
    accelerator: Accelerator,
    args: argparse.Namespace,
) -> dict[str, float]:
    """Go over the answers --ppo-epochs times; numbers averaged over tokens and epochs.

    model  the policy, or accelerate's wrapper of it
    """
    generator = torch.Generator().manual_seed(mix64(mix64(args.seed ^ 0xBA7C) + step))
    sums = torch.zeros(6, device=seen.tokens.device)
    size = args.minibatch // accelerator.num_processes
    # A minibatch's sum over its tokens is divided by the mean number of tokens of a minibatch, not by its own: answers
    # of like length come together, and a token of a short one would weigh more. Wrappers average over processes.
    tokens = accelerator.reduce(seen.mask.sum(), "sum").item() * args.minibatch / args.rollouts
    share = accelerator.num_processes / tokens
    for _ in range(args.ppo_epochs):
        for rows in minibatches(seen, size, generator):
            length = seen.length(rows)
            mask, answer = seen.mask[rows], seen.answer(rows, length)
            log_probs, entropies, values = model(seen.lower[rows, :length], seen.tokens[rows, :length], answer)
            losses, clipped = policy_losses(
                log_probs, seen.log_probs[rows][mask], seen.advantages[rows][mask], args.clip
            )
            errors = value_losses(values, seen.values[rows][mask], seen.returns[rows][mask], args.value_clip)
            loss = losses.sum() + args.value_coefficient * errors.sum()
            if args.entropy_coefficient:
                loss = loss - args.entropy_coefficient * entropies.sum()
            accelerator.backward(loss * share)
            if args.max_grad_norm:
                accelerator.clip_grad_norm_([p for p in model.parameters() if p.requires_grad], args.max_grad_norm)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            with torch.no_grad():
                moved = log_probs - seen.log_probs[rows][mask]
                sizes = losses, errors, clipped.float(), entropies, moved.exp() - 1 - moved
                sums += torch.stack([*(one.detach().sum() for one in sizes), mask.sum().float()])
    *sums, count = accelerator.reduce(sums, "sum").tolist()
    names = "policy_loss", "value_loss", "clipped", "entropy", "step_kl"
    return {name: value / count for name, value in zip(names, sums, strict=True)}


def save(path: Path, values: dict) -> None:
    """Write a file whole or not at all."""
    part = path.with_suffix(".part")
    torch.save(values, part)
    part.replace(path)


def save_checkpoint(out: Path, policy: Policy, optimizer: torch.optim.Optimizer, progress: Progress) -> None:
    state = {
        "trained": policy.trained(),
        "optimizer": optimizer.state_dict(),
        "beta": progress.controller.beta,
        "moments": [progress.moments.count, progress.moments.mean, progress.moments.squares],
        "run": [progress.step, progress.best, progress.best_step, progress.first, progress.last],
    }
    save(out / "checkpoint.pt", state)


def load_checkpoint(out: Path, policy: Policy, optimizer: torch.optim.Optimizer, progress: Progress) -> None:
    """Take up the run where its last checkpoint left it; nothing happens where there is none."""
    path = out / "checkpoint.pt"
    if not path.exists():
        return
    state = torch.load(path, map_location="cpu", weights_only=True)
    policy.load_trained(state["trained"])
    optimizer.load_state_dict(state["optimizer"])
    progress.controller.beta = state["beta"]
    progress.moments = RunningMoments(*state["moments"])
    progress.step, progress.best, progress.best_step, progress.first, progress.last = state["run"]


def take_best(policy: Policy, out: Path, accelerator: Accelerator) -> None:
    """Give the policy the weights that had the best held-out score; the main process has them on its disk."""
    if accelerator.is_main_process:
        policy.load_trained(torch.load(out / "best.pt", map_location="cpu", weights_only=True))
    for parameter in policy.trained().values():
        broadcast(parameter.data, from_process=0)


def hand_over(
    policy: Policy, task: Task, progress: Progress, score: float, base: Path, args: argparse.Namespace
) -> None:
    """Write OUT/model.

    policy  the best one, or the last
    score   its held-out score, measured on answers that had no part in choosing it
    base    the folder of the SFT model
    """
    best = args.keep == "best"
    step = progress.best_step if best else progress.step
    figures = {
        "steps": progress.step,
        "step of this model": step,
        "held-out raw prompts": len(task.heldout),
        "held-out score before": progress.first,
        **({"best held-out score, by which it was chosen": progress.best} if best else {}),
        "held-out score": score,
        "KL coefficient at the end": progress.controller.beta,
    }
    less = " less that of the data set's own prompt for the same raw prompt" if args.baseline == "dataset" else ""
    note = (
        f"A score is the reward of a sampled answer{less}. It says what the reward function likes; whether people "
        "like the pictures is another question. The held-out score is of answers that were drawn afresh: the one by "
        "which a step was chosen is too high, as the best of several."
    )
    if step == 0:
        note = f"**{UNTRAINED}** {note}"
    family, tokenizer, data = task.beautifier.family, task.beautifier.tokenizer, f"{len(task.train):,} raw prompts"
    stage, started_from = "PPO (training/ppo.py)", short_name(args.model)
    card = beautifier_card(args.out, stage, started_from, family, data, given(args), figures, note)
    policy.merge()
    weights, config = as_stored(policy.network), checkpoint_config(base)
    export_beautifier(args.out / "model", weights, config, tokenizer, family, card, args.export_dtype, base)
    print(f"held-out score {progress.first:.4g} -> {score:.4g}; the model is in {args.out / 'model'}", flush=True)
    if step == 0:
        print(UNTRAINED, flush=True)


if __name__ == "__main__":
    # The gradients of the smallest probabilities would take the slow path of the CPU. A setting of the whole
    # process: not for those who call main.
    torch.set_flush_denormal(True)
    as_command("ppo", main)
