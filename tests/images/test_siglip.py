"""Aesthetic Predictor V2.5 against transformers' SiglipVisionModel, on small random weights."""

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import nn

from prompt_beautifier.beautifier.images.heads import load_head
from prompt_beautifier.beautifier.images.scorers import load_scorer
from prompt_beautifier.beautifier.images.siglip import load_siglip

from ..stand_ins import tiny_scorers


@pytest.fixture
def files(tmp_path):
    return tiny_scorers.save_scorer(tmp_path, "aesthetic-v2.5")


@pytest.fixture
def published(files):
    transformers = pytest.importorskip("transformers", reason="its SigLIP is what is compared with")
    return transformers.SiglipVisionModel.from_pretrained(files["vision"].parent, dtype=torch.float32).eval()


@torch.inference_mode()
def test_the_pooled_state_is_that_of_transformers(files, published):
    pixels = torch.randn(3, 3, 60, 60, generator=torch.Generator().manual_seed(1))
    expected = published(pixel_values=pixels).pooler_output
    assert expected.std() > 0.1
    torch.testing.assert_close(load_siglip(files["vision"])(pixels), expected, rtol=1e-4, atol=1e-4)


@torch.inference_mode()
def test_the_score_is_that_of_the_published_steps(files, published):
    """SigLIP's processor, the normalised pooled state, five linear layers with dropout between them."""
    import transformers

    head = nn.Sequential()
    for number, value in enumerate([64, 1024, 128, 64, 16]):
        head.append(nn.Linear(value, [1024, 128, 64, 16, 1][number]))
        if number < 4:
            head.append(nn.Dropout(0.5))
    weights = torch.load(files["head"], weights_only=True)
    head.load_state_dict({name.removeprefix("scoring_head."): value for name, value in weights.items()})
    made = getattr(transformers, "SiglipImageProcessorPil", transformers.SiglipImageProcessor)
    processor, images = made(size={"height": 60, "width": 60}), [torch.rand(70, 90, 3), torch.rand(64, 64, 3)]
    pictures = [Image.fromarray((image.numpy() * 255).astype(np.uint8)) for image in images]
    pixels = torch.as_tensor(np.array(processor(images=pictures)["pixel_values"]))
    state = published(pixel_values=pixels).pooler_output
    expected = head.eval()(state / state.norm(dim=-1, keepdim=True))[:, 0]
    ours = load_scorer("aesthetic-v2.5", files).score(images, "")
    torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-4)


def test_a_pickle_with_other_names_before_all_and_both_halves_is_read(files, tmp_path):
    """As the whole predictor is saved: the head beside the tower, and everything behind a wrapper's name."""
    weights = {f"module.{name}": value for name, value in load_file(files["vision"]).items()}
    head = torch.load(files["head"], weights_only=True)
    weights |= {f"module.layers.{name}": value for name, value in head.items()}
    both = tmp_path / "both.bin"
    torch.save(weights, both)
    image = torch.rand(1, 80, 60, 3)
    expected = load_scorer("aesthetic-v2.5", files).score(image, "")
    found = load_scorer("aesthetic-v2.5", {"vision": both, "head": both}).score(image, "")
    torch.testing.assert_close(found, expected)


def test_files_that_are_none(files, tmp_path):
    clip = tiny_scorers.save_hugging_face_clip(tmp_path / "clip")
    with pytest.raises(ValueError, match="is not the image half of a SigLIP: it has no head.probe"):
        load_siglip(clip)
    with pytest.raises(ValueError, match="reads 768 numbers of a network, and this one gives 64"):
        load_scorer("aesthetic-v2.5", {**files, "head": tiny_scorers.save_head(tmp_path / "head.pth")})
    with pytest.raises(ValueError, match="is no head of an aesthetic predictor"):
        load_head(clip, 64)
    weights = load_file(files["vision"])
    del weights["vision_model.encoder.layers.0.mlp.fc1.weight"]
    save_file(weights, tmp_path / "part.safetensors")
    with pytest.raises(ValueError, match="is no whole SigLIP: blocks.0.mlp.up.weight is missing"):
        load_siglip(tmp_path / "part.safetensors")
