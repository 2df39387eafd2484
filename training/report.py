"""Figures of a small text model for its model card: how well it predicts, and what its answers are like.

    python -m prompt_beautifier.training.report --model embedded --data runs/pairs

All figures are of text alone; none says whether a picture gets better. Printed as the Markdown of a model card:
  - held-out perplexity per token and bits per byte of the answers in heldout.jsonl,
  - over the first candidates (seed 0) of held-out raw prompts: share of the raw prompt's content words kept,
    distinct-2 (different word pairs / all word pairs), mean length in words, share with an unsafe word
    (training/safety.py), share with a word of a person's name that the user did not write (name_words.txt),
  - a table of twenty raw prompts with their first candidates, seed 0.
"""

import argparse
import json
import math
from pathlib import Path

from tqdm import tqdm

from ..beautifier.beautify import Beautifier, load_beautifier
from ..beautifier.families import render
from .collect import content_words, words
from .safety import unsafe_words
from .sft import answer_loss, collate, epoch_batches, read_rows

TABLE = (
    "1 girl", "a cat", "castle", "a knight in a forest", "cyberpunk city at night", "an old man reading a book",
    "a dragon over the mountains", "portrait of a woman", "robot", "a bowl of ramen", "spaceship", "a fox in the snow",
    "samurai", "sunset over the sea", "a cozy cabin", "steampunk owl", "a wizard's tower", "flowers in a vase",
    "astronaut riding a horse", "underwater temple",
)  # fmt: skip


def perplexity(beautifier: Beautifier, path: Path) -> dict[str, float]:
    """Perplexity per token and bits per byte of the answers in a JSONL file of pairs."""
    network, tokenizer = beautifier.network, beautifier.tokenizer
    rows = read_rows(path, tokenizer, network.config.eos_token_id, max_length=10_000)
    nats, tokens = 0.0, 0
    for batch in tqdm(epoch_batches(rows.lengths, 4096, seed=0), desc="perplexity"):
        batch_tokens, answer = collate(rows, batch, network.config.pad_token_id)
        count = int(answer.sum())
        nats += answer_loss(network, batch_tokens, answer).item() * count
        tokens += count
    with open(path, encoding="utf-8") as lines:
        size = sum(len(json.loads(line)["prompt"].encode()) for line in lines)
    return {"perplexity per token": math.exp(nats / tokens), "bits per byte": nats / math.log(2) / size}


def answer_figures(raws: list[str], answers: list[str], named: frozenset[str]) -> dict[str, float]:
    """What the answers to raw prompts are like; every share is between 0 and 1."""
    kept = asked = unsafe = naming = 0
    pairs: list[tuple[str, str]] = []
    for raw, answer in zip(raws, answers, strict=True):
        wanted, found = content_words(raw), words(answer)
        asked += len(wanted)
        kept += len(wanted.intersection(found))
        unsafe += bool(unsafe_words(answer) - unsafe_words(raw))
        naming += bool(named.intersection(found) - set(words(raw)))
        pairs += zip(found, found[1:], strict=False)
    return {
        "content words of the raw prompt kept": kept / asked,
        "distinct-2": len(set(pairs)) / len(pairs),
        "mean length in words": sum(len(words(answer)) for answer in answers) / len(answers),
        "answers with an unsafe word": unsafe / len(answers),
        "answers with a name the user did not write": naming / len(answers),
    }


def first_candidates(beautifier: Beautifier, raws: list[str]) -> list[str]:
    return [beautifier.beautify(raw, num_candidates=1, seed=0)[0].text for raw in tqdm(raws, desc="answers")]


def heldout_raw_prompts(path: Path, count: int) -> list[str]:
    """The first `count` different raw prompts of a JSONL file."""
    with open(path, encoding="utf-8") as lines:
        return list(dict.fromkeys(json.loads(line)["raw_prompt"] for line in lines))[:count]


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="embedded", help="'embedded' or a checkpoint folder")
    parser.add_argument("--data", type=Path, required=True, help="folder that collect wrote")
    parser.add_argument("--answers", type=int, default=1000, help="held-out raw prompts to answer")
    args = parser.parse_args(argv)

    beautifier = load_beautifier(args.model)
    named = frozenset((args.data / "name_words.txt").read_text(encoding="utf-8").split())
    figures = perplexity(beautifier, args.data / "heldout.jsonl")
    raws = heldout_raw_prompts(args.data / "heldout.jsonl", args.answers)
    figures |= answer_figures(raws, first_candidates(beautifier, raws), named)
    print("| figure | value |\n|---|---|")
    for name, value in figures.items():
        print(f"| {name} | {value:.4g} |")
    print("\n| raw prompt | first candidate, seed 0 |\n|---|---|")
    for raw, answer in zip(TABLE, first_candidates(beautifier, list(TABLE)), strict=True):
        print(f"| {raw} | {answer} |".replace("\n", " "))
    print(f"\nTemplate: {render(beautifier.family, 'RAW PROMPT')!r}; sampling: {beautifier.family.sampling}")


if __name__ == "__main__":
    main()
