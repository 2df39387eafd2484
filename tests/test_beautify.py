"""Beautifier: what is promised of seeds, of the user's own syntax, of bad input, and of loading.

The network here has random weights: it answers with noise, the hardest case for everything around it.
"""

import codecs
import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt_beautifier.beautifier.beautify import load_beautifier
from prompt_beautifier.beautifier.checkpoints.folders import list_checkpoints
from prompt_beautifier.beautifier.families import FAMILIES, render
from prompt_beautifier.beautifier.language import writer as module
from prompt_beautifier.beautifier.language.steps import Answer
from prompt_beautifier.beautifier.language.writer import english
from prompt_beautifier.beautifier.prompts.clip_tokens import count_clip_tokens
from prompt_beautifier.beautifier.prompts.parentheses import balance
from prompt_beautifier.beautifier.prompts.syntax import set_aside
from prompt_beautifier.beautifier.reading import at_word_boundary, longest_beginning, read_cleaned
from prompt_beautifier.beautifier.request import Candidate, Request, Sampling

from .stand_ins import tiny

SHORT = Sampling(max_new_tokens=16)
PROMPT = "1 girl in a red dress"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny.save_checkpoint(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def beautifier(folder):
    return load_beautifier(folder)


@pytest.fixture(scope="module", params=FAMILIES)
def of_family(request, tmp_path_factory):
    """A random network asked in each family's way."""
    architecture = "gpt2" if request.param in ("promptist", "magicprompt") else "bloom"
    sizes = {"positions": 200} if architecture == "gpt2" else {}
    return load_beautifier(
        tiny.save_checkpoint(tmp_path_factory.mktemp("family"), architecture, request.param, **sizes)
    )


def balanced(text: str) -> bool:
    """Whether every parenthesis that ComfyUI's parser sees has its partner."""
    depth = 0
    for character in text.replace(r"\(", "").replace(r"\)", ""):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth < 0:
            return False
    return depth == 0


def saying(beautifier, monkeypatch, text: str, finished: bool = True) -> list[dict]:
    """Make every answer `text`, and record what the network was asked."""
    asked = []

    def generate(network, prompt_tokens, num_candidates, seed, sampling, on_step, should_stop, on_tokens):
        asked.append({"text": beautifier.tokenizer.decode(prompt_tokens), "tokens": prompt_tokens})
        tokens = tuple(beautifier.encode(text)) if text else ()
        return [Answer(tokens, finished)] * num_candidates

    monkeypatch.setattr(module, "generate", generate)
    return asked


# -- seeds


def check_prefixes(beautifier, sampling):
    twelve = beautifier.beautify(PROMPT, 12, seed=3, sampling=sampling)
    assert len(twelve) == 12
    for count in (1, 3, 5, 7):
        assert beautifier.beautify(PROMPT, count, seed=3, sampling=sampling) == twelve[:count]
    beautifier.beautify("another prompt", 2, seed=9, sampling=sampling)
    assert beautifier.beautify(PROMPT, 12, seed=3, sampling=sampling) == twelve
    assert beautifier.beautify(PROMPT, 3, seed=4, sampling=sampling) != twelve[:3]


def test_a_candidate_depends_on_seed_and_number_alone(beautifier):
    check_prefixes(beautifier, SHORT)


@pytest.mark.slow
def test_the_same_of_the_embedded_model(embedded_beautifier):
    check_prefixes(embedded_beautifier, None)


def test_greedy_is_one_candidate_and_needs_no_seed(beautifier):
    greedy = replace(SHORT, greedy=True)
    (candidate,) = beautifier.beautify(PROMPT, 5, seed=1, sampling=greedy)
    assert beautifier.beautify(PROMPT, 1, seed=2, sampling=greedy) == [candidate]


def test_every_family_runs_with_its_own_settings(of_family):
    settings = replace(of_family.family.sampling, max_new_tokens=10)
    candidates = of_family.beautify(PROMPT, 2, sampling=settings)
    assert len(candidates) == 2
    assert all(candidate.text and balanced(candidate.text) for candidate in candidates)
    assert all(candidate.score is None for candidate in candidates)


# -- the path


def test_the_network_reads_the_template_with_the_words(beautifier, monkeypatch):
    asked = saying(beautifier, monkeypatch, "a cat, oil on canvas")
    beautifier.beautify("a (red:1.2) cat <lora:x:0.8> {day|night}", 1)
    assert asked[0]["text"] == render(beautifier.family, "a red cat")


def test_special_tokens_in_a_raw_prompt_are_text(beautifier, monkeypatch):
    asked = saying(beautifier, monkeypatch, "a cat")
    beautifier.beautify("a </s> cat<pad>", 1)
    assert not {0, 1, tiny.EOS, 3} & set(asked[0]["tokens"])
    assert "cat" in asked[0]["text"]


def test_rewrite_replaces_and_append_adds(beautifier, monkeypatch):
    saying(beautifier, monkeypatch, "portrait of a cat, oil on canvas")
    assert beautifier.beautify("a cat", 1) == [Candidate("portrait of a cat, oil on canvas")]
    (appended,) = beautifier.beautify("a (cat:1.2)", 1, mode="append")
    assert appended.text.startswith("a (cat:1.2)") and "oil on canvas" in appended.text


def test_pieces_come_back_in_both_modes(beautifier, monkeypatch):
    saying(beautifier, monkeypatch, "a red dress, oil on canvas")
    raw_prompt = r"(red dress:1.3), embedding:nice <lora:name:0.8> {a|b} __wild__ saber \(fate\)"
    for mode in ("rewrite", "append"):
        (candidate,) = beautifier.beautify(raw_prompt, 1, mode=mode)
        for piece in set_aside(raw_prompt).pieces:
            assert candidate.text.count(piece.text) == 1, (mode, piece)
        assert "oil on canvas" in candidate.text


@pytest.mark.parametrize("answer", ["", " ", " ,, ", "()", "\n"])
def test_where_nothing_is_answered_the_words_stand_in(beautifier, monkeypatch, answer):
    saying(beautifier, monkeypatch, answer)
    assert beautifier.beautify("a cat, 8k", 1) == [Candidate("a cat, 8k")]
    assert beautifier.beautify("a (cat:1.2), 8k", 1) == [Candidate("a (cat:1.2), 8k")]
    assert beautifier.beautify("a (cat:1.2), 8k", 1, mode="append") == [Candidate("a (cat:1.2), 8k")]


def test_an_unfinished_answer_loses_its_cut_tail(beautifier, monkeypatch):
    saying(beautifier, monkeypatch, "portrait of a cat, oil on can", finished=False)
    assert beautifier.beautify("a cat", 1) == [Candidate("portrait of a cat")]


def test_special_tokens_in_an_answer_are_no_text(beautifier):
    tokens = (3, *beautifier.encode("oil on canvas"), 0)
    assert beautifier.read("canvas", Answer(tokens, True)) == "oil on canvas"


def test_a_continuation_never_loses_the_words(tmp_path, monkeypatch):
    magic = load_beautifier(tiny.save_checkpoint(tmp_path, "gpt2", "magicprompt"))
    saying(magic, monkeypatch, "", finished=False)
    assert magic.beautify("a cat, sitting by the", 1) == [Candidate("a cat, sitting by the")]
    saying(magic, monkeypatch, " se", finished=False)
    assert magic.beautify("a cat, sitting by the", 1) == [Candidate("a cat, sitting by the")]
    saying(magic, monkeypatch, " sea, oil on", finished=False)
    (candidate,) = magic.beautify("a cat, sitting by the", 1)
    assert candidate.text.startswith("a cat, sitting by the")
    saying(magic, monkeypatch, ", oil on canvas, elegant")
    assert magic.beautify("a cat", 1) == [Candidate("a cat, oil on canvas, elegant")]


def test_weights_of_the_model_only_count_where_its_family_writes_them(beautifier, tmp_path, monkeypatch):
    saying(beautifier, monkeypatch, "((a cat)), [the sea]")
    assert "(" not in beautifier.beautify("a cat", 1)[0].text
    v2 = load_beautifier(tiny.save_checkpoint(tmp_path, family="text2prompt-v2"))
    saying(v2, monkeypatch, "((a cat)), [the sea]")
    assert v2.beautify("a cat", 1) == [Candidate("(a cat:1.21), (the sea:0.91)")]


@pytest.mark.parametrize("mode", ["rewrite", "append"])
def test_clip_tokens_limit_candidates_but_cut_no_piece(beautifier, monkeypatch, mode):
    saying(beautifier, monkeypatch, "a red dress by the sea, oil on canvas, wide angle, elegant, soft light")
    (free,) = beautifier.beautify("a (red dress:1.3)", 1, mode=mode)
    (limited,) = beautifier.beautify("a (red dress:1.3)", 1, mode=mode, clip_tokens=10)
    assert count_clip_tokens(free.text) > 10 >= count_clip_tokens(limited.text) > 4
    assert "(red dress:1.3)" in limited.text


def test_clip_tokens_leave_the_words_where_no_word_of_the_answer_fits(beautifier, monkeypatch):
    saying(beautifier, monkeypatch, "floccinaucinihilipilification-pneumonoultramicroscopic")
    assert beautifier.beautify("cats", 1, clip_tokens=3) == [Candidate("cats")]


def test_clip_tokens_keep_the_users_weights_before_the_models(tmp_path, monkeypatch):
    v2 = load_beautifier(tiny.save_checkpoint(tmp_path, family="text2prompt-v2"))
    saying(v2, monkeypatch, "(a tall lighthouse:1.2), (waves:1.3), [oil on canvas], soft light")
    (candidate,) = v2.beautify("the (sea:1.4)", 1, clip_tokens=7)
    assert "(sea:1.4)" in candidate.text and "canvas" not in candidate.text
    assert count_clip_tokens(candidate.text) <= 7 and balanced(candidate.text)


# -- progress and stopping


def test_progress_counts_to_its_total(beautifier):
    steps = []
    beautifier.beautify(PROMPT, 7, sampling=SHORT, on_step=lambda *step: steps.append(step))
    assert steps == sorted(set(steps)) and steps[0] == (1, 32) and steps[-1] == (32, 32)


def test_a_stop_brings_back_what_was_written(beautifier):
    steps = []
    candidates = beautifier.beautify(
        PROMPT,
        7,
        sampling=Sampling(max_new_tokens=200),
        on_step=lambda *step: steps.append(step),
        should_stop=lambda: len(steps) >= 12,
    )
    assert len(steps) == 12
    assert len(candidates) == 7
    assert all(candidate.text for candidate in candidates)
    assert candidates[5:] == 2 * [Candidate(PROMPT)], "the second block had not begun"
    assert any(candidate != Candidate(PROMPT) for candidate in candidates[:5])


# -- input nobody should send


@pytest.mark.parametrize(
    "changed, name",
    [
        ({"raw_prompt": None}, "raw_prompt"),
        ({"raw_prompt": b"a cat"}, "raw_prompt"),
        ({"raw_prompt": ["a cat"]}, "raw_prompt"),
        ({"num_candidates": 0}, "num_candidates"),
        ({"num_candidates": 65}, "num_candidates"),
        ({"num_candidates": True}, "num_candidates"),
        ({"num_candidates": "5"}, "num_candidates"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**64}, "seed"),
        ({"seed": 0.5}, "seed"),
        ({"mode": "replace"}, "mode"),
        ({"mode": None}, "mode"),
        ({"sampling": {"temperature": 1}}, "sampling"),
        ({"clip_tokens": 0}, "clip_tokens"),
        ({"clip_tokens": math.inf}, "clip_tokens"),
    ],
)
def test_bad_arguments_are_named(beautifier, changed, name):
    with pytest.raises(ValueError, match=f"^{name} must be"):
        beautifier.beautify(**{"raw_prompt": "a cat"} | changed)


