"""Training from random weights: a small network learns to answer a raw prompt with a detailed one, on a CPU.

Loss on the answer only: L = -sum_i log P(y_i | x, y_<i), with x = the family's template around the raw prompt and
y = the detailed prompt and the end-of-text token (BeautifulPrompt, section 3.2).

    python -m prompt_beautifier.training.pretrain --data runs/pairs --tokenizer runs/base/tokenizer.json \\
        --out runs/base

sft.py fine-tunes what others made; this is the start of a model of your own, small enough for a CPU. Rows are batched
by length, so almost no work goes into padding. Matrices are updated by Muon, the rest by AdamW. The run is cut into
checkpoints: the same command continues a run that was stopped, with the same batches in the same order as if it had
not been. Writes OUT/checkpoint.pt while training and OUT/model/ (config.json, model.safetensors in fp16,
tokenizer.json, beautifier.json, README.md) at every checkpoint; OUT/metrics.jsonl and OUT/tensorboard hold the loss
over time.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional as F

from ..beautifier.families import FAMILIES, render
from ..beautifier.language.config import NetworkConfig
from ..beautifier.language.network import DecoderOnly
from ..beautifier.language.weights import as_stored
from .run.cards import beautifier_card
from .run.export import export_beautifier
from .run.metrics import Metrics
from .run.muon import Muon, cpu_has_bfloat16
from .run.options import as_command, given, new_parser, parse
from .run.pace import Pace
from .run.rows import read_jsonl
from .run.same_run import same_run

FAMILY = FAMILIES["embedded"]  # small networks: lower case, one line asks, one answers
LOG_STEPS, EVAL_STEPS = 50, 500


def main(argv: list[str] | None = None) -> None:
    args = parse(option_parser(), argv)
    args.bf16 = cpu_has_bfloat16() if args.bf16 is None else args.bf16
    same_run(args, free={"max_steps"})
    tokenizer = read_tokenizer(args.tokenizer)
    config = config_of(args, tokenizer)
    train = read_tokens(args.data / "train.jsonl", tokenizer, config.eos_token_id, args.max_length)
    heldout = read_tokens(args.data / "heldout.jsonl", tokenizer, config.eos_token_id, args.max_length)
    network = new_network(config, args.seed)
    optims = optimizers(network, args.lr, args.matrix_lr, args.weight_decay)
    total = int(len(epoch_batches(train.lengths, args.batch_tokens, args.seed)) * args.epochs)
    weights = sum(p.numel() for p in network.parameters())
    print(
        f"{len(train):,} rows, {len(train.tokens):,} tokens, {len(heldout):,} held-out rows; "
        f"{weights:,} parameters; {total:,} steps",
        flush=True,
    )
    step = load_checkpoint(args.out / "checkpoint.pt", network, optims)
    stop, last_saved, losses, row = min(total, args.max_steps or total), time.monotonic(), [], {}
    metrics, pace = Metrics(args.out, step), Pace(step, stop, torch.device("cpu"))
    batches = batches_from(step, train, args)
    while step < stop:
        losses.append(learn(network, optims, train, next(batches), (step + 1) / total, args))
        step += 1
        found = pace.after_first_steps(step)
        if found:
            print(found, flush=True)
        if step % LOG_STEPS == 0 or step == stop:
            row, losses = {"loss": round(sum(losses) / len(losses), 4)}, []
            if step % EVAL_STEPS == 0 or step == stop:
                row["heldout_loss"] = round(heldout_loss(network, heldout, args, limit=40)["loss"], 4)
            print(json.dumps({"step": step, **row, "left": pace.left(step)}), flush=True)
            metrics.write(step, row)
        if step == stop or time.monotonic() - last_saved > args.checkpoint_minutes * 60:
            save_checkpoint(args.out / "checkpoint.pt", network, optims, step)
            hand_over(network, tokenizer, args, len(train), {"steps": step, **row})
            last_saved = time.monotonic()
    metrics.close()
    print(f"held-out loss {heldout_loss(network, heldout, args)}; the model is in {args.out / 'model'}")


def option_parser() -> argparse.ArgumentParser:
    parser = new_parser(__doc__)
    add = parser.add_argument
    add("--data", type=Path, required=True, help="folder with train.jsonl and heldout.jsonl")
    add("--tokenizer", type=Path, required=True)
    add("--out", type=Path, required=True)
    add("--hidden-size", type=int, default=256)
    add("--num-layers", type=int, default=6)
    add("--num-heads", type=int, default=4)
    add("--max-length", type=int, default=160, help="longest row, in tokens")
    add("--batch-tokens", type=int, default=6144)
    add("--epochs", type=float, default=1.0)
    add("--lr", type=float, default=3e-3, help="of embeddings, norms and biases (AdamW)")
    add("--matrix-lr", type=float, default=2e-2, help="of the blocks' matrices (Muon)")
    add("--weight-decay", type=float, default=0.01, help="of the blocks' matrices")
    add("--seed", type=int, default=0)
    add("--checkpoint-minutes", type=float, default=5)
    add("--max-steps", type=int, help="stop early, for a trial")
    products = "matrix products in bfloat16; default: on CPUs that have instructions for it"
    add("--bf16", action=argparse.BooleanOptionalAction, help=products)
    return parser


def read_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer in a tokenizer.json. Raises FileNotFoundError or ValueError where there is none."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}: training.tokenizer writes a tokenizer.json")
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # the library has no class of its own
        raise ValueError(f"{path} is no tokenizer.json: {error}") from error


def config_of(args: argparse.Namespace, tokenizer: Tokenizer) -> NetworkConfig:
    """The shape of the network that the options ask for."""
    eos, pad = tokenizer.token_to_id("</s>"), tokenizer.token_to_id("<pad>")
    size, words = args.hidden_size, tokenizer.get_vocab_size()
    return NetworkConfig(
        "bloom", words, size, args.num_layers, args.num_heads, 4 * size, eos_token_id=eos, pad_token_id=pad
    )


def batches_from(step: int, rows: TokenRows, args: argparse.Namespace) -> Iterator[np.ndarray]:
    """Row numbers of each batch from a step on, epoch after epoch without end."""
    length = len(epoch_batches(rows.lengths, args.batch_tokens, args.seed))
    epoch, start = divmod(step, length)
    while True:
        yield from epoch_batches(rows.lengths, args.batch_tokens, args.seed + epoch)[start:]
        epoch, start = epoch + 1, 0


def learn(
    network: DecoderOnly,
    optims: list[torch.optim.Optimizer],
    rows: TokenRows,
    batch: np.ndarray,
    progress: float,
    args: argparse.Namespace,
) -> float:
    """One step on a batch of rows; its loss. progress: how much of the run is done after it, 0 to 1."""
    tokens, answer = collate(rows, batch, network.config.pad_token_id)
    for optim, base in zip(optims, (args.matrix_lr, args.lr), strict=True):
        optim.param_groups[0]["lr"] = base * schedule(progress)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=args.bf16):
        loss = answer_loss(network, tokens, answer)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    for optim in optims:
        optim.step()
        optim.zero_grad(set_to_none=True)
    return loss.item()


@dataclass(frozen=True)
class TokenRows:
    """Tokenised pairs, one after another: row i is tokens[starts[i]:starts[i + 1]], its answer begins at answers[i]."""

    tokens: np.ndarray  # int32 [total]
    starts: np.ndarray  # int64 [rows + 1]
    answers: np.ndarray  # int32 [rows]: index within the row

    def __len__(self) -> int:
        return len(self.answers)

    @property
    def lengths(self) -> np.ndarray:
        return np.diff(self.starts)


def read_tokens(path: Path, tokenizer: Tokenizer, eos: int, max_length: int) -> TokenRows:
    """Tokenise a JSONL file of raw_prompt and prompt; rows over `max_length` tokens are left out."""
    pairs = read_jsonl(path, "raw_prompt", "prompt")
    inputs = tokenizer.encode_batch([render(FAMILY, pair["raw_prompt"]) for pair in pairs])
    outputs = tokenizer.encode_batch([f" {pair['prompt']}" for pair in pairs])
    rows, answers = [], []
    for question, answer in zip(inputs, outputs, strict=True):
        row = [*question.ids, *answer.ids, eos]
        if len(row) <= max_length:
            rows.append(row)
            answers.append(len(question.ids))
    starts = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    tokens = np.fromiter((token for row in rows for token in row), dtype=np.int32, count=int(starts[-1]))
    return TokenRows(tokens, starts.astype(np.int64), np.array(answers, dtype=np.int32))


def epoch_batches(lengths: np.ndarray, batch_tokens: int, seed: int) -> list[np.ndarray]:
    """Row numbers of each batch of one epoch: rows of like length together, at most `batch_tokens` padded tokens a
    batch, batches and rows in an order that depends on the seed alone."""
    rng = np.random.default_rng(seed)
    order = np.lexsort((rng.random(len(lengths)), lengths))
    batches, first = [], 0
    for last in range(1, len(order) + 1):
        if last == len(order) or (last + 1 - first) * lengths[order[last]] > batch_tokens:
            batches.append(order[first:last])
            first = last
    rng.shuffle(batches)
    return batches


def collate(rows: TokenRows, batch: np.ndarray, pad: int) -> tuple[Tensor, Tensor]:
    """Tokens int64 [rows, length], padded on the right, and bool [rows, length - 1]: which next tokens are answer."""
    lengths = rows.lengths[batch]
    tokens = np.full((len(batch), lengths.max()), pad, dtype=np.int64)
    for i, row in enumerate(batch):
        tokens[i, : lengths[i]] = rows.tokens[rows.starts[row] : rows.starts[row + 1]]
    position = np.arange(1, tokens.shape[1])
    answer = (position >= rows.answers[batch][:, None]) & (position < lengths[:, None])
    return torch.from_numpy(tokens), torch.from_numpy(answer)


def new_network(config: NetworkConfig, seed: int) -> DecoderOnly:
    """A network with random weights: normal, 0.02, and smaller by depth where a layer adds to the residual stream."""
    torch.manual_seed(seed)
    network = DecoderOnly(config)
    for name, parameter in network.named_parameters():
        if parameter.dim() == 2:
            small = name.endswith(("self_attention.dense.weight", "dense_4h_to_h.weight"))
            torch.nn.init.normal_(parameter, std=0.02 / math.sqrt(2 * config.num_layers) if small else 0.02)
        elif name.endswith(".bias"):
            torch.nn.init.zeros_(parameter)
    return network


def answer_loss(network: DecoderOnly, tokens: Tensor, answer: Tensor) -> Tensor:
    """Mean negative log-likelihood of the answer tokens in nats, a scalar; logits exist for their positions only.

    tokens  int64 [rows, length]
    answer  bool [rows, length - 1]: which next tokens are answer
    """
    hidden = network(tokens[:, :-1])[answer]
    return F.cross_entropy(network.logits(hidden).float(), tokens[:, 1:][answer])


def optimizers(network: DecoderOnly, lr: float, matrix_lr: float, weight_decay: float) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the blocks, AdamW for embeddings, norms and biases."""
    matrices = [parameter for parameter in network.h.parameters() if parameter.dim() == 2]
    chosen = {id(parameter) for parameter in matrices}
    others = [parameter for parameter in network.parameters() if id(parameter) not in chosen]
    return [
        Muon(matrices, matrix_lr, weight_decay=weight_decay),
        torch.optim.AdamW(others, lr=lr, betas=(0.9, 0.95), weight_decay=0.0, fused=True),
    ]


