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
from comfy_execution.graph_utils import ExecutionBlocker
from comfy_execution.utils import get_executing_context

from ..beautifier.catalog import find_checkpoint
from ..beautifier.cuda_graphs import rounded_capacity
from ..beautifier.decoding import BLOCK, Sampling
from ..beautifier.endpoints import FILE_NAME
from ..beautifier.families import CUSTOM, custom_family
from ..beautifier.reward_folders import has_embedded, list_reward_models
from ..beautifier.scorer_files import KINDS, kind_of, list_scorers, obtain_scorer, scorer_choices
from ..beautifier.scorer_files import name_in as scorer_name_in
from ..beautifier.store import choices, gigabytes, list_checkpoints, name_in, obtain

if TYPE_CHECKING:  # imported for real when a model is loaded: every start of ComfyUI would wait for it
    from ..beautifier.beautify import Beautifier, Candidate
    from ..beautifier.remote import RemoteBeautifier
    from ..beautifier.rewards import RankedPrompt, RewardModel
    from ..beautifier.scorers import Scorer

MODEL_FOLDER = "LLM"  # models/LLM: where ComfyUI users keep language models, by convention
SCORER_FOLDER = "scorers"  # models/scorers: where image scorers are downloaded to
MAY_HAVE_SCORERS = (
    "clip_vision",
    "text_encoders",
    MODEL_FOLDER,
)  # users may have the same files there already
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


# -- versions


def node_schema(**fields) -> io.Schema:
    """An io.Schema of the fields this ComfyUI knows: an unknown one would make it drop the whole pack."""
    known = {field.name for field in dataclasses.fields(io.Schema)}
    return io.Schema(**{name: value for name, value in fields.items() if name in known})


# -- model folder


def register_model_folders() -> None:
    """Look for models in models/LLM and models/scorers, and where extra_model_paths.yaml says that these are."""
    for name in (MODEL_FOLDER, SCORER_FOLDER):
        folder_paths.add_model_folder_path(name, os.path.join(folder_paths.models_dir, name))


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
    return obtain(model, model_folders(), show_bytes(), cancelled)


def show_bytes() -> Callable[[int, int], None]:
    """What a download calls with (bytes there, bytes in all): shows them on the running node, as a bar and in words."""
    bar, node, server, shown = comfy.utils.ProgressBar(1), running_item()[0], the_server(), None

    def on_bytes(done: int, total: int) -> None:
        nonlocal shown
        bar.update_absolute(done, total)
        words = f"{gigabytes(done)} / {gigabytes(total)}"
        if server is not None and node is not None and words != shown:
            server.send_progress_text(words, node, sid=server.client_id)
            shown = words

    return on_bytes


def cancelled() -> bool:
    """False; where the user has pressed Cancel the run ends here, with ComfyUI's own exception."""
    comfy.model_management.throw_exception_if_processing_interrupted()
    return False


# -- memory


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
    dtype   a name in DTYPES, "int8" on the CPU, or "auto"
    family  how a checkpoint is asked; None is what it was published with or what its folder says; "custom" is
            by the template. The embedded model needs none.
    Raises FileNotFoundError, ValueError or DownloadError saying what is wrong with the checkpoint.
    """
    from ..beautifier.beautify import load_beautifier

    load_device, offload_device = devices(device)
    stays = load_device.type == "cpu"
    if dtype == "int8":
        number = torch.int8
    else:
        number = DTYPES.get(dtype) or (None if stays else automatic_dtype(load_device))
    if model == "embedded":
        beautifier = load_beautifier(model, offload_device, number, stays=stays)
    else:
        asked = custom_family(template) if family == CUSTOM else family
        folder, published_family = download(model)
        beautifier = load_beautifier(folder, offload_device, number, asked or published_family, stays)
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
    itemsize = beautifier.network.ln_f.weight.element_size()
    rows = max(BLOCK, sampling.num_beams)
    prompt = min(len(raw_prompt.encode("utf-8", "ignore")), beautifier.family.max_prompt_tokens)
    tokens = rounded_capacity(len(beautifier.family.template) + prompt + sampling.max_new_tokens)
    cache = 2 * (rows + 1) * config.num_layers * tokens * config.hidden_size * itemsize
    reading = tokens * (2 * config.intermediate_size + 6 * config.hidden_size) * itemsize
    attention = 2 * config.num_heads * tokens * tokens * itemsize
    logits = 6 * rows * config.vocab_size * torch.float32.itemsize
    return cache + reading + attention + logits


# -- servers


def endpoints_file() -> Path:
    """The user's file of servers. No route of ComfyUI's serves what lies in the user folder itself."""
    return Path(folder_paths.get_user_directory()) / FILE_NAME


def connect(endpoint: str, model: str, family: str, unusable: str, timeout: float) -> LoadedBeautifier:
    """A server's model for Beautify Prompt; see `remote.connect` for the arguments and the errors."""
    from ..beautifier.remote import connect

    return LoadedBeautifier(connect(endpoints_file(), endpoint, model, family, unusable, timeout), None)


