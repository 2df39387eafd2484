"""HPSv3 through its package's published interface, of which there is a stand-in here."""

import sys
import types

import pytest
import torch

from prompt_beautifier.training.evaluation.readers import scorer_figure
from prompt_beautifier.training.pictures import scorers
from prompt_beautifier.training.pictures.scores import read_picture


class Inferencer:
    """As hpsv3.HPSv3RewardInferencer: logits [pictures, 2], a mean and a deviation of each."""

    def __init__(self, config_path=None, checkpoint_path=None, device="cuda", differentiable=False):
        self.given, self.model, self.calls = (checkpoint_path, device), torch.nn.Linear(2, 3), []

    def reward(self, prompts, image_paths):
        self.calls.append(list(prompts))
        brightness = torch.tensor([read_picture(path).mean() for path in image_paths])
        lengths = torch.tensor([float(len(prompt)) for prompt in prompts])
        return torch.stack([lengths + brightness, torch.full_like(lengths, 9.0)], dim=1)


@pytest.fixture
def package(monkeypatch):
    module = types.ModuleType("hpsv3")
    module.HPSv3RewardInferencer = Inferencer
    monkeypatch.setitem(sys.modules, "hpsv3", module)


def test_a_score_is_the_mean_for_each_picture_and_its_prompt(package):
    judge = scorers.open_scorer("hpsv3", None, "cpu")
    images = torch.stack([torch.full((4, 4, 3), level) for level in (0.0, 0.2, 1.0)])
    found = judge.score(images, ["a", "abc", "ab"], batch_size=2)
    torch.testing.assert_close(found, torch.tensor([1.0, 3.2, 3.0]))
    assert judge.judge.given == (None, "cpu") and judge.judge.calls == [["a", "abc"], ["ab"]]
    torch.testing.assert_close(judge.score(images, "four"), torch.tensor([4.0, 4.2, 5.0]))
    assert sum(tensor.numel() for tensor in judge.network.parameters()) == 9
    assert (scorer_figure("hpsv3").title, scorers.kind_of("hpsv3").column) == ("HPSv3", "hpsv3_score")


def test_its_weights_may_be_a_file_of_safetensors(package, tmp_path):
    path = tmp_path / "HPSv3.safetensors"
    with pytest.raises(FileNotFoundError, match="there is no file .*HPSv3.safetensors of MizzenAI/HPSv3 is expected"):
        scorers.open_scorer(f"hpsv3={path}", None, "cpu")
    path.touch()
    assert scorers.open_scorer(f"hpsv3={path}", None, "cpu").judge.given == (str(path), "cpu")
    with pytest.raises(ValueError, match="must be a file of safetensors"):
        scorers.open_scorer("hpsv3=model.pth", None, "cpu")


def test_without_its_package_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "hpsv3", None)
    with pytest.raises(ImportError, match="pip install hpsv3"):
        scorers.open_scorer("hpsv3", None, "cpu")
