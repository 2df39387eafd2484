"""Load a checkpoint folder as a writer: its family, its tokenizer, its network in the form that is fastest."""

from dataclasses import replace
from pathlib import Path

import torch

from ..chat.instruction import SYSTEM_PROMPT
from ..families import CHAT, FAMILIES, Family, chat_family
from ..files import name_of, read_json
from .architectures.table import read_config
from .chat_template import end_of_turn, load_chat_template
from .config import NetworkConfig
from .int4 import load_int4
from .network import DecoderOnly
from .packed import BFLOAT16_FROM, INT4, PACKED_FROM, can_pack, fast_dtype, load_packed
from .t5 import T5
from .t5_config import T5_TYPE
from .t5_file import load_t5
from .t5_packed import pack
from .tokenizer import load_tokenizer
from .weights import load_network
from .writer import Beautifier


def load_checkpoint(
    folder: Path,
    device: str | torch.device = "cpu",
    dtype: torch.dtype | None = None,
    family: str | Family | None = None,
    stays: bool = True,
    instruction: str = "",
) -> Beautifier:
    """The writer of a checkpoint folder; arguments and errors as those of load_beautifier."""
    if not folder.is_dir():
        raise FileNotFoundError(
            f"there is no checkpoint folder {folder}: "
            "give 'embedded' or a folder with config.json, tokenizer.json and *.safetensors"
        )
    if not (folder / "config.json").is_file():
        raise FileNotFoundError(f"{folder} has no config.json: it is no checkpoint, or a copy is incomplete")
    family = find_family(folder, family)
    tokenizer = load_tokenizer(folder)
    device = torch.device(device)
    network: DecoderOnly | T5
    if read_json(folder / "config.json").get("model_type") == T5_TYPE:
        network = load_fastest_t5(folder, dtype, device, stays)
    else:
        network = load_fastest(folder, dtype, device, stays)
    if family.chats and isinstance(network, DecoderOnly):
        network.config = ending_turns(network.config, end_of_turn(folder, tokenizer))
    return Beautifier(name_of(folder), family, network, tokenizer, instruction)


def ending_turns(config: NetworkConfig, end: int | None) -> NetworkConfig:
    """The shape of a network whose answers end with that token, too; many a chat model's config.json forgets it."""
    if end is None or end in config.ends or end >= config.vocab_size:
        return config
    if config.eos_token_id is None:
        return replace(config, eos_token_id=end)
    return replace(config, stop_token_ids=(*config.stop_token_ids, end))


def load_fastest(folder: Path, dtype: torch.dtype | None, device: torch.device, stays: bool) -> DecoderOnly:
    """The network in the form that is fastest where it runs; arguments as those of load_checkpoint."""
    if device.type != "cpu" or not stays:
        if dtype == torch.int8:
            raise ValueError("int8 is for the CPU: choose it as the device, or another dtype")
        if dtype is not None and dtype == INT4:
            return load_int4(folder, device)
        return load_network(folder, dtype or half_dtype(folder), device)
    width = read_config(folder).hidden_size
    if dtype is None:
        dtype = torch.float32 if width < BFLOAT16_FROM else fast_dtype()
    if dtype in (torch.int8, INT4) or (width >= PACKED_FROM and can_pack(dtype)):
        return load_packed(folder, dtype)
    return load_network(folder, dtype, device)


def load_fastest_t5(folder: Path, dtype: torch.dtype | None, device: torch.device, stays: bool) -> T5:
    """A T5 in the form that is fastest where it runs; arguments as those of load_checkpoint."""
    if dtype == torch.int8:
        if device.type != "cpu" or not stays:
            raise ValueError("int8 is for the CPU: choose it as the device, or another dtype")
        return pack(load_t5(folder), torch.int8)
    number = t5_dtype(dtype, device, stays)
    network = load_t5(folder, number, device)
    packs = device.type == "cpu" and stays and number == torch.float32 and can_pack(number)
    return pack(network, number) if packs and network.config.hidden_size >= PACKED_FROM else network


def t5_dtype(dtype: torch.dtype | None, device: torch.device, stays: bool) -> torch.dtype:
    """What a T5 computes in: float32 on a CPU, else bfloat16. In float16, which is what ComfyUI gives text encoders,
    its sums overflow: it takes bfloat16 instead."""
    if dtype == INT4:
        raise ValueError(f"{dtype} is not for a T5: choose float32, bfloat16 or, on a CPU, int8")
    if dtype is None:
        return torch.float32 if device.type == "cpu" and stays else torch.bfloat16
    return torch.bfloat16 if dtype == torch.float16 else dtype


def half_dtype(folder: Path) -> torch.dtype:
    """What a GPU computes in: bfloat16 where the checkpoint is stored so, whose range float16 lacks; else float16."""
    raw = read_json(folder / "config.json")
    return torch.bfloat16 if raw.get("dtype", raw.get("torch_dtype")) == "bfloat16" else torch.float16


def find_family(folder: Path, family: str | Family | None) -> Family:
    """The family a caller named, or the one in the folder's beautifier.json, or else that of its chat template."""
    if isinstance(family, Family):
        return family
    known = ", ".join((*FAMILIES, CHAT.name))
    if family is None:
        path = folder / "beautifier.json"
        if not path.is_file():
            if (template := load_chat_template(folder)) is not None:
                return chat_family(template.asked(SYSTEM_PROMPT))
            raise FileNotFoundError(
                f"{folder} has no beautifier.json, which says how to ask a checkpoint, and no chat template: "
                f'name its family ({known}), or write {{"family": "..."}} into that file'
            )
        try:
            family = read_json(path)["family"]
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ValueError(f'{path} must hold {{"family": ...}}, one of {known}: {error!r}') from error
    if family == CHAT.name:
        template = load_chat_template(folder)
        if template is None:
            raise ValueError(f"{folder} has no chat template: copy its tokenizer_config.json there, or name {known}")
        return chat_family(template.asked(SYSTEM_PROMPT))
    if not isinstance(family, str) or family not in FAMILIES:
        raise ValueError(f"{family!r} is not a family of checkpoints: {folder} needs one of {known}")
    return FAMILIES[family]
