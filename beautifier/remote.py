"""A Beautifier whose network is an OpenAI-compatible server: vLLM, llama.cpp, Ollama, or a service like them.

`connect` is to a server what `load_beautifier` is to a checkpoint; the rest is one walk: what is asked
(`request_for`), asking until it is answered (`write_answers`, `ask`, `post`), and what is said when it is not.

The thread that called `beautify` waits, reports progress and watches should_stop; a second one talks to the
server. The client is aiohttp, the library ComfyUI's own server is made of, so that users install nothing; it is
imported when a server is first asked.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import re
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING

from .beautify import (
    CHARACTERS_PER_TOKEN,
    Candidate,
    at_word_boundary,
    candidates,
    check_arguments,
    longest_beginning,
    read_cleaned,
)
from .chat import CHAT, SERVED_FAMILIES, SYSTEM_PROMPT, UNUSABLE, is_refusal, is_related
from .clip_tokens import count_clip_tokens
from .decoding import Sampling, is_number
from .endpoints import Endpoint, find_endpoint, listed
from .families import Family, render

if TYPE_CHECKING:
    import aiohttp

# -- limits

TICK = 0.1  # seconds between two looks at should_stop
CLOSES_WITHIN = 1.0  # seconds that a stopped request may take to close its connection
CONNECTS_WITHIN = 10.0  # seconds
RETRIES = 3
FIRST_WAIT = 0.5  # seconds before the first retry; each further one waits twice as long
LONGEST_WAIT = 30.0  # seconds; a server that wants more is not waited for
LONGEST_ANSWER = 100_000  # characters of one answer
LONGEST_LINE = 8_000_000  # bytes of one event or one whole answer
LONGEST_ERROR = 65_536  # bytes that are read of an error page

# Servers disagree on how large a seed may be; this and 64 candidates more fits into 31 bits.
SEEDS = 2**31 - 64

logger = logging.getLogger(__name__)


class RemoteError(RuntimeError):
    """What went wrong with a server, and what to do about it. Its text shows no key."""


class Passing(Exception):
    """Something that may be gone at the next try, after `wait` seconds if the server said so."""

    def __init__(self, problem: str, advice: str, wait: float | None = None):
        super().__init__(problem)
        self.advice, self.wait = advice, wait


# -- the beautifier


@dataclass(eq=False)
class Written:
    """One answer while it is written: by the thread that listens, for the one that waits.

    reason is why it ended, as the server calls it ("stop", "length"), "" until then.
    """

    text: str = ""
    tokens: int = 0
    thoughts: int = 0
    reason: str = ""
    refusal: str = ""

    def clear(self) -> None:
        """Forget a try that failed."""
        self.text = self.reason = self.refusal = ""
        self.tokens = self.thoughts = 0


@dataclass(eq=False)
class RemoteBeautifier:
    """A server's model, ready to be asked. It holds the endpoint's name and no key: the file is read each time.

    name       what PNG metadata and --json call the model: once it has answered, endpoint and model
    family     how it is asked: `chat`, or the family of a checkpoint that is served for completions
    model      the model's name at the server; "" for the endpoint's, or the server's only one
    unusable   what becomes of an answer that is a refusal, empty or unrelated to the raw prompt: "error" leaves
               it out and raises RemoteError when no other is left, "raw prompt" puts that in its place
    timeout    seconds without a word from the server after which it is given up
    """

    name: str
    family: Family = field(repr=False)
    endpoints_file: Path = field(repr=False)
    endpoint: str
    model: str = ""
    unusable: str = "error"
    timeout: float = 120.0

    def beautify(
        self,
        raw_prompt: str,
        num_candidates: int = 5,
        seed: int = 0,
        sampling: Sampling | None = None,
        mode: str = "rewrite",
        clip_tokens: int | None = None,
        on_step: Callable[[int, int], object] | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> list[Candidate]:
        """Have the server write detailed prompts for a raw prompt.

        Arguments and promises are those of `Beautifier.beautify`, but for these: whether a seed gives the same
        text again is up to the server; the server is told of top_k and repetition_penalty only where they are
        on, since not every server knows them; on_step is also called while nothing has come yet, ten times a
        second, and should_stop is asked as often. A stop closes the connection.

        Raises ValueError for arguments and entries of the endpoints file that cannot be worked with, and
        RemoteError, saying what to do, where the server gives no usable answer.
        """
        check_arguments(raw_prompt, num_candidates, seed, sampling, mode, clip_tokens)
        sampling = self.family.sampling if sampling is None else sampling
        if sampling.num_beams > 1 and not sampling.greedy:
            raise ValueError(
                f"num_beams must be 1 for a server, not {sampling.num_beams}: none can be asked for beam search"
            )

        def write(words: str) -> tuple[str, list[str]]:
            words = readable(self.family, words)
            written = [Written() for _ in range(1 if sampling.greedy else num_candidates)]
            server = Server(find_endpoint(self.endpoints_file, self.endpoint), self.model, self.timeout)
            request = request_for(self.family, words, seed, sampling)
            total, done = request["max_tokens"], 0

            def tick() -> bool:
                nonlocal done
                if on_step:
                    steps = sum(total if each.reason else min(each.tokens, total - 1) for each in written)
                    done = max(done, steps)  # a retry begins again, the progress bar does not
                    on_step(done, total * len(written))
                return bool(should_stop and should_stop())

            stopped = run_until_stopped(lambda: write_answers(server, request, written), tick)
            if request.get("model"):
                self.name = f"{self.endpoint}: {request['model']}"
            return words, self.read(server.endpoint, words, written, stopped)

        return candidates(raw_prompt, write, mode, clip_tokens, self.family.weights)

    def read(self, endpoint: Endpoint, words: str, written: list[Written], stopped: bool) -> list[str]:
        """The cleaned prompts of the answers; "" where the raw prompt is to stand in."""
        answers, problems = [], []
        for each in written:
            text = read_cleaned(self.family, words, each.text, finished=each.reason not in ("", "length"))
            problem = why_unusable(words, each, text)
            if problem:
                problems.append(problem)
            if not problem or stopped or self.unusable == "raw prompt":
                answers.append("" if problem else text)
        if not answers:
            raise RemoteError(
                f"endpoint {endpoint.name!r}: no usable answer; {endpoint.scrub(problems[0])}. Another seed or "
                "another model may help; to go on with the raw prompt instead, choose that for unusable answers"
            )
        return answers


def connect(
    endpoints_file: str | Path,
    endpoint: str,
    model: str = "",
    family: str | Family = "chat",
    unusable: str = "error",
    timeout: float = 120.0,
) -> RemoteBeautifier:
    """A Beautifier on the server that the endpoints file has under that name. Nothing is sent yet.

    endpoints_file  made with examples where there is none; see endpoints.py
    The other arguments are the fields of `RemoteBeautifier`.

    Raises ValueError naming the argument, or the entry of the file, that cannot be worked with.
    """
    if not isinstance(family, Family):
        if family not in SERVED_FAMILIES:
            raise ValueError(f"family must be one of {listed(SERVED_FAMILIES)}, not {family!r}")
        family = SERVED_FAMILIES[family]
    if unusable not in UNUSABLE:
        raise ValueError(f"unusable must be one of {listed(UNUSABLE)}, not {unusable!r}")
    if not is_number(timeout) or timeout <= 0:
        raise ValueError(f"timeout must be a number of seconds above 0, not {timeout!r}")
    path = Path(endpoints_file)
    find_endpoint(path, endpoint)
    return RemoteBeautifier(endpoint, family, path, endpoint, model.strip(), unusable, timeout)


def readable(family: Family, words: str) -> str:
    """As much of the words, from their beginning, as a model of the family reads.

    The server's tokenizer is not here: CLIP's stands in, which makes as many tokens of a text, or more.
    """
    limit = family.max_prompt_tokens
    beginning = longest_beginning(
        words[: limit * CHARACTERS_PER_TOKEN],
        lambda text: count_clip_tokens(render(family, text)) <= limit,
    )
    return words if len(beginning) == len(words) else at_word_boundary(beginning, words)


def why_unusable(words: str, written: Written, text: str) -> str:
    """What is wrong with an answer and its cleaned text, for a message; "" where nothing is."""
    said = " ".join((written.refusal or written.text).split())
    said = repr(said[:200] + "…" if len(said) > 200 else said)
    if written.refusal or written.reason == "content_filter" or is_refusal(words, written.text):
        return f"the model refuses: {said}"
    if not text and written.reason == "length" and (written.thoughts or "<think" in written.text):
        return (
            f"the model spent all {written.tokens} tokens on thinking: turn its thinking off, or raise max_new_tokens"
        )
    if not text:
        return f"the model answered {said}, in which there is no prompt"
    if not is_related(words, text):
        return f"the answer shares no word with the raw prompt: {said}"
    return ""


# -- two threads


def run_until_stopped(work: Callable[[], Awaitable[None]], tick: Callable[[], bool]) -> bool:
    """Run a coroutine in a thread of its own, calling `tick` here until it ends. Whether tick stopped it.

    Once tick returns True or raises, the coroutine is cancelled, which closes its connections; it is given
    CLOSES_WITHIN seconds for that. What the coroutine raises is raised here.

    A thread, because ComfyUI calls nodes from within an event loop, and because the caller may block. It is a
    daemon, because looking up a host name cannot be interrupted and may outlast the second.
    """
    stop, ended = threading.Event(), threading.Event()
    problems: list[BaseException] = []

    async def watched() -> None:
        task = asyncio.ensure_future(work())
        while not task.done():
            await asyncio.wait({task}, timeout=TICK)
            if stop.is_set():
                task.cancel()
        if not task.cancelled() and task.exception():
            problems.append(task.exception())

    def run() -> None:
        try:
            asyncio.run(watched())
        except BaseException as error:  # whatever it is, the waiting thread has to hear of it
            problems.append(error)
        finally:
            ended.set()

    threading.Thread(target=run, name="prompt-beautifier-remote", daemon=True).start()
    try:
        while not ended.wait(TICK):
            if tick():
                return True
        if not problems:
            tick()
            return False
    finally:
        stop.set()
        ended.wait(CLOSES_WITHIN)
    # What it came from goes no further: a server's own words, or an address, may have a key in them.
    problems[0].__cause__ = problems[0].__context__ = None
    raise problems[0]


# -- what is asked


def request_for(family: Family, words: str, seed: int, sampling: Sampling) -> dict:
    """The body of a request for one answer, but for the model."""
    text = render(family, words)
    max_tokens = int(sampling.max_new_tokens)
    if sampling.max_length is not None:
        max_tokens = max(1, min(max_tokens, int(sampling.max_length) - count_clip_tokens(text)))
    request = {
        "max_tokens": max_tokens,
        "temperature": 0.0 if sampling.greedy else float(sampling.temperature),
        "top_p": 1.0 if sampling.greedy else float(sampling.top_p),
        "seed": int(seed) % SEEDS,
        "stream": True,
    }
    if sampling.top_k and not sampling.greedy:
        request["top_k"] = int(sampling.top_k)
    if sampling.repetition_penalty != 1:
        # vLLM's name and llama.cpp's.
        request["repetition_penalty"] = request["repeat_penalty"] = float(sampling.repetition_penalty)
    if family.name != CHAT.name:
        return {"prompt": text, **request}
    system, user = {"role": "system", "content": SYSTEM_PROMPT}, {"role": "user", "content": text}
    return {"messages": [system, user], **request}


# What may be left out when a server does not know it.
OPTIONAL = ("top_k", "repetition_penalty", "repeat_penalty", "seed", "top_p", "temperature")
NOT_KNOWN = re.compile(
    r"unsupported|not supported|n't support|not support|unrecognized|unknown|unexpected|extra inputs"
    r"|not permitted|not allowed|only the default",
    re.IGNORECASE,
)
NO_SYSTEM_ROLE = re.compile(r"system role|role.{0,20}system|conversation roles must alternate", re.IGNORECASE)


def left_out(request: dict, error_page: str) -> str:
    """Take from the request, or rename in it, what the server does not know; "" where nothing can be done."""
    if "max_completion_tokens" in error_page and "max_tokens" in request:
        request["max_completion_tokens"] = request.pop("max_tokens")
        return "max_tokens (max_completion_tokens instead)"
    if NOT_KNOWN.search(error_page):
        for name in OPTIONAL:
            if name in request and re.search(rf"(?<![\w]){name}(?![\w])", error_page):
                del request[name]
                return name
    if len(request.get("messages", ())) == 2 and NO_SYSTEM_ROLE.search(error_page):
        system, user = request["messages"]
        request["messages"] = [{"role": "user", "content": f"{system['content']}\n\n{user['content']}"}]
        return "the system role (its text leads the user's instead)"
    return "n (one request for each candidate instead)" if request.pop("n", None) else ""


# -- asking


@dataclass(eq=False)
class Server:
    """An endpoint that is being asked, over one session."""

    endpoint: Endpoint
    model: str
    timeout: float
    session: aiohttp.ClientSession = field(init=False, repr=False)

    def error(self, problem: str, advice: str) -> RemoteError:
        """The error to raise: what happened where, what to do, no secrets."""
        text = f"endpoint {self.endpoint.name!r} ({self.endpoint.where}): {problem}. {advice}"
        return RemoteError(self.endpoint.scrub(text))


async def write_answers(server: Server, request: dict, written: list[Written]) -> None:
    """Have all answers written: by one request where the server can, else by one after the other.

    Answer k is asked for with seed + k, which is also what vLLM makes of one request for several. One at a time,
    because servers with a single slot give up an answer for the next request.
    """
    import aiohttp

    timeout = aiohttp.ClientTimeout(
        total=None, sock_connect=min(CONNECTS_WITHIN, server.timeout), sock_read=server.timeout
    )
    # Proxies of the system are for the outside: asked for 127.0.0.1, they would answer with their own.
    outside = not is_local(server.endpoint.where)
    try:
        async with aiohttp.ClientSession(timeout=timeout, trust_env=outside) as server.session:
            request["model"] = server.model or server.endpoint.model or await only_model(server)
            seed = request["seed"]
            if len(written) > 1:
                request["n"] = len(written)
            await ask(server, request, written)
            request.pop("n", None)
            for k, each in enumerate(written):
                if "seed" in request:
                    request["seed"] = seed + k
                if not each.reason:
                    await ask(server, request, [each])
        return
    except (RemoteError, asyncio.CancelledError):
        raise
    except Exception as error:
        failure = unexpected(server, error)
    raise failure


def unexpected(server: Server, error: Exception) -> RemoteError:
    """The error for what nobody thought of; addresses in its text may hold keys, even a proxy's."""
    text = re.sub(r"\w+://\S+", "(address)", f"{type(error).__name__}: {error}")
    advice = "Check this endpoint's entry in the endpoints file"
    return server.error(f"the request failed ({text})", advice).with_traceback(error.__traceback__)


