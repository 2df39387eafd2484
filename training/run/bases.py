"""The checkpoint that a stage starts from: where it is, how it is asked, its tokenizer."""

import json
from dataclasses import replace
from pathlib import Path

from tokenizers import Tokenizer, processors

from ...beautifier.checkpoints.catalog import find_checkpoint
from ...beautifier.checkpoints.download import obtain
from ...beautifier.checkpoints.places import default_folder
from ...beautifier.families import Family
from ...beautifier.language.architectures.table import read_config
from ...beautifier.language.chat_template import end_of_turn
from ...beautifier.language.config import NetworkConfig
from ...beautifier.language.loading import find_family
from ...beautifier.language.tokenizer import load_tokenizer
from ...beautifier.weight_file import WeightFile
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
        return Path(model), find_family(Path(model), family)
    if find_checkpoint(model) is not None:
        folder, published = obtain(model, [default_folder()])
        return folder, find_family(folder, family or published)
    if model.count("/") != 1 or model.startswith((".", "/", "~")):
        raise FileNotFoundError(
            f"there is no model {model!r}: give a checkpoint folder, a published model's name, "
            "or a repository as owner/name"
        )
    folder = from_hub(model)
    return folder, find_family(folder, family)


def from_hub(repository: str) -> Path:
    """The folder that a repository's config.json, tokenizer and safetensors were fetched to."""
    folder = fetched(repository, WANTED, "give --model a checkpoint folder")
    if not list(folder.glob("*.safetensors")):
        raise FileNotFoundError(
            f"{repository} has no safetensors: convert its weights, and give the folder with model.safetensors"
        )
    return folder


def base_tokenizer(folder: Path, family: Family | None = None) -> tuple[Tokenizer, NetworkConfig]:
    """The tokenizer as the Beautifier uses it, and the network's shape, whose eos_token_id is what ends an answer.

    family  how the checkpoint is asked. Of one that chats the end of a turn ends an answer, and its template's special
            tokens count; else nothing in a text is a special token. None: texts of one's own are read

    Raises ValueError for damaged files, where no token ends a text, and for a family that is asked in another way for
    each request.
    """
    for path in folder.glob("*.safetensors"):
        WeightFile(path).headers()  # transformers would say less of a damaged one
    tokenizer, config = load_tokenizer(folder), read_config(folder)
    if family is not None and family.asks is not None:
        raise ValueError(
            f"the family {family.name} is asked in another way for each request, which no stage trains: give --family "
            "with another, such as text2prompt-v1"
        )
    if family is not None and family.chats:
        end = end_of_turn(folder, tokenizer)
        config = replace(config, eos_token_id=config.eos_token_id if end is None else end, stop_token_ids=())
    if config.eos_token_id is None:
        raise ValueError(
            f"{folder}/config.json has no eos_token_id of its vocabulary, and training ends texts with one"
        )
    tokenizer.encode_special_tokens = family is None or not family.special
    return tokenizer, config


def checkpoint_config(folder: Path) -> dict:
    """config.json of a checkpoint folder."""
    return json.loads((folder / "config.json").read_text(encoding="utf-8"))


def transformers_tokenizer(tokenizer: Tokenizer, config: NetworkConfig):
    """The same tokenizer for transformers' trainers, with the network's end and padding tokens, padded on the left."""
    from transformers import PreTrainedTokenizerFast

    eos, pad = tokenizer.id_to_token(config.eos_token_id), tokenizer.id_to_token(config.pad_token_id)
    tokenizer = Tokenizer.from_str(tokenizer.to_str()) if not tokenizer.encode_special_tokens else tokenizer
    made = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=eos, pad_token=pad, padding_side="left")
    if tokenizer.encode_special_tokens:
        made.split_special_tokens = True  # as an argument it is not heeded
    else:  # a chat template has all special tokens that are wanted
        made.backend_tokenizer.post_processor = processors.Sequence([])
    return made
