"""Heads of aesthetic predictors: linear layers on image features and, outside of training, nothing between them."""

import re
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..weight_file import Headers, WeightFile

Layer = tuple[str, int, int]  # the stem of its tensors' names, the numbers that go in, and those that come out


class Head(nn.Module):
    """Linear layers one behind the other, in float32."""

    def __init__(self, layers: Iterable[tuple[Tensor, Tensor]]):
        super().__init__()
        self.parts = nn.ParameterList(nn.Parameter(each, requires_grad=False) for layer in layers for each in layer)

    def forward(self, features: Tensor) -> Tensor:
        """float32 [N] of features [N, width]."""
        parts, x = list(self.parts), features.float()
        for weight, bias in zip(parts[::2], parts[1::2], strict=True):
            x = F.linear(x, weight, bias)
        return x[:, 0]


def load_head(path: Path, features: int, device: str | torch.device = "cpu") -> Head:
    """The head in a file of weights, whatever its tensors' names begin with.

    features: how many numbers the network gives. Raises ValueError for a file that has no head, or one that does not
    go with that network.
    """
    file = WeightFile(path)
    chains = chains_in(file.headers())
    if not chains:
        raise ValueError(
            f"{path} is no head of an aesthetic predictor: it has no linear layers that lead to one number"
        )
    fitting = [chain for chain in chains if chain[0][1] == features]
    if not fitting:
        raise ValueError(
            f"{path} reads {chains[0][0][1]} numbers of a network, and this one gives {features}: they do not belong "
            "together"
        )
    names = [f"{stem}{kind}" for stem, _, _ in fitting[0] for kind in ("weight", "bias")]
    tensors = [tensor.to(device, torch.float32) for tensor in file.tensors(names)]
    return Head(zip(tensors[::2], tensors[1::2], strict=True))


def is_head(headers: Headers, features: int) -> bool:
    """Whether a file holds a head for so many numbers, and nothing else."""
    return any(chain[0][1] == features and 2 * len(chain) == len(headers) for chain in chains_in(headers))


def chains_in(headers: Headers) -> list[list[Layer]]:
    """Runs of linear layers with biases that lead to one number: "layers.0.", "layers.2.", ... or a single one."""
    groups: dict[str, dict[int, Layer]] = {}
    for name, (shape, _) in headers.items():
        found = re.fullmatch(r"(?P<stem>(?P<group>.*?)(?:(?P<number>\d+)\.)?)weight", name)
        if found and len(shape) == 2 and headers.get(f"{found['stem']}bias", ((), ""))[0] == shape[:1]:
            groups.setdefault(found["group"], {})[int(found["number"] or 0)] = found["stem"], shape[1], shape[0]
    chains = [[layers[number] for number in sorted(layers)] for layers in groups.values()]
    return [chain for chain in chains if chain[-1][2] == 1 and _leads_on(chain)]


def _leads_on(chain: list[Layer]) -> bool:
    """Whether each layer reads what the one before it gives."""
    return all(before[2] == after[1] for before, after in zip(chain, chain[1:], strict=False))
