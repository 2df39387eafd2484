"""Where scorers are looked for, and HPS v1, which is not downloaded."""

import pytest
import torch

from prompt_beautifier.beautifier.images import scorer_files
from prompt_beautifier.beautifier.images import scorers as library
from prompt_beautifier.training.evaluation.readers import scorer_figure
from prompt_beautifier.training.pictures import scorers

from ...stand_ins import tiny_scorers


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """Folders that a scorer's files are looked for in, by the name of the scorer; nothing is loaded."""
    folders = {}
    monkeypatch.setattr(scorer_files, "default_folder", lambda: tmp_path / "models" / "LLM")
    monkeypatch.setattr(scorer_files, "obtain_scorer", lambda name, found: folders.update({name: found}))
    monkeypatch.setattr(library, "load_scorer", lambda name, files, device: name)
    return folders


def test_a_scorer_by_name_is_looked_for_where_the_nodes_look(asked, tmp_path):
    scorers.open_scorer("pickscore", None, "cpu")
    names = ("scorers", "clip_vision", "text_encoders", "LLM")
    assert asked == {"pickscore": {name: [tmp_path / "models" / name] for name in names}}


def test_a_scorer_is_looked_for_in_the_folder_that_is_named(asked, tmp_path):
    scorers.open_scorer("aesthetic", tmp_path / "own", "cpu")
    scorers.open_scorer("hps-v2.1=somewhere", None, "cpu")
    assert asked == {"aesthetic": {"scorers": [tmp_path / "own"]}}


def test_hps_v1_is_the_cosine_of_a_clip_from_its_published_file(tmp_path):
    """A pickle with the tensors as open_clip names them, below state_dict; they are read, and nothing is run."""
    from safetensors.torch import load_file

    path = tiny_scorers.save_open_clip(tmp_path / "made.safetensors")
    weights = {name: tensor.half() for name, tensor in load_file(path).items()}
    torch.save({"state_dict": weights, "iteration": 4000}, tmp_path / "hpc.pt")
    images = torch.rand(2, 60, 60, 3)
    found = scorers.open_scorer(f"hps-v1={tmp_path / 'hpc.pt'}", None, "cpu").score(images, ["a cat", "an owl"])
    reference = library.load_scorer("clip-score", {"clip": path}).score(images, ["a cat", "an owl"])
    torch.testing.assert_close(found, reference, atol=1e-3, rtol=1e-2)
    assert scorer_figure("hps-v1=x").title == "HPS v1" and scorers.kind_of("hps-v1=x").column == "hps_v1_score"


def test_hps_v1_says_that_it_is_not_downloaded(tmp_path):
    with pytest.raises(FileNotFoundError, match="HPS v1 needs hpc.pt in .*: it is in github.com/tgxs002/align_sd"):
        scorers.open_scorer("hps-v1", tmp_path, "cpu")
