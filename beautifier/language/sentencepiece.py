"""A SentencePiece tokenizer.model as a Tokenizer: that of Llama and its kin, byte-pair encoding with bytes as a last
resort (Kudo and Richardson 2018, arXiv 1808.06226).

The file is a protocol buffer; of its messages the few fields are read that say what the pieces are. Merges follow
from the pieces: of two neighbours those are joined first whose whole has the best score.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, normalizers, pre_tokenizers, processors
from tokenizers.models import BPE

from ..files import read_json

BLANK = "\u2581"  # what stands for a blank in a piece
BPE_TYPE = 2  # model_type in the trainer's message
UNKNOWN, CONTROL = 2, 3  # types of pieces


@dataclass(frozen=True)
class Piece:
    """A piece of text that is a token."""

    text: str
    score: float = 0.0
    kind: int = 1


def load_sentencepiece(path: Path) -> Tokenizer:
    """The tokenizer of a tokenizer.model, and of the added_tokens.json and tokenizer_config.json beside it.

    Raises ValueError for a file that is none, or of another kind than byte-pair encoding.
    """
    pieces, model_type = read_model(path.read_bytes())
    if model_type != BPE_TYPE:
        raise ValueError("it is not of the kind that Llama has (byte-pair encoding)")
    vocabulary = {piece.text: number for number, piece in enumerate(pieces)}
    unknown = next((piece.text for piece in pieces if piece.kind == UNKNOWN), None)
    model = BPE(vocabulary, merges(pieces, vocabulary), unk_token=unknown, fuse_unk=True, byte_fallback=True)
    tokenizer = Tokenizer(model)
    settings = settings_beside(path, "tokenizer_config.json")
    if settings.get("legacy", True) is not False:  # a blank before every part between special tokens
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend(BLANK), normalizers.Replace(" ", BLANK)])
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(BLANK, prepend_scheme="first", split=False)
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace(BLANK, " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    tokenizer.add_special_tokens([marked(piece.text) for piece in pieces if piece.kind in (UNKNOWN, CONTROL)])
    tokenizer.add_special_tokens([marked(text) for text in added(path, settings)])
    if settings.get("add_bos_token", True):
        start = text_of(settings.get("bos_token")) or "<s>"
        number = tokenizer.token_to_id(start)
        if number is not None:
            tokenizer.post_processor = processors.TemplateProcessing(
                single=f"{start} $A", special_tokens=[(start, number)]
            )
    return tokenizer


def merges(pieces: list[Piece], vocabulary: Mapping[str, int]) -> list[tuple[str, str]]:
    """Every two pieces that make a third one, the best of those first."""
    found = [
        (piece.score, piece.text[:place], piece.text[place:])
        for piece in pieces
        if piece.kind == 1
        for place in range(1, len(piece.text))
        if piece.text[:place] in vocabulary and piece.text[place:] in vocabulary
    ]
    found.sort(key=lambda each: (-each[0], vocabulary[each[1]], vocabulary[each[2]]))
    return [(left, right) for _, left, right in found]


def added(path: Path, settings: Mapping) -> list[str]:
    """The texts of further tokens, by their number."""
    tokens = {text: number for text, number in settings_beside(path, "added_tokens.json").items()}
    decoder = settings.get("added_tokens_decoder")
    for number, token in decoder.items() if isinstance(decoder, Mapping) else ():
        if (text := text_of(token)) is not None and number.isdigit():
            tokens[text] = int(number)
    return sorted(tokens, key=lambda text: tokens[text])


def text_of(token: object) -> str | None:
    """The text of a token that a tokenizer_config.json writes as text, or as an object."""
    token = token.get("content") if isinstance(token, Mapping) else token
    return token if isinstance(token, str) else None


def marked(text: str) -> AddedToken:
    """A token that is no part of any other text."""
    return AddedToken(text, special=True, normalized=False)


def settings_beside(path: Path, name: str) -> dict:
    """The JSON object in a file beside another one; empty where there is no such file."""
    beside = path.with_name(name)
    return read_json(beside) if beside.is_file() else {}


def read_model(data: bytes) -> tuple[list[Piece], int]:
    """The pieces of a SentencePiece model, by their number, and its model_type. Raises ValueError for other bytes."""
    pieces, model_type = [], 1
    try:
        for field, value in fields(data):
            if field == 1 and isinstance(value, bytes):
                pieces.append(read_piece(value))
            elif field == 2 and isinstance(value, bytes):
                model_type = dict(fields(value)).get(3, model_type)
    except (IndexError, struct.error, UnicodeDecodeError) as error:
        raise ValueError(f"it is no SentencePiece model: {error}") from error
    if not pieces:
        raise ValueError("it is no SentencePiece model: it has no pieces")
    return pieces, model_type


def read_piece(data: bytes) -> Piece:
    """The piece that a message describes."""
    found = dict(fields(data))
    text, score, kind = found.get(1, b""), found.get(2), found.get(3, 1)
    if not isinstance(text, bytes) or not isinstance(kind, int):
        raise IndexError("a piece that is none")
    return Piece(text.decode("utf-8"), struct.unpack("<f", score)[0] if isinstance(score, bytes) else 0.0, kind)


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of each field of a message: a whole number, or its bytes."""
    place = 0
    while place < len(data):
        key, place = varint(data, place)
        kind = key & 7
        if kind == 0:
            value, place = varint(data, place)
            yield key >> 3, value
            continue
        if kind == 2:
            length, place = varint(data, place)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise IndexError(f"a field of type {kind}")
        if place + length > len(data):
            raise IndexError("it ends early")
        yield key >> 3, data[place : place + length]
        place += length


def varint(data: bytes, place: int) -> tuple[int, int]:
    """A whole number at a place, seven bits a byte, the lowest first; and the place behind it."""
    number = shift = 0
    while True:
        byte = data[place]
        number |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return number, place
        if shift > 63:
            raise IndexError("a number without an end")