def is_local(where: str) -> bool:
    """Whether an address is of this computer or a private network."""
    host = re.match(r"https?://(\[[^\]]*\]|[^:/]*)", where)[1].lower()
    return "." not in host or bool(
        re.match(r"127\.|10\.|192\.168\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.", host)
        or host.endswith((".local", ".lan", ".internal", ".localhost"))
    )


async def ask(server: Server, request: dict, written: list[Written]) -> None:
    """Send a request until it is answered: without what the server does not know, again what may pass."""
    retries = 0
    while True:
        for each in written:
            each.clear()
        try:
            refused = await post(server, request, written)
            if not refused:
                return
            name = left_out(request, refused.page)
            if not name:
                raise server.error(refused.problem, refused.advice)
            logger.warning("endpoint %r does not take %s", server.endpoint.name, name)
        except Passing as problem:
            retries += 1
            await wait_for_retry(server, problem, retries)


async def wait_for_retry(server: Server, problem: Passing, retry: int) -> None:
    """Sleep until the next try, or raise where there is none."""
    wait = problem.wait
    if wait is not None and wait > LONGEST_WAIT:
        raise server.error(f"{problem}; it asks to wait {wait:.0f} seconds", problem.advice)
    if retry > RETRIES:
        raise server.error(f"{problem} (tried {retry} times)", problem.advice)
    if wait is None:
        wait = FIRST_WAIT * 2 ** (retry - 1) * random.uniform(0.8, 1.2)  # not in step with other clients
    await asyncio.sleep(wait)


