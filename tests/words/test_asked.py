"""Is everything asked for in the first candidate? Prompts made by rule, and a check that reads plain text."""

import gzip
import re
from itertools import cycle, islice, product
from pathlib import Path

import pytest

from prompt_beautifier.beautifier.composing.writer import Composer
from prompt_beautifier.beautifier.prompts.unsafe import WORDS as UNSAFE
from prompt_beautifier.beautifier.subjects.entries import FOLDER, load
from prompt_beautifier.beautifier.subjects.ideas import CREATIVE, FILE, load_ideas

from .few import written

COMPOSER = Composer(entries=load(), ideas=load_ideas())
EACH = 60
NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "7": 7}
THINGS = (
    "dog",
    "cat",
    "red apple",
    "candle",
    "wooden boat",
    "bird",
    "chair",
    "robot",
    "glass bottle",
    "sheep",
    "child",
)
PLURALS = {"sheep": "sheep", "child": "children"}
PLACES = ("", " on a table", " in a garden", " under a bridge", " at night")
COLORS = ("red", "blue", "green", "yellow", "black", "white", "purple", "orange", "pink", "brown")
COLORED = ("car", "house", "umbrella", "bicycle", "cat", "vase", "dress", "door", "bird", "book")
RELATIONS = ("to the left of", "to the right of", "on top of", "under", "behind", "in front of", "next to", "above")
SIGNS = (
    'a sign that says "{}"', 'a coffee mug with the text "{}"', 'a poster "{}"', 'neon sign reading "{}"',
    'a t-shirt with "{}" printed on it', 'a cake with "{}" written in icing',
)  # fmt: skip
TEXTS = ("OPEN 24/7", "Fjörn & Co.", "hello, World!", "Happy 40th, Ana", "EXIT ->", "№ 5", "don't panic", "3.14 & more",
         "KEEP LEFT; KEEP CALM", "Ça va?")  # fmt: skip
RULED_OUT = {
    "a street without cars": "car cars truck traffic taxi taxis vehicle vehicles bus",
    "a beach, no people": "people person man woman crowd figure swimmer surfer walker child",
    "a portrait of a man with no beard": "beard stubble mustache",
    "a room without furniture": "sofa chair table desk bed shelf armchair stool",
    "a bald woman": "strands braid curls ponytail",
    "a garden without flowers": "flower flowers blossom blossoms petals rose roses",
    "a city street, nobody": "people person pedestrian pedestrians crowd man woman passerby shoppers",
    "a tree without leaves": "leaf leaves foliage",
    "a kitchen without windows": "window windows windowsill",
    "a mountain with no snow": "snow snowy snowfield",
    "a sky without clouds": "cloud clouds cloudy overcast",
    "a cowboy without a hat": "hat brim",
}


IN_WORDS = "zero one two three four five six seven eight nine ten eleven twelve".split()


def plural(noun):
    return PLURALS.get(noun, noun + "s")


def counts():
    for (number, value), thing, place in islice(cycle(product(NUMBERS.items(), THINGS, PLACES)), 0, EACH * 5, 5):
        yield f"{number} {plural(thing)}{place}", (value, number, plural(thing))


def colors():
    pairs = [(a, b) for a in COLORED for b in COLORED if a != b]
    for index, (one, other) in enumerate(pairs[:EACH]):
        first, second = COLORS[index % 10], COLORS[(index * 3 + 1) % 10]
        yield f"a {first} {one} and a {second} {other}", (f"{first} {one}", f"{second} {other}")


def positions():
    for index, (relation, one) in enumerate(islice(cycle(product(RELATIONS, COLORED)), EACH)):
        other = COLORED[(index * 7 + 3) % 10]
        yield f"a {one} {relation} a {other if other != one else 'bench'}", relation


def quotes():
    return [(sign.format(text), text) for sign, text in product(SIGNS, TEXTS)]


def exclusions():
    return [
        (f"{prompt}{more}", words)
        for prompt, words in RULED_OUT.items()
        for more in ("", ", daylight", ", watercolor", ", photo", ", at dusk")
    ]


def first(prompt, style):
    return written(COMPOSER, prompt, style)[0]


def has_count(text, value, number, noun):
    """Whether the count stands before its noun, and no other number does."""
    words = rf"({'|'.join((*NUMBERS, *IN_WORDS))}|\d+|a|an)"
    found = re.findall(rf"\b{words} {noun}\b", text.casefold())
    return bool(found) and set(found) <= {number, str(value), IN_WORDS[value]}


