"""The route behind "Beautify text": what it answers, what it refuses, and that nothing waits for it."""

import asyncio
import importlib
import threading

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from prompt_beautifier.beautifier.request import MAX_SEED, Candidate

from ..stand_ins import comfy_stand_in, tiny

PATH = "/prompt_beautifier/beautify"
IMAGE_MODEL = "/prompt_beautifier/image_model"


class Model:
    """In the place of the embedded model: what it was asked for, and what it does then."""

    def __init__(self):
        self.asked = []
        self.threads = set()
        self.go_on = threading.Event()
        self.go_on.set()
        self.error = None
        self.notes = ()

    def beautify(self, raw_prompt, **asked):
        self.asked.append({"raw_prompt": raw_prompt, **asked})
        self.threads.add(threading.current_thread())
        assert self.go_on.wait(10)
        if self.error:
            raise self.error
        return [Candidate(f"{raw_prompt}, detailed", notes=self.notes)]


@pytest.fixture
def routes(tmp_path):
    """nodes/routes.py as it is once the pack is registered in the stand-in for ComfyUI."""
    with comfy_stand_in.installed(tmp_path) as comfy:
        extension = asyncio.run(importlib.import_module("prompt_beautifier").comfy_entrypoint())
        asyncio.run(extension.get_node_list())
        module = importlib.import_module("prompt_beautifier.nodes.routes")
        module.handlers = comfy.routes
        yield module


@pytest.fixture
def model(routes, monkeypatch):
    stand_in = Model()
    monkeypatch.setattr(routes, "embedded", lambda: stand_in)
    yield stand_in
    stand_in.go_on.set()


async def other(request):
    return web.json_response("here")


def talk(routes, conversation):
    """Run conversation(client) with a client of a server that has the route, and one other."""

    async def run():
        app = web.Application()
        for path, handler in routes.handlers.items():
            app.router.add_post(path, handler)
        app.router.add_get("/other", other)
        async with TestClient(TestServer(app)) as client:
            return await conversation(client)

    return asyncio.run(run())


def post(routes, body=None, path=PATH, **request):
    """(status, JSON) of one request."""

    async def conversation(client):
        asked = request if body is None else {"json": body, **request}
        async with client.post(path, **asked) as response:
            return response.status, await response.json()

    return talk(routes, conversation)


# -- what it answers


def test_nothing_else_is_served(routes):
    of_graphs = [PATH, IMAGE_MODEL, "/prompt_beautifier/review"]
    of_a_person = [f"/prompt_beautifier/{name}" for name in ("pick", "star", "taste", "history", "forget")]
    assert list(routes.handlers) == [*of_graphs, *of_a_person]


def test_a_text_comes_back_beautified(routes, model):
    assert post(routes, {"text": "a cat"}) == (200, {"prompt": "a cat, detailed", "notes": []})
    model.notes = ("A weight was taken out.",)
    asked = {"mode": "append", "seed": MAX_SEED, "target": "Z-Image", "keep": "ohwx, Ann", "avoid": ["artstation"]}
    assert post(routes, {"text": "猫", **asked})[1]["notes"] == ["A weight was taken out."]
    first, second = model.asked
    assert first["raw_prompt"] == "a cat" and first["num_candidates"] == 1 and first["style"] == "phrases"
    assert (second["mode"], second["seed"], second["target"]) == ("append", MAX_SEED, "z-image")
    assert (second["style"], second["keep"], second["avoid"]) == ("sentences", ("ohwx", "Ann"), ("artstation",))


def test_the_page_is_told_which_image_model_its_graph_has(routes):
    graph = {
        "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "waiIllustriousSDXL_v140.safetensors"}},
        "5:3": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["1", 1], "text": "1 girl"}},
    }
    told = {"target": "illustrious", "title": "Illustrious", "by": "waiIllustriousSDXL_v140.safetensors", "sure": True}
    assert post(routes, {"graph": graph, "node": "5:3"}, IMAGE_MODEL) == (200, told)
    # A subgraph's own node shows the text of one inside it.
    assert post(routes, {"graph": graph, "node": "5", "text": "1 girl"}, IMAGE_MODEL) == (200, told)
    none = {"target": None, "title": "", "by": "", "sure": False}
    assert post(routes, {"graph": {}, "node": "5"}, IMAGE_MODEL) == (200, none)
    assert post(routes, {"graph": [], "node": "5"}, IMAGE_MODEL)[0] == 400
    assert post(routes, {"graph": graph, "node": "5"}, IMAGE_MODEL, headers={"Sec-Fetch-Site": "cross-site"})[0] == 403
    large = {"graph": graph | {"9": {"class_type": "Text", "inputs": {"text": "a" * 200_000}}}, "node": "5:3"}
    assert post(routes, large, IMAGE_MODEL) == (200, told)


