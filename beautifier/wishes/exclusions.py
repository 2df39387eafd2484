"""What a raw prompt rules out, and by which other words that would come back."""

import re

from ..prompts.vocabulary import Word, singular

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
# What leads to the thing itself: "without any pairs of shoes" rules out shoes.
MEASURE_OF = re.compile(r"\b(?:pairs?|traces?|signs?|kinds?|sorts?|pieces?|types?|hint|number|bits?) of\b")
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
    "flowers": "flower blossom bloom petal bouquet rose tulip floral blooming flowering",
    "leaves": "leaf foliage leafy canopy greenery",
    "plants": "plant tree flower leaf grass fern vine bush ivy foliage moss vegetation garden weed",
    "animals": "animal dog cat bird horse fish insect gull",
    "cars": "car traffic vehicle truck bus taxi headlight",
    "clouds": "cloud cloudy overcast cirrus cumulus",
    "buildings": "building house tower city skyline street",
    "background": "background backdrop scenery landscape",
    "shadow": "shadow shade",
    "hair": "hair strand braid curl lock fringe ponytail bangs flyaway hairline",
    "beard": "beard stubble mustache moustache whisker goatee",
    "shoes": "shoe boot sneaker sandal heel footwear",
    "color": "color colorful hue",
    "clothes": "clothes shirt dress jacket coat knitwear scarf sweater sock pants trousers skirt blouse suit gown "
    "garment laundry outfit robe cardigan hoodie t-shirt",
    "sky": "sky cloud horizon star",
    "water": "water sea lake river pond wave",
    "windows": "window windowsill pane skylight curtain blind drape shutter",
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
RULED_OUT_OF["vehicle"] = RULED_OUT_OF["car"] | {"bicycle", "motorcycle", "scooter", "tram", "van", "bike"}
RULED_OUT_OF["vegetation"] = RULED_OUT_OF["plant"]
RULED_OUT_OF["word"] = RULED_OUT_OF["writing"] = RULED_OUT_OF["letter"] = RULED_OUT_OF["text"]


def exclusions(plain: str) -> tuple[str, ...]:
    """What was ruled out, as folded words."""
    folded = plain.casefold().replace("_", " ").replace("’", "'")
    folded = MEASURE_OF.sub(lambda match: " " * len(match[0]), folded)
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


def excluded_words(plain: str, words: tuple[Word, ...]) -> frozenset[int]:
    """Indices of the words inside an exclusion: they name nothing that is in the picture."""
    inside = set()
    folded = plain.casefold().replace("_", " ").replace("’", "'")
    folded = MEASURE_OF.sub(lambda match: " " * len(match[0]), folded)
    if len(folded) != len(plain):
        return frozenset()
    for match in EXCLUSION.finditer(folded):
        end = match.start(1) + len(EXCLUSION_END.split(match[1])[0])
        inside.update(index for index, word in enumerate(words) if match.start() <= word.start < end)
    return frozenset(inside)