# -- scorers


def scorer_folders() -> dict[str, list[Path]]:
    """Where files of scorers lie; what is downloaded goes into the first of models/scorers."""
    names = (SCORER_FOLDER, *MAY_HAVE_SCORERS)
    return {name: [Path(folder) for folder in folder_paths.get_folder_paths(name)] for name in names}


def scorer_menu() -> list[str]:
    """What the menu of scorers shows: the published ones with their state, then the user's own."""
    return list(scorer_choices(scorer_folders()).values())


def is_known_scorer(scorer: str) -> bool:
    """Whether a scorer can be loaded, be it after a download; `scorer` is what a menu showed at any time, or a name."""
    name = scorer_name_in(scorer)
    return name in KINDS or name in list_scorers(scorer_folders())


@dataclasses.dataclass(frozen=True, eq=False)
class LoadedScorer:
    """A Scorer whose weights ComfyUI moves between devices. What travels on PROMPT_BEAUTIFIER_SCORER links."""

    scorer: Scorer
    patcher: comfy.model_patcher.ModelPatcher


def load_scorer(scorer: str, device: str, dtype: str) -> LoadedScorer:
    """Load one of the scorer_menu; files that are in none of the folders are downloaded, as in `download`.

    device, dtype   as for `load`
    Raises FileNotFoundError, ValueError or DownloadError saying what is wrong.
    """
    from ..beautifier import scorers

    load_device, offload_device = devices(device)
    folders = scorer_folders()
    kind = kind_of(scorer, folders)
    files = obtain_scorer(scorer, folders, show_bytes(), cancelled)
    loaded = scorers.load_scorer(kind, files, offload_device, DTYPES.get(dtype) or automatic_dtype(load_device))
    if scorer_name_in(scorer) not in KINDS:  # one of the user's own is not the published one of its kind
        loaded.name = scorer
    patcher = comfy.model_patcher.ModelPatcher(Holder(loaded.network), load_device, offload_device)
    return LoadedScorer(loaded, patcher)


def score(loaded: LoadedScorer, images: list[torch.Tensor], prompts: list[str]) -> torch.Tensor:
    """`Scorer.score` with ComfyUI's memory, progress bar and Cancel, which acts between two batches."""
    needed = loaded.scorer.working_memory(len(images))
    comfy.model_management.load_models_gpu([loaded.patcher], memory_required=needed, force_full_load=True)
    return loaded.scorer.score(images, prompts, on_step=show_step(comfy.utils.ProgressBar(len(images))))


def show_step(bar: comfy.utils.ProgressBar) -> Callable[[int, int], None]:
    """What a long computation calls after each step with (done, total): shows it, and ends where Cancel was pressed."""

    def on_step(done: int, total: int) -> None:
        cancelled()
        bar.update_absolute(done, total)

    return on_step


# -- running


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
    on_step = show_step(comfy.utils.ProgressBar(1))
    return beautifier.beautify(raw_prompt, num_candidates, seed, sampling, mode, clip_tokens, on_step)


def running_item() -> tuple[str | None, int]:
    """The id of the running node and which item of a list it works on, from 0; None where no node runs."""
    context = get_executing_context()
    return (context.node_id, context.list_index or 0) if context else (None, 0)


def list_index() -> int:
    """Which item of a list the running node works on: 0 for the first and where there is no list."""
    return running_item()[1]


def gathers_lists(class_type: str) -> bool:
    """Whether nodes of a type take all items of their lists at once."""
    return bool(getattr(node_class(class_type), "INPUT_IS_LIST", False))


def makes_list(class_type: str, output: int) -> bool:
    """Whether an output of nodes of a type, by its number, is a list even where one item comes in."""
    return any((getattr(node_class(class_type), "OUTPUT_IS_LIST", None) or ())[output : output + 1])


def node_class(class_type: str) -> type | None:
    # ComfyUI's own top-level module, which a pack must not import: `nodes` could be a folder of the pack.
    return getattr(sys.modules.get("nodes"), "NODE_CLASS_MAPPINGS", {}).get(class_type)


def blocked(message: str | None = None) -> ExecutionBlocker:
    """A value for an output behind which nothing runs; the message, if any, says why if anything would have."""
    return ExecutionBlocker(message)


