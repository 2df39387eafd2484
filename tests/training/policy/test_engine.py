"""Rollouts from a vLLM server, for which one stands in that samples from the weights that the run writes."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch

pytest.importorskip("accelerate")
pytest.importorskip("tensorboard")

from prompt_beautifier.beautifier.beautify import load_beautifier
from prompt_beautifier.beautifier.language.weights import load_network
from prompt_beautifier.training import ppo
from prompt_beautifier.training.policy.rollout import sample
from prompt_beautifier.training.run.metrics import read_metrics

from ...stand_ins import tiny
from .. import moody


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.say({"data": [{"id": "policy"}]})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server = self.server
        with server.in_turn:
            server.asked.append((self.path, body))
            if self.path == "/collective_rpc" and body == {"method": "reload_weights"}:
                server.network = load_network(server.folder)
                server.seen.append(server.network.h[-1].mlp.dense_4h_to_h.weight.clone())
            if self.path != "/v1/completions":
                return self.say({})
            generator = torch.Generator().manual_seed(body["seed"])
            chances = torch.rand(1, body["max_tokens"], generator=generator)
            (answer,) = sample(server.network, [body["prompt"]], body["max_tokens"], chances)
            tokens = [*answer.tokens, *([tiny.EOS] if answer.finished else [])]
            return self.say({"choices": [{"token_ids": tokens if server.knows_tokens else None}]})

    def say(self, content):
        data = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@contextmanager
def serving(folder: Path):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.folder, server.asked, server.seen, server.in_turn = folder, [], [], threading.Lock()
    server.knows_tokens = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield server, f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def arguments(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(Path(moody.__file__).parent))
    base = tiny.save_checkpoint(tmp_path / "base", "llama", family="promptist")
    data = moody.save_pairs(tmp_path / "data")
    folders = ["--model", str(base), "--data", str(data), "--out", str(tmp_path / "run"), "--reward", "moody:letters"]
    few = "--steps 2 --rollouts 8 --minibatch 4 --max-new-tokens 5 --eval-prompts 2 --lr 1e-2 --keep last".split()
    return [*folders, *few, *"--cpu --baseline none --export-dtype float32".split()]


@pytest.mark.slow
@pytest.mark.parametrize("more", [[], ["--lora", "2"]], ids=["whole", "adapters"])
def test_the_server_draws_from_the_weights_of_each_step(arguments, tmp_path, more):
    with serving(tmp_path / "run" / "policy") as (server, address):
        ppo.main([*arguments, *more, "--vllm-server", f"{address}/v1/"])
    asked = [body for path, body in server.asked if path == "/v1/completions"]
    assert len(asked) == 16 and len({body["seed"] for body in asked}) == 16
    beautifier = load_beautifier(tmp_path / "base")
    assert tuple(asked[0]["prompt"]) in {
        tuple(beautifier.asked(f"{colour} {thing}")) for colour in moody.COLOURS for thing in moody.THINGS
    }
    assert all(body["temperature"] == 1 and body["top_k"] == 0 and body["top_p"] == 1 for body in asked)
    first, second = server.seen
    assert torch.equal(first, load_network(tmp_path / "base").h[-1].mlp.dense_4h_to_h.weight)
    assert not torch.equal(first, second)
    assert [path for path, _ in server.asked].count("/reset_prefix_cache") == 2
    rows = read_metrics(tmp_path / "run")
    assert rows[1]["kl"] == pytest.approx(0, abs=1e-4) and abs(rows[2]["kl"]) > 1e-3
    load_beautifier(tmp_path / "run" / "model")


@pytest.mark.slow
def test_what_is_missing_is_said_in_one_line(arguments, tmp_path):
    with pytest.raises(RuntimeError, match=r"VLLM_SERVER_DEV_MODE=1 vllm serve .*run/policy`, wait until it is up"):
        ppo.main([*arguments, "--vllm-server", "http://127.0.0.1:9"])
    assert load_beautifier(tmp_path / "run" / "policy").family.name == "promptist"
    with serving(tmp_path / "run" / "policy") as (server, address):
        server.knows_tokens = False
        with pytest.raises(RuntimeError, match="did not answer with token_ids"):
            ppo.main([*arguments, "--vllm-server", address])
