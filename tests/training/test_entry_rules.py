"""The rules of a subject entry: one that heeds them has no problem, and each rule is told when it is broken."""

import json
from dataclasses import replace

import pytest

from prompt_beautifier.beautifier.subjects.entries import load, read_entries
from prompt_beautifier.beautifier.subjects.ideas import CREATIVE, FILE, load_ideas
from prompt_beautifier.training.entry_rules import COUNTS, WORN, main, problems

PHRASES = {role: [f"{role} with {word}" for word in "one two three four five six seven".split()] for role in COUNTS}
ROW = {"subject": "kite", "also": [], "zh": ["风筝"], "kinds": ["object"], "tags": ["kite"]}
ROW |= {role: PHRASES[role][:count] for role, count in COUNTS.items()}
(ENTRY,) = read_entries([json.dumps(ROW)])


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"zh": ()}, "has no Chinese name"),
        ({"tags": ()}, "has no tag"),
        ({"tags": ("cat", "cat ears", "no humans")}, "tag 'cat ears' is of people"),
        ({"color": ()}, "has 0 of color, not 1 to 2"),
        ({"color": ("pale red", "pale red")}, "says something of color twice"),
        ({"color": ("pale red", "red")}, "color 'red' has 1 words, not 2 to 8"),
        ({"color": ("pale red", "deep Blue")}, "color 'deep Blue' has a mark or a capital"),
        ({"color": ("pale red", "stunning blue")}, "color 'stunning blue' praises"),
        ({"color": ("pale red", "blue kites")}, "color 'blue kites' repeats the subject"),
        ({"color": ("pale red", "blue or gray")}, "color 'blue or gray' leaves a choice open"),
        ({"color": ("pale red", "humming blue")}, "color 'humming blue' is heard, not seen"),
    ],
)
def test_each_rule_is_told_when_it_is_broken(changed, problem):
    assert list(problems(ENTRY)) == []
    assert list(problems(replace(ENTRY, **changed))) == [problem]


@pytest.mark.slow
def test_the_shipped_entries_heed_every_rule():
    assert [f"{entry.subject}: {problem}" for entry in load().all for problem in problems(entry)] == []


@pytest.mark.parametrize("path", [FILE, CREATIVE])
def test_no_idea_of_an_animal_asks_for_a_person_with_its_ears(path):
    ideas = [idea for several in load_ideas(path).values() for idea in several if "no humans" in idea.tags]
    assert [f"{idea.subject}: {tag}" for idea in ideas for tag in idea.tags if WORN.fullmatch(tag)] == []


def test_the_command_says_whether_there_was_a_problem(tmp_path, capsys):
    path = tmp_path / "entries.jsonl"
    path.write_text(json.dumps(ROW), encoding="utf-8")
    assert main([str(path)]) == 0
    path.write_text(json.dumps({**ROW, "tags": []}), encoding="utf-8")
    assert main([str(path)]) == 1 and capsys.readouterr().out == "kite: has no tag\n"