@dataclass(frozen=True)
class Refused:
    """A request the server cannot work with: its own page, and what to say of it."""

    page: str
    problem: str
    advice: str


async def post(server: Server, request: dict, written: list[Written]) -> Refused | None:
    """One try. Returns what the server says is wrong with the request; raises Passing, or RemoteError."""
    path = "chat/completions" if "messages" in request else "completions"
    async with opened(server, "POST", path, request) as response:
        if response.status in (400, 422):
            page = await start_of(response)
            return Refused(page, f"it cannot work with the request: {said_in(page)}", ADVICE_400)
        await check_status(server, response, request["model"])
        if response.content_type == "text/event-stream":
            await listen(server, response, written)
        else:
            take(server, await whole_json(server, response), written)
            finish_whole(written)
    if not any(each.reason for each in written):
        raise server.error("it answered, but with no choices", "Try again; if it stays so, see the server's log")
    return None


class opened:
    """`async with opened(server, method, path, body) as response`: errors of the line raise Passing or RemoteError.

    Redirects are not followed: the key goes to the host that the user wrote down, and no other.
    """

    def __init__(self, server: Server, method: str, path: str, body: dict | None = None):
        self.server = server
        endpoint = server.endpoint
        headers = {"Accept": "text/event-stream, application/json", **dict(endpoint.headers)}
        if endpoint.api_key:
            headers.setdefault("Authorization", f"Bearer {endpoint.api_key}")
        self.context = server.session.request(
            method, endpoint.url(path), json=body, headers=headers, allow_redirects=False
        )

    async def __aenter__(self) -> aiohttp.ClientResponse:
        try:
            return await self.context.__aenter__()
        except Exception as error:
            problem = line_problem(self.server, error)
        raise problem

    async def __aexit__(self, kind, error, trace) -> None:
        await self.context.__aexit__(kind, error, trace)
        problem = line_problem(self.server, error) if isinstance(error, Exception) else None
        if problem is not None and problem is not error:
            raise problem from None