def has_colors(text, pairs):
    """Whether each color stands before its noun, and no other color does."""
    others = "|".join(COLORS)
    for color, noun in (pair.split() for pair in pairs):
        before = set(re.findall(rf"\b({others}) {noun}\b", text.casefold()))
        if before != {color}:
            return False
    return True


def has_relation(prompt, text, relation):
    one, other = (part.removeprefix("a ") for part in prompt.split(f" {relation} "))
    return bool(re.search(rf"\b{one} (is |are |shown |seen )*{relation} (a |the )?{other}\b", text.casefold()))


def is_left_out(prompt, text, words):
    added = text.casefold().replace(prompt.split(",")[0].casefold(), "")
    return not re.search(rf"\b({words.replace(' ', '|')})\b", re.sub(r"\b(no|without( a)?) \w+", "", added))


@pytest.mark.slow
@pytest.mark.parametrize("style", ["phrases", "sentences"])
def test_what_was_asked_for_is_in_the_first_candidate(style):
    kept = {
        "counts": [has_count(first(prompt, style), *wanted) for prompt, wanted in counts()],
        "colors": [has_colors(first(prompt, style), wanted) for prompt, wanted in colors()],
        "positions": [has_relation(prompt, first(prompt, style), wanted) for prompt, wanted in positions()],
        "exclusions": [is_left_out(prompt, first(prompt, style), words) for prompt, words in exclusions()],
    }
    shares = {name: sum(each) / len(each) for name, each in kept.items()}
    assert all(len(each) == EACH for each in kept.values())
    assert min(shares.values()) >= 0.97, shares


@pytest.mark.parametrize("style", ["phrases", "sentences", "tags"])
def test_quoted_text_is_always_there(style):
    assert len(quotes()) == EACH
    assert [prompt for prompt, text in quotes() if f'"{text}"' not in first(prompt, style)] == []


def added_words(prompt, text):
    typed = set(re.findall(r"[^\W\d_]+", prompt.casefold()))
    return set(re.findall(r"[^\W\d_]+", re.sub(r'"[^"]*"', "", text).casefold())) - typed


def forms(word):
    """A word and what it may be a form of: "carves" of "carve", "haloes" of "halo", "graze" of "grazing"."""
    bases = {word, word.removesuffix("s"), word.removesuffix("es"), word.removesuffix("ies") + "y"}
    return bases | {base.removesuffix("e") + "ing" for base in bases}


def real_words():
    """An English word list at hand: words of entries and ideas, and those that CLIP's merges end in."""
    ideas = (idea for path in (FILE, CREATIVE) for found in load_ideas(path).values() for idea in found)
    said = " ".join(text for idea in ideas for _, text in (*idea.phrases, *idea.sentences))
    words = (*load().vocabulary, *re.findall(r"[\w']+", said.casefold()))
    found = {part for word in words for part in word.replace("'", " ").split()}
    merges = Path(FOLDER).parent / "prompts" / "clip_merges.txt.gz"
    with gzip.open(merges, "rt", encoding="utf-8") as lines:
        found |= {line.strip().replace(" ", "").removesuffix("</w>") for line in lines if "</w>" in line}
    return found


@pytest.mark.slow
@pytest.mark.parametrize("style", ["phrases", "sentences"])
def test_no_word_is_made_up_and_no_unsafe_word_and_no_persons_name_is_added(style):
    prompts = [prompt for source in (counts(), colors(), positions(), exclusions()) for prompt, _ in source]
    names = re.compile(r"\b(" + "|".join(re.escape(name) for name in load().people if " " in name) + r")\b")
    known, strange, unsafe, people = real_words(), set(), set(), set()
    for prompt in prompts:
        for text in written(COMPOSER, prompt, style, 3, 1):
            added = added_words(prompt, text)
            strange |= {word for word in added if len(word) > 1 and not known & forms(word)}
            unsafe |= added & UNSAFE
            people |= set(names.findall(text.casefold()))
    assert strange == set() and unsafe == set() and people == set()


@pytest.mark.parametrize(("words", "count"), [("a groom", "1boy"), ("a bride", "1girl")])
def test_tags_count_a_man_and_a_woman_as_such(words, count):
    assert written(COMPOSER, words, "tags")[0].split(", ")[:2] == [count, "solo"]
