"""Labels for the embedded model's score model: a text proxy of what people prefer. No picture was looked at here.

Four sources, each telling prompts apart that people treated differently:
  - refinements   a prompt that somebody ended up with (+1) against one that somebody went on to change (-1),
  - curated       prompts picked for a data set of good prompts (+1) against ordinary ones (-1),
  - reused        prompts sent twenty times and more (+1) against prompts sent once (-1),
  - opinions      the mean opinion score of pictures of the prompt, over generators (AGIQA-3K; the one source in
                  which people judged pictures, with a few hundred prompts).

    python -m prompt_beautifier.training.proxy_labels --refinements refinements.jsonl \\
        --descriptions descriptions.jsonl --prompts prompts.tsv.xz --opinions agiqa3k.csv \\
        --names runs/pairs/name_words.txt --exclude PartiPrompts.tsv --out runs/proxy

Longer prompts are the better ones in all of them, and a model of length is no model of quality: so a +1/-1 source has
as many good as bad prompts of every length in words, and the line through opinion over length is taken out. Texts are
cleaned as training targets are: no artists, no people, nothing unsafe, no evaluation prompt. The raw prompt of every
row is cut out of its prompt by one rule, good or bad, so that it tells nothing about the label.

    python -m prompt_beautifier.training.proxy_labels --check runs/score/model --out runs/proxy

says how well a reward model made of the labels predicts the held-out ones of each source.

Writes OUT/train.jsonl and OUT/heldout.jsonl (a tenth of the subjects, among them all that collect holds out), rows
{"raw_prompt": str, "prompt": str, "score": float, "source": str}, score in standard deviations of its source; and
OUT/labels.md, what is in them and how much of it length alone could tell. The same input gives the same files.
"""

import argparse
import csv
import lzma
import random
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from .data.near_duplicates import band_hashes
from .data.pairs import (
    FRAMING,
    held_out,
    is_plain,
    nameless_segments,
    plain_text,
    raw_prompt_of,
    row_random,
    segments_of,
    words,
)
from .data.safety import unsafe_words
from .data.sources import read_excluded
from .regression.figures import mean_squared_error, pearson, spearman
from .run.options import new_parser, parse
from .run.parts import write_rows
from .run.rows import read_jsonl

SHORTEST, LONGEST = 4, 70  # words of a prompt
ALIKE = 20  # most prompts of one source and label that begin with the same three words

Labelled = list[tuple[str, float]]  # a tidy prompt and its score


def main(argv: list[str] | None = None) -> None:
    parser = option_parser()
    args = parse(parser, argv)
    if args.check:
        print(verdict(args.out, args.check))
        return
    if args.names is None:
        parser.error("--names is needed: the labels name nobody")
    if args.descriptions and not args.prompts:
        parser.error("--descriptions needs --prompts: curated prompts are told from ordinary ones")
    sources = read_sources(args)
    if not sources:
        parser.error("give at least one of --refinements, --prompts and --opinions")
    table = "\n".join([HEADER, *(described(name, before, rows) for name, (before, rows) in sources.items())])
    args.out.mkdir(parents=True, exist_ok=True)
    counts = write_sides(args.out, sources, read_excluded(args.exclude))
    (args.out / "labels.md").write_text(table + "\n", encoding="utf-8")
    print(
        f"{table}\n\n{counts['train']:,} training rows, {counts['heldout']:,} held-out rows in {args.out}. "
        "Labels are of text alone, but for the opinions: no reward model made of them has seen a picture."
    )


def option_parser() -> argparse.ArgumentParser:
    parser = new_parser(__doc__)
    add = parser.add_argument
    add("--refinements", type=Path, help="JSONL of raw_prompt and prompt")
    add("--descriptions", type=Path, help="JSONL whose prompt is a curated one (needs --prompts)")
    add("--prompts", type=Path, help="count<TAB>prompt lines, plain or .xz")
    add("--opinions", type=Path, help="AGIQA-3K's CSV of opinion scores")
    add("--names", type=Path, help="name_words.txt that collect wrote; needed for labels")
    add("--check", metavar="FOLDER", help="a reward folder to judge by the labels in --out")
    add("--exclude", type=Path, nargs="*", default=[], help="evaluation sets: TSV, prompt first")
    add("--often", type=int, default=20, help="times a reused prompt was sent, at least")
    add("--share", type=int, default=60, help="ordinary prompts taken of a thousand that were sent once")
    add("--out", type=Path, required=True, help="folder for train.jsonl and heldout.jsonl")
    return parser


