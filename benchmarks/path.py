"""What the steps of the path cost beside whoever writes: microseconds a raw prompt.

    python benchmarks/path.py [ROUNDS]

Prompts as people type them, plain ones and ones with syntax, and two answers to each: a list of phrases and sentences.
Each call counts with the least time of the rounds, so that other work on the machine does not. `whole` is the path
around a writer that answers at once; the others are its steps, each called alone.
"""

import sys
import time
from functools import partial

from prompt_beautifier.beautifier.path import Writer, beautify
from prompt_beautifier.beautifier.prompts.append import append
from prompt_beautifier.beautifier.prompts.cleaning import clean
from prompt_beautifier.beautifier.prompts.put_back import put_back
from prompt_beautifier.beautifier.prompts.syntax import set_aside
from prompt_beautifier.beautifier.request import Answers, Request

try:
    from prompt_beautifier.beautifier.faithful import check
    from prompt_beautifier.beautifier.wishes.wish import read
except ImportError:  # an older state of the code, which did not check
    read = None

PROMPTS = (
    "1 girl",
    "a lighthouse",
    "two dogs and one cat under a red umbrella",
    "portrait of an old sailor, smiling, oil on canvas",
    "a boy riding his bike through the rain at night",
    "1girl, solo, long_hair, blue eyes, school uniform, outdoors",
    "A wooden table with a bowl of oranges, an old book and a candle. Soft light falls from the left.",
    "(red dress:1.3), a woman in the rain <lora:film:0.8>",
    "a __color__ {cat|dog} on a sofa, embedding:nice",
    'a neon sign that says "OPEN 24/7" over a café',
    "a dog in a park BREAK a cat on a bench, [day:night:0.5]",
    "masterpiece, best quality, 1boy, \\(fate\\), ^_^, 16:9",
)
PHRASES = (
    "soft window light, worn oak boards, fine dust in the air, muted green and brown, low view, sharp detail, calm"
)
SENTENCES = "Soft window light falls from one side. The floor is of worn oak boards, and fine dust hangs in the air."


class AtOnce(Writer):
    """Says the words again, and the same details behind them."""

    name = "at once"

    def __init__(self, more: str):
        self.more = more

    def write(self, words, request, on_step=None, should_stop=None):
        """One answer."""
        return Answers([words + self.more], words)


def steps(round_: int) -> dict[str, list]:
    """The calls of each step. Texts are new in each round: nobody reads the same answer twice."""
    prompts = [f"{raw}, take {round_}" for raw in PROMPTS]
    mores = [f", {PHRASES}, version {round_}", f". {SENTENCES} This is version {round_}."]
    taken = [(raw, set_aside(raw)) for raw in prompts]
    answers = [(raw, aside, aside.words + more) for raw, aside in taken for more in mores]
    found = {
        "set aside": [partial(set_aside, raw) for raw in prompts],
        "clean": [partial(clean, answer) for _, _, answer in answers],
        "put back": [partial(put_back, answer, aside, False) for _, aside, answer in answers],
        "append": [partial(append, raw, answer) for raw, _, answer in answers],
    }
    if read is not None:
        found["read the wish"] = [partial(read, aside.words) for _, aside in taken]
        found["check"] = [partial(check, read(aside.words), answer) for _, aside, answer in answers]
    for mode in ("rewrite", "append"):
        requests = [Request(f"{raw}, {mode}", 1, mode=mode) for raw in prompts]
        found[f"whole, {mode}"] = [partial(beautify, AtOnce(more), each) for more in mores for each in requests]
    return found


def measure(rounds: int) -> dict[str, float]:
    """Microseconds a call of each step: the mean over its calls of the least of the rounds."""
    least: dict[str, list[float]] = {}
    for round_ in range(rounds):
        for name, calls in steps(round_).items():
            seconds = [timed(call) for call in calls]
            least[name] = list(map(min, seconds, least.get(name, seconds)))
    return {name: 1e6 * sum(each) / len(each) for name, each in least.items()}


def timed(call) -> float:
    """Seconds of this thread."""
    started = time.thread_time()
    call()
    return time.thread_time() - started


if __name__ == "__main__":
    for name, microseconds in measure(int(sys.argv[1]) if len(sys.argv) > 1 else 60).items():
        print(f"{name:<16} {microseconds:7.1f} us")
