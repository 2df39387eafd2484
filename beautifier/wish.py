"""What a raw prompt asks for: subjects and their relations, counts, colors, exclusions, text to be drawn, and more.

`read` is plain reading by word lists and word order; it knows no subjects by name (`subjects.find` does) and it never
changes what was typed. Everything is found in the words as typed: spans are indices into `Wish.text` or `Wish.words`.
"""

import re
from dataclasses import dataclass
from functools import cached_property

from .prompts import lexicon
from .prompts.vocabulary import STOP, Word, content, fold, number_of, singular, words_of

QUOTED = re.compile(
    r"\"([^\"\n]{1,200})\"|“([^”\n]{1,200})”|„([^“”\n]{1,200})[“”]|«([^»\n]{1,200})»|‘([^’\n]{2,200})’(?!\w)"
    r"|(?<![\w'])'([^'\n]{2,120}?)'(?!\w)|「([^」\n]{1,200})」|『([^』\n]{1,200})』|《([^》\n]{1,200})》"
)
BREAK = re.compile(
    r"[,;|\n()\[\]{}，。；、！？：（）]|[!?…]+(?=[\s.!?]|$)|\.+(?=[\s.!?]|$)(?!\s\d)|:+(?=\s|$)|::|(?<=\s)[-–—+/&~]+(?=\s\D)|—|–|(?<=\w)\+(?=\w)"
)
TAG_COUNT = re.compile(r"^(\d+|multiple)\+?(girl|boy|other)s?$")