def the_server():
    """ComfyUI's PromptServer, or None where ComfyUI is used without one."""
    # ComfyUI has imported its server before it imports packs.
    return getattr(getattr(sys.modules.get("server"), "PromptServer", None), "instance", None)


def before_each_run_is_queued(handler: Callable[[dict], dict]) -> None:
    """Have `handler` see, and return, the JSON of every POST /prompt."""
    if (server := the_server()) is not None:
        server.add_on_prompt_handler(handler)


def add_post_route(path: str, handler: Callable) -> None:
    """Have ComfyUI's server answer POST requests to `path`, with and without /api before it, by an aiohttp handler."""
    if (server := the_server()) is not None:
        server.routes.post(path)(handler)


# -- reward models

REWARD_BATCH = 8  # prompts at once: Cancel acts between two batches


@dataclasses.dataclass(frozen=True, eq=False)
class LoadedRewardModel:
    """A RewardModel whose weights ComfyUI moves between devices. What travels on PROMPT_BEAUTIFIER_REWARD_MODEL
    links."""

    reward_model: RewardModel
    patcher: comfy.model_patcher.ModelPatcher


def reward_choices() -> list[str]:
    """What the menu of reward models shows: embedded, where it comes with the pack, and the user's folders."""
    return ["embedded"] * has_embedded() + list(list_reward_models(model_folders()))


def no_reward_model(model: str) -> str:
    """What to say where a reward model is in none of the folders."""
    places = ", ".join(map(str, model_folders()))
    return (
        f"there is no reward model {model!r}: put its folder, the one with reward.json, into {places}, or choose "
        "another."
    )


def load_reward(model: str, device: str, dtype: str, alpha: float | None) -> LoadedRewardModel:
    """Load one of the reward_choices; its weights wait where ComfyUI keeps idle ones.

    device, dtype  as for `load`
    alpha          the weight of the first term against the second; None is the model's own
    Raises FileNotFoundError or ValueError saying what is wrong with the model.
    """
    from ..beautifier.rewards import load_reward_model

    folder = "embedded" if model == "embedded" else list_reward_models(model_folders()).get(model)
    if folder is None:
        raise FileNotFoundError(no_reward_model(model))
    load_device, offload_device = devices(device)
    reward_model = load_reward_model(folder, offload_device, DTYPES.get(dtype) or automatic_dtype(load_device), alpha)
    patcher = comfy.model_patcher.ModelPatcher(Holder(reward_model.networks), load_device, offload_device)
    return LoadedRewardModel(reward_model, patcher)


def reward_memory(reward_model: RewardModel, texts: list[str]) -> int:
    """Bytes that scoring needs beside the weights: hidden states and attention of one batch in the largest term."""
    rows = min(REWARD_BATCH, len(texts))
    longest = max((len(text.encode("utf-8", "ignore")) for text in texts), default=0)
    needed = 0
    for _, term in reward_model.weighted:
        config, tokens = term.network.transformer.config, min(term.reading.max_length, longest + 32)
        states = rows * tokens * (2 * config.intermediate_size + 6 * config.hidden_size)
        attention = 2 * rows * config.num_heads * tokens * tokens
        needed = max(needed, (states + attention) * term.network.score.element_size())
    return needed


def make_room_for_reward(loaded: LoadedRewardModel, raw_prompt: str, prompts: list[str]) -> None:
    """Have the reward model's networks where they run, with memory to score the prompts in."""
    needed = reward_memory(loaded.reward_model, [raw_prompt + prompt for prompt in prompts])
    comfy.model_management.load_models_gpu([loaded.patcher], memory_required=needed, force_full_load=True)


def rank(loaded: LoadedRewardModel, raw_prompt: str, candidates: list[Candidate]) -> list[Candidate]:
    """`RewardModel.rank` with ComfyUI's memory, progress bar and Cancel."""
    make_room_for_reward(loaded, raw_prompt, [each.text for each in candidates])
    on_step = show_step(comfy.utils.ProgressBar(1))
    return loaded.reward_model.rank(raw_prompt, candidates, REWARD_BATCH, on_step)


def rank_prompts(loaded: LoadedRewardModel, raw_prompt: str, prompts: list[str]) -> list[RankedPrompt]:
    """`RewardModel.rank_prompts` with ComfyUI's memory, progress bar and Cancel."""
    make_room_for_reward(loaded, raw_prompt, prompts)
    on_step = show_step(comfy.utils.ProgressBar(1))
    return loaded.reward_model.rank_prompts(raw_prompt, prompts, REWARD_BATCH, on_step)
