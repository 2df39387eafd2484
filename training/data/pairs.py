"""One training pair: what is cut out of a detailed prompt, what its raw prompt is, and why a pair is dropped.

Pure functions of texts. A detailed prompt (`tidy_target`) is repaired in its spacing, and refused when it is no plain
English prompt, is unsafe, or has not enough detail; artists' and other people's names are cut out of it. Its raw
prompt is its subject, cut out by rule (`raw_prompt_of`), or what somebody wrote; `row_problem` says what is wrong
with the two together.
"""

import random
import re
import zlib

from ...beautifier.prompts import words as prompts_words
from ...beautifier.prompts.spacing import repair_spacing
from .safety import unsafe_words

WORD = re.compile(r"[a-z0-9]+(?:['-][a-z0-9]+)*")
# What tells subjects apart. It stays as it is, since the held-out rows depend on it (content_words has another list).
STOP_WORDS = frozenset(
    "a an the of in on at to for with and or by from as is are it its his her their this that very some into over"
    " under up down out off no not be being been was were who which one two three".split()
)


def words(text: str) -> list[str]:
    return WORD.findall(text.lower())


def content_words(text: str) -> set[str]:
    """The words that carry a prompt's meaning, lower case: no articles, no prepositions."""
    return set(prompts_words.content_words(text))


# Flags of the Discord bot and of Midjourney come last: the first one and all behind it is cut.
FLAGS = re.compile(
    r"[\s\"”]+(?:--?|—)\s?(?:[a-z]{1,2}\d*|aspect|seed|steps|cfg|uplight|upbeta|width|height|quality|test\w*)"
    r"(?=[\s=:]*(?:\d|k_|-|—|$)).*$",
    re.IGNORECASE,
)
REMARK = re.compile(r"\([^()]*\)")
NOT_PLAIN = re.compile(
    r"[\[\](){}<>|\\^~*_=+#@$/]|: ?:|https?|www\.|: ?-?\d|\d ?%|[^\x00-\x7f]|\d{5,}|!!|\?\?|(?:^| )--?\w"
)
FOREIGN = frozenset(
    "une des les dans avec und der das mit ein eine los las con por una il della het een du sur pour".split()
)
CREDIT = re.compile(
    r"(?:,?\s*\b(?:and|in|at|with)\b)?\s*(?:\b(?:a|an|the|art|artwork|painting|paintings|painted|illustration|illustrated"
    r"|drawing|drawn|photo|photograph|photography|photographed|concept|cover|poster|render|rendered|sculpture|style"
    r"|designed|directed|created|made|composed|shot|filmed|written|composition|lighting|work|works|digital|oil|matte"
    r"|fantasy|character|design|film|movie|still|inspired|portrait|by)\s+)*?"
    r"\b(?:by|(?:in\s+)?(?:the\s+)?styles?\s+of|inspired\s+by|as\s+(?:painted|drawn)\s+by|(?:in\s+)?(?:the\s+)?manner\s+of)\s+[^,.;:]*"
)
# "by" that credits nobody: "surrounded by flowers", "by the sea", "lit by candles".
PLAIN_BY = re.compile(
    r"\b(?:surrounded|lit|illuminated|covered|followed|framed|backlit|lighted|overgrown|sitting|standing|driven|powered"
    r"|worn|held|carried|caused|possessed|chased|guarded|protected|consumed|engulfed|ruled|decorated|adorned|made|built"
    r"|pulled|ridden|topped|bathed|side|night|step|one|two)\s+by\b|\bby\s+(?:the|a|an|his|her|its|their|night|day|moonlight"
    r"|candlelight|sunlight|firelight|side|sea)\b"
)
PARTS = re.compile("['-]")
SEGMENT_ENDS = re.compile(r"[,;]|\.(?=\s|$)|\s-\s|!")
TAIL = frozenset("and or with by of in on at a an the from to for as very highly ultra extremely super is are".split())


