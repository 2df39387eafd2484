"""A candidate dressed for its image model: what the model's row puts before and behind the words."""

import re
from dataclasses import dataclass

from ..faithful import says
from ..prompts.syntax import Piece, SetAside
from ..prompts.syntax_table import LINE
from ..prompts.words import fold
from ..request import Request
from .measure import count_tokens

# One of these says how much may be seen; a word of the user's own stands in the place of a row's.
RATINGS = frozenset("safe general sensitive questionable nsfw explicit".split())
IS_WORDS = re.compile(r"[.>:]\s*$")  # a line for the text encoder, a sentence: no list


@dataclass(frozen=True)
class Dress:
    """What stands before and behind a candidate; "" for nothing."""

    before: str = ""
    behind: str = ""

    def around(self, text: str, aside: SetAside) -> str:
        """A candidate with it. Before and behind a comment it stands on a line of its own."""
        parts = [part for part in aside.parts if isinstance(part, Piece) or part.strip()]
        first, last = (isinstance(part, Piece) and part.treatment == LINE for part in (parts[0], parts[-1]))
        if self.before:
            text = self.before + ("\n" if first else mark_behind(self.before)) + text
        if self.behind:
            text += ("\n" if last else mark_behind(text, self.behind)) + self.behind
        return text


def mark_behind(text: str, following: str = "") -> str:
    """What stands between a text and what follows it: a blank behind a sentence, else a comma; Chinese has its own."""
    if following and is_chinese(following):
        return "" if text.endswith(("。", "！", "？")) else "，"
    if IS_WORDS.search(text):
        return " "
    return ". " if IS_WORDS.search(following) else ", "


def dress_of(request: Request, typed: str, answer: str) -> Dress:
    """What the image model's row puts around an answer; typed: the raw prompt, whose own words are not said again."""
    target = request.image_model
    if target is None:
        return Dress()
    behind = target.behind_chinese if target.behind_chinese and is_chinese(answer) else target.behind
    return Dress(*(unsaid(words, typed, request.avoid) for words in (target.before, behind)))


def unsaid(words: str, typed: str, avoid: tuple[str, ...]) -> str:
    """The words of a list that were not typed and are not to be avoided; a line for the text encoder stays whole."""
    if words.endswith(">"):
        return "" if words in typed else words
    end = words[-1:] if IS_WORDS.search(words) else ""
    said = {fold(part) for part in re.split(r"[,\n()]", typed)}
    rated = RATINGS & {part.removeprefix("rating ").strip() for part in said}
    left = [
        word
        for word in words.removesuffix(end).split(", ")
        if fold(word) not in said
        and not any(says(word, each) for each in avoid)
        and not (rated and fold(word) in RATINGS)
    ]
    return ", ".join(left) + end if any(left) else ""


def is_chinese(text: str) -> bool:
    """Whether a text is written in Chinese for the most part."""
    return 2 * len(re.findall("[\u4e00-\u9fff]", text)) > len(re.findall(r"[^\W\d_]", text))


def tokens_of(dress: Dress, request: Request) -> int:
    """How many tokens a dress has, with the commas at it."""
    text = ", ".join(filter(None, (dress.before, dress.behind)))
    return count_tokens(request.image_model, text) + 2 if text else 0
