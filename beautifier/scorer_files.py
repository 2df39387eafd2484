"""The files that image scorers are made of: found where the user has them already, or downloaded.

A scorer has parts, and each part is one file:

    pickscore    clip             CLIP ViT-H/14, fine-tuned                       (Hugging Face's names)
    aesthetic    clip, head       CLIP ViT-L/14 (its image half will do), and the head on top of it
    clip-score   clip             CLIP ViT-L/14
    hps-v2.1     clip             CLIP ViT-H/14, fine-tuned                       (open_clip's names)
    imagereward  model, vocab     BLIP with a reward head; the vocabulary of its BERT

`obtain_scorer` gives {part: file}.

The weights of a scorer cannot be told from those of another with the same architecture by their header, so a file
of the user's is taken only where both its name and its header are those of the part.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from safetensors import safe_open

from .catalog import SCORER_CATALOG, Checkpoint
from .network import check_inside, read_json
from .store import DownloadError, default_folder, download, gigabytes, locate, sha256, size_to_download

# How deep below a model folder files are looked for: owner/name/file, and one level for people's own order.
DEEPEST = 3

# In a folder of the user's own: {"kind": "pickscore", "files": {"clip": "my.safetensors"}}.
DESCRIPTION = "scorer.json"

Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Part:
    """One file of a scorer.

    checkpoint  what to download for it, the first file of which is the part
    known_as    other names that people give the file, without suffix; a file called model.safetensors has that of
                its folder
    shapes      what its header must hold, in one of these ways; none for a file that is no safetensors
    """

    checkpoint: Checkpoint
    known_as: tuple[str, ...]
    shapes: tuple[Shapes, ...] = ()


# Names and shapes that show an architecture, as Hugging Face and as open_clip call them.
VIT_L_IMAGE = (
    {
        "vision_model.embeddings.patch_embedding.weight": (1024, 3, 14, 14),
        "vision_model.encoder.layers.23.mlp.fc1.weight": (4096, 1024),
        "visual_projection.weight": (768, 1024),
    },
    {
        "visual.conv1.weight": (1024, 3, 14, 14),
        "visual.transformer.resblocks.23.mlp.c_fc.weight": (4096, 1024),
        "visual.proj": (1024, 768),
    },
)
VIT_L_TEXT = (
    {
        "text_model.encoder.layers.11.mlp.fc1.weight": (3072, 768),
        "text_model.embeddings.position_embedding.weight": (77, 768),
        "text_projection.weight": (768, 768),
        "logit_scale": (),
    },
    {
        "transformer.resblocks.11.mlp.c_fc.weight": (3072, 768),
        "positional_embedding": (77, 768),
        "text_projection": (768, 768),
        "logit_scale": (),
    },
)
VIT_H = (
    {
        "vision_model.embeddings.patch_embedding.weight": (1280, 3, 14, 14),
        "vision_model.encoder.layers.31.mlp.fc1.weight": (5120, 1280),
        "visual_projection.weight": (1024, 1280),
        "text_model.encoder.layers.23.mlp.fc1.weight": (4096, 1024),
        "text_projection.weight": (1024, 1024),
        "logit_scale": (),
    },
    {
        "visual.conv1.weight": (1280, 3, 14, 14),
        "visual.transformer.resblocks.31.mlp.c_fc.weight": (5120, 1280),
        "visual.proj": (1280, 1024),
        "transformer.resblocks.23.mlp.c_fc.weight": (4096, 1024),
        "text_projection": (1024, 1024),
        "logit_scale": (),
    },
)
AESTHETIC_HEAD = ({"layers.0.weight": (1024, 768), "layers.2.weight": (128, 1024), "layers.7.weight": (1, 16)},)
IMAGE_REWARD = (
    {
        "blip.visual_encoder.blocks.23.attn.qkv.weight": (3072, 1024),
        "blip.text_encoder.encoder.layer.11.crossattention.self.key.weight": (768, 1024),
        "mlp.layers.0.weight": (1024, 768),
        "mlp.layers.7.weight": (1, 16),
    },
)

OPENAI_CLIP = ("clip-vit-large-patch14", "clip_vit_large_patch14")

SCORER_PARTS: dict[str, dict[str, Part]] = {
    "pickscore": {
        "clip": Part(SCORER_CATALOG["pickscore"], ("PickScore_v1", "PickScore", "Pick-A-Pic", "pickscore-v1"), VIT_H)
    },
    "aesthetic": {
        "clip": Part(SCORER_CATALOG["clip-vit-l-14"], OPENAI_CLIP, VIT_L_IMAGE),
        "head": Part(SCORER_CATALOG["aesthetic-head"], ("sac+logos+ava1-l14-linearMSE",), AESTHETIC_HEAD),
    },
    "clip-score": {
        "clip": Part(
            SCORER_CATALOG["clip-vit-l-14"],
            OPENAI_CLIP,
            tuple(image | text for image, text in zip(VIT_L_IMAGE, VIT_L_TEXT, strict=True)),
        )
    },
    "hps-v2.1": {"clip": Part(SCORER_CATALOG["hps-v2.1"], ("HPS_v2.1_compressed", "HPS_v2.1", "hpsv21"), VIT_H)},
    "imagereward": {
        "model": Part(SCORER_CATALOG["imagereward"], ("ImageReward", "ImageReward-v1.0"), IMAGE_REWARD),
        "vocab": Part(SCORER_CATALOG["bert-vocabulary"], ("bert-base-uncased",)),
    },
}

KINDS = tuple(SCORER_PARTS)


@dataclass(frozen=True)
class LocalScorer:
    """A scorer in a folder of the user's own: its kind, one of KINDS, and its files by part."""

    kind: str
    files: dict[str, Path]


