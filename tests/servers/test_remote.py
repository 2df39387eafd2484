"""The remote Beautifier against a stand-in server: what is asked, what is made of answers, and every failure."""

import asyncio
import importlib
import json
import re
import subprocess
import sys
import threading
import time
import traceback
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest

pytest.importorskip("aiohttp")

from prompt_beautifier.beautifier.chat.instruction import SYSTEM_PROMPT, instruction_for
from prompt_beautifier.beautifier.families import CHAT, FAMILIES, render
from prompt_beautifier.beautifier.prompts.clip_tokens import count_clip_tokens
from prompt_beautifier.beautifier.prompts.syntax import set_aside
from prompt_beautifier.beautifier.request import MAX_SEED, Candidate, Request, Sampling
from prompt_beautifier.beautifier.servers import client, parameters, stream
from prompt_beautifier.beautifier.servers.problems import RemoteError
from prompt_beautifier.beautifier.servers.unloading import FREE
from prompt_beautifier.beautifier.servers.writer import connect

from ..stand_ins import comfy_stand_in, llm_stand_in
from ..stand_ins.llm_stand_in import chat, cut, endless, silent, status, stream_of, whole

KEY = "sk-never-show-this-1234567890"
PROMPT = "a cat on a windowsill, soft light"


@pytest.fixture
def server():
    with llm_stand_in.serving() as server:
        yield server


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """Retries that do not keep the tests waiting."""
    monkeypatch.setattr(client, "FIRST_WAIT", 0.01)


@pytest.fixture
def endpoints(tmp_path, server):
    """Write the endpoints file; without arguments, with the server in it, which wants no key."""
    path = tmp_path / "endpoints.json"

    def write(**entry):
        entry = {"base_url": server.url, "model": "m"} | entry
        path.write_text(json.dumps({"endpoints": {"mine": entry}}), encoding="utf-8")
        return path

    write()
    return write


@pytest.fixture
def beautifier(endpoints):
    return connect(endpoints(), "mine")


def texts(candidates):
    return [candidate.text for candidate in candidates]


def problem_of(beautifier, **arguments) -> str:
    """The text of the RemoteError that asking raises."""
    with pytest.raises(RemoteError) as caught:
        beautifier.beautify(**{"raw_prompt": "a cat", "num_candidates": 1} | arguments)
    return str(caught.value)


# -- what is asked


def test_all_candidates_come_from_one_request_where_the_server_can(server, beautifier):
    server.replies = [chat("a cat, oil", "a cat, ink", "a cat, photo")]
    assert texts(beautifier.beautify("a cat", 3, seed=7)) == ["a cat, oil", "a cat, ink", "a cat, photo"]
    (request,) = server.requests
    assert request.path == "/v1/chat/completions"
    assert request.body == {
        "model": "m",
        "messages": [{"role": "system", "content": SYSTEM_PROMPT}, {"role": "user", "content": "a cat"}],
        "max_tokens": CHAT.sampling.max_new_tokens,
        "temperature": CHAT.sampling.temperature,
        "top_p": CHAT.sampling.top_p,
        "seed": 7,
        "n": 3,
        "stream": True,
    }
    assert "authorization" not in request.headers


def test_a_server_is_told_what_the_image_model_wants_and_its_answer_is_dressed(server, beautifier):
    server.replies = [chat("1girl, cat ears, night, <lora:x:1>")]
    (found,) = beautifier.beautify("a (cat:1.2) girl", 1, target="illustrious", keep="ohwx")
    system = server.requests[0].body["messages"][0]["content"]
    assert system == instruction_for(Request("", target="illustrious", keep="ohwx")) and "Danbooru tags" in system
    assert found.text.startswith("masterpiece, best quality, ") and "ohwx" in found.text
    assert found.negative.startswith("worst quality")


def test_a_server_that_ignores_n_is_asked_for_each_candidate(server, beautifier):
    server.replies = [chat(f"a cat, {medium}", does_n=False) for medium in ("oil", "ink", "photo")]
    assert texts(beautifier.beautify("a cat", 3, seed=7)) == ["a cat, oil", "a cat, ink", "a cat, photo"]
    assert [(body.get("n"), body["seed"]) for body in server.asked] == [(3, 7), (None, 8), (None, 9)]


def test_a_server_that_refuses_n_is_asked_for_each_candidate(server, beautifier):
    refusal = status(400, {"error": {"message": "Only one completion choice is allowed"}})
    server.replies = [refusal, chat("a cat, oil"), chat("a cat, ink")]
    assert texts(beautifier.beautify("a cat", 2, seed=7)) == ["a cat, oil", "a cat, ink"]
    assert [(body.get("n"), body["seed"]) for body in server.asked] == [(2, 7), (None, 7), (None, 8)]


@pytest.mark.parametrize("seed", [0, 2**31, 2**32 - 1, MAX_SEED])
def test_seeds_fit_into_what_every_server_takes(server, beautifier, seed):
    server.replies = [chat("a cat, oil", does_n=False)]
    beautifier.beautify("a cat", 64, seed=seed)
    seeds = [body["seed"] for body in server.asked]
    assert seeds == list(range(seeds[0], seeds[0] + 64))
    assert seeds[0] >= 0 and seeds[-1] < 2**31


def test_settings_are_sent_and_those_that_are_off_are_not(server, beautifier):
    custom = Sampling(temperature=0.5, top_k=7, top_p=0.8, repetition_penalty=1.1, max_new_tokens=9)
    beautifier.beautify("a cat", 1, sampling=custom)
    beautifier.beautify("a cat", 1, sampling=replace(custom, top_k=0, repetition_penalty=1.0))
    sent, without = server.asked
    assert sent.items() >= {"temperature": 0.5, "top_k": 7, "top_p": 0.8, "max_tokens": 9}.items()
    assert sent["repetition_penalty"] == sent["repeat_penalty"] == 1.1
    assert not without.keys() & {"top_k", "repetition_penalty", "repeat_penalty", "n"}


