"""Pickled weights of a checkpoint folder, written as safetensors beside it once: later loads read these alone."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ..pickles import to_safetensors
from .weight_names import CONVERTED, PICKLES, weight_files

log = logging.getLogger(__name__)


def safe_weight_files(folder: Path, is_wanted: Callable[[str], bool]) -> list[Path]:
    """The files with the weights of a folder, as weight_files has them; of pickled ones, what was made of them.

    is_wanted  whether a tensor of that name is needed; the others are left out of what is made
    A folder that cannot be written into keeps its pickled files, and these are read. Errors are those of weight_files
    and of to_safetensors.
    """
    return [converted(path, is_wanted) if path.suffix in PICKLES else path for path in weight_files(folder)]


def converted(path: Path, is_wanted: Callable[[str], bool]) -> Path:
    """The safetensors of a pickled file, written beside it unless they are there and no older; else the file itself."""
    target = path.with_suffix(CONVERTED)
    waiting = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        if not target.exists() or target.stat().st_mtime < path.stat().st_mtime:
            to_safetensors(path, waiting, is_wanted)
            waiting.replace(target)
        return target
    except OSError as error:
        log.warning("%s cannot be written (%s): the pickled weights are read at every load", target, error)
        return path
    finally:
        with suppress(OSError):
            waiting.unlink()
