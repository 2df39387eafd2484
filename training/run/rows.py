"""Training rows: pairs of a raw prompt and a detailed one, and the text that a family's network has to answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # it brings torch, which reading rows does without
    from ...beautifier.families import Family


def read_jsonl(path: Path, *needed: str) -> list[dict]:
    """The rows of a JSONL file, blank lines left out.

    needed  keys that every row must have as text that is not blank

    Raises FileNotFoundError for no file; ValueError with the number of the line for one that is no such row.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no {path}: a data folder has train.jsonl and heldout.jsonl")
    rows = []
    with open(path, encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise ValueError(f"{path}, line {number} is no JSON: {error}") from error
            for key in needed:
                if not isinstance(row, dict) or not isinstance(row.get(key), str) or not row[key].strip():
                    raise ValueError(f"{path}, line {number} needs {key!r}, a text: {line.strip()[:80]}")
            rows.append(row)
    if not rows:
        raise ValueError(f"{path} has no rows")
    return rows


def answer_of(family: Family, raw_prompt: str, prompt: str) -> str | None:
    """What the network has to write behind the rendered template so that `prompt` is read from it.

    Templates end without a space, and the answer begins with one, as in what the checkpoint generates. None where
    the family continues the raw prompt and this prompt does not begin with it.
    """
    raw_prompt, prompt = raw_prompt.strip(), prompt.strip()
    if family.lower_case:
        raw_prompt, prompt = raw_prompt.lower(), prompt.lower()
    if not family.continues:
        return f" {prompt}"
    rest = prompt.removeprefix(raw_prompt)
    return rest if len(rest) < len(prompt) and rest.strip() else None
