"""TIPO (Yeh et al. 2024, arXiv 2411.08127): tags to more tags or to sentences, and sentences to tags.

A prompt is lines of a label and a text. `target:` says how long the answer is to be and what is made of what; then
come the given parts, and the answer goes on behind the last label.
"""

import re
from collections.abc import Callable

from ..prompts.prose import sentences_of
from ..request import Request
from .asked import Asked, are_tags, each_once, is_avoided, tags_of

LENGTHS = {"short": "short", "medium": "long", "long": "very_long"}
MOST_TAGS = {"short": 36, "medium": 54, "long": 72}
MOST_SENTENCES = {"short": 4, "medium": 8, "long": 16}
LABEL = re.compile(r"\n(meta|rating|artist|characters|copyrights|quality|aspect_ratio|target|tag|short|long):")
MARK = re.compile(r"<\|?/?\w+\|?>")


def asked(words: str, request: Request) -> Asked:
    """The prompt for tags or sentences (`words`) that wants tags or sentences (the style of the request)."""
    tags, given = tags_of(words), are_tags(words)
    rating, sentences = ", ".join(tags.rating) if given else "", request.style == "sentences"
    head = f"rating: {rating or 'safe'}\n"
    if given and tags.quality:
        head += f"quality: {', '.join(tags.quality)}\n"
    mode, parts = {
        (True, False): ("", "tag: {raw_prompt}"),
        (True, True): (" <|tag_to_long|>", "tag: {raw_prompt}\nlong:"),
        (False, False): (" <|short_to_tag|>", "short: {raw_prompt}\ntag:"),
        (False, True): (" <|short_to_tag_to_long|>", "short: {raw_prompt}\ntag:"),
    }[given, sentences]
    template = f"{head}target: <|{LENGTHS[request.length]}|>{mode}\n{parts}"
    spoken = tags.seen if given else words
    if sentences:
        return Asked(template, spoken, False, sentence_reader(request, is_last=given))
    return Asked(template, spoken, given, tag_reader(request, spoken if given else "", tags.quality if given else ()))


def tag_reader(request: Request, own: str, behind: tuple[str, ...]) -> Callable[[str], str]:
    """A function from the answer to the prompt of its tags.

    own     the user's tags, which the answer begins with: they stay
    behind  tags of the user's that were not among them, put at the end
    """
    mine = len([tag for tag in own.split(",") if tag.strip()])

    def read(answer: str) -> str:
        tags = [MARK.sub("", tag).strip() for tag in parts_of(answer)[0].split(",")]
        tags = [tag if len(tag) < 4 else tag.replace("_", " ") for tag in tags if tag]
        tags = tags[:mine] + [tag for tag in tags[mine:] if not is_avoided(tag, request)]
        return ", ".join([*each_once(tags)[: max(mine, MOST_TAGS[request.length])], *behind])

    return read


def sentence_reader(request: Request, is_last: bool) -> Callable[[str], str]:
    """A function from the answer to the sentences in it; to its tags where it wrote none.

    is_last  whether the answer begins with the sentences; else with tags
    """

    def read(answer: str) -> str:
        first, more = parts_of(answer)
        text = first if is_last else more.get("long", "")
        sentences = sentences_of(MARK.sub("", text))
        kept = [each for each in sentences if not is_avoided(each, request)][: MOST_SENTENCES[request.length]]
        return " ".join(kept) if kept else tag_reader(request, "", ())(first)

    return read


def parts_of(answer: str) -> tuple[str, dict[str, str]]:
    """What stands before the first label of an answer, and what stands behind each label."""
    first, *rest = LABEL.split(answer)
    return first, dict(zip(rest[::2], (text.strip() for text in rest[1::2]), strict=True))
