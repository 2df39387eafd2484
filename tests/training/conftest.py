"""Fixtures of the tests of training."""

import os

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
def with_ray():
    """Ray with two cores, started once: `cluster` takes the one that runs. Its workers reach no network."""
    ray = pytest.importorskip("ray", reason="Ray is a training dependency")
    from prompt_beautifier.training.run import cluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        cluster.start_ray(2, gpus=0)
    yield
    ray.shutdown()


@pytest.fixture(scope="session")
def forks():
    """Starts stages as processes of their own, without their imports."""
    started = Forks([*(f"prompt_beautifier.training.{stage}" for stage in STAGES), *BESIDES])
    yield started
    started.close()
