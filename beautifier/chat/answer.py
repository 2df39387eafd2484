"""The prompt in a chat model's answer, and whether it is one at all.

A chat model wraps a prompt in talk: "Sure! Here is a detailed prompt:", quotation marks, Markdown, its
thoughts, three versions to choose from, an offer of more help. `read_chat` takes the prompt out of that.
"""

import json
import re
import unicodedata

from ..prompts.words import content_words

THOUGHT = r"(?:think(?:ing)?|thoughts?|reason(?:ing)?|reflection|analysis|scratchpad)"
THOUGHT_BEGINS = re.compile(rf"<{THOUGHT}\b[^<>]{{0,100}}>", re.IGNORECASE)
THOUGHT_ENDS = re.compile(rf"</{THOUGHT}\s{{0,9}}>", re.IGNORECASE)
LONGEST_READ = 20_000  # characters; no prompt is as long
# What ends an answer where a server does not know the model's template well.
TURN_END = re.compile(r"<\|[\w ]{1,40}\|>|</s>|<(?:end|start)_of_turn>|\[/?INST\]|<eos>", re.IGNORECASE)


def without_thoughts(answer: str) -> str:
    """What is behind the last thinking block, else before the first, up to the end of the model's turn.

    A chat template may open the block itself, so that only its end is in the answer; and a block that was cut
    off has no end.
    """
    end = max((found.end() for found in THOUGHT_ENDS.finditer(answer)), default=0)
    behind = THOUGHT_BEGINS.split(answer[end:])[0]
    before = THOUGHT_BEGINS.split(answer)[0] if THOUGHT_BEGINS.search(answer) else ""
    text = behind if behind.strip() else before
    return next((part.strip() for part in TURN_END.split(text) if part.strip()), "")[:LONGEST_READ]


FENCE = re.compile(r"```[^\S\n]*(?:[\w+-]*[^\S\n]*\n)?(?P<inside>.*?)(?:```|$)", re.DOTALL)
EMPHASIS = re.compile(r"(?<![\w*])(\*{1,3})(?=\S)(.+?)(?<=\S)\1(?![\w*])|(?<!\w)__(?=\S)(.+?)(?<=\S)__(?!\w)")
OPENS = {'"': '"', "“": "”", "'": "'", "‘": "’", "`": "`", "«": "»", "「": "」", "『": "』", "„": "“"}

ABOUT = r"(?:prompts?|descriptions?|versions?|captions?|images?|requests?|提示词|描述)"
YES = re.compile(
    r"(?:sure(?: thing)?|certainly|of course|absolutely|okay|ok|alright|got it|great|understood|yes|no problem"
    r"|with pleasure|当然(?:可以)?|好的)\s*[!,.:。！，：]\s*",
    re.IGNORECASE,
)
HERE_IS = re.compile(
    rf"(?:here(?:['’]s| is| are| you go)|below (?:is|are)|以下是|这是)[^:：\n]{{0,200}}[:：]\s*"
    rf"|(?:here|below|this is|these are|i(?:['’]ve| have|['’]ll| will| can)?|let(?:['’]s| me)|my|your|based on"
    rf"|as requested|the following|sure|certainly|of course)\b[^:\n]{{0,200}}\b{ABOUT}\b[^:\n]{{0,100}}"
    rf"(?::\s*|[.!]?[^\S\n]*\n\s*)",
    re.IGNORECASE,
)
LABEL = re.compile(
    r"(?:(?:final|improved|enhanced|detailed|expanded|rewritten|revised|new|full|main|positive|image|picture"
    r"|text[- ]to[- ]image|stable diffusion|generated|suggested|one|the|your)[ -]+)*"
    r"(?:prompt|output|answer|response|description|result|caption|提示词|描述|输出)\s*[:：]\s*",
    re.IGNORECASE,
)
QUOTED_BEFORE_TALK = re.compile(r'["“](?P<inside>[^"“”]{12,})["”]\s*(?P<rest>\S.*)', re.DOTALL)

BULLET = re.compile(r"^(?:[-*+•‣–—]|\(?\d{1,2}[.):])\s+")
NUMBER = re.compile(r"\(?\d{1,2}[.):]\s+")
ALTERNATIVE = re.compile(
    r"(?:prompt|option|version|variation|variant|alternative|candidate|example|idea|提示词|方案|选项)\s*"
    r"#?(?:\d{1,2}|(?-i:[A-E])|one|two|three|[一二三])\b\s*(?P<title>\([^()\n]*\))?\s*[:：.)–—-]?\s*",
    re.IGNORECASE,
)
HEADING = re.compile(r"^#{1,6}\s+")
RULE = re.compile(r"[-*_=]{3,}$")
PART = re.compile(r"^[A-Z][\w /&-]{1,28}:\s+(?=\S)")  # "Lighting: soft", one of several such lines
# Where the prompt is over and the talk goes on.
REMARK = re.compile(
    r"(?:let me know|feel free|i hope|hope (?:this|that|you)|would you like|do you (?:want|need)"
    r"|if you(?:['’]d| would)? (?:like|want|need|prefer)|is there anything|please (?:note|let)"
    r"|\(?\s*(?:note|n\.b\.|tips?|explanation|reasoning|rationale|negative(?: prompt)?|parameters|settings|steps"
    r"|cfg(?: scale)?|sampler|aspect ratio|word count|why (?:this|it) works|key (?:elements|changes))\b\s*[:：]"
    r"|\(?this (?:prompt|description|version|revision)\b|these (?:prompts|details|additions)\b"
    r"|the (?:above|prompt (?:above|is|has|should))\b|alternatively\b|or\s*[:,]?$"
    r"|you (?:can|could|may|might) (?:also |then |further )?(?:adjust|use|modify|change|add|tweak|customi[sz]e)"
    r"|i(?:['’]ve| have)? (?:added|included|kept|expanded|chose|used)\b|希望|如果你|如果您|注意[:：]|负面提示)",
    re.IGNORECASE,
)


