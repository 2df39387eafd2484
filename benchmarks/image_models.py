"""What the embedded model writes for every image model, and whether words to keep and to avoid hold.

python benchmarks/image_models.py table [--sets 3] [--out FILE]    every image model, three raw prompts a set
python benchmarks/image_models.py words [FILE] [--prompts 1000]    keep, avoid and strict over raw prompts
python benchmarks/image_models.py lengths [FILE] [--prompts 200]   how many reach the words that their model wants

--out writes 24 of them as lines of JSON for readers: target, rules, raw, answer, negative.

FILE has one raw prompt a line, or a JSON object with "raw_prompt"; without it prompts are made of the subjects' names.
"""

import argparse
import json
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from prompt_beautifier.beautifier.composing.writer import load_embedded
from prompt_beautifier.beautifier.dressing.measure import size_of
from prompt_beautifier.beautifier.dressing.taken import wish_in
from prompt_beautifier.beautifier.faithful import added, says
from prompt_beautifier.beautifier.path import Writer
from prompt_beautifier.beautifier.prompts.syntax import set_aside
from prompt_beautifier.beautifier.request import Candidate
from prompt_beautifier.beautifier.targets.table import TARGETS
from prompt_beautifier.beautifier.targets.target import Target, counted
from prompt_beautifier.beautifier.wishes.wish import read

RAW_PROMPTS = (  # in sets of three: a plain wish; tags with a weight; drawn text and something ruled out
    "a red fox in the snow",
    "1girl, silver hair, (red dress:1.2), sitting on a swing, night",
    'a poster of a lighthouse that says "KEEP OUT", no people',
    "an old library with a cat on the stairs",
    "1boy, knight, (armor:1.3), holding sword, castle, sunset, standing",
    'a wooden sign that says "FRESH BREAD" in front of a bakery, no cars',
    "a samurai in the rain",
    "2girls, school uniform, (umbrella:1.1), rain, city street, smile",
    'a coffee mug with the words "GOOD MORNING" on a kitchen table, without flowers',
)
A_SET = 3
# The rows that readers are given.
READ = (
    "sd15 sdxl pony pony7 illustrious noobai animagine anima sd35 flux1 flux2 klein chroma qwen-image qwen-image-2.1 "
    "z-image krea2 hidream hunyuan-image ernie-image lumina2 ideogram4 wan ltx"
).split()
KEEP = ("ohwx thing", "Zxc Style", "by_example")
# Words of tags and of quoted text that show nothing: "no humans", "1boy" for a man, "with the words ...".
CONVENTIONS = frozenset("humans 1boy 1girl male english text words medium".split())
RULES = (
    "style",
    "order",
    "words before",
    "words behind",
    "weights",
    "negative",
    "limit",
    "length",
    "drawn text",
    "ruled out",
)
COUNTED = re.compile(r"\b[1-6]\+?(?:girl|boy|other)s?\b")
# What a manner means, where a reader could take it otherwise: it is of the whole text and not of each sentence.
MANNERS = {"long sentences": "whole sentences, a long text", "short sentences": "whole sentences, a short text"}
RULED_OUT = {"no people": "people", "no cars": "cars", "without flowers": "flowers"}


def table(writer: Writer, sets: int, out: str | None) -> None:
    """Prints what is written for each image model, and which of its row's rules are broken."""
    broken: Counter[str] = Counter()
    rows = []
    raw_prompts = RAW_PROMPTS[: A_SET * sets]
    for target in TARGETS.values():
        print(f"\n## {target.title} ({target.name}): {target.manner}")
        for raw_prompt in raw_prompts:
            (candidate,) = writer.beautify(raw_prompt, 1, seed=1, target=target.name, with_negative=True)
            wrong = [rule for rule, holds in zip(RULES, rules(target, raw_prompt, candidate), strict=True) if not holds]
            broken.update(wrong)
            print(f"- {raw_prompt}\n  {candidate.text}")
            print(f"  {counted(target, candidate.tokens or 0)}; negative: {candidate.negative or '(none)'}")
            if wrong:
                print(f"  BROKEN: {', '.join(wrong)}")
            rows.append(
                {
                    "name": target.name,
                    "target": target.title,
                    "rules": told(target),
                    "raw": raw_prompt,
                    "answer": candidate.text,
                    "negative": candidate.negative,
                }
            )
    checked = len(TARGETS) * len(raw_prompts) * len(RULES)
    print(f"\n{checked - broken.total()} of {checked} rules hold {dict(broken) or ''}")
    if out:
        lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows if row.pop("name") in READ]
        Path(out).write_text("".join(lines), encoding="utf-8")


