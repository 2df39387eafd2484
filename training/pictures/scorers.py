"""Scorers by what stands on the command line: NAME, or NAME=FOLDER with the files of one's own.

    pickscore  aesthetic  clip-score  hps-v2.1  imagereward     as the library has them, downloaded where they are not
    hps-v1=FILE                                                 HPS of Wu et al. 2023 (arXiv 2303.14420): hpc.pt of
                                                                github.com/tgxs002/align_sd, or its safetensors

HPS v1 is the cosine of a CLIP ViT-L/14 that was fine-tuned on choices of people; BeautifulPrompt's table has it. It is
read as the CLIP score is, with other weights.
"""

from pathlib import Path

from ...beautifier.images.scorer_kinds import SCORERS

HPS_V1 = "hps-v1"
# The column of a scorer in rows with scores; the published data has the names of the first three.
COLUMNS = {
    "pickscore": "pick_score",
    "aesthetic": "aesthetic_score",
    "imagereward": "image_reward",
    "clip-score": "clip_score",
    "hps-v2.1": "hps_score",
    HPS_V1: "hps_v1_score",
}


def name_of(spec: str) -> str:
    """The scorer that is given as NAME or NAME=FOLDER. Raises ValueError for an unknown one."""
    name = spec.partition("=")[0]
    if name not in COLUMNS:
        raise ValueError(f"there is no scorer {name!r}: one of {', '.join(COLUMNS)}")
    return name


def column_of(spec: str) -> str:
    """The column of a scorer in rows with scores."""
    return COLUMNS[name_of(spec)]


def title_of(spec: str) -> tuple[str, int]:
    """What a scorer is called in tables, and how many decimals of its scores are worth showing."""
    name = name_of(spec)
    return ("HPS v1", 3) if name == HPS_V1 else (SCORERS[name].title, SCORERS[name].decimals)


def open_scorer(spec: str, models: Path | None, device: str):
    """A scorer of NAME=FOLDER, or of NAME, whose files are looked for and downloaded where they are missing.

    models  folder for downloads; None are the folders of the ComfyUI that this pack lies in, as the nodes use them,
            or one in the home folder
    """
    from ...beautifier.images.scorer_files import default_folders, obtain_scorer
    from ...beautifier.images.scorers import load_scorer

    name, (_, _, folder) = name_of(spec), spec.partition("=")
    if name == HPS_V1:
        return load_scorer("clip-score", {"clip": hps_v1_file(folder)}, device)
    if folder:
        return load_scorer(name, Path(folder), device)
    return load_scorer(name, obtain_scorer(name, {"scorers": [models]} if models else default_folders()), device)


def hps_v1_file(given: str) -> Path:
    """The safetensors of HPS v1, made once beside the published file; no code in that file is run."""
    from ...beautifier.pickles import to_safetensors

    path = Path(given)
    if not given or not path.is_file():
        raise FileNotFoundError(
            f"{HPS_V1} is not downloaded: give {HPS_V1}=FILE, with hpc.pt of github.com/tgxs002/align_sd"
        )
    made = path.with_suffix(".safetensors")
    if path != made and not made.is_file():
        to_safetensors(path, made)
    return made
