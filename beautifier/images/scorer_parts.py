"""The parts of image scorers: one file each, told by its name and its header.

The weights of a scorer cannot be told from those of another with the same architecture by their header, so a file
of the user's is taken for a published one only where both its name and its header are those of the part.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ..checkpoints.catalog import Checkpoint
from ..checkpoints.transfer import sha256
from ..files import name_of
from ..weight_file import PICKLED, Headers, WeightFile
from .scorer_headers import Shapes, has_shapes

WEIGHTS = (".safetensors", *PICKLED)
# Names that say nothing: what such a file is, the name of its folder says.
NAMELESS = ("model", "vocab", "pytorch_model", "open_clip_pytorch_model", "open_clip_model")


@dataclass(frozen=True)
class Part:
    """One file of a scorer.

    file        its published name
    known_as    other names that people give the file, without suffix; one that says nothing has that of its folder
    shapes      what its header must hold, in one of these ways; none for a file that has no header
    download    what to download for it, the first file of which is the part; None: the user has to
    advice      where the user finds what is not downloaded
    own         whether a header shows that a file of any name in models/scorers may stand in for the part, as a scorer
                of the user's own; None: no file may
    """

    file: str
    known_as: tuple[str, ...] = ()
    shapes: tuple[Shapes, ...] = ()
    download: Checkpoint | None = None
    advice: str = ""
    own: Callable[[Headers], bool] | None = None

    @property
    def suffixes(self) -> tuple[str, ...]:
        """What the part's file may end in: weights are read from safetensors and from pickles."""
        suffix = Path(self.file).suffix
        return WEIGHTS if suffix in WEIGHTS else (suffix,)


def is_named_as(path: Path, kind: str, name: str, part: Part) -> bool:
    """Whether a file has one of the names of a part: PickScore_v1.pt, PickScore_v1/model.safetensors, or
    pickscore/clip.safetensors."""
    if path.suffix.lower() not in part.suffixes:
        return False
    stem = path.stem.casefold().replace("%2b", "+")  # as some downloads leave it
    if (path.parent.name.casefold(), stem) == (kind, name):
        return True
    called = name_of(path.parent).rpartition("/")[2].casefold() if stem in NAMELESS else stem
    return called in {known.casefold() for known in (Path(part.file).stem, *part.known_as)} - set(NAMELESS)


def is_part(path: Path, part: Part) -> bool:
    """Whether the header of a file is that of a part; for a file without header, whether it is the published one."""
    if part.shapes:
        headers = headers_of(path)
        return any(has_shapes(headers, shapes) for shapes in part.shapes)
    if part.download is None:
        return False
    published = part.download.files[0]
    try:
        return path.stat().st_size == published.size and sha256(path) == published.sha256
    except OSError:
        return False


def headers_of(path: Path) -> Headers:
    """What the header of a file of weights says, once while the file stays as it is; {} where it cannot be read."""
    try:
        found = path.stat()
    except OSError:
        return {}
    return _headers(path, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=64)
def _headers(path: Path, changed: int, size: int) -> Headers:
    try:
        return WeightFile(path).headers()
    except (OSError, ValueError):
        return {}
