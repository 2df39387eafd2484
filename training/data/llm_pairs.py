"""The other side of a pair by a large language model behind an OpenAI-compatible endpoint: summaries and expansions.

Summary: a detailed prompt is told in ten words or fewer, modifiers ignored; it becomes the raw prompt. Expansion: a
short prompt is told with colours, textures, composition and distinguishing features; it becomes the detailed one
(BeautifulPrompt, section 3.1, ways b and c). Both are asked with one example and at temperature 0.

Every answer is kept in a SQLite file from the moment it is there, by what was asked of which model: a run that was
killed asks for nothing twice.
"""

import asyncio
import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ...beautifier.servers.chat_answer import is_refusal, read_chat
from ...beautifier.servers.client import ask, is_local, only_model
from ...beautifier.servers.endpoints import Endpoint
from ...beautifier.servers.problems import RemoteError, Server, unexpected
from ...beautifier.servers.stream import Written
from .pairs import words

LONGEST_SUMMARY = 10  # words
FAILURES_IN_A_ROW = 10  # after so many the server, not the prompt, is taken for the reason
FAILURES_AT_FIRST = 3  # the same, as long as there has been no answer at all
LAST_WAIT = 30.0  # seconds; so long may what is under way take when the server has failed

SUMMARIZE = (
    "Say in at most ten words what the picture of this text-to-image prompt shows. Name its main subject and what it "
    'does. Leave modifiers out: everything of the kind of "by ...", "in the style of ...", "with ...", "in ...", '
    '"highly detailed", "8k", media, lighting, artists and websites. Answer with these words and nothing else.\n\n'
    "Prompt: {text}"
)
SUMMARY_EXAMPLE = (
    "a lighthouse keeper feeding gulls on a stone balcony, stormy evening sky, warm lantern light, in muted teal and "
    "amber, with intricate brickwork, wide angle, oil on canvas, highly detailed, 8k",
    "a lighthouse keeper feeding gulls",
)
EXPAND = (
    "Turn this short description of a picture into one detailed prompt for a text-to-image model. Keep its subject, "
    "begin with it, and add colours, textures, composition and the features that set it apart, as details separated "
    "by commas, 30 to 60 words in one line. Name no artist and no real person. Answer with the prompt and nothing "
    "else.\n\nDescription: {text}"
)
EXPANSION_EXAMPLE = (
    "a tea house in the mountains",
    "a tea house in the mountains, weathered cedar beams and a mossy slate roof, pale green paper lanterns, steam "
    "curling from a black iron kettle on the porch, layered blue ridges fading into mist behind it, crooked pine in "
    "the foreground framing the left side, early morning light, soft shadows, rough wood grain, watercolour on "
    "textured paper",
)


def summary_messages(prompt: str) -> list[dict]:
    return few_shot(SUMMARIZE, SUMMARY_EXAMPLE, prompt)


def expansion_messages(raw_prompt: str) -> list[dict]:
    return few_shot(EXPAND, EXPANSION_EXAMPLE, raw_prompt)


def few_shot(instruction: str, example: tuple[str, str], text: str) -> list[dict]:
    """The instruction with an example, its answer, and the instruction with the text. No system role, which some
    chat templates do not have."""
    return [
        {"role": "user", "content": instruction.format(text=example[0])},
        {"role": "assistant", "content": example[1]},
        {"role": "user", "content": instruction.format(text=text)},
    ]


def read_summary(answer: str, prompt: str) -> tuple[str, str]:
    """The summary in an answer, or "" and what is wrong with it."""
    summary, problem = read_expansion(answer, prompt)
    summary = summary.rstrip(" .")
    if not problem and len(words(summary)) > LONGEST_SUMMARY:
        return "", f"the summary is longer than {LONGEST_SUMMARY} words"
    return summary, problem


def read_expansion(answer: str, raw_prompt: str) -> tuple[str, str]:
    """The prompt in an answer, or "" and what is wrong with it."""
    if is_refusal(raw_prompt, answer):
        return "", "the LLM refuses"
    text = read_chat(answer)
    return (text, "") if words(text) else ("", "the LLM's answer is empty")


# -- answers on disk