def test_greedy_is_one_candidate(server, beautifier):
    assert len(beautifier.beautify("a cat", 5, sampling=Sampling(greedy=True))) == 1
    (body,) = server.asked
    assert body["temperature"] == 0 and "n" not in body and "top_k" not in body


def test_beam_search_is_refused(beautifier):
    with pytest.raises(ValueError, match="num_beams must be 1 for a server, not 4"):
        beautifier.beautify("a cat", sampling=Sampling(num_beams=4))


NOT_KNOWN = {
    "OpenAI": "Unrecognized request argument supplied: top_k",
    "pydantic": [{"type": "extra_forbidden", "loc": ["body", "top_k"], "msg": "Extra inputs are not permitted"}],
    "reasoning model": "Unsupported value: 'temperature' does not support 0.5 with this model.",
}


@pytest.mark.parametrize("name", NOT_KNOWN)
def test_what_a_server_does_not_know_is_left_out(server, beautifier, name, caplog):
    known = "temperature" if "temperature" in str(NOT_KNOWN[name]) else "top_k"
    server.replies = [
        status(422 if name == "pydantic" else 400, {"detail": NOT_KNOWN[name]}),
        chat("a cat, oil"),
    ]
    beautifier.beautify("a cat", 1, sampling=Sampling(temperature=0.5, top_k=7))
    first, second = server.asked
    assert first.keys() - second.keys() == {known}
    assert f"'mine' does not take {known}" in caplog.text


def test_a_value_that_a_server_does_not_take_is_not_left_out(server, beautifier):
    server.replies = [status(400, {"error": {"message": "temperature must be in [0, 2], got 3.0"}})]
    said = problem_of(beautifier, sampling=Sampling(temperature=3.0))
    assert "it cannot work with the request: temperature must be in [0, 2], got 3.0" in said
    assert len(server.asked) == 1


def test_a_model_that_wants_max_completion_tokens_gets_it(server, beautifier):
    server.replies = [
        status(400, {"error": {"message": "'max_tokens' is not supported: use 'max_completion_tokens'"}}),
        chat("a cat, oil"),
    ]
    beautifier.beautify("a cat", 1)
    assert server.asked[1]["max_completion_tokens"] == server.asked[0]["max_tokens"]
    assert "max_tokens" not in server.asked[1]


def test_a_model_without_a_system_role_gets_it_from_the_user(server, beautifier):
    server.replies = [status(400, {"error": "System role not supported"}), chat("a cat, oil")]
    beautifier.beautify("a cat", 1)
    assert server.asked[1]["messages"] == [{"role": "user", "content": f"{SYSTEM_PROMPT}\n\na cat"}]


@pytest.mark.parametrize("name", ["text2prompt-v1", "text2prompt-v2", "magicprompt", "embedded"])
def test_a_familys_template_goes_to_completions(server, endpoints, name):
    family = FAMILIES[name]
    server.replies = [chat(" a cat, oil on canvas")]
    connect(endpoints(), "mine", family=name).beautify("a cat", 2)
    (request,) = server.requests
    assert request.path == "/v1/completions"
    assert request.body["prompt"] == render(family, "a cat") and "messages" not in request.body
    assert request.body["temperature"] == family.sampling.temperature
    assert request.body["top_k"] == family.sampling.top_k == 50
    if family.sampling.max_length:
        room = family.sampling.max_length - count_clip_tokens(request.body["prompt"])
        assert request.body["max_tokens"] == room < family.sampling.max_new_tokens


def test_a_familys_answers_are_read_as_its_own(server, endpoints):
    server.replies = [chat(" ((a cat)), [the sea]")]
    v2 = connect(endpoints(), "mine", family="text2prompt-v2")
    assert v2.beautify("a cat", 1) == [Candidate("(a cat:1.21), (the sea:0.91)")]
    server.replies = [chat(", oil on canvas")]
    magic = connect(endpoints(), "mine", family="magicprompt")
    assert magic.beautify("a cat", 1) == [Candidate("a cat, oil on canvas")]


# -- keys and models


def test_key_headers_and_query_go_to_the_server(server, endpoints):
    path = endpoints(
        base_url=f"{server.url}?api-version=1", api_key=KEY, headers={"X-Team": "pictures", "X-Other": "o"}
    )
    connect(path, "mine").beautify("a cat", 1)
    (request,) = server.requests
    assert request.path == "/v1/chat/completions?api-version=1"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert (request.headers["x-team"], request.headers["x-other"]) == ("pictures", "o")


def test_an_authorization_header_of_the_users_own_wins(server, endpoints):
    connect(endpoints(api_key=KEY, headers={"authorization": "Basic abcd"}), "mine").beautify("a cat", 1)
    assert server.requests[0].headers["authorization"] == "Basic abcd"


def test_a_changed_file_is_used_at_the_next_prompt(server, endpoints):
    beautifier = connect(endpoints(api_key="first-key"), "mine")
    endpoints(api_key="second-key", model="second")
    beautifier.beautify("a cat", 1)
    assert server.requests[0].headers["authorization"] == "Bearer second-key"
    assert server.asked[0]["model"] == "second" and beautifier.name == "mine: second"


@pytest.mark.parametrize(("in_node", "in_file", "asked"), [("n", "f", "n"), ("", "f", "f"), ("", "", "only")])
def test_the_model_is_the_nodes_else_the_files_else_the_only_one(server, endpoints, in_node, in_file, asked):
    beautifier = connect(endpoints(model=in_file), "mine", model=in_node)
    beautifier.beautify("a cat", 1)
    assert server.asked[0]["model"] == asked
    assert beautifier.name == f"mine: {asked}"