def line_problem(server: Server, error: Exception) -> Exception:
    """What an error of the connection means; other errors come back as they are."""
    import aiohttp

    where = server.endpoint.where
    if isinstance(error, (aiohttp.ClientSSLError, aiohttp.ClientConnectorCertificateError)):
        return server.error(
            "its certificate is not trusted, or it does not speak https",
            "Correct base_url (http:// for a server without certificate), or have the system trust it",
        )
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return Passing("its host name is not known", f"Correct base_url, or check the network: {where}")
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return Passing("it cannot be reached: no connection in time", "Check that the server runs, and base_url")
    if isinstance(error, (aiohttp.ServerTimeoutError, asyncio.TimeoutError)):
        return server.error(
            f"it sent nothing for {server.timeout:g} seconds",
            "It may be loading a model or be busy: try again, or raise the timeout",
        )
    if isinstance(error, aiohttp.ClientConnectorError):
        reason = error.os_error.strerror or "connection refused"
        return Passing(f"nothing answers there ({reason})", "Start the server, or correct base_url")
    if isinstance(error, (aiohttp.ClientPayloadError, aiohttp.ClientOSError, aiohttp.ServerDisconnectedError)):
        return Passing("the connection was cut in the middle of the answer", "See the server's log for the reason")
    return error