@pytest.mark.parametrize(
    "raw_prompt",
    ["", " \n\t", ",,,", "<lora:name:0.8>", "{a|b}", "__wild__", "BREAK", "// a note", "()", "\0", "\ud800"],
)
def test_a_prompt_without_words_comes_back_as_it_was(beautifier, raw_prompt):
    for mode in ("rewrite", "append"):
        assert beautifier.beautify(raw_prompt, 3, mode=mode) == [Candidate(raw_prompt)]


HOSTILE = {
    "emoji": "🐱👩‍👩‍👧 a cat 🏳️‍🌈",
    "Chinese": "一只猫坐在海边,夕阳",
    "right to left": "قطة \u202e tac",
    "NUL and controls": "a\0cat\x07 in\x1b[31m red\r\nhat",
    "lone surrogates": "a \ud83d cat \udc31",
    "open": "((((a cat",
    "closed": "a cat))))",
    "crossed": ")a( {cat} |[ (red:1.2",
    "template": "Instruction: {raw_prompt}\nOutput: %s {} \\n",
    "special tokens": "</s><s><pad><unk> a cat <|endoftext|>",
    "one long word": "a" * 10_000,
    "long Chinese": "猫" * 10_000,
    "10 000 characters": "a cat, (red:1.2) hat, " * 455,
    "backslashes": "a cat \\ \\( \\\\) \\",
    "weights of nothing": "(:1.2) (,:1.3) a cat (:)",
    "combining": "a" + "\u0301" * 3000 + " cat",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("mode", ["rewrite", "append"])
def test_hostile_prompts_give_usable_candidates(beautifier, name, mode):
    candidates = beautifier.beautify(HOSTILE[name], 2, sampling=SHORT, mode=mode)
    assert len(candidates) == 2
    for candidate in candidates:
        assert candidate.text.strip() and balanced(candidate.text)


SNIPPETS = st.sampled_from(
    "a cat|the sea|red dress|,| |(red dress:1.3)|((moon))|(a (b:1.2) c:0.9)|\\(fate\\)|embedding:nice"
    "|<lora:name:0.8>|__wild__|BREAK|(|)|:1.2|{|}|[x]|🐱|猫|\\|</s>".split("|")
) | st.sampled_from(["{a|b}", "// a note\n", "\n", "/* x */", "\0"])


@pytest.mark.slow
@given(st.lists(SNIPPETS, min_size=1, max_size=9).map(" ".join), st.sampled_from(["rewrite", "append"]))
@settings(deadline=None, max_examples=150)
def test_noise_from_the_model_never_touches_the_users_syntax(beautifier, raw_prompt, mode):
    aside = set_aside(raw_prompt, beautifier.english)
    candidates = beautifier.beautify(raw_prompt, 2, sampling=SHORT, mode=mode)
    if not aside.words:
        assert candidates == [Candidate(raw_prompt)]
        return
    for candidate in candidates:
        assert balanced(candidate.text), candidate
        if mode == "append":
            assert candidate.text.startswith(balance(raw_prompt).rstrip())  # blanks at the end may go
        else:
            for piece in set(aside.pieces):
                assert candidate.text.count(piece.text) >= aside.pieces.count(piece), (piece, candidate)


@pytest.mark.parametrize("mode", ["rewrite", "append"])
@pytest.mark.parametrize("seed", range(4))
def test_each_piece_is_in_every_candidate_exactly_once(beautifier, mode, seed):
    raw_prompt = (
        r"1 girl, (red dress:1.3), ((moon) and (sea:0.7):1.1), saber \(fate\), embedding:nice, "
        "<lora:name:0.8> {day|night} __weather__ garden BREAK soft light // a note"
    )
    pieces = set_aside(raw_prompt).pieces
    assert len(pieces) == 9
    for candidate in beautifier.beautify(raw_prompt, 6, seed=seed, sampling=Sampling(), mode=mode):
        assert [candidate.text.count(piece.text) for piece in pieces] == [1] * 9, candidate
        assert balanced(candidate.text)


# -- prompts longer than the model reads


@pytest.mark.parametrize("shift", range(6))
def test_a_long_prompt_is_read_in_part_and_kept_whole(beautifier, monkeypatch, shift):
    asked = saying(beautifier, monkeypatch, "oil on canvas")
    raw_prompt = "x" * shift + ", extraordinary hippopotamuses" * 300
    (candidate,) = beautifier.beautify(raw_prompt, 1)
    assert candidate.text.startswith(raw_prompt) and candidate.text.endswith("oil on canvas")
    assert 40 < len(asked[0]["tokens"]) <= beautifier.family.max_prompt_tokens
    read = asked[0]["text"].strip()
    assert read in raw_prompt and read.endswith(("extraordinary", "hippopotamuses"))


def test_a_network_with_few_positions_keeps_room_for_its_answer(tmp_path, monkeypatch):
    small = load_beautifier(tiny.save_checkpoint(tmp_path, "gpt2", "embedded", positions=40))
    asked = saying(small, monkeypatch, "oil on canvas")
    small.beautify("a cat and the sea " * 50, 1, sampling=Sampling(max_new_tokens=96))
    assert len(asked[0]["tokens"]) <= 20
    small.beautify("a cat and the sea " * 50, 1, sampling=Sampling(max_new_tokens=5))
    assert 20 < len(asked[1]["tokens"]) <= 35


def test_max_length_without_room_for_the_template_says_so(tmp_path):
    v1 = load_beautifier(tiny.save_checkpoint(tmp_path, family="text2prompt-v1"))
    with pytest.raises(ValueError, match="raise max_length"):
        v1.beautify("a cat", 1, sampling=Sampling(max_length=20))


@given(st.text("ab ", max_size=30), st.integers(0, 35))
def test_longest_beginning(text, most):
    assert longest_beginning(text, lambda beginning: len(beginning) <= most) == text[:most]


@pytest.mark.parametrize(
    "beginning, text, expected",
    [
        ("a cat", "a cat and", "a cat"),
        ("a cat ", "a cat and", "a cat"),
        ("a red ca", "a red cat", "a red"),
        ("a elephan", "a elephant", "a elephan"),
        ("猫猫猫", "猫猫猫猫", "猫猫猫"),
    ],
)
def test_at_word_boundary(beginning, text, expected):
    assert at_word_boundary(beginning, text) == expected


# -- loading


def test_a_folder_says_its_family_or_is_told(folder, tmp_path):
    assert load_beautifier(folder).family is FAMILIES["embedded"]
    assert load_beautifier(str(folder), family="promptist").family is FAMILIES["promptist"]
    own = replace(FAMILIES["embedded"], name="own", template="{raw_prompt} =>")
    assert load_beautifier(folder, family=own).family is own
    assert load_beautifier(folder).name == folder.name


def test_dtype_and_device_are_the_callers(folder):
    weights = load_beautifier(folder).network.word_embeddings.weight
    assert weights.dtype == torch.float32 and weights.device.type == "cpu"
    half = load_beautifier(folder, device=torch.device("cpu"), dtype=torch.bfloat16)
    assert half.network.word_embeddings.weight.dtype == torch.bfloat16
    assert half.beautify(PROMPT, 3, sampling=SHORT) == half.beautify(PROMPT, 6, sampling=SHORT)[:3]


@pytest.mark.parametrize("missing", ["config.json", "tokenizer.json", "model.safetensors", "beautifier.json"])
def test_missing_files_are_named(tmp_path, missing):
    folder = tiny.save_checkpoint(tmp_path / "checkpoint")
    (folder / missing).unlink()
    with pytest.raises(FileNotFoundError, match=missing):
        load_beautifier(folder)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere.*'embedded'"):
        load_beautifier(tmp_path / "nowhere")


@pytest.mark.parametrize("content", ["", "{}", "[]", '"embedded"', '{"family": 3}', '{"family": "chat-9"}', "\xff"])
def test_a_bad_family_file_is_explained(tmp_path, content):
    folder = tiny.save_checkpoint(tmp_path)
    (folder / "beautifier.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(ValueError, match="text2prompt-v1"):
        load_beautifier(folder)


def test_a_damaged_tokenizer_is_named(tmp_path):
    folder = tiny.save_checkpoint(tmp_path)
    (folder / "tokenizer.json").write_text('{"version": "1.0"')
    with pytest.raises(ValueError, match="tokenizer.json"):
        load_beautifier(folder)


def test_a_tokenizer_that_an_editor_put_a_mark_before_is_read(tmp_path):
    folder = tiny.save_checkpoint(tmp_path)
    expected = load_beautifier(folder).beautify(PROMPT, seed=1)
    for name in ("tokenizer.json", "config.json", "beautifier.json"):
        (folder / name).write_bytes(codecs.BOM_UTF8 + (folder / name).read_bytes())
    assert load_beautifier(folder).beautify(PROMPT, seed=1) == expected


def test_a_tokenizer_of_another_checkpoint_is_noticed(tmp_path):
    folder = tiny.save_checkpoint(tmp_path)
    tiny.save_bloom(folder, vocab_size=100)
    with pytest.raises(ValueError, match="same checkpoint"):
        load_beautifier(folder).beautify(PROMPT)


def test_checkpoints_are_found_below_folders(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    tiny.save_checkpoint(first / "owner" / "model")
    tiny.save_checkpoint(first / "Zebra", "gpt2")
    tiny.save_checkpoint(second / "Zebra")
    tiny.save_checkpoint(second / "alone", family=None)
    tiny.save_checkpoint(second / ".cache" / "hidden")
    tiny.save_checkpoint(second / "a" / "b" / "c" / "too deep")
    (tiny.save_checkpoint(second / "no tokenizer") / "tokenizer.json").unlink()
    (tiny.save_checkpoint(second / "no weights") / "model.safetensors").unlink()
    (tiny.save_checkpoint(second / "broken") / "config.json").write_text("{")
    (tiny.save_checkpoint(second / "other") / "config.json").write_text('{"model_type": "falcon"}')
    (second / "loop").symlink_to(second, target_is_directory=True)
    found = list_checkpoints([tmp_path / "absent", first, second])
    assert {name: path for name, path in found.items() if not name.startswith("loop/")} == {
        "alone": second / "alone",
        "owner/model": first / "owner" / "model",
        "Zebra": first / "Zebra",
    }
    assert list_checkpoints([first]) == {"owner/model": first / "owner" / "model", "Zebra": first / "Zebra"}


@pytest.mark.parametrize(
    ("words", "answer", "expected"),
    [
        ("a cat", "a large cat, soft light", "a large cat, soft light"),
        ("a cat", "a large wolf, soft light", "a cat, a large wolf, soft light"),
        ("a cat in a red hat", "a cat in a hat, soft light", "a cat in a hat, soft light"),
        (
            "a cat in a red hat",
            "a wolf in a hat, soft light",
            "a cat in a red hat, a wolf in a hat, soft light",
        ),
        ("1girl", "a girl, soft light", "a girl, soft light"),
        ("2 girls", "a wolf, soft light", "2 girls, a wolf, soft light"),
        ("a cat", "", "a cat"),
    ],
)
def test_a_small_model_that_lost_the_subject_gets_it_put_in_front(words, answer, expected):
    assert read_cleaned(FAMILIES["embedded"], words, f" {answer}", finished=True) == expected
    assert read_cleaned(FAMILIES["text2prompt-v1"], words, f" {answer}", finished=True) == answer


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("a cat", "a cat"),
        ("a café, 夜", "a cafe"),
        ("一个女孩, red dress, 夜", "red dress"),
        ("一个女孩", ""),
        ("😀 8", ""),
    ],
)
def test_a_small_model_reads_what_is_english(words, expected):
    assert english(words) == expected


def test_where_a_small_model_can_read_nothing_only_its_manner_is_appended(beautifier, monkeypatch):
    saying(beautifier, monkeypatch, "painting of a castle, a tree, soft light, 8k")
    assert beautifier.beautify("一个女孩", 1) == [Candidate("一个女孩, soft light, 8k")]
    assert beautifier.beautify("一个女孩, a dog", 1)[0].text.startswith("一个女孩, a dog, ")


# -- a T5


@pytest.fixture
def t5(tmp_path):
    return load_beautifier(tiny.save_checkpoint(tmp_path / "t5", "t5", "superprompt-v1"))


BRIEF = Sampling(max_new_tokens=12, repetition_penalty=1.2)


def test_a_t5_writes_the_same_for_a_seed_and_another_for_another(t5):
    texts = [each.text for each in t5.beautify("a cat", 4, seed=3, sampling=BRIEF)]
    assert [each.text for each in t5.beautify("a cat", 2, seed=3, sampling=BRIEF)] == texts[:2]
    assert [each.text for each in t5.beautify("a cat", 4, seed=4, sampling=BRIEF)] != texts
    assert [each.text for each in t5.beautify("a dog", 4, seed=3, sampling=BRIEF)] != texts


def test_a_t5_reads_the_template_and_its_end(t5):
    ids = t5.asked("a </s> cat")
    assert ids[-1] == tiny.EOS and ids.count(tiny.EOS) == 1
    assert t5.tokenizer.decode(ids) == "Expand the following prompt to add more detail: a </s> cat"


def test_a_t5_can_be_stopped_and_tells_how_far_it_is(t5):
    steps = []
    t5.write("a cat", Request("a cat", 2, sampling=BRIEF), lambda done, total: steps.append((done, total)))
    assert steps[-1] == (12, 12)
    (answer,) = t5.write("a cat", Request("a cat", 1, sampling=BRIEF), should_stop=lambda: True).texts
    assert answer == ""


@pytest.mark.parametrize(
    ("dtype", "device_stays", "found"),
    [
        (None, True, torch.float32),
        (None, False, torch.bfloat16),
        (torch.float16, False, torch.bfloat16),
        (torch.float32, False, torch.float32),
    ],
)
def test_a_t5_does_not_compute_in_float16(tmp_path, dtype, device_stays, found):
    folder = tiny.save_checkpoint(tmp_path / "t5", "t5", "superprompt-v1")
    assert load_beautifier(folder, "cpu", dtype, stays=device_stays).network.dtype == found
    with pytest.raises(ValueError, match="torch.int4 is not for a T5: choose float32, bfloat16 or, on a CPU, int8"):
        load_beautifier(folder, "cpu", torch.int4)
