"""The table of syntax: every kind is known by its examples, and mixed with words each comes back as it must.

The suite mixes some hundreds of prompts; more, for instance 100 000, with

    SYNTAX_TEXTS=100000 pytest tests/prompts/test_syntax_table.py -k mixed
"""

import os
import random
import re
from collections import Counter

import pytest

from prompt_beautifier.beautifier.prompts.append import append
from prompt_beautifier.beautifier.prompts.parentheses import balance
from prompt_beautifier.beautifier.prompts.put_back import put_back
from prompt_beautifier.beautifier.prompts.syntax import SetAside, set_aside
from prompt_beautifier.beautifier.prompts.syntax_table import DIVIDES, HIDDEN, LINE, SHOWN, TABLE, TREATMENTS, TYPED

from .test_syntax import parsed, unharmed

EXAMPLES = [(row, example) for row in TABLE for example in row.examples]
# What has no pattern in the table.
OTHERS = {
    "weight": ["(red dress:1.3)", "(emphasis)", "((a hat:1.2) b:0.9)", "(a {b|c} boat:1.2)", "(<lora:x:1> moon:0.8)"],
    "escape": [r"saber\_\(fate\)", r"\(two words\)", r"\(fate\)", r"saber_\(fate\)"],
    "series": ["charactername (series)", r"fubuki \(nier:automata\)"],
    "marked weight": ["(cat)++", "(two words)1.3", "(a (red)+ hat)--"],
}


def surrounded(example: str, treatment: str) -> str:
    return f"a dog\n{example}\nin a park" if treatment == LINE else f"a dog, {example}, in a park"


@pytest.mark.parametrize(("row", "example"), EXAMPLES, ids=[f"{row.kind}: {example}" for row, example in EXAMPLES])
def test_an_example_is_one_piece_of_its_kind(row, example):
    aside = set_aside(surrounded(example, row.treatment))
    (piece,) = [piece for piece in aside.pieces if piece.kind != "line"]
    assert (piece.kind, piece.text) == (row.kind, balance(example))
    if row.treatment in (HIDDEN, DIVIDES, LINE):
        assert not piece.words and aside.words == "a dog, in a park"
    else:
        assert piece.words and piece.words in aside.words


@pytest.mark.parametrize(("row", "example"), EXAMPLES, ids=[f"{row.kind}: {example}" for row, example in EXAMPLES])
@pytest.mark.parametrize(
    "answer", ["a dog in a park, soft light", "A DOG IN A PARK", "masterpiece, 8k", "", "a dog {x} [y] <z:1> BREAK"]
)
def test_an_example_comes_back_once_whatever_is_answered(row, example, answer):
    raw_prompt = surrounded(example, row.treatment)
    candidate = put_back(answer, set_aside(raw_prompt))
    assert candidate.count(balance(example)) == 1 and unharmed(candidate)
    assert append(raw_prompt, answer).startswith(balance(raw_prompt)) or row.kind == "parameter"


@pytest.mark.parametrize(
    ("raw_prompt", "answer", "candidate"),
    [
        (r"\(fate\) saber_\(fate\)", r"saber_\(fate\)", r"\(fate\), saber_\(fate\)"),
        ("(red:1.3) and (red dress:1.2)", "a red dress and red shoes", "a (red dress:1.2) and (red:1.3) shoes"),
        ("a __color__ __animal__", "a subject, soft light", "a __color__ __animal__, soft light"),
        ("see http://x.org//a", "see http://x.org//a, 8k", "see http://x.org//a, 8k"),
        ("1 2 3 go", "123 go, neon", "1 2 3 go, neon"),
        ("l’été à Paris", "l'ete a Paris, a street", "l’été à Paris, a street"),
        ("score_9, a cat --ar 16:9", "score_9, a cat, oil --ar 16:9 --v 6", "score_9, a cat, oil --ar 16:9"),
        ('a sign "score_9 --raw"', 'a sign "score_9 --raw", 8k', 'a sign "score_9 --raw", 8k'),
        ("a street in New York, a 5GHz router", "street in new york, 5ghz router", "street in New York, 5GHz router"),
        ("A CAT IN A HAT", "a cat in a hat", "a cat in a hat"),
        ("cat_ears, hat", "cat ears, hat, cat ears with dark tips", "cat_ears, hat, cat ears with dark tips"),
        ("café, CAFÉ, cafe", "cafe, cafe, cafe, cafe", "café, CAFÉ, cafe, cafe"),
    ],
)
def test_what_is_like_another_does_not_take_its_place(raw_prompt, answer, candidate):
    assert put_back(answer, set_aside(raw_prompt)) == candidate


