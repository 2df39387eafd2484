"""Models whose weights ComfyUI moves between devices, and the memory that they need."""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING

import comfy.model_management
import comfy.model_patcher
import torch

from ...beautifier.request import Request

if TYPE_CHECKING:
    from ...beautifier.images.scorers import Scorer
    from ...beautifier.language.writer import Beautifier
    from ...beautifier.path import Writer
    from ...beautifier.rewards.model import RewardModel


DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}

REWARD_BATCH = 8  # prompts at once: Cancel acts between two batches


class Holder(torch.nn.Module):
    """The module a ModelPatcher may write its own attributes on, so that the network stays free of them."""

    def __init__(self, network: torch.nn.Module):
        super().__init__()
        self.network = network


def held(network: torch.nn.Module, name: str) -> Holder:
    """A network in a Holder of its own class, by whose name ComfyUI's log calls it."""
    return type(f"{name} (Prompt Beautifier)", (Holder,), {})(network)


@dataclasses.dataclass(frozen=True, eq=False)
class LoadedBeautifier:
    """A Beautifier whose weights ComfyUI moves between devices. What travels on PROMPT_BEAUTIFIER links.

    ComfyUI's list of loaded models holds only weak references: this is the strong one to the patcher. A model
    on a server has none.
    """

    beautifier: Writer
    patcher: comfy.model_patcher.ModelPatcher | None


@dataclasses.dataclass(frozen=True, eq=False)
class LoadedScorer:
    """A Scorer whose weights ComfyUI moves between devices. What travels on PROMPT_BEAUTIFIER_SCORER links."""

    scorer: Scorer
    patcher: comfy.model_patcher.ModelPatcher


@dataclasses.dataclass(frozen=True, eq=False)
class LoadedRewardModel:
    """A RewardModel whose weights ComfyUI moves between devices. What travels on PROMPT_BEAUTIFIER_REWARD_MODEL
    links."""

    reward_model: RewardModel
    patcher: comfy.model_patcher.ModelPatcher


def device_choices() -> list[str]:
    """What a menu of devices offers: with several GPUs also each of them, as ComfyUI's own loaders do since 0.33."""
    options = getattr(comfy.model_management, "get_gpu_device_options", list)()
    return ["auto", "cpu", "gpu", *(option for option in options if option.startswith("gpu:"))]


def devices(choice: str, small: bool = False) -> tuple[torch.device, torch.device]:
    """Where the network runs, and where it waits meanwhile.

    choice  one of the device_choices; a GPU that is not there is taken for "gpu"
    small   "auto" is the CPU: on a full GPU ComfyUI would give back far more memory than the network needs
    """
    management = comfy.model_management
    if choice == "cpu" or (small and choice == "auto"):
        return torch.device("cpu"), torch.device("cpu")
    if choice == "auto":
        return management.text_encoder_device(), management.text_encoder_offload_device()
    named = management.resolve_gpu_device_option(choice) if choice.startswith("gpu:") else None
    if named is None and choice != "gpu":
        logging.warning("Prompt Beautifier: there is no device %s, so the first GPU is used", choice)
    return named or management.get_torch_device(), management.text_encoder_offload_device()


def automatic_dtype(device: torch.device) -> torch.dtype:
    """float32 on a CPU, where half precision is slow; elsewhere what ComfyUI gives text encoders."""
    if device.type == "cpu":
        return torch.float32
    wanted = comfy.model_management.text_encoder_dtype(device)
    return wanted if wanted in DTYPES.values() else torch.float16


def working_memory(beautifier: Beautifier, request: Request) -> int:
    """Bytes that writing candidates needs beside the weights: KV cache, hidden states, logits of a block."""
    sampling = request.sampling or beautifier.sampling
    config = beautifier.network.config
    itemsize = beautifier.network.dtype.itemsize
    from ...beautifier.language.cuda_graphs import rounded_capacity
    from ...beautifier.language.decoding import BLOCK

    rows = max(BLOCK, sampling.num_beams)
    prompt = min(len(request.raw_prompt.encode("utf-8", "ignore")), beautifier.family.max_prompt_tokens)
    tokens = rounded_capacity(len(beautifier.family.template) + prompt + sampling.max_new_tokens)
    cache = 2 * (rows + 1) * config.num_layers * tokens * config.key_value_size * itemsize
    reading = tokens * (2 * config.intermediate_size + 6 * config.hidden_size) * itemsize
    attention = 2 * config.num_heads * tokens * tokens * itemsize
    logits = 6 * rows * config.vocab_size * torch.float32.itemsize
    return cache + reading + attention + logits


def reward_memory(reward_model: RewardModel, texts: list[str]) -> int:
    """Bytes that scoring needs beside the weights: hidden states and attention of one batch in the largest term."""
    from ...beautifier.rewards.regressor import Regressor

    rows = min(REWARD_BATCH, len(texts))
    longest = max((len(text.encode("utf-8", "ignore")) for text in texts), default=0)
    needed = 0
    for _, term in reward_model.weighted:
        if not isinstance(term, Regressor):
            continue
        config, tokens = term.network.transformer.config, min(term.reading.max_length, longest + 32)
        states = rows * tokens * (2 * config.intermediate_size + 6 * config.hidden_size)
        attention = 2 * rows * config.num_heads * tokens * tokens
        needed = max(needed, (states + attention) * term.network.score.element_size())
    return needed


def make_room_for_reward(loaded: LoadedRewardModel, raw_prompt: str, prompts: list[str]) -> None:
    """Have the reward model's networks where they run, with memory to score the prompts in."""
    needed = reward_memory(loaded.reward_model, [raw_prompt + prompt for prompt in prompts])
    comfy.model_management.load_models_gpu([loaded.patcher], memory_required=needed, force_full_load=True)
