"""DPG-Bench's score of a picture: the share of a prompt's questions that a vision model answers with Yes.

    --prompts dpg_bench.csv --scorers dpg=dpg_bench.csv,http://localhost:8000/v1

Hu et al. 2024 (arXiv 2403.05135; github.com/TencentQQGYLab/ELLA, dpg_bench): each prompt has questions, and a question
on a thing that is not in the picture counts as No: where one that it depends on was answered with No. The published
score has mPLUG-large answer; here it is a vision model on a server, as in vision.py, so that figures are not to be laid
beside published ones.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from .vision import VisionJudge

COLUMNS = ("text", "proposition_id", "dependency", "question_natural_language")


@dataclass(frozen=True)
class Question:
    """One question on the pictures of a prompt.

    number  its own, among the prompt's
    needs   the numbers of the questions that it depends on
    """

    number: int
    text: str
    needs: tuple[int, ...]


class QuestionJudge:
    """The same interface as the scorers of beautifier/images.

    place  the file of questions, a comma, and the address of a vision model
    """

    def __init__(self, place: str):
        file, _, address = place.partition(",")
        if not address:
            raise ValueError(f"dpg={place!r} must be dpg_bench.csv, a comma, and the address of a vision model")
        self.path, self.judge = Path(file), VisionJudge(address)
        self.questions = read_questions(self.path)

    def score(self, images: Tensor, prompts: str | Sequence[str], batch_size: int = 1) -> Tensor:
        """Scores float32 [images] in 0..1 of pictures float32 [images, height, width, 3] in 0..1 for a prompt, or for
        one each. Raises ValueError for a prompt without questions, RuntimeError as VisionJudge does."""
        texts = [prompts] * len(images) if isinstance(prompts, str) else list(prompts)
        asked = [self.questions_on(text) for text in texts]
        shown = [image for image, own in zip(images, asked, strict=True) for _ in own]
        chances = iter(self.judge.says_yes(shown, [one.text for own in asked for one in own]))
        scores = [share_of_yes(own, {one.number: next(chances) > 0.5 for one in own}) for own in asked]
        return torch.tensor(scores)

    def questions_on(self, prompt: str) -> list[Question]:
        """The questions of a prompt."""
        found = self.questions.get(" ".join(prompt.split()))
        if found is None:
            raise ValueError(f"{self.path} has no questions on {prompt!r}: give its own prompts, --prompts {self.path}")
        return found


def share_of_yes(questions: Sequence[Question], answers: dict[int, bool]) -> float:
    """How many of the questions count as answered with Yes."""
    counted = [answers[one.number] and all(answers.get(number, True) for number in one.needs) for one in questions]
    return sum(counted) / len(counted)


def read_questions(path: Path) -> dict[str, list[Question]]:
    """The questions of each prompt in dpg_bench.csv. Raises FileNotFoundError or ValueError for another file."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}: DPG-Bench's dpg_bench.csv is expected")
    with open(path, encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    lacking = [name for name in COLUMNS if not rows or name not in rows[0]]
    if lacking:
        raise ValueError(f"{path} has no column {lacking[0]}: DPG-Bench's dpg_bench.csv is expected")
    found: dict[str, list[Question]] = {}
    for line, row in enumerate(rows, 2):
        try:
            number, *needs = (int(each) for each in (row["proposition_id"], *row["dependency"].split(",")))
        except ValueError as error:
            raise ValueError(f"{path}, line {line}: proposition_id and dependency are numbers ({error})") from error
        one = Question(number, row["question_natural_language"], tuple(each for each in needs if each))
        found.setdefault(" ".join(row["text"].split()), []).append(one)
    return found
