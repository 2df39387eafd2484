"""ComfyUI syntax: every piece the user typed is in every candidate once, unchanged, with its weight."""

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from prompt_beautifier.beautifier.prompts.append import append
from prompt_beautifier.beautifier.prompts.parentheses import balance
from prompt_beautifier.beautifier.prompts.put_back import put_back
from prompt_beautifier.beautifier.prompts.syntax import SetAside, set_aside
from prompt_beautifier.beautifier.prompts.syntax_table import DIVIDES, LINE, SHOWN, TYPED

from ..stand_ins.counted_work import grows_with_its_text

# -- ComfyUI's parser, told again


def parsed(text: str) -> list[tuple[str, float]]:
    """What ComfyUI's CLIP tokenizers make of a prompt: stretches of text and their weights.

    As observed in comfy/sd1_clip.py: an escaped parenthesis is text; a group begins at a "(" where the depth
    counter is zero and ends where a ")" makes it zero again, and the counter may be negative; what float()
    takes behind a group's last colon is its weight, else it weighs 1.1 times what is around it.
    """
    hidden = text.replace("\\)", "\0\1").replace("\\(", "\0\2")
    return [(part.replace("\0\1", ")").replace("\0\2", "("), weight) for part, weight in weighed(hidden, 1.0)]


def weighed(text: str, weight: float) -> list[tuple[str, float]]:
    result = []
    for part in outermost(text):
        if not (part.startswith("(") and part.endswith(")") and len(part) > 1):
            result.append((part, weight))
            continue
        inner, own = part[1:-1], weight * 1.1
        colon = inner.rfind(":")
        if colon > 0:
            try:
                own = float(inner[colon + 1 :])
                inner = inner[:colon]
            except ValueError:
                pass
        result += weighed(inner, own)
    return result


def outermost(text: str) -> list[str]:
    """The text cut before each group that opens at depth zero and after each ")" that returns to it."""
    depth, start, cuts = 0, 0, []
    for index, mark in enumerate(text):
        if mark == "(":
            if depth == 0:
                cuts.append((start, index))
                start = index
            depth += 1
        elif mark == ")":
            depth -= 1
            if depth == 0:
                cuts.append((start, index + 1))
                start = index + 1
    return [text[begin:end] for begin, end in [*cuts, (start, len(text))] if end > begin]


def balanced(text: str) -> bool:
    """Whether every group ComfyUI's depth counter opens is closed, and none that was not opened."""
    depth = 0
    for mark in re.findall(r"(?<!\\)[()]", text):
        depth += 1 if mark == "(" else -1
        if depth < 0:
            return False
    return depth == 0


def unharmed(text: str) -> bool:
    """Whether parentheses balance, or are those of faces alone and make no group of anything."""
    return balanced(text) or balance(text) == text and all(weight == 1 for _, weight in parsed(text))


def test_the_transcription_knows_what_comfyui_does():
    assert parsed("a (b:1.3) c") == [("a ", 1.0), ("b", 1.3), (" c", 1.0)]
    assert parsed("((a:1.2) b:0.9)") == [("a", 1.2), (" b", 0.9)]
    assert parsed("((a))") == [("a", pytest.approx(1.21))]
    assert parsed(r"a \(b\)") == [("a (b)", 1.0)]
    assert parsed("a) (b:1.3)") == [("a) (b:1.3)", 1.0)], "one stray parenthesis hides all later weights"


