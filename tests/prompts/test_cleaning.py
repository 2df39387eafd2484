"""Cleaning: tokenizer spacing undone, and a model's answer made one tidy line."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from prompt_beautifier.beautifier.prompts.cleaning import clean
from prompt_beautifier.beautifier.prompts.spacing import repair_spacing

from ..stand_ins.counted_work import grows_with_its_text

# -- spacing


@pytest.mark.parametrize(
    ("spaced", "repaired"),
    [
        ("8 k", "8k"),
        ("4 k, 1 6 k and 3 d", "4k, 16k and 3d"),
        ("1 9 2 0 s", "1920s"),
        ("1 9 8 0's", "1980's"),
        ("1 9 8 0 ' s", "1980's"),
        ("1 7 th century, 2 1 st", "17th century, 21st"),
        ("3 5 mm", "35mm"),
        ("8 5 mm f / 1. 8", "85mm f/1.8"),
        ("8 5 mm f 1. 8", "85mm f1.8"),
        ("portra 4 0 0 3 5 mm", "portra 400 35mm"),
        ("in 2 0 2 2 8 k", "in 2022 8k"),
        ("unreal engine 5 8 k", "unreal engine 5 8k"),
        ("unreal engine 5, 8 k", "unreal engine 5, 8k"),
        ("iso 2 0 0, 1 / 1 6 0", "iso 200, 1/160"),
        ("3 8 4 0 x 2 1 6 0", "3840x2160"),
        ("aspect ratio 1 6 : 9", "aspect ratio 16:9"),
        ("( 1 9 9 9 - 2 0 0 1 )", "(1999-2001)"),
        ("2, 0 0 0 people", "2,000 people"),
        ("2. 5 d game", "2.5d game"),
        ("nikon d 8 5 0. 3 5 mm", "nikon d 850. 35mm"),
        ("fallout 4. 3 d render", "fallout 4. 3d render"),
        ("r 2 - d 2", "r2-d2"),
        ("art - deco", "art-deco"),
        ("hyper - realistic sci - fi", "hyper-realistic sci-fi"),
        ("off - the - shoulder", "off-the-shoulder"),
        ("black - and - white", "black-and-white"),
        ("1 6 - bit", "16-bit"),
        ("wlop , x", "wlop, x"),
        ("wow !! yes", "wow!! yes"),
        ("the end .", "the end."),
        ("scene : a castle", "scene: a castle"),
        ("( ( bloom ) )", "((bloom))"),
        ("cat ' s toy", "cat's toy"),
        ("don ' t", "don't"),
        ("‘ popcorn killer ’", "‘popcorn killer ’"),
        ('a " big cat " here', 'a "big cat" here'),
        ("# key art by @ wlop", "#key art by @wlop"),
        ("greg _ rutkowski", "greg_rutkowski"),
    ],
)
def test_spacing_is_repaired(spaced, repaired):
    assert repair_spacing(spaced) == repaired


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a cat, 8k, highly detailed",
        "d & d, b & w",
        "black | white",
        "a cat - digital art",
        "A Cat - Digital Art",
        "a cat - by wlop",
        "8k wallpaper - n 9",
        "2077, 8k and 3 cats",
        "3 cats 2 dogs",
        "wlop, !!!edward hopper!!!",
        "268435456k film, 2800mm",
        "rtx 3090, 1920x1080",
        "one\ntwo",
        "f/1.8, 50mm",
        "it's the artists' cat",
        "2 4K",
    ],
)
def test_good_spacing_stays(text):
    assert repair_spacing(text) == text


FRAGMENTS = (
    "8|k|1|9|2 0|s|mm|f|/|1.|art|-|deco|(|)|,|.|:|'|'s|\"|_|a|the|and|cat|by|in the style of|engine 5"
    "|very|&|x|猫|红色红色|🐱|\ufffd|\0|\n|!|“|j.|d|%|  |K|，|2,000"
).split("|")
TEXTS = st.one_of(
    st.lists(st.sampled_from(FRAGMENTS), max_size=20).map(" ".join),
    st.lists(st.sampled_from(FRAGMENTS), max_size=20).map("".join),
    st.text(st.characters(), max_size=60),
)


@pytest.mark.slow
@given(TEXTS)
@settings(max_examples=500, deadline=None)
def test_repairing_moves_blanks_only(text):
    repaired = repair_spacing(text)
    # "2 0 2 2 8 k": where numbers ran together a blank may move, no other character changes.
    assert "".join(repaired.split()) == "".join(text.split())


# -- answers


@pytest.mark.parametrize(
    ("answer", "cleaned"),
    [
        ("  a cat \n", "a cat"),
        ("a cat\n\nblue eyes\r\n8k", "a cat, blue eyes, 8k"),
        ("a   cat ,blue eyes,, ,8k,", "a cat, blue eyes, 8k"),
        (", a cat,", "a cat"),
        ("2,000 cats,8k", "2,000 cats, 8k"),
        ("猫，狗", "猫, 狗"),
        ("a cat, A Cat, the cat!, cat.", "a cat"),
        ("hyper-realistic, hyper realistic", "hyper-realistic"),
        ("a cat, two cats", "a cat, two cats"),
        ("very very very detailed", "very detailed"),
        ("a b c a b c a b c d", "a b c d"),
        ("as a muppet muppet as a muppet", "as a muppet"),
        ("Cat cat CAT", "Cat"),
        ("duran duran, j. r. r. tolkien", "duran duran, j. r. r. tolkien"),
        ("红色红色红色红色的猫", "红色的猫"),
        ("a cat, art by", "a cat"),
        ("a cat, by wlop and", "a cat, by wlop"),
        ("a cat in the style of", "a cat"),
        ("a cat, and, with a", "a cat"),
        ("a cat -", "a cat"),
        ("rtx on", "rtx on"),
        ('a "cat', "a cat"),
        ('a "big cat" here', 'a "big cat" here'),
        ("a “cat", "a cat"),
        ("a cat\ufffd, b\0lue\x07 \ud800", "a cat, blue"),
        ("8 k, 1 9 2 0 s, art - deco", "8k, 1920s, art-deco"),
        ("8k, 8 k", "8k"),
        ("(x, b:1.2), b, x", "(x, b:1.2), b, x"),
        ("(x, b, y", "(x, b, y"),
        ("a, an, cat", "cat"),
        ("!!, ..., -", ""),
        ("🐱, 🐱", "🐱"),
        ("", ""),
        ("by", ""),
    ],
)
def test_clean(answer, cleaned):
    assert clean(answer) == cleaned


@pytest.mark.parametrize(
    ("answer", "cleaned"),
    [
        ("a cat, blue eyes, highly det", "a cat, blue eyes"),
        ("a cat, blue eyes,", "a cat"),  # a limit reached at a comma cannot be told from one inside a word
        ("a cat sitting on the gras", "a cat sitting"),
        ("a cat sitting in", "a cat sitting"),
        ("a cat, rtx on, by", "a cat, rtx"),
        ("cat", "cat"),
        ("the cat", "the cat"),
        ("", ""),
    ],
)
def test_a_cut_tail_is_dropped(answer, cleaned):
    assert clean(answer, truncated=True) == cleaned


@pytest.mark.parametrize(
    ("answer", "words", "cleaned"),
    [
        ("New York, New York", "", "New York, New York"),
        ("New York, New York, New York, neon", "", "New York, New York, neon"),
        ("new york, new york, neon", "New York, New York", "new york, new york, neon"),
        ("new york, new york, neon", "a street", "new york, neon"),
        ("1 2 3 go", "", "1 2 3 go"),
        ("3 2 1 go, 1 9 8 0 s", "", "3 2 1 go, 1980s"),
        ("a bell, ding dong, ding dong", "a bell, ding dong, ding dong", "a bell, ding dong, ding dong"),
    ],
)
def test_what_was_asked_twice_stays_twice(answer, words, cleaned):
    assert clean(answer, words=words) == cleaned


def test_what_is_no_string_is_named():
    with pytest.raises(ValueError, match="answer.*NoneType"):
        clean(None)


@pytest.mark.slow
@given(TEXTS, st.booleans())
@settings(max_examples=500, deadline=None)
@example("a a. a", False)
@example('".0 0', False)
@example("8 ( , )", True)
def test_clean_texts_are_tidy(answer, truncated):
    cleaned = clean(answer, truncated)
    assert len(cleaned.splitlines()) <= 1
    assert cleaned == cleaned.strip(" ,") and "  " not in cleaned and ",," not in cleaned
    assert "\ufffd" not in cleaned and cleaned.count('"') % 2 == 0
    cleaned.encode("utf-8")
    assert clean(clean(cleaned)) == clean(cleaned)


REPEATED = ["a ", "a, ", "1 ", "- ", "a - ", "*", "(", '" ', ", ", "红", "a b c d e f g ", "\n", "by "]


@pytest.mark.parametrize("unit", REPEATED, ids=lambda unit: unit.strip() or "blank")
def test_long_answers_are_cleaned_whole(unit):
    text = unit * (10_000 // len(unit))
    assert len(clean(text)) <= len(text) and len(clean(text, truncated=True)) <= len(text)
    assert grows_with_its_text(clean, unit)
