"""The prompt in a chat model's answer.

A chat model wraps a prompt in talk: "Sure! Here is a detailed prompt:", quotation marks, Markdown, its
thoughts, three versions to choose from, an offer of more help. `read_chat` takes the prompt out of that.
"""

import json
import re

from .rewritten import first_of, prompt_in, read_rewritten
from .thoughts import without_thoughts
from .wrapping import (
    FENCE,
    is_remark,
    unquoted,
    without_command,
    without_emphasis,
    without_introduction,
    without_markup,
    without_title,
)

BULLET = re.compile(r"^(?:[-*+•‣–—]|\(?\d{1,2}[.):])\s+")
NUMBER = re.compile(r"\(?\d{1,2}[.):]\s+")
ALTERNATIVE = re.compile(
    r"(?:prompt|option|version|variation|variant|alternative|candidate|example|idea|提示词|方案|选项)\s*"
    r"#?(?:\d{1,2}|(?-i:[A-E])|one|two|three|[一二三])\b\s*(?P<title>\([^()\n]*\))?\s*[:：.)–—-]?\s*",
    re.IGNORECASE,
)
HEADING = re.compile(r"^#{1,6}\s+")
RULE = re.compile(r"[-*_=]{3,}$")
TITLE_LINE = re.compile(r"(?!(?:An?|The|One|Two) )[A-Z][^,.:;\n]{1,40}:?")
PART = re.compile(r"^[A-Z][\w /&-]{1,28}:\s+(?=\S)")  # "Lighting: soft", one of several such lines


def read_chat(answer: str) -> str:
    """The prompt in a chat model's answer; "" where there is none.

    Thinking blocks, code fences, Markdown, introductions, labels, quotation marks, commands of bots and closing
    remarks are taken away. Of several alternatives the first one is read; a list of short details becomes one line.
    """
    text = without_thoughts(answer)
    text = _in_json(text) or without_markup(_in_fence(text) or text)
    text = without_emphasis(without_title(text))
    text = unquoted(without_introduction(without_command(text)))
    return unquoted(without_introduction(_the_prompt(text)))


def _in_json(text: str) -> str:
    """The prompt of an answer such as {"prompt": "..."}; of a list the first."""
    if "{" not in text and "[" not in text and '"' not in text:
        return ""
    found = FENCE.search(text)
    inside = (found["inside"] if found else text).strip()
    if inside.startswith(("{", "[")):
        try:
            content = json.loads(inside)
        except (ValueError, RecursionError):
            content = None
        content = first_of(content)
        if isinstance(content, str):
            return content
        if isinstance(content, dict):
            return prompt_in(content) or next((each for each in content.values() if isinstance(each, str)), "")
    rewritten = read_rewritten(text)
    return rewritten.prompt if rewritten else ""


def _in_fence(text: str) -> str:
    return next((found["inside"].strip() for found in FENCE.finditer(text) if found["inside"].strip()), "")


def _the_prompt(text: str) -> str:
    """One line of the lines that are the prompt: the first alternative, or all of them up to a remark."""
    kept: list[str] = []
    alternatives = _alternatives(text)
    for line in alternatives[0] if alternatives else text.splitlines():
        line = line.strip()
        if is_remark(line) or RULE.match(line):
            if kept:
                break
            continue
        if HEADING.match(line) or not line:
            continue
        kept.append(BULLET.sub("", line, count=1).strip())
    if len(kept) > 1 and all(PART.match(line) for line in kept):
        kept = [PART.sub("", line, count=1) for line in kept]
    return _joined([line for line in kept if line])


def _alternatives(text: str) -> list[list[str]]:
    """The lines of each alternative, where the answer gives several prompts to choose from."""
    lines = [line.strip() for line in text.splitlines()]
    for starts in (_labelled, _headed, _numbered):
        places = [index for index, line in enumerate(lines) if starts(line) is not None]
        if len(places) < 2:
            continue
        ends = [*places[1:], len(lines)]
        found = [[starts(lines[begin]) or "", *lines[begin + 1 : end]] for begin, end in zip(places, ends, strict=True)]
        bodies = _without_titles([body for body in found if any(body)])
        if starts is not _numbered or sum(map(_is_prompt, bodies)) * 2 > len(bodies):
            return bodies
    return []


def _without_titles(bodies: list[list[str]]) -> list[list[str]]:
    """The lines of alternatives without the title that each begins with: "Cinematic: ...", or a few words alone."""
    if all(PART.match(body[0]) for body in bodies):
        return [[PART.sub("", body[0], count=1), *body[1:]] for body in bodies]
    if all(TITLE_LINE.fullmatch(body[0]) and any(body[1:]) for body in bodies):
        return [body[1:] for body in bodies]
    return bodies


def _labelled(line: str) -> str | None:
    """What follows "Option 2:" in a line, None where there is no such label."""
    rest = BULLET.sub("", HEADING.sub("", line, count=1), count=1)
    found = ALTERNATIVE.match(rest)
    return rest[found.end() :] if found else None


def _headed(line: str) -> str | None:
    return "" if HEADING.match(line) else None


def _numbered(line: str) -> str | None:
    found = NUMBER.match(line)
    return line[found.end() :] if found else None


def _is_prompt(lines: list[str]) -> bool:
    """Whether a numbered item is long enough for a prompt; shorter ones are details of one."""
    words = " ".join(lines).split()
    return len(words) >= 8 or len(words) >= 5 and any("," in word for word in words)


def _joined(lines: list[str]) -> str:
    """One line; a comma where a line has no mark at its end."""
    text = ""
    for line in lines:
        text += ("" if not text else " " if text[-1] in ".,;:!?。，" else ", ") + line
    return text
