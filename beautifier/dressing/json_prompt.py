"""A prompt that was given as a JSON object: its words, and the same object with more in its description."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..prompts.prose import is_prose, sentences_of
from ..prompts.vocabulary import content

# Where the whole picture is described, the surest name first; else it is the first text.
MAIN_KEYS: tuple[str, ...] = (
    *("high_level_description", "prompt", "positive_prompt", "positive", "caption", "description"),
    *("scene_description", "scene", "subject", "text"),
)
NEGATIVE_KEY = re.compile(r"negative(?:_prompt)?|avoid|exclude", re.IGNORECASE)
NO_WORDS = frozenset("type bbox seed steps sampler aspect_ratio width height size id model version".split())
COMMA_TOO_MANY = re.compile(r',\s*([}\]])(?=[^"]*(?:"[^"]*"[^"]*)*$)')  # before a bracket that closes, outside of texts
HEX_COLOR = re.compile(r"#[0-9A-Fa-f]{3,8}")

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class JsonPrompt:
    """A prompt in JSON.

    content   the object as it was given
    main      where in it the whole picture is described
    words     all that is said in it, in one text
    negative  what it has as its negative prompt
    spread    whether it was written over several lines
    """

    content: dict
    main: Path
    words: str
    negative: str = ""
    spread: bool = False

    def with_more(self, text: str) -> str:
        """The object with what a detailed prompt of its words says beyond them, in its description."""
        content_of = copy.deepcopy(self.content)
        *way, last = self.main
        place = content_of
        for step in way:
            place = place[step]
        place[last] = self.extended(place[last], text)
        return json.dumps(content_of, ensure_ascii=False, indent=2 if self.spread else None)

    def extended(self, main: str, text: str) -> str:
        """The description, and behind it what of a text says something new; sentences that say it too stand alone."""
        said = content(self.words)
        prose = is_prose(text)
        new = [part for part in (sentences_of(text) if prose else text.split(", ")) if not content(part) <= said]
        if not prose:
            return ", ".join([main.rstrip(" .,"), *new]) if new else main
        whole = " ".join(new)
        return (whole if content(main) <= content(whole) else f"{main.rstrip(' .')}. {whole}") if new else main


def read_json_prompt(text: str) -> JsonPrompt | None:
    """The JSON object that a text is, if it says anything; else None. "{red|blue}" is none."""
    stripped = text.strip()
    if not (stripped.startswith("{") and stripped.endswith("}") and '"' in stripped):
        return None
    try:
        read = parsed(stripped)
    except (ValueError, RecursionError):
        return None
    if read is None:
        return None
    found = dict(leaves(read))
    says = {path: value for path, value in found.items() if not is_negative(path)}
    if not says:
        return None
    main = min(says, key=lambda path: rank(path, list(says).index(path)))
    others = [said_at(read, path, value) for path, value in says.items() if path != main]
    words = ", ".join(part.strip(" .,") for part in (said_at(read, main, says[main]), *others))
    negative = ", ".join(value for path, value in found.items() if is_negative(path))
    return JsonPrompt(read, main, words, negative, "\n" in stripped)


def parsed(text: str) -> dict | None:
    """The object of a text in JSON, None for another value; commas before a closing bracket, as people leave them, do
    no harm. Raises ValueError.
    """
    try:
        read = json.loads(text, strict=False)
    except ValueError:
        read = json.loads(COMMA_TOO_MANY.sub(r"\1", text), strict=False)
    return read if isinstance(read, dict) else None


def leaves(value: object, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """The texts in a JSON value with their places, but for those that are no words."""
    if isinstance(value, dict):
        for name, each in value.items():
            if name.casefold() not in NO_WORDS:
                yield from leaves(each, (*path, name))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from leaves(each, (*path, index))
    elif isinstance(value, str) and value.strip() and not HEX_COLOR.fullmatch(value.strip()):
        yield path, value.strip()


def is_negative(path: Path) -> bool:
    """Whether a text stands under a name that says it is a negative prompt."""
    return any(isinstance(step, str) and NEGATIVE_KEY.fullmatch(step) for step in path)


def rank(path: Path, order: int) -> tuple[int, int, int]:
    """How surely a text describes the whole picture, the least the surest: by its name, its depth, its order."""
    name = str(path[-1]).casefold()
    return (MAIN_KEYS.index(name) if name in MAIN_KEYS else len(MAIN_KEYS), len(path), order)


def said_at(content_of: dict, path: Path, value: str) -> str:
    """What a text says: text to be drawn stands in quotes."""
    place: object = content_of
    for step in path[:-1]:
        place = place[step]  # type: ignore[index]
    drawn = isinstance(place, dict) and place.get("type") == "text" and path[-1] == "text"
    return f'"{value}"' if drawn else value
