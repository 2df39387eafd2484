"""A tokenizer.model as SentencePiece writes it for Llama: unknown, start, end, 256 bytes, letters and their merges."""

import struct
from pathlib import Path

from tokenizers import Tokenizer, models, trainers

BLANK = "\u2581"
TEXT = ["a cat on a roof, 1girl, long hair, looking at viewer, tag: short: long: target: rating: safe quality:"]
TEXT += ["the old castle stands on a hill at sunset. soft light falls on the sea.", "masterpiece, best quality"]


def varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def message(field: int, content: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(content)) + content


def piece(text: str, score: float, kind: int = 1) -> bytes:
    content = message(1, text.encode()) + varint(2 << 3 | 5) + struct.pack("<f", score)
    return message(1, content + (varint(3 << 3) + varint(kind) if kind != 1 else b""))


def sentencepiece_model(size: int, model_type: int = 2, text: list[str] = TEXT) -> bytes:
    """The bytes of a model of at most so many pieces."""
    trained = Tokenizer(models.BPE())
    trainer = trainers.BpeTrainer(vocab_size=size - 259, show_progress=False)
    trained.train_from_iterator([BLANK + line.replace(" ", BLANK) for line in text], trainer)
    learnt = sorted(trained.get_vocab(), key=trained.get_vocab().get)
    letters, merged = [each for each in learnt if len(each) == 1], [each for each in learnt if len(each) > 1]
    pieces = [piece("<unk>", 0, 2), piece("<s>", 0, 3), piece("</s>", 0, 3)]
    pieces += [piece(f"<0x{byte:02X}>", 0, 6) for byte in range(256)]
    pieces += [piece(text, -rank) for rank, text in enumerate([*merged, *letters])]
    trainer_spec = varint(3 << 3) + varint(model_type) + varint(35 << 3) + varint(1)
    normalizer = message(1, b"identity") + varint(3 << 3) + varint(1) + varint(4 << 3) + varint(0)
    return b"".join(pieces) + message(2, trainer_spec) + message(3, normalizer)


def save_sentencepiece(folder: Path, size: int) -> None:
    """Write tokenizer.model into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokenizer.model").write_bytes(sentencepiece_model(size))
