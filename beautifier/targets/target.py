"""What an image model wants of a prompt, as one row says it; what follows from a row alone.

Nothing here or in this room imports more than the standard library: ComfyUI reads it when it starts.
"""

from __future__ import annotations

from dataclasses import dataclass

STYLES = ("phrases", "sentences", "tags")
STRENGTHS = ("strict", "balanced", "creative")
LENGTHS = ("short", "medium", "long")
USUAL_WORDS = {"phrases": (20, 60), "sentences": (40, 120), "tags": (12, 40)}  # where no image model is named
# What a row may want every prompt to say: where, how and in which light it is seen, where in the frame, in what manner
# it is made, what moves, what the camera does, what is heard, how drawn text is set; and tags behind sentences.
PARTS = ("place", "view", "light", "composition", "style", "motion", "camera", "sound", "lettering", "tags")

# What several rows say.
DRAWN_NEGATIVE = "blurry, low quality, deformed, extra fingers, watermark"
ANIME_NEGATIVE = "worst quality, low quality, lowres, bad anatomy, bad hands, signature, watermark"
VIDEO_NEGATIVE = "worst quality, blurry, jittery, static, distorted, subtitles, watermark"
CORE = "ComfyUI v0.33 comfy/text_encoders"  # where limits and weights were read


@dataclass(frozen=True)
class Target:
    """What an image model wants of a prompt.

    name         what --for and the menu call it
    title        its name for people
    style        "phrases": comma-separated; "tags": Danbooru tags; "sentences": whole sentences
    words        fewest and most words a prompt should have
    unit, limit  how its text encoder counts, and how much it reads: "chunk" (CLIP tokens; one chunk has 75 and more
                 chunks may follow), "t5" (T5 tokens) or "llm" (tokens of a language model)
    before       put in front: quality or score tags, a system line; "" for none
    behind       put at the end
    behind_chinese  put at the end of a Chinese prompt, where that is another text
    weights      whether ComfyUI reads (word:1.2) for its text encoder; where not, emphasis is taken out
    negative     its usual negative prompt; "" where it takes none
    chinese      whether it reads Chinese as well as English
    video        whether it draws moving pictures
    still        of a model of moving pictures: the row that holds where a graph makes a single picture with it
    json         whether it wants a JSON prompt
    reads_json   whether it reads one as well as its own style
    parts        what every prompt says beside its subject, in the order in which it stands: names of PARTS
    pixels       of a picture of it, about: what an aspect ratio is turned into a width and a height with
    rules        what else holds for its prompts, told to a language model
    files        what the names of its files match, as `plain_name` writes them, and what is written in or beside them
    encoder      what the module and class of its tokenizer in ComfyUI match, in lower case
    kinds        what the `type` of a CLIP loader says for it
    nodes        what the type of a node that takes its prompt, or loads its text encoder, matches
    otherwise    what the type of a loader matches whose image model is taken to be this one where nothing tells
    source       where the facts are from
    read         the day they were read
    """

    name: str
    title: str
    style: str
    words: tuple[int, int]
    unit: str
    limit: int
    before: str = ""
    behind: str = ""
    behind_chinese: str = ""
    weights: bool = False
    negative: str = ""
    chinese: bool = False
    video: bool = False
    still: str = ""
    json: bool = False
    reads_json: bool = False
    parts: tuple[str, ...] = ()
    pixels: int = 1024 * 1024
    rules: str = ""
    files: str = ""
    encoder: str = ""
    kinds: tuple[str, ...] = ()
    nodes: str = ""
    otherwise: str = ""
    source: str = ""
    read: str = ""

    @property
    def hosted(self) -> bool:
        """Whether others run it, so that its node alone says what it is."""
        return bool(self.nodes) and not (self.files or self.encoder or self.kinds)

    @property
    def manner(self) -> str:
        """What is written for it, in words: "long sentences"."""
        if self.json:
            return "a JSON prompt"
        if self.video:
            return "a paragraph of what happens"
        if self.style == "sentences":
            return "long sentences" if self.words[1] > 100 else "short sentences"
        return "comma-separated phrases" if self.style == "phrases" else "tags"


def words_for(target: Target | None, style: str, length: str) -> tuple[int, int]:
    """The fewest and most words of a wished length: a third of what the image model, or else the style, wants."""
    fewest, most = target.words if target else USUAL_WORDS[style]
    third = (most - fewest) / 3
    step = LENGTHS.index(length)
    return round(fewest + step * third), round(fewest + (step + 1) * third)


def counted(target: Target | None, tokens: int) -> str:
    """A count of tokens in words, in the unit of an image model: "61 of 75 CLIP tokens", "about 140 of 512 tokens"."""
    if target is None:
        return f"{tokens} CLIP tokens"
    if target.unit != "chunk":
        return f"about {tokens} of {target.limit} tokens"
    chunks = -(-tokens // target.limit) or 1
    return f"{tokens} of {chunks * target.limit} CLIP tokens" + (f", {chunks} chunks" if chunks > 1 else "")


def summary(target: Target) -> str:
    """What is written for an image model, in a line: "for Z-Image: long sentences; weights are ignored there"."""
    lines = [f"for {target.title}: {target.manner}"]
    if target.before or target.behind:
        lines.append(f"with its own words {'before' if target.before else 'behind'} them")
    if not target.weights:
        lines.append("weights are ignored there")
    return "; ".join(lines)
