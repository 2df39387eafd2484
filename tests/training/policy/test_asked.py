"""Which rows a step asks, and what its answers score."""

import pytest
import torch

pytest.importorskip("accelerate")

from prompt_beautifier.beautifier.beautify import load_beautifier
from prompt_beautifier.beautifier.language.steps import Answer
from prompt_beautifier.training.policy.asked import Prompts, Task, chances_of_step, question, rows_of_step, scores_of
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

    def reward(raws, prompts):
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
            *scores_of(Task(beautifier, reward, prompts, prompts), prompts, [0, 1, 2], answers, options(*flags)),
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
    assert calls[0][3:] == [("a cat", "a cat by the sea")] * 3 and prompts.earned == {0: 16, 1: 16, 2: 16}


def test_penalties(scored):
    assert scored("--empty-reward", "-3", "--unfinished-penalty", "0.5")[0] == [5, -3, 0.5]
