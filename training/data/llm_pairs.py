"""The other side of a pair by a large language model behind an OpenAI-compatible endpoint: summaries and expansions.

Summary: a detailed prompt in ten words or fewer, without modifiers; it becomes the raw prompt. Expansion: a short
prompt with colours, textures, composition and distinguishing features added; it becomes the detailed one
(BeautifulPrompt, section 3.1, ways b and c). Both are asked with one example and at temperature 0.

Every answer is kept from the moment it is there, by what was asked of which model: a run that was killed asks for
nothing twice.
"""

import asyncio
from collections.abc import Callable, Iterable

from ...beautifier.chat.answer import read_chat
from ...beautifier.chat.refusals import is_refusal
from ...beautifier.servers.client import ask, is_local, only_model
from ...beautifier.servers.endpoints import Endpoint
from ...beautifier.servers.problems import RemoteError, Server, unexpected
from ...beautifier.servers.stream import Written
from ..run.kept import Kept
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


def answer_all(
    endpoint: Endpoint,
    model: str,
    asked: Iterable[list[dict]],
    answers: Kept,
    concurrency: int = 16,
    max_tokens: int = 1024,
    timeout: float = 120.0,
    on_answer: Callable[[], object] = lambda: None,
) -> tuple[str, int]:
    """Have every list of messages answered that has no answer yet.

    answers    where (model, messages) are kept with their answers
    asked      is read as fast as answers come
    on_answer  called after each answer, old or new

    Returns the model's name, under which its answers are kept, and how many prompts got no answer. A prompt that the
    server does not answer, or not to the end, is passed over. Raises RemoteError, whose text says what to do, when
    the model cannot be found or many prompts in a row are not answered; what was asked by then is waited for (30 s)
    and kept.
    """
    if concurrency < 1:
        raise ValueError(f"concurrency must be 1 or more, not {concurrency}")
    asking = Asking(Server(endpoint, model or endpoint.model, timeout), answers, max_tokens, on_answer)
    asyncio.run(asking.all(asked, concurrency))
    return asking.server.model, asking.failed


class Asking:
    """Requests to one server, many at a time.

    settings   of every request; what the server does not know is taken out of them
    failed     prompts without an answer, and those of them in a row
    answered   whether there has been an answer at all
    """

    def __init__(self, server: Server, answers: Kept, max_tokens: int, on_answer: Callable[[], object]):
        self.server, self.answers, self.on_answer = server, answers, on_answer
        self.settings = {"max_tokens": max_tokens, "temperature": 0.0, "seed": 0, "stream": True}
        self.failed, self.in_a_row, self.answered = 0, 0, False
        self.running: set[asyncio.Task] = set()

    async def all(self, asked: Iterable[list[dict]], concurrency: int) -> None:
        """Ask what has no answer yet, at most so many at a time."""
        import aiohttp

        limits = aiohttp.ClientTimeout(total=None, sock_connect=10.0, sock_read=self.server.timeout)
        local, connector = is_local(self.server.endpoint.where), aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(timeout=limits, trust_env=not local, connector=connector) as session:
            self.server.session = session
            try:
                self.server.model = self.server.model or await only_model(self.server)
                for messages in asked:
                    await self.start(messages, concurrency)
                while self.running:
                    await self.wait_for_one()
            except RemoteError:
                if self.running:  # what they cost is spent: their answers are kept
                    await asyncio.wait(self.running, timeout=LAST_WAIT)
                raise
            finally:
                for task in self.running:
                    task.cancel()
                await asyncio.gather(*self.running, return_exceptions=True)

    async def start(self, messages: list[dict], concurrency: int) -> None:
        """Begin to ask, as soon as fewer than so many requests are under way."""
        if self.answers.get(self.server.model, messages) is not None:
            self.on_answer()
            return
        if not self.answered:
            await self.answer(messages)  # the first one alone: it shows what the server knows
            return
        self.running.add(asyncio.ensure_future(self.answer(messages)))
        if len(self.running) >= concurrency:
            await self.wait_for_one()

    async def wait_for_one(self) -> None:
        ended, self.running = await asyncio.wait(self.running, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            task.result()

    async def answer(self, messages: list[dict]) -> None:
        """Ask once and keep the answer. Raises RemoteError where too many in a row have failed."""
        request, reply = {"model": self.server.model, "messages": messages, **self.settings}, Written()
        try:
            await self.ask(request, reply)
        except RemoteError:
            self.failed, self.in_a_row = self.failed + 1, self.in_a_row + 1
            if self.in_a_row >= (FAILURES_IN_A_ROW if self.answered else FAILURES_AT_FIRST):
                raise
            return
        self.in_a_row, self.answered = 0, True
        # What the server did not know has been taken out of the request: the next ones go without it.
        self.settings = {name: value for name, value in request.items() if name not in ("model", "messages")}
        if reply.reason == "length" or not (reply.refusal or reply.text):
            self.failed += 1  # cut off at max_tokens, or all of them spent on thinking
            return
        self.answers.put([((self.server.model, messages), reply.refusal or reply.text)])
        self.on_answer()

    async def ask(self, request: dict, reply: Written) -> None:
        """Ask until answered. Raises RemoteError for whatever goes wrong."""
        try:
            await ask(self.server, request, [reply])
        except RemoteError:
            raise
        except Exception as error:
            raise unexpected(self.server, error) from None
