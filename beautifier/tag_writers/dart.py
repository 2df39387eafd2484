"""Dart v2 (p1atdev/dart-v2-sft): Danbooru tags to more of them. Each of its tokens is a tag."""

from ..request import Request
from .asked import Asked, each_once, is_avoided, tags_of

RATINGS = {"safe": "general", "sfw": "general", "nsfw": "questionable"}  # what it calls otherwise


def asked(words: str, request: Request) -> Asked:
    """The prompt for the tags among the words. Words that are no tags of its vocabulary it does not read."""
    tags = tags_of(words)
    rating = tags.rating[0].lower() if tags.rating else "general"
    template = (
        "<|bos|><copyright></copyright><character></character>"
        f"<|rating:{RATINGS.get(rating, rating)}|><|aspect_ratio:tall|><|length:{request.length}|>"
        "<general>{raw_prompt}<|identity:none|><|input_end|>"
    )
    spoken = tags.seen or words

    def read(answer: str) -> str:
        written = [tag.strip() for tag in answer.split(",") if tag.strip()]
        mine = spoken.split(", ")
        more = [tag for tag in written if not is_avoided(tag, request)]
        return ", ".join([*each_once([*mine, *more]), *tags.quality])

    return Asked(template, spoken, False, read)