# -- status codes

ADVICE_400 = "Change the setting it names; a chat model needs the family 'chat', other checkpoints their own"


async def check_status(server: Server, response: aiohttp.ClientResponse, model: str) -> None:
    """Raise what a status code other than 2xx means."""
    status = response.status
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        target = re.match(r"(?:https?://)?[\w.:-]*", response.headers.get("Location", ""))[0] or "another path"
        raise server.error(
            f"it redirects ({status}) to {target}",
            "Redirects are not followed, so that the key stays where it belongs: if that address is right, "
            "write it into base_url",
        )
    if status in (401, 403):
        key = "does not accept the key" if server.endpoint.api_key else "wants a key"
        raise server.error(f"it {key} ({status})", "Write the right one into api_key of this endpoint")
    said = said_in(await start_of(response))
    if status == 404:
        raise await not_found(server, model, said)
    if status in (408, 425, 429) or status >= 500:
        known = {429: "too many requests, or a quota is used up", 503: "not ready"}.get(status, "server error")
        raise Passing(
            f"it answered {status}, {known}: {said}",
            "Try again later; the server's log, or the account's limits, say more",
            retry_after(response),
        )
    raise server.error(f"it answered {status}: {said}", "Check base_url; the server's log may say more")


async def not_found(server: Server, model: str, said: str) -> RemoteError:
    """The error for a 404, which may mean the path or the model: the list of models tells."""
    names = None
    with suppress(RemoteError, Passing):
        names = await model_names(server)
    if names and model not in names:
        return server.error(f"it has no model {model!r}: {said}", f"Its models are {listed(names)}")
    return server.error(
        f"it has nothing at this address (404): {said}",
        "base_url must be that of an OpenAI-compatible API, which usually ends in /v1",
    )