# Words between two things: what stands behind one is another thing and its relation to the first.
RELATIONS = sorted(
    """in front of|on top of|next to|in the middle of|in the style of|in style of|made out of|made entirely of|made of
    |made from|made up of|made with|made entirely from|in the shape of|shaped like|in the form of|in form of|dressed as
    |dressed in|dressed like|dressed up as|covered in|covered with|covered by|surrounded by|filled with|full of|out of
    |away from|close to|inside of|to the left of|to the right of|left of|right of|on either side of|at the bottom of
    |at the top of|based on|inspired by|in the background|in the foreground|composed of|consisting of|constructed of
    |carved from|carved out of|built from|built of|turned into|turning into|transformed into|disguised as|in a|in an
    |as a|as an|in|on|at|under|over|with|without|wearing|holding|riding|of|and|near|by|behind|beside|inside|through
    |from|into|onto|against|between|among|amongst|around|along|across|beneath|below|above|underneath|beyond|atop
    |within|toward|towards|to|as|like|for|during|after|before|vs|versus|amid|amidst|while|where|that|which|who|whose
    |but|or|w|outside|off|up|down|than|featuring|containing|showing|depicting|about|except|via|upon|past|carrying
    |having|has|have|had|is|are|was|were|looking like|starring|plus|meets|x|using|atop of|when|if|because""".replace(
        "\n", ""
    )
    .replace("    ", "")
    .split("|"),
    key=lambda words: -len(words.split()),
)
RELATION_WORDS = {words.strip(): len(words.split()) for words in RELATIONS}
LONGEST_RELATION = max(RELATION_WORDS.values())
# Relations that say where something is.
PLACING = frozenset(
    "in on at under over near behind beside inside through into onto against between among amongst around along across "
    "beneath below above underneath beyond atop within outside off down past upon amid amidst".split()
) | {
    "in front of",
    "on top of",
    "next to",
    "in the middle of",
    "surrounded by",
    "close to",
    "inside of",
    "to the left of",
    "to the right of",
    "left of",
    "right of",
    "on either side of",
    "at the bottom of",
    "at the top of",
    "in a",
    "in an",
    "out of",
    "filled with",
    "full of",
    "in the background",
    "in the foreground",
}
# Relations that make another thing of the subject: what is true of it no longer has to be.
CHANGING = frozenset(
    (
        "made out of|made entirely of|made of|made from|made up of|made with|made entirely from|in the shape "
        "of|shaped like"
        "|in the form of|in form of|dressed as|dressed like|dressed up as|composed of|consisting of|constructed of"
        "|carved from|carved out of|built from|built of|turned into|turning into|transformed into|disguised as|as|as a"
        "|as an|but|looking like|meets|x|covered in|covered with|covered by|like|plus"
    ).split("|")
)
CHANGED = frozenset(
    "hybrid mutant fusion half crossbreed chimera mashup hybridized anthropomorphic anthropomorphized anthro "
    "humanoid human-like shaped inspired themed crossed morphing mixed fursona furry personified cyborg robotic robot "
    "skeleton zombie ghost mecha undead inflatable plush toy lego mutated deformed melted melting exploded invisible "
    "transparent crocheted knitted felted origami abstract".split()
)
# Nouns in -ing, which are no verbs.
ING_NOUNS = frozenset(
    "building painting drawing ceiling string king ring wing lighting morning evening spring sling thing clothing "
    "railing awning wedding clearing landing crossing bedding sibling duckling dumpling earring engraving etching "
    "rendering dressing pudding icing viking warning sting swing opening living dining parking lightning wellbeing "
    "being "
    "seasoning stocking tubing siding lettering coating crowning carving offering nothing something everything "
    "anything "
    "sterling beijing shading flooring gosling herring racing boxing wrestling concept-art marketing advertising "
    "amazing stunning charming gleaming interesting beijing starling sling bling outing during cooling timing filming "
    "boeing reading-room gathering setting stitching marking quilling darling halfling changeling yearling fledgling "
    "seedling sapling plumbing scaffolding breathtaking trending award-winning winning mind-blowing imposing striking "
    "outstanding surprising charming menacing terrifying intriguing captivating enchanting relaxing exciting "
    "good-looking everlasting striking nightmarish".split()
)
VERBS = frozenset(
    "stands sits runs jumps flies walks rides holds wears eats drinks plays looks lies leans sleeps swims dances "
    "fights "
    "sings reads writes smiles laughs cries screams climbs falls hangs floats rises grows waits watches carries drives "
    "shows gives takes makes tries says meets sees finds chases crosses attacks emerges hides kisses hugs kicks throws "
    "cooks bakes works paints draws plays destroys demolishes devours eat drink sit stand run walk play ride fly fight "
    "dance stares gazes points faces amuse experience experiences argue customers-argue explodes crashes burns melts "
    "becomes turns leaves returns goes comes contemplates discovers explores enters escapes travels covers fills looms "
    "towers sprouts summons casts wields battles cleans shops surfs rescues juggles balances sells buys builds".split()
)
PARTICIPLES = frozenset(
    "seen lost caught found trapped stuck made built worn drawn shown held grown taken thrown torn broken hung set lit "
    "sat sitting laid frozen hidden woven sunk buried bound wrapped dressed covered surrounded perched parked stacked "
    "painted designed created illustrated rendered shot photographed sculpted carved shaped viewed inspired filled "
    "decorated connected attached tied nestled chained reflected displayed arranged".split()
)
BOILERPLATE = frozenset(
    "masterpiece masterpieces best quality high resolution highly detailed detail details intricate intricately hd uhd "
    "hdr 4k 8k 16k 2k 1080p ultra hyper hyperdetailed ultradetailed ultra-detailed hyper-detailed super sharp focus "
    "trending artstation on deviantart award winning award-winning octane unreal engine 5 4 render rendered vray v-ray "
    "raytracing ray tracing insane insanely extremely very professional stunning beautiful beautifully gorgeous "
    "amazing "
    "breathtaking epic incredible incredibly awesome perfect wallpaper cgsociety pixiv zbrush zbrushcentral absurdres "
    "highres res lowres score 9 8 7 6 up rating safe 8 k 4 k 16 k photorealistic realistic realism photorealism "
    "hyperrealistic hyperrealism hyperealistic ultrarealistic cinematic dramatic global illumination lumen "
    "contest winner featured elegant smooth crisp clean lines professionally graded aesthetic popular top rated "
    "fine art by of the and art station reddit behance dribbble imax uhdr vfx sfx quality real life picture newest "
    "very aesthetic good anatomy hq complex composition well composed accurate finely fine lined vivid post processing "
    "unity unreal5 ue5 redshift arnold corona cinema4d blender maya houdini terragen high-res resolution raw "
    "subsurface "
    "scattering dof depth field trend most v ray corona photoreal hyperreal".split()
)
FRAMING = frozenset(
    "photo photograph picture image pic shot view portrait close-up closeup close up scene depiction rendering render "
    "illustration painting drawing sketch footage still closeups headshot bust selfie snapshot video screenshot art "
    "artwork print poster cover version set collection series piece design study visual key keyframe extreme wide "
    "aerial macro full body "
    "closeshot interior exterior inside glimpse kind sort type style profile concept angle perspective".split()
)
GROUPS = frozenset(
    "all some most many several none each lots group pair herd flock pack swarm team crowd bunch row line couple army "
    "horde school host pile gang family army "
    "lot lots dozen variety assortment collection host cluster bouquet litter pride stack band".split()
)
CONTAINERS = frozenset(
    "bowl cup glass mug plate slice piece bottle jar pot can box basket tray pint stack tower".split()
)
TAIL = frozenset(
    "character scene design model image picture style concept background version art artwork illustration themed theme "
    "aesthetic look vibe vibes closeup photo print shot theme animal".split()
)
ADVERBS = frozenset(
    "very extremely super really highly incredibly ultra so too just slightly fully partially almost quite together "
    "alone everywhere outside outdoors indoors inside far away nearby back down up there here".split()
)
NOBODY = re.compile(
    r"\b(?:nobody|no one|no humans?|no persons?|no people|without (?:any )?(?:people|humans?|anyone|anybody)|"
    r"empty of people|uninhabited|unpopulated|deserted|not a soul)\b"
)
EXCLUSION = re.compile(
    r"\b(?:no|without|w/o|not|zero|devoid of|free of|lacking|minus|never|nor|neither|don't|do not|isn't|aren't)\s+"
    r"(?:any\s+|a\s+|an\s+|the\s+|show\s+|include\s+|have\s+|having\s+|with\s+)*([^\W\d_][^,.;|\n]*)"
)
EXCLUSION_END = re.compile(
    r"\b(?:in|on|at|by|with|but|just|only|for|of|from|to|under|near|is|are|because|while|background|wearing|holding)\b"
)
LESS = re.compile(r"\b([a-z]{3,})less\b")
NO_LOSS = frozenset(
    "wireless timeless endless seamless flawless priceless nevertheless regardless unless restless un".split()
)
IMPLIED_EXCLUSIONS = {
    "bald": "hair",
    "hairless": "hair",
    "shaven": "beard",
    "shaved": "beard",
    "beardless": "beard",
    "cloudless": "cloud",
    "empty": "people",
    "deserted": "people",
    "unoccupied": "people",
    "uninhabited": "people",
    "unfurnished": "furniture",
    "barefoot": "shoes",
    "leafless": "leaves",
    "bare-handed": "gloves",
    "colorless": "color",
}
# Other names of what was ruled out.
RULED_OUT = {
    "people": "person people man woman child boy girl figure crowd visitor passerby pedestrian human humans guest "
    "group "
    "anyone couple shopper worker someone fisherman walker friend family rider",
    "furniture": "furniture sofa chair table desk couch bed shelf rug lamp armchair stool cabinet bench carpet seat",
    "text": "text lettering letter word sign writing typography headline caption title label",
    "plants": "plant tree flower leaf grass fern vine bush ivy foliage moss vegetation garden weed",
    "animals": "animal dog cat bird horse fish insect gull",
    "cars": "car traffic vehicle truck bus taxi headlight",
    "clouds": "cloud cloudy overcast",
    "buildings": "building house tower city skyline street",
    "background": "background backdrop scenery landscape",
    "shadow": "shadow shade",
    "hair": "hair strand braid curl lock fringe ponytail bangs flyaway hairline",
    "beard": "beard stubble mustache moustache whisker goatee",
    "shoes": "shoe boot sneaker sandal heel footwear",
    "color": "color colorful hue",
    "clothes": "clothes shirt dress jacket coat",
    "sky": "sky cloud horizon star",
    "water": "water sea lake river pond wave",
    "windows": "window windowsill pane skylight",
    "light": "light lamp glow lit",
    "face": "face eye cheek mouth smile nose lip",
    "hat": "hat cap hood helmet",
    "fog": "fog mist haze misty foggy hazy",
    "trees": "tree branch pine oak forest woodland grove",
    "weapons": "weapon sword gun knife bow spear",
    "makeup": "makeup lipstick blush eyeliner",
    "glasses": "glasses spectacles eyeglass sunglasses",
    "rocks": "rock stone boulder pebble cliff",
}
RULED_OUT_OF = {
    singular(word): frozenset(singular(other) for other in others.split())
    for name, others in RULED_OUT.items()
    for word in (name, others.split()[0])
} | {singular(name): frozenset(singular(other) for other in others.split()) for name, others in RULED_OUT.items()}
RULED_OUT_OF["human"] = RULED_OUT_OF["nobody"] = RULED_OUT_OF["one"] = RULED_OUT_OF["person"]
for _word in "fan audience spectator customer student passenger visitor guest crowd tourist pedestrian player".split():
    RULED_OUT_OF[_word] = RULED_OUT_OF["person"] | {"audience", "spectator", "fan", "student", "customer", "passenger"}
