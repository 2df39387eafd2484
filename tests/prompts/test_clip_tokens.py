"""CLIP tokens: counts are ComfyUI's, and a limit never cuts what the user wrote in ComfyUI syntax."""

import gzip
import json
import os
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt_beautifier.beautifier.prompts import clip_tokens, clip_words
from prompt_beautifier.beautifier.prompts.clip_tokens import count_clip_tokens, limit_clip_tokens
from prompt_beautifier.beautifier.prompts.parentheses import balance
from prompt_beautifier.beautifier.prompts.syntax import set_aside
from prompt_beautifier.beautifier.prompts.syntax_table import TYPED

from ..stand_ins.counted_work import grows_with_its_text

# Counted with transformers' CLIPTokenizer on OpenAI's vocabulary.
KNOWN = {
    "": 0,
    "a photo of a cat": 5,
    "a photo of an astronaut riding a horse on mars": 10,
    "highly detailed, 8k, trending on artstation": 10,
    "don't I'LL we've": 6,
    "1920s": 5,
    "supercalifragilisticexpialidocious": 9,
}
TEXTS = [
    *KNOWN,
    "🐱 猫と犬, Żółć",
    "İstanbul ŞŞ ß ẞ",
    "e\u0301 é \u3000a\u00a0b",
    "１２３ ½ ﬁ",
    "<|endoftext|> x <|startoftext|>",
    "a\x00b\x07",
    "!!!! ... ;;-)) (((",
    "a   b\n\nc\td",
    "by Greg Rutkowski, f/1.8 35mm, art-nouveau",
]


def tokens(text: str) -> list[int]:
    return clip_tokens._tokenizer().encode(text, add_special_tokens=False).ids


# -- counting


@pytest.mark.parametrize("text", KNOWN)
def test_known_counts(text):
    assert count_clip_tokens(text) == KNOWN[text]


def test_known_ids():
    assert tokens("a photo of a cat") == [320, 1125, 539, 320, 2368]
    assert tokens("<|startoftext|><|endoftext|>") == [49406, 49407]
    assert clip_tokens._tokenizer().get_vocab_size() == 49408


@pytest.mark.parametrize(
    ("text", "same_as"),
    [
        ("(red dress:1.3)", "red dress"),
        ("a ((red) dress:0.9), cat", "a red dress, cat"),
        ("(a:b)", "a:b"),
        ("(:1.2)", ":1.2"),
        (r"miku \(vocaloid\)", "miku (vocaloid)"),
        (r"(miku \(vocaloid\):1.2)", "miku (vocaloid)"),
        ("a embedding:some-long-name, cat", "a x, cat"),
        ("embedding:name", "x"),
        ("a\nembedding:name b", "a x b"),
        ("(embedding:name:1.2) b", "x b"),
        ("a\ud800 cat", "a cat"),
    ],
)
def test_syntax_is_counted_as_comfyui_encodes_it(text, same_as):
    assert count_clip_tokens(text) == len(tokens(same_as))


def test_what_core_comfyui_encodes_is_counted():
    for text in ("<lora:name:0.8>", "{a|b}", "__wild__", "BREAK", "// note"):
        assert count_clip_tokens(f"a cat {text}") == 2 + len(tokens(text))


def test_weights_cut_the_text_for_the_tokenizer():
    """ "(under)stand" is encoded as "under" and "stand", not as "understand"."""
    assert count_clip_tokens("(under)stand") == 2 > count_clip_tokens("understand")


@pytest.mark.slow
def test_the_same_ids_as_transformers(tmp_path):
    transformers = pytest.importorskip("transformers")
    vocabulary, merges = tmp_path / "vocab.json", tmp_path / "merges.txt"
    vocabulary.write_text(json.dumps(clip_tokens._tokenizer().get_vocab()), encoding="utf-8")
    lines = gzip.decompress(clip_tokens.MERGES.read_bytes()).decode()
    merges.write_text("#version: 0.2\n" + lines, encoding="utf-8")
    other = transformers.CLIPTokenizer.from_pretrained(str(tmp_path))
    assert [tokens(text) for text in TEXTS] == [other(text)["input_ids"][1:-1] for text in TEXTS]


@pytest.mark.comfyui
def test_the_vocabulary_is_comfyuis():
    root = os.environ.get("COMFYUI_PATH")
    if not root:
        pytest.skip("COMFYUI_PATH does not name a ComfyUI checkout")
    folder = Path(root) / "comfy" / "sd1_tokenizer"
    assert json.loads((folder / "vocab.json").read_text("utf-8")) == clip_tokens._tokenizer().get_vocab()
    transformers = pytest.importorskip("transformers")
    comfyui = transformers.CLIPTokenizer.from_pretrained(str(folder))
    assert [tokens(text) for text in TEXTS] == [comfyui(text)["input_ids"][1:-1] for text in TEXTS]


def test_the_vocabulary_is_read_when_it_is_needed_and_once():
    made = (clip_words.ranks, clip_tokens._tokenizer, clip_tokens._count_word)
    for each in made:
        each.cache_clear()
    assert count_clip_tokens("") == 0
    assert [clip_words.ranks.cache_info().misses, clip_tokens._tokenizer.cache_info().misses] == [0, 0]
    assert [count_clip_tokens("a cat"), count_clip_tokens("a dog")] == [2, 2]
    assert [clip_words.ranks.cache_info().misses, clip_tokens._tokenizer.cache_info().misses] == [1, 0]
    assert [count_clip_tokens("猫"), count_clip_tokens("犬")] == [3, 3]
    assert clip_tokens._tokenizer.cache_info().misses == 1