def retry_after(response: aiohttp.ClientResponse) -> float | None:
    """Seconds that the server asks to wait, None if it does not say."""
    value = response.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,9}(?:\.\d{1,9})?", value):
        return float(value)
    with suppress(ValueError, TypeError):
        at = parsedate_to_datetime(value)
        at = at if at.tzinfo else at.replace(tzinfo=timezone.utc)
        return max(0.0, (at - datetime.now(timezone.utc)).total_seconds())
    return None


async def start_of(response: aiohttp.ClientResponse) -> str:
    """The beginning of an error page."""
    page = b""
    async for chunk in response.content.iter_any():
        page += chunk
        if len(page) >= LONGEST_ERROR:
            break
    return page[:LONGEST_ERROR].decode("utf-8", "replace")


def said_in(page: str) -> str:
    """The message of an error page, JSON or not, on one short line."""
    message = page
    with suppress(ValueError, AttributeError):
        content = json.loads(page)
        message = content.get("error") or content.get("detail") or content.get("message") or page
        message = message.get("message") or message if isinstance(message, dict) else message
    text = " ".join(re.sub(r"<[^<>]{0,500}>", " ", str(message)).split())
    return (text[:300] + "…" if len(text) > 300 else text) or "no message"


# -- models


async def only_model(server: Server) -> str:
    """The server's model, if it has just one."""
    retries = 0
    while True:
        try:
            names = await model_names(server)
            break
        except Passing as problem:
            retries += 1
            await wait_for_retry(server, problem, retries)
    if len(names) == 1:
        return names[0]
    problem = f"it has several models: {listed(names)}" if names else "it lists no model"
    raise server.error(problem, "Name the one to ask, in the node or as model in the endpoints file")


