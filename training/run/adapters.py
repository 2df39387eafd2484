"""LoRA (Hu et al. 2021, arXiv 2106.09685): small matrices beside a network's own are trained, which stay as they are.

They need the package peft, but for PPO, which has its own. What a stage hands over has them added to the network's
weights: a checkpoint like any other.
"""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

MISSING = "--lora needs peft: pip install peft"


def add_lora(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("LoRA").add_argument
    rank = "train matrices of this rank beside all linear layers, such as 16; default: train the network itself"
    add("--lora", type=int, metavar="RANK", help=rank)
    add("--lora-alpha", type=float, help="their product is multiplied with this / RANK; default: 2 RANK")


def add_four_bit(parser: argparse.ArgumentParser) -> None:
    small = "with --lora: keep the network itself in 4 bits (bitsandbytes; on a CPU it is slow)"
    parser.add_argument("--four-bit", action="store_true", help=small)


def lora_config(args: argparse.Namespace, task: str = "CAUSAL_LM"):
    """peft's configuration of the adapters; None without --lora. Raises ImportError without peft, ValueError for a rank
    that is none.

    task  what peft calls what the network is for
    """
    if args.lora is None:
        return None
    check_rank(args.lora)
    try:
        from peft import LoraConfig
    except ImportError as error:
        raise ImportError(MISSING) from error
    return LoraConfig(r=args.lora, lora_alpha=alpha_of(args), target_modules="all-linear", task_type=task)


def check_rank(rank: int) -> None:
    """Raise ValueError for a rank that is none."""
    if rank < 1:
        raise ValueError(f"--lora is a rank of 1 or more, not {rank}")


def alpha_of(args: argparse.Namespace) -> float:
    """--lora-alpha, or its default."""
    return 2 * args.lora if args.lora_alpha is None else args.lora_alpha


def quantised(args: argparse.Namespace) -> dict:
    """What from_pretrained is given for a base in 4 bits (QLoRA: Dettmers et al. 2023, arXiv 2305.14314); {} without
    --four-bit. Raises ValueError or ImportError where that cannot be. bitsandbytes has CPUs since 0.46."""
    if not args.four_bit:
        return {}
    if args.lora is None:
        raise ValueError("--four-bit is for a base that stays as it is: give --lora RANK, too")
    if importlib.util.find_spec("bitsandbytes") is None:
        raise ImportError("--four-bit needs bitsandbytes: pip install 'bitsandbytes>=0.46'")
    from accelerate import PartialState
    from transformers import BitsAndBytesConfig

    on_gpu = torch.cuda.is_available() and not args.cpu
    dtype = torch.bfloat16 if on_gpu else torch.float32
    how = {"bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": True, "bnb_4bit_compute_dtype": dtype}
    device = {"": PartialState().local_process_index if on_gpu else "cpu"}
    return {"quantization_config": BitsAndBytesConfig(load_in_4bit=True, **how), "device_map": device}


def merged(make: Callable, adapter: Path) -> dict[str, Tensor]:
    """The weights of a model with the adapters of a folder added, by transformers' names.

    make  loads the model that they were trained beside, in float32 and not in 4 bits
    """
    from peft import PeftModel

    return PeftModel.from_pretrained(make(), str(adapter)).merge_and_unload().state_dict()