# -- what is there


def list_scorers(folders: dict[str, list[Path]]) -> dict[str, LocalScorer]:
    """The scorers of the user's own below folders["scorers"], by the path of their folder relative to it.

    Such a folder holds scorer.json: its kind, and the name of the file of each part that is not called after the
    part (clip.safetensors, head.safetensors, model.safetensors, vocab.txt). Of two with the same name the first
    counts; one with the name of a kind serves as that published scorer instead, if it is one. What is not whole
    is left out. Sorted by name.
    """
    found = {}
    for name, folder in described_folders(folders["scorers"]).items():
        with suppress(OSError, ValueError):
            found[name] = read_scorer(folder)
    return found


def described_folders(stores: list[Path]) -> dict[str, Path]:
    """The folders with a scorer.json below model folders, by name; sorted."""
    found: dict[str, Path] = {}
    for store in map(Path, stores):
        for path in files_below(store, DEEPEST):
            name = path.parent.relative_to(store).as_posix()
            if path.name == DESCRIPTION and name not in (".", *SCORER_PARTS):
                found.setdefault(name, path.parent)
    return dict(sorted(found.items(), key=lambda item: item[0].casefold()))


def read_scorer(folder: Path) -> LocalScorer:
    """The scorer in a folder of the user's own.

    Raises ValueError or FileNotFoundError that name the file and what is wrong with it.
    """
    path = folder / DESCRIPTION
    raw = read_json(path)
    kind, names = raw.get("kind"), raw.get("files", {})
    if not isinstance(kind, str) or kind not in SCORER_PARTS:
        raise ValueError(f"{path}: kind must be one of {', '.join(KINDS)}, not {kind!r}")
    if not isinstance(names, dict):
        raise ValueError(f"{path}: files must be an object of file names by part")
    usual = {part: default_name(part, kind) for part in SCORER_PARTS[kind]}
    files = {}
    for part, name in (usual | names).items():
        if not isinstance(name, str) or not name or Path(name).name != name:
            raise ValueError(f"{path}: files: {part} must name a file in the same folder, not {name!r}")
        files[part] = folder / name
        if not files[part].is_file():
            raise FileNotFoundError(f"{folder} has no {name}, which its {DESCRIPTION} needs as {part}")
        check_inside(files[part])
    return LocalScorer(kind, files)