def read_sources(args: argparse.Namespace) -> dict[str, tuple[Labelled, Labelled]]:
    """Every source that was given: its rows before and after balancing."""
    named = frozenset(args.names.read_text(encoding="utf-8").split())
    excluded = read_excluded(args.exclude)

    def clean(prompts: Iterable[str]) -> list[str]:
        return [text for text in (tidy(prompt, named, excluded) for prompt in prompts) if text]

    sources = {}
    if args.refinements:
        pairs = read_jsonl(args.refinements, "raw_prompt", "prompt")
        rows = against(clean(pair["prompt"] for pair in pairs), clean(pair["raw_prompt"] for pair in pairs))
        sources["refinements"] = rows, balanced(rows)
    if args.prompts:
        ordinary, reused = (clean(prompts) for prompts in ordinary_and_reused(args.prompts, args.often, args.share))
        if args.descriptions:
            curated = clean(row["prompt"] for row in read_jsonl(args.descriptions, "prompt"))
            rows = against(curated, ordinary)
            sources["curated"] = rows, balanced(rows)
        rows = against(reused, ordinary)
        sources["reused"] = rows, balanced(rows)
    if args.opinions:
        rows = [(tidy(prompt, named, excluded), score) for prompt, score in opinions(args.opinions).items()]
        rows = [(text, score) for text, score in rows if text]
        sources["opinions"] = rows, without_length(rows)
    return sources


def write_sides(out: Path, sources: dict[str, tuple[Labelled, Labelled]], excluded: frozenset[str]) -> dict[str, int]:
    """Write OUT/train.jsonl and OUT/heldout.jsonl, shuffled; how many rows each has."""
    sides: dict[str, list[dict]] = {"train": [], "heldout": []}
    for source, (_, rows) in sources.items():
        for text, score in rows:
            raw = raw_side(text, excluded) or text
            row = {"raw_prompt": raw, "prompt": text, "score": round(score, 4), "source": source}
            sides[side(text)].append(row)
    for name, rows in sides.items():
        random.Random(0).shuffle(rows)
        write_rows(out / f"{name}.jsonl", rows)
    return {name: len(rows) for name, rows in sides.items()}


def tidy(prompt: str, named: frozenset[str], excluded: frozenset[str]) -> str:
    """A prompt as the beautifier would write it; "" for one that it never should.

    The steps of a training target of collect, without asking for detail: plain English, nothing unsafe, no credits,
    no segment with a word of a person's name, no segment twice.
    """
    text = plain_text(prompt)
    segments = nameless_segments(text, named) if is_plain(text) and not unsafe_words(text) else None
    tidied = ", ".join(dict.fromkeys(segment for segment in segments or () if words(segment)))
    found = words(tidied)
    return tidied if SHORTEST <= len(found) <= LONGEST and " ".join(found) not in excluded else ""


def raw_side(prompt: str, excluded: frozenset[str]) -> str:
    """What somebody might have typed for this prompt; the same text gives the same one. "" where none is found."""
    raw = raw_prompt_of(prompt.split(", "), row_random(prompt))
    return "" if " ".join(words(raw)) in excluded else raw


def different(prompts: Iterable[str]) -> list[str]:
    """The prompts without near-duplicates, and without more than a few that begin alike: many come from few people."""
    prompts = list(prompts)
    seen, beginnings, kept = set(), Counter(), []
    for prompt, bands in zip(prompts, band_hashes(prompts).tolist(), strict=True):
        beginning = " ".join(words(prompt)[:3])
        if beginnings[beginning] < ALIKE and seen.isdisjoint(bands):
            beginnings[beginning] += 1
            seen.update(bands)
            kept.append(prompt)
    return kept


def side(prompt: str) -> str:
    """Whether a prompt's subject is held out: where collect holds it out, and for a tenth of all subjects."""
    subject = FRAMING.sub("", segments_of(prompt)[0])
    return "heldout" if held_out(prompt) or zlib.crc32(f"score {subject}".encode()) % 10 == 0 else "train"


def against(good: Iterable[str], bad: Iterable[str]) -> Labelled:
    """+1 for the good prompts, -1 for the bad ones; a prompt that is both is neither."""
    good, bad = different(good), different(bad)
    both = set(good).intersection(bad)
    return [(text, 1.0) for text in good if text not in both] + [(text, -1.0) for text in bad if text not in both]


def balanced(rows: Labelled) -> Labelled:
    """As many +1 as -1 of every length in words, the first by a hash of their text; the rest is left out."""
    by_length = defaultdict(lambda: {1.0: [], -1.0: []})
    for text, score in rows:
        by_length[len(words(text))][score].append(text)
    kept = []
    for length in sorted(by_length):
        good, bad = (sorted(texts, key=lambda text: zlib.crc32(text.encode())) for texts in by_length[length].values())
        for better, worse in zip(good, bad, strict=False):
            kept += [(better, 1.0), (worse, -1.0)]
    return kept


def read_counts(path: Path) -> Iterator[tuple[int, str]]:
    """How often a prompt was sent, and the prompt, of a `count<TAB>prompt` file, plain or .xz."""
    opener = lzma.open if path.suffix == ".xz" else open
    with opener(path, "rt", encoding="utf-8", errors="replace") as lines:
        for line in lines:
            count, _, prompt = line.rstrip("\n").partition("\t")
            yield int(count), prompt


def ordinary_and_reused(path: Path, often: int, share: int) -> tuple[list[str], list[str]]:
    """Prompts sent once, `share` in a thousand of them by a hash of their text, and all sent `often` times or more."""
    ordinary, reused = [], []
    for count, prompt in read_counts(path):
        if count >= often:
            reused.append(prompt)
        elif count == 1 and zlib.crc32(prompt.encode()) % 1000 < share:
            ordinary.append(prompt)
    return ordinary, reused