@pytest.mark.parametrize(
    ("models", "says"),
    [
        (["one", "two"], "it has several models: 'one', 'two'. Name the one to ask"),
        ([], "it lists no model. Name the one"),
        (status(404), "it does not say which models it has"),
        (status(401), "it wants a key (401)"),
        (status(200, {"data": 3}), "it lists no model"),
        (status(503), "it answered 503, not ready: what the server says of 503 (tried 4 times)"),
    ],
)
def test_a_model_that_cannot_be_guessed_has_to_be_named(server, endpoints, models, says):
    server.models = models
    assert says in problem_of(connect(endpoints(model=""), "mine"))
    assert not server.asked


# -- the way around the model


@pytest.mark.parametrize("mode", ["rewrite", "append"])
def test_the_users_syntax_never_leaves_and_always_comes_back(server, beautifier, mode):
    raw_prompt = r"(red dress:1.3), embedding:nice <lora:name:0.8> {a|b} __wild__ saber \(fate\) // note"
    server.replies = [chat("portrait, a red dress, saber fate, oil on canvas, (glow:1.4)")]
    for candidate in beautifier.beautify(raw_prompt, 2, mode=mode):
        for piece in set_aside(raw_prompt).pieces:
            assert candidate.text.count(piece.text) == 1, (mode, piece)
        assert "oil on canvas" in candidate.text and "(glow" not in candidate.text
    (body,) = server.asked
    assert body["messages"][1]["content"] == set_aside(raw_prompt).words == "red dress, saber fate"


@pytest.mark.parametrize("raw_prompt", ["", " \n", "<lora:name:0.8>", "{a|b} // note"])
def test_a_prompt_without_words_is_sent_nowhere(server, beautifier, raw_prompt):
    assert beautifier.beautify(raw_prompt, 3) == [Candidate(raw_prompt)]
    assert not server.requests


@pytest.mark.parametrize("changed", [{"raw_prompt": None}, {"num_candidates": 0}, {"seed": -1}, {"mode": "x"}])
def test_bad_arguments_are_named_before_anything_is_sent(server, beautifier, changed):
    (name,) = changed
    with pytest.raises(ValueError, match=f"^{name} must be"):
        beautifier.beautify(**{"raw_prompt": "a cat"} | changed)
    assert not server.requests


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"family": "promptist"}, "family must be one of 'chat'"),
        ({"unusable": "ignore"}, "unusable must be one of 'error', 'raw prompt'"),
        ({"timeout": 0}, "timeout must be a number of seconds above 0"),
        ({"endpoint": "gone"}, "has no endpoint 'gone'"),
    ],
)
def test_a_connection_that_cannot_be_is_refused(endpoints, changed, says):
    with pytest.raises(ValueError, match=says):
        connect(**{"endpoints_file": endpoints(), "endpoint": "mine"} | changed)


def test_clip_tokens_limit_a_servers_answers_too(server, beautifier):
    server.replies = [chat("a cat by the sea, oil on canvas, wide angle, elegant, soft light")]
    (candidate,) = beautifier.beautify("a cat", 1, clip_tokens=8)
    assert 3 < count_clip_tokens(candidate.text) <= 8


def test_a_long_prompt_is_read_in_part_and_kept_whole(server, beautifier):
    raw_prompt = "extraordinary hippopotamuses, " * 900 + "a cat"
    server.replies = [chat("hippopotamuses, oil on canvas")]
    (candidate,) = beautifier.beautify(raw_prompt, 1)
    assert candidate.text.startswith(raw_prompt) and candidate.text.endswith("oil on canvas")
    sent = server.asked[0]["messages"][1]["content"]
    assert sent in raw_prompt and 900 < count_clip_tokens(sent) <= CHAT.max_prompt_tokens


def test_it_runs_where_an_event_loop_already_does(server, beautifier):
    async def node():
        return beautifier.beautify("a cat", 1)

    assert asyncio.run(node()) == [Candidate("a cat, oil on canvas")]


# -- answers


def test_talk_and_thoughts_are_taken_off(server, beautifier):
    talk = f'<think>\nA cat, why not.\n</think>\n\nSure! Here is a prompt:\n\n"{PROMPT}"\n\nLet me know!'
    server.replies = [chat(talk)]
    assert beautifier.beautify("a cat", 1) == [Candidate(PROMPT)]


def test_thoughts_in_fields_of_their_own_are_passed_over(server, beautifier):
    def reply(handler, body):
        llm_stand_in.begin_stream(handler)
        for name in ("reasoning_content", "reasoning"):
            llm_stand_in.event(handler, {"choices": [llm_stand_in.choice(body, 0, None, **{name: "a dog?"})]})
        llm_stand_in.event(handler, {"choices": [llm_stand_in.choice(body, 0, PROMPT, "stop")]})

    server.replies = [reply]
    assert beautifier.beautify("a cat", 1) == [Candidate(PROMPT)]


def test_an_answer_cut_by_the_limit_loses_its_tail(server, beautifier):
    server.replies = [chat("a cat, oil on canvas, soft li", reason="length")]
    assert beautifier.beautify("a cat", 1) == [Candidate("a cat, oil on canvas")]


def test_a_server_that_does_not_stream_is_understood(server, beautifier):
    server.replies = [whole("a cat, oil", "a cat, ink")]
    assert texts(beautifier.beautify("a cat", 2)) == ["a cat, oil", "a cat, ink"]
    server.replies = [status(200, {"choices": [{"message": {"content": [{"type": "text", "text": "a cat"}]}}]})]
    assert texts(beautifier.beautify("a cat", 1)) == ["a cat"]


@pytest.mark.parametrize("chunk", [1, 3, 1 << 20])
@pytest.mark.parametrize("end", [b"data: [DONE]\n\n", b""])
def test_streams_of_every_shape_are_understood(server, beautifier, chunk, end):
    first = '{"choices":[{"index":0,"delta":{"role":"assistant","content":"a cat, café 猫, "}}]}'
    last = '{"choices":[{"index":0,"delta":{"content":"oil"},"finish_reason":"stop"}]}'
    usage = '{"choices":[],"usage":{"total_tokens":3}}'
    data = f": alive\r\n\r\nevent: x\r\ndata:{first}\r\n\r\n: alive\n\ndata: {last}\n\ndata: {usage}\n\n"
    server.replies = [stream_of(data.encode() + end, chunk)]
    assert texts(beautifier.beautify("a cat", 1)) == ["a cat, café 猫, oil"]


