"""Image tensors made into what the networks of the image scorers take, equal to what each reference does with PIL.

An image is first made into bytes as ComfyUI's Save Image makes them, so a tensor and the PNG saved from it get the
same score. Resizing is Pillow's bicubic to the bit: fixed-point weights of 22 bits, the horizontal pass first, 8-bit
values between the passes (src/libImaging/Resample.c up to Pillow 12, which published scores were made with). On the
CPU Pillow itself does it; on other devices, and for long strips of which most is cut away, the same arithmetic is
done with tensors.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional as F

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)

# A decoder may overshoot a little, which is clipped as Save Image does; beyond this the tensor is no image in 0..1.
LOWEST, HIGHEST = -0.5, 1.5
# Pillow's fixed point: 32 bits less 8 of the pixel and 2 against overflow.
WEIGHT_BITS = 22
# A longer strip than this is not resized whole before its middle is cut out.
LONGEST_FOR_PILLOW = 4


@dataclass(frozen=True)
class Framing:
    """How an image of any size becomes a square one.

    crop   the short side is resized to the square's, the middle of the long one is kept; its first pixel is
           "down": the half of what is left over rounded down (transformers' CLIPImageProcessor),
           "even": rounded to even (torchvision's CenterCrop, which OpenAI's CLIP and ImageReward use)
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
    """The square that a network sees of uint8 [H, W, 3], before normalisation: [3, size, size] on the same device.

    uint8, to be divided by 255, where the image is cropped; float32 in about 0..1 where it is padded, for that
    reference resizes floats.
    """
    if framing.crop is None:
        return _padded(image, size)
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
    if image.device.type == "cpu" and long <= LONGEST_FOR_PILLOW * short:
        return _resize_with_pillow(image, new_height, new_width)[top : top + size, left : left + size]
    columns = _taps(width, new_width, left, size)
    rows = _taps(height, new_height, top, size)
    first, last = int(rows[0].min()), int(rows[0].max()) + 1  # of these rows alone something is kept
    image = _resample(image[first:last], *columns, dim=1)
    return _resample(image, rows[0] - first, rows[1], dim=0)


def _offset(left_over: int, crop: str) -> int:
    return left_over // 2 if crop == "down" else round(left_over / 2)


def _resize_with_pillow(image: Tensor, height: int, width: int) -> Tensor:
    from PIL import Image  # not at ComfyUI's start

    if tuple(image.shape[:2]) == (height, width):
        return image
    source = Image.frombuffer("RGB", (image.shape[1], image.shape[0]), image.contiguous().numpy(), "raw", "RGB", 0, 1)
    # In two calls, since Pillow 13 does the vertical pass first where an image is over twice as tall as wide.
    target = source.resize((width, source.height), Image.Resampling.BICUBIC)
    target = target.resize((width, height), Image.Resampling.BICUBIC)
    return torch.frombuffer(bytearray(target.tobytes()), dtype=torch.uint8).view(height, width, 3)


def _resample(image: Tensor, index: Tensor, weight: Tensor, dim: int) -> Tensor:
    """One pass of Pillow's resampling of uint8 [H, W, 3] along `dim`, index and weight being of _taps()."""
    index, weight = index.to(image.device), weight.to(image.device)
    shape = [1, 1, 1]
    shape[dim] = len(index)
    total = 1 << (WEIGHT_BITS - 1)
    for tap in range(index.shape[1]):
        total = total + image.index_select(dim, index[:, tap]).int() * weight[:, tap].view(shape)
    return (total >> WEIGHT_BITS).clamp_(0, 255).to(torch.uint8)


@lru_cache(maxsize=64)
def _taps(old: int, new: int, start: int, count: int) -> tuple[Tensor, Tensor]:
    """Which pixels make up each of the resized pixels start ... start + count, and how much they weigh.

    old, new: length of the side before and after. Both tensors are [count, taps], int64 and int32; a weight is 0
    where there is no pixel. Pillow's precompute_coeffs and normalize_coeffs_8bpc, in float64 as there.
    """
    scale = old / new
    stretch = max(scale, 1.0)
    support = 2.0 * stretch  # of the bicubic filter
    centre = (torch.arange(start, start + count, dtype=torch.float64) + 0.5) * scale
    first = (centre - support + 0.5).long().clamp_(min=0)
    end = (centre + support + 0.5).long().clamp_(max=old)
    index = first[:, None] + torch.arange(int((end - first).max()))
    weight = _bicubic((index - centre[:, None] + 0.5) * (1.0 / stretch))
    weight = weight.masked_fill(index >= end[:, None], 0.0)
    weight = weight / weight.cumsum(1)[:, -1:]  # summed from left to right, as Pillow does
    fixed = (weight * (1 << WEIGHT_BITS) + torch.where(weight < 0, -0.5, 0.5)).int()
    return index.clamp_(max=old - 1), fixed


def _bicubic(x: Tensor) -> Tensor:
    """Keys' cubic with a = -0.5, float64, evaluated in Pillow's order."""
    a, x = -0.5, x.abs()
    near = ((a + 2.0) * x - (a + 3.0)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * a
    return torch.where(x < 1.0, near, torch.where(x < 2.0, far, torch.zeros_like(x)))


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
