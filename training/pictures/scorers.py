"""Scorers by what stands on the command line: NAME, or NAME=PLACE with files of one's own.

pickscore  aesthetic  …                                     rows of SCORERS; files that are not there are downloaded
vqa=ADDRESS                                                 a vision model on a server (vision.py)
dpg=dpg_bench.csv,ADDRESS                                   DPG-Bench's questions, put to such a model (questions.py)
hpsv3  hpsv3=FILE                                           HPSv3 by its authors' package (hpsv3.py)
hps-v1=FILE                                                 HPS of Wu et al. 2023 (arXiv 2303.14420): hpc.pt of
                                                            github.com/tgxs002/align_sd, or its safetensors
"""

from dataclasses import dataclass
from pathlib import Path

from ...beautifier.images.scorer_kinds import SCORERS, ScorerKind
from .hpsv3 import HPSv3Judge
from .questions import QuestionJudge
from .vision import VisionJudge


@dataclass(frozen=True)
class Column:
    """What a judge that the library has not is called in rows and tables; the fields are those of ScorerKind."""

    name: str
    title: str
    decimals: int
    column: str


VISION = Column("vqa", "VQAScore", 3, "vqa_score")
DPG = Column("dpg", "DPG-Bench", 3, "dpg_score")
HPSV3 = Column("hpsv3", "HPSv3", 3, "hpsv3_score")


def kind_of(spec: str) -> ScorerKind | Column:
    """The scorer that is given as NAME or NAME=PLACE. Raises ValueError for an unknown one."""
    name, _, place = spec.partition("=")
    if name == VISION.name:
        if not place:
            raise ValueError("vqa needs the address of a vision model: vqa=http://localhost:8000/v1")
        return VISION
    if name == DPG.name:
        if not place:
            raise ValueError("dpg needs questions and a vision model: dpg=dpg_bench.csv,http://localhost:8000/v1")
        return DPG
    if name == HPSV3.name:
        return HPSV3
    if name not in SCORERS:
        raise ValueError(
            f"there is no scorer {name!r}: one of {', '.join((*SCORERS, VISION.name, DPG.name, HPSV3.name))}"
        )
    return SCORERS[name]


def open_scorer(spec: str, models: Path | None, device: str):
    """A scorer of NAME=PLACE, a folder or a file, or of NAME, whose files are looked for and downloaded.

    models  folder for downloads; None are the folders of the ComfyUI that this pack lies in, as the nodes use them,
            or one in the home folder
    """
    from ...beautifier.images.scorer_files import default_folders, obtain_scorer
    from ...beautifier.images.scorers import load_scorer

    name, place = kind_of(spec).name, spec.partition("=")[2]
    if name == VISION.name:
        return VisionJudge(place)
    if name == DPG.name:
        return QuestionJudge(place)
    if name == HPSV3.name:
        return HPSv3Judge(place, device)
    if place:
        return load_scorer(name, Path(place), device)
    return load_scorer(name, obtain_scorer(name, {"scorers": [models]} if models else default_folders()), device)
