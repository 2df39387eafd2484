"""Chinese prompts in English words."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from prompt_beautifier.beautifier.composing.writer import Composer
from prompt_beautifier.beautifier.prompts.vocabulary import key
from prompt_beautifier.beautifier.subjects.chinese import translate
from prompt_beautifier.beautifier.subjects.entries import load

from .few import few, written

ENTRIES = few()


@pytest.mark.parametrize(
    ("chinese", "english"),
    [
        ("一只红色的猫", "a red cat"),
        ("两只狗和一只猫", "two dogs and a cat"),
        ("一只猫坐在窗台上", "a cat sitting on the windowsill"),
        ("穿着红色裙子的女人", "woman wearing red dress"),
        ("图书馆里的猫", "cat in the library"),
        ("灯塔，水彩画", "lighthouse, watercolor"),
        ("玻璃做的猫", "cat made of glass"),
        ("在图书馆看书的女人", "woman reading in the library"),
        ("三只 猫 在 图书馆 里", "three cats in the library"),
        ("a photo of 灯塔", "a photo of lighthouse"),
        ("no chinese here", "no chinese here"),
    ],
)
def test_translations(chinese, english):
    assert translate(chinese, ENTRIES).english == english


def test_what_cannot_be_read_is_kept_and_told():
    done = translate("鼯鼱和猫", ENTRIES)
    assert "鼯鼱" in done.english and "cat" in done.english and done.unread == ("鼯鼱",)


def test_quoted_text_stays():
    assert "“营业中”" in translate("写着“营业中”的灯塔", ENTRIES).english


def test_a_name_within_english_stays():
    assert translate("portrait of 花京院典明", ENTRIES).english == "portrait of 花京院典明"


@pytest.mark.parametrize("style", ["phrases", "sentences", "tags"])
def test_the_answer_is_in_english(style):
    text = written(Composer(entries=ENTRIES), "一只猫在图书馆里", style)[0]
    assert text.isascii() and "cat" in text and "library" in text


def test_japanese_is_not_read_as_chinese():
    assert translate("猫の絵", ENTRIES).english == "猫の絵"


PROMPTS = [
    line.split("\t")
    for line in Path(__file__).with_name("chinese_prompts.txt").read_text(encoding="utf-8").splitlines()
]


def test_the_subjects_of_chinese_prompts_are_found():
    composer = Composer(entries=load())
    missed = []
    for typed, subject in PROMPTS:
        found = composer.read(typed).findings.found
        if key(subject) not in {key(name) for f in found for name in (f.entry.subject, *f.entry.also)}:
            missed.append(typed)
    assert len(PROMPTS) == 200
    assert len(missed) <= 20, missed


@pytest.mark.slow
@pytest.mark.parametrize("style", ["phrases", "sentences", "tags"])
def test_answers_to_chinese_prompts_are_in_english(style):
    composer = Composer(entries=load())
    read = [typed for typed, _ in PROMPTS if not composer.read(typed).unread and "“" not in typed]
    assert len(read) >= 180
    assert [typed for typed in read if re.search("[\u3400-\u9fff]", written(composer, typed, style)[0])] == []


ENGLISH = """
import sys
from prompt_beautifier.beautifier.subjects.foreign import translate
print(translate("a red cat", None).english)
print(*(name for name in sys.modules if name.endswith(("chinese", "japanese"))))
"""


def test_an_english_prompt_loads_none_of_it():
    done = subprocess.run([sys.executable, "-c", ENGLISH], capture_output=True, text=True, check=True)
    assert done.stdout == "a red cat\n\n"
