"""How far bfloat16, float16, int8 and int4 move what a checkpoint says: agreement with float32, token by token.

    python benchmarks/int8_agreement.py FOLDER                           a checkpoint, 500 prompts
    python benchmarks/int8_agreement.py FOLDER --prompts 50              float32 needs 4 bytes a weight

The float32 network answers the prompts, by its family's published settings or as its chat template asks it. Then every
network reads these answers: top-1 is how often its likeliest next token is float32's, KL the mean divergence from
float32's distribution in nats a token, with the worst 1 % of tokens; behind int8 and int4 stands who multiplies. They
leave model.int8.safetensors and model.int4.safetensors beside the checkpoint.
"""

import argparse
from dataclasses import replace
from itertools import islice, product
from pathlib import Path

import torch

from prompt_beautifier.beautifier.beautify import load_beautifier
from prompt_beautifier.beautifier.language.decoding import generate
from prompt_beautifier.beautifier.language.loading import load_fastest
from prompt_beautifier.beautifier.language.weights import load_network

WHO = (
    "1 girl",
    "a cat",
    "an old sailor",
    "two robots",
    "a red dragon",
    "a castle",
    "a bowl of fruit",
    "a sports car",
    "an astronaut",
    "a wooden house",
    "a wolf",
    "a queen",
    "a street musician",
    "a lighthouse",
    "a small boat",
    "a samurai",
    "a witch",
    "a steam train",
    "a white horse",
    "a child with a balloon",
    "a fox",
    "a ballet dancer",
    "a library",
    "a bridge",
    "a whale",
)
WHERE = (
    "",
    "at night",
    "in the rain",
    "in a forest",
    "on a hill",
    "by the sea",
    "on mars",
    "in a cyberpunk city",
    "in a snowy village",
    "at sunset",
    "in an abandoned factory",
    "in a garden",
    "under the stars",
    "in a desert",
    "in a crowded market",
    "as an oil painting",
    "in watercolor",
    "in autumn",
    "in the fog",
    "reading a book",
)
DTYPES = ("float16", "bfloat16", "int8", "int4")


def raw_prompts(count: int) -> list[str]:
    """`count` of the 500 prompts, spread over all of them."""
    every = [f"{who} {where}".strip() for where, who in product(WHERE, WHO)]
    return list(islice(every[:: max(1, len(every) // count)], count))


def log_probabilities(network, tokens: list[int], asked: int) -> torch.Tensor:
    """float32 [answer, vocabulary]: of every token of the answer, given those before it."""
    hidden = network(torch.tensor([tokens]))[0, asked - 1 : -1]
    return network.logits(hidden).float().log_softmax(-1)


@torch.inference_mode()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a checkpoint folder")
    parser.add_argument("--family", help="as for beautify --family")
    parser.add_argument("--prompts", type=int, default=500)
    parser.add_argument("--dtypes", nargs="+", choices=DTYPES, default=["bfloat16", "int8", "int4"])
    parser.add_argument("--tokens", type=int, help="most tokens of an answer; default: the family's")
    options = parser.parse_args()
    compare(Path(options.model), options)


def compare(folder: Path, options) -> None:
    exact = load_beautifier(folder, "cpu", torch.float32, options.family)
    sampling, answers = exact.family.sampling, []
    if options.tokens:
        sampling = replace(sampling, max_new_tokens=options.tokens)
    for seed, raw in enumerate(raw_prompts(options.prompts)):
        asked = exact.asked(raw)
        (answer,) = generate(exact.network, asked, 1, seed, sampling)
        if answer.tokens:
            answers.append((len(asked), [*asked, *answer.tokens]))
    print(f"{options.model}: {len(answers)} answers, {sum(len(row) - asked for asked, row in answers)} tokens")
    print("| dtype | top-1 agreement | mean KL, nats a token | worst 1 % |\n|---|---|---|---|")
    for name in options.dtypes:
        if name == "float16":  # slow on a CPU, and never packed
            network = load_network(folder, torch.float16)
        else:
            network = load_fastest(folder, getattr(torch, name), torch.device("cpu"), True)
        same, divergence = [], []
        for asked, row in answers:
            ours, theirs = (
                log_probabilities(network, row, asked),
                log_probabilities(exact.network, row, asked),
            )
            same.append(ours.argmax(-1) == theirs.argmax(-1))
            divergence.append((theirs.exp() * (theirs - ours)).sum(-1))
        same, divergence = torch.cat(same).float(), torch.cat(divergence)
        worst = divergence.sort().values[-max(1, len(divergence) // 100) :].mean()
        by = type(network.h[0].mlp.dense_h_to_4h).__name__
        print(f"| {name} ({by}) | {same.mean():.2%} | {divergence.mean():.6f} | {worst:.6f} |", flush=True)


if __name__ == "__main__":
    main()
