"""Small copies of images for the page to show, in ComfyUI's folder of temporary files, which it serves and empties."""

from __future__ import annotations

import uuid
from pathlib import Path

import folder_paths
import torch

LONGEST = 512  # pixels of an edge


def shown(images: list[torch.Tensor]) -> list[dict[str, str]]:
    """Where the page finds a copy of each image, as ComfyUI's /view is asked for it.

    images  [height, width, 1, 3 or 4 channels] each, in 0..1
    """
    from PIL import Image

    folder = Path(folder_paths.get_temp_directory())
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for image in images:
        data = image.float().nan_to_num().clamp(0, 1).mul(255).to(torch.uint8).cpu().squeeze(-1).numpy()
        picture = Image.fromarray(data).convert("RGB")
        picture.thumbnail((LONGEST, LONGEST))
        name = f"prompt_beautifier_{uuid.uuid4().hex}.jpg"
        picture.save(folder / name, quality=88)
        found.append({"filename": name, "subfolder": "", "type": "temp"})
    return found
