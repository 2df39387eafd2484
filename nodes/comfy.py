"""All that the nodes ask of ComfyUI: model folder, device, memory, progress, interrupt; and its versions.

The only file that imports ComfyUI's own modules (comfy.*, folder_paths, server).
"""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import comfy.model_management
import comfy.model_patcher
import comfy.utils
import folder_paths
import torch
from comfy_api.latest import io
from comfy_execution.utils import get_executing_context

from ..beautifier.catalog import find_checkpoint
from ..beautifier.decoding import BLOCK, Sampling
from ..beautifier.endpoints import FILE_NAME
from ..beautifier.families import CUSTOM, custom_family
from ..beautifier.store import choices, list_checkpoints, name_in, obtain

if TYPE_CHECKING:  # imported for real when a model is loaded: every start of ComfyUI would wait for it
    from ..beautifier.beautify import Beautifier, Candidate
    from ..beautifier.remote import RemoteBeautifier

MODEL_FOLDER = "LLM"  # models/LLM: where ComfyUI users keep language models, by convention
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


# -- versions ------------------------------------------------------------------------------------------------


def node_schema(**fields) -> io.Schema:
    """An io.Schema of the fields this ComfyUI knows: an unknown one would make it drop the whole pack."""
    known = {field.name for field in dataclasses.fields(io.Schema)}
    return io.Schema(**{name: value for name, value in fields.items() if name in known})


# -- model folder --------------------------------------------------------------------------------------------


def register_model_folder() -> None:
    """Look for checkpoints in models/LLM, and where extra_model_paths.yaml says that LLM is."""
    folder_paths.add_model_folder_path(MODEL_FOLDER, os.path.join(folder_paths.models_dir, MODEL_FOLDER))


def model_folders() -> list[Path]:
    """Where checkpoints lie; what is downloaded goes into the first."""
    return [Path(folder) for folder in folder_paths.get_folder_paths(MODEL_FOLDER)]


def model_choices() -> list[str]:
    """What the menu of models shows: embedded, published checkpoints with their state, folders of the user's."""
    return ["embedded", *choices(model_folders()).values()]


def is_known(model: str) -> bool:
    """Whether a model can be loaded, be it after a download; `model` is what a menu showed at any time, or a name."""
    name = name_in(model)
    return name == "embedded" or bool(find_checkpoint(name)) or name in list_checkpoints(model_folders())


def download(model: str) -> tuple[Path, str | None]:
    """The folder of a checkpoint, and its family where it is a published one, which may be downloaded for it.

    Progress shows on the node, in bytes. Cancel ends the download; what has come is kept for the next run.
    """
    bar = comfy.utils.ProgressBar(1)

    def cancelled() -> bool:
        comfy.model_management.throw_exception_if_processing_interrupted()
        return False

    return obtain(model, model_folders(), bar.update_absolute, cancelled)


# -- memory --------------------------------------------------------------------------------------------------


class Holder(torch.nn.Module):
    """The module a ModelPatcher may write its own attributes on, so that the network stays free of them."""

    def __init__(self, network: torch.nn.Module):
        super().__init__()
        self.network = network


@dataclasses.dataclass(frozen=True, eq=False)
class LoadedBeautifier:
    """A Beautifier whose weights ComfyUI moves between devices. What travels on PROMPT_BEAUTIFIER links.

    ComfyUI's list of loaded models holds only weak references: this is the strong one to the patcher. A model
    on a server has none.
    """

    beautifier: Beautifier | RemoteBeautifier
    patcher: comfy.model_patcher.ModelPatcher | None


def load(model: str, device: str, dtype: str, family: str | None, template: str) -> LoadedBeautifier:
    """Load "embedded" or another of the model_choices; its weights wait where ComfyUI keeps idle ones.

    A published checkpoint that is in none of the model folders is downloaded.

    device  "auto" is where ComfyUI runs text encoders, "gpu" where it samples, "cpu"
    dtype   a name in DTYPES, or "auto"
    family  how a checkpoint is asked; None is what it was published with or what its folder says; "custom" is
            by the template. The embedded model needs none.
    Raises FileNotFoundError, ValueError or DownloadError saying what is wrong with the checkpoint.
    """
    from ..beautifier.beautify import load_beautifier

    load_device, offload_device = devices(device)
    dtype = DTYPES.get(dtype) or automatic_dtype(load_device)
    if model == "embedded":
        beautifier = load_beautifier(model, offload_device, dtype)
    else:
        asked = custom_family(template) if family == CUSTOM else family
        folder, published_family = download(model)
        beautifier = load_beautifier(folder, offload_device, dtype, asked or published_family)
    patcher = comfy.model_patcher.ModelPatcher(Holder(beautifier.network), load_device, offload_device)
    return LoadedBeautifier(beautifier, patcher)


