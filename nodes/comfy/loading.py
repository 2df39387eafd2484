"""Loading and downloading models, with progress and Cancel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import comfy.model_patcher
import comfy.utils
import torch

from ...beautifier.checkpoints.download import obtain
from ...beautifier.checkpoints.places import gigabytes
from ...beautifier.families import CUSTOM, custom_family
from ...beautifier.images.scorer_files import kind_of, obtain_scorer
from ...beautifier.images.scorer_files import name_in as scorer_name_in
from ...beautifier.images.scorer_kinds import SCORERS
from ...beautifier.rewards.folders import list_reward_models
from .folders import checked_name, endpoints_file, model_folders, no_reward_model, scorer_folders
from .memory import DTYPES, LoadedBeautifier, LoadedRewardModel, LoadedScorer, automatic_dtype, devices, held
from .running import cancelled, still_bars
from .server import running_item, the_server

if TYPE_CHECKING:
    import comfy.sd

FEW_BITS = ("int8", "int4")  # precisions of weights alone, beside DTYPES


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


def load(
    model: str, device: str, dtype: str, family: str | None, template: str, instruction: str = ""
) -> LoadedBeautifier:
    """Load "embedded" or another of the model_choices; its weights wait where ComfyUI keeps idle ones.

    A published checkpoint that is in none of the model folders is downloaded.

    device  "auto" is where ComfyUI runs text encoders, "gpu" where it samples, "cpu"
    dtype   a name in DTYPES or FEW_BITS ("int8" on the CPU alone), or "auto"
    family  how a checkpoint is asked; None is what it was published with or what its folder says; "custom" is
            by the template. The embedded model needs none.
    instruction  what a chat model is told in the place of what the image model wants; "" for that
    Raises FileNotFoundError, ValueError or DownloadError saying what is wrong with the checkpoint.
    """
    from ...beautifier.beautify import load_beautifier

    checked_name(model, "model", "embedded")
    if model == "embedded":  # on the CPU, where it takes milliseconds; no weights of others make room for it
        return LoadedBeautifier(load_beautifier(model), None)
    load_device, offload_device = devices(device)
    stays = load_device.type == "cpu"
    if dtype in FEW_BITS:
        number = getattr(torch, dtype, None)
        if number is None:
            raise ValueError(f"torch {torch.__version__} has no {dtype}: choose another dtype, or update torch")
    else:
        number = DTYPES.get(dtype) or (None if stays else automatic_dtype(load_device))
    asked = custom_family(template) if family == CUSTOM else family
    folder, published_family = download(model)
    beautifier = load_beautifier(folder, offload_device, number, asked or published_family, stays, instruction)
    patcher = comfy.model_patcher.ModelPatcher(held(beautifier.network, beautifier.name), load_device, offload_device)
    return LoadedBeautifier(beautifier, patcher)


def connect(endpoint: str, model: str, family: str, unusable: str, timeout: float, **more: Any) -> LoadedBeautifier:
    """A server's model for Beautify Prompt; see `servers.writer.connect` for the arguments and the errors."""
    from ...beautifier.servers.writer import connect

    return LoadedBeautifier(connect(endpoints_file(), endpoint, model, family, unusable, timeout, **more), None)


def use_encoder(
    clip: comfy.sd.CLIP, image: torch.Tensor | None, unusable: str, thinking: bool, instruction: str = ""
) -> LoadedBeautifier:
    """A text encoder for Beautify Prompt; see `encoders.writer.use_encoder` for the arguments and the errors.

    It has no patcher of its own: ComfyUI loads the encoder when it writes, as it does for reading prompts.
    """
    from ...beautifier.encoders.writer import use_encoder

    options = {"image": image, "unusable": unusable, "thinking": thinking, "instruction": instruction}
    writer = use_encoder(clip, quietly=still_bars, **options)
    return LoadedBeautifier(writer, None)


def load_scorer(scorer: str, device: str, dtype: str) -> LoadedScorer:
    """Load one of the scorer_menu; files that are in none of the folders are downloaded, as in `download`.

    device, dtype   as for `load`
    Raises FileNotFoundError, ValueError or DownloadError saying what is wrong.
    """
    from ...beautifier.images import scorers

    checked_name(scorer, "scorer", "pickscore")
    load_device, offload_device = devices(device)
    folders = scorer_folders()
    kind = kind_of(scorer, folders)
    files = obtain_scorer(scorer, folders, show_bytes(), cancelled)
    loaded = scorers.load_scorer(kind, files, offload_device, DTYPES.get(dtype) or automatic_dtype(load_device))
    if scorer_name_in(scorer) not in SCORERS:  # one of the user's own is not the published one of its kind
        loaded.name = scorer_name_in(scorer)
    patcher = comfy.model_patcher.ModelPatcher(held(loaded.network, loaded.name), load_device, offload_device)
    return LoadedScorer(loaded, patcher)


def load_reward(model: str, device: str, dtype: str, alpha: float | None) -> LoadedRewardModel:
    """Load one of the reward_choices; its weights wait where ComfyUI keeps idle ones.

    device, dtype  as for `load`
    alpha          the weight of the first term against the second; None is the model's own
    Raises FileNotFoundError or ValueError saying what is wrong with the model.
    """
    from ...beautifier.rewards.model import load_reward_model

    checked_name(model, "model", "embedded")
    folder = "embedded" if model == "embedded" else list_reward_models(model_folders()).get(model)
    if folder is None:
        raise FileNotFoundError(no_reward_model(model))
    load_device, offload_device = devices(device, small=model == "embedded")
    reward_model = load_reward_model(folder, offload_device, DTYPES.get(dtype) or automatic_dtype(load_device), alpha)
    patcher = comfy.model_patcher.ModelPatcher(
        held(reward_model.networks, reward_model.name), load_device, offload_device
    )
    return LoadedRewardModel(reward_model, patcher)
