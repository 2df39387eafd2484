"""A prompt in sentences as the JSON object that Ideogram 4 was trained on.

Its fields and their order: docs.ideogram.ai "JSON prompting", and ComfyUI's node BuildJsonPromptIdeogram. An element
has its place (bbox) where a sentence of the prompt says where it stands.
"""

from __future__ import annotations

import json
import re

from ..faithful import avoided
from ..prompts.prose import sentences_of
from ..prompts.vocabulary import STOP
from ..wishes.wish import Wish
from ..wishes.words import PLACING
from .places import LETTERED, PLACED, box_of, boxes_of

PALETTE = re.compile(r"\bpalette\b|^(?:the )?colou?rs?\b", re.IGNORECASE)
LIGHT = re.compile(r"\b(?:lit by|\w*light|lighting|shadows?|glow|backlit)\b", re.IGNORECASE)
VIEW = re.compile(
    r"\b(?:(?<!in )view|angle|shot|lens|eye level|close-up|portrait|composition|focus)\b|^(?:seen|viewed|framed)\b",
    re.IGNORECASE,
)
SEEN_FIRST = re.compile(r"((?:seen|shown|viewed|framed|shot|photographed) [^,]+), (.+)$", re.IGNORECASE)
SEEN_PLACED = re.compile(
    r"(?P<seen>(?P<thing>.+?) (?:is|are) (?:seen|shown) [^,]+), "
    r"(?P<where>(?:in the middle of the frame|a little (?:left|right) of the middle).*)$",
    re.IGNORECASE,
)
ABSENT = re.compile(r"^There (?:is|are) no ")
SEEN_AND = re.compile(r"((?:the [\w' -]+?|it|they|she|he) (?:is|are) (?:seen|shown) [^,]+), and (.+)$", re.IGNORECASE)
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
NEUTRAL_OF_ART = ("clean", "clear", "plain")
AROUND = re.compile(
    r"^(?:all )?around\b|\b(?:background|backdrop|surroundings|setting|in the distance|behind (?:it|them|the))\b",
    re.IGNORECASE,
)
HOUR = re.compile(r"^it is \w+", re.IGNORECASE)
MARKS = re.compile(
    r"^the (?:picture|image|photo\w*|painting|drawing|watercolor|illustration|sketch|render\w*|poster|logo|cover|flyer|"
    r"banner|icon|sticker|design)\b",
    re.IGNORECASE,
)
LEADS = re.compile(
    r"^(?:the (?:scene|picture|image) (?:is lit by|is seen|is shown|is|has|shows)|it is (?:seen|shown)|shown|seen|"
    r"(?:the )?(?:palette|colors?) (?:is|are|keeps? to)|(?:all )?around(?: (?:it|them|her|him))? (?:are|is)|"
    r"in the background (?:are|is)|the background is|the (?!scene)[\w' -]+? (?:is|are) (?:seen|shown))\s+",
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
# A medium that leads to what it shows, and words of drawn text: neither is said again of the thing.
SHOWN_IN = re.compile(
    rf"^(?:an?|the) (?:[\w-]+ ){{0,3}}(?:{'|'.join(words for _, words in MEDIA)})\w* (?:of|with|showing) "
    r"(?=(?:an?|the|two|three|\d+) )",
    re.IGNORECASE,
)
DRAWN_TEXT = re.compile(
    r",?(?: (?:that|which|and))?(?: (?:says?|saying|reads?|reading|with the (?:words?|text|title|slogan)))? "
    r"(?:\"[^\"]*\"|“[^”]*”)",
    re.IGNORECASE,
)
HOURS = ("night", "evening", "morning", "day")
NOTHING_ELSE = re.compile(r",? (?:no|without) [\w ]+$", re.IGNORECASE)


def layout_of(text: str, wish: Wish) -> str:
    """The object of a prompt, on one line."""
    first, *others = sentences_of(text)
    groups: dict[str, list[str]] = {
        name: [] for name in ("background", "aesthetics", "lighting", "marks", "view", "seen", "placed", "lettered")
    }
    absent = [sentence for sentence in others if ABSENT.match(sentence)]
    for sentence in others:
        if sentence in absent:
            continue
        for part in [sentence] if is_of_place(sentence) else halves(sentence):
            groups[group_of(part)].append(plain(part))
    if not groups["lighting"] and (light := LIT_IN.search(first)):
        groups["lighting"].append(light[1])
    medium = medium_of(wish, " ".join(groups["marks"]))
    found: dict[str, object] = {"high_level_description": " ".join([first, *absent])}
    if style := style_of(groups, medium, neutral(wish, medium)):
        found["style_description"] = style
    background = groups["background"] or surroundings(wish)
    if groups["background"] and (near := [place for place in places(wish) if place not in " ".join(background)]):
        background = [", ".join([*near, background[0]]), *background[1:]]
    found["compositional_deconstruction"] = {
        "background": ". ".join(background),
        "elements": elements(first, groups, wish),
    }
    return json.dumps(found, ensure_ascii=False, separators=(",", ":"))


def is_of_place(sentence: str) -> bool:
    """Whether a sentence says where something stands and no more."""
    return group_of(sentence) in ("placed", "lettered") and not SEEN_PLACED.match(sentence)


def is_layout(content: dict) -> bool:
    """Whether an object is one of these already."""
    return bool({"high_level_description", "compositional_deconstruction"} & content.keys())


def halves(sentence: str) -> list[str]:
    """A sentence of light and of colors as two, and so one of the view and of what is seen, or of a thing's colors."""
    if found := COLORED_IN.search(sentence):
        return [*halves(sentence[: found.start()]), f"The palette is {found[1]}"]
    if found := LIT_FIRST.match(sentence):
        return [found[1], found[2]]
    if found := SEEN_PLACED.match(sentence):
        return [found["seen"], f"{found['thing']} is {found['where']}"]
    if found := SEEN_AND.match(sentence):
        return [found[1], found[2][0].upper() + found[2][1:]]
    if found := SEEN_FIRST.match(sentence):
        return [found[1], found[2][0].upper() + found[2][1:]]
    return [sentence]


def group_of(sentence: str) -> str:
    """What a sentence tells of: light, colors, the place, how it is seen, the medium, or what is to be seen."""
    if PLACED.search(sentence):
        return "placed"
    if LETTERED.search(sentence):
        return "lettered"
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


def neutral(wish: Wish, medium: str) -> str:
    """The word for what nothing is known of, one that is not to be avoided."""
    words = NEUTRAL if medium in ("", PHOTOGRAPH) else NEUTRAL_OF_ART
    return next((word for word in words if not avoided(wish, word)), "")


def style_of(groups: dict[str, list[str]], medium: str, neutral: str) -> dict[str, str]:
    """The style as the object has it: of a photo how it was taken, else the manner of the medium; {} for none."""
    aesthetics, lighting = ", ".join(groups["aesthetics"]), ", ".join(groups["lighting"])
    if not medium and not aesthetics and not lighting and not groups["view"]:
        return {}
    style = {"aesthetics": aesthetics or neutral, "lighting": lighting or neutral}
    if medium in ("", PHOTOGRAPH):
        return {**style, "photo": ", ".join([*groups["view"], *groups["marks"]]) or neutral, "medium": PHOTOGRAPH}
    return {**style, "medium": medium, "art_style": ", ".join(groups["marks"]) or medium.replace("_", " ")}


def medium_of(wish: Wish, marks: str) -> str:
    """The medium that was asked for, by a word of it or by tags, else the one that was written; "" for none."""
    return medium_in(wish.text) or ("illustration" if wish.kind == "tags" else medium_in(marks))


def medium_in(text: str) -> str:
    """The medium that a text names; "" for none."""
    return next((name for name, words in MEDIA if re.search(rf"\b(?:{words})\b", text.casefold())), "")


def places(wish: Wish) -> list[str]:
    """Where the user's things are, as typed."""
    return [
        wish.words_between(subject.start, subject.end)
        for subject in wish.subjects
        if subject.relation in PLACING - {"on", "at"} and wish.words[subject.start].folded not in STOP | {"style"}
    ][:2]


def surroundings(wish: Wish) -> list[str]:
    """What is around where no sentence tells of it: where the user's things are, and at what hour."""
    hour = next((f" at {hour}" if hour == "night" else f" by {hour}" for hour in HOURS if hour in wish.facts), "")
    found = places(wish)
    if any(found):
        return found
    if medium_in(wish.text) == "graphic_design":
        return unavoided(wish, f"plain, even ground{hour}")
    on = next((s for s in wish.subjects if s.relation in ("on", "at") and s.end > s.start), None)
    around = f"around the {wish.words[on.end - 1].folded}" if on is not None else "around the subject"
    return unavoided(wish, f"plain surroundings {around}{hour}")


def unavoided(wish: Wish, text: str) -> list[str]:
    """A text of ours as a list, empty where it says what is to be avoided."""
    return [] if avoided(wish, text) else [text]


def elements(first: str, groups: dict[str, list[str]], wish: Wish) -> list[dict]:
    """What is in the picture: its subject with what is seen of it, and each text that is drawn; with their places."""
    return [thing_element(first, groups, wish), *text_elements(groups["lettered"], wish)]


def thing_element(first: str, groups: dict[str, list[str]], wish: Wish) -> dict:
    """The subject as an element."""
    subject = NOTHING_ELSE.sub("", first.rstrip(". "))
    if groups["lettered"]:
        subject = SHOWN_IN.sub("", NOTHING_ELSE.sub("", DRAWN_TEXT.sub("", first.rstrip(". ")))) or subject
    subject = subject[:1].upper() + subject[1:]
    drawn = medium_in(wish.text) == "graphic_design"
    if groups["seen"] and len(subject.split()) < 4 and subject.split()[-1].casefold() in groups["seen"][0].casefold():
        subject = ""  # "The lighthouse has" says it
    of_art = medium_of(wish, " ".join(groups["marks"])) not in ("", PHOTOGRAPH)
    views = [f"Seen {view}" for view in groups["view"]] if of_art else []
    placed = [] if drawn else groups["placed"]
    desc = ". ".join([part for part in (subject, *groups["seen"], *views, *placed) if part])
    box = {"bbox": box_of(groups["placed"][0])} if groups["placed"] else {}
    return {"type": "obj", **box, "desc": desc}


def text_elements(lettered: list[str], wish: Wish) -> list[dict]:
    """Each text that is drawn as an element."""
    found = LETTERED.match(lettered[0]) if lettered else None
    if found is None:
        return [{"type": "text", "text": text, "desc": "lettering, exactly as written"} for text in wish.quoted]
    desc = "".join(unavoided(wish, f"lettering in {found['how']} {found['where']}, exactly as written"))
    boxes = boxes_of(found["where"], len(wish.quoted))
    return [
        {"type": "text", "bbox": box, "text": text, "desc": desc} for text, box in zip(wish.quoted, boxes, strict=True)
    ]
