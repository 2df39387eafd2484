"""Fixtures of the tests of training."""

import pytest

from ..stand_ins.forks import Forks

STAGES = ("sft", "dpo", "rl", "ppo", "reward", "label", "evaluate", "collect")
BESIDES = (
    "diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion",
    "peft",
    "prompt_beautifier.beautifier.images.scorers",
    "torch.utils.tensorboard",
)


@pytest.fixture(scope="session")
def forks():
    """Starts stages as processes of their own, without their imports."""
    started = Forks([*(f"prompt_beautifier.training.{stage}" for stage in STAGES), *BESIDES])
    yield started
    started.close()