def default_name(part: str, kind: str) -> str:
    """What the file of a part is called in a folder of the user's own."""
    return part + Path(SCORER_PARTS[kind][part].checkpoint.files[0].name).suffix


def files_below(folder: Path, depth: int) -> Iterator[Path]:
    """The files below a folder, so many levels deep; what is hidden or cannot be read is left out."""
    try:
        entries = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError:
        return
    yield from (path for path in entries if path.is_file())
    if depth:
        for path in entries:
            if path.is_dir():
                yield from files_below(path, depth - 1)


def find_parts(kind: str, folders: dict[str, list[Path]], files: list[Path] | None = None) -> dict[str, Path | None]:
    """The file of each part of a published scorer, wherever it is; None for what has to be downloaded.

    Where the store has put it comes first, then files of the user's in any of the folders, in their order; `files`
    are those, where they have been looked for already.
    """
    files = every_file(folders) if files is None else files
    return {part: find_part(kind, part, folders["scorers"], files) for part in SCORER_PARTS[kind]}


def every_file(folders: dict[str, list[Path]]) -> list[Path]:
    return [path for each in folders.values() for folder in each for path in files_below(Path(folder), DEEPEST)]


def find_part(kind: str, part: str, stores: list[Path], files: list[Path]) -> Path | None:
    piece = SCORER_PARTS[kind][part]
    place = locate(piece.checkpoint, stores)
    own = [place / piece.checkpoint.files[0].name] if place else []
    named = [path for path in files if is_named_as(path, kind, part)]
    return next((path for path in own + named if is_part(path, piece)), None)


# Names that say nothing: what such a file is, the name of its folder says.
NAMELESS = ("model", "vocab")


def is_named_as(path: Path, kind: str, part: str) -> bool:
    """Whether a file has one of the names of a part: PickScore_v1.safetensors, PickScore_v1/model.safetensors, or
    pickscore/clip.safetensors."""
    piece = SCORER_PARTS[kind][part]
    published = Path(piece.checkpoint.files[0].name)
    if path.suffix.lower() != published.suffix:
        return False
    if (path.parent.name.casefold(), path.stem.casefold()) == (kind, part):
        return True
    name = path.parent.name if path.stem.casefold() in NAMELESS else path.stem
    return name.casefold() in {known.casefold() for known in (published.stem, *piece.known_as)}


def is_part(path: Path, piece: Part) -> bool:
    """Whether the header of a file is that of a part; for a file without header, whether it is the published one."""
    if piece.shapes:
        return any(has_shapes(path, shapes) for shapes in piece.shapes)
    published = piece.checkpoint.files[0]
    try:
        return path.stat().st_size == published.size and sha256(path) == published.sha256
    except OSError:
        return False


def has_shapes(path: Path, shapes: Shapes) -> bool:
    """Whether a safetensors file holds tensors of these names and shapes, as numbers that need no scales."""
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            if not shapes.keys() <= set(file.keys()):
                return False
            slices = {name: file.get_slice(name) for name in shapes}
            return all(
                tuple(found.get_shape()) == shapes[name] and found.get_dtype() in ("F64", "F32", "F16", "BF16")
                for name, found in slices.items()
            )
    except Exception:  # safetensors raises its own class, OSError, or others, by what is wrong
        return False


def default_folders() -> dict[str, list[Path]]:
    """The model folders of a caller that was given none.

    Inside ComfyUI/custom_nodes those of that ComfyUI, so that training and the nodes share what they download;
    elsewhere one folder below store.default_folder().
    """
    models = default_folder()
    if models.name != "LLM":
        return {"scorers": [models / "scorers"]}
    return {name: [models.parent / name] for name in ("scorers", "clip_vision", "text_encoders", "LLM")}


