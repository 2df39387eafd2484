"""AUTOMATIC1111's weights written as ComfyUI reads them, and its copied texts taken apart."""

import re
from dataclasses import dataclass
from itertools import groupby

MARK = re.compile(
    r"(?P<escape>\\[()\[\]])"
    r"|(?::\s*(?P<weight>[+-]?(?:\d+\.?\d*|\.\d+))\s*)?(?P<close>[)\]])"
    r"|(?P<open>[(\[])"
    r"|(?P<backslash>\\)"
)
# A weight without brackets, as in "red hair:1.2, a cat": a tag that ends in a letter, and a decimal number.
BARE_WEIGHT = re.compile(r"(?P<tag>[^,;\n]*[^\W\d_])\s*:\s*(?P<weight>\d?\.\d+)(?=\s*(?:[,;\n]|$))")
EDGES = re.compile(r"(?P<before>[\s,;]*)(?P<inner>.*?)(?P<after>[\s,;]*)", re.DOTALL)
LIGHTEST, HEAVIEST = 0.1, 2.0

NEGATIVE = re.compile(
    r"(?:^|(?<=\s)|(?<=[,.;，。]))(?:negative prompt|[反负]向提示词|负面提示词)\s?[:：][^\S\n]*", re.IGNORECASE
)
# The settings begin with the steps, and at least one more follows.
PARAMETERS = re.compile(r"(?:^|(?<=\s)|(?<=[,.;]))Steps:\s?\d+\s*,\s*[A-Z][\w /-]{1,40}:\s?\S", re.IGNORECASE)


@dataclass(frozen=True)
class Pasted:
    """A text as AUTOMATIC1111 copies it with an image.

    prompt      what comes first; all of a text that is none
    negative    what is behind "Negative prompt:", or the same in Chinese
    parameters  "Steps: 20, Sampler: Euler a, ..."
    """

    prompt: str
    negative: str = ""
    parameters: str = ""


def split_pasted(text: str) -> Pasted:
    """Split what people paste from an image's metadata into its prompt, negative prompt and parameters.

    A text without "Negative prompt:" and without parameters comes back unchanged as the prompt, as does one that
    would leave no prompt.
    """
    negative = NEGATIVE.search(text) if re.search("[:：]", text) else None
    parameters = PARAMETERS.search(text, negative.end() if negative else 0) if ":" in text else None
    if not negative and not parameters:
        return Pasted(text)
    end = parameters.start() if parameters else len(text)
    prompt = text[: negative.start() if negative else end].rstrip(" \t\n,;")
    if not prompt.strip():
        return Pasted(text)
    return Pasted(prompt, text[negative.end() : end].strip() if negative else "", text[end:].strip())


def from_a1111(text: str) -> str:
    """Translate AUTOMATIC1111's weights to ComfyUI's.

    `(x)` is x times 1.1, `[x]` is x divided by 1.1, `(x:1.2)` and `x:1.2` are x times 1.2, and nested weights
    multiply, while in ComfyUI an inner number replaces the outer one and `[x]` means nothing. So the result
    has no nesting: "((a) [b]:1.2)" becomes "(a:1.32) (b:1.09)". Brackets without a partner are dropped,
    escaped ones (`\\(`) stay escaped, and weights stay between 0.1 and 2, outside of which pictures fall
    apart.
    """
    return "".join(
        weighted(piece, weight)
        for words, around in bracket_weights(text)
        for piece, weight in split_bare_weights(words, around)
    )


def bracket_weights(text: str) -> list[tuple[str, float]]:
    """Cut text at its brackets: (words without brackets, product of the weights around them) in order.

    Neighbours of one weight are one piece, so that a bracket without a partner does not cut anything.
    """
    words: list[str] = []
    weights: list[float] = []
    opened: dict[str, list[int]] = {")": [], "]": []}
    end = 0

    def add(piece: str) -> None:
        if piece:
            words.append(piece)
            weights.append(1.0)

    for mark in MARK.finditer(text):
        add(text[end : mark.start()])
        end = mark.end()
        if mark["escape"]:
            add(mark["escape"] if mark["escape"][1] in "()" else mark["escape"][1])
        elif mark["open"]:
            opened[")" if mark["open"] == "(" else "]"].append(len(words))
        elif mark["close"] and opened[mark["close"]]:
            factor = float(mark["weight"]) if mark["weight"] else {")": 1.1, "]": 1 / 1.1}[mark["close"]]
            for i in range(opened[mark["close"]].pop(), len(words)):
                weights[i] *= factor
        elif mark["close"]:
            add(mark[0][:-1])
    add(text[end:])
    runs = groupby(zip(words, weights, strict=True), key=lambda pair: pair[1])
    return [("".join(piece for piece, _ in run), weight) for weight, run in runs]


def split_bare_weights(words: str, weight: float) -> list[tuple[str, float]]:
    """Cut "a cat, red hair:1.2" into what has the given weight and what has its own number besides."""
    pieces, end = [], 0
    for bare in BARE_WEIGHT.finditer(words):
        pieces.append((words[end : bare.start()], weight))
        pieces.append((bare["tag"], weight * float(bare["weight"])))
        end = bare.end()
    pieces.append((words[end:], weight))
    return [(piece, own) for piece, own in pieces if piece]


def weighted(words: str, weight: float) -> str:
    """The words in ComfyUI's brackets, commas and spaces at the edges left outside: " (words:1.1), "."""
    edges = EDGES.fullmatch(words)
    number = f"{min(max(weight, LIGHTEST), HEAVIEST):.2f}".rstrip("0").rstrip(".")
    if edges is None or number == "1" or not edges["inner"]:
        return words
    return f"{edges['before']}({edges['inner']}:{number}){edges['after']}"