def schedule(progress: float, warmup: float = 0.02, end: float = 0.02) -> float:
    """Factor on the learning rate over a run (progress 0 to 1): a short warm-up, then linear down to `end`."""
    return min(progress / warmup, 1.0) * (1 - (1 - end) * progress)


@torch.inference_mode()
def heldout_loss(network: DecoderOnly, rows: TokenRows, args: argparse.Namespace, limit: int | None = None) -> dict:
    """Answer loss on held-out rows: nats per token, and the number of tokens it was taken over.

    limit  of the number of batches
    """
    total, count = 0.0, 0
    for batch in epoch_batches(rows.lengths, args.batch_tokens, seed=0)[:limit]:
        tokens, answer = collate(rows, batch, network.config.pad_token_id)
        n = int(answer.sum())
        total += answer_loss(network, tokens, answer).item() * n
        count += n
    return {"loss": total / count, "tokens": count}


def bloom_config(config: NetworkConfig) -> dict:
    """config.json of a BLOOM network, as transformers has it."""
    return {
        "architectures": ["BloomForCausalLM"],
        "model_type": "bloom",
        "vocab_size": config.vocab_size,
        "hidden_size": config.hidden_size,
        "n_layer": config.num_layers,
        "n_head": config.num_heads,
        "layer_norm_epsilon": config.norm_epsilon,
        "bos_token_id": config.eos_token_id,
        "eos_token_id": config.eos_token_id,
        "pad_token_id": config.pad_token_id,
    }


