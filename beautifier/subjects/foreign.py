"""Prompts in Chinese or Japanese in English words: which of the two a text is."""

from .entries import Entries
from .unspaced import Translation


def translate(text: str, entries: Entries) -> Translation:
    """A prompt with its Chinese or Japanese parts in English.

    With kana it is Japanese. Han characters alone are Chinese, unless Japanese leaves less of them unread.
    """
    if text.isascii():
        return Translation(text)
    from . import chinese, japanese  # here: an English prompt needs none of their patterns

    if japanese.is_japanese(text):
        return japanese.translate(text)
    read = chinese.translate(text, entries)
    if not read.unread:
        return read
    other = japanese.translate(text)
    return other if len("".join(other.unread)) < len("".join(read.unread)) else read
