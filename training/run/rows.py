"""Training rows: pairs of a raw prompt and a detailed one, and the text that a family's network has to answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # it brings torch, which reading rows does without
    from tokenizers import Tokenizer

    from ...beautifier.families import Family

SIDES = ("train.jsonl", "heldout.jsonl")  # files of a data folder


def read_jsonl(path: Path, *needed: str) -> list[dict]:
    """The rows of a JSONL file, blank lines left out.

    needed  keys that every row must have as text that is not blank

    Raises FileNotFoundError for no file; ValueError with the number of the line for one that is no such row.
    """
    rows = []
    for number, line in enumerate(text_lines(path), 1):
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


def text_lines(path: Path) -> Iterator[str]:
    """The lines of a text file in UTF-8. Raises FileNotFoundError for no file, ValueError for one that is no text."""
    if path.is_dir():
        raise FileNotFoundError(f"{path} is a folder: give one of its files")
    if not path.is_file():
        of_folder = ": a data folder has train.jsonl and heldout.jsonl" if path.name in SIDES else ""
        raise FileNotFoundError(f"there is no file {path}{of_folder}")
    try:
        with open(path, encoding="utf-8-sig") as lines:
            yield from lines
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no text in UTF-8: {error}") from error


def answer_of(family: Family, raw_prompt: str, prompt: str) -> str | None:
    """What the network has to write behind the rendered template so that `prompt` is read from it.

    Templates end without a space, and the answer begins with one, as in what the checkpoint generates. None where
    the family continues the raw prompt and this prompt does not begin with it.
    """
    raw_prompt, prompt = raw_prompt.strip(), prompt.strip()
    if family.lower_case:
        raw_prompt, prompt = raw_prompt.lower(), prompt.lower()
    if family.chats:
        return prompt  # a turn begins on a line of its own
    if not family.continues:
        return f" {prompt}"
    rest = prompt.removeprefix(raw_prompt)
    return rest if len(rest) < len(prompt) and rest.strip() else None


def question_text(tokenizer: Tokenizer, family: Family, words: str) -> str:
    """What the network reads for the words: the family's template. Of a template with special tokens no other ones
    count."""
    from ...beautifier.families import render

    return render(family, plain_text(tokenizer, family, words))


def question_tokens(tokenizer: Tokenizer, family: Family, words: str) -> list[int]:
    """The tokens of that text, as the Beautifier has them."""
    return tokenizer.encode(question_text(tokenizer, family, words), add_special_tokens=not family.chats).ids


def answer_tokens(tokenizer: Tokenizer, family: Family, raw_prompt: str, prompt: str, end: int) -> list[int] | None:
    """The tokens of answer_of and the end behind them; None where it is."""
    answer = answer_of(family, raw_prompt, prompt)
    if answer is None:
        return None
    return [*tokenizer.encode(plain_text(tokenizer, family, answer), add_special_tokens=False).ids, end]


def plain_text(tokenizer: Tokenizer, family: Family, text: str) -> str:
    """A text in which nothing is a special token for this family."""
    from ...beautifier.language.writer import without_tokens

    return without_tokens(text, special_tokens(tokenizer)) if family.special else text


@lru_cache(maxsize=4)
def special_tokens(tokenizer: Tokenizer) -> list[str]:
    """What known_tokens gives, kept: it is asked for each row."""
    from ...beautifier.language.writer import known_tokens

    return known_tokens(tokenizer)
