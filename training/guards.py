"""What the guards of the path mend: faults in answers before and after, of the embedded model or of a careless writer.

The careless writer stands for a model that forgets and invents: it leaves out some of a raw prompt's words, and puts
the details of another prompt of the file behind the rest. Before is its answer as it is, after is what
cleaning and the path make of it.

    python -m prompt_beautifier.training.guards --prompts refinements.jsonl --limit 3000 --writer careless
    python -m prompt_beautifier.training.guards --prompts refinements.jsonl --limit 3000 --writer embedded

Counts prompts in which a word is lost, a word is doubled, people are added, what was ruled out is said, an unsafe word
or a name is added; and seconds for all of them.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from ..beautifier.beautify import load_beautifier
from ..beautifier.faithful import check
from ..beautifier.path import Writer, beautify
from ..beautifier.prompts.cleaning import clean
from ..beautifier.prompts.syntax import set_aside
from ..beautifier.request import Answers, Request
from ..beautifier.wishes.wish import read
from .evaluation.asked import read_asked
from .run.options import as_command, new_parser

FAULTS = ("lost words", "doubled words", "people", "ruled out", "unsafe", "names")


class Careless(Writer):
    """Leaves out about every seventh word, and goes on with details of another prompt."""

    name = "careless"

    def __init__(self, others: Sequence[str]):
        self.others = others

    def write(self, words: str, request: Request, on_step=None, should_stop=None) -> Answers:
        return Answers([clean(self.answer(words, request), words=words)], words)

    def answer(self, words: str, request: Request) -> str:
        """Its answer before anybody cleans it."""
        dice = random.Random(f"{request.seed}/{words}")
        said = [word for word in words.split() if dice.random() > 0.15]
        details = dice.choice(self.others).split(", ")[:8]
        return ", ".join([" ".join(said), *details])


def main(argv: list[str] | None = None) -> None:
    parser = new_parser(__doc__)
    parser.add_argument("--prompts", type=Path, required=True, metavar="FILE", help="JSONL of raw_prompt and prompt")
    parser.add_argument("--limit", type=int, default=3000)
    parser.add_argument("--writer", choices=("careless", "embedded"), default="careless")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    if args.limit < 1:
        raise ValueError(f"--limit must be 1 or more, not {args.limit}")
    asked = read_asked(args.prompts, args.limit)
    writer = load_beautifier() if args.writer == "embedded" else Careless([one.reference or "" for one in asked])
    before, after = Counter(), Counter()
    began = time.perf_counter()
    for one in asked:
        request = Request(one.raw_prompt, 1, args.seed)
        words = set_aside(one.raw_prompt).words
        if args.writer == "careless" and words:
            before.update(faults_of(words, writer.answer(words, request)))
        after.update(faults_of(words, beautify(writer, request)[0].text))
    print(f"{len(asked):,} prompts, seed {args.seed}, {args.writer}: {time.perf_counter() - began:.0f} s")
    for fault in FAULTS:
        told = f"{before[fault]:>6,} before, " if args.writer == "careless" else ""
        print(f"{fault:<14}{told}{after[fault]:>6,} after")


def faults_of(words: str, text: str) -> set[str]:
    """The kinds of fault that a text has as an answer to the words."""
    found = check(read(words), text)
    kinds = {"person": "people", "unsafe": "unsafe", "name": "names"}
    faults = {kinds.get(each.partition(":")[0], "ruled out" if "ruled out" in each else "") for each in found.against}
    faults |= {"lost words"} if found.lost else set()
    spoken = text.lower().split()
    asked = words.lower().split()
    doubled = set(zip(spoken, spoken[1:], strict=False)) - set(zip(asked, asked[1:], strict=False))
    faults |= {"doubled words"} if any(one == two and one.isalpha() for one, two in doubled) else set()
    return faults - {""}


if __name__ == "__main__":
    as_command("guards", main)
