"""Names that nobody asked for are found in an answer, and it reads on without them."""

import pytest

from prompt_beautifier.beautifier.prompts.people import added_names, names_in, without_added_names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a cat by Greg Rutkowski and WLOP, 8k", ["greg rutkowski", "wlop"]),
        ("J. C. Leyendecker, georgia o'keeffe", ["j c leyendecker", "georgia o keeffe"]),
        ("Moebius-like lines, Zdzisław Beksiński", ["moebius", "zdzislaw beksinski"]),
        ("a portrait of emma watson", ["emma watson"]),
        ("studio light, art deco, a greg, james in jeans, mark and brooks", []),
    ],
)
def test_names_are_found(text, names):
    assert [name for _, _, name in names_in(text)] == names


@pytest.mark.parametrize(
    ("answer", "without"),
    [
        ("a cat, by greg rutkowski and alphonse mucha, 8k", "a cat, 8k"),
        ("a cat, 8k, art by artgerm and greg rutkowski and alphonse mucha", "a cat, 8k"),
        ("a painting by Thomas Kinkade of a cat, oil", "a painting of a cat, oil"),
        ("a cat in the style of Studio Ghibli, soft light", "a cat, soft light"),
        ("greg rutkowski, wlop, artgerm, a cat", "a cat"),
        ("a cat, (artgerm:1.2), j. c. leyendecker style, 8k", "a cat, 8k"),
        ("a cat, Pixar-style render, by disney", "a cat, render"),
        ("A cat sleeps. Greg Rutkowski paints such cats. Soft light falls.", "A cat sleeps. Soft light falls."),
        ("a cat lit by candle light, by the sea", "a cat lit by candle light, by the sea"),
    ],
)
def test_an_answer_reads_on_without_them(answer, without):
    assert without_added_names("a cat", answer) == without
    assert not added_names("a cat", without)


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("a cat by Greg Rutkowski", "a cat by greg rutkowski, 8k"),
        ("a mucha poster", "poster, alphonse mucha, art nouveau"),
        ("Disney castle", "in the style of disney, a castle at night"),
        ("elsa", "elsa (frozen), disney, snow"),
    ],
)
def test_whom_the_user_named_stays(asked, answer):
    assert without_added_names(asked, answer) == answer
