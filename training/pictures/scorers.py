"""Scorers by what stands on the command line: NAME, or NAME=PLACE with files of one's own.

pickscore  aesthetic  clip-score  hps-v2.1  imagereward     as the library has them, downloaded where they are not
hps-v1=FILE                                                 HPS of Wu et al. 2023 (arXiv 2303.14420): hpc.pt of
                                                            github.com/tgxs002/align_sd, or its safetensors
"""

from pathlib import Path

from ...beautifier.images.scorer_kinds import SCORERS, ScorerKind


def kind_of(spec: str) -> ScorerKind:
    """The scorer that is given as NAME or NAME=PLACE. Raises ValueError for an unknown one."""
    name = spec.partition("=")[0]
    if name not in SCORERS:
        raise ValueError(f"there is no scorer {name!r}: one of {', '.join(SCORERS)}")
    return SCORERS[name]


def open_scorer(spec: str, models: Path | None, device: str):
    """A scorer of NAME=PLACE, a folder or a file, or of NAME, whose files are looked for and downloaded.

    models  folder for downloads; None are the folders of the ComfyUI that this pack lies in, as the nodes use them,
            or one in the home folder
    """
    from ...beautifier.images.scorer_files import default_folders, obtain_scorer
    from ...beautifier.images.scorers import load_scorer

    name, place = kind_of(spec).name, spec.partition("=")[2]
    if place:
        return load_scorer(name, Path(place), device)
    return load_scorer(name, obtain_scorer(name, {"scorers": [models]} if models else default_folders()), device)
