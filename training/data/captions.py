"""Captions of images by BLIP: the short side of a pair whose detailed side is the prompt an image was made with."""

from collections.abc import Sequence
from pathlib import Path

BLIP = "Salesforce/blip-image-captioning-large"


class Captioner:
    """BLIP, loaded once and asked often.

    model       a folder or repository of a transformers BlipForConditionalGeneration, in safetensors
    device      None takes a GPU where there is one
    batch_size  images read and captioned at once
    """

    def __init__(self, model: str = BLIP, device: str | None = None, batch_size: int = 16):
        import torch
        from transformers import BlipForConditionalGeneration, BlipProcessor

        self.device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        dtype = torch.float16 if self.device.startswith("cuda") else torch.float32
        self.processor = BlipProcessor.from_pretrained(model)
        self.network = BlipForConditionalGeneration.from_pretrained(model, dtype=dtype, use_safetensors=True)
        self.network.to(self.device).eval()
        self.batch_size = batch_size

    def captions(self, paths: Sequence[Path | str]) -> list[str]:
        """The caption of every image file, by beam search over 3 beams; "" for a file that is no image."""
        found = [""] * len(paths)
        for start in range(0, len(paths), self.batch_size):
            images = {i: read_image(paths[i]) for i in range(start, min(start + self.batch_size, len(paths)))}
            images = {i: image for i, image in images.items() if image is not None}
            if not images:
                continue
            pixels = self.processor.image_processor(list(images.values()), return_tensors="pt").pixel_values
            pixels = pixels.to(self.device, self.network.dtype)
            written = self.network.generate(pixel_values=pixels, max_new_tokens=30, num_beams=3)
            texts = self.processor.batch_decode(written, skip_special_tokens=True)
            for i, text in zip(images, texts, strict=True):
                found[i] = text.strip()
        return found


def read_image(path: Path | str):
    """An image file in RGB, None for one that is missing or damaged."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            return image.convert("RGB")
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError):
        return None