RULED_OUT_OF["vehicle"] = RULED_OUT_OF["car"]
RULED_OUT_OF["vegetation"] = RULED_OUT_OF["plant"]
RULED_OUT_OF["word"] = RULED_OUT_OF["writing"] = RULED_OUT_OF["letter"] = RULED_OUT_OF["text"]


@dataclass(frozen=True)
class Subject:
    """A thing that was named: the words from `start` to `end` of `Wish.words`, and how it stands to the one before.

    `relation` is "" for the first thing of a segment, a word of `RELATIONS`, or "doing" behind a verb.
    """

    start: int
    end: int
    relation: str
    segment: int
    noun: str
    count: int | None = None

    @property
    def many(self) -> bool:
        """Whether there is more than one of it."""
        return self.count is not None and self.count != 1


@dataclass(frozen=True)
class Count:
    """So many of something: the number, and the folded singular noun it counts."""

    number: int
    noun: str


@dataclass(frozen=True)
class Wish:
    """What a raw prompt asks for.

    `said` are the roles it settles itself (place, light, view, color, doing), `verbs_at` the words that are verbs
    behind a subject, `outside` those of exclusions.
    """

    text: str
    words: tuple[Word, ...]
    segments: tuple[tuple[int, int], ...]
    kind: str
    subjects: tuple[Subject, ...]
    counts: tuple[Count, ...]
    colors: tuple[tuple[str, str], ...]
    excluded: tuple[str, ...]
    quoted: tuple[str, ...]
    names: tuple[str, ...]
    said: frozenset[str]
    facts: frozenset[str]
    topics: frozenset[str]
    verbs: tuple[str, ...]
    verbs_at: tuple[int, ...] = ()
    outside: frozenset[int] = frozenset()

    @cached_property
    def content(self) -> frozenset[str]:
        """Folded singular words that carry meaning."""
        return content(self.text)

    @cached_property
    def forbidden(self) -> frozenset[str]:
        """Words, folded and singular, that an exclusion rules out."""
        words: set[str] = set()
        for thing in self.excluded:
            parts = [singular(word.folded) for word in words_of(thing)]
            words.update(part for part in parts[-1:])
            for part in parts:
                words |= RULED_OUT_OF.get(part, frozenset())
        return frozenset(words)

    @property
    def detailed(self) -> int:
        """How much was said: 0 for a short wish, 1 for one that needs little more, 2 for one that needs hardly any."""
        said = len(self.content - BOILERPLATE)
        return 0 if said <= 14 else 1 if said <= 28 else 2

    def words_between(self, start: int, end: int) -> str:
        """The text as typed from one word to before another."""
        return self.text[self.words[start].start : self.words[end - 1].end] if end > start else ""