def test_it_is_what_the_node_makes_first(routes, tmp_path, monkeypatch):
    beautifier = importlib.import_module("prompt_beautifier.beautifier.beautify").load_beautifier(
        tiny.save_checkpoint(tmp_path / "tiny")
    )
    monkeypatch.setattr(routes, "embedded", lambda: beautifier)
    status, reply = post(routes, {"text": "a (red:1.2) cat", "seed": 3})
    assert status == 200 and "(red:1.2)" in reply["prompt"]
    assert reply["prompt"] == beautifier.beautify("a (red:1.2) cat", 2, 3)[0].text


# -- what it refuses


@pytest.mark.parametrize(
    ("request_", "status", "says"),
    [
        ({"json": []}, 400, "send an object"),
        ({"json": {}}, 400, "text must be a string"),
        ({"json": {"text": 5}}, 400, "text must be a string"),
        ({"json": {"text": " \n"}}, 400, "not empty"),
        ({"json": {"text": "a", "mode": "shorten"}}, 400, "mode must be one of 'rewrite', 'append'"),
        ({"json": {"text": "a", "mode": ["rewrite"]}}, 400, "mode must be one of"),
        ({"json": {"text": "a", "seed": -1}}, 400, "seed must be a whole number"),
        ({"json": {"text": "a", "seed": MAX_SEED + 1}}, 400, "seed must be a whole number"),
        ({"json": {"text": "a", "seed": True}}, 400, "seed must be a whole number"),
        ({"json": {"text": "a", "seed": 1.0}}, 400, "seed must be a whole number"),
        ({"json": {"text": "a", "model": "x"}}, 400, "unknown field 'model'"),
        ({"json": {"text": "a", "num_candidates": 9}}, 400, "unknown field 'num_candidates'"),
        ({"json": {"text": "a", "target": "animma"}}, 400, "did you mean"),
        ({"json": {"text": "a", "keep": ["cat"], "avoid": ["cat"]}}, 400, "both cannot be"),
        ({"json": {"text": "a", "style": ["tags"]}}, 400, "style must be one of"),
        ({"data": b"{", "headers": {"Content-Type": "application/json"}}, 400, "not JSON"),
        ({"data": b"\xff\xfe", "headers": {"Content-Type": "application/json"}}, 400, "not JSON"),
        ({"data": b"[" * 60_000, "headers": {"Content-Type": "application/json"}}, 400, "not JSON"),
        ({"data": b'{"text": "a"}', "headers": {"Content-Type": "text/plain"}}, 415, "application/json"),
        ({"data": {"text": "a"}}, 415, "application/json"),  # a form, which any page can send
        ({"json": {"text": "a" * 65536}}, 413, "at most 64 KB"),
    ],
)
def test_other_requests_are_refused(routes, model, request_, status, says):
    answered, reply = post(routes, **request_)
    assert answered == status and says in reply["error"]
    assert model.asked == []


def test_a_body_without_a_length_is_not_read_to_its_end(routes, model):
    sent = 0

    async def endless():
        nonlocal sent
        while sent < 10_000:
            sent += 1
            yield b"x" * 4096

    status, reply = post(routes, data=endless(), headers={"Content-Type": "application/json"})
    assert status == 413 and "too long" in reply["error"]
    assert sent < 10_000


