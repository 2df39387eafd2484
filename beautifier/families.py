"""How each family of checkpoints is asked, with which settings, and how its answer is read.

FAMILIES is the whole story of most of them. The templates are what the checkpoints were trained on: one
changed byte makes their answers worse.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby

from .decoding import Sampling

CUSTOM = "custom"  # no family of FAMILIES: a template of the user's own


@dataclass(frozen=True)
class Family:
    """Checkpoints that were trained to answer the same way.

    template           what the network reads; {raw_prompt} stands for the user's words
    sampling           the published settings
    max_prompt_tokens  longest template with words, in tokens, that the network was trained to read
    continues          True where the prompt is the user's words and the answer together
    read               makes a prompt of the decoded text
    small              True for a network that knows lower case only and may lose sight of the subject: words that
                       its answer lacks are put in front of it
    weights            True where that prompt has weights in ComfyUI syntax; else parentheses are noise
    """

    name: str
    template: str
    sampling: Sampling
    max_prompt_tokens: int
    continues: bool = False
    read: Callable[[str], str] = str.strip
    small: bool = False
    weights: bool = False


def render(family: Family, words: str) -> str:
    """The text the network reads for the user's words (braces in the words mean nothing)."""
    words = words.lower() if family.small else words
    return family.template.replace("{raw_prompt}", words.strip())


def read(family: Family, words: str, answer: str) -> str:
    """The prompt in the decoded answer to `words`; "" when the network wrote nothing."""
    if not answer.strip():
        return ""
    return family.read(words.strip() + answer if family.continues else answer)


def custom_family(template: str) -> Family:
    """The family of a checkpoint that a template of the user's own asks; default sampling.

    template  what the network reads, {raw_prompt} standing for the user's words. With nothing but that in it the
              network goes on from the words, and both together are the prompt.

    Raises ValueError for a template without {raw_prompt}.
    """
    if "{raw_prompt}" not in template:
        raise ValueError(
            f"template must have {{raw_prompt}} in it, where your words are to go, and {shorten(template)!r} has not: "
            "write, for example, 'Input: {raw_prompt}'"
        )
    continues = template.strip() == "{raw_prompt}"
    return Family(CUSTOM, template, Sampling(), max_prompt_tokens=256, continues=continues)


def shorten(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."


# -- A1111 weights

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
    if number == "1" or not edges["inner"]:
        return words
    return f"{edges['before']}({edges['inner']}:{number}){edges['after']}"


def read_a1111(answer: str) -> str:
    """An answer in A1111 syntax as a prompt in ComfyUI's."""
    return from_a1111(answer).strip()


# -- the table

# Published settings of the text2prompt checkpoints: at most 384 tokens with the template, five samples.
TEXT2PROMPT_SAMPLING = Sampling(
    temperature=1.0, top_k=50, top_p=0.95, repetition_penalty=1.2, max_new_tokens=384, max_length=384
)

FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        # The model in beautifier/embedded, made by training/pretrain.py.
        Family(
            name="embedded",
            template=" {raw_prompt}\n",
            small=True,
            sampling=Sampling(
                temperature=0.9,
                top_k=50,
                top_p=0.95,
                repetition_penalty=1.0,
                max_new_tokens=96,
                min_new_tokens=24,
            ),
            max_prompt_tokens=64,
        ),
        # alibaba-pai/pai-bloom-1b1-text2prompt-sd (BeautifulPrompt, arXiv 2311.06752)
        Family(
            name="text2prompt-v1",
            template=(
                "Instruction: Give a simple description of the image to generate a drawing prompt.\n"
                "Input: {raw_prompt}\n"
                "Output:"
            ),
            sampling=TEXT2PROMPT_SAMPLING,
            max_prompt_tokens=192,
        ),
        # alibaba-pai/pai-bloom-1b1-text2prompt-sd-v2: larger training set, answers with A1111 weights
        Family(
            name="text2prompt-v2",
            template=(
                "Converts a simple image description into a prompt. Prompts are formatted as multiple "
                "related tags separated by commas, plus you can use () to increase the weight, [] to "
                "decrease the weight, or use a number to specify the weight. You should add appropriate "
                "words to make the images described in the prompt more aesthetically pleasing, but make "
                "sure there is a correlation between the input and output.\n"
                "### Input: {raw_prompt}\n"
                "### Output:"
            ),
            sampling=TEXT2PROMPT_SAMPLING,
            max_prompt_tokens=192,
            read=read_a1111,
            weights=True,
        ),
        # microsoft/Promptist (arXiv 2212.09611)
        Family(
            name="promptist",
            template="{raw_prompt} Rephrase:",
            sampling=Sampling(
                temperature=1.0,
                top_k=0,
                top_p=1.0,
                repetition_penalty=1.0,
                max_new_tokens=75,
                num_beams=8,
                length_penalty=-1.0,
            ),
            max_prompt_tokens=256,
        ),
        # Gustavosta/MagicPrompt-Stable-Diffusion: GPT-2's plain sampling, the raw prompt goes on
        Family(
            name="magicprompt",
            template="{raw_prompt}",
            sampling=Sampling(temperature=1.0, top_k=50, top_p=1.0, repetition_penalty=1.0, max_new_tokens=75),
            max_prompt_tokens=256,
            continues=True,
        ),
    )
}