def plain_text(prompt: str) -> str:
    """A prompt in lower case with its spacing repaired, without command-line flags and remarks in brackets."""
    text = repair_spacing(prompt.lower())
    if "-" in text or "—" in text:
        text = FLAGS.sub(" ", text)
    if "(" in text:
        text = REMARK.sub(" ", text)
    return " ".join(text.strip(" .,\"'").split())


def remove_credits(segment: str) -> str:
    """A segment without "by ..." and "in the style of ..." where they credit an artist."""
    if not any(word in segment for word in ("by", "style", "manner")):  # what CREDIT looks for; faster
        return segment
    if PLAIN_BY.search(segment) and " style of " not in segment:
        return segment
    return CREDIT.sub("", segment).strip()


def segments_of(prompt: str) -> list[str]:
    parts = [part.strip(" .\"'-;:!?()") for part in SEGMENT_ENDS.split(prompt)]
    return [part for part in parts if part]


def names_somebody(found: list[str], named: frozenset[str]) -> bool:
    """Whether one of the words, or of their parts ("roe-like"), is a word of people's names."""
    if not named.isdisjoint(found):
        return True
    return any(not named.isdisjoint(PARTS.split(word)) for word in found if "-" in word or "'" in word)


def is_plain(text: str) -> bool:
    """Whether a text, as plain_text leaves it, is a prompt in plain English: no markup, no links, no other language."""
    return not NOT_PLAIN.search(text) and len(FOREIGN.intersection(text.split())) <= 1


def nameless_segments(text: str, named: frozenset[str]) -> list[str] | None:
    """The segments of a text without credits and without those that name somebody; None where the subject does."""
    kept = []
    for i, segment in enumerate(segments_of(text)):
        segment = remove_credits(segment)
        if not names_somebody(words(segment), named):
            kept.append(segment)
        elif i == 0:
            return None
    return kept


def without_tail(segment: str) -> str:
    """A segment without the small words at its end, behind which something was cut out or off."""
    while (found := words(segment)) and found[-1] in TAIL:
        segment = segment.rpartition(" ")[0].strip(" ,.-")
    return segment


def tidy_target(prompt: str, named: frozenset[str], modifiers: frozenset[str]) -> tuple[list[str] | None, str]:
    """The segments of a detailed prompt fit for training, or None and the reason why not."""
    text = plain_text(prompt)
    if not is_plain(text):
        return None, "not a plain English prompt"
    if not 5 <= text.count(" ") + 1 <= 90:
        return None, "too short or too long"
    if unsafe_words(text):
        return None, "unsafe text"
    segments = nameless_segments(text, named)
    if segments is None:
        return None, "subject names a person"
    kept: dict[str, str] = {}
    for segment in map(without_tail, segments):
        found = words(segment)
        key = " ".join(word for word in found if word not in STOP_WORDS)
        if key and len(found) <= 24:
            kept.setdefault(key, segment)
    kept = list(kept.values())
    # What Discord or the model cut off stands in the last segment.
    if prompt and prompt.rstrip()[-1] in ",-" or text.rstrip().endswith(tuple(f" {word}" for word in TAIL)):
        kept = kept[:-1]
    if len(kept) < 3 or sum(len(words(segment)) for segment in kept) < 12:
        return None, "too little detail"
    if modifiers and not modifiers.intersection(kept[1:]):
        return None, "no known modifier"
    return kept, ""


