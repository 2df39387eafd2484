"""Whether a chat model's answer declines, and whether it is about what was asked."""

import re
import unicodedata

from ..prompts.words import content_words
from .thoughts import without_thoughts
from .wrapping import without_introduction

REFUSAL = re.compile(
    r"(?:i['’]?m|i am) (?:\w+ )?(?:sorry|unable|not able|not comfortable|afraid)\b|sorry\s*[,.!:–—-]"
    r"|(?:my )?apolog(?:y|ies)\b|i apologi[sz]e|i can(?:no|['’]?)t\b|i can not\b|i (?:won['’]?t|will not)\b"
    r"|i (?:do not|don['’]t) feel comfortable|i must (?:decline|refuse)|i (?:decline|refuse)\b"
    r"|unfortunately,? (?:i|we|this|that)\b|as an? (?:ai|artificial|language model|assistant)\b"
    r"|(?:this|that|the|your) (?:request|content|prompt) (?:can(?:no|['’]?)t|violates|goes against|is not|isn['’]t)"
    r"|(?:我)?(?:很|非常|真的)?(?:抱歉|对不起)|作为(?:一个|一名)?(?:AI|人工智能|语言模型)|我(?:无法|不能)",
    re.IGNORECASE,
)
LETTERS = re.compile(r"[^\W\d_]+")
# Words of talk, which an answer about anything has.
NO_CONTENT = frozenset(
    "i you me my your he she him they them we us what would like there here some any very no not one"
    " 一 个 的 是 在 了 和 有".split()
)


def is_refusal(words: str, answer: str) -> bool:
    """Whether a chat model declines. Words of the raw prompt ("I can't sleep, oil painting") do not count."""
    found = REFUSAL.match(without_introduction(without_thoughts(answer)).lstrip("\"'“*# "))
    return bool(found) and found[0].lower().strip(" ,.!:–—-") not in words.lower()


def is_related(words: str, prompt: str) -> bool:
    """Whether a prompt shares a content word with the raw prompt's words, endings aside.

    True, too, where that cannot be told: without content words, or in another script (a translation).
    """
    answered = _content_words(prompt)
    scripts = {_script(word) for word in answered}
    asked = {word for word in _content_words(words) if _script(word) in scripts}
    return not asked or any(_same(one, other) for one in asked for other in answered)


def _content_words(text: str) -> set[str]:
    found = set()
    for word in LETTERS.findall(" ".join(content_words(text))):
        # Scripts without blanks have no words to see: their characters are compared.
        found |= {word} if _script(word) not in ("CJK", "HIRAGANA", "KATAKANA", "THAI") else set(word)
    return found - NO_CONTENT


def _script(word: str) -> str:
    return unicodedata.name(word[0], "").partition(" ")[0]


def _same(one: str, other: str) -> bool:
    return one == other or _begins(one, _stem(other)) or _begins(other, _stem(one))


def _begins(word: str, stem: str) -> bool:
    return len(stem) >= 3 and word.startswith(stem)


def _stem(word: str) -> str:
    return word[: max(3, len(word) - 2)]
