"""Sentences are told from lists, and cut where they end."""

import pytest

from prompt_beautifier.beautifier.prompts.prose import is_prose, sentences_of


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("A cat sleeps. Soft light falls.", ["A cat sleeps.", "Soft light falls."]),
        ("Mr. Smith waits! He said: “Go.” Then it rains…", ["Mr. Smith waits!", "He said: “Go.”", "Then it rains…"]),
        ("It is 5 a.m. Rain falls. Wind blows.", ["It is 5 a.m. Rain falls.", "Wind blows."]),
        ("A cat. \"Hello.\" 'Hi.' Bye.", ["A cat.", '"Hello."', "'Hi.'", "Bye."]),
        ("Ein Hund läuft. Über ihm fliegt ein Vogel.", ["Ein Hund läuft.", "Über ihm fliegt ein Vogel."]),
        ("A cat sleeps on a wall.", ["A cat sleeps on a wall."]),
    ],
)
def test_sentences(text, sentences):
    assert is_prose(text) and sentences_of(text) == sentences


@pytest.mark.parametrize(
    "text",
    [
        "a cat, 8k",
        "T-Rex vs. King Kong",
        'a cat named "Mr. Whiskers"',
        "Dr. Smith's office, red",
        "",
        "a cat.",
        "v2.1 Beta",
    ]
    + ["J. R. R. Tolkien, map", "No. 5 perfume bottle"],
)
def test_lists_are_none(text):
    assert not is_prose(text)
