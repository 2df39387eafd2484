"""Pick Best by hand: what is clicked on the page is kept first and is a pick; without a page the scores decide."""

import asyncio
import importlib
import threading
from types import SimpleNamespace

import pytest
import torch
from PIL import Image

from prompt_beautifier.beautifier.images.picking import with_choice
from prompt_beautifier.beautifier.taste import picks
from prompt_beautifier.beautifier.taste.file import NAME

from ..stand_ins import comfy_stand_in

SCORES = [1.0, 3.0, 2.0]
PROMPTS = ["a cat, day", "a cat, night", "a cat, rain"]


@pytest.fixture
def comfy(tmp_path):
    with comfy_stand_in.installed(tmp_path / "models") as stand_in:
        extension = asyncio.run(importlib.import_module("prompt_beautifier").comfy_entrypoint())
        nodes = asyncio.run(extension.get_node_list())
        stand_in.pick = next(node for node in nodes if node.__name__ == "PickBest").execute
        yield stand_in


@pytest.fixture
def page(comfy, monkeypatch):
    """A page that clicks the picture `page.clicks`; `page.shown` is what it was to show."""
    reviewing = importlib.import_module("prompt_beautifier.nodes.comfy.reviewing")
    monkeypatch.setattr(reviewing, "LOOK", 0.01)
    page = SimpleNamespace(clicks=0, shown=[], sockets={"page": object()}, client_id="page")

    def send(event, data, _):
        if event == "prompt_beautifier.review":
            page.shown.append(data["listed"])
            answer = {"token": data["token"], "choice": page.clicks}
            threading.Thread(target=reviewing.take_answer, args=(answer,)).start()

    page.send_sync = send
    monkeypatch.setattr(reviewing, "the_server", lambda: page)
    return page


@pytest.fixture
def pick(comfy):
    def pick(**inputs):
        images = torch.stack([torch.full((600, 300, 3), value / 4) for value in range(3)])
        return comfy.pick([images], SCORES, **{"prompts": PROMPTS, "choose": ["by hand"], **inputs}).args

    return pick


@pytest.fixture
def pick_without_scores(comfy):
    def pick(**inputs):
        images = torch.stack([torch.full((30, 20, 3), value / 4) for value in range(3)])
        return comfy.pick([images], **{"choose": ["by hand"], **inputs})

    return pick


def indices(output):
    return output[5]


def test_what_is_clicked_is_kept_first(page, pick):
    assert indices(pick()) == [0]
    assert indices(pick(top_k=[2])) == [0, 1] and indices(pick(top_k=[0])) == [0, 1, 2]
    assert indices(pick(choose=["by score"])) == [1] and len(page.shown) == 3


def test_the_page_gets_small_copies_and_scores(page, pick, tmp_path):
    pick()
    (shown,) = page.shown
    assert shown["scores"] == SCORES
    for file in shown["pictures"]:
        assert (file["type"], file["subfolder"]) == ("temp", "")
        assert Image.open(tmp_path / "temp" / file["filename"]).size == (256, 512)


def test_scores_need_not_be_connected(page, pick_without_scores, tmp_path):
    page.clicks = 1
    told = pick_without_scores(prompts=PROMPTS, threshold=[0.5])
    assert indices(told.args) == [1] and told.ui == {"indices": [1], "scores": []}
    assert page.shown[0]["scores"] is None
    assert told.args[4].message == "nothing is connected to the input scores of Pick Best"
    assert picks.latest(tmp_path / "user" / NAME)[0].chosen == PROMPTS[1]
    assert indices(pick_without_scores(top_k=[2]).args) == [1, 0]
    assert indices(pick_without_scores(top_k=[0], raw_prompts=["a cat", "a dog", "a dog"]).args) == [1, 0, 2]


def test_without_scores_and_a_page_the_first_are_kept(page, pick_without_scores):
    page.client_id = None
    assert indices(pick_without_scores(top_k=[2]).args) == [0, 1]


def test_by_score_there_must_be_scores(pick_without_scores):
    with pytest.raises(ValueError, match="there are no scores: connect those of Score Images, or set choose"):
        pick_without_scores(choose=["by score"])


def test_an_image_that_was_chosen_without_scores_has_none_in_its_file(comfy):
    metadata = importlib.import_module("prompt_beautifier.nodes.metadata")
    entry = {"kept": [2, 0], "scores": [], "prompts": PROMPTS[:2]}
    assert metadata.with_this_image(entry, 1)["this_image"] == {"index": 0, "prompt": PROMPTS[1]}


def test_a_click_is_a_pick_of_the_taste(page, pick, tmp_path):
    page.clicks = 2
    pick(raw_prompts=["a cat"])
    (kept,) = picks.latest(tmp_path / "user" / NAME)
    assert (kept.raw_prompt, kept.how, kept.chosen) == ("a cat", "picture", PROMPTS[2])
    assert kept.others == tuple(PROMPTS[:2])


def test_of_several_raw_prompts_the_others_of_the_same_were_not_taken(page, pick, tmp_path):
    assert indices(pick(raw_prompts=["a cat", "a cat", "a dog"])) == [0, 2]
    (kept,) = picks.latest(tmp_path / "user" / NAME)
    assert kept.others == (PROMPTS[1],)


def test_pictures_of_one_prompt_are_no_pick(page, pick, tmp_path):
    pick(prompts=["a cat, day"])
    assert picks.count(tmp_path / "user" / NAME) == 0


def test_without_a_page_the_scores_decide_and_nothing_is_written(page, pick, tmp_path):
    page.client_id = None
    assert indices(pick()) == [1]
    assert not (tmp_path / "temp").exists() and picks.count(tmp_path / "user" / NAME) == 0


@pytest.mark.parametrize(
    ("kept", "choice", "prompts", "then"),
    [
        ([1], 0, None, [0]),
        ([1, 2], 2, None, [2, 1]),
        ([], 1, None, [1]),
        ([1, 3], 0, ["x", "x", "y", "y"], [0, 3]),
        ([1, 3], 2, ["x", "x", "y", "y"], [2, 1]),
    ],
)
def test_the_choice_takes_the_place_of_the_last_of_its_prompt(kept, choice, prompts, then):
    assert with_choice(kept, choice, prompts) == then