def read(text: str) -> Wish:
    """What a raw prompt asks for."""
    quoted = tuple(m for m in QUOTED.finditer(text))
    bare = list(text)
    for match in quoted:
        bare[match.start() : match.end()] = [","] * (match.end() - match.start())
    plain = "".join(bare)
    words = words_of(plain)
    segments = _segments(plain, words)
    kind = _kind(text, plain, words, segments)
    excluded = _exclusions(plain)
    outside = _excluded_words(plain, words)
    subjects, verbs, verbs_at = _subjects(words, segments, outside)
    facts, topics = lexicon.facts_of(plain), lexicon.topics_of(plain)
    return Wish(
        text=text,
        words=words,
        segments=segments,
        kind=kind,
        subjects=subjects,
        counts=_counts(words, subjects),
        colors=_colors(words, subjects),
        excluded=excluded,
        quoted=tuple(next(part for part in match.groups() if part) for match in quoted),
        names=_names(text, words, segments),
        said=_said(plain, words, subjects, verbs),
        facts=facts,
        topics=topics,
        verbs=verbs,
        verbs_at=verbs_at,
        outside=outside,
    )


def _segments(text: str, words: tuple[Word, ...]) -> tuple[tuple[int, int], ...]:
    """Runs of words between marks that divide, as ranges of word indices."""
    cuts = [match.start() for match in BREAK.finditer(text)]
    found, start, at = [], 0, 0
    for index, word in enumerate(words):
        divided = False
        while at < len(cuts) and cuts[at] < word.start:
            divided, at = True, at + 1
        if divided and index > start:
            found.append((start, index))
            start = index
    if len(words) > start:
        found.append((start, len(words)))
    return tuple(found)


