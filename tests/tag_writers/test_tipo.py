"""TIPO: what it is given to read for tags and for sentences, letter by letter, and how its answers are read."""

import pytest

from prompt_beautifier.beautifier.beautify import load_beautifier
from prompt_beautifier.beautifier.families import FAMILIES, instructed, read, render
from prompt_beautifier.beautifier.request import Request
from prompt_beautifier.beautifier.tag_writers.asked import are_tags, tags_of

from ..stand_ins import tiny

# (raw prompt, what is asked besides, what TIPO reads)
ASKED = [
    ("1girl, cat ears", {"style": "tags"}, "rating: safe\ntarget: <|long|>\ntag: 1girl, cat ears"),
    ("cat ears, 1girl, smile", {"style": "phrases"}, "rating: safe\ntarget: <|long|>\ntag: 1girl, cat ears, smile"),
    (
        "1girl, cat_ears, :3, masterpiece, best quality, sensitive",
        {"style": "tags", "length": "short"},
        "rating: sensitive\nquality: masterpiece, best quality\ntarget: <|short|>\ntag: 1girl, cat ears, :3",
    ),
    (
        "1girl, cat ears",
        {"style": "sentences", "length": "long"},
        "rating: safe\ntarget: <|very_long|> <|tag_to_long|>\ntag: 1girl, cat ears\nlong:",
    ),
    (
        "a cat on the roof of a house",
        {"style": "tags"},
        "rating: safe\ntarget: <|long|> <|short_to_tag|>\nshort: a cat on the roof of a house\ntag:",
    ),
    (
        "A cat, safe on a roof.",
        {"style": "sentences"},
        "rating: safe\ntarget: <|long|> <|short_to_tag_to_long|>\nshort: A cat, safe on a roof.\ntag:",
    ),
]


@pytest.mark.parametrize(("words", "asked", "expected"), ASKED)
def test_what_it_reads(words, asked, expected):
    family, spoken = instructed(FAMILIES["tipo"], words, Request(words, **asked))
    assert render(family, spoken) == expected


# (raw prompt, what is asked besides, the answer, the prompt in it)
READ = [
    (
        "1girl, smile",
        {"style": "tags"},
        ", long hair, smile, blue_eyes, ^_^",
        "1girl, smile, long hair, blue eyes, ^_^",
    ),
    ("1girl, smile, masterpiece", {"style": "tags"}, ", sky", "1girl, smile, sky, masterpiece"),
    ("1girl, smile", {"style": "tags"}, ", sky\nlong: A girl.", "1girl, smile, sky"),
    (
        "1girl, smile",
        {"style": "tags", "avoid": ("sky", "hat")},
        ", night sky, hats, chatting",
        "1girl, smile, chatting",
    ),
    ("1girl, hat", {"style": "tags"}, "", ""),
    ("1girl, smile", {"style": "sentences"}, " A girl smiles. She waves.", "A girl smiles. She waves."),
    ("1girl, smile", {"style": "sentences", "avoid": ("waves",)}, " A girl. She waves. Night.", "A girl. Night."),
    (
        "1girl",
        {"style": "sentences", "avoid": ("waves",)},
        " A man stands. Mr. Lee waves. Night.",
        "A man stands. Night.",
    ),
    ("a cat on the roof", {"style": "tags"}, " cat, roof\nlong: A cat.", "cat, roof"),
    ("a cat on the roof", {"style": "sentences"}, " cat, roof\nlong: A cat sits.\n\nshort: x", "A cat sits."),
    ("a cat on the roof", {"style": "sentences"}, " cat, roof, <|empty|>", "cat, roof"),
]


@pytest.mark.parametrize(("words", "asked", "answer", "expected"), READ)
def test_how_its_answer_is_read(words, asked, answer, expected):
    family, spoken = instructed(FAMILIES["tipo"], words, Request(words, **asked))
    assert read(family, spoken, answer) == expected


@pytest.mark.parametrize(("length", "most"), [("short", 36), ("medium", 54), ("long", 72)])
def test_no_more_tags_than_the_length_allows(length, most):
    words = "1girl, smile"
    family, spoken = instructed(FAMILIES["tipo"], words, Request(words, style="tags", length=length))
    answer = "".join(f", tag {number}" for number in range(100))
    assert len(read(family, spoken, answer).split(", ")) == most


@pytest.mark.parametrize(
    ("words", "tags"),
    [
        ("1girl", True),
        ("red hair, blue eyes, smile", True),
        ("long_hair, hat", True),
        ("a cat", False),
        ("a cat on a roof, a dog in the garden, the sea behind", False),
        ("A girl. She smiles, waves, runs", False),
        ("", False),
    ],
)
def test_what_counts_as_tags(words, tags):
    assert are_tags(words) == tags


def test_tags_by_kind():
    tags = tags_of("score_9, 2girls,  red_dress , safe, multiple boys, :)")
    assert tags.people == ("2girls", "multiple boys") and tags.others == ("red dress", ":)")
    assert tags.quality == ("score_9",) and tags.rating == ("safe",)


@pytest.fixture
def tipo(tmp_path):
    return load_beautifier(tiny.save_checkpoint(tmp_path / "tipo", "tipo", "tipo"))


def test_its_own_tokens_are_read_as_such_and_those_of_the_user_as_text(tipo):
    vocabulary = tipo.tokenizer.get_vocab()
    family, spoken = instructed(tipo.family, "1girl, <|long|>", Request("1girl, <|long|>", style="tags"))
    ids = type(tipo)("tipo", family, tipo.network, tipo.tokenizer).asked(spoken)
    assert ids[0] == vocabulary["<s>"] and ids.count(vocabulary["<|long|>"]) == 1
    assert "target: " in tipo.tokenizer.decode(ids)


@pytest.mark.slow
@pytest.mark.parametrize("style", ["tags", "sentences", "phrases"])
@pytest.mark.parametrize("words", ["1girl, long hair", "the old castle on a hill at sunset"])
def test_a_checkpoint_of_its_layout_writes(tipo, words, style):
    request = Request(words, 3, seed=5, style=style)
    answers = tipo.write(words, request)
    assert len(answers.texts) == 3 and answers.read == words
    assert tipo.write(words, Request(words, 1, seed=5, style=style)).texts == answers.texts[:1]
