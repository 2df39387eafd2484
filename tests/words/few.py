"""A few subject entries for tests, in the shape of the shipped ones."""

import json

from prompt_beautifier.beautifier.composing.writer import Composer
from prompt_beautifier.beautifier.request import Request
from prompt_beautifier.beautifier.subjects.entries import Entries, index, read_entries


def _row(subject, also, zh, kinds, detail, doing, place, light, view, color, tags=()):
    lists = {"also": also, "zh": zh, "kinds": kinds, "detail": detail, "doing": doing, "place": place, "light": light}
    return (
        {"subject": subject}
        | {key: value.split("|") for key, value in lists.items()}
        | {
            "view": view.split("|"),
            "color": color.split("|"),
            "tags": list(tags),
        }
    )


ROWS = [
    _row(
        "cat", "cats|kitty", "猫|猫咪", "animal|pet",
        "long white whiskers fanned from the muzzle|slit pupils in glassy eyes|soft fur over the chest"
        "|small triangular nose|rounded paws with hidden claws|tail curled around the feet|fine tufts inside the ears",
        "sitting upright with paws together|loafing with paws tucked under|ears turned forward",
        "sunlit windowsill with potted herbs|worn wooden floor by a doorway|top of a low garden wall|forest path",
        "soft window light from one side|late sun tracing the fur|moonlight on the coat",
        "low angle from the floor|three-quarter view|close-up on the face", "warm oak and cream|sage and linen",
        ("cat", "whiskers", "animal focus", "no humans"),
    ),
    _row(
        "woman", "women|lady|young woman", "女人", "person|woman",
        "loose strands of hair at the temple|natural skin texture|soft catchlights in the eyes"
        "|linen shirt with rolled sleeves|slender fingers|relaxed brow|creased leather shoes",
        "glancing over one shoulder|standing with weight on one leg|hands folded in front",
        "beside a tall window|quiet street with plane trees|small cafe|grassy path above the sea",
        "soft window light|even overcast daylight|low sun rimming the hair",
        "three-quarter view at eye level|waist-up framing with an 85mm lens|full-length shot",
        "warm neutrals with muted green|soft gray and cream",
    ),
    _row(
        "lighthouse", "lighthouses|light house", "灯塔", "building",
        "tapering round tower|iron gallery around the lamp|lantern room of curved panes|peeling white paint"
        "|small arched windows|rust stains under the rail|stone base worn by waves",
        "beam sweeping over the water|gulls wheeling past the top|standing alone on the rocks",
        "above a rough sea|rocky headland|grassy cliff|end of a long pier",
        "stormy gray light|clear morning sun|moonlight on the waves",
        "low angle from the rocks|wide shot with open sea|aerial view", "white and red|slate and foam",
        ("lighthouse", "ocean", "cliff", "outdoors"),
    ),
    _row(
        "library", "libraries", "图书馆", "interior",
        "rolling ladder on a brass rail|tall shelves of worn spines|green glass lamps|carved oak ends|reading tables"
        "|dust in the air|arched ceiling",
        "books left open|readers bent over pages|lamps glowing in rows", "old university|quiet wing|top floor|manor",
        "warm lamp light on the desks|dusty shafts of daylight|cool window light", "down the aisle|high view|wide view",
        "walnut and green|oak and cream",
    ),
    _row(
        "watercolor", "water color|watercolour|aquarelle", "水彩|水彩画", "medium|painting",
        "wet-in-wet edges|granulating pigment|untouched paper for highlights|dark rims where washes dried|loose drips"
        "|soft blooms|visible paper tooth",
        "washes left open|edges fading out|pencil lines showing", "cold-pressed paper|white ground"
        "|sketchbook page|board",
        "flat scan light|soft daylight|window light", "whole sheet|tight crop|straight on", "thin clear washes"
        "|two hues",
    ),
    _row(
        "logo", "logos|emblem", "标志", "medium|design|text",
        "flat vector shapes|even stroke weight|sharp clean corners|negative space as a second shape|no gradients"
        "|geometric curves|readable at small size",
        "centered with wide margin|locked up in one shape|balanced", "plain white background|solid field|paper"
        "|dark field",
        "flat with no shading|no cast shadow|even fill", "straight frontal view|square artboard|single mark",
        "two flat colors|one color on white",
    ),
    _row(
        "glass", "made of glass|glassy", "玻璃", "quality|material",
        "light passing through the body|tiny trapped bubbles|bright rim along every edge|bent reflections|liquid curves"
        "|faint green tint|refracted background",
        "standing clear|casting a pattern|catching a highlight", "white tabletop|plinth|shelf|dark surface",
        "backlight through the form|strip softbox|low sun", "close view|macro|straight-on", "clear with aqua|gray",
    ),
    _row(
        "reading", "reading a book|reads a book", "看书", "action",
        "eyes lowered to the page|thumb marking the place|open pages slightly curled|shoulders relaxed|small smile"
        "|printed lines|fingertips at a corner",
        "turning a page slowly|head bent over the page|curled up and absorbed",
        "window seat with cushions|bench under a tree|armchair by a bookshelf|library table",
        "lamp at the shoulder|window light on the page|dappled shade", "medium shot|over the shoulder|close framing",
        "cream and brown|olive and ivory",
    ),
    _row(
        "dog", "dogs|puppy", "狗", "animal|pet",
        "damp black nose|velvety ear flaps|short whiskers along the muzzle|plain collar|dusty paws|feathered tail"
        "|bright brown eyes",
        "panting with tongue out|sitting beside another|lying with chin on paws",
        "backyard lawn|kitchen floor|park path|porch step", "low sun on the coat|soft shade|window light",
        "low angle|side view|front view with shallow focus", "tan and green|rust and cream",
    ),
    _row(
        "classroom", "classrooms", "教室", "interior",
        "round clock above the door|rows of wooden desks|green chalkboard|tall windows along one side|scuffed floor"
        "|wall map|students bent over books",
        "chairs pushed under the desks|teacher writing on the board|chalk dust in the air",
        "village school|old brick school|top floor|corner room", "late sun in beams|gray daylight|bright noon light",
        "wide shot from the corner|desk height|down the aisle", "cream and blue|oak and green",
    ),
    _row(
        "rain", "rainy|rainfall", "雨", "weather",
        "ripples in puddles|glossy wet pavement|fine slanting streaks|droplets on leaves|misty distance|splashes|beads",
        "falling in lines|drumming|running off", "street with wet stones|garden|window"
        "|road", "dim gray daylight|lamp|pale",
        "eye level|close-up|through glass", "gray and green|slate blue",
    ),
]  # fmt: skip


def few() -> Entries:
    """The entries with the index of their names, a person and an artist."""
    entries = read_entries([json.dumps(row) for row in ROWS])
    watercolor = next(entry for entry in entries if entry.subject == "watercolor")
    return index(entries, {"ada lovelace": "woman"}, {"jan vermeer": watercolor})


def written(
    composer: Composer,
    words: str,
    style: str = "phrases",
    num_candidates: int = 1,
    seed: int = 0,
    strength: str = "balanced",
) -> list[str]:
    """What a composer writes of a raw prompt's words."""
    return composer.write(words, Request(words, num_candidates, seed, style=style, strength=strength)).texts
