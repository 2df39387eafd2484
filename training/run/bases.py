"""The checkpoint that a stage starts from: where it is, how it is asked, its tokenizer."""

import json
from pathlib import Path

from tokenizers import Tokenizer

from ...beautifier.beautify import find_family
from ...beautifier.checkpoints.catalog import find_checkpoint
from ...beautifier.checkpoints.download import obtain
from ...beautifier.checkpoints.places import default_folder
from ...beautifier.families import Family
from ...beautifier.language.architectures.table import read_config
from ...beautifier.language.config import NetworkConfig
from ...beautifier.language.tokenizer import load_tokenizer
from .hub import fetched

# What is needed of a repository; weights in other formats than safetensors are not fetched.
WANTED = ["config.json", "tokenizer.json", "vocab.json", "merges.txt", "*.safetensors", "*.safetensors.index.json"]


def find_base(model: str, family: str | None = None) -> tuple[Path, Family]:
    """The checkpoint folder that `--model` names, and how it is asked.

    model   a folder, a published model (`text2prompt-v1`, `promptist`; it is downloaded unless it is
            there), or another repository on the Hugging Face hub (`bigscience/bloom-1b1`), of which the
            safetensors are fetched
    family  a name in FAMILIES; None is what the checkpoint was published with, or its beautifier.json says

    Raises FileNotFoundError or ValueError that says what to do when there is no such model or family.
    """
    if model == "embedded":
        raise ValueError(
            "the embedded model chooses among written phrases: it has no network that this stage trains. Give a "
            "checkpoint folder, a published model's name, or a repository as owner/name"
        )
    if Path(model).is_dir():
        return Path(model), trainable(Path(model), family)
    if find_checkpoint(model) is not None:
        folder, published = obtain(model, [default_folder()])
        return folder, trainable(folder, family or published)
    if model.count("/") != 1 or model.startswith((".", "/", "~")):
        raise FileNotFoundError(
            f"there is no model {model!r}: give a checkpoint folder, a published model's name, "
            "or a repository as owner/name"
        )
    folder = from_hub(model)
    return folder, trainable(folder, family)


def trainable(folder: Path, family: str | None) -> Family:
    """How a checkpoint is asked. Raises ValueError for one that chats: training knows no special tokens."""
    found = find_family(folder, family)
    if found.chats:
        raise ValueError(
            f"{folder} chats: give --family with the way in which it is to be asked, such as text2prompt-v1"
        )
    return found


def from_hub(repository: str) -> Path:
    """The folder that a repository's config.json, tokenizer and safetensors were fetched to."""
    folder = fetched(repository, WANTED, "give --model a checkpoint folder")
    if not list(folder.glob("*.safetensors")):
        raise FileNotFoundError(
            f"{repository} has no safetensors: convert its weights, and give the folder with model.safetensors"
        )
    return folder


def base_tokenizer(folder: Path) -> tuple[Tokenizer, NetworkConfig]:
    """The tokenizer as the Beautifier uses it (nothing in a text is a special token), and the network's shape.

    Raises ValueError where config.json names no token that ends a text.
    """
    tokenizer, config = load_tokenizer(folder), read_config(folder)
    if config.eos_token_id is None:
        raise ValueError(
            f"{folder}/config.json has no eos_token_id of its vocabulary, and training ends texts with one"
        )
    tokenizer.encode_special_tokens = True
    return tokenizer, config


def checkpoint_config(folder: Path) -> dict:
    """config.json of a checkpoint folder."""
    return json.loads((folder / "config.json").read_text(encoding="utf-8"))


def transformers_tokenizer(tokenizer: Tokenizer, config: NetworkConfig):
    """The same tokenizer for transformers' trainers, with the network's end and padding tokens, padded on the left."""
    from transformers import PreTrainedTokenizerFast

    eos, pad = tokenizer.id_to_token(config.eos_token_id), tokenizer.id_to_token(config.pad_token_id)
    made = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=eos, pad_token=pad, padding_side="left")
    made.split_special_tokens = True  # as an argument it is not heeded
    return made
