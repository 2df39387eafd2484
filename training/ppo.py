"""PPO: reinforcement learning of prompts, as published for BeautifulPrompt and Promptist.

Maximises E[ r(x, y) - beta * log(pi(y|x) / rho(y|x)) ] over raw prompts x and answers y: pi is the policy, rho the
SFT model it starts from (the reference model), r a reward function. (BeautifulPrompt, arXiv 2311.06752, section 3.4;
Promptist, arXiv 2212.09611, section 2.2; the objective and the controller of beta: Ziegler et al. 2019, arXiv
1909.08593; PPO: Schulman et al. 2017, arXiv 1707.06347.)

    python -m prompt_beautifier.training.ppo --config training/configs/ppo-beautifulprompt.yaml \
        --model runs/sft/model --data runs/pairs --reward runs/reward --out runs/ppo

    # several GPUs: each makes its share of the rollouts
    accelerate launch --config_file training/configs/accelerate/multi-gpu.yaml -m prompt_beautifier.training.ppo ...

    # the embedded model on a CPU
    python -m prompt_beautifier.training.ppo --config training/configs/ppo-embedded.yaml \
        --model runs/sft/model --data runs/pairs --reward embedded --out runs/ppo

One step: sample an answer to each of 64 raw prompts; score what a user would see of it; give each token its reward
(the KL penalty everywhere, the score on the last one); estimate advantages; go over the 64 answers in minibatches four
times. --entropy-coefficient is c2 of the PPO paper's equation 9: a small model loses its variety before the KL tells.
Only the top layers are trained, so that policy and reference model share the others.

--data is a folder with train.jsonl and heldout.jsonl; policy/reward_functions.py says what --reward takes. Everything
random is a function of --seed and the step: the same command continues a run that was killed, to the same result.
OUT/model is the folder for Load Beautifier: the best by held-out score, or the last (--keep). OUT/metrics.jsonl and
OUT/tensorboard hold the numbers; OUT/checkpoint.pt is needed to continue, and for nothing else.
"""

import argparse
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from accelerate import Accelerator, DistributedType
from torch import nn

from ..beautifier.language.sampling import mix64
from ..beautifier.language.weights import as_stored, load_network
from ..beautifier.language.writer import Beautifier
from .policy.asked import (
    Prompts,
    adds_nothing,
    chances_of_step,
    heldout_figures,
    read_prompts,
    rows_of_step,
    scores_of,
)
from .policy.experience import Experience, look_at, minibatches, whiten
from .policy.formulas import (
    KLController,
    RunningMoments,
    advantages_and_returns,
    policy_losses,
    token_rewards,
    value_losses,
)
from .policy.network import Policy
from .policy.reward_functions import RewardFunction, add_reward_options, load_reward
from .policy.rollout import sample
from .run.bases import base_tokenizer, find_base, hugging_face_config, short_name
from .run.cards import model_card
from .run.estimates import (
    Estimate,
    activation_memory,
    count_parameters,
    duration,
    memory_of,
    seconds_for,
    training_memory,
)
from .run.export import DTYPES, export
from .run.metrics import Metrics
from .run.options import parse

# -- the policy


# -- the parts of the algorithm


# -- rollouts


# -- one step


@dataclass
class Run:
    """What changes over a run, besides the policy; checkpoints hold it."""

    controller: KLController
    moments: RunningMoments = field(default_factory=RunningMoments)
    step: int = 0
    best: float = -math.inf
    best_step: int = 0
    first: float = math.nan  # held-out score before the first step
    last: float = math.nan  # the latest one


def own_share(items: Sequence, accelerator: Accelerator) -> Sequence:
    """This process's part of what is dealt out to all."""
    share = len(items) // accelerator.num_processes
    return items[accelerator.process_index * share : (accelerator.process_index + 1) * share]


