"""Names of folders and files: where a checkpoint lies, and where one waits that is on its way.

A checkpoint lies below a model folder, which the caller names: ComfyUI's models/LLM, or default_folder(); what
scorers are made of lies below models/scorers in the same way. What is on its way there waits in a hidden folder
beside its place, so that half a download never looks like a checkpoint.
"""

from pathlib import Path

from .catalog import Checkpoint

# models/LLM/owner/name/variant is as deep as people nest; the bound also ends walks through links that go
# round.
DEEPEST = 3

# In a checkpoint's folder: its family, and for a downloaded one where each file came from, its size and sha256.
NOTES = "beautifier.json"


def default_folder() -> Path:
    """The model folder of a caller that was given none.

    Inside ComfyUI/custom_nodes that ComfyUI's models/LLM, so that the command and the nodes share what they
    download; elsewhere .prompt-beautifier/models in the home folder.
    """
    pack = Path(__file__).resolve().parents[2]
    models = pack.parent.parent / "models"
    if pack.parent.name == "custom_nodes" and models.is_dir():
        return models / "LLM"
    return Path.home() / ".prompt-beautifier" / "models"


def place_of(checkpoint: Checkpoint, folder: Path) -> Path:
    """Where a checkpoint lies below a model folder; behind a link, so that files can be renamed into it."""
    place = Path(folder) / checkpoint.repository
    return place.resolve() if place.is_symlink() else place


def waiting_folder(place: Path) -> Path:
    """The hidden folder in which what is on its way to a place waits."""
    return place.with_name(f".{place.name}.download")


def bytes_below(folder: Path) -> int:
    """Bytes of the files in a folder, its notes left out; 0 where there is no folder."""
    if not folder.is_dir():
        return 0
    return sum(path.stat().st_size for path in folder.iterdir() if path.name != NOTES)


def gigabytes(size: int) -> str:
    """A number of bytes for people to read: "3.94 GB", or "231.5 kB" below 5 MB."""
    return f"{size / 1e9:.2f} GB" if size >= 5e6 else f"{size / 1e3:.1f} kB"
