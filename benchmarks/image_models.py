"""What the embedded model writes for every image model, and whether words to keep and to avoid hold.

python benchmarks/image_models.py table                          every image model, three raw prompts
python benchmarks/image_models.py words [FILE] [--prompts 1000]  keep, avoid and strict over raw prompts

FILE has one raw prompt a line, or a JSON object with "raw_prompt"; without it prompts are made of the subjects' names.
"""

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from prompt_beautifier.beautifier.composing.writer import load_embedded
from prompt_beautifier.beautifier.dressing.measure import size_of
from prompt_beautifier.beautifier.dressing.taken import wish_in
from prompt_beautifier.beautifier.faithful import added, says
from prompt_beautifier.beautifier.path import Writer
from prompt_beautifier.beautifier.prompts.syntax import set_aside
from prompt_beautifier.beautifier.request import Candidate
from prompt_beautifier.beautifier.targets.table import TARGETS
from prompt_beautifier.beautifier.targets.target import counted
from prompt_beautifier.beautifier.wishes.wish import read

RAW_PROMPTS = (
    "a red fox in the snow",
    "1girl, silver hair, (red dress:1.2), sitting on a swing, night",
    'a poster of a lighthouse that says "KEEP OUT", no people',
)
KEEP = ("ohwx thing", "Zxc Style", "by_example")
# Words of tags and of quoted text that show nothing: "no humans", "1boy" for a man, "with the words ...".
CONVENTIONS = frozenset("humans 1boy 1girl male english text words medium".split())
RULES = ("style", "words before", "words behind", "weights", "negative", "limit")


def table(writer: Writer) -> None:
    """Prints what is written for each image model, and which of its row's rules are broken."""
    broken: Counter[str] = Counter()
    for target in TARGETS.values():
        print(f"\n## {target.title} ({target.name}): {target.manner}")
        for raw_prompt in RAW_PROMPTS:
            (candidate,) = writer.beautify(raw_prompt, 1, seed=1, target=target.name)
            wrong = [rule for rule, holds in zip(RULES, rules(target, raw_prompt, candidate), strict=True) if not holds]
            broken.update(wrong)
            print(f"- {raw_prompt}\n  {candidate.text}")
            print(f"  {counted(target, candidate.tokens or 0)}; negative: {candidate.negative or '(none)'}")
            if wrong:
                print(f"  BROKEN: {', '.join(wrong)}")
    checked = len(TARGETS) * len(RAW_PROMPTS) * len(RULES)
    print(f"\n{checked - broken.total()} of {checked} rules hold {dict(broken) or ''}")


def rules(target, raw_prompt: str, candidate: Candidate) -> Iterator[bool]:
    """Whether each of RULES holds for a candidate."""
    text = candidate.text
    if target.json:
        yield "high_level_description" in json.loads(text)
    elif target.style == "sentences":
        yield text.rstrip().endswith((".", '."')) and ". " in text
    else:
        yield not text.endswith(".") and ", " in text
    yield text.startswith(target.before.split(",")[0])
    yield target.json or text.endswith(target.behind)
    yield target.weights or "(" not in text
    yield candidate.negative.startswith(target.negative) if target.negative else candidate.negative == ""
    yield target.unit == "chunk" or (candidate.tokens or 0) <= target.limit


def words(writer: Writer, raw_prompts: list[str]) -> None:
    """Prints how often words to keep are there, words to avoid are not, and strict adds nothing; and lengths."""
    dice = random.Random(0)
    names = list(TARGETS)
    count: Counter[str] = Counter()
    for number, raw_prompt in enumerate(raw_prompts):
        target = names[number % len(names)]
        (plain,) = writer.beautify(raw_prompt, 1, seed=number, target=target)
        wish = read(set_aside(wish_in(raw_prompt)).words)
        new = sorted(set(added(wish, written(plain, target))))
        avoid = tuple(word for word in dice.sample(new, min(2, len(new))) if not says(raw_prompt, word))
        keep = dice.sample(KEEP, 2)
        if any(says(kept, word) for kept in keep for word in avoid):
            continue
        (held,) = writer.beautify(raw_prompt, 1, seed=number, target=target, keep=keep, avoid=avoid)
        (strict,) = writer.beautify(raw_prompt, 1, seed=number, strength="strict", style=TARGETS[target].style)
        count["prompts"] += 1
        count["words to keep"] += len(keep)
        count["kept"] += sum(word in held.text for word in keep)
        count["words to avoid"] += len(avoid)
        count["avoided"] += sum(not says(written(held, target), word) for word in avoid)
        for word in avoid:
            if says(written(held, target), word):
                print(f"avoid {word}: {raw_prompt} -> {target}: {held.text}")
        new_words = [word for word in added(wish, strict.text) if word.casefold() not in CONVENTIONS]
        count["strict without a new word"] += not new_words
        if new_words and count["shown"] < 20:
            count["shown"] += 1
            print(f"strict: {raw_prompt} -> {strict.text} | {', '.join(new_words)}")
        for length in ("short", "long"):
            (sized,) = writer.beautify(raw_prompt, 1, seed=number, target=target, length=length)
            count[f"words, {length}"] += size_of(sized.text, TARGETS[target].style)
    print(json.dumps({name: value for name, value in count.items() if name != "shown"}, indent=2))


def written(candidate: Candidate, target: str) -> str:
    """The words of a candidate, without the names of JSON fields and the line for the text encoder before it."""
    before = TARGETS[target].before
    if TARGETS[target].json:
        return wish_in(candidate.text)
    return candidate.text.removeprefix(before) if before.endswith(">") else candidate.text


def raw_prompts_of(file: str | None, most: int) -> list[str]:
    """The raw prompts of a file, or made of the subjects' names; drawn where there are more."""
    if file is None:
        subjects = sorted({entry.subject for found in load_embedded().entries.by_name.values() for entry in found})
        dice = random.Random(1)
        return [f"{dice.choice(subjects)} beside {dice.choice(subjects)}" for _ in range(most)]
    lines = [line for line in Path(file).read_text(encoding="utf-8").splitlines() if line.strip()]
    found = [json.loads(line)["raw_prompt"] if line.startswith("{") else line for line in lines]
    return random.Random(1).sample(found, min(most, len(found)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("table", "words"))
    parser.add_argument("file", nargs="?")
    parser.add_argument("--prompts", type=int, default=1000)
    options = parser.parse_args()
    sys.stdout.reconfigure(encoding="utf-8")
    if options.what == "table":
        table(load_embedded())
    else:
        words(load_embedded(), raw_prompts_of(options.file, options.prompts))


if __name__ == "__main__":
    main()
