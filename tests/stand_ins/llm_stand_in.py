"""An OpenAI-compatible server as far as tests ask of it: it answers, streams, stalls and fails as it is told.

    with serving() as server:
        server.replies = [status(503), chat("a cat, oil on canvas")]

Each request takes the next reply; the last one is used for all further requests. `server.requests` has what was
asked. A reply is a function of the handler and the request's body.
"""

import contextlib
import json
import select
import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

Reply = Callable[[BaseHTTPRequestHandler, dict], None]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.answer(body)

    def do_GET(self):
        if self.path.partition("?")[0].endswith("/models"):
            self.note({})
            models = self.server.models
            if callable(models):
                models(self, {})
            else:
                send(self, 200, {"data": [{"id": name} for name in models]})
        else:
            self.answer({})

    def answer(self, body: dict) -> None:
        with self.server.in_turn:  # the n-th request that is noted gets the n-th reply
            self.note(body)
            replies = self.server.replies
            reply = replies.pop(0) if len(replies) > 1 else replies[0]
        self.close_connection = True
        with contextlib.suppress(BrokenPipeError, ConnectionResetError, ConnectionAbortedError):
            reply(self, body)
            return
        self.server.closed_at.append(time.monotonic())

    def note(self, body: dict) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.requests.append(
            SimpleNamespace(method=self.command, path=self.path, headers=headers, body=body, at=time.monotonic())
        )

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.replies: list[Reply] = [chat("a cat, oil on canvas")]
        self.models: list[str] | Reply = ["only"]
        self.requests: list[SimpleNamespace] = []
        self.closed_at: list[float] = []
        self.in_turn = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    @property
    def asked(self) -> list[dict]:
        """The bodies of all requests for answers."""
        return [request.body for request in self.requests if request.method == "POST"]

    def handle_error(self, request, client_address):
        pass


@contextlib.contextmanager
def serving():
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def unused_port() -> int:
    with contextlib.closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


# -- replies


def send(handler, status: int, content: object, kind: str = "application/json", **headers: str) -> None:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(data)))
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(data)


def status(code: int, content: object = None, kind: str = "application/json", **headers: str) -> Reply:
    """An error, by default with a message as servers send it."""
    content = {"error": {"message": f"what the server says of {code}"}} if content is None else content
    return lambda handler, _: send(handler, code, content, kind, **headers)


def begin_stream(handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream; charset=utf-8")
    handler.end_headers()


def event(handler, content: object) -> None:
    handler.wfile.write(b"data: " + json.dumps(content, ensure_ascii=False).encode() + b"\n\n")
    handler.wfile.flush()


def choice(body: dict, index: int, text: str | None, reason: str | None = None, **delta) -> dict:
    """One choice of a stream's event, for chat and for completions."""
    if "messages" in body:
        delta = delta | ({"content": text} if text is not None else {})
        return {"index": index, "delta": delta, "finish_reason": reason}
    return {"index": index, "text": text or "", "finish_reason": reason}


def chat(*texts: str, does_n: bool = True, reason: str = "stop", pause: float = 0.0) -> Reply:
    """Answers, word by word in turn; without `does_n` only the first one, whatever was asked for."""

    def reply(handler, body):
        begin_stream(handler)
        wanted = body.get("n", 1) if does_n else 1
        pieces = [texts[index % len(texts)].split(" ") for index in range(wanted)]
        for step in range(max(map(len, pieces))):
            for index, words in enumerate(pieces):
                if step < len(words):
                    event(
                        handler,
                        {"choices": [choice(body, index, words[step] + " " * (step + 1 < len(words)))]},
                    )
            time.sleep(pause)
        for index in range(wanted):
            event(handler, {"choices": [choice(body, index, None, reason)]})
        handler.wfile.write(b"data: [DONE]\n\n")

    return reply


def whole(*texts: str, **message) -> Reply:
    """Answers in one piece, from a server that does not stream."""

    def reply(handler, body):
        choices = []
        for index, text in enumerate(texts[: body.get("n", 1)]):
            content = {"message": {"role": "assistant", "content": text, **message}}
            choices.append({"index": index, "finish_reason": "stop", **content})
        send(handler, 200, {"choices": choices})

    return reply


def stream_of(data: bytes, chunk: int = 1 << 20) -> Reply:
    """Bytes as they are, in chunks."""

    def reply(handler, _):
        begin_stream(handler)
        for start in range(0, len(data), chunk):
            handler.wfile.write(data[start : start + chunk])
            handler.wfile.flush()

    return reply


def cut(text: str = "a cat") -> Reply:
    """A stream that ends in the middle of an answer."""

    def reply(handler, body):
        begin_stream(handler)
        event(handler, {"choices": [choice(body, 0, text)]})

    return reply


def endless(text: str = "cat, ", pause: float = 0.02) -> Reply:
    """An answer that goes on until somebody leaves."""

    def reply(handler, body):
        begin_stream(handler)
        while True:
            event(handler, {"choices": [choice(body, 0, text)]})
            time.sleep(pause)

    return reply


def silent(stream: bool = False) -> Reply:
    """Nothing at all, until the other side leaves; with `stream`, after the headers."""

    def reply(handler, _):
        if stream:
            begin_stream(handler)
            handler.wfile.flush()
        for _ in range(600):
            readable, _, _ = select.select([handler.connection], [], [], 0.05)
            if readable and not handler.connection.recv(1, socket.MSG_PEEK):
                raise ConnectionResetError

    return reply
