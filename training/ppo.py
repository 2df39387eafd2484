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

--data is a folder with train.jsonl and heldout.jsonl; --reward is explained in reward_functions.py. Everything random
is a function of --seed and the step: the same command continues a run that was killed, to the same result.
OUT/model is the folder for Load Beautifier: the best by held-out score, or the last (--keep). OUT/metrics.jsonl and
OUT/tensorboard hold the numbers; OUT/checkpoint.pt is needed to continue, and for nothing else.
"""

import argparse
import copy
import math
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import torch
from accelerate import Accelerator, DistributedType
from torch import Tensor, nn

from ..beautifier.beautify import Beautifier
from ..beautifier.language.network import DecoderOnly
from ..beautifier.language.sampling import mix64
from ..beautifier.language.steps import Answer
from ..beautifier.language.weights import load_network
from .rewards.reward_functions import RewardFunction, add_reward_options, load_reward
from .rewards.rollout import Question, adds_nothing, prompt_of, question, sample
from .run.bases import base_tokenizer, find_base, hugging_face_config, short_name
from .run.estimates import (
    Estimate,
    activation_memory,
    count_parameters,
    duration,
    memory_of,
    seconds_for,
    training_memory,
)
from .run.export import DTYPES, export, hugging_face_weights, model_card
from .run.metrics import Metrics
from .run.options import parse
from .run.rows import read_jsonl

# -- the policy


class TokenScores(torch.autograd.Function):
    """Log-probability and entropy of given next tokens, without keeping the logits of a large vocabulary.

    The logits exist for a chunk of positions at a time. The output layer is frozen, so the only gradient is that of
    the hidden states, d log p(token) / d hidden = W[token] - sum_w p(w) W[w] and, with `spread`, that of the entropy,
    d H / d hidden = - sum_w p(w) (log p(w) + H) W[w]; both are worked out in the forward pass while the logits are
    there.
    """

    @staticmethod
    def forward(
        ctx, hidden: Tensor, head: Tensor, tokens: Tensor, chunk: int, spread: bool = False
    ) -> tuple[Tensor, Tensor]:
        log_probs, entropies, gradients, spreads = [], [], [], []
        for part, wanted in zip(hidden.split(chunk), tokens.split(chunk), strict=True):
            logits = (part.to(head.dtype) @ head.t()).float()
            log_p = logits.sub_(logits.logsumexp(-1, keepdim=True))
            p = log_p.exp()
            log_probs.append(log_p.gather(1, wanted[:, None])[:, 0])
            entropies.append(-torch.linalg.vecdot(p, log_p))
            if ctx.needs_input_grad[0]:
                gradients.append((head[wanted].float() - (p.to(head.dtype) @ head).float()).to(hidden.dtype))
                if spread:
                    surprise = log_p.add_(entropies[-1][:, None]).mul_(p)
                    spreads.append(-(surprise.to(head.dtype) @ head).to(hidden.dtype))
        ctx.save_for_backward(*(torch.cat(each) for each in (gradients, spreads) if each))
        entropy = torch.cat(entropies)
        if not spread:
            ctx.mark_non_differentiable(entropy)
        return torch.cat(log_probs), entropy

    @staticmethod
    def backward(ctx, by_log_prob: Tensor, by_entropy: Tensor | None):
        gradient, *spread = ctx.saved_tensors
        total = by_log_prob[:, None].to(gradient.dtype) * gradient
        if spread:
            total += by_entropy[:, None].to(gradient.dtype) * spread[0]
        return total, None, None, None, None


class Policy(nn.Module):
    """The trained network, the reference model, and the value head.

    The token embeddings and the layers below the top `unfrozen` ones are frozen and shared: the hidden states that
    go into the trained layers are worked out once, and policy and reference model part there.
    """

    # Logits of one chunk: 16 MB of float32 on a CPU, where the cache counts, and 256 MB elsewhere.
    LOGITS = {"cpu": 2**22}

    def __init__(self, network: DecoderOnly, unfrozen: int, bits16: bool = False, spread: bool = False):
        """spread: whether entropies have a gradient, which an --entropy-coefficient needs."""
        super().__init__()
        self.spread = spread
        unfrozen = min(unfrozen, network.config.num_layers)
        self.first = network.config.num_layers - unfrozen  # the first trained layer
        self.bits16 = bits16
        self.network = network.requires_grad_(False)
        self.reference = copy.deepcopy(nn.ModuleList([network.h[self.first :], network.ln_f]))
        for module in (network.h[self.first :], network.ln_f):
            module.requires_grad_(True)
        size = network.config.hidden_size
        self.value = nn.Sequential(nn.Linear(size, 2 * size), nn.ReLU(), nn.Linear(2 * size, 1))
        for parameter in self.value[-1].parameters():  # every answer is worth 0 at first
            nn.init.zeros_(parameter)

    def autocast(self):
        device = self.network.word_embeddings.weight.device
        return torch.autocast(device.type, torch.bfloat16, enabled=self.bits16)

    @property
    def head(self) -> Tensor:
        """The frozen output layer [vocab, hidden], in the dtype that products are made in."""
        weight = self.network.word_embeddings.weight
        if not self.bits16:
            return weight
        if getattr(self, "_head", None) is None or self._head.device != weight.device:
            self._head = weight.detach().bfloat16()
        return self._head

    @torch.no_grad()
    def lower(self, tokens: Tensor) -> Tensor:
        """Hidden states [rows, length, hidden] that go into the trained layers, of tokens [rows, length] that are
        padded on the right."""
        network = self.network
        with self.autocast():
            places = torch.arange(tokens.shape[1], device=tokens.device)
            x = network._embed(tokens, places)
            bias = network._attention_bias(places, len(places), x)
            for layer in range(self.first):
                x = network.h[layer](x, bias, None, layer)
        return x

    def _upper(self, blocks: nn.ModuleList, norm: nn.Module, x: Tensor) -> Tensor:
        with self.autocast():
            places = torch.arange(x.shape[1], device=x.device)
            bias = self.network._attention_bias(places, len(places), x)
            for block in blocks:
                x = block(x, bias, None, 0)
            return norm(x)

    def scores(self, hidden: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Log-probability and entropy, float32 [n], of the next tokens int64 [n] after hidden states [n, hidden]."""
        logits = self.LOGITS.get(hidden.device.type, 2**26)
        chunk = max(1, logits // self.head.shape[0])
        return TokenScores.apply(hidden, self.head, tokens, chunk, self.spread)

    def forward(self, x: Tensor, tokens: Tensor, answer: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Log-probabilities, entropies and values, float32 [n], of the answer tokens.

        x       [rows, length, hidden], from lower()
        tokens  int64 [rows, length]
        answer  bool [rows, length - 1]: which next tokens belong to the answer; n of them
        """
        hidden = self._upper(self.network.h[self.first :], self.network.ln_f, x)[:, :-1][answer]
        log_probs, entropies = self.scores(hidden, tokens[:, 1:][answer])
        return log_probs, entropies, self.value(hidden.float())[:, 0]

    @torch.no_grad()
    def reference_scores(self, x: Tensor, tokens: Tensor, answer: Tensor) -> Tensor:
        """The reference model's log-probabilities of the answer tokens; arguments as those of forward."""
        hidden = self._upper(*self.reference, x)[:, :-1][answer]
        return self.scores(hidden, tokens[:, 1:][answer])[0]

    def sampling_network(self) -> DecoderOnly:
        """The network to sample with: itself, or with its matrices in bfloat16, as autocast would make them again for
        each token."""
        if not self.bits16:
            return self.network
        twin = copy.copy(self.network)
        twin._modules = dict(self.network._modules)
        twin.h = copy.deepcopy(self.network.h).requires_grad_(False)
        for module in twin.h.modules():
            if isinstance(module, nn.Linear):
                module.to(torch.bfloat16)
        return twin

    def trained(self) -> dict[str, Tensor]:
        """The trained parameters by name: top layers, final norm, value head."""
        return {name: p for name, p in self.named_parameters() if p.requires_grad}

    def load_trained(self, values: dict[str, Tensor]) -> None:
        own = self.trained()
        if own.keys() != values.keys():
            raise ValueError("the checkpoint was made with another --model or --unfrozen-layers")
        with torch.no_grad():
            for name, parameter in own.items():
                parameter.copy_(values[name])


# -- the parts of the algorithm


@dataclass
class KLController:
    """beta and how it follows the KL divergence (Ziegler et al. 2019, section 2.2): over `horizon` answers beta may
    change by a factor of about 1.2. A target of 0 leaves beta as it is."""

    beta: float
    target: float
    horizon: float

    def update(self, kl: float, answers: int) -> None:
        if self.target:
            error = min(max(kl / self.target - 1, -0.2), 0.2)
            self.beta *= 1 + error * answers / self.horizon


@dataclass
class RunningMoments:
    """Mean and standard deviation of all numbers seen so far (Chan, Golub and LeVeque 1979)."""

    count: float = 0.0
    mean: float = 0.0
    squares: float = 0.0  # sum of squared distances to the mean

    def update(self, values: Tensor) -> None:
        count, mean = values.numel(), values.double().mean().item()
        squares = (values.double() - mean).square().sum().item()
        total, distance = self.count + count, mean - self.mean
        self.squares += squares + distance**2 * self.count * count / total
        self.mean += distance * count / total
        self.count = total

    @property
    def std(self) -> float:
        """Of a sample; 1 while there is no spread to speak of."""
        std = math.sqrt(self.squares / (self.count - 1)) if self.count > 1 else 0.0
        return std if std > 1e-6 * max(1e-3, abs(self.mean)) else 1.0


def token_rewards(log_probs: Tensor, reference: Tensor, mask: Tensor, scores: Tensor, beta: float) -> Tensor:
    """What each answer token earns: -beta * log(pi / rho), and the answer's score on its last token.

    log_probs, reference  float32 [rows, length], both zero where mask, bool [rows, length], is False
    scores                float32 [rows]
    """
    rewards = -beta * (log_probs - reference)
    last = mask.sum(1) - 1
    rewards[torch.arange(len(rewards), device=rewards.device), last] += scores
    return rewards


def advantages_and_returns(
    rewards: Tensor, values: Tensor, mask: Tensor, gamma: float, lam: float
) -> tuple[Tensor, Tensor]:
    """Generalised advantage estimation (Schulman et al. 2015, arXiv 1506.02438, equation 16) and advantage + value:
    the target of the value head. All float32 [rows, length]; what follows a row's end is worth nothing."""
    advantages = torch.zeros_like(rewards)
    following, value = torch.zeros_like(rewards[:, 0]), torch.zeros_like(rewards[:, 0])
    for step in reversed(range(rewards.shape[1])):
        here = mask[:, step].float()
        delta = rewards[:, step] + gamma * value - values[:, step]
        following = here * (delta + gamma * lam * following)
        value = here * values[:, step]
        advantages[:, step] = following
    return advantages, (advantages + values) * mask


def policy_losses(log_probs: Tensor, old: Tensor, advantages: Tensor, clip: float) -> tuple[Tensor, Tensor]:
    """PPO's clipped loss of each token (Schulman et al. 2017, equation 7, with its sign turned), and which tokens
    are clipped. Float32 [n] and bool [n]."""
    ratio = (log_probs - old).exp()
    plain, clipped = -advantages * ratio, -advantages * ratio.clamp(1 - clip, 1 + clip)
    return torch.maximum(plain, clipped), clipped > plain


def value_losses(values: Tensor, old: Tensor, returns: Tensor, clip: float) -> Tensor:
    """Half the squared error of each value, float32 [n]; moving further than `clip` from the old one earns nothing."""
    clipped = old + (values - old).clamp(-clip, clip)
    return 0.5 * torch.maximum((values - returns).square(), (clipped - returns).square())


# -- rollouts


@dataclass
class Prompts:
    """Rows that can be asked, and what their own prompts earn (the baseline), once that is known."""

    rows: list[dict]
    questions: list[Question]
    earned: dict[int, float] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)


@dataclass
class Experience:
    """Answers of this process and all that the update needs to know of them."""

    lower: Tensor  # [rows, length, hidden]: what goes into the trained layers
    tokens: Tensor  # int64 [rows, length]: question and answer, padded on the right
    starts: Tensor  # int64 [rows]: where the answer begins
    mask: Tensor  # bool [rows, longest answer]
    log_probs: Tensor  # float32 [rows, longest answer], like the following ones
    values: Tensor
    advantages: Tensor
    returns: Tensor

    def answer(self, rows: Tensor, length: int) -> Tensor:
        """bool [rows, length - 1]: which next tokens belong to the answer."""
        position = torch.arange(1, length, device=self.tokens.device)
        starts = self.starts[rows, None]
        return (position >= starts) & (position < starts + self.mask[rows].sum(1, keepdim=True))

    def length(self, rows: Tensor) -> int:
        """Tokens of the longest of some rows."""
        return int((self.starts[rows] + self.mask[rows].sum(1)).max())


def read_prompts(path: Path, beautifier: Beautifier, args: argparse.Namespace, limit: int) -> Prompts:
    """The rows of a file that the model can be asked: at most `limit`, one for each raw prompt, chosen by the seed."""
    needed = ("raw_prompt", "prompt") if args.baseline == "dataset" else ("raw_prompt",)
    rows = list({row["raw_prompt"]: row for row in read_jsonl(path, *needed)}.values())
    if len(rows) > limit:
        rows = random.Random(args.seed).sample(rows, limit)
    asked = [question(beautifier, row["raw_prompt"], args.max_new_tokens) for row in rows]
    kept = [(row, one) for row, one in zip(rows, asked, strict=True) if one is not None]
    if not kept:
        raise ValueError(f"no raw prompt of {path} has words that the model can read")
    return Prompts([row for row, _ in kept], [one for _, one in kept])


@lru_cache(maxsize=2)
def permutation(count: int, seed: int) -> list[int]:
    return random.Random(seed).sample(range(count), count)


def rows_of_step(count: int, rollouts: int, step: int, seed: int) -> list[int]:
    """The rows that a step asks: one permutation of all rows after another, dealt out in order."""
    return [
        permutation(count, mix64(mix64(seed) + k // count))[k % count]
        for k in range(step * rollouts, (step + 1) * rollouts)
    ]


def chances_of_step(rollouts: int, tokens: int, step: int, seed: int) -> Tensor:
    """The random numbers of a step's answers, float32 [rollouts, tokens]. Step -1 is the held-out evaluation."""
    generator = torch.Generator().manual_seed(mix64(mix64(seed ^ 0x5EED) + step))
    return torch.rand(rollouts, tokens, generator=generator)


def scores_of(
    beautifier: Beautifier,
    reward: RewardFunction,
    prompts: Prompts,
    rows: Sequence[int],
    answers: Sequence[Answer],
    args: argparse.Namespace,
) -> tuple[list[float], list[str]]:
    """The score of each answer, in the reward's own unit, and its text as a user would see it.

    The score is r(x, y), with --baseline dataset less r(x, the row's own prompt). Of an answer that adds nothing a
    user sees the raw prompt again; its score is that of the raw prompt, or --empty-reward.
    """
    raws = [prompts.rows[row]["raw_prompt"] for row in rows]
    texts = [prompt_of(beautifier, prompts.questions[row], answer) for row, answer in zip(rows, answers, strict=True)]
    shown = [text or raw for text, raw in zip(texts, raws, strict=True)]
    new = [] if args.baseline == "none" else [row for row in dict.fromkeys(rows) if row not in prompts.earned]
    earned = reward(
        raws + [prompts.rows[row]["raw_prompt"] for row in new],
        shown + [prompts.rows[row]["prompt"] for row in new],
    )
    prompts.earned.update(zip(new, earned[len(rows) :], strict=True))
    scores = []
    for row, text, answer, score in zip(rows, texts, answers, earned, strict=False):
        if args.empty_reward is not None and adds_nothing(prompts.questions[row], text):
            score = args.empty_reward
        elif args.baseline == "dataset":
            score -= prompts.earned[row]
        scores.append(score - (0 if answer.finished else args.unfinished_penalty))
    return scores, shown


@torch.no_grad()
def look_at(policy: Policy, asked: list[Question], answers: list[Answer], minibatch: int) -> tuple[Experience, Tensor]:
    """The answers with the policy's log-probabilities and values, and the reference model's log-probabilities.

    The end token, where the policy wrote it, is part of the answer.
    """
    config, device = policy.network.config, policy.network.word_embeddings.weight.device
    written = [[*answer.tokens, config.eos_token_id] if answer.finished else list(answer.tokens) for answer in answers]
    starts = torch.tensor([len(one.tokens) for one in asked], device=device)
    sizes = torch.tensor([len(answer) for answer in written], device=device)
    tokens = torch.full((len(asked), int((starts + sizes).max())), config.pad_token_id)
    for row, (one, answer) in enumerate(zip(asked, written, strict=True)):
        tokens[row, : len(one.tokens) + len(answer)] = torch.tensor([*one.tokens, *answer])
    tokens = tokens.to(device)
    mask = torch.arange(int(sizes.max()), device=device) < sizes[:, None]
    empty = torch.zeros(mask.shape, device=device)
    lower = torch.zeros((*tokens.shape, config.hidden_size), device=device)
    seen = Experience(lower, tokens, starts, mask, empty, empty.clone(), empty.clone(), empty.clone())
    reference = empty.clone()
    for rows in (starts + sizes).argsort().split(minibatch):
        length = seen.length(rows)
        x = policy.lower(tokens[rows, :length]).float()
        lower[rows, :length] = x
        answer = seen.answer(rows, length)
        log_probs, _, values = policy(x, tokens[rows, :length], answer)
        for into, flat in (
            (seen.log_probs, log_probs),
            (seen.values, values),
            (reference, policy.reference_scores(x, tokens[rows, :length], answer)),
        ):
            part = into[rows]
            part[mask[rows]] = flat
            into[rows] = part
    return seen, reference


def minibatches(seen: Experience, size: int, generator: torch.Generator) -> list[Tensor]:
    """Rows of each minibatch of one PPO epoch: answers of like length together, so that little work goes into
    padding, in an order that chance decides; chance blurs the lengths, too."""
    lengths = (seen.starts + seen.mask.sum(1)).cpu().float()
    blurred = lengths * (1 + 0.2 * torch.rand(len(lengths), generator=generator))
    batches = blurred.argsort().to(seen.tokens.device).split(size)
    return [batches[k] for k in torch.randperm(len(batches), generator=generator).tolist()]


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


def whiten(seen: Experience, accelerator: Accelerator) -> None:
    """Shift and scale the advantages of all processes to mean 0 and variance 1."""
    values = seen.advantages[seen.mask]
    sums = torch.stack([values.sum(), values.square().sum(), values.new_tensor(len(values))])
    total, squares, count = accelerator.reduce(sums.double(), "sum").tolist()
    mean = total / count
    variance = max(squares / count - mean**2, 0.0)
    seen.advantages = (seen.advantages - mean) / math.sqrt(variance + 1e-8) * seen.mask


def update(
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


def evaluate(
    network: DecoderOnly,
    head: Tensor,
    beautifier: Beautifier,
    reward: RewardFunction,
    prompts: Prompts,
    accelerator: Accelerator,
    args: argparse.Namespace,
) -> dict[str, float]:
    """Mean score of sampled answers to held-out raw prompts, with the same random numbers every time."""
    rows = list(range(len(prompts)))[accelerator.process_index :: accelerator.num_processes]
    chances = chances_of_step(len(prompts), args.max_new_tokens, -1, args.seed)[rows]
    asked = [prompts.questions[row].tokens for row in rows]
    answers = sample(network, asked, args.max_new_tokens, chances, args.chunk, head)
    scores, _ = scores_of(beautifier, reward, prompts, rows, answers, args)
    sums = [sum(scores), sum(len(answer.tokens) for answer in answers), len(rows)]
    sums = torch.tensor(sums, dtype=torch.float64, device=accelerator.device)
    score, length, count = accelerator.reduce(sums, "sum").tolist()
    return {"heldout_score": score / count, "heldout_length": length / count}


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
        hugging_face_weights(policy.network),
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
            numbers |= evaluate(network, policy.head, beautifier, reward, heldout, accelerator, args)
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
        numbers |= update(model, optimizer, seen, run.step, accelerator, args)
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
