"""What a writer reads of a raw prompt's words, and how its answer becomes a prompt."""

from collections.abc import Callable

from .families import Family, read, render
from .prompts.append import append
from .prompts.cleaning import clean
from .prompts.clip_tokens import count_clip_tokens
from .prompts.words import content_words

# More than the characters of an average token of any text people write.
CHARACTERS_PER_TOKEN = 32


def longest_beginning(text: str, fits: Callable[[str], bool]) -> str:
    """The longest beginning of the text that fits, by bisection: "" when not even one character does."""
    if fits(text):
        return text
    least, most = 0, len(text)
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (middle, most) if fits(text[:middle]) else (least, middle)
    return text[:least]


def at_word_boundary(beginning: str, text: str) -> str:
    """The beginning of a text cut back to whole words, where that costs less than half of it."""
    whole = beginning if text[len(beginning)].isspace() else beginning.rpartition(" ")[0]
    return whole.strip() if 2 * len(whole) > len(beginning) else beginning.strip()


def readable(family: Family, words: str) -> str:
    """As much of the words, from their beginning, as a model of the family reads whose tokenizer is not here.

    CLIP's stands in, which makes as many tokens of a text, or more.
    """
    limit = family.max_prompt_tokens
    beginning = longest_beginning(
        words[: limit * CHARACTERS_PER_TOKEN],
        lambda text: count_clip_tokens(render(family, text)) <= limit,
    )
    return words if len(beginning) == len(words) else at_word_boundary(beginning, words)


def read_cleaned(family: Family, words: str, text: str, finished: bool) -> str:
    """The prompt in the text that was answered to the words, cleaned; "" when nothing of use was written."""
    text = clean(read(family, words, text), truncated=not finished, words=words)
    if family.continues and len(text) < len(words):
        return ""  # the tail that was cut off was the user's own words
    if family.lower_case and loses_subject(words, text):
        return append(words, text)
    return text


def loses_subject(words: str, answer: str) -> bool:
    """Whether an answer says less than two thirds of what the user's words say."""
    wanted = {word.lstrip("0123456789") for word in content_words(words)} - {""}  # "1girl" is a girl
    return 3 * len(wanted.intersection(content_words(answer))) < 2 * len(wanted)