def _kind(text: str, plain: str, words: tuple[Word, ...], segments: tuple[tuple[int, int], ...]) -> str:
    """How it was written: "tags", "sentence", "list" (of segments) or "phrase"."""
    parts = [part.strip() for part in plain.split(",") if part.strip()]
    marks = sum("_" in part for part in parts) + 2 * sum(
        bool(TAG_COUNT.match(part)) or fold(part) in ("solo", "no humans") for part in parts
    )
    if marks >= 2 and (len(parts) >= 2 or marks >= 3) and sum(len(p.split()) for p in parts) <= 4 * len(parts):
        return "tags"
    if any(word.folded in ("is", "are", "was", "were") or word.folded in VERBS for word in words) and len(words) > 4:
        first = segments[0] if segments else (0, 0)
        if text.rstrip().endswith((".", "!")) or first[1] - first[0] >= 5:
            return "sentence"
    if text.rstrip().endswith(".") and len(words) >= 6 and text.lstrip()[:1].isupper():
        return "sentence"
    return "list" if len(segments) > 1 else "phrase"


def _exclusions(plain: str) -> tuple[str, ...]:
    """What was ruled out, as folded words."""
    folded = plain.casefold().replace("_", " ").replace("’", "'")
    found = []
    if NOBODY.search(folded):
        found.append("people")
    for match in EXCLUSION.finditer(folded):
        things = EXCLUSION_END.split(match[1])[0]
        for thing in re.split(r"\band\b|\bor\b|\bno\b|\bwithout\b|\bnor\b", things):
            thing = " ".join(thing.split()[:3]).strip()
            if thing and thing not in ("one", "more"):
                found.append(thing)
    for match in LESS.finditer(folded):
        if match[0] not in NO_LOSS:
            found.append(match[1])
    for word in re.findall(r"[a-z]+", folded):
        if word in IMPLIED_EXCLUSIONS:
            found.append(IMPLIED_EXCLUSIONS[word])
    if re.search(r"没有|无人|不要|没人", plain):
        found.append("people" if re.search(r"没有?人|无人|不要人", plain) else "text" if "字" in plain else "nothing")
    return tuple(dict.fromkeys(found))


def _excluded_words(plain: str, words: tuple[Word, ...]) -> frozenset[int]:
    """Indices of the words inside an exclusion: they name nothing that is in the picture."""
    inside = set()
    folded = plain.casefold().replace("_", " ").replace("’", "'")
    if len(folded) != len(plain):
        return frozenset()
    for match in EXCLUSION.finditer(folded):
        end = match.start(1) + len(EXCLUSION_END.split(match[1])[0])
        inside.update(index for index, word in enumerate(words) if match.start() <= word.start < end)
    return frozenset(inside)


def _subjects(
    words: tuple[Word, ...], segments: tuple[tuple[int, int], ...], excluded: frozenset[int]
) -> tuple[tuple[Subject, ...], tuple[str, ...], tuple[int, ...]]:
    """The things named, segment by segment, the verbs among them, and where those stand that part two things."""
    subjects, verbs, verbs_at = [], [], []
    for number, (first, last) in enumerate(segments):
        relation, start, index = "", first, first
        while index < last:
            word = words[index].folded
            length = _relation_at(words, index, last)
            is_verb = not length and _is_verb(words, index, start, last)
            if length or is_verb:
                subjects.append(_thing(words, start, index, relation, number, excluded))
                relation = "doing" if is_verb else " ".join(w.folded for w in words[index : index + length])
            if is_verb:
                verbs_at.append(index)
            if is_verb or (not length and word.endswith("ing") and word not in ING_NOUNS):
                verbs.append(word)
            index += length or 1
            start = index if length or is_verb else start
        subjects.append(_thing(words, start, last, relation, number, excluded))
    return tuple(filter(None, subjects)), tuple(verbs), tuple(verbs_at)