ADJECTIVE = (
    r"(?:beautiful|stunning|gorgeous|detailed|highly|hyper|ultra|very|extremely|intricate|realistic|photorealistic"
    r"|hyperrealistic|digital|oil|acrylic|watercolor|watercolour|cinematic|dramatic|epic|amazing|professional|full|body"
    r"|close|up|closeup|wide|angle|shot|macro|aerial|symmetrical|symmetric|award|winning|colorful|vibrant|studio|fashion"
    r"|fantasy|black|white|and|3d|2d|4k|8k|hd|unreal|engine|octane|surreal|surrealist|abstract|minimalist|concept|matte"
    r"|anime|cartoon|comic|book|pencil|ink|charcoal|vector|low|poly|pixel|polaroid|vintage|old|scifi|sci-fi|gothic|dark"
    r"|moody|ethereal|dreamy|elegant|cute|photographic|analog|color|long|medium|front|side|view|upper|half|length"
    r"|impressionist|impressionistic|expressive|baroque|renaissance|art|nouveau|deco|isometric|character|landscape"
    r"|hand|drawn|hyperdetailed|hyperreal|hyper-realistic|hyper-detailed|ultra-detailed|perfect|precise|great|good|a|an|the|of)"
)
MEDIUM = (
    r"(?:portrait|photo|photograph|photography|picture|image|painting|illustration|drawing|sketch|render|rendering|art"
    r"|artwork|shot|close-up|closeup|still|poster|print|sculpture|statue|depiction|view|scene|wallpaper|screenshot|rendition"
    r"|headshot|study|masterpiece|design|cover|sticker|logo|icon|concept|film|movie|engraving|mural|tapestry|model)"
)
FRAMING = re.compile(rf"^(?:{ADJECTIVE}\s+)*{MEDIUM}(?:\s+{MEDIUM})*\s+(?:of|from|featuring|showing|depicting)\s+")
CUT = re.compile(
    r"\s(?:in|on|at|with|from|by|under|over|near|behind|inside|between|through|into|while|who|which|that|made|as|for"
    r"|against|above|beside|during|among|and|is|are|has|have|wearing|holding|sitting|standing|looking|riding|walking|flying|playing|eating"
    r"|made|covered|surrounded|dressed|filled|painted|floating|sleeping|running|dancing|smiling|hiding|reading|drinking"
    r"|(?!building|evening|morning|ceiling|clothing|wedding|painting|viking|duckling|darling|sibling|dumpling|pudding"
    r"|earring|lightning|nothing|something|everything|offspring)\w{4,}ing)\s"
)
FRAMING_WORD = re.compile(rf"^(?:{ADJECTIVE}|{MEDIUM})$")
TAG = re.compile(r"(?:1 ?|one )(?:girl|boy)$")  # how image boards write a person
GIRLS = frozenset("girl woman lady maiden princess queen".split())
BOYS = frozenset("boy man guy prince king".split())
NO_NOUN = frozenset("it he she they them him me you i we this that these those something everything nothing".split())


def shorter_subject(subject: str) -> str:
    """The head of a subject, without what is said about it: "a red fox in a forest" -> "a red fox"."""
    return CUT.split(f" {subject} ", maxsplit=1)[0].strip()


def bare_noun(subject: str) -> str:
    """What a subject is, in one or two words: "a small red fox in a forest" -> "a fox"."""
    found = shorter_subject(subject).split()
    if not found or "of" in found or not found[-1].isalpha() or found[-1] in NO_NOUN or FRAMING_WORD.match(found[-1]):
        return ""
    article = "an" if found[-1][0] in "aeiou" else "a"
    return f"{article} {found[-1]}" if found[0] in ("a", "an", "one") else found[-1]


def raw_prompt_of(segments: list[str], rng: random.Random) -> str:
    """What somebody might have typed who wanted the picture of a detailed prompt; "" where no subject is found.

    Very short inputs are made common on purpose: they are what people type.
    """
    head = segments[0]
    subject = FRAMING.sub("", head).strip()
    if all(FRAMING_WORD.match(word) for word in content_words(subject)) or len(words(subject)) > 16:
        return ""
    choice = rng.random()
    if choice < 0.30:
        noun = bare_noun(subject)
        return tag_of(noun, rng) or noun or subject
    if choice < 0.55:
        shorter = shorter_subject(subject)
        return subject if all(FRAMING_WORD.match(word) for word in content_words(shorter)) else shorter
    if choice < 0.85:
        return subject
    if choice < 0.93:
        return head
    return ", ".join([subject, *rng.sample(segments[1:], min(len(segments) - 1, rng.choice((1, 1, 2))))])


