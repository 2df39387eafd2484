"""Which raw prompts are asked in which step, how, and what the answers score: the same for PPO, RLOO and GRPO."""

import argparse
import random
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import torch
from accelerate import Accelerator
from torch import Tensor

from ...beautifier.language.network import DecoderOnly
from ...beautifier.language.sampling import mix64
from ...beautifier.language.steps import Answer
from ...beautifier.language.writer import Beautifier, english
from ...beautifier.path import finished
from ...beautifier.prompts.syntax import set_aside
from ...beautifier.request import Request, Sampling
from ...beautifier.wishes.wish import read as read_wish
from ..run.rows import read_jsonl
from .reward_functions import RewardFunction, add_reward_options, load_reward
from .rollout import sample

# Evaluations have random numbers of their own, as if they were steps: the same in every evaluation of a run, so that
# they can be compared, and others for the last one, which judges a model that was chosen by the former.
HELDOUT, AFRESH = -1, -2


@dataclass(frozen=True)
class Question:
    """A raw prompt as the Beautifier would ask it: the words that are read, and the tokens of the template."""

    raw_prompt: str
    words: str
    tokens: tuple[int, ...]


@dataclass
class Prompts:
    """Rows that can be asked, and what their own prompts earn (the baseline), once that is known."""

    rows: list[dict]
    questions: list[Question]
    earned: dict[int, float] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class Task:
    """What is to be learnt: who answers, which raw prompts, and what their answers are worth.

    reward  (raw prompts, prompts, step) -> a number for each; a reward that draws pictures takes its noise of the step
    """

    beautifier: Beautifier
    reward: RewardFunction
    train: Prompts
    heldout: Prompts


def add_asking(parser: argparse.ArgumentParser) -> None:
    """The options that say who is asked what, and what an answer is worth."""
    add = parser.add_argument
    add("--model", required=True, help="the SFT model: a checkpoint folder, a published model, or a repository")
    add("--family", help="how the model is asked; default: what its beautifier.json says")
    add("--data", type=Path, required=True, help="folder with train.jsonl and heldout.jsonl")
    most = "raw prompts to train on: a sample of them, where there are more"
    add("--max-prompts", type=int, default=40_000, help=most)
    add("--max-new-tokens", type=int, default=256)
    add("--rollouts", type=int, default=64, help="answers of a step, over all devices")
    add("--chunk", type=int, default=16, help="answers that are sampled at once on a device")
    add("--eval-prompts", type=int, default=500, help="held-out raw prompts to score")
    add_reward_options(parser)
    add("--empty-reward", type=float, help="score of an empty answer; default: that of the raw prompt")
    unfinished = "taken off the score of an answer without an end"
    add("--unfinished-penalty", type=float, default=0.0, help=unfinished)


def read_task(args: argparse.Namespace, beautifier: Beautifier, device: torch.device) -> Task:
    """What the options of add_asking name. Raises ValueError or FileNotFoundError for what cannot be read."""
    reward = load_reward(args, device)
    train = read_prompts(args.data / "train.jsonl", beautifier, args, args.max_prompts)
    heldout = read_prompts(args.data / "heldout.jsonl", beautifier, args, args.eval_prompts)
    return Task(beautifier, reward, train, heldout)


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


def question(beautifier: Beautifier, raw_prompt: str, max_new_tokens: int) -> Question | None:
    """How a raw prompt is asked; None where it has no words that the model can read."""
    words = set_aside(raw_prompt).words
    words = english(words) if words and beautifier.family.lower_case else words
    if not words:
        return None
    words = beautifier.readable(words, Sampling(max_new_tokens=max_new_tokens))
    return Question(raw_prompt, words, tuple(beautifier.asked(words)))


