"""How many CLIP tokens a prompt has, counted as ComfyUI counts them, and cutting a prompt to a limit.

The vocabulary is that of OpenAI's CLIP (https://github.com/openai/CLIP, MIT licence, Copyright (c) 2021
OpenAI; see NOTICE): clip_merges.txt.gz holds the 48894 merges of its byte-level BPE, from which its 49408
tokens follow.
"""

import gzip
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from .clip_words import END_OF_WORD, MERGES, can_count, count
from .parentheses import balance
from .syntax import Piece, set_aside
from .syntax_table import SHOWN, TYPED

# CLIP's words: contractions, letters together, digits one by one, other marks together.
WORDS = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
# The same of ASCII in lower case: tokens are made within a word, so that words are counted one by one.
ASCII_WORD = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d|[a-z]+|[0-9]|[^ \t\n\r\f\va-z0-9]+")

# Losing this many tokens more is worth a cut at a comma instead of inside a detail.
TOKENS_FOR_A_COMMA = 6
# Left at a cut, these would hang in the air.
HANGING = frozenset("a an and as at by featuring for from in into of on or over the to under with".split())

PARENTHESIS = re.compile(r"(?<!\\)[()]")
EMBEDDING = re.compile(r"(?:^|[ \n])embedding:")


def count_clip_tokens(text: str) -> int:
    """The number of CLIP tokens ComfyUI makes of `text`, without the start and end tokens.

    Weights and the backslashes of escapes are taken off first, as ComfyUI does; a stray parenthesis counts as
    what `syntax.balance` makes of it. An embedding counts 1, though its file may hold more vectors.
    Everything else counts as the text it is, networks, wildcards, choices, BREAK and comments too: core
    ComfyUI encodes them, so where another node takes them away the count is too high, never too low.
    Raises ValueError if `text` is no string.
    """
    return sum(_count_segment(segment) for segment in _segments(balance(_checked(text), faces_alone=False)))


def limit_clip_tokens(text: str, limit: int, keep: Iterable[str] | None = None) -> str:
    """`text` with at most `limit` CLIP tokens (see `count_clip_tokens`), its parentheses balanced.

    Plain words go first, from the end: up to a comma if that costs no more than 6 tokens more, else up to a
    whole word. ComfyUI syntax is never cut in the middle.

    keep: the pieces of syntax that must stay, as texts; other weights may be dropped whole. None keeps all.
        If these pieces alone have more than `limit` tokens, they are returned.
    Raises ValueError if `text` is no string or `limit` is no whole number of at least 1.
    """
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise ValueError(f"limit must be a whole number of CLIP tokens, 1 or more, not {limit!r}")
    if count_clip_tokens(text) <= limit:
        return balance(text)
    units = _units(text, keep)
    words = [index for index, unit in enumerate(units) if unit.droppable]
    least, most = 0, len(words)  # the first `least` words fit, all of them do not
    while most - least > 1:
        middle = (least + most) // 2
        fits = count_clip_tokens(_join(units, words[:middle])) <= limit
        least, most = (middle, most) if fits else (least, middle)
    return _join(units, words[: _good_cut(units, words, least)])


def clip_token_ids(text: str) -> list[int]:
    """The CLIP tokens of plain `text`, without the start and end tokens: those of transformers' CLIPTokenizer.

    Unlike in `count_clip_tokens` nothing is taken off: parentheses and weights are text here.
    Raises ValueError if `text` is no string.
    """
    # A lone surrogate is no text, and a tokenizer refuses it.
    encoded = _checked(text).encode("utf-8", "ignore").decode()
    return _tokenizer().encode(encoded, add_special_tokens=False).ids


def _checked(text: str) -> str:
    if not isinstance(text, str):
        raise ValueError(f"text must be a string, not {type(text).__name__}")
    return text


@cache
def _tokenizer() -> Tokenizer:
    """CLIP's tokenizer: token ids are those of OpenAI's vocabulary. Made once, at the first text that needs it."""
    lines = gzip.decompress(MERGES.read_bytes()).decode().splitlines()
    merges = [(first, second) for first, second in (line.split(" ") for line in lines)]
    letters = _byte_letters()
    words = [*letters, *(letter + END_OF_WORD for letter in letters), *map("".join, merges)]
    special = ["<|startoftext|>", "<|endoftext|>"]
    model = models.BPE(
        vocab={word: number for number, word in enumerate([*words, *special])},
        merges=merges,
        end_of_word_suffix=END_OF_WORD,
        unk_token=special[1],
    )
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), "removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.add_special_tokens(special)
    return tokenizer


