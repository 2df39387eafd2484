"""What an image model's row wants every prompt to say: light, view, manner, motion, sound, lettering, in its order."""

import json

import pytest

from prompt_beautifier.beautifier.composing.writer import load_embedded

GIRL = "1girl, silver hair, red dress, sitting on a swing, night"
POSTER = 'a poster of a lighthouse that says "KEEP OUT", no people'


def written(raw_prompt, target, **asked):
    """The first candidate for an image model."""
    return load_embedded().beautify(raw_prompt, 1, seed=1, target=target, **asked)[0].text


def ordered(text, *parts):
    """Whether a text says some words in this order."""
    places = [text.find(part) for part in parts]
    return -1 not in places and places == sorted(places)


@pytest.mark.slow
def test_camera_light_and_style_come_in_the_order_of_the_row():
    assert ordered(written(GIRL, "krea2"), "swing", "seen at eye level", "moonlight", "The picture is an anime")
    assert ordered(written(GIRL, "flux2"), "swing", "eyes", "The picture is an anime", "eye level")
    assert ordered(written(GIRL, "wan"), "carries", "moonlight", "eye level", "medium shot", "The camera")


@pytest.mark.slow
def test_a_moving_picture_moves_and_is_heard_where_the_image_model_takes_sound():
    ltx, wan = written(GIRL, "ltx"), written(GIRL, "wan")
    assert "swing carries the girl" in ltx and "creak of the swing" in ltx and "The sound" not in wan
    assert ordered(written("a red fox in the snow", "ltx"), "snow drifts", "The camera", "The sound is")
    assert "poster slightly" in written(POSTER, "wan")


@pytest.mark.parametrize("target", ["z-image", "krea2", "qwen-image", "hunyuan-image", "klein"])
@pytest.mark.parametrize("raw_prompt", ["a red fox in the snow", POSTER])
def test_long_prompts_are_as_long_as_the_image_model_wants(target, raw_prompt):
    assert 75 <= len(written(raw_prompt, target).split()) <= 200


@pytest.mark.slow
def test_where_short_prompts_are_wanted_nothing_of_it_is_said():
    text = written(GIRL, "flux1")
    assert "The picture is" not in text and "frame" not in text and len(text.split()) < 80


def test_drawn_text_has_a_place_and_letters_unless_the_user_says_so():
    assert "set in bold capitals across the lower third of the poster" in written(POSTER, "qwen-image")
    typed = 'a poster that says "Keep out" in handwritten letters at the top'
    assert "set in" not in written(typed, "qwen-image")


def test_what_is_avoided_or_strict_is_not_said():
    assert "photograph" not in written("a red fox in the snow", "krea2", avoid="photograph")
    strict = written("a red fox in the snow", "wan", strength="strict")
    assert not any(word in strict for word in ("camera", "light", "frame", "wind"))


def test_light_comes_last_in_phrases_where_the_row_asks_for_it():
    assert written(GIRL, "sd15").endswith("cool moonlight")
    assert "moonlight" not in written(GIRL, "sdxl")


@pytest.mark.slow
def test_tags_stand_behind_the_style_of_pony_7():
    text = written(GIRL, "pony7")
    assert text.startswith("score_9, A girl") and ordered(text, "The picture is an anime", "1girl, ")


def test_ideograms_elements_have_places_and_say_drawn_text_once():
    layout = json.loads(written(POSTER, "ideogram4"))["compositional_deconstruction"]
    thing, text = layout["elements"]
    assert layout["background"] and "KEEP OUT" not in thing["desc"] and text["text"] == "KEEP OUT"
    assert all(len(each["bbox"]) == 4 and max(each["bbox"]) <= 1000 for each in (thing, text))
    assert thing["bbox"][2] <= text["bbox"][0]  # the lettering is below
