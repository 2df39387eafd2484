"""What an emoji shows: an entry, by its Unicode name or by a row of `emoji.tsv`."""

import unicodedata
from functools import lru_cache
from pathlib import Path

from ..prompts.vocabulary import key
from .entries import Entries
from .entry import Entry

TABLE = Path(__file__).with_name("emoji.tsv")
# Words of Unicode names that say how a thing is shown, not what it is.
SHOWN = frozenset("face head symbol sign black white heavy medium small large with of and the".split())
FIRST_FLAG, LAST_FLAG = 0x1F1E6, 0x1F1FF
FACES = (range(0x1F600, 0x1F638), range(0x1F641, 0x1F645), range(0x1F910, 0x1F916), range(0x1F920, 0x1F930),
         range(0x1F970, 0x1F97B), range(0x1FAE0, 0x1FAE9))  # fmt: skip


def is_emoji(word: str) -> bool:
    """Whether a word is an emoji: it begins with no letter and no digit."""
    return bool(word) and not word[0].isalnum()


@lru_cache(maxsize=1)
def table() -> dict[str, str]:
    """Subjects of entries by emoji, and by Unicode name in lower case; "-" where an emoji is no thing."""
    rows = (line.split("\t") for line in TABLE.read_text(encoding="utf-8").splitlines() if "\t" in line)
    return {name: subject for names, subject in rows for name in names.split("|")}


def entry_of(emoji: str, entries: Entries) -> Entry | None:
    """The entry of a folded emoji; None where no entry shows what it does.

    What is tied together ("woman" and "rocket") is looked up as one, then by its first part.
    """
    if emoji in table():
        return entries.by_subject.get(table()[emoji])
    if FIRST_FLAG <= ord(emoji[0]) <= LAST_FLAG:
        return entries.by_subject.get("flag")
    name = unicodedata.name(emoji[0], "").lower().replace("-", " ")
    if name in table():
        return entries.by_subject.get(table()[name])
    if any(ord(emoji[0]) in faces for faces in FACES) and "face" in name:
        return entries.by_subject.get("emoji face")
    words = [word for word in name.split() if word not in SHOWN]
    for parts in (name.split(), words, words[-2:], words[-1:], words[:1]):
        found = entries.by_name.get(key(" ".join(parts)), ())
        for entry in found:
            if entry.sort in ("subject", "action"):
                return entry
    return None