async def model_names(server: Server) -> list[str]:
    async with opened(server, "GET", "models") as response:
        if response.status == 404:
            problem = "it does not say which models it has (404 for models)"
            advice = "base_url usually ends in /v1; if it is right, name the model"
            raise server.error(problem, advice)
        await check_status(server, response, "")
        content = await whole_json(server, response)
    models = content.get("data")
    models = models if isinstance(models, list) else []
    return [each["id"] for each in models if isinstance(each, dict) and isinstance(each.get("id"), str)]


# -- listening


async def listen(server: Server, response: aiohttp.ClientResponse, written: list[Written]) -> None:
    """Fill the answers from a stream of server-sent events."""
    async for data in events(server, response):
        if data == b"[DONE]":
            for each in written:
                each.reason = each.reason or ("stop" if each.tokens else "")
            return
        take(server, as_object(server, data), written)
    # Some servers leave the end mark out: the answers that began must have ended.
    if not any(each.reason for each in written) or any(each.tokens and not each.reason for each in written):
        raise Passing("the stream was cut in the middle of the answer", "See the server's log for the reason")


async def events(server: Server, response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """The data of each server-sent event. Comments, with which servers say that they are alive, are passed over."""
    rest = b""
    async for chunk in response.content.iter_any():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            kind, _, data = line.partition(b":")
            if kind in (b"data", b"error") and data.strip():
                yield data.strip() if kind == b"data" else b'{"error": ' + data.strip() + b"}"
        if len(rest) > LONGEST_LINE:
            raise server.error("it sends one event without end", "See the server's log")


async def whole_json(server: Server, response: aiohttp.ClientResponse) -> dict:
    """A whole answer, from a server that does not stream."""
    page = bytearray()
    async for chunk in response.content.iter_any():
        page += chunk
        if len(page) > LONGEST_LINE:
            raise server.error("it sends an answer without end", "See the server's log")
    return as_object(server, bytes(page))


def as_object(server: Server, data: bytes) -> dict:
    """A JSON object from the server."""
    content = None
    with suppress(ValueError, RecursionError):
        content = json.loads(data.decode("utf-8", "replace"))
    if isinstance(content, dict):
        return content
    start = " ".join(data[:80].decode("utf-8", "replace").split())
    raise server.error(
        f"it answered with something that is no JSON object: {start!r}",
        "base_url must be that of an OpenAI-compatible API, which usually ends in /v1",
    )


def take(server: Server, event: dict, written: list[Written]) -> None:
    """Add what one event, or a whole answer, brings to the answers it is for."""
    if event.get("error"):
        said = said_in(json.dumps(event))
        raise Passing(f"it broke the answer off: {said}", "See the server's log for the reason")
    choices = event.get("choices")
    for choice in choices if isinstance(choices, list) else []:
        index = choice.get("index", 0) if isinstance(choice, dict) else -1
        if isinstance(index, int) and 0 <= index < len(written):
            take_choice(server, choice, written[index])


def take_choice(server: Server, choice: dict, written: Written) -> None:
    message = choice.get("delta") or choice.get("message") or {}
    message = message if isinstance(message, dict) else {}
    text = text_of(message.get("content")) or text_of(choice.get("text"))
    thought = text_of(message.get("reasoning_content")) or text_of(message.get("reasoning"))
    written.text += text
    written.thoughts += bool(thought)
    written.tokens += bool(text or thought)
    written.refusal += text_of(message.get("refusal"))
    reason = choice.get("finish_reason")
    if reason in ("abort", "error"):
        raise Passing("it broke the answer off", "See the server's log for the reason")
    written.reason = reason if isinstance(reason, str) and reason else written.reason
    if len(written.text) > LONGEST_ANSWER:
        raise server.error("its answer has no end", "Lower max_new_tokens; this server may not obey it")


def text_of(content: object) -> str:
    """A text, or the texts of a list of parts."""
    if isinstance(content, list):
        return "".join(text_of(part.get("text")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def finish_whole(written: list[Written]) -> None:
    """The end of answers that came in one piece, from servers that do not say why they ended."""
    for each in written:
        each.reason = each.reason or ("stop" if each.tokens or each.refusal else "")