UNUSABLE = {
    "refusal": (chat("I'm sorry, I can't help with that."), "the model refuses: \"I'm sorry, I can't help"),
    "refusal field": (whole("", refusal="No cats."), "the model refuses: 'No cats.'"),
    "filter": (chat("a cat", reason="content_filter"), "the model refuses"),
    "unrelated": (
        chat("a dog in a park"),
        "the answer shares no word with the raw prompt: 'a dog in a park'",
    ),
    "blank": (chat(" \n "), "in which there is no prompt"),
    "thoughts alone": (
        chat("<think>so many thoughts", reason="length"),
        "on thinking: turn its thinking off",
    ),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_an_unusable_answer_is_an_error_or_the_raw_prompt(server, endpoints, name):
    reply, says = UNUSABLE[name]
    server.replies = [reply]
    said = problem_of(connect(endpoints(), "mine"))
    assert says in said and "endpoint 'mine': no usable answer" in said and "raw prompt" in said
    relaxed = connect(endpoints(), "mine", unusable="raw prompt")
    assert relaxed.beautify("a (cat:1.2), 8k", 1) == [Candidate("a (cat:1.2), 8k")]
    assert relaxed.beautify("a (cat:1.2), 8k", 1, mode="append") == [Candidate("a (cat:1.2), 8k")]


def test_usable_answers_beside_unusable_ones_are_kept(server, endpoints):
    server.replies = [chat("a cat, oil", "I cannot do that.", "a cat, ink")]
    assert texts(connect(endpoints(), "mine").beautify("a cat", 3)) == ["a cat, oil", "a cat, ink"]
    relaxed = connect(endpoints(), "mine", unusable="raw prompt")
    assert texts(relaxed.beautify("a cat", 3)) == ["a cat, oil", "a cat", "a cat, ink"]


# -- progress and stopping


@pytest.mark.slow
def test_progress_follows_the_stream_to_its_end(server, beautifier):
    server.replies = [chat("a cat, " + "oil, " * 12 + "ink", pause=0.04)]
    steps = []
    beautifier.beautify("a cat", 2, on_step=lambda *step: steps.append(step))
    done, totals = zip(*steps, strict=True)
    assert set(totals) == {2 * CHAT.sampling.max_new_tokens}
    assert list(done) == sorted(done) and len(set(done)) > 3
    assert done[0] < 20 and done[-1] == totals[0]


@pytest.mark.slow
def test_progress_does_not_go_back_when_a_stream_is_cut(server, beautifier):
    def cut_later(handler, body):
        llm_stand_in.begin_stream(handler)
        for _ in range(10):
            llm_stand_in.event(handler, {"choices": [llm_stand_in.choice(body, 0, "cat ")]})
            time.sleep(0.03)

    server.replies = [cut_later, chat("a cat, oil, ink", pause=0.1)]
    steps = []
    assert texts(beautifier.beautify("a cat", 1, on_step=lambda *step: steps.append(step))) == ["a cat, oil, ink"]
    assert steps == sorted(steps)


MINUTES = 60.0  # seconds after which something hangs; a busy machine takes a few


def left_within(server, began: float) -> float:
    """Seconds from `began` until the server noticed that its client was gone."""
    deadline = time.monotonic() + MINUTES
    while not server.closed_at and time.monotonic() < deadline:
        time.sleep(0.01)
    assert server.closed_at, "the connection is still open"
    return server.closed_at[0] - began


@pytest.mark.slow
@pytest.mark.parametrize("reply", [endless("cat, oil, "), silent(), silent(stream=True)])
def test_a_stop_closes_the_connection(server, beautifier, reply):
    server.replies = [reply]
    stopped = []

    def should_stop():
        if server.requests and time.monotonic() - server.requests[0].at > 0.4:
            stopped.append(time.monotonic())
        return bool(stopped)

    candidates = beautifier.beautify("a cat", 3, should_stop=should_stop)
    assert left_within(server, stopped[0]) < MINUTES
    assert len(candidates) == 3 and candidates[2] == Candidate("a cat")


@pytest.mark.slow
def test_a_stop_brings_back_what_was_written(server, beautifier):
    server.replies = [endless("a cat, oil on canvas, ")]
    began = time.monotonic()
    (candidate,) = beautifier.beautify("a cat", 1, should_stop=lambda: time.monotonic() - began > 0.5)
    assert candidate.text == "a cat, oil on canvas"


def test_an_interrupt_from_on_step_goes_up_and_closes_the_connection(server, beautifier):
    class Interrupt(Exception):
        pass

    server.replies = [silent(stream=True)]
    raised = []

    def on_step(done, total):
        if server.requests:
            raised.append(time.monotonic())
            raise Interrupt

    with pytest.raises(Interrupt):
        beautifier.beautify("a cat", 1, on_step=on_step)
    assert left_within(server, raised[0]) < MINUTES


@pytest.mark.slow
def test_a_stop_does_not_wait_for_the_next_try(server, beautifier, monkeypatch):
    monkeypatch.setattr(client, "FIRST_WAIT", 2 * MINUTES)
    server.replies = [status(503)]
    began = time.monotonic()
    beautifier.beautify("a cat", 1, should_stop=lambda: time.monotonic() - began > 0.3)
    assert time.monotonic() - began < MINUTES and len(server.asked) == 1


def test_no_thread_is_left_behind(server, beautifier):
    beautifier.beautify("a cat", 1)
    server.replies = [endless()]
    beautifier.beautify("a cat", 1, should_stop=lambda: bool(server.asked))
    assert not [thread for thread in threading.enumerate() if thread.name == "prompt-beautifier-remote"]


# -- what may pass


@pytest.mark.parametrize("passing", [status(429), status(500), status(502), status(503), status(529), cut()])
def test_what_may_pass_is_tried_again(server, beautifier, passing):
    server.replies = [passing, passing, passing, chat("a cat, oil")]
    assert texts(beautifier.beautify("a cat", 1)) == ["a cat, oil"]
    assert len(server.asked) == 4


@pytest.mark.slow
def test_tries_are_further_and_further_apart_and_end(server, beautifier, monkeypatch):
    monkeypatch.setattr(client, "FIRST_WAIT", 0.1)
    server.replies = [status(500)]
    said = problem_of(beautifier)
    assert "it answered 500, server error: what the server says of 500 (tried 4 times)" in said
    first, second, third, fourth = (request.at for request in server.requests)
    assert second - first > 0.07 and third - second > 0.15 and fourth - third > 0.3


@pytest.mark.slow
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_the_wait_a_server_asks_for_is_kept(server, beautifier, form):
    wait = "1" if form == "seconds" else format_datetime(datetime.now(timezone.utc) + timedelta(seconds=2), True)
    server.replies = [status(429, Retry_After=wait), chat("a cat, oil")]
    beautifier.beautify("a cat", 1)
    first, second = (request.at for request in server.requests)
    assert 0.9 < second - first < 4


@pytest.mark.parametrize("wait", ["soon", "-5", "", "Sat, 99 Foo 2026"])
def test_a_wait_that_means_nothing_is_passed_over(server, beautifier, wait):
    server.replies = [status(503, Retry_After=wait), chat("a cat, oil")]
    assert texts(beautifier.beautify("a cat", 1)) == ["a cat, oil"]


def test_a_wait_that_is_too_long_ends_it(server, beautifier):
    server.replies = [status(429, Retry_After="3600")]
    said = problem_of(beautifier)
    assert "429, too many requests" in said and "it asks to wait 3600 seconds" in said
    assert len(server.asked) == 1


def test_a_failed_try_leaves_nothing_in_the_answer(server, beautifier):
    server.replies = [cut("a dog, "), chat("a cat, oil")]
    assert texts(beautifier.beautify("a cat", 1)) == ["a cat, oil"]


def test_a_cut_in_one_answer_of_several_is_seen(server, beautifier):
    def half(handler, body):
        llm_stand_in.begin_stream(handler)
        both = [llm_stand_in.choice(body, 0, "a cat, oil", "stop"), llm_stand_in.choice(body, 1, "a cat")]
        llm_stand_in.event(handler, {"choices": both})

    server.replies = [half, chat("a cat, oil", "a cat, ink")]
    assert texts(beautifier.beautify("a cat", 2)) == ["a cat, oil", "a cat, ink"]
    assert [body["n"] for body in server.asked] == [2, 2]


# -- what does not pass

NO_JSON = "it answered with something that is no JSON object"
FAILURES = {
    "wrong path": (status(404), ["it has nothing at this address (404)", "usually ends in /v1"]),
    "wrong request": (status(400), ["it cannot work with the request: what the server says of 400"]),
    "plain error": (status(418, b"I'm a <b>teapot</b>", "text/html"), ["it answered 418: I'm a teapot"]),
    "redirect": (
        status(307, Location="https://evil.example/v1?token=x"),
        ["it redirects (307) to https://evil.example.", "Redirects are not followed"],
    ),
    "web page": (status(200, b"<!doctype html><p>Hi", "text/html"), [NO_JSON, "<!doctype html><p>Hi", "/v1"]),
    "no JSON": (status(200, b'{"choices": [', "application/json"), [NO_JSON]),
    "no object": (status(200, [1]), [NO_JSON]),
    "event that is no JSON": (stream_of(b"data: {oops}\n\n"), [NO_JSON, "{oops}"]),
    "no choices": (status(200, {"choices": []}), ["it answered, but with no choices"]),
    "no choices in a stream": (stream_of(b"data: [DONE]\n\n"), ["it answered, but with no choices"]),
    "odd choices": (
        status(200, {"choices": [3, None, {"index": "x"}]}),
        ["it answered, but with no choices"],
    ),
    "empty stream": (stream_of(b""), ["the stream was cut", "tried 4 times"]),
    "cut": (cut(), ["the stream was cut in the middle of the answer (tried 4 times)", "server's log"]),
    "error in the stream": (
        stream_of(b'data: {"error": {"message": "out of memory"}}\n\n'),
        ["it broke the answer off: out of memory (tried 4 times)"],
    ),
    "error line in the stream": (
        stream_of(b'error: {"message": "out of memory"}\n\n'),
        ["it broke the answer off: out of memory"],
    ),
    "aborted": (chat("a cat", reason="abort"), ["it broke the answer off"]),
}


@pytest.mark.parametrize("name", FAILURES)
def test_each_failure_says_what_happened_and_what_to_do(server, beautifier, name):
    reply, says = FAILURES[name]
    server.replies = [reply]
    server.models = reply
    said = problem_of(beautifier)
    assert said.startswith(f"endpoint 'mine' ({server.url}): ")
    assert all(part in said for part in says), said


@pytest.mark.parametrize("code", [401, 403])
def test_a_key_that_is_wrong_or_missing_is_named(server, endpoints, code):
    server.replies = [status(code)]
    assert f"it wants a key ({code}). Write the right one into api_key" in problem_of(connect(endpoints(), "mine"))
    said = problem_of(connect(endpoints(api_key=KEY), "mine"))
    assert f"it does not accept the key ({code})" in said
    assert len(server.asked) == 2


def test_a_model_that_is_not_there_is_told_from_a_wrong_path(server, beautifier):
    server.replies = [status(404, {"error": {"message": "model 'm' not found"}})]
    server.models = ["llama", "qwen"]
    said = problem_of(beautifier)
    assert "it has no model 'm': model 'm' not found. Its models are 'llama', 'qwen'" in said


def test_a_server_that_is_not_there_is_named(endpoints):
    url = f"http://127.0.0.1:{llm_stand_in.unused_port()}/v1"
    said = problem_of(connect(endpoints(base_url=url), "mine"))
    assert f"({url}): nothing answers there" in said and "tried 4 times" in said
    assert "Start the server, or correct base_url" in said


def test_a_host_name_that_is_not_known_is_named(endpoints):
    said = problem_of(connect(endpoints(base_url="http://no-such-host.invalid/v1"), "mine"))
    assert "its host name is not known" in said or "nothing answers there" in said  # behind a proxy


@pytest.mark.slow
@pytest.mark.parametrize("reply", [silent(), silent(stream=True)])
def test_a_server_that_says_nothing_is_given_up(server, endpoints, reply):
    server.replies = [reply]
    began = time.monotonic()
    said = problem_of(connect(endpoints(), "mine", timeout=0.5))
    assert "it sent nothing for 0.5 seconds" in said and "raise the timeout" in said
    assert time.monotonic() - began < MINUTES and len(server.asked) == 1


def test_https_to_a_server_without_it_is_named(server, endpoints):
    said = problem_of(connect(endpoints(base_url=server.url.replace("http:", "https:")), "mine"))
    assert "its certificate is not trusted, or it does not speak https" in said and "http://" in said


def test_a_redirect_takes_the_key_nowhere(server, endpoints):
    with llm_stand_in.serving() as other:
        for code in (301, 302, 303, 307, 308):
            server.replies = [status(code, Location=f"{other.url}/chat/completions")]
            said = problem_of(connect(endpoints(api_key=KEY), "mine"))
            assert f"it redirects ({code}) to http://127.0.0.1:{other.server_address[1]}" in said
        assert not other.requests


def test_answers_without_end_are_ended(server, beautifier, monkeypatch):
    monkeypatch.setattr(stream, "LONGEST_ANSWER", 10_000)
    monkeypatch.setattr(stream, "LONGEST_LINE", 100_000)
    server.replies = [endless("cat " * 50, pause=0)]
    assert "its answer has no end" in problem_of(beautifier)
    server.replies = [stream_of(b"data: " + b"x" * 400_000)]
    assert "it sends one event without end" in problem_of(beautifier)
    server.replies = [status(200, b"{" + b" " * 400_000)]
    assert "it sends an answer without end" in problem_of(beautifier)


# -- secrets


def echo(code: int):
    """A server that says what it was sent, keys and all."""

    def reply(handler, body):
        sent = f"{handler.path} {dict(handler.headers)}"
        llm_stand_in.send(handler, code, {"error": {"message": sent}})

    return reply


def echo_in_stream(handler, body):
    llm_stand_in.begin_stream(handler)
    llm_stand_in.event(handler, {"error": {"message": f"{handler.path} {dict(handler.headers)}"}})


def echo_as_answer(handler, body):
    chat(f"I cannot use {handler.headers['Authorization']} {handler.path}")(handler, body)


def echo_as_text(handler, body):
    llm_stand_in.send(handler, 200, f"{handler.headers['Authorization']}".encode(), "text/plain")


def echo_as_redirect(handler, body):
    llm_stand_in.send(handler, 302, b"", Location=f"http://{KEY}2.example/{handler.path}")


ECHOES = {f"status {code}": echo(code) for code in (400, 401, 403, 404, 418, 429, 500)}
ECHOES |= {"stream": echo_in_stream, "answer": echo_as_answer, "text": echo_as_text}
ECHOES |= {"redirect": echo_as_redirect, "cut": cut()}


@pytest.mark.parametrize("name", ECHOES)
def test_no_error_shows_a_key(server, endpoints, name, caplog):
    server.replies = [ECHOES[name]]
    server.models = ECHOES[name]
    path = endpoints(base_url=f"{server.url}?key={KEY}1", api_key=f"{KEY}2", headers={"X-Key": f"{KEY}3"})
    beautifier = connect(path, "mine")
    with pytest.raises(RemoteError) as caught:
        beautifier.beautify("a cat", 2)
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}2"
    shown = "".join(traceback.format_exception(caught.value, chain=True)) + repr(caught.value)
    shown += caplog.text + repr(beautifier) + str(beautifier) + beautifier.name
    assert KEY not in shown
    assert caught.value.__cause__ is None and caught.value.__context__ is None


