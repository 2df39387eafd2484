"""Prompts that were pasted in another form: JSON, tags for sentences, sentences for tags, scores of other models."""

import json

import pytest

from prompt_beautifier.beautifier.composing.tag_prose import tag_sentences
from prompt_beautifier.beautifier.composing.writer import load_embedded
from prompt_beautifier.beautifier.dressing.emphasis import without_underscores
from prompt_beautifier.beautifier.dressing.foreign import without_foreign
from prompt_beautifier.beautifier.dressing.json_prompt import read_json_prompt
from prompt_beautifier.beautifier.dressing.layout import layout_of
from prompt_beautifier.beautifier.faithful import check
from prompt_beautifier.beautifier.path import beautify
from prompt_beautifier.beautifier.request import Request
from prompt_beautifier.beautifier.targets.table import TARGETS
from prompt_beautifier.beautifier.wishes.wish import read

from .says import one

# -- JSON

GIVEN = '{"prompt": "a red fox", "light": {"kind": "golden hour"}, "seed": 3, "negative_prompt": "blurry"}'


def test_the_words_of_a_json_prompt_are_all_that_it_says():
    found = read_json_prompt(GIVEN)
    assert found.words == "a red fox, golden hour" and found.negative == "blurry"
    assert read_json_prompt('{"a": {"high_level_description": "x"}, "prompt": "y"}').words == "x, y"
    text = '{"scene": "a shop", "elements": [{"type": "text", "text": "OPEN", "bbox": [1, 2, 3, 4]}], "c": "#ff0000"}'
    assert read_json_prompt(text).words == 'a shop, "OPEN"'


@pytest.mark.parametrize("text", ["{red|blue} fox", "{a}", '{"a": 1}', '{"a": "b"', '["a"]', '{"negative": "b"}', "{}"])
def test_what_is_no_json_prompt(text):
    assert read_json_prompt(text) is None


def test_a_json_prompt_keeps_its_structure_and_its_description_says_more():
    candidate = one("a red fox, golden hour, pale snow, firs", GIVEN)
    assert json.loads(candidate.text) == json.loads(GIVEN) | {"prompt": "a red fox, pale snow, firs"}
    assert candidate.negative == "blurry" and candidate.lost == ()
    prose = one("A red fox walks in golden light. Firs stand behind it.", GIVEN)
    assert json.loads(prose.text)["prompt"] == "A red fox walks in golden light. Firs stand behind it."
    strict = one("a red fox, golden hour", GIVEN, strength="strict")
    assert json.loads(strict.text) == json.loads(GIVEN)


def test_lines_and_other_letters_stay():
    text = '{\n  "prompt": "一只狐狸",\n  "n": [1, 2]\n}'
    assert one("一只狐狸, 雪", text).text == '{\n  "prompt": "一只狐狸, 雪",\n  "n": [\n    1,\n    2\n  ]\n}'


def test_where_no_json_is_read_its_words_are_the_prompt():
    assert one("a red fox, golden hour, snow", GIVEN, target="sdxl").text == "a red fox, golden hour, snow"
    assert one("A red fox. Snow falls.", GIVEN, target="z-image").text.startswith("{")


def test_ideograms_layout():
    wish = read('a watercolor of a red fox beside a lake with a sign that says "NO ENTRY"')
    text = (
        'A watercolor of a red fox beside a lake with a sign that says "NO ENTRY". '
        "Seen from below, it has a thick coat. "
        "Around it are reeds. The scene is lit by pale morning light, and the palette keeps to slate and rust. "
        "The watercolor has wet edges."
    )
    assert json.loads(layout_of(text, wish)) == {
        "high_level_description": text.split(" Seen")[0],
        "style_description": {
            "aesthetics": "slate and rust",
            "lighting": "pale morning light",
            "medium": "painting",
            "art_style": "The watercolor has wet edges",
        },
        "compositional_deconstruction": {
            "background": "lake, reeds",
            "elements": [
                {"type": "obj", "desc": f"{text.split('. Seen')[0]}. It has a thick coat. Seen from below"},
                {"type": "text", "text": "NO ENTRY", "desc": "lettering, exactly as written"},
            ],
        },
    }


