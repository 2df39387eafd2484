"""What a chat model is told of a request: the image model's row, words to keep and avoid, how much and how long."""

import pytest

from prompt_beautifier.beautifier.chat.instruction import SYSTEM_PROMPT, instruction_for
from prompt_beautifier.beautifier.families import CHAT, chat_family, instructed
from prompt_beautifier.beautifier.request import STYLES, Request
from prompt_beautifier.beautifier.targets.table import TARGETS


def test_for_no_image_model_the_usual_is_told():
    assert instruction_for(Request("a cat")) == SYSTEM_PROMPT
    assert {instruction_for(Request("a cat", style=style)) == SYSTEM_PROMPT for style in STYLES[1:]} == {False}


@pytest.mark.parametrize("name", TARGETS)
def test_the_row_of_an_image_model_is_told(name):
    target = TARGETS[name]
    text = instruction_for(Request("a cat", target=name))
    assert target.title in text and target.rules in text
    assert ("No weights" in text) is not target.weights
    assert ("what the camera does" in text) is target.video
    assert ("Danbooru tags" in text) is (target.style == "tags")
    assert not target.before or target.before not in text, "the dress is put on afterwards"


def test_lengths_and_strengths_differ():
    lengths = [instruction_for(Request("a cat", target="z-image", length=each)) for each in ("short", "medium", "long")]
    assert ["80 to 120" in lengths[0], "120 to 160" in lengths[1], "160 to 200" in lengths[2]] == [True] * 3
    assert "add nothing that is to be seen" in instruction_for(Request("a cat", strength="strict"))
    assert "Be inventive" in instruction_for(Request("a cat", strength="creative"))


def test_words_to_keep_and_to_avoid_are_told_but_for_syntax():
    text = instruction_for(Request("a cat", keep="ohwx cat, <lora:x:1>, {raw_prompt}", avoid="portrait"))
    assert text.startswith(SYSTEM_PROMPT)
    assert 'Use these words letter for letter: "ohwx cat".' in text and 'Do not use these words: "portrait".' in text
    assert "lora" not in text and "raw_prompt" not in text


def test_a_chat_checkpoint_is_told_in_its_own_template():
    family = chat_family(f"<s>{SYSTEM_PROMPT}</s>{{raw_prompt}}</s>")
    request = Request("a cat", target="illustrious")
    told, words = instructed(family, "a cat", request)
    assert told.template == f"<s>{instruction_for(request)}</s>{{raw_prompt}}</s>" and words == "a cat"
    assert instructed(family, "a cat", Request("a cat")) == (family, "a cat")
    assert instructed(CHAT, "a cat", request) == (CHAT, "a cat")
