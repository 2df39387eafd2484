"""What people type, through the whole path: whoever writes, what was typed is there, and nothing in its place."""

import pytest

from prompt_beautifier.beautifier.path import Writer, beautify
from prompt_beautifier.beautifier.request import Answers, Request


class Writes(Writer):
    """Makes its answer of the words that it is given."""

    name = "writes"

    def __init__(self, make):
        self.make = make

    def write(self, words, request, on_step=None, should_stop=None):
        return Answers([self.make(words)], words)


WRITERS = {
    "says it again": lambda words: f"{words}, soft light, 8k",
    "in small letters": lambda words: f"{words.lower()}, soft light",
    "in sentences": lambda words: f"{words[:1].upper()}{words[1:]}. Soft light falls from the left. The air is still.",
    "half of it": lambda words: ", ".join(words.split(", ")[: (words.count(", ") + 2) // 2]) + ", soft light",
    "something else": lambda words: "a castle on a hill, oil painting, soft light",
}
TYPED = [
    ("a clock showing 12:30", ["12:30"]),
    ('a neon sign that says "OPEN 24/7"', ['"OPEN 24/7"']),
    ("a wall painted #ff8800, 50% off, v2.1", ["#ff8800", "50%", "v2.1"]),
    ("no_humans, still_life, fruit", ["no_humans", "still_life"]),
    ("hatsune miku (vocaloid), twintails", ["hatsune miku (vocaloid)"]),
    (r"fubuki \(nier:automata\), 1girl", [r"fubuki \(nier:automata\)", "1girl"]),
    ("1girl, :3, cat ears", [":3", "1girl"]),
    (r"a cat, embedding:people\betsy, dog", [r"embedding:people\betsy"]),
    ("[<lora:detail:.6>:0.3] a house", ["[<lora:detail:.6>:0.3]"]),
    ("<random: dwarf <lora:RPG:0.5>, half-orc> warrior", ["<random: dwarf <lora:RPG:0.5>, half-orc>"]),
    ("an assassin <!assassins creed!> on a roof", ["<!assassins creed!>"]),
    ("a dog in a park COUPLE(0.5 1, 0 1) a cat on a bench", ["COUPLE(0.5 1, 0 1)"]),
    ("fox AND snow :1.2 AND night", ["AND", ":1.2 AND"]),
    ("2girls ADDCOMM red hair ADDCOL blue hair", ["ADDCOMM", "ADDCOL"]),
    ("2girls, red hair <SEP> blue hair", ["<SEP>"]),
    ("a pack of __animal__s in the woods", ["__animal__s"]),
    ("a __color__ __animal__", ["__color__ __animal__"]),
    ("#v1 by someone\na red fox", ["#v1 by someone\n"]),
    ("🐱 on a 🛹", ["🐱", "🛹"]),
    ("a cat --ar 16:9", ["--ar 16:9"]),
    ("open at 3:00 a.m., U.S.A.", ["3:00", "a.m.", "U.S.A."]),
    ("an F-16 jet, a 50-year-old man", ["F-16", "50-year-old"]),
    ("a 5GHz router in New York", ["5GHz", "New York"]),
    ("a .NET book, a .45 pistol", [".NET", ".45"]),
    ("__cities/{paris|rome}__ skyline", ["__cities/{paris|rome}__"]),
    ("||red|blue|| hair, a hat", ["||red|blue||"]),
    ("a cat.swap(dog, s_start=0.3) in rain", ["cat.swap(dog, s_start=0.3)"]),
    ("a barn // maybe red\na field", ["// maybe red\n", "field"]),
]


@pytest.mark.parametrize("mode", ["rewrite", "append"])
@pytest.mark.parametrize("manner", WRITERS)
@pytest.mark.parametrize(("raw_prompt", "typed"), TYPED, ids=[raw for raw, _ in TYPED])
def test_what_was_typed_is_there_once_whoever_writes(raw_prompt, typed, manner, mode):
    (candidate,) = beautify(Writes(WRITERS[manner]), Request(raw_prompt, 1, mode=mode))
    for piece in typed:
        assert candidate.text.count(piece) >= raw_prompt.count(piece)
    assert "subject" not in candidate.text and not candidate.lost


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["rewrite", "append"])
@pytest.mark.parametrize(("raw_prompt", "typed"), TYPED, ids=[raw for raw, _ in TYPED])
def test_the_embedded_model_keeps_it_too(embedded_beautifier, raw_prompt, typed, mode):
    for candidate in embedded_beautifier.beautify(raw_prompt, 2, seed=7, mode=mode):
        assert all(candidate.text.count(piece) >= raw_prompt.count(piece) for piece in typed)
        assert "subject" not in candidate.text and not candidate.lost


@pytest.mark.parametrize("manner", WRITERS)
@pytest.mark.parametrize(
    ("raw_prompt", "end"),
    [
        ("a cat --ar 3:2 --v 6", " --ar 3:2 --v 6"),
        ("a cat --no dogs, snow", " --no dogs, snow"),
        ("a cat AND fog :0.5", " :0.5"),
    ],
)
def test_what_ends_a_prompt_ends_what_is_appended_too(raw_prompt, end, manner):
    (candidate,) = beautify(Writes(WRITERS[manner]), Request(raw_prompt, 1, mode="append"))
    assert candidate.text.startswith("a cat") and candidate.text.endswith(end) and "oft light" in candidate.text


def test_a_command_for_a_bot_is_not_part_of_the_wish():
    (candidate,) = beautify(Writes(WRITERS["says it again"]), Request("/imagine prompt: a fox --ar 3:2", 1))
    assert candidate.text == "a fox, soft light, 8k --ar 3:2"


@pytest.mark.parametrize("raw_prompt", ["A cat sits on a mat.", "A cat. A dog.", "a cat...", "Apple Inc., a logo"])
@pytest.mark.parametrize("mode", ["rewrite", "append"])
@pytest.mark.parametrize("manner", WRITERS)
def test_sentences_and_details_have_one_mark_at_their_end(raw_prompt, mode, manner):
    (candidate,) = beautify(Writes(WRITERS[manner]), Request(raw_prompt, 1, mode=mode))
    left = candidate.text.replace("Inc.,", "").replace("...", "")
    assert ".," not in left and ".." not in left and ("Inc.," in candidate.text or "Inc" not in raw_prompt)


# What stands in which section or line, and what must be there together.
DIVIDED = [
    ("2girls, park\nleft girl, red dress\nright girl, blue dress", ["left girl, red dress\nright girl, blue dress"]),
    ("masterpiece ADDCOMM 1girl BREAK 1boy", ["ADDCOMM 1girl", "BREAK 1boy"]),
    ("space ship::2 nebula::0.5 --sref 12345", ["::2 nebula"]),
    ("a girl in a red hat\nBREAK\na boy in a blue coat", ["red hat\nBREAK\na boy in a blue coat"]),
]


@pytest.mark.slow
@pytest.mark.parametrize("style", ["tags", "sentences"])
@pytest.mark.parametrize(("raw_prompt", "together"), DIVIDED, ids=[raw for raw, _ in DIVIDED])
def test_what_is_asked_for_in_a_section_is_said_in_it(embedded_beautifier, raw_prompt, together, style):
    for candidate in embedded_beautifier.beautify(raw_prompt, 2, seed=7, style=style):
        assert not [piece for piece in together if piece not in candidate.text]


@pytest.mark.parametrize("style", ["phrases", "tags", "sentences"])
@pytest.mark.parametrize(
    ("raw_prompt", "once"),
    [
        ("https://example.com/a.png a red fox", "example.com"),
        ("(see https://a.b/c:1.2) a poster", "a.b/c"),
        ("(at 12:30 a clock:1.2) on the wall, (50% off:1.1)", "50%"),
        ("{2$$ and $$red|green} balloons", "{2$$ and $$red|green} balloon"),
        ("embedding:one and embedding:two fighting", "embedding:one"),
    ],
)
def test_what_stands_in_a_piece_is_said_once(embedded_beautifier, raw_prompt, once, style):
    for candidate in embedded_beautifier.beautify(raw_prompt, 2, seed=7, style=style):
        assert candidate.text.count(once) == 1 and "Https" not in candidate.text


@pytest.mark.parametrize("raw_prompt", ["anime girl", "a schoolboy reading", "a teen girl, 15 years old, dancing"])
def test_nothing_unsafe_is_added_to_the_tags_of_a_child(embedded_beautifier, raw_prompt):
    for candidate in embedded_beautifier.beautify(raw_prompt, 6, seed=7, style="tags"):
        assert not candidate.lost


# What is said of a thing without being a word of the tables: a number, a letter, a mark.
LITERAL = [
    ("7-eleven, city at night", ["7-eleven"]),
    ("a 50-year-old man, a 3-headed dragon", ["50-year-old man", "3-headed dragon"]),
    ("a boy, 8 years old, reading", ["8 years old"]),
    ("t-shirt, x-ray, sci-fi city", ["t-shirt", "x-ray", "sci-fi city"]),
    ('a sign "7-Eleven" at 9:41, f/1.8', ['"7-Eleven"', "9:41", "f/1.8"]),
    ("24/7 diner, 50% off, v2.1, 4:5", ["24/7 diner", "50%", "v2.1", "4:5"]),
    ("5 people, 2 dogs and 1 cat", ["5 people", "2 dogs", "1 cat"]),
    ("a cat,\non a roof", ["cat", "on a roof"]),
    ("a bald man, no beard", ["bald man", "no beard"]),
    ("a café in Montréal, 5°C", ["café", "Montréal", "5°C"]),
    ("(cat)++ on a (hat)--", ["(cat)++", "(hat)--"]),
    ("1.2::red hair::, {{a hat}}", ["1.2::red hair::", "{{a hat}}"]),
]


@pytest.mark.parametrize(("raw_prompt", "typed"), LITERAL, ids=[raw for raw, _ in LITERAL])
def test_tags_hold_what_was_typed_letter_for_letter(embedded_beautifier, raw_prompt, typed):
    for candidate in embedded_beautifier.beautify(raw_prompt, 2, seed=7, style="tags"):
        assert not [piece for piece in typed if piece not in candidate.text] and not candidate.lost


@pytest.mark.parametrize(
    "raw_prompt", ["\\(fate\\)\nsaber_\\(fate\\)", "a red fox,\nan old barn", "a cat\na dog\na cow"]
)
def test_lines_end_where_sentences_do(embedded_beautifier, raw_prompt):
    for candidate in embedded_beautifier.beautify(raw_prompt, 2, seed=7, style="sentences"):
        lines = candidate.text.split("\n")
        assert len(lines) == raw_prompt.count("\n") + 1 and all(line.strip() for line in lines)
        assert not any(line[:1].islower() for line in lines[1:] if lines[0].endswith("."))
        assert "(" not in candidate.text.replace("\\(", "")


@pytest.mark.parametrize("raw_prompt", ["a castle", "a cat", "a red car at night"])
def test_nobody_and_nothing_unsafe_is_added(raw_prompt):
    def worst(words: str) -> str:
        return f"{words}, a beautiful woman, by greg rutkowski and artgerm, no shirt, soft light"

    (candidate,) = beautify(Writes(worst), Request(raw_prompt, 1))
    assert candidate.text == f"{raw_prompt}, soft light"


# What stands in the tags of a raw prompt, and what must not.
TAGGED = [
    ("κύκλος logo, straße", ["κύκλος", "straße"], []),
    ("a boy, 8 years old, reading", ["8 years old"], [", old,", "8 boys"]),
    ("T-800 robot, H2O poster", ["T-800", "H2O"], ["t-800", "h2o"]),
    ("no people, an empty street", ["no humans", "empty street"], []),
    ("a barn // maybe red\na field", ["// maybe red\n", "field"], []),
    ("a barn, field, depth of field", ["barn, ", "field, "], ["depth of field, a field"]),
    ("a .NET developer, a .45 pistol", [".NET developer", ".45 pistol"], []),
    ("a park, no humans, no cars", ["no cars"], []),
    ("meeting at 8 a.m., a clock", ["8 a.m."], ["8 a, "]),
    ("in the style of <lora:ink:1>", ["in the style of <lora:ink:1>"], []),
    ("a cat --ar 16:9 --no dogs, snow", ["--ar 16:9 --no dogs, snow"], []),
    ("ＦＵＬＬ moon, ½ a moon", ["½"], []),
]


@pytest.mark.slow
@pytest.mark.parametrize(("raw_prompt", "typed", "never"), TAGGED, ids=[raw for raw, _, _ in TAGGED])
def test_tags_say_what_a_line_means(embedded_beautifier, raw_prompt, typed, never):
    for candidate in embedded_beautifier.beautify(raw_prompt, 2, seed=7, style="tags"):
        assert all(piece in candidate.text for piece in typed) and not candidate.lost
        assert not any(piece in f"{candidate.text}, " for piece in never)
