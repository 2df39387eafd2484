"""The model folders of ComfyUI, and what the menus show of them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import folder_paths

from ...beautifier.chat import own_instructions
from ...beautifier.checkpoints.catalog import find_checkpoint
from ...beautifier.checkpoints.folders import choices, list_checkpoints, name_in
from ...beautifier.images.scorer_files import is_known as is_scorer
from ...beautifier.images.scorer_files import name_in as scorer_name_in
from ...beautifier.images.scorer_files import scorer_choices
from ...beautifier.rewards.folders import list_reward_models
from ...beautifier.servers.endpoints import FILE_NAME

PACK = Path(__file__).resolve().parents[2]
MODEL_FOLDER = "LLM"  # models/LLM: where ComfyUI users keep language models, by convention
SCORER_FOLDER = "scorers"  # models/scorers: where image scorers are downloaded to
MAY_HAVE_SCORERS = ("clip_vision", "text_encoders", MODEL_FOLDER)  # users may have the same files there already


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
    if not isinstance(model, str):
        return False
    name = name_in(model)
    return name == "embedded" or bool(find_checkpoint(name)) or name in list_checkpoints(model_folders())


def instruction_folders() -> list[Path]:
    """Where users keep instructions for chat models: prompts, in each folder of language models."""
    return [folder / own_instructions.FOLDER for folder in model_folders()]


def instruction_choices() -> list[str]:
    """What the menu of instructions shows: the one for the image model, then the user's files."""
    return [own_instructions.NONE, *own_instructions.instruction_names(instruction_folders())]


def instruction_text(name: str) -> str:
    """The instruction of that name, as its file is now; "" for the one for the image model. Raises ValueError."""
    return own_instructions.read_instruction(instruction_folders(), name)


def endpoints_file() -> Path:
    """The user's file of servers. No route of ComfyUI's serves what lies in the user folder itself."""
    return Path(folder_paths.get_user_directory()) / FILE_NAME


def scorer_folders() -> dict[str, list[Path]]:
    """Where files of scorers lie; what is downloaded goes into the first of models/scorers."""
    names = (SCORER_FOLDER, *MAY_HAVE_SCORERS)
    return {name: [Path(folder) for folder in folder_paths.get_folder_paths(name)] for name in names}


def scorer_menu() -> list[str]:
    """What the menu of scorers shows: the published ones with their state, then the user's own."""
    return list(scorer_choices(scorer_folders()).values())


def is_known_scorer(scorer: str) -> bool:
    """Whether a scorer can be loaded, be it after a download; `scorer` is what a menu showed at any time, or a name."""
    return isinstance(scorer, str) and is_scorer(scorer_name_in(scorer), scorer_folders())


def reward_choices() -> list[str]:
    """What the menu of reward models shows: embedded, and the user's folders."""
    return ["embedded", *list_reward_models(model_folders())]


def no_reward_model(model: str) -> str:
    """What to say where a reward model is in none of the folders."""
    return (
        f"there is no reward model {model!r}: put its folder, the one with reward.json, into models/{MODEL_FOLDER}, or "
        "choose another."
    )


def no_name(value: object, what: str, example: str) -> str:
    """What to say of a value that names no model at all, as a script may send it."""
    told = "null" if value is None else f"{json.dumps(value, default=str)[:60]}, which is no text"
    return f"{what} is {told}: expected a name of the menu, such as {example}"


def checked_name(value: object, what: str, example: str) -> str:
    """A name as it came. Raises ValueError for what is none."""
    if not isinstance(value, str):
        raise ValueError(no_name(value, what, example))
    return value


def without_roots(message: str) -> str:
    """A message whose folders begin in ComfyUI's own: models/LLM, not the whole way there from the disk's root."""
    called = {folder_paths.models_dir: "models", folder_paths.get_user_directory(): "user"}
    called |= {str(folder): folder.name for folder in (*model_folders(), *sum(scorer_folders().values(), []))}
    called[str(PACK)] = PACK.name
    models = Path(folder_paths.models_dir)
    for folder, short in called.items():  # models first, so that what lies in it keeps its name
        if Path(folder) != models and Path(folder).is_relative_to(models):
            continue
        message = message.replace(str(folder), short).replace(Path(folder).as_posix(), short)
    return message
