"""Connect Prompt LLM in a real ComfyUI: Cancel closes the connection, and a failure shows no key."""

import json
import time

import pytest

pytest.importorskip("aiohttp")

from ..stand_ins import llm_stand_in
from .client import messages
from .conftest import RAN_ON

KEY = "sk-never-show-this-1234567890"
NODE = "PromptBeautifierConnectPromptLLM"


@pytest.fixture
def llm(base):
    """A stand-in for a server that wants a key, listed in ComfyUI's endpoints file."""
    with llm_stand_in.serving() as llm:
        entry = {"base_url": f"{llm.url}?key={KEY}1", "api_key": f"{KEY}2", "model": "m"}
        path = base / "user" / "prompt_beautifier_endpoints.json"
        path.write_text(json.dumps({"endpoints": {"mine": entry}}), encoding="utf-8")
        yield llm


def graph(seed: int) -> dict:
    connected = {"endpoint": "mine", "model": "", "family": "chat", "unusable_answer": "error"}
    request = {"beautifier": ["1", 0], "prompt": "a cat", "seed": seed, "num_candidates": 2, "candidate": 1}
    return {
        "1": {"class_type": NODE, "inputs": connected},
        "2": {
            "class_type": "PromptBeautifierBeautifyPrompt",
            "inputs": {**request, "mode": "rewrite", "clip_tokens": 0},
        },
        "3": {"class_type": "PreviewAny", "inputs": {"source": ["2", 2]}},
    }


def test_the_node_offers_the_endpoints(server, llm):
    info = server.get(f"/object_info/{NODE}")[NODE]
    assert info["input"]["required"]["endpoint"][1]["options"] == ["mine"]
    assert info["output"] == ["PROMPT_BEAUTIFIER"]
    assert KEY not in json.dumps(info)


def test_prompts_come_through_and_no_key_does(server, llm):
    llm.replies = [llm_stand_in.chat("a cat, oil", "a cat, ink")]
    history = server.run(graph(seed=101))
    assert history["outputs"]["2"]["text"] == ["a cat, oil", "a cat, ink"]
    assert llm.requests[0].headers["authorization"] == f"Bearer {KEY}2"
    assert KEY not in json.dumps(history) and KEY not in server.log


def test_a_failure_is_told_without_the_key(server, llm):
    def echo(handler, _):
        sent = f"{handler.path} {dict(handler.headers)}"
        llm_stand_in.send(handler, 418, {"error": {"message": sent}})

    llm.replies = [echo]
    history = server.wait(server.queue(graph(seed=102)))
    (error,) = messages(history, "execution_error")
    assert "endpoint 'mine'" in error["exception_message"] and "it answered 418" in error["exception_message"]
    assert KEY not in json.dumps(history) and KEY not in server.log


def test_cancel_closes_the_connection(server, llm):
    llm.replies = [llm_stand_in.silent(stream=True)]
    run = server.queue(graph(seed=103))
    deadline = time.monotonic() + 30
    while not llm.requests and time.monotonic() < deadline:
        time.sleep(0.02)
    cancelled = time.monotonic()
    server.post("/interrupt", {})
    history = server.wait(run)
    assert messages(history, "execution_interrupted")
    while not llm.closed_at and time.monotonic() < deadline:
        time.sleep(0.02)
    RAN_ON.append(f"Cancel of a server that says nothing: {llm.closed_at[0] - cancelled:.2f} s")
