"""Sentences: the user's words first, then clauses by role."""

import re

import pytest

from prompt_beautifier.beautifier.composing.completing import complete
from prompt_beautifier.beautifier.composing.lights import beside_light
from prompt_beautifier.beautifier.composing.views import beside_view, in_colors
from prompt_beautifier.beautifier.composing.writer import Composer, load_embedded
from prompt_beautifier.beautifier.subjects.entries import load

from .few import few, written

COMPOSER = Composer(entries=few())
WISHES = [
    "a cat", "two dogs", "a woman reading", "a lighthouse", "watercolor of a lighthouse", "lighthouse watercolor",
    "a cat in a library", "a cat, watercolor", "1girl, solo, red hair, reading", "zorblax", "a glass cat",
    'a logo that says "Fjörn & Co."', "A cat sits on a wall and looks out.", "a cat and a dog", "cats", "rain",
    "a classroom without any students", "portrait of a woman", "a cat with a hat sleeping on a sofa",
]  # fmt: skip


def texts(words, n=4):
    return [text for seed in range(3) for text in written(COMPOSER, words, "sentences", n, seed)]


@pytest.mark.parametrize("words", WISHES)
def test_sentences_are_well_formed(words):
    for text in texts(words):
        assert re.search(r"[.!?]\"?$", text)
        assert not re.search(r"\s\s|\s[,.]|,,|,\.|\.\.(?!\.)", text)
        assert not re.search(r"\ba a\b|\ban an\b|\bthe the\b|\ba an\b|\b(\w+) \1\b", text)
        assert not re.search(r"\ba [aeio]\w", text) and not re.search(r"\ban [bcdfgjklmnpqrstvwxz]\w", text)
        assert all(part[:1].isupper() or not part[:1].isalpha() for part in re.split(r"(?<=[.!?])\s", text))


@pytest.mark.parametrize("words", WISHES)
def test_no_boilerplate_and_no_dashes(words):
    for text in texts(words):
        assert not re.search(r"masterpiece|8k|ethereal|tapestry|whimsical|nestled|bathed|testament|—|;", text)


@pytest.mark.parametrize("words", WISHES)
def test_the_users_words_are_all_there(words):
    from prompt_beautifier.beautifier.faithful import check
    from prompt_beautifier.beautifier.wishes.wish import read

    for text in texts(words):
        assert check(read(words), text).lost == ()


def first(words):
    return written(COMPOSER, words, "sentences")[0].split(". ")[0]


@pytest.mark.parametrize(
    ("words", "opening"),
    [
        ("cat sleeping on a sofa", "A cat is sleeping on a sofa"),
        ("two dogs running", "Two dogs are running"),
        ("a cat with a hat drinking soup", "A cat with a hat is drinking soup"),
        ("a cat that says hello", "A cat that says hello"),
        ("The cat sits on the wall.", "The cat sits on the wall"),
        ("Times Square", "Times Square"),
        ("burning cat", "A burning cat"),
        ("a man with a smile pushes a boulder up a hill", "A man with a smile pushes a boulder up a hill"),
        ("portrait of a woman", "A portrait of a woman"),
        ("two dogs, watercolor", "A watercolor of two dogs"),
        ("a cat, steampunk", "A cat"),
        ("japanese woman reading", "A Japanese woman is reading"),
        ("wide shot of woman on a sofa", "A wide shot of a woman on a sofa"),
        ("last cat on earth", "The last cat on earth"),
        ("a cat, painting by greg rutkowski", "A cat, painting by Greg Rutkowski"),
        ("a cat painted by a child", "A cat painted by a child"),
        ("photo of nidoking", "A photo of nidoking"),
        ("a herd of cats sleeping", "A herd of cats is sleeping"),
        ("a kids' book with a cat", "A kids' book with a cat"),
        ("a single red m & m candy, a red dog", "A single red m & m candy, a red dog"),
        ("someone drawing on a wall", "Someone"),
        ("a painting of the next cat", "A painting of the next cat"),
        ("a funny looking cat", "A funny looking cat"),
        ("one camera captured the sunset", "One camera captured the sunset"),
        ("three cats clucked in the coop", "Three cats clucked in the coop"),
        ("a cat chased by a dog", "A cat is chased by a dog"),
        ('a screen displays "run now".', 'A screen displays "run now"'),
    ],
)
def test_openings(words, opening):
    assert first(words).startswith(opening)


def test_number_and_pronoun_agree():
    for text in texts("two dogs"):
        assert not re.search(r"\bIt (has|shows|is)\b|\bdogs (is|has)\b", text)
    for text in texts("a cat"):
        assert not re.search(r"\b(They|She|He|Her|His) ", text)


def test_she_is_said_only_where_the_sex_is_certain():
    assert any(re.search(r"\bShe has\b", text) for text in texts("a woman"))
    assert not any(re.search(r"\b(It|He|His) ", text) for text in texts("a woman"))
    for words in ("ada lovelace and a man", "a woman and a dog", "two women", "a woman with a man"):
        assert not any(re.search(r"\b([Ss]he|[Hh]er|[Hh]e|[Hh]is)\b", text) for text in texts(words))


def test_a_medium_opens_the_text():
    assert all(text.startswith("A watercolor of a lighthouse") for text in texts("watercolor of a lighthouse"))


FORM = re.compile(
    r"The (picture|image|scene) (shows|is shown|is lit)|This is an?|is shown|The palette (is|keeps)|There is"
)


@pytest.mark.parametrize("words", ["a cat", "two dogs", "a woman reading", "a lighthouse", "a cat in a library"])
def test_it_does_not_read_like_a_form(words):
    assert not any(FORM.search(text) for text in texts(words))


def test_light_and_view_are_woven_in():
    """A light or a view is seldom a sentence of its own."""
    own = re.compile(r"(?<=[.] )(?:Seen [^.]*|[^.]* lights? the scene|[^.]* (?:falls? across|fills?) the scene)[.]")
    found = [bool(own.search(text)) for text in texts("a lighthouse", 8) + texts("a cat", 8)]
    assert sum(found) < len(found) / 3


@pytest.mark.parametrize("words", ["zorblax", "make me feel small", "wat if octopus had office job", "indi sulta"])
def test_nothing_is_said_where_nothing_is_known(words):
    assert set(texts(words)) == {words.capitalize() + "."}


def test_quoted_text_stays():
    assert all('"Fjörn & Co."' in text for text in texts('a logo that says "Fjörn & Co."'))


def test_at_most_four_sentences_where_they_can_be_drawn_together():
    lengths = [len(re.findall(r"[.!?](?:\s|$)", text)) for text in texts("a cat", 8)]
    assert max(lengths) <= 4 and sum(lengths) / len(lengths) > 2


PHRASES = [entry for entry in load().all if entry.sort == "subject"][::40]


@pytest.mark.parametrize("role", ["light", "view", "color"])
def test_every_phrase_of_the_whole_picture_is_said_in_english(role):
    said = {"light": beside_light, "view": beside_view, "color": in_colors}[role]
    for phrase in [complete(phrase, role) for entry in PHRASES for phrase in getattr(entry, role)]:
        text = said(phrase)
        assert not text or phrase.split()[-1] in text
        assert not re.search(r"\ba an?\b|\b(\w+) \1\b|\ba [aeio]\w|\ban [bcdfgjklmnpqrstvwxz]\w", text), text


def test_whose_it_is_stands_for_an_article_and_what_is_ruled_out_has_its_number():
    text = written(load_embedded(), "portrait of my grandmother, no people in the background", "sentences")[0]
    assert text.startswith("A portrait of my grandmother. There are no people in the background.")
