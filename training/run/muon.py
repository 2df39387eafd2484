"""Muon (Jordan et al. 2024, kellerjordan.github.io/posts/muon): momentum, made orthogonal, for a network's matrices.

torch.optim.Muon does the orthogonalising in bfloat16, which a CPU without instructions for it works out by way of
float32, many times slower. Here it is in float32 there; the update is the same up to bfloat16's rounding.
"""

import math
from collections.abc import Iterable

import torch
from torch import Tensor

# A polynomial of the fifth degree that lifts small singular values quickly and leaves all of them near 1.
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
ROUNDS = 5
SMALLEST = 1e-7  # norm that a matrix is divided by, at least


class Muon(torch.optim.Optimizer):
    """Nesterov momentum made orthogonal, with decoupled weight decay.

    params        matrices, each [out, in]
    weight_decay  share of lr by which a weight shrinks in each step
    dtype         of the orthogonalising; None is products_dtype of the matrices' device
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float,
        momentum: float = 0.95,
        weight_decay: float = 0.0,
        dtype: torch.dtype | None = None,
    ):
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
        self.dtype = dtype

    @torch.no_grad()
    def step(self, closure=None) -> None:
        for group in self.param_groups:
            for matrix in group["params"]:
                if matrix.grad is None:
                    continue
                state = self.state[matrix]
                if not state:
                    state["momentum_buffer"] = torch.zeros_like(matrix)
                buffer = state["momentum_buffer"].lerp_(matrix.grad, 1 - group["momentum"])
                update = matrix.grad.lerp(buffer, group["momentum"])
                update = orthogonal(update, self.dtype or products_dtype(matrix.device))
                matrix.mul_(1 - group["lr"] * group["weight_decay"])
                rows, columns = matrix.shape
                matrix.add_(update, alpha=-group["lr"] * math.sqrt(max(1, rows / columns)))


def orthogonal(matrix: Tensor, dtype: torch.dtype) -> Tensor:
    """The matrix [m, n] with all its singular values brought near 1, by Newton and Schulz's iteration in `dtype`."""
    a, b, c = COEFFICIENTS
    wide = matrix.shape[0] <= matrix.shape[1]
    x = (matrix if wide else matrix.t()).to(dtype)
    x = x / x.norm().clamp(min=SMALLEST)
    for _ in range(ROUNDS):
        gram = x @ x.t()
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x if wide else x.t()).to(matrix.dtype)


def products_dtype(device: torch.device) -> torch.dtype:
    """What matrices are multiplied in most quickly: bfloat16 where the device has instructions for it, else float32."""
    return torch.bfloat16 if device.type != "cpu" or cpu_has_bfloat16() else torch.float32


def cpu_has_bfloat16() -> bool:
    """Whether this CPU multiplies in bfloat16 by itself (AVX512-BF16, AMX, or ARM's BF16)."""
    found = getattr(torch.cpu, "get_capabilities", dict)()  # torch before 2.11 does not tell
    return any(found.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16", "sve_bf16"))
