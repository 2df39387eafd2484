"""Chinese words put in English order: what stands before 的 describes what stands behind it, 在 ... 上 is "on ..."."""

import re

from ..prompts.vocabulary import NUMBERS
from .unspaced import Token

ON = frozenset(
    "coast beach street mountain roof rooftop table windowsill road bridge prairie hill sofa bed chair".split()
)


def in_english(tokens: list[Token]) -> str:
    """Tokens in English order: numbers and descriptions before their noun, clauses and places behind it."""
    tokens = _without_measures([token for token in tokens if token.sort != "drop"])
    tokens = _made_of(tokens)
    groups: list[list[Token]] = [[]]
    for token in tokens:
        if token.sort == "of":
            groups.append([])
        else:
            groups[-1].append(token)
    groups = [group for group in groups if group]
    merged: list[list[Token]] = []
    for group in groups:  # 穿着红色的裙子的女孩: what ends in a description goes on
        if (
            merged
            and any(t.sort in ("verb", "with") for t in merged[-1])
            and merged[-1][-1].sort in ("adj", "col", "num")
        ):
            merged[-1] = merged[-1] + group
        else:
            merged.append(group)
    if not merged:
        return ""
    *describing, last = merged
    front, behind, number = [], [], []
    for group in describing:
        lead = group[0]
        if lead.sort == "num" and len(group) > 1:
            number, group = [lead], group[1:]
        if any(token.sort in ("verb", "with") for token in group):
            behind.append(_clause(group))
        elif group[0].sort in ("not", "view"):
            behind.append(f", {_clause(group)}")
        elif group[0].sort == "time" or group[-1].sort == "at":
            behind.append(_clause(group))
        else:
            front += group
    if last[0].sort == "num":
        number, last = [last[0]], last[1:]
    return _noun_first(number + front + last, behind).replace(" ,", ",")


def _made_of(tokens: list[Token]) -> list[Token]:
    """Tokens with "made of" before its material, as English has it: 玻璃做的 is "made of glass"."""
    for index in range(1, len(tokens)):
        before, token = tokens[index - 1], tokens[index]
        particle = [Token("of", "", "的")] if token.text.endswith("的") else []
        last = particle or index + 1 == len(tokens) or tokens[index + 1].sort == "of"
        if token.english == "made of" and last and before.sort in ("noun", "adj"):
            material = Token("noun", before.english, before.text)
            return [*tokens[: index - 1], token, material, *particle, *tokens[index + 1 :]]
    return tokens


def _noun_first(tokens: list[Token], behind: list[str]) -> str:
    """A phrase that begins with its noun phrase, with clauses put behind that noun."""
    at = next((i for i, token in enumerate(tokens) if token.sort in ("noun", "?") and not _goes_on(tokens, i)), None)
    if at is None or any(token.sort in ("verb", "with", "time") for token in tokens[:at]):
        return " ".join(filter(None, [_clause(tokens), *behind]))
    rest = tokens[at + 1 :]
    medium = [token.english for token in rest if token.sort == "medium"]
    rest = [token for token in rest if token.sort != "medium"]
    head = noun_phrase(tokens[: at + 1])
    text = " ".join(filter(None, [head, *behind, _clause(rest)]))
    return ", ".join([text, *medium])


def _goes_on(tokens: list[Token], index: int) -> bool:
    """Whether the next word belongs to the same noun: 森林小屋 is "forest house"."""
    return index + 1 < len(tokens) and tokens[index + 1].sort in ("noun", "?", "adj", "col")


def noun_phrase(tokens: list[Token]) -> str:
    """Number, descriptions and nouns in order, with an article for one thing."""
    number = next((token for token in tokens if token.sort == "num"), None)
    rest = [token.english for token in tokens if token.sort != "num"]
    words = " ".join(rest)
    if number is None or not words:
        return words
    if number.english == "1":
        return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"
    many = number.english
    if many.isdecimal() and int(many) < len(NUMBERS):
        many = NUMBERS[int(many)]
    return f"{many} {_plural(words)}"


def _plural(words: str) -> str:
    if words.endswith(("s", "people", "sheep", "fish", "deer", "children", "men", "women")):
        return words
    for one, more in (
        ("child", "children"),
        ("woman", "women"),
        ("man", "men"),
        ("mouse", "mice"),
        ("leaf", "leaves"),
        ("wolf", "wolves"),
    ):
        if words.endswith(one):
            return words.removesuffix(one) + more
    if words.endswith(("x", "ch", "sh")):
        return words + "es"
    if words.endswith("y") and words[-2:-1] not in "aeiou":
        return words[:-1] + "ies"
    return words + "s"


def _clause(tokens: list[Token]) -> str:
    """Verbs, places and what is behind them, in English order."""
    found: list[str] = []
    index = 0
    noun: list[Token] = []
    place = ""

    def flush(preposition: str = "") -> None:
        nonlocal noun
        if noun:
            words = noun_phrase(noun)
            if preposition and noun[0].sort != "num" and not words.startswith(("a ", "an ", "the ")):
                words = words if words.endswith("s") else f"the {words}"
                last = words.split()[-1]
                if preposition == "in":
                    preposition = "on" if last in ON else "by" if last.endswith("side") else "in"
            found.append(f"{preposition} {words}".strip())
            noun = []

    while index < len(tokens):
        token = tokens[index]
        if token.sort == "with" or (token.sort == "verb" and token.text.endswith("在")):
            flush()
            if token.sort == "verb":
                found.append(token.english)
            place = "in"
        elif token.sort == "at":
            flush(token.english)
            place = ""
        elif token.sort in ("verb", "time", "view", "and", "not", "medium"):
            flush(place)
            place = ""
            found.append(", " + token.english if token.sort in ("view", "medium") and found else token.english)
        else:
            noun.append(token)
        index += 1
    flush(place)
    if len(tokens) > 1 and tokens[-1].sort == "verb" and tokens[0].sort in ("with", "noun") and len(found) == 2:
        found.reverse()  # 在草原上奔跑 is "running on the prairie"
    return re.sub(r"\b(\w+) \1\b", r"\1", " ".join(found).replace(" ,", ","))


def _without_measures(tokens: list[Token]) -> list[Token]:
    """Tokens without the measure words behind numbers."""
    return [t for i, t in enumerate(tokens) if not (t.sort == "mea" and i and tokens[i - 1].sort == "num")]
