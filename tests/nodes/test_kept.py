"""Picks, taste and history beside the nodes: what is kept, what it changes, and that it can be switched off."""

import asyncio
import importlib
import json

import pytest

from prompt_beautifier.beautifier.taste import history, picks
from prompt_beautifier.beautifier.taste.file import NAME
from prompt_beautifier.beautifier.taste.keeper import Ranked

from ..stand_ins import comfy_stand_in, tiny

PROMPTS = ["a cat, day", "a cat, night", "a cat, rain"]
PICK = {"raw_prompt": "a cat", "target": "", "how": "click", "chosen": PROMPTS[1], "others": PROMPTS[::2]}


@pytest.fixture
def comfy(tmp_path):
    models = tmp_path / "models"
    tiny.save_checkpoint(models / "LLM" / "tiny")
    with comfy_stand_in.installed(models) as stand_in:
        extension = asyncio.run(importlib.import_module("prompt_beautifier").comfy_entrypoint())
        found = asyncio.run(extension.get_node_list())
        stand_in.of = {node.define_schema().node_id: node.execute for node in found}
        yield stand_in


@pytest.fixture
def user(comfy, tmp_path):
    return tmp_path / "user"


@pytest.fixture
def kept(comfy):
    return importlib.import_module("prompt_beautifier.nodes.comfy.kept")


@pytest.fixture
def ask(comfy):
    """What a route says to a body."""
    routes = importlib.import_module("prompt_beautifier.nodes.kept_routes")
    return lambda name, body: asyncio.run(routes.in_thread(getattr(routes, name), body))


def settings(user, **values):
    (user / "default").mkdir(parents=True, exist_ok=True)
    text = json.dumps({f"PromptBeautifier.{name}": value for name, value in values.items()})
    (user / "default" / "comfy.settings.json").write_text(text, encoding="utf-8")


# -- the node


@pytest.fixture
def run(comfy):
    """What Beautify Prompt answers and lists; of a seed always the same candidates."""
    loaded = comfy.of["PromptBeautifierLoadBeautifier"]("tiny").args[0]

    def run(**inputs):
        made = comfy.of["PromptBeautifierBeautifyPrompt"](loaded, "a cat", 3, num_candidates=3, **inputs)
        return made.args[:2], made.ui["prompt_beautifier"][0]

    return run


@pytest.fixture
def taste(kept, monkeypatch):
    """A taste that puts the last candidate first."""
    ranked = Ranked((2, 0, 1), 34)
    monkeypatch.setattr(kept, "keeper", lambda: type("Fixed", (), {"ranked": lambda self, raw, prompts: ranked})())


def test_candidates_come_in_the_order_of_the_taste(run, taste):
    (first, plain), _ = run()
    (best, ranked), listed = run(taste="auto")
    assert ranked == [plain[2], plain[0], plain[1]] and best == plain[2] != first
    assert listed["taste"] == 34 and listed["places"] == [2, 0, 1] and listed["raw_prompt"] == "a cat"


@pytest.mark.slow
def test_a_place_in_the_order_they_were_made_is_the_same_candidate_without_the_taste(run, taste):
    (_, ranked), listed = run(taste="auto")
    for shown, place in enumerate(listed["places"]):
        assert run(taste="off", candidate=place + 1)[0][0] == ranked[shown]


def test_a_script_that_does_not_name_it_gets_what_its_seed_gives(run, taste):
    (_, plain), listed = run()
    assert "taste" not in listed and run(taste="off")[0][1] == plain


def test_without_picks_nothing_is_ranked_and_no_model_is_read(run, kept, monkeypatch):
    keeper = importlib.import_module("prompt_beautifier.beautifier.taste.keeper")
    monkeypatch.setattr(keeper, "reward", lambda: pytest.fail("not needed"))
    assert run(taste="auto") == run(taste="off")


def test_switched_off_in_the_settings_it_ranks_nothing(run, taste, user):
    settings(user, Taste=False)
    assert "taste" not in run(taste="auto")[1]


def test_a_file_that_cannot_be_used_ends_no_run(run, user, caplog):
    user.mkdir()
    (user / NAME).write_bytes(b"no database" * 100)
    assert run(taste="auto")[1]["entry"] is None
    assert NAME in caplog.text