def scorer_choices(folders: dict[str, list[Path]]) -> dict[str, str]:
    """Every scorer that can be loaded, by name: how a menu may show it.

    "pickscore (3.94 GB download)" for a published one of which files are missing, else its name; one of the user's
    own has the path of its folder.
    """
    shown, files = {}, every_file(folders)
    for kind, parts in SCORER_PARTS.items():
        found = find_parts(kind, folders, files)
        sizes = [size_to_download(parts[part].checkpoint, folders["scorers"]) for part in parts if not found[part]]
        shown[kind] = f"{kind} ({gigabytes(sum(sizes))} download)" if sizes else kind
    return shown | {name: name for name in list_scorers(folders)}


def name_in(choice: str) -> str:
    """The name in what a menu showed, whatever it said about a download when it was saved."""
    name = choice.partition(" (")[0]
    return name if name in SCORER_PARTS else choice


def kind_of(name: str, folders: dict[str, list[Path]]) -> str:
    """The kind, one of KINDS, of a scorer that a user chose. Raises as obtain_scorer()."""
    name = name_in(name)
    return name if name in SCORER_PARTS else local_scorer(name, folders).kind


def local_scorer(name: str, folders: dict[str, list[Path]]) -> LocalScorer:
    """A scorer of the user's own. Raises FileNotFoundError for an unknown name, else as read_scorer()."""
    described = described_folders(folders["scorers"])
    if name not in described:
        raise FileNotFoundError(
            f"there is no scorer {name!r} in {', '.join(map(str, folders['scorers']))}: put its folder there "
            f"({DESCRIPTION} and its weights), or choose one that can be downloaded ({', '.join(KINDS)})"
        )
    return read_scorer(described[name])


# -- getting it there


def obtain_scorer(
    name: str,
    folders: dict[str, list[Path]],
    on_progress: Callable[[int, int], object] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> dict[str, Path]:
    """The files of a scorer that a user chose, by part; what is missing of a published one is downloaded.

    name     of a published scorer, or a path that list_scorers gives, or what a menu showed for either
    folders  model folders by what they hold: "scorers", into the first of which downloads go, and others in which
             the user may have files already ("clip_vision", "text_encoders", "LLM")
    on_progress  called with (bytes there, bytes of all files to download)
    should_stop  as for store.download()

    Nothing is asked of a network where the files are there. Raises FileNotFoundError for an unknown name,
    ValueError or FileNotFoundError for a scorer of the user's own that is not whole, DownloadError for a download
    that failed or brought something else.
    """
    name = name_in(name)
    if name not in SCORER_PARTS:
        return local_scorer(name, folders).files
    found = find_parts(name, folders)
    missing = [part for part, path in found.items() if path is None]
    sizes = [SCORER_PARTS[name][part].checkpoint.bytes for part in missing]
    for i, part in enumerate(missing):
        before, after = sum(sizes[:i]), sum(sizes[i + 1 :])
        found[part] = bring_part(
            SCORER_PARTS[name][part],
            folders["scorers"][0],
            on_progress and (lambda done, size: on_progress(before + done, before + size + after)),  # noqa: B023
            should_stop,
        )
    return found


def bring_part(piece: Part, folder: Path, on_bytes: Callable | None, should_stop: Callable | None) -> Path:
    """Download the file of a part. Raises DownloadError, also where it is not what it ought to be."""
    place = download(piece.checkpoint, folder, on_bytes, should_stop)
    path = place / piece.checkpoint.files[0].name
    if not is_part(path, piece):
        raise DownloadError(
            f"{path} is not the {piece.checkpoint.name} that this pack knows: its tensors have other names or shapes",
            f"Delete {place} and run again; if that does not help, update this pack",
        )
    return path