@pytest.fixture(scope="module")
def real_parse():
    """token_weights of a real ComfyUI, read out of its source file so that nothing else is imported."""
    root = os.environ.get("COMFYUI_PATH")
    if not root:
        pytest.skip("COMFYUI_PATH does not name a ComfyUI checkout")
    source = (Path(root) / "comfy" / "sd1_clip.py").read_text(encoding="utf-8")
    names = ("parse_parentheses", "token_weights", "escape_important", "unescape_important")
    functions = [re.search(rf"^def {name}\(.*?(?=^\S)", source, re.DOTALL | re.MULTILINE) for name in names]
    code = "\n".join(function[0] for function in functions)
    code += (
        "\nimport json, sys\nfor line in sys.stdin:\n"
        "    found = token_weights(escape_important(json.loads(line)), 1.0)\n"
        "    print(json.dumps([(unescape_important(text), weight) for text, weight in found]))\n"
    )

    def run(texts: list[str]) -> list[list[tuple[str, float]]]:
        import json

        lines = "".join(json.dumps(text) + "\n" for text in texts)
        done = subprocess.run([sys.executable, "-c", code], input=lines, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return [[tuple(pair) for pair in json.loads(line)] for line in done.stdout.splitlines()]

    return run


@pytest.mark.comfyui
def test_the_transcription_is_the_real_parser(real_parse):
    texts = [
        "a (b:1.3) c",
        "((a:1.2) b:0.9)",
        r"\(a\) (b\):2)",
        "a) (b:1.3)",
        "((a",
        "(:1.2)",
        "()",
        "(a:b:1)",
        "",
    ]
    texts += [put_back(answer, set_aside(raw)) for raw, answer, _ in CANDIDATES]
    assert real_parse(texts) == [parsed(text) for text in texts]


# -- what the model sees


@pytest.mark.parametrize(
    ("raw_prompt", "words", "pieces"),
    [
        ("a cat", "a cat", []),
        ("(red dress:1.3)", "red dress", ["(red dress:1.3)"]),
        ("a (red dress:1.3), cat", "a red dress, cat", ["(red dress:1.3)"]),
        ("((a:1.2) b:0.9)", "a b", ["((a:1.2) b:0.9)"]),
        ("(emphasis) and (a: 1.5)", "emphasis and a", ["(emphasis)", "(a: 1.5)"]),
        ("(a, b:1.2)", "a, b", ["(a, b:1.2)"]),
        (r"miku \(vocaloid\) x", "miku vocaloid x", [r"\(vocaloid\)"]),
        (r"saber_\(fate\), x", "saber fate, x", [r"saber_\(fate\)"]),
        (r"\(two words\)", "two words", [r"\(two words\)"]),
        (r"(miku \(vocaloid\):1.2)", "miku vocaloid", [r"(miku \(vocaloid\):1.2)"]),
        (r"a \\ b", "a b", [r"\\"]),
        (r"smile :\)", "smile", [r":\)"]),
        (r"a \\(b:1.2) c", "a b:1.2 c", [r"\\(b:1.2"]),  # for ComfyUI, \\( is an escaped parenthesis too
        ("embedding:name, cat", "cat", ["embedding:name"]),
        ("embedding:sub/na-me.pt cat", "cat", ["embedding:sub/na-me.pt"]),
        ("(embedding:name:1.2) cat", "cat", ["(embedding:name:1.2)"]),
        ("(a embedding:name b:1.2)", "a b", ["(a embedding:name b:1.2)"]),
        ("a <lora:na me:0.8> cat", "a cat", ["<lora:na me:0.8>"]),
        ("<lyco:x:1:0.5><hypernet:y:1>", "", ["<lyco:x:1:0.5>", "<hypernet:y:1>"]),
        ("__animal__ in __dir/na_me__ __col*__", "subject in place", ["__animal__", "__dir/na_me__", "__col*__"]),
        ("a {red|blue} dress", "a dress", ["{red|blue}"]),
        ("{2$$a|{b|c}|d} x", "x", ["{2$$a|{b|c}|d}"]),
        ("{a (b:1.2)|c}", "", ["{a (b:1.2)|c}"]),
        (r"{a\}|b} x", "x", [r"{a\}|b}"]),
        ("a BREAK b AND c", "a, b, c", ["BREAK", "AND"]),
        ("break and Break BREAKFAST", "break and Break BREAKFAST", []),
        ("a\n// note, (x\nb", "a, b", [r"// note, \(x"]),
        ("a // note", "a", ["// note"]),
        ("a /* b\nc */ d", "a, d", ["/* b\nc */"]),
        ("a /* b", "a /* b", []),
        ("http://x.org/a//b cat", "http://x.org/a//b cat", ["http://x.org/a//b"]),
        ("a < b > c <3", "a < b > c", ["<3"]),
        ("12:30 at 4:3", "12:30 at 4:3", ["12:30", "4:3"]),
        ("a_b __ c ____", "a b __ c ____", ["a_b"]),
        ("[a:b:0.5] [c]", "c", ["[a:b:0.5]", "[c]"]),
    ],
)
def test_the_model_sees_words_only(raw_prompt, words, pieces):
    aside = set_aside(raw_prompt)
    assert aside.words == words
    assert [piece.text for piece in aside.pieces] == pieces


@pytest.mark.parametrize(
    ("raw_prompt", "words"),
    [
        ("  a \t b  ", "a b"),
        ("a\nb\r\nc\u2028d", "a, b, c, d"),
        ("a,\n\n,b , ,c", "a, b, c"),
        ("a\0b\x07\x7f\x85c", "ab, c"),
        ("a \ud800cat\udfff", "a cat"),
        ("🐱", "🐱"),
        ("一只猫，坐着", "一只猫，坐着"),
        ("", ""),
        (" \n, ,", ""),
        ("!?", ""),
        ("<lora:x:1> BREAK {a|b} __c__ embedding:d // e", ""),
        ("()", ""),
    ],
)
def test_words_are_one_usable_line(raw_prompt, words):
    assert set_aside(raw_prompt).words == words


@pytest.mark.parametrize(
    ("raw_prompt", "words", "pieces"),
    [
        ("((a", "a", []),
        ("a) b", "a b", []),
        ("(a:1.2", "a", ["(a:1.2)"]),
        ("(a:1.2, b", "a, b", ["(a:1.2)"]),
        ("((a:1.2), b", "a, b", ["(a:1.2)"]),
        ("(at 12:30", "at 12:30", ["12:30"]),
        (")a( (b:1.2)", "a b", ["(b:1.2)"]),
        ("{a|b", "a|b", []),
        ("a}", "a", []),
    ],
)
def test_unbalanced_input_keeps_what_was_meant(raw_prompt, words, pieces):
    aside = set_aside(raw_prompt)
    assert (aside.words, [piece.text for piece in aside.pieces]) == (words, pieces)


@pytest.mark.parametrize("value", [None, 3, b"a cat", ["a"]])
def test_what_is_no_string_is_named(value):
    for call in (lambda: set_aside(value), lambda: append(value, "a")):
        with pytest.raises(ValueError, match=f"raw_prompt.*{type(value).__name__}"):
            call()
    for call in (lambda: put_back(value, set_aside("a")), lambda: append("a", value)):
        with pytest.raises(ValueError, match=f"answer.*{type(value).__name__}"):
            call()


# -- where pieces go

CANDIDATES = [
    ("a (red dress:1.3)", "a woman in a red dress, 8k", "a woman in a (red dress:1.3), 8k"),
    ("a (Red Dress:1.3)", "red  DRESS, 8k", "(Red Dress:1.3), 8k"),
    ("(red dress:1.3)", "a woman, 8k", "(red dress:1.3), a woman, 8k"),
    ("(red:1.3) cat", "a bored cat", "(red:1.3), a bored cat"),
    ("(cat:1.3)", "cat, dog, cat", "(cat:1.3), dog"),
    ("(cat:1.3), (cat:1.3)", "cat, dog, cat", "(cat:1.3), dog, (cat:1.3)"),
    ("(cat:1.3), (dog:0.8)", "a dog and a cat", "a (dog:0.8) and a (cat:1.3)"),
    (r"miku \(vocaloid\)", "hatsune miku vocaloid, blue", r"hatsune miku \(vocaloid\), blue"),
    (r"miku \(vocaloid\)", r"miku \(vocaloid\), blue", r"miku \(vocaloid\), blue"),
    ("<lora:x:1> a cat", "a fluffy cat", "<lora:x:1> a fluffy cat"),
    ("a cat <lora:x:1>", "a fluffy cat", "a fluffy cat <lora:x:1>"),
    ("a cat, <lora:x:1>", "a fluffy cat", "a fluffy cat, <lora:x:1>"),
    ("<lora:x:1><lora:x:1> cat", "a cat", "<lora:x:1> <lora:x:1> a cat"),
    ("a {red|blue} dress", "a long dress, silk", "a long {red|blue} dress, silk"),
    ("photo by embedding:greg, cat", "photo by a cat, 8k", "photo by embedding:greg, a cat, 8k"),
    ("a cat, embedding:good, night", "a cat, sitting, at night", "a cat, sitting, embedding:good, at night"),
    ("a cat BREAK a dog", "a fat cat, green eyes, a big dog", "a fat cat, green eyes BREAK a big dog"),
    ("cat AND dog", "a cat and a dog, cute", "a cat AND a dog, cute"),
    ("cat BREAK dog", "cat dog", "cat BREAK dog"),
    ("cat BREAK dog", "a dog", "cat BREAK a dog"),
    ("cat BREAK (dog:1.2)", "a fat cat with the dog", "a fat cat BREAK the (dog:1.2)"),
    ("(cat:1.2) BREAK (cat:1.4)", "cat, x, cat", "(cat:1.2), x BREAK (cat:1.4)"),
    ("BREAK a cat BREAK", "a cat", "BREAK a cat BREAK"),
    ("a cat\n// light\nsunset", "a cat, orange sunset", "a cat,\n// light\norange sunset"),
    ("// first\na cat // last", "a cat, 8k", "// first\na cat, 8k\n// last"),
    ("a /* b\nc */ cat", "a cat", "/* b\nc */\na cat"),
    ("(红色连衣裙:1.3)", "穿着红色连衣裙的女孩", "穿着(红色连衣裙:1.3)的女孩"),
    ("(a:1.2), x", "", "(a:1.2), x"),
    ("__animal__ (big:1.1)", "{x} __animal__ big <lora:z> BREAK", "x animal __animal__ (big:1.1) break"),
]


@pytest.mark.parametrize(("raw_prompt", "answer", "candidate"), CANDIDATES)
def test_pieces_stand_where_they_belong(raw_prompt, answer, candidate):
    assert put_back(answer, set_aside(raw_prompt)) == candidate


@pytest.mark.parametrize(
    ("answer", "weights", "candidate"),
    [
        ("a (cat), (fur:1.2)", True, "a (cat), (fur:1.2)"),
        ("a (cat), (fur:1.2)", False, "a cat, fur"),
        ("a (cat, 8k", True, "a cat, 8k"),
        ("a (cat:1.2, 8k", True, "a (cat:1.2), 8k"),
        ("a cat), 8k", True, "a cat, 8k"),
        ("a () cat (:1.2) (( ))", True, "a cat"),
        (r"a cat\'s hat \(", True, "a cat's hat"),
    ],
)
def test_weights_of_the_model(answer, weights, candidate):
    assert put_back(answer, set_aside("a cat"), weights=weights) == candidate


def test_the_users_weight_replaces_the_models():
    aside = set_aside("a (red dress:1.3)")
    assert put_back("a (red dress:1.1), (silk:1.2)", aside) == "a (red dress:1.3), (silk:1.2)"


@pytest.mark.parametrize(
    ("raw_prompt", "answer", "candidate"),
    [
        (
            "(see http://a.b/c:1.2) a poster",
            "(see http://a.b/c a poster:1.2), ink",
            "(see http://a.b/c:1.2) a poster, ink",
        ),
        ("a clock at 12:30", "(a clock at 12:30:1.2), (ink:1.3)", "a clock at 12:30, (ink:1.3)"),
        ("a {red} cat, 50% off", "((a red cat:1.2), 50% off:0.9)", "a {red} cat, 50% off"),
        ("hatsune miku (vocaloid), hat", "(hatsune miku (vocaloid), hat:1.2)", "hatsune miku (vocaloid), hat"),
        ("(cat:1.3)", "(a cat in a hat:1.2), (rain:1.1)", "a (cat:1.3) in a hat, (rain:1.1)"),
    ],
)
def test_a_weight_of_the_model_makes_room_for_what_was_typed(raw_prompt, answer, candidate):
    assert put_back(answer, set_aside(raw_prompt)) == candidate


def test_no_piece_goes_into_a_weight_of_the_model():
    candidate = put_back("(a red dress in the sun:1.4), 8k", set_aside("(red dress)"))
    assert ("red dress", 1.1) in parsed(candidate)
    assert candidate.count("(red dress)") == 1


# -- the guarantee

WORDS = [
    "a",
    "cat",
    "red dress",
    "in the sun",
    "a, b",
    "猫",
    "🐱",
    "BREAKFAST",
    "x:1.2",
    "<3",
    "http://x.org/a",
    "it's",
]
PIECES = [
    "(red dress:1.3)",
    "(cat)",
    "((a:1.2) b:0.9)",
    "((moon))",
    "(a, b:1.2)",
    "(cat:0.5)",
    "(红:1.1)",
    "(( ))",
    r"\(fate\)",
    r"saber_\(fate\)",
    r"\(",
    r"\)",
    r"\\",
    r":\)",
    r"(x \(y\):1.4)",
    "(embedding:e:1.2)",
    "embedding:name",
    "embedding:sub/name.pt",
    "<lora:name:0.8>",
    "<lora:name>",
    "<lyco:a:1>",
    "<hypernet:h:1>",
    "__name__",
    "__dir/name__",
    "__name*__",
    "{a|b}",
    "{2$$a|{b|c}}",
    "{(a:1.2)|b}",
    "${x}",
    "(a {b|c}:1.2)",
    "BREAK",
    "AND",
    "\n// note\n",
    "\n// (x) note\n",
    "/* block */",
    "\n/* two\nlines */\n",
]
STRAYS = [
    "(",
    ")",
    "{",
    "}",
    "((",
    ":1.2)",
    "(a:1.2",
    "\\",
    "//",
    "/*",
    "*/",
    "<",
    ">",
    "__",
    "\n",
    "\0",
    "\ud800",
]
GAPS = [" ", ", ", "\n", " ,"]


def mixed(*kinds: list[str]) -> st.SearchStrategy[str]:
    """Texts made of the given fragments with gaps between."""
    fragment = st.one_of(*(st.sampled_from(kind) for kind in kinds))
    return st.lists(st.tuples(fragment, st.sampled_from(GAPS)), max_size=12).map(
        lambda pairs: "".join(fragment + gap for fragment, gap in pairs)
    )


ANY_TEXT = st.text(st.characters(), max_size=60)
ANSWERS = st.one_of(mixed(WORDS, PIECES, STRAYS), mixed(WORDS), ANY_TEXT)


def occurrences(piece: str, text: str) -> int:
    if piece in ("BREAK", "AND"):
        return len(re.findall(rf"(?<!\w){piece}(?!\w)", text))
    return text.count(piece)


def check_candidate(aside: SetAside, candidate: str):
    texts = [piece.text for piece in aside.pieces]
    assert unharmed(candidate)
    has_comment = any(piece.treatment == LINE for piece in aside.pieces)
    for piece in set(aside.pieces):
        if piece.kind == "line" and has_comment:
            continue  # a comment ends its line itself
        found, due = occurrences(piece.text, candidate), sum(occurrences(piece.text, other) for other in texts)
        if piece.kind == "emoticon" and not found:  # beside an answer's weight it is escaped
            found = occurrences(balance(piece.text, faces_alone=False), candidate)
        # A writer may say plain text and end lines itself.
        assert found >= due, piece.text
        inside = any(piece.text in other for other in texts if other != piece.text)  # "//" of an address
        if piece.treatment != TYPED and piece.kind not in ("line", "variable") and len(piece.text) > 1 and not inside:
            assert found <= due + sum(occurrences(piece.text, part) for part in aside.parts if isinstance(part, str))
    stretches = Counter(parsed(candidate))
    for piece in aside.pieces:
        if piece.kind == "weight":
            assert not Counter(parsed(piece.text)) - stretches, "a weight is not what the user gave it"
    lines = candidate.split("\n")
    for piece in aside.pieces:
        if piece.treatment == LINE:
            assert piece.text.split("\n")[0] in lines and piece.text.split("\n")[-1] in lines


@pytest.mark.slow
@given(mixed(WORDS, PIECES), ANSWERS, st.booleans())
@settings(max_examples=600, deadline=None)
@example("(cat:0.5), (cat)", "((cat))", True)
@example("(red dress:1.3) BREAK (cat)", "BREAK // (red dress:1.3) <lora:name> cat", True)
@example("\n// note\n, (cat)", "embembedding:x edding:name cat", False)
@example("x:1.2 a AND x:1.2 ", "", False)
def test_every_piece_is_in_every_candidate_once(raw_prompt, answer, weights):
    aside = set_aside(raw_prompt)
    check_candidate(aside, put_back(answer, aside, weights))


@pytest.mark.slow
@given(mixed(WORDS, PIECES, STRAYS), ANSWERS, st.booleans())
@settings(max_examples=600, deadline=None)
@example("(a // b)\nc", "a c", True)
@example("\\(fate\\)\nsaber_\\(fate\\) ", "saber_\\(fate\\) ", False)
@example(r"(\ )", "a", True)
def test_stray_marks_break_nothing(raw_prompt, answer, weights):
    aside = set_aside(raw_prompt)
    check_candidate(aside, put_back(answer, aside, weights))


ANY_MARKS = st.text(st.sampled_from("()\\{}|<>_/*:;,.$# \t\n\xa0\u3000a1BREAK猫\0"), max_size=40)


@pytest.mark.slow
@given(ANY_MARKS, ANY_MARKS, st.booleans())
@settings(max_examples=600, deadline=None)
@example("\xa0\\", "", True)
@example("1::", "1::", False)
def test_any_marks_at_all(raw_prompt, answer, weights):
    aside = set_aside(raw_prompt)
    check_candidate(aside, put_back(answer, aside, weights))
    assert unharmed(append(raw_prompt, answer))


@given(ANY_TEXT, ANY_TEXT)
@settings(max_examples=400, deadline=None)
@example("--ar 0", "--ar 0")
@example('score_9, a sign: "score_9 --raw"', 'score_9, a sign: "score_9 --raw"')
def test_any_text_at_all(raw_prompt, answer):
    aside = set_aside(raw_prompt)
    check_candidate(aside, put_back(answer, aside))
    assert len(aside.words.splitlines()) <= 1
    assert aside.words.isascii() or aside.words.encode("utf-8"), "a tokenizer takes the words"
    assert unharmed(append(raw_prompt, answer))


ORDERED = [piece for piece in PIECES if "\\" not in piece]


@pytest.mark.slow
@given(mixed(WORDS, ORDERED), mixed(WORDS, ORDERED))
@settings(max_examples=400, deadline=None)
def test_a_candidate_read_again_has_the_same_pieces(raw_prompt, answer):
    """Without weights of the model nothing else is syntax, and pieces without words keep their order."""
    aside = set_aside(raw_prompt)
    again = set_aside(put_back(answer, aside, weights=False))
    assert Counter(syntax_of(again)) == Counter(syntax_of(aside))
    orders = [[text for text, words in syntax_of(found) if not words] for found in (again, aside)]
    assert orders[0] == orders[1]
    assert [sorted(section) for section in sections(again)] == [sorted(section) for section in sections(aside)]


def syntax_of(aside: SetAside) -> list[tuple[str, str]]:
    """The texts of the pieces that are no plain text, and whether they have words. "red (dress)" may be either."""
    pieces = [piece for piece in aside.pieces if piece.treatment not in (TYPED, SHOWN) and piece.kind != "line"]
    return [(piece.text, bool(piece.words) and not piece.neutral) for piece in pieces]


def sections(aside: SetAside) -> list[Counter]:
    """The texts of the pieces between BREAKs."""
    found = [Counter()]
    for piece in aside.pieces:
        if piece.treatment == DIVIDES and piece.kind != "line":
            found.append(Counter())
        elif piece.treatment not in (TYPED, SHOWN) and piece.kind != "line":
            found[-1][piece.text] += 1
    return found


@pytest.mark.slow
@given(mixed(WORDS, PIECES, STRAYS), ANSWERS, st.booleans())
@settings(max_examples=200, deadline=None)
def test_outside_the_users_weights_words_weigh_one(raw_prompt, answer, weights):
    aside = set_aside(raw_prompt)
    plain = put_back(answer, aside, weights=False)
    others = [stretch for piece in aside.pieces for stretch in parsed(piece.text)]
    heavy = Counter(weight for _, weight in parsed(plain) if weight != 1.0)
    assert heavy == Counter(weight for _, weight in others if weight != 1.0)


@pytest.mark.slow
@given(mixed(WORDS, PIECES, STRAYS))
@settings(max_examples=300, deadline=None)
def test_words_hold_no_syntax(raw_prompt):
    words = set_aside(raw_prompt.replace("AND", "")).words
    assert not re.search(r"[()]|\\|embedding:|<\w+:[^<>]+>|__\w+__|(?<!\w)BREAK(?!\w)", words)
    assert words == words.strip(" ,") and "  " not in words and "\n" not in words


# -- balance


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a (b:1.2) ((c))", "a (b:1.2) ((c))"),
        (r"\(a\) \)", r"\(a\) \)"),
        ("a)", r"a\)"),
        ("((a", r"\(\(a"),
        ("(a:1.2, b", "(a:1.2), b"),
        ("(a:1.2", "(a:1.2)"),
        ("((a:1.2) b", r"\((a:1.2) b"),
        ("(at 12:30", r"\(at 12:30"),
        ("a) (b:1.3)", r"a\) (b:1.3)"),
        (")(", r"\)\("),
        ("1girl, ;), >:(", "1girl, ;), >:("),  # what is open behind what closes is no group
        (">:(, ;)", r">:\(, ;\)"),
        (":), (a:1.2)", r":\), (a:1.2)"),
        ("", ""),
    ],
)
def test_balance_changes_only_what_is_stray(text, expected):
    assert balance(text) == expected


