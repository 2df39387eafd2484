"""Pairs that do not belong together, made of pairs that do: what a consistency model learns to tell apart.

Three kinds, so that no single trick tells them all: a prompt about something else, the right prompt about the wrong
thing, and a raw prompt that asks for something the prompt lacks. They are made by rule, and so no harder than the rule:
a word is another word even where both mean the same.

Where the raw prompt's words stand in a prompt says nothing about whether they are there, but in rows of people they
nearly always stand first, and a network would learn just that. So half of the rows, each with the mismatch made of it,
have their segments in another order: shuffled, or with some of the others in front.
"""

import random
import re
from dataclasses import dataclass, replace

from ...beautifier.prompts.words import content_words

MATCH = "match"
TRIES = 50  # rows to look at for one that a mismatch can be made with

WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")  # as content_words sees words


@dataclass(frozen=True)
class Example:
    """What a regressor reads and the number it shall tell; `kind` is how the pair came about, `order` whether its
    prompt's segments stand as they were written."""

    raw_prompt: str
    prompt: str
    label: float
    kind: str = "row"
    order: str = "as written"


def with_mismatches(rows: list[dict], seed: int) -> list[Example]:
    """Each row with target 1, and behind it one mismatch made of it, target 0, of a kind that is drawn by the seed.
    Half of these pairs, drawn too, have the segments of both prompts in another order."""
    chance, examples = random.Random(seed), []
    for row in rows:
        pair = Example(row["raw_prompt"], row["prompt"], 1.0, MATCH), mismatch(row, rows, chance)
        change = chance.choice(list(CHANGES)) if chance.random() < 0.5 else AS_WRITTEN
        pattern = chance.random()
        examples += [in_order(example, change, pattern) for example in pair]
    return examples


def in_order(example: Example, change: str, pattern: float) -> Example:
    """An example with the segments of its prompt in another order.

    change   AS_WRITTEN, or a name in CHANGES
    pattern  number that decides the order
    """
    if change == AS_WRITTEN:
        return example
    segments = CHANGES[change](example.prompt.split(", "), random.Random(pattern))
    return replace(example, prompt=", ".join(segments), order=change)


def shuffled(segments: list[str], chance: random.Random) -> list[str]:
    return chance.sample(segments, len(segments))


def others_in_front(segments: list[str], chance: random.Random) -> list[str]:
    """Some of the segments behind the first one stand in front of it."""
    count = chance.randint(min(1, len(segments) - 1), len(segments) - 1)
    front = sorted(chance.sample(range(1, len(segments)), count))
    return [segments[i] for i in front] + [each for i, each in enumerate(segments) if i not in front]


AS_WRITTEN = "as written"
CHANGES = {"shuffled": shuffled, "others in front": others_in_front}


def mismatch(row: dict, rows: list[dict], chance: random.Random) -> Example:
    """A mismatch of a random kind; of another kind where that one cannot be made of this row.

    Raises ValueError where none can be made: the rows are too few, or too much alike.
    """
    raw, prompt = row["raw_prompt"], row["prompt"]
    for kind in chance.sample(list(KINDS), len(KINDS)):
        for _ in range(TRIES):
            made = KINDS[kind](raw, prompt, chance.choice(rows), chance)
            if made is not None:
                return Example(*made, 0.0, kind)
    raise ValueError(f"no mismatch can be made of {raw!r}: the rows are too few, or too much alike")


def another_prompt(raw: str, prompt: str, other: dict, chance: random.Random) -> tuple[str, str] | None:
    """The raw prompt with another row's prompt; None where they share a content word."""
    shared = set(content_words(raw)) & set(content_words(f"{other['raw_prompt']} {other['prompt']}"))
    return None if shared else (raw, other["prompt"])


def another_subject(raw: str, prompt: str, other: dict, chance: random.Random) -> tuple[str, str] | None:
    """The same prompt with another row's content words in the place of the raw prompt's; None where the prompt has
    none of these, or both rows share one."""
    said, new = set(content_words(raw)), content_words(other["raw_prompt"])
    if not new or said.intersection(new):
        return None
    taken: dict[str, str] = {}

    def replaced(found: re.Match) -> str:
        word = found[0].lower()
        return taken.setdefault(word, new[len(taken) % len(new)]) if word in said else found[0]

    changed = WORD.sub(replaced, prompt)
    return (raw, changed) if taken else None


def another_word(raw: str, prompt: str, other: dict, chance: random.Random) -> tuple[str, str] | None:
    """The raw prompt with one content word of another row, which the prompt has not, in the place of one of its own;
    None where there is no such word."""
    mine, known = set(content_words(raw)), set(content_words(f"{raw} {prompt}"))
    places = [found for found in WORD.finditer(raw) if found[0].lower() in mine]
    new = [word for word in content_words(other["raw_prompt"]) if word not in known]
    if not places or not new:
        return None
    place = chance.choice(places)
    return raw[: place.start()] + chance.choice(new) + raw[place.end() :], prompt


KINDS = {"another prompt": another_prompt, "another subject": another_subject, "another word": another_word}