def collect(
    policy: Policy,
    beautifier: Beautifier,
    reward: RewardFunction,
    prompts: Prompts,
    run: Run,
    accelerator: Accelerator,
    args: argparse.Namespace,
) -> tuple[Experience, dict[str, float]]:
    """Rollouts of one step with their advantages, and numbers on them (over all processes)."""
    rows = own_share(rows_of_step(len(prompts), args.rollouts, run.step, args.seed), accelerator)
    chances = own_share(chances_of_step(args.rollouts, args.max_new_tokens, run.step, args.seed), accelerator)
    asked = [prompts.questions[row] for row in rows]
    with policy.autocast():
        answers = sample(
            policy.sampling_network(),
            [one.tokens for one in asked],
            args.max_new_tokens,
            chances,
            args.chunk,
            policy.head,
        )
    scores, texts = scores_of(beautifier, reward, prompts, rows, answers, args)
    empty = [adds_nothing(one, text) or text == one.raw_prompt for one, text in zip(asked, texts, strict=True)]

    seen, reference = look_at(policy, asked, answers, args.minibatch)
    device = seen.tokens.device
    scores = torch.tensor(scores, device=device)
    everyone = accelerator.gather(scores)
    run.moments.update(everyone)
    scaled = scores / run.moments.std if args.scale_reward == "running" else scores
    if args.reward_clip:
        scaled = scaled.clamp(-args.reward_clip, args.reward_clip)
    rewards = token_rewards(seen.log_probs, reference, seen.mask, scaled, run.controller.beta)
    seen.advantages, seen.returns = advantages_and_returns(rewards, seen.values, seen.mask, args.gamma, args.lam)
    whiten(seen, accelerator)

    kl = accelerator.gather(((seen.log_probs - reference) * seen.mask).sum(1)).mean().item()
    share = {
        "length": seen.mask.sum(1).float(),
        "unfinished": torch.tensor([float(not answer.finished) for answer in answers], device=device),
        "empty": torch.tensor(empty, device=device).float(),
    }
    numbers = {"score": everyone.mean().item(), "score_std": everyone.std(correction=0).item(), "kl": kl}
    # what is maximised, in the scaled unit
    numbers["objective"] = accelerator.gather(scaled).mean().item() - run.controller.beta * kl
    numbers["beta"] = run.controller.beta
    numbers |= {name: accelerator.gather(values).mean().item() for name, values in share.items()}
    return seen, numbers


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
    for _ in range(args.ppo_epochs):
        for rows in minibatches(seen, size, generator):
            length = seen.length(rows)
            mask, answer = seen.mask[rows], seen.answer(rows, length)
            log_probs, entropies, values = model(seen.lower[rows, :length], seen.tokens[rows, :length], answer)
            losses, clipped = policy_losses(
                log_probs, seen.log_probs[rows][mask], seen.advantages[rows][mask], args.clip
            )
            errors = value_losses(values, seen.values[rows][mask], seen.returns[rows][mask], args.value_clip)
            # Each token of the minibatch counts the same, on whatever process it is: wrappers average gradients.
            share = accelerator.num_processes / accelerator.reduce(mask.sum(), "sum").item()
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
                told = losses, errors, clipped.float(), entropies, moved.exp() - 1 - moved
                sums += torch.stack([*(one.detach().sum() for one in told), mask.sum().float()])
    *sums, count = accelerator.reduce(sums, "sum").tolist()
    names = "policy_loss", "value_loss", "clipped", "entropy", "step_kl"
    return {name: value / count for name, value in zip(names, sums, strict=True)}


# -- what is written


def save(path: Path, values: dict) -> None:
    """Write a file whole or not at all."""
    part = path.with_suffix(".part")
    torch.save(values, part)
    part.replace(path)


def save_checkpoint(out: Path, policy: Policy, optimizer: torch.optim.Optimizer, run: Run) -> None:
    state = {
        "trained": policy.trained(),
        "optimizer": optimizer.state_dict(),
        "beta": run.controller.beta,
        "moments": [run.moments.count, run.moments.mean, run.moments.squares],
        "run": [run.step, run.best, run.best_step, run.first, run.last],
    }
    save(out / "checkpoint.pt", state)


def load_checkpoint(out: Path, policy: Policy, optimizer: torch.optim.Optimizer, run: Run) -> None:
    """Take up the run where its last checkpoint left it; nothing happens where there is none."""
    path = out / "checkpoint.pt"
    if not path.exists():
        return
    state = torch.load(path, map_location="cpu", weights_only=True)
    policy.load_trained(state["trained"])
    optimizer.load_state_dict(state["optimizer"])
    run.controller.beta = state["beta"]
    run.moments = RunningMoments(*state["moments"])
    run.step, run.best, run.best_step, run.first, run.last = state["run"]