@given(st.text(st.sampled_from("()\\:1.2 a,\n"), max_size=40))
@settings(max_examples=500, deadline=None)
def test_balance_balances(text):
    result = balance(text)
    assert unharmed(result)
    assert balanced(balance(text, faces_alone=False))
    assert balance(result) == result
    if not re.search(r":[()]+(?:[\s,.]|$)", text):  # a face
        assert (result == text) == balanced(text)
    assert result.replace("\\", "").replace(")", "") == text.replace("\\", "").replace(")", "")


# -- append


@pytest.mark.parametrize(
    ("raw_prompt", "answer", "expected"),
    [
        ("a cat", "a cat, blue eyes, 8k", "a cat, blue eyes, 8k"),
        ("a cat", "The Cat, cat, CAT!", "a cat"),
        ("a cat", "", "a cat"),
        ("a (cat:1.2)", "a cat, sunset", "a (cat:1.2), sunset"),
        ("a cat,", "sunset", "a cat, sunset"),
        ("a cat, ", "sunset", "a cat, sunset"),
        ("a cat\n", "sunset", "a cat\nsunset"),
        ("a cat // note", "sunset", "a cat // note\nsunset"),
        ("// note\na cat", "sunset", "// note\na cat, sunset"),
        ("a cat /* note */", "sunset", "a cat /* note */ sunset"),
        ("a cat BREAK", "sunset", "a cat BREAK sunset"),
        ("a cat BREAK a dog", "sunset", "a cat BREAK a dog, sunset"),
        ("a cat)", "sunset", r"a cat\), sunset"),
        ("  a  cat", "(sunset:1.2), <lora:x:1>, BREAK", "  a  cat, sunset, break"),
        ("猫", "猫, 太阳", "猫, 太阳"),
        ("", "sunset", "sunset"),
        ("a cat\ud800", "sunset", "a cat, sunset"),
        ("a cat", "sunset, in the sunset, sunset sky", "a cat, sunset, sunset sky"),
        ("a cat --ar 3:2 --v 6", "a cat, sunset", "a cat, sunset --ar 3:2 --v 6"),
        ("a cat --no dogs, snow", "sunset", "a cat, sunset --no dogs, snow"),
        ("a cat --ar 3:2", "A cat sits. The sun sets.", "a cat sits. The sun sets. --ar 3:2"),
        ("a cat --ar 3:2", "a cat", "a cat --ar 3:2"),
        ("  a cat  ", "sunset", "  a cat, sunset"),
        ("a cat.", "a cat., sunset", "a cat. Sunset"),
        ("A cat. A dog.", "A cat. A dog., sunset", "A cat. A dog. Sunset"),
        ("a cat...", "a cat..., sunset", "a cat... Sunset"),
    ],
)
def test_append(raw_prompt, answer, expected):
    assert append(raw_prompt, answer) == expected