def _thing(
    words: tuple[Word, ...], start: int, end: int, relation: str, segment: int, excluded: frozenset[int]
) -> Subject | None:
    """The thing that words name, without articles before and adverbs behind; None where nothing is left or wanted."""
    while start < end and words[start].folded in STOP and number_of(words[start].folded) is None:
        start += 1
    while end > start and words[end - 1].folded in (STOP | ADVERBS):
        end -= 1
    if end == start or set(range(start, end)) <= excluded:
        return None
    return Subject(start, end, relation, segment, singular(words[end - 1].folded), _count_of(words, start, end))


def _relation_at(words: tuple[Word, ...], index: int, last: int) -> int:
    """How many words from here on are a relation; 0 when none begins here."""
    if words[index].folded == "and" and 0 < index < last - 1:
        if words[index - 1].folded in lexicon.COLORS and words[index + 1].folded in lexicon.COLORS:
            return 0  # "a black and white cat"
    for length in range(min(LONGEST_RELATION, last - index), 0, -1):
        if RELATION_WORDS.get(" ".join(word.folded for word in words[index : index + length])) == length:
            return length
    return 0


def _is_verb(words: tuple[Word, ...], index: int, start: int, last: int) -> bool:
    """Whether the word is a verb behind its subject: "a cat sleeping", not "a sleeping cat"."""
    word = words[index].folded
    if index == start:
        return (
            word.endswith("ing")
            and word not in ING_NOUNS
            and (index == 0 or index + 1 == last or _leads(words, index + 1))
        )
    if word in VERBS:
        return True
    before = [w.folded for w in words[start:index] if w.folded not in STOP and number_of(w.folded) is None]
    if not before:
        return False
    if word.endswith("ing") and word not in ING_NOUNS:
        following = words[index + 1].folded if index + 1 < last else ""
        if word in INTRANSITIVE and following and following not in STOP and not _leads(words, index + 1):
            return False
        only_colors = all(w in lexicon.COLORS or w in SHAPE_WORDS or w in ADVERBS for w in before)
        return not (only_colors and following and following not in STOP)
    if word in PARTICIPLES or word.endswith("ed"):
        return index + 1 < last and _leads(words, index + 1) and len(word) > 3 and word not in lexicon.COLORS
    return False


# Verbs without an object: before a noun they describe it ("break dancing robot").
INTRANSITIVE = frozenset(
    "dancing sleeping flying smiling burning glowing laughing crying floating falling walking sitting standing "
    "swimming "
    "jumping screaming melting spinning shining hovering rising dying singing dreaming living flowing talking "
    "wandering".split()
)
SHAPE_WORDS = frozenset(
    "small big large giant tiny huge little old young new long short tall fat thin cute beautiful pretty ugly happy "
    "sad "
    "angry dark bright fluffy evil scary creepy funny strange weird cool lonely lone single".split()
)


def _leads(words: tuple[Word, ...], index: int) -> bool:
    """Whether a word opens what stands behind a verb: a preposition, an article, a pronoun."""
    return words[index].folded in STOP or _relation_at(words, index, index + 1) > 0


def _count_of(words: tuple[Word, ...], start: int, end: int) -> int | None:
    """How many of the thing are wanted: a number before it, 1 behind "a", None where nothing says it."""
    for index in range(start, end):
        word = words[index].folded
        number = number_of(word)
        if number is not None and index + 1 < end and not _is_measure(words, index):
            return number
        if TAG_COUNT.match(word):
            return int(word[0]) if word[0].isdecimal() else 3
        if word in ("many", "several", "few", "multiple", "numerous", "countless", "various", "some", "dozens"):
            return 5
    if start and words[start - 1].folded in ("a", "an", "one"):
        return 1
    noun = words[end - 1].folded
    if singular(noun) != noun or noun in ("people", "children", "men", "women"):
        return -1
    return None


