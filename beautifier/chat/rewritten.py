"""The answer of a rewriter that was trained to give JSON: the prompt, and the shape of picture that suits it."""

import json
import re
from dataclasses import dataclass

from ..picture_size import number, ratio_of, sensible
from .thoughts import without_thoughts

# The names under which rewriters give the prompt; "rewrited_prompt" and the like are spelt so by real ones.
PROMPT_KEY = re.compile(
    r"(?:re[-_ ]?writ\w*|revised|enhanced|improved|expanded|refined|optimi[sz]ed|detailed|beautified|final|positive|new"
    r"|full|image|text[-_ ]to[-_ ]image)?[-_ ]?prompts?",
    re.IGNORECASE,
)
RATIO_KEY = re.compile(r"(?:wh|aspect|image|size)?[-_ ]?ratio|aspect|resolution|size", re.IGNORECASE)
# An object that is cut off, lacks its braces, has a comma too many, or single quotes.
CUT_OFF = re.compile(rf'"{PROMPT_KEY.pattern}"\s*:\s*"(?P<text>(?:[^"\\]|\\.)*)', re.IGNORECASE | re.DOTALL)
SINGLE_QUOTES = re.compile(
    rf"'{PROMPT_KEY.pattern}'\s*:\s*(?:'(?P<text>(?:[^'\\]|\\.|'(?=\w))*)|\"(?P<double>[^\"]*))",
    re.IGNORECASE | re.DOTALL,
)

MOST_TRIES = 200  # braces that begin no object
DEEPEST = 3  # objects in one another that are looked into


@dataclass(frozen=True)
class Rewritten:
    """What a rewriter answers.

    prompt  the prompt alone
    ratio   width / height of the picture that it proposes; None where it proposes none
    """

    prompt: str
    ratio: float | None = None


def read_rewritten(answer: str) -> Rewritten | None:
    """The last JSON object with a prompt in an answer, behind all thoughts; None where there is none.

    An object that was cut off gives the prompt as far as it goes, and no shape.
    """
    text = without_thoughts(answer)
    for content in reversed(objects_in(text)):
        if prompt := prompt_in(content):
            return Rewritten(prompt, ratio_in(content))
    cut = CUT_OFF.search(text)
    if cut and cut["text"].strip():
        return Rewritten(unescaped(cut["text"]).strip())
    single = SINGLE_QUOTES.search(text)
    prompt = (single["text"] or single["double"] or "").replace("\\'", "'").strip() if single else ""
    return Rewritten(prompt) if prompt else None


def said_so_far(answer: str) -> str:
    """What of an answer that is being written will be in the prompt: no thoughts, no braces; "" while there is none."""
    rewritten = read_rewritten(answer)
    return rewritten.prompt if rewritten else without_thoughts(answer)


def prompt_in(content: dict, depth: int = 0) -> str:
    """The prompt of a JSON object, or of an object in it; "" where there is none."""
    for name, each in content.items():
        first = first_of(each)
        if PROMPT_KEY.fullmatch(name) and isinstance(first, str) and first.strip():
            return first.strip()
    inner = [each for each in map(first_of, content.values()) if isinstance(each, dict)] if depth < DEEPEST else []
    return next((found for each in inner if (found := prompt_in(each, depth + 1))), "")


def first_of(value: object) -> object:
    """The first of a list, of a list in it and so on; another value as it is."""
    while isinstance(value, list) and value:
        value = value[0]
    return value


def objects_in(text: str) -> list[dict]:
    """The JSON objects that stand in a text, in order; those inside another one do not count."""
    found, at, decoder, tries = [], text.find("{"), json.JSONDecoder(strict=False), 0
    while at >= 0 and tries < MOST_TRIES:
        try:
            content, end = decoder.raw_decode(text, at)
        except RecursionError:
            break
        except ValueError:
            end, tries = at + 1, tries + 1
        else:
            found += [content] if isinstance(content, dict) else []
        at = text.find("{", end)
    return found


def unescaped(text: str) -> str:
    """A JSON string's text; of one that was cut inside an escape, without that."""
    text = re.sub(r"\\u?[0-9a-fA-F]{0,3}$", "", text) if not text.endswith(r"\\") else text
    try:
        return json.loads(f'"{text}"', strict=False)
    except ValueError:
        return text


def ratio_in(content: dict) -> float | None:
    """width / height of an answer's fields: "16:9", "2752x1536", 1.78, [16, 9], or width and height."""
    width, height = number(content.get("width")), number(content.get("height"))
    if width and height:
        return sensible(width / height)
    found = (ratio_of(value) for name, value in content.items() if RATIO_KEY.fullmatch(name))
    return next((ratio for ratio in found if ratio), None)