def read_chat(answer: str) -> str:
    """The prompt in a chat model's answer; "" where there is none.

    Thinking blocks, code fences, Markdown, introductions, labels, quotation marks and closing remarks are
    taken away. Of several alternatives the first one is read; a list of short details becomes one line.
    """
    text = without_thoughts(answer)
    text = _in_json(text) or _in_fence(text) or text
    text = _unquoted(_without_introduction(_without_emphasis(text)))
    return _unquoted(_without_introduction(_the_prompt(text)))


def _in_json(text: str) -> str:
    """The prompt of an answer such as {"prompt": "..."}."""
    found = FENCE.search(text)
    text = (found["inside"] if found else text).strip()
    if text.startswith("{"):
        try:
            content = json.loads(text)
        except (ValueError, RecursionError):
            return ""
        prompt = content.get("prompt") or next(iter(content.values()), "")
        return prompt if isinstance(prompt, str) else ""
    return ""


def _in_fence(text: str) -> str:
    return next((found["inside"].strip() for found in FENCE.finditer(text) if found["inside"].strip()), "")


def _without_emphasis(text: str) -> str:
    for _ in range(3):  # ***both***
        text = EMPHASIS.sub(lambda found: found[2] or found[3], text)
    return re.sub(r"^[^\S\n]*>[^\S\n]?", "", text, flags=re.MULTILINE).replace("`", "").strip()


def _without_introduction(text: str) -> str:
    for _ in range(4):
        found = YES.match(text) or HERE_IS.match(text) or LABEL.match(text)
        if not found or found.end() == len(text):
            break
        text = text[found.end() :].lstrip(" \t\n:*-")
    return text


def _unquoted(text: str) -> str:
    """The text without quotation marks around all of it, or around all but a remark behind it."""
    text = text.strip()
    followed = QUOTED_BEFORE_TALK.match(text)
    if followed and REMARK.match(followed["rest"]):
        return followed["inside"].strip()
    while len(text) > 2 and OPENS.get(text[0]) == text[-1] and not set(text[1:-1]) & {text[0], text[-1]}:
        text = text[1:-1].strip()
    return text


def _the_prompt(text: str) -> str:
    """One line of the lines that are the prompt: the first alternative, or all of them up to a remark."""
    kept: list[str] = []
    alternatives = _alternatives(text)
    for line in alternatives[0] if alternatives else text.splitlines():
        line = line.strip()
        if REMARK.match(line) or RULE.match(line):
            if kept:
                break
            continue
        if HEADING.match(line) or not line:
            continue
        kept.append(BULLET.sub("", line, count=1).strip())
    if len(kept) > 1 and all(PART.match(line) for line in kept):
        kept = [PART.sub("", line, count=1) for line in kept]
    return _joined([line for line in kept if line])


def _alternatives(text: str) -> list[list[str]]:
    """The lines of each alternative, where the answer gives several prompts to choose from."""
    lines = [line.strip() for line in text.splitlines()]
    for starts in (_labelled, _headed, _numbered):
        places = [index for index, line in enumerate(lines) if starts(line) is not None]
        if len(places) < 2:
            continue
        ends = [*places[1:], len(lines)]
        found = [[starts(lines[begin]) or "", *lines[begin + 1 : end]] for begin, end in zip(places, ends, strict=True)]
        bodies = [body for body in found if any(body)]
        if starts is not _numbered or sum(map(_is_prompt, bodies)) * 2 > len(bodies):
            return bodies
    return []


def _labelled(line: str) -> str | None:
    """What follows "Option 2:" in a line, None where there is no such label."""
    rest = BULLET.sub("", HEADING.sub("", line, count=1), count=1)
    found = ALTERNATIVE.match(rest)
    return rest[found.end() :] if found else None


def _headed(line: str) -> str | None:
    return "" if HEADING.match(line) else None


def _numbered(line: str) -> str | None:
    found = NUMBER.match(line)
    return line[found.end() :] if found else None


def _is_prompt(lines: list[str]) -> bool:
    """Whether a numbered item is long enough for a prompt; shorter ones are details of one."""
    words = " ".join(lines).split()
    return len(words) >= 8 or len(words) >= 5 and any("," in word for word in words)


def _joined(lines: list[str]) -> str:
    """One line; a comma where a line has no mark at its end."""
    text = ""
    for line in lines:
        text += ("" if not text else " " if text[-1] in ".,;:!?。，" else ", ") + line
    return text


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
    found = REFUSAL.match(_without_introduction(without_thoughts(answer)).lstrip("\"'“*# "))
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
