"""Which rows a step asks, and what its answers score."""

from functools import partial

import pytest
import torch
from accelerate import Accelerator

pytest.importorskip("accelerate")

from prompt_beautifier.beautifier.beautify import load_beautifier
from prompt_beautifier.beautifier.language.steps import Answer
from prompt_beautifier.training.policy.asked import (
    HELDOUT,
    Prompts,
    Task,
    chances_of_step,
    heldout_figures,
    limits_of_step,
    question,
    rows_of_step,
    scores_of,
    within,
)
from prompt_beautifier.training.ppo import option_parser

from ...stand_ins import tiny


def options(*more):
    required = ["--model", "x", "--data", "x", "--out", "x", "--reward", "x", "--max-new-tokens", "20"]
    return option_parser().parse_args([*required, *more])


def test_rows_and_random_numbers_are_a_function_of_the_step():
    steps = [rows_of_step(10, 4, step, seed=1) for step in range(5)]
    dealt = [row for step in steps for row in step]
    assert sorted(dealt[:10]) == sorted(dealt[10:]) == list(range(10)) and dealt[:10] != dealt[10:]
    assert rows_of_step(10, 4, 3, seed=1) == steps[3] and rows_of_step(10, 4, 3, seed=2) != steps[3]
    one, same, next_one = (chances_of_step(4, 6, step, seed=1) for step in (7, 7, 8))
    assert torch.equal(one, same) and not torch.equal(one, next_one) and one.shape == (4, 6)


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """Answers to one row, scored: f(*flags) of an answer that adds something, one that adds nothing, one cut off."""
    beautifier = load_beautifier(tiny.save_checkpoint(tmp_path_factory.mktemp("base"), family="text2prompt-v1"))
    asked, calls = question(beautifier, "a cat", 20), []

    def reward(raws, prompts, step):
        calls.append(list(zip(raws, prompts, strict=True)))
        return [float(len(prompt)) for prompt in prompts]

    def scores(*flags):
        prompts = Prompts([{"raw_prompt": "a cat", "prompt": "a cat by the sea"}] * 3, [asked] * 3)
        answers = [
            Answer(tuple(beautifier.encode(" a cat, 8k, 8k, soft light, 8k")), True),
            Answer((), True),
            Answer(tuple(beautifier.encode(" a cat, soft light, a very unfini")), False),
        ]
        calls.clear()
        return (
            *scores_of(Task(beautifier, reward, prompts, prompts), prompts, [0, 1, 2], answers, options(*flags), 3),
            list(calls),
            prompts,
        )

    return scores


def test_the_reward_sees_what_a_user_would_see(scored):
    scores, texts, calls, _ = scored("--baseline", "none")
    assert texts == ["a cat, 8k, soft light", "a cat", "a cat, soft light"]
    assert scores == [21.0, 5.0, 17.0]
    assert calls == [[("a cat", text) for text in texts]]


def test_the_baseline_is_the_reward_of_the_rows_own_prompt(scored):
    scores, _, calls, prompts = scored()
    assert scores == [21 - 16, 5 - 16, 17 - 16]
    assert calls[0] == [("a cat", "a cat by the sea")] * 3 and prompts.earned == {0: 16, 1: 16, 2: 16}


def test_penalties(scored):
    assert scored("--empty-reward", "-3", "--unfinished-penalty", "0.5")[0] == [5, -3, 0.5]


def test_the_step_reaches_the_reward_and_the_baseline_is_always_that_of_one(tmp_path):
    beautifier = load_beautifier(tiny.save_checkpoint(tmp_path, family="text2prompt-v1"))
    prompts = Prompts([{"raw_prompt": "a cat", "prompt": "a cat, 8k"}], [question(beautifier, "a cat", 20)])
    steps = []

    def reward(raws, prompts, step):
        steps.append(step)
        return [0.0] * len(prompts)

    scores_of(Task(beautifier, reward, prompts, prompts), prompts, [0], [Answer((9,), True)], options(), 7)
    assert steps == [HELDOUT, 7]


def test_limits_are_a_function_of_the_step_and_cut_answers_off():
    limits = limits_of_step(400, 15, 75, step=3, seed=1)
    assert min(limits) == 15 and max(limits) == 75 and limits == limits_of_step(400, 15, 75, 3, 1)
    assert limits != limits_of_step(400, 15, 75, 4, 1)
    answers = [Answer((1, 2, 3), True), Answer((1, 2, 3), True), Answer((1, 2, 3), False)]
    # With a limit of 3 tokens the end token is never drawn: the first answer would have been the fourth.
    assert within(answers, [4, 3, 2]) == [Answer((1, 2, 3), True), Answer((1, 2, 3), False), Answer((1, 2), False)]


def test_a_reward_is_asked_outside_the_precision_of_sampling(tmp_path):
    """Whatever a reward computes is as exact on held-out prompts as in training."""
    beautifier = load_beautifier(tiny.save_checkpoint(tmp_path, family="text2prompt-v1"))
    prompts = Prompts([{"raw_prompt": "a cat", "prompt": "a cat, 8k"}], [question(beautifier, "a cat", 6)])
    seen = []

    def reward(raws, prompts, step):
        seen.append(torch.is_autocast_enabled("cpu"))
        return [0.0] * len(prompts)

    network, precise = beautifier.network, partial(torch.autocast, "cpu", torch.bfloat16)
    task, head = Task(beautifier, reward, prompts, prompts), beautifier.network.word_embeddings.weight
    args = options("--baseline", "none", "--max-new-tokens", "6")
    heldout_figures(network, head, task, Accelerator(cpu=True), args, precise)
    assert seen == [False]
