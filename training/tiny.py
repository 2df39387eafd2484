"""Everything a run needs, so small that all stages take minutes on a CPU: pairs, a base, a picture pipeline, scorers.

    python -m prompt_beautifier.training.tiny --out runs/tiny

Writes, below OUT:

    pairs/      train.jsonl and heldout.jsonl: colours and things, made by rule, each with one of four moods
    base/       a language model with random weights and a tokenizer for these pairs, for sft
    pipeline/   a Stable Diffusion pipeline with random weights, for label, evaluate and --reward images
    pickscore/  aesthetic/   clip-score/    scorers with random weights

What is drawn is noise and what is scored is chance: with it one sees what each stage does and writes, and whether an
installation works. docs/training.md goes through all stages with it. --shape qwen3 makes a base that is asked by a chat
template, as Qwen3, Llama 3.2 and SmolLM2 are.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator
from pathlib import Path

from tokenizers import Tokenizer

from ..beautifier.chat.instruction import SYSTEM_PROMPT
from ..beautifier.families import FAMILIES
from .run.options import as_command, new_parser, parse
from .run.parts import write_json, write_rows
from .tokenizer import EOS, PAD, texts, train_tokenizer

COLOURS = "red blue green old tiny golden white black silver wooden glass giant".split()
THINGS = "castle cat ship tower robot owl fox tree bridge horse train lamp".split()
MOODS = {
    "neon": "neon lights, rain, wet streets",
    "mist": "morning mist, pale sun, soft light",
    "dawn": "dawn, long shadows, warm colours",
    "snow": "snow, blue hour, quiet",
}
SHAPES = ("bloom", "gpt2", "qwen3")
TURNS = ("<|im_start|>", "<|im_end|>")
CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def main(argv: list[str] | None = None) -> None:
    parser = new_parser(__doc__)
    add = parser.add_argument
    add("--out", type=Path, required=True)
    add("--shape", choices=SHAPES, default="bloom", help="of the base")
    add("--hidden-size", type=int, default=64, help="of the base")
    add("--layers", type=int, default=2, help="of the base")
    add("--seed", type=int, default=0)
    args = parse(parser, argv)
    from .pictures import tiny

    save_pairs(args.out / "pairs", args.seed)
    weights = save_base(
        args.out / "base", args.out / "pairs" / "train.jsonl", args.shape, args.hidden_size, args.layers, args.seed
    )
    tiny.save_pipeline(args.out / "pipeline", args.seed)
    tiny.save_clip(args.out / "pickscore", args.seed)
    tiny.save_clip(args.out / "clip-score", args.seed + 1)
    tiny.save_aesthetic(args.out / "aesthetic", args.seed)
    print(f"a base of {weights:,} weights, pairs, a pipeline and scorers in {args.out}")


def save_pairs(folder: Path, seed: int = 0) -> None:
    """Write train.jsonl and heldout.jsonl: every mood for every thing in every colour, one thing in nine held out."""
    rows = list(pairs())
    random.Random(seed).shuffle(rows)
    subjects = sorted({row["raw_prompt"] for row in rows})
    heldout = set(random.Random(seed).sample(subjects, len(subjects) // 9))
    folder.mkdir(parents=True, exist_ok=True)
    write_rows(folder / "train.jsonl", (row for row in rows if row["raw_prompt"] not in heldout))
    write_rows(folder / "heldout.jsonl", (row for row in rows if row["raw_prompt"] in heldout))


def pairs() -> Iterator[dict]:
    for colour in COLOURS:
        for thing in THINGS:
            for mood, words in MOODS.items():
                yield {"raw_prompt": f"{colour} {thing}", "prompt": f"a {colour} {thing}, {words}", "type": mood}


def save_base(folder: Path, rows: Path, shape: str, hidden: int, layers: int, seed: int) -> int:
    """Write a checkpoint with random weights and a tokenizer for the rows of a file; how many weights it has."""
    import torch
    from transformers import AutoModelForCausalLM

    folder.mkdir(parents=True, exist_ok=True)
    # The templates many times, so that they are not much longer than the pairs: a step takes as long as its tokens.
    asked = [FAMILIES["text2prompt-v1"].template, FAMILIES["promptist"].template, SYSTEM_PROMPT] * 100
    tokenizer = train_tokenizer(itertools.chain(texts(rows), asked), 512)
    if shape == "qwen3":
        tokenizer.add_special_tokens(list(TURNS))
    tokenizer.save(str(folder / "tokenizer.json"))
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_config(config_of(shape, tokenizer, hidden, layers))
    model.save_pretrained(folder)
    if shape == "qwen3":
        settings = {"chat_template": CHAT_TEMPLATE, "eos_token": TURNS[1], "pad_token": PAD}
        write_json(folder / "tokenizer_config.json", settings, indent=2)
    else:
        family = "text2prompt-v1" if shape == "bloom" else "promptist"
        (folder / "beautifier.json").write_text(json.dumps({"family": family}) + "\n", encoding="utf-8")
    return model.num_parameters()


def config_of(shape: str, tokenizer: Tokenizer, hidden: int, layers: int):
    """transformers' configuration of a base."""
    from transformers import BloomConfig, GPT2Config, Qwen3Config

    end = TURNS[1] if shape == "qwen3" else EOS
    tokens = {"eos_token_id": tokenizer.token_to_id(end), "pad_token_id": tokenizer.token_to_id(PAD)}
    tokens |= {"vocab_size": tokenizer.get_vocab_size(), "bos_token_id": tokens["eos_token_id"]}
    heads = max(2, hidden // 32)
    if shape == "bloom":
        return BloomConfig(hidden_size=hidden, n_layer=layers, n_head=heads, **tokens)
    if shape == "gpt2":
        return GPT2Config(n_embd=hidden, n_layer=layers, n_head=heads, n_positions=512, **tokens)
    return Qwen3Config(
        hidden_size=hidden,
        intermediate_size=3 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=heads // 2,
        head_dim=hidden // heads,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        **tokens,
    )


if __name__ == "__main__":
    as_command("tiny", main)