def hand_over(
    policy: Policy, run: Run, base: Path, beautifier: Beautifier, counts: tuple[int, int], args: argparse.Namespace
) -> None:
    """Write OUT/model: the best policy or the last one.

    base    the folder of the SFT model
    counts  how many raw prompts were trained on, and held out
    """
    best = args.keep == "best"
    if best:
        policy.load_trained(torch.load(args.out / "best.pt", map_location="cpu", weights_only=True))
    score = run.best if best else run.last
    figures = {
        "steps": run.step,
        "step of this model": run.best_step if best else run.step,
        "held-out raw prompts": counts[1],
        "held-out score before": run.first,
        "held-out score": score,
        "KL coefficient at the end": run.controller.beta,
    }
    settings = {name: value for name, value in vars(args).items() if name not in ("out", "config")}
    less = " less that of the data set's own prompt for the same raw prompt" if args.baseline == "dataset" else ""
    note = (
        f"A score is the reward of a sampled answer{less}. It says what the reward function likes; whether people "
        "like the pictures is another question."
    )
    card = model_card(
        args.out.resolve().name,
        "PPO (training/ppo.py)",
        short_name(args.model),
        beautifier.family,
        f"{counts[0]:,} raw prompts",
        settings,
        figures,
        note,
    )
    export(
        args.out / "model",
        as_stored(policy.network),
        hugging_face_config(base),
        beautifier.tokenizer,
        beautifier.family,
        card,
        args.export_dtype,
    )
    print(f"held-out score {run.first:.4g} -> {score:.4g}; the model is in {args.out / 'model'}", flush=True)


# -- the run


def option_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
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
        "--scale-reward",
        choices=("running", "none"),
        default="running",
        help="divide by the scores' std so far",
    )
    add("--reward-clip", type=float, default=10.0, help="largest scaled score; 0: no limit")
    add(
        "--max-prompts",
        type=int,
        default=40_000,
        help="raw prompts to train on: a sample of them, where there are more",
    )
    add("--steps", type=int, default=5000)
    add("--rollouts", type=int, default=64, help="answers a step, over all devices")
    add("--chunk", type=int, default=16, help="answers that are sampled at once on a device")
    add("--max-new-tokens", type=int, default=256)
    add("--ppo-epochs", type=int, default=4)
    add("--minibatch", type=int, default=16, help="answers of an update, over all devices")
    add("--unfrozen-layers", type=int, default=8, help="how many of the top layers are trained")
    add("--lr", type=float, default=5e-6)
    add("--betas", type=float, nargs=2, default=[0.9, 0.95], help="of AdamW")
    add("--weight-decay", type=float, default=0.0)
    add("--max-grad-norm", type=float, default=1.0, help="0: no limit")
    add("--beta", type=float, default=0.05, help="KL coefficient at the start")
    add("--target-kl", type=float, default=6.0, help="nats an answer that beta steers to; 0: beta stays")
    add("--horizon", type=float, default=10_000)
    add("--gamma", type=float, default=1.0)
    add("--lam", type=float, default=0.95)
    add("--clip", type=float, default=0.2, help="of the policy's ratio")
    add("--value-clip", type=float, default=0.2)
    add("--value-coefficient", type=float, default=0.5)
    add(
        "--entropy-coefficient",
        type=float,
        default=0.0,
        help="reward for each token's entropy: above 0 the answers stay varied",
    )
    add("--eval-prompts", type=int, default=500, help="held-out raw prompts of an evaluation")
    add("--eval-steps", type=int, default=100)
    add("--checkpoint-steps", type=int, default=50)
    add("--keep", choices=("best", "last"), default="best", help="which model is handed over")
    add("--bf16", action=argparse.BooleanOptionalAction, help="default: on GPUs that can")
    add("--cpu", action="store_true", help="leave the GPU alone")
    add("--export-dtype", choices=DTYPES, default="float16")
    add("--seed", type=int, default=0)
    return parser


def check(args: argparse.Namespace, processes: int) -> None:
    """Raise ValueError for numbers that do not go together."""
    for name in ("rollouts", "minibatch"):
        if getattr(args, name) % processes:
            raise ValueError(f"--{name} {getattr(args, name)} must be a multiple of the {processes} processes")
    if args.rollouts % args.minibatch:
        raise ValueError(f"--rollouts {args.rollouts} must be a multiple of --minibatch {args.minibatch}")


def estimate(policy: Policy, args: argparse.Namespace, accelerator: Accelerator) -> Estimate:
    """Memory and time at most: as if every answer took all of its tokens."""
    config, device = policy.network.config, accelerator.device
    trained = sum(parameter.numel() for parameter in policy.trained().values())
    weights, layers = count_parameters(config), config.num_layers - policy.first
    length, rows = args.max_new_tokens + 32, args.minibatch // accelerator.num_processes
    memory = training_memory(weights + trained, trained)  # the reference model has the trained layers once more
    memory += activation_memory(config, layers, rows, length, policy.bits16)
    memory += 8.0 * config.num_layers * args.chunk * length * config.hidden_size  # keys and values
    tokens = args.rollouts * length / accelerator.num_processes
    frozen = config.vocab_size * config.hidden_size
    operations = 2 * weights + 2 * (2 * trained + 2 * frozen) + args.ppo_epochs * (6 * trained + 4 * frozen)
    return Estimate(memory, seconds_for(args.steps * tokens * operations, device, policy.bits16))