def test_a_failure_nobody_thought_of_shows_no_key_either(server, endpoints, monkeypatch):
    def surprise(*_):
        raise KeyError(f"http://me:the-proxys-password@proxy/ {KEY}")

    monkeypatch.setattr(client, "take", surprise)
    monkeypatch.setattr(stream, "take", surprise)
    with pytest.raises(RemoteError, match="the request failed") as caught:
        connect(endpoints(api_key=KEY), "mine").beautify("a cat", 1)
    shown = "".join(traceback.format_exception(caught.value, chain=True))
    assert KEY not in shown and "proxys-password" not in shown.split("RemoteError")[-1]
    assert "in surprise" in shown, "where it happened is shown"


# -- cost


@pytest.mark.slow
def test_the_client_is_imported_when_a_server_is_asked(endpoints):
    code = (
        "import sys; from prompt_beautifier.beautifier.servers import writer, chat, endpoints; "
        "writer.connect(sys.argv[1], 'mine'); print(*sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(endpoints())], capture_output=True, text=True, check=True)
    assert "aiohttp" not in done.stdout.split() and "transformers" not in done.stdout.split()


@pytest.mark.parametrize(
    ("where", "local"),
    [
        ("http://127.0.0.1:8000/v1", True),
        ("http://localhost/v1", True),
        ("http://[::1]:8000/v1", True),
        ("http://192.168.1.7/v1", True),
        ("http://172.20.0.1/v1", True),
        ("http://gpu-box.local:80/v1", True),
        ("https://api.example.com/v1", False),
        ("http://172.33.0.1/v1", False),
        ("http://8.8.8.8/v1", False),
        ("http://[2001:4860:4860::8888]/v1", False),
        ("http://[::ffff:8.8.8.8]/v1", False),
        ("http://[fe80::1%25eth0]:8000/v1", True),
        ("http://[fd12:3456::7]/v1", True),
        ("http://[::ffff:192.168.1.7]/v1", True),
        ("http://100.101.102.103/v1", True),
    ],
)
def test_only_servers_outside_are_asked_through_the_systems_proxy(where, local):
    assert client.is_local(where) is local


# -- instructions, JSON, words while they come, memory


def test_an_instruction_of_the_users_stands_in_the_place_of_the_other(server, endpoints):
    beautifier = connect(endpoints(), "mine", instruction="Write like a poet.")
    beautifier.beautify("a cat", 1, target="illustrious", keep="ohwx")
    told = server.asked[0]["messages"][0]["content"]
    assert told == 'Write like a poet.\n\nUse these words letter for letter: "ohwx".'


def test_a_chat_model_can_be_held_to_json(server, endpoints):
    server.replies = [chat('{"prompt": "a cat, \\"oil\\" on canvas"}')]
    assert texts(connect(endpoints(), "mine", structured=True).beautify("a cat", 1)) == ['a cat, "oil" on canvas']
    (body,) = server.asked
    schema = body["response_format"]["json_schema"]["schema"]
    assert body["response_format"]["type"] == "json_schema" and list(schema["properties"]) == ["prompt"]
    assert body["messages"][0]["content"].endswith(parameters.IN_JSON)


@pytest.mark.parametrize(
    "said",
    [
        "Unknown field: response_format",
        "json_schema is not supported",
        "grammar: failed to parse",
        "no guided decoding",
    ],
)
def test_a_server_without_structured_output_is_asked_without_it(server, endpoints, said):
    server.replies = [status(400, {"error": {"message": said}}), chat("a cat, oil on canvas")]
    assert texts(connect(endpoints(), "mine", structured=True).beautify("a cat", 1)) == ["a cat, oil on canvas"]
    assert ["response_format" in body for body in server.asked] == [True, False]


def test_the_shape_that_a_rewriter_proposes_goes_with_its_prompt(server, beautifier):
    server.replies = [chat('{"rewritten_prompt": "a cat in snow", "wh_ratio": "16:9"}', "a cat in rain")]
    wide, plain = beautifier.beautify("a cat", 2)
    assert (wide.text, wide.ratio, plain.ratio) == ("a cat in snow", 16 / 9, None)


def test_checkpoints_that_are_served_have_neither(server, endpoints):
    server.replies = [chat("a cat, oil on canvas")]
    asked = {"instruction": "Write like a poet.", "structured": True}
    connect(endpoints(), "mine", family="text2prompt-v1", **asked).beautify("a cat", 1)
    (body,) = server.asked
    assert body["prompt"] == render(FAMILIES["text2prompt-v1"], "a cat") and "response_format" not in body


@pytest.mark.slow
def test_words_are_told_while_they_come_and_thoughts_are_not(server, beautifier):
    server.replies = [chat("<think> a dog? </think> a cat, oil on canvas", "a cat, ink", pause=0.06)]
    heard = {0: [], 1: []}
    beautifier.beautify("a cat", 2, on_words=lambda candidate, text: heard[candidate].append(text()))
    assert heard[1][-1] == "a cat, ink" and len(heard[0]) > 2
    assert "a cat, oil on canvas".startswith(heard[0][-1]) and heard[0][-1]
    assert not any("dog" in text for text in heard[0])


def unloaded(body: dict) -> llm_stand_in.Reply:
    return status(200, body)


@pytest.mark.parametrize(
    ("replies", "path", "asked"),
    [
        ([unloaded({"done": True, "done_reason": "unload"})], "/api/generate", {"model": "m", "keep_alive": 0}),
        ([status(404), unloaded({"success": True})], "/models/unload", {"model": "m"}),
        (
            [unloaded({"error": "Unexpected endpoint"}), status(404), unloaded({"instance_id": "m"})],
            "/api/v1/models/unload",
            {"instance_id": "m"},
        ),
    ],
)
def test_a_servers_memory_is_freed_in_its_own_way(server, endpoints, replies, path, asked):
    server.replies = [chat("a cat, oil on canvas"), *replies]
    (found,) = connect(endpoints(api_key=KEY), "mine", afterwards=FREE).beautify("a cat", 1)
    last = server.requests[-1]
    assert (last.path, last.body, last.headers["authorization"]) == (path, asked, f"Bearer {KEY}")
    assert found.text == "a cat, oil on canvas" and not found.notes


def test_a_server_that_cannot_free_its_memory_is_told_of(server, endpoints):
    server.replies = [chat("a cat, oil on canvas"), status(404)]
    (found,) = connect(endpoints(), "mine", afterwards=FREE).beautify("a cat", 1)
    assert found.text == "a cat, oil on canvas"
    assert found.notes[0].startswith("The server 'mine' was asked to free its model's memory")


def test_memory_is_kept_unless_it_is_asked_for(server, beautifier):
    beautifier.beautify("a cat", 1)
    assert [request.path for request in server.requests] == ["/v1/chat/completions"]


def test_what_becomes_of_the_model_has_two_words(endpoints):
    with pytest.raises(ValueError, match="afterwards must be one of 'keep it loaded', 'free its memory', not 'gone'"):
        connect(endpoints(), "mine", afterwards="gone")


# -- the node


@pytest.fixture
def comfy(tmp_path, server):
    with comfy_stand_in.installed(tmp_path / "models") as stand_in:
        extension = asyncio.run(importlib.import_module("prompt_beautifier").comfy_entrypoint())
        stand_in.nodes = {node.define_schema().node_id: node for node in asyncio.run(extension.get_node_list())}
        adapter = importlib.import_module("prompt_beautifier.nodes.comfy.folders")
        stand_in.endpoints_file = adapter.endpoints_file()
        yield stand_in


@pytest.fixture
def own_endpoint(comfy, server):
    comfy.endpoints_file.parent.mkdir(exist_ok=True)
    entry = {"base_url": server.url, "api_key": KEY, "model": "m"}
    comfy.endpoints_file.write_text(json.dumps({"endpoints": {"mine": entry}}), encoding="utf-8")


@pytest.fixture
def connect_node(comfy):
    return comfy.nodes["PromptBeautifierConnectPromptLLM"]


@pytest.fixture
def beautify(comfy):
    return comfy.nodes["PromptBeautifierBeautifyPrompt"].execute


def test_the_node_offers_the_files_endpoints_and_writes_none(comfy, connect_node):
    options = connect_node.define_schema().inputs[0].options["options"]
    assert "Ollama on this computer" in options and not comfy.endpoints_file.exists()
    connect_node.execute(options[0])
    assert comfy.endpoints_file.is_file()


def test_beautify_prompt_works_as_it_is(comfy, server, own_endpoint, connect_node, beautify):
    assert connect_node.define_schema().inputs[0].options["options"] == ["mine"]
    server.replies = [chat("a cat, oil", "a cat, ink")]
    connected = connect_node.execute("mine").args[0]
    output = beautify(connected, "a cat", seed=3, num_candidates=2, candidate=2)
    assert output.args == ("a cat, ink", ["a cat, oil", "a cat, ink"], "1. a cat, oil\n\n2. a cat, ink", "", 1024, 1024)
    assert not comfy.loads, "nothing to load"
    assert comfy.progress[-1][0] == comfy.progress[-1][1]


def test_width_and_height_are_those_of_the_chosen_candidate(comfy, server, own_endpoint, connect_node, beautify):
    server.replies = [chat('{"prompt": "a cat, oil", "ratio": "2:1"}', '{"prompt": "a cat, ink", "ratio": "1:2"}')]
    connected, asked = connect_node.execute("mine").args[0], {"seed": 0, "num_candidates": 2}
    assert beautify(connected, "a cat", **asked).args[-2:] == (1456, 720)
    assert beautify(connected, "a cat", candidate=2, image_model="qwen-image-2.1", **asked).args[-2:] == (1456, 2896)
    assert beautify(connected, "a cat --ar 1:1", **asked).args[-2:] == (1024, 1024)


def test_no_key_is_in_what_the_nodes_pass_on(comfy, server, own_endpoint, connect_node, beautify):
    connected = connect_node.execute("mine").args[0]
    node = comfy.nodes["PromptBeautifierBeautifyPrompt"]
    node.hidden.extra_pnginfo = {}
    output = beautify(connected, "a cat", seed=3)
    shown = repr(connected) + str(connected) + json.dumps(node.hidden.extra_pnginfo) + repr(vars(output))
    assert '"model": "mine: m"' in shown and KEY not in shown


@pytest.mark.slow
def test_cancel_in_comfyui_closes_the_connection(comfy, server, own_endpoint, connect_node, beautify):
    server.replies = [silent()]
    connected = connect_node.execute("mine").args[0]
    comfy.interrupt_after = 4  # calls of the progress bar, ten a second
    with pytest.raises(comfy_stand_in.InterruptProcessingException):
        beautify(connected, "a cat", seed=0)
    assert left_within(server, time.monotonic()) < 1


def test_a_failure_reaches_the_user_in_words(comfy, server, own_endpoint, connect_node, beautify):
    server.replies = [status(401)]
    with pytest.raises(RuntimeError, match=re.escape("it does not accept the key (401)")):
        beautify(connect_node.execute("mine").args[0], "a cat", seed=0)


def test_instructions_are_listed_and_read_anew(comfy, server, own_endpoint, connect_node, beautify):
    folder = comfy.models / "LLM" / "prompts"
    folder.mkdir(parents=True)
    comfy.folders.setdefault("LLM", [str(folder.parent)])
    (folder / "poet.md").write_text("Write like a poet.", encoding="utf-8")
    (folder / "notes.pdf").write_text("no", encoding="utf-8")
    options = {each.id: each.options for each in connect_node.define_schema().inputs}["instruction"]["options"]
    assert options == ["for the image model", "poet.md"]
    beautify(connect_node.execute("mine", instruction="poet.md").args[0], "a cat", seed=0, num_candidates=1)
    assert server.asked[-1]["messages"][0]["content"] == "Write like a poet."
    before = connect_node.fingerprint_inputs(endpoint="mine", instruction="poet.md")
    (folder / "poet.md").write_text("Write like a critic.", encoding="utf-8")
    assert connect_node.fingerprint_inputs(endpoint="mine", instruction="poet.md") != before
    (folder / "poet.md").unlink()
    with pytest.raises(ValueError, match=r"there is no instruction 'poet.md' in .*prompts: put a text file"):
        connect_node.execute("mine", instruction="poet.md")


@pytest.mark.slow
def test_the_page_hears_the_words_while_they_come(comfy, server, own_endpoint, connect_node, beautify):
    server.replies = [chat("a cat, oil on canvas", pause=0.25)]
    comfy.running = "7"
    beautify(connect_node.execute("mine").args[0], "a cat", seed=0, num_candidates=1)
    heard = [(data, sid) for event, data, sid in comfy.told if event == "prompt_beautifier.words"]
    assert len(heard) > 1 and {sid for _, sid in heard} == {"page"}
    assert all("a cat, oil on canvas".startswith(data.pop("text").strip()) for data, _ in heard)
    assert all(data == {"node": "7", "candidate": 0} for data, _ in heard)


def test_the_nodes_choices_are_the_librarys(connect_node):
    inputs = {each.id: each.options for each in connect_node.define_schema().inputs}
    for family in inputs["family"]["options"]:
        for unusable in inputs["unusable_answer"]["options"]:
            connected = connect_node.execute(inputs["endpoint"]["options"][0], "m", family, unusable).args[0]
            assert (connected.beautifier.family.name, connected.beautifier.unusable) == (family, unusable)
    assert inputs["family"]["default"] == "chat" and inputs["unusable_answer"]["default"] == "error"