class Answers:
    """Answers of LLMs in a SQLite file, by model and messages."""

    def __init__(self, path: Path):
        self.connection = sqlite3.connect(path, isolation_level=None)  # every answer is committed by itself
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.execute("CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, answer TEXT NOT NULL)")

    @staticmethod
    def key(model: str, messages: list[dict]) -> str:
        return hashlib.sha256(json.dumps([model, messages]).encode()).hexdigest()

    def get(self, model: str, messages: list[dict]) -> str | None:
        key = self.key(model, messages)
        found = self.connection.execute("SELECT answer FROM answers WHERE key = ?", (key,)).fetchone()
        return found and found[0]

    def put(self, model: str, messages: list[dict], answer: str) -> None:
        key = self.key(model, messages)
        self.connection.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", (key, answer))

    def close(self) -> None:
        self.connection.close()


# -- asking


def answer_all(
    endpoint: Endpoint,
    model: str,
    asked: Iterable[list[dict]],
    answers: Answers,
    concurrency: int = 16,
    max_tokens: int = 1024,
    timeout: float = 120.0,
    on_answer: Callable[[], object] = lambda: None,
) -> tuple[str, int]:
    """Have every list of messages answered that has no answer yet.

    Returns the model's name, as its answers are filed under, and how many prompts got no answer.

    `asked` is read as fast as answers come; on_answer is called after each, old or new. A prompt that the server
    does not answer, or not to the end, is passed over. Raises RemoteError, whose text says what to do, when the model
    cannot be found or many prompts in a row are not answered; what was asked by then is waited for (30 s) and
    kept.
    """
    if concurrency < 1:
        raise ValueError(f"concurrency must be 1 or more, not {concurrency}")
    server = Server(endpoint, model or endpoint.model, timeout)
    return asyncio.run(_answer_all(server, iter(asked), answers, concurrency, max_tokens, on_answer))


async def _answer_all(
    server: Server,
    asked: Iterator[list[dict]],
    answers: Answers,
    concurrency: int,
    max_tokens: int,
    on_answer,
) -> tuple[str, int]:
    import aiohttp

    limits = aiohttp.ClientTimeout(total=None, sock_connect=10.0, sock_read=server.timeout)
    settings = {"max_tokens": max_tokens, "temperature": 0.0, "seed": 0, "stream": True}
    failed = in_a_row = 0
    learnt = False

    async def answer(messages: list[dict]) -> None:
        nonlocal settings, failed, in_a_row, learnt
        request, written = {"model": server.model, "messages": messages, **settings}, Written()
        try:
            try:
                await ask(server, request, [written])
            except RemoteError:
                raise
            except Exception as error:
                raise unexpected(server, error) from None
        except RemoteError:
            failed, in_a_row = failed + 1, in_a_row + 1
            if in_a_row >= (FAILURES_IN_A_ROW if learnt else FAILURES_AT_FIRST):
                raise
            return
        in_a_row, learnt = 0, True
        # What the server did not know has been taken out of the request: the next ones go without it.
        settings = {name: value for name, value in request.items() if name not in ("model", "messages")}
        if written.reason == "length" or not (written.refusal or written.text):
            failed += 1  # cut off at max_tokens, or all of them spent on thinking
            return
        answers.put(server.model, messages, written.refusal or written.text)
        on_answer()

    running: set[asyncio.Task] = set()
    async with aiohttp.ClientSession(
        timeout=limits, trust_env=not is_local(server.endpoint.where), connector=aiohttp.TCPConnector(limit=0)
    ) as server.session:
        try:
            server.model = server.model or await only_model(server)
            for messages in asked:
                if answers.get(server.model, messages) is not None:
                    on_answer()
                    continue
                if not learnt:
                    await answer(messages)  # the first one alone: it shows what the server knows
                    continue
                running.add(asyncio.ensure_future(answer(messages)))
                if len(running) >= concurrency:
                    ended, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                    for task in ended:
                        task.result()
            while running:
                ended, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in ended:
                    task.result()
        except RemoteError:
            if running:  # what they cost is spent: their answers are kept
                await asyncio.wait(running, timeout=LAST_WAIT)
            raise
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
    return server.model, failed
