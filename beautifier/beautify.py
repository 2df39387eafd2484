"""Load whoever writes: the embedded model, or a checkpoint folder. `path.beautify` is what it then does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch

from .path import Writer

if TYPE_CHECKING:
    from .families import Family


def load_beautifier(
    model: str | Path = "embedded",
    device: str | torch.device = "cpu",
    dtype: torch.dtype | None = None,
    family: str | Family | None = None,
    stays: bool = True,
    instruction: str = "",
) -> Writer:
    """Load the embedded model, or a checkpoint folder (config.json, weights and a tokenizer).

    The embedded model always runs on the CPU in float32: the other arguments are for checkpoints.

    dtype   None is float16 on a GPU, or bfloat16 for a checkpoint stored so; on a CPU float32 for small checkpoints,
            for larger ones bfloat16 where the processor has it. torch.int8 is for a CPU alone, torch.int4 for a CPU
            or a GPU by NVIDIA: see language/packed.py and language/int4.py
    family  how the checkpoint is asked: a name in FAMILIES, "chat", or a Family. None reads it from beautifier.json,
            which training writes beside the weights; without one, a checkpoint with a chat template chats
    stays   False: the weights will be moved to another device; on a CPU they are laid out for it otherwise
    instruction  what a chat model is told in the place of what a request asks for; "" for that

    Raises FileNotFoundError for files that are not there, ValueError for files that cannot be understood.
    """
    if model == "embedded":
        from .composing.writer import load_embedded

        return load_embedded()
    from .language.loading import load_checkpoint  # half a second of imports that the embedded model has no use for

    return load_checkpoint(Path(model), device, dtype, family, stays, instruction)
