"""Parity with transformers: full shapes of published checkpoints with random weights, or a checkpoint on disk.

    python benchmarks/parity.py              bloom-1b1 and GPT-2 small; 14 GB of memory and 5 GB of disk
    python benchmarks/parity.py gpt2         one of them
    python benchmarks/parity.py FOLDER       a checkpoint folder with config.json, weights and a tokenizer

Prints, for each: the largest difference of the logits in float32, and whether greedy and beam search write the same
tokens as transformers' generate with the published arguments. Of a folder: how many of 20 raw prompts, put to it in its
chat template where it has one, are answered with the same text. The test suite does the same on small networks.
"""

import sys
import tempfile
import time
from pathlib import Path

import torch
import transformers

from prompt_beautifier.beautifier.language.decoding import generate
from prompt_beautifier.beautifier.language.packed import can_pack, load_packed
from prompt_beautifier.beautifier.language.weights import load_network
from prompt_beautifier.beautifier.request import Sampling

SHAPES = {
    # alibaba-pai/pai-bloom-1b1-text2prompt-sd: bigscience/bloom-1b1
    "bloom-1b1": lambda: transformers.BloomForCausalLM(
        transformers.BloomConfig(
            vocab_size=250_880,
            hidden_size=1536,
            n_layer=24,
            n_head=16,
            pad_token_id=3,
            initializer_range=0.05,
        )
    ),
    # microsoft/Promptist, Gustavosta/MagicPrompt-Stable-Diffusion: GPT-2 small
    "gpt2": lambda: transformers.GPT2LMHeadModel(transformers.GPT2Config(initializer_range=0.08)),
}
PROMPT_TOKENS, NEW_TOKENS = 28, 40
GREEDY = {"do_sample": False, "repetition_penalty": 1.2}
BEAMS = {"do_sample": False, "num_beams": 8, "num_return_sequences": 8, "length_penalty": -1.0}


@torch.inference_mode()
def compare(name: str) -> None:
    torch.manual_seed(0)
    model = SHAPES[name]().eval()
    for parameter in model.parameters():  # biases and norms start as 0 and 1, which would hide mistakes
        if parameter.dim() == 1:
            torch.nn.init.normal_(parameter, mean=parameter[0].item(), std=0.02)
    eos, vocabulary = model.config.eos_token_id, model.config.vocab_size
    tokens = torch.randint(100, vocabulary - 1000, (1, PROMPT_TOKENS))
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        started = time.perf_counter()
        network = load_network(folder)
        loaded = time.perf_counter() - started
        ours, theirs = network.logits(network(tokens)), model(tokens).logits
        difference = (ours - theirs).abs().max().item()
        size = sum(parameter.numel() for parameter in network.parameters())
        print(f"{name}, transformers {transformers.__version__}: {size:,} weights, loaded in {loaded:.2f} s")
        print(f"  logits        max |difference| {difference:.2e} (their spread {theirs.std():.2f})")
        if can_pack(torch.float32):  # what a CPU runs
            network = load_packed(Path(folder), torch.float32)
            difference = (network.logits(network(tokens)) - theirs).abs().max().item()
            print(f"  packed        max |difference| {difference:.2e}")
        searches = {
            "greedy": (GREEDY, Sampling(greedy=True, repetition_penalty=1.2, max_new_tokens=NEW_TOKENS)),
            "beam search": (
                BEAMS,
                Sampling(num_beams=8, length_penalty=-1.0, repetition_penalty=1.0, max_new_tokens=NEW_TOKENS),
            ),
        }
        for label, (arguments, sampling) in searches.items():
            written = model.generate(
                tokens,
                attention_mask=torch.ones_like(tokens),
                max_new_tokens=NEW_TOKENS,
                pad_token_id=eos,
                **arguments,
            )
            expected = [until(eos, row) for row in written[:, PROMPT_TOKENS:].tolist()]
            found = [list(answer.tokens) for answer in generate(network, tokens[0].tolist(), 8, 0, sampling)]
            print(f"  {label:<13} {sum(a == b for a, b in zip(found, expected, strict=True))} of {len(expected)} equal")


# Put to a checkpoint on disk: every kind of raw prompt, and other scripts.
RAW_PROMPTS = (
    "a cat",
    "1girl, long hair, blue eyes",
    "an old sailor smoking a pipe",
    "a castle on a hill at night",
    "portrait of a red fox in the snow, 8k",
    "a bowl of ramen, top view",
    "three children play football in the rain",
    "logo of a coffee shop",
    'a neon sign that says "OPEN"',
    "steampunk airship over London",
    "a robot reading a newspaper on a bench",
    "macro photo of a dew drop",
    "a man without a beard",
    "the hermit, tarot card",
    "isometric room, cozy, plants",
    "a samurai under cherry blossoms, ukiyo-e",
    "一只在月光下的猫",
    "富士山と桜",
    "un chat noir sur un toit de Paris",
    "an empty street, fog, film grain",
)
ASKED = "Write a detailed prompt for a text-to-image model: {}"


@torch.inference_mode()
def compare_folder(folder: Path) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    networks = {"plain": load_network(folder)}
    if can_pack(torch.float32):
        networks["packed"] = load_packed(folder, torch.float32)
    print(f"{folder.name}, transformers {transformers.__version__}")
    prompts = [as_asked(tokenizer, raw) for raw in RAW_PROMPTS]
    equal, worst = dict.fromkeys(networks, 0), dict.fromkeys(networks, 0.0)
    sampling = Sampling(greedy=True, repetition_penalty=1.2, max_new_tokens=NEW_TOKENS)
    for prompt in prompts:
        tokens = torch.tensor([prompt])
        theirs = model(tokens).logits
        written = model.generate(
            tokens, attention_mask=torch.ones_like(tokens), max_new_tokens=NEW_TOKENS, pad_token_id=0, **GREEDY
        )
        for name, network in networks.items():
            worst[name] = max(worst[name], (network.logits(network(tokens)) - theirs).abs().max().item())
            (answer,) = generate(network, prompt, 1, 0, sampling)
            text = tokenizer.decode(answer.tokens, skip_special_tokens=True)
            equal[name] += text == tokenizer.decode(written[0, len(prompt) :], skip_special_tokens=True)
    for name in networks:
        print(f"  {name:<8} logits differ by at most {worst[name]:.2e}; {equal[name]} of {len(prompts)} texts equal")


def as_asked(tokenizer, raw: str) -> list[int]:
    """The tokens of a raw prompt, in the checkpoint's chat template where it has one."""
    if tokenizer.chat_template is None:
        return tokenizer.encode(raw)
    messages = [{"role": "user", "content": ASKED.format(raw)}]
    text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    return tokenizer.encode(text, add_special_tokens=False)


def until(eos: int, row: list[int]) -> list[int]:
    return row[: row.index(eos)] if eos in row else row


if __name__ == "__main__":
    transformers.logging.set_verbosity_error()
    for chosen in sys.argv[1:] or SHAPES:
        if chosen in SHAPES:
            compare(chosen)
        else:
            compare_folder(Path(chosen))
