"""What a checkpoint is given to read where that depends on the words and on what is asked."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from ..request import Request


@dataclass(frozen=True)
class Asked:
    """The text that a checkpoint reads, and how its answer becomes a prompt.

    template   with {raw_prompt} where the words go
    words      the words, in the order and spelling that the checkpoint knows
    continues  whether the prompt is the words and the answer together
    read       makes the prompt of the decoded text
    """

    template: str
    words: str
    continues: bool
    read: Callable[[str], str]


# Tags that say how good or how safe a picture is: they are not what there is to see.
QUALITY = frozenset(
    "masterpiece|best quality|great quality|good quality|normal quality|low quality|worse quality|very aesthetic|"
    "aesthetic|displeasing|very displeasing|newest|recent|mid|early|old|score_9|score_8_up|score_7_up|score_6_up|"
    "score_5_up|score_4_up|source_anime|source_cartoon|source_furry|source_pony".split("|")
)
RATINGS = ("safe", "general", "sfw", "sensitive", "nsfw", "explicit")
PEOPLE = frozenset(
    f"{count}{who}{'s' if count != '1' else ''}" for who in ("girl", "boy", "other") for count in "1 2 3 4 5 6+".split()
) | {"multiple girls", "multiple boys", "multiple others", "male focus"}
LONGEST_TAG = 4  # words
SENTENCE_END = re.compile(r"[^\W_][.!?](?:\s|$)")


@dataclass(frozen=True)
class Tags:
    """The comma-separated tags of a raw prompt, by kind, each list as typed: who is in the picture comes first."""

    people: tuple[str, ...]
    others: tuple[str, ...]
    quality: tuple[str, ...]
    rating: tuple[str, ...]

    @property
    def seen(self) -> str:
        """What there is to see, as one text."""
        return ", ".join((*self.people, *self.others))


def tags_of(words: str) -> Tags:
    """The tags of a raw prompt, underscores read as blanks where a tag is no emoticon."""
    spelled = [" ".join(part.split()) for part in words.split(",")]
    tags = [tag if tag in QUALITY or len(tag) < 4 else tag.replace("_", " ") for tag in spelled if tag]
    lower = [tag.lower() for tag in tags]
    kinds = [
        "quality" if low in QUALITY else "rating" if low in RATINGS else "people" if low in PEOPLE else "others"
        for low in lower
    ]
    found = {kind: [] for kind in ("people", "others", "quality", "rating")}
    for kind, tag in zip(kinds, tags, strict=True):
        found[kind].append(tag)
    return Tags(**{kind: tuple(each) for kind, each in found.items()})


def are_tags(words: str) -> bool:
    """Whether a raw prompt is written in tags: short parts between commas, three or more or with people counted."""
    parts = [part.strip().lower() for part in words.split(",") if part.strip()]
    short = all(len(part.replace("_", " ").split()) <= LONGEST_TAG and not SENTENCE_END.search(part) for part in parts)
    return short and (len(parts) > 2 or any(part in PEOPLE or "_" in part for part in parts))


def each_once(tags: list[str]) -> list[str]:
    """The tags that none before says, in their order."""
    found: dict[str, str] = {}
    for tag in tags:
        found.setdefault(tag.lower(), tag)
    return list(found.values())


def is_avoided(text: str, request: Request) -> bool:
    """Whether a tag or sentence says something that is to be avoided."""
    from ..faithful import says  # with its word lists: not when ComfyUI starts

    return any(says(text, word) for word in request.avoid)
