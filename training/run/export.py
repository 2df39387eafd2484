"""The folder that a training stage hands over: what Load Beautifier lists, `beautify --model FOLDER` and
transformers read.

    config.json  model.safetensors (float16)  tokenizer.json  tokenizer_config.json  beautifier.json  README.md
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import Tensor

from ...beautifier.families import Family
from ...beautifier.language.architectures.architecture import OUTPUT
from ...beautifier.language.architectures.table import ARCHITECTURES

DTYPES = {"float16": torch.float16, "bfloat16": torch.bfloat16, "float32": torch.float32}


def export(
    folder: Path,
    weights: Mapping[str, Tensor],
    config: dict,
    tokenizer: Tokenizer,
    family: Family,
    card: str,
    dtype: str = "float16",
) -> None:
    """Write a checkpoint folder. It replaces an older one whole, or not at all.

    weights    by transformers' names; an output layer that is tied to the embeddings may be among them
    config     config.json of the checkpoint that training started from, or of a new one
    tokenizer  as base_tokenizer gives it
    card       text of README.md
    dtype      a name in DTYPES
    """
    fresh = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    tied = ARCHITECTURES[config["model_type"]].read(config).tied
    stored = {
        name: tensor.detach().to("cpu", DTYPES[dtype]).contiguous()
        for name, tensor in weights.items()
        if name != OUTPUT or not tied
    }
    broken = [name for name, tensor in stored.items() if not tensor.isfinite().all()]
    if broken:
        raise ValueError(
            f"{broken[0]} and {len(broken) - 1} other tensors have numbers that {dtype} cannot hold, or none at all: "
            "the run diverged (lower the learning rate), or export as bfloat16"
        )
    save_file(stored, fresh / "model.safetensors", metadata={"format": "pt"})
    (fresh / "model.safetensors").chmod(0o644)  # safetensors writes it for the owner alone
    settings = {name: value for name, value in config.items() if name not in ("dtype", "transformers_version")}
    write_json(fresh / "config.json", {**settings, "torch_dtype": dtype, "tie_word_embeddings": tied})
    tokenizer.save(str(fresh / "tokenizer.json"))
    eos, pad = (config.get(f"{name}_token_id") for name in ("eos", "pad"))
    names = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": tokenizer.id_to_token(eos),
        "pad_token": tokenizer.id_to_token(eos if pad is None else pad),
    }
    write_json(fresh / "tokenizer_config.json", names)
    write_json(fresh / "beautifier.json", {"family": family.name})
    (fresh / "README.md").write_text(card, encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)


def empty(folder: Path) -> Path:
    """A new folder to fill, which then takes the place of `folder`."""
    fresh = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    return fresh


def put_in_place(fresh: Path, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)


def write_json(path: Path, values: dict) -> None:
    path.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
