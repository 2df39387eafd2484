"""Pictures on disk."""

import torch

from prompt_beautifier.training.pictures import scores


def test_a_picture_on_disk_is_the_picture(tmp_path):
    image = torch.rand(5, 7, 3)
    scores.save_picture(tmp_path / "a.png", image)
    found = scores.read_picture(tmp_path / "a.png")
    assert found.shape == image.shape and (found - image).abs().max() <= 0.5 / 255 + 1e-6
    assert not list(tmp_path.glob("*.part"))
