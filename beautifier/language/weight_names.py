"""Which files of a checkpoint folder hold its weights: for who loads them, and for who lists folders."""

from pathlib import Path

from ..files import read_json

# Packed weights, made of a checkpoint and kept beside it: see int8_file.py and int4_file.py.
INT8_FILE, INT4_FILE = "model.int8.safetensors", "model.int4.safetensors"
# The end of what is made of a pickled file: see converted.py.
CONVERTED = ".converted.safetensors"
PICKLES = (".bin", ".pt", ".pth")
# What stands beside weights and is none: an adapter of others, and what a training would go on from.
_NO_WEIGHTS = ("adapter_", "training_args", "optimizer", "scheduler", "scaler", "rng_state", "random_states")


def weight_files(folder: Path) -> list[Path]:
    """The files with the weights of a checkpoint folder: model.safetensors, or the shards of its index, or whatever
    safetensors there are; else the same of pytorch_model.bin and other pickles.

    Raises FileNotFoundError when one is missing, ValueError when the index names one outside the folder.
    """
    folder = Path(folder)
    names = _weight_names(folder)
    for name in names:
        if not (folder / name).exists():
            raise FileNotFoundError(f"{folder} has no {name}: it is no checkpoint, or a download is incomplete")
    return [folder / name for name in names]


def _weight_names(folder: Path) -> list[str]:
    for whole, suffixes in (("model.safetensors", (".safetensors",)), ("pytorch_model.bin", PICKLES)):
        index = folder / f"{whole}.index.json"
        if (folder / whole).exists():  # as transformers, which then looks at no index
            return [whole]
        if index.exists():
            return _indexed_names(index, Path(whole).suffix)
        if others := other_names(folder, suffixes):
            return others
    return ["model.safetensors"]  # which then is missing


def other_names(folder: Path, suffixes: tuple[str, ...]) -> list[str]:
    """The names of the files of weights with such endings in a folder, whatever they are called."""
    names = sorted(path.name for path in folder.iterdir() if path.suffix.lower() in suffixes)
    made = (INT8_FILE, INT4_FILE, CONVERTED)
    return [name for name in names if not name.endswith(made) and not name.startswith((".", *_NO_WEIGHTS))]


def _indexed_names(index: Path, suffix: str) -> list[str]:
    """The names of the shards that an index speaks of."""
    weight_map = read_json(index).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise ValueError(f"{index} is not an index of weights: it has no weight_map")
    for name in weight_map.values():
        if not isinstance(name, str) or Path(name).name != name or not name.endswith(suffix):
            raise ValueError(f"{index} names {name!r}: shards must be {suffix[1:]} files in the same folder")
    return sorted(set(weight_map.values()))