@pytest.mark.parametrize(
    ("raw_prompt", "words", "pieces"),
    [
        ("a cat AND a dog :0.5", "a cat, a dog", ["AND", ":0.5"]),
        ("space::2 ship::1", "space, ship", ["::2", "::1"]),
        ("hot:: dog", "hot, dog", ["::"]),
        ("1.2::red hair, 0.8::hat::", "red hair, hat", ["1.2::", "0.8::hat::"]),
        ("(cat)++ on a (red (hat)-)1.3", "cat on a red hat", ["(cat)++", "(red (hat)-)1.3"]),
        ('("a cat", "a dog").blend(0.7, 0.3)', '"a cat", "a dog"', ['("a cat", "a dog").blend(0.7, 0.3)']),
        ("a {prompt}, {hat}, {}", "a subject, hat", ["{prompt}", "{hat}", "{}"]),
        ("(cat)-like, C++, 18+", "cat -like, C++, 18+", ["(cat)", "C++", "18+"]),
    ],
)
def test_what_words_beside_it_make_syntax(raw_prompt, words, pieces):
    aside = set_aside(raw_prompt)
    assert aside.words == words and [piece.text for piece in aside.pieces] == pieces
    candidate = put_back(f"{words}, soft light", aside)
    assert all(candidate.count(piece) >= 1 for piece in pieces) and unharmed(candidate)
    assert append(raw_prompt, f"{words}, soft light").count("soft light") == 1


@pytest.mark.parametrize(
    ("raw_prompt", "answer", "candidate"),
    [
        ("space::2 ship::1", "space::2, ship::1, stars", "space::2 ship, stars::1"),
        ("1.2::red hair::, a cat", "1.2::red hair::, a cat, rain", "1.2::red hair::, a cat, rain"),
        ("1.2::red hair, blue eyes", "1.2::red hair, blue eyes, rain", "1.2:: red hair, blue eyes, rain"),
        ("std::vector, a cat", "std::vector, a cat, rain", "std::vector, a cat, rain"),
    ],
)
def test_double_colons_of_an_answer_do_not_stand_beside_those_of_the_user(raw_prompt, answer, candidate):
    assert put_back(answer, set_aside(raw_prompt)) == candidate


def test_every_kind_has_examples_and_a_treatment():
    assert {row.kind for row, _ in EXAMPLES} == {row.kind for row in TABLE} - BESIDE_WORDS
    assert set(TREATMENTS.values()) == {HIDDEN, SHOWN, DIVIDES, LINE, TYPED}
    assert len({row.kind for row in TABLE}) == len(TABLE)


# -- mixed

PLAIN = (
    "a cat|red dress|in the sun|an old house on a hill|snow|with a hat|soft light|two dogs|forest|a sailor, smiling"
    "|painting of a bird|at night|long hair|smoke and mirrors|猫|a café"
).split("|")
ANSWERS = (
    "masterpiece, best quality|a woman in a red dress, soft light, 8k|portrait of a sailor at night, oil on canvas"
    "|a cat AND a dog BREAK {a|b} <lora:other:1> [x:y:0.3], :) , __w__ embedding:e // no|((cat)), (dog:1.3)|"
).split("|")
# Which only words beside them make what they are.
BESIDE_WORDS = {"weight of a section", "part", "number begins"}
FULL_LINE = {"comment line", "definition"}


def a_prompt(draw: random.Random) -> str:
    """A prompt of one to four lines with words and syntax of all kinds."""
    lines = []
    for _ in range(draw.choice((1, 1, 1, 2, 3, 4))):
        line = []
        for _ in range(draw.randint(1, 7)):
            if draw.random() < 0.5:
                line.append((draw.choice(PLAIN), draw.choice((" ", ", "))))
                continue
            kind, example = draw.choice(FRAGMENTS)
            if kind in FULL_LINE or kind == "comment":
                lines.append([(example, "")])
                continue
            apart = kind.startswith("emoticon") or kind in ("series", "numbers apart")
            if apart and line:
                line[-1] = (line[-1][0], ", ")
            line.append((example, ", " if apart else draw.choice((" ", ", "))))
        lines.append(line)
    if not any(lines[-1]):
        lines[-1] = [(draw.choice(PLAIN), "")]
    return "\n".join("".join(text + gap for text, gap in line).rstrip() for line in lines)


