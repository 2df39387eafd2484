"""A prompt in sentences as the JSON object that Ideogram 4 was trained on.

Its fields and their order: docs.ideogram.ai "JSON prompting", and ComfyUI's node BuildJsonPromptIdeogram. Places of
elements (bbox) are left out: what nobody asked for is the model's to choose.
"""

from __future__ import annotations

import json
import re

from ..faithful import avoided
from ..prompts.prose import sentences_of
from ..prompts.vocabulary import STOP
from ..wishes.wish import Wish
from ..wishes.words import PLACING

PALETTE = re.compile(r"\bpalette\b|^(?:the )?colou?rs?\b", re.IGNORECASE)
LIGHT = re.compile(r"\b(?:lit by|light|lighting|shadows?|glow|backlit|sunlight|moonlight)\b", re.IGNORECASE)
VIEW = re.compile(
    r"\b(?:(?<!in )view|angle|shot|lens|eye level|close-up|portrait|composition|focus)\b|^(?:seen|viewed|framed)\b",
    re.IGNORECASE,
)
SEEN_FIRST = re.compile(r"((?:seen|shown|viewed|framed|shot|photographed) [^,]+), (.+)$", re.IGNORECASE)
LIT_FIRST = re.compile(r"(.+), and (the (?:palette|colors?) .+)$")
OF_THE_SUBJECT = re.compile(
    r"(?!(?:it|they|she|he) (?:is|are) (?:seen|shown|shot|framed|lit)\b)(?:it|its|they|their|she|her|he|his)\b"
    r"|(?:the (?!scene\b)[\w -]+?) (?:also )?(?:has|have|shows?)\b",
    re.IGNORECASE,
)
LIT_IN = re.compile(
    r", (?:in|under|by) "
    r"((?:[\w-]+ ){0,6}(?:light|daylight|sunlight|moonlight|lamplight|candlelight|glow|shade|sun)\b[^,.]*)"
)
COLORED_IN = re.compile(r", all in ([^.]+?)\.?$")
NEUTRAL = ("natural", "plain")  # where a field is wanted and nothing is known
AROUND = re.compile(
    r"^(?:all )?around\b|\b(?:background|backdrop|surroundings|setting|in the distance|behind (?:it|them|the))\b",
    re.IGNORECASE,
)
HOUR = re.compile(r"^it is \w+", re.IGNORECASE)
MARKS = re.compile(
    r"^the (?:picture|image|photo\w*|painting|drawing|watercolor|illustration|sketch|render\w*)\b", re.IGNORECASE
)
LEADS = re.compile(
    r"^(?:the (?:scene|picture|image) (?:is lit by|is seen|is shown|is|has|shows)|it is (?:seen|shown)|shown|seen|"
    r"(?:the )?(?:palette|colors?) (?:is|are|keeps? to))\s+",
    re.IGNORECASE,
)
MEDIA = (
    ("photograph", r"photo\w*|selfie|snapshot|polaroid|film still"),
    ("3d_render", r"3d|render\w*|cgi|voxel\w*"),
    ("painting", r"painting|watercolou?r|gouache|fresco|acrylic|oil on canvas"),
    ("graphic_design", r"logo|poster|icon|flyer|banner|infographic|typograph\w*"),
    ("illustration", r"illustration|drawing|sketch|anime|manga|comic|cartoon|woodcut|engraving|vector|pixel art"),
)
PHOTOGRAPH = MEDIA[0][0]


def layout_of(text: str, wish: Wish) -> str:
    """The object of a prompt, on one line."""
    first, *others = sentences_of(text)
    groups: dict[str, list[str]] = {
        name: [] for name in ("background", "aesthetics", "lighting", "marks", "view", "seen")
    }
    for sentence in others:
        for part in halves(sentence):
            groups[group_of(part)].append(plain(part))
    if not groups["lighting"] and (light := LIT_IN.search(first)):
        groups["lighting"].append(light[1])
    medium = medium_of(wish)
    found: dict[str, object] = {"high_level_description": first}
    if style := style_of(groups, medium, neutral(wish)):
        found["style_description"] = style
    background = groups["background"] or [place for place in places(wish) if place]
    found["compositional_deconstruction"] = {
        "background": ". ".join(background),
        "elements": elements(first, groups["seen"], wish),
    }
    return json.dumps(found, ensure_ascii=False, separators=(",", ":"))


def is_layout(content: dict) -> bool:
    """Whether an object is one of these already."""
    return bool({"high_level_description", "compositional_deconstruction"} & content.keys())


def halves(sentence: str) -> list[str]:
    """A sentence of light and of colors as two, and so one of the view and of what is seen, or of a thing's colors."""
    if found := COLORED_IN.search(sentence):
        return [*halves(sentence[: found.start()]), f"The palette is {found[1]}"]
    if found := LIT_FIRST.match(sentence):
        return [found[1], found[2]]
    if found := SEEN_FIRST.match(sentence):
        return [found[1], found[2][0].upper() + found[2][1:]]
    return [sentence]


def group_of(sentence: str) -> str:
    """What a sentence tells of: light, colors, the place, how it is seen, the medium, or what is to be seen."""
    if PALETTE.search(sentence):
        return "aesthetics"
    if AROUND.search(sentence) or HOUR.search(sentence):
        return "background"
    if OF_THE_SUBJECT.match(sentence):
        return "seen" if not MARKS.search(sentence) else "marks"
    if LIGHT.search(sentence):
        return "lighting"
    if VIEW.search(sentence):
        return "view"
    return "marks" if MARKS.search(sentence) else "seen"


def plain(sentence: str) -> str:
    """What a sentence says, without the words that lead to it and its full stop."""
    return LEADS.sub("", sentence.strip()).rstrip(". ") or sentence.rstrip(". ")


def neutral(wish: Wish) -> str:
    """The word for what nothing is known of, one that is not to be avoided."""
    return next((word for word in NEUTRAL if not avoided(wish, word)), "")


def style_of(groups: dict[str, list[str]], medium: str, neutral: str) -> dict[str, str]:
    """The style as the object has it: of a photo how it was taken, else the manner of the medium; {} for none."""
    aesthetics, lighting = ", ".join(groups["aesthetics"]), ", ".join(groups["lighting"])
    if not medium and not aesthetics and not lighting and not groups["view"]:
        return {}
    style = {"aesthetics": aesthetics or neutral, "lighting": lighting or neutral}
    manner = ", ".join([*groups["view"], *groups["marks"]])
    if medium in ("", PHOTOGRAPH):
        return {**style, "photo": manner or neutral, "medium": PHOTOGRAPH}
    return {**style, "medium": medium, "art_style": manner or medium.replace("_", " ")}


def medium_of(wish: Wish) -> str:
    """The medium that was asked for, by a word of it or by tags; "" for none."""
    text = wish.text.casefold()
    named = next((name for name, words in MEDIA if re.search(rf"\b(?:{words})\b", text)), "")
    return named or ("illustration" if wish.kind == "tags" else "")


def places(wish: Wish) -> list[str]:
    """Where the user's things are, as typed."""
    return [
        wish.words_between(subject.start, subject.end)
        for subject in wish.subjects
        if subject.relation in PLACING and wish.words[subject.start].folded not in STOP | {"style"}
    ][:2]


def elements(first: str, seen: list[str], wish: Wish) -> list[dict[str, str]]:
    """What is in the picture: its subject with what is seen of it, and each text that is drawn."""
    drawn = [{"type": "text", "text": text, "desc": "lettering, exactly as written"} for text in wish.quoted]
    return [{"type": "obj", "desc": ". ".join([first.rstrip(". "), *seen])}, *drawn]
