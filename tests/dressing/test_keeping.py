"""Words to keep and to avoid, how much is added, and the negative prompt: for every writer, whatever it answers."""

import pytest

from prompt_beautifier.beautifier.composing.writer import load_embedded
from prompt_beautifier.beautifier.dressing.keeping import with_kept
from prompt_beautifier.beautifier.faithful import added, avoided
from prompt_beautifier.beautifier.mending import purge
from prompt_beautifier.beautifier.path import beautify
from prompt_beautifier.beautifier.request import STYLES, Request
from prompt_beautifier.beautifier.targets.table import TARGETS
from prompt_beautifier.beautifier.wishes.wish import read

from .says import Says, one


@pytest.mark.parametrize(
    ("text", "style", "kept"),
    [
        ("a red fox, snow", "phrases", "a red fox, ohwx fox, snow"),
        ("a red fox", "phrases", "a red fox, ohwx fox"),
        ("1girl, solo, hat", "tags", "1girl, solo, ohwx fox, hat"),
        ("fox, snow", "tags", "ohwx fox, fox, snow"),
        ("A red fox walks. It is cold.", "sentences", "A red fox walks, ohwx fox. It is cold."),
        ('A sign says "HI. YOU". It is cold.', "sentences", 'A sign says "HI. YOU", ohwx fox. It is cold.'),
        ("An Ohwx Fox walks. It is cold.", "sentences", "An ohwx fox walks. It is cold."),
        ("(a red fox, snow:1.2), firs", "phrases", "(a red fox, snow:1.2), ohwx fox, firs"),
        ("<lora:ohwx fox:1> a cat, snow", "phrases", "<lora:ohwx fox:1> a cat, ohwx fox, snow"),
        ("// a, b\na cat, snow", "phrases", "// a, b\na cat, ohwx fox, snow"),
        ("", "phrases", "ohwx fox"),
    ],
)
def test_a_word_to_keep_is_put_where_it_belongs(text, style, kept):
    assert with_kept(text, ("ohwx fox",), style) == kept


def test_words_to_keep_are_there_letter_for_letter_and_no_part_of_another():
    assert with_kept("a catalog, zxc", ("cat", "ZXC", "<lora:x:1>"), "phrases") == "a catalog, cat, <lora:x:1>, ZXC"
    candidate = one("a fox, snow", "a fox", keep="zxc style", clip_tokens=6)
    assert "zxc style" in candidate.text and candidate.tokens <= 6 and "zxc style" in candidate.kept


def test_a_prompt_without_words_has_them_too():
    (candidate,) = beautify(Says("x"), Request("<lora:a:1>", keep="zxc"))
    assert candidate.text == "<lora:a:1>, zxc"


def test_what_is_to_be_avoided_is_taken_out():
    assert one("a fox, trending on ArtStation, snow", "a fox", avoid="artstation").text == "a fox, snow"
    assert one("A fox walks. Golden-hour light falls.", "a fox", avoid="golden hour").text == "A fox walks."
    assert one("a fox, 油画, snow", "a fox", avoid="油画").text == "a fox, snow"


def test_what_the_user_typed_may_stay_though_it_is_to_be_avoided():
    candidate = one("a portrait of a fox, snow", "a portrait of a fox", avoid="portrait")
    assert candidate.text == "a portrait of a fox, snow"
    assert "portrait" in candidate.notes[0]


def test_words_are_avoided_whole_and_in_both_numbers():
    wish = read("a fox", avoid=("portrait", "art station"))
    assert avoided(wish, "Portraits of a fox") == ["portrait"]
    assert avoided(wish, "an art-station") == ["art station"]
    assert avoided(wish, "portraiture, art, station") == []


def test_a_sentence_that_alone_holds_the_wish_gives_way_to_the_words_as_typed():
    wish = read("a fox", avoid=("image",))
    assert purge(wish, "The image shows a fox. Soft light falls.") == "A fox. Soft light falls."


def test_strict_takes_out_what_is_new_to_see():
    assert one("a red fox, pale snow", "a red fox in snow", strength="strict").text == "a red fox in snow"
    assert (
        one("A red fox stands in the snow.", "red fox, snow", strength="strict").text == "A red fox stands in the snow."
    )
    assert added(read("red fox"), "A red fox in the shade") == ["shade"]
    assert added(read("一只狐狸"), "a fox in the shade") == []


@pytest.mark.parametrize("style", STYLES)
def test_the_embedded_model_adds_nothing_where_it_is_to_be_strict(style):
    (candidate,) = beautify(load_embedded(), Request("a red fox in the snow", 1, style=style, strength="strict"))
    assert set(added(read("a red fox in the snow"), candidate.text)) <= {"humans"}  # the tag "no humans"


@pytest.mark.slow
@pytest.mark.parametrize("style", STYLES)
def test_the_embedded_model_avoids(style):
    found = beautify(load_embedded(), Request("a red fox in the snow", 5, style=style))
    word = next(word for word in ("angle", "snowflakes", "fur", "whiskers") if any(word in each.text for each in found))
    found = beautify(load_embedded(), Request("a red fox in the snow", 5, style=style, avoid=word))
    assert not any(word in each.text for each in found) and not any(each.lost for each in found)


@pytest.mark.slow
@pytest.mark.parametrize("style", STYLES)
def test_the_embedded_model_writes_as_long_as_wished(style):
    lengths = [
        len(beautify(load_embedded(), Request("a red fox in the snow", 1, style=style, length=length))[0].text)
        for length in ("short", "medium", "long")
    ]
    assert lengths[0] < lengths[2] and lengths == sorted(lengths)


@pytest.mark.parametrize(
    ("target", "raw_prompt", "negative"),
    [
        ("sdxl", "a quiet beach without people", "blurry, low quality, watermark, people"),
        ("sdxl", "a blurry watermark", "low quality"),
        ("z-image", "a beach without people", ""),
        ("", "a beach without people", "people"),
        ("", "a beach", ""),
        ("noobai", "1girl, nsfw", TARGETS["noobai"].negative.removeprefix("nsfw, ")),
    ],
)
def test_the_negative_prompt_is_the_rows_and_what_was_ruled_out(target, raw_prompt, negative):
    assert one(raw_prompt, raw_prompt, target=target).negative == negative


PASTED = "a fox\nNegative prompt: (ugly:1.2), blurry, a, b\nSteps: 20, Sampler: Euler a, CFG scale: 7"


@pytest.mark.parametrize(
    ("target", "negative"),
    [
        ("", "(ugly:1.2), blurry, a, b"),
        ("sdxl", "blurry, low quality, watermark, (ugly:1.2), a, b"),
        ("ernie-image", "low quality, blurry, distorted, ugly, a, b"),
        ("flux1", ""),
    ],
)
def test_a_pasted_negative_prompt_is_no_part_of_the_wish(target, negative):
    candidate = one("a fox, snow", PASTED, target=target)
    assert candidate.text == "a fox, snow" and candidate.negative == negative
    assert any("settings" in note for note in candidate.notes)


def test_a_negative_prompt_may_be_pasted_in_chinese():
    assert one("fox", "狐狸\n反向提示词：模糊, 丑").negative == "模糊, 丑"


def test_where_no_negative_prompt_is_taken_a_pasted_one_is_told_of():
    assert any("takes no negative prompt" in note for note in one("a fox", PASTED, target="flux1").notes)
