"""LAION's aesthetic predictor: a head on the image features of a CLIP."""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from ..pickles import read_tensors
from .clip_network import Clip


class AestheticPredictor(nn.Module):
    """The image tower of a CLIP, and LAION's head on its features: five linear layers and, outside of training,
    nothing between them."""

    def __init__(self, clip: Clip, head: dict[str, Tensor]):
        super().__init__()
        self.config = clip.config
        self.vision = clip.vision
        self.head = nn.ParameterDict({name.replace(".", "_"): nn.Parameter(value) for name, value in head.items()})

    def judge(self, features: Tensor) -> Tensor:
        """float32 [N] of normalised features [N, 768]."""
        x = features
        for layer in HEAD_LAYERS:
            x = F.linear(x, self.head[f"layers_{layer}_weight"], self.head[f"layers_{layer}_bias"])
        return x[:, 0]


# Of the published head: the numbers between are dropout. And what goes in and out of them.
HEAD_LAYERS = (0, 2, 4, 6, 7)
HEAD_SIZES = (768, 1024, 128, 64, 16, 1)


def load_head(path: Path, features: int, device: str | torch.device = "cpu") -> dict[str, Tensor]:
    """The weights of the aesthetic head, float32 by name, from safetensors or a .pth.

    features: what its CLIP gives. Raises ValueError for a file that is none, or does not go with that CLIP.
    """
    try:
        weights = load_file(path) if path.suffix == ".safetensors" else read_tensors(path)
    except ValueError:
        raise
    except Exception as error:  # safetensors raises its own class for a damaged file
        raise ValueError(f"{path} cannot be read as safetensors ({error}): download or copy it again") from error
    shapes = {}
    for layer, size, next_size in zip(HEAD_LAYERS, HEAD_SIZES, HEAD_SIZES[1:], strict=False):
        shapes |= {f"layers.{layer}.weight": (next_size, size), f"layers.{layer}.bias": (next_size,)}
    for name, shape in shapes.items():
        found = tuple(weights[name].shape) if name in weights else "nothing"
        if found != shape:
            raise ValueError(f"{path} is not LAION's aesthetic head: {name} should be {shape}, there is {found}")
    if features != HEAD_SIZES[0]:
        raise ValueError(
            f"the aesthetic head reads {HEAD_SIZES[0]} numbers of a CLIP ViT-L/14, this CLIP gives {features}"
        )
    return {name: weights[name].to(device, torch.float32) for name in shapes}