def test_the_layout_is_written_where_the_image_model_wants_it():
    candidate = one("A red fox walks. Soft light falls.", "a red fox in the snow", target="ideogram4", keep="zxc")
    found = json.loads(candidate.text)
    assert list(found) == ["high_level_description", "style_description", "compositional_deconstruction"]
    assert list(found["style_description"]) == ["aesthetics", "lighting", "photo", "medium"]
    assert "zxc" in candidate.text and candidate.tokens > 30
    given = (
        '{"high_level_description": "a fox", "compositional_deconstruction": {"background": "snow", "elements": []}}'
    )
    again = json.loads(one("A fox, snow. Firs stand there.", given, target="ideogram4").text)
    assert again["compositional_deconstruction"]["background"] == "snow"
    assert again["high_level_description"] == "a fox. Firs stand there."


# -- another model's words


@pytest.mark.parametrize(
    ("target", "typed", "left"),
    [
        ("z-image", "score_9, score_8_up, masterpiece, best quality, 1girl, hat", "1girl, hat"),
        ("pony", "masterpiece, score_9, 1girl", "score_9, 1girl"),
        ("sdxl", "score_9, masterpiece, 1girl", "masterpiece, 1girl"),
        ("illustrious", "1girl, source_anime, masterpiece", "1girl, masterpiece"),
        ("flux1", "masterpiece, best quality", "masterpiece, best quality"),
        ("flux1", "You are an assistant designed to help. <Prompt Start> a cat", "a cat"),
    ],
)
def test_scores_and_quality_words_of_other_models_are_left_out(target, typed, left):
    assert without_foreign(typed, TARGETS[target])[0] == left


def test_it_is_told_which_words_were_left_out():
    candidate = one("A girl in a hat.", "score_9, masterpiece, 1girl, hat", target="z-image")
    assert "Words for other image models were left out: score_9, masterpiece." in candidate.notes


def test_tags_are_spelled_as_words_where_sentences_are_read():
    typed = r"hatsune_miku_(vocaloid), ink_(medium), saber_\(fate\), <lora:my_style:1>, long_hair"
    plain = "hatsune miku (vocaloid), ink, saber (fate), <lora:my_style:1>, long hair"
    assert without_underscores(typed, escapes=False) == plain
    escaped = r"hatsune miku (vocaloid), ink, saber \(fate\), <lora:my_style:1>, long hair"
    assert without_underscores(typed) == escaped  # without a backslash they would be weights


@pytest.mark.parametrize(
    ("tags", "sentences"),
    [
        (
            "1girl, solo, silver hair, red dress, sitting on swing, smile, night",
            "a girl with silver hair, wearing a red dress, is sitting on a swing and smiling at night",
        ),
        ("2girls, 1boy, beach", "two girls and a boy on a beach"),
        ("no humans, cat, sleeping, from above", "a cat is sleeping. the scene is seen from above. nobody is in sight"),
        ("1boy, old man, oil painting, monochrome", "a boy. the boy is an old man. "
         "the picture is an oil painting. the look is monochrome"),
        ('1girl, "HI", red theme', 'a girl. also in view are the words "HI". '
         "the picture has a red theme"),
    ],
)  # fmt: skip
def test_tags_become_sentences(tags, sentences):
    reading = load_embedded().read(tags)
    assert ". ".join(tag_sentences(reading.wish, reading.findings)) == sentences
    assert check(reading.wish, sentences).lost == ()


@pytest.mark.slow
def test_sentences_become_tags_and_nothing_is_lost():
    raw_prompt = "A young woman with silver hair sits on a swing at night. She looks at the moon."
    (candidate,) = beautify(load_embedded(), Request(raw_prompt, 1, target="illustrious"))
    tags = candidate.text.split(", ")
    assert tags[:3] == ["masterpiece", "best quality", "1girl"] and candidate.lost == (), candidate.lost
    assert {"swing", "night"} <= set(tags) and not any(tag.endswith(".") for tag in tags)


def test_a_comma_too_many_does_no_harm_to_a_json_prompt():
    read = read_json_prompt('{"prompt": "a tiger, [x,]", "tags": ["a", ], }')
    assert read is not None and read.content == {"prompt": "a tiger, [x,]", "tags": ["a"]}