def row_random(target: str) -> random.Random:
    """The random numbers that a detailed prompt's raw prompts are chosen by: its own, wherever it stands."""
    return random.Random(zlib.crc32(target.encode()))


def tag_of(noun: str, rng: random.Random) -> str:
    """The way image boards write a person ("1girl", "1 girl"), in half of the cases that allow it."""
    kind = noun.removeprefix("a ").removeprefix("an ")
    if (kind not in GIRLS and kind not in BOYS) or rng.random() > 0.5:
        return ""
    return rng.choice(("1 {}", "1{}", "one {}")).format("girl" if kind in GIRLS else "boy")


def is_held_out(subject: str) -> bool:
    """About one subject in a hundred, by a hash of its words, so that no subject is on both sides.

    Never to be changed: published models were judged on the rows it chose.
    """
    found = {word for word in words(subject) if word not in STOP_WORDS and len(word) > 1}
    return zlib.crc32(" ".join(sorted(found)).encode()) % 100 == 0


def held_out(prompt: str) -> bool:
    """Whether a detailed prompt, as `tidy_target` leaves it, belongs to the held-out rows."""
    return is_held_out(FRAMING.sub("", segments_of(prompt)[0]))


def tidy_raw(raw: str, excluded: frozenset[str]) -> str:
    """A raw prompt as the model will see it, without its article where it would equal an evaluation prompt."""
    raw = plain_text(raw)
    return re.sub(r"^(?:a|an|the) ", "", raw) if " ".join(words(raw)) in excluded else raw


def overlap(raw: str, target: str) -> float:
    """The share of the raw prompt's content words that are in the detailed prompt; 1 where it has none."""
    subject = content_words(raw)
    return len(subject & content_words(target)) / len(subject) if subject else 1.0


def row_problem(
    raw: str, target: str, named: frozenset[str], excluded: frozenset[str], least_overlap: float = 0.6
) -> str:
    """Why a pair is no good for training; "" when it is."""
    if not any(len(word) > 1 for word in content_words(raw)):
        return "no subject found"
    if NOT_PLAIN.search(raw) or len(words(raw)) > 40:
        return "raw prompt is no plain text"
    if unsafe_words(raw):
        return "unsafe raw prompt"
    if names_somebody(words(raw), named):
        return "raw prompt names a person"
    if not TAG.match(raw) and overlap(raw, target) < least_overlap:
        return "another subject"
    if len(words(target)) < len(words(raw)) + 4:
        return "no richer than the raw prompt"
    if " ".join(words(raw)) in excluded or " ".join(words(target)) in excluded:
        return "in an evaluation set"
    return ""


# What tidy_target says of a prompt that is good as far as it goes.
LOW_QUALITY = ("too short or too long", "too little detail", "no known modifier")


def low_prompt(prompt: str, reason: str, named: frozenset[str], excluded: frozenset[str]) -> str:
    """A prompt that `tidy_target` refused for `reason`, as the low side of a pair; "" where it cannot be one.

    Low is what names a thing in 1 to 12 words, is plain, safe and about nobody in person: what an LLM may expand.
    """
    if reason not in LOW_QUALITY:
        return ""
    raw = tidy_raw(prompt, excluded)
    found = words(raw)
    if not 1 <= len(found) <= 12 or NOT_PLAIN.search(raw) or len(FOREIGN.intersection(found)) > 1:
        return ""
    if unsafe_words(raw) or names_somebody(found, named) or "by" in found or " ".join(found) in excluded:
        return ""
    return raw if any(len(word) > 2 and word.isalpha() for word in content_words(raw)) else ""