def opinions(path: Path) -> dict[str, float]:
    """Mean opinion of each prompt of AGIQA-3K: quality and alignment, each in standard deviations of its generator
    and setting around their mean, averaged over both and over all pictures of the prompt."""
    with open(path, encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    generators = defaultdict(list)
    for row in rows:
        generators[row["name"].rpartition("_")[0]].append(row)
    scores = defaultdict(list)
    for pictures in generators.values():
        for column in ("mos_quality", "mos_align"):
            values = np.array([float(picture[column]) for picture in pictures])
            spread = values.std()
            if spread == 0:
                continue  # one picture, or one opinion of all: nothing about the prompt
            for picture, value in zip(pictures, (values - values.mean()) / spread, strict=True):
                scores[picture["prompt"]].append(value)
    return {prompt: float(np.mean(values)) for prompt, values in scores.items()}


def without_length(rows: Labelled) -> Labelled:
    """Scores less the straight line through them over the length in words, in standard deviations."""
    lengths = np.array([len(words(text)) for text, _ in rows], dtype=float)
    scores = np.array([score for _, score in rows])
    rest = scores - np.polyval(np.polyfit(lengths, scores, 1), lengths)
    return [(text, float(score)) for (text, _), score in zip(rows, rest / rest.std(), strict=True)]


def length_only(train: Labelled, heldout: Labelled) -> list[float]:
    """Predictions for held-out rows by the mean score of the training rows closest in length (a tenth of them)."""
    lengths = np.array([len(words(text)) for text, _ in train])
    scores = np.array([score for _, score in train])
    nearest = max(1, len(train) // 10)
    predicted = {}
    for length in {len(words(text)) for text, _ in heldout}:
        distance = np.abs(lengths - length)
        within = distance <= np.partition(distance, nearest - 1)[nearest - 1]
        predicted[length] = float(scores[within].mean())
    return [predicted[len(words(text))] for text, _ in heldout]


HEADER = (
    "| source | rows | held out | mean words | score ~ length before | after "
    "| held-out variance | MSE of length only | Spearman of length only |\n"
    "|---|---|---|---|---|---|---|---|---|"
)


def described(source: str, before: Labelled, rows: Labelled) -> str:
    """A line of the table: rows, lengths, and how well length alone predicts the score, before and after balancing."""
    train = [row for row in rows if side(row[0]) == "train"]
    heldout = [row for row in rows if side(row[0]) == "heldout"]
    if min(len(train), len(heldout)) < 2:
        raise ValueError(
            f"{source} has {len(train)} rows for training and {len(heldout)} held out after balancing for length: "
            "leave it out, or give more prompts"
        )
    true = [score for _, score in heldout]
    guessed = length_only(train, heldout)
    return (
        f"| {source} | {len(train):,} | {len(heldout):,} | {np.mean([len(words(text)) for text, _ in rows]):.1f} "
        f"| {length_correlation(before):.3f} | {length_correlation(rows):.3f} "
        f"| {np.var(true):.3f} | {mean_squared_error(guessed, true):.3f} | {spearman(guessed, true):.3f} |"
    )


def length_correlation(rows: Labelled) -> float:
    """Pearson correlation of score and length in words."""
    return pearson([len(words(text)) for text, _ in rows], [score for _, score in rows])


VERDICT = (
    "| source | held out | MSE | MSE of 0 | MSE of length | Pearson | Spearman | Spearman of length "
    "| Spearman of score and length |\n|---|---|---|---|---|---|---|---|---|"
)


def verdict(folder: Path, model: str) -> str:
    """How well a reward folder predicts the held-out labels of each source, beside always guessing the mean (0 for
    all of them) and beside length alone; Markdown."""
    from ..beautifier.rewards.model import load_reward_model

    def by_source(name: str) -> dict[str, Labelled]:
        found = defaultdict(list)
        for row in read_jsonl(folder / f"{name}.jsonl", "prompt"):
            found[row["source"]].append(row)
        return found

    def pairs(rows: list[dict]) -> Labelled:
        return [(row["prompt"], row["score"]) for row in rows]

    reward, train = load_reward_model(model), by_source("train")
    lines = [VERDICT]
    for source, rows in by_source("heldout").items():
        true = [row["score"] for row in rows]
        found = reward.score([row["raw_prompt"] for row in rows], [row["prompt"] for row in rows]).tolist()
        length = length_only(pairs(train[source]), pairs(rows))
        lengths = [len(words(row["prompt"])) for row in rows]
        lines.append(
            f"| {source} | {len(rows):,} | {mean_squared_error(found, true):.3f} | {np.mean(np.square(true)):.3f} "
            f"| {mean_squared_error(length, true):.3f} | {pearson(found, true):.3f} | {spearman(found, true):.3f} "
            f"| {spearman(length, true):.3f} | {spearman(found, lengths):.3f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
