"""Train a tokenizer for a small network from nothing: byte-level BPE on training pairs.

    python -m prompt_beautifier.training.tokenizer --data runs/pairs/train.jsonl --vocab-size 8192 --out runs/base

Writes OUT/tokenizer.json. Token 0 pads, token 1 ends an answer; every byte is a token, so any text can be encoded.
"""

from collections.abc import Iterator
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from .run.options import as_command, new_parser
from .run.rows import read_jsonl

PAD, EOS = "<pad>", "</s>"


def main(argv: list[str] | None = None) -> None:
    parser = new_parser(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="train.jsonl as collect writes it")
    parser.add_argument("--vocab-size", type=int, default=8192)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args(argv)
    args.out.mkdir(parents=True, exist_ok=True)
    train_tokenizer(texts(args.data), args.vocab_size).save(str(args.out / "tokenizer.json"))
    print(f"wrote {args.out / 'tokenizer.json'}")


def texts(path: Path) -> Iterator[str]:
    """Both sides of every training pair, with the space in front that the model sees."""
    for row in read_jsonl(path, "raw_prompt", "prompt"):
        yield f" {row['raw_prompt']}"
        yield f" {row['prompt']}"


def train_tokenizer(rows: Iterator[str], vocab_size: int) -> Tokenizer:
    """A byte-level BPE tokenizer of `vocab_size` words, <pad> = 0 and </s> = 1."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[PAD, EOS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(rows, trainer)
    return tokenizer


if __name__ == "__main__":
    as_command("tokenizer", main)
