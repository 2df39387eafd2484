"""Reward functions by name, their sum, and Promptist's formula with pictures that are drawn here."""

import argparse
from pathlib import Path

import pytest
import torch

from prompt_beautifier.beautifier.images.scorers import load_scorer
from prompt_beautifier.training.pictures import tiny as tiny_pictures
from prompt_beautifier.training.policy.promptist_reward import PromptistReward, promptist_reward, seeds_of_step
from prompt_beautifier.training.policy.reward_functions import load_reward
from prompt_beautifier.training.ppo import option_parser

from ...stand_ins import tiny_rewards, tiny_scorers
from .. import moody

CPU = torch.device("cpu")


def reward_of(*flags):
    required = ["--model", "m", "--data", "d", "--out", "o"]
    return load_reward(option_parser().parse_args([*required, *flags]), CPU)


@pytest.fixture
def module(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(moody.__file__).parent))


def test_a_function_of_the_users_own_and_a_weighted_sum(module):
    raws, prompts = ["a", "b"], ["a, neon", "b"]
    assert reward_of("--reward", "moody:neon")(raws, prompts) == [1, 0]
    both = reward_of("--reward", "moody:neon", "moody:nothing", "moody:neon", "--reward-weights", "2", "5", "-0.5")
    assert both(raws, prompts) == [1.5, 0]
    assert both([], []) == []


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--reward", "nothing there"], "is no folder: give a reward folder"),
        (["--reward", "moody:absent"], "cannot be imported"),
        (["--reward", "absent_module:f"], "cannot be imported"),
        (["--reward", "moody:MOODS"], "is a list, not a function"),
        (["--reward", "moody:neon", "--reward-weights", "1", "2"], "1 --reward and 2 --reward-weights"),
        (["--reward", "images"], "--reward images needs --image-model"),
    ],
)
def test_names_that_cannot_be_worked_with_are_said(module, flags, message):
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        reward_of(*flags)


@pytest.mark.parametrize(
    ("returned", "message"),
    [([1.0], "returned 1 numbers for 2"), ([1.0, float("nan")], "not finite"), (torch.tensor([1.0]), "returned 1")],
)
def test_what_a_function_returns_is_checked(module, monkeypatch, returned, message):
    import moody as named

    monkeypatch.setattr(named, "neon", lambda raws, prompts: returned)
    with pytest.raises(ValueError, match=message):
        reward_of("--reward", "moody:neon")(["a", "b"], ["a", "b"])


def test_a_reward_folder(tmp_path):
    from prompt_beautifier.beautifier.rewards.model import load_reward_model

    folder = save_reward_folder(tmp_path)
    raws, prompts = ["a cat", "castle"], ["a cat, soft light", "a castle, 8k"]
    expected = load_reward_model(folder).score(raws, prompts).tolist()
    assert reward_of("--reward", str(folder))(raws, prompts) == pytest.approx(expected)


def save_reward_folder(folder):
    return tiny_rewards.save_reward(folder / "reward")


def test_the_formula_by_hand():
    beauty, before = torch.tensor([[6.0, 5.0], [4.0, 4.5]]), torch.tensor([[5.5, 5.5], [5.0, 4.0]])
    relevance = torch.tensor([[0.30, 0.28], [0.20, 0.25]])
    expected = [((6 - 5.5) + 0 + (5 - 5.5) + 0) / 2, ((4 - 5) + (4 - 5.6) + (4.5 - 4) + (5 - 5.6)) / 2]
    assert promptist_reward(beauty, before, relevance).tolist() == pytest.approx(expected, abs=1e-5)


class Drawn:
    """Random pictures that depend on prompt and seed alone; counts how many it drew."""

    def __init__(self):
        self.count = 0

    def __call__(self, prompts, seeds):
        self.count += len(prompts) * len(seeds)
        made = []
        for prompt in prompts:
            for seed in seeds:
                chance = torch.Generator().manual_seed(sum(map(ord, prompt)) * 100 + seed)
                made.append(torch.rand(8, 8, 3, generator=chance))
        return torch.stack(made)


