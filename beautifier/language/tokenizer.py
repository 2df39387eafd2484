"""The tokenizer of a checkpoint folder: its tokenizer.json, or what older repositories have instead."""

import codecs
from collections.abc import Callable
from pathlib import Path

from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE

from ..files import TOKENIZER_FILES, tokenizer_files
from .sentencepiece import load_sentencepiece

# Bytes; BLOOM's tokenizer of 250,680 tokens has 15 million.
LARGEST_TOKENIZER = 200_000_000
GPT2_END = "<|endoftext|>"


def load_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of a checkpoint folder: its tokenizer.json, or GPT-2's made of vocab.json and merges.txt, or
    SentencePiece's tokenizer.model."""
    made_of = tokenizer_files(folder)
    if not made_of:
        raise FileNotFoundError(f"{folder} has no tokenizer.json: copy it there from where the checkpoint came from")
    for part in made_of:
        if part.stat().st_size > LARGEST_TOKENIZER:
            raise ValueError(f"{part} has more than {LARGEST_TOKENIZER:,} bytes: it is no tokenizer")
    try:
        tokenizer = READERS[tuple(part.name for part in made_of)](*made_of)
    except Exception as error:  # tokenizers raises plain Exception for a damaged file
        names = " with ".join(str(part) for part in made_of)
        raise ValueError(f"{names} is no tokenizer ({error}): download or copy it again") from error
    # Settings that a file may bring along for batches: here they would cut a prompt, or add to it.
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def read_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer in a tokenizer.json; the mark that some editors put before UTF-8 is passed over."""
    return Tokenizer.from_buffer(path.read_bytes().removeprefix(codecs.BOM_UTF8))


def gpt2_tokenizer(vocabulary: Path, merges: Path) -> Tokenizer:
    """GPT-2's byte-level BPE of a vocabulary and its merges, as in repositories without a tokenizer.json."""
    tokenizer = Tokenizer(BPE.from_file(str(vocabulary), str(merges)))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    if tokenizer.token_to_id(GPT2_END) is not None:
        tokenizer.add_special_tokens([GPT2_END])
    return tokenizer


READERS: dict[tuple[str, ...], Callable[..., Tokenizer]] = dict(
    zip(TOKENIZER_FILES, (read_tokenizer, gpt2_tokenizer, load_sentencepiece), strict=True)
)
