"""Japanese prompts in English words."""

from pathlib import Path

import pytest

from prompt_beautifier.beautifier.composing.writer import load_embedded
from prompt_beautifier.beautifier.prompts.vocabulary import key
from prompt_beautifier.beautifier.subjects.foreign import translate


@pytest.mark.parametrize(
    ("japanese", "english"),
    [
        ("猫", "cat"),
        ("赤い髪の少女", "girl with red hair"),
        ("白いドレスの女性", "woman wearing white dress"),
        ("髪が長い少女", "girl with long hair"),
        ("桜の木の下の猫", "cat under the cherry blossom tree"),
        ("森の中の小さな小屋", "small cabin in the forest"),
        ("雨の中を歩く女性", "woman walking in the rain"),
        ("黒猫が窓辺で眠っている", "black cat sleeping on the windowsill"),
        ("二匹の猫がソファの上で寝ている", "two cats sleeping on the sofa"),
        ("魔女が杖を持って空を飛んでいる", "witch holding staff and flying in the sky"),
        ("ドラゴンに乗る騎士", "knight riding dragon"),
        ("夜の東京の街", "city in tokyo at night"),
        ("猫と犬", "cat and dog"),
        ("人のいないビーチ", "empty beach"),
        ("白い猫の油絵", "oil painting of white cat"),
        ("水墨画風の龍", "ink wash painting of dragon"),
        ("笑顔の女の子、夕焼け", "girl smiling, at sunset"),
        ("「営業中」と書かれた看板", "sign with the words 「営業中」"),
        ("a photo of しっぽ", "a photo of tail"),
        ("桜", "cherry blossoms"),
        ("no japanese here", "no japanese here"),
    ],
)
def test_translations(japanese, english):
    assert translate(japanese, load_embedded().entries).english == english


def test_what_cannot_be_read_is_kept_and_told():
    done = translate("ホゲラッタと猫", load_embedded().entries)
    assert "ホゲラッタ" in done.english and "cat" in done.english and done.unread == ("ホゲラッタ",)
    (candidate,) = load_embedded().beautify("ホゲラッタと猫", 1)
    assert "ホゲラッタ" in candidate.text and "cannot read ホゲラッタ" in candidate.notes[0]


def test_no_part_of_a_foreign_word_is_read():
    assert translate("クリスマロ", load_embedded().entries).unread == ("クリスマロ",)  # not "squirrel"


PROMPTS = [
    line.split("\t")
    for line in Path(__file__).with_name("japanese_prompts.txt").read_text(encoding="utf-8").splitlines()
]


def test_the_subjects_of_japanese_prompts_are_found():
    missed = []
    for typed, subject in PROMPTS:
        found = load_embedded().read(typed).findings.found
        if key(subject) not in {key(name) for f in found for name in (f.entry.subject, *f.entry.also)}:
            missed.append(typed)
    assert len(PROMPTS) > 150
    assert len(missed) <= 16, missed


@pytest.mark.slow
@pytest.mark.parametrize("target", ["z-image", "illustrious", "sdxl"])
def test_answers_are_in_english(target):
    for typed in ("赤い髪の少女", "海辺の城", "猫"):
        (candidate,) = load_embedded().beautify(typed, 1, target=target)
        assert candidate.text.isascii() and not candidate.notes