# Between two words in capitals AND is a word, and an answer may bring such two to its sides.
FRAGMENTS = [
    (row.kind, example) for row, example in EXAMPLES if example not in ("AC/DC", "R&B", "C++", "U.S.A.", "D.C.")
]
FRAGMENTS += [(kind, example) for kind, examples in OTHERS.items() for example in examples]


def an_answer(draw: random.Random, words: str) -> str:
    """What a writer may make of the words: the same, more, less, in another order, or something else."""
    details = words.split(", ")
    manner = draw.randrange(6)
    if manner == 0:
        return words
    if manner == 1:
        return words.lower() + ", highly detailed, 8k"
    if manner == 2:
        draw.shuffle(details)
        return ", ".join(details)
    if manner == 3:
        return ", ".join(details[: len(details) // 2])
    if manner == 4:
        return " and ".join(details) + ". " + draw.choice(ANSWERS)
    return draw.choice(ANSWERS)


def in_order(found: SetAside, raw: SetAside, lines: bool = True) -> list[str]:
    """What order means something for in a raw prompt, as found in a candidate: borders, lines, and what no words are
    seen of. Beside a comment, which is a line of its own, the end of a line means nothing."""
    lines = lines and not any(piece.treatment == LINE for piece in raw.pieces)
    neutral = {piece.text for piece in raw.pieces if piece.neutral}
    return [
        balance(piece.text, faces_alone=False) if piece.kind == "emoticon" else piece.text
        for piece in found.pieces
        if piece.treatment in (DIVIDES, LINE, HIDDEN) and piece.text not in neutral and (lines or piece.kind != "line")
    ]


def check_mixed(raw_prompt: str, answer: str, weights: bool) -> None:
    aside = set_aside(raw_prompt)
    candidate = put_back(answer, aside, weights)
    assert unharmed(candidate)
    due = Counter(piece.text for piece in aside.pieces)
    everything = "\0".join(piece.text for piece in aside.pieces)
    for piece in dict.fromkeys(aside.pieces):
        found = candidate.count(piece.text)
        if piece.treatment == TYPED or piece.kind in ("line", "escape"):
            assert found >= due[piece.text], piece
        elif piece.kind.startswith("emoticon"):
            ways = {piece.text, balance(piece.text, faces_alone=False)}  # escaped beside an answer's weights
            faces = re.findall(rf"(?<![^\s,])(?:{'|'.join(map(re.escape, ways))})(?![^\s,])", candidate)
            assert len(faces) == due[piece.text], piece
        else:
            assert found == everything.count(piece.text), piece
    stretches = Counter(parsed(candidate))
    for piece in aside.pieces:
        if piece.kind == "weight":
            assert not Counter(parsed(piece.text)) - stretches, piece
    assert in_order(set_aside(candidate), aside) == in_order(aside, aside)
    lines = candidate.split("\n")
    assert all(piece.text in lines for piece in aside.pieces if piece.kind in (FULL_LINE | {"comment"}))
    appended = append(raw_prompt, answer)
    if not {"weight of a section", "parameter"} & {piece.kind for piece in aside.pieces}:
        assert appended.startswith(balance(raw_prompt).rstrip())
    assert unharmed(appended)
    assert in_order(set_aside(appended), aside, lines=False) == in_order(aside, aside, lines=False)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_mixed_with_words_each_comes_back_once_unchanged_and_in_order():
    draw = random.Random(2026)
    for _ in range(int(os.environ.get("SYNTAX_TEXTS", "400"))):
        raw_prompt = a_prompt(draw)
        answer, weights = an_answer(draw, set_aside(raw_prompt).words), draw.random() < 0.5
        try:
            check_mixed(raw_prompt, answer, weights)
        except AssertionError as error:
            aside = set_aside(raw_prompt)
            raise AssertionError(
                f"{error}\nraw    {raw_prompt!r}\nwords  {aside.words!r}\nanswer {answer!r}\n"
                f"got    {put_back(answer, aside, weights)!r}"
            ) from error