def _byte_letters() -> list[str]:
    """The 256 letters of byte-level BPE in the order of CLIP's vocabulary: printing bytes, then the rest."""
    prints = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    return [chr(byte) for byte in prints] + [chr(0x100 + i) for i in range(256 - len(prints))]


def _segments(text: str) -> list[str]:
    """The stretches ComfyUI encodes one by one: balanced `text` cut at its weights, numbers taken off."""
    segments, start, opened = [], 0, []
    for found in PARENTHESIS.finditer(text):
        segment = text[start : found.start()]
        if found[0] == "(":
            opened.append(found.end())
        else:
            words, colon, number = segment.rpartition(":")
            # As in ComfyUI, "(:1.2)" has no weight: a colon that begins a group is text.
            if colon and _is_number(number) and (words or opened[-1] != start):
                segment = words
            opened.pop()
        segments.append(segment)
        start = found.end()
    segments.append(text[start:])
    return [segment.replace("\\)", ")").replace("\\(", "(") for segment in segments if segment]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _count_segment(segment: str) -> int:
    """Tokens of one stretch: its text, and 1 for each embedding in it."""
    begins = [found.start() for found in EMBEDDING.finditer(segment)]
    if not begins:
        return _count_text(segment)
    total = _count_text(segment[: begins[0]])
    for begin, end in zip(begins, [*begins[1:], len(segment)], strict=True):
        name, *following = segment[begin:end].split(":", 1)[1].split() or [""]
        comma = name[len(name.strip(",")) :]  # ComfyUI reads on behind the name, at its comma
        total += 1 + _count_text(" ".join([comma, *following]))
    return total


def _count_text(text: str) -> int:
    if text.isascii() and "<|" not in text:  # which begins the special tokens
        return sum(map(_count_word, ASCII_WORD.findall(text.lower())))
    return len(clip_token_ids(text))


@lru_cache(maxsize=32768)
def _count_word(word: str) -> int:
    return count(word) if can_count(word) else len(clip_token_ids(word))


# Scripts written without blanks can be cut after each character; an endless "word" has to be cut somewhere.
CJK = "\u2e80-\ua4cf\uf900-\ufaff\uff01-\uffef"
UNIT = re.compile(rf"(?P<gap>[\s,，、]*)(?P<word>[{CJK}]|[^\s,，、{CJK}]{{1,80}})")


@dataclass(frozen=True)
class _Unit:
    """A word or a piece of syntax, and what separates it from the one before."""

    gap: str
    text: str
    droppable: bool


def _units(text: str, keep: Iterable[str] | None) -> list[_Unit]:
    """`text` as words and pieces; droppable are words, plain text, and weights that `keep` does not name."""
    kept = None if keep is None else Counter(keep)
    units, gap = [], ""
    for part in set_aside(text).parts:
        if isinstance(part, Piece) and part.kind == "line":
            gap += part.text
        elif isinstance(part, Piece):
            plain = part.treatment == TYPED  # to ComfyUI it is text
            droppable = plain if kept is None else (plain or part.treatment == SHOWN) and kept[part.text] < 1
            if kept is not None:
                kept[part.text] -= 1
            units.append(_Unit(gap, part.text, droppable))
            gap = ""
        else:
            end = 0
            for found in UNIT.finditer(part):
                units.append(_Unit(gap + found["gap"], found["word"], True))
                gap, end = "", found.end()
            gap += part[end:]
    return units


def _join(units: list[_Unit], kept: list[int]) -> str:
    """The text of the pieces that must stay and of the words numbered in `kept`."""
    kept_words = set(kept)
    written, gap, dropped = [], "", False
    for index, unit in enumerate(units):
        gap += unit.gap
        if unit.droppable and index not in kept_words:
            dropped = True
            continue
        if dropped:
            gap = _one_gap(gap) if written else ""
        written += [gap, unit.text]
        gap, dropped = "", False
    return "".join(written).strip()


def _one_gap(gap: str) -> str:
    """One comma, line end or blank for what stood around dropped words; a line comment ends at its line."""
    before_line_end, line_end, _ = gap.partition("\n")
    return ("," if re.search("[,，、]", before_line_end) else "") + (line_end or " ")


def _good_cut(units: list[_Unit], words: list[int], count: int) -> int:
    """How many of the first `count` words to keep so that the text ends at a comma or with a full word."""
    for fewer in range(count, 0, -1):
        following = words[fewer - 1] + 1
        if re.search("[,，、\n]", units[following].gap if following < len(units) else ","):
            lost = " ".join(units[index].text for index in words[fewer:count])
            if _count_text(lost) <= TOKENS_FOR_A_COMMA:
                return fewer
            break
    while count and units[words[count - 1]].text.lower() in HANGING and words[count - 1] + 1 == words[count]:
        count -= 1
    return count