def _is_measure(words: tuple[Word, ...], index: int) -> bool:
    """Whether a number measures instead of counting: "8 k", "35 mm", "80 years", "1 9 2 0 s", "f / 1. 8"."""
    following = words[index + 1].folded if index + 1 < len(words) else ""
    return (
        following
        in (
            "k",
            "mm",
            "d",
            "years",
            "year",
            "yo",
            "s",
            "bit",
            "am",
            "pm",
            "o",
            "th",
            "st",
            "nd",
            "rd",
            "percent",
            "inch",
            "ft",
            "feet",
            "meter",
            "point",
            "hd",
            "px",
            "x",
            "cm",
            "p",
        )
        or number_of(following) is not None
        or (
            index > 0
            and (
                words[index - 1].folded.isdecimal()
                or words[index - 1].folded
                in (
                    "f",
                    "part",
                    "number",
                    "vol",
                    "chapter",
                    "version",
                    "iphone",
                    "gta",
                    "ps",
                    "rtx",
                    "engine",
                    "type",
                    "mark",
                    "stage",
                    "level",
                    "warhammer",
                    "star",
                    "season",
                    "episode",
                    "route",
                    "area",
                )
            )
        )
    )


def _counts(words: tuple[Word, ...], subjects: tuple[Subject, ...]) -> tuple[Count, ...]:
    """Numbers with the nouns they count."""
    found = []
    for subject in subjects:
        for index in range(subject.start, subject.end - 1):
            number = number_of(words[index].folded)
            if number is not None and number > 0 and not _is_measure(words, index):
                noun = _counted(words, index + 1, subject.end)
                found.append(Count(number, noun))
        for index in range(subject.start, subject.end):
            tag = TAG_COUNT.match(words[index].folded)
            if tag and tag[1].isdecimal():
                found.append(Count(int(tag[1]), tag[2]))
    return tuple(dict.fromkeys(found))


def _counted(words: tuple[Word, ...], start: int, end: int) -> str:
    """The noun that a number counts: the first plural behind it, else the last word."""
    for index in range(start, end):
        if singular(words[index].folded) != words[index].folded:
            return singular(words[index].folded)
    return singular(words[end - 1].folded)


def _colors(words: tuple[Word, ...], subjects: tuple[Subject, ...]) -> tuple[tuple[str, str], ...]:
    """Colors with the nouns they belong to ("" where none stands behind)."""
    found = []
    for subject in subjects:
        colors = [i for i in range(subject.start, subject.end) if words[i].folded in lexicon.PLAIN_COLORS]
        for index in colors:
            behind = [
                w.folded for w in words[index + 1 : subject.end] if w.folded not in lexicon.PLAIN_COLORS | {"and"}
            ]
            found.append((words[index].folded, singular(behind[-1]) if behind else ""))
    return tuple(dict.fromkeys(found))


def _names(text: str, words: tuple[Word, ...], segments: tuple[tuple[int, int], ...]) -> tuple[str, ...]:
    """Proper names: capitalised words that neither open a segment nor stand among capitals throughout."""
    letters = [c for c in text if c.isalpha()]
    if letters and sum(c.isupper() for c in letters) > 0.6 * len(letters):
        return ()
    capitals = [w for w in words if w.text[0].isupper() and len(w.text) > 1]
    if len(words) > 3 and len(capitals) > 0.7 * len(words):
        return ()
    opening = {start for start, _ in segments}
    return tuple(
        dict.fromkeys(
            w.text for i, w in enumerate(words) if w in capitals and i not in opening and w.folded not in STOP
        )
    )


def _said(plain: str, words: tuple[Word, ...], subjects: tuple[Subject, ...], verbs: tuple[str, ...]) -> frozenset[str]:
    """The roles that the prompt settles itself, as far as single words tell."""
    said = set()
    if any(s.relation in PLACING for s in subjects):
        said.add("place")
    if lexicon.says({"background", "backdrop", "outdoors", "indoors", "outdoor", "indoor", "underwater"}, plain):
        said.add("place")
    for role, table in (("light", lexicon.LIGHT_WORDS), ("view", lexicon.VIEW_WORDS)):
        if lexicon.says(table, plain):
            said.add(role)
    if lexicon.says(lexicon.COLORS | lexicon.COLOR_WORDS, plain):
        said.add("color")
    if (
        verbs
        or "pose" in lexicon.topics_of(plain)
        or any(s.relation in ("riding", "holding", "using", "carrying") for s in subjects)
    ):
        said.add("doing")
    return frozenset(said)
