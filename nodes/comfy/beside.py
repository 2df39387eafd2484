"""What is written in a model file, or beside it, about the image model that it comes from.

Programs that download models leave a note with what the site says: `name.civitai.info` (Civitai Helper),
`name.metadata.json` (LoRA Manager), `name.cm-info.json` (Stability Matrix), `name.cminfo.json` (Civicomfy), `name.json`
(AUTOMATIC1111). A safetensors file begins with a JSON text: metadata of the training, and the names of the tensors.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path

import folder_paths

from ...beautifier.files import read_json
from ...beautifier.graph import FILE, Graph

KINDS = ("checkpoints", "diffusion_models")
NOTES = (".civitai.info", ".metadata.json", ".cm-info.json", ".cminfo.json", ".json")
KEYS = ("baseModel", "base_model", "BaseModel", "sd version")
ARCHITECTURES = ("modelspec.architecture", "ss_base_model_version")
LARGEST_HEADER = 50_000_000  # bytes; of a model in 8-bit parts it has 1,000,000


def with_words(graph: Graph, words: Callable[[Path], str]) -> Graph:
    """A graph in which the name of each model file stands behind what `words` has of it, as behind a folder."""

    def told(value: object) -> object:
        path = model_file(value) if isinstance(value, str) and FILE.search(value) else None
        found = words(path) if path else ""
        return f"{found}/{value}" if found else value

    return {
        key: {**node, "inputs": {name: told(value) for name, value in node["inputs"].items()}}
        if isinstance(node, Mapping) and isinstance(node.get("inputs"), Mapping)
        else node
        for key, node in graph.items()
    }


def model_file(name: str) -> Path | None:
    """Where a checkpoint or diffusion model lies; None where there is none of this name."""
    found = (folder_paths.get_full_path(kind, name) for kind in KINDS)
    return next((Path(path) for path in found if path), None)


def base_named(path: Path) -> str:
    """The base model that a note beside a file names; "" where there is no note, or it does not say."""
    for ending in NOTES:
        try:
            note = read_json(path.with_name(path.stem + ending))
        except (FileNotFoundError, ValueError):
            continue
        if base := first_text(note, KEYS):
            return plain(base)
    return ""


def first_text(values: Mapping, keys: Iterable[str]) -> str:
    """The first text among the values of these keys; "" where there is none."""
    found = (values.get(key) for key in keys)
    return next((each for each in found if isinstance(each, str) and each.strip()), "")


def architecture(path: Path) -> str:
    """What the header of a safetensors file says: the architecture in its metadata, or what its tensors are called."""
    try:
        stat = path.stat()
    except OSError:
        return ""
    return _architecture(path, stat.st_mtime_ns, stat.st_size) if path.suffix == ".safetensors" else ""


@lru_cache(maxsize=64)
def _architecture(path: Path, _changed: int, size: int) -> str:
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length)) if length <= min(size, LARGEST_HEADER) else None
    except (OSError, ValueError, RecursionError):
        return ""
    if not isinstance(header, dict):
        return ""
    metadata = header.pop("__metadata__", None) or {}
    if isinstance(metadata, dict) and (named := first_text(metadata, ARCHITECTURES)):
        return plain(named)
    return plain(" ".join(dict.fromkeys(".".join(name.split(".")[:3]) for name in header)))


def plain(words: str) -> str:
    return re.sub(r"[^\w.]+", " ", words).strip()