def hand_over(network: DecoderOnly, tokenizer: Tokenizer, args: argparse.Namespace, rows: int, figures: dict) -> None:
    """Write OUT/model. rows: how many it was trained on."""
    stage, data = "training from random weights (training/pretrain.py)", f"{rows:,} pairs"
    card = beautifier_card(args.out, stage, "none", FAMILY, data, given(args), figures)
    weights, config = as_stored(network), bloom_config(network.config)
    export_beautifier(args.out / "model", weights, config, tokenizer, FAMILY, card)


def save_checkpoint(path: Path, network: DecoderOnly, optims: list, step: int) -> None:
    part = path.with_suffix(".part")
    torch.save({"network": network.state_dict(), "optimizers": [o.state_dict() for o in optims], "step": step}, part)
    part.replace(path)


def load_checkpoint(path: Path, network: DecoderOnly, optims: list) -> int:
    """Take up the run where its last checkpoint left it; how many steps are done, 0 where there is none."""
    if not path.exists():
        return 0
    state = torch.load(path, weights_only=True)
    network.load_state_dict(state["network"])
    for optim, values in zip(optims, state["optimizers"], strict=True):
        optim.load_state_dict(values)
    print(f"continuing after step {state['step']:,}", flush=True)
    return state["step"]


if __name__ == "__main__":
    # The gradients of the smallest probabilities would take the slow path of the CPU. A setting of the whole
    # process: not for those who call main.
    torch.set_flush_denormal(True)
    as_command("pretrain", main)
