"""LoRA (Hu et al. 2021, arXiv 2106.09685) on networks of this library: W + alpha / rank * up @ down in the place of W.

A layer's own weights stay as they are and may be shared with another network; `up` begins at zero, so that nothing
changes at first.
"""

import copy
import math

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize


class LowRank(nn.Module):
    """What is added to a matrix [out, in]: the product of two small ones."""

    def __init__(self, weight: Tensor, rank: int, alpha: float):
        super().__init__()
        size, inputs = weight.shape
        self.scale = alpha / rank
        self.down = nn.Parameter(torch.empty(rank, inputs, device=weight.device))
        self.up = nn.Parameter(torch.zeros(size, rank, device=weight.device))
        nn.init.kaiming_uniform_(self.down, a=math.sqrt(5))

    def forward(self, weight: Tensor) -> Tensor:
        """[out, in] -> the same with the product added, in float32 whatever autocast says."""
        with torch.autocast(weight.device.type, enabled=False):
            return weight + self.scale * (self.up @ self.down)


def linear_layers(module: nn.Module) -> list[nn.Linear]:
    return [each for each in module.modules() if isinstance(each, nn.Linear)]


def add_adapters(module: nn.Module, rank: int, alpha: float) -> None:
    """Put an adapter on every linear layer; of the module nothing else is trained."""
    module.requires_grad_(False)
    for layer in linear_layers(module):
        parametrize.register_parametrization(layer, "weight", LowRank(layer.weight, rank, alpha))


@torch.no_grad()
def merge_adapters(module: nn.Module) -> None:
    """Add what the adapters have learnt to the weights themselves, in place."""
    for layer in linear_layers(module):
        if parametrize.is_parametrized(layer):
            parametrize.remove_parametrizations(layer, "weight", leave_parametrized=True)


@torch.no_grad()
def merged_copy(plain: nn.Module, adapted: nn.Module) -> nn.Module:
    """A copy of a module with what the adapters of another have learnt in its weights.

    plain  the module without adapters, as with_shared_weights gave it
    """
    copied = with_shared_weights(plain)
    for layer, source in zip(linear_layers(copied), linear_layers(adapted), strict=True):
        layer.weight = nn.Parameter(source.weight.detach(), requires_grad=False)
    return copied


def with_shared_weights(module: nn.Module) -> nn.Module:
    """A copy of a module that has the very same parameters: what is put on one of the two is not on the other."""
    return copy.deepcopy(module, {id(parameter): parameter for parameter in module.parameters()})