def main(argv: list[str] | None = None) -> None:
    args = parse(option_parser(), argv)
    accelerator = Accelerator(cpu=args.cpu)
    if accelerator.distributed_type in (DistributedType.DEEPSPEED, DistributedType.FSDP):
        raise ValueError(
            "PPO keeps a whole copy of the network on each device: use accelerate/multi-gpu.yaml; zero2.yaml and "
            "fsdp.yaml are for SFT"
        )
    check(args, accelerator.num_processes)
    device, chief = accelerator.device, accelerator.is_main_process
    bits16 = device.type == "cuda" and torch.cuda.is_bf16_supported() if args.bf16 is None else args.bf16
    torch.manual_seed(args.seed)  # the value head begins at random

    folder, family = find_base(args.model, args.family)
    tokenizer, _ = base_tokenizer(folder)
    network = load_network(folder, torch.float32, device)
    beautifier = Beautifier(args.out.name, family, network, tokenizer)
    reward = load_reward(args, device)
    train = read_prompts(args.data / "train.jsonl", beautifier, args, args.max_prompts)
    heldout = read_prompts(args.data / "heldout.jsonl", beautifier, args, args.eval_prompts)

    policy = Policy(network, args.unfrozen_layers, bits16, args.entropy_coefficient != 0).to(device)
    optimizer = torch.optim.AdamW(
        policy.trained().values(),
        lr=args.lr,
        betas=tuple(args.betas),
        weight_decay=args.weight_decay,
        fused=True,
    )
    run = Run(KLController(args.beta, args.target_kl, args.horizon))
    load_checkpoint(args.out, policy, optimizer, run)
    model, optimizer = accelerator.prepare(policy, optimizer)
    metrics = Metrics(args.out, run.step) if chief else None
    if chief:
        needed = estimate(policy, args, accelerator)
        print(
            f"{len(train):,} raw prompts, {len(heldout):,} held out; {accelerator.num_processes} x {device.type}: "
            f"{needed} at most",
            flush=True,
        )
        if memory_of(device) is not None and needed.memory > memory_of(device):
            print(
                f"that is more than this device's {memory_of(device) / 1e9:.0f} GB: lower --minibatch, --chunk "
                "or --unfrozen-layers",
                flush=True,
            )
        if run.step:
            print(f"continuing after step {run.step:,}", flush=True)

    def look(numbers: dict[str, float]) -> None:
        """Evaluate, and keep the weights where they are the best so far."""
        with policy.autocast():
            network = policy.sampling_network()
            numbers |= heldout_figures(network, policy.head, beautifier, reward, heldout, accelerator, args)
        run.last = numbers["heldout_score"]
        if run.step == 0:
            run.first = run.last
        if run.last > run.best:
            run.best, run.best_step = run.last, run.step
            if chief:
                save(args.out / "best.pt", policy.trained())

    started, before = time.monotonic(), run.step
    if run.step == 0:
        numbers = {}
        look(numbers)
        if chief:
            metrics.write(0, numbers)
            print(f"step 0/{args.steps:,}  held-out score {run.first:.4g}", flush=True)
    while run.step < args.steps:
        seen, numbers = collect(policy, beautifier, reward, train, run, accelerator, args)
        numbers |= improve(model, optimizer, seen, run.step, accelerator, args)
        run.controller.update(numbers["kl"], args.rollouts)
        run.step += 1
        if run.step % args.eval_steps == 0 or run.step == args.steps:
            look(numbers)
        if chief:
            metrics.write(run.step, numbers)
            pace = (time.monotonic() - started) / (run.step - before)
            told = {
                name: numbers[name]
                for name in ("score", "kl", "beta", "entropy", "length", "heldout_score")
                if name in numbers
            }
            print(
                f"step {run.step:,}/{args.steps:,}  "
                + "  ".join(f"{k} {v:.4g}" for k, v in told.items())
                + f"  {pace:.2f} s a step, {duration(pace * (args.steps - run.step))} left",
                flush=True,
            )
            if run.step % args.checkpoint_steps == 0 or run.step == args.steps:
                save_checkpoint(args.out, policy, optimizer, run)

    accelerator.wait_for_everyone()
    if chief:
        metrics.close()
        hand_over(policy, run, folder, beautifier, (len(train), len(heldout)), args)


if __name__ == "__main__":
    # The gradients of the smallest probabilities would take the slow path of the CPU. A setting of the whole
    # process: not for those who call main.
    torch.set_flush_denormal(True)
    main()
