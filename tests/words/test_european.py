"""What a prompt in a European language is about, by a table of common nouns; English prompts are left alone."""

import pytest

from prompt_beautifier.beautifier.subjects.entries import load
from prompt_beautifier.beautifier.subjects.european import LANGUAGES, names
from prompt_beautifier.beautifier.subjects.find import find
from prompt_beautifier.beautifier.wishes.wish import read

ENTRIES = load()


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("eine katze", "cat"),
        ("ein alter mann mit hut", "man"),
        ("un chat noir", "cat"),
        ("l'eau", "water"),
        ("el perro", "dog"),
        ("castello sul mare", "castle"),
        ("galinha lendo um livro", "chicken"),
        ("piękny zamek", "castle"),
        ("кот в космосе", "cat"),
    ],
)
def test_the_first_noun_is_the_head(text, subject):
    findings = find(read(text), ENTRIES)
    assert findings.foreign
    assert findings.head_entry.subject == subject


@pytest.mark.parametrize(
    "text", ["a chat between friends", "portrait of frau holle", "a wolf", "vincent van gogh", "a man with a hut"]
)
def test_english_is_not_taken_for_another_language(text):
    assert not find(read(text), ENTRIES).foreign


def test_little_is_added_where_words_are_unread():
    assert find(read("un gato negro en la luna"), ENTRIES).ill_read
    assert not find(read("un chat"), ENTRIES).ill_read


def test_every_row_leads_to_an_entry():
    subjects = {subject for rows in names().values() for _, subject, _ in rows}
    assert subjects <= ENTRIES.by_subject.keys()
    assert {language for rows in names().values() for language, _, _ in rows} == set(LANGUAGES)
