"""Raw prompts in Chinese and other languages, end to end: what each writer is told, answers, and says of it."""

import json

import pytest

from prompt_beautifier.beautifier.chat.instruction import ENGLISH, instruction_for
from prompt_beautifier.beautifier.composing.writer import load_embedded
from prompt_beautifier.beautifier.path import beautify
from prompt_beautifier.beautifier.request import Request
from prompt_beautifier.beautifier.targets.table import TARGETS

from .says import Says


def one(writer, raw_prompt, **asked):
    (candidate,) = beautify(writer, Request(raw_prompt, 1, **asked))
    return candidate


CHINESE = "一只橘猫睡在窗台上，没有人"


@pytest.mark.parametrize("target", TARGETS)
def test_a_chat_model_is_told_the_language_that_the_image_model_reads(target):
    told = instruction_for(Request(CHINESE, target=target))
    assert (ENGLISH in told) is not TARGETS[target].chinese
    assert ("in Chinese where the description is Chinese" in told) is TARGETS[target].chinese


@pytest.mark.slow
@pytest.mark.parametrize("target", ["z-image", "illustrious", "sdxl", "wan", "ideogram4"])
def test_the_embedded_model_answers_chinese_in_english(target):
    candidate = one(load_embedded(), CHINESE, target=target)
    assert candidate.text.isascii() and "windowsill" in candidate.text and not candidate.notes
    assert ("people" in candidate.negative) is bool(TARGETS[target].negative)
    if target == "ideogram4":
        json.loads(candidate.text)


def test_an_answer_in_either_language_stays():
    english = "A ginger cat sleeps on a windowsill. Pale light falls through the glass."
    chinese = "一只橘猫在窗台上熟睡，淡淡的晨光透过玻璃洒在它的毛上"
    assert one(Says(english), CHINESE, target="z-image").text == english
    assert one(Says(chinese), CHINESE, target="qwen-image").text == f"{chinese}，超清，4K，电影级构图。"
    assert one(Says(english), CHINESE, target="qwen-image").text.endswith(" Ultra HD, 4K, cinematic composition.")


def test_people_may_be_named_who_were_asked_for_in_chinese():
    assert one(Says("A girl in red stands in the rain."), "雨中的红衣女孩").lost == ()


@pytest.mark.parametrize(
    ("raw_prompt", "unread"),
    [("量子纠缠的蝴蝶", "纠缠"), ("猫がホゲラで眠っている", "ホゲラ"), ("red дом", "дом")],
)
def test_the_embedded_model_says_what_it_could_not_read(raw_prompt, unread):
    candidate = one(load_embedded(), raw_prompt)
    assert unread in candidate.text
    assert candidate.notes[0].startswith(f"The embedded model cannot read {unread}: it stays as typed.")


@pytest.mark.parametrize("raw_prompt", ["a fox", "Łódź café", 'a sign that says "開店"', "a fox 🦊"])
def test_what_can_be_read_needs_no_word(raw_prompt):
    assert not one(load_embedded(), raw_prompt).notes
