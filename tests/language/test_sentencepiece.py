"""tokenizer.model: pieces, merges and bytes as SentencePiece has them, and files that are none."""

import json

import pytest

from prompt_beautifier.beautifier.language.tokenizer import load_tokenizer

from ..stand_ins.sentencepiece_file import TEXT, message, piece, save_sentencepiece, sentencepiece_model, varint

LINES = [*TEXT, "a  cat", " a cat", "roof\nhill", "1girl 🐱 桜", "ß", ""]


@pytest.fixture
def folder(tmp_path):
    save_sentencepiece(tmp_path, 420)
    return tmp_path


def test_it_cuts_as_sentencepiece_does(folder):
    sentencepiece = pytest.importorskip("sentencepiece", reason="the tokenizer is compared with SentencePiece's own")
    theirs = sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
    ours = load_tokenizer(folder)
    for line in LINES:
        ids = ours.encode(line).ids
        assert ids[1:] == theirs.encode(line)
        assert ours.decode(ids) == theirs.decode(theirs.encode(line))


@pytest.mark.parametrize("line", LINES)
def test_every_text_comes_back(folder, line):
    tokenizer = load_tokenizer(folder)
    ids = tokenizer.encode(line).ids
    assert tokenizer.decode(ids, skip_special_tokens=True) == line
    assert ids[0] == tokenizer.token_to_id("<s>")


def test_of_two_neighbours_the_best_are_joined_first(tmp_path):
    """By hand: "▁abc" is "▁a" and "bc", as "bc" is better than "ab"."""
    names = [("<unk>", 0.0, 2), ("<s>", 0.0, 3), ("</s>", 0.0, 3)]
    names += [("bc", -1.0, 1), ("ab", -2.0, 1), ("\u2581a", -3.0, 1), ("abc", -9.0, 1)]
    names += [(letter, -20.0, 1) for letter in "\u2581abc"]
    trainer = message(2, varint(3 << 3) + varint(2))
    (tmp_path / "tokenizer.model").write_bytes(b"".join(piece(*each) for each in names) + trainer)
    tokenizer = load_tokenizer(tmp_path)
    assert tokenizer.encode("abc").tokens == ["<s>", "\u2581a", "bc"]
    assert tokenizer.encode("abab").tokens == ["<s>", "\u2581", "ab", "ab"]


def test_tokens_of_the_checkpoints_own(folder):
    (folder / "added_tokens.json").write_text(json.dumps({"<|b|>": 421, "<|a|>": 420}))
    settings = {"added_tokens_decoder": {"422": {"content": "<|c|>"}}, "add_bos_token": False, "legacy": False}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    tokenizer = load_tokenizer(folder)
    assert [tokenizer.token_to_id(f"<|{letter}|>") for letter in "abc"] == [420, 421, 422]
    ids = tokenizer.encode("a cat<|b|>on").ids
    assert ids.count(421) == 1 and 1 not in ids
    assert tokenizer.decode(ids, skip_special_tokens=True) == "a caton"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it has no pieces"),
        (b"\x0a\xff\xff\xff\xff\x0f", "it ends early"),
        (b"\x0a" + b"\xff" * 20, "a number without an end"),
        (b"hello", "no SentencePiece model"),
        (message(1, message(1, b"\xff\xfe")), "no SentencePiece model"),
        (sentencepiece_model(420)[:-300], "tokenizer.model is no tokenizer"),
        (sentencepiece_model(420, model_type=1), "not of the kind that Llama has"),
    ],
    ids=str,
)
def test_what_is_no_model_is_said(tmp_path, content, message):
    (tmp_path / "tokenizer.model").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        load_tokenizer(tmp_path)
