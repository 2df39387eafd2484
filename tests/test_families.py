"""Families: templates to the byte, published settings, and A1111 weights translated to ComfyUI's."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt_beautifier.beautifier.families import CUSTOM, FAMILIES, custom_family, read, render
from prompt_beautifier.beautifier.prompts.a1111 import from_a1111
from prompt_beautifier.beautifier.request import Sampling

# Written out here a second time on purpose: a changed byte in the table must fail.
RENDERED = {
    "embedded": " a {cat} % \\n\n",
    "text2prompt-v1": "Instruction: Give a simple description of the image to generate a drawing prompt.\n"
    "Input: a {Cat} % \\n\nOutput:",
    "text2prompt-v2": "Converts a simple image description into a prompt. "
    "Prompts are formatted as multiple related tags separated by commas, "
    "plus you can use () to increase the weight, [] to decrease the weight, "
    "or use a number to specify the weight. "
    "You should add appropriate words to make the images described in the prompt "
    "more aesthetically pleasing, "
    "but make sure there is a correlation between the input and output.\n"
    "### Input: a {Cat} % \\n\n### Output:",
    "promptist": "a {Cat} % \\n Rephrase:",
    "magicprompt": "a {Cat} % \\n",
    "superprompt-v1": "Expand the following prompt to add more detail: a {Cat} % \\n",
    "flux-prompt-enhance": "enhance prompt: a {Cat} % \\n",
    "tipo": "rating: safe\ntarget: <|long|>\ntag: a {Cat} % \\n",
    "dart-v2": "<|bos|><general>a {Cat} % \\n<|identity:none|><|input_end|>",
}


def test_a_template_of_the_users_own():
    family = custom_family("draw: {raw_prompt}\n>")
    assert (family.name, family.sampling) == (CUSTOM, Sampling()) and CUSTOM not in FAMILIES
    assert render(family, " a {Cat} ") == "draw: a {Cat}\n>"
    assert read(family, "a cat", " a detailed cat") == "a detailed cat"


def test_a_template_that_is_the_words_alone_goes_on_from_them():
    family = custom_family("{raw_prompt}")
    assert read(family, "a cat", ", oil on canvas") == "a cat, oil on canvas"


@pytest.mark.parametrize("template", ["", "Input: \nOutput:", "{prompt}", "{ raw_prompt }", "x" * 1000])
def test_a_template_without_a_place_for_the_words_is_refused(template):
    with pytest.raises(ValueError, match=r"template must have \{raw_prompt\} in it") as refused:
        custom_family(template)
    assert len(str(refused.value)) < 250


@pytest.mark.parametrize("name", FAMILIES)
def test_templates_are_exact(name):
    assert render(FAMILIES[name], " a {Cat} % \\n ") == RENDERED[name]


def test_words_that_look_like_the_template_are_only_words():
    assert render(FAMILIES["promptist"], "{raw_prompt} {0}") == "{raw_prompt} {0} Rephrase:"


def test_names_are_the_keys():
    assert {name: family.name for name, family in FAMILIES.items()} == {name: name for name in RENDERED}


def test_published_settings():
    text2prompt = Sampling(
        temperature=1.0, top_k=50, top_p=0.95, repetition_penalty=1.2, max_new_tokens=384, max_length=384
    )
    assert FAMILIES["text2prompt-v1"].sampling == FAMILIES["text2prompt-v2"].sampling == text2prompt
    promptist = FAMILIES["promptist"].sampling
    assert (promptist.num_beams, promptist.length_penalty, promptist.max_new_tokens) == (8, -1.0, 75)
    assert promptist.repetition_penalty == 1.0
    assert FAMILIES["superprompt-v1"].sampling == Sampling(0.5, 50, 1.0, 1.2, max_new_tokens=512)
    assert FAMILIES["flux-prompt-enhance"].sampling == Sampling(0.7, 50, 0.95, 1.2, max_new_tokens=256)


def test_only_continuations_hold_the_words():
    for name, family in FAMILIES.items():
        expected = "a cat, oil on canvas" if name == "magicprompt" else ", oil on canvas"
        assert read(family, " a cat ", ", oil on canvas ") == expected
        assert read(family, "a cat", " \n") == ""


def test_v2_answers_are_translated():
    assert read(FAMILIES["text2prompt-v2"], "a cat", " ((a cat)), [sea]") == "(a cat:1.21), (sea:0.91)"
    assert read(FAMILIES["text2prompt-v1"], "a cat", " ((a cat)), [sea]") == "((a cat)), [sea]"


@pytest.mark.parametrize(
    "a1111, comfyui",
    [
        ("a cat, 8k", "a cat, 8k"),
        ("(cat)", "(cat:1.1)"),
        ("[cat]", "(cat:0.91)"),
        ("((cat))", "(cat:1.21)"),
        ("[[cat]]", "(cat:0.83)"),
        ("[(cat)]", "cat"),
        ("(cat:1.2)", "(cat:1.2)"),
        ("(cat : 0.50 )", "(cat:0.5) "),
        ("[cat:0.8]", "(cat:0.8)"),
        ("((cat:1.2))", "(cat:1.32)"),
        ("((a) [b]:1.2)", "(a:1.32) (b:1.09)"),
        ("(a [b] c)", "(a:1.1) b (c:1.1)"),
        ("(a (b [c:0.5] d:1.3) e)", "(a:1.1) (b:1.43) (c:0.72) (d:1.43) (e:1.1)"),
        # a number without brackets, in and out of brackets
        ("a cat, red hair:1.2, sea", "a cat, (red hair:1.2), sea"),
        ("red hair:1.2", "(red hair:1.2)"),
        ("(red hair:1.2, a sea)", "(red hair:1.32), (a sea:1.1)"),
        ("16:9, iso:100, 4:3.5, time: 12, f/1.8", "16:9, iso:100, 4:3.5, time: 12, f/1.8"),
        # brackets without a partner
        ("a (cat, sea", "a cat, sea"),
        ("a cat), sea]", "a cat, sea"),
        (")(", ""),
        ("(cat:1.", "cat:1."),
        ("red hair:1.2), sea", "(red hair:1.2), sea"),
        ("(a [b) c]", "(a:1.1) b (c:0.91)"),
        # escapes
        (r"cat \(animal\), [sea]", r"cat \(animal\), (sea:0.91)"),
        (r"(cat \(animal\))", r"(cat \(animal\):1.1)"),
        (r"\[cat\], a\b", "[cat], ab"),
        # edges, emptiness and excess
        ("(cat, )sea", "(cat:1.1), sea"),
        ("()", ""),
        ("( , )", " , "),
        ("", ""),
        ("(cat:100)", "(cat:2)"),
        ("(cat:-1), (sea:0)", "(cat:0.1), (sea:0.1)"),
        ("(cat:)", "(cat::1.1)"),
        ("(cat)(sea)", "(catsea:1.1)"),
        ("(a\nb)", "(a\nb:1.1)"),
    ],
)
def test_translation(a1111, comfyui):
    assert from_a1111(a1111) == comfyui


def comfyui_weights(text: str) -> list[tuple[str, float]]:
    """(character, weight) as ComfyUI reads a prompt: inner numbers replace, bare brackets are times 1.1."""
    text = text.replace(r"\(", "\0").replace(r"\)", "\1")
    found, weights, starts = [], [1.0], []
    for character in text:
        if character == "(":
            starts.append(len(found))
            weights.append(weights[-1] * 1.1)
        elif character == ")":
            assert starts, f"{text!r} has a stray )"
            start = starts.pop()
            weights.pop()
            inside = "".join(c for c, _ in found[start:])
            words, colon, number = inside.rpartition(":")
            if colon and words:
                found[start:] = [(c, float(number)) for c in words]
        else:
            found.append((character, weights[-1]))
    assert not starts, f"{text!r} has a stray ("
    return found


TREES = st.recursive(
    st.text("ab c", min_size=1, max_size=4),
    lambda inner: st.tuples(st.sampled_from(["()", "[]", 0.5, 1.3, 1.25]), st.lists(inner, min_size=1, max_size=3)),
    max_leaves=8,
)


def a1111_text(tree) -> str:
    if isinstance(tree, str):
        return tree
    kind, parts = tree
    inside = "".join(map(a1111_text, parts))
    return f"({inside}:{kind})" if isinstance(kind, float) else kind[0] + inside + kind[1]


def a1111_weights(tree, weight: float = 1.0) -> list[tuple[str, float]]:
    if isinstance(tree, str):
        return [(character, weight) for character in tree]
    kind, parts = tree
    weight *= {"()": 1.1, "[]": 1 / 1.1}.get(kind, kind)
    return [pair for part in parts for pair in a1111_weights(part, weight)]


@pytest.mark.slow
@given(st.lists(TREES, max_size=4))
@settings(deadline=None, max_examples=300)
def test_every_letter_keeps_its_weight(trees):
    expected = [pair for tree in trees for pair in a1111_weights(tree)]
    found = comfyui_weights(from_a1111("".join(map(a1111_text, trees))))
    assert [character for character, _ in found] == [character for character, _ in expected]
    for (character, ours), (_, theirs) in zip(found, expected, strict=True):
        if character != " ":
            assert ours == pytest.approx(min(max(theirs, 0.1), 2), abs=0.0051)


@pytest.mark.slow
@given(st.text(r"ab :.,1()[]\{", max_size=40))
@settings(deadline=None, max_examples=1000)
def test_any_answer_balances_and_keeps_its_letters(answer):
    translated = from_a1111(answer)
    letters = [character for character, _ in comfyui_weights(translated)]
    assert "".join(letters).count("a") == answer.count("a")
    assert "".join(letters).count("b") == answer.count("b")