def rows_of_step(count: int, rollouts: int, step: int, seed: int) -> list[int]:
    """The rows that a step asks: one permutation of all rows after another, dealt out in order."""
    return [
        permutation(count, mix64(mix64(seed) + k // count))[k % count]
        for k in range(step * rollouts, (step + 1) * rollouts)
    ]


@lru_cache(maxsize=2)
def permutation(count: int, seed: int) -> list[int]:
    return random.Random(seed).sample(range(count), count)


def chances_of_step(rollouts: int, tokens: int, step: int, seed: int) -> Tensor:
    """The random numbers of a step's answers, float32 [rollouts, tokens]. HELDOUT and AFRESH are steps, too."""
    generator = torch.Generator().manual_seed(mix64(mix64(seed ^ 0x5EED) + step))
    return torch.rand(rollouts, tokens, generator=generator)


def limits_of_step(rollouts: int, least: int, most: int, step: int, seed: int) -> list[int]:
    """The longest that each answer of a step may get, in tokens, drawn evenly from `least` to `most`."""
    chance = random.Random(mix64(mix64(seed ^ 0x11A1) + step))
    return [chance.randint(least, most) for _ in range(rollouts)]


def within(answers: Sequence[Answer], limits: Sequence[int]) -> list[Answer]:
    """Answers cut off at their limits: what each would be if sampling had ended there."""
    return [
        answer if len(answer.tokens) < limit else Answer(answer.tokens[:limit], False)
        for answer, limit in zip(answers, limits, strict=True)
    ]


def scores_of(
    task: Task, prompts: Prompts, rows: Sequence[int], answers: Sequence[Answer], args: argparse.Namespace, step: int
) -> tuple[list[float], list[str]]:
    """The score of each answer, in the reward's own unit, and its text as a user would see it.

    prompts  task.train or task.heldout
    rows     which row of them each answer belongs to
    step     of the run, or HELDOUT or AFRESH

    The score is r(x, y), with --baseline dataset less r(x, the row's own prompt). Of an answer that adds nothing a
    user sees the raw prompt again; its score is that of the raw prompt, or --empty-reward.
    """
    raws = [prompts.rows[row]["raw_prompt"] for row in rows]
    texts = [
        prompt_of(task.beautifier, prompts.questions[row], answer) for row, answer in zip(rows, answers, strict=True)
    ]
    shown = [text or raw for text, raw in zip(texts, raws, strict=True)]
    if args.baseline == "dataset":
        learn_baseline(task, prompts, rows)
    earned = task.reward(raws, shown, step)
    scores = []
    for row, text, answer, score in zip(rows, texts, answers, earned, strict=True):
        if args.empty_reward is not None and adds_nothing(prompts.questions[row], text):
            score = args.empty_reward
        elif args.baseline == "dataset":
            score -= prompts.earned[row]
        scores.append(score - (0 if answer.finished else args.unfinished_penalty))
    return scores, shown


def learn_baseline(task: Task, prompts: Prompts, rows: Sequence[int]) -> None:
    """Have the data set's own prompts of these rows scored, where they have not been: always with the same noise."""
    new = [row for row in dict.fromkeys(rows) if row not in prompts.earned]
    sides = ([prompts.rows[row][side] for row in new] for side in ("raw_prompt", "prompt"))
    prompts.earned.update(zip(new, task.reward(*sides, HELDOUT), strict=True))


def prompt_of(beautifier: Beautifier, asked: Question, answer: Answer) -> str:
    """The prompt that a user would see of an answer: cleaned, syntax put back. "" where nothing is left of it."""
    read = beautifier.read(asked.words, answer)
    if not read:
        return ""
    aside = set_aside(asked.raw_prompt)
    wish = read_wish(aside.words)
    return finished(Request(asked.raw_prompt, 1), aside, wish, read, True, beautifier.weights).text


def adds_nothing(asked: Question, prompt: str) -> bool:
    """Whether a prompt, as prompt_of gives it, is no more than the words that were asked."""
    return prompt.strip().casefold() in ("", asked.words.strip().casefold())


def heldout_figures(
    network: DecoderOnly,
    head: Tensor,
    task: Task,
    accelerator: Accelerator,
    args: argparse.Namespace,
    precision: Callable[[], AbstractContextManager] = nullcontext,
    step: int = HELDOUT,
) -> dict[str, float]:
    """Mean score and length of sampled answers to held-out raw prompts.

    head       the network's output layer [vocab, hidden], in the dtype that products are made in
    precision  in which answers are sampled; the reward works in its own
    step       HELDOUT or AFRESH, which decides the random numbers
    """
    prompts = task.heldout
    rows = list(range(len(prompts)))[accelerator.process_index :: accelerator.num_processes]
    chances = chances_of_step(len(prompts), args.max_new_tokens, step, args.seed)[rows]
    asked = [prompts.questions[row].tokens for row in rows]
    with precision():
        answers = sample(network, asked, args.max_new_tokens, chances, args.chunk, head)
    if args.append_end:
        answers = [replace(answer, finished=True) for answer in answers]
    scores, _ = scores_of(task, prompts, rows, answers, args, step)
    sums = [sum(scores), sum(len(answer.tokens) for answer in answers), len(rows)]
    sums = torch.tensor(sums, dtype=torch.float64, device=accelerator.device)
    score, length, count = accelerator.reduce(sums, "sum").tolist()
    return {"heldout_score": score / count, "heldout_length": length / count}
