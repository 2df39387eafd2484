"""What an image model wants around the words: its own words, no weights where it reads none, its limit."""

import pytest

from prompt_beautifier.beautifier.composing.writer import load_embedded
from prompt_beautifier.beautifier.dressing.emphasis import without_emphasis
from prompt_beautifier.beautifier.dressing.measure import count_tokens, shortened
from prompt_beautifier.beautifier.path import beautify
from prompt_beautifier.beautifier.request import Request
from prompt_beautifier.beautifier.targets.table import TARGETS
from prompt_beautifier.beautifier.wishes.wish import read

from .says import one

PONY = TARGETS["pony"].before


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("pony", f"{PONY}, a red fox, snow"),
        ("animagine", "a red fox, snow, masterpiece, best quality, high score, great score, latest"),
        ("pony7", "score_9, a red fox, snow"),
        ("qwen-image", "a red fox, snow. Ultra HD, 4K, cinematic composition."),
        ("z-image", "a red fox, snow"),
    ],
)
def test_a_row_puts_its_words_where_they_belong(target, text):
    assert one("a red fox, snow", "a red fox", target=target).text == text


def test_a_line_for_the_text_encoder_is_no_list():
    assert one("A red fox.", "a red fox", target="lumina2").text.endswith("<Prompt Start> A red fox.")


def test_what_was_typed_or_is_avoided_is_not_put_there():
    assert one("1girl", "masterpiece, 1girl", target="illustrious").text.count("masterpiece") == 1
    assert "masterpiece" not in one("1girl", "1girl", target="illustrious", avoid="Masterpiece").text
    assert "safe" not in one("1girl, nsfw", "1girl, nsfw", target="noobai").text
    assert "safe" in one("1girl, safe harbor", "1girl, safe harbor", target="noobai").text.split(", ")


def test_words_stand_on_a_line_of_their_own_beside_a_comment():
    text = one("1girl", "// a note\n1girl\n// the end", target="animagine").text
    assert text.endswith("// the end\nmasterpiece, best quality, high score, great score, latest")
    assert one("1girl", "// a note\n1girl", target="illustrious").text.startswith(
        "masterpiece, best quality\n// a note"
    )


def test_weights_are_taken_off_where_they_are_not_read():
    candidate = one("", "a (red dress:1.3), ((hat)) <lora:x:1>", target="z-image")
    assert candidate.text == "a red dress, hat <lora:x:1>"
    assert candidate.notes == ("Z-Image reads no weights: they were taken off (red dress:1.3), ((hat)).",)
    assert one("", "a (red dress:1.3)", target="sdxl").text == "a (red dress:1.3)"


def test_weights_of_an_answer_are_taken_off_there_too():
    assert one("a hat, (soft light:1.2)", "a hat", weights=True, target="flux2").text == "a hat, soft light"
    assert one("a hat, (soft light:1.2)", "a hat", weights=True, target="sdxl").text == "a hat, (soft light:1.2)"


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("a cat", "a cat"),
        ("(a:1.2, b:0.9), [far away]", "a, b, far away"),
        ("((a:1.2) b:0.9)", "a b"),
        (r"saber_\(fate\), (embedding:nice:1.1)", r"saber_\(fate\), embedding:nice"),
        ("a (red:1.2)dress", "a red dress"),
        ("hatsune_miku_(vocaloid)", "hatsune_miku_(vocaloid)"),
    ],
)
def test_emphasis_goes_and_its_words_stay(typed, plain):
    assert without_emphasis(typed)[0] == plain


def test_a_count_is_in_the_image_models_unit():
    text = "a red fox in the snow"
    assert one(text, text).tokens == one(text, text, target="sdxl").tokens == 6
    assert one(text, text, target="flux1").tokens == 8
    assert count_tokens(TARGETS["z-image"], "一只红色的狐狸") == 5


def test_what_the_wish_does_not_need_goes_from_the_end():
    wish = read("a red fox in snow")
    answer = "A red fox walks. Soft light falls on it. It is in snow. The sky is pale."
    assert shortened(answer, wish, lambda text: len(text.split()) <= 10) == "A red fox walks. It is in snow."
    assert shortened("a red fox, light, in snow, pale", wish, lambda text: len(text) < 5) == "a red fox, in snow"


def test_a_long_answer_ends_where_the_wished_length_does():
    answer = " ".join(["A red fox walks through the snow."] + ["A pale light falls on every branch of the wood."] * 30)
    for length, least, most in (("short", 80, 120), ("medium", 120, 160), ("long", 160, 200)):
        assert least < len(one(answer, "a red fox", target="z-image", length=length).text.split()) <= most


def test_the_users_own_words_are_never_cut_but_told_of():
    raw_prompt = ", ".join(f"a house number {n} beside a tree" for n in range(60))
    candidate = one(raw_prompt, raw_prompt, target="hidream")
    assert candidate.text == raw_prompt and "HiDream-I1 reads 128 tokens" in candidate.notes[0]


def test_a_limit_of_the_users_own_holds_with_everything_around():
    candidate = one("a red fox in the snow, pale light, firs", "a red fox", target="illustrious", clip_tokens=12)
    assert candidate.tokens <= 12 and candidate.text == "masterpiece, best quality, a red fox in the snow"
    assert one("a red fox, snow", "a red fox", target="pony", clip_tokens=5).text == "a red fox, snow"


@pytest.mark.slow
def test_what_the_camera_does_is_said_of_moving_pictures():
    writer = load_embedded()
    texts = [each.text for each in beautify(writer, Request("a red fox in the snow", 4, target="wan"))]
    assert all(text.count("The camera ") == 1 for text in texts)
    (said,) = beautify(writer, Request("the camera pans over a red fox", 1, target="wan"))
    assert said.text.casefold().count("camera") == 1
    (strict,) = beautify(writer, Request("a red fox", 1, target="wan", strength="strict"))
    assert "camera" not in strict.text


def test_tags_are_tags_alone_where_they_keep_what_was_asked_for():
    writer = load_embedded()
    (plain,) = beautify(writer, Request("a red fox in the snow", 1, target="illustrious"))
    assert {"red fox", "fox", "snow"} <= set(plain.text.split(", ")) and " in the " not in plain.text
    (two,) = beautify(writer, Request("a red fox chasing a white hare", 1, target="illustrious"))
    assert "red fox chasing a white hare" in two.text