def test_only_posts_are_answered(routes, model):
    async def conversation(client):
        return [(await getattr(client, name)(PATH)).status for name in ("get", "put", "delete")]

    assert talk(routes, conversation) == [405, 405, 405]
    assert model.asked == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),  # a script
        ({"Origin": "http://comfy.example:8188", "Host": "comfy.example:8188"}, 200),
        ({"Origin": "https://Comfy.example", "Host": "comfy.example"}, 200),
        ({"Origin": "http://elsewhere.example", "Host": "comfy.example"}, 403),
        ({"Origin": "http://comfy.example:9000", "Host": "comfy.example:8188"}, 403),
        ({"Origin": "null", "Host": "comfy.example"}, 403),
        ({"Origin": "http://[", "Host": "comfy.example"}, 403),
        # Browsers say themselves whose page asks, also where a proxy has changed Host.
        ({"Origin": "https://comfy.example", "Host": "10.0.0.1:8188", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "https://comfy.example", "Host": "comfy.example", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
    ],
)
def test_only_comfyuis_own_page_may_ask(routes, model, headers, status):
    answered, reply = post(routes, {"text": "a"}, headers=headers)
    assert answered == status
    assert len(model.asked) == (status == 200)
    if status == 403:
        assert "own page" in reply["error"]


# -- at once


def test_the_server_answers_others_while_a_text_is_beautified(routes, model):
    model.go_on.clear()

    async def conversation(client):
        slow = asyncio.create_task(client.post(PATH, json={"text": "a"}))
        while not model.asked:
            await asyncio.sleep(0.005)
        async with client.get("/other") as other:
            assert await other.json() == "here"
        waiting = not slow.done()
        model.go_on.set()
        return waiting, (await slow).status

    waiting, status = talk(routes, conversation)
    assert waiting and status == 200
    assert threading.main_thread() not in model.threads


def test_no_more_than_a_few_may_wait(routes, model):
    model.go_on.clear()

    async def conversation(client):
        asked = [client.post(PATH, json={"text": str(number)}) for number in range(routes.MOST_WAITING)]
        tasks = [asyncio.create_task(each) for each in asked]
        while routes._waiting < routes.MOST_WAITING:
            await asyncio.sleep(0.005)
        async with client.post(PATH, json={"text": "one more"}) as response:
            refused = response.status, (await response.json())["error"]
        model.go_on.set()
        return refused, [(await task).status for task in tasks]

    refused, others = talk(routes, conversation)
    assert refused[0] == 429 and "wait" in refused[1]
    assert others == [200] * routes.MOST_WAITING
    assert len(model.threads) == 1, "one text at a time"
    assert post(routes, {"text": "later"})[0] == 200


def test_an_error_of_the_model_is_told(routes, model):
    model.error = RuntimeError("no memory is left")
    assert post(routes, {"text": "a"}) == (500, {"error": "RuntimeError: no memory is left"})
    model.error = None
    assert post(routes, {"text": "a"})[0] == 200


@pytest.mark.slow
def test_a_run_of_a_graph_at_the_same_time_changes_nothing(routes, tmp_path, monkeypatch):
    """The route has a model of its own: a graph on another thread, and it, write what they write alone."""
    beautify = importlib.import_module("prompt_beautifier.beautifier.beautify")
    folder = tiny.save_checkpoint(tmp_path / "tiny")
    of_graph, of_route = beautify.load_beautifier(folder), beautify.load_beautifier(folder)
    monkeypatch.setattr(routes, "embedded", lambda: of_route)
    alone = {seed: [each.text for each in of_graph.beautify("a cat", 2, seed)] for seed in range(3)}
    made = {}

    def run_graph():
        for seed in alone:
            made[seed] = [each.text for each in of_graph.beautify("a cat", 2, seed)]

    async def conversation(client):
        graph = threading.Thread(target=run_graph)
        graph.start()
        replies = []
        for seed in alone:
            async with client.post(PATH, json={"text": "a cat", "seed": seed}) as response:
                replies.append((await response.json())["prompt"])
        graph.join()
        return replies

    assert talk(routes, conversation) == [texts[0] for texts in alone.values()]
    assert made == alone


def test_the_model_is_loaded_once_and_on_the_cpu(routes, monkeypatch):
    beautify = importlib.import_module("prompt_beautifier.beautifier.beautify")
    asked = []

    def load_beautifier(*arguments):
        asked.append(arguments)
        return Model()

    monkeypatch.setattr(beautify, "load_beautifier", load_beautifier)
    for text in ("a", "b"):
        assert post(routes, {"text": text})[1]["prompt"] == f"{text}, detailed"
    assert asked == [("embedded",)], "its device is the CPU where none is named"
