"""PPO, GRPO and DPO on a reward with a known best: how often "neon" is written, from about 1/4 towards 1, three seeds.

    python -m tests.training.known_optimum --out runs/known

Prints the share of held-out answers with "neon" after every few steps; some minutes on a CPU.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from prompt_beautifier.beautifier.language.weights import load_network
from prompt_beautifier.beautifier.language.writer import Beautifier
from prompt_beautifier.training import dpo, ppo, rl
from prompt_beautifier.training.policy.rollout import sample
from prompt_beautifier.training.run.bases import base_tokenizer, find_base
from prompt_beautifier.training.run.rows import read_jsonl

from . import moody

STEPS = (0, 10, 20, 40)
ANSWERS = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    start = starting_point(args.out)
    rows = ["| method | seed | " + " | ".join(f"step {step}" for step in STEPS) + " |", "|---" * (2 + len(STEPS)) + "|"]
    for method in METHODS:
        for seed in range(args.seeds):
            shares = curve(method, seed, start, args.out, STEPS)
            rows.append(f"| {method} | {seed} | " + " | ".join(f"{each:.2f}" for each in shares) + " |")
            print(rows[-1], flush=True)
    print("\n".join(rows))


@dataclass(frozen=True)
class Start:
    """What every method begins with: the SFT model, raw prompts with their moods, and preferences for neon."""

    model: Path
    data: Path
    preferences: Path


def starting_point(folder: Path) -> Start:
    """The start, made below a folder unless it is there (some seconds); rewards are found by name from then on."""
    sys.path.insert(0, str(Path(moody.__file__).parent))
    data, model = moody.save_pairs(folder / "pairs"), folder / "base" / "model"
    model = model if model.is_dir() else moody.save_model(data, folder / "base")
    return Start(model, data, save_preferences(folder / "preferences"))


def curve(method: str, seed: int, start: Start, folder: Path, steps: Sequence[int]) -> list[float]:
    """The share of "neon" before the first step (0, the first of `steps`) and after each of the others."""
    shares = [share(start.model, start.data)]
    for step in steps[1:]:
        # DPO's schedule knows its last step: a longer run begins anew, the others go on.
        out = folder / method / str(seed) / (str(step) if method == "DPO" else "")
        METHODS[method](start.model, start.preferences if method == "DPO" else start.data, out, step, seed)
        shares.append(share(out / "model", start.data))
    return shares


def by_ppo(model: Path, data: Path, out: Path, steps: int, seed: int) -> None:
    few = f"--steps {steps} --seed {seed} --rollouts 64 --minibatch 16 --chunk 64 --eval-prompts 9 --eval-steps 1000"
    own = "--baseline none --keep last --checkpoint-steps 10 --lr 3e-3"
    ppo.main([*folders(model, data, out), *few.split(), *own.split(), *REWARD])


def by_grpo(model: Path, data: Path, out: Path, steps: int, seed: int) -> None:
    few = f"--method grpo --steps {steps} --seed {seed} --rollouts 64 --answers 8 --micro-batch 64 --eval-prompts 9"
    rl.main([*folders(model, data, out), *few.split(), *"--checkpoint-steps 10 --lr 1e-3 --beta 0.02".split(), *REWARD])


def by_dpo(model: Path, data: Path, out: Path, steps: int, seed: int) -> None:
    few = f"--max-steps {steps} --seed {seed} --batch-size 16 --micro-batch 16 --eval-rows 0 --checkpoint-steps 1000"
    dpo.main([*folders(model, data, out), *few.split(), *"--lr 5e-4 --lr-schedule constant".split()])


METHODS = {"PPO": by_ppo, "GRPO": by_grpo, "DPO": by_dpo}
REWARD = "--reward moody:neon --max-new-tokens 20".split()


def folders(model: Path, data: Path, out: Path) -> list[str]:
    return ["--cpu", "--model", str(model), "--data", str(data), "--out", str(out)]


def save_preferences(folder: Path) -> Path:
    """Neon against each other mood, for every subject."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        {
            "raw_prompt": f"{colour} {thing}",
            "chosen": f"a {colour} {thing}, neon",
            "rejected": f"a {colour} {thing}, {mood}",
        }
        for mood in moody.MOODS[1:]
        for colour in moody.COLOURS
        for thing in moody.THINGS
    ]
    for side in ("train", "heldout"):
        (folder / f"{side}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def share(model: Path, data: Path) -> float:
    """How many of ANSWERS sampled answers have "neon" in them."""
    folder, family = find_base(str(model))
    network = load_network(folder)
    beautifier = Beautifier("model", family, network, base_tokenizer(folder)[0])
    raws = [row["raw_prompt"] for row in read_jsonl(data / "heldout.jsonl")]
    asked = [beautifier.asked(raws[k % len(raws)]) for k in range(ANSWERS)]
    chances = torch.rand(ANSWERS, 20, generator=torch.Generator().manual_seed(0))
    answers = sample(network, asked, 20, chances)
    return sum("neon" in beautifier.decoded(list(answer.tokens)) for answer in answers) / ANSWERS


if __name__ == "__main__":
    torch.set_flush_denormal(True)
    main()
