"""Dart v2: the prompt of its model card, and tags out of its tokens."""

import pytest

from prompt_beautifier.beautifier.beautify import load_beautifier
from prompt_beautifier.beautifier.families import FAMILIES, instructed, read, render
from prompt_beautifier.beautifier.request import Request, Sampling

from ..stand_ins import tiny

HEAD = "<|bos|><copyright></copyright><character></character>"
ASKED = [
    ("1girl", {}, f"{HEAD}<|rating:general|><|aspect_ratio:tall|><|length:medium|><general>1girl"),
    (
        "long_hair, 1girl, nsfw",
        {"length": "long"},
        f"{HEAD}<|rating:questionable|><|aspect_ratio:tall|><|length:long|><general>1girl, long hair",
    ),
    (
        "1girl, explicit, masterpiece",
        {"length": "short"},
        f"{HEAD}<|rating:explicit|><|aspect_ratio:tall|><|length:short|><general>1girl",
    ),
]


@pytest.mark.parametrize(("words", "asked", "expected"), ASKED)
def test_what_it_reads(words, asked, expected):
    family, spoken = instructed(FAMILIES["dart-v2"], words, Request(words, **asked))
    assert render(family, spoken) == f"{expected}<|identity:none|><|input_end|>"


def test_the_users_tags_lead_and_what_is_avoided_goes():
    words = "1girl, masterpiece"
    family, spoken = instructed(FAMILIES["dart-v2"], words, Request(words, avoid=("hat",)))
    assert read(family, spoken, "solo, hat, 1girl, hat ribbon, chatting") == "1girl, solo, chatting, masterpiece"


def test_a_checkpoint_of_its_layout_writes_tags(tmp_path):
    dart = load_beautifier(tiny.save_checkpoint(tmp_path / "dart", "dart", "dart-v2"))
    words, known = "1girl, long hair", set(dart.tokenizer.get_vocab())
    answers = dart.write(words, Request(words, 3, sampling=Sampling(max_new_tokens=9, repetition_penalty=1.0)))
    assert answers.read == words
    for text in answers.texts:
        tags = text.split(", ")
        assert tags[:2] == ["1girl", "long hair"] and len(tags) > 4 and set(tags) <= known
        assert not any("<" in tag for tag in tags)
