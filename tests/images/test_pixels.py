"""Pixels: squares equal to Pillow's to the bit, framed as each reference does it; what is no image is refused."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from prompt_beautifier.beautifier.images.pixels import Framing, frame, image_list, normalise, to_bytes

SIZES = [
    (1, 1),
    (1, 500),
    (500, 1),
    (7, 5),
    (2, 900),
    (223, 225),
    (225, 223),
    (224, 224),
    (224, 225),
    (227, 224),
    (512, 512),
    (301, 224),
    (1000, 37),
    (640, 256),
    (333, 768),
    (96, 1024),
]


def picture(height: int, width: int, seed: int = 0) -> torch.Tensor:
    """uint8 [H, W, 3]; noise of black and white in part, at which a bicubic overshoots the most."""
    random = torch.Generator().manual_seed(1000 * height + width + seed)
    noise = torch.randint(0, 256, (height, width, 3), generator=random, dtype=torch.uint8)
    noise[:, : width // 2] = (noise[:, : width // 2] > 127) * 255
    return noise


def with_pillow(image: torch.Tensor, size: int, rounded: bool) -> np.ndarray:
    """The published steps: shortest side to `size`, bicubic, and the centre cut out.

    rounded: where torchvision's CenterCrop begins, else where transformers' does.
    """
    source = Image.fromarray(image.numpy())
    short = min(source.size)
    width, height = (size if side == short else int(size * side / short) for side in source.size)
    # Across first, then down: up to Pillow 12 one call does it in this order.
    whole = source.resize((width, source.height), Image.BICUBIC).resize((width, height), Image.BICUBIC)
    left, top = (int(round((side - size) / 2.0)) if rounded else (side - size) // 2 for side in (width, height))
    return np.asarray(whole.crop((left, top, left + size, top + size)))


@pytest.mark.slow
@pytest.mark.parametrize("crop", ["down", "even"])
@pytest.mark.parametrize("height, width", SIZES)
def test_squares_are_those_of_pillow(height, width, crop):
    image = picture(height, width)
    for size in (224, 56):
        expected = with_pillow(image, size, rounded=crop == "even")
        assert np.array_equal(frame(image, size, Framing(crop=crop)).permute(1, 2, 0).numpy(), expected)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 260), st.integers(1, 260), st.integers(1, 90), st.sampled_from(["down", "even"]))
def test_squares_of_any_size_are_those_of_pillow(height, width, size, crop):
    image = picture(height, width)
    expected = with_pillow(image, size, rounded=crop == "even")
    assert np.array_equal(frame(image, size, Framing(crop=crop)).permute(1, 2, 0).numpy(), expected)


@pytest.mark.parametrize("height, width", [(300, 400), (384, 600), (90, 100), (384, 384), (1216, 832)])
def test_a_stretched_square_is_that_of_siglips_processor(height, width):
    transformers = pytest.importorskip("transformers", reason="its SiglipImageProcessor is what is compared with")
    made = getattr(transformers, "SiglipImageProcessorPil", transformers.SiglipImageProcessor)
    processor = made(size={"height": 384, "width": 384})
    image = torch.rand(height, width, 3, generator=torch.Generator().manual_seed(width))
    expected = torch.as_tensor(np.array(processor(images=Image.fromarray(to_bytes(image).numpy()))["pixel_values"]))
    framing = Framing(crop="stretch", mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    ours = normalise(frame(to_bytes(image), 384, framing)[None], framing)
    assert (ours - expected).abs().max() < 1e-6


@pytest.mark.parametrize("height, width", [(512, 512), (1216, 832), (400, 301), (224, 999), (1344, 768)])
def test_one_call_of_pillow_does_the_same(height, width):
    image = picture(height, width)
    source = Image.fromarray(image.numpy())
    short = min(height, width)
    whole = source.resize((int(224 * width / short), int(224 * height / short)), Image.BICUBIC)
    left, top = (whole.width - 224) // 2, (whole.height - 224) // 2
    ours = frame(image, 224, Framing()).permute(1, 2, 0).numpy()
    assert np.array_equal(ours, np.asarray(whole.crop((left, top, left + 224, top + 224))))


def test_the_two_ways_to_cut_the_middle_out_differ_by_a_pixel():
    ramp = torch.arange(227, dtype=torch.uint8)[None, :, None].repeat(224, 1, 3)
    assert frame(ramp, 224, Framing(crop="down"))[0, 0, 0] == 1
    assert frame(ramp, 224, Framing(crop="even"))[0, 0, 0] == 2


@pytest.mark.parametrize("height, width", [(300, 400), (224, 600), (512, 512), (61, 57), (301, 226)])
def test_equal_to_the_processor_of_transformers(height, width):
    transformers = pytest.importorskip("transformers", reason="its CLIPImageProcessor is what is compared with")
    processor = getattr(transformers, "CLIPImageProcessorPil", transformers.CLIPImageProcessor)()
    image = torch.rand(height, width, 3, generator=torch.Generator().manual_seed(height))
    saved = Image.fromarray(to_bytes(image).numpy())
    expected = torch.as_tensor(np.array(processor(images=saved)["pixel_values"]))
    ours = normalise(frame(to_bytes(image), 224, Framing())[None], Framing())
    assert ours.dtype == torch.float32
    assert (ours - expected).abs().max() < 1e-6


@pytest.mark.parametrize("height, width", [(100, 100), (300, 400), (400, 301), (224, 90), (1, 500), (40, 7)])
def test_padding_keeps_the_whole_image(height, width):
    image = picture(height, width)
    square = frame(image, 224, Framing(crop=None))
    scale = 224 / max(height, width)
    new_height, new_width = max(1, round(height * scale)), max(1, round(width * scale))
    # Pillow's resizing of floats, channel by channel, is another implementation of the same filter.
    unit = image.numpy().astype(np.float32) / 255
    channels = [
        np.asarray(Image.fromarray(unit[..., c]).resize((new_width, new_height), Image.BICUBIC)) for c in range(3)
    ]
    top, left = (224 - new_height) // 2, (224 - new_width) // 2
    expected = torch.zeros(3, 224, 224)
    expected[:, top : top + new_height, left : left + new_width] = torch.from_numpy(np.stack(channels))
    assert (square - expected).abs().max() < 5e-5
    black = normalise(torch.zeros(1, 3, 224, 224), Framing())
    if height != width:
        assert torch.equal(normalise(square[None], Framing())[0, :, 0, 0], black[0, :, 0, 0])


def test_normalisation_is_that_of_clip():
    square = torch.tensor([0, 128, 255], dtype=torch.uint8).view(1, 3, 1, 1)
    expected = [
        (0 - 0.48145466) / 0.26862954,
        (128 / 255 - 0.4578275) / 0.26130258,
        (1 - 0.40821073) / 0.27577711,
    ]
    assert normalise(square, Framing()).flatten().tolist() == pytest.approx(expected, abs=1e-6)


def test_bytes_are_those_that_save_image_writes():
    values = torch.cat([torch.arange(0, 256) / 255, torch.rand(2000), torch.tensor([-0.01, 1.01, 0.9999])])
    image = values[None, :, None].repeat(1, 1, 3)
    expected = np.clip(255.0 * image.numpy(), 0, 255).astype(np.uint8)
    assert np.array_equal(to_bytes(image).numpy(), expected)


def test_grey_is_repeated_and_alpha_dropped():
    image = torch.rand(9, 8, 4)
    assert torch.equal(to_bytes(image), to_bytes(image[..., :3]))
    assert torch.equal(to_bytes(image[..., :1]), to_bytes(image[..., :1].repeat(1, 1, 3)))
    assert to_bytes(image[..., :1]).shape == (9, 8, 3)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_floats_are_taken(dtype):
    image = torch.rand(5, 6, 3).to(dtype)
    wide = image if dtype == torch.float64 else image.float()
    assert np.array_equal(to_bytes(image).numpy(), np.clip(255.0 * wide.numpy(), 0, 255).astype(np.uint8))


def test_forms_of_images():
    batch = torch.rand(3, 8, 9, 3)
    assert [image.shape for image in image_list(batch)] == [(8, 9, 3)] * 3
    assert [image.shape for image in image_list(batch[0])] == [(8, 9, 3)]
    mixed = image_list([batch[0], torch.rand(1, 5, 4, 4), torch.rand(2, 2, 1)])
    assert [image.shape for image in mixed] == [(8, 9, 3), (5, 4, 4), (2, 2, 1)]
    assert mixed[0].data_ptr() == batch.data_ptr()


@pytest.mark.parametrize(
    "images, words",
    [
        ([], "no images"),
        (torch.rand(0, 8, 8, 3), "no images"),
        (torch.rand(2, 3, 8, 8), r"image 1 .*not \[3, 8, 8\]: the channels come last"),
        ([torch.rand(8, 8, 3), torch.rand(8, 8)], r"image 2 .*not \[8, 8\]"),
        ([torch.rand(2, 8, 8, 3)], r"image 1 .*not \[2, 8, 8, 3\]"),
        (torch.rand(1, 0, 8, 3), r"not \[0, 8, 3\]"),
        (torch.rand(8, 8, 2), r"not \[8, 8, 2\]"),
        ((torch.rand(8, 8, 3) * 255).byte(), "divide bytes by 255"),
        (torch.rand(8, 8, 3) * 255, "looks like 0..255"),
        (torch.rand(8, 8, 3) * 2 - 1, "looks like -1..1"),
        (torch.full((8, 8, 3), -40.0), "0..1, it holds -40 to -40$"),
        (["a.png"], "image 1 must be a tensor, not str"),
    ],
)
def test_what_is_no_image_is_refused(images, words):
    with pytest.raises(ValueError, match=words):
        image_list(images)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_broken_pixels_are_refused(value):
    images = torch.rand(2, 8, 8, 3)
    images[1, 3, 4, 1] = value
    with pytest.raises(ValueError, match="image 2 holds values that are no numbers"):
        image_list(images)


def test_a_little_overshoot_is_taken_and_what_alpha_holds_is_not_looked_at():
    image = torch.rand(8, 8, 4) * 1.2 - 0.1
    image[..., 3] = math.nan
    assert len(image_list(image)) == 1
