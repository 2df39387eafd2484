"""Pictures by pipelines of today: those that diffusers draws, the same whatever is drawn beside them."""

import pytest
import torch

pytest.importorskip("diffusers", reason="diffusers is a training dependency")
pytest.importorskip("transformers")

import diffusers

from prompt_beautifier.training.pictures import pipeline
from prompt_beautifier.training.pictures.any_pipeline import AnyPictures, weights_of

from ...stand_ins import tiny_pipelines

SAVERS = {"StableDiffusionXLPipeline": tiny_pipelines.save_sdxl, "FluxPipeline": tiny_pipelines.save_flux}


@pytest.fixture(scope="module", params=SAVERS)
def folder(request, tmp_path_factory):
    saved = SAVERS[request.param](tmp_path_factory.mktemp("pipeline"))
    assert pipeline.kind_of_pipeline(str(saved)) == request.param
    return str(saved)


@pytest.mark.slow
def test_pictures_are_those_of_the_pipeline_and_do_not_depend_on_each_other(folder):
    settings = {"steps": 2, "size": 16, "guidance": 3.0, "negative_prompt": "text", "weights": False}
    pictures = pipeline.open_pictures(folder, batch_size=3, sampler="euler-ancestral", long_prompts=True, **settings)
    assert isinstance(pictures, AnyPictures) and weights_of(pictures.pipeline) > 10_000
    drawn = pictures.draw(["a cat", "an owl at night"], [3, 4])
    assert drawn.shape == (4, 16, 16, 3) and drawn.dtype == torch.float32 and 0 <= drawn.min() <= drawn.max() <= 1
    plain = diffusers.AutoPipelineForText2Image.from_pretrained(folder)
    more = {"guidance_scale": 3.0, "negative_prompt": "text"}
    if "Flux" in type(plain).__name__:
        more = {"true_cfg_scale": 3.0, "negative_prompt": "text"}
    size = {"height": 16, "width": 16, "num_inference_steps": 2, "output_type": "pt"}
    expected = plain("an owl at night", generator=torch.Generator("cpu").manual_seed(3), **size, **more).images[0]
    assert torch.allclose(drawn[2], expected.permute(1, 2, 0), atol=1e-4)
    assert not torch.allclose(drawn[0], drawn[1], atol=1e-3)


@pytest.mark.slow
def test_a_guidance_of_one_is_none(folder):
    pictures = pipeline.open_pictures(folder, steps=1, size=16, guidance=1.0, negative_prompt="text")
    assert pictures.negative is None


def test_what_is_for_stable_diffusion_alone_is_refused(folder):
    with pytest.raises(ValueError, match="--weights is for Stable Diffusion 1.x and 2.x"):
        pipeline.open_pictures(folder, steps=1, size=16, weights=True)
