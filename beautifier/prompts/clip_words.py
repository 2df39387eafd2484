"""How many CLIP tokens a word of ASCII has, by the merges of CLIP's vocabulary alone.

A prompt has a few dozen words. To merge their letters here takes less time than to make a tokenizer of the whole
vocabulary, which other texts need (clip_tokens.py).
"""

import gzip
from functools import cache
from pathlib import Path

MERGES = Path(__file__).parent / "clip_merges.txt.gz"
END_OF_WORD = "</w>"
LONGEST = 40  # characters: of longer words a tokenizer makes quicker work


@cache
def ranks() -> dict[str, int]:
    """The rank of each merge of two parts ("th e</w>"): the lowest is done first."""
    lines = gzip.decompress(MERGES.read_bytes()).decode().splitlines()
    return dict(zip(lines, range(len(lines)), strict=True))


def can_count(word: str) -> bool:
    """Whether `count` knows a word: printing characters of ASCII, and not very many of them."""
    return len(word) <= LONGEST and word.isascii() and word.isprintable()


def count(word: str) -> int:
    """The number of tokens of a word, in lower case and without blanks (Sennrich et al. 2016, algorithm 1)."""
    rank_of, parts = ranks(), [*word[:-1], word[-1] + END_OF_WORD]
    while len(parts) > 1:
        pairs = [f"{first} {second}" for first, second in zip(parts, parts[1:], strict=False)]
        best = min(pairs, key=lambda pair: rank_of.get(pair, len(rank_of)))
        if best not in rank_of:
            break
        merged, position = [], 0
        while position < len(parts):
            joined = position < len(pairs) and pairs[position] == best
            merged.append(parts[position] + parts[position + 1] if joined else parts[position])
            position += 2 if joined else 1
        parts = merged
    return len(parts)