@given(st.text("aehinorst'.-!^~0", min_size=1, max_size=clip_words.LONGEST))
@settings(max_examples=300, deadline=None)
def test_a_word_is_merged_as_the_tokenizer_merges_it(word):
    words = clip_tokens.ASCII_WORD.findall(word)
    assert sum(map(clip_words.count, words)) == len(tokens(word))


@pytest.mark.parametrize("word", ["supercalifragilisticexpialidocious", "watercolour", "aaaaaaaaaaa", "!!!!!", "x"])
def test_so_are_known_words(word):
    assert clip_words.count(word) == len(tokens(word))


@given(st.text(st.characters(min_codepoint=0, max_codepoint=0x17F), max_size=60))
@settings(max_examples=300, deadline=None)
def test_words_are_counted_one_by_one_as_the_whole_text_is(text):
    assert clip_tokens._count_text(text) == len(clip_tokens.clip_token_ids(text))


@pytest.mark.parametrize("text", TEXTS)
def test_so_are_texts_with_marks_of_all_kinds(text):
    assert clip_tokens._count_text(text) == len(tokens(text))


# -- cutting


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("a cat, blue eyes", 5, "a cat, blue eyes"),
        ("a cat, blue eyes", 4, "a cat"),
        ("a cat, blue eyes", 2, "a cat"),
        ("a cat in the warm light of the evening sun, 8k", 9, "a cat in the warm light of the evening"),
        ("a cat in the warm light of the evening sun, 8k", 8, "a cat in the warm light"),
        ("sea, a cat in the warm light of the evening sun", 6, "sea"),
        ("sea, a cat in the warm light of the evening sun", 10, "sea, a cat in the warm light"),
        ("a cat, (red dress:1.3), <lora:x:1>", 10, "(red dress:1.3), <lora:x:1>"),
        ("a cat\n// note\nin the sun, with birds", 5, "a cat\n// note"),
        ("a cat BREAK a dog, with birds", 5, "a cat BREAK a dog"),
        ("BREAK-x-AND", 2, "BREAK AND"),
        ("猫と犬" * 9, 8, "猫と犬"),
        (")a cat, dog", 2, "a cat"),
        (")a", 5, r"\)a"),
        ("cat", 1, "cat"),
        ("", 1, ""),
    ],
)
def test_limit(text, limit, expected):
    assert limit_clip_tokens(text, limit) == expected


def test_pieces_stay_even_over_the_limit():
    assert limit_clip_tokens("a cat, (red dress:1.3) BREAK", 1) == "(red dress:1.3) BREAK"


def test_weights_that_need_not_be_kept_go_whole():
    text = "(a cat:1.2), (red dress:1.3), (blue sea:1.1), (red dress:1.3)"
    assert limit_clip_tokens(text, 5, keep=["(red dress:1.3)"]) == "(a cat:1.2), (red dress:1.3)"
    assert limit_clip_tokens(text, 2, keep=["(red dress:1.3)"]) == "(red dress:1.3)"
    assert limit_clip_tokens(text, 2, keep=["(red dress:1.3)"] * 2) == "(red dress:1.3), (red dress:1.3)"


@pytest.mark.parametrize("limit", [0, -1, 1.5, "75", None, True])
def test_a_limit_that_is_none_is_named(limit):
    with pytest.raises(ValueError, match="limit"):
        limit_clip_tokens("a cat", limit)


def test_what_is_no_string_is_named():
    for call in (lambda: count_clip_tokens(None), lambda: limit_clip_tokens(None, 5)):
        with pytest.raises(ValueError, match="text.*NoneType"):
            call()


FRAGMENTS = [
    "a",
    "cat",
    "highly detailed",
    "sun,",
    "猫",
    "(red:1.3)",
    "((a:1.2) b)",
    r"\(x\)",
    "<lora:x:1>",
    "BREAK",
]
FRAGMENTS += ["{a|b}", "embedding:e", "// note\n", "__w__", "(", ")", "/* b */", ",", "\n", "-"]


@pytest.mark.slow
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=25).map(" ".join), st.integers(1, 40))
@settings(max_examples=400, deadline=None)
def test_within_the_limit_with_every_piece(text, limit):
    limited = limit_clip_tokens(text, limit)
    pieces = [piece for piece in set_aside(text).pieces if piece.treatment != TYPED and piece.kind != "line"]
    for piece in set(pieces):
        assert limited.count(piece.text) >= pieces.count(piece)
    assert balance(limited) == limited
    alone = count_clip_tokens("\n".join(piece.text for piece in pieces))
    assert count_clip_tokens(limited) <= max(limit, alone + limited.count(","))
    if count_clip_tokens(text) <= limit:
        assert limited == balance(text)
    words = [word for word in re.findall(r"[^\s,()\\]+", limited)]
    assert not Counter(words) - Counter(re.findall(r"[^\s,()\\]+", text)), "words are whole"


REPEATED = ["(", "a b, ", "x", "(a)", "猫", "embedding:a "]


@pytest.mark.parametrize("unit", REPEATED)
def test_long_texts_are_limited_whole(unit):
    text = unit * (10_000 // len(unit))
    assert len(limit_clip_tokens(text, 75)) <= len(balance(text))
    assert grows_with_its_text(lambda text: limit_clip_tokens(text, 75), unit)


def test_a_long_nest_is_limited_whole():
    nest = "(" * 5000 + "a" + ")" * 5000
    assert limit_clip_tokens(nest, 75) == nest