def test_what_was_made_is_in_the_history(run, user):
    (_, texts), listed = run()
    (entry,) = history.search(user / NAME)
    assert (entry.number, entry.raw_prompt, list(entry.prompts)) == (listed["entry"], "a cat", texts)
    settings(user, History=False)
    assert run(mode="append")[1]["entry"] is None
    assert len(history.search(user / NAME)) == 1


def test_where_comfyui_has_several_users_nothing_is_kept(run, user, ask):
    user.mkdir()
    (user / "users.json").write_text("{}", encoding="utf-8")
    assert run(taste="auto")[1]["entry"] is None
    with pytest.raises(Exception, match="several users"):
        ask("pick", PICK)
    assert not (user / NAME).exists()


# -- the page


def test_a_pick_is_kept(ask, user):
    assert ask("pick", PICK) == {"picks": 1, "kept": True}
    (kept,) = picks.latest(user / NAME)
    assert kept.chosen == PROMPTS[1] and set(kept.others) == {PROMPTS[0], PROMPTS[2]}
    settings(user, Taste=False)
    assert ask("pick", {**PICK, "raw_prompt": "a dog"}) == {"picks": 1, "kept": False}


def test_a_star_is_in_the_history_and_a_pick(ask, user):
    number = history.add(user / NAME, "a cat", "", "embedded", PROMPTS)
    body = {"raw_prompt": "a cat", "target": "", "prompts": PROMPTS, "index": 2, "starred": True, "entry": number}
    assert ask("star", body) == {"picks": 1, "kept": True}
    assert ask("history", {"starred": True})["entries"][0]["stars"] == (2,)
    assert ask("star", {**body, "starred": False}) == {"picks": 0, "kept": True}
    assert ask("history", {"starred": True}) == {"entries": [], "more": False}
    assert ask("star", {**body, "entry": None})["picks"] == 1


def test_picks_are_counted_exported_and_emptied(ask):
    assert ask("taste", {}) == {"picks": 0, "needed": 10}
    ask("pick", PICK)
    rows = [json.loads(line) for line in ask("taste", {"rows": True})["text"].splitlines()]
    assert [(row["prompt"], row["chosen"], row["rejected"]) for row in rows] == [
        ("a cat", PROMPTS[1], PROMPTS[0]),
        ("a cat", PROMPTS[1], PROMPTS[2]),
    ]
    assert ask("taste", {"empty": True})["picks"] == 0
    assert ask("taste", {"rows": True}) == {"text": ""}


def test_the_history_is_searched_and_forgotten(ask, user):
    number = history.add(user / NAME, "a cat", "", "embedded", PROMPTS)
    history.add(user / NAME, "a dog", "", "embedded", ["a dog, field"])
    assert [each["raw_prompt"] for each in ask("history", {"words": "cat rain"})["entries"]] == ["a cat"]
    ask("forget", {"entry": number})
    assert [each["raw_prompt"] for each in ask("history", {})["entries"]] == ["a dog"]
    ask("forget", {"all": True})
    assert ask("history", {})["entries"] == []


@pytest.mark.parametrize(
    ("name", "body", "says"),
    [
        ("pick", [], "send an object"),
        ("pick", {}, "raw_prompt must be a text"),
        ("pick", {**PICK, "others": "a cat"}, "others must be a list of texts"),
        ("pick", {**PICK, "others": []}, "one prompt of several"),
        ("star", {"raw_prompt": "", "target": "", "prompts": PROMPTS, "index": 9}, "from 0 to 2"),
        ("star", {"raw_prompt": "", "target": "", "prompts": PROMPTS, "index": 0, "entry": 77}, "not there any more"),
        ("history", {"skip": -1}, "skip must be a whole number"),
        ("forget", {}, "entry must be a whole number"),
    ],
)
def test_what_is_no_request_is_refused_with_a_sentence(ask, name, body, says):
    refused = importlib.import_module("prompt_beautifier.nodes.comfy.answering").BadRequest
    with pytest.raises(refused, match=says) as error:
        ask(name, body)
    assert error.value.status == 400
