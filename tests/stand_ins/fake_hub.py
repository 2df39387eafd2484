"""A hub on this computer: answers as Hugging Face's and ModelScope's do, and fails in the ways it is told to.

    with FakeHub() as hub:
        commit = hub.add("owner/name", {"config.json": b"{}", "model.safetensors": b"..."})
        hub.fail("model.safetensors", "cut", at=1000, times=1)

Large files are answered with a redirect to another host name, as a content network has one.
"""

import hashlib
import http.server
import json
import re
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

LARGE = 1 << 12  # from here on a file is kept in LFS: its ETag is its sha256, and it is on the other host


def git_sha1(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@dataclass
class Failure:
    """What to do instead when a path with `part` in it is asked for.

    gone           close the connection without an answer
    status, code   answer with this HTTP status and X-Error-Code
    cut            close the connection after `at` bytes of a body
    wrong          send as many bytes, but others
    short          announce, and send, `at` bytes only
    login          answer 200 with a web page, as a hotel's network does
    whole          take no notice of Range
    slow, stall    wait `at` seconds before every piece of 4 kB; stall: once, after the first piece
    """

    part: str
    kind: str
    at: float
    status: int
    code: str | None
    times: float
    method: str | None


@dataclass
class Request:
    """What was asked for, for tests to look at."""

    method: str
    path: str
    host: str
    headers: Mapping[str, str] = field(repr=False)


class FakeHub:
    """Serves what add() put in, until the end of the with block."""

    def __init__(self):
        self.repositories: dict[str, dict[str, str]] = {}  # name of a branch or ref -> commit
        self.commits: dict[tuple[str, str], dict[str, bytes]] = {}
        self.modelscope: dict[str, dict[str, bytes]] = {}
        self.moved: dict[str, str] = {}
        self.token: dict[str, str] = {}
        self.requests: list[Request] = []
        self.failures: list[Failure] = []
        handler = type("Handler", (Handler,), {"hub": self})
        self.server = Server(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.content_network = f"http://localhost:{self.server.server_port}"

    def __enter__(self) -> "FakeHub":
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """Refuse connections from now on."""
        self.server.shutdown()
        self.server.server_close()

    def add(self, repository: str, files: dict[str, bytes], branch: str = "main") -> str:
        """Commit files to a branch of a repository; the commit comes back."""
        commit = git_sha1(repr((repository, branch, sorted(files.items()))).encode())
        self.repositories.setdefault(repository, {})[branch] = commit
        self.commits[repository, commit] = files
        return commit

    def fail(self, part: str, kind: str, at=0, status=500, code=None, times=float("inf"), method=None) -> None:
        """From now on, and so many times, fail where `part` is in the path that is asked for."""
        self.failures.append(Failure(part, kind, at, status, code, times, method))

    def recover(self) -> None:
        self.failures.clear()

    def failure(self, method: str, path: str) -> Failure | None:
        for failure in self.failures:
            if failure.part in path and failure.method in (None, method) and failure.times > 0:
                failure.times -= 1
                return failure
        return None

    def asked(self, part: str, method: str = "GET") -> list[Request]:
        return [request for request in self.requests if part in request.path and request.method == method]


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):  # clients that leave are what is tested here
            super().handle_error(request, client_address)


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection. HTTP/1.1, so that lengths and ranges mean what they mean on a real hub."""

    hub: FakeHub
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        self.answer()

    def log_message(self, *_) -> None:
        pass

    def answer(self) -> None:
        path = unquote(self.path)
        self.hub.requests.append(Request(self.command, path, self.headers["Host"], self.headers))
        failure = self.hub.failure(self.command, path)
        try:
            if failure and failure.kind == "status":
                self.refuse(failure.status, failure.code)
            elif failure and failure.kind == "gone":
                self.close_connection = True
            elif failure and failure.kind == "login":
                self.send(200, {"Content-Type": "text/html"}, b"<html>Please log in</html>")
            else:
                self.route(urlsplit(path), failure)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def route(self, url, failure: Failure | None) -> None:
        listing = re.fullmatch(r"/api/v1/models/([^/]+/[^/]+)/repo/files", url.path)
        modelscope = re.fullmatch(r"/models/([^/]+/[^/]+)/resolve/master/(.+)", url.path)
        stored = re.fullmatch(r"/content/(\w+)/.+", url.path)
        resolve = re.fullmatch(r"/([^/]+/[^/]+)/resolve/(.+)", url.path)
        if listing:
            self.list_modelscope(listing[1], parse_qs(url.query))
        elif modelscope:
            self.body(self.hub.modelscope[modelscope[1]][modelscope[2]], {}, failure)
        elif stored:
            contents = (each for files in self.hub.commits.values() for each in files.values())
            self.body(next(each for each in contents if sha256(each) == stored[1]), {}, failure)
        elif resolve:
            self.resolve(resolve[1], resolve[2], failure)
        else:
            self.refuse(404, None)

    def list_modelscope(self, repository: str, query: dict) -> None:
        files = self.hub.modelscope.get(repository)
        if files is None or query != {"Revision": ["master"], "Recursive": ["True"]}:
            return self.refuse(404, None)
        listed = [
            {"Path": name, "Name": name, "Type": "blob", "Size": len(content), "Sha256": sha256(content)}
            for name, content in files.items()
        ]
        self.send(200, {}, json.dumps({"Code": 200, "Data": {"Files": listed}}).encode())

    def resolve(self, repository: str, rest: str, failure: Failure | None) -> None:
        if repository in self.hub.moved:
            return self.send(307, {"Location": f"/{self.hub.moved[repository]}/resolve/{rest}"}, b"")
        branches = self.hub.repositories.get(repository)
        if branches is None:
            return self.refuse(401, "RepoNotFound")
        wanted = self.hub.token.get(repository)
        if wanted and self.headers.get("Authorization") != f"Bearer {wanted}":
            return self.refuse(403 if "Authorization" in self.headers else 401, "GatedRepo")
        known = branches | {commit: commit for name, commit in self.hub.commits if name == repository}
        revision = next((name for name in known if rest.startswith(f"{name}/")), None)
        if revision is None:
            return self.refuse(404, "RevisionNotFound")
        name, commit = rest.removeprefix(f"{revision}/"), known[revision]
        content = self.hub.commits[repository, commit].get(name)
        if content is None:
            return self.refuse(404, "EntryNotFound", {"X-Repo-Commit": commit})
        self.send_file(name, content, {"X-Repo-Commit": commit}, failure)

    def send_file(self, name: str, content: bytes, headers: dict, failure: Failure | None) -> None:
        if len(content) < LARGE:
            return self.body(content, headers | {"ETag": f'"{git_sha1(content)}"'}, failure)
        hash_, size = sha256(content), len(content)
        if failure and failure.kind == "short":
            size = int(failure.at)
        headers |= {"X-Linked-Etag": f'"{hash_}"', "X-Linked-Size": str(size), "ETag": '"of-the-redirect"'}
        self.send(302, headers | {"Location": f"{self.hub.content_network}/content/{hash_}/{name}"}, b"")

    def body(self, content: bytes, headers: dict, failure: Failure | None) -> None:
        """The bytes of a file, or the range of them that was asked for, or what a failure makes of it."""
        kind = failure.kind if failure else None
        if kind == "wrong":
            content = bytes(byte ^ 1 for byte in content)
        elif kind == "short":
            content = content[: int(failure.at)]
        size, start, status = len(content), 0, 200
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if asked and kind != "whole":
            start, status = int(asked[1]), 206
            headers |= {"Content-Range": f"bytes {start}-{size - 1}/{size}"}
            if start >= size:
                return self.refuse(416, None)
        content = content[start:]
        self.start(status, headers | {"Content-Length": str(len(content))})
        if self.command == "GET":
            self.write(content, failure)

    def write(self, content: bytes, failure: Failure | None) -> None:
        kind = failure.kind if failure else None
        if kind == "cut":
            content = content[: int(failure.at)]
        for start in range(0, len(content), 1 << 12):
            if kind == "slow" or (kind == "stall" and start):
                time.sleep(failure.at)
            self.wfile.write(content[start : start + (1 << 12)])
        if kind == "cut":
            self.wfile.flush()
            self.close_connection = True

    def refuse(self, status: int, code: str | None, headers: dict | None = None) -> None:
        headers = dict(headers or {}) | ({"X-Error-Code": code} if code else {})
        self.send(status, headers, json.dumps({"error": f"status {status}"}).encode())

    def send(self, status: int, headers: dict, content: bytes) -> None:
        self.start(status, headers | {"Content-Length": str(len(content))})
        if self.command == "GET":
            self.wfile.write(content)

    def start(self, status: int, headers: dict) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