def told(target: Target) -> str:
    """The rules of a row, for a reader who does not know the table."""
    fewest, most = target.words
    unit = {"chunk": "CLIP tokens a chunk, more chunks may follow", "t5": "T5 tokens", "llm": "tokens"}[target.unit]
    words = "tags" if target.style == "tags" else "words"
    lines = [
        f"Style: {MANNERS.get(target.manner, target.manner)}.",
        f"Usual length: {fewest} to {most} {words}; limit {target.limit} {unit}.",
        f"At the very beginning: {target.before}." if target.before else "",
        f"At the very end: {target.behind}" if target.behind else "",
        "" if target.before or target.behind else "No quality or score words are added around it.",
        "Weights such as (word:1.2) are read and kept."
        if target.weights
        else "Weights such as (word:1.2) are taken out.",
        f"Usual negative prompt: {target.negative}; what the user ruled out is added to it."
        if target.negative
        else "It takes no negative prompt: that field is empty.",
        f"Also: {target.rules}" if target.rules else "",
    ]
    return " ".join(line for line in lines if line)


def rules(target: Target, raw_prompt: str, candidate: Candidate) -> Iterator[bool]:
    """Whether each of RULES holds for a candidate."""
    text = candidate.text
    body = text.removeprefix(target.before).removesuffix(target.behind).strip(" ,")
    if target.json:
        yield "high_level_description" in json.loads(text)
    elif target.style == "sentences":
        yield ("tags" in target.parts or body.rstrip().endswith((".", '."'))) and ". " in text
    else:
        yield not text.endswith(".") and ", " in text
    yield in_order(target, raw_prompt, body)
    yield text.startswith(target.before)
    yield target.json or text.endswith(target.behind)
    yield (":1." in text) == (":1." in raw_prompt) if target.weights else "(" not in text
    yield of_negative(target, raw_prompt, candidate.negative)
    yield target.unit == "chunk" or (candidate.tokens or 0) <= target.limit
    yield target.json or size_of(text, target.style) <= target.words[1] + size_of(target.before, target.style)
    yield all(quoted in text.replace('\\"', '"') for quoted in re.findall(r'"([^"]+)"', raw_prompt))
    yield not any(says_more(text, RULED_OUT[out]) for out in RULED_OUT if out in raw_prompt)


def in_order(target: Target, raw_prompt: str, body: str) -> bool:
    """Whether tags begin with the count of people, and what else is written with what the user named first."""
    first = re.split(r"[,.]", wish_in(body) if target.json else body)[0].lower()
    if target.style == "tags" and COUNTED.search(raw_prompt):
        return bool(COUNTED.match(first.strip(" (")))
    named = set(re.findall(r"[a-z]{3,}", raw_prompt.lower()))
    return target.style == "tags" or bool(named & set(re.findall(r"[a-z]{3,}", first.replace("1girl", "girl"))))


def of_negative(target: Target, raw_prompt: str, negative: str) -> bool:
    """Whether a negative prompt is the row's own and has what was ruled out; or none where the model takes none."""
    out = next((word for wish, word in RULED_OUT.items() if wish in raw_prompt), "")
    if not target.negative:
        return negative == ""
    own = [word for word in target.negative.split(", ") if not says(raw_prompt, word)]
    return negative.startswith(", ".join(own)) and out in negative


def says_more(text: str, word: str) -> bool:
    """Whether a text says a word otherwise than as ruled out: not in "no people"."""
    return bool(re.search(rf"(?<!no )(?<!without ){word}\b", text.lower()))


def lengths(writer: Writer, raw_prompts: list[str]) -> None:
    """Prints, for each style and each range of words, how many texts reach its lower end, and how long they are."""
    by_range: dict[tuple[str, tuple[int, int]], Target] = {}
    for target in TARGETS.values():
        by_range.setdefault((target.style, target.words), target)
    print(
        "| image model (and others of its range) | wanted | median | reach the lower end | reach 3/4 of it | too long |"
    )
    print("| --- | --- | --- | --- | --- | --- |")
    for (style, (fewest, most)), target in sorted(by_range.items()):
        sizes: list[int] = []
        for number, raw_prompt in enumerate(raw_prompts):
            (candidate,) = writer.beautify(raw_prompt, 1, seed=number, target=target.name)
            sizes.append(size_of(written(candidate, target.name), style))
        reach, near, over = (
            sum(least <= size for size in sizes) / len(sizes) for least in (fewest, 0.75 * fewest, most + 1)
        )
        unit = "tags" if style == "tags" else "words"
        print(
            f"| {target.title} | {fewest} to {most} {unit} | {round(median(sizes))} "
            f"| {reach:.0%} | {near:.0%} | {over:.0%} |"
        )


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
    parser.add_argument("what", choices=("table", "words", "lengths"))
    parser.add_argument("file", nargs="?")
    parser.add_argument("--prompts", type=int, default=1000)
    parser.add_argument("--sets", type=int, default=1)
    parser.add_argument("--out")
    options = parser.parse_args()
    sys.stdout.reconfigure(encoding="utf-8")
    if options.what == "table":
        table(load_embedded(), options.sets, options.out)
    elif options.what == "lengths":
        lengths(load_embedded(), raw_prompts_of(options.file, min(options.prompts, 200)))
    else:
        words(load_embedded(), raw_prompts_of(options.file, options.prompts))


if __name__ == "__main__":
    main()