@pytest.fixture(scope="module")
def scorers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scorers")
    return {
        kind: load_scorer(kind, tiny_scorers.save_scorer(folder / kind, kind)) for kind in ("aesthetic", "clip-score")
    }


def test_the_reward_of_pictures_is_the_formula_of_their_scores(scorers):
    aesthetic, clip = scorers["aesthetic"], scorers["clip-score"]
    draw, seeds = Drawn(), seeds_of_step(3, 5, 0)
    reward = PromptistReward(draw, aesthetic, clip, 3)
    raws, prompts = ["a cat", "a dog", "a cat"], ["a cat, 8k", "a dog by the sea", "a cat, oil on canvas"]
    found = reward(raws, prompts, 5)
    assert draw.count == (2 + 3) * 3  # a raw prompt's own pictures are drawn once
    for raw, prompt, value in zip(raws, prompts, found, strict=True):
        expected = 0.0
        for seed in seeds:
            of_raw, of_prompt = Drawn()([raw], [seed]), Drawn()([prompt], [seed])
            gain = aesthetic.score(of_prompt, "").item() - aesthetic.score(of_raw, "").item()
            expected += (gain + min(20 * clip.score(of_prompt, [raw]).item() - 5.6, 0)) / 3
        assert value == pytest.approx(expected, abs=1e-3)


def test_noise_is_new_in_every_step_and_the_same_for_all_of_its_prompts(scorers):
    draw = Drawn()
    reward = PromptistReward(draw, scorers["aesthetic"], scorers["clip-score"], 2)
    one, again, other = (reward(["a cat"], ["a cat, 8k"], step) for step in (3, 3, 4))
    assert one == again != other
    drawn = [seeds_of_step(2, step, seed) for step, seed in ((3, 0), (4, 0), (3, 1))]
    assert len({seed for seeds in drawn for seed in seeds}) == 6
    assert reward(["a cat"], ["a cat"], 3)[0] <= 0  # nothing is gained by what is drawn with the same noise


def test_pictures_are_drawn_as_in_the_released_code(monkeypatch, scorers):
    """No negative prompt, and CLIP cuts prompts off: both sides of the difference would be lifted by them."""
    from prompt_beautifier.training.pictures import pipeline
    from prompt_beautifier.training.pictures import scorers as opened

    given = {}
    monkeypatch.setattr(
        pipeline, "open_pictures", lambda *args, **named: given.update(named) or argparse.Namespace(draw=0)
    )
    monkeypatch.setattr(opened, "open_scorer", lambda *args: None)
    reward_of("--reward", "images", "--image-model", "m")
    drawn = {"steps": 20, "size": 512, "sampler": "dpm-solver"}
    assert given == {**drawn, "negative_prompt": "", "long_prompts": False}
    reward_of("--reward", "images", "--image-model", "m", "--image-negative-prompt", "blurry", "--image-long-prompts")
    assert given == {**drawn, "negative_prompt": "blurry", "long_prompts": True}


@pytest.mark.slow
def test_the_real_pipeline_and_scorers_from_their_files(tmp_path):
    pytest.importorskip("diffusers")
    model = tiny_pictures.save_pipeline(tmp_path / "pipeline")
    specs = []
    for kind in ("aesthetic", "clip-score"):
        files = tiny_scorers.save_scorer(tmp_path / kind, kind)
        specs.append(f"{kind}={next(iter(files.values())).parent}")
    size = ["--image-steps", "2", "--image-size", str(tiny_pictures.SIZE)]
    reward = reward_of("--reward", "images", "--image-model", str(model), *size, "--scorers", *specs)
    one, same, other = (reward(["a cat"], ["a cat, 8k"], step) for step in (1, 1, 2))
    assert one == same != other and len(one) == 1