def devices(choice: str) -> tuple[torch.device, torch.device]:
    """Where the network runs, and where it waits meanwhile."""
    if choice == "cpu":
        return torch.device("cpu"), torch.device("cpu")
    management = comfy.model_management
    running = management.get_torch_device() if choice == "gpu" else management.text_encoder_device()
    return running, management.text_encoder_offload_device()


def automatic_dtype(device: torch.device) -> torch.dtype:
    """float32 on a CPU, where half precision is slow; elsewhere what ComfyUI gives text encoders."""
    if device.type == "cpu":
        return torch.float32
    wanted = comfy.model_management.text_encoder_dtype(device)
    return wanted if wanted in DTYPES.values() else torch.float16


def working_memory(beautifier: Beautifier, raw_prompt: str, sampling: Sampling) -> int:
    """Bytes that writing candidates needs beside the weights: KV cache, hidden states, logits of a block."""
    config = beautifier.network.config
    itemsize = beautifier.network.word_embeddings.weight.element_size()
    rows = max(BLOCK, sampling.num_beams)
    prompt = min(len(raw_prompt.encode("utf-8", "ignore")), beautifier.family.max_prompt_tokens)
    tokens = len(beautifier.family.template) + prompt + sampling.max_new_tokens
    cache = 2 * (rows + 1) * config.num_layers * tokens * config.hidden_size * itemsize
    reading = tokens * (2 * config.intermediate_size + 6 * config.hidden_size) * itemsize
    attention = 2 * config.num_heads * tokens * tokens * itemsize
    logits = 6 * rows * config.vocab_size * torch.float32.itemsize
    return cache + reading + attention + logits


# -- servers -------------------------------------------------------------------------------------------------


def endpoints_file() -> Path:
    """The user's file of servers. No route of ComfyUI's serves what lies in the user folder itself."""
    return Path(folder_paths.get_user_directory()) / FILE_NAME


def connect(endpoint: str, model: str, family: str, unusable: str, timeout: float) -> LoadedBeautifier:
    """A server's model for Beautify Prompt; see `remote.connect` for the arguments and the errors."""
    from ..beautifier.remote import connect

    return LoadedBeautifier(connect(endpoints_file(), endpoint, model, family, unusable, timeout), None)


# -- running -------------------------------------------------------------------------------------------------


def beautify(
    loaded: LoadedBeautifier,
    raw_prompt: str,
    num_candidates: int,
    seed: int,
    sampling: Sampling | None,
    mode: str,
    clip_tokens: int | None,
) -> list[Candidate]:
    """`Beautifier.beautify` with ComfyUI's memory, progress bar and Cancel, which acts within one token."""
    beautifier = loaded.beautifier
    if loaded.patcher is not None:
        needed = working_memory(beautifier, raw_prompt, sampling or beautifier.family.sampling)
        # Without force_full_load a network that is not made of ComfyUI's own layers may stay where it waits.
        comfy.model_management.load_models_gpu([loaded.patcher], memory_required=needed, force_full_load=True)
    bar = comfy.utils.ProgressBar(1)

    def on_step(done: int, total: int) -> None:
        comfy.model_management.throw_exception_if_processing_interrupted()
        bar.update_absolute(done, total)

    return beautifier.beautify(raw_prompt, num_candidates, seed, sampling, mode, clip_tokens, on_step)


def list_index() -> int:
    """Which item of a list the running node works on: 0 for the first and where there is no list."""
    context = get_executing_context()
    return (context.list_index or 0) if context else 0


def before_each_run_is_queued(handler: Callable[[dict], dict]) -> None:
    """Have `handler` see, and return, the JSON of every POST /prompt."""
    # ComfyUI has imported its server before it imports packs; where it is used without one there is none to ask.
    server = getattr(getattr(sys.modules.get("server"), "PromptServer", None), "instance", None)
    if server is not None:
        server.add_on_prompt_handler(handler)
