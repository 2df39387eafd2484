"""The folders that training stages hand over: what the nodes list, the command takes and transformers reads.

config.json  model.safetensors  tokenizer.json  tokenizer_config.json  README.md, and the notes of a beautifier
(beautifier.json) or of a reward model (reward.json)
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import Tensor

from ...beautifier.families import Family
from ...beautifier.language.architectures.architecture import OUTPUT
from ...beautifier.language.architectures.table import ARCHITECTURES
from .parts import write_json

# What says how a checkpoint chats.
CHAT_FILES = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "generation_config.json")
FORGOTTEN = ("dtype", "torch_dtype", "transformers_version")  # of a config.json: they are those of the run


def export_beautifier(
    folder: Path,
    weights: Mapping[str, Tensor],
    config: dict,
    tokenizer: Tokenizer,
    family: Family,
    card: str,
    dtype: str = "float16",
    base: Path | None = None,
) -> None:
    """Write a checkpoint folder for Load Beautifier; arguments as for `export`.

    weights  an output layer that is tied to the embeddings may be among them
    base     the checkpoint that training started from: of one that chats the template and tokens are its own
    """
    tied = ARCHITECTURES[config["model_type"]].read(config).tied
    own = {name: tensor for name, tensor in weights.items() if name != OUTPUT or not tied}
    config = {**config, "tie_word_embeddings": tied}
    notes, chats = {"beautifier.json": {"family": family.name}}, base if family.chats else None
    export(folder, own, config, tokenizer, dtype, notes, card, chats)


def export(
    folder: Path,
    weights: Mapping[str, Tensor],
    config: dict,
    tokenizer: Tokenizer,
    dtype: str,
    notes: Mapping[str, dict],
    card: str = "",
    chats: Path | None = None,
) -> None:
    """Write a checkpoint folder. It replaces an older one whole, or not at all.

    weights    by transformers' names
    config     config.json of the checkpoint that training started from, or of a new one
    tokenizer  as base_tokenizer gives it
    dtype      of the stored weights, a name in options.DTYPES
    notes      further JSON files by name
    card       text of README.md; "" writes none
    chats      a checkpoint whose files of tokens and of how to chat are taken as they are

    Raises ValueError for weights that `dtype` cannot hold.
    """
    stored = {name: tensor.detach().to("cpu", getattr(torch, dtype)).contiguous() for name, tensor in weights.items()}
    broken = [name for name, tensor in stored.items() if not tensor.isfinite().all()]
    if broken:
        raise ValueError(
            f"{broken[0]} and {len(broken) - 1} other tensors have numbers that {dtype} cannot hold, or none at all: "
            "the run diverged (lower --lr), or needs another --export-dtype"
        )
    with new_folder(folder) as fresh:
        save_file(stored, fresh / "model.safetensors", metadata={"format": "pt"})
        (fresh / "model.safetensors").chmod(0o644)  # safetensors writes it for the owner alone
        settings = {name: value for name, value in config.items() if name not in FORGOTTEN}
        write_json(fresh / "config.json", {**settings, "torch_dtype": dtype}, indent=2)
        tokenizer.save(str(fresh / "tokenizer.json"))
        write_json(fresh / "tokenizer_config.json", tokenizer_settings(tokenizer, config), indent=2)
        for path in (chats / name for name in CHAT_FILES if chats and (chats / name).is_file()):
            shutil.copyfile(path, fresh / path.name)
        for name, values in notes.items():
            write_json(fresh / name, values, indent=2)
        if card:
            (fresh / "README.md").write_text(card, encoding="utf-8")


def tokenizer_settings(tokenizer: Tokenizer, config: dict) -> dict:
    """tokenizer_config.json; of a text that is too long a regressor reads the end, where its score is."""
    shape = ARCHITECTURES[config["model_type"]].read(config)
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": tokenizer.id_to_token(shape.eos_token_id),
        "pad_token": tokenizer.id_to_token(shape.pad_token_id),
    }
    return settings | ({"truncation_side": "left"} if config.get("problem_type") == "regression" else {})


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """An empty folder to fill, which takes the place of `folder` when the block ends without an error."""
    fresh = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    yield fresh
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)