@pytest.mark.slow
@given(mixed(WORDS, PIECES), ANSWERS)
@settings(max_examples=400, deadline=None)
def test_appending_adds_plain_words_to_the_raw_prompt(raw_prompt, answer):
    result = append(raw_prompt, answer)
    base = balance(raw_prompt)
    if not any(piece.kind in ("weight of a section", "parameter") for piece in set_aside(raw_prompt).pieces):
        assert result.startswith(base.rstrip(" \t"))  # else the details stand before that weight
    assert base == raw_prompt or not balanced(raw_prompt)
    assert unharmed(result)
    before, after = set_aside(raw_prompt), set_aside(result)
    assert [text for text, _ in syntax_of(after)] == [text for text, _ in syntax_of(before)]


# -- size

REPEATED = {
    "opened": "(",
    "closed": ")",
    "open weights": "(a:1.2",
    "weights": "(a:1.2), ",
    "braces": "{",
    "open comments": "/*",
    "stars": "*",
    "comments": "// a\n",
    "backslashes": "\\",
    "escapes": "\\(",
    "wildcards": "__a",
    "embeddings": "embedding:",
    "open networks": "<a:",
    "networks": "<lora:x:1> cat, ",
    "choices": "{a|b} ",
    "schedules": "[a:b:0.5] ",
    "emoticons": ":) ",
    "series": "name (series), ",
    "breaks": "BREAK ",
    "blanks": " ",
    "commas": ",\n",
    "words": "a cat, ",
    "sentences": "A cat sits. ",
    "one word": "猫",
    "surrogates": "\ud800",
}
LONG = {name: unit * (10_000 // len(unit)) for name, unit in REPEATED.items()} | {
    "nested": "(" * 5000 + "a" + ")" * 5000,
    "nested braces": "{" * 5000 + "}" * 5000,
    "open comment": "*/" + "/*" * 5000,
    "blanks": "a" + " " * 10_000 + "b",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", LONG)
def test_long_prompts_are_read_whole(name):
    """10 000 characters: nothing recurses, and no pattern goes back again and again."""
    text = LONG[name]
    for answer in ("a cat, a dog", text):
        aside = set_aside(text)
        candidate = put_back(answer, aside)
        assert unharmed(candidate) and unharmed(append(text, answer))
        assert Counter(piece.text for piece in aside.pieces) <= Counter(
            piece.text for piece in set_aside(candidate).pieces
        )


@pytest.mark.parametrize("name", REPEATED)
@pytest.mark.parametrize(
    "call",
    [
        set_aside,
        balance,
        lambda text: put_back("a cat, a dog", set_aside(text)),
        lambda text: put_back(text, set_aside("a cat, (a dog:1.2)")),
        lambda text: append(text, "a cat, a dog"),
    ],
    ids=["set aside", "balance", "put back", "an answer", "append"],
)
def test_a_text_four_times_as_long_is_four_times_the_work(name, call):
    assert grows_with_its_text(call, REPEATED[name])


@pytest.mark.parametrize(
    ("raw", "answer", "expected"),
    [
        ("an old sailor", "an old sailor smiling, soft light", "an old sailor, smiling, soft light"),
        ("a cat", "portrait of a cat in a hat, 8k", "a cat, portrait, in a hat, 8k"),
        ("a cat", "a catalogue of birds, 8k", "a cat, a catalogue of birds, 8k"),
        ("cat", "painting of a Cat", "cat, painting"),
    ],
)
def test_append_does_not_say_the_subject_again(raw, answer, expected):
    assert append(raw, answer) == expected
