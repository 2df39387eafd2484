"""Image tensors made into what the networks of the image scorers take, equal to what each reference does with PIL.

An image is first made into bytes as ComfyUI's Save Image makes them, so a tensor and the PNG saved from it get the
same score. Resizing is Pillow's bicubic to the bit: fixed-point weights of 22 bits, the horizontal pass first, 8-bit
values between the passes (src/libImaging/Resample.c up to Pillow 12, which published scores were made with): Pillow
itself does it, on the CPU, several times as fast as tensors there.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)

# A decoder may overshoot a little, which is clipped as Save Image does; beyond this the tensor is no image in 0..1.
LOWEST, HIGHEST = -0.5, 1.5


@dataclass(frozen=True)
class Framing:
    """How an image of any size becomes a square one.

    crop   the short side is resized to the square's, the middle of the long one is kept; its first pixel is
           "down": the half of what is left over rounded down (transformers' CLIPImageProcessor),
           "even": rounded to even (torchvision's CenterCrop, which OpenAI's CLIP and ImageReward use)
           "stretch": nothing is cut, both sides are resized to the square's (transformers' SiglipImageProcessor)
           None: nothing is cut, the long side is resized to the square's and the rest is black (HPS v2)
    mean, std   of the three channels, which normalise() takes off and divides by
    """

    crop: str | None = "down"
    mean: tuple[float, float, float] = CLIP_MEAN
    std: tuple[float, float, float] = CLIP_STD


def image_list(images: Tensor | Sequence[Tensor]) -> list[Tensor]:
    """Images of any form that is understood as a list of [H, W, C] float tensors, none of them copied.

    images: [N, H, W, C] (ComfyUI's IMAGE) or [H, W, C], or a sequence of [H, W, C] and [1, H, W, C] of any sizes;
    C is 1, 3 or 4; values are floats in 0..1. Raises ValueError that says what else was found, and in which image.
    """
    if isinstance(images, Tensor):
        images = list(images) if images.dim() == 4 else [images]
    flat = []
    for number, image in enumerate(images, 1):
        if not isinstance(image, Tensor):
            raise ValueError(f"image {number} must be a tensor, not {type(image).__name__}")
        if image.dim() == 4 and image.shape[0] == 1:
            image = image[0]
        _check_form(image, number)
        _check_values(image, number)
        flat.append(image)
    if not flat:
        raise ValueError("there are no images to score")
    return flat


def _check_form(image: Tensor, number: int) -> None:
    shape = list(image.shape)
    if image.dim() != 3 or 0 in shape or shape[2] not in (1, 3, 4):
        hint = ": the channels come last here" if image.dim() == 3 and shape[0] in (1, 3, 4) else ""
        raise ValueError(f"image {number} must have the shape [height, width, 1, 3 or 4 channels], not {shape}{hint}")
    if not image.is_floating_point():
        raise ValueError(f"image {number} must hold floats in 0..1, not {image.dtype}: divide bytes by 255")


def _check_values(image: Tensor, number: int) -> None:
    low, high = (float(value) for value in torch.aminmax(image[..., :3]))
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError(f"image {number} holds values that are no numbers (NaN or infinite): its decoding failed")
    if low < LOWEST or high > HIGHEST:
        looks = ""
        if low >= LOWEST and 2 < high <= 256:
            looks = ", it looks like 0..255: divide it by 255"
        elif -1.5 <= low and high <= HIGHEST:
            looks = ", it looks like -1..1: add 1 and halve it"
        raise ValueError(f"image {number} must hold values in 0..1, it holds {low:.3g} to {high:.3g}{looks}")


def to_bytes(image: Tensor) -> Tensor:
    """The bytes [H, W, 3] uint8 that ComfyUI's Save Image writes for an image [H, W, C] in 0..1.

    Rounded towards zero; grey is repeated, an alpha channel is dropped as Pillow's convert("RGB") does.
    """
    image = image[..., :3]
    if image.dtype not in (torch.float32, torch.float64):
        image = image.float()
    bytes_ = (image * 255).clamp_(0, 255).to(torch.uint8)
    return bytes_.expand(-1, -1, 3)


def frame(image: Tensor, size: int, framing: Framing) -> Tensor:
    """The square that a network sees of uint8 [H, W, 3] on the CPU, before normalisation: [3, size, size].

    uint8, to be divided by 255, where the image is cropped; float32 in about 0..1 where it is padded, for that
    reference resizes floats.
    """
    if framing.crop is None:
        return _padded(image, size)
    if framing.crop == "stretch":
        return _resized(image, size, size).permute(2, 0, 1)
    return _cropped(image, size, framing.crop).permute(2, 0, 1)


def normalise(squares: Tensor, framing: Framing) -> Tensor:
    """What the network takes: float32 [N, 3, S, S] of squares that frame() gave, stacked."""
    mean = torch.tensor(framing.mean, device=squares.device).view(3, 1, 1)
    std = torch.tensor(framing.std, device=squares.device).view(3, 1, 1)
    unit = squares.float() / 255 if squares.dtype == torch.uint8 else squares
    return (unit - mean) / std


def _cropped(image: Tensor, size: int, crop: str) -> Tensor:
    """[size, size, 3] of uint8 [H, W, 3]: the short side resized to `size`, the middle of the long one."""
    height, width, _ = image.shape
    short, long = min(height, width), max(height, width)
    resized = int(size * long / short)  # rounded down by both references
    new_height, new_width = (size, resized) if height <= width else (resized, size)
    top, left = (_offset(side - size, crop) for side in (new_height, new_width))
    return _resized(image, new_height, new_width)[top : top + size, left : left + size]


def _offset(left_over: int, crop: str) -> int:
    return left_over // 2 if crop == "down" else round(left_over / 2)


def _resized(image: Tensor, height: int, width: int) -> Tensor:
    from PIL import Image  # not at ComfyUI's start

    if tuple(image.shape[:2]) == (height, width):
        return image
    source = Image.frombuffer("RGB", (image.shape[1], image.shape[0]), image.contiguous().numpy(), "raw", "RGB", 0, 1)
    # In two calls, since Pillow 13 does the vertical pass first where an image is over twice as tall as wide.
    target = source.resize((width, source.height), Image.Resampling.BICUBIC)
    target = target.resize((width, height), Image.Resampling.BICUBIC)
    return torch.frombuffer(bytearray(target.tobytes()), dtype=torch.uint8).view(height, width, 3)


def _padded(image: Tensor, size: int) -> Tensor:
    """[3, size, size] float32 of uint8 [H, W, 3]: the long side resized to `size`, black around the short one.

    HPS v2 (github.com/tgxs002/HPSv2, open_clip/transform.py) makes floats first and resizes those, so torch's own
    antialiased bicubic is what the reference does; its values may leave 0..1 a little, there as here. The reference
    leaves an image whose long side has the right length unpadded, which its network then refuses; here it is padded.
    """
    height, width, _ = image.shape
    scale = size / max(height, width)
    new_height, new_width = (max(1, round(side * scale)) for side in (height, width))
    unit = image.permute(2, 0, 1)[None].float() / 255
    if (new_height, new_width) != (height, width):
        unit = F.interpolate(unit, (new_height, new_width), mode="bicubic", align_corners=False, antialias=True)
    down, across = size - new_height, size - new_width
    return F.pad(unit[0], (across // 2, across - across // 2, down // 2, down - down // 2))
