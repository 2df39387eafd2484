"""Pictures on disk and where scorers are looked for."""

import pytest
import torch

from prompt_beautifier.beautifier.images import scorer_files, scorers
from prompt_beautifier.training.pictures import scores


def test_a_picture_on_disk_is_the_picture(tmp_path):
    image = torch.rand(5, 7, 3)
    scores.save_picture(tmp_path / "a.png", image)
    found = scores.read_picture(tmp_path / "a.png")
    assert found.shape == image.shape and (found - image).abs().max() <= 0.5 / 255 + 1e-6
    assert not list(tmp_path.glob("*.part"))


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """Folders that a scorer's files are looked for in, by the name of the scorer; nothing is loaded."""
    folders = {}
    monkeypatch.setattr(scorer_files, "default_folder", lambda: tmp_path / "models" / "LLM")
    monkeypatch.setattr(scorer_files, "obtain_scorer", lambda name, found: folders.update({name: found}))
    monkeypatch.setattr(scorers, "load_scorer", lambda name, files, device: name)
    return folders


def test_a_scorer_by_name_is_looked_for_where_the_nodes_look(asked, tmp_path):
    scores.open_scorer("pickscore", None, "cpu")
    names = ("scorers", "clip_vision", "text_encoders", "LLM")
    assert asked == {"pickscore": {name: [tmp_path / "models" / name] for name in names}}


def test_a_scorer_is_looked_for_in_the_folder_that_is_named(asked, tmp_path):
    scores.open_scorer("aesthetic", tmp_path / "own", "cpu")
    scores.open_scorer("hps-v2.1=somewhere", None, "cpu")
    assert asked == {"aesthetic": {"scorers": [tmp_path / "own"]}}
