"""Wishes that name no thing: a medium or a style alone, an artist, praise, words for anything; and emoji as things."""

import pytest

from prompt_beautifier.beautifier.subjects.emoji import entry_of, table
from prompt_beautifier.beautifier.subjects.entries import load
from prompt_beautifier.beautifier.subjects.find import find
from prompt_beautifier.beautifier.subjects.manner import why_no_subject
from prompt_beautifier.beautifier.subjects.names import matches_in, spelled
from prompt_beautifier.beautifier.wishes.wish import read

ENTRIES = load()


def subject_of(text):
    entry = find(read(text), ENTRIES).subject_entry
    return entry.subject if entry else None


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("anime", "anime"),
        ("a funny meme", "meme"),
        ("hyperrealism", "photorealistic"),
        ("colorful logo", "logo"),
        ("asphalt texture seamless", "texture"),
        ("something weird", "weird"),
        ("dark souls iii", "game screenshot"),
        ("terraria", "game screenshot"),
        ("🐢", "turtle"),
        ("🦊🎨", "fox"),
        ("a photo of 🐙", "octopus"),
        ("a girl ✨🌸", "girl"),
        ("an avocado armchair", "chair"),
    ],
)
def test_what_has_no_plain_noun_has_an_entry(text, subject):
    assert subject_of(text) == subject


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("by android jones", "an artist alone"),
        ("art by alphonse mucha", "an artist alone"),
        ("octane render, trending on artstation", "praise alone"),
        ("test", "no thing"),
        ("something beautiful", "no thing"),
        ("5", "no word"),
        ("a", "no word"),
        ("a cat", ""),
        ("zorblax", ""),
    ],
)
def test_why_nothing_can_be_found(text, why):
    wish = read(text)
    assert why_no_subject(wish, matches_in(wish, ENTRIES)) == why


@pytest.mark.parametrize("text", ["a cat", "watercolor of a lighthouse", "zorblax", "a castle in the style of anime"])
def test_a_wish_with_a_thing_is_no_manner(text):
    assert find(read(text), ENTRIES).manner is None


def test_two_things_in_one_are_mixed_and_compounds_stay_unknown():
    assert find(read("avocado armchair"), ENTRIES).mixed
    assert find(read("a ceiling fan"), ENTRIES).head_entry is None


@pytest.mark.parametrize("word", ["really", "thanks", "create", "taylor", "emotion", "haunting"])
def test_words_that_are_no_slips_stay(word):
    assert spelled(word, ENTRIES) is None


def test_an_emoji_means_what_its_name_says():
    assert entry_of("🐘", ENTRIES).subject == "elephant"
    assert entry_of("🇯🇵", ENTRIES).subject == "flag"
    assert entry_of("✨", ENTRIES) is None


def test_tables_lead_to_entries():
    missing = {subject for subject in table().values() if subject != "-" and subject not in ENTRIES.by_subject}
    assert not missing
