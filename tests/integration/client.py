"""A client of ComfyUI's HTTP API."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

RUNS_WITHIN = 240  # seconds


class Client:
    def __init__(self, port: int, log_file: Path):
        self.url = f"http://127.0.0.1:{port}"
        self.log_file = log_file
        self.pid: int | None = None  # of the server's process

    @property
    def log(self) -> str:
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    def get_bytes(self, path: str) -> bytes:
        with urllib.request.urlopen(self.url + path, timeout=30) as response:
            return response.read()

    def get(self, path: str) -> Any:
        return json.loads(self.get_bytes(path))

    def post(self, path: str, body: dict) -> Any:
        """The JSON answer, also when it is an error."""
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                content = response.read()
        except urllib.error.HTTPError as error:
            content = error.read()
        return json.loads(content) if content else None

    def queue(self, graph: dict, **extra_data) -> str:
        """The id of a run that was queued; all of the graph has to be valid."""
        body = {"prompt": graph} | ({"extra_data": extra_data} if extra_data else {})
        answer = self.post("/prompt", body)
        assert not answer.get("error") and not answer["node_errors"], answer
        return answer["prompt_id"]

    def wait(self, run: str) -> dict:
        """The history of a run, once it is over."""
        deadline = time.monotonic() + RUNS_WITHIN
        while time.monotonic() < deadline:
            history = self.get(f"/history/{run}")
            if run in history:
                return history[run]
            time.sleep(0.05)
        raise TimeoutError(f"the run took more than {RUNS_WITHIN} s:\n{self.log[-2000:]}")

    def run(self, graph: dict, **extra_data) -> dict:
        """The history of a run that has to succeed."""
        history = self.wait(self.queue(graph, **extra_data))
        assert history["status"]["status_str"] == "success", history["status"]["messages"]
        return history

    def run_anew(self, graph: dict, node: str) -> dict:
        """The history of a run for which ComfyUI has forgotten all results and models, that of `node` among them."""
        for _ in range(20):  # it forgets in its own time
            self.post("/free", {"unload_models": True, "free_memory": True})
            time.sleep(0.5)
            history = self.run(graph)
            if all(node not in cached["nodes"] for cached in messages(history, "execution_cached")):
                return history
        raise TimeoutError(f"node {node} still comes from the cache")

    def images(self, history: dict) -> list[bytes]:
        """The PNG files a run saved, in order."""
        saved = [image for output in history["outputs"].values() for image in output.get("images", [])]
        return [self.get_bytes("/view?" + urllib.parse.urlencode(image)) for image in saved]


def messages(history: dict, kind: str) -> list[dict]:
    """What the server reported during a run, of one kind: "execution_cached", "execution_error" and so on."""
    return [content for name, content in history["status"]["messages"] if name == kind]
