"""LoRA (Hu et al. 2021, arXiv 2106.09685): small matrices beside a network's own are trained, which stay as they are.

They need the package peft. What a stage hands over has them added to the network's weights: a checkpoint like any
other.
"""

from __future__ import annotations

import argparse
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


def lora_config(args: argparse.Namespace):
    """peft's configuration of the adapters; None without --lora. Raises ImportError without peft, ValueError for a rank
    that is none."""
    if args.lora is None:
        return None
    if args.lora < 1:
        raise ValueError(f"--lora is a rank of 1 or more, not {args.lora}")
    try:
        from peft import LoraConfig
    except ImportError as error:
        raise ImportError(MISSING) from error
    alpha = 2 * args.lora if args.lora_alpha is None else args.lora_alpha
    return LoraConfig(r=args.lora, lora_alpha=alpha, target_modules="all-linear", task_type="CAUSAL_LM")


def merged(base: Path, adapter: Path) -> dict[str, Tensor]:
    """The weights of a checkpoint folder with the adapters of another folder added, by transformers' names."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32, use_safetensors=True)
    return PeftModel.from_pretrained(model, str(adapter)).merge_and_unload().state_dict()
