"""Load whoever writes: the embedded model, or a checkpoint folder. `path.beautify` is what it then does."""

from pathlib import Path

import torch

from .families import FAMILIES, Family
from .files import read_json
from .language.architectures.table import read_config
from .language.network import DecoderOnly
from .language.packed import BFLOAT16_HIDDEN_SIZE, SMALLEST_HIDDEN_SIZE, can_pack, fast_dtype, load_packed
from .language.tokenizer import load_tokenizer
from .language.weights import load_network
from .language.writer import Beautifier
from .path import Writer


def load_beautifier(
    model: str | Path = "embedded",
    device: str | torch.device = "cpu",
    dtype: torch.dtype | None = None,
    family: str | Family | None = None,
    stays: bool = True,
) -> Writer:
    """Load the embedded model, or a checkpoint folder (config.json, tokenizer.json and safetensors).

    The embedded model always runs on the CPU in float32: the other arguments are for checkpoints.

    dtype   None is float16 on a GPU; on a CPU float32 for small checkpoints, for larger ones bfloat16 where the
            processor has it. torch.int8 is for a CPU alone: see language/packed.py
    family  how the checkpoint is asked: a name in FAMILIES or a Family; None reads it from beautifier.json,
            which training writes beside the weights
    stays   False: the weights will be moved to another device; on a CPU they are laid out for it otherwise

    Raises FileNotFoundError for files that are not there, ValueError for files that cannot be understood.
    """
    if model == "embedded":
        from .composing.writer import load_embedded

        return load_embedded()
    folder = Path(model)
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
    network = load_fastest(folder, dtype, device, stays)
    return Beautifier(folder.resolve().name, family, network, tokenizer)


def load_fastest(folder: Path, dtype: torch.dtype | None, device: torch.device, stays: bool) -> DecoderOnly:
    """The network in the form that is fastest where it runs; arguments as those of load_beautifier."""
    if device.type != "cpu" or not stays:
        if dtype == torch.int8:
            raise ValueError("int8 is for the CPU: choose it as the device, or another dtype")
        return load_network(folder, dtype or torch.float16, device)
    width = read_config(folder).hidden_size
    if dtype is None:
        dtype = torch.float32 if width < BFLOAT16_HIDDEN_SIZE else fast_dtype()
    if dtype == torch.int8 or (width >= SMALLEST_HIDDEN_SIZE and can_pack(dtype)):
        return load_packed(folder, dtype)
    return load_network(folder, dtype, device)


def find_family(folder: Path, family: str | Family | None) -> Family:
    """The family a caller named, or else the one named in the folder's beautifier.json."""
    if isinstance(family, Family):
        return family
    known = ", ".join(FAMILIES)
    if family is None:
        path = folder / "beautifier.json"
        if not path.is_file():
            raise FileNotFoundError(
                f"{folder} has no beautifier.json, which says how to ask a checkpoint: "
                f'name its family ({known}), or write {{"family": "..."}} into that file'
            )
        try:
            family = read_json(path)["family"]
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ValueError(f'{path} must hold {{"family": ...}}, one of {known}: {error!r}') from error
    if not isinstance(family, str) or family not in FAMILIES:
        raise ValueError(f"{family!r} is not a family of checkpoints: {folder} needs one of {known}")
    return FAMILIES[family]
