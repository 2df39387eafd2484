"""A Beautifier whose network is an OpenAI-compatible server: vLLM, llama.cpp, Ollama, or a service like them.

`connect` is to a server what `load_beautifier` is to a checkpoint. The thread that called `beautify` waits, reports
progress and watches should_stop; a second one talks to the server.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ..background import run_until_stopped
from ..chat.rewritten import read_rewritten, said_so_far
from ..chat.usable import UNUSABLE, why_unusable
from ..families import Family
from ..path import OnStep, OnWords, ShouldStop, Writer
from ..reading import read_cleaned, readable
from ..request import Answers, Request, Sampling, is_number
from .chat import SERVED_FAMILIES
from .client import write_answers
from .endpoints import Endpoint, find_endpoint, listed
from .parameters import request_for
from .problems import RemoteError, Server
from .stream import Written
from .unloading import AFTERWARDS, FREE, KEEP, unload

NOT_FREED = (
    "The server {!r} was asked to free its model's memory, and knows no way of those that are tried: start llama.cpp "
    "without a model, or with --sleep-idle-seconds."
)


@dataclass(eq=False)
class RemoteBeautifier(Writer):
    """A server's model, ready to be asked. It holds the endpoint's name and no key: the file is read each time.

    name       what PNG metadata and --json call the model: once it has answered, endpoint and model
    family     how it is asked: `chat`, or the family of a checkpoint that is served for completions
    model      the model's name at the server; "" for the endpoint's, or the server's only one
    unusable   what becomes of an answer that is a refusal, empty or unrelated to the raw prompt: "error" leaves
               it out and raises RemoteError when no other is left, "raw prompt" puts that in its place
    timeout    seconds without a word from the server after which it is given up
    instruction  what a chat model is told in the place of what the request asks for; "" for that
    afterwards   what becomes of the server's model once it has answered: one of AFTERWARDS
    structured   whether a chat model is held to answer in JSON, where the server can hold it to that
    """

    name: str
    family: Family = field(repr=False)
    endpoints_file: Path = field(repr=False)
    endpoint: str
    model: str = ""
    unusable: str = "error"
    timeout: float = 120.0
    instruction: str = field(default="", repr=False)
    afterwards: str = KEEP
    structured: bool = False

    @property
    def weights(self) -> bool:
        """Whether its family writes weights."""
        return self.family.weights

    @property
    def sampling(self) -> Sampling:
        """The published settings of its family."""
        return self.family.sampling

    def write(
        self,
        words: str,
        request: Request,
        on_step: OnStep | None = None,
        should_stop: ShouldStop | None = None,
        on_words: OnWords | None = None,
    ) -> Answers:
        """Have the server answer the words.

        Whether a seed gives the same text again is up to the server. The server is told of top_k and
        repetition_penalty only where they are on, since not every server knows them. on_step is also called while
        nothing has come yet, ten times a second, and should_stop is asked as often. A stop closes the connection.

        Raises ValueError for arguments and entries of the endpoints file that cannot be worked with, and
        RemoteError, saying what to do, where the server gives no usable answer.
        """
        sampling = request.sampling or self.sampling
        if sampling.num_beams > 1 and not sampling.greedy:
            raise ValueError(
                f"num_beams must be 1 for a server, not {sampling.num_beams}: none can be asked for beam search"
            )
        words = readable(self.family, words)
        written = [Written() for _ in range(1 if sampling.greedy else request.num_candidates)]
        server = Server(find_endpoint(self.endpoints_file, self.endpoint), self.model, self.timeout)
        body = request_for(self.family, words, request, sampling, self.instruction, self.structured)
        total, done, told = body["max_tokens"], 0, [0] * len(written)

        def tick() -> bool:
            nonlocal done
            if on_step:
                steps = sum(total if each.reason else min(each.tokens, total - 1) for each in written)
                done = max(done, steps)  # a retry begins again, the progress bar does not
                on_step(done, total * len(written))
            for k, each in enumerate(written if on_words else ()):
                if on_words and len(each.text) != told[k]:
                    told[k] = len(each.text)
                    on_words(k, partial(self.so_far, each.text))
            return bool(should_stop and should_stop())

        after = unload if self.afterwards == FREE else None
        stopped = run_until_stopped(lambda: write_answers(server, body, written, after), tick)
        if body.get("model"):
            self.name = f"{self.endpoint}: {body['model']}"
        notes = (NOT_FREED.format(self.endpoint),) if server.freed is False else ()
        texts, ratios = self.read(server.endpoint, words, written, stopped)
        return Answers(texts, words, notes, ratios)

    def so_far(self, text: str) -> str:
        """What of an answer that is being written will be in the prompt."""
        return said_so_far(text) if self.family.chats else text

    def read(
        self, endpoint: Endpoint, words: str, written: list[Written], stopped: bool
    ) -> tuple[list[str], tuple[float | None, ...]]:
        """The cleaned prompts of the answers, "" where the raw prompt is to stand in, and the ratios of each."""
        answers, ratios, problems = [], [], []
        for each in written:
            rewritten = read_rewritten(each.text) if self.family.chats else None
            said = rewritten.prompt if rewritten else each.text
            text = read_cleaned(self.family, words, said, finished=each.reason not in ("", "length"))
            problem = what_is_wrong(words, each, text)
            if problem:
                problems.append(problem)
            if not problem or stopped or self.unusable == "raw prompt":
                answers.append("" if problem else text)
                ratios.append(rewritten.ratio if rewritten else None)
        if not answers:
            raise RemoteError(
                f"endpoint {endpoint.name!r}: no usable answer; {endpoint.scrub(problems[0])}. Another seed or "
                "another model may help; to go on with the raw prompt instead, choose that for unusable answers"
            )
        return answers, tuple(ratios)


def connect(
    endpoints_file: str | Path,
    endpoint: str,
    model: str = "",
    family: str | Family = "chat",
    unusable: str = "error",
    timeout: float = 120.0,
    instruction: str = "",
    afterwards: str = KEEP,
    structured: bool = False,
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
    if afterwards not in AFTERWARDS:
        raise ValueError(f"afterwards must be one of {listed(AFTERWARDS)}, not {afterwards!r}")
    path = Path(endpoints_file)
    find_endpoint(path, endpoint)
    return RemoteBeautifier(
        endpoint, family, path, endpoint, model.strip(), unusable, timeout, instruction, afterwards, structured
    )


def what_is_wrong(words: str, written: Written, text: str) -> str:
    """What is wrong with an answer and its cleaned text, for a message; "" where nothing is."""
    refused = bool(written.refusal) or written.reason == "content_filter"
    in_thoughts = written.reason == "length" and (written.thoughts or "<think" in written.text)
    return why_unusable(words, written.refusal or written.text, text, refused, written.tokens if in_thoughts else 0)
